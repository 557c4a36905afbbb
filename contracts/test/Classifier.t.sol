// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";
import {MockInference} from "./MockInference.sol";
import {IInference} from "../src/metis/IInference.sol";
import {Metis} from "../src/metis/Metis.sol";
import {ClassifierCaller} from "../src/examples/ClassifierCaller.sol";
import {DigitClassifier} from "../src/examples/DigitClassifier.sol";

contract ClassifierTest is Test {
    bytes32 private constant CLASS_INDEX = keccak256("output i32[1]");

    DigitClassifier private classifier;
    ClassifierCaller private caller;

    function setUp() public {
        vm.etch(Metis.INFERENCE, address(new MockInference()).code);
        classifier = new DigitClassifier(CLASS_INDEX);
        caller = new ClassifierCaller(classifier);
    }

    // -------------------------------------------------------------------------------------------- DigitClassifier

    function test_each_shape_of_output_gives_the_class() public {
        bytes32[3] memory models = [CLASS_INDEX, keccak256("output i8[10]"), keccak256("output i32[10]")];
        for (uint256 m = 0; m < models.length; ++m) {
            DigitClassifier each = new DigitClassifier(models[m]);
            for (uint8 digit = 0; digit < 10; ++digit) {
                vm.expectEmit();
                emit DigitClassifier.Classified(digit, digit);
                vm.assertEq(each.classify(digit, _image(digit)), uint256(digit));
                vm.assertEq(each.classOf(digit), uint256(digit));
                vm.assertEq(each.preview(_image(digit)), uint256(digit));
            }
        }
    }

    function test_an_id_that_was_never_classified_has_no_class() public {
        vm.assertFalse(classifier.isClassified(1));
        vm.expectRevert(abi.encodeWithSelector(DigitClassifier.NotClassified.selector, 1));
        classifier.classOf(1);
        classifier.classify(1, _image(0));
        vm.assertTrue(classifier.isClassified(1));
        vm.assertEq(classifier.classOf(1), uint256(0));
    }

    function test_outputs_that_are_no_digit_are_refused() public {
        vm.expectRevert(abi.encodeWithSelector(DigitClassifier.ClassOutOfRange.selector, int32(10)));
        classifier.classify(1, _image(10));
        DigitClassifier odd = new DigitClassifier(keccak256("output u8[7]"));
        vm.expectRevert(abi.encodeWithSelector(DigitClassifier.UnexpectedOutput.selector, 7));
        odd.classify(1, _image(1));
    }

    // ------------------------------------------------------------------------------------------- ClassifierCaller

    function test_nested_inferences_store_each_class() public {
        uint256[] memory ids = new uint256[](3);
        bytes[] memory images = new bytes[](3);
        for (uint8 i = 0; i < 3; ++i) (ids[i], images[i]) = (100 + i, _image(7 - i));
        caller.classifyMany(ids, images);
        for (uint8 i = 0; i < 3; ++i) vm.assertEq(classifier.classOf(100 + i), 7 - uint256(i));
        vm.expectRevert(abi.encodeWithSelector(ClassifierCaller.LengthMismatch.selector, 3, 0));
        caller.classifyMany(ids, new bytes[](0));
    }

    function test_a_reverted_frame_leaves_no_class() public {
        vm.expectRevert(abi.encodeWithSelector(ClassifierCaller.RevertedOnPurpose.selector, 1, 4));
        caller.classifyThenRevert(1, _image(4));
        caller.classifyRolledBack(1, _image(4));
        vm.assertFalse(classifier.isClassified(1));
        _assertOutcome(1, false, ClassifierCaller.RevertedOnPurpose.selector, 68);
    }

    function test_a_caught_failure_is_recorded_and_a_success_stored() public {
        caller.classifyCaught(1, new bytes(63));
        _assertOutcome(1, false, IInference.WrongInputLength.selector, 68);
        vm.assertFalse(classifier.isClassified(1));
        caller.classifyCaught(2, _image(4));
        _assertOutcome(2, true, 0, 32);
        vm.assertEq(classifier.classOf(2), uint256(4));
    }

    function test_starved_calls_fail_without_data() public {
        caller.classifyStarved(1, _image(4), 30_000);
        _assertOutcome(1, false, 0, 0);
        vm.assertFalse(classifier.isClassified(1));
        caller.inferStarved(2, _image(4), 30_000);
        _assertOutcome(2, false, 0, 0);
        caller.classifyStarved(3, _image(4), 1_000_000);
        _assertOutcome(3, true, 0, 32);
    }

    function test_delegatecall_infers_as_usual() public {
        caller.classifyDelegated(1, _image(4));
        _assertOutcome(1, true, 0, 96);
    }

    function test_refused_value_goes_back_to_the_sender() public {
        vm.deal(ALICE, 5);
        vm.prank(ALICE);
        caller.inferWithValue{value: 5}(1, _image(4));
        _assertOutcome(1, false, IInference.ValueNotAccepted.selector, 4);
        vm.assertEq(ALICE.balance, 5);
        caller.inferWithValue(2, _image(4));
        _assertOutcome(2, true, 0, 96);
    }

    function test_each_malformation_is_answered_by_its_error() public {
        for (uint8 k = 0; k <= uint8(type(ClassifierCaller.Malformation).max); ++k) {
            ClassifierCaller.Malformation kind = ClassifierCaller.Malformation(k);
            caller.classifyMalformed(k, _image(4), kind);
            if (kind <= ClassifierCaller.Malformation.EmptyInput) {
                _assertOutcome(k, false, IInference.WrongInputLength.selector, 68);
            } else if (kind == ClassifierCaller.Malformation.UnknownModel) {
                _assertOutcome(k, false, IInference.UnknownModel.selector, 36);
            } else {
                _assertOutcome(k, false, IInference.MalformedCall.selector, 4);
            }
        }
    }

    function test_malformed_calldata_has_the_form_its_name_says() public view {
        bytes memory image = _image(4);
        bytes memory call = abi.encodeCall(IInference.infer, (CLASS_INDEX, image));
        bytes memory unusual = caller.malformed(image, ClassifierCaller.Malformation.UnusualOffset);
        vm.assertEq(unusual.length, call.length + 32);
        // The compiler's lenient decoder still finds the same arguments in it.
        (bytes32 modelId, bytes memory input) =
            abi.decode(Metis.slice(unusual, 4, unusual.length - 4), (bytes32, bytes));
        vm.assertEq(modelId, CLASS_INDEX);
        vm.assertEq(input, image);
        bytes memory dirty = caller.malformed(image, ClassifierCaller.Malformation.DirtyPadding);
        vm.assertEq(dirty.length, call.length);
        vm.assertEq(caller.malformed(image, ClassifierCaller.Malformation.Garbage), image);
        vm.assertEq(caller.malformed(image, ClassifierCaller.Malformation.EmptyCalldata), "");
        vm.assertEq(caller.malformed(image, ClassifierCaller.Malformation.TrailingBytes).length, call.length + 32);
        vm.assertEq(caller.malformed(image, ClassifierCaller.Malformation.TruncatedCalldata).length, call.length - 1);
    }

    function testFuzz_any_calldata_is_answered(bytes calldata data) public {
        caller.inferRaw(1, data);
        (bool recorded, bool success,,) = caller.outcomes(1);
        vm.assertTrue(recorded);
        vm.assertFalse(success);
    }

    function _image(uint8 digit) private pure returns (bytes memory image) {
        image = new bytes(64);
        image[0] = bytes1(digit);
    }

    function _assertOutcome(uint256 id, bool success, bytes4 selector, uint256 returnedBytes) private view {
        (bool recorded, bool succeeded, bytes4 first, uint64 length) = caller.outcomes(id);
        vm.assertTrue(recorded);
        vm.assertTrue(success == succeeded);
        vm.assertEq(bytes32(first), bytes32(selector));
        vm.assertEq(length, returnedBytes);
    }
}
