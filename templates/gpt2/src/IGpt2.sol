// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract that goes on with a text, by a language model
/// @notice Texts are token ids of the model's tokenizer.
interface IGpt2 {
    event Written(uint256 indexed story, address indexed by, int32[] added);

    error TooMany(uint256 count, uint256 most);

    /// @notice The token that the model would put after these.
    function nextToken(int32[] calldata tokens) external view returns (int32 token);

    /// @notice The `count` tokens that the model would put after these, each with those before it in sight.
    function complete(int32[] calldata tokens, uint256 count) external view returns (int32[] memory added);

    /// @notice Puts `tokens` at the end of a story, then what the model goes on with.
    function write(uint256 story, int32[] calldata tokens, uint256 count) external returns (int32[] memory added);

    /// @notice The whole story.
    function storyOf(uint256 story) external view returns (int32[] memory tokens);
}
