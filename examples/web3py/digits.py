"""Deploys a contract that classifies handwritten digits, and calls it: without a transaction, then with one."""

import argparse
import json
import pathlib
import sys

from web3 import Web3
from web3.exceptions import ContractCustomError

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MODEL = "digits MLP"
IMAGE_BYTES = 64


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rpc", default="http://127.0.0.1:8545", help="where the node listens")
    parser.add_argument("--images", type=int, default=10, help="how many images are classified")
    return parser.parse_args()


def images(count):
    """Images of the test set with the digits that people wrote."""
    digits = REPOSITORY / "models" / "digits"
    pixels = (digits / "test_images.bin").read_bytes()
    labels = (digits / "test_labels.bin").read_bytes()
    if not 1 <= count <= len(labels):
        sys.exit(f"--images {count}: the test set has 1 to {len(labels)} images")
    return [(pixels[i * IMAGE_BYTES : (i + 1) * IMAGE_BYTES], labels[i]) for i in range(count)]


def main():
    args = arguments()
    w3 = Web3(Web3.HTTPProvider(args.rpc))
    if not w3.is_connected():
        sys.exit(f"no node answers at {args.rpc}: start one with `metisvm node`, or name another with --rpc")
    models = w3.provider.make_request("metis_models", [])
    if "error" in models:
        sys.exit(f"the node at {args.rpc} has no models ({w3.client_version}): start `metisvm node`")
    # Its input is the pixels as they are. Other models want theirs on another grid (models/README.md).
    model = next(m for m in models["result"] if m["name"] == MODEL)
    account = w3.eth.accounts[0]

    artifact = json.loads((REPOSITORY / "contracts/artifacts/DigitClassifier.json").read_text())
    factory = w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
    deployed = w3.eth.wait_for_transaction_receipt(factory.constructor(model["id"]).transact({"from": account}))
    classifier = w3.eth.contract(address=deployed["contractAddress"], abi=artifact["abi"])
    print(f"classifier at {classifier.address}, model {model['name']} ({model['id']})")

    right = 0
    for number, (image, digit) in enumerate(images(args.images)):
        # A call: nothing is kept. Then a transaction: the contract keeps the digit and says so in an event.
        previewed = classifier.functions.preview(image).call()
        sent = classifier.functions.classify(number, image).transact({"from": account})
        receipt = w3.eth.wait_for_transaction_receipt(sent)
        [event] = classifier.events.Classified().process_receipt(receipt)
        kept = classifier.functions.classOf(number).call()
        if not previewed == event["args"]["class"] == kept:
            sys.exit(f"image {number}: previewed {previewed}, event {event['args']}, kept {kept}")
        right += kept == digit
        print(f"image {number}: a {digit}, classified as {kept} for {receipt['gasUsed']:,} gas")
    print(f"{right} of {args.images} right")

    try:
        classifier.functions.preview(b"too short").call()
    except ContractCustomError as error:
        print(f"an image of another size reverts: {error.data}")


if __name__ == "__main__":
    main()
