// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @notice The model of this template, and inputs that it was not trained on. Written by models/train_templates.py.
library Samples {
    /// @dev The id of model.bundle, as `metisvm model info` shows it.
    bytes32 internal constant MODEL = 0xa475198c7ff3c15a6d9909f219dc07a325f820074994e1ee72152c0be6d10e2c;

    /// @dev What one step of the output is, times 1e18.
    int256 internal constant SCALE_WAD = 103315375000000;

    /// @dev Where the model's own training set the line, times 1e18.
    int256 internal constant THRESHOLD_WAD = 239500000000000000;

    uint256 internal constant COUNT = 6;

    function input(uint256 i) internal pure returns (bytes memory) {
        if (i == 0) return hex"90349a64a9c6b1b8cac5";
        if (i == 1) return hex"a559a68579383358978e";
        if (i == 2) return hex"9e6aa3789d7274a0ac96";
        if (i == 3) return hex"5e605d2a7e26090ea199";
        if (i == 4) return hex"7e46804c87442a4a978f";
        if (i == 5) return hex"694d6b36863d372c989b";
        revert("Samples: there is no such input");
    }

    /// @dev Whether it is unusual.
    function label(uint256 i) internal pure returns (bool) {
        return [bool(true), true, true, false, false, false][i];
    }
}
