// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";
import {Dao} from "../src/examples/Dao.sol";

contract DaoTest is Test {
    bytes32 private constant CONTENT = keccak256("plant a tree");
    uint64 private constant DAY = 1 days;

    Dao private dao;

    function setUp() public {
        dao = new Dao(100);
        dao.grantPower(ALICE, 60);
        dao.grantPower(BOB, 39);
    }

    function test_only_the_owner_grants_power() public {
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(Dao.NotOwner.selector, ALICE));
        dao.grantPower(ALICE, 1);
    }

    function test_total_power_is_the_sum_of_what_was_granted() public {
        dao.grantPower(ALICE, 5);
        vm.assertEq(dao.powerOf(ALICE), 65);
        vm.assertEq(dao.totalPower(), 104);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        dao.grantPower(BOB, type(uint256).max);
    }

    function test_proposing_takes_power() public {
        vm.expectRevert(abi.encodeWithSelector(Dao.NoPower.selector, address(this)));
        dao.propose(CONTENT, DAY);
    }

    function test_a_vote_is_neither_too_short_nor_too_long() public {
        uint64 shortest = dao.SHORTEST_VOTE();
        uint64 longest = dao.LONGEST_VOTE();
        vm.startPrank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(Dao.DurationOutOfRange.selector, shortest - 1));
        dao.propose(CONTENT, shortest - 1);
        vm.expectRevert(abi.encodeWithSelector(Dao.DurationOutOfRange.selector, longest + 1));
        dao.propose(CONTENT, longest + 1);
        dao.propose(CONTENT, shortest);
        dao.propose(CONTENT, longest);
        vm.stopPrank();
        vm.assertEq(dao.proposalCount(), 2);
    }

    function test_a_proposal_is_stored_and_announced() public {
        uint64 deadline = uint64(block.timestamp) + DAY;
        vm.expectEmit();
        emit Dao.Proposed(0, ALICE, deadline, CONTENT);
        uint256 id = _propose();
        (address proposer, uint64 until, bytes32 content, uint256 against, uint256 inFavour, uint256 abstain) =
            dao.proposals(id);
        vm.assertEq(proposer, ALICE);
        vm.assertEq(uint256(until), deadline);
        vm.assertEq(content, CONTENT);
        vm.assertEq(against + inFavour + abstain, 0);
    }

    function test_votes_count_with_their_power() public {
        dao.grantPower(address(this), 7);
        uint256 id = _propose();
        vm.expectEmit();
        emit Dao.VoteCast(id, ALICE, Dao.Choice.For, 60);
        vm.prank(ALICE);
        dao.vote(id, Dao.Choice.For);
        vm.prank(BOB);
        dao.vote(id, Dao.Choice.Against);
        dao.vote(id, Dao.Choice.Abstain);
        _assertTally(id, 39, 60, 7);
        vm.assertTrue(dao.hasVoted(id, ALICE));
        vm.assertFalse(dao.hasVoted(id, address(dao)));
    }

    function test_nobody_votes_twice_on_a_proposal() public {
        uint256 id = _propose();
        uint256 other = _propose();
        vm.startPrank(ALICE);
        dao.vote(id, Dao.Choice.For);
        vm.expectRevert(abi.encodeWithSelector(Dao.AlreadyVoted.selector, id, ALICE));
        dao.vote(id, Dao.Choice.Against);
        dao.vote(other, Dao.Choice.Against);
        vm.stopPrank();
        _assertTally(id, 0, 60, 0);
        _assertTally(other, 60, 0, 0);
    }

    function test_who_has_no_power_has_no_vote() public {
        uint256 id = _propose();
        vm.expectRevert(abi.encodeWithSelector(Dao.NoPower.selector, address(this)));
        dao.vote(id, Dao.Choice.For);
    }

    function test_an_unknown_proposal_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(Dao.UnknownProposal.selector, 3));
        dao.statusOf(3);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(Dao.UnknownProposal.selector, 3));
        dao.vote(3, Dao.Choice.For);
    }

    function test_a_choice_that_does_not_exist_is_refused() public {
        uint256 id = _propose();
        vm.prank(ALICE);
        (bool ok,) = address(dao).call(abi.encodeWithSelector(Dao.vote.selector, id, 3));
        vm.assertFalse(ok);
    }

    function test_the_last_second_counts_and_the_next_does_not() public {
        uint256 id = _propose();
        uint256 deadline = block.timestamp + DAY;
        vm.warp(deadline);
        vm.prank(ALICE);
        dao.vote(id, Dao.Choice.For);
        vm.assertTrue(dao.statusOf(id) == Dao.Status.Open);
        vm.warp(deadline + 1);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(Dao.VotingOver.selector, id, deadline));
        dao.vote(id, Dao.Choice.For);
    }

    function test_a_quorum_counts_abstentions_and_a_tie_is_rejected() public {
        dao.grantPower(BOB, 21);
        uint256 missed = _propose();
        uint256 tie = _propose();
        uint256 passed = _propose();
        dao.grantPower(address(this), 40);
        vm.startPrank(ALICE);
        dao.vote(missed, Dao.Choice.For);
        dao.vote(tie, Dao.Choice.For);
        dao.vote(passed, Dao.Choice.For);
        vm.stopPrank();
        vm.prank(BOB);
        dao.vote(tie, Dao.Choice.Against);
        dao.vote(passed, Dao.Choice.Abstain);
        vm.warp(block.timestamp + DAY + 1);
        vm.assertTrue(dao.statusOf(missed) == Dao.Status.QuorumMissed);
        vm.assertTrue(dao.statusOf(tie) == Dao.Status.Rejected);
        vm.assertTrue(dao.statusOf(passed) == Dao.Status.Passed);
    }

    function _propose() private returns (uint256) {
        vm.prank(ALICE);
        return dao.propose(CONTENT, DAY);
    }

    function _assertTally(uint256 id, uint256 against, uint256 inFavour, uint256 abstain) private view {
        (,,, uint256 votesAgainst, uint256 votesFor, uint256 votesAbstain) = dao.proposals(id);
        vm.assertEq(votesAgainst, against);
        vm.assertEq(votesFor, inFavour);
        vm.assertEq(votesAbstain, abstain);
    }
}
