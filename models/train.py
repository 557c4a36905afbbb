#!/usr/bin/env python3
"""Trains the two bundled digit classifiers and writes everything under digits/.

Data: scikit-learn's digits, 1,797 real images of 8x8 pixels with values 0..16.
Split: train_test_split(test_size=540, stratify=y, random_state=7): 1,257 to train on,
540 that no weight and no calibration range ever sees.

Both networks train in plain numpy, so that the install stays small and the
arithmetic is here to read. They take raw pixels 0..16 as f32: the division by 16
that training uses is folded into the first layer's weights.
"""

import os

# Before numpy loads its BLAS: one thread and one kernel family fix the order of the
# float additions, so that another x86-64 machine trains the same weights.
for name, value in {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
                    "OPENBLAS_CORETYPE": "Haswell"}.items():
    os.environ.setdefault(name, value)

import json
import logging
import pathlib
import re
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
import sklearn
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (CalibrationDataReader, CalibrationMethod, QuantFormat,
                                      QuantType, quantize_static)
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import oracle

OUT = pathlib.Path(__file__).resolve().parent / "digits"
SPLIT_SEED = 7
MLP_SEED = 11
CNN_SEED = 13
OPSET = 17
IR_VERSION = 8
CALIBRATION_IMAGES = 200


# --- data ---------------------------------------------------------------------------

def load():
    digits = load_digits()
    pixels = digits.data.astype(np.uint8)
    assert (pixels == digits.data).all() and pixels.max() == 16
    return train_test_split(pixels, digits.target.astype(np.uint8), test_size=540,
                            stratify=digits.target, random_state=SPLIT_SEED)


def shifted(images, rng):
    """Each 8x8 image moved by up to one pixel, zeros coming in: cheap extra training data."""
    padded = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    dy, dx = rng.integers(0, 3, size=(2, len(images)))
    rows = dy[:, None] + np.arange(8)
    cols = dx[:, None] + np.arange(8)
    return padded[np.arange(len(images))[:, None, None], rows[:, :, None], cols[:, None, :]]


# --- layers, forward and backward -----------------------------------------------------

class Dense:
    def __init__(self, rng, n_in, n_out):
        self.w = (rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)).astype(np.float32)
        self.b = np.zeros(n_out, np.float32)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, g):
        self.grads = [self.x.T @ g, g.sum(axis=0)]
        return g @ self.w.T


class Conv3x3:
    """3x3, padding 1, stride 1, by im2col."""

    def __init__(self, rng, c_in, c_out):
        self.w = (rng.standard_normal((c_out, c_in, 3, 3)) * np.sqrt(2 / (9 * c_in))
                  ).astype(np.float32)
        self.b = np.zeros(c_out, np.float32)

    def forward(self, x):
        n, c, h, w = x.shape
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        self.columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * h * w, c * 9)
        self.shape = x.shape
        y = self.columns @ self.w.reshape(len(self.w), -1).T + self.b
        return y.reshape(n, h, w, -1).transpose(0, 3, 1, 2)

    def backward(self, g):
        n, c, h, w = self.shape
        flat = g.transpose(0, 2, 3, 1).reshape(n * h * w, -1)
        self.grads = [(flat.T @ self.columns).reshape(self.w.shape), flat.sum(axis=0)]
        columns = (flat @ self.w.reshape(len(self.w), -1)).reshape(n, h, w, c, 3, 3)
        back = np.zeros((n, c, h + 2, w + 2), np.float32)
        for i in range(3):
            for j in range(3):
                back[:, :, i:i + h, j:j + w] += columns[:, :, :, :, i, j].transpose(0, 3, 1, 2)
        return back[:, :, 1:-1, 1:-1]


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, g):
        return g * self.mask


class MaxPool2:
    def forward(self, x):
        n, c, h, w = x.shape
        self.shape = x.shape
        blocks = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5)
        blocks = blocks.reshape(n, c, h // 2, w // 2, 4)
        self.winner = blocks.argmax(axis=4)
        return blocks.max(axis=4)

    def backward(self, g):
        n, c, h, w = self.shape
        back = np.zeros((*g.shape, 4), np.float32)
        np.put_along_axis(back, self.winner[..., None], g[..., None], axis=4)
        back = back.reshape(n, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5)
        return back.reshape(self.shape)


class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, g):
        return g.reshape(self.shape)


def train(layers, images, labels, rng, shape, epochs, rate, decay, augment):
    """Adam with decoupled weight decay and a cosine rate; softmax cross entropy."""
    weighted = [layer for layer in layers if hasattr(layer, "w")]
    moments = [[np.zeros_like(p) for p in (l.w, l.b) for _ in range(2)] for l in weighted]
    batch, step = 32, 0
    total = epochs * (len(images) // batch)
    for _ in range(epochs):
        seen = shifted(images, rng) if augment else images
        x_all = (seen.astype(np.float32) / 16).reshape(-1, *shape)
        order = rng.permutation(len(images))
        for start in range(0, len(images) - batch + 1, batch):
            pick = order[start:start + batch]
            x = x_all[pick]
            for layer in layers:
                x = layer.forward(x)
            p = np.exp(x - x.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            p[np.arange(batch), labels[pick]] -= 1
            g = (p / batch).astype(np.float32)
            for layer in reversed(layers):
                g = layer.backward(g)
            step += 1
            now = rate * 0.5 * (1 + np.cos(np.pi * step / total))
            for layer, m in zip(weighted, moments):
                for k, (param, grad) in enumerate(zip((layer.w, layer.b), layer.grads)):
                    m[2 * k] += 0.1 * (grad - m[2 * k])
                    m[2 * k + 1] += 0.001 * (grad * grad - m[2 * k + 1])
                    move = (m[2 * k] / (1 - 0.9 ** step)
                            / (np.sqrt(m[2 * k + 1] / (1 - 0.999 ** step)) + 1e-8))
                    param -= (now * (move + (decay * param if k == 0 else 0))).astype(np.float32)
    weighted[0].w /= 16
    return layers


# --- export ---------------------------------------------------------------------------

def save(path, name, nodes, inputs, outputs, initializers, doc):
    graph = helper.make_graph(
        nodes, name, inputs, outputs,
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in initializers.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)],
                              producer_name="metisvm-models", ir_version=IR_VERSION,
                              doc_string=doc)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def f32(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def export_mlp(layers, path):
    first, last = layers[0], layers[2]
    save(path, "digits_mlp", [
        helper.make_node("Gemm", ["pixels", "w1", "b1"], ["hidden"], "dense1"),
        helper.make_node("Relu", ["hidden"], ["hidden_relu"], "relu1"),
        helper.make_node("Gemm", ["hidden_relu", "w2", "b2"], ["logits"], "dense2"),
    ], [f32("pixels", [1, 64])], [f32("logits", [1, 10])],
        {"w1": first.w, "b1": first.b, "w2": last.w, "b2": last.b},
        "8x8 digits, raw pixels 0..16 row by row, to 10 logits")


def export_cnn(layers, path):
    conv1, conv2, dense = layers[0], layers[3], layers[7]
    conv = dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1])
    pool = dict(kernel_shape=[2, 2], strides=[2, 2])
    save(path, "digits_cnn", [
        helper.make_node("Conv", ["pixels", "conv1_w", "conv1_b"], ["c1"], "conv1", **conv),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
        helper.make_node("MaxPool", ["r1"], ["p1"], "pool1", **pool),
        helper.make_node("Conv", ["p1", "conv2_w", "conv2_b"], ["c2"], "conv2", **conv),
        helper.make_node("Relu", ["c2"], ["r2"], "relu2"),
        helper.make_node("MaxPool", ["r2"], ["p2"], "pool2", **pool),
        helper.make_node("Flatten", ["p2"], ["flat"], "flatten", axis=1),
        helper.make_node("MatMul", ["flat", "dense_w"], ["dense_mm"], "dense_matmul"),
        helper.make_node("Add", ["dense_mm", "dense_b"], ["logits"], "dense_bias"),
        helper.make_node("ArgMax", ["logits"], ["class"], "classify", axis=1, keepdims=0),
    ], [f32("pixels", [1, 1, 8, 8])],
        [f32("logits", [1, 10]), helper.make_tensor_value_info("class", TensorProto.INT64, [1])],
        {"conv1_w": conv1.w, "conv1_b": conv1.b, "conv2_w": conv2.w, "conv2_b": conv2.b,
         "dense_w": dense.w, "dense_b": dense.b},
        "8x8 digits, raw pixels 0..16, to 10 logits and the index of the largest")


class Reader(CalibrationDataReader):
    def __init__(self, images, name, shape):
        self.samples = iter([{name: row.reshape(shape)} for row in images])

    def get_next(self):
        return next(self.samples, None)


def quantise(source, target, calibration, shape, activation, per_channel, input_scale, input_zero):
    """QDQ by onnxruntime. Only the input's scale is chosen by us: pixels are whole numbers,
    so a scale that is a power of two lets a caller quantise them without any rounding."""
    zero_type = np.uint8 if activation == QuantType.QUInt8 else np.int8
    with tempfile.TemporaryDirectory() as folder:
        rough = pathlib.Path(folder) / "model.onnx"
        quantize_static(
            str(source), str(rough), Reader(calibration, "pixels", shape),
            quant_format=QuantFormat.QDQ, per_channel=per_channel,
            activation_type=activation, weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"TensorQuantOverrides": {"pixels": [
                {"scale": np.array(input_scale, np.float32),
                 "zero_point": np.array(input_zero, zero_type)}]}})
        model = onnx.load(rough)
    onnx.checker.check_model(model, full_check=True)
    target.write_bytes(model.SerializeToString(deterministic=True))


def quantisation(path, tensor, producer):
    """(type, scale, zero point) of the Quantize/DequantizeLinear next to a graph input or output."""
    graph = onnx.load(path).graph
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    for node in graph.node:
        if producer and node.op_type == "DequantizeLinear" and tensor in node.output or \
                not producer and node.op_type == "QuantizeLinear" and tensor in node.input:
            zero = values[node.input[2]]
            return {"type": str(zero.dtype), "scale": float(str(values[node.input[1]])),
                    "zero_point": int(zero)}
    return None


# --- what the tests compare with --------------------------------------------------------

def expected(path, pixels, labels):
    sess = oracle.session(path)
    results = oracle.run(sess, [pixels])
    logits = results[0].reshape(len(pixels), 10)
    predicted = logits.argmax(axis=1)
    report = {
        "accuracy": round(float((predicted == labels).mean()), 6),
        "correct": int((predicted == labels).sum()),
        "input": {"name": "pixels", "shape": sess.get_inputs()[0].shape},
        "outputs": [{"name": o.name, "type": o.type, "shape": o.shape}
                    for o in sess.get_outputs()],
        "predictions": predicted.tolist(),
        "first_32_logits": oracle.shortest(logits[:32]),
    }
    if "qdq" in path.name:
        report["input"]["quantisation"] = quantisation(path, "pixels", producer=False)
        q = quantisation(path, "logits", producer=True)
        report["outputs"][0]["quantisation"] = q
        whole = np.rint(logits.astype(np.float64) / q["scale"]) + q["zero_point"]
        report["quantised_logits"] = whole.astype(int).tolist()
    if len(results) == 2:
        assert (results[1].reshape(-1) == predicted).all()
    fused = oracle.run(oracle.session(path, optimise=True), [pixels])[0].reshape(-1, 10)
    return report, int((fused.argmax(axis=1) != predicted).sum())


def dump(report):
    """JSON with one line per innermost list: short diffs, readable file."""
    text = json.dumps(report, indent=1)
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: "[" + re.sub(r"\s*\n\s*", " ", m[1]) + "]",
                  text) + "\n"


def main():
    # The quantiser asks for a pre-processing step that rewrites these small graphs needlessly.
    logging.getLogger().setLevel(logging.ERROR)
    OUT.mkdir(exist_ok=True)
    train_x, test_x, train_y, test_y = load()
    assert train_x.shape == (1257, 64) and test_x.shape == (540, 64)
    test_x.tofile(OUT / "test_images.bin")
    test_y.tofile(OUT / "test_labels.bin")
    calibration = train_x[:CALIBRATION_IMAGES].astype("<f4")
    np.save(OUT / "calibration.npy", calibration, allow_pickle=False)

    # Without a notion of neighbouring pixels 32 hidden units cannot use shifted images.
    rng = np.random.default_rng(MLP_SEED)
    mlp = train([Dense(rng, 64, 32), Relu(), Dense(rng, 32, 10)], train_x, train_y, rng,
                (64,), epochs=80, rate=5e-3, decay=1e-1, augment=False)
    export_mlp(mlp, OUT / "mlp_f32.onnx")
    rng = np.random.default_rng(CNN_SEED)
    cnn = train([Conv3x3(rng, 1, 8), Relu(), MaxPool2(), Conv3x3(rng, 8, 16), Relu(), MaxPool2(),
                 Flatten(), Dense(rng, 64, 10)], train_x, train_y, rng,
                (1, 8, 8), epochs=80, rate=5e-3, decay=1e-2, augment=True)
    export_cnn(cnn, OUT / "cnn_f32.onnx")

    # u8 in, scale 1: the caller passes the pixels as they are.
    quantise(OUT / "mlp_f32.onnx", OUT / "mlp_qdq.onnx", calibration, (1, 64),
             QuantType.QUInt8, per_channel=False, input_scale=1, input_zero=0)
    # i8 in, scale 1/8, zero point -128: q = 8*pixel - 128, and padding is not the byte 0.
    quantise(OUT / "cnn_f32.onnx", OUT / "cnn_qdq.onnx", calibration, (1, 1, 8, 8),
             QuantType.QInt8, per_channel=True, input_scale=0.125, input_zero=-128)

    report = {"made_with": {"numpy": np.__version__, "onnx": onnx.__version__,
                            "onnxruntime": ort.__version__, "scikit_learn": sklearn.__version__}}
    report["models"] = {}
    for name in ["mlp_f32", "mlp_qdq", "cnn_f32", "cnn_qdq"]:
        path = OUT / f"{name}.onnx"
        report["models"][path.name], differing = expected(path, test_x, test_y)
        print(f"{path.name}: accuracy {report['models'][path.name]['accuracy']}, "
              f"{path.stat().st_size} bytes, "
              f"{differing} of 540 classes differ with onnxruntime's own fusion")
    (OUT / "expected.json").write_text(dump(report))


if __name__ == "__main__":
    main()
