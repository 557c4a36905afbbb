#!/usr/bin/env python3
"""ezkl as a peer of `metisvm prove`: the same ONNX files and inputs, in one run, on as many threads.

    cargo build --release -p metisvm
    benches/ezkl.py --metisvm target/release/metisvm                 # MLP 784-128-10
    benches/ezkl.py --metisvm target/release/metisvm --models mlp,lenet,dense -o figures.jsonl
    benches/ezkl.py --metisvm target/release/metisvm --models digits,mlp,lenet --forms all --without-ezkl

ezkl 23 comes from pip, by the versions of benches/ezkl.txt, into a folder of its own (--work, which also keeps the SRS).
The models are float files with made-up weights, made here; ours are imported with `metisvm model import`, ezkl's are
calibrated by its own `calibrate_settings` (target "resources") on the same samples. Its SRS is made locally
(`gen_srs`), which is for tests alone and not counted. Both prove the same input, which is not one of the samples.

Each step is a process of its own: CPU seconds and peak memory are what the system counted for it (wait4), for both
alike. Of digits, which is the bundled model, ours alone are measured, and 64 inferences in one proof besides. "set-up" is
what serves all proofs of a model: ezkl's proving key; our circuits, which are made anew in each process and so are part
of the process that proves; their share is what it says of itself. The time of a verification is what the library call
takes on the wall, without reading keys; the least of a few.

Needs python3 with venv. LeNet takes ezkl some 12 GB of memory and 5 minutes of two processors.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve()
# This file has the name of the package that it imports, and its folder would be looked into first.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE.parent]

SEED = 11
SAMPLES = 16
FORMS = {
    "raw": ["--raw"],
    "wrapped": [],
    "blinded": ["--private-input"],
    "small": ["--small"],
    "small-blinded": ["--small", "--private-input"],
    "proven": ["--proven-bits"],
    "proven-blinded": ["--proven-bits", "--private-input"],
}
USUAL = "raw,wrapped,blinded"
MODELS = ("mlp", "lenet", "dense", "digits")
BATCH = 64
VERIFICATIONS = 3


def arguments():
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--metisvm", type=Path, required=True, help="the binary, built with --release")
    parser.add_argument("--models", default="mlp", help=f"of {', '.join(MODELS)}, comma-separated (default: mlp)")
    parser.add_argument("--forms", default=USUAL, help=f"of ours, comma-separated, or all (default: {USUAL})")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of both (default: all)")
    parser.add_argument("--work", type=Path, default=Path(".cache/ezkl"), help="where packages and keys go")
    parser.add_argument("-o", "--output", type=Path, help="a file for the figures, a JSON object a line")
    parser.add_argument("--without-ezkl", action="store_true", help="ours alone")
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.models = args.models.split(",")
    args.forms = list(FORMS) if args.forms == "all" else args.forms.split(",")
    if unknown := [model for model in args.models if model not in MODELS]:
        parser.error(f"--models: {unknown[0]} is none of {', '.join(MODELS)}")
    if unknown := [form for form in args.forms if form not in FORMS]:
        parser.error(f"--forms: {unknown[0]} is none of {', '.join(FORMS)}")
    if args.threads < 1:
        parser.error("--threads is 1 at least")
    args.metisvm = args.metisvm.resolve()
    if not args.metisvm.is_file():
        parser.error(f"{args.metisvm} is not there; cargo build --release -p metisvm makes it")
    return args


def make(name, folder):
    """The float file of a model, samples to calibrate with, and an input, in the forms that both take."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(SEED)
    nodes, constants = [], []

    def constant(label, array):
        constants.append(numpy_helper.from_array(array, label))
        return label

    def weights(label, shape, fan_in):
        return constant(label, (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32))

    def node(operator, inputs, **attributes):
        nodes.append(helper.make_node(operator, inputs, [f"t{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    def dense(x, label, inputs, outputs):
        return node("Gemm", [x, weights(f"{label}.w", (inputs, outputs), inputs), weights(f"{label}.b", outputs, 100)])

    def conv(x, label, outputs, inputs, pad):
        w = weights(f"{label}.w", (outputs, inputs, 5, 5), inputs * 25)
        bias = weights(f"{label}.b", outputs, 100)
        # ezkl takes no default of a stride.
        return node("Conv", [x, w, bias], kernel_shape=[5, 5], pads=[pad] * 4, strides=[1, 1], dilations=[1, 1], group=1)

    def pool(x):
        return node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])

    if name == "mlp":
        shape = [1, 784]
        y = dense(node("Relu", [dense("x", "a", 784, 128)]), "b", 128, 10)
    elif name == "dense":
        shape = [1, 2048]
        y = dense("x", "a", 2048, 2048)
    else:
        shape = [1, 1, 28, 28]
        y = pool(node("Relu", [conv("x", "a", 6, 1, 2)]))
        y = pool(node("Relu", [conv(y, "b", 16, 6, 0)]))
        y = node("Reshape", [y, constant("flat", np.array([1, 400], np.int64))])
        y = node("Relu", [dense(y, "c", 400, 120)])
        y = node("Relu", [dense(y, "d", 120, 84)])
        y = dense(y, "e", 84, 10)
    outputs = 2048 if name == "dense" else 10
    value = lambda label, dims: helper.make_tensor_value_info(label, TensorProto.FLOAT, dims)
    graph = helper.make_graph(nodes, name, [value("x", shape)], [value(y, [1, outputs])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, folder / "model.onnx")
    # Multiples of 2^-8, which go into our integers as they are.
    pixels = rng.integers(0, 256, (SAMPLES + 1, *shape[1:]), dtype=np.uint8)
    floats = pixels.astype(np.float32) / 256
    np.save(folder / "samples.npy", floats[:SAMPLES])
    (folder / "input.bin").write_bytes(pixels[SAMPLES].tobytes())
    rows = floats.reshape(SAMPLES + 1, -1).tolist()
    (folder / "samples.json").write_text(json.dumps({"input_data": [sum(rows[:SAMPLES], [])]}))
    (folder / "input.json").write_text(json.dumps({"input_data": [rows[SAMPLES]]}))


def measured(command, environment=None):
    """A process with what it took by the system's count, and the last line that it wrote."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **(environment or {})})
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"ended with {process.returncode}: {' '.join(map(str, command))}\n{output.decode(errors='replace')}")
    figures = {
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "wall_s": round(time.monotonic() - started, 2),
        "peak_memory_bytes": usage.ru_maxrss * 1024,
    }
    lines = output.decode().strip().splitlines()
    return figures, lines[-1] if lines else ""


def step(name, folder):
    """One step of ezkl, in a process of its own."""
    import asyncio
    import inspect

    import ezkl

    file = lambda what: str(folder / what)

    async def call(function, *positional, **named):
        result = function(*positional, **named)
        result = await result if inspect.isawaitable(result) else result
        if result is False:
            sys.exit(f"{function.__name__} failed")
        return result

    async def run():
        if name == "settings":
            await call(ezkl.gen_settings, file("model.onnx"), file("settings.json"))
            await call(
                ezkl.calibrate_settings, file("samples.json"), file("model.onnx"), file("settings.json"), "resources"
            )
            await call(ezkl.compile_circuit, file("model.onnx"), file("model.compiled"), file("settings.json"))
        elif name == "srs":
            rows = json.loads((folder / "settings.json").read_text())["run_args"]["logrows"]
            await call(ezkl.gen_srs, file("srs"), rows)
        elif name == "setup":
            await call(ezkl.setup, file("model.compiled"), file("vk"), file("pk"), file("srs"))
        elif name == "prove":
            await call(ezkl.gen_witness, file("input.json"), file("model.compiled"), file("witness.json"))
            await call(
                ezkl.prove, file("witness.json"), file("model.compiled"), file("pk"), file("proof.json"), file("srs")
            )
        elif name == "verify":
            took = []
            for _ in range(VERIFICATIONS):
                started = time.monotonic()
                await call(ezkl.verify, file("proof.json"), file("settings.json"), file("vk"), file("srs"))
                took.append(time.monotonic() - started)
            print(json.dumps({"verify_ms": round(min(took) * 1e3, 1)}))

    asyncio.run(run())


def proof_bytes(folder):
    """Bytes of ezkl's proof itself."""
    proof = json.loads((folder / "proof.json").read_text())["proof"]
    return len(proof) if isinstance(proof, list) else (len(proof.removeprefix("0x"))) // 2


def peer(args, folder, name):
    """ezkl's figures for one model."""
    threads = {"RAYON_NUM_THREADS": str(args.threads)}
    run = lambda what: measured([sys.executable, HERE, "--metisvm", args.metisvm, "--step", what, folder], threads)
    calibrated, _ = run("settings")
    rows = json.loads((folder / "settings.json").read_text())["run_args"]["logrows"]
    run("srs")
    setup, _ = run("setup")
    prove, _ = run("prove")
    verify, said = run("verify")
    return {
        "model": name,
        "prover": "ezkl 23.0.5",
        "threads": args.threads,
        "calibrate_cpu_s": calibrated["cpu_s"],
        "setup_cpu_s": setup["cpu_s"],
        "setup_peak_memory_bytes": setup["peak_memory_bytes"],
        "prove_cpu_s": prove["cpu_s"],
        "wall_s": prove["wall_s"],
        "peak_memory_bytes": max(prove["peak_memory_bytes"], setup["peak_memory_bytes"]),
        "proof_bytes": proof_bytes(folder),
        "verify_ms": json.loads(said)["verify_ms"],
        "verify_process_cpu_s": verify["cpu_s"],
        "proving_key_bytes": (folder / "pk").stat().st_size,
        "rows": f"2^{rows}",
    }


def ours(args, folder, name):
    """Our figures for one model, a form a line."""
    bundle, image = folder / "model.bundle", folder / "input.bin"
    forms = [(form, image, FORMS[form]) for form in args.forms]
    if name == "digits":
        bundle = HERE.parents[1] / "host/cli/bundled/digits-mlp.bundle"
        images = (HERE.parents[1] / "models/digits/test_images.bin").read_bytes()
        image.write_bytes(images[:64])
        (folder / "batch.bin").write_bytes(images[: 64 * BATCH])
        batch = ["--batch", str(BATCH)]
        forms += [(f"{form}, batch of {BATCH}", folder / "batch.bin", [*batch, *FORMS[form]]) for form in USUAL.split(",")]
    else:
        samples = ["--calibration", folder / "samples.npy"]
        measured([args.metisvm, "model", "import", folder / "model.onnx", *samples, "-o", bundle])
    common = ["--threads", str(args.threads), "--keys", folder / "keys", "--memory-limit", "12288", "--json"]
    for form, source, options in forms:
        proof = folder / "proof.json"
        process, said = measured([args.metisvm, "prove", bundle, "--input", source, "-o", proof, *options, *common])
        said = json.loads(said)
        verdicts = []
        while len(verdicts) < VERIFICATIONS:
            _, verdict = measured([args.metisvm, "verify", proof, "--bundle", bundle, "--as-stated", *common])
            verdicts.append(json.loads(verdict))
            if not verdicts[-1]["valid"]:
                sys.exit(f"{proof} is not valid")
            # A key that is not kept is made anew each time, which may take long.
            if verdicts[-1]["key"] == "made" and verdicts[-1]["key_ms"] > 5_000:
                break
        yield {
            "model": name,
            "prover": f"metisvm {form}",
            "threads": args.threads,
            "setup_cpu_s": said["circuits_cpu_s"],
            # What the process took beside making circuits: the proof, and reading and writing.
            "prove_cpu_s": round(process["cpu_s"] - said["circuits_cpu_s"], 2),
            "prove_alone_cpu_s": said["prove_cpu_s"],
            "wall_s": said["wall_s"],
            "peak_memory_bytes": process["peak_memory_bytes"],
            "proof_bytes": said["proof_bytes"],
            "verify_ms": min(verdict["verify_ms"] for verdict in verdicts),
            "rows": f"2^{said['model_degree'].bit_length() - 1}",
        }


def table(lines):
    """All figures, as Markdown."""
    print("\n| model | prover | set-up, CPU-s | prove, CPU-s | peak memory, GB | proof, bytes | verify, ms |")
    print("|---|---|---|---|---|---|---|")
    for line in lines:
        peak = line["peak_memory_bytes"] / 1e9
        print(
            f"| {line['model']} | {line['prover']} | {line['setup_cpu_s']:.1f} | {line['prove_cpu_s']:.2f} | {peak:.2f} "
            f"| {line['proof_bytes']:,} | {line['verify_ms']:.1f} |"
        )


def into_the_environment(args):
    """Installs what is pinned and goes on with that interpreter."""
    python = args.work / "venv/bin/python"
    if not python.exists():
        args.work.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", args.work / "venv"], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE.with_name("ezkl.txt")]
    subprocess.run(pip, check=True)
    os.execv(python, [python, *sys.argv])


def main():
    args = arguments()
    if args.step:
        step(args.step[0], Path(args.step[1]))
        return
    args.work = args.work.resolve()
    if Path(sys.prefix).resolve() != (args.work / "venv").resolve():
        into_the_environment(args)
    lines = []
    for name in args.models:
        folder = args.work / name
        folder.mkdir(exist_ok=True)
        if name != "digits":
            make(name, folder)
        figures = list(ours(args, folder, name))
        if name != "digits" and not args.without_ezkl:
            figures.append(peer(args, folder, name))
        lines.extend(figures)
        # What took minutes is kept, whatever comes of the next model.
        if args.output:
            args.output.write_text("".join(json.dumps(line) + "\n" for line in lines))
        table(figures)


if __name__ == "__main__":
    main()
