#!/usr/bin/env python3
"""Writes fixtures/tabular.json: models of rows of features, as people train them for credit scoring.

Features are of very different sizes: ages, shares, amounts. Models are scikit-learn's, LightGBM's and
XGBoost's; expected labels and numbers are onnxruntime's, on rows that nothing was trained on. Needs
scikit-learn, skl2onnx, lightgbm, xgboost, onnxmltools, onnxruntime.
"""

import json
import pathlib
import warnings

import numpy as np
import onnxruntime as ort

OUT = pathlib.Path(__file__).resolve().parent / "fixtures" / "tabular.json"
ROWS = 200
MODELS = {}
OPSETS = {"": 18, "ai.onnx.ml": 3}


def data(rows, seed):
    rng = np.random.default_rng(seed)
    columns = [
        rng.integers(18, 90, rows),  # age
        np.round(rng.lognormal(7.5, 0.6, rows), 2),  # income
        rng.beta(2, 5, rows),  # share of the limit in use
        rng.integers(0, 20, rows),  # accounts
        np.round(rng.gamma(2, 9000, rows)),  # amount asked for
        rng.integers(0, 2, rows),  # owns a home
        np.round(rng.uniform(0.01, 0.3, rows), 4),  # interest
        np.round(rng.normal(2000, 8000, rows), 2),  # balance
    ]
    x = np.stack(columns, 1).astype(np.float32)
    z = (x - x.mean(0)) / x.std(0)
    score = z @ np.array([0.4, 0.9, -1.1, 0.2, -0.7, 0.5, -0.8, 0.6]) + 0.8 * z[:, 2] * z[:, 6]
    score += rng.normal(0, 0.5, rows)
    return x, score


def save(name, kind, model, x):
    graph = model.graph
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    results = session.run(None, {graph.input[0].name: x})
    for dim, extent in zip(graph.input[0].type.tensor_type.shape.dim, x.shape):
        dim.ClearField("dim_param")
        dim.dim_value = extent
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    for entry in (graph, model, *graph.node):
        entry.doc_string = ""
    MODELS[name] = {
        "kind": kind,
        "model": model.SerializeToString().hex(),
        "outputs": [numbers(r) for r in results],
    }


def numbers(array):
    return [float(f"{v:.7g}") for v in np.asarray(array, np.float64).ravel()]


def scikit_learn(train, test):
    from skl2onnx import to_onnx
    from skl2onnx.common import _container
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn import ensemble, linear_model, neural_network, pipeline, preprocessing, svm, tree

    # Newer protobuf wants numbers where skl2onnx 1.20 writes truth values.
    make_node = _container.make_node
    number = lambda v: int(v) if isinstance(v, (bool, np.bool_)) else v
    fixed = lambda v: [number(w) for w in v] if isinstance(v, list) else v
    _container.make_node = lambda *a, **k: make_node(*a, **{key: fixed(v) for key, v in k.items()})

    x, score = train
    alive = []

    def fit(name, kind, *steps, classes=2):
        model = pipeline.make_pipeline(*steps)
        # skl2onnx knows models by id, which must not be that of one that is gone.
        alive.append(model)
        y = score if classes is None else np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x, y)
            last = model.steps[-1][1]
            options = {type(last): {"nocl": False}} if isinstance(last, svm.LinearSVC) else None
            if hasattr(last, "predict_proba"):
                options = {id(last): {"zipmap": False}}
            converted = to_onnx(
                model,
                initial_types=[("x", FloatTensorType([None, x.shape[1]]))],
                options=options,
                target_opset=OPSETS,
            )
        # skl2onnx 1.20 lists one twice.
        seen = {o.domain: o.version for o in converted.opset_import}
        del converted.opset_import[:]
        for domain, version in seen.items():
            converted.opset_import.add(domain=domain, version=version)
        save(name, kind, converted, test)

    few = {"n_estimators": 6, "random_state": 0}
    scaler = preprocessing.StandardScaler
    fit("decision_tree", "trees", tree.DecisionTreeClassifier(max_depth=6, random_state=0))
    fit("random_forest", "trees", ensemble.RandomForestClassifier(max_depth=4, **few))
    fit("random_forest_votes", "trees", ensemble.RandomForestClassifier(n_estimators=4, random_state=0, max_leaf_nodes=24))
    fit("random_forest_three", "trees", ensemble.RandomForestClassifier(max_depth=4, **few), classes=3)
    fit("extra_trees", "trees", ensemble.ExtraTreesClassifier(max_depth=4, **few))
    fit("gradient_boosting", "trees", ensemble.GradientBoostingClassifier(**few))
    fit("gradient_boosting_three", "trees", ensemble.GradientBoostingClassifier(**few), classes=3)
    fit("hist_gradient_boosting", "trees", ensemble.HistGradientBoostingClassifier(max_iter=6, max_leaf_nodes=10))
    fit("random_forest_real", "trees", ensemble.RandomForestRegressor(max_depth=4, **few), classes=None)
    fit("gradient_boosting_real", "trees", ensemble.GradientBoostingRegressor(**few), classes=None)
    fit("scaled_forest", "trees", scaler(), ensemble.RandomForestClassifier(max_depth=4, **few))
    fit("logistic_raw", "other", linear_model.LogisticRegression(max_iter=5000))
    fit("logistic_scaled", "other", scaler(), linear_model.LogisticRegression())
    fit("logistic_min_max", "other", preprocessing.MinMaxScaler(), linear_model.LogisticRegression(), classes=3)
    fit("linear_svc", "other", scaler(), svm.LinearSVC(), classes=3)
    fit("linear_real", "other", linear_model.LinearRegression(), classes=None)
    fit("svr_rbf", "other", scaler(), svm.SVR(C=0.3, epsilon=0.8), classes=None)
    fit("perceptron", "other", scaler(), neural_network.MLPClassifier((16, 8), max_iter=400, random_state=0))


def boosters(train, test):
    import lightgbm
    import xgboost
    from onnxmltools import convert_lightgbm, convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    x, score = train
    y = (score > np.median(score)).astype(int)
    inputs = [("x", FloatTensorType([None, x.shape[1]]))]
    light = {"n_estimators": 6, "num_leaves": 10, "verbose": -1}
    for name, model, target in [
        ("lightgbm", lightgbm.LGBMClassifier(**light), y),
        ("lightgbm_real", lightgbm.LGBMRegressor(**light), score),
    ]:
        model.fit(x, target)
        save(name, "trees", convert_lightgbm(model, initial_types=inputs, target_opset=15, zipmap=False), test)
    extreme = {"n_estimators": 6, "max_depth": 4}
    for name, model, target in [
        ("xgboost", xgboost.XGBClassifier(**extreme), y),
        ("xgboost_real", xgboost.XGBRegressor(**extreme), score),
    ]:
        model.fit(x, target)
        save(name, "trees", convert_xgboost(model, initial_types=inputs, target_opset=15), test)


def main():
    train, (calibration, _), (test, _) = data(1500, 1), data(ROWS, 2), data(ROWS, 3)
    scikit_learn(train, test)
    boosters(train, test)
    head = [f'"rows": {json.dumps(numbers(test))}', f'"calibration": {json.dumps(numbers(calibration))}']
    lines = [f"{json.dumps(name)}: {json.dumps(case)}" for name, case in MODELS.items()]
    OUT.write_text("{\n" + ",\n".join(head) + ',\n"models": {\n' + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    main()
