// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title The inference precompile of MetisVM, as a contract sees it
/// @notice The precompile runs an integer model on an input and returns its output. The result is a pure function of
/// (modelId, input): every engine a node may use gives the same bits, so the answer is part of consensus.
/// @dev Inputs and outputs are raw little-endian tensors of the model's declared types, concatenated in declared
/// order, with neither header nor padding. The errors below are the whole set: a failing card or host is never
/// visible to a contract, and too little gas ends the call without return data, as it does anywhere in the EVM.
interface IInference {
    /// @notice The registry does not hold this model, so for the chain it does not exist.
    error UnknownModel(bytes32 modelId);

    /// @notice The model has an operator that the chain's gas schedule does not price. It can be called once a fork
    /// brings in a schedule that does.
    /// @param operator The lowest code of such an operator, as bundles have it (docs/inference.md).
    error UnsupportedModel(bytes32 modelId, uint256 operator);

    /// @notice The input is not exactly as long as the model's input tensors together.
    error WrongInputLength(uint256 expected, uint256 actual);

    /// @notice The calldata is not a canonical ABI encoding of a call to one of this interface's functions.
    error MalformedCall();

    /// @notice The call carried value; ether sent to the precompile could never be taken out again.
    error ValueNotAccepted();

    /// @notice The model generates no texts: its bundle has one graph.
    error NotGenerative(bytes32 modelId);

    /// @notice A prompt without tokens, or no token to generate.
    error EmptyRequest();

    /// @notice Prompt and text together are more than the model has room for.
    error TooManyTokens(uint256 tokens, uint256 context);

    /// @notice The prompt has a token that is not one of the model's.
    error UnknownToken(uint256 token, uint256 vocabulary);

    /// @notice The temperature is over the limit of 64 (4,194,304 in 65,536ths).
    error TemperatureTooHigh(uint256 temperature);

    /// @notice Runs a registered model.
    /// @param modelId The hash of the model's canonical bundle.
    /// @param input The input tensors, exactly `inputBytes` long (see `modelInfo`).
    /// @return output The output tensors, always `outputBytes` long.
    function infer(bytes32 modelId, bytes calldata input) external view returns (bytes memory output);

    /// @notice What a caller has to know about a registered model to size its buffers and its gas.
    /// @return inputBytes Length of the input in bytes.
    /// @return outputBytes Length of the output in bytes.
    /// @return gas Gas that one `infer` of the model charges inside the precompile, without the cost of the CALL.
    function modelInfo(bytes32 modelId) external view returns (uint256 inputBytes, uint256 outputBytes, uint256 gas);

    /// @notice Goes on with a text. What comes is a pure function of the arguments.
    /// @param tokens The text so far, by the model's own numbers of tokens; one at least.
    /// @param count How many tokens to generate, at most: fewer come where the model ends the text. Gas for all of
    /// them has to be there when the call begins; what was not generated is not charged.
    /// @param temperature In 65,536ths; 0 takes the most likely token each time.
    /// @param topK Among how many of the most likely tokens is chosen; 0 among all.
    /// @param seed What chance is drawn from, together with the position in the text: whoever knows it knows the text.
    /// @return generated The tokens that follow, one at least.
    /// @dev From the chain's activation of generation on; before it the call is malformed, and so is `generatorInfo`.
    function generate(
        bytes32 modelId,
        uint32[] calldata tokens,
        uint32 count,
        uint32 temperature,
        uint32 topK,
        bytes32 seed
    ) external view returns (uint32[] memory generated);

    /// @notice What a caller has to know about a model that generates.
    /// @return context Tokens of prompt and text together, at most.
    /// @return chunk Tokens of the prompt that are read at once. Of a prompt of n tokens (n − 1) / chunk chunks cost
    /// `prefillGas` each, the (n − 1) % chunk tokens that are left `decodeGas` each.
    /// @return vocabulary Tokens that there are: numbers below this.
    /// @return prefillGas Gas of a chunk.
    /// @return decodeGas Gas of a token, read by itself or generated; a generated one costs 16 more.
    function generatorInfo(bytes32 modelId)
        external
        view
        returns (uint32 context, uint32 chunk, uint32 vocabulary, uint256 prefillGas, uint256 decodeGas);
}
