// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IInferenceProofs} from "./IInferenceProofs.sol";

/// @title Inferences that are asked for on chain and proven off it
/// @notice A contract that inherits from this one asks (`_ask`); whoever knows the input proves, and anybody may bring
/// the proof (`fulfil`); only a valid one reaches the contract's `_onProven`, and none twice.
/// @dev A job's id is made of chain, contract, asker and a counter, and is used once in a contract; or of a block, a
/// transaction and a call, and then a proof is taken once for each subject, model and input. The proof is bound to the
/// id, and to the chain by the precompile. A job waits until its deadline.
abstract contract ProvenInference {
    /// @notice Address of the verification precompile.
    address internal constant PROOFS = address(0x4D45544900000000000000000000000000000003);

    struct Job {
        bytes32 modelId;
        bytes32 inputCommitment;
        address asker;
        /// The last timestamp at which a proof is taken.
        uint64 deadline;
        JobState state;
    }

    enum JobState {
        None,
        Asked,
        Proven,
        Cancelled
    }

    /// @dev What keeps the jobs of blocks' inferences apart from those that contracts count.
    bytes32 private constant BLOCK_INFERENCE = "metisvm block inference 0";

    mapping(bytes32 jobId => Job) private _jobs;
    uint256 private _asked;

    /// @notice A proof is wanted. The model, the commitment and the job are what `metisvm prove` has to be given.
    event InferenceAsked(
        bytes32 indexed jobId,
        bytes32 indexed modelId,
        address indexed asker,
        bytes32 inputCommitment,
        uint64 deadline
    );

    /// @notice A valid proof was brought; the job is over.
    event InferenceProven(bytes32 indexed jobId, bytes32 indexed modelId, address indexed prover, bytes output);

    /// @notice The asker took the job back; no proof is taken any more.
    event InferenceCancelled(bytes32 indexed jobId);

    /// @notice The job was never asked for, or is over: a proof is taken once.
    error JobNotOpen(bytes32 jobId, JobState state);

    /// @notice The job's deadline has passed.
    error JobExpired(bytes32 jobId, uint64 deadline);

    /// @notice The proof does not prove that the model gives this output on the committed input for this job.
    error InvalidProof(bytes32 jobId);

    /// @notice A job may be taken back by whoever asked for it.
    error NotAsker(address caller);

    /// @notice A deadline must lie ahead.
    error DeadlineInThePast(uint64 deadline);

    /// @notice Only the last 256 blocks have hashes, by which their inferences are named.
    error UnknownBlock(uint256 blockNumber);

    /// @notice Brings the proof of a job. Anybody may: it proves the same whoever brings it.
    function fulfil(bytes32 jobId, bytes calldata output, bytes calldata proof) external {
        Job storage job = _open(jobId);
        if (block.timestamp > job.deadline) revert JobExpired(jobId, job.deadline);
        _take(jobId, job, output, proof);
    }

    /// @notice Takes a job back.
    function cancel(bytes32 jobId) external {
        Job storage job = _open(jobId);
        if (msg.sender != job.asker) revert NotAsker(msg.sender);
        job.state = JobState.Cancelled;
        emit InferenceCancelled(jobId);
        _onCancelled(jobId, job.asker);
    }

    /// @notice What is known of a job; of a block's inference by the number that `_claimOf` gives.
    function jobOf(bytes32 jobId) public view returns (Job memory) {
        return _jobs[jobId];
    }

    /// @dev Opens a job for an input that the commitment binds.
    function _ask(bytes32 modelId, bytes32 inputCommitment, address asker, uint64 deadline)
        internal
        returns (bytes32 jobId)
    {
        if (deadline < block.timestamp) revert DeadlineInThePast(deadline);
        jobId = keccak256(abi.encode(block.chainid, address(this), asker, _asked));
        ++_asked;
        _jobs[jobId] = Job(modelId, inputCommitment, asker, deadline, JobState.Asked);
        emit InferenceAsked(jobId, modelId, asker, inputCommitment, deadline);
    }

    /// @dev Takes the proof of an inference that the inference precompile has run in a block, by the job for which
    /// `metisvm prove --block FILE --tx N` proves it. Calls are counted within the transaction, from 0; the commitment is
    /// to the input under a salt of zeros. Nobody has to ask before, since block, transaction and call are the question;
    /// the contract says which model and input it means.
    ///
    /// Neither the proof nor this contract shows that the call took place: salt and input are public, so anybody can
    /// prove any inference under any job. What the contract knows of its own that ran (an entry, a request) is the
    /// `subject`; one proof is taken for a subject, model, input and job, so that a proof which somebody brings under
    /// the job of another call uses up nothing that the other call's own proof needs.
    function _fulfilOfBlock(
        bytes32 subject,
        bytes32 modelId,
        bytes32 inputCommitment,
        uint256 blockNumber,
        uint256 transactionIndex,
        uint256 callIndex,
        bytes calldata output,
        bytes calldata proof
    ) internal returns (bytes32 jobId) {
        jobId = _jobOfBlock(blockNumber, transactionIndex, callIndex);
        Job storage job = _jobs[_claimOf(jobId, subject, modelId, inputCommitment)];
        if (job.state != JobState.None) revert JobNotOpen(jobId, job.state);
        (job.modelId, job.inputCommitment, job.asker) = (modelId, inputCommitment, msg.sender);
        _take(jobId, job, output, proof);
    }

    /// @dev The job of an inference that a block's transaction had of the inference precompile.
    function _jobOfBlock(uint256 blockNumber, uint256 transactionIndex, uint256 callIndex)
        internal
        view
        returns (bytes32 jobId)
    {
        bytes32 blockHash = blockhash(blockNumber);
        if (blockHash == bytes32(0)) revert UnknownBlock(blockNumber);
        return keccak256(abi.encode(BLOCK_INFERENCE, blockHash, transactionIndex, callIndex));
    }

    /// @dev By what it is kept that a block's inference was proven.
    function _claimOf(bytes32 jobId, bytes32 subject, bytes32 modelId, bytes32 inputCommitment)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(jobId, subject, modelId, inputCommitment));
    }

    /// @dev Called once for a job, or for what was claimed of a block's inference, with an output that was proven.
    function _onProven(bytes32 jobId, bytes32 modelId, address asker, bytes calldata output) internal virtual;

    /// @dev Called when a job is taken back; what reverts here refuses that. The input's owner can compute the output, so
    /// a contract to whose asker it matters what comes out refuses until the deadline has passed.
    function _onCancelled(bytes32 jobId, address asker) internal virtual {}

    function _take(bytes32 jobId, Job storage job, bytes calldata output, bytes calldata proof) private {
        (bytes32 modelId, address asker) = (job.modelId, job.asker);
        // A precompile that is not there answers with nothing, on which the decoder reverts.
        if (!IInferenceProofs(PROOFS).verifyInference(modelId, job.inputCommitment, output, jobId, proof)) {
            revert InvalidProof(jobId);
        }
        // Before anything that might call back.
        job.state = JobState.Proven;
        emit InferenceProven(jobId, modelId, msg.sender, output);
        _onProven(jobId, modelId, asker, output);
    }

    function _open(bytes32 jobId) private view returns (Job storage open) {
        open = _jobs[jobId];
        if (open.state != JobState.Asked) revert JobNotOpen(jobId, open.state);
    }
}
