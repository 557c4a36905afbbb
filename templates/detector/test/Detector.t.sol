// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {Detector} from "../src/Detector.sol";
import {IDetector} from "../src/IDetector.sol";
import {Samples} from "./Samples.sol";

/// @notice With a node that has the model: metisvm model register model.bundle
contract DetectorTest {
    Detector private detector;

    function setUp() public {
        MetisTest.useNode();
        detector = new Detector(Samples.MODEL, Samples.SCALE_WAD);
    }

    function test_images_that_the_model_has_not_seen() public {
        for (uint256 i = 0; i < Samples.COUNT; ++i) {
            uint8[3][] memory boxes = Samples.label(i);
            IDetector.Detection[] memory found = detector.detect(Samples.input(i));
            require(found.length == boxes.length);
            for (uint256 k = 0; k < boxes.length; ++k) require(_isAmong(boxes[k], found));
            detector.survey("here", Samples.input(i));
            for (uint256 class = 0; class < 10; ++class) {
                uint256 count = 0;
                for (uint256 k = 0; k < boxes.length; ++k) if (boxes[k][2] == class) ++count;
                require(detector.countOf("here", class) == count);
            }
        }
    }

    function test_nothing_is_on_an_empty_image() public view {
        require(detector.detect(new bytes(576)).length == 0);
    }

    /// @dev Whether something of the class was found, at most two pixels from where it is.
    function _isAmong(uint8[3] memory box, IDetector.Detection[] memory found) private pure returns (bool) {
        for (uint256 i = 0; i < found.length; ++i) {
            (int256 x, int256 y) = (found[i].left - int256(uint256(box[0])), found[i].top - int256(uint256(box[1])));
            if (found[i].class == box[2] && x * x <= 4 && y * y <= 4) return true;
        }
        return false;
    }
}
