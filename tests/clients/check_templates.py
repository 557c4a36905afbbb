"""Each template as its page says: written out, its bundle registered, its own tests run by forge."""

import json
import pathlib
import tempfile

import foundry
from client import BINARY, RPC, command, demand


def main():
    listed = [json.loads(line) for line in command(BINARY, "model", "template", "list", "--json").splitlines()]
    demand(len(listed) >= 6, listed)
    with tempfile.TemporaryDirectory() as folder:
        for template in listed:
            project = pathlib.Path(folder) / template["template"]
            command(BINARY, "model", "template", "new", template["template"], project)
            command(BINARY, "model", "register", "model.bundle", "--rpc", RPC, cwd=project)
            said = command("forge", "test", cwd=project, environment=foundry.environment())
            demand("0 failed, 0 skipped" in said and "Suite result: ok" in said, said)


main()
