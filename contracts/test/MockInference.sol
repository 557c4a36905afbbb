// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IInference} from "../src/metis/IInference.sol";

/// @title A stand-in for the precompile, in the EVM of forge
/// @notice Its "models" answer with the first byte of the input as the class, in one of three shapes of output. It
/// keeps the precompile's failure rules as far as the contracts under test depend on them; that the real one keeps
/// them is tested in Rust.
/// @dev No storage: a DELEGATECALL must answer the same as a CALL.
contract MockInference {
    bytes32 internal constant CLASS_INDEX = keccak256("output i32[1]");
    bytes32 internal constant LOGITS_I8 = keccak256("output i8[10]");
    bytes32 internal constant LOGITS_I32 = keccak256("output i32[10]");
    bytes32 internal constant ODD_OUTPUT = keccak256("output u8[7]");
    /// @dev Its texts count: each token is one more than the one before, or some more by the seed, below its vocabulary.
    bytes32 internal constant COUNTER = keccak256("a generator");
    uint256 internal constant CONTEXT = 64;
    uint256 internal constant VOCABULARY = 50;
    uint256 internal constant INPUT_BYTES = 64;
    uint256 internal constant GAS = 50_000;

    fallback(bytes calldata call) external payable returns (bytes memory) {
        if (msg.value != 0) revert IInference.ValueNotAccepted();
        if (call.length < 4) revert IInference.MalformedCall();
        if (bytes4(call) == IInference.modelInfo.selector && call.length == 36) {
            return abi.encode(INPUT_BYTES, _output(bytes32(call[4:]), 0).length, GAS);
        }
        if (bytes4(call) == IInference.generatorInfo.selector && call.length == 36) {
            if (bytes32(call[4:]) != COUNTER) revert IInference.NotGenerative(bytes32(call[4:]));
            return abi.encode(CONTEXT, 8, VOCABULARY, GAS, GAS / 2);
        }
        if (bytes4(call) == IInference.generate.selector) return abi.encode(_generate(call[4:]));
        if (bytes4(call) != IInference.infer.selector || call.length < 100) revert IInference.MalformedCall();
        uint256 length = uint256(bytes32(call[68:100]));
        if (uint256(bytes32(call[36:68])) != 64 || length > call.length) revert IInference.MalformedCall();
        if (call.length != 100 + (length + 31) / 32 * 32) revert IInference.MalformedCall();
        for (uint256 i = 100 + length; i < call.length; ++i) {
            if (call[i] != 0) revert IInference.MalformedCall();
        }
        bytes32 modelId = bytes32(call[4:36]);
        bytes memory output = _output(modelId, length == 0 ? 0 : uint8(call[100]));
        if (length != INPUT_BYTES) revert IInference.WrongInputLength(INPUT_BYTES, length);
        if (gasleft() < GAS) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        return abi.encode(output);
    }

    /// @dev A text ends after token 49, as a model's may.
    function _generate(bytes calldata arguments) private pure returns (uint32[] memory text) {
        (bytes32 modelId, uint32[] memory tokens, uint32 count, uint32 temperature, uint32 topK, bytes32 seed) =
            abi.decode(arguments, (bytes32, uint32[], uint32, uint32, uint32, bytes32));
        if (keccak256(arguments) != keccak256(abi.encode(modelId, tokens, count, temperature, topK, seed))) {
            revert IInference.MalformedCall();
        }
        if (modelId != COUNTER) revert IInference.NotGenerative(modelId);
        if (tokens.length == 0 || count == 0) revert IInference.EmptyRequest();
        if (tokens.length + count > CONTEXT) revert IInference.TooManyTokens(tokens.length + count, CONTEXT);
        for (uint256 i = 0; i < tokens.length; ++i) {
            if (tokens[i] >= VOCABULARY) revert IInference.UnknownToken(tokens[i], VOCABULARY);
        }
        if (temperature > 64 * 65_536) revert IInference.TemperatureTooHigh(temperature);
        uint32 step = temperature == 0 ? 1 : 1 + uint32(uint256(seed) % (topK == 0 ? 5 : topK));
        text = new uint32[](count);
        uint32 token = tokens[tokens.length - 1];
        uint256 length = 0;
        while (length < count) {
            token = uint32((token + step) % VOCABULARY);
            text[length++] = token;
            if (token == 49) break;
        }
        assembly ("memory-safe") {
            mstore(text, length)
        }
    }

    function _output(bytes32 modelId, uint8 class) private pure returns (bytes memory output) {
        if (modelId == CLASS_INDEX) return abi.encodePacked(class, hex"000000");
        if (modelId == ODD_OUTPUT) return new bytes(7);
        if (modelId == LOGITS_I8) {
            output = hex"80808080808080808080"; // -128 each
            output[class % 10] = 0xff; // -1: the greatest, though the least but for the sign
            return output;
        }
        if (modelId == LOGITS_I32) {
            output = new bytes(40);
            for (uint256 i = 3; i < 40; i += 4) output[i] = 0xff; // all negative
            output[uint256(class % 10) * 4 + 1] = 0x01;
            return output;
        }
        revert IInference.UnknownModel(modelId);
    }
}
