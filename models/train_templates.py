#!/usr/bin/env python3
"""Trains the networks of the templates, imports them, and writes what tests compare with.

    python models/train_templates.py [--metisvm FILE] [NAME…]

Of each: models/templates/NAME.onnx and NAME.npz (samples for import), templates/NAME/model.bundle,
templates/NAME/test/Samples.sol (some inputs and what is on them, for the template's own test), and
models/templates/NAME.json: how well floats and integers do on data that was not trained on, and forty cases for
host/cli/tests/templates. The networks are in template_nets/; the digit classifier's and the credit model's are those
of train.py and train_credit.py, the language models and the U-Net those of hub/, which are imported and not trained here. Same seed,
same bytes on one machine.
"""

import train  # First: it fixes BLAS before numpy loads.

import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np

import oracle
import train_credit
from template_nets import anomaly, denoiser, detector, embedding, language, ocr_line, samples

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "templates"
TEMPLATES = HERE.parent / "templates"
CASES = 40


def classifier():
    """The digit classifier that train.py trains."""
    _, test_x, _, test_y = train.load()
    return {"name": "image-classifier", "onnx": HERE / "digits" / "cnn_f32.onnx", "keep": ["logits"],
            "calibration": {"pixels": np.load(HERE / "digits" / "calibration.npy").reshape(-1, 1, 8, 8)},
            "grids": ["pixels=1,0"], "test": test_x.reshape(-1, 1, 1, 8, 8), "labels": test_y.tolist()}


def classified(values, labels):
    return {"accuracy": round(float((values.reshape(-1, 10).argmax(axis=1) == labels).mean()), 4)}


def credit():
    """The credit model that train_credit.py trains, with its scores in place of its decision."""
    rng = np.random.default_rng(train_credit.DATA_SEED)
    features = train_credit.draw(rng, train_credit.BORROWERS)
    repaid = rng.random(train_credit.BORROWERS) < train_credit.repays(features)
    held_out = train_credit.HELD_OUT
    return {"name": "credit-score", "onnx": HERE / "credit" / "credit_f32.onnx", "keep": ["scores"],
            "calibration": {"features": features[held_out:held_out + train_credit.CALIBRATION]},
            "grids": ["features=1,0"], "test": features[:held_out][:, None], "labels": repaid[:held_out].tolist()}


def scored(values, labels):
    log_odds = values.reshape(-1, 2) @ [-1, 1]
    return {"accuracy": round(float(((log_odds > 0) == labels).mean()), 4)}


# Of each: what makes it, what judges it, whether one result is right, how labels are written in Solidity.
NETS = {
    "image-classifier": (classifier, classified, lambda y, label: y.argmax() == label,
                         samples.values("uint256", "The digit on it.")),
    "embedding": (embedding.make, embedding.check, None, samples.values("uint256", "The digit on it.")),
    "ocr-line": (ocr_line.make, ocr_line.check, lambda y, label: ocr_line.text(y) == label,
                 samples.texts("What is written on it.")),
    "detector": (detector.make, detector.check, detector.right,
                 samples.boxes("What is on it, in any order: left, top, class.")),
    "credit-score": (credit, scored, lambda y, label: (y[..., 1] > y[..., 0]).all() == label,
                     samples.values("bool", "Whether the model expects repayment, as it came about.")),
    "tabular-anomaly": (anomaly.make, anomaly.check, lambda y, label: (y.item() > label[1]) == label[0],
                        samples.values("bool", "Whether it is unusual.")),
}
SAMPLES = 6
# Folders of hub/, which make_hub.py trains.
FOLDERS = {"gpt2": language, "llama": language, "deepseek": language, "unet-denoiser": denoiser}


def metisvm(binary, *arguments):
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"metisvm {' '.join(map(str, arguments))}: {done.stderr}")
    if done.stderr:
        print(done.stderr, end="")
    return json.loads(done.stdout.splitlines()[-1])


def onnx_of(net):
    """The file to import: the one that there is, or one of the trained layers."""
    if "onnx" in net:
        return net["onnx"]
    path = OUT / f"{net['name']}.onnx"
    train.save(path, net["name"].replace("-", "_"), net["nodes"], net["inputs"], net["outputs"], net["initializers"],
               net["doc"])
    return path


def floats(path, net):
    """What ONNX Runtime gives for the test's inputs, of the output that is kept."""
    session = oracle.session(path)
    names = [output.name for output in session.get_outputs()]
    kept = net.get("keep", names)
    wanted = kept[0]
    if wanted not in names:
        # The credit model's file declares its decision only.
        session = oracle.session(exposed(path, wanted))
        names = [output.name for output in session.get_outputs()]
    return oracle.run(session, [net["test"]])[names.index(wanted)]


def exposed(path, tensor):
    """The file with one more output."""
    import onnx
    model = onnx.load(path)
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(tensor))
    model.graph.output[-1].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    return model.SerializeToString()


def integers(binary, bundle, facts, net):
    """What the bundle gives for the same inputs, in whole numbers."""
    port = facts["outputs"][0]
    inputs = np.ascontiguousarray(net["test"], np.uint8)
    chunks = []
    with tempfile.TemporaryDirectory() as folder:
        raw = pathlib.Path(folder)
        for start in range(0, len(inputs), 400):
            part = inputs[start:start + 400]
            (raw / "in").write_bytes(part.tobytes())
            metisvm(binary, "model", "run", bundle, "--input", raw / "in", "--batch", len(part), "-o", raw / "out", "--json")
            chunks.append(np.frombuffer((raw / "out").read_bytes(), DTYPES[port["dtype"]]))
    return np.concatenate(chunks).reshape(len(inputs), *port["shape"])


DTYPES = {"u8": "u1", "i8": "i1", "i16": "<i2", "i32": "<i4"}


def reals(whole, facts):
    """The real numbers that the outputs stand for."""
    name, notes = facts["outputs"][0]["name"], facts["metadata"]
    scale = float(notes.get(f"output.{name}.scale", 1))
    return (whole.astype(np.float64) - int(notes.get(f"output.{name}.zero_point", 0))) * scale


def chosen(name, real, net, right):
    """Which inputs are samples: results that are right, of both kinds where there are two."""
    labels = net["labels"]
    if name == "embedding":
        return embedding.chosen(real, labels, SAMPLES)
    good = [i for i in range(len(labels)) if right(real[i], labels[i])]
    if name == "detector":
        good = [i for i in good if len(labels[i]) >= 2]
    kinds = {False: [], True: []}
    for i in good:
        kind = labels[i][0] if name == "tabular-anomaly" else labels[i]
        kinds[kind is True].append(i)
    half = SAMPLES // 2 if kinds[True] else 0
    return kinds[True][:half] + kinds[False][:SAMPLES - half]


def constants(name, facts, report):
    """Those of Samples.sol beside the model's id."""
    output, notes = facts["outputs"][0]["name"], facts["metadata"]
    scale = notes.get(f"output.{output}.scale")
    lines = []
    if scale is not None and name != "embedding":
        lines.append(samples.constant("SCALE_WAD", samples.wad(scale), samples.SCALE))
    if "threshold" in report:
        comment = "Where the model's own training set the line, times 1e18."
        lines.append(samples.constant("THRESHOLD_WAD", samples.wad(report["threshold"]), comment))
    return lines


def build(name, binary):
    make, check, right, write_labels = NETS[name]
    net = make()
    path = onnx_of(net)
    np.savez(OUT / f"{name}.npz", **{f"input_{k}": v.astype(np.uint8) for k, v in net["calibration"].items()})
    bundle = TEMPLATES / name / "model.bundle"
    options = [f"--keep={tensor}" for tensor in net.get("keep", [])] + [f"--input-grid={grid}" for grid in net["grids"]]
    facts = metisvm(binary, "model", "import", path, "--calibration", OUT / f"{name}.npz", *options, "-o", bundle, "--json")
    real, labels = reals(integers(binary, bundle, facts, net), facts), net["labels"]
    raw = [np.ascontiguousarray(x, np.uint8).tobytes() for x in net["test"]]
    report = {"import": options, "floats": check(floats(path, net), labels), "integers": check(real, labels)}

    picked = chosen(name, real, net, right)
    written = [labels[i][0] if name == "tabular-anomaly" else labels[i] for i in picked]
    library = samples.library(facts["model_id"], constants(name, facts, report["floats"]), [raw[i] for i in picked],
                              net["test"].shape[-1], write_labels, written)
    (TEMPLATES / name / "test" / "Samples.sol").write_text(library)

    # The samples, and others as they come, from both ends: those of the anomalies are the unusual.
    rest = [i for i in range(len(labels)) if i not in picked]
    cases = picked + rest[:CASES // 2 - len(picked)] + rest[-CASES // 2:]
    (OUT / f"{name}.json").write_text(train.dump({**report, "cases": [
        {"input": raw[i].hex(), "label": labels[i][0] if name == "tabular-anomaly" else labels[i]} for i in cases]}))
    print(name, bundle.stat().st_size, "bytes", report, facts["inference_gas_by_schedule"], facts["output_errors"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--metisvm", type=pathlib.Path, default="metisvm", help="the program that imports")
    names = (*NETS, *FOLDERS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; else all")
    options = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    for name in options.names or names:
        if name in FOLDERS:
            FOLDERS[name].build(name, options.metisvm, metisvm, TEMPLATES, OUT, samples.wad)
        else:
            build(name, options.metisvm)


if __name__ == "__main__":
    main()
