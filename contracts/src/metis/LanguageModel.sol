// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "./Metis.sol";

/// @title Calling a causal language model: token ids in, logits of the next token out
/// @notice The model's input is i32 [1,L], token ids; its output i16 [1,L,V], for each position the logits of the token
/// that comes after it. Text becomes token ids, and token ids text, outside of the chain.
/// @dev What stands after a position does not change its logits, so fewer tokens than L are filled up with zeros, and
/// the row of the last one is read. Of more than L the last L count.
library LanguageModel {
    /// @notice There is nothing to go on from.
    error NoTokens();

    /// @notice The model gives rows of another length than the contract expects.
    error UnexpectedLogits(uint256 expected, uint256 actual);

    /// @notice The logits of all positions of the last `length` tokens: `length` rows of `vocabulary` i16.
    function logits(bytes32 model, int32[] memory tokens, uint256 length, uint256 vocabulary)
        internal
        view
        returns (bytes memory rows)
    {
        if (tokens.length == 0) revert NoTokens();
        uint256 from = tokens.length > length ? tokens.length - length : 0;
        int32[] memory window = new int32[](length);
        for (uint256 i = from; i < tokens.length; ++i) window[i - from] = tokens[i];
        rows = Metis.infer(model, Metis.encodeI32(window));
        if (rows.length != length * vocabulary * 2) revert UnexpectedLogits(length * vocabulary * 2, rows.length);
    }

    /// @notice The logits of the token after the last one: `vocabulary` i16.
    function logitsAfter(bytes32 model, int32[] memory tokens, uint256 length, uint256 vocabulary)
        internal
        view
        returns (bytes memory row)
    {
        bytes memory rows = logits(model, tokens, length, vocabulary);
        uint256 last = (tokens.length < length ? tokens.length : length) - 1;
        return Metis.slice(rows, last * vocabulary * 2, vocabulary * 2);
    }

    /// @notice The token with the greatest logit; the lowest id among equals.
    function nextToken(bytes32 model, int32[] memory tokens, uint256 length, uint256 vocabulary)
        internal
        view
        returns (int32)
    {
        return int32(uint32(Metis.argmaxI16(logitsAfter(model, tokens, length, vocabulary))));
    }
}
