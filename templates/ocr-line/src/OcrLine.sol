// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "@metisvm/contracts/Metis.sol";
import {IOcrLine} from "./IOcrLine.sol";

/// @title Readings of meters, by pictures of their counters
/// @notice The model gives an i32 for each step along the strip: a digit, or blank.
contract OcrLine is IOcrLine {
    bytes32 public immutable MODEL;

    /// @dev The class that stands for no digit, here and between two equal digits.
    int32 private constant BLANK = 10;

    mapping(uint256 meter => uint256 reading) public readingOf;

    constructor(bytes32 model) {
        MODEL = model;
    }

    function read(bytes calldata strip) external view returns (string memory text) {
        return string(_digits(strip));
    }

    function submit(uint256 meter, bytes calldata strip) external returns (uint256 reading) {
        bytes memory digits = _digits(strip);
        if (digits.length == 0) revert NothingRead();
        // A strip has less than 77 steps, so this cannot overflow.
        for (uint256 i = 0; i < digits.length; ++i) reading = reading * 10 + uint8(digits[i]) - 48;
        if (reading < readingOf[meter]) revert ReadingFell(readingOf[meter], reading);
        readingOf[meter] = reading;
        emit Submitted(meter, reading);
    }

    /// @dev Greedy decoding: equal steps in a row are one digit, blanks are none.
    function _digits(bytes calldata strip) private view returns (bytes memory digits) {
        int32[] memory steps = Metis.decodeI32(Metis.infer(MODEL, strip));
        digits = new bytes(steps.length);
        uint256 count = 0;
        int32 last = BLANK;
        for (uint256 i = 0; i < steps.length; ++i) {
            int32 step = steps[i];
            if (step != last && step != BLANK) digits[count++] = bytes1(uint8(48 + uint32(step)));
            last = step;
        }
        // No longer than it has to be.
        assembly ("memory-safe") {
            mstore(digits, count)
        }
    }
}
