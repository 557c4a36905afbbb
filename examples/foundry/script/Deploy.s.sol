// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {Digits} from "../src/Digits.sol";
import {Samples} from "./Samples.sol";
import {vm} from "./Vm.sol";

/// @notice Deploys Digits and has it read an image.
contract Deploy {
    bool public constant IS_SCRIPT = true;

    function run() external returns (Digits digits, uint8 digit) {
        // The script runs in forge's EVM first; its transactions are what goes to the node.
        MetisTest.useNode();
        vm.startBroadcast();
        digits = new Digits(Samples.MODEL);
        digit = digits.read(Samples.SEVEN);
        vm.stopBroadcast();
    }
}
