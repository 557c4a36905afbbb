"""examples/titanoboa as its README says, and what a revert of the precompile looks like there."""

import importlib.util
import sys

from client import CALLER_KEY, EXAMPLES, RPC, command, demand, digits, leave_out, model, rpc

FOLDER = EXAMPLES / "titanoboa"
IMAGES = 5


def check_reverts():
    """That transactions and calls fail as the contract and the precompile do."""
    sys.path.insert(0, str(FOLDER))
    import boa
    import metis
    from eth_account import Account

    metis.use_node(RPC)
    boa.env.add_account(Account.from_key(CALLER_KEY))
    contract = boa.load(str(FOLDER / "Digits.vy"), bytes.fromhex(model("digits MLP")[2:]))
    image, _ = digits()[0]
    before = rpc("eth_blockNumber")
    try:
        # WrongInputLength(uint256,uint256), which titanoboa's own EVM got from the node and shows.
        contract.classify(1, image[:9])
    except boa.BoaError as error:
        demand("4ba69b45" in str(error), f"another revert: {error}")
    else:
        sys.exit("an image of another size was taken")
    demand(rpc("eth_blockNumber") == before, "a transaction that fails was sent")
    # Calls without a transaction end with the node's words.
    logits = boa.load(str(FOLDER / "Digits.vy"), bytes.fromhex(model("digits CNN")[2:]))
    for call, words in ((lambda: contract.preview(image[:9]), "reverted"),
                        (lambda: logits.preview(image), "the model gives no class")):
        try:
            call()
        except boa.rpc.RPCError as error:
            demand(error.code == 3 and words in str(error), f"another error: {error}")
        else:
            sys.exit(f"a call that reverts ({words}) was answered")


def main():
    if importlib.util.find_spec("boa") is None:
        leave_out(f"titanoboa not found; pip install -r {FOLDER / 'requirements.txt'}")
    said = command(sys.executable, "digits.py", "--rpc", RPC, "--images", IMAGES, cwd=FOLDER)
    demand(said.endswith(f"{IMAGES} of {IMAGES} right"), said)
    # It gets traces, and what its own EVM computes is what the node does.
    demand("not available" not in said and "did not match" not in said, said)
    check_reverts()


main()
