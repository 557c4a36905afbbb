"""Embedding: images of digits to 16 numbers, those of one digit in one direction (cosine similarity)."""

from .fit import Digits, fit, weights

import numpy as np
import train
from onnx import helper

SEED = 41
SIZE = 16
# How sharply the classes' directions are told apart in training.
SHARPNESS = 8.0


def make():
    digits, rng = Digits(), np.random.default_rng(SEED)
    layers = [train.Dense(rng, 64, 48), train.Relu(), train.Dense(rng, 48, SIZE)]
    centres = rng.standard_normal((SIZE, 10)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=0)

    def batch():
        pick = rng.integers(len(digits.train_x), size=64)
        seen = train.shifted(digits.train_x[pick].reshape(-1, 64), rng)
        return (seen.reshape(-1, 64) / 16).astype(np.float32), digits.train_y[pick]

    def gradient(z, labels):
        length = np.linalg.norm(z, axis=1, keepdims=True) + 1e-6
        e = z / length
        p = np.exp(SHARPNESS * (e @ centres))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(z)), labels] -= 1
        to_e = SHARPNESS * (p @ centres.T) / len(z)
        # The classes' directions follow, and stay of length one.
        centres[:] -= 0.05 * SHARPNESS * (e.T @ p) / len(z)
        centres[:] /= np.linalg.norm(centres, axis=0)
        return (to_e - e * (e * to_e).sum(axis=1, keepdims=True)) / length

    fit(layers, batch, gradient, steps=6_000, rate=4e-3, decay=1e-2)
    layers[0].w /= 16
    nodes = [helper.make_node("Gemm", ["pixels", "dense1_w", "dense1_b"], ["h"], "dense1"),
             helper.make_node("Relu", ["h"], ["r"], "relu"),
             helper.make_node("Gemm", ["r", "dense2_w", "dense2_b"], ["embedding"], "dense2")]
    samples = digits.train_x[:200].reshape(-1, 64)
    return {"name": "embedding", "nodes": nodes, "initializers": weights(dense1=layers[0], dense2=layers[2]),
            "inputs": [train.f32("pixels", [1, 64])], "outputs": [train.f32("embedding", [1, SIZE])],
            "doc": "8x8 digits, pixels 0..16, to 16 numbers whose direction is the digit's",
            "calibration": {"pixels": samples}, "grids": ["pixels=1,0"],
            "test": digits.test_x.reshape(-1, 1, 8, 8), "labels": digits.test_y.tolist()}


def check(values, labels):
    """Pairs of images, told apart by their cosine: (share right, threshold)."""
    e = values.reshape(len(values), SIZE).astype(np.float64)
    e /= np.linalg.norm(e, axis=1, keepdims=True)
    rows, columns = np.triu_indices(len(e), 1)
    cosine, same = (e @ e.T)[rows, columns], np.array(labels)[rows] == np.array(labels)[columns]
    # Equal and unequal pairs count alike, though there are nine times as many of the latter.
    best = max(((cosine[same] >= t).mean() + (cosine[~same] < t).mean(), t) for t in np.arange(0.3, 0.95, 0.05))
    return {"pairs_right": round(float(best[0]) / 2, 4), "threshold": round(float(best[1]), 2)}


def chosen(values, labels, count):
    """The first image, and as many of its digit as of others that are told apart rightly from it."""
    e = values.reshape(len(values), SIZE).astype(np.float64)
    cosine = e @ e[0] / np.linalg.norm(e, axis=1) / np.linalg.norm(e[0])
    same = [i for i in range(1, len(e)) if labels[i] == labels[0] and cosine[i] > 0.6]
    other = [i for i in range(1, len(e)) if labels[i] != labels[0] and cosine[i] < 0.2]
    return [0, *same[:(count - 1) // 2], *other[:count // 2]]
