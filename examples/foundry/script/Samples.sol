// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

library Samples {
    /// @dev The bundled model that takes pixels from 0 to 16 as they are; `metis_models` lists all that a node has.
    bytes32 internal constant MODEL = 0x0ea672ba4d3dc913c3ea782b7ef7a80290263be6d6deb21ed19ecce1bc8daf19;

    /// @dev A handwritten seven, 8 × 8 pixels, a byte each, row by row.
    bytes internal constant SEVEN = hex"00000d100f020000" hex"00050e050f070000" hex"000002000c070000" hex"0000050910070000"
        hex"0000081010100a00" hex"0000021003000000" hex"0000080d00000000" hex"00000f0700000000";
}
