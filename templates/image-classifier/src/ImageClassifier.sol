// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "@metisvm/contracts/Metis.sol";
import {IImageClassifier} from "./IImageClassifier.sol";

/// @title Classifies images, and keeps the classes of those of which the model is sure
/// @notice The model gives one i16 a class: logits.
contract ImageClassifier is IImageClassifier {
    bytes32 public immutable MODEL;

    /// @notice What one step of a logit is, times 1e18: `output.logits.scale` of the bundle.
    int256 public immutable SCALE_WAD;

    /// @notice Margin that an image needs to be recorded.
    int256 public immutable LEAST_MARGIN_WAD;

    /// @dev Class plus one; zero stands for an id that has none.
    mapping(uint256 id => uint256 classPlusOne) private classes;

    constructor(bytes32 model, int256 scaleWad, int256 leastMarginWad) {
        (MODEL, SCALE_WAD, LEAST_MARGIN_WAD) = (model, scaleWad, leastMarginWad);
    }

    function classify(bytes calldata image) public view returns (uint256 class, int256 marginWad) {
        int16[] memory logits = Metis.decodeI16(Metis.infer(MODEL, image));
        int256 greatest = type(int256).min;
        int256 second = type(int256).min;
        for (uint256 i = 0; i < logits.length; ++i) {
            if (logits[i] > greatest) {
                (second, greatest, class) = (greatest, logits[i], i);
            } else if (logits[i] > second) {
                second = logits[i];
            }
        }
        marginWad = (greatest - second) * SCALE_WAD;
    }

    function record(uint256 id, bytes calldata image) external returns (uint256 class) {
        int256 marginWad;
        (class, marginWad) = classify(image);
        if (marginWad < LEAST_MARGIN_WAD) revert Unsure(class, marginWad);
        classes[id] = class + 1;
        emit Classified(id, class, marginWad);
    }

    function classOf(uint256 id) external view returns (uint256 class) {
        if (classes[id] == 0) revert NotClassified(id);
        return classes[id] - 1;
    }
}
