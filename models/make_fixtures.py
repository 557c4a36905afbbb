#!/usr/bin/env python3
"""Writes fixtures/: small ONNX files for the importer's tests, and fixtures/index.json.

Valid ones come with inputs and with onnxruntime's outputs (see oracle.py for why its
graph optimisation is off). Hostile ones must end in an error that names the place: no
panic, and no allocation of a length that was only read.

Every fixture draws from a generator seeded by its own name, so adding one leaves the
others as they are, byte for byte.
"""

import json
import logging
import math
import pathlib
import struct
import tempfile
import zlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

import oracle

OUT = pathlib.Path(__file__).resolve().parent / "fixtures"
SAMPLES = 16
INDEX = {}
U8, I8, I32, F32, I64 = np.uint8, np.int8, np.int32, np.float32, np.int64


def rng_for(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


# --- a small graph builder ------------------------------------------------------------

class Graph:
    def __init__(self, name, opset=17, ir=8):
        self.name, self.opset, self.ir = name, opset, ir
        self.rng = rng_for(name)
        self.nodes, self.inits, self.inputs, self.outputs = [], [], [], []
        self.grids = {}
        self.count = 0

    def input(self, name, shape, dtype=F32):
        self.inputs.append(helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape))
        return name

    def output(self, name, shape, dtype=F32):
        self.outputs.append(helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape))

    def const(self, array, name=None, dtype=None):
        array = np.asarray(array, dtype)
        name = name or f"const{len(self.inits)}"
        self.inits.append(numpy_helper.from_array(array, name))
        return name

    def node(self, op, inputs, outputs=None, name=None, **attributes):
        self.count += 1
        outputs = outputs or [f"{op.lower()}{self.count}_out"]
        if isinstance(outputs, str):
            outputs = [outputs]
        self.nodes.append(helper.make_node(
            op, inputs, outputs, f"{op.lower()}{self.count}" if name is None else name,
            **attributes))
        return outputs[0]

    def floats(self, *shape, spread=0.5):
        return np.round(self.rng.standard_normal(shape) * spread, 4).astype(F32)

    def ints(self, *shape, dtype=I8):
        info = np.iinfo(dtype)
        low = -127 if dtype == I8 else info.min
        return self.rng.integers(low, info.max, size=shape, endpoint=True).astype(dtype)

    def q(self, x, scale, zero, dtype, out=None, vector=False):
        """QuantizeLinear; remembers the grid when x is a graph input."""
        if any(v.name == x for v in self.inputs):
            self.grids[x] = (scale, zero, dtype)
        s, z = np.array(scale, F32), np.array(zero, dtype)
        if vector:
            s, z = s.reshape(1), z.reshape(1)
        return self.node("QuantizeLinear", [x, self.const(s), self.const(z)], out)

    def dq(self, x, scale, zero, dtype, out=None, vector=False):
        if any(v.name == x for v in self.inputs):
            self.grids[x] = (scale, zero, dtype)
        s, z = np.array(scale, F32), np.array(zero, dtype)
        if vector:
            s, z = s.reshape(1), z.reshape(1)
        return self.node("DequantizeLinear", [x, self.const(s), self.const(z)], out)

    def qdq(self, x, scale, zero, dtype, out=None, vector=False):
        return self.dq(self.q(x, scale, zero, dtype, vector=vector), scale, zero, dtype, out, vector)

    def weight(self, array, scale, axis=None, zero=0, name=None):
        """An integer initializer and its DequantizeLinear; a vector of scales is per channel."""
        scale = np.array(scale, F32)
        zeros = np.full(scale.shape, zero, array.dtype)
        attributes = {} if axis is None else {"axis": axis}
        return self.node("DequantizeLinear", [self.const(array, name), self.const(scale),
                                              self.const(zeros)], **attributes)

    def bias(self, n, scale, spread=4000):
        """int32 bias with scale (input scale x weight scale), as onnxruntime writes it."""
        values = self.rng.integers(-spread, spread, size=n).astype(I32)
        scale = np.array(scale, F32)
        axis = {"axis": 0} if scale.ndim and scale.size > 1 else {}
        return self.node("DequantizeLinear", [self.const(values), self.const(scale),
                                              self.const(np.zeros(scale.shape, I32))], **axis)

    def model(self):
        return helper.make_model(
            helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.inits),
            opset_imports=[helper.make_opsetid("", self.opset)],
            producer_name="metisvm-models", ir_version=self.ir)

    def samples(self):
        """Per input: all-lowest, all-highest, then random. Quantised inputs lie on their grid,
        so that the input's own quantisation is never in doubt."""
        result = []
        for value in self.inputs:
            shape = [d.dim_value or 1 for d in value.type.tensor_type.shape.dim]
            integer = value.type.tensor_type.elem_type != TensorProto.FLOAT
            if value.name in self.grids:
                scale, zero, dtype = self.grids[value.name]
                info = np.iinfo(dtype)
                whole = self.rng.integers(info.min, info.max, size=(SAMPLES, *shape), endpoint=True)
                whole[0], whole[1] = info.min, info.max
                result.append(whole.astype(dtype) if integer
                              else ((whole - zero) * np.float64(F32(scale))).astype(F32))
            else:
                column = np.clip(np.round(self.rng.standard_normal((SAMPLES, *shape)) * 1.5, 3), -4, 4)
                column[0], column[1] = -4, 4
                result.append(column.astype(F32))
        return result


def decided(graph, steps):
    """Samples whose largest logit leads by that many 255ths of the range, so that no tolerated
    error changes the class. The classes are in the model's second output."""
    wide = [np.concatenate(c) for c in zip(*(graph.samples() for _ in range(20)))]
    logits = oracle.run(oracle.session(graph.model().SerializeToString()), wide)[0]
    logits = np.sort(logits.reshape(len(logits), -1), axis=1)
    lead = (logits[:, -1] - logits[:, -2]) / (np.ptp(logits) / 255)
    keep = np.flatnonzero(lead > steps)[:SAMPLES]
    assert len(keep) == SAMPLES
    return [column[keep] for column in wide]


def permutations(graph):
    """For ArgMax: two samples of nothing but ties, then values far apart."""
    shape = [d.dim_value for d in graph.inputs[0].type.tensor_type.shape.dim]
    values = np.linspace(-4, 4, math.prod(shape)).astype(F32)
    rows = [np.full(shape, -4, F32), np.full(shape, 4, F32)]
    rows += [graph.rng.permutation(values).reshape(shape) for _ in range(SAMPLES - 2)]
    return [np.stack(rows)]


def fit(k, *scales):
    """An output scale for a sum of k products of full-range bytes: three sigma on 127 steps."""
    return float(F32(70 * 74 * math.sqrt(k) * math.prod(scales) * 3 / 127))


# --- writing ----------------------------------------------------------------------------

def grid_of(graph, name, producer):
    """Scale, zero point and type of the Quantize/DequantizeLinear next to a graph input/output."""
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    for node in graph.node:
        hit = (node.op_type == "DequantizeLinear" and name in node.output) if producer else \
              (node.op_type in ("QuantizeLinear", "DequantizeLinear") and name == node.input[0])
        if hit and len(node.input) > 2 and node.input[2] in values:
            zero = values[node.input[2]]
            return {"type": str(zero.dtype), "zero_point": int(zero.reshape(-1)[0]),
                    "scale": float(str(values[node.input[1]].reshape(-1)[0]))}
        if hit and node.input[1] in values:
            return {"type": "uint8", "zero_point": 0,
                    "scale": float(str(values[node.input[1]].reshape(-1)[0]))}
    return None


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def save_npy(path, array):
    np.save(path, np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"))),
            allow_pickle=False)


class Reader(CalibrationDataReader):
    def __init__(self, names, samples):
        self.feeds = iter([dict(zip(names, row)) for row in zip(*samples)])

    def get_next(self):
        return next(self.feeds, None)


def ort_quantise(model, samples, **options):
    """What onnxruntime's own quantiser makes of a float model; the samples calibrate it."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder) / "a.onnx", pathlib.Path(folder) / "b.onnx"
        source.write_bytes(model.SerializeToString(deterministic=True))
        quantize_static(str(source), str(target),
                        Reader([v.name for v in model.graph.input], samples),
                        quant_format=QuantFormat.QDQ, **options)
        return onnx.load(target)


def float_tolerance(model, samples, results):
    """How far a float model moves when onnxruntime quantises it, in steps of its output,
    with room for another quantiser: half as much again and one step more."""
    quantised = ort_quantise(model, samples, weight_type=QuantType.QInt8,
                             activation_type=QuantType.QInt8)
    got = oracle.run(oracle.session(quantised.SerializeToString()), samples)
    worst = 0
    for a, b in zip(results, got):
        if a.dtype == F32:
            step = (max(a.max(), 0) - min(a.min(), 0)) / 255
            worst = max(worst, float(np.abs(a - b).max() / step))
    return max(2, math.ceil(1.5 * worst) + 1)


def valid(graph, why, tolerance=None, expect="accept", model=None, samples=None):
    """expect is "accept", or "either" where an importer may also refuse: then, if it
    accepts, the outputs must still match."""
    model = model or graph.model()
    onnx.checker.check_model(model, full_check=True)
    samples = samples or graph.samples()
    data = model.SerializeToString(deterministic=True)
    sess = oracle.session(data)
    results = oracle.run(sess, samples)
    if tolerance is None:
        tolerance = float_tolerance(model, samples, results)
    name = graph.name
    put(OUT / "valid" / f"{name}.onnx", data)

    def describe(kind, values, arrays):
        described = []
        for i, (value, array) in enumerate(zip(values, arrays, strict=True)):
            file = f"valid/{name}.{kind}{i if len(arrays) > 1 else ''}.npy"
            save_npy(OUT / file, array)
            entry = {"name": value.name, "file": file, "dtype": str(array.dtype),
                     "shape": list(array.shape[1:])}
            grid = grid_of(model.graph, value.name, kind == "out")
            if grid:
                entry["quantisation"] = grid
            described.append(entry)
        return described

    INDEX[f"valid/{name}.onnx"] = {
        "valid": True, "expect": expect, "why": why,
        "input": describe("in", sess.get_inputs(), samples),
        "output": describe("out", sess.get_outputs(), results),
        "tolerance_steps": tolerance,
    }


def hostile(name, data, why, mentions=(), expect="reject"):
    """mentions: words that a helpful error holds, the node's name and operator first; of a file that is taken
    (expect is "accept") words of its warnings."""
    if not isinstance(data, bytes):
        data = data.SerializeToString(deterministic=True)
    put(OUT / "hostile" / f"{name}.onnx", data)
    INDEX[f"hostile/{name}.onnx"] = {"valid": False, "expect": expect, "why": why,
                                     "error_mentions": list(mentions)}


# --- valid: float -------------------------------------------------------------------------

def simple(name, op, shape, out_shape, why, inputs=(), opset=17, expect="accept",
           tolerance=None, dtype=F32, **attributes):
    g = Graph(name, opset)
    g.input("x", shape)
    extra = [g.const(i(g) if callable(i) else i) if not isinstance(i, str) else i for i in inputs]
    g.node(op, ["x", *extra], "y", **attributes)
    g.output("y", out_shape, dtype)
    valid(g, why, tolerance, expect, samples=permutations(g) if op == "ArgMax" else None)


def float_fixtures():
    simple("f32_matmul", "MatMul", [1, 6], [1, 5], "MatMul alone", [lambda g: g.floats(6, 5)])
    simple("f32_matmul_rows", "MatMul", [4, 6], [4, 5], "MatMul of four rows",
           [lambda g: g.floats(6, 5)])
    simple("f32_matmul_rank3", "MatMul", [1, 4, 6], [1, 4, 5], "rank-3 input, rank-2 weight",
           [lambda g: g.floats(6, 5)], expect="either")
    g = Graph("f32_matmul_add")
    x = g.input("x", [1, 6])
    h = g.node("MatMul", [x, g.const(g.floats(6, 5))])
    g.node("Add", [h, g.const(g.floats(5))], "y")
    g.output("y", [1, 5])
    valid(g, "MatMul, then Add of a bias vector: a Gemm in two nodes")
    g = Graph("f32_add_matmul_order")
    x = g.input("x", [1, 6])
    h = g.node("MatMul", [x, g.const(g.floats(6, 5))])
    g.node("Add", [g.const(g.floats(1, 5)), h], "y")
    g.output("y", [1, 5])
    valid(g, "the bias is Add's first operand, shape [1,5]")

    w = lambda *s: (lambda g: g.floats(*s))
    simple("f32_gemm", "Gemm", [1, 6], [1, 5], "Gemm, all defaults", [w(6, 5), w(5)])
    simple("f32_gemm_transb", "Gemm", [1, 6], [1, 5], "transB", [w(5, 6), w(5)], transB=1)
    simple("f32_gemm_transa", "Gemm", [6, 1], [1, 5], "transA", [w(6, 5), w(5)], transA=1)
    simple("f32_gemm_transa_transb", "Gemm", [6, 3], [3, 5], "both transposed",
           [w(5, 6), w(5)], transA=1, transB=1)
    # onnxruntime 1.32's quantiser forgets beta (it adds the bias once), so its error is no guide.
    simple("f32_gemm_alpha_beta", "Gemm", [1, 6], [1, 5], "alpha 0.5, beta 2",
           [w(6, 5), w(5)], alpha=0.5, beta=2.0, tolerance=4)
    simple("f32_gemm_beta_zero", "Gemm", [1, 6], [1, 5], "beta 0 drops the bias",
           [w(6, 5), w(5)], beta=0.0)
    simple("f32_gemm_no_bias", "Gemm", [1, 6], [1, 5], "no third input", [w(6, 5)])
    simple("f32_gemm_bias_one", "Gemm", [2, 6], [2, 5], "bias of shape [1] broadcast",
           [w(6, 5), w(1)])
    simple("f32_gemm_bias_column", "Gemm", [2, 6], [2, 5], "bias of shape [2,1]: one per row",
           [w(6, 5), w(2, 1)], expect="either")
    simple("f32_gemm_opset13", "Gemm", [1, 6], [1, 5], "opset 13", [w(6, 5), w(5)], opset=13)
    simple("f32_gemm_opset21", "Gemm", [1, 6], [1, 5], "opset 21", [w(6, 5), w(5)], opset=21)

    conv = lambda name, shape, out, why, weight, bias=None, **k: simple(
        name, "Conv", shape, out, why,
        [w(*weight)] + ([w(bias)] if bias else []), **k)
    conv("f32_conv", [1, 2, 6, 6], [1, 4, 6, 6], "3x3, padding 1", (4, 2, 3, 3), 4,
         pads=[1, 1, 1, 1], kernel_shape=[3, 3])
    conv("f32_conv_no_bias", [1, 2, 6, 6], [1, 4, 4, 4], "no bias, no attributes at all",
         (4, 2, 3, 3))
    conv("f32_conv_1x1", [1, 3, 4, 4], [1, 5, 4, 4], "pointwise", (5, 3, 1, 1), 5)
    conv("f32_conv_stride", [1, 2, 7, 7], [1, 3, 4, 4], "stride 2", (3, 2, 3, 3), 3,
         strides=[2, 2], pads=[1, 1, 1, 1])
    conv("f32_conv_dilation", [1, 2, 7, 7], [1, 3, 3, 3], "dilation 2", (3, 2, 3, 3), 3,
         dilations=[2, 2])
    conv("f32_conv_groups", [1, 4, 5, 5], [1, 6, 3, 3], "two groups", (6, 2, 3, 3), 6, group=2)
    conv("f32_conv_depthwise", [1, 4, 5, 5], [1, 4, 5, 5], "one group per channel",
         (4, 1, 3, 3), 4, group=4, pads=[1, 1, 1, 1])
    conv("f32_conv_asymmetric_pads", [1, 2, 5, 6], [1, 3, 5, 7],
         "pads [top 0, left 1, bottom 2, right 2]", (3, 2, 3, 3), 3, pads=[0, 1, 2, 2])
    conv("f32_conv_rectangular", [1, 2, 7, 6], [1, 3, 3, 5], "kernel 3x2, strides 2,1",
         (3, 2, 3, 2), 3, strides=[2, 1], kernel_shape=[3, 2])
    for mode, out in [("SAME_UPPER", 3), ("SAME_LOWER", 3), ("VALID", 2)]:
        conv(f"f32_conv_auto_pad_{mode.lower()}", [1, 1, 6, 6], [1, 2, out, out],
             f"auto_pad {mode}, stride 2, kernel 3", (2, 1, 3, 3), 2, strides=[2, 2],
             auto_pad=mode, expect="either")
    conv("f32_conv_1d", [1, 2, 9], [1, 3, 7], "one spatial axis", (3, 2, 3), 3, expect="either")

    pool = lambda name, shape, out, why, **k: simple(name, "MaxPool", shape, out, why, **k)
    pool("f32_maxpool", [1, 2, 4, 4], [1, 2, 2, 2], "2x2, stride 2", kernel_shape=[2, 2],
         strides=[2, 2])
    pool("f32_maxpool_pads", [1, 2, 5, 5], [1, 2, 3, 3],
         "padding 1: sample 0 is all negative, and a padded cell never wins",
         kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    pool("f32_maxpool_asymmetric", [1, 1, 5, 6], [1, 1, 5, 3], "kernel 3x2, strides 1,2, pads 0,0,2,0",
         kernel_shape=[3, 2], strides=[1, 2], pads=[0, 0, 2, 0])
    pool("f32_maxpool_default_stride", [1, 1, 5, 5], [1, 1, 4, 4],
         "no strides attribute: stride 1, not the kernel's size", kernel_shape=[2, 2])
    pool("f32_maxpool_ceil", [1, 1, 5, 5], [1, 1, 3, 3], "ceil_mode", kernel_shape=[2, 2],
         strides=[2, 2], ceil_mode=1, expect="either")
    pool("f32_maxpool_dilation", [1, 1, 6, 6], [1, 1, 4, 4], "dilation 2", kernel_shape=[2, 2],
         dilations=[2, 2], expect="either")

    simple("f32_relu", "Relu", [1, 12], [1, 12], "Relu on the input itself")
    simple("f32_clip", "Clip", [1, 12], [1, 12], "Clip to [-1, 2]", [F32(-1), F32(2)])
    simple("f32_clip_relu6", "Clip", [1, 12], [1, 12], "Relu6", [F32(0), F32(6)])
    simple("f32_clip_max_only", "Clip", [1, 12], [1, 12], "min left out as an empty name",
           ["", F32(1.5)])
    simple("f32_sigmoid", "Sigmoid", [1, 12], [1, 12], "Sigmoid")
    simple("f32_tanh", "Tanh", [1, 12], [1, 12], "Tanh")
    simple("f32_flatten", "Flatten", [1, 2, 3, 4], [1, 24], "axis 1", axis=1)
    simple("f32_flatten_axis0", "Flatten", [1, 2, 3, 4], [1, 24], "axis 0", axis=0)
    simple("f32_flatten_axis2", "Flatten", [1, 2, 3, 4], [2, 12], "axis 2", axis=2)
    simple("f32_flatten_negative_axis", "Flatten", [1, 2, 3, 4], [6, 4], "axis -1", axis=-1)
    simple("f32_reshape", "Reshape", [1, 12], [1, 3, 2, 2], "all dimensions given",
           [np.array([1, 3, 2, 2], I64)])
    simple("f32_reshape_infer", "Reshape", [1, 3, 4], [1, 12], "0 copies, -1 is inferred",
           [np.array([0, -1], I64)])
    simple("f32_argmax", "ArgMax", [1, 10], [1], "keepdims 0; samples 0 and 1 are all ties: "
           "the first index wins", axis=1, keepdims=0, dtype=I64, tolerance=0)
    simple("f32_argmax_keepdims", "ArgMax", [1, 10], [1, 1], "keepdims 1, axis -1", axis=-1,
           keepdims=1, dtype=I64, tolerance=0)
    simple("f32_argmax_default", "ArgMax", [3, 4], [1, 4], "no attributes: axis 0, keepdims 1",
           dtype=I64, tolerance=0)
    simple("f32_argmax_last", "ArgMax", [1, 10], [1], "select_last_index: ties go to the last",
           axis=1, keepdims=0, select_last_index=1, dtype=I64, tolerance=0, expect="either")

    g = Graph("f32_residual")
    x = g.input("x", [1, 4, 5, 5])
    a = g.node("Conv", [x, g.const(g.floats(4, 4, 3, 3, spread=0.2)), g.const(g.floats(4))],
               pads=[1, 1, 1, 1])
    b = g.node("Relu", [a])
    g.node("Add", [b, x], "y")
    g.output("y", [1, 4, 5, 5])
    valid(g, "a convolution's result added to its own input")
    g = Graph("f32_two_inputs")
    a, b = g.input("a", [1, 8]), g.input("b", [1, 8])
    g.node("Add", [a, b], "y")
    g.output("y", [1, 8])
    valid(g, "two graph inputs")
    g = Graph("f32_add_channel_bias")
    x = g.input("x", [1, 3, 4, 4])
    h = g.node("Conv", [x, g.const(g.floats(3, 3, 1, 1))])
    g.node("Add", [h, g.const(g.floats(3, 1, 1))], "y")
    g.output("y", [1, 3, 4, 4])
    valid(g, "a bias of shape [3,1,1] added after a convolution")
    g = Graph("f32_add_itself")
    x = g.input("x", [1, 8])
    g.node("Add", [x, x], "y")
    g.output("y", [1, 8])
    valid(g, "both operands are one tensor")
    g = Graph("f32_two_outputs")
    x = g.input("x", [1, 6])
    g.node("Gemm", [x, g.const(g.floats(6, 5)), g.const(g.floats(5))], "logits")
    g.node("ArgMax", ["logits"], "class", axis=1, keepdims=0)
    g.output("logits", [1, 5])
    g.output("class", [1], I64)
    valid(g, "a result that is an output and is read again", samples=decided(g, 20))
    g = Graph("f32_initializer_encodings")
    x = g.input("x", [1, 6])
    weights, shape = g.floats(6, 4), [1, 2, 2]
    g.inits.append(helper.make_tensor("w", TensorProto.FLOAT, [6, 4], weights.ravel().tolist()))
    g.inits.append(helper.make_tensor("shape", TensorProto.INT64, [3], shape))
    g.node("Reshape", [g.node("MatMul", [x, "w"]), "shape"], "y")
    g.output("y", [1, 2, 2])
    valid(g, "float_data and int64_data instead of raw_data")
    g = Graph("f32_unnamed_nodes")
    x = g.input("x", [1, 6])
    h = g.node("Gemm", [x, g.const(g.floats(6, 5))], name="")
    g.node("Relu", [h], "y", name="")
    g.output("y", [1, 5])
    valid(g, "node names are optional: several empty ones are no duplicates")
    g = Graph("f32_unused_initializers")
    x = g.input("x", [1, 6])
    g.const(g.floats(3), "left_over")
    g.node("Gemm", [x, g.const(g.floats(6, 5), "w")], "y")
    g.const(np.zeros(0, F32), "empty_one")
    g.output("y", [1, 5])
    valid(g, "initializers that nothing reads, one of them with no element")
    g = Graph("f32_initializer_is_input", ir=3)
    x = g.input("x", [1, 6])
    weights = g.const(g.floats(6, 5), "w")
    g.node("MatMul", [x, weights], "y")
    g.output("y", [1, 5])
    model = g.model()
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [6, 5]))
    onnx.checker.check_model(model)
    put_optional_input(g, model)
    g = Graph("f32_constant_nodes")
    x = g.input("x", [1, 6])
    c = g.node("Constant", [], value=numpy_helper.from_array(g.floats(6, 5)))
    h = g.node("Identity", [g.node("MatMul", [x, c])])
    g.node("Relu", [h], "y")
    g.output("y", [1, 5])
    valid(g, "the weight is a Constant node; an Identity in between", expect="either")
    g = Graph("f32_unused_branch")
    x = g.input("x", [1, 6])
    g.node("Tanh", [x], "nobody_reads_this")
    g.node("Relu", [x], "y")
    g.output("y", [1, 6])
    valid(g, "a node whose result nothing reads", expect="either")


def put_optional_input(g, model):
    """Old files list every initializer as an input too; it is then a default, not an input."""
    samples = g.samples()
    data = model.SerializeToString(deterministic=True)
    result = np.stack([oracle.session(data).run(None, {"x": row})[0] for row in samples[0]])
    name = g.name
    put(OUT / "valid" / f"{name}.onnx", data)
    save_npy(OUT / f"valid/{name}.in.npy", samples[0])
    save_npy(OUT / f"valid/{name}.out.npy", result)
    plain = g.model()
    plain.ir_version = 8
    INDEX[f"valid/{name}.onnx"] = {
        "valid": True, "expect": "either", "why": put_optional_input.__doc__,
        "input": [{"name": "x", "file": f"valid/{name}.in.npy", "dtype": "float32",
                   "shape": [1, 6]}],
        "output": [{"name": "y", "file": f"valid/{name}.out.npy", "dtype": "float32",
                    "shape": [1, 5]}],
        "tolerance_steps": float_tolerance(plain, samples, [result]),
    }


# --- valid: quantised -----------------------------------------------------------------------

# Scales on purpose of three kinds: a power of two, a short decimal, an arbitrary one.
SX, SW = 0.0234375, 0.0078125
GRIDS = {"u8": (U8, 0), "u8z": (U8, 121), "i8": (I8, 0), "i8z": (I8, -9)}


def unary(name, why, shape, out_shape, make, grid="i8z", out=None, tolerance=1, sx=0.04,
          expect="accept", opset=17, vector=False):
    """x -> QDQ -> make(graph, x) -> QDQ -> y. `out` is (scale, zero, dtype), or the input's."""
    g = Graph(name, opset)
    dtype, zero = GRIDS[grid]
    x = g.qdq(g.input("x", shape), sx, zero, dtype, vector=vector)
    y = make(g, x)
    g.qdq(y, *(out or (sx, zero, dtype)), out="y", vector=vector)
    g.output("y", out_shape)
    valid(g, why, tolerance, expect)


def channel_scales(g, n):
    return np.round(g.rng.uniform(0.002, 0.03, n), 6).astype(F32)


def quantised_fixtures():
    for grid in GRIDS:
        def gemm(g, x):
            return g.node("Gemm", [x, g.weight(g.ints(12, 5), SW), g.bias(5, SX * SW)])
        unary(f"qdq_gemm_{grid}", f"Gemm, per-tensor weights, {grid} activations, int32 bias",
              [1, 12], [1, 5], gemm, grid, (fit(12, SX, SW), GRIDS[grid][1] or 0, GRIDS[grid][0]),
              sx=SX)

    def per_channel(g, x, trans):
        s = channel_scales(g, 6)
        w = g.weight(g.ints(*((6, 10) if trans else (10, 6))), s, axis=0 if trans else 1)
        return g.node("Gemm", [x, w, g.bias(6, s * F32(0.05))], transB=trans)
    for trans in (0, 1):
        unary(f"qdq_gemm_per_channel_transb{trans}",
              f"per-channel weights on axis {0 if trans else 1}, bias scales [6]", [1, 10], [1, 6],
              lambda g, x: per_channel(g, x, trans), "u8z", (fit(10, .05, .016), 7, I8), sx=0.05)
    unary("qdq_gemm_negative_axis", "the weights' axis is written as -1", [1, 10], [1, 6],
          lambda g, x: g.node("Gemm", [x, g.weight(g.ints(10, 6), channel_scales(g, 6), axis=-1)]),
          "i8", (fit(10, .05, .016), 0, I8), sx=0.05)
    unary("qdq_gemm_mixed_types", "u8 in, i8 out", [1, 12], [1, 5],
          lambda g, x: g.node("Gemm", [x, g.weight(g.ints(12, 5), SW)]), "u8z",
          (fit(12, SX, SW), -20, I8), sx=SX)
    unary("qdq_gemm_u8_weights", "u8 weights with zero point 128", [1, 12], [1, 5],
          lambda g, x: g.node("Gemm", [x, g.weight(g.ints(12, 5, dtype=U8), SW, zero=128)]), "i8z",
          (fit(12, SX, SW), 3, I8), sx=SX, expect="either")
    unary("qdq_gemm_float_bias", "the bias stayed f32 (QuantizeBias=False)", [1, 12], [1, 5],
          lambda g, x: g.node("Gemm", [x, g.weight(g.ints(12, 5), SW), g.const(g.floats(5))]),
          "i8z", (fit(12, SX, SW), 3, I8), sx=SX)
    unary("qdq_gemm_bias_other_scale", "int32 bias whose scale is not input x weight: its "
          "own scale counts (onnxruntime's fused kernel ignores it and is wrong)", [1, 12],
          [1, 5], lambda g, x: g.node("Gemm", [x, g.weight(g.ints(12, 5), SW), g.bias(5, 0.001, 900)]),
          "i8z", (fit(12, SX, SW), 3, I8), sx=SX, expect="either")
    unary("qdq_gemm_alpha", "alpha 0.5 between quantised tensors", [1, 12], [1, 5],
          lambda g, x: g.node("Gemm", [x, g.weight(g.ints(12, 5), SW)], alpha=0.5), "i8z",
          (fit(12, SX, SW) / 2, 3, I8), sx=SX, expect="either")
    unary("qdq_gemm_int32_data", "int8 weights written as int32_data, one varint each", [1, 12],
          [1, 5], int32_data_gemm, "i8", (fit(12, SX, SW), 0, I8), sx=SX)
    unary("qdq_gemm_vector_scales", "every scale and zero point has shape [1] instead of []",
          [1, 12], [1, 5], lambda g, x: g.node("Gemm", [x, g.weight(g.ints(12, 5), [SW])]), "u8z",
          (fit(12, SX, SW), 121, U8), sx=SX, vector=True)
    unary("qdq_gemm_opset13", "opset 13", [1, 12], [1, 5],
          lambda g, x: g.node("Gemm", [x, g.weight(g.ints(12, 5), SW)]), "u8z",
          (fit(12, SX, SW), 121, U8), sx=SX, opset=13)
    unary("qdq_gemm_opset21", "opset 21", [1, 12], [1, 5],
          lambda g, x: g.node("Gemm", [x, g.weight(g.ints(12, 5), SW)]), "u8z",
          (fit(12, SX, SW), 121, U8), sx=SX, opset=21)
    unary("qdq_gemm_extremes", "weights and inputs all -128 and 127", [1, 64], [1, 4],
          lambda g, x: g.node("Gemm", [x, g.weight(
              np.where(g.rng.random((64, 4)) < .5, -128, 127).astype(I8), SW)]), "i8",
          (fit(64, SX, SW) * 2, 0, I8), sx=SX)
    unary("qdq_gemm_ties", "scales 1, 1 and 2: every odd sum is a tie. ONNX rounds half to even; "
          "half up differs by one step there, and nowhere else", [1, 4], [1, 4],
          lambda g, x: g.node("Gemm", [x, g.weight(np.array(
              [[1, 1, -1, 0], [0, 1, 0, 0], [0, 0, 1, -1], [0, 0, 0, 1]], I8), 1.0)]), "i8",
          (2.0, 0, I8), sx=1.0)
    unary("qdq_matmul_add_q_between", "MatMul, Q, DQ, Add of an int8 bias, Q: what onnxruntime's "
          "quantiser makes of MatMul + Add", [1, 12], [1, 5],
          lambda g, x: g.node("Add", [g.qdq(g.node("MatMul", [x, g.weight(g.ints(12, 5), SW)]),
                                            fit(12, SX, SW), 5, I8),
                                      g.weight(g.ints(5), 0.02, zero=1)]),
          "i8z", (fit(12, SX, SW) * 1.5, 4, I8), sx=SX, tolerance=2)
    unary("qdq_matmul_add_int32", "MatMul, Add of an int32 bias, Q: no Q in between", [1, 12],
          [1, 5], lambda g, x: g.node("Add", [g.node("MatMul", [x, g.weight(g.ints(12, 5), SW)]),
                                              g.bias(5, SX * SW)]),
          "i8z", (fit(12, SX, SW), 4, I8), sx=SX)
    unary("qdq_matmul_per_channel", "MatMul with per-channel weights on axis 1", [3, 12], [3, 5],
          lambda g, x: g.node("MatMul", [x, g.weight(g.ints(12, 5), channel_scales(g, 5), axis=1)]),
          "u8z", (fit(12, SX, .016), 128, U8), sx=SX)

    def conv(weight, bias=True, per_channel=True, **attributes):
        def make(g, x):
            s = channel_scales(g, weight[0]) if per_channel else F32(0.016)
            inputs = [x, g.weight(g.ints(*weight), s, axis=0 if per_channel else None)]
            if bias:
                inputs.append(g.bias(weight[0], s * F32(0.04)))
            return g.node("Conv", inputs, **attributes)
        return make
    sc = lambda k: fit(k, .04, .016)
    unary("qdq_conv_per_tensor", "padding with a zero point that is not 0", [1, 2, 5, 5],
          [1, 3, 5, 5], conv((3, 2, 3, 3), per_channel=False, pads=[1] * 4), "u8z",
          (sc(18), 130, U8))
    unary("qdq_conv_per_channel", "per-channel weights", [1, 2, 5, 5], [1, 3, 5, 5],
          conv((3, 2, 3, 3), pads=[1] * 4), "i8z", (sc(18), 6, I8))
    unary("qdq_conv_no_bias", "no bias", [1, 2, 5, 5], [1, 3, 3, 3],
          conv((3, 2, 3, 3), bias=False), "i8", (sc(18), 0, I8))
    unary("qdq_conv_groups", "two groups", [1, 4, 5, 5], [1, 6, 3, 3],
          conv((6, 2, 3, 3), group=2), "i8z", (sc(18), 6, I8))
    unary("qdq_conv_depthwise", "depthwise", [1, 4, 5, 5], [1, 4, 5, 5],
          conv((4, 1, 3, 3), group=4, pads=[1] * 4), "u8", (sc(9), 99, U8))
    unary("qdq_conv_dilation_stride_pads", "dilation 2, strides 2,1, pads 1,0,2,1",
          [1, 2, 7, 6], [1, 3, 3, 3],
          conv((3, 2, 3, 3), dilations=[2, 2], strides=[2, 1], pads=[1, 0, 2, 1]), "i8z",
          (sc(18), 6, I8))
    unary("qdq_conv_relu", "Conv, Relu, Q: no Q in between", [1, 2, 5, 5], [1, 3, 5, 5],
          lambda g, x: g.node("Relu", [conv((3, 2, 3, 3), pads=[1] * 4)(g, x)]), "i8",
          (sc(18), 0, I8))
    unary("qdq_conv_relu_between", "Conv, Q, DQ, Relu, Q on another grid", [1, 2, 5, 5],
          [1, 3, 5, 5], lambda g, x: g.node("Relu", [g.qdq(
              conv((3, 2, 3, 3), pads=[1] * 4)(g, x), sc(18), 6, I8)]), "i8z",
          (sc(18) * 0.7, -128, I8), tolerance=2)
    unary("qdq_conv_clip", "Conv, Clip 0..6 (Relu6), Q", [1, 2, 5, 5], [1, 3, 5, 5],
          lambda g, x: g.node("Clip", [conv((3, 2, 3, 3), pads=[1] * 4)(g, x),
                                       g.const(F32(0)), g.const(F32(6))]), "u8",
          (sc(18), 10, U8))
    unary("qdq_conv_1d", "one spatial axis", [1, 2, 9], [1, 3, 7], conv((3, 2, 3)), "i8z",
          (sc(6), 6, I8), expect="either")

    op = lambda name, **k: (lambda g, x: g.node(name, [x], **k))
    pool = dict(kernel_shape=[2, 2], strides=[2, 2])
    unary("qdq_maxpool", "same grid before and after", [1, 2, 4, 4], [1, 2, 2, 2],
          op("MaxPool", **pool), tolerance=0)
    unary("qdq_maxpool_pads", "padding never wins, not even over -128", [1, 2, 5, 5], [1, 2, 3, 3],
          op("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4), "i8z", tolerance=0)
    unary("qdq_maxpool_u8", "u8", [1, 2, 5, 5], [1, 2, 4, 4], op("MaxPool", kernel_shape=[2, 2]),
          "u8z", tolerance=0)
    unary("qdq_maxpool_regrid", "another scale and zero point after it", [1, 2, 4, 4],
          [1, 2, 2, 2], op("MaxPool", **pool), "i8z", (0.07, 12, I8))
    unary("qdq_flatten", "Flatten", [1, 2, 3, 2], [1, 12], op("Flatten"), tolerance=0)
    unary("qdq_reshape", "Reshape", [1, 12], [1, 3, 2, 2],
          lambda g, x: g.node("Reshape", [x, g.const(np.array([1, 3, -1, 2], I64))]), "u8z",
          tolerance=0)
    unary("qdq_relu", "Relu alone, same grid", [1, 32], [1, 32], op("Relu"), tolerance=0)
    unary("qdq_relu_u8", "Relu on u8 with zero point 121", [1, 32], [1, 32], op("Relu"), "u8z",
          tolerance=0)
    unary("qdq_clip", "Clip to [-1, 2]", [1, 32], [1, 32],
          lambda g, x: g.node("Clip", [x, g.const(F32(-1)), g.const(F32(2))]), tolerance=0)
    unary("qdq_clip_min_only", "Clip with a lower bound only", [1, 32], [1, 32],
          lambda g, x: g.node("Clip", [x, g.const(F32(-1))]), tolerance=0)
    unary("qdq_sigmoid", "Sigmoid to u8 with scale 1/256: a table", [1, 64], [1, 64],
          op("Sigmoid"), "i8z", (1 / 256, 0, U8))
    unary("qdq_sigmoid_u8", "Sigmoid, u8 to i8", [1, 64], [1, 64], op("Sigmoid"), "u8z",
          (1 / 256, -128, I8))
    unary("qdq_tanh", "Tanh to i8 with scale 1/128", [1, 64], [1, 64], op("Tanh"), "i8z",
          (1 / 128, 0, I8), sx=0.03)
    unary("qdq_tanh_u8", "Tanh, u8 to u8", [1, 64], [1, 64], op("Tanh"), "u8z",
          (1 / 128, 128, U8), sx=0.03)
    unary("qdq_requantise", "nothing but Q, DQ, Q, DQ: u8 to i8 on a coarser grid", [1, 64],
          [1, 64], lambda g, x: x, "u8z", (0.09, -5, I8))
    unary("qdq_requantise_finer", "a finer grid: the multiplier is above 1, values saturate",
          [1, 64], [1, 64], lambda g, x: x, "u8z", (0.007, -5, I8), tolerance=1)

    g = Graph("qdq_requantise_all_bytes")
    x = g.qdq(g.input("x", [1, 256]), 0.25, -3, I8)
    g.qdq(x, 0.4, 11, I8, "y")
    g.output("y", [1, 256])
    everything = np.tile((np.arange(-128, 128) + 3) * F32(0.25), (1, 1, 1)).astype(F32)
    valid(g, "every one of the 256 values once", 1, samples=[everything])
    for op_name in ("Sigmoid", "Tanh"):
        g = Graph(f"qdq_{op_name.lower()}_all_bytes")
        x = g.qdq(g.input("x", [1, 256]), 0.05, -3, I8)
        g.qdq(g.node(op_name, [x]), 1 / 128, -1, I8, "y")
        g.output("y", [1, 256])
        valid(g, "the whole table", 1,
              samples=[((np.arange(-128, 128) + 3) * np.float64(F32(0.05))).astype(F32)[None, None]])

    for grid, other in (("i8z", (0.09, 13, I8)), ("u8z", (0.011, 100, U8))):
        g = Graph(f"qdq_add_residual_{grid}")
        dtype, zero = GRIDS[grid]
        x = g.qdq(g.input("x", [1, 4, 5, 5]), 0.04, zero, dtype)
        s = channel_scales(g, 4)
        h = g.node("Conv", [x, g.weight(g.ints(4, 4, 3, 3), s, axis=0), g.bias(4, s * F32(0.04))],
                   pads=[1] * 4)
        h = g.qdq(h, *other)
        g.qdq(g.node("Add", [h, x]), 0.1, zero, dtype, "y")
        g.output("y", [1, 4, 5, 5])
        valid(g, "two branches on different grids added", 2)
    g = Graph("qdq_two_inputs")
    a = g.qdq(g.input("a", [1, 32]), 0.04, -9, I8)
    b = g.qdq(g.input("b", [1, 32]), 0.011, 5, I8)
    g.qdq(g.node("Add", [a, b]), 0.05, 2, I8, "y")
    g.output("y", [1, 32])
    valid(g, "two graph inputs on different grids added", 1)
    g = Graph("qdq_add_constant")
    a = g.qdq(g.input("a", [1, 3, 4, 4]), 0.04, -9, I8)
    g.qdq(g.node("Add", [a, g.weight(g.ints(1, 3, 1, 1), 0.03)]), 0.06, 2, I8, "y")
    g.output("y", [1, 3, 4, 4])
    valid(g, "an int8 constant of shape [1,3,1,1], broadcast", 1)

    for keep in (0, 1):
        g = Graph(f"qdq_argmax_keepdims{keep}")
        x = g.qdq(g.input("x", [1, 10]), 0.04, -9, I8)
        g.node("ArgMax", [x], "y", axis=1, keepdims=keep)
        g.output("y", [1, 1] if keep else [1], I64)
        valid(g, "ArgMax of a quantised tensor; samples 0 and 1 are all ties", 0)
    g = Graph("qdq_two_outputs")
    x = g.qdq(g.input("x", [1, 12]), SX, -9, I8)
    h = g.node("Gemm", [x, g.weight(g.ints(12, 5), SW), g.bias(5, SX * SW)])
    h = g.qdq(h, fit(12, SX, SW), 4, I8, "logits")
    g.node("ArgMax", [h], "class", axis=1, keepdims=0)
    g.output("logits", [1, 5])
    g.output("class", [1], I64)
    valid(g, "logits and their class; the class must be exact", 1, samples=decided(g, 4))
    for grid in ("u8z", "i8z"):
        g = Graph(f"qdq_integer_io_{grid}")
        dtype, zero = GRIDS[grid]
        x = g.dq(g.input("x", [1, 12], dtype), SX, zero, dtype)
        h = g.node("Gemm", [x, g.weight(g.ints(12, 5), SW), g.bias(5, SX * SW)])
        g.q(h, fit(12, SX, SW), zero, dtype, "y")
        g.output("y", [1, 5], dtype)
        valid(g, "the graph's own input and output are 8-bit integers: no Q before, no DQ after", 1)
    g = Graph("qdq_no_zero_points")
    x = g.input("x", [1, 12])
    g.grids["x"] = (SX, 0, U8)
    sx, so = g.const(F32(SX)), g.const(F32(fit(12, SX, SW)))
    x = g.node("DequantizeLinear", [g.node("QuantizeLinear", [x, sx]), sx])
    w = g.node("DequantizeLinear", [g.const(g.ints(12, 5)), g.const(F32(SW))])
    h = g.node("QuantizeLinear", [g.node("Gemm", [x, w]), so])
    g.node("DequantizeLinear", [h, so], "y")
    g.output("y", [1, 5])
    valid(g, "zero points left out: 0, and u8 for QuantizeLinear", 1)
    g = Graph("qdq_shared_input")
    x = g.qdq(g.input("x", [1, 12]), SX, -9, I8)
    a = g.qdq(g.node("Gemm", [x, g.weight(g.ints(12, 5), SW)]), fit(12, SX, SW), 0, I8)
    b = g.qdq(g.node("Gemm", [x, g.weight(g.ints(12, 5), SW)]), fit(12, SX, SW) * 1.3, 9, I8)
    g.qdq(g.node("Add", [a, b]), fit(12, SX, SW) * 1.7, -3, I8, "y")
    g.output("y", [1, 5])
    valid(g, "two Gemms read one DequantizeLinear", 2)
    g = Graph("qdq_folded_weight_pair")
    x = g.qdq(g.input("x", [1, 12]), SX, -9, I8)
    w = g.qdq(g.const((g.ints(12, 5) * F32(SW)).astype(F32)), SW, 0, I8)
    g.qdq(g.node("Gemm", [x, w]), fit(12, SX, SW), 0, I8, "y")
    g.output("y", [1, 5])
    valid(g, "the weight is f32 behind Q and DQ (AddQDQPairToWeight)", 1, expect="either")
    g = Graph("qdq_huge_scale_ratio")
    x = g.qdq(g.input("x", [1, 8]), 1e-3, 0, I8)
    g.qdq(x, 1e3, 0, I8, "y")
    g.output("y", [1, 8])
    valid(g, "a ratio of 1e-6: everything becomes the zero point", 0, expect="either")


def int32_data_gemm(g, x):
    values = g.ints(12, 5)
    g.inits.append(helper.make_tensor("w", TensorProto.INT8, [12, 5], values.ravel().tolist()))
    w = g.node("DequantizeLinear", ["w", g.const(F32(SW)), g.const(I8(0))])
    return g.node("Gemm", [x, w])


def wild_fixtures():
    """Written by onnxruntime's quantiser with options that change the shape of the graph."""
    def network(name):
        g = Graph(name)
        x = g.input("x", [1, 2, 6, 6])
        h = g.node("Conv", [x, g.const(g.floats(4, 2, 3, 3)), g.const(g.floats(4))], pads=[1] * 4)
        h = g.node("Relu", [h])
        b = g.node("Conv", [h, g.const(g.floats(4, 4, 3, 3, spread=.2)), g.const(g.floats(4))],
                   pads=[1] * 4)
        h = g.node("Relu", [g.node("Add", [h, b])])
        h = g.node("Flatten", [g.node("MaxPool", [h], kernel_shape=[2, 2], strides=[2, 2])])
        h = g.node("Tanh", [g.node("Gemm", [h, g.const(g.floats(8, 36, spread=.1)),
                                            g.const(g.floats(8))], transB=1)])
        g.node("Add", [g.node("MatMul", [h, g.const(g.floats(8, 5))]), g.const(g.floats(5))], "y")
        g.output("y", [1, 5])
        return g
    q8, u8 = QuantType.QInt8, QuantType.QUInt8
    for name, why, options in [
        ("u8", "u8 activations, i8 weights", dict(activation_type=u8, weight_type=q8)),
        ("i8_per_channel", "i8 activations, per-channel weights",
         dict(activation_type=q8, weight_type=q8, per_channel=True)),
        ("i8_symmetric", "symmetric activations: Relu stays in the graph",
         dict(activation_type=q8, weight_type=q8, extra_options={"ActivationSymmetric": True})),
        ("float_bias", "QuantizeBias=False: biases stay f32",
         dict(activation_type=q8, weight_type=q8, extra_options={"QuantizeBias": False})),
        ("dedicated_pairs", "DedicatedQDQPair: one Q/DQ pair for each reader of a tensor",
         dict(activation_type=q8, weight_type=q8, extra_options={"DedicatedQDQPair": True})),
        ("weight_pairs", "AddQDQPairToWeight: f32 weights behind Q and DQ",
         dict(activation_type=q8, weight_type=q8, extra_options={"AddQDQPairToWeight": True})),
        ("u8_weights", "u8 weights with a zero point of their own",
         dict(activation_type=u8, weight_type=u8)),
    ]:
        g = network(f"wild_{name}")
        samples = g.samples()
        model = ort_quantise(g.model(), samples, **options)
        plain = name in ("u8", "i8_per_channel", "i8_symmetric", "float_bias")
        valid(g, f"residual network, onnxruntime's quantiser: {why}", 6,
              "accept" if plain else "either", model, samples)
    g = network("f32_residual_network")
    valid(g, "the float network behind the wild_ fixtures")


# --- hostile --------------------------------------------------------------------------------

def varint(n):
    out = bytearray()
    while True:
        out.append((n & 127) | (128 if n > 127 else 0))
        n >>= 7
        if not n:
            return bytes(out)


def key(field, wire):
    return varint(field << 3 | wire)


def ld(field, payload):
    """A length-delimited protobuf field."""
    payload = payload.encode() if isinstance(payload, str) else payload
    return key(field, 2) + varint(len(payload)) + payload


def vi(field, n):
    return key(field, 0) + varint(n & (2 ** 64 - 1))


def base(name="base", out=(1, 4)):
    g = Graph(name)
    g.input("x", [1, 3])
    g.const(g.floats(3, 4), "w")
    g.const(g.floats(4), "b")
    g.node("Gemm", ["x", "w", "b"], "h", "the_gemm")
    g.node("Relu", ["h"], "y", "the_relu")
    g.output("y", list(out))
    return g.model()


def qbase(scale=F32(0.05), zero=I8(0), dtype=None, **changed):
    """A small good QDQ model with one thing replaced."""
    g = Graph("qdq_base")
    x = g.input("x", [1, 6])
    g.const(np.asarray(scale), "scale_under_test")
    g.const(np.asarray(zero), "zero_under_test")
    q = g.node("QuantizeLinear", [x, "scale_under_test", "zero_under_test"], name="the_q")
    x = g.node("DequantizeLinear", [q, "scale_under_test", "zero_under_test"], name="the_dq")
    w = g.node("DequantizeLinear",
               [g.const(changed.get("w", g.ints(6, 5)), "w"),
                g.const(np.asarray(changed.get("w_scale", F32(0.01)), F32), "w_scale"),
                g.const(changed.get("w_zero", I8(0)), "w_zero")], name="the_w_dq",
               **changed.get("w_attributes", {}))
    inputs = [x, w]
    if "bias" in changed:
        inputs.append(g.node("DequantizeLinear",
                             [g.const(changed["bias"], "bias"),
                              g.const(F32(0.05 * 0.01), "bias_scale"),
                              g.const(changed.get("bias_zero", I32(0)), "bias_zero")],
                             name="the_bias_dq"))
    h = g.node("Gemm", inputs, name="the_gemm")
    g.qdq(h, changed.get("out_scale", 0.1), 0, I8, "y")
    g.output("y", [1, 5])
    return g.model()


def edit(change, model=None):
    model = model or base()
    change(model.graph)
    return model


def raw_model(graph, opset=17, ir=8):
    return vi(1, ir) + ld(8, ld(1, "") + vi(2, opset)) + ld(7, graph)


def raw_tensor(name, dims, kind=1, data=None):
    body = b"".join(vi(1, d) for d in dims) + vi(2, kind) + ld(8, name)
    return body + (ld(9, data) if data is not None else b"")


def raw_value(name, dims, kind=1):
    shape = b"".join(ld(1, vi(1, d)) for d in dims)
    return ld(1, name) + ld(2, ld(1, vi(1, kind) + ld(2, shape)))


def raw_node(op, inputs, outputs, name, *attributes):
    return (b"".join(ld(1, i) for i in inputs) + b"".join(ld(2, o) for o in outputs)
            + ld(3, name) + ld(4, op) + b"".join(ld(5, a) for a in attributes))


def hostile_bytes():
    good = base().SerializeToString(deterministic=True)
    hostile("empty_file", b"", "no bytes at all")
    for share in (1, 25, 50, 75, 99):
        cut = max(1, len(good) * share // 100)
        hostile(f"truncated_{share}", good[:cut], f"cut after {share} % of its bytes",
               )
    hostile("not_protobuf", b"<!DOCTYPE html><html><body>404</body></html>\n", "a web page")
    hostile("trailing_garbage", good + b"\xff" * 16, "bytes after the model")
    hostile("varint_too_long", key(1, 0) + b"\xff" * 11 + b"\x01" + good,
            "a varint of 12 bytes")
    hostile("wire_type_reserved", bytes([1 << 3 | 7]) + good, "wire type 7 does not exist")
    hostile("group_wire_type", key(100, 3) + good, "an unclosed group",
            expect="either")
    hostile("length_huge", good + key(7, 2) + varint(2 ** 62), "a graph of 2^62 bytes announced")
    hostile("length_2_63", key(7, 2) + varint(2 ** 63 + 5) + good, "a length above i64::MAX")
    hostile("length_u32_wrap", key(7, 2) + varint(2 ** 32 + 4) + good, "a length of 2^32 + 4")
    hostile("field_number_zero", b"\x02\x01a" + good, "field number 0 does not exist")
    hostile("invalid_utf8", raw_model(
        ld(1, raw_node("Relu", ["x"], ["y"], b"\xff\xfe\x80")) + ld(11, raw_value("x", [1, 3]))
        + ld(12, raw_value("y", [1, 3]))), "a node's name is not UTF-8", expect="either")
    hostile("two_graphs", good + ld(7, b""), "the graph field twice: protobuf merges or replaces",
            expect="either")
    hostile("no_graph", vi(1, 8) + ld(8, vi(2, 17)), "a model without a graph")
    hostile("no_opset", vi(1, 8) + ld(7, base().graph.SerializeToString()),
            "no opset_import at all")

    io = ld(11, raw_value("x", [1, 3])) + ld(12, raw_value("y", [1, 3]))
    relu = ld(1, raw_node("Relu", ["x"], ["y"], "the_relu"))
    matmul = ld(1, raw_node("MatMul", ["x", "w"], ["y"], "the_matmul"))
    packed = key(1, 2) + varint(2 ** 40) + b"\x01\x01"
    hostile("packed_dims_huge", raw_model(relu + io + ld(5, packed + vi(2, 1) + ld(8, "w"))),
            "packed dims that announce 2^40 bytes")
    hostile("packed_floats_huge", raw_model(
        relu + io + ld(5, vi(1, 4) + vi(2, 1) + ld(8, "w") + key(4, 2) + varint(2 ** 33))),
        "packed float_data that announces 2^33 bytes")
    hostile("packed_floats_ragged", raw_model(
        matmul + io + ld(5, vi(1, 1) + vi(2, 1) + ld(8, "w") + ld(4, b"\x00\x00\x80"))),
        "float_data of three bytes")
    hostile("many_dims", raw_model(matmul + io + ld(5, vi(1, 1) * 20000 + vi(2, 1) + ld(8, "w")
                                                    + ld(9, b"\0\0\x80\x3f"))),
            "an initializer of rank 20,000", ["w"])
    hostile("many_empty_nodes", raw_model(ld(1, b"") * 30000 + io),
            "30,000 nodes of no byte each")
    hostile("many_empty_initializers", raw_model(relu + io + ld(5, b"") * 30000),
            "30,000 nameless initializers that nothing reads", expect="either")
    hostile("many_inputs_on_node", raw_model(ld(1, raw_node("Relu", ["x"] * 20000, ["y"],
                                                            "the_relu")) + io),
            "a Relu of 20,000 inputs", ["the_relu", "Relu"])
    hostile("many_attributes", raw_model(
        ld(1, raw_node("Relu", ["x"], ["y"], "the_relu", *[ld(1, "a") + vi(3, 1) + vi(20, 2)] * 5000))
        + io), "5,000 attributes of one name", ["the_relu"], expect="either")
    hostile("long_name", raw_model(ld(1, raw_node("N" * 60000, ["x"], ["y"], "m" * 3000)) + io),
            "an operator's name of 60,000 letters: the error must not repeat it whole")
    hostile("control_characters", raw_model(
        ld(1, raw_node("Evil\x1b[2J\r\nOp", ["x"], ["y"], "n\x00\x1b[31m")) + io),
        "terminal escapes in names: the error must not send them to a terminal")

    inner = b""
    for _ in range(900):
        inner = ld(1, raw_node("If", ["c"], ["z"], "the_if", ld(1, "then_branch") + ld(6, inner)
                               + vi(20, 5)))
    hostile("nested_900_deep", raw_model(inner + io), "If inside If, 900 levels",
           )
    chain = b"".join(ld(1, raw_node("Relu", [f"t{i}"], [f"t{i + 1}"], f"r{i}")) for i in range(3000))
    hostile("chain_3000", raw_model(chain + ld(11, raw_value("t0", [1, 3]))
                                    + ld(12, raw_value("t3000", [1, 3]))),
            "3,000 nodes in a row: fine, or refused for its size; never a recursion that deep",
            expect="either")

    def dims(name, shape, why, data=b"", expect="reject", kind=1):
        hostile(name, raw_model(matmul + io + ld(5, raw_tensor("w", shape, kind, data))), why,
                ["w"], expect)
    dims("dims_overflow_u64", [2 ** 62, 4], "2^62 x 4 elements: 0 when 64 bits wrap")
    dims("dims_overflow_bytes", [2 ** 61, 1], "elements fit 64 bits, bytes do not")
    dims("dims_2_32", [2 ** 32, 1], "2^32 x 1: 0 as a u32", b"\0" * 4)
    dims("dims_square", [2 ** 31, 2 ** 31], "2^31 x 2^31, no data")
    dims("dims_negative", [-3, 4], "a negative dimension", b"\0" * 48)
    dims("dims_negative_pair", [-3, -4], "two negative dimensions, product 12", b"\0" * 48)
    dims("dims_zero", [0, 2 ** 62], "no element, but a dimension of 2^62")
    dims("raw_short", [3, 4], "raw_data of 44 bytes for 12 floats", b"\0" * 44)
    dims("raw_long", [3, 4], "raw_data of 52 bytes for 12 floats", b"\0" * 52)
    dims("raw_missing", [3, 4], "no data at all", None)
    dims("raw_ragged", [3, 4], "raw_data of 47 bytes", b"\0" * 47)
    dims("dtype_unknown", [3, 4], "data type 200", b"\0" * 48, kind=200)
    dims("dtype_undefined", [3, 4], "data type 0", b"\0" * 48, kind=0)
    big_in = (ld(11, raw_value("x", [2 ** 40, 2 ** 40])) + ld(12, raw_value("y", [2 ** 40, 2 ** 40])))
    hostile("input_dims_overflow", raw_model(relu + big_in), "an input of 2^80 elements", ["x"])
    big = ld(11, raw_value("x", [1, 2 ** 34])) + ld(12, raw_value("y", [1, 2 ** 34]))
    hostile("input_dims_16g", raw_model(relu + big), "an input of 2^34 elements: legal, too large",
            ["x"])
    neg = ld(11, raw_value("x", [1, -3])) + ld(12, raw_value("y", [1, -3]))
    hostile("input_dims_negative", raw_model(relu + neg), "an input of -3 columns", ["x"])
    zero = ld(11, raw_value("x", [1, 0])) + ld(12, raw_value("y", [1, 0]))
    hostile("input_dims_zero", raw_model(relu + zero), "an input without elements", ["x"],
            expect="either")
    conv_w = raw_tensor("w", [1, 1, 1, 1], 1, b"\0\0\x80\x3f")
    conv_io = ld(11, raw_value("x", [1, 1, 4, 4])) + ld(12, raw_value("y", [1, 1, 4, 4]))

    def conv(name, why, *attributes):
        hostile(name, raw_model(ld(1, raw_node("Conv", ["x", "w"], ["y"], "the_conv", *attributes))
                                + conv_io + ld(5, conv_w)), why, ["the_conv", "Conv"])
    ints = lambda n, v: ld(1, n) + b"".join(vi(8, i) for i in v) + vi(20, 7)
    conv("conv_pads_huge", "pads of 2^62: the padded size overflows", ints("pads", [2 ** 62] * 4))
    conv("conv_pads_2g", "pads of 2^31 - 1", ints("pads", [2 ** 31 - 1] * 4))
    conv("conv_pads_negative", "negative pads", ints("pads", [-1] * 4))
    conv("conv_pads_three", "three pads instead of four", ints("pads", [1] * 3))
    conv("conv_stride_zero", "stride 0: a division by zero", ints("strides", [0, 1]))
    conv("conv_stride_negative", "a negative stride", ints("strides", [-1, 1]))
    conv("conv_dilation_zero", "dilation 0", ints("dilations", [0, 1]))
    conv("conv_dilation_huge", "dilation 2^63 - 1", ints("dilations", [2 ** 63 - 1] * 2))
    conv("conv_kernel_disagrees", "kernel_shape 3x3, weight 1x1", ints("kernel_shape", [3, 3]))
    conv("conv_group_zero", "group 0", ld(1, "group") + vi(3, 0) + vi(20, 2))
    conv("conv_group_three", "group 3 of one channel", ld(1, "group") + vi(3, 3) + vi(20, 2))
    conv("conv_attribute_type", "strides is a string", ld(1, "strides") + ld(4, "2,2") + vi(20, 3))
    conv("conv_attribute_twice", "strides given twice, differently", ints("strides", [1, 1]),
         ints("strides", [2, 2]))
    pool_io = ld(11, raw_value("x", [1, 1, 4, 4])) + ld(12, raw_value("y", [1, 1, 1, 1]))

    def pool(name, why, *attributes, outputs=("y",), expect="reject"):
        hostile(name, raw_model(ld(1, raw_node("MaxPool", ["x"], list(outputs), "the_pool",
                                               *attributes)) + pool_io), why,
                ["the_pool", "MaxPool"], expect)
    pool("maxpool_no_kernel", "kernel_shape is required")
    pool("maxpool_kernel_huge", "kernel 2^40", ints("kernel_shape", [2 ** 40] * 2))
    pool("maxpool_kernel_zero", "kernel 0", ints("kernel_shape", [0, 0]))
    pool("maxpool_all_padding", "pads as large as the kernel: a window of nothing but padding",
         ints("kernel_shape", [2, 2]), ints("pads", [2, 2, 2, 2]))
    pool("maxpool_indices", "the optional second output", ints("kernel_shape", [4, 4]),
         outputs=("y", "where"), expect="either")


def hostile_graphs():
    def cycle(graph):
        graph.node[0].input[0] = "y"
    hostile("cycle", edit(cycle), "the_gemm reads what the_relu writes", ["the_gemm"])

    def self_cycle(graph):
        graph.node[1].input[0] = "y"
    hostile("cycle_self", edit(self_cycle), "the_relu reads its own output", ["the_relu"])

    def dup_node(graph):
        graph.node[1].name = "the_gemm"
    hostile("duplicate_node_name", edit(dup_node), "two nodes of one name; ONNX allows it",
            ["the_gemm"], expect="either")
    hostile("duplicate_initializer", edit(lambda g: g.initializer.append(g.initializer[0])),
            "the initializer w twice", ["w"])

    def dup_value(graph):
        graph.node[0].output[0] = "y"
        graph.node[1].input[0] = "x"
    hostile("duplicate_output", edit(dup_value), "two nodes write y", ["y"])

    def shadow(graph):
        graph.node[0].output[0] = "x"
    hostile("output_shadows_input", edit(shadow), "a node writes the graph's input", ["x"])
    hostile("duplicate_input", edit(lambda g: g.input.append(g.input[0])), "the input x twice", ["x"])
    hostile("duplicate_graph_output", edit(lambda g: g.output.append(g.output[0])),
            "the output y twice", ["y"], expect="either")

    def missing(graph):
        graph.node[0].input[1] = "nowhere"
    hostile("missing_input", edit(missing), "the_gemm reads a name that nothing writes",
            ["the_gemm", "Gemm", "nowhere"])

    def fewer(graph):
        del graph.node[0].input[1:]
    hostile("too_few_inputs", edit(fewer), "a Gemm of one input", ["the_gemm", "Gemm"])

    def empty_name(graph):
        graph.node[0].input[0] = ""
    hostile("empty_required_input", edit(empty_name), "a required input left out as ''",
            ["the_gemm", "Gemm"])

    def no_output_name(graph):
        graph.output[0].name = "never_written"
    hostile("missing_output", edit(no_output_name), "nothing writes the graph's output",
            ["never_written"])

    def unknown(graph):
        graph.node[1].op_type = "Frobnicate"
    hostile("unknown_operator", edit(unknown), "no such operator", ["the_relu", "Frobnicate"])

    def domain(graph):
        graph.node[1].domain = "com.example"
    hostile("unknown_domain", edit(domain), "Relu of another domain is not Relu",
            ["the_relu", "com.example"])

    def known_unsupported(graph):
        graph.node[1].op_type = "Det"
    hostile("unsupported_operator", edit(known_unsupported), "an ONNX operator that is not ours",
            ["the_relu", "Det"])

    def reverse(graph):
        nodes = list(graph.node)[::-1]
        del graph.node[:]
        graph.node.extend(nodes)
    hostile("not_topological", edit(reverse), "nodes in reverse order: against the ONNX text, yet "
            "unambiguous", ["the_relu"], expect="either")
    empty = helper.make_graph([], "empty", [], [])
    hostile("empty_graph", helper.make_model(empty, ir_version=8, opset_imports=[
        helper.make_opsetid("", 17)]), "no node, no input, no output")
    hostile("no_nodes", edit(lambda g: g.ClearField("node")), "no node writes the output", ["y"])

    def passthrough(graph):
        del graph.node[:]
        graph.output[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3]))
    hostile("output_is_input", edit(passthrough), "the input is the output", expect="either")

    def constant_output(graph):
        del graph.node[:]
        graph.output[0].CopyFrom(helper.make_tensor_value_info("b", TensorProto.FLOAT, [4]))
    hostile("output_is_initializer", edit(constant_output), "an initializer is the output",
            expect="either")

    def wrong_shape(graph):
        graph.output[0].type.tensor_type.shape.dim[1].dim_value = 7
    hostile("output_shape_disagrees", edit(wrong_shape), "declared [1,7], computed [1,4]: taken, with a warning",
            ["y", "[1,7]", "[1,4]"], expect="accept")

    def mismatch(graph):
        graph.input[0].type.tensor_type.shape.dim[1].dim_value = 5
    hostile("shape_mismatch", edit(mismatch), "[1,5] x [3,4]", ["the_gemm", "Gemm"])

    def value_info(graph):
        graph.value_info.append(helper.make_tensor_value_info("h", TensorProto.FLOAT, [9, 9]))
    hostile("value_info_lies", edit(value_info), "value_info says h is [9,9]; it is [1,4]", ["h"],
            expect="either")

    def symbolic(graph):
        graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"
        graph.output[0].type.tensor_type.shape.dim[0].dim_param = "N"
    hostile("dynamic_batch", edit(symbolic), "batch N: bind it to 1, or refuse", ["x"],
            expect="either")

    def symbolic_inner(graph):
        graph.input[0].type.tensor_type.shape.dim[1].dim_param = "M"
    hostile("dynamic_inner", edit(symbolic_inner), "a symbolic inner dimension", ["x"],
            expect="either")
    hostile("input_no_shape", edit(lambda g: g.input[0].type.tensor_type.ClearField("shape")),
            "an input of unknown rank", ["x"])
    hostile("input_no_type", edit(lambda g: g.input[0].ClearField("type")),
            "an input without a type", ["x"])

    def sequence(graph):
        graph.input[0].CopyFrom(helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, [1, 3]))
    hostile("input_sequence", edit(sequence), "the input is a sequence of tensors", ["x"])

    for label, kind, dtype in [("float16", TensorProto.FLOAT16, np.float16),
                               ("double", TensorProto.DOUBLE, np.float64)]:
        def typed(graph):
            graph.input[0].type.tensor_type.elem_type = kind
            graph.output[0].type.tensor_type.elem_type = kind
            for t in graph.initializer:
                t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype(dtype), t.name))
        hostile(f"dtype_{label}", edit(typed), f"a {label} model", ["x"], expect="either")

    def strings(graph):
        graph.initializer[0].CopyFrom(helper.make_tensor(
            "w", TensorProto.STRING, [3, 4], [b"text"] * 12))
    hostile("dtype_string", edit(strings), "a weight of strings", ["w"])

    def dtype_mixed(graph):
        t = graph.initializer[0]
        t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype(np.int64), "w"))
    hostile("dtype_mixed", edit(dtype_mixed), "f32 x int64 in one Gemm", ["the_gemm", "Gemm"])

    for label, location in [("parent", "../../etc/passwd"), ("absolute", "/etc/passwd"),
                            ("device", "/dev/zero"), ("plain", "weights.bin"),
                            ("windows", "..\\..\\secret.bin"), ("nul", "w.bin\0.txt")]:
        def external(graph):
            t = graph.initializer[0]
            t.ClearField("raw_data")
            t.data_location = TensorProto.EXTERNAL
            for k, v in (("location", location), ("offset", "0"), ("length", "48")):
                entry = t.external_data.add()
                entry.key, entry.value = k, v
        hostile(f"external_{label}", edit(external), f"external data at {location!r}: never opened",
                ["w"])

    for label, value in [("nan", np.nan), ("inf", np.inf), ("minus_inf", -np.inf)]:
        def poison(graph):
            t = graph.initializer[0]
            a = numpy_helper.to_array(t).copy()
            a[1, 2] = value
            t.CopyFrom(numpy_helper.from_array(a, "w"))
        hostile(f"weight_{label}", edit(poison), f"an f32 weight is {value}", ["w"])
        hostile(f"scale_{label}", qbase(F32(value)), f"a scale of {value}", ["the_q"])
    hostile("scale_zero", qbase(F32(0)), "a scale of 0", ["the_q"])
    hostile("scale_minus_zero", qbase(F32(-0.0)), "a scale of -0", ["the_q"])
    hostile("scale_negative", qbase(F32(-0.05)), "a negative scale", ["the_q"])
    hostile("scale_denormal", qbase(F32(1e-44)), "a denormal scale", ["the_q"], expect="either")
    hostile("scale_max", qbase(F32(3.4e38)), "the largest scale: products overflow to infinity",
            ["the_gemm"], expect="either")
    hostile("scale_ratio_unrepresentable", qbase(out_scale=1e-30),
            "a multiplier of 5e26 fits no 15-bit multiplier and shift",)
    hostile("scale_channel_nan", qbase(w_scale=[.01, .01, np.nan, .01, .01], w_zero=np.zeros(5, I8),
                                       w_attributes={"axis": 1}), "one of five scales is NaN",
            ["the_w_dq"])
    hostile("scale_channel_zero", qbase(w_scale=[.01, 0, .01, .01, .01], w_zero=np.zeros(5, I8),
                                        w_attributes={"axis": 1}), "one of five scales is 0",
            ["the_w_dq"])
    hostile("scale_count", qbase(w_scale=[.01] * 4, w_zero=np.zeros(4, I8),
                                 w_attributes={"axis": 1}), "four scales for five columns",
            ["the_w_dq"])
    hostile("scale_empty", qbase(np.zeros(0, F32)), "a scale tensor of no element", ["the_q"])
    hostile("scale_axis", qbase(w_scale=[.01] * 5, w_zero=np.zeros(5, I8),
                                w_attributes={"axis": 7}), "axis 7 of a matrix", ["the_w_dq"])
    hostile("scale_inner_axis", qbase(w_scale=[.01] * 6, w_zero=np.zeros(6, I8),
                                      w_attributes={"axis": 0}),
            "one scale per row of the summed axis: no integer matmul can carry it",
            ["the_gemm"],)
    hostile("scale_integer", qbase(np.int32(1)), "the scale is an int32", ["the_q"])
    hostile("zero_point_type", qbase(w_zero=U8(0)), "int8 values, uint8 zero point", ["the_w_dq"])
    hostile("zero_point_float", qbase(zero=F32(0)), "the zero point is an f32", ["the_q"])
    hostile("zero_point_count", qbase(w_scale=[.01] * 5, w_zero=np.zeros(4, I8),
                                      w_attributes={"axis": 1}), "five scales, four zero points",
            ["the_w_dq"])
    hostile("bias_zero_point", qbase(bias=np.zeros(5, I32), bias_zero=I32(7)),
            "an int32 bias with zero point 7", ["the_bias_dq"], expect="either")
    hostile("bias_overflow", qbase(bias=np.full(5, 2 ** 31 - 1, I32)),
            "a bias of 2^31 - 1: sums leave the int32 range; the proof must fail",
            ["the_gemm", "Gemm"])
    hostile("bias_min", qbase(bias=np.full(5, -2 ** 31, I32)), "a bias of -2^31: |bias| overflows",
            ["the_gemm", "Gemm"])
    hostile("bias_count", qbase(bias=np.zeros(4, I32)), "four biases, five columns",
            ["the_gemm", "Gemm"])

    def computed_scale(graph):
        graph.input.append(helper.make_tensor_value_info("s", TensorProto.FLOAT, []))
        graph.node[0].input[1] = "s"
    hostile("scale_is_input", edit(computed_scale, qbase()), "the scale is a graph input", ["the_q"])

    def relu_between(graph):
        graph.node[0].op_type = "Relu"
        del graph.node[0].input[1:]
    hostile("dequantize_float", edit(relu_between, qbase()),
            "DequantizeLinear reads an f32 tensor", ["the_dq"])

    def reshape_model(shape):
        g = Graph("reshape")
        g.input("x", [1, 12])
        g.node("Reshape", ["x", g.const(np.array(shape, I64), "shape")], "y", "the_reshape")
        g.output("y", [1, 12])
        return g.model()
    for label, shape in [("two_inferred", [-1, -1]), ("minus_two", [-2, 6]), ("wrong", [5, 3]),
                         ("overflow", [2 ** 32, 2 ** 32]), ("zero_beyond", [1, 12, 0]),
                         ("infer_ragged", [5, -1])]:
        hostile(f"reshape_{label}", reshape_model(shape), f"12 elements to {shape}",
                ["the_reshape", "Reshape"])

    def dynamic_reshape(graph):
        graph.initializer.pop()
        graph.input.append(helper.make_tensor_value_info("shape", TensorProto.INT64, [2]))
    hostile("reshape_by_input", edit(dynamic_reshape, reshape_model([3, 4])),
            "the shape is a graph input", ["the_reshape", "Reshape"])

    def op_model(op, why, mentions, name, inputs=("x",), shape=(1, 6), expect="reject", **attributes):
        g = Graph(name)
        g.input("x", list(shape))
        names = ["x"] + [i if isinstance(i, str) else g.const(i) for i in inputs[1:]]
        g.node(op, names, "y", f"the_{op.lower()}", **attributes)
        g.output("y", list(shape))
        hostile(name, g.model(), why, mentions, expect)
    op_model("Clip", "min above max", ["the_clip", "Clip"], "clip_inverted",
             ("x", F32(2), F32(-2)), expect="either")
    op_model("Clip", "a NaN bound", ["the_clip", "Clip"], "clip_nan", ("x", F32(np.nan), F32(1)))
    op_model("Clip", "a bound of two elements", ["the_clip", "Clip"], "clip_vector",
             ("x", np.zeros(2, F32), F32(1)))
    op_model("ArgMax", "axis 9 of a matrix", ["the_argmax", "ArgMax"], "argmax_axis", axis=9)
    op_model("ArgMax", "axis -2^63", ["the_argmax", "ArgMax"], "argmax_axis_min", axis=-2 ** 63)
    op_model("Flatten", "axis 9 of a matrix", ["the_flatten", "Flatten"], "flatten_axis", axis=9)
    op_model("Relu", "an attribute Relu does not have", ["the_relu", "Relu"], "unknown_attribute",
             colour=3, expect="either")
    op_model("Add", "[1,6] + [5] does not broadcast", ["the_add", "Add"], "add_broadcast",
             ("x", np.zeros(5, F32)))
    op_model("MatMul", "a scalar operand", ["the_matmul", "MatMul"], "matmul_scalar", ("x", F32(2)))
    op_model("Gemm", "alpha is NaN", ["the_gemm", "Gemm"], "gemm_alpha_nan",
             ("x", np.eye(6, dtype=F32)), alpha=float("nan"))
    op_model("Gemm", "alpha 1e38: the result overflows f32", ["the_gemm", "Gemm"], "gemm_alpha_huge",
             ("x", np.eye(6, dtype=F32) * F32(1e30)), alpha=1e38)

    branch = helper.make_graph([helper.make_node("Relu", ["x"], ["z"], "inner")], "branch", [],
                               [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 3])])
    cond = numpy_helper.from_array(np.array(True), "cond")
    io = ([helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
          [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])])
    opset = [helper.make_opsetid("", 17)]
    hostile("subgraph_if", helper.make_model(helper.make_graph(
        [helper.make_node("If", ["cond"], ["y"], "the_if", then_branch=branch, else_branch=branch)],
        "if", *io, [cond]), opset_imports=opset, ir_version=8), "an If with two branches of which a constant takes one",
        ["the_if", "If"], expect="either")
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"], "keep"),
         helper.make_node("Relu", ["v"], ["v2"], "inner")], "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []),
         helper.make_tensor_value_info("c", TensorProto.BOOL, []),
         helper.make_tensor_value_info("v", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("c2", TensorProto.BOOL, []),
         helper.make_tensor_value_info("v2", TensorProto.FLOAT, [1, 3])])
    trip = numpy_helper.from_array(np.array(2 ** 62, I64), "trip")
    hostile("subgraph_loop", helper.make_model(helper.make_graph(
        [helper.make_node("Loop", ["trip", "cond", "x"], ["y"], "the_loop", body=body)],
        "loop", *io, [cond, trip]), opset_imports=opset, ir_version=8),
        "a Loop of 2^62 rounds", ["the_loop", "Loop"])

    model = base()
    model.functions.append(helper.make_function(
        "com.example", "Mine", ["a"], ["b"], [helper.make_node("Mine", ["a"], ["b"],
                                                               domain="com.example")],
        opset + [helper.make_opsetid("com.example", 1)]))
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    model.graph.node[1].op_type, model.graph.node[1].domain = "Mine", "com.example"
    hostile("function_recursive", model, "a model-local function that calls itself",
            ["the_relu", "Mine"])
    for label, version in [("0", 0), ("99999", 99999), ("negative", -1)]:
        model = base()
        model.opset_import[0].version = version
        hostile(f"opset_{label}", model, f"opset {version}", ["opset"])
    model = base()
    model.opset_import.append(helper.make_opsetid("", 13))
    hostile("opset_twice", model, "the default domain twice, versions 17 and 13", ["opset"])

    def sparse(graph):
        t = graph.initializer[0]
        graph.sparse_initializer.append(helper.make_sparse_tensor(
            numpy_helper.from_array(np.ones(2, F32), "w"),
            numpy_helper.from_array(np.array([1, 2 ** 40], I64)), [3, 4]))
        graph.initializer.remove(t)
    hostile("sparse_initializer", edit(sparse), "a sparse weight with an index far outside",
            ["w"])

    def wide(graph):
        graph.initializer[0].CopyFrom(numpy_helper.from_array(np.full((3, 4), 3e38, F32), "w"))
    hostile("weight_range_overflows", edit(wide), "f32 sums overflow to infinity in calibration",
            ["the_gemm", "Gemm"], expect="either")


# --- calibration files ------------------------------------------------------------------------

def archives():
    """For the reader of several arrays, which is tested on damaged ones."""
    arrays = {"x": np.arange(12, dtype="<f4").reshape(2, 6), "tokens": np.arange(5)}
    (OUT / "npz").mkdir(exist_ok=True)
    np.savez(OUT / "npz" / "stored.npz", **arrays)
    np.savez_compressed(OUT / "npz" / "deflated.npz", **arrays)


def hostile_npy():
    """For the reader of calibration data; a good one is valid/f32_gemm.in.npy."""
    def npy(name, header, data, why, version=b"\x01\x00", length=None, expect="reject"):
        text = header.encode()
        size = 2 if version[0] == 1 else 4
        pad = -(6 + 2 + size + len(text) + 1) % 64
        text += b" " * pad + b"\n"
        n = len(text) if length is None else length
        put(OUT / "npy" / f"{name}.npy", b"\x93NUMPY" + version
            + struct.pack("<H" if size == 2 else "<I", n) + text + data)
        INDEX[f"npy/{name}.npy"] = {"valid": expect == "accept", "expect": expect, "why": why,
                                    "error_mentions": []}
    ok = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 6), }"
    good = np.arange(12, dtype="<f4").tobytes()
    npy("good", ok, good, "12 floats for an input of six", expect="accept")
    npy("good_version_2", ok, good, "format version 2.0", b"\x02\x00", expect="accept")
    npy("good_keys_reordered", "{'shape': (2, 6), 'fortran_order': False, 'descr': '<f4'}", good,
        "keys in another order, no trailing comma", expect="accept")
    npy("truncated_data", ok, good[:-4], "one float short")
    npy("trailing_data", ok, good + b"\0" * 4, "one float too many")
    npy("fortran", ok.replace("False", "True"), good, "column order")
    npy("float64", ok.replace("<f4", "<f8"), good * 2, "f64")
    npy("big_endian", ok.replace("<f4", ">f4"), good, "big endian")
    npy("object", ok.replace("<f4", "|O"), b"cos\nsystem\n(S'true'\ntR.", "a pickle: never run")
    npy("shape_overflow", ok.replace("(2, 6)", "(4611686018427387904, 4)"), good,
        "2^62 x 4 elements")
    npy("shape_huge", ok.replace("(2, 6)", "(1000000000000, 6)"), good, "6e12 elements announced")
    npy("shape_negative", ok.replace("(2, 6)", "(-2, -6)"), good, "negative dimensions")
    npy("shape_scalar", ok.replace("(2, 6)", "()"), good[:4], "rank 0")
    npy("no_samples", ok.replace("(2, 6)", "(0, 6)"), b"", "no sample at all")
    npy("not_a_number", ok, np.array([1, np.nan] * 6, "<f4").tobytes(), "NaN in the data")
    npy("infinite", ok, np.array([1, np.inf] * 6, "<f4").tobytes(), "infinity in the data")
    npy("header_too_long", ok, good, "a header of 4 GB announced", b"\x02\x00", 2 ** 32 - 1)
    npy("header_nested", "{'shape': " + "(" * 3000 + ")" * 3000 + "}", good, "3,000 parentheses")
    npy("header_missing_key", "{'descr': '<f4', 'shape': (2, 6), }", good, "no fortran_order")
    npy("version_9", ok, good, "format version 9", b"\x09\x00")
    put(OUT / "npy" / "magic.npy", b"\x93NUMPZ\x01\x00" + good)
    INDEX["npy/magic.npy"] = {"valid": False, "expect": "reject", "why": "another magic number",
                              "error_mentions": []}


def dump_index():
    lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(INDEX.items())]
    (OUT / "index.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    logging.getLogger().setLevel(logging.ERROR)
    ort.set_default_logger_severity(3)
    OUT.mkdir(exist_ok=True)
    for old in sorted(OUT.rglob("*")):
        # Those of the other scripts stay.
        own = old.relative_to(OUT).parts[0] not in ("float-groups", "ml")
        if own and old.suffix in (".onnx", ".npy", ".npz", ".json"):
            old.unlink()
    float_fixtures()
    quantised_fixtures()
    wild_fixtures()
    hostile_bytes()
    hostile_graphs()
    hostile_npy()
    archives()
    dump_index()
    size = sum(p.stat().st_size for p in OUT.rglob("*") if p.is_file())
    counts = {e: sum(v["expect"] == e for v in INDEX.values()) for e in ("accept", "either", "reject")}
    print(f"{len(INDEX)} fixtures, {counts}, {size} bytes")


if __name__ == "__main__":
    main()
