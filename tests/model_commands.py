#!/usr/bin/env python3
"""What `metisvm model import` and `metisvm model check` say to somebody who uses them, and who makes a mistake.

    python tests/model_commands.py [--binary FILE]

A small model with an open dimension, arrays as NumPy writes them; each command with its exit code and words that have
to be in what it says.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import built
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def files(folder):
    """The model `y = relu(x · w)`, whose rows are open, and arrays for it: right ones, and each mistake in its own."""
    random = np.random.default_rng(13)
    w = random.normal(size=(4, 3)).astype(np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"], "product"), helper.make_node("Relu", ["h"], ["y"], "relu")]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", n]) for name, n in (("x", 4), ("y", 3))]
    graph = helper.make_graph(nodes, "small", ports[:1], ports[1:], [numpy_helper.from_array(w, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "m.onnx")
    x = random.normal(size=(16, 2, 4)).astype(np.float32)
    y = np.maximum(x @ w, 0)
    spoiled, infinite = x.copy(), x.copy()
    spoiled[3, 1, 2], infinite[3, 1, 2] = np.nan, -np.inf
    np.save(folder / "x.npy", x)
    np.save(folder / "half.npy", x.astype(np.float16))
    np.save(folder / "object.npy", x.astype(object))
    np.save(folder / "nan.npy", spoiled)
    np.save(folder / "infinite.npy", infinite)
    archives = {
        "x": {"input_x": x},
        "right": {"input_x": x, "output_y": y},
        "one": {"input_x": x[0], "output_y": y[0]},
        "more": {"input_x": x, "input_z": x, "output_y": y},
        "without_input": {"output_y": y},
        "without_output": {"input_x": x},
        "other_name": {"input_z": x, "output_y": y},
        "beyond": {"input_x": np.where(np.arange(4) == 1, x * 100, x).astype(np.float32), "output_y": y},
        "other_count": {"input_x": x, "output_y": y[:5]},
        "other_shape": {"input_x": x[:, :, :3], "output_y": y},
        "other_model": {"input_x": x, "output_y": -y},
        "nan": {"input_x": spoiled, "output_y": y},
        "bare": {"x": x, "y": y},
        "text": {"input_x": np.array(["a"]), "output_y": y},
        "complex": {"input_x": x.astype(np.complex64), "output_y": y},
    }
    for name, arrays in archives.items():
        np.savez(folder / f"{name}.npz", **arrays)
    np.savez_compressed(folder / "compressed.npz", **archives["right"])


def importing(*arguments, calibration="x.npy"):
    return ("import", "m.onnx", "--calibration", calibration, "-o", "other.bundle", *arguments)


def checking(data, *arguments):
    return ("check", "m.bundle", "--data", data, *arguments)


ROWS = ("--dim", "rows=2")
# A command, its exit code, and words that are in what it says.
CASES = (
    (("import", "m.onnx", "-o", "m.bundle", *ROWS, "--calibration", "x.npy"), 0, "product (MatMul)", "16 samples"),
    (importing(*ROWS, calibration="x.npz"), 0, "other.bundle"),
    (importing(*ROWS, calibration="x=x.npy"), 0, "other.bundle"),
    (importing("--shape", "x=2,4", "--keep", "h"), 0, "h i16[2,3]"),
    (importing(*ROWS, "--range", "search"), 0, "other.bundle", "changes nothing here"),
    (importing(*ROWS, "--range", "percentile"), 0, "other.bundle", "changes nothing here"),
    (importing(*ROWS, "--input-grid", "x=0.03125,128"), 0, "0.03125"),
    (importing(*ROWS, calibration="half.npy"), 0, "16 samples"),
    # Dimensions and shapes.
    (importing("--dim", "row=2"), 1, "--dim", "named row", "leave it out"),
    (importing(*ROWS, "--dim", "columns=3"), 1, "--dim", "named columns"),
    (importing("--shape", "x=2,4,1"), 1, 'input "x"', "[2, 4, 1]", "[rows,4]"),
    (importing("--shape", "x=2,5"), 1, "[2, 5]", "[rows,4]"),
    (importing("--shape", "z=2,4"), 1, "--shape", "no input z"),
    (importing(*ROWS, "--batch", "2"), 1, "--batch", "leave it out"),
    (importing(*ROWS, "--dim", "rows=3"), 2, "twice"),
    (importing("--dim", "rows=0"), 2, "at least 1"),
    (importing("--dim", "rows"), 2, "NAME=N"),
    # Names.
    (importing(*ROWS, "--keep", "hh"), 1, '"hh"', "no such tensor", "outputs are y", "like names h"),
    (importing(*ROWS, "--input-grid", "z=1,0"), 1, '"z"', "no such input"),
    # Calibration.
    (("import", "m.onnx", "-o", "other.bundle", *ROWS), 1, "f32 model", "calibration"),
    (importing(), 1, "[16, 2, 4]", "[1,4]"),
    (importing(*ROWS, calibration="nan.npy"), 1, "nan.npy", "element 30 is NaN", "replace what is NaN"),
    (importing(*ROWS, calibration="infinite.npy"), 1, "infinite.npy", "element 30 is -inf"),
    (importing(*ROWS, calibration="object.npy"), 1, "object.npy", "Python objects", "astype(numpy.float32)"),
    (importing(*ROWS, calibration="z=x.npy"), 1, 'input "x"', "given is z"),
    (importing(*ROWS, calibration="more.npz"), 1, 'no input "z"', "leave its samples out"),
    (importing(*ROWS, calibration="other_name.npz"), 1, 'input "x"', "given is z"),
    (importing(*ROWS, calibration="without_input.npz"), 1, '"input_"'),
    (importing(*ROWS, calibration="other_shape.npz"), 1, "[16, 2, 3]", "[2,4]"),
    (importing(*ROWS, calibration="nowhere.npy"), 1, "nowhere.npy"),
    (importing(*ROWS, calibration="m.onnx"), 1, "neither an .npy nor an .npz"),
    (importing(*ROWS, "--calibration", "x.npy"), 2, "twice"),
    # Results.
    (importing(*ROWS, "--report", "other.bundle"), 2, "same file", "Usage: metisvm model import"),
    (importing(*ROWS, "--report", "m.onnx"), 1, "never overwritten"),
    # Runs.
    (("run", "m.bundle", "--input", "x.npy"), 1, "x.npy", '"<f4"', "quantise it first"),
    # Checks.
    (checking("right.npz"), 0, "reference", "fpga", "yes"),
    (checking("compressed.npz", "--backend", "reference"), 0, "reference"),
    (checking("one.npz"), 0, "reference"),
    (checking("right.npz", "--min-cosine", "0.999"), 0, "reference"),
    (checking("more.npz"), 0, "input_z", "left out"),
    (checking("beyond.npz"), 0, "of input x,", "saturate"),
    (checking("other_model.npz"), 0, "-"),
    (checking("other_model.npz", "--min-cosine", "0.5"), 1, "0.5 at least"),
    (checking("without_input.npz"), 1, "no array input_x", "output_y"),
    (checking("other_name.npz"), 1, "no array input_x", "input_z"),
    (checking("without_output.npz"), 1, "output_NAME", "y"),
    (checking("other_count.npz"), 1, "output_y", "5 samples", "16"),
    (checking("other_shape.npz"), 1, "input_x", "[16, 2, 3]", "[2, 4]"),
    (checking("nan.npz"), 1, "input_x", "element 30 is NaN"),
    (checking("bare.npz"), 1, '"x"', "input_NAME"),
    (checking("text.npz"), 1, "input_x", "element type"),
    (checking("complex.npz"), 1, "input_x", "element type"),
    (checking("x.npy"), 1, "one array", "input_NAME"),
    (checking("m.onnx"), 1, "neither an .npy nor an .npz"),
    (checking("nowhere.npz"), 1, "nowhere.npz"),
    (checking("right.npz", "--backend", "fpga,fpga"), 2, "twice", "Usage: metisvm model check"),
    (checking("right.npz", "--backend", "abacus"), 2, "reference, fpga"),
    (checking("right.npz", "--min-cosine", "2"), 2, "-1 to 1"),
    (("check", "m.onnx", "--data", "right.npz"), 1, "not a model bundle"),
)


def report_holds(model, folder):
    """The report is the object that --json prints, and has what the documentation lists."""
    done = model("import", "m.onnx", "--calibration", "x.npy", *ROWS, "-o", "r.bundle", "--report", "r.json", "--json")
    report = json.loads((folder / "r.json").read_text())
    layers = [(layer["node"], layer["operator"]) for layer in report["layers"]]
    output = report["output_errors"][0]
    right = json.loads(done.stdout) == report and layers == [("product", "MatMul"), ("y", "output")]
    right &= output["name"] == "y" and output["cosine"] > 0.999 and report["measured_samples"] == 16
    return [] if right else [f"the report: {report}"]


def check_holds(model):
    """The figures of a check of what is right, and of what is the opposite."""
    found = [[json.loads(line) for line in model(*checking(data, "--json")).stdout.splitlines()]
             for data in ("right.npz", "other_model.npz")]
    right = [(f["backend"], f["bit_identical"], f["samples"], f["fallbacks"]) for f in found[0]] == [
        ("reference", True, 16, 0), ("cpu", True, 16, 0), ("fpga", True, 16, 0)]
    right &= all(f["cosine"] > 0.999 and f["top1_agreement"] > 0.9 and f["cpu_ms"] >= 0 for f in found[0])
    right &= all(f["cosine"] < -0.9 and f["top1_agreement"] < 0.5 for f in found[1])
    return [] if right else [f"model check: {found}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=pathlib.Path)
    binary = str((parser.parse_args().binary or built.metisvm()).resolve())
    problems = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        files(folder)
        model = lambda *arguments: subprocess.run([binary, "model", *arguments], cwd=folder, capture_output=True,
                                                  text=True, check=False)
        for arguments, code, *words in CASES:
            done = model(*arguments)
            said = done.stdout + done.stderr
            missing = [word for word in words if word not in said]
            if done.returncode != code or missing:
                problems.append(f"model {' '.join(arguments)}: exit code {done.returncode}, to be {code}; "
                                f"it lacks {missing}: {said[-1500:]}")
            left = {path.name for path in folder.glob("*.bundle")} - {"m.bundle"}
            if code and left:
                problems.append(f"model {' '.join(arguments)} leaves {left}")
            (folder / "other.bundle").unlink(missing_ok=True)
        problems += check_holds(model) + report_holds(model, folder)
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(CASES)} commands say what they have to")


if __name__ == "__main__":
    main()
