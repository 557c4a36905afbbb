// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract that takes texts which a language model finds predictable
/// @notice Texts are token ids of the model's tokenizer.
interface IDeepseek {
    event Posted(uint256 indexed id, address indexed by, uint256 foreseen, uint256 all);

    /// @notice Of so many tokens the model would have said fewer than the contract asks for.
    error NotPredictable(uint256 foreseen, uint256 all);
    error TooLong(uint256 length, uint256 most);
    error TooShort();

    /// @notice The token that the model would put after these.
    function nextToken(int32[] calldata tokens) external view returns (int32 token);

    /// @notice Of how many tokens the model would have said just them, seeing those before: all but the first.
    function foresee(int32[] calldata tokens) external view returns (uint256 foreseen, uint256 all);

    /// @notice Takes a text of which the model would have said enough.
    function post(int32[] calldata tokens) external returns (uint256 id);

    /// @notice keccak256(abi.encodePacked(tokens)) of a text that was taken; zero where none was.
    function hashOf(uint256 id) external view returns (bytes32 hash);
}
