"""What the tests of web3.py share: the node, the digit classifier, accounts. tests/clients is on the path."""

import json

import client
from eth_account import Account
from web3 import Web3

BUILT = json.loads((client.ROOT / "contracts/artifacts/DigitClassifier.json").read_text())
# Where the node listens for WebSockets: the same port.
WS = client.RPC.replace("http", "ws", 1)


def connected():
    return Web3(Web3.HTTPProvider(client.RPC, request_kwargs={"timeout": 60}))


def caller():
    """An account whose key this process has."""
    return Account.from_key(client.CALLER_KEY)


def images(count):
    """Images of the test set, each with the digit that it shows."""
    return client.digits()[:count]


def deploy(w3):
    """A digit classifier whose model takes the pixels as they are."""
    factory = w3.eth.contract(abi=BUILT["abi"], bytecode=BUILT["bytecode"])
    sent = factory.constructor(client.model("digits MLP")).transact({"from": client.DEPLOYER})
    receipt = w3.eth.wait_for_transaction_receipt(sent)
    assert receipt["status"] == 1, receipt
    return w3.eth.contract(address=receipt["contractAddress"], abi=BUILT["abi"])
