// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ProvenInference} from "../metis/ProvenInference.sol";

/// @title Credit that is decided by a model on features which nobody sees
/// @notice An authority that knows borrowers (a bank, a bureau) attests to the commitment of a borrower's features.
/// The borrower applies with it, proves what the model says of them, and the contract approves or denies by the proof.
/// @dev Without the attestation a proof would say only that there are some features on which the model approves. The
/// chain sees commitment, decision and that the model was this one; features and salt never leave the borrower.
contract PrivateCredit is ProvenInference {
    /// The model's output: i32[1], the class.
    uint256 private constant OUTPUT_BYTES = 4;
    bytes4 private constant APPROVED = 0x01000000;
    bytes4 private constant DENIED = 0x00000000;

    enum Decision {
        None,
        Pending,
        Approved,
        Denied
    }

    /// @notice The model that decides.
    bytes32 public modelId;

    /// @notice Who attests that a commitment is to the true features of a borrower.
    address public authority;

    /// @notice How long an application waits for its proof, in seconds.
    uint64 public patience;

    /// @notice What was decided of a borrower's last application.
    mapping(address borrower => Decision) public decisionOf;

    /// @notice What had been decided before the application that is pending; it holds again if no proof comes.
    mapping(address borrower => Decision) public earlierDecisionOf;

    /// @notice The commitment that the authority attests to.
    mapping(address borrower => bytes32) public attested;

    event Attested(address indexed borrower, bytes32 inputCommitment);
    event Decided(address indexed borrower, bytes32 indexed jobId, bool approved);

    error NotAuthority(address caller);
    error NothingAttested(address borrower);
    error ApplicationPending(address borrower);
    error StillOpen(bytes32 jobId, uint64 deadline);
    error UnexpectedOutput(bytes output);

    constructor(bytes32 modelId_, address authority_, uint64 patience_) {
        (modelId, authority, patience) = (modelId_, authority_, patience_);
    }

    /// @notice Attests to the features of a borrower. They are not told: the authority has seen features and salt, and
    /// that the commitment is theirs.
    function attest(address borrower, bytes32 inputCommitment) external {
        if (msg.sender != authority) revert NotAuthority(msg.sender);
        attested[borrower] = inputCommitment;
        emit Attested(borrower, inputCommitment);
    }

    /// @notice Applies for credit with the features that were attested to. An attestation serves one application.
    function applyForCredit() external returns (bytes32 jobId) {
        bytes32 inputCommitment = attested[msg.sender];
        if (inputCommitment == bytes32(0)) revert NothingAttested(msg.sender);
        if (decisionOf[msg.sender] == Decision.Pending) revert ApplicationPending(msg.sender);
        attested[msg.sender] = bytes32(0);
        earlierDecisionOf[msg.sender] = decisionOf[msg.sender];
        decisionOf[msg.sender] = Decision.Pending;
        jobId = _ask(modelId, inputCommitment, msg.sender, uint64(block.timestamp) + patience);
    }

    function _onProven(bytes32 jobId, bytes32, address borrower, bytes calldata output) internal override {
        if (output.length != OUTPUT_BYTES) revert UnexpectedOutput(output);
        bool approved = bytes4(output) == APPROVED;
        if (!approved && bytes4(output) != DENIED) revert UnexpectedOutput(output);
        decisionOf[borrower] = approved ? Decision.Approved : Decision.Denied;
        emit Decided(borrower, jobId, approved);
    }

    /// @dev Borrowers can compute the decision before anybody brings its proof. Until the deadline they cannot take the
    /// application back, else they would in front of a denial; and an application without a proof changes nothing.
    function _onCancelled(bytes32 jobId, address borrower) internal override {
        uint64 deadline = jobOf(jobId).deadline;
        if (block.timestamp <= deadline) revert StillOpen(jobId, deadline);
        decisionOf[borrower] = earlierDecisionOf[borrower];
    }
}
