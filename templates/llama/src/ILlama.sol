// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract that asks a language model a question of several choices
/// @notice Texts are token ids of the model's tokenizer.
interface ILlama {
    event Asked(address indexed by, bytes32 indexed question, uint256 choice);

    error NoOptions();
    /// @notice The model knows no such token.
    error NoSuchToken(int32 token);

    /// @notice The token that the model would put after these.
    function nextToken(int32[] calldata tokens) external view returns (int32 token);

    /// @notice Which of the options the model holds for likeliest after these tokens, the first of equals; and by how
    /// much its logit is greater than the next one's, times 1e18 (0 if there is one option).
    function choose(int32[] calldata tokens, int32[] calldata options)
        external
        view
        returns (uint256 choice, int256 marginWad);

    /// @notice Chooses, and keeps the answer by the hash of the question.
    function ask(int32[] calldata tokens, int32[] calldata options) external returns (uint256 choice);

    /// @notice The choice that was made, by keccak256(abi.encode(tokens, options)); zero also where none was.
    function answerOf(bytes32 question) external view returns (uint256 choice);
}
