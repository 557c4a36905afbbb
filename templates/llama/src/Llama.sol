// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {LanguageModel} from "@metisvm/contracts/LanguageModel.sol";
import {Metis} from "@metisvm/contracts/Metis.sol";
import {ILlama} from "./ILlama.sol";

/// @title Questions that a model answers by the likeliest of some tokens
contract Llama is ILlama {
    bytes32 public immutable MODEL;

    /// @notice How many tokens the model has in sight, and how many different ones there are.
    uint256 public immutable LENGTH;
    uint256 public immutable VOCABULARY;

    /// @notice What one step of a logit is, times 1e18: `output.logits.scale` of the bundle.
    int256 public immutable SCALE_WAD;

    mapping(bytes32 question => uint256 choice) public answerOf;

    constructor(bytes32 model, uint256 length, uint256 vocabulary, int256 scaleWad) {
        (MODEL, LENGTH, VOCABULARY, SCALE_WAD) = (model, length, vocabulary, scaleWad);
    }

    function nextToken(int32[] calldata tokens) external view returns (int32 token) {
        return LanguageModel.nextToken(MODEL, tokens, LENGTH, VOCABULARY);
    }

    function choose(int32[] calldata tokens, int32[] calldata options)
        public
        view
        returns (uint256 choice, int256 marginWad)
    {
        if (options.length == 0) revert NoOptions();
        bytes memory row = LanguageModel.logitsAfter(MODEL, tokens, LENGTH, VOCABULARY);
        int256 greatest = type(int256).min;
        int256 second = type(int256).min;
        for (uint256 i = 0; i < options.length; ++i) {
            int32 token = options[i];
            if (token < 0 || uint32(token) >= VOCABULARY) revert NoSuchToken(token);
            int256 logit = Metis.i16At(row, uint32(token));
            if (logit > greatest) {
                (second, greatest, choice) = (greatest, logit, i);
            } else if (logit > second) {
                second = logit;
            }
        }
        if (options.length > 1) marginWad = (greatest - second) * SCALE_WAD;
    }

    function ask(int32[] calldata tokens, int32[] calldata options) external returns (uint256 choice) {
        (choice,) = choose(tokens, options);
        bytes32 question = keccak256(abi.encode(tokens, options));
        answerOf[question] = choice;
        emit Asked(msg.sender, question, choice);
    }
}
