"""Each template as its page says: written out, its bundle registered, its own tests run by forge."""

import json
import pathlib
import shutil
import tempfile

import foundry
from client import BINARY, RPC, command, demand

# All of them as one project, so that what they have in common is compiled once.
TOGETHER = """\
[profile.default]
src = "."
test = "."
libs = []
remappings = ["@metisvm/contracts/={first}/lib/metisvm-contracts/src/metis/"]
solc = "0.8.37"
evm_version = "osaka"
optimizer = true
"""


def passes(folder, least):
    said = command("forge", "test", cwd=folder, environment=foundry.environment())
    demand("0 failed, 0 skipped" in said and said.count("Suite result: ok") >= least, said)


def main():
    listed = [json.loads(line) for line in command(BINARY, "model", "template", "list", "--json").splitlines()]
    names = [template["template"] for template in listed]
    demand(len(names) >= 10, names)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in names:
            command(BINARY, "model", "template", "new", name, cwd=folder)
            command(BINARY, "model", "register", "model.bundle", "--rpc", RPC, cwd=folder / name)
        # One as a user has it, by its own settings.
        first, *others = names
        passes(folder / first, 1)
        for name in others:
            shutil.rmtree(folder / name / "lib")
        for made in ("out", "cache"):
            shutil.rmtree(folder / first / made)
        (folder / "foundry.toml").write_text(TOGETHER.format(first=first))
        passes(folder, len(names))


main()
