#!/usr/bin/env python3
"""Runs an ONNX file with onnxruntime and prints what came out, as one JSON object.

The differential tests compare the integer graph with this. Graph optimisation is
off on purpose: with it on, onnxruntime fuses DequantizeLinear/op/QuantizeLinear
into 8-bit kernels of its own, whose rounding (and, on a CPU without VNNI, whose
16-bit saturation of u8 x s8 sums) differs from machine to machine. With it off,
every node does what the ONNX text says it does.

Needs numpy and onnxruntime only.
"""

import argparse
import json
import math
import pathlib
import sys

import numpy as np
import onnxruntime as ort

HERE = pathlib.Path(__file__).resolve().parent
DTYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8, "tensor(int8)": np.int8,
          "tensor(int32)": np.int32, "tensor(int64)": np.int64}


def session(model, optimise=False):
    """A single-threaded session: the order of float additions is then fixed on one machine."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = (
        ort.GraphOptimizationLevel.ORT_ENABLE_ALL if optimise
        else ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
    source = model if isinstance(model, bytes) else str(model)
    return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def fixed_shape(value):
    """The declared shape, with a symbolic or missing dimension read as 1."""
    return [d if isinstance(d, int) and d > 0 else 1 for d in value.shape]


def run(sess, samples):
    """Runs each sample by itself and stacks every output on a new leading axis.

    `samples` is one array per input, each stacked on a leading axis of the same length.
    """
    inputs = sess.get_inputs()
    columns = [[] for _ in sess.get_outputs()]
    for i in range(len(samples[0])):
        feed = {}
        for value, column in zip(inputs, samples, strict=True):
            feed[value.name] = column[i].reshape(fixed_shape(value)).astype(DTYPES[value.type])
        for column, result in zip(columns, sess.run(None, feed), strict=True):
            column.append(result)
    return [np.stack(c) for c in columns]


def shortest(array):
    """Nested lists; an f32 becomes the shortest decimal that reads back as the same f32,
    and what JSON has no number for becomes a string."""
    if array.dtype != np.float32:
        return array.tolist()
    flat = [float(str(v)) for v in array.reshape(-1)]
    flat = [v if math.isfinite(v) else str(v) for v in flat]
    for length in reversed(array.shape[1:]):
        flat = [flat[i:i + length] for i in range(0, len(flat), length)]
    return flat


def test_images():
    pixels = np.fromfile(HERE / "digits" / "test_images.bin", dtype=np.uint8).reshape(-1, 64)
    return pixels, np.fromfile(HERE / "digits" / "test_labels.bin", dtype=np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="the ONNX file")
    parser.add_argument("--input", action="append", metavar="FILE.npy",
                        help="samples stacked on a leading axis; one --input per model input. "
                             "Without it: the digits test images")
    parser.add_argument("--limit", type=int, help="only the first N samples")
    parser.add_argument("--optimise", action="store_true",
                        help="with onnxruntime's graph optimisations (depends on the CPU)")
    args = parser.parse_args()

    for path in [args.model, *(args.input or [])]:
        if not pathlib.Path(path).is_file():
            parser.error(f"no such file: {path}")
    sess = session(args.model, args.optimise)
    labels = None
    if args.input:
        samples = [np.load(path, allow_pickle=False) for path in args.input]
    else:
        pixels, labels = test_images()
        samples = [pixels]
    samples = [s[:args.limit] for s in samples]
    results = run(sess, samples)
    report = {
        "model": pathlib.Path(args.model).name,
        "onnxruntime": ort.__version__,
        "samples": len(samples[0]),
        "outputs": [{"name": o.name, "dtype": str(r.dtype), "shape": list(r.shape[1:]),
                     "values": shortest(r.reshape(len(r), -1))}
                    for o, r in zip(sess.get_outputs(), results, strict=True)],
    }
    if labels is not None:
        predicted = results[0].reshape(len(results[0]), -1).argmax(axis=1)
        report["predictions"] = predicted.tolist()
        report["accuracy"] = float((predicted == labels[:len(predicted)]).mean())
    json.dump(report, sys.stdout)
    print()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.stderr.close()
