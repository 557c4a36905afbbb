"""contracts/ as a package: of npm, and a library folder of Foundry, as contracts/README.md says."""

import json
import pathlib
import shutil
import tempfile

import foundry
from client import ROOT, command, demand

CONTRACT = """\
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "@metisvm/contracts/Metis.sol";
import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";

contract Probe {
    function infer(bytes32 model, bytes calldata input) external view returns (bytes memory) {
        return Metis.infer(model, input);
    }

    function test_mocked() external {
        MetisTest.mockInfer(0, "", hex"2a");
        require(this.infer(0, "")[0] == 0x2a);
    }
}
"""
RESOLVED = """\
for (const name of ["Metis.sol", "foundry/MetisTest.sol", "examples/Token.sol", "artifacts/Token.json"]) {
  console.log(require.resolve(`@metisvm/contracts/${name}`));
}
try { require.resolve("@metisvm/contracts/compile.js") } catch ({ code }) { console.log(code) }
"""


def project(folder, settings):
    (folder / "src").mkdir()
    (folder / "src" / "Probe.sol").write_text(CONTRACT)
    # Also where forge looks for tests: the probe is its own.
    (folder / "foundry.toml").write_text(f'[profile.default]\ntest = "src"\n{settings}')
    said = command("forge", "test", cwd=folder, environment=foundry.environment())
    demand("1 tests passed, 0 failed" in said, said)


def from_npm(folder):
    """Installed as from a registry: a copy of what the package's list of files names."""
    (folder / "package.json").write_text(json.dumps({"private": True}))
    command("npm", "install", "--install-links", "--no-audit", "--no-fund", ROOT / "contracts", cwd=folder)
    package = folder / "node_modules" / "@metisvm" / "contracts"
    demand(sorted(entry.name for entry in package.iterdir())
           == ["README.md", "artifacts", "package.json", "remappings.txt", "src"], list(package.iterdir()))
    sources = package / "src" / "metis"
    found = command("node", "-e", RESOLVED, cwd=folder).splitlines()
    demand(found == [str(sources / "Metis.sol"), str(sources / "foundry" / "MetisTest.sol"),
                     str(package / "src" / "examples" / "Token.sol"), str(package / "artifacts" / "Token.json"),
                     "ERR_PACKAGE_PATH_NOT_EXPORTED"], found)
    project(folder, 'libs = ["node_modules"]\n'
            'remappings = ["@metisvm/contracts/=node_modules/@metisvm/contracts/src/metis/"]\n')


def as_a_library(folder):
    """Beneath lib/, where forge finds the remapping that the folder brings."""
    shutil.copytree(ROOT / "contracts", folder / "lib" / "metisvm-contracts",
                    ignore=shutil.ignore_patterns("node_modules", "out", "cache"))
    project(folder, "")


for way in (from_npm, as_a_library):
    with tempfile.TemporaryDirectory() as name:
        way(pathlib.Path(name).resolve())
