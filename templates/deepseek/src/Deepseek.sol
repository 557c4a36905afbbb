// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {LanguageModel} from "@metisvm/contracts/LanguageModel.sol";
import {Metis} from "@metisvm/contracts/Metis.sol";
import {IDeepseek} from "./IDeepseek.sol";

/// @title A board that keeps noise out: texts have to be such as the model writes
contract Deepseek is IDeepseek {
    bytes32 public immutable MODEL;

    /// @notice How many tokens the model has in sight, and how many different ones there are.
    uint256 public immutable LENGTH;
    uint256 public immutable VOCABULARY;

    /// @notice How many of a hundred tokens the model has to have foreseen.
    uint256 public immutable LEAST_PERCENT;

    uint256 public count;
    mapping(uint256 id => bytes32 hash) public hashOf;

    constructor(bytes32 model, uint256 length, uint256 vocabulary, uint256 leastPercent) {
        (MODEL, LENGTH, VOCABULARY, LEAST_PERCENT) = (model, length, vocabulary, leastPercent);
    }

    function nextToken(int32[] calldata tokens) external view returns (int32 token) {
        return LanguageModel.nextToken(MODEL, tokens, LENGTH, VOCABULARY);
    }

    function foresee(int32[] calldata tokens) public view returns (uint256 foreseen, uint256 all) {
        if (tokens.length < 2) revert TooShort();
        if (tokens.length > LENGTH) revert TooLong(tokens.length, LENGTH);
        // One inference gives the logits after each token.
        bytes memory rows = LanguageModel.logits(MODEL, tokens, LENGTH, VOCABULARY);
        all = tokens.length - 1;
        for (uint256 i = 0; i < all; ++i) {
            bytes memory row = Metis.slice(rows, i * VOCABULARY * 2, VOCABULARY * 2);
            if (int32(uint32(Metis.argmaxI16(row))) == tokens[i + 1]) ++foreseen;
        }
    }

    function post(int32[] calldata tokens) external returns (uint256 id) {
        (uint256 foreseen, uint256 all) = foresee(tokens);
        if (foreseen * 100 < all * LEAST_PERCENT) revert NotPredictable(foreseen, all);
        id = count++;
        hashOf[id] = keccak256(abi.encodePacked(tokens));
        emit Posted(id, msg.sender, foreseen, all);
    }
}
