// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";
import {MockProofs} from "./MockProofs.sol";
import {IInferenceProofs} from "../src/metis/IInferenceProofs.sol";
import {KeyRegistry} from "../src/metis/KeyRegistry.sol";
import {ProvenInference} from "../src/metis/ProvenInference.sol";
import {PrivateCredit} from "../src/examples/PrivateCredit.sol";

contract PrivateCreditTest is Test {
    MockProofs private constant PROOFS = MockProofs(address(0x4D45544900000000000000000000000000000003));
    bytes32 private constant MODEL = keccak256("model");
    bytes32 private constant COMMITMENT = keccak256("commitment");
    bytes private constant YES = hex"01000000";
    bytes private constant NO = hex"00000000";
    uint64 private constant PATIENCE = 1 days;
    address private constant AUTHORITY = address(0xA0);

    PrivateCredit private credit;

    function setUp() public {
        vm.etch(address(PROOFS), address(new MockProofs()).code);
        credit = new PrivateCredit(MODEL, AUTHORITY, PATIENCE);
    }

    function test_a_proof_decides_once() public {
        bytes32 job = _apply(ALICE);
        bytes memory proof = PROOFS.proofOf(MODEL, COMMITMENT, YES, job);
        vm.expectEmit();
        emit ProvenInference.InferenceProven(job, MODEL, BOB, YES);
        vm.expectEmit();
        emit PrivateCredit.Decided(ALICE, job, true);
        vm.prank(BOB);
        credit.fulfil(job, YES, proof);
        vm.assertTrue(credit.decisionOf(ALICE) == PrivateCredit.Decision.Approved);
        vm.expectRevert(
            abi.encodeWithSelector(ProvenInference.JobNotOpen.selector, job, ProvenInference.JobState.Proven)
        );
        credit.fulfil(job, YES, proof);
    }

    function test_a_denial_is_proven_too() public {
        bytes32 job = _apply(ALICE);
        credit.fulfil(job, NO, PROOFS.proofOf(MODEL, COMMITMENT, NO, job));
        vm.assertTrue(credit.decisionOf(ALICE) == PrivateCredit.Decision.Denied);
    }

    function testFuzz_no_other_output_or_proof_decides(bytes calldata output, bytes calldata proof) public {
        bytes32 job = _apply(ALICE);
        vm.expectRevert(abi.encodeWithSelector(ProvenInference.InvalidProof.selector, job));
        credit.fulfil(job, output, proof);
        vm.assertTrue(credit.decisionOf(ALICE) == PrivateCredit.Decision.Pending);
    }

    function test_an_output_that_is_no_decision_is_refused_though_proven() public {
        bytes32 job = _apply(ALICE);
        bytes[3] memory outputs = [bytes(hex"02000000"), hex"01", hex"0100000000"];
        for (uint256 i = 0; i < outputs.length; ++i) {
            bytes memory proof = PROOFS.proofOf(MODEL, COMMITMENT, outputs[i], job);
            vm.expectRevert(abi.encodeWithSelector(PrivateCredit.UnexpectedOutput.selector, outputs[i]));
            credit.fulfil(job, outputs[i], proof);
        }
    }

    function test_the_proof_of_another_job_is_none() public {
        bytes32 job = _apply(ALICE);
        bytes32 other = _apply(BOB);
        vm.assertTrue(job != other);
        bytes memory proof = PROOFS.proofOf(MODEL, COMMITMENT, YES, other);
        vm.expectRevert(abi.encodeWithSelector(ProvenInference.InvalidProof.selector, job));
        credit.fulfil(job, YES, proof);
    }

    function test_a_job_ends_at_its_deadline() public {
        bytes32 job = _apply(ALICE);
        bytes memory proof = PROOFS.proofOf(MODEL, COMMITMENT, YES, job);
        uint64 deadline = credit.jobOf(job).deadline;
        vm.assertEq(uint256(deadline), block.timestamp + PATIENCE);
        vm.warp(uint256(deadline) + 1);
        vm.expectRevert(abi.encodeWithSelector(ProvenInference.JobExpired.selector, job, deadline));
        credit.fulfil(job, YES, proof);
        vm.warp(deadline);
        credit.fulfil(job, YES, proof);
    }

    function test_the_asker_and_nobody_else_takes_a_job_back() public {
        bytes32 job = _apply(ALICE);
        bytes memory proof = PROOFS.proofOf(MODEL, COMMITMENT, YES, job);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(ProvenInference.NotAsker.selector, BOB));
        credit.cancel(job);
        vm.warp(uint256(credit.jobOf(job).deadline) + 1);
        vm.prank(ALICE);
        credit.cancel(job);
        vm.assertTrue(credit.decisionOf(ALICE) == PrivateCredit.Decision.None);
        vm.expectRevert(
            abi.encodeWithSelector(ProvenInference.JobNotOpen.selector, job, ProvenInference.JobState.Cancelled)
        );
        credit.fulfil(job, YES, proof);
    }

    function test_nobody_takes_an_application_back_while_a_proof_is_taken() public {
        bytes32 job = _apply(ALICE);
        uint64 deadline = credit.jobOf(job).deadline;
        uint256[2] memory times = [block.timestamp, uint256(deadline)];
        for (uint256 i = 0; i < times.length; ++i) {
            vm.warp(times[i]);
            vm.prank(ALICE);
            vm.expectRevert(abi.encodeWithSelector(PrivateCredit.StillOpen.selector, job, deadline));
            credit.cancel(job);
        }
        // What was refused has left the job open: the denial is taken at the last moment.
        credit.fulfil(job, NO, PROOFS.proofOf(MODEL, COMMITMENT, NO, job));
        vm.assertTrue(credit.decisionOf(ALICE) == PrivateCredit.Decision.Denied);
    }

    function test_an_application_without_a_proof_leaves_the_earlier_decision() public {
        bytes[2] memory outputs = [NO, YES];
        PrivateCredit.Decision[2] memory decisions = [PrivateCredit.Decision.Denied, PrivateCredit.Decision.Approved];
        for (uint256 i = 0; i < outputs.length; ++i) {
            bytes32 decided = _apply(ALICE);
            credit.fulfil(decided, outputs[i], PROOFS.proofOf(MODEL, COMMITMENT, outputs[i], decided));
            for (uint256 again = 0; again < 2; ++again) {
                bytes32 job = _apply(ALICE);
                vm.assertTrue(credit.decisionOf(ALICE) == PrivateCredit.Decision.Pending);
                vm.assertTrue(credit.earlierDecisionOf(ALICE) == decisions[i]);
                vm.warp(uint256(credit.jobOf(job).deadline) + 1);
                vm.prank(ALICE);
                credit.cancel(job);
                vm.assertTrue(credit.decisionOf(ALICE) == decisions[i]);
            }
        }
    }

    function test_an_attestation_serves_one_application() public {
        _apply(ALICE);
        vm.startPrank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(PrivateCredit.NothingAttested.selector, ALICE));
        credit.applyForCredit();
        vm.stopPrank();
        vm.prank(AUTHORITY);
        credit.attest(ALICE, COMMITMENT);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(PrivateCredit.ApplicationPending.selector, ALICE));
        credit.applyForCredit();
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(PrivateCredit.NotAuthority.selector, ALICE));
        credit.attest(ALICE, COMMITMENT);
    }

    function test_without_the_precompile_nothing_is_decided() public {
        bytes32 job = _apply(ALICE);
        vm.etch(address(PROOFS), "");
        try credit.fulfil(job, YES, "") {
            revert("it was decided");
        } catch {}
        vm.assertTrue(credit.decisionOf(ALICE) == PrivateCredit.Decision.Pending);
    }

    function test_the_registry_writes_the_digest_where_the_precompile_reads() public {
        KeyRegistry registry = new KeyRegistry(ALICE);
        bytes32 digest = keccak256("key");
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.NotOwner.selector, BOB));
        registry.register(MODEL, 7, digest);
        vm.startPrank(ALICE);
        registry.register(MODEL, 7, digest);
        bytes32 slot = keccak256(abi.encode(uint256(7), keccak256(abi.encode(MODEL, uint256(0)))));
        vm.assertEq(vm.load(address(registry), slot), digest);
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.AlreadyRegistered.selector, MODEL, uint256(7)));
        registry.register(MODEL, 7, keccak256("another"));
        registry.remove(MODEL, 7);
        vm.assertEq(vm.load(address(registry), slot), bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.NotRegistered.selector, MODEL, uint256(7)));
        registry.remove(MODEL, 7);
        vm.expectRevert(abi.encodeWithSelector(KeyRegistry.ZeroKeyDigest.selector));
        registry.register(MODEL, 8, bytes32(0));
        vm.stopPrank();
    }

    function _apply(address borrower) private returns (bytes32) {
        vm.prank(AUTHORITY);
        credit.attest(borrower, COMMITMENT);
        vm.prank(borrower);
        return credit.applyForCredit();
    }
}
