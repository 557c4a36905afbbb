#!/usr/bin/env python3
"""Writes fixtures/float/: one operator a file, with what goes in and what comes out.

Each file is a model with initializers `given/NAME` and `expected/NAME` that no node reads;
host/import/src/float/run.rs runs the typed graph in floats and compares. Expected values are
those that come with ONNX's own operator cases (the `onnx` package), or onnxruntime's.
"""

import pathlib
import sys
import warnings
import zlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

OUT = pathlib.Path(__file__).resolve().parent / "fixtures" / "float"
# Larger ones show nothing that small ones do not.
LARGEST = 24_000
FLOATS = (np.float32, np.float64, np.float16)


def save(name, model, given, expected):
    """Adds inputs and outputs to a model and writes it."""
    graph = model.graph
    for role, arrays in [("given", given), ("expected", expected)]:
        for port, array in arrays.items():
            array = np.asarray(array)
            kept = array.astype(np.float32 if array.dtype in FLOATS else np.int64)
            graph.initializer.append(numpy_helper.from_array(kept, f"{role}/{port}"))
    graph.ClearField("value_info")
    for entry in (graph, model, *graph.node):
        entry.doc_string = ""
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.onnx").write_bytes(model.SerializeToString())


def case(name, nodes, inputs, constants=None, outputs=("y",), opset=18, domains=()):
    """A case of our own: `inputs` are arrays or shapes; expected values are onnxruntime's."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    given = {
        port: rng.normal(size=value).astype(np.float32) if isinstance(value, tuple) else np.asarray(value)
        for port, value in inputs.items()
    }
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(p, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for p, a in given.items()],
        [onnx.ValueInfoProto(name=o) for o in outputs],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options)
    results = session.run(list(outputs), given)
    save(name, model, given, dict(zip(outputs, results)))


def backend(names, constant=lambda port, index, array: index > 0):
    """Cases of ONNX's own, by name; an input for which `constant` holds becomes an initializer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {c.name: c for c in onnx.backend.test.case.collect_testcases(None)}
    for name in names:
        test = found[f"test_{name}"]
        model = onnx.ModelProto()
        model.CopyFrom(test.model)
        arrays, results = test.data_sets[0]
        given = {}
        kept = []
        for index, (port, array) in enumerate(zip(list(model.graph.input), arrays)):
            array = np.asarray(array)
            if constant(port.name, index, array):
                model.graph.initializer.append(numpy_helper.from_array(array, port.name))
            else:
                given[port.name] = array
                kept.append(port)
        del model.graph.input[:]
        model.graph.input.extend(kept)
        size = sum(a.nbytes for a in [*given.values(), *map(np.asarray, results)])
        if size > LARGEST:
            sys.exit(f"{name}: {size} bytes are too many")
        save(f"onnx_{name}", model, given, {o.name: r for o, r in zip(model.graph.output, results)})


def node(op, inputs, outputs=("y",), domain="", **attributes):
    return helper.make_node(op, list(inputs), list(outputs), domain=domain, **attributes)


def shapes():
    case("flatten", [node("Flatten", ["x"], axis=1)], {"x": (2, 3, 4)})


def main():
    import onnx.backend.test.case  # noqa: F401  (collect_testcases)

    for old in OUT.glob("*.onnx"):
        old.unlink()
    shapes()


if __name__ == "__main__":
    main()
