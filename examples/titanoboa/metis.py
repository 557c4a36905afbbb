"""Inference for titanoboa, which runs contracts in an EVM of its own (py-evm) before it asks the node.

At the precompile's address that EVM has only code that says what is missing. Here it gets a precompile that asks the
node, and answers as the node does.
"""

import boa
import requests
from boa.util.abi import Address
from boa.vm.py_evm import register_raw_precompile
from eth.exceptions import Revert

INFERENCE = Address("0x4D45544900000000000000000000000000000001")
# JSON-RPC's code of an execution that reverted; the error then has the revert's data.
REVERTED = 3


class Node:
    """A node, for what titanoboa does not ask by itself."""

    def __init__(self, url):
        self.url = url
        self.session = requests.Session()

    def answer(self, method, *params):
        """Result and error of a method; one of both is None."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        response = self.session.post(self.url, json=request, timeout=60)
        response.raise_for_status()
        answer = response.json()
        return answer.get("result"), answer.get("error")

    def ask(self, method, *params):
        """The result of a method."""
        result, error = self.answer(method, *params)
        if error:
            raise RuntimeError(f"{method}: {error['message']}")
        return result

    def infer(self, computation):
        """The inference precompile, as py-evm calls one. What it charges is left to the node, which estimates gas."""
        call = {"to": str(INFERENCE), "data": "0x" + computation.msg.data_as_bytes.hex()}
        result, error = self.answer("eth_call", call, "latest")
        if error and error["code"] != REVERTED:
            raise RuntimeError(f"inference: {error['message']}")
        computation.output = bytes.fromhex((result or error["data"]).removeprefix("0x"))
        if error:
            raise Revert(computation.output)


class NodeEnv(boa.NetworkEnv):
    """A network that is gone tomorrow, and that traces."""

    # titanoboa finds out whether there are traces by asking for that of no transaction, and takes the answer that geth
    # and this node give (there is no such transaction) for a no.
    _tracer = {"tracer": "callTracer", "onlyTopCall": True}

    def _reset_fork(self, block_identifier="latest"):
        # Not kept in a file: the next node has the same chain id, and other blocks of the same numbers.
        self.fork_rpc(self._rpc, reset_traces=False, block_identifier=block_identifier, cache_dir=None)


def use_node(url):
    """Sends transactions and calls to the node at `url`, inference included."""
    node = Node(url)
    register_raw_precompile(INFERENCE, node.infer, force=True)
    boa.set_env(NodeEnv.from_url(url))
    return node
