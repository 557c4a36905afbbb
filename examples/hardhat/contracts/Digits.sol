// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "@metisvm/contracts/Metis.sol";

/// @title Handwritten digits, read on chain
/// @notice Its model takes 64 bytes, the pixels of an 8 × 8 image, and gives an i32: the digit.
contract Digits {
    bytes32 public immutable MODEL;

    /// @notice How often each digit was read.
    mapping(uint8 digit => uint256 times) public seen;

    event Read(address indexed who, uint8 digit);

    constructor(bytes32 model) {
        MODEL = model;
    }

    /// @notice The digit on an image; for eth_call.
    function look(bytes calldata image) public view returns (uint8) {
        return uint8(uint32(Metis.i32At(Metis.infer(MODEL, image), 0)));
    }

    /// @notice Reads the digit on an image, and counts it.
    function read(bytes calldata image) external returns (uint8 digit) {
        digit = look(image);
        seen[digit] += 1;
        emit Read(msg.sender, digit);
    }
}
