// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title The precompile of MetisVM that verifies proofs of inferences, as a contract sees it
/// @notice A proof says that a model gives an output on a committed input, for one chain and one job. Who made it and
/// where does not matter, and the input need not be known to anybody else.
/// @dev Shaped after draft ERC-7992, whose `verifyInference` takes model, input commitment, output and proof. This one
/// takes the job besides, names a model by the hash of its bundle, and answers false for whatever is no proof of the
/// statement, so that a contract may go on. The chain is the one that executes the call. The errors below are the
/// whole set, and too little gas ends the call without return data.
interface IInferenceProofs {
    /// @notice The registry of keys has no verifying key for this model and the chain's version of circuits.
    error UnknownKey(bytes32 modelId, uint256 circuitVersion);

    /// @notice The calldata is not a canonical ABI encoding of a call to one of this interface's functions.
    error MalformedCall();

    /// @notice The call carried value; ether sent to the precompile could never be taken out again.
    error ValueNotAccepted();

    /// @notice Whether a proof proves the statement. It says nothing of whether the proof was used before: whoever
    /// accepts one for a job accepts none for that job again (`ProvenInference` does that).
    /// @param modelId The hash of the model's canonical bundle.
    /// @param inputCommitment What binds the input: `commit` of a salt and the input.
    /// @param output The output tensors, raw, as `infer` of the inference precompile gives them.
    /// @param jobId What the proof was asked for.
    /// @param proof The proof, as `metisvm prove` writes it, without the statement.
    function verifyInference(
        bytes32 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes32 jobId,
        bytes calldata proof
    ) external view returns (bool valid);

    /// @notice The commitment to an input. Calldata is public: whoever wants to keep an input private makes the
    /// commitment outside of the chain, with a salt drawn at random.
    function commit(bytes32 salt, bytes calldata input) external view returns (bytes32 inputCommitment);

    /// @notice What a caller has to know about the key of a model to size its buffers and its gas.
    /// @return keyDigest Keccak-256 of the key's bytes.
    /// @return circuitVersion The chain's version of circuits, for which the key is registered.
    /// @return outputBytes Length of the model's output.
    /// @return proofBytes Length of every proof.
    /// @return gas Gas that one `verifyInference` charges inside the precompile at most, without the cost of the CALL.
    function keyInfo(bytes32 modelId)
        external
        view
        returns (bytes32 keyDigest, uint256 circuitVersion, uint256 outputBytes, uint256 proofBytes, uint256 gas);
}
