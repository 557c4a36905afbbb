"""What the tests of web3.py share: the node, the digit classifier, images."""

import json
import os
import pathlib

from eth_account import Account
from web3 import Web3

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
IMAGE_BYTES = 64
# Of the mnemonic that every development node prints.
KEYS = [
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
]


def rpc():
    """Where the node listens."""
    return os.environ["METIS_RPC"]


def connected():
    return Web3(Web3.HTTPProvider(rpc(), request_kwargs={"timeout": 60}))


def account(number):
    """An account whose key this process has."""
    return Account.from_key(KEYS[number])


def models(w3):
    return ask(w3, "metis_models")


def ask(w3, method, *params):
    """The result of a method that web3.py has no name for."""
    answer = w3.provider.make_request(method, list(params))
    assert "error" not in answer, f"{method}: {answer['error']}"
    return answer["result"]


def artifact():
    return json.loads((REPOSITORY / "contracts/artifacts/DigitClassifier.json").read_text())


def deploy(w3):
    """A digit classifier whose model takes the pixels as they are."""
    built = artifact()
    model = next(model["id"] for model in models(w3) if model["name"] == "digits MLP")
    factory = w3.eth.contract(abi=built["abi"], bytecode=built["bytecode"])
    sent = factory.constructor(model).transact({"from": w3.eth.accounts[0]})
    receipt = w3.eth.wait_for_transaction_receipt(sent)
    assert receipt["status"] == 1, receipt
    return w3.eth.contract(address=receipt["contractAddress"], abi=built["abi"])


def images(count):
    """Images of the test set, each with the digit that it shows."""
    folder = REPOSITORY / "models/digits"
    pixels = (folder / "test_images.bin").read_bytes()
    labels = (folder / "test_labels.bin").read_bytes()
    return [(pixels[i * IMAGE_BYTES : (i + 1) * IMAGE_BYTES], labels[i]) for i in range(count)]
