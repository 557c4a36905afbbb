// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract that draws: a model takes noise away step by step, as Stable Diffusion does
/// @notice A latent is what the model works on, numbers times 1e18, plane by plane and row by row. A condition says what
/// it is to become: the model's raw input of that name.
interface IUnetDenoiser {
    /// @notice A step of the scheduler: the latent becomes keep times itself plus noise times what the model takes for
    /// noise in it at this time. Both are times 1e18.
    struct Step {
        int32 timestep;
        int256 keepWad;
        int256 noiseWad;
    }

    event Drawn(uint256 indexed id, address indexed by, bytes32 seed);

    error AlreadyDrawn(uint256 id);
    error UnexpectedLatent(uint256 expected, uint256 actual);

    /// @notice What the model takes for noise in a latent.
    function noiseOf(int256[] calldata latentWad, int32 timestep, bytes calldata condition)
        external
        view
        returns (int256[] memory noiseWad);

    /// @notice Pure noise that follows from a seed: what drawing begins with.
    function start(bytes32 seed) external view returns (int256[] memory latentWad);

    /// @notice The latent after all steps.
    function denoise(int256[] calldata latentWad, bytes calldata condition)
        external
        view
        returns (int256[] memory result);

    /// @notice Draws from a seed, and keeps the drawing in steps of 1/1024.
    function draw(uint256 id, bytes32 seed, bytes calldata condition) external;

    /// @notice A drawing, in steps of 1/1024.
    function drawingOf(uint256 id) external view returns (int16[] memory latent);
}
