// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IInferenceProofs} from "../src/metis/IInferenceProofs.sol";

/// @title A stand-in for the verification precompile, in the EVM of forge
/// @notice A "proof" is valid if it is the hash of the statement, the chain's number included.
contract MockProofs is IInferenceProofs {
    function verifyInference(
        bytes32 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes32 jobId,
        bytes calldata proof
    ) external view returns (bool valid) {
        if (modelId == bytes32(0)) revert UnknownKey(modelId, 0);
        return keccak256(proof) == keccak256(proofOf(modelId, inputCommitment, output, jobId));
    }

    function commit(bytes32 salt, bytes calldata input) external pure returns (bytes32) {
        return keccak256(abi.encode(salt, input));
    }

    function keyInfo(bytes32) external pure returns (bytes32, uint256, uint256, uint256, uint256) {
        revert MalformedCall();
    }

    function proofOf(bytes32 modelId, bytes32 inputCommitment, bytes memory output, bytes32 jobId)
        public
        view
        returns (bytes memory)
    {
        return abi.encode(keccak256(abi.encode(modelId, inputCommitment, output, block.chainid, jobId)));
    }
}
