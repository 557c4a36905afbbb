"""What every client's check shares: its node, commands as a user types them, and what must hold."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"
# tests/clients/run starts a fresh node for each client and says where.
RPC = os.environ.get("METISVM_RPC", "http://127.0.0.1:8545")
# The program itself, for what a user types besides.
BINARY = os.environ.get("METISVM", "metisvm")
# Accounts 0 and 1 of the test mnemonic, which every development node funds.
DEPLOYER, DEPLOYER_KEY = (
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
)
CALLER, CALLER_KEY = (
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
)
IMAGE_BYTES = 64


def leave_out(why):
    """Ends the check where its tool is not to be had."""
    print(why)
    sys.exit(77)


def demand(holds, otherwise):
    if not holds:
        sys.exit(otherwise)


def rpc(method, *parameters):
    """The node's answer to one request."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
    request = urllib.request.Request(RPC, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    demand("result" in answer, f"{method} of {parameters}: {answer}")
    return answer["result"]


def model(name):
    """The id of the model of the node whose name begins so."""
    found = [entry["id"] for entry in rpc("metis_models") if entry["name"].startswith(name)]
    demand(len(found) == 1, f"{len(found)} models begin with {name}")
    return found[0]


def digits():
    """Test images that the digit models were not trained on, and what they show."""
    folder = ROOT / "models" / "digits"
    images = (folder / "test_images.bin").read_bytes()
    labels = (folder / "test_labels.bin").read_bytes()
    return [(images[i * IMAGE_BYTES : (i + 1) * IMAGE_BYTES], label) for i, label in enumerate(labels)]


def command(*argv, cwd=ROOT, fails=False, environment=None, input=None):
    """Output and errors of a command, which has to succeed, or to fail where that is asked."""
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env={**os.environ, **(environment or {})}, input=input or "",
                          text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    shown = " ".join(str(a) for a in argv)
    demand((done.returncode != 0) == fails, f"{shown}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout.strip()
