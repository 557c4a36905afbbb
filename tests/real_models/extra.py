"""What a cosine of outputs does not say: whether the models still do what people use them for."""

import json
import pathlib
import subprocess

import numpy as np

from . import data, ports

HERE = pathlib.Path(__file__).resolve().parent


def run(binary, bundle, inputs):
    """The outputs of the bundle for stacked samples, as real numbers, by name."""
    facts = json.loads(subprocess.check_output([str(binary), "model", "info", str(bundle), "--json"]))
    count = len(next(iter(inputs.values())))
    raw = [b""] * count
    for port in facts["inputs"]:
        values = ports.quantised(facts, port["name"], inputs[port["name"]])
        raw = [have + values[i].tobytes() for i, have in enumerate(raw)]
    out = subprocess.run([str(binary), "model", "run", str(bundle), "--input", "-", "--batch", str(count), "-o", "-"],
                         input=b"".join(raw), stdout=subprocess.PIPE, check=True).stdout
    found = {port["name"]: [] for port in facts["outputs"]}
    at = 0
    for _ in range(count):
        for port in facts["outputs"]:
            own = np.frombuffer(out[at:at + port["bytes"]], ports.TYPES[port["dtype"]]).reshape(port["shape"])
            at += port["bytes"]
            found[port["name"]].append(ports.real(facts, port["name"], own))
    return {name: np.stack(values) for name, values in found.items()}


def ranks(values):
    order = np.argsort(values, kind="stable")
    out = np.empty(len(values))
    out[order] = np.arange(len(values))
    return out


def embeddings(hidden, mask):
    """The mean over the pieces of a sentence, of length 1."""
    weight = mask.reshape(len(mask), -1, 1).astype(np.float64)
    hidden = hidden.reshape(len(mask), weight.shape[1], -1)
    mean = (hidden * weight).sum(1) / weight.sum(1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def minilm(binary, bundle, _session, _folder, check, outputs):
    """The sentence embeddings, against those of the floats."""
    name = next(iter(outputs))
    mask = check["attention_mask"].reshape(len(check["attention_mask"]), -1)
    return compared(embeddings(run(binary, bundle, check)[name], mask), embeddings(outputs[name], mask))


def minilm_of_transformers(binary, bundle, _session, _folder, check, outputs):
    """The same, against what transformers 5.24.0 gave for the published weights: nothing of ours made those."""
    name = next(iter(outputs))
    mask = check["attention_mask"].reshape(len(check["attention_mask"]), -1)
    theirs = np.load(HERE / "minilm_embeddings.npz")["embeddings"].astype(np.float64)
    return compared(embeddings(run(binary, bundle, check)[name], mask), theirs[:len(mask)])


def compared(ours, theirs):
    """Their cosine, and whether pairs of sentences are as near in the same order."""
    cosines = (ours * theirs).sum(1)
    upper = np.triu_indices(len(ours), 1)
    spearman = np.corrcoef(ranks((ours @ ours.T)[upper]), ranks((theirs @ theirs.T)[upper]))[0, 1]
    wrong = None
    if cosines.mean() < 0.995 or spearman < 0.995:
        wrong = "embeddings: cosine and Spearman's correlation are to be 0.995 at least"
    return {"cosine": cosines.mean(), "cosine_min": cosines.min(), "spearman": spearman, "wrong": wrong,
            "shown": f"embeddings: cosine {cosines.mean():.4f}, least {cosines.min():.4f}, "
                     f"Spearman {spearman:.4f}"}


def magika(binary, bundle, session, folder, _check, _outputs):
    """Kinds of local files: the share that is right by the ending of the file, in float and here."""
    config = next(folder.glob("magika/**/config.min.json"))
    labels = json.loads(config.read_text())["target_labels_space"]
    chosen = data.files("check")
    inputs = {"bytes": np.stack([data.file_bytes(path)[None] for path, _ in chosen])}
    # Javascript and the like are told from each other by what files say, not by their endings: the few that the float
    # model names otherwise count as wrong for both.
    truth = [label for _, label in chosen]
    name = session.get_outputs()[0].name
    theirs = [labels[int(session.run([name], {"bytes": row})[0].argmax())] for row in inputs["bytes"]]
    ours = [labels[int(row.argmax())] for row in run(binary, bundle, inputs)[name]]
    share = lambda found: sum(f == t for f, t in zip(found, truth, strict=True)) / len(truth)
    same = sum(a == b for a, b in zip(ours, theirs, strict=True)) / len(ours)
    wrong = None if share(ours) >= share(theirs) - 0.005 else "more than 0.5 points below float"
    return {"files": len(truth), "float": share(theirs), "ours": share(ours), "same": same, "wrong": wrong,
            "shown": f"{len(truth)} local files: {share(ours):.4f} right, float {share(theirs):.4f}; "
                     f"{same:.4f} the same"}


EXTRA = {"minilm-int8": minilm, "minilm-f32": minilm_of_transformers, "magika": magika}
