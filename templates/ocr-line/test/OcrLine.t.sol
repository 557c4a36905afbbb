// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {IOcrLine} from "../src/IOcrLine.sol";
import {OcrLine} from "../src/OcrLine.sol";
import {Samples} from "./Samples.sol";
import {vm} from "./Vm.sol";

/// @notice With a node that has the model: metisvm model register model.bundle
contract OcrLineTest {
    OcrLine private ocr;

    function setUp() public {
        MetisTest.useNode();
        ocr = new OcrLine(Samples.MODEL);
    }

    function test_lines_that_the_model_has_not_seen() public view {
        for (uint256 i = 0; i < Samples.COUNT; ++i) {
            require(keccak256(bytes(ocr.read(Samples.input(i)))) == keccak256(bytes(Samples.label(i))));
        }
    }

    function test_a_meter_does_not_run_backwards() public {
        (uint256 less, uint256 more) = (ocr.submit(1, Samples.input(0)), ocr.submit(2, Samples.input(1)));
        require(ocr.readingOf(1) == less && ocr.readingOf(2) == more && less != more);
        // The greater of the two has been read of one meter, and the lesser comes after it.
        (uint256 meter, bytes memory next) = less < more ? (uint256(2), Samples.input(0)) : (uint256(1), Samples.input(1));
        (less, more) = less < more ? (less, more) : (more, less);
        vm.expectRevert(abi.encodeWithSelector(IOcrLine.ReadingFell.selector, more, less));
        ocr.submit(meter, next);
    }

    function test_an_empty_strip_is_no_reading() public {
        require(bytes(ocr.read(new bytes(512))).length == 0);
        vm.expectRevert(abi.encodeWithSelector(IOcrLine.NothingRead.selector));
        ocr.submit(1, new bytes(512));
    }
}
