#!/usr/bin/env python3
"""Folders of Hugging Face, as the ONNX files that `metisvm model import DIR --onnx FILE` writes, in ONNX Runtime.

    python tests/hub_onnx.py [--binary FILE] [NAME…]

Every folder below models/hub with a config.json; each of its archives expected*.npz holds inputs, and what transformers
or diffusers gave for them. The file has to give the same floats.
"""

import argparse
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

import built
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
HUB = ROOT / "models" / "hub"
# The greatest difference, as a part of the greatest output: what the order of additions makes, and what is lost where
# an archive has floats of 16 bits.
LIMIT, LIMIT_OF_HALVES = 1e-4, 2**-10
# Archives of a part that has to be asked for.
PARTS = {"expected_encoder.npz": "encoder"}

spec = importlib.util.spec_from_file_location("oracle", ROOT / "models" / "oracle.py")
oracle = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oracle)


def options(archive, inputs):
    """The part, and the extents that the samples have."""
    chosen = ["--part", PARTS[archive]] if archive in PARTS else []
    for name, array in inputs.items():
        if name in ("sample", "latent", "image", "pixel_values"):
            for side, extent in zip(("height", "width"), array.shape[-2:], strict=True):
                chosen += ["--dim", f"{side}={extent}"]
        elif name in ("tokens", "input_ids"):
            chosen += ["--dim", f"sequence={array.shape[-1]}"]
        elif name == "encoder_hidden_states":
            chosen += ["--dim", f"sequence={array.shape[-2]}"]
    return chosen


def differences(binary, folder, expected, file):
    with np.load(expected) as archive:
        arrays = dict(archive)
    of = lambda role: {name.removeprefix(role): array for name, array in arrays.items() if name.startswith(role)}
    inputs, outputs = of("input_"), of("output_")
    command = [binary, "model", "import", folder, "--onnx", file, *options(expected.name, inputs)]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr}")
    session = oracle.session(file)
    given = [inputs.pop(port.name) for port in session.get_inputs()]
    if inputs:
        sys.exit(f"{expected}: the model has no input {', '.join(inputs)}")
    found = []
    for port, got in zip(session.get_outputs(), oracle.run(session, given), strict=True):
        wanted = outputs.pop(port.name)
        limit = LIMIT_OF_HALVES if wanted.dtype == np.float16 else LIMIT
        wanted = wanted.astype(np.float32)
        found.append((port.name, float(np.abs(got.reshape(wanted.shape) - wanted).max() / np.abs(wanted).max()), limit))
    if outputs:
        sys.exit(f"{expected}: the model has no output {', '.join(outputs)}")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="folders of models/hub; default: all")
    parser.add_argument("--binary", type=pathlib.Path)
    arguments = parser.parse_args()
    binary = (arguments.binary or built.metisvm()).resolve()
    there = sorted(path.parent.name for path in HUB.glob("*/config.json"))
    if not there:
        sys.exit(f"{HUB} has no model")
    failures, checked = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.names or there:
            for expected in sorted((HUB / name).glob("expected*.npz")):
                file = pathlib.Path(scratch) / "model.onnx"
                for output, worst, limit in differences(binary, HUB / name, expected, file):
                    print(f"{name}, {expected.name}, {output}: {worst:.1e}")
                    checked += 1
                    if not worst < limit:
                        failures.append(f"{name}, {expected.name}, {output}: {worst:.1e}, over {limit:.1e}")
    if failures or not checked:
        sys.exit("\n".join(failures) or "nothing was checked")


if __name__ == "__main__":
    main()
