// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract that reads the number on an image of a line, by a model
/// @notice A strip is the model's raw input: one byte a pixel, row by row.
interface IOcrLine {
    event Submitted(uint256 indexed meter, uint256 reading);

    error NothingRead();
    /// @notice A meter runs forwards.
    error ReadingFell(uint256 last, uint256 now_);

    /// @notice What is written on the strip, in digits.
    function read(bytes calldata strip) external view returns (string memory text);

    /// @notice Reads a meter by the picture of its counter, and keeps what it says.
    function submit(uint256 meter, bytes calldata strip) external returns (uint256 reading);

    /// @notice What the meter said last.
    function readingOf(uint256 meter) external view returns (uint256 reading);
}
