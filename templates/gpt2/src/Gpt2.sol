// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {LanguageModel} from "@metisvm/contracts/LanguageModel.sol";
import {IGpt2} from "./IGpt2.sol";

/// @title Stories that people begin and a model goes on with, greedily
contract Gpt2 is IGpt2 {
    bytes32 public immutable MODEL;

    /// @notice How many tokens the model has in sight, and how many different ones there are.
    uint256 public immutable LENGTH;
    uint256 public immutable VOCABULARY;

    /// @notice Each token is an inference, so a call has a bound that its gas can be foreseen by.
    uint256 public constant MOST = 32;

    mapping(uint256 story => int32[] tokens) private stories;

    constructor(bytes32 model, uint256 length, uint256 vocabulary) {
        (MODEL, LENGTH, VOCABULARY) = (model, length, vocabulary);
    }

    function nextToken(int32[] calldata tokens) external view returns (int32 token) {
        return LanguageModel.nextToken(MODEL, tokens, LENGTH, VOCABULARY);
    }

    function complete(int32[] calldata tokens, uint256 count) external view returns (int32[] memory added) {
        return _complete(tokens, count);
    }

    function write(uint256 story, int32[] calldata tokens, uint256 count) external returns (int32[] memory added) {
        int32[] storage kept = stories[story];
        for (uint256 i = 0; i < tokens.length; ++i) kept.push(tokens[i]);
        added = _complete(kept, count);
        for (uint256 i = 0; i < count; ++i) kept.push(added[i]);
        emit Written(story, msg.sender, added);
    }

    function storyOf(uint256 story) external view returns (int32[] memory tokens) {
        return stories[story];
    }

    function _complete(int32[] memory tokens, uint256 count) private view returns (int32[] memory added) {
        if (count > MOST) revert TooMany(count, MOST);
        int32[] memory all = new int32[](tokens.length + count);
        for (uint256 i = 0; i < tokens.length; ++i) all[i] = tokens[i];
        added = new int32[](count);
        for (uint256 i = 0; i < count; ++i) {
            // Only what is there already.
            assembly ("memory-safe") {
                mstore(all, add(mload(tokens), i))
            }
            int32 token = LanguageModel.nextToken(MODEL, all, LENGTH, VOCABULARY);
            added[i] = token;
            assembly ("memory-safe") {
                mstore(all, add(mload(all), 1))
            }
            all[tokens.length + i] = token;
        }
    }
}
