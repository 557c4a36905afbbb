// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {Digits} from "./Digits.sol";

/// @notice Hardhat's EVM has Foundry's cheat codes, but no inference: `useNode` asks a node at RPC_URL for each, or
/// at http://127.0.0.1:8545; what is mocked needs none.
contract DigitsTest {
    bytes32 private constant MODEL = 0x0ea672ba4d3dc913c3ea782b7ef7a80290263be6d6deb21ed19ecce1bc8daf19;
    bytes private constant SEVEN = hex"00000d100f020000" hex"00050e050f070000" hex"000002000c070000" hex"0000050910070000"
        hex"0000081010100a00" hex"0000021003000000" hex"0000080d00000000" hex"00000f0700000000";

    function test_a_seven_is_a_seven() public {
        MetisTest.useNode();
        Digits digits = new Digits(MODEL);
        require(digits.read(SEVEN) == 7);
        require(digits.seen(7) == 1);
    }

    function test_a_nine_is_counted() public {
        MetisTest.mockInfer(MODEL, SEVEN, hex"09000000");
        Digits digits = new Digits(MODEL);
        require(digits.read(SEVEN) == 9);
        require(digits.seen(9) == 1);
    }
}
