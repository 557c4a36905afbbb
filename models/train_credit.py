#!/usr/bin/env python3
"""Generates borrowers and trains the model that approves or denies their credit: writes credit/.

Nobody's data: 6,000 borrowers are drawn from the distributions below, and each repays or does not by a
probability that is a stated function of the features (`repays`). The model sees features and outcomes, never
the function. 4,800 borrowers train it; 1,200 are seen by neither weights nor calibration.

A feature is a byte in a unit that FEATURES states, so that a borrower quantises nothing: the bytes are the
input. Network and training are those of train.py.
"""

import train  # First: it fixes BLAS before numpy loads.

import json
import logging
import pathlib
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

import oracle

OUT = pathlib.Path(__file__).resolve().parent / "credit"
DATA_SEED = 29
MODEL_SEED = 31
BORROWERS = 6_000
HELD_OUT = 1_200
CALIBRATION = 400
HIDDEN = 16
TESTED = 64

# Name, unit of one step.
FEATURES = [
    ("income", "1,000 a year, at most 255"),
    ("debt", "percent of a year's income, at most 255"),
    ("loan", "percent of a year's income that is asked for, at most 255"),
    ("history", "months of accounts, at most 255"),
    ("utilisation", "percent of limits in use, at most 255"),
    ("late", "payments late by 30 days in two years"),
    ("employment", "months with the present employer, at most 255"),
    ("inquiries", "applications for credit in six months"),
]


def draw(rng, n):
    """Features of n borrowers, a row each."""
    income = rng.lognormal(np.log(48), 0.55, n)
    debt = rng.gamma(2.0, 22, n)
    loan = rng.gamma(2.5, 14, n)
    history = rng.gamma(2.2, 45, n)
    utilisation = 110 * rng.beta(1.4, 2.2, n)
    late = rng.poisson(0.2 + 1.6 * rng.beta(1, 5, n) * utilisation / 40, n)
    employment = rng.gamma(1.3, 45, n)
    inquiries = rng.poisson(0.5 + loan / 60, n)
    columns = [income, debt, loan, history, utilisation, late, employment, inquiries]
    return np.clip(np.rint(np.stack(columns, axis=1)), 0, 255).astype(np.uint8)


def repays(features):
    """The probability that a borrower repays."""
    income, debt, loan, history, utilisation, late, employment, inquiries = features.astype(np.float64).T
    score = (1.6 + 1.1 * np.log(np.maximum(income, 1) / 48) - 0.030 * (debt - 40) - 0.035 * (loan - 30)
             + 0.9 * np.tanh((history - 60) / 60) - 0.025 * (utilisation - 40) - 0.8 * late
             + 0.5 * np.tanh((employment - 24) / 24) - 0.3 * inquiries)
    return 1 / (1 + np.exp(-2 * score))


def export(layers, path):
    first, last = layers[0], layers[2]
    nodes = [
        helper.make_node("Gemm", ["features", "w1", "b1"], ["hidden"], "dense1"),
        helper.make_node("Relu", ["hidden"], ["hidden_relu"], "relu1"),
        helper.make_node("Gemm", ["hidden_relu", "w2", "b2"], ["scores"], "dense2"),
        helper.make_node("ArgMax", ["scores"], ["approve"], "decide", axis=1, keepdims=0),
    ]
    train.save(path, "credit", nodes, [train.f32("features", [1, len(FEATURES)])],
               [helper.make_tensor_value_info("approve", TensorProto.INT64, [1])],
               {"w1": first.w, "b1": first.b, "w2": last.w, "b2": last.b},
               "eight features of a borrower, bytes, to 1 (approve) or 0 (deny)")


class Reader(train.Reader):
    def __init__(self, rows):
        super().__init__(rows, "features", (1, len(FEATURES)))


def quantise(source, target, calibration):
    """QDQ by onnxruntime, with the bytes themselves as input."""
    with tempfile.TemporaryDirectory() as folder:
        rough = pathlib.Path(folder) / "model.onnx"
        grid = {"scale": np.array(1, np.float32), "zero_point": np.array(0, np.uint8)}
        quantize_static(str(source), str(rough), Reader(calibration), quant_format=QuantFormat.QDQ,
                        per_channel=False, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                        calibrate_method=CalibrationMethod.MinMax,
                        extra_options={"TensorQuantOverrides": {"features": [grid]}})
        model = onnx.load(rough)
    onnx.checker.check_model(model, full_check=True)
    target.write_bytes(model.SerializeToString(deterministic=True))


def main():
    logging.getLogger().setLevel(logging.ERROR)
    OUT.mkdir(exist_ok=True)
    rng = np.random.default_rng(DATA_SEED)
    features = draw(rng, BORROWERS)
    chance = repays(features)
    repaid = (rng.random(BORROWERS) < chance).astype(np.uint8)
    train_x, test_x = features[HELD_OUT:], features[:HELD_OUT]
    train_y, test_y = repaid[HELD_OUT:], repaid[:HELD_OUT]

    rng = np.random.default_rng(MODEL_SEED)
    n = len(FEATURES)
    layers = train.train([train.Dense(rng, n, HIDDEN), train.Relu(), train.Dense(rng, HIDDEN, 2)],
                         train_x, train_y, rng, (n,), epochs=80, rate=5e-3, decay=1e-2, augment=False)
    export(layers, OUT / "credit_f32.onnx")
    calibration = train_x[:CALIBRATION].astype("<f4")
    quantise(OUT / "credit_f32.onnx", OUT / "credit_qdq.onnx", calibration)

    best = float(((chance[:HELD_OUT] > 0.5) == test_y).mean())
    report = {"features": [{"name": name, "unit": unit} for name, unit in FEATURES],
              "repaid": round(float(test_y.mean()), 4), "best_possible_accuracy": round(best, 4)}
    for name in ["credit_f32", "credit_qdq"]:
        decisions = oracle.run(oracle.session(OUT / f"{name}.onnx"), [test_x])[0].reshape(-1)
        report[name] = {"accuracy": round(float((decisions == test_y).mean()), 4),
                        "approved": round(float(decisions.mean()), 4)}
        report[name]["decisions"] = decisions[:TESTED].tolist()
        print(name, {k: v for k, v in report[name].items() if k != "decisions"})
    print("best possible:", report["best_possible_accuracy"], "repaid:", report["repaid"])
    report["borrowers"] = test_x[:TESTED].tolist()
    (OUT / "expected.json").write_text(train.dump(report))


if __name__ == "__main__":
    main()
