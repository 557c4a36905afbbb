#!/usr/bin/env python3
"""Writes operators/*.json: one-operator ONNX files with inputs and ONNX Runtime's outputs.

The importer translates each into its own small set of operators; run in floats, those must give
what ONNX Runtime gives. A case draws from a generator seeded by its own name, so that adding one
leaves the others as they are.
"""

import json
import pathlib
import zlib

import numpy as np
import onnx
from onnx import helper, numpy_helper

import move_cases
import oracle

OUT = pathlib.Path(__file__).resolve().parent / "operators"
F32, I64, BOOL = np.float32, np.int64, np.bool_
ALL = None


class Case:
    """One file in the making. Inputs are x, y, z …; constants get names of their own."""

    def __init__(self, name, opset):
        self.name, self.opset = name, opset
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))
        self.nodes, self.inits, self.inputs, self.domains = [], [], {}, set()
        # What the importer's passes make of it, operator by operator, where a case is about that.
        self.becomes = None

    def input(self, shape, low=-3.0, high=3.0):
        name = "xyzuvw"[len(self.inputs)]
        self.inputs[name] = self.rng.uniform(low, high, shape).astype(F32)
        return name

    def given(self, array, dtype=F32):
        name = "xyzuvw"[len(self.inputs)]
        self.inputs[name] = np.asarray(array, dtype)
        return name

    def const(self, array, dtype=F32):
        name = f"c{len(self.inits)}"
        self.inits.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def random(self, shape, low=-2.0, high=2.0):
        return self.const(self.rng.uniform(low, high, shape))

    def node(self, op, *inputs, outputs=1, domain="", **attributes):
        names = [f"t{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=f"n{len(self.nodes)}", domain=domain, **attributes))
        self.domains.add(domain)
        return names[0] if outputs == 1 else names

    def pair(self, op, a, b):
        return self.node(op, a, self.const(b) if isinstance(b, float) else b)

    def write(self, outputs):
        outputs = [outputs] if isinstance(outputs, str) else outputs
        outputs = [o for o in outputs if o]
        number = helper.np_dtype_to_tensor_dtype
        ins = [helper.make_tensor_value_info(n, number(a.dtype), a.shape) for n, a in self.inputs.items()]
        outs = [onnx.ValueInfoProto(name=o) for o in outputs]
        graph = helper.make_graph(self.nodes, "g", ins, outs, self.inits)
        opsets = [helper.make_opsetid("", self.opset)]
        opsets += [helper.make_opsetid(d, 1) for d in sorted(self.domains - {""})]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        # Without its type an output is what ONNX Runtime infers.
        session = oracle.session(model.SerializeToString())
        results = session.run(None, self.inputs)
        flat = lambda a: [float(f"{v:.9g}") for v in np.asarray(a, np.float64).ravel()]
        becomes = {"becomes": self.becomes} if self.becomes else {}
        return {
            "name": self.name, **becomes,
            "model": model.SerializeToString().hex(),
            "inputs": [flat(a) for a in self.inputs.values()],
            "outputs": [{"shape": list(r.shape), "data": flat(r)} for r in results],
        }


CASES = {}


def case(group, name, opset=20):
    """Registers a function that fills a case and gives its outputs."""
    def register(fill):
        CASES.setdefault(group, []).append((name, opset, fill))
        return fill
    return register


def simple(group, name, op, shapes, opset=20, low=-3.0, high=3.0, consts=(), **attributes):
    """One node: computed operands of these shapes, then constants."""
    def fill(c):
        inputs = [c.input(s, low, high) for s in shapes]
        inputs += [c.const(v, I64 if np.asarray(v).dtype == np.int64 else F32) for v in consts]
        return c.node(op, *inputs, **attributes)
    CASES.setdefault(group, []).append((name, opset, fill))


# --- arithmetic ------------------------------------------------------------------------

for op in ["Add", "Sub", "Mul", "Max", "Min"]:
    g = "arithmetic"
    simple(g, f"{op}_same", op, [(2, 3), (2, 3)])
    simple(g, f"{op}_broadcast", op, [(2, 1, 3), (4, 1)])
    simple(g, f"{op}_number", op, [(2, 3)], consts=[0.75])
    simple(g, f"{op}_vector", op, [(2, 3)], consts=[[0.5, -1.25, 2.0]])
    simple(g, f"{op}_number_more_dims", op, [(3,)], consts=[[[0.75]]])
    case(g, f"number_{op}")(lambda c, op=op: c.node(op, c.const(1.5), c.input((2, 3))))
    case(g, f"vector_{op}")(lambda c, op=op: c.node(op, c.random((3,)), c.input((2, 3))))
simple("arithmetic", "Div_same", "Div", [(2, 3), (2, 3)], low=0.5, high=3.0)
simple("arithmetic", "Div_14", "Div", [(2, 3)], consts=[14.0])
simple("arithmetic", "Div_vector", "Div", [(2, 3)], consts=[[0.5, -1.25, 3.0]])
case("arithmetic", "number_Div")(lambda c: c.node("Div", c.const(1.5), c.input((2, 3), 0.5, 2.0)))
case("arithmetic", "Div_positive")(
    lambda c: c.node("Div", c.input((2, 3)), c.node("Exp", c.input((2, 1)))))
case("arithmetic", "Div_negative")(
    lambda c: c.node("Div", c.input((2, 3)), c.input((2, 3), -2.0, -0.5)))
simple("arithmetic", "Max_three", "Max", [(2, 3), (3,), (2, 1)])
simple("arithmetic", "Min_three", "Min", [(2, 3), (3,), (2, 1)])
simple("arithmetic", "Max_one", "Max", [(2, 3)])
simple("arithmetic", "Sum_three", "Sum", [(2, 3), (3,), (2, 1)])
simple("arithmetic", "Mean_three", "Mean", [(2, 3), (3,), (2, 1)])
for exponent in [2.0, 3.0, 0.5, -1.0, -0.5, 1.0, 1.7]:
    simple("arithmetic", f"Pow_{exponent}", "Pow", [(2, 3)], low=0.25, high=3.0, consts=[exponent])
simple("arithmetic", "Pow_negative_base", "Pow", [(2, 3)], consts=[3.0])
simple("arithmetic", "Pow_whole_exponent", "Pow", [(2, 3)], consts=[np.int64(2)])
case("arithmetic", "number_Pow")(lambda c: c.node("Pow", c.const(2.5), c.input((2, 3))))
case("arithmetic", "Pow_of_constants")(
    lambda c: c.node("Add", c.input((2, 3)), c.node("Pow", c.random((3,), 0.5, 2.0), c.const(2.0))))

# --- functions of one number -----------------------------------------------------------

for op in ["Abs", "Neg", "Sign", "Floor", "Ceil", "Round", "Exp", "Sin", "Cos", "Tan", "Atan", "Sinh", "Cosh",
           "Sigmoid", "Tanh", "Erf", "Softplus", "Softsign", "HardSwish", "Mish", "Relu", "Elu", "Selu", "Celu",
           "HardSigmoid", "LeakyRelu", "ThresholdedRelu", "Shrink", "Gelu"]:
    simple("functions", op, op, [(2, 6)], opset=22 if op == "Mish" else 20)
for op in ["Sqrt", "Log", "Reciprocal"]:
    simple("functions", op, op, [(2, 6)], low=0.1, high=4.0)
case("functions", "Round_halves")(lambda c: c.node("Round", c.given([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])))
case("functions", "Sign_zero")(lambda c: c.node("Sign", c.given([-2.0, 0.0, 3.0])))
simple("functions", "Celu_2", "Celu", [(2, 6)], alpha=2.0)
simple("functions", "ThresholdedRelu_half", "ThresholdedRelu", [(2, 6)], alpha=0.5)
simple("functions", "Shrink_bias", "Shrink", [(2, 6)], lambd=0.75, bias=0.5)
simple("functions", "Elu_half", "Elu", [(2, 6)], alpha=0.5)
simple("functions", "HardSigmoid_sixth", "HardSigmoid", [(2, 6)], alpha=1 / 6, beta=0.5)
simple("functions", "Gelu_tanh", "Gelu", [(2, 6)], approximate="tanh")
simple("functions", "Clip", "Clip", [(2, 6)], consts=[-1.0, 2.0])
simple("functions", "Clip_attributes", "Clip", [(2, 6)], opset=9, min=-1.0, max=2.0)
case("functions", "Clip_above")(lambda c: c.node("Clip", c.input((2, 6)), "", c.const(1.0)))
simple("functions", "PRelu_one", "PRelu", [(2, 3, 2)], consts=[[0.2]])
case("functions", "PRelu_channels")(
    lambda c: c.node("PRelu", c.input((2, 3, 2)), c.const([[0.1], [0.5], [-0.3]])))
# Every byte of a table: the roundings of HardSwish and HardSigmoid in f32.
for op in ["HardSwish", "HardSigmoid"]:
    case("functions", f"{op}_bytes")(
        lambda c, op=op: c.node(op, c.given((np.arange(256) - 128).astype(F32) * F32(0.05))))

# --- reductions ------------------------------------------------------------------------

for op in ["Sum", "Mean", "Max", "Min", "L1", "L2", "SumSquare", "LogSumExp", "LogSum"]:
    low = 0.1 if op == "LogSum" else -3.0
    name = f"Reduce{op}"
    g = "reductions"
    simple(g, f"{name}_last", name, [(2, 3, 4)], low=low, consts=[np.array([-1])])
    simple(g, f"{name}_middle_gone", name, [(2, 3, 4)], low=low, consts=[np.array([1])], keepdims=0)
    simple(g, f"{name}_apart", name, [(2, 3, 4)], low=low, consts=[np.array([0, 2])], keepdims=0)
    simple(g, f"{name}_all", name, [(2, 3, 4)], low=low, keepdims=0)
    simple(g, f"{name}_attribute", name, [(2, 3, 4)], low=low, opset=11, axes=[1, 2])
    simple(g, f"{name}_none", name, [(2, 3)], low=low, noop_with_empty_axes=1)
simple("reductions", "ReduceMean_spatial", "ReduceMean", [(2, 3, 4, 5)], consts=[np.array([2, 3])])
simple("reductions", "ReduceMean_spatial_gone", "ReduceMean", [(2, 3, 4, 5)], opset=13, axes=[-1, -2], keepdims=0)
simple("reductions", "ReduceMax_apart_four", "ReduceMax", [(2, 3, 2, 3)], consts=[np.array([1, 3])])
simple("reductions", "GlobalMaxPool", "GlobalMaxPool", [(2, 3, 4, 5)])
simple("reductions", "ArgMin", "ArgMin", [(2, 3, 4)], axis=1)
simple("reductions", "ArgMin_gone", "ArgMin", [(2, 3, 4)], axis=-1, keepdims=0)
for options in [{}, {"exclusive": 1}, {"reverse": 1}, {"exclusive": 1, "reverse": 1}]:
    name = "_".join(["CumSum", *options])
    simple("reductions", name, "CumSum", [(2, 3, 4)], consts=[np.array(1)], **options)
simple("reductions", "CumSum_last", "CumSum", [(2, 5)], consts=[np.array([-1])])
simple("reductions", "TopK", "TopK", [(2, 6)], consts=[np.array([3])], outputs=2)
simple("reductions", "TopK_least", "TopK", [(2, 6)], consts=[np.array([6])], outputs=2, largest=0)
simple("reductions", "TopK_axis", "TopK", [(2, 5, 3)], consts=[np.array([2])], outputs=2, axis=1)
case("reductions", "TopK_ties")(
    lambda c: c.node("TopK", c.given([[1, 3, 3, 0, 0, 1]]), c.const([5], I64), outputs=2))
simple("reductions", "TopK_attribute", "TopK", [(2, 5)], opset=9, outputs=2, k=2)

# --- Softmax and norms -----------------------------------------------------------------

simple("norms", "Softmax", "Softmax", [(2, 3, 4)])
simple("norms", "Softmax_axis", "Softmax", [(2, 3, 4)], axis=1)
simple("norms", "Softmax_11", "Softmax", [(2, 3, 4)], opset=11)
simple("norms", "Softmax_11_last", "Softmax", [(2, 3, 4)], opset=11, axis=-1)
simple("norms", "Hardmax", "Hardmax", [(2, 3, 4)])
simple("norms", "Hardmax_axis", "Hardmax", [(2, 3, 4)], axis=1)
simple("norms", "Hardmax_11", "Hardmax", [(2, 3, 4)], opset=11, axis=1)
simple("norms", "LogSoftmax", "LogSoftmax", [(2, 3, 4)])
simple("norms", "LogSoftmax_11", "LogSoftmax", [(2, 3, 4)], opset=11, axis=1)


def gains(c, *shape):
    return c.random(shape, 0.5, 1.5), c.random(shape, -0.5, 0.5)


case("norms", "LayerNormalization")(
    lambda c: c.node("LayerNormalization", c.input((2, 3, 4)), *gains(c, 4)))
case("norms", "LayerNormalization_two")(
    lambda c: c.node("LayerNormalization", c.input((2, 3, 4)), *gains(c, 3, 4), axis=1, epsilon=0.1))
case("norms", "LayerNormalization_no_offset")(
    lambda c: c.node("LayerNormalization", c.input((2, 4)), c.const(np.ones(4))))
case("norms", "RMSNormalization", 23)(
    lambda c: c.node("RMSNormalization", c.input((2, 3, 4)), gains(c, 4)[0], epsilon=0.01))
case("norms", "InstanceNormalization")(
    lambda c: c.node("InstanceNormalization", c.input((2, 3, 4, 2)), *gains(c, 3)))
case("norms", "GroupNormalization", 21)(
    lambda c: c.node("GroupNormalization", c.input((2, 6, 2, 2)), *gains(c, 6), num_groups=3))
case("norms", "GroupNormalization_18", 18)(
    lambda c: c.node("GroupNormalization", c.input((2, 6, 2, 2)), *gains(c, 3), num_groups=3))
simple("norms", "LpNormalization", "LpNormalization", [(2, 3, 4)], axis=1)
simple("norms", "LpNormalization_1", "LpNormalization", [(2, 4)], p=1)
simple("norms", "MeanVarianceNormalization", "MeanVarianceNormalization", [(2, 3, 2, 4)])
simple("norms", "MeanVarianceNormalization_axes", "MeanVarianceNormalization", [(2, 3, 2, 4)], axes=[2, 3])
MS = {"domain": "com.microsoft"}
case("norms", "SimplifiedLayerNormalization", 17)(
    lambda c: c.node("SimplifiedLayerNormalization", c.input((2, 4)), gains(c, 4)[0], epsilon=0.01))
case("norms", "SkipLayerNormalization", 17)(
    lambda c: c.node("SkipLayerNormalization", c.input((2, 3, 4)), c.input((2, 3, 4)), *gains(c, 4),
                     c.random((4,)), **MS, epsilon=0.01))
case("norms", "SkipLayerNormalization_sum", 17)(
    lambda c: c.node("SkipLayerNormalization", c.input((2, 3, 4)), c.input((2, 3, 4)), *gains(c, 4),
                     **MS, outputs=4)[::3])
case("norms", "SkipSimplifiedLayerNormalization", 17)(
    lambda c: c.node("SkipSimplifiedLayerNormalization", c.input((2, 3, 4)), c.input((2, 3, 4)),
                     gains(c, 4)[0], c.random((4,)), **MS))
for op in ["Gelu", "QuickGelu", "FastGelu"]:
    case("norms", f"com.microsoft.{op}", 17)(lambda c, op=op: c.node(op, c.input((2, 4)), **MS))
for op in ["BiasGelu", "FastGelu"]:
    case("norms", f"com.microsoft.{op}_bias", 17)(
        lambda c, op=op: c.node(op, c.input((2, 4)), c.random((4,)), **MS))
case("norms", "FusedMatMul", 17)(
    lambda c: c.node("FusedMatMul", c.input((2, 3, 4)), c.input((2, 5, 4)), **MS, transB=1, alpha=0.5))
case("norms", "FusedMatMul_constant", 17)(
    lambda c: c.node("FusedMatMul", c.input((4, 3)), c.random((4, 5)), **MS, transA=1))

# --- comparisons -----------------------------------------------------------------------

GRID = np.array([[-1.0, 0.0, 0.5, 1.0], [2.0, 0.5, 1.0, -0.5]])
for op in ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"]:
    g = "comparisons"
    case(g, f"{op}_number")(lambda c, op=op: c.node(op, c.given(GRID), c.const(0.5)))
    case(g, f"number_{op}")(lambda c, op=op: c.node(op, c.const(0.5), c.given(GRID)))
    case(g, f"{op}_vector")(lambda c, op=op: c.node(op, c.given(GRID), c.const([0.0, 0.5, 1.0, -1.0])))
    case(g, f"{op}_computed")(lambda c, op=op: c.node(op, c.given(GRID), c.given(GRID[:, ::-1])))


def truths(c):
    return (c.node("Greater", c.given(GRID), c.const(0.25)), c.node("Less", c.given(GRID[::-1]), c.const(0.75)))


for op in ["And", "Or", "Xor"]:
    case("comparisons", op)(lambda c, op=op: c.node(op, *truths(c)))
case("comparisons", "Not")(lambda c: c.node("Not", truths(c)[0]))
case("comparisons", "Where")(lambda c: c.node("Where", truths(c)[0], c.input((2, 4)), c.input((4,))))
case("comparisons", "Where_constants")(
    lambda c: c.node("Where", truths(c)[0], c.const(1.5), c.random((2, 4))))
case("comparisons", "IsNaN")(
    lambda c: c.node("Where", c.node("IsNaN", c.input((2, 4))), c.const(0.0), "x"))

# --- windows ---------------------------------------------------------------------------


def conv(op, shape, weight, bias=0, opset=20, **attributes):
    """Conv or ConvTranspose with random weights, and as many biases."""
    return lambda c: c.node(op, c.input(shape), c.random(weight), *([c.random((bias,))] if bias else []), **attributes)


def windows(name, fill, opset=20):
    case("windows", name, opset)(fill)


windows("Conv_row", conv("Conv", (1, 3, 7), (4, 3, 3), 4, strides=[2], pads=[1, 2]))
windows("Conv_row_dilated", conv("Conv", (2, 2, 9), (4, 1, 3), dilations=[3], group=2))
windows("Conv_same_lower", conv("Conv", (1, 2, 5, 6), (3, 2, 2, 4), auto_pad="SAME_LOWER", strides=[2, 1]))
for name, shape, weight, bias, attributes in [
    ("plain", (1, 2, 3, 4), (2, 3, 2, 3), 3, {}),
    ("twice", (2, 2, 3, 2), (2, 3, 2, 2), 3, {"strides": [2, 2]}),
    ("over", (1, 2, 3, 4), (2, 3, 4, 4), 3, {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("three", (1, 2, 3, 3), (2, 3, 3, 3), 0, {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}),
    ("holes", (1, 2, 3, 2), (2, 1, 2, 2), 0, {"strides": [3, 4], "output_padding": [1, 2]}),
    ("dilated", (1, 1, 4, 4), (1, 2, 3, 2), 2, {"strides": [2, 1], "dilations": [2, 3], "pads": [1, 0, 2, 1]}),
    ("dilated_three", (1, 1, 3, 4), (1, 1, 3, 3), 0, {"strides": [3, 2], "dilations": [2, 3]}),
    ("groups", (1, 4, 3, 2), (4, 3, 3, 2), 6, {"strides": [2, 2], "group": 2}),
    ("depthwise", (1, 3, 2, 2), (3, 1, 4, 4), 3, {"strides": [2, 2], "group": 3, "pads": [1, 1, 1, 1]}),
    ("uneven", (1, 1, 4, 5), (1, 2, 5, 4), 0, {"strides": [3, 2], "pads": [4, 0, 1, 3]}),
    ("upper", (1, 1, 3, 3), (1, 2, 3, 4), 0, {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("lower", (1, 1, 3, 3), (1, 2, 3, 4), 0, {"strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("shape", (1, 1, 3, 3), (1, 2, 3, 4), 0, {"strides": [2, 2], "output_shape": [6, 7]}),
    ("shape_more", (1, 1, 3, 3), (1, 2, 3, 3), 0, {"strides": [3, 2], "output_shape": [10, 8], "output_padding": [1, 1]}),
    ("row", (2, 3, 4), (3, 2, 3), 2, {"strides": [2], "pads": [1, 1]}),
]:
    windows(f"ConvTranspose_{name}", conv("ConvTranspose", shape, weight, bias, **attributes))
for name, attributes in [
    ("plain", {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("excluded", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    ("included", {"kernel_shape": [3, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    ("ceil", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
    ("ceil_excluded", {"kernel_shape": [3, 3], "strides": [2, 3], "pads": [1, 1, 0, 1], "ceil_mode": 1}),
    ("ceil_included", {"kernel_shape": [3, 3], "strides": [2, 3], "pads": [1, 1, 1, 0], "ceil_mode": 1,
                       "count_include_pad": 1}),
    ("same", {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("dilated", {"kernel_shape": [2, 3], "dilations": [2, 2], "pads": [1, 1, 1, 1]}),
]:
    simple("windows", f"AveragePool_{name}", "AveragePool", [(1, 2, 6, 7)], **attributes)
simple("windows", "AveragePool_row", "AveragePool", [(2, 3, 8)], kernel_shape=[3], pads=[1, 0])
for name, attributes in [
    ("ceil", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
    ("same_upper", {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("same_lower", {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("dilated", {"kernel_shape": [2, 3], "dilations": [2, 2], "pads": [1, 1, 1, 1]}),
]:
    simple("windows", f"MaxPool_{name}", "MaxPool", [(1, 2, 6, 7)], **attributes)
simple("windows", "MaxPool_row", "MaxPool", [(2, 3, 8)], kernel_shape=[3], strides=[2])
for shape in [(2, 3, 5), (2, 3, 4, 5), (2, 3, 2, 3, 2)]:
    simple("windows", f"GlobalAveragePool_{len(shape)}", "GlobalAveragePool", [shape])
for shape in [(3, 4), (2, 3, 5), (2, 3, 4, 2), (1, 3, 2, 2, 2)]:
    windows(f"BatchNormalization_{len(shape)}", lambda c, shape=shape: c.node(
        "BatchNormalization", c.input(shape), *[c.random((shape[1],), 0.5, 1.5) for _ in range(4)]))


# --- Resize ----------------------------------------------------------------------------


def resize(name, shape, scales=None, sizes=None, roi=None, opset=20, **attributes):
    def fill(c):
        operands = [c.input(shape), c.const(roi or []) if roi or opset < 13 else "", c.const(scales) if scales else ""]
        operands += [c.const(sizes, I64)] if sizes else []
        return c.node("Resize", *operands, **attributes)
    case("resize", f"Resize_{name}", opset)(fill)


COORDINATES = ["align_corners", "asymmetric", "half_pixel", "pytorch_half_pixel"]
for mode in COORDINATES:
    for kind in ["nearest", "linear", "cubic"]:
        resize(f"{kind}_{mode}", (1, 2, 3, 4), [1, 1, 2.5, 1.5], mode=kind, coordinate_transformation_mode=mode)
    resize(f"sizes_{mode}", (1, 1, 5, 6), sizes=[1, 1, 3, 9], mode="linear", coordinate_transformation_mode=mode)
    for kind in ["linear", "nearest"]:
        resize(f"{kind}_one_{mode}", (1, 1, 4, 4), sizes=[1, 1, 1, 4], mode=kind, coordinate_transformation_mode=mode)
for mode in ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"]:
    for name, scales in [("more", [1, 1, 2.0, 2.6]), ("less", [1, 1, 0.5, 0.7])]:
        for coordinates in ["asymmetric", "half_pixel"]:
            resize(f"{mode}_{name}_{coordinates}", (1, 1, 6, 7), scales, mode="nearest", nearest_mode=mode,
                   coordinate_transformation_mode=coordinates)
resize("tf_half_pixel", (1, 1, 4, 6), [1, 1, 1.6, 0.7], opset=11, mode="nearest", nearest_mode="floor",
       coordinate_transformation_mode="tf_half_pixel_for_nn")
resize("symmetric", (1, 1, 4, 6), [1, 1, 1.6, 0.7], mode="linear",
       coordinate_transformation_mode="half_pixel_symmetric")
resize("cubic_outside", (1, 1, 4, 5), [1, 1, 1.5, 2.0], mode="cubic", exclude_outside=1, cubic_coeff_a=-0.5)
resize("cubic_less", (1, 1, 6, 6), [1, 1, 0.5, 0.7], mode="cubic")
for kind in ["nearest", "linear"]:
    resize(f"crop_{kind}", (1, 1, 4, 5), sizes=[1, 1, 6, 6], roi=[0, 0, 0.4, 0.2, 1, 1, 1.2, 0.8], mode=kind,
           coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=0.5)
resize("axes", (1, 2, 4, 3), [2.0, 0.5], mode="linear", axes=[3, 2])
resize("axes_sizes", (1, 2, 6, 4), sizes=[3, 8], mode="nearest", axes=[2, 3])
for policy in ["not_larger", "not_smaller"]:
    resize(policy, (1, 1, 6, 4), sizes=[7, 9], mode="linear", axes=[2, 3], keep_aspect_ratio_policy=policy)
resize("row", (1, 2, 5), [1, 1, 3], mode="linear")
for scales in [[1, 1, 2, 3], [1, 1, 0.5, 0.6]]:
    name = "more" if scales[2] > 1 else "less"
    for kind in ["nearest", "linear"]:
        case("resize", f"Resize10_{kind}_{name}", 10)(
            lambda c, kind=kind, scales=scales: c.node("Resize", c.input((1, 1, 4, 6)), c.const(scales), mode=kind))
for kind in ["nearest", "linear"]:
    case("resize", f"Upsample9_{kind}", 9)(
        lambda c, kind=kind: c.node("Upsample", c.input((1, 1, 2, 3)), c.const([1, 1, 2, 2]), mode=kind))
    case("resize", f"Upsample7_{kind}", 7)(
        lambda c, kind=kind: c.node("Upsample", c.input((1, 1, 2, 3)), scales=[1.0, 1.0, 2.0, 2.0], mode=kind))

# --- patterns that passes recognise ----------------------------------------------------


def pattern(name, becomes, opset=20):
    """Registers a case that is about what it becomes."""
    def register(fill):
        def whole(c):
            c.becomes = becomes
            return fill(c)
        return case("patterns", name, opset)(whole)
    return register


def mean(c, x, axis=-1, op="ReduceMean"):
    return c.node(op, x, c.const([axis], I64))


def square(c, x):
    return c.node("Pow", x, c.const(2.0))


@pattern("LayerNorm", ["Normalise", "Mul", "Add"])
def _(c):
    x = c.input((2, 3, 4))
    d = c.node("Sub", x, mean(c, x))
    norm = c.node("Sqrt", c.pair("Add", mean(c, square(c, d)), 1e-5))
    return c.node("Add", c.node("Mul", c.node("Div", d, norm), c.random((4,))), c.random((4,)))


@pattern("LayerNorm_two_differences", ["Normalise"])
def _(c):
    x = c.input((2, 3, 4))
    m = mean(c, x)
    d = c.node("Sub", x, m)
    norm = c.node("Sqrt", c.pair("Add", mean(c, c.node("Mul", d, d)), 1e-5))
    return c.node("Mul", c.node("Reciprocal", norm), c.node("Sub", x, m))


@pattern("LayerNorm_channels", ["Transpose", "Normalise", "Transpose", "Mul"])
def _(c):
    x = c.input((2, 5, 3))
    d = c.node("Sub", x, mean(c, x, 1))
    norm = c.node("Sqrt", c.pair("Add", mean(c, square(c, d), 1), 1e-5))
    return c.node("Mul", c.node("Div", d, norm), c.random((5, 1)))


@pattern("LayerNorm_of_sums", ["Transpose", "Normalise", "Transpose", "Mul", "Add"])
def _(c):
    x = c.input((2, 8, 3))
    total = lambda v: c.pair("Mul", c.node("ReduceSum", v, c.const([1], I64), keepdims=0), 0.125)
    m = total(x)
    wide = lambda v: c.node("Reshape", v, c.const([2, 1, 3], I64))
    variance = c.node("Max", c.const(0.0), c.node("Sub", total(c.node("Mul", x, x)), c.node("Mul", m, m)))
    inverse = c.node("Reciprocal", c.node("Sqrt", c.pair("Add", wide(variance), 1e-6)))
    gain = c.node("Mul", inverse, c.random((1, 8, 1)))
    return c.node("Add", c.node("Mul", c.node("Sub", x, wide(m)), gain), c.random((1, 8, 1)))


@pattern("LayerNorm_scaled_first", ["Normalise", "Mul", "Add"])
def _(c):
    x = c.input((2, 3, 4))
    m = mean(c, x)
    d = c.node("Sub", x, m)
    inverse = c.node("Reciprocal", c.node("Sqrt", c.pair("Add", mean(c, square(c, d)), 1e-5)))
    k = c.node("Mul", inverse, c.random((4,)))
    return c.node("Add", c.node("Mul", x, k), c.node("Sub", c.random((4,)), c.node("Mul", m, k)))


@pattern("RMSNorm", ["Normalise", "Mul"])
def _(c):
    x = c.input((2, 3, 4))
    inverse = c.node("Pow", c.pair("Add", mean(c, square(c, x)), 1e-5), c.const(-0.5))
    return c.node("Mul", c.node("Mul", x, inverse), c.random((4,)))


@pattern("L2_bounded", ["Normalise", "Pointwise"])
def _(c):
    x = c.input((3, 4))
    return c.node("Div", x, c.pair("Clip", c.node("ReduceL2", x, c.const([1], I64)), 1e-12))


@pattern("L2_of_sum", ["Normalise", "Pointwise"])
def _(c):
    x = c.input((3, 4))
    return c.node("Div", x, c.node("Sqrt", c.pair("Add", mean(c, square(c, x), 1, "ReduceSum"), 1e-6)))


@pattern("no_LayerNorm_of_another", ["Reduce", "Sub", "Pointwise", "Reduce", "Pointwise", "Reshape", "Div"])
def _(c):
    # A square matrix, whose columns' means broadcast as its rows' would.
    x = c.input((4, 4))
    d = c.node("Sub", x, mean(c, x, 1))
    variance = c.node("Squeeze", mean(c, square(c, d), 1), c.const([1], I64))
    return c.node("Div", d, c.node("Sqrt", c.pair("Add", variance, 1e-5)))


@pattern("Softmax", ["Softmax"])
def _(c):
    x = c.input((2, 3, 4))
    powers = c.node("Exp", c.node("Sub", x, mean(c, x, -1, "ReduceMax")))
    return c.node("Div", powers, mean(c, powers, -1, "ReduceSum"))


@pattern("Softmax_plain", ["Softmax"])
def _(c):
    x = c.input((2, 3, 4))
    powers = c.node("Exp", x)
    return c.node("Mul", powers, c.node("Reciprocal", mean(c, powers, 1, "ReduceSum")))


@pattern("GELU", ["Pointwise"])
def _(c):
    x = c.input((2, 6))
    phi = c.pair("Add", c.node("Erf", c.pair("Div", x, 1.4142135)), 1.0)
    return c.pair("Mul", c.node("Mul", x, phi), 0.5)


@pattern("GELU_tanh", ["MatMul", "Pointwise"])
def _(c):
    x = c.node("MatMul", c.input((2, 6)), c.random((6, 5)))
    cube = c.node("Mul", x, c.node("Mul", x, c.pair("Mul", x, 0.044715)))
    inner = c.pair("Mul", c.node("Add", x, cube), 0.7978846)
    return c.node("Mul", x, c.pair("Mul", c.pair("Add", c.node("Tanh", inner), 1.0), 0.5))


@pattern("SiLU", ["Pointwise"])
def _(c):
    x = c.input((2, 6))
    return c.node("Mul", x, c.node("Sigmoid", x))


@pattern("HardSwish", ["Pointwise"])
def _(c):
    x = c.input((2, 6))
    return c.pair("Div", c.node("Mul", x, c.node("Clip", c.pair("Add", x, 3.0), c.const(0.0), c.const(6.0))), 6.0)


@pattern("two_gates", ["Pointwise", "Pointwise", "Mul"])
def _(c):
    x, y = c.input((2, 6)), c.input((2, 6))
    return c.node("Mul", c.node("Mul", x, c.node("Sigmoid", x)), c.node("Tanh", c.node("Neg", y)))


@pattern("a_step_that_is_read", ["Pointwise", "Pointwise"])
def _(c):
    s = c.node("Sigmoid", c.input((2, 6)))
    return [s, c.pair("Mul", c.node("Exp", s), 2.0)]


@pattern("clamp_first", ["Pointwise", "Pointwise"])
def _(c):
    return c.pair("Mul", c.node("Exp", c.node("Relu", c.input((2, 6)))), 0.5)


@pattern("affine_steps", ["Pointwise"])
def _(c):
    return c.pair("Mul", c.pair("Sub", c.pair("Add", c.input((2, 6)), 1.0), 0.25), -2.0)


@pattern("Where_of_one", ["Pointwise"])
def _(c):
    x = c.input((2, 6))
    return c.node("Where", c.node("Greater", x, c.const(0.5)), x, c.pair("Mul", x, 0.25))


def causal(n, least):
    return np.triu(np.full((n, n), least), 1)


@pattern("mask_constant_infinite", ["Add", "Softmax"])
def _(c):
    return c.node("Softmax", c.node("Add", c.input((2, 4, 4)), c.const(causal(4, -np.inf))))


@pattern("mask_Where_infinite", ["Pointwise", "Where", "Softmax"])
def _(c):
    masked = c.node("Less", c.given([[1.0, 1.0, 0.0]]), c.const(0.5))
    return c.node("Softmax", c.node("Where", masked, c.const(-np.inf), c.input((2, 3))))


@pattern("mask_of_ones", ["Pointwise", "Add", "Softmax", "Add", "Softmax"])
def _(c):
    mask = c.pair("Mul", c.node("Sub", c.const(1.0), c.given([[1.0, 1.0, 0.0, 0.0]])), -3.4e38)
    soft = lambda: c.node("Softmax", c.node("Add", c.input((2, 4)), mask))
    return [soft(), soft()]


@pattern("mask_of_truths", ["Pointwise", "Add", "Softmax"])
def _(c):
    seen = c.node("Greater", c.given([[1.0, 1.0, 0.0, 0.0]]), c.const(0.5))
    mask = c.node("Where", seen, c.const(0.0), c.const(-1e9))
    return c.node("Softmax", c.node("Add", c.input((2, 4)), mask))


@pattern("mask_subtracted", ["Pointwise", "Add", "Softmax"])
def _(c):
    mask = c.pair("Mul", c.node("Sub", c.const(1.0), c.given([[1.0, 1.0, 0.0, 0.0]])), 1e10)
    return c.node("Softmax", c.node("Sub", c.input((2, 4)), mask))


@pattern("mask_and_constant", ["Pointwise", "Mul", "Pointwise", "Add", "Softmax"])
def _(c):
    far = c.node("Mul", c.node("Sub", c.const(1.0), c.given([[1.0, 1.0, 1.0, 0.0]])), c.const(np.full((4, 4), -1e9)))
    return c.node("Softmax", c.node("Add", c.input((2, 4, 4)), far))


@pattern("no_mask_elsewhere", ["Add", "Softmax"])
def _(c):
    # Scores as far apart as that, so that integers of so coarse a step can tell them.
    sums = c.node("Add", c.input((2, 3), -9e4, 9e4), c.const([0.0, -1e5, 0.0]))
    return [sums, c.node("Softmax", sums)]

def follows(product, *steps):
    """A product and then operators with a constant each."""
    def fill(c):
        x = product(c)
        for op, operand in steps:
            if op == "BatchNormalization":
                x = c.node(op, x, *[c.random((operand,), 0.5, 1.5) for _ in range(4)])
            elif operand is None:
                x = c.node(op, x)
            else:
                x = c.node(op, x, c.random(operand, 0.5, 2.0))
        return x
    return fill


IMAGE = conv("Conv", (1, 2, 4, 5), (3, 2, 2, 3), 3)
PLAIN = conv("Conv", (1, 2, 4, 5), (3, 2, 2, 3))
ROW = conv("Conv", (2, 3, 7), (4, 3, 3))
UP = conv("ConvTranspose", (1, 2, 3, 2), (2, 3, 2, 2), 3, strides=[2, 2])
COLUMNS = lambda c: c.node("MatMul", c.input((2, 3, 4)), c.random((4, 5)))
for name, becomes, fill in [
    ("Conv_BN", ["Conv"], follows(IMAGE, ("BatchNormalization", 3))),
    ("Conv_BN_Relu", ["Conv", "Pointwise"], follows(PLAIN, ("BatchNormalization", 3), ("Relu", None))),
    ("Conv_Mul_Add", ["Conv"], follows(PLAIN, ("Mul", (3, 1, 1)), ("Add", (3, 1, 1)), ("Div", (1, 3, 1, 1)))),
    ("Conv_number", ["Conv"], follows(IMAGE, ("Mul", ()), ("Sub", (1,)), ("Div", ()))),
    ("Conv_Mul_column", ["Conv", "Mul"], follows(IMAGE, ("Mul", (3,)))),
    ("Conv_row_BN", ["Reshape", "Conv", "Pointwise", "Reshape"],
     follows(ROW, ("BatchNormalization", 4), ("Relu", None))),
    ("Conv_row_twice", ["Reshape", "Conv", "Pointwise", "MaxPool", "Conv", "Reshape"],
     lambda c: c.node("Conv", c.node("MaxPool", follows(ROW, ("Relu", None))(c), kernel_shape=[2]),
                      c.random((2, 4, 2)))),
    ("ConvTranspose_Add_BN", ["Conv", "Pointwise", "Reshape", "Transpose", "Reshape"],
     follows(UP, ("Add", (1, 3, 1, 1)), ("BatchNormalization", 3), ("Relu", None))),
    ("MatMul_Mul_Add", ["MatMul"], follows(COLUMNS, ("Add", (5,)), ("Mul", (5,)), ("Add", (5,)), ("Mul", ()))),
    ("MatMul_Mul_row", ["MatMul", "Mul"], follows(COLUMNS, ("Mul", (3, 1)))),
    ("Gemm_BN", ["MatMul"], follows(
        lambda c: c.node("Gemm", c.input((3, 4)), c.random((5, 4)), c.random((5,)), transB=1),
        ("BatchNormalization", 5))),
]:
    pattern(name, becomes)(fill)


@pattern("Conv_that_is_read", ["Conv", "Mul"])
def _(c):
    y = PLAIN(c)
    return [y, c.node("Mul", y, c.random((3, 1, 1)))]


@pattern("Pad_Conv", ["Conv"])
def _(c):
    x = c.node("Pad", c.input((1, 2, 4, 5)), c.const([0, 0, 1, 0, 0, 0, 2, 1], I64))
    return c.node("Conv", x, c.random((3, 2, 2, 3)), c.random((3,)), pads=[1, 0, 0, 1])


@pattern("Conv_less", ["Conv"])
def _(c):
    return c.node("Sub", c.random((3, 1, 1)), PLAIN(c))


@pattern("Transposes", ["Pointwise", "Conv", "Transpose"])
def _(c):
    flat = lambda x, perm: c.node("Transpose", x, perm=perm)
    x = c.node("Sigmoid", flat(c.input((1, 2, 4, 5)), [0, 2, 3, 1]))
    y = c.node("Conv", flat(x, [0, 3, 1, 2]), c.random((3, 2, 2, 3)))
    return flat(flat(y, [0, 2, 3, 1]), [0, 2, 1, 3])


@pattern("Transpose_as_Reshape", ["Reshape"])
def _(c):
    x = c.node("Reshape", c.input((2, 3, 4)), c.const([6, 1, 4], I64))
    return c.node("Reshape", c.node("Transpose", x, perm=[0, 2, 1]), c.const([3, 8], I64))



move_cases.register(case, simple)


def main():
    OUT.mkdir(exist_ok=True)
    for group, cases in CASES.items():
        rows = []
        for name, opset, fill in cases:
            c = Case(name, opset)
            try:
                rows.append(c.write(fill(c)))
            except Exception as error:  # says which of many
                raise SystemExit(f"{group}/{name}: {error}") from error
        text = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
        (OUT / f"{group}.json").write_text(f"[\n{text}\n]\n")
        print(f"{group}: {len(rows)} cases, {len(text) // 1024} KB")


if __name__ == "__main__":
    main()
