"""Foundry's programs, as the example's packages bring them."""

import os
import platform

from client import EXAMPLES, ROOT, RPC, leave_out

FOLDER = EXAMPLES / "foundry"


def binaries():
    """The folders of the programs themselves: npm's launchers of them cost a start of Node each."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    found = [FOLDER / "node_modules" / "@foundry-rs" / f"{tool}-linux-{machine}" / "bin" for tool in ("forge", "cast")]
    for folder in found:
        if not folder.is_dir():
            leave_out(f"{folder.parent.name} not found; npm ci in {FOLDER}")
    return os.pathsep.join(str(folder) for folder in found)


def environment():
    return {
        "PATH": f"{binaries()}{os.pathsep}{os.environ['PATH']}",
        "RPC_URL": RPC,
        "ETH_RPC_URL": RPC,
        # The npm compiler, where Foundry would fetch a native one.
        "FOUNDRY_SOLC": str(ROOT / "contracts" / "test" / "solc"),
        "FOUNDRY_OFFLINE": "true",
    }
