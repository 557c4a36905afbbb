// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IInference} from "@metisvm/contracts/IInference.sol";
import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {IImageClassifier} from "../src/IImageClassifier.sol";
import {ImageClassifier} from "../src/ImageClassifier.sol";
import {Samples} from "./Samples.sol";
import {vm} from "./Vm.sol";

/// @notice With a node that has the model: metisvm model register model.bundle
contract ImageClassifierTest {
    int256 private constant LEAST_MARGIN = 1e18;
    ImageClassifier private classifier;

    function setUp() public {
        MetisTest.useNode();
        classifier = new ImageClassifier(Samples.MODEL, Samples.SCALE_WAD, LEAST_MARGIN);
    }

    function test_images_that_the_model_has_not_seen() public view {
        for (uint256 i = 0; i < Samples.COUNT; ++i) {
            (uint256 class,) = classifier.classify(Samples.input(i));
            require(class == Samples.label(i));
        }
    }

    function test_a_class_is_kept() public {
        require(classifier.record(7, Samples.input(0)) == Samples.label(0));
        require(classifier.classOf(7) == Samples.label(0));
        vm.expectRevert(abi.encodeWithSelector(IImageClassifier.NotClassified.selector, 8));
        classifier.classOf(8);
    }

    function test_an_unsure_image_is_not_recorded() public {
        // Nothing on it at all.
        bytes memory image = new bytes(64);
        (uint256 class, int256 margin) = classifier.classify(image);
        ImageClassifier strict = new ImageClassifier(Samples.MODEL, Samples.SCALE_WAD, margin + 1);
        vm.expectRevert(abi.encodeWithSelector(IImageClassifier.Unsure.selector, class, margin));
        strict.record(1, image);
    }

    function test_an_image_of_another_size_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IInference.WrongInputLength.selector, 64, 3));
        classifier.classify(hex"010203");
    }
}
