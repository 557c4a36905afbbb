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
}
