// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "../metis/Metis.sol";

/// @title Tells stories with a model that generates
/// @notice In one transaction (`tell`), or over as many as one likes (`begin`, `proceed`): a model's state is a function
/// of the tokens so far, so a story that goes on needs no state on the chain but a commitment to them. The teller
/// hands the tokens back; they are in the logs.
/// @dev Each continuation reads the whole story anew, so it is dearer the longer the story is: few long ones cost less
/// than many short ones. Stories are kept by teller and number, so nobody can go on with another's, and stories of
/// different tellers share no slot.
contract Storyteller {
    /// @dev How a story that goes on is told: a little more likely than the model says, among forty tokens.
    uint32 private constant TEMPERATURE = Metis.TEMPERATURE_ONE * 4 / 5;
    uint32 private constant TOP_K = 40;

    /// @notice The model; in storage, not an immutable, so that genesis can place the runtime code and this slot.
    bytes32 public modelId;

    /// @notice keccak256 of a story so far, each token a word; zero stands for a story that was never begun.
    mapping(address teller => mapping(uint256 id => bytes32 commitment)) public stories;

    /// @notice A story was told in one transaction.
    event Told(address indexed teller, uint32[] prompt, uint32[] text);

    /// @notice A story was begun with this prompt.
    event Begun(address indexed teller, uint256 indexed id, uint32[] prompt);

    /// @notice A story went on by these tokens.
    event Continued(address indexed teller, uint256 indexed id, uint32[] text);

    error AlreadyBegun(uint256 id);
    error EmptyPrompt();
    error NeverBegun(uint256 id);

    /// @notice The story of this number is another than the one handed in.
    error AnotherStory(uint256 id, bytes32 expected, bytes32 actual);

    constructor(bytes32 modelId_) {
        modelId = modelId_;
    }

    // -------------------------------------------------------------------------------------- in one transaction

    /// @notice Goes on with a prompt by the most likely tokens, stores nothing, and emits what came.
    function tell(uint32[] calldata prompt, uint32 count) external returns (uint32[] memory text) {
        text = Metis.greedy(modelId, prompt, count);
        emit Told(msg.sender, prompt, text);
    }

    // ----------------------------------------------------------------------------------- over several of them

    /// @notice Begins a story. Nothing is generated yet.
    function begin(uint256 id, uint32[] calldata prompt) external {
        if (prompt.length == 0) revert EmptyPrompt();
        if (stories[msg.sender][id] != 0) revert AlreadyBegun(id);
        stories[msg.sender][id] = commitmentOf(prompt);
        emit Begun(msg.sender, id, prompt);
    }

    /// @notice Goes on with the caller's story of this number.
    /// @param tokens The whole story so far: the prompt and all that came since.
    /// @param count How many tokens to generate, at most.
    /// @return text What came. The next call takes `tokens` with these after them.
    function proceed(uint256 id, uint32[] calldata tokens, uint32 count) external returns (uint32[] memory text) {
        bytes32 expected = stories[msg.sender][id];
        if (expected == 0) revert NeverBegun(id);
        bytes32 actual = commitmentOf(tokens);
        if (actual != expected) revert AnotherStory(id, expected, actual);
        text = Metis.sample(modelId, tokens, count, TEMPERATURE, TOP_K, seedOf(msg.sender, id));
        stories[msg.sender][id] = commitmentOf(Metis.concat(tokens, text));
        emit Continued(msg.sender, id, text);
    }

    /// @notice What is stored of a story: keccak256 of its tokens, each a word.
    function commitmentOf(uint32[] memory tokens) public pure returns (bytes32) {
        return keccak256(abi.encodePacked(tokens));
    }

    /// @notice What a story's chance is drawn from. It stays the same, so that a story does not depend on how it was
    /// cut into transactions. Anybody can compute it, and so the story, beforehand.
    function seedOf(address teller, uint256 id) public pure returns (bytes32) {
        return keccak256(abi.encode(teller, id));
    }
}
