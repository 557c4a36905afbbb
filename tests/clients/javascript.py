"""The examples that are JavaScript programs: deployed by script, called from a script, tested."""

import re

from client import EXAMPLES, RPC, command, demand, digits, leave_out, rpc


def environment():
    return {"RPC_URL": RPC}


def check(name, tests):
    """Runs the example as its README says, and gives the contract's address."""
    folder = EXAMPLES / name
    if not (folder / "node_modules" / name).is_dir():
        leave_out(f"{name} not found; npm ci in {folder}")

    def run(*argv, fails=False):
        return command(*argv, cwd=folder, fails=fails, environment=environment())

    found = re.search(r"^DigitClassifier is at (0x[0-9a-fA-F]{40})$", run("npm", "run", "--silent", "deploy"),
                      re.MULTILINE)
    demand(found, "the deployment did not say where the contract is")
    address = found[1]
    for image, label in digits()[:2]:
        said = run("node", "classify.js", address, f"0x{image.hex()}")
        demand(f"eth_call says {label}\n" in said and f"image 1 is a {label}, for " in said, said)
    logs = rpc("eth_getLogs", {"address": address, "fromBlock": "0x0"})
    demand(len(logs) == 2, f"{len(logs)} logs in place of 2")
    demand("nvalid" in run("node", "classify.js", "0x", fails=True), "an address that is none")
    said = run("npm", "test", "--silent")
    # Its reporter depends on the version of Node.
    demand(re.search(rf"^. pass {tests}$", said, re.MULTILINE) and re.search("^. fail 0$", said, re.MULTILINE), said)
    return address
