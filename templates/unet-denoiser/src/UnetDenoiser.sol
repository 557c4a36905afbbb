// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "@metisvm/contracts/Metis.sol";
import {IUnetDenoiser} from "./IUnetDenoiser.sol";

/// @title Drawings by a U-Net, in whole numbers from the seed to the end
/// @notice The model's input is the latent as i16, the time as i32, the condition; its output i16 of one scale.
contract UnetDenoiser is IUnetDenoiser {
    bytes32 public immutable MODEL;

    /// @notice How many numbers a latent has.
    uint256 public immutable SIZE;

    /// @notice The scale of the latent's integers, `input.sample.scale` of the bundle, as a fraction.
    uint64 public immutable SAMPLE_NUMERATOR;
    uint64 public immutable SAMPLE_DENOMINATOR;

    /// @notice What one step of the output is, times 1e18: `output.out_sample.scale` of the bundle.
    int256 public immutable NOISE_SCALE_WAD;

    int256 private constant WAD = 1e18;
    /// @dev 1/1024 in numbers times 1e18.
    int256 private constant KEPT_STEP = WAD / 1024;

    Step[] private steps;
    mapping(uint256 id => int16[] latent) private drawings;

    constructor(
        bytes32 model,
        uint256 size,
        uint64 sampleNumerator,
        uint64 sampleDenominator,
        int256 noiseScaleWad,
        Step[] memory schedule
    ) {
        (MODEL, SIZE, NOISE_SCALE_WAD) = (model, size, noiseScaleWad);
        (SAMPLE_NUMERATOR, SAMPLE_DENOMINATOR) = (sampleNumerator, sampleDenominator);
        for (uint256 i = 0; i < schedule.length; ++i) steps.push(schedule[i]);
    }

    function noiseOf(int256[] memory latentWad, int32 timestep, bytes calldata condition)
        public
        view
        returns (int256[] memory noiseWad)
    {
        if (latentWad.length != SIZE) revert UnexpectedLatent(SIZE, latentWad.length);
        int32[] memory time = new int32[](1);
        time[0] = timestep;
        bytes memory sample = Metis.quantiseI16(latentWad, SAMPLE_NUMERATOR, SAMPLE_DENOMINATOR);
        int16[] memory noise = Metis.decodeI16(Metis.infer(MODEL, bytes.concat(sample, Metis.encodeI32(time), condition)));
        noiseWad = new int256[](SIZE);
        for (uint256 i = 0; i < SIZE; ++i) noiseWad[i] = noise[i] * NOISE_SCALE_WAD;
    }

    /// @dev Twelve bytes of a hash a number: their sum has the mean 1530 and the standard deviation 256.
    function start(bytes32 seed) public view returns (int256[] memory latentWad) {
        latentWad = new int256[](SIZE);
        for (uint256 i = 0; i < SIZE; ++i) {
            uint256 hash = uint256(keccak256(abi.encode(seed, i)));
            int256 sum = 0;
            for (uint256 k = 0; k < 12; ++k) {
                sum += int256(hash & 0xff);
                hash >>= 8;
            }
            latentWad[i] = (sum - 1530) * WAD / 256;
        }
    }

    function denoise(int256[] memory latentWad, bytes calldata condition) public view returns (int256[] memory result) {
        result = latentWad;
        for (uint256 k = 0; k < steps.length; ++k) {
            Step memory step = steps[k];
            int256[] memory noise = noiseOf(result, step.timestep, condition);
            for (uint256 i = 0; i < SIZE; ++i) {
                result[i] = (step.keepWad * result[i] + step.noiseWad * noise[i]) / WAD;
            }
        }
    }

    function draw(uint256 id, bytes32 seed, bytes calldata condition) external {
        int16[] storage kept = drawings[id];
        if (kept.length != 0) revert AlreadyDrawn(id);
        int256[] memory latent = denoise(start(seed), condition);
        for (uint256 i = 0; i < SIZE; ++i) {
            int256 value = latent[i] / KEPT_STEP;
            // Latents are a few units; whatever is beyond 32 of them is kept as 32.
            if (value > type(int16).max) value = type(int16).max;
            if (value < type(int16).min) value = type(int16).min;
            kept.push(int16(value));
        }
        emit Drawn(id, msg.sender, seed);
    }

    function drawingOf(uint256 id) external view returns (int16[] memory latent) {
        return drawings[id];
    }
}
