#!/usr/bin/env python3
"""ONNX Runtime's MatMulInteger beside our products of bytes: N³ for each N, one thread, the wall clock.

    cargo bench -p metisvm-simd --bench products --no-run
    benches/onnxruntime_products.py target/release/deps/products-*

takes the program that the first line built, runs it and ONNX Runtime by turns, and prints medians of both. The left
operand is of unsigned bytes and the right one a constant of signed bytes; both with zero point 0. Needs numpy, onnx and
onnxruntime.
"""

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

# The script beside this one has the name of the package that is imported here.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

import numpy
import onnx
import onnxruntime

LEVELS = ("avx2", "avx512", "avx512-vnni", "amx")
LINE = re.compile(r"(\S+) +matmul Byte (\d+) × (\d+) × (\d+) +(\d+) ns +\S+ GOPS +(\S+) %")
SIZES = (256, 512, 1024, 2048)
TURNS = 5
SHORTEST = 0.2  # seconds a sample takes at least


def session(size):
    """A model of one product, and its input."""
    chance = numpy.random.default_rng(size)
    weights = chance.integers(-127, 128, (size, size)).astype("int8")
    node = onnx.helper.make_node("MatMulInteger", ["x", "w"], ["y"])
    graph = onnx.helper.make_graph(
        [node], "product",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.UINT8, [size, size])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.INT32, [size, size])],
        [onnx.numpy_helper.from_array(weights, "w")])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    made = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return made, {"x": chance.integers(0, 256, (size, size)).astype("uint8")}


def theirs(made, inputs):
    """Microseconds of one product."""
    count, started = 0, time.perf_counter()
    while (taken := time.perf_counter() - started) < SHORTEST:
        made.run(None, inputs)
        count += 1
    return taken / count * 1e6


def ours(program):
    """Microseconds and the share of the register peak, by level and size, of one run; levels that this processor lacks
    have none."""
    found = {}
    for level in LEVELS:
        done = subprocess.run([program, "--bench", level, "matmul Byte"], check=True, capture_output=True, text=True)
        for line in done.stdout.splitlines():
            if match := LINE.match(line):
                _, m, k, n, ns, share = match.groups()
                if m == k == n:
                    found[level, int(n)] = float(ns) / 1e3, float(share)
    return found


def main():
    """Measures by turns."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sessions = {size: session(size) for size in SIZES}
    all_ours, all_theirs = {}, {size: [] for size in SIZES}
    for _ in range(TURNS):
        for key, figures in ours(sys.argv[1]).items():
            all_ours.setdefault(key, []).append(figures)
        for size, pair in sessions.items():
            all_theirs[size].append(theirs(*pair))
    print(f"onnxruntime {onnxruntime.__version__}; microseconds, medians of {TURNS}")
    for (level, size), turns in all_ours.items():
        mine, share = (statistics.median(figures) for figures in zip(*turns))
        other = statistics.median(all_theirs[size])
        print(f"{level:12} N = {size:4} {mine:10.1f}, {share:5.1f} % of the peak; "
              f"onnxruntime {other:10.1f}; ratio {other / mine:.2f}")


if __name__ == "__main__":
    main()
