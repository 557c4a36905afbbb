#!/usr/bin/env python3
"""The importer and both backends against ONNX Runtime, live, through the binary.

Each digits model is imported by `metisvm model import`, then run by `metisvm model run` on images that it
was not trained on, with every backend, and by onnxruntime. The backends must agree to the bit. Against
onnxruntime a quantised model must give the same class for every image and logits within one step of the
output's scale (onnxruntime rounds in floating point); a model quantised here from f32 must give the same
class for at least 98 in 100.
"""

import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile

import built
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
DIGITS = ROOT / "models" / "digits"
IMAGES = 120

spec = importlib.util.spec_from_file_location("oracle", ROOT / "models" / "oracle.py")
oracle = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oracle)


def call(*arguments, stdin=None):
    done = subprocess.run([str(a) for a in arguments], input=stdin, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{arguments}: {done.stderr.decode()}")
    return json.loads(done.stdout)


def check(metisvm, name, folder, pixels):
    quantised = name.endswith("_qdq")
    bundle = folder / f"{name}.bundle"
    extra = [] if quantised else ["--calibration", DIGITS / "calibration.npy"]
    facts = call(metisvm, "model", "import", DIGITS / f"{name}.onnx", *extra, "-o", bundle, "--json")
    metadata = facts["metadata"]
    grid = lambda port: (np.float32(metadata[f"{port}.scale"]), int(metadata[f"{port}.zero_point"]))

    scale, zero = grid("input.pixels")
    dtype = {"u8": np.uint8, "i8": np.int8}[facts["inputs"][0]["dtype"]]
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    inputs = np.clip(np.rint(pixels / scale) + zero, low, high).astype(dtype)

    session = oracle.session(DIGITS / f"{name}.onnx")
    names = [o.name for o in session.get_outputs()]
    expected = oracle.run(session, [pixels])[names.index("logits")].reshape(len(pixels), 10)

    scale, zero = grid("output.logits")
    same, worst = 0, 0
    for image, values in zip(inputs, expected, strict=True):
        results = [call(metisvm, "model", "run", bundle, "--input", "-", "--backend", backend, "--json",
                        stdin=image.tobytes()) for backend in ("reference", "fpga")]
        if results[0]["outputs"] != results[1]["outputs"] or results[1]["fallbacks"] != 0:
            sys.exit(f"{name}: the backends differ: {results}")
        outputs = {o["name"]: np.array(o["values"]) for o in results[0]["outputs"]}
        logits = outputs["logits"]
        if "class" in outputs and outputs["class"][0] != logits.argmax():
            sys.exit(f"{name}: class {outputs['class'][0]} is not the greatest of {logits}")
        same += int(logits.argmax() == values.argmax())
        worst = max(worst, int(np.abs(logits - (np.rint(values / scale) + zero)).max()))
    print(f"{name}: {same} of {len(pixels)} classes as onnxruntime has them, "
          f"logits at most {worst} steps apart, both backends equal")
    if same < (1 if quantised else 0.98) * len(pixels) or (quantised and worst > 1):
        sys.exit(f"{name}: too far from onnxruntime")


def main():
    pixels = np.fromfile(DIGITS / "test_images.bin", dtype=np.uint8).reshape(-1, 64)[:IMAGES]
    metisvm = built.metisvm()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("mlp_qdq", "cnn_qdq", "mlp_f32", "cnn_f32"):
            check(metisvm, name, pathlib.Path(folder), pixels.astype(np.float32))


if __name__ == "__main__":
    main()
