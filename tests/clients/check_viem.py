"""examples/viem as its README says: deployed by script, called from a script, tested."""

import re

from client import EXAMPLES, RPC, command, demand, digits, leave_out, rpc

FOLDER = EXAMPLES / "viem"
ENVIRONMENT = {"RPC_URL": RPC}


def run(*argv):
    return command(*argv, cwd=FOLDER, environment=ENVIRONMENT)


def main():
    if not (FOLDER / "node_modules" / "viem").is_dir():
        leave_out(f"viem not found; npm ci in {FOLDER}")
    found = re.search(r"DigitClassifier is at (0x[0-9a-fA-F]{40})", run("npm", "run", "--silent", "deploy"))
    demand(found, "the deployment did not say where the contract is")
    address = found[1]
    for image, label in digits()[:2]:
        said = run("node", "classify.js", address, f"0x{image.hex()}")
        demand(f"eth_call says {label}\n" in said and f"image 1 is a {label}, for " in said, said)
    logs = rpc("eth_getLogs", {"address": address, "fromBlock": "0x0"})
    demand(len(logs) == 2, f"{len(logs)} logs in place of 2")
    said = run("npm", "test", "--silent")
    demand("# pass 3\n" in said and "# fail 0\n" in said or "ℹ pass 3\n" in said and "ℹ fail 0\n" in said, said)


main()
