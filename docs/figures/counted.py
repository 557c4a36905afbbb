"""What figures were counted on, and whether their boards still are that: the hash of the Verilog, and the clock."""

import hashlib
import tomllib

from model import ROOT


def basis(board):
    """What is kept with each figure of a board. Latencies are times, so the clock decides how many cycles they take."""
    verilog = (ROOT / f"hdl/verilog/{board}.v").read_bytes()
    clock = tomllib.loads((ROOT / f"hdl/boards/{board}.toml").read_text())["clock_khz"]
    return {"verilog_sha256": hashlib.sha256(verilog).hexdigest(), "clock_khz": clock}


def stale(lines):
    """Of each board with figures that were counted on something else, the keys that differ."""
    found = {}
    for line in lines:
        now = basis(line["board"])
        differs = [key for key, value in now.items() if line.get(key) != value]
        if differs:
            found.setdefault(line["board"], set()).update(differs)
    return found
