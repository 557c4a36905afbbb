// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "@metisvm/contracts/Metis.sol";

/// @notice The model of this template, and texts that it was not trained on. Written by models/train_templates.py.
library Samples {
    /// @dev The id of model.bundle, as `metisvm model info` shows it.
    bytes32 internal constant MODEL = 0xec3e1ef38199fdbee7149d619a31265e1656616fc2841d2b2834e3f177a890fe;

    /// @dev What one step of a logit is, times 1e18.
    int256 internal constant SCALE_WAD = 763675550000000;

    /// @dev How many tokens it has in sight, and how many different ones there are.
    uint256 internal constant LENGTH = 32;
    uint256 internal constant VOCABULARY = 512;

    uint256 internal constant COUNT = 4;

    /// @dev How texts begin, in tokens of tokenizer.json.
    function beginning(uint256 i) internal pure returns (int32[] memory) {
        if (i == 0) return Metis.decodeI32(hex"ac010000dd0000003500000053000000470100000201000045010000c9010000c7000000c70000004000000022000000");
        if (i == 1) return Metis.decodeI32(hex"130100005b010000ca010000670100002e01000066010000c700000072010000cd010000f80100004400000048010000");
        if (i == 2) return Metis.decodeI32(hex"2f0100000e0100002a0100005a0100000c010000170100005d010000c700000044000000490000004600000046000000");
        if (i == 3) return Metis.decodeI32(hex"df0100001101000013010000df010000560000001d0100000c000000f7010000b9010000c8010000840100004f000000");
        revert("Samples: there is no such text");
    }

    /// @dev How the model goes on, greedily.
    function after_(uint256 i) internal pure returns (int32[] memory) {
        if (i == 0) return Metis.decodeI32(hex"4f010000530000001301000008010000");
        if (i == 1) return Metis.decodeI32(hex"080100000f010000a30100000c000000");
        if (i == 2) return Metis.decodeI32(hex"49000000430000004900000036010000");
        if (i == 3) return Metis.decodeI32(hex"4d00000049000000430000000c000000");
        revert("Samples: there is no such text");
    }
}
