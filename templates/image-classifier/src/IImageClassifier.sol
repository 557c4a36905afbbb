// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract that says what is on an image, by a model
/// @notice An image is the model's raw input: one byte a pixel, row by row.
interface IImageClassifier {
    event Classified(uint256 indexed id, uint256 class, int256 marginWad);

    /// @notice The model does not tell this class well enough from the next one.
    error Unsure(uint256 class, int256 marginWad);
    error NotClassified(uint256 id);

    /// @notice The class of an image, and by how much its logit is greater than the next one's (times 1e18). Odds of
    /// e^margin to 1, if the model is calibrated.
    function classify(bytes calldata image) external view returns (uint256 class, int256 marginWad);

    /// @notice Classifies an image and keeps its class under `id`, over an earlier one; reverts where the model is unsure.
    function record(uint256 id, bytes calldata image) external returns (uint256 class);

    /// @notice The class that is kept under `id`.
    function classOf(uint256 id) external view returns (uint256 class);
}
