// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IInference} from "../IInference.sol";
import {Metis} from "../Metis.sol";
import {cheats} from "./Cheats.sol";

/// @title What the node executes in place of a contract's call
/// @notice Calls the precompile with the same data and always succeeds, so that revert data, which `vm.rpc` would
/// turn into words, comes back as it is.
/// @dev Lies nowhere: `eth_call` is given its code as a state override.
contract InferenceRelay {
    fallback(bytes calldata data) external returns (bytes memory) {
        bytes memory copy = data;
        address inference = Metis.INFERENCE;
        bool ok;
        uint256 used;
        assembly ("memory-safe") {
            used := gas()
            ok := staticcall(gas(), inference, add(copy, 0x20), mload(copy), 0, 0)
            used := sub(used, gas())
        }
        bytes memory answer;
        assembly ("memory-safe") {
            answer := mload(0x40)
            mstore(answer, returndatasize())
            returndatacopy(add(answer, 0x20), 0, returndatasize())
            mstore(0x40, add(answer, and(add(returndatasize(), 0x3f), not(0x1f))))
        }
        return abi.encode(ok, used, answer);
    }
}

/// @title Asks a node for inferences, from Foundry's EVM
contract InferenceOverRpc {
    /// @dev Any address without a purpose.
    address private constant RELAY = address(0x4d45544900000000000000000000000000007E57);

    string private url;

    /// @param url_ The node; empty for that of the active fork.
    constructor(string memory url_) {
        url = url_;
    }

    /// @notice What the precompile answers to `data` in the node's latest state.
    /// @return ok Whether the call succeeds.
    /// @return used The gas that it takes.
    /// @return answer What it returns, or reverts with.
    function ask(bytes calldata data) external returns (bool ok, uint256 used, bytes memory answer) {
        string memory relay = cheats.toString(RELAY);
        string memory code = cheats.toString(type(InferenceRelay).runtimeCode);
        string memory params = string.concat(
            '[{"to":"', relay, '","data":"', cheats.toString(data), '"},"latest",{"', relay, '":{"code":"', code, '"}}]'
        );
        bytes memory relayed =
            bytes(url).length == 0 ? cheats.rpc("eth_call", params) : cheats.rpc(url, "eth_call", params);
        return abi.decode(relayed, (bool, uint256, bytes));
    }
}

/// @title What Foundry's EVM has in place of the precompile
contract InferenceForwarder {
    /// @dev A contract of its own, since with DELEGATECALL the code here runs as the caller, who may not give orders.
    InferenceOverRpc private immutable RPC;

    constructor(InferenceOverRpc rpc) {
        RPC = rpc;
    }

    fallback(bytes calldata data) external payable returns (bytes memory) {
        if (msg.value != 0) revert IInference.ValueNotAccepted();
        uint256 before = gasleft();
        (bool ok, uint256 used, bytes memory answer) = RPC.ask(data);
        // What an inference costs on the chain, it costs here; asking for it costs more if it is a small one.
        if (before < used) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        while (before - gasleft() < used) {}
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        return answer;
    }
}
