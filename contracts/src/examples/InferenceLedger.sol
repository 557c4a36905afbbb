// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "../metis/Metis.sol";
import {IInferenceProofs} from "../metis/IInferenceProofs.sol";
import {ProvenInference} from "../metis/ProvenInference.sol";

/// @title Inferences that are run on chain and proven later
/// @notice Anybody runs a model, and the ledger keeps what it said. Whoever needs it proven, for a light client or a
/// bridge that executes nothing, makes the proof with `metisvm prove --block FILE --tx N` and brings it.
/// @dev Outputs are kept by their hash, so that models of every kind fit. That an entry ran is known from this contract's
/// own call; the proof shows that the model gives its output on its input, and not by which transaction and call it ran:
/// the job in `Confirmed` is the one that the prover chose.
contract InferenceLedger is ProvenInference {
    struct Entry {
        bytes32 modelId;
        bytes32 inputCommitment;
        bytes32 outputHash;
        uint64 blockNumber;
        bool proven;
    }

    /// @notice How many entries there are.
    uint256 public entries;
    mapping(uint256 id => Entry) private _entryOf;
    /// @dev The entry whose proof is being looked at, for the callback.
    mapping(bytes32 jobId => uint256 id) private _idOf;

    event Ran(uint256 indexed id, bytes32 indexed modelId, bytes output);
    event Confirmed(uint256 indexed id, bytes32 indexed jobId);

    error LengthsDiffer(uint256 models, uint256 inputs);
    error NoSuchEntry(uint256 id);
    error AlreadyProven(uint256 id);
    error OtherOutput(uint256 id);

    /// @notice Runs models, each on its input, in this order.
    function run(bytes32[] calldata modelIds, bytes[] calldata inputs) external {
        if (modelIds.length != inputs.length) revert LengthsDiffer(modelIds.length, inputs.length);
        for (uint256 i = 0; i < modelIds.length; ++i) {
            bytes memory output = Metis.infer(modelIds[i], inputs[i]);
            uint256 id = entries++;
            bytes32 commitment = IInferenceProofs(PROOFS).commit(bytes32(0), inputs[i]);
            _entryOf[id] = Entry(modelIds[i], commitment, keccak256(output), uint64(block.number), false);
            emit Ran(id, modelIds[i], output);
        }
    }

    /// @notice Brings the proof of an entry, which was this call of this transaction of its block, both counted from 0.
    function prove(
        uint256 id,
        uint256 transactionIndex,
        uint256 callIndex,
        bytes calldata output,
        bytes calldata proof
    ) external {
        Entry storage entry = _entryOf[id];
        if (entry.modelId == bytes32(0)) revert NoSuchEntry(id);
        if (entry.proven) revert AlreadyProven(id);
        if (keccak256(output) != entry.outputHash) revert OtherOutput(id);
        (bytes32 modelId, bytes32 commitment, uint256 number) = (entry.modelId, entry.inputCommitment, entry.blockNumber);
        _idOf[_jobOfBlock(number, transactionIndex, callIndex)] = id;
        _fulfilOfBlock(bytes32(id), modelId, commitment, number, transactionIndex, callIndex, output, proof);
    }

    /// @notice What is known of an entry.
    function entryOf(uint256 id) external view returns (Entry memory) {
        return _entryOf[id];
    }

    function _onProven(bytes32 jobId, bytes32, address, bytes calldata) internal override {
        uint256 id = _idOf[jobId];
        _entryOf[id].proven = true;
        emit Confirmed(id, jobId);
    }
}
