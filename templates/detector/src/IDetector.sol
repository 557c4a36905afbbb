// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract that says what is where on an image, by a model
/// @notice An image is the model's raw input: one byte a pixel, row by row.
interface IDetector {
    /// @param class What it is.
    /// @param left The first column of its box, which has 8 by 8 pixels; it may lie beyond the image's edge.
    /// @param top The first row of it.
    /// @param certaintyWad The logit of objectness, times 1e18: odds of e^certainty to 1 that something is there.
    struct Detection {
        uint256 class;
        int256 left;
        int256 top;
        int256 certaintyWad;
    }

    event Seen(bytes32 indexed place, uint256 indexed class, uint256 count);

    /// @notice What is on an image, the most certain first.
    function detect(bytes calldata image) external view returns (Detection[] memory found);

    /// @notice Counts what is on an image, and keeps the counts as what there is at a place now.
    function survey(bytes32 place, bytes calldata image) external;

    /// @notice How many of a class the last survey of a place found.
    function countOf(bytes32 place, uint256 class) external view returns (uint256 count);
}
