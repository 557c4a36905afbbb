// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "@metisvm/contracts/Metis.sol";
import {IEmbedding} from "./IEmbedding.sol";

/// @title Compares inputs by a model's features of them
/// @notice The model gives its features as i16 of one scale, which the cosine cancels.
contract Embedding is IEmbedding {
    bytes32 public immutable MODEL;

    /// @notice The cosine, times 1e18, from which on two inputs match.
    int256 public immutable THRESHOLD_WAD;

    /// @dev The model's raw output.
    mapping(bytes32 id => bytes features) private enrolled;

    constructor(bytes32 model, int256 thresholdWad) {
        (MODEL, THRESHOLD_WAD) = (model, thresholdWad);
    }

    function embed(bytes calldata input) external view returns (int16[] memory features) {
        return Metis.decodeI16(Metis.infer(MODEL, input));
    }

    function enrol(bytes32 id, bytes calldata input) external {
        if (enrolled[id].length != 0) revert AlreadyEnrolled(id);
        enrolled[id] = Metis.infer(MODEL, input);
        emit Enrolled(id, msg.sender);
    }

    function similarity(bytes32 id, bytes calldata input) public view returns (int256 cosineWad) {
        bytes memory known = enrolled[id];
        if (known.length == 0) revert NotEnrolled(id);
        return _cosine(Metis.decodeI16(known), Metis.decodeI16(Metis.infer(MODEL, input)));
    }

    function matches(bytes32 id, bytes calldata input) external view returns (bool) {
        return similarity(id, input) >= THRESHOLD_WAD;
    }

    /// @dev a·b / √(a·a · b·b). With 2^16 features the sums stay below 2^46, so nothing here comes near 256 bits.
    function _cosine(int16[] memory a, int16[] memory b) private pure returns (int256) {
        int256 product = 0;
        uint256 ofA = 0;
        uint256 ofB = 0;
        for (uint256 i = 0; i < a.length; ++i) {
            (int256 x, int256 y) = (a[i], b[i]);
            product += x * y;
            ofA += uint256(x * x);
            ofB += uint256(y * y);
        }
        if (ofA == 0 || ofB == 0) revert NoDirection();
        return product * 1e36 / int256(_root(ofA * ofB * 1e36));
    }

    /// @dev The greatest number whose square is not greater, by Newton's method from above.
    function _root(uint256 square) private pure returns (uint256 root) {
        root = square;
        uint256 next = square / 2 + 1;
        while (next < root) (root, next) = (next, (next + square / next) / 2);
    }
}
