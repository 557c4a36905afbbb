// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";
import {MockInference} from "./MockInference.sol";
import {Metis} from "../src/metis/Metis.sol";
import {InferenceForwarder, InferenceOverRpc, InferenceRelay} from "../src/metis/foundry/InferenceOverRpc.sol";
import {MetisTest} from "../src/metis/foundry/MetisTest.sol";

/// @notice What MetisTest does without a node; with one, the examples for Foundry and Hardhat test it.
contract MetisTestTest is Test {
    bytes32 private constant MODEL = keccak256("a model");
    string private constant NOWHERE = "http://127.0.0.1:1";

    function test_an_answer_that_is_written_down_is_given_for_its_input_alone() public {
        MetisTest.mockInfer(MODEL, hex"0102", hex"07");
        MetisTest.mockInfer(MODEL, hex"0103", "");
        vm.assertEq(this.infer(MODEL, hex"0102"), hex"07");
        vm.assertEq(this.infer(MODEL, hex"0103"), "");
        bytes memory explained = abi.encodeWithSignature(
            "Error(string)",
            "MetisVM: this EVM has no inference precompile; run the call on a MetisVM node (eth_call or a transaction)"
        );
        vm.expectRevert(explained);
        this.infer(MODEL, hex"0104");
        vm.expectRevert(explained);
        this.infer(keccak256("another"), hex"0102");
    }

    function test_what_stands_in_already_answers_what_is_not_written_down() public {
        vm.etch(Metis.INFERENCE, address(new MockInference()).code);
        bytes32 indexed_ = keccak256("output i32[1]");
        bytes memory image = new bytes(64);
        MetisTest.mockInfer(indexed_, hex"01", hex"05000000");
        vm.assertEq(this.infer(indexed_, hex"01"), hex"05000000");
        vm.assertEq(this.infer(indexed_, image), hex"00000000");
    }

    function test_no_node_to_ask_is_said() public {
        vm.expectRevert("MetisTest: nothing answers at http://127.0.0.1:1; start a node: metisvm node");
        this.useNode(NOWHERE);
    }

    /// @notice The relay gives what the precompile would have given the caller, and the forwarder gives it on.
    function test_answers_errors_and_gas_pass_relay_and_forwarder() public {
        InferenceRelay relay = new InferenceRelay();
        vm.etch(Metis.INFERENCE, address(new MockInference()).code);
        RpcThroughRelay rpc = new RpcThroughRelay(relay);
        address forwarder = address(new InferenceForwarder(InferenceOverRpc(address(rpc))));
        bytes32 model = keccak256("output i8[10]");
        bytes memory image = new bytes(64);
        image[0] = 0x03;
        bytes[5] memory calls = [
            abi.encodeWithSignature("infer(bytes32,bytes)", model, image),
            abi.encodeWithSignature("infer(bytes32,bytes)", model, hex"01"),
            abi.encodeWithSignature("modelInfo(bytes32)", model),
            abi.encodeWithSignature("modelInfo(bytes32)", MODEL),
            hex"01"
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool ok, bytes memory answer) = Metis.INFERENCE.staticcall(calls[i]);
            uint256 before = gasleft();
            (bool forwarded, bytes memory same) = forwarder.staticcall(calls[i]);
            vm.assertGe(before - gasleft(), rpc.used(calls[i]));
            vm.assertTrue(ok == forwarded);
            vm.assertEq(answer, same);
        }
        (bool paid, bytes memory refused) = forwarder.call{value: 1}(calls[0]);
        vm.assertFalse(paid);
        vm.assertEq(refused, abi.encodeWithSignature("ValueNotAccepted()"));
    }

    /// @notice With less gas than an inference costs on the chain it runs out here, without data.
    function test_too_little_gas_is_too_little() public {
        MillionGas rpc = new MillionGas();
        address forwarder = address(new InferenceForwarder(InferenceOverRpc(address(rpc))));
        (bool ok, bytes memory data) = forwarder.staticcall{gas: 900_000}("");
        vm.assertFalse(ok);
        vm.assertEq(data, "");
        uint256 before = gasleft();
        (ok, data) = forwarder.staticcall{gas: 1_200_000}("");
        vm.assertTrue(ok);
        vm.assertEq(data, hex"2a");
        vm.assertGe(before - gasleft(), 1_000_000);
        vm.assertLe(before - gasleft(), 1_010_000);
    }

    function infer(bytes32 model, bytes calldata input) external view returns (bytes memory) {
        return Metis.infer(model, input);
    }

    function useNode(string calldata url) external {
        MetisTest.useNode(url);
    }
}

/// @dev In place of a node: runs the relay here.
contract RpcThroughRelay {
    InferenceRelay private immutable RELAY;

    constructor(InferenceRelay relay) {
        RELAY = relay;
    }

    function ask(bytes calldata data) external returns (bool ok, uint256 gas, bytes memory answer) {
        (bool relayed, bytes memory all) = address(RELAY).call(data);
        require(relayed);
        return abi.decode(all, (bool, uint256, bytes));
    }

    function used(bytes calldata data) external returns (uint256 gas) {
        (, gas,) = this.ask(data);
    }
}

/// @dev In place of a node: an inference that costs a million gas.
contract MillionGas {
    function ask(bytes calldata) external pure returns (bool, uint256, bytes memory) {
        return (true, 1_000_000, hex"2a");
    }
}
