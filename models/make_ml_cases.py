#!/usr/bin/env python3
"""Writes fixtures/float-groups/ml.json: models of ai.onnx.ml, with what goes in and what comes out.

A case is like those of make_group_cases.py. Models are scikit-learn's, as skl2onnx converts them,
LightGBM's, and some built by hand; expected values are onnxruntime's. Needs scikit-learn, skl2onnx,
lightgbm, onnxmltools, onnxruntime.
"""

import json
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

OUT = pathlib.Path(__file__).resolve().parent / "fixtures" / "float-groups" / "ml.json"
CASES = {}
ROWS = 6


def save(name, model, x, labels=None):
    """Notes a model, what goes in (one array, or one an input) and what comes out. Texts become their
    positions in `labels`."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options)
    names = [o.name for o in model.graph.output]
    feeds = x if isinstance(x, dict) else {model.graph.input[0].name: x}
    results = session.run(names, feeds)
    graph = model.graph
    # The importer's own inputs are of fixed size.
    for info in graph.input:
        for dim, extent in zip(info.type.tensor_type.shape.dim, feeds[info.name].shape):
            dim.ClearField("dim_param")
            dim.dim_value = extent
    for output in graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    outputs = []
    for array in results:
        if isinstance(array, list):  # ZipMap: one map a row
            array = np.array([list(row.values()) for row in array])
        array = np.asarray(array)
        if array.dtype.kind in "UO":
            array = np.array([list(labels).index(v) for v in array.ravel()])
        outputs.append(array)
    for entry in (graph, model, *graph.node):
        entry.doc_string = ""
    numbers = lambda a: [float(f"{v:.9g}") for v in np.asarray(a, np.float64).ravel()]
    CASES[name] = {
        "inputs": [numbers(feeds[info.name]) for info in graph.input],
        "outputs": [numbers(a) for a in outputs],
        "tolerance": 1e-5,
        "model": model.SerializeToString().hex(),
    }


def data(features=4, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(240, features)).astype(np.float32)
    x *= np.geomspace(0.1, 900, features).astype(np.float32)
    score = (x / np.abs(x).max(0)).dot(rng.normal(size=features)) + 0.2 * np.abs(x[:, 0])
    y = np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))
    return x, y, score.astype(np.float32)


def sklearn_models():
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import (
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import (
        Binarizer,
        MinMaxScaler,
        Normalizer,
        OneHotEncoder,
        RobustScaler,
        StandardScaler,
    )
    from sklearn.svm import SVR, LinearSVC
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    alive = []

    def fit(name, model, classes=2, names=None, zipmap=False, target=None, kind=FloatTensorType, x=None, inputs=None):
        given, y, score = data(classes=classes)
        x = given if x is None else x
        if names is not None:
            y = np.array(names)[y]
        if target == "real":
            y = score
        if target == "two":
            y = np.stack([score, -2 * score + 1], 1)
        model.fit(x, y)
        last = model.steps[-1][1] if hasattr(model, "steps") else model
        # skl2onnx knows models by id, which must not be that of one that is gone.
        alive.append(model)
        options = {id(last): {"zipmap": zipmap}} if hasattr(last, "predict_proba") else None
        if isinstance(last, LinearSVC):
            # Without options of its own it is given one that it does not know.
            options = {LinearSVC: {"nocl": False}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converted = to_onnx(
                model,
                initial_types=[(i, kind([None, 1])) for i in inputs or ""] or [("x", kind([None, x.shape[1]]))],
                options=options,
                target_opset={"": 18, "ai.onnx.ml": 3},
            )
        # As raw arrays what skl2onnx 1.20 lists twice.
        opsets = {o.domain: o.version for o in converted.opset_import}
        del converted.opset_import[:]
        converted.opset_import.extend(helper.make_opsetid(d, v) for d, v in opsets.items())
        given = {i: x[:ROWS, [at]] for at, i in enumerate(inputs)} if inputs else x[:ROWS]
        save(name, converted, given, names)

    few = {"n_estimators": 4, "random_state": 0}
    fit("tree_two", DecisionTreeClassifier(max_depth=3))
    fit("tree_three", DecisionTreeClassifier(max_depth=3), classes=3)
    fit("tree_real", DecisionTreeRegressor(max_depth=3), target="real")
    fit("forest_two", RandomForestClassifier(max_depth=3, **few))
    fit("forest_names", RandomForestClassifier(max_depth=3, **few), classes=3, names=["bad", "fair", "good"])
    fit("forest_numbers", RandomForestClassifier(max_depth=3, **few), classes=3, names=[-5, 7, 12])
    fit("forest_targets", RandomForestRegressor(max_depth=3, **few), target="two")
    fit("boosted_two", GradientBoostingClassifier(max_depth=2, **few))
    fit("boosted_three", GradientBoostingClassifier(max_depth=2, **few), classes=3)
    fit("boosted_real", GradientBoostingRegressor(max_depth=2, **few), target="real")
    fit("boosted_scaled", make_pipeline(StandardScaler(), GradientBoostingClassifier(max_depth=2, **few)))
    parts = ColumnTransformer([("scaled", MinMaxScaler(clip=True), [0, 3]), ("plain", "passthrough", [2, 1])])
    columns = make_pipeline(parts, GradientBoostingClassifier(max_depth=2, **few))
    fit("boosted_columns", columns, inputs=["a", "b", "c", "d"])
    fit("logistic_two", make_pipeline(StandardScaler(), LogisticRegression()))
    fit("logistic_three", make_pipeline(RobustScaler(), LogisticRegression()), classes=3, zipmap=True)
    fit("logistic_names", make_pipeline(MinMaxScaler(), LogisticRegression()), names=["no", "yes"], zipmap=True)
    fit("linear_real", LinearRegression(), target="real")
    fit("linear_targets", LinearRegression(), target="two")
    fit("linear_svc", make_pipeline(StandardScaler(), LinearSVC()), classes=3)
    fit("normal_l2", make_pipeline(StandardScaler(), Normalizer("l2"), LinearRegression()), target="real")
    fit("normal_l1", make_pipeline(StandardScaler(), Normalizer("l1"), LinearRegression()), target="real")
    fit("binarizer", make_pipeline(StandardScaler(), Binarizer(threshold=0.03), LinearRegression()), target="real")
    fit("imputer_nan", make_pipeline(SimpleImputer(), LinearRegression()), target="real")
    fit("svr_rbf", make_pipeline(StandardScaler(), SVR(C=0.1, epsilon=0.5)), target="real")
    categories = np.random.default_rng(3).integers(0, 4, size=(240, 3)).astype(np.int64)
    fit(
        "one_hot",
        make_pipeline(OneHotEncoder(sparse_output=False), LogisticRegression()),
        kind=Int64TensorType,
        x=categories,
    )


def lightgbm_models():
    import lightgbm
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    few = {"n_estimators": 3, "num_leaves": 5, "min_child_samples": 5, "verbose": -1}
    for name, model, classes in [
        ("lightgbm_two", lightgbm.LGBMClassifier(**few), 2),
        ("lightgbm_three", lightgbm.LGBMClassifier(**few), 3),
        ("lightgbm_real", lightgbm.LGBMRegressor(**few), None),
    ]:
        x, y, score = data(classes=classes or 2)
        model.fit(x, score if classes is None else y)
        converted = convert_lightgbm(
            model, initial_types=[("x", FloatTensorType([None, 4]))], target_opset=15, zipmap=False
        )
        save(name, converted, x[:ROWS])


def by_hand():
    """Modes, aggregates and transforms that the converters above do not write."""

    def model(name, op, x, outputs, version=1, **attributes):
        nodes = [helper.make_node(op, ["x"], outputs, domain="ai.onnx.ml", **attributes)]
        x = np.asarray(x)
        info = helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        graph = helper.make_graph(nodes, "g", [info], [onnx.ValueInfoProto(name=o) for o in outputs])
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", version)]
        save(name, helper.make_model(graph, opset_imports=opsets, ir_version=8), x)

    x = np.array([[1.0, 2.0], [2.0, 2.0], [3.0, -1.0], [2.5, 2.5], [-4.0, 9.0], [2.0, 1.0]], np.float32)
    # Two trees: a root with a question, a second question on its true side.
    trees = {
        "nodes_treeids": [0] * 5 + [1] * 3,
        "nodes_nodeids": [0, 1, 2, 3, 4, 0, 1, 2],
        "nodes_featureids": [0, 1, 0, 0, 0, 1, 0, 0],
        "nodes_values": [2.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0],
        "nodes_truenodeids": [1, 3, 0, 0, 0, 1, 0, 0],
        "nodes_falsenodeids": [2, 4, 0, 0, 0, 2, 0, 0],
    }
    leaves = {"treeids": [0, 0, 0, 1, 1], "nodeids": [2, 3, 4, 1, 2]}

    def modes(mode, other="BRANCH_LEQ"):
        leaf = ["LEAF"] * 3
        return [f"BRANCH_{mode}", other, *leaf, f"BRANCH_{mode}", *leaf[1:]]

    def regressor(name, mode, **attributes):
        target = {f"target_{k}": v for k, v in leaves.items()}
        weights = [0.5, -1.25, 2.0, 0.75, -3.0]
        model(
            name,
            "TreeEnsembleRegressor",
            x,
            ["y"],
            **trees,
            **target,
            nodes_modes=modes(mode),
            target_ids=[0] * 5,
            target_weights=weights,
            n_targets=1,
            **attributes,
        )

    for mode in ["LEQ", "LT", "GTE", "GT", "EQ", "NEQ"]:
        regressor(f"mode_{mode.lower()}", mode)
    for aggregate in ["SUM", "AVERAGE", "MIN", "MAX"]:
        regressor(f"aggregate_{aggregate.lower()}", "LT", aggregate_function=aggregate, base_values=[0.5])

    def classifier(name, ids, weights, **attributes):
        given = {f"class_{k}": v for k, v in leaves.items()}
        model(
            name,
            "TreeEnsembleClassifier",
            x,
            ["label", "scores"],
            **trees,
            **given,
            nodes_modes=modes("LEQ"),
            class_ids=ids,
            class_weights=weights,
            **attributes,
        )

    positive, mixed = [0.1, 0.2, 0.45, 0.3, 0.1], [0.5, -1.25, 2.0, 0.75, -3.0]
    two = {"classlabels_int64s": [0, 1]}
    for post in ["NONE", "LOGISTIC", "SOFTMAX"]:
        for which, weights in [("positive", positive), ("mixed", mixed)]:
            for only in [0, 1]:
                name = f"post_{post.lower()}_{which}_class{only}"
                classifier(name, [only] * 5, weights, post_transform=post, **two)
    classifier("post_base", [0] * 5, mixed, post_transform="LOGISTIC", base_values=[-0.25], **two)
    three = {"classlabels_int64s": [0, 1, 2], "base_values": [0.1, -0.2, 0.3]}
    classifier("post_softmax_three", [0, 1, 2, 0, 1], mixed, post_transform="SOFTMAX", **three)

    tensor = numpy_helper.from_array
    nested = {
        "n_targets": 2,
        "tree_roots": [0],
        "nodes_featureids": [0, 0, 1],
        "nodes_splits": tensor(np.array([3.14, 1.2, 2.2], np.float32)),
        "nodes_modes": tensor(np.array([0, 3, 1], np.uint8)),
        "nodes_truenodeids": [1, 0, 1],
        "nodes_falsenodeids": [2, 1, 2],
        "nodes_trueleafs": [0, 1, 1],
        "nodes_falseleafs": [0, 1, 1],
        "leaf_targetids": [0, 1, 0],
        "leaf_weights": tensor(np.array([5.23, 12.12, -12.23], np.float32)),
    }
    model("nested", "TreeEnsemble", x, ["y"], version=5, **nested)
    one = {"classlabels_ints": [0, 1], "coefficients": [0.5, -0.25], "intercepts": [0.1]}
    model("linear_one_score", "LinearClassifier", x, ["label", "scores"], post_transform="LOGISTIC", **one)
    whole = np.array([[3, 9], [4, -1], [7, 5]], np.int64)
    encoder = {"keys_int64s": [3, 4, 9], "values_floats": [0.5, -2.0, 8.0], "default_float": -7.0}
    model("label_encoder", "LabelEncoder", whole, ["y"], version=2, **encoder)
    encoder = {"keys_int64s": [5, 3, 9], "values_int64s": [1, -2, 8], "default_int64": 77}
    model("label_encoder_whole", "LabelEncoder", whole, ["y"], version=2, **encoder)
    model("scaler_one", "Scaler", x, ["y"], offset=[0.5], scale=[2.0])
    model("normalizer_max", "Normalizer", np.abs(x), ["y"], norm="MAX")
    missing = {"imputed_value_floats": [0.25, -3.0], "replaced_value_float": 2.0}
    model("imputer", "Imputer", x, ["y"], **missing)
    model("vectorizer", "FeatureVectorizer", x, ["y"], inputdimensions=[2])


def main():
    by_hand()
    sklearn_models()
    lightgbm_models()
    lines = [f"{json.dumps(name)}: {json.dumps(case)}" for name, case in sorted(CASES.items())]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
