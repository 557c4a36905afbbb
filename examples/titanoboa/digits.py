"""Compiles Digits.vy, deploys it to a node, and calls it: without a transaction, then with one."""

import argparse
import pathlib
import sys

import boa
import metis
from eth_account import Account

HERE = pathlib.Path(__file__).resolve().parent
DIGITS = HERE.parents[1] / "models" / "digits"
MODEL = "digits MLP"
IMAGE_BYTES = 64
# The first account that a development node funds. Everybody has its key.
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rpc", default="http://127.0.0.1:8545", help="where the node listens")
    parser.add_argument("--images", type=int, default=5, help="how many images are classified")
    args = parser.parse_args()
    pixels = (DIGITS / "test_images.bin").read_bytes()
    labels = (DIGITS / "test_labels.bin").read_bytes()
    if not 1 <= args.images <= len(labels):
        sys.exit(f"--images {args.images}: the test set has 1 to {len(labels)} images")

    node = metis.use_node(args.rpc)
    boa.env.add_account(Account.from_key(KEY))
    # Its input is the pixels as they are. Other models want theirs on another grid (models/README.md).
    model = next(m["id"] for m in node.ask("metis_models") if m["name"] == MODEL)
    contract = boa.load(str(HERE / "Digits.vy"), bytes.fromhex(model.removeprefix("0x")))
    print(f"contract at {contract.address}, model {MODEL} ({model})")

    right = 0
    for number, digit in enumerate(labels[: args.images]):
        image = pixels[number * IMAGE_BYTES : (number + 1) * IMAGE_BYTES]
        previewed = contract.preview(image)
        returned = contract.classify(number, image)
        [event] = contract.get_logs()
        kept = contract.digitOf(number)
        if not previewed == returned == event.digit == kept:
            sys.exit(f"image {number}: previewed {previewed}, returned {returned}, event {event}, kept {kept}")
        right += kept == digit
        print(f"image {number}: a {digit}, classified as {kept}")
    print(f"{right} of {args.images} right")


if __name__ == "__main__":
    main()
