// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {IUnetDenoiser} from "../src/IUnetDenoiser.sol";
import {UnetDenoiser} from "../src/UnetDenoiser.sol";
import {Samples} from "./Samples.sol";
import {vm} from "./Vm.sol";

/// @notice With a node that has the model: metisvm model register model.bundle
contract UnetDenoiserTest {
    UnetDenoiser private denoiser;

    function setUp() public {
        MetisTest.useNode();
        denoiser = new UnetDenoiser(
            Samples.MODEL,
            Samples.SIZE,
            Samples.SAMPLE_NUMERATOR,
            Samples.SAMPLE_DENOMINATOR,
            Samples.NOISE_SCALE_WAD,
            Samples.schedule()
        );
    }

    function test_a_drawing_is_what_is_left_of_its_noise() public {
        for (uint256 i = 0; i < Samples.COUNT; ++i) {
            denoiser.draw(i, "seed", Samples.condition(i));
            int256[] memory latent = denoiser.denoise(denoiser.start("seed"), Samples.condition(i));
            int16[] memory drawing = denoiser.drawingOf(i);
            require(drawing.length == Samples.SIZE && latent.length == Samples.SIZE);
            for (uint256 k = 0; k < latent.length; ++k) require(drawing[k] == latent[k] / (1e18 / 1024));
        }
        // Another condition makes another drawing of the same noise.
        require(keccak256(abi.encode(denoiser.drawingOf(0))) != keccak256(abi.encode(denoiser.drawingOf(1))));
    }

    function test_pure_noise_is_mostly_taken_for_noise() public view {
        int256[] memory latent = denoiser.start("noise");
        int256[] memory noise = denoiser.noiseOf(latent, Samples.schedule()[0].timestep, Samples.condition(0));
        int256 product = 0;
        int256 square = 0;
        for (uint256 k = 0; k < latent.length; ++k) {
            product += latent[k] * noise[k];
            square += latent[k] * latent[k];
        }
        require(product > square / 2);
    }

    function test_what_is_drawn_stays_and_a_latent_has_its_size() public {
        denoiser.draw(1, "seed", Samples.condition(0));
        vm.expectRevert(abi.encodeWithSelector(IUnetDenoiser.AlreadyDrawn.selector, 1));
        denoiser.draw(1, "seed", Samples.condition(0));
        vm.expectRevert(abi.encodeWithSelector(IUnetDenoiser.UnexpectedLatent.selector, Samples.SIZE, 3));
        denoiser.noiseOf(new int256[](3), 1, Samples.condition(0));
    }
}
