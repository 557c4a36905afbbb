// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Votes on proposals, weighted by power that the owner grants
/// @notice Whoever has power may propose, and may vote once on each proposal until its deadline.
/// @dev Power is counted as it stands when the vote is cast; there are no snapshots. That is sound because power
/// cannot be passed on: nobody can vote, hand the power over and have it vote again. All votes on a proposal with the
/// same choice add to one slot, and every vote writes a slot of its own.
contract Dao {
    enum Choice {
        Against,
        For,
        Abstain
    }

    enum Status {
        Open,
        QuorumMissed,
        Rejected,
        Passed
    }

    /// @param proposer Who proposed it; zero for an id that was never used.
    /// @param deadline The last second at which a vote counts.
    /// @param content What is proposed, as the hash of a text.
    struct Proposal {
        address proposer;
        uint64 deadline;
        bytes32 content;
        uint256 votesAgainst;
        uint256 votesFor;
        uint256 votesAbstain;
    }

    uint64 public constant SHORTEST_VOTE = 1 hours;
    uint64 public constant LONGEST_VOTE = 365 days;

    /// @notice Who grants power.
    address public owner;

    /// @notice How much power has to take part, abstentions included.
    uint256 public quorum;

    uint256 public totalPower;
    mapping(address voter => uint256) public powerOf;

    uint256 public proposalCount;
    mapping(uint256 id => Proposal) public proposals;
    mapping(uint256 id => mapping(address voter => bool)) public hasVoted;

    event PowerGranted(address indexed voter, uint256 power);
    event Proposed(uint256 indexed id, address indexed proposer, uint64 deadline, bytes32 content);
    event VoteCast(uint256 indexed id, address indexed voter, Choice choice, uint256 power);

    error NotOwner(address caller);
    error NoPower(address caller);
    error DurationOutOfRange(uint64 duration);
    error UnknownProposal(uint256 id);
    error VotingOver(uint256 id, uint64 deadline);
    error AlreadyVoted(uint256 id, address voter);

    constructor(uint256 quorum_) {
        owner = msg.sender;
        quorum = quorum_;
    }

    /// @notice Adds to what a voter has.
    function grantPower(address voter, uint256 power) external {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        // Checked: every voter's power, and every tally, is at most the total.
        totalPower += power;
        unchecked {
            powerOf[voter] += power;
        }
        emit PowerGranted(voter, power);
    }

    /// @notice Opens a vote for so many seconds.
    function propose(bytes32 content, uint64 duration) external returns (uint256 id) {
        if (powerOf[msg.sender] == 0) revert NoPower(msg.sender);
        if (duration < SHORTEST_VOTE || duration > LONGEST_VOTE) revert DurationOutOfRange(duration);
        id = proposalCount++;
        uint64 deadline = uint64(block.timestamp) + duration;
        proposals[id] = Proposal(msg.sender, deadline, content, 0, 0, 0);
        emit Proposed(id, msg.sender, deadline, content);
    }

    /// @notice Casts all power of the caller on one choice.
    function vote(uint256 id, Choice choice) external {
        Proposal storage proposal = _known(id);
        if (block.timestamp > proposal.deadline) revert VotingOver(id, proposal.deadline);
        uint256 power = powerOf[msg.sender];
        if (power == 0) revert NoPower(msg.sender);
        if (hasVoted[id][msg.sender]) revert AlreadyVoted(id, msg.sender);

        hasVoted[id][msg.sender] = true;
        if (choice == Choice.For) proposal.votesFor += power;
        else if (choice == Choice.Against) proposal.votesAgainst += power;
        else proposal.votesAbstain += power;
        emit VoteCast(id, msg.sender, choice, power);
    }

    /// @notice How a proposal stands. It passes with more power for it than against it; a tie is rejected.
    function statusOf(uint256 id) external view returns (Status) {
        Proposal storage proposal = _known(id);
        if (block.timestamp <= proposal.deadline) return Status.Open;
        uint256 decided = proposal.votesFor + proposal.votesAgainst;
        if (decided + proposal.votesAbstain < quorum) return Status.QuorumMissed;
        return proposal.votesFor > proposal.votesAgainst ? Status.Passed : Status.Rejected;
    }

    function _known(uint256 id) private view returns (Proposal storage proposal) {
        proposal = proposals[id];
        if (proposal.proposer == address(0)) revert UnknownProposal(id);
    }
}
