// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";
import {MockInference} from "./MockInference.sol";
import {MockProofs} from "./MockProofs.sol";
import {Metis} from "../src/metis/Metis.sol";
import {ProvenInference} from "../src/metis/ProvenInference.sol";
import {InferenceLedger} from "../src/examples/InferenceLedger.sol";

interface BlockCheats {
    function roll(uint256 number) external;
    function setBlockhash(uint256 number, bytes32 hash) external;
}

contract InferenceLedgerTest is Test {
    MockProofs private constant PROOFS = MockProofs(address(0x4D45544900000000000000000000000000000003));
    bytes32 private constant MODEL = keccak256("output i32[1]");
    bytes private constant SEVEN = hex"07000000";
    bytes private constant NINE = hex"09000000";
    uint256 private constant NUMBER = 100;
    bytes32 private constant HASH = keccak256("block 100");

    InferenceLedger private ledger;

    function setUp() public {
        vm.etch(Metis.INFERENCE, address(new MockInference()).code);
        vm.etch(address(PROOFS), address(new MockProofs()).code);
        ledger = new InferenceLedger();
        _roll(NUMBER);
        bytes32[] memory models = new bytes32[](3);
        bytes[] memory inputs = new bytes[](3);
        (models[0], models[1], models[2]) = (MODEL, MODEL, MODEL);
        (inputs[0], inputs[1], inputs[2]) = (_image(7), _image(9), _image(7));
        ledger.run(models, inputs);
        _roll(NUMBER + 1);
        BlockCheats(address(vm)).setBlockhash(NUMBER, HASH);
    }

    function test_an_inference_of_a_block_is_proven_once() public {
        bytes32 job = _job(3, 0);
        bytes memory proof = PROOFS.proofOf(MODEL, _commitment(7), SEVEN, job);
        vm.assertFalse(ledger.entryOf(0).proven);
        vm.expectEmit();
        emit ProvenInference.InferenceProven(job, MODEL, BOB, SEVEN);
        vm.expectEmit();
        emit InferenceLedger.Confirmed(0, job);
        vm.prank(BOB);
        ledger.prove(0, 3, 0, SEVEN, proof);
        vm.assertTrue(ledger.entryOf(0).proven);
        vm.assertFalse(ledger.entryOf(1).proven);
        vm.expectRevert(abi.encodeWithSelector(InferenceLedger.AlreadyProven.selector, uint256(0)));
        ledger.prove(0, 3, 0, SEVEN, proof);
        // For another entry of that job it is no proof.
        vm.expectRevert(abi.encodeWithSelector(ProvenInference.InvalidProof.selector, job));
        ledger.prove(1, 3, 0, NINE, proof);
    }

    function test_a_proof_under_the_job_of_another_entry_is_not_in_the_way_of_that_entrys_own() public {
        // Entry 0 is proven under the job of entry 1, which is of another input, and entry 2 under that of entry 0, which
        // is of the same one.
        ledger.prove(0, 3, 1, SEVEN, PROOFS.proofOf(MODEL, _commitment(7), SEVEN, _job(3, 1)));
        ledger.prove(2, 3, 0, SEVEN, PROOFS.proofOf(MODEL, _commitment(7), SEVEN, _job(3, 0)));
        vm.assertFalse(ledger.entryOf(1).proven);
        bytes32 job = _job(3, 1);
        bytes memory proof = PROOFS.proofOf(MODEL, _commitment(9), NINE, job);
        vm.expectEmit();
        emit InferenceLedger.Confirmed(1, job);
        ledger.prove(1, 3, 1, NINE, proof);
        vm.assertTrue(ledger.entryOf(1).proven);
        vm.expectRevert(abi.encodeWithSelector(InferenceLedger.AlreadyProven.selector, uint256(1)));
        ledger.prove(1, 3, 1, NINE, proof);
    }

    function test_the_same_inference_twice_in_a_block_is_proven_twice() public {
        // Entries 0 and 2 are of one model and one input. Whoever brings the proof of one for the other uses up neither.
        bytes32 job = _job(3, 2);
        bytes memory proof = PROOFS.proofOf(MODEL, _commitment(7), SEVEN, job);
        ledger.prove(0, 3, 2, SEVEN, proof);
        vm.expectEmit();
        emit InferenceLedger.Confirmed(2, job);
        ledger.prove(2, 3, 2, SEVEN, proof);
        vm.assertTrue(ledger.entryOf(0).proven);
        vm.assertTrue(ledger.entryOf(2).proven);
    }

    function testFuzz_no_other_proof_or_place_confirms(uint8 transaction, uint8 call, bytes calldata proof) public {
        bytes32 job = _job(transaction, call);
        vm.expectRevert(abi.encodeWithSelector(ProvenInference.InvalidProof.selector, job));
        ledger.prove(0, transaction, call, SEVEN, proof);
        // A true proof for another place.
        bytes memory other = PROOFS.proofOf(MODEL, _commitment(7), SEVEN, _job(uint256(transaction) + 1, call));
        vm.expectRevert(abi.encodeWithSelector(ProvenInference.InvalidProof.selector, job));
        ledger.prove(0, transaction, call, SEVEN, other);
        // A true proof for this place about another input.
        other = PROOFS.proofOf(MODEL, _commitment(8), SEVEN, job);
        vm.expectRevert(abi.encodeWithSelector(ProvenInference.InvalidProof.selector, job));
        ledger.prove(0, transaction, call, SEVEN, other);
        // What fails leaves nothing behind.
        ledger.prove(0, transaction, call, SEVEN, PROOFS.proofOf(MODEL, _commitment(7), SEVEN, job));
        vm.assertTrue(ledger.entryOf(0).proven);
    }

    function test_another_output_than_the_chain_had_is_refused_though_proven() public {
        bytes memory eight = hex"08000000";
        bytes memory proof = PROOFS.proofOf(MODEL, _commitment(7), eight, _job(3, 0));
        vm.expectRevert(abi.encodeWithSelector(InferenceLedger.OtherOutput.selector, uint256(0)));
        ledger.prove(0, 3, 0, eight, proof);
    }

    function test_an_entry_that_is_not_there_and_a_block_without_hash_are_said() public {
        vm.expectRevert(abi.encodeWithSelector(InferenceLedger.NoSuchEntry.selector, uint256(3)));
        ledger.prove(3, 0, 0, SEVEN, "");
        _roll(NUMBER + 300);
        vm.expectRevert(abi.encodeWithSelector(ProvenInference.UnknownBlock.selector, NUMBER));
        ledger.prove(0, 3, 0, SEVEN, "");
        // In its own block an entry has no hash to be proven by.
        _roll(NUMBER);
        vm.expectRevert(abi.encodeWithSelector(ProvenInference.UnknownBlock.selector, NUMBER));
        ledger.prove(0, 3, 0, SEVEN, "");
    }

    function test_models_and_inputs_come_in_pairs() public {
        vm.expectRevert(abi.encodeWithSelector(InferenceLedger.LengthsDiffer.selector, uint256(1), uint256(0)));
        ledger.run(new bytes32[](1), new bytes[](0));
    }

    function _roll(uint256 number) private {
        BlockCheats(address(vm)).roll(number);
    }

    function _image(uint8 class) private pure returns (bytes memory image) {
        image = new bytes(64);
        image[0] = bytes1(class);
    }

    function _commitment(uint8 class) private pure returns (bytes32) {
        return PROOFS.commit(bytes32(0), _image(class));
    }

    function _job(uint256 transaction, uint256 call) private pure returns (bytes32) {
        return keccak256(abi.encode(bytes32("metisvm block inference 0"), HASH, transaction, call));
    }
}
