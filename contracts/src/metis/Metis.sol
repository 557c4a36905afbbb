// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IInference} from "./IInference.sol";

/// @title Calling MetisVM's inference precompile from Solidity
/// @notice Typed calls of models and of those that generate texts, tensor codecs, argmax and quantisation. Everything is `internal`: a contract that uses the
/// library carries the few functions it uses, and nothing has to be deployed or linked.
/// @dev Tensors are little-endian and two's complement, as the precompile takes and gives them. An output of several
/// tensors is their concatenation: cut it with `slice` first, then decode each part with its own type.
library Metis {
    /// @notice Address of the inference precompile.
    /// @dev System addresses of MetisVM start with "METI" in ASCII (4D 45 54 49) and end in a counter. That keeps
    /// them out of the low range where Ethereum and its rollups place precompiles, and easy to spot in a trace.
    address internal constant INFERENCE = address(0x4D45544900000000000000000000000000000001);

    /// @notice Address of the model registry, an ordinary contract that genesis places there.
    address internal constant REGISTRY = address(0x4D45544900000000000000000000000000000002);

    /// @notice A temperature of 1, at which tokens are as likely as the model says.
    uint32 internal constant TEMPERATURE_ONE = 65_536;

    /// @dev One in the fixed-point numbers that the quantisation functions take.
    int256 internal constant WAD = 1e18;

    /// @dev Beyond this magnitude every scale saturates: |real| · denominator ≥ 2^185, while 512 steps of the widest
    /// scale are 2^9 · 10^18 · 2^64 < 2^133. Below it, 2 · real · denominator stays under 2^250. So saturation
    /// needs no wide arithmetic and no input can overflow.
    int256 private constant SATURATION = int256(1) << 185;

    /// @notice The element lies outside of the tensor.
    error TensorIndexOutOfBounds(uint256 index, uint256 count);

    /// @notice The range [offset, offset + length) does not lie inside of the data.
    error SliceOutOfBounds(uint256 offset, uint256 length, uint256 available);

    /// @notice The data is not a whole number of elements.
    error PartialElement(uint256 length, uint256 elementBytes);

    /// @notice An argmax of nothing has no answer.
    error EmptyTensor();

    /// @notice A scale must be a positive rational number.
    error InvalidScale(uint64 numerator, uint64 denominator);

    // ---------------------------------------------------------------------------------------------------- calls

    /// @notice Runs a model; a revert of the precompile reverts the caller with the same data.
    function infer(bytes32 modelId, bytes memory input) internal view returns (bytes memory output) {
        return IInference(INFERENCE).infer(modelId, input);
    }

    /// @notice Runs a model and hands a failure back instead of reverting.
    /// @return ok Whether the model ran.
    /// @return data The output if it did, else the revert data (one of IInference's errors).
    /// @dev Failure with empty data means that the call ran out of gas. Whoever sends the transaction can bring that
    /// about (a call gets at most 63/64 of what is left), so never read it as a statement about the input.
    function tryInfer(bytes32 modelId, bytes memory input) internal view returns (bool ok, bytes memory data) {
        (ok, data) = INFERENCE.staticcall(abi.encodeCall(IInference.infer, (modelId, input)));
        if (!ok) return (false, data);
        // An address without code "succeeds" with nothing: an EVM that lacks the precompile must not look like a
        // model with an empty output.
        if (data.length < 64) return (false, "");
        return (true, abi.decode(data, (bytes)));
    }

    /// @notice Sizes and price of a registered model.
    function modelInfo(bytes32 modelId)
        internal
        view
        returns (uint256 inputBytes, uint256 outputBytes, uint256 gasCost)
    {
        return IInference(INFERENCE).modelInfo(modelId);
    }

    // ---------------------------------------------------------------------------------------------------- texts

    /// @notice Goes on with a text by the most likely token each time.
    /// @param tokens The text so far; one token at least.
    /// @param count How many tokens to generate, at most: fewer come where the model ends the text.
    function greedy(bytes32 modelId, uint32[] memory tokens, uint32 count)
        internal
        view
        returns (uint32[] memory generated)
    {
        return IInference(INFERENCE).generate(modelId, tokens, count, 0, 0, 0);
    }

    /// @notice Goes on with a text by chance.
    /// @param temperature In 65,536ths (see `TEMPERATURE_ONE`): the higher, the less likely tokens may come.
    /// @param topK Among how many of the most likely tokens is chosen; 0 among all.
    /// @param seed What chance is drawn from. With the same seed a text that is continued later goes on as it would
    /// have. Whoever knows the seed knows the text before it is there.
    function sample(
        bytes32 modelId,
        uint32[] memory tokens,
        uint32 count,
        uint32 temperature,
        uint32 topK,
        bytes32 seed
    ) internal view returns (uint32[] memory generated) {
        return IInference(INFERENCE).generate(modelId, tokens, count, temperature, topK, seed);
    }

    /// @notice Sizes and prices of a model that generates; see `IInference.generatorInfo`.
    function generatorInfo(bytes32 modelId)
        internal
        view
        returns (uint32 context, uint32 chunk, uint32 vocabulary, uint256 prefillGas, uint256 decodeGas)
    {
        return IInference(INFERENCE).generatorInfo(modelId);
    }

    /// @notice One text after the other: `first`, then `second`.
    function concat(uint32[] memory first, uint32[] memory second) internal pure returns (uint32[] memory both) {
        both = new uint32[](first.length + second.length);
        for (uint256 i = 0; i < first.length; ++i) both[i] = first[i];
        for (uint256 i = 0; i < second.length; ++i) both[first.length + i] = second[i];
    }

    // --------------------------------------------------------------------------------------------- one element

    /// @notice Element `index` of a u8 tensor.
    function u8At(bytes memory data, uint256 index) internal pure returns (uint8) {
        if (index >= data.length) revert TensorIndexOutOfBounds(index, data.length);
        return uint8(data[index]);
    }

    /// @notice Element `index` of an i8 tensor.
    function i8At(bytes memory data, uint256 index) internal pure returns (int8) {
        return int8(u8At(data, index));
    }

    /// @notice Element `index` of an i16 tensor.
    function i16At(bytes memory data, uint256 index) internal pure returns (int16) {
        uint256 count = _count(data, 2);
        if (index >= count) revert TensorIndexOutOfBounds(index, count);
        return int16(uint16(_loadLittleEndian(data, index * 2, 2)));
    }

    /// @notice Element `index` of an i32 tensor.
    function i32At(bytes memory data, uint256 index) internal pure returns (int32) {
        uint256 count = _count(data, 4);
        if (index >= count) revert TensorIndexOutOfBounds(index, count);
        return int32(uint32(_loadLittleEndian(data, index * 4, 4)));
    }

    // ------------------------------------------------------------------------------------------ whole tensors

    /// @notice The bytes [offset, offset + length) of `data`: one tensor out of several.
    function slice(bytes memory data, uint256 offset, uint256 length) internal pure returns (bytes memory part) {
        // Written as a subtraction because offset + length may overflow.
        if (offset > data.length || length > data.length - offset) {
            revert SliceOutOfBounds(offset, length, data.length);
        }
        part = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(part, 0x20), add(add(data, 0x20), offset), length)
        }
    }

    /// @notice Decodes a u8 tensor.
    function decodeU8(bytes memory data) internal pure returns (uint8[] memory values) {
        values = new uint8[](data.length);
        for (uint256 i = 0; i < values.length; ++i) values[i] = uint8(data[i]);
    }

    /// @notice Decodes an i8 tensor.
    function decodeI8(bytes memory data) internal pure returns (int8[] memory values) {
        values = new int8[](data.length);
        for (uint256 i = 0; i < values.length; ++i) values[i] = int8(uint8(data[i]));
    }

    /// @notice Decodes an i16 tensor.
    function decodeI16(bytes memory data) internal pure returns (int16[] memory values) {
        values = new int16[](_count(data, 2));
        for (uint256 i = 0; i < values.length; ++i) {
            values[i] = int16(uint16(_loadLittleEndian(data, i * 2, 2)));
        }
    }

    /// @notice Decodes an i32 tensor.
    function decodeI32(bytes memory data) internal pure returns (int32[] memory values) {
        values = new int32[](_count(data, 4));
        for (uint256 i = 0; i < values.length; ++i) {
            values[i] = int32(uint32(_loadLittleEndian(data, i * 4, 4)));
        }
    }

    /// @notice Encodes a u8 tensor.
    function encodeU8(uint8[] memory values) internal pure returns (bytes memory data) {
        data = new bytes(values.length);
        for (uint256 i = 0; i < values.length; ++i) data[i] = bytes1(values[i]);
    }

    /// @notice Encodes an i8 tensor.
    function encodeI8(int8[] memory values) internal pure returns (bytes memory data) {
        data = new bytes(values.length);
        for (uint256 i = 0; i < values.length; ++i) data[i] = bytes1(uint8(values[i]));
    }

    /// @notice Encodes an i16 tensor.
    function encodeI16(int16[] memory values) internal pure returns (bytes memory data) {
        data = new bytes(values.length * 2);
        for (uint256 i = 0; i < values.length; ++i) {
            _storeLittleEndian(data, i * 2, 2, uint16(values[i]));
        }
    }

    /// @notice Encodes an i32 tensor.
    function encodeI32(int32[] memory values) internal pure returns (bytes memory data) {
        data = new bytes(values.length * 4);
        for (uint256 i = 0; i < values.length; ++i) {
            _storeLittleEndian(data, i * 4, 4, uint32(values[i]));
        }
    }

    // ------------------------------------------------------------------------------------------------- argmax

    /// @notice Index of the greatest element of an i8 tensor; the lowest index among equals.
    function argmaxI8(bytes memory data) internal pure returns (uint256 best) {
        if (data.length == 0) revert EmptyTensor();
        int8 greatest = int8(uint8(data[0]));
        for (uint256 i = 1; i < data.length; ++i) {
            int8 value = int8(uint8(data[i]));
            if (value > greatest) (greatest, best) = (value, i);
        }
    }

    /// @notice Index of the greatest element of an i16 tensor; the lowest index among equals.
    /// @dev Vocabularies have tens of thousands of elements, so each costs as little as it can.
    function argmaxI16(bytes memory data) internal pure returns (uint256 best) {
        uint256 count = _count(data, 2);
        if (count == 0) revert EmptyTensor();
        int256 greatest = type(int256).min;
        assembly ("memory-safe") {
            let from := add(data, 0x20)
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                // The two bytes, which come the lower one first.
                let pair := shr(240, mload(add(from, shl(1, i))))
                let value := signextend(1, or(shr(8, pair), shl(8, and(pair, 0xff))))
                if sgt(value, greatest) {
                    greatest := value
                    best := i
                }
            }
        }
    }

    /// @notice Index of the greatest element of an i32 tensor; the lowest index among equals.
    function argmaxI32(bytes memory data) internal pure returns (uint256 best) {
        uint256 count = _count(data, 4);
        if (count == 0) revert EmptyTensor();
        int32 greatest = int32(uint32(_loadLittleEndian(data, 0, 4)));
        for (uint256 i = 1; i < count; ++i) {
            int32 value = int32(uint32(_loadLittleEndian(data, i * 4, 4)));
            if (value > greatest) (greatest, best) = (value, i);
        }
    }

    // ------------------------------------------------------------------------------------------- quantisation

    /// @notice Quantises a real number to u8: clamp(zeroPoint + floor(real / scale + 1/2), 0, 255).
    /// @param realWad The real number times 10^18.
    /// @param scaleNumerator Numerator of the input's scale (the real width of one integer step); not zero.
    /// @param scaleDenominator Denominator of the scale; not zero.
    /// @param zeroPoint The integer that stands for the real number 0.
    /// @dev Half up, towards +infinity for negative numbers too, as the models themselves requantise. An exporter
    /// that rounds half to even differs by one step exactly half way between two steps.
    function quantiseU8(int256 realWad, uint64 scaleNumerator, uint64 scaleDenominator, uint8 zeroPoint)
        internal
        pure
        returns (uint8)
    {
        int256 steps = _steps(realWad, scaleNumerator, scaleDenominator);
        return uint8(uint256(_clamp(steps, int256(uint256(zeroPoint)), 0, 255)));
    }

    /// @notice Quantises a real number to i8: clamp(zeroPoint + floor(real / scale + 1/2), -128, 127).
    /// @dev See `quantiseU8` for the parameters.
    function quantiseI8(int256 realWad, uint64 scaleNumerator, uint64 scaleDenominator, int8 zeroPoint)
        internal
        pure
        returns (int8)
    {
        int256 steps = _steps(realWad, scaleNumerator, scaleDenominator);
        return int8(_clamp(steps, int256(zeroPoint), -128, 127));
    }

    /// @notice Quantises a real number to i16, whose grids have no zero point:
    /// clamp(floor(real / scale + 1/2), -32768, 32767).
    /// @dev See `quantiseU8` for the parameters.
    function quantiseI16(int256 realWad, uint64 scaleNumerator, uint64 scaleDenominator)
        internal
        pure
        returns (int16)
    {
        int256 steps = _steps(realWad, scaleNumerator, scaleDenominator);
        return int16(_clamp(steps, 0, type(int16).min, type(int16).max));
    }

    /// @notice Quantises real numbers to an encoded u8 tensor, ready to be an input.
    function quantiseU8(int256[] memory realsWad, uint64 scaleNumerator, uint64 scaleDenominator, uint8 zeroPoint)
        internal
        pure
        returns (bytes memory data)
    {
        data = new bytes(realsWad.length);
        for (uint256 i = 0; i < realsWad.length; ++i) {
            data[i] = bytes1(quantiseU8(realsWad[i], scaleNumerator, scaleDenominator, zeroPoint));
        }
    }

    /// @notice Quantises real numbers to an encoded i8 tensor, ready to be an input.
    function quantiseI8(int256[] memory realsWad, uint64 scaleNumerator, uint64 scaleDenominator, int8 zeroPoint)
        internal
        pure
        returns (bytes memory data)
    {
        data = new bytes(realsWad.length);
        for (uint256 i = 0; i < realsWad.length; ++i) {
            data[i] = bytes1(uint8(quantiseI8(realsWad[i], scaleNumerator, scaleDenominator, zeroPoint)));
        }
    }

    /// @notice Quantises real numbers to an encoded i16 tensor, ready to be an input.
    function quantiseI16(int256[] memory realsWad, uint64 scaleNumerator, uint64 scaleDenominator)
        internal
        pure
        returns (bytes memory data)
    {
        data = new bytes(realsWad.length * 2);
        for (uint256 i = 0; i < realsWad.length; ++i) {
            _storeLittleEndian(data, i * 2, 2, uint16(quantiseI16(realsWad[i], scaleNumerator, scaleDenominator)));
        }
    }

    // ------------------------------------------------------------------------------------------------ private

    /// @dev floor(real / scale + 1/2), or the limits of int16 where the exact value lies far outside of 8 bits.
    function _steps(int256 realWad, uint64 numerator, uint64 denominator) private pure returns (int256) {
        if (numerator == 0 || denominator == 0) revert InvalidScale(numerator, denominator);
        if (realWad >= SATURATION) return type(int16).max;
        if (realWad <= -SATURATION) return type(int16).min;
        // real / scale + 1/2 = (2 · realWad · den + WAD · num) / (2 · WAD · num)
        int256 half = WAD * int256(uint256(numerator));
        int256 dividend = 2 * realWad * int256(uint256(denominator)) + half;
        int256 divisor = 2 * half;
        int256 quotient = dividend / divisor;
        // Solidity rounds towards zero; the floor of a negative inexact quotient lies one below.
        if (dividend % divisor < 0) --quotient;
        return quotient;
    }

    function _clamp(int256 steps, int256 zeroPoint, int256 low, int256 high) private pure returns (int256) {
        int256 value = steps + zeroPoint;
        if (value < low) return low;
        return value > high ? high : value;
    }

    function _count(bytes memory data, uint256 elementBytes) private pure returns (uint256) {
        if (data.length % elementBytes != 0) revert PartialElement(data.length, elementBytes);
        return data.length / elementBytes;
    }

    /// @dev The checked index `data[...]` is the bounds check.
    function _loadLittleEndian(bytes memory data, uint256 offset, uint256 width) private pure returns (uint256 value) {
        for (uint256 i = width; i > 0; --i) value = (value << 8) | uint8(data[offset + i - 1]);
    }

    function _storeLittleEndian(bytes memory data, uint256 offset, uint256 width, uint256 value) private pure {
        for (uint256 i = 0; i < width; ++i) data[offset + i] = bytes1(uint8(value >> (8 * i)));
    }
}
