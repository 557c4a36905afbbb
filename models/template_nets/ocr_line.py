"""A line of digits: a strip of 8 by 64 pixels to 32 steps, each of which is a digit or blank, for greedy decoding."""

from .fit import Conv, Digits, fit, softmax, weights

import numpy as np
import train
from onnx import TensorProto, helper

SEED = 43
WIDTH = 64
STEPS = WIDTH // 2
BLANK = 10


def draw(digits, rng, unseen):
    """A strip, what stands on it, and the class of each step: a digit over its middle, else blank."""
    strip, text, steps = np.zeros((8, WIDTH), np.uint8), [], np.full(STEPS, BLANK)
    x, count = int(rng.integers(0, 6)), int(rng.integers(1, 8))
    while len(text) < count and x + 8 <= WIDTH:
        image, label = digits.pick(rng, unseen)
        strip[:, x:x + 8] = image
        middle = (x + 4) / 2
        steps[int(np.ceil(middle)) - 1:int(np.ceil(middle)) + 1] = label
        text.append(label)
        x += 8 + int(rng.integers(0, 4))
    return strip, text, steps


def decode(steps):
    """Greedily: equal neighbours are one, blanks are none."""
    return [int(c) for i, c in enumerate(steps) if c != BLANK and (i == 0 or steps[i - 1] != c)]


def text(steps):
    return "".join(map(str, decode(steps.reshape(-1))))


def make():
    digits, rng = Digits(), np.random.default_rng(SEED)
    conv1, conv2 = Conv(rng, 1, 8, (3, 3), (1, 1)), Conv(rng, 8, 16, (3, 3), (1, 1))
    conv3, conv4 = Conv(rng, 16, 32, (4, 5), (0, 2)), Conv(rng, 32, 11, (1, 1), (0, 0))
    layers = [conv1, train.Relu(), train.MaxPool2(), conv2, train.Relu(), conv3, train.Relu(), conv4]

    def batch():
        drawn = [draw(digits, rng, unseen=False) for _ in range(24)]
        return (np.stack([s for s, _, _ in drawn])[:, None] / 16).astype(np.float32), np.stack([c for _, _, c in drawn])

    def gradient(y, steps):
        p = softmax(y[:, :, 0], axis=1)
        np.put_along_axis(p, steps[:, None], np.take_along_axis(p, steps[:, None], 1) - 1, 1)
        return p[:, :, None] / (len(y) * STEPS) * 8

    fit(layers, batch, gradient, steps=2_500, rate=4e-3, decay=1e-3)
    conv1.w /= 16
    nodes = [conv1.node("strip", "c1", "conv1"), helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
             helper.make_node("MaxPool", ["r1"], ["p1"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
             conv2.node("p1", "c2", "conv2"), helper.make_node("Relu", ["c2"], ["r2"], "relu2"),
             conv3.node("r2", "c3", "conv3"), helper.make_node("Relu", ["c3"], ["r3"], "relu3"),
             conv4.node("r3", "logits", "conv4"),
             helper.make_node("ArgMax", ["logits"], ["best"], "argmax", axis=1, keepdims=0),
             helper.make_node("Reshape", ["best", "shape"], ["steps"], "reshape")]
    initializers = weights(conv1=conv1, conv2=conv2, conv3=conv3, conv4=conv4)
    initializers["shape"] = np.array([1, STEPS], np.int64)
    calibration = np.stack([draw(digits, rng, unseen=False)[0] for _ in range(100)])[:, None]
    rng = np.random.default_rng(SEED + 1)
    drawn = [draw(digits, rng, unseen=True) for _ in range(400)]
    return {"name": "ocr-line", "nodes": nodes, "initializers": initializers,
            "inputs": [train.f32("strip", [1, 1, 8, WIDTH])],
            "outputs": [helper.make_tensor_value_info("steps", TensorProto.INT64, [1, STEPS])],
            "doc": "a strip of digits, pixels 0..16, to a digit (0..9) or blank (10) for each two columns",
            "calibration": {"strip": calibration}, "grids": ["strip=1,0"],
            "test": np.stack([s for s, _, _ in drawn])[:, None, None],
            "labels": ["".join(map(str, line)) for _, line, _ in drawn]}


def check(values, labels):
    read = [text(steps) for steps in values]
    wrong = sum(edits(a, b) for a, b in zip(read, labels))
    return {"lines_right": round(sum(a == b for a, b in zip(read, labels)) / len(labels), 4),
            "character_errors": round(wrong / sum(map(len, labels)), 4)}


def edits(a, b):
    """Levenshtein's distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]
