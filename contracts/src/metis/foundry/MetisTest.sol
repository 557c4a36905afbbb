// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {InferenceStub} from "../InferenceStub.sol";
import {IInference} from "../IInference.sol";
import {Metis} from "../Metis.sol";
import {Cheats, cheats} from "./Cheats.sol";
import {InferenceForwarder, InferenceOverRpc} from "./InferenceOverRpc.sol";

/// @title Inference in Foundry's own EVM
/// @notice `forge test`, with a fork or without, and `forge script` execute in an EVM that has no inference
/// precompile. One line in `setUp` or `run` puts something in its place:
///
/// - `MetisTest.useNode()`: each inference is asked of a MetisVM node. Any model that the node has, any input,
///   the precompile's errors, and its gas.
/// - `MetisTest.mockInfer(model, input, output)`: one answer, written down. Needs no node.
library MetisTest {
    string private constant DEFAULT_URL = "http://127.0.0.1:8545";

    /// @notice Asks the node of the fork that is active; without one, the node that the environment variable RPC_URL
    /// names, or else http://127.0.0.1:8545.
    function useNode() internal {
        try cheats.activeFork() returns (uint256) {
            _use("", "the fork's node");
        } catch {
            useNode(cheats.envOr("RPC_URL", DEFAULT_URL));
        }
    }

    /// @notice Asks the node at `url`, or the one that `[rpc_endpoints]` of foundry.toml gives this name.
    function useNode(string memory url) internal {
        _use(url, url);
    }

    /// @notice From here on `infer(modelId, input)` gives `output`; an inference that was not mocked reverts and says so.
    function mockInfer(bytes32 modelId, bytes memory input, bytes memory output) internal {
        // Foundry gives a mocked address without code one of its own, with which calls that are not mocked would
        // succeed and give nothing.
        if (Metis.INFERENCE.code.length == 0) cheats.etch(Metis.INFERENCE, type(InferenceStub).runtimeCode);
        cheats.mockCall(Metis.INFERENCE, abi.encodeCall(IInference.infer, (modelId, input)), abi.encode(output));
    }

    /// @dev `url` is empty for the fork's node.
    function _use(string memory url, string memory called) private {
        InferenceOverRpc rpc = new InferenceOverRpc(url);
        // In a forked test only the test contract may give orders to Foundry.
        cheats.allowCheatcodes(address(rpc));
        try rpc.ask("") returns (bool ok, uint256, bytes memory answer) {
            // The precompile refuses a call without a selector. An address without code "succeeds".
            require(
                !ok && bytes4(answer) == IInference.MalformedCall.selector,
                string.concat("MetisTest: no inference at ", called, "; start a node that infers: metisvm node")
            );
        } catch {
            revert(string.concat("MetisTest: nothing answers at ", called, "; start a node: metisvm node"));
        }
        cheats.etch(Metis.INFERENCE, address(new InferenceForwarder(rpc)).code);
        // Both stay where they are when the test goes to another fork.
        cheats.makePersistent(address(rpc), Metis.INFERENCE);
    }
}
