"""examples/web3py as its README says, then tests of what web3.py does with a node."""

import importlib.util
import pathlib
import sys

from client import EXAMPLES, RPC, command, demand, leave_out

HERE = pathlib.Path(__file__).resolve().parent
IMAGES = 20


def main():
    if importlib.util.find_spec("web3") is None:
        leave_out(f"web3 not found; pip install -r {EXAMPLES / 'web3py' / 'requirements.txt'}")
    said = command(sys.executable, "digits.py", "--rpc", RPC, "--images", IMAGES, cwd=EXAMPLES / "web3py")
    right = [line for line in said.splitlines() if line.endswith(f" of {IMAGES} right")]
    demand(right and int(right[0].split()[0]) >= IMAGES * 9 // 10, said)
    demand("reverts: 0x4ba69b45" in said, said)
    nowhere = command(sys.executable, "digits.py", "--rpc", "http://127.0.0.1:9", cwd=EXAMPLES / "web3py", fails=True)
    demand("metisvm node" in nowhere and "Traceback" not in nowhere, nowhere)
    print(command(sys.executable, "-m", "unittest", "--verbose", cwd=HERE / "web3py",
                  environment={"PYTHONPATH": str(HERE)}))


main()
