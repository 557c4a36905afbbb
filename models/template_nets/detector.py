"""A detector: digits anywhere on 24 by 24 pixels to 6 by 6 cells, each with objectness, place and class."""

from .fit import Conv, Digits, fit, sigmoid, softmax, weights

import numpy as np
import train
from onnx import helper

SEED = 47
SIDE = 24
CELLS = 6
STEP = SIDE // CELLS
# Objectness, the centre's distance from the cell's middle (right, down; in cells), ten classes.
CHANNELS = 13
MOST = 3


def draw(digits, rng, unseen):
    """An image of one to three digits that do not touch, as (left, top, digit), and some noise."""
    image, boxes = rng.integers(0, 2, (SIDE, SIDE)).astype(np.uint8), []
    count = int(rng.integers(1, MOST + 1))
    for _ in range(20):
        x, y = (int(v) for v in rng.integers(0, SIDE - 8 + 1, 2))
        if all(max(abs(x - a), abs(y - b)) >= 8 for a, b, _ in boxes):
            pixels, label = digits.pick(rng, unseen)
            image[y:y + 8, x:x + 8] = np.maximum(image[y:y + 8, x:x + 8], pixels)
            boxes.append((x, y, label))
        if len(boxes) == count:
            break
    return image, sorted(boxes)


def target(boxes):
    """What the cells ought to say: objectness, place, class (-1 without)."""
    cells = np.zeros((4, CELLS, CELLS), np.float32)
    cells[3] = -1
    for x, y, label in boxes:
        row, column = (y + 4) // STEP, (x + 4) // STEP
        row, column = min(row, CELLS - 1), min(column, CELLS - 1)
        cells[:, row, column] = 1, (x + 4) / STEP - column - 0.5, (y + 4) / STEP - row - 0.5, label
    return cells


def make():
    digits, rng = Digits(), np.random.default_rng(SEED)
    sizes = [(1, 8), (8, 16), (16, 32), (32, 32)]
    convs = [Conv(rng, a, b, (3, 3), (1, 1)) for a, b in sizes] + [Conv(rng, 32, CHANNELS, (1, 1), (0, 0))]
    layers = [convs[0], train.Relu(), train.MaxPool2(), convs[1], train.Relu(), train.MaxPool2(),
              convs[2], train.Relu(), convs[3], train.Relu(), convs[4]]

    def batch():
        drawn = [draw(digits, rng, unseen=False) for _ in range(32)]
        return ((np.stack([i for i, _ in drawn])[:, None] / 16).astype(np.float32),
                np.stack([target(boxes) for _, boxes in drawn]))

    def gradient(y, t):
        there = t[:, :1]
        g = np.zeros_like(y)
        g[:, :1] = sigmoid(y[:, :1]) - there
        g[:, 1:3] = 4 * (y[:, 1:3] - t[:, 1:3]) * there
        p = softmax(y[:, 3:], axis=1)
        p -= np.arange(10)[None, :, None, None] == t[:, 3:]
        g[:, 3:] = p * there
        return g / len(y)

    fit(layers, batch, gradient, steps=3_500, rate=4e-3, decay=1e-3)
    convs[0].w /= 16
    pool = dict(kernel_shape=[2, 2], strides=[2, 2])
    nodes = [convs[0].node("image", "c1", "conv1"), helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
             helper.make_node("MaxPool", ["r1"], ["p1"], "pool1", **pool),
             convs[1].node("p1", "c2", "conv2"), helper.make_node("Relu", ["c2"], ["r2"], "relu2"),
             helper.make_node("MaxPool", ["r2"], ["p2"], "pool2", **pool),
             convs[2].node("p2", "c3", "conv3"), helper.make_node("Relu", ["c3"], ["r3"], "relu3"),
             convs[3].node("r3", "c4", "conv4"), helper.make_node("Relu", ["c4"], ["r4"], "relu4"),
             convs[4].node("r4", "c5", "conv5"),
             # Cell by cell, so that a contract reads the numbers of one side by side.
             helper.make_node("Transpose", ["c5"], ["cells"], "transpose", perm=[0, 2, 3, 1])]
    calibration = np.stack([draw(digits, rng, unseen=False)[0] for _ in range(100)])[:, None]
    rng = np.random.default_rng(SEED + 1)
    drawn = [draw(digits, rng, unseen=True) for _ in range(400)]
    return {"name": "detector", "nodes": nodes,
            "initializers": weights(**{f"conv{i}": conv for i, conv in enumerate(convs, 1)}),
            "inputs": [train.f32("image", [1, 1, SIDE, SIDE])],
            "outputs": [train.f32("cells", [1, CELLS, CELLS, CHANNELS])],
            "doc": "24x24 pixels 0..16 to 6x6 cells of objectness, place and ten classes",
            "calibration": {"image": calibration}, "grids": ["image=1,0"],
            "test": np.stack([i for i, _ in drawn])[:, None, None], "labels": [boxes for _, boxes in drawn]}


def boxes_of(cells):
    """(left, top, digit): cells with positive objectness, the most certain first, none whose centre is near another's."""
    found = []
    flat = cells.reshape(-1, CHANNELS)
    for i in sorted(range(len(flat)), key=lambda i: (-flat[i, 0], i)):
        if flat[i, 0] <= 0:
            break
        x = (i % CELLS + 0.5 + flat[i, 1]) * STEP - 4
        y = (i // CELLS + 0.5 + flat[i, 2]) * STEP - 4
        if all(max(abs(x - a), abs(y - b)) >= STEP for a, b, _ in found):
            found.append((x, y, int(flat[i, 3:].argmax())))
    return found


def hits(found, boxes):
    """How many boxes were found: by one of their class that is at most two pixels away in both directions."""
    return sum(any(max(abs(x - a), abs(y - b)) <= 2 and c == d for a, b, d in found) for x, y, c in boxes)


def right(cells, boxes):
    found = boxes_of(cells)
    return len(found) == len(boxes) == hits(found, boxes)


def check(values, labels):
    true = missed = false = 0
    for cells, boxes in zip(values, labels):
        found = boxes_of(cells)
        count = hits(found, boxes)
        true, missed, false = true + count, missed + len(boxes) - count, false + len(found) - count
    return {"recall": round(true / (true + missed), 4), "precision": round(true / (true + false), 4)}
