#!/usr/bin/env python3
"""Files that once were refused unclearly, came out wrong, or should have been taken: what must hold of each now.

    python tests/import_cases.py [--binary FILE] [NAME…]

The files are in the shared data (import-cases), with a line for each in its README. Every one has its entry here, and a
file without one is a failure. Each is imported through the binary, compared with onnxruntime by `metisvm model
check` on all backends, or refused with the words that say why. Where onnxruntime is not the judge, the entry is a
function of its own.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import built
import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from real_models import ports

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = pathlib.Path(os.environ.get("METISVM_DATA", ROOT / ".." / "shared" / "data")) / "import-cases"
# A layer or two in 8 bits: an error of a few parts in a thousand, of which the quantisation of inputs and outputs alone
# makes most.
RELATIVE = 0.02


class Wrong(Exception):
    """What does not hold of a case."""


def demand(holds, otherwise):
    if not holds:
        raise Wrong(otherwise)


class Case:
    """One file, the binary, and a folder to work in."""

    def __init__(self, binary, name, folder):
        self.binary, self.folder = binary, folder
        self.onnx = FILES / f"{name}.onnx"
        self.random = np.random.default_rng(list(name.encode()))
        self.stderr = ""

    def metisvm(self, *arguments):
        done = subprocess.run([str(a) for a in (self.binary, "model", *arguments)], capture_output=True, text=True,
                              check=False)
        self.stderr = done.stderr.strip()
        return done

    def session(self, model=None):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        return onnxruntime.InferenceSession(str(model or self.onnx), options, providers=["CPUExecutionProvider"])

    def normal(self, count, model=None):
        """Seeded normal samples for every input; bytes where the input is bytes. An open dimension is 1."""
        inputs = {}
        for port in self.session(model).get_inputs():
            shape = [count, *(d if isinstance(d, int) and d > 0 else 1 for d in port.shape)]
            if port.type == "tensor(uint8)":
                inputs[port.name] = self.random.integers(0, 256, shape, np.uint8)
            elif port.type == "tensor(int8)":
                inputs[port.name] = self.random.integers(-128, 128, shape, np.int8)
            else:
                inputs[port.name] = self.random.normal(size=shape).astype(np.float32)
        return inputs

    def expected(self, inputs, model=None):
        session = self.session(model)
        names = [o.name for o in session.get_outputs()]
        rows = [session.run(names, {k: v[i] for k, v in inputs.items()}) for i in range(len(next(iter(inputs.values()))))]
        return {name: np.stack([np.asarray(row[k]) for row in rows]) for k, name in enumerate(names)}

    def imported(self, *arguments, calibration=None, model=None):
        """The facts of the import, or an error with what the binary says."""
        extra = []
        if calibration is not None:
            path = self.folder / "calibration.npz"
            np.savez(path, **{f"input_{k}": v for k, v in calibration.items()})
            extra = ["--calibration", path]
        done = self.metisvm("import", model or self.onnx, *extra, *arguments, "-o", self.folder / "m.bundle", "--json")
        demand(done.returncode == 0, f"refused: {self.stderr.removeprefix('metisvm: ')}")
        return json.loads(done.stdout)

    def refusal(self, *arguments):
        done = self.metisvm("import", self.onnx, *arguments, "-o", self.folder / "m.bundle")
        demand(done.returncode == 1, "it is imported, and should be refused")
        return self.stderr

    def checked(self, inputs, outputs):
        """What `model check` says of the bundle; all backends have to agree."""
        path = self.folder / "check.npz"
        np.savez(path, **{f"input_{k}": v for k, v in inputs.items()}, **{f"output_{k}": v for k, v in outputs.items()})
        done = self.metisvm("check", self.folder / "m.bundle", "--data", path, "--json")
        demand(done.returncode == 0, f"model check: {self.stderr}")
        found = [json.loads(line) for line in done.stdout.splitlines()]
        demand(len(found) == 3 and all(f["bit_identical"] for f in found), "the backends differ")
        return found[0]

    def relative(self, inputs, outputs):
        found = self.checked(inputs, outputs)["outputs"]
        return max(o["relative_error"] for o in found if o["relative_error"] is not None)


def agrees(*arguments, relative=RELATIVE, calibrated=True, samples=64, then=None):
    """Imports, calibrated on normal samples, and comes near onnxruntime on them: others would measure how far the
    tails of the normal distribution go."""
    def entry(case):
        inputs = case.normal(samples)
        facts = case.imported(*arguments, calibration=inputs if calibrated else None)
        outputs = case.expected(inputs)
        there = {port["name"] for port in facts["outputs"]}
        error = case.relative(inputs, {k: v for k, v in outputs.items() if k in there})
        demand(error <= relative, f"the error is {error:.4f} of the output, and may be {relative}")
        if then:
            then(case, facts)
        return f"error {error:.4f}"
    return entry


def refused(*words):
    def entry(case):
        # From the file alone: onnxruntime does not load all of them.
        port = onnx.load(case.onnx).graph.input[0]
        shape = [8, *(d.dim_value or 1 for d in port.type.tensor_type.shape.dim)]
        calibration = case.folder / "calibration.npy"
        np.save(calibration, case.random.normal(size=shape).astype(np.float32))
        said = case.refusal("--calibration", calibration)
        missing = [word for word in words if word not in said]
        demand(not missing, f"the refusal lacks {missing}: {said}")
        return "refused"
    return entry


def ran(case, facts, inputs):
    """The raw outputs of stacked raw inputs."""
    raw = case.folder / "raw"
    raw.write_bytes(inputs.tobytes())
    out = case.folder / "out"
    done = case.metisvm("run", case.folder / "m.bundle", "--input", raw, "--batch", str(len(inputs)), "-o", out)
    demand(done.returncode == 0, f"model run: {case.stderr}")
    dtype = ports.TYPES[facts["outputs"][0]["dtype"]]
    return np.frombuffer(out.read_bytes(), dtype).reshape(len(inputs), -1)


def div_14(case):
    """x / 14, not x · (1/14): every byte, halves to even."""
    facts = case.imported()
    inputs = np.arange(256, dtype=np.uint8)[None, None]
    ours, right = ran(case, facts, inputs)[0], case.expected({"x": inputs})["y"].reshape(-1)
    wrong = [(x, int(a), int(b)) for x, (a, b) in enumerate(zip(ours, right, strict=True)) if a != b]
    demand(not wrong, f"(x, here, right): {wrong}")
    return "256 bytes right"


def keep_branch(case):
    """Only what `out` needs is looked at, and nothing of the other output stays."""
    model = onnx.load(case.onnx)
    model.graph.node[1].op_type = "SomebodyElsesOperator"
    model.graph.node[1].domain = "nobody.knows"
    model.opset_import.append(helper.make_opsetid("nobody.knows", 1))
    strange = case.folder / "strange.onnx"
    onnx.save(model, strange)
    inputs = case.normal(32)
    facts = case.imported("--keep", "out", calibration=inputs, model=strange)
    demand([port["name"] for port in facts["outputs"]] == ["out"], "other outputs are there than the one that is kept")
    stale = [key for key in facts["metadata"] if key.startswith("output.prob")]
    demand(not stale, f"metadata of the other output stay: {stale}")
    error = case.relative(inputs, {"out": case.expected(inputs)["out"]})
    demand(error <= RELATIVE, f"the error is {error:.4f}")
    return f"error {error:.4f}"


def cut_before_softmax(case):
    """Softmax as it is, and cut off by the name of a tensor that is no output of the file."""
    said = agrees()(case)
    model = onnx.load(case.onnx)
    inner = model.graph.node[0].output[0]
    inputs = case.normal(64)
    facts = case.imported("--keep", inner, calibration=inputs)
    demand([port["name"] for port in facts["outputs"]] == [inner], "the tensor that is kept is not the output")
    model.graph.output[0].name = inner
    del model.graph.node[1:]
    cut = case.folder / "cut.onnx"
    onnx.save(model, cut)
    error = case.relative(inputs, case.expected(inputs, cut))
    demand(error <= RELATIVE, f"cut off: the error is {error:.4f}")
    return f"{said}; cut off {error:.4f}"


def squeeze_empty(case):
    """An empty list of axes squeezes nothing, as ONNX's own reference has it; onnxruntime squeezes all."""
    inputs = case.normal(64)
    facts = case.imported(calibration=inputs)
    demand(facts["outputs"][0]["shape"] == [1, 3, 1, 4], f"the shape is {facts['outputs'][0]['shape']}")
    error = case.relative(inputs, {facts["outputs"][0]["name"]: inputs["x"]})
    demand(error <= RELATIVE, f"the error is {error:.4f}")
    return f"error {error:.4f}"


def sqrt_negative(case):
    """Not a number goes to the zero point (ONNX leaves it open); everything else as in onnxruntime."""
    facts = case.imported()
    metadata = facts["metadata"]
    zero = int(metadata["output.y.zero_point"])
    inputs = np.abs(case.normal(32)["x"]) * 3
    found = case.checked({"x": inputs}, case.expected({"x": inputs}))
    demand(found["outputs"][0]["relative_error"] < 1e-3, "roots of positive numbers differ")
    scale, input_zero = float(metadata["input.x.scale"]), int(metadata["input.x.zero_point"])
    dtype = {"u8": np.uint8, "i8": np.int8}[facts["inputs"][0]["dtype"]]
    bytes_ = np.arange(np.iinfo(dtype).min, np.iinfo(dtype).max + 1)
    negative = bytes_[(bytes_ - input_zero) * scale < 0].astype(dtype)
    shape = facts["inputs"][0]["shape"]
    ours = ran(case, facts, np.resize(negative, [1, *shape]).astype(dtype))
    demand((ours == zero).all(), f"roots of negative numbers are {sorted(set(ours.reshape(-1).tolist()))}, not {zero}")
    return f"not a number gives {zero}"


def unfolded(case):
    """A Conv with its BatchNormalization comes out as the folded Conv does."""
    model = onnx.load(case.onnx)
    conv = next(n for n in model.graph.node if n.op_type == "Conv")
    arrays = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    weights = arrays[conv.input[1]]
    bias = arrays[conv.input[2]] if len(conv.input) > 2 else np.zeros(len(weights), np.float32)
    inputs = case.normal(64)
    outputs = case.expected(inputs)
    case.imported(calibration=inputs)
    folded = case.relative(inputs, outputs)
    # Any statistics will do: the weights are divided by what the normalisation multiplies.
    gamma, variance = case.random.uniform(0.2, 5, len(weights)), case.random.uniform(0.01, 4, len(weights))
    mean, epsilon = case.random.normal(size=len(weights)), 1e-5
    factor = gamma / np.sqrt(variance + epsilon)
    raw = (weights / factor.reshape(-1, 1, 1, 1)).astype(np.float32)
    parts = {"raw_w": raw, "gamma": gamma, "beta": bias + mean * factor, "mean": mean, "variance": variance}
    attributes = {a.name: helper.get_attribute_value(a) for a in conv.attribute}
    nodes = [helper.make_node("Conv", [conv.input[0], "raw_w"], ["sum"], **attributes),
             helper.make_node("BatchNormalization", ["sum", "gamma", "beta", "mean", "variance"], [conv.output[0]],
                              epsilon=epsilon)]
    rest = [n for n in model.graph.node if n is not conv and n.name != conv.name or n.op_type != "Conv"]
    graph = helper.make_graph([*nodes, *rest], "unfolded", model.graph.input, model.graph.output,
                              [numpy_helper.from_array(v.astype(np.float32), k) for k, v in parts.items()])
    path = case.folder / "unfolded.onnx"
    onnx.save(helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version), path)
    case.imported(calibration=inputs, model=path)
    error = case.relative(inputs, outputs)
    demand(error <= folded * 1.1 + 1e-4, f"the error is {error:.4f}, folded {folded:.4f}")
    return f"error {error:.4f}, folded {folded:.4f}"


def as_accurate_in_one_dimension(case):
    """Rounded once, after the Relu, as its twin of two dimensions is."""
    errors = []
    for name in ("conv2d_relu_neg", "conv1d_relu_neg"):
        other = Case(case.binary, name, case.folder)
        # The same numbers for both.
        other.random = np.random.default_rng(7)
        inputs = other.normal(64)
        other.imported(calibration=inputs)
        errors.append(other.relative(inputs, other.expected(inputs)))
    demand(errors[1] <= errors[0] * 1.05 + 1e-4, f"the error is {errors[1]:.4f}, of the twin {errors[0]:.4f}")
    return f"error {errors[1]:.4f}, of the twin {errors[0]:.4f}"


def cancer():
    """Thirty features from 0.001 to 4000, unscaled; even rows to calibrate with, odd ones to check."""
    import sklearn.datasets
    data, labels = sklearn.datasets.load_breast_cancer(return_X_y=True)
    return data.astype(np.float32)[:, None, :], labels


def raw_features(case):
    """As accurate as float, or damaged and said to be."""
    data, labels = cancer()
    case.imported(calibration={"x": data[0::2]})
    warned = "warning" in case.stderr
    inputs = {"x": data[1::2]}
    right = case.expected(inputs)["y"]
    case.checked(inputs, {"y": right})
    facts = json.loads(case.metisvm("info", case.folder / "m.bundle", "--json").stdout)
    out = ports.real(facts, "y", ran(case, facts, ports.quantised(facts, "x", inputs["x"])))
    share = lambda values: ((values.reshape(-1) > 0.5) == labels[1::2]).mean()
    ours, theirs = share(out), share(right)
    demand(ours >= theirs - 0.02 or warned, f"accuracy {ours:.3f}, float {theirs:.3f}, and no warning")
    return f"accuracy {ours:.3f}, float {theirs:.3f}{', with a warning' if warned else ''}"


def trees(case):
    """Gradient-boosted trees: classes as in onnxruntime, on rows that were not calibrated with."""
    data, _ = cancer()
    case.imported(calibration={"X": data[0::2]})
    inputs = {"X": data[1::2]}
    outputs = case.expected(inputs)
    found = {o["name"]: o for o in case.checked(inputs, outputs)["outputs"]}
    same = found["probabilities"]["top1_agreement"]
    demand(same >= 0.98, f"{same:.3f} of the classes are the same")
    demand(found["probabilities"]["cosine"] >= 0.99, f"the cosine of the probabilities is {found['probabilities']}")
    label = found.get("label")
    demand(label is None or label["equal"] is None or label["equal"] >= 0.98, f"labels: {label}")
    return f"{same:.3f} of the classes the same"


def bytes_go_in(case, facts):
    demand(facts["inputs"][0]["dtype"] == "u8", "the input is not u8, as in the file")


CASES = {
    "avgpool_pads_exclude": agrees(),
    "bn_2d": agrees(),
    "concat_skip": agrees(),
    "const_fold_mul": agrees(),
    "conv1d_relu_neg": as_accurate_in_one_dimension,
    "conv2d_relu_neg": agrees(relative=0.05),
    "conv_bn_fold1": unfolded,
    "div_14": div_14,
    "dropout12_false": agrees(),
    # Its own dynamic scales are worth a part in a hundred.
    "dynamic_quant": agrees(relative=0.05),
    "island_tanh_avgpool": agrees(calibrated=False),
    "keep_unsupported_branch": keep_branch,
    "matmul_1xKxN": agrees(),
    "maxpool_dilated_hole": refused("MaxPool", "padding"),
    "net_convtranspose": agrees(relative=0.03),
    "net_lstm": agrees(relative=0.05),
    "net_se": agrees(relative=0.03),
    "net_transformer": agrees(relative=0.05),
    "nhwc_transpose": agrees(),
    "opset_twice_same": agrees(),
    "pad_conv": agrees(),
    "policy_tanh_qdq": agrees(calibrated=False),
    "qoperator": agrees(calibrated=False),
    "raw_and_float_data": refused('"w"', "raw_data"),
    "reducemean": agrees(),
    "shape_cast": agrees(),
    "shape_slice": agrees(),
    "skl_gbt_nozipmap": trees,
    "skl_linreg": agrees(),
    "skl_logreg_rawfeatures": raw_features,
    "softmax_last": cut_before_softmax,
    "sqrt_neg": sqrt_negative,
    "squeeze13_empty": squeeze_empty,
    "u8_cast_in": agrees(then=bytes_go_in),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--binary", type=pathlib.Path)
    arguments = parser.parse_args()
    if not FILES.is_dir():
        print(f"left out: import cases (shared/data/import-cases is not at {FILES.parent})")
        return
    binary = (arguments.binary or built.metisvm()).resolve()
    there = {path.stem for path in FILES.glob("*.onnx")}
    failures = [f"{name}: the file has no entry in tests/import_cases.py" for name in sorted(there - CASES.keys())]
    failures += [f"{name}: there is no such file" for name in sorted(CASES.keys() - there)]
    for name in arguments.names or sorted(CASES.keys() & there):
        with tempfile.TemporaryDirectory() as folder:
            try:
                print(f"{name}: {CASES[name](Case(binary, name, pathlib.Path(folder)))}")
            except Wrong as wrong:
                print(f"{name}: FAILED: {str(wrong)[:600]}")
                failures.append(name)
    if failures:
        sys.exit(f"{len(failures)} import cases failed: " + ", ".join(failures))
    print(f"{len(arguments.names or CASES)} import cases hold")


if __name__ == "__main__":
    main()
