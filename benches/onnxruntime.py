#!/usr/bin/env python3
"""ONNX Runtime as a peer of `metisvm bench models`: the same ONNX models, in the same minutes, by turns.

    benches/onnxruntime.py --metisvm target/release/metisvm -o peer.jsonl \\
        models/digits/cnn_qdq.onnx=host/cli/bundled/digits-cnn.bundle
    target/release/metisvm bench models --bundle host/cli/bundled/digits-cnn.bundle \\
        --peer peer.jsonl --html report.html

Each turn times one sample of ours (`metisvm bench models --samples 1`, whose result is held to the reference
kernels before) and one of ONNX Runtime's CPU provider with as many threads. The figures are medians over the turns,
written as `metisvm bench --json` writes them. Inputs are random within their types. A model whose first dimension is
fixed runs the items of a batch one after the other there, which its name then says.

With --int8 each file is also quantised with ONNX Runtime's own tools, dynamically and statically (QDQ and QOperator),
and the fastest of all is the peer, by name. What these files compute is not looked at, only how long it takes them.

Needs numpy and onnxruntime; --int8 also onnx.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# This file has the name of the package that it imports, and its folder would be looked into first.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

SHORTEST = 0.005  # seconds a sample takes at least, as in host/bench/src/sample.rs
TYPES = {
    "tensor(float)": "float32",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}


def arguments():
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", metavar="ONNX=BUNDLE", help="a model, and the bundle that was made of it")
    parser.add_argument("--metisvm", required=True, type=Path, help="the binary, built with --release")
    parser.add_argument("-o", "--output", required=True, type=Path, help="where the lines go")
    parser.add_argument("--backend", default="cpu", help="the engine of ours (default: cpu)")
    parser.add_argument("--batch", default="1", help="items of a batch, comma-separated (default: 1)")
    parser.add_argument("--threads", default="1", help="threads of both, comma-separated (default: 1)")
    parser.add_argument("--turns", type=int, default=9, help="samples of each (default: 9)")
    parser.add_argument("--int8", action="store_true", help="let the fastest of the file and its int8 forms be the peer")
    parser.add_argument("--dim", action="append", default=[], metavar="NAME=N", help="what an open dimension becomes")
    args = parser.parse_args()
    if args.turns < 1:
        parser.error("--turns is 1 at least")
    for model in args.models:
        paths = model.rsplit("=", 1)
        if len(paths) != 2:
            parser.error(f"{model} is not written ONNX=BUNDLE")
        for path in paths:
            if not Path(path).is_file():
                parser.error(f"{path} is not there")
    return args


def ours(args, bundle, batch, threads):
    """One sample of each unit: the objects of our bench."""
    command = [args.metisvm, "bench", "models", "--json", "--samples", "1", "--patience", "60"]
    command += ["--bundle", bundle, "--backend", args.backend, "--batch", str(batch), "--threads", str(threads)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0 or not lines:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr.strip() or 'no figures'}")
    return {line["unit"]: line for line in lines}


class Theirs:
    """A session of ONNX Runtime with inputs for a batch."""

    def __init__(self, onnx, batch, threads, dims, form=""):
        import numpy
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        self.name = f"onnxruntime {onnxruntime.__version__}{form}"
        chance = numpy.random.default_rng(1)
        ports = self.session.get_inputs()
        together = all(port.shape and not isinstance(port.shape[0], int) for port in ports)
        self.calls = 1 if together or batch == 1 else batch
        if self.calls > 1:
            self.name += ", one by one"
        self.inputs = {}
        for port in ports:
            shape = []
            for at, extent in enumerate(port.shape):
                if isinstance(extent, int):
                    shape.append(extent)
                elif extent in dims:
                    shape.append(dims[extent])
                elif at == 0:
                    shape.append(batch if together else 1)
                else:
                    sys.exit(f"{onnx}: {port.name} has the open dimension {extent}: give --dim {extent}=N")
            kind = TYPES.get(port.type)
            if kind is None:
                sys.exit(f"{onnx}: {port.name} has the type {port.type}, which is not known here")
            if kind == "float32":
                values = chance.random(shape, dtype="float32")
            else:
                # Ones and zeros are valid tokens and masks, whatever the input means.
                values = chance.integers(0, 2, shape).astype(kind)
            self.inputs[port.name] = values

    def sample(self):
        """Seconds of one batch, after a call that is not timed: the other side has filled the caches meanwhile."""
        self.session.run(None, self.inputs)
        count = 1
        while True:
            started = time.perf_counter()
            for _ in range(count * self.calls):
                self.session.run(None, self.inputs)
            taken = time.perf_counter() - started
            if taken >= SHORTEST:
                return taken / count
            count *= 2


def first_line(problem):
    """What an exception says, in one line."""
    return (str(problem).splitlines() or [type(problem).__name__])[0]


def modern(path, folder):
    """The file itself, or one of operator set 13 if it is older: before, there was one scale a tensor only."""
    import onnx
    import onnx.version_converter

    model = onnx.load(path)
    if all(known.version >= 13 for known in model.opset_import if known.domain in ("", "ai.onnx")):
        return path
    converted = folder / "modern.onnx"
    onnx.save(onnx.version_converter.convert_version(model, 13), converted)
    return converted


def int8_forms(path, inputs, folder):
    """Names and files of what ONNX Runtime's tools make of a model; what they refuse is said, and left out."""
    from onnxruntime import quantization

    class Once(quantization.CalibrationDataReader):
        """One sample."""

        def __init__(self):
            self.left = [inputs]

        def get_next(self):
            return self.left.pop() if self.left else None

    prepared = folder / "prepared.onnx"
    try:
        quantization.quant_pre_process(modern(path, folder), prepared, skip_symbolic_shape=True)
    except Exception as problem:  # The tools raise what they please.
        print(f"{path}: not prepared: {first_line(problem)}", file=sys.stderr)
        prepared = path
    ways = {"dynamic int8": lambda out: quantization.quantize_dynamic(prepared, out)}
    for name, how in (("QDQ", quantization.QuantFormat.QDQ), ("QOperator", quantization.QuantFormat.QOperator)):
        for each in (False, True):
            ways[f"static int8, {name}{', by channel' if each else ''}"] = (
                lambda out, how=how, each=each: quantization.quantize_static(
                    prepared, out, Once(), quant_format=how, per_channel=each,
                    activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8))
    for form, make in ways.items():
        out = folder / f"{form}.onnx"
        try:
            make(out)
        except Exception as problem:
            print(f"{path}: no {form}: {first_line(problem)}", file=sys.stderr)
            continue
        yield f", {form}", out


def fastest(args, onnx, batch, threads, dims):
    """The session that takes least time."""
    best = Theirs(onnx, batch, threads, dims, ", as it is" if args.int8 else "")
    if not args.int8:
        best.sample()
        return best
    # The first sample warms up.
    times = [best.sample() for _ in range(4)][1:]
    with tempfile.TemporaryDirectory() as folder:
        for form, file in int8_forms(onnx, best.inputs, Path(folder)):
            try:
                other = Theirs(file, batch, threads, dims, form)
                taken = [other.sample() for _ in range(4)][1:]
            except Exception as problem:
                print(f"{onnx}{form}: does not run: {first_line(problem)}", file=sys.stderr)
                continue
            print(f"{onnx}{form}: {min(taken) * 1e3:.4g} ms; best so far {min(times) * 1e3:.4g} ms", file=sys.stderr)
            if min(taken) < min(times):
                best, times = other, taken
    return best


def compare(args, onnx, bundle, batch, threads, dims):
    """The lines of one case."""
    theirs = fastest(args, onnx, batch, threads, dims)
    mine, other = [], []
    for turn in range(args.turns):
        # Each begins every second turn: none always follows the same one.
        first = turn % 2 == 0
        if first:
            mine.append(ours(args, bundle, batch, threads))
        other.append(theirs.sample())
        if not first:
            mine.append(ours(args, bundle, batch, threads))
    seconds = statistics.median(other)
    for unit, line in mine[0].items():
        figures = sorted(turn[unit]["ours"] for turn in mine)
        figure = statistics.median(figures)
        is_time = unit == "ms"
        peer = seconds * 1e3 if is_time else batch / seconds
        quickest, slowest = (figures[0], figures[-1]) if is_time else (figures[-1], figures[0])
        yield line | {
            "ours": figure,
            "peer": peer,
            "ratio": peer / figure if is_time else figure / peer,
            "peer_name": theirs.name,
            "samples": args.turns,
            "spread": [quickest, slowest],
        }


def main():
    """Measures, and writes the lines when all are there."""
    args = arguments()
    dims = {name: int(extent) for name, _, extent in (dim.rpartition("=") for dim in args.dim)}
    lines = []
    for model in args.models:
        onnx, bundle = model.rsplit("=", 1)
        for threads in map(int, args.threads.split(",")):
            for batch in map(int, args.batch.split(",")):
                for line in compare(args, onnx, bundle, batch, threads, dims):
                    lines.append(json.dumps(line, ensure_ascii=False))
                    unit, ratio = line["unit"], line["ratio"]
                    print(f"{line['case']}: {line['ours']:.4g} {unit}, {line['peer_name']} {line['peer']:.4g}, "
                          f"ratio {ratio:.3g}", file=sys.stderr)
    args.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
