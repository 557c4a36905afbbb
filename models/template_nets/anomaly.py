"""Tabular anomalies: an autoencoder of ten measurements that has seen the usual alone; its error is the score."""

from .fit import fit, forward

import numpy as np
import train
from onnx import helper
from sklearn.datasets import load_breast_cancer

SEED = 53
# Name, and how much a step of the byte is: bytes are floor(value / step + 1/2), at most 255.
FEATURES = [("radius", 0.125), ("texture", 0.2), ("perimeter", 0.8), ("area", 10.0), ("smoothness", 0.0007),
            ("compactness", 0.0014), ("concavity", 0.0017), ("concave points", 0.0008), ("symmetry", 0.0012),
            ("fractal dimension", 0.0004)]
USUAL = 1


def load():
    """Bytes of all rows, and which are usual (benign)."""
    data = load_breast_cancer()
    steps = np.array([step for _, step in FEATURES])
    bytes_ = np.clip(np.floor(data.data[:, :10] / steps + 0.5), 0, 255).astype(np.uint8)
    return bytes_, data.target == USUAL


def make():
    rows, usual = load()
    rng = np.random.default_rng(SEED)
    order = rng.permutation(np.flatnonzero(usual))
    seen, unseen = order[:257], order[257:]
    mean, deviation = rows[seen].mean(axis=0), rows[seen].std(axis=0)
    n = len(FEATURES)
    layers = [train.Dense(rng, n, 16), train.Relu(), train.Dense(rng, 16, 4), train.Dense(rng, 4, 16), train.Relu(),
              train.Dense(rng, 16, n)]
    standard = ((rows - mean) / deviation).astype(np.float32)

    def batch():
        pick = standard[rng.choice(seen, 64)]
        noisy = pick + 0.5 * rng.standard_normal(pick.shape).astype(np.float32)
        return noisy, pick

    fit(layers, batch, lambda y, x: (y - x) / len(x), steps=3_000, rate=3e-3, decay=1e-2)
    encode, squeeze, widen, restore = layers[0], layers[2], layers[3], layers[5]
    # Two linear layers in a row are one.
    middle_w, middle_b = squeeze.w @ widen.w, squeeze.b @ widen.w + widen.b
    initializers = {"mean": mean[None].astype(np.float32), "scale": (1 / deviation)[None].astype(np.float32),
                    "encode_w": encode.w, "encode_b": encode.b, "middle_w": middle_w, "middle_b": middle_b,
                    "restore_w": restore.w, "restore_b": restore.b}
    nodes = [helper.make_node("Sub", ["features", "mean"], ["centred"], "centre"),
             helper.make_node("Mul", ["centred", "scale"], ["x"], "scale"),
             helper.make_node("Gemm", ["x", "encode_w", "encode_b"], ["e"], "encode"),
             helper.make_node("Relu", ["e"], ["er"], "relu1"),
             helper.make_node("Gemm", ["er", "middle_w", "middle_b"], ["m"], "middle"),
             helper.make_node("Relu", ["m"], ["mr"], "relu2"),
             helper.make_node("Gemm", ["mr", "restore_w", "restore_b"], ["y"], "restore"),
             helper.make_node("Sub", ["x", "y"], ["error"], "error"),
             helper.make_node("Mul", ["error", "error"], ["squares"], "square"),
             helper.make_node("ReduceMean", ["squares"], ["score"], "mean", axes=[1], keepdims=1)]
    test = np.concatenate([unseen, np.flatnonzero(~usual)])
    calibration = np.concatenate([rows[seen][:120], rows[~usual][:40]])
    trained = forward(layers, standard[seen])
    threshold = float(np.quantile(((trained - standard[seen]) ** 2).mean(axis=1), 0.95))
    return {"name": "tabular-anomaly", "nodes": nodes, "initializers": initializers,
            "inputs": [train.f32("features", [1, n])], "outputs": [train.f32("score", [1, 1])],
            "doc": "ten measurements as bytes to how unlike the usual they are together",
            "calibration": {"features": calibration}, "grids": ["features=1,0"],
            "test": rows[test][:, None], "labels": [[bool(not usual[i]), threshold] for i in test]}


def check(values, labels):
    score, odd = values.reshape(-1), np.array([o for o, _ in labels])
    threshold = labels[0][1]
    ranks = score.argsort().argsort()
    below = (ranks[odd].sum() - odd.sum() * (odd.sum() - 1) / 2) / (odd.sum() * (~odd).sum())
    return {"threshold": round(threshold, 4), "area_under_curve": round(float(below), 4),
            "anomalies_found": round(float((score > threshold)[odd].mean()), 4),
            "false_alarms": round(float((score > threshold)[~odd].mean()), 4)}
