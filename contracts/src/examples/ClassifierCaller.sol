// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IInference} from "../metis/IInference.sol";
import {Metis} from "../metis/Metis.sol";
import {DigitClassifier} from "./DigitClassifier.sol";

/// @title Inference in every awkward position of a transaction
/// @notice Nested, reverted, starved of gas, malformed, with value, by DELEGATECALL. What became of the call is
/// recorded under an id, so that it is part of the state root and every engine has to agree on it.
/// @dev Gas figures never go into the record: they are in the receipts anyway, and a record of them would have to
/// change with every fork of the schedule.
contract ClassifierCaller {
    /// @notice Ways of calling the precompile wrongly.
    enum Malformation {
        InputTooShort, // the image without its last byte
        InputTooLong, // the image and one byte more
        EmptyInput, // a well-formed call with no input
        UnknownModel, // the complement of the registered model id
        UnknownSelector, // right arguments, a function that does not exist
        EmptyCalldata,
        SelectorOnly,
        TruncatedCalldata, // the last byte of the last word is missing
        TrailingBytes, // a word too many after the last argument
        OffsetBeyondCalldata, // the offset of the input is 2^256 - 1
        LengthBeyondCalldata, // the length of the input is 2^256 - 1
        UnusualOffset, // the input sits one word later than the canonical encoding puts it
        DirtyPadding, // the padding after the input is not zero
        Garbage // the image itself as calldata
    }

    /// @notice What a call came back with.
    /// @param recorded Tells a record from an id that was never used.
    /// @param success Whether the call succeeded.
    /// @param selector First four bytes of what a failed call returned; zero if it returned fewer (out of gas).
    /// @param returnedBytes Length of what the call returned.
    struct Outcome {
        bool recorded;
        bool success;
        bytes4 selector;
        uint64 returnedBytes;
    }

    /// @notice The classifier that the nested calls go to.
    DigitClassifier public classifier;

    /// @notice What became of the call with each id.
    mapping(uint256 id => Outcome) public outcomes;

    event OutcomeRecorded(uint256 indexed id, bool success, bytes4 selector, uint256 returnedBytes);

    error LengthMismatch(uint256 ids, uint256 images);
    error RefundFailed(address to);
    error RevertedOnPurpose(uint256 id, uint8 class);

    constructor(DigitClassifier classifier_) {
        classifier = classifier_;
    }

    // ---------------------------------------------------------------------------------- through the classifier

    /// @notice Several inferences in one transaction; one that fails reverts all.
    function classifyMany(uint256[] calldata ids, bytes[] calldata images) external {
        if (ids.length != images.length) revert LengthMismatch(ids.length, images.length);
        for (uint256 i = 0; i < ids.length; ++i) classifier.classify(ids[i], images[i]);
    }

    /// @notice Reverts after a successful inference: the work was done and paid for, the class is not stored.
    function classifyThenRevert(uint256 id, bytes calldata image) public {
        revert RevertedOnPurpose(id, classifier.classify(id, image));
    }

    /// @notice The same in an inner frame: the transaction succeeds, and only what the inner frame did is undone.
    function classifyRolledBack(uint256 id, bytes calldata image) external {
        try this.classifyThenRevert(id, image) {
            _record(id, true, "");
        } catch (bytes memory reason) {
            _record(id, false, reason);
        }
    }

    /// @notice A failure of the classifier is caught and recorded; a success stores the class as usual.
    function classifyCaught(uint256 id, bytes calldata image) external {
        try classifier.classify(id, image) returns (uint8 class) {
            _record(id, true, abi.encode(class));
        } catch (bytes memory reason) {
            _record(id, false, reason);
        }
    }

    /// @notice The classifier gets at most `gasLimit`; running out of it is caught and recorded.
    function classifyStarved(uint256 id, bytes calldata image, uint256 gasLimit) external {
        try classifier.classify{gas: gasLimit}(id, image) returns (uint8 class) {
            _record(id, true, abi.encode(class));
        } catch (bytes memory reason) {
            _record(id, false, reason);
        }
    }

    // ---------------------------------------------------------------------------------- straight to the precompile

    /// @notice The precompile itself gets at most `gasLimit`.
    function inferStarved(uint256 id, bytes calldata image, uint256 gasLimit) external {
        (bool ok, bytes memory data) = Metis.INFERENCE.staticcall{gas: gasLimit}(_wellFormed(image));
        _record(id, ok, data);
    }

    /// @notice Calls by CALL and passes on whatever value came along; the precompile accepts only none.
    function inferWithValue(uint256 id, bytes calldata image) external payable {
        (bool ok, bytes memory data) = Metis.INFERENCE.call{value: msg.value}(_wellFormed(image));
        _record(id, ok, data);
        // Refused ether belongs to the sender, not to this contract. Sent last: the sender may be a contract.
        if (!ok && msg.value != 0) {
            (bool returned,) = msg.sender.call{value: msg.value}("");
            if (!returned) revert RefundFailed(msg.sender);
        }
    }

    /// @notice Calls by DELEGATECALL: an ordinary inference, since the precompile looks at neither its own storage
    /// nor its caller.
    function classifyDelegated(uint256 id, bytes calldata image) external {
        (bool ok, bytes memory data) = Metis.INFERENCE.delegatecall(_wellFormed(image));
        _record(id, ok, data);
    }

    /// @notice Calls the precompile in one of the wrong ways and records the error it answers with.
    function classifyMalformed(uint256 id, bytes calldata image, Malformation kind) external {
        _inferRaw(id, malformed(image, kind));
    }

    /// @notice Calls the precompile with any calldata at all.
    function inferRaw(uint256 id, bytes calldata data) external {
        _inferRaw(id, data);
    }

    /// @notice The calldata of a wrong call.
    function malformed(bytes calldata image, Malformation kind) public view returns (bytes memory) {
        bytes4 selector = IInference.infer.selector;
        bytes32 modelId = classifier.modelId();
        bytes memory call = abi.encodeCall(IInference.infer, (modelId, image));
        if (kind == Malformation.InputTooShort) {
            return abi.encodeCall(IInference.infer, (modelId, image[:image.length - 1]));
        }
        if (kind == Malformation.InputTooLong) {
            return abi.encodeCall(IInference.infer, (modelId, bytes.concat(image, hex"00")));
        }
        if (kind == Malformation.EmptyInput) return abi.encodeCall(IInference.infer, (modelId, ""));
        if (kind == Malformation.UnknownModel) return abi.encodeCall(IInference.infer, (~modelId, image));
        if (kind == Malformation.UnknownSelector) return abi.encodeWithSelector(~selector, modelId, image);
        if (kind == Malformation.EmptyCalldata) return "";
        if (kind == Malformation.SelectorOnly) return abi.encodePacked(selector);
        if (kind == Malformation.TruncatedCalldata) return Metis.slice(call, 0, call.length - 1);
        if (kind == Malformation.TrailingBytes) return bytes.concat(call, bytes32(0));
        if (kind == Malformation.OffsetBeyondCalldata) {
            return abi.encodePacked(selector, modelId, type(uint256).max, image.length, image);
        }
        if (kind == Malformation.LengthBeyondCalldata) {
            return abi.encodePacked(selector, modelId, uint256(64), type(uint256).max, image);
        }
        if (kind == Malformation.UnusualOffset) {
            // The words from the length on move by one; what is left between them is zero.
            bytes memory tail = Metis.slice(call, 68, call.length - 68);
            return abi.encodePacked(selector, modelId, uint256(96), uint256(0), tail);
        }
        if (kind == Malformation.DirtyPadding) {
            // An image of whole words has no padding: then drop its last byte, which makes one byte of it.
            bytes calldata padded = image.length % 32 == 0 && image.length != 0 ? image[:image.length - 1] : image;
            call = abi.encodeCall(IInference.infer, (modelId, padded));
            if (padded.length != 0) call[call.length - 1] = 0xff;
            return call;
        }
        return image;
    }

    // -------------------------------------------------------------------------------------------------- private

    function _wellFormed(bytes calldata image) private view returns (bytes memory) {
        return abi.encodeCall(IInference.infer, (classifier.modelId(), image));
    }

    function _inferRaw(uint256 id, bytes memory data) private {
        (bool ok, bytes memory returned) = Metis.INFERENCE.staticcall(data);
        _record(id, ok, returned);
    }

    function _record(uint256 id, bool success, bytes memory returned) private {
        // A success starts with data, not with a selector.
        bytes4 selector = success || returned.length < 4 ? bytes4(0) : bytes4(returned);
        outcomes[id] = Outcome(true, success, selector, uint64(returned.length));
        emit OutcomeRecorded(id, success, selector, returned.length);
    }
}
