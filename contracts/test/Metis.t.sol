// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";
import {MockInference} from "./MockInference.sol";
import {IInference} from "../src/metis/IInference.sol";
import {InferenceStub} from "../src/metis/InferenceStub.sol";
import {Metis} from "../src/metis/Metis.sol";

/// @dev A library's internal functions run in the test's own frame, where a revert cannot be expected.
contract MetisHarness {
    function infer(bytes32 id, bytes memory input) external view returns (bytes memory) {
        return Metis.infer(id, input);
    }

    function tryInfer(bytes32 id, bytes memory input) external view returns (bool, bytes memory) {
        return Metis.tryInfer(id, input);
    }

    function u8At(bytes memory data, uint256 i) external pure returns (uint8) {
        return Metis.u8At(data, i);
    }

    function i16At(bytes memory data, uint256 i) external pure returns (int16) {
        return Metis.i16At(data, i);
    }

    function i32At(bytes memory data, uint256 i) external pure returns (int32) {
        return Metis.i32At(data, i);
    }

    function slice(bytes memory data, uint256 offset, uint256 length) external pure returns (bytes memory) {
        return Metis.slice(data, offset, length);
    }

    function decodeI16(bytes memory data) external pure returns (int16[] memory) {
        return Metis.decodeI16(data);
    }

    function decodeI32(bytes memory data) external pure returns (int32[] memory) {
        return Metis.decodeI32(data);
    }

    function argmaxI8(bytes memory data) external pure returns (uint256) {
        return Metis.argmaxI8(data);
    }

    function argmaxI16(bytes memory data) external pure returns (uint256) {
        return Metis.argmaxI16(data);
    }

    function argmaxI32(bytes memory data) external pure returns (uint256) {
        return Metis.argmaxI32(data);
    }

    function quantiseU8(int256 real, uint64 num, uint64 den, uint8 zero) external pure returns (uint8) {
        return Metis.quantiseU8(real, num, den, zero);
    }
}

contract MetisTest is Test {
    MetisHarness private harness = new MetisHarness();
    bytes32 private constant CLASS_INDEX = keccak256("output i32[1]");

    function setUp() public {
        vm.etch(Metis.INFERENCE, address(new MockInference()).code);
    }

    // ------------------------------------------------------------------------------------------------- calls

    function test_infer_returns_the_output() public view {
        bytes memory input = new bytes(64);
        input[0] = 0x07;
        vm.assertEq(Metis.infer(CLASS_INDEX, input), hex"07000000");
        (bool ok, bytes memory output) = Metis.tryInfer(CLASS_INDEX, input);
        vm.assertTrue(ok);
        vm.assertEq(output, hex"07000000");
        (uint256 inputBytes, uint256 outputBytes, uint256 gasCost) = Metis.modelInfo(CLASS_INDEX);
        vm.assertEq(inputBytes, 64);
        vm.assertEq(outputBytes, 4);
        vm.assertEq(gasCost, 50_000);
    }

    function test_a_failed_infer_reverts_with_the_precompiles_error() public {
        vm.expectRevert(abi.encodeWithSelector(IInference.UnknownModel.selector, bytes32(uint256(1))));
        harness.infer(bytes32(uint256(1)), new bytes(64));
    }

    function test_a_failed_tryInfer_hands_the_error_back() public view {
        (bool ok, bytes memory data) = harness.tryInfer(CLASS_INDEX, new bytes(63));
        vm.assertFalse(ok);
        vm.assertEq(data, abi.encodeWithSelector(IInference.WrongInputLength.selector, 64, 63));
    }

    function test_too_little_gas_fails_without_data() public view {
        (bool ok, bytes memory data) = harness.tryInfer{gas: 40_000}(CLASS_INDEX, new bytes(64));
        vm.assertFalse(ok);
        vm.assertEq(data.length, 0);
    }

    function test_an_evm_without_the_precompile_is_not_taken_for_an_empty_output() public {
        vm.etch(Metis.INFERENCE, "");
        (bool ok, bytes memory data) = harness.tryInfer(CLASS_INDEX, new bytes(64));
        vm.assertFalse(ok);
        vm.assertEq(data.length, 0);
    }

    function test_the_stub_explains_itself_whatever_the_call() public {
        vm.etch(Metis.INFERENCE, address(new InferenceStub()).code);
        bytes memory reason = abi.encodeWithSignature(
            "Error(string)",
            "MetisVM: this EVM has no inference precompile; run the call on a MetisVM node (eth_call or a transaction)"
        );
        (bool ok, bytes memory data) = harness.tryInfer(CLASS_INDEX, new bytes(64));
        vm.assertFalse(ok);
        vm.assertEq(data, reason);
        (ok, data) = Metis.INFERENCE.call("");
        vm.assertFalse(ok);
        vm.assertEq(data, reason);
        vm.deal(address(this), 2);
        (ok, data) = Metis.INFERENCE.call{value: 1}("");
        vm.assertEq(data, reason);
        (ok, data) = Metis.INFERENCE.call{value: 1}(hex"01");
        vm.assertEq(data, reason);
    }

    // ------------------------------------------------------------------------------------------------ codecs

    function test_tensors_are_little_endian_and_twos_complement() public pure {
        int16[] memory shorts = new int16[](2);
        (shorts[0], shorts[1]) = (0x0102, -2);
        vm.assertEq(Metis.encodeI16(shorts), hex"0201feff");
        int32[] memory words = new int32[](2);
        (words[0], words[1]) = (0x01020304, type(int32).min);
        vm.assertEq(Metis.encodeI32(words), hex"0403020100000080");
        int8[] memory octets = new int8[](2);
        (octets[0], octets[1]) = (-1, 127);
        vm.assertEq(Metis.encodeI8(octets), hex"ff7f");
    }

    function testFuzz_u8_round_trip(uint8[] memory values) public pure {
        bytes memory data = Metis.encodeU8(values);
        vm.assertEq(data.length, values.length);
        vm.assertEq(abi.encode(Metis.decodeU8(data)), abi.encode(values));
        for (uint256 i = 0; i < values.length; ++i) vm.assertEq(uint256(Metis.u8At(data, i)), values[i]);
    }

    function testFuzz_i8_round_trip(int8[] memory values) public pure {
        bytes memory data = Metis.encodeI8(values);
        vm.assertEq(data.length, values.length);
        vm.assertEq(abi.encode(Metis.decodeI8(data)), abi.encode(values));
        for (uint256 i = 0; i < values.length; ++i) vm.assertEq(int256(Metis.i8At(data, i)), int256(values[i]));
    }

    function testFuzz_i16_round_trip(int16[] memory values) public pure {
        bytes memory data = Metis.encodeI16(values);
        vm.assertEq(data.length, values.length * 2);
        vm.assertEq(abi.encode(Metis.decodeI16(data)), abi.encode(values));
        for (uint256 i = 0; i < values.length; ++i) vm.assertEq(int256(Metis.i16At(data, i)), int256(values[i]));
    }

    function testFuzz_i32_round_trip(int32[] memory values) public pure {
        bytes memory data = Metis.encodeI32(values);
        vm.assertEq(data.length, values.length * 4);
        vm.assertEq(abi.encode(Metis.decodeI32(data)), abi.encode(values));
        for (uint256 i = 0; i < values.length; ++i) vm.assertEq(int256(Metis.i32At(data, i)), int256(values[i]));
    }

    function testFuzz_decoding_then_encoding_gives_the_same_bytes(bytes memory data) public pure {
        data = Metis.slice(data, 0, data.length / 4 * 4);
        vm.assertEq(Metis.encodeU8(Metis.decodeU8(data)), data);
        vm.assertEq(Metis.encodeI8(Metis.decodeI8(data)), data);
        vm.assertEq(Metis.encodeI16(Metis.decodeI16(data)), data);
        vm.assertEq(Metis.encodeI32(Metis.decodeI32(data)), data);
    }

    function testFuzz_partial_elements_are_refused(bytes memory data) public {
        if (data.length % 4 == 0) data = bytes.concat(data, hex"01");
        bytes memory refusal = abi.encodeWithSelector(Metis.PartialElement.selector, data.length, 4);
        vm.expectRevert(refusal);
        harness.decodeI32(data);
        vm.expectRevert(refusal);
        harness.i32At(data, 0);
        vm.expectRevert(refusal);
        harness.argmaxI32(data);
        if (data.length % 2 == 0) data = bytes.concat(data, hex"01");
        refusal = abi.encodeWithSelector(Metis.PartialElement.selector, data.length, 2);
        vm.expectRevert(refusal);
        harness.decodeI16(data);
        vm.expectRevert(refusal);
        harness.i16At(data, 0);
        vm.expectRevert(refusal);
        harness.argmaxI16(data);
    }

    function testFuzz_elements_outside_of_the_tensor_are_refused(uint256 index) public {
        bytes memory data = new bytes(16);
        if (index >= 16) {
            vm.expectRevert(abi.encodeWithSelector(Metis.TensorIndexOutOfBounds.selector, index, 16));
            harness.u8At(data, index);
        }
        if (index >= 8) {
            vm.expectRevert(abi.encodeWithSelector(Metis.TensorIndexOutOfBounds.selector, index, 8));
            harness.i16At(data, index);
        }
        if (index >= 4) {
            vm.expectRevert(abi.encodeWithSelector(Metis.TensorIndexOutOfBounds.selector, index, 4));
            harness.i32At(data, index);
        }
    }

    function testFuzz_slice_takes_just_its_range(bytes memory data, uint256 offset, uint256 length) public view {
        offset = bound(offset, 0, data.length);
        length = bound(length, 0, data.length - offset);
        bytes memory part = harness.slice(data, offset, length);
        vm.assertEq(part.length, length);
        for (uint256 i = 0; i < length; ++i) vm.assertEq(uint8(part[i]), uint256(uint8(data[offset + i])));
    }

    function testFuzz_slices_that_stick_out_are_refused(bytes memory data, uint256 offset, uint256 length) public {
        if (offset <= data.length) length = bound(length, data.length - offset + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(Metis.SliceOutOfBounds.selector, offset, length, data.length));
        harness.slice(data, offset, length);
    }

    // ------------------------------------------------------------------------------------------------ argmax

    function test_argmax_takes_the_lowest_index_among_equals() public pure {
        vm.assertEq(Metis.argmaxI8(hex"807f017f"), 1);
        vm.assertEq(Metis.argmaxI8(hex"80808080"), 0);
        vm.assertEq(Metis.argmaxI16(hex"0080ff7fff00ff7f"), 1);
        vm.assertEq(Metis.argmaxI16(hex"00800080"), 0);
        vm.assertEq(Metis.argmaxI32(hex"00000080ffffffffffffffff"), 1);
    }

    function test_argmax_of_nothing_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(Metis.EmptyTensor.selector));
        harness.argmaxI8("");
        vm.expectRevert(abi.encodeWithSelector(Metis.EmptyTensor.selector));
        harness.argmaxI16("");
        vm.expectRevert(abi.encodeWithSelector(Metis.EmptyTensor.selector));
        harness.argmaxI32("");
    }

    function testFuzz_argmaxI8_is_the_first_maximum(int8[] memory values) public pure {
        vm.assume(values.length != 0);
        uint256 best = Metis.argmaxI8(Metis.encodeI8(values));
        for (uint256 i = 0; i < values.length; ++i) {
            vm.assertTrue(i < best ? values[i] < values[best] : values[i] <= values[best]);
        }
    }

    function testFuzz_argmaxI16_is_the_first_maximum(int16[] memory values) public pure {
        vm.assume(values.length != 0);
        uint256 best = Metis.argmaxI16(Metis.encodeI16(values));
        for (uint256 i = 0; i < values.length; ++i) {
            vm.assertTrue(i < best ? values[i] < values[best] : values[i] <= values[best]);
        }
    }

    function testFuzz_argmaxI32_is_the_first_maximum(int32[] memory values) public pure {
        vm.assume(values.length != 0);
        uint256 best = Metis.argmaxI32(Metis.encodeI32(values));
        for (uint256 i = 0; i < values.length; ++i) {
            vm.assertTrue(i < best ? values[i] < values[best] : values[i] <= values[best]);
        }
    }

    // ------------------------------------------------------------------------------------------ quantisation

    function test_quantisation_rounds_half_up_and_clamps() public pure {
        // Scale 1/2: one step is 0.5.
        vm.assertEq(uint256(Metis.quantiseU8(1e18, 1, 2, 10)), 12);
        vm.assertEq(uint256(Metis.quantiseU8(1.25e18, 1, 2, 10)), 13); // 2.5 steps
        vm.assertEq(uint256(Metis.quantiseU8(1.25e18 - 1, 1, 2, 10)), 12);
        vm.assertEq(uint256(Metis.quantiseU8(-1.25e18, 1, 2, 10)), 8); // -2.5 steps round up to -2
        vm.assertEq(uint256(Metis.quantiseU8(-1.25e18 - 1, 1, 2, 10)), 7);
        vm.assertEq(uint256(Metis.quantiseU8(-100e18, 1, 2, 10)), 0);
        vm.assertEq(uint256(Metis.quantiseU8(1000e18, 1, 2, 10)), 255);
        vm.assertEq(int256(Metis.quantiseI8(-64e18, 1, 2, 0)), -128);
        vm.assertEq(int256(Metis.quantiseI8(-64.5e18, 1, 2, 0)), -128);
        vm.assertEq(int256(Metis.quantiseI8(63.5e18, 1, 2, 0)), 127);
        vm.assertEq(int256(Metis.quantiseI8(64e18, 1, 2, 0)), 127);
        vm.assertEq(int256(Metis.quantiseI8(0, 1, 2, -7)), -7);
        vm.assertEq(int256(Metis.quantiseI16(-1.25e18, 1, 2)), -2);
        vm.assertEq(int256(Metis.quantiseI16(-1.25e18 - 1, 1, 2)), -3);
        vm.assertEq(int256(Metis.quantiseI16(16383.25e18, 1, 2)), 32767);
        vm.assertEq(int256(Metis.quantiseI16(type(int256).max, 1, 2)), 32767);
        vm.assertEq(int256(Metis.quantiseI16(-16384e18, 1, 2)), -32768);
        vm.assertEq(int256(Metis.quantiseI16(type(int256).min, 1, 2)), -32768);
    }

    function test_quantisation_never_overflows() public pure {
        uint64 most = type(uint64).max;
        vm.assertEq(uint256(Metis.quantiseU8(type(int256).max, most, 1, 255)), 255);
        vm.assertEq(uint256(Metis.quantiseU8(type(int256).min, most, 1, 255)), 0);
        vm.assertEq(int256(Metis.quantiseI8(type(int256).max, 1, most, -128)), 127);
        vm.assertEq(int256(Metis.quantiseI8(type(int256).min, 1, most, 127)), -128);
        // Far beyond 64 bits, and still less than half a step of the widest scale.
        vm.assertEq(int256(Metis.quantiseI8(int256(1) << 120, most, 1, 5)), 5);
        // Next to the limit beyond which the arithmetic is skipped.
        vm.assertEq(int256(Metis.quantiseI8((int256(1) << 185) - 1, most, 1, -128)), 127);
        vm.assertEq(int256(Metis.quantiseI8(1 - (int256(1) << 185), 1, most, 127)), -128);
    }

    function testFuzz_the_quantised_value_is_the_nearest(int160 realWad, uint64 num, uint64 den, uint8 zero)
        public
        pure
    {
        (num, den) = (num == 0 ? 1 : num, den == 0 ? 1 : den);
        int256 value = int256(uint256(Metis.quantiseU8(realWad, num, den, zero)));
        // twice the distance from real to (value - zero) · num/den, in units of 1/(WAD · den)
        int256 exact = int256(realWad) * int256(uint256(den));
        int256 step = 1e18 * int256(uint256(num));
        int256 distance = 2 * (exact - (value - int256(uint256(zero))) * step);
        // Half up: the real number lies in [value - 1/2, value + 1/2), unless the clamp stands in between.
        vm.assertTrue(distance >= -step || value == 0);
        vm.assertTrue(distance < step || value == 255);
    }

    function testFuzz_i8_is_u8_moved_by_128(int256 realWad, uint64 num, uint64 den, uint8 zero) public pure {
        (num, den) = (num == 0 ? 1 : num, den == 0 ? 1 : den);
        int256 unsigned = int256(uint256(Metis.quantiseU8(realWad, num, den, zero)));
        int8 signedZero = int8(int256(uint256(zero)) - 128);
        vm.assertEq(int256(Metis.quantiseI8(realWad, num, den, signedZero)), unsigned - 128);
    }

    function test_arrays_quantise_element_by_element() public pure {
        int256[] memory reals = new int256[](3);
        (reals[0], reals[1], reals[2]) = (-1e18, 0, 1e18);
        vm.assertEq(Metis.quantiseU8(reals, 1, 100, 128), hex"1c80e4");
        vm.assertEq(Metis.quantiseI8(reals, 1, 100, 0), hex"9c0064");
        vm.assertEq(Metis.quantiseI16(reals, 1, 100), hex"9cff00006400");
    }

    function test_a_scale_of_zero_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(Metis.InvalidScale.selector, 0, 1));
        harness.quantiseU8(1, 0, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(Metis.InvalidScale.selector, 1, 0));
        harness.quantiseU8(1, 1, 0, 0);
    }
}
