"""The binary, and small models, for the tests."""

import os

import numpy
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import metisvm_models


@pytest.fixture(scope="session", autouse=True)
def binary():
    """The binary that $METISVM or the PATH names: without one nothing can be tested, which is an error."""
    return metisvm_models.find()


def graph(nodes, inputs, outputs, weights):
    ports = lambda ports: [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in ports]
    made = helper.make_graph(nodes, "test", ports(inputs), ports(outputs),
                             [numpy_helper.from_array(values, name) for name, values in weights.items()])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return model


@pytest.fixture(scope="session")
def product():
    """y = relu(x · w) for x [rows, 4], and its weights."""
    weights = numpy.random.default_rng(3).normal(size=(4, 3)).astype(numpy.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
    return graph(nodes, [("x", TensorProto.FLOAT, ["rows", 4])], [("y", TensorProto.FLOAT, ["rows", 3])],
                 {"w": weights}), weights


@pytest.fixture(scope="session")
def lookup():
    """Two inputs: row `token` of a table, times `x`."""
    table = numpy.random.default_rng(5).normal(size=(10, 4)).astype(numpy.float32)
    nodes = [helper.make_node("Gather", ["table", "token"], ["row"]), helper.make_node("Mul", ["row", "x"], ["y"])]
    return graph(nodes, [("token", TensorProto.INT64, [2]), ("x", TensorProto.FLOAT, [2, 4])],
                 [("y", TensorProto.FLOAT, [2, 4])], {"table": table}), table


@pytest.fixture
def samples():
    """32 samples of x for `product`."""
    return numpy.random.default_rng(7).normal(size=(32, 1, 4)).astype(numpy.float32)


def pytest_report_header():
    return f"metisvm: {os.environ.get('METISVM', 'on the PATH')}"
