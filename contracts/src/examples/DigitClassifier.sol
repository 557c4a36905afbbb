// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "../metis/Metis.sol";

/// @title Classifies images of handwritten digits and keeps the class of each
/// @notice The image is the model's raw input; its length and meaning are the model's (see IInference.modelInfo).
/// @dev Three shapes of output are understood, told apart by their length: i32[1] (4 bytes) is the class itself,
/// i8[10] (10 bytes) and i32[10] (40 bytes) are logits, of which the greatest wins.
///
/// Each id has a slot of its own and nothing is counted across ids, so that transactions on different ids do not
/// conflict and a parallel executor can run them side by side.
contract DigitClassifier {
    uint256 private constant CLASSES = 10;

    /// @notice The model; in storage, not an immutable, so that genesis can place the runtime code and this slot.
    bytes32 public modelId;

    /// @dev Class plus one; zero stands for an id that was never classified.
    mapping(uint256 id => uint256 classPlusOne) private classes;

    event Classified(uint256 indexed id, uint8 class);

    error NotClassified(uint256 id);
    error UnexpectedOutput(uint256 length);
    error ClassOutOfRange(int32 class);

    constructor(bytes32 modelId_) {
        modelId = modelId_;
    }

    /// @notice Classifies an image and stores its class under `id`, over an earlier one if there is any.
    function classify(uint256 id, bytes calldata image) external returns (uint8 class) {
        class = _classOf(Metis.infer(modelId, image));
        classes[id] = uint256(class) + 1;
        emit Classified(id, class);
    }

    /// @notice Classifies an image and stores nothing: for eth_call.
    function preview(bytes calldata image) external view returns (uint8 class) {
        return _classOf(Metis.infer(modelId, image));
    }

    /// @notice The stored class of `id`.
    function classOf(uint256 id) external view returns (uint8 class) {
        uint256 classPlusOne = classes[id];
        if (classPlusOne == 0) revert NotClassified(id);
        return uint8(classPlusOne - 1);
    }

    /// @notice Whether `id` has a class.
    function isClassified(uint256 id) external view returns (bool) {
        return classes[id] != 0;
    }

    function _classOf(bytes memory output) private pure returns (uint8) {
        if (output.length == 4) {
            int32 class = Metis.i32At(output, 0);
            if (class < 0 || class >= int32(int256(CLASSES))) revert ClassOutOfRange(class);
            return uint8(uint32(class));
        }
        if (output.length == CLASSES) return uint8(Metis.argmaxI8(output));
        if (output.length == 4 * CLASSES) return uint8(Metis.argmaxI32(output));
        revert UnexpectedOutput(output.length);
    }
}
