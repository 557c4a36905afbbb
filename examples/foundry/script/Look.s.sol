// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {Digits} from "../src/Digits.sol";
import {Samples} from "./Samples.sol";

/// @notice Asks a deployed Digits for the digit on an image, without a transaction.
contract Look {
    bool public constant IS_SCRIPT = true;

    function run(Digits digits) external returns (uint8 digit) {
        MetisTest.useNode();
        return digits.look(Samples.SEVEN);
    }
}
