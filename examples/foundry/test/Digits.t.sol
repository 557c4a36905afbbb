// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IInference} from "@metisvm/contracts/IInference.sol";
import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {Samples} from "../script/Samples.sol";
import {vm} from "../script/Vm.sol";
import {Digits} from "../src/Digits.sol";

/// @notice With a node: each inference is a real one.
contract DigitsOnANodeTest {
    Digits private digits;

    function setUp() public {
        MetisTest.useNode();
        digits = new Digits(Samples.MODEL);
    }

    function test_a_seven_is_a_seven_and_is_counted() public {
        require(digits.read(Samples.SEVEN) == 7);
        require(digits.read(Samples.SEVEN) == 7);
        require(digits.seen(7) == 2 && digits.seen(1) == 0);
    }

    function test_an_image_of_the_wrong_size_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IInference.WrongInputLength.selector, 64, 3));
        digits.look(hex"010203");
    }
}

/// @notice Without a node: the answers that the contract has to live with, written down.
contract DigitsMockedTest {
    function test_a_nine_is_counted() public {
        Digits digits = new Digits(Samples.MODEL);
        MetisTest.mockInfer(Samples.MODEL, Samples.SEVEN, hex"09000000");
        require(digits.read(Samples.SEVEN) == 9);
        require(digits.seen(9) == 1);
    }
}
