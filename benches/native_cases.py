#!/usr/bin/env python3
"""The public benchmarks snailtracer and burntpix as files for the benchmark of native code.

    benches/native_cases.py FOLDER
    METISVM_NATIVE_CASES=FOLDER cargo bench -p metisvm-benches --bench native

Their bytecode is not in this repository, since no licence of the two programs themselves was found. It is taken out of the crate
revme, revm's command line tool (MIT), which cargo brings from the registry, and held to the hashes below. The calls are
those of revme's own benchmarks: snailtracer's `Benchmark()`, and burntpix with seed 0 and 20,000 iterations.
"""

import argparse
import gzip
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

CRATE, VERSION = "revme", "43.0.3"
# SHA-256 of the files in src/cmd/bench.
FILES = {
    "snailtracer.hex": "2bd26e153c7c023a45b359f68a5ff7afa7b150d88d2cd1dd06b41a2c7c26210d",
    "burntpix/bytecode_one.hex": "ba92721cbec1ec079d6eaae0ee052f4c0d3df11ca8534f26aed19012d184861a",
    "burntpix/bytecode_two.hex": "25b6a4557fe7158bed2592536d5d91ca7d187d697fe566471693f308801281e6",
    "burntpix/bytecode_three.hex": "b014fd36b4a004e49b13643488e245286dda5c9ddbc80fcbcd3d6d59391c1415",
    "burntpix/bytecode_four.hex": "4f56a1cffae1b4081303954b77fdd5ef4ae3f60b1181af7d52ab31f41e20c7d6",
}

SENDER = "0x000000000000000000000000000000000000ca11"
SNAILTRACER = "0x00000000000000000000000000000000000c0de1"
# Burntpix's contract knows the others by its first three slots.
BURNTPIX = "0x49206861766520746f6f206d7563682074696d65"
PARTS = {
    "bytecode_four.hex": "0xf529c70db0800449ebd81fbc6e4221523a989f05",
    "bytecode_one.hex": "0x0a743ba7304efcc9e384ece9be7631e2470e401e",
    "bytecode_three.hex": "0xc917e98213a05d271adc5d93d2fee6c1f1006f75",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="where the files are written")
    folder = parser.parse_args().folder
    source = crate() / "src" / "cmd" / "bench"
    codes = {name: read(source / name, digest) for name, digest in FILES.items()}
    folder.mkdir(parents=True, exist_ok=True)
    cases = {
        "snailtracer": case({SNAILTRACER: account(codes["snailtracer.hex"])}, SNAILTRACER, "0x30627b7c"),
        "burntpix": case(
            {
                BURNTPIX: account(
                    codes["burntpix/bytecode_two.hex"],
                    {hex(slot): "0x" + address[2:].zfill(64) for slot, address in enumerate(PARTS.values())},
                ),
                **{address: account(codes[f"burntpix/{name}"]) for name, address in PARTS.items()},
            },
            BURNTPIX,
            # run(uint32,uint256)
            "0xa4de9ab4" + word(0) + word(20_000),
        ),
    }
    for name, value in cases.items():
        path = folder / f"{name}.json.gz"
        path.write_bytes(gzip.compress(json.dumps({name: value}).encode(), mtime=0))
        print(f"wrote {path}")


def crate():
    """The folder of the crate's sources. `cargo info` fetches a crate without its dependencies."""
    # Elsewhere: within a workspace cargo would touch its lock file.
    command = ["cargo", "info", f"{CRATE}@{VERSION}"]
    fetched = subprocess.run(command, capture_output=True, text=True, cwd=tempfile.gettempdir())
    if fetched.returncode != 0:
        sys.exit(f"native_cases: cargo does not bring {CRATE} {VERSION}: {fetched.stderr.strip()}")
    home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    found = sorted(home.glob(f"registry/src/*/{CRATE}-{VERSION}"))
    if not found:
        sys.exit(f"native_cases: {CRATE}-{VERSION} is not in {home}/registry/src, where cargo keeps sources")
    return found[0]


def read(path, digest):
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        sys.exit(f"native_cases: {path} is not the file that figures were measured with")
    return "0x" + content.decode().strip().removeprefix("0x")


def account(code, storage=None):
    return {"balance": "0x0", "nonce": "0x1", "code": code, "storage": storage or {}}


def case(pre, to, data):
    """A case in the format of state tests, of one transaction."""
    gas = hex(10_000_000_000)
    return {
        "env": {
            "currentCoinbase": "0x" + "c0".zfill(40),
            "currentGasLimit": gas,
            "currentNumber": "0x1",
            "currentTimestamp": "0x1",
        },
        "pre": pre,
        "transaction": [{"data": data, "gasLimit": gas, "sender": SENDER, "to": to, "value": "0x0"}],
    }


def word(number):
    return f"{number:064x}"


if __name__ == "__main__":
    main()
