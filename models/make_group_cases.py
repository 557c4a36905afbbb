#!/usr/bin/env python3
"""Writes fixtures/float-groups/: small ONNX files, inputs, and what onnxruntime makes of them.

The importer's typed graph, run in floats, has to give the same. GROUP.json lists a group's
cases: inputs, outputs (one list each, in the file's order), a tolerance, and the file's bytes
in hexadecimal, which keeps a hundred tiny files in a few. Where onnxruntime
itself rounds on the way (dynamic quantisation), the expected values are those of the formula
without that rounding, computed here in numpy.

Every case draws from a generator seeded by its own name.
"""

import json
import logging
import pathlib
import tempfile
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic,
                                      quantize_static)

import oracle

OUT = pathlib.Path(__file__).resolve().parent / "fixtures" / "float-groups"
GROUPS = {}
F32, U8, I8, U16, I16, I32, I64 = (np.float32, np.uint8, np.int8, np.uint16, np.int16, np.int32, np.int64)


class Case:
    """One file in the making: `case.node(...)` adds a node and gives the name of its result."""

    def __init__(self, group, name, opset=17, tolerance=1e-5):
        self.group, self.name, self.opset, self.tolerance = group, name, opset, tolerance
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))
        self.nodes, self.consts, self.inputs, self.feeds, self.domains = [], [], [], {}, set()

    def floats(self, *shape, spread=1.0):
        """Multiples of 1/64, which text holds exactly."""
        return (np.round(self.rng.standard_normal(shape) * spread * 64) / 64).astype(F32)

    def ints(self, *shape, dtype=I8, low=None, high=None):
        info = np.iinfo(dtype)
        low, high = info.min if low is None else low, info.max if high is None else high
        return self.rng.integers(low, high, size=shape, endpoint=True).astype(dtype)

    def input(self, array, name=None):
        name = name or f"x{len(self.inputs)}"
        self.inputs.append(helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
        self.feeds[name] = array
        return name

    def const(self, array, dtype=None, elem=None):
        name = f"c{len(self.consts)}"
        array = np.asarray(array, dtype)
        if elem is None:
            self.consts.append(numpy_helper.from_array(array, name))
        else:
            self.consts.append(helper.make_tensor(name, elem, array.shape, array.flatten().tolist()))
        return name

    def node(self, op, inputs, outputs=1, domain="", **attributes):
        base = f"{op.lower()}{len(self.nodes)}"
        names = [base] if outputs == 1 else [f"{base}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, base, domain=domain, **attributes))
        self.domains.add(domain)
        return names[0] if outputs == 1 else names

    def grid(self, scale, zero, dtype):
        """Names of a scale and a zero point."""
        return [self.const(scale, F32), self.const(zero, dtype)]

    def q(self, x, scale, zero, dtype=U8, **attributes):
        return self.node("QuantizeLinear", [x, *self.grid(scale, zero, dtype)], **attributes)

    def dq(self, x, scale, zero, dtype=U8, **attributes):
        return self.node("DequantizeLinear", [x, *self.grid(scale, zero, dtype)], **attributes)

    def model(self, *outputs):
        graph = helper.make_graph(
            self.nodes, self.name, self.inputs,
            [helper.make_empty_tensor_value_info(o) for o in outputs], self.consts)
        opsets = [helper.make_opsetid("", self.opset)]
        if "com.microsoft" in self.domains:
            opsets.append(helper.make_opsetid("com.microsoft", 1))
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        model = onnx.shape_inference.infer_shapes(model)
        for info in model.graph.output:
            if not info.type.tensor_type.elem_type:
                info.type.CopyFrom(helper.make_tensor_type_proto(TensorProto.FLOAT, None))
        return model

    def result(self, *outputs):
        return oracle.session(self.model(*outputs).SerializeToString()).run(list(outputs), self.feeds)

    def done(self, *outputs, expected=None, samples=None):
        if expected is None:
            expected = self.result(*outputs)
        else:
            # The formula is meant to be that of the file.
            for own, real in zip(self.result(*outputs), expected, strict=True):
                assert np.abs(own - real).max() < 0.05 * np.abs(real).max(), self.name
        self.write(self.model(*outputs), list(self.feeds.values()), expected, samples)

    def write(self, model, inputs, expected, samples=None):
        """`samples` are what grids are chosen from, where that is not the inputs."""
        del model.graph.value_info[:]
        numbers = lambda a: [float(f"{v:.7g}") for v in np.asarray(a, np.float64).flatten()]
        GROUPS.setdefault(self.group, {})[self.name] = {
            "inputs": [numbers(a) for a in inputs],
            "outputs": [numbers(a) for a in expected],
            "tolerance": self.tolerance,
            "model": model.SerializeToString().hex(),
        }
        if samples is not None:
            GROUPS[self.group][self.name]["samples"] = [numbers(a) for a in samples]


# --- products -------------------------------------------------------------------------

def products():
    def mat_mul(name, x, w, x_const=False, w_const=True):
        c = Case("products", name)
        x, w = c.floats(*x), c.floats(*w)
        operands = [c.const(x) if x_const else c.input(x), c.const(w) if w_const else c.input(w)]
        if x_const and w_const:
            operands[1] = c.node("Add", [c.input(c.floats(1)), c.node("MatMul", operands)])
            c.done(operands[1])
            return
        c.done(c.node("MatMul", operands))

    mat_mul("matmul_unit_batch_weight", [2, 3, 4], [1, 4, 5])
    mat_mul("matmul_weight_of_higher_rank", [3, 4], [1, 1, 4, 5])
    mat_mul("matmul_batches_of_weights", [3, 4], [2, 4, 5])
    mat_mul("matmul_weights_broadcast", [2, 1, 3, 4], [3, 4, 2])
    mat_mul("matmul_list_by_matrix", [4], [4, 5])
    mat_mul("matmul_matrix_by_list", [2, 3, 4], [4])
    mat_mul("matmul_list_by_list", [4], [4])
    mat_mul("matmul_list_by_batch", [4], [2, 4, 3])
    mat_mul("matmul_constant_first", [3, 4], [4, 5], x_const=True, w_const=False)
    mat_mul("matmul_constant_first_batch", [3, 4], [2, 4, 5], x_const=True, w_const=False)
    mat_mul("matmul_constant_batch_first", [2, 3, 4], [4, 5], x_const=True, w_const=False)
    mat_mul("matmul_constants", [3, 4], [4, 2], x_const=True)
    mat_mul("matmul_computed_broadcast", [2, 3, 4, 5], [3, 5, 2], w_const=False)
    mat_mul("matmul_computed_both_ways", [2, 1, 2, 3], [1, 3, 3, 2], w_const=False)
    mat_mul("matmul_computed_2d_second", [2, 2, 3], [3, 4], w_const=False)

    def gemm(name, a, b, bias=None, a_const=False, b_const=False, c_const=True, **attributes):
        c = Case("products", name)
        a, b = c.floats(*a), c.floats(*b)
        operands = [c.const(a) if a_const else c.input(a), c.const(b) if b_const else c.input(b)]
        if bias is not None:
            bias = c.floats(*bias)
            operands.append(c.const(bias) if c_const else c.input(bias))
        c.done(c.node("Gemm", operands, **attributes))

    gemm("gemm_computed_transposed", [3, 2], [4, 3], transA=1, transB=1, alpha=0.5)
    gemm("gemm_transposed_by_constant", [3, 2], [4, 3], [4], b_const=True, transA=1, transB=1, beta=2.0)
    gemm("gemm_full_bias", [2, 3], [3, 4], [2, 1], b_const=True, alpha=-1.5, beta=0.5)
    gemm("gemm_computed_bias", [2, 3], [3, 4], [2, 4], b_const=True, c_const=False, beta=0.25)
    gemm("gemm_computed_bias_broadcast", [2, 3], [3, 4], [4], c_const=False)
    gemm("gemm_constant_first", [2, 3], [4, 3], [4], a_const=True, transB=1, alpha=2.0)

    def einsum(equation, *shapes, const=None):
        letters = "".join(l if l.isalnum() else "_" for l in equation.replace("->", "_to_").replace("...", "dots"))
        c = Case("products", f"einsum_{letters}")
        arrays = [c.floats(*s) for s in shapes]
        names = [c.const(a) if i == const else c.input(a) for i, a in enumerate(arrays)]
        c.done(c.node("Einsum", names, equation=equation))

    einsum("bij,bjk->bik", [2, 3, 4], [2, 4, 5])
    einsum("bhqd,bhkd->bhqk", [2, 2, 3, 4], [2, 2, 5, 4])
    einsum("bqhd,bkhd->bhqk", [2, 3, 2, 4], [2, 5, 2, 4])
    einsum("abc,cd->abd", [2, 3, 4], [4, 5], const=1)
    einsum("bthd,hdk->btk", [2, 3, 2, 4], [2, 4, 5], const=1)
    einsum("i,j->ij", [3], [4])
    einsum("bi,bi->b", [2, 3], [2, 3])
    einsum("bi,bi->bi", [2, 3], [2, 3])
    einsum("...ij,...jk->...ik", [2, 2, 3], [2, 3, 2])
    einsum("ij,jk", [2, 3], [3, 4])
    einsum("abc->ca", [2, 3, 4])
    einsum("ijk,l->jl", [2, 3, 4], [2])


# --- dynamic quantisation -------------------------------------------------------------

def dynamic():
    """Expected values are those of the real product: what the scales of the input do not round."""
    def start(name, shape):
        c = Case("dynamic", name, tolerance=2e-5)
        x = c.floats(*shape)
        return c, x, c.node("DynamicQuantizeLinear", [c.input(x)], 3)

    def weights(c, *shape, scales=None, axis=1):
        """Integers, their scale and zero point, and the real numbers that they stand for."""
        w = c.ints(*shape)
        scale = np.array(0.0625 if scales is None else scales, F32)
        zero = np.zeros(scale.shape, I8) if scales is not None else np.array(3, I8)
        lined = [1] * len(shape)
        lined[axis] = -1
        line = (lambda a: a.reshape(lined)) if scale.ndim else (lambda a: a)
        return w, scale, zero, (w.astype(F32) - line(zero).astype(F32)) * line(scale)

    c, x, (q, s, z) = start("dynamic_matmul", [3, 4])
    w, scale, zero, real = weights(c, 4, 5)
    product = c.node("MatMulInteger", [q, c.const(w), z, c.const(zero)])
    both = c.node("Mul", [s, c.const(scale)])
    c.done(c.node("Mul", [c.node("Cast", [product], to=1), both]), expected=[x @ real])

    c, x, (q, s, z) = start("dynamic_matmul_columns", [2, 3, 4])
    w, scale, zero, real = weights(c, 4, 3, scales=[0.25, 0.5, 0.125])
    product = c.node("MatMulInteger", [q, c.const(w), z, c.const(zero)])
    both = c.node("Mul", [s, c.const(scale)])
    bias = c.floats(3)
    y = c.node("Mul", [c.node("Cast", [product], to=1), both])
    c.done(c.node("Add", [y, c.const(bias)]), expected=[x @ real + bias])

    c, x, (q, s, z) = start("dynamic_scales_one_by_one", [3, 4])
    w, scale, zero, real = weights(c, 4, 5)
    product = c.node("MatMulInteger", [q, c.const(w), z, c.const(zero)])
    y = c.node("Mul", [c.const(scale), c.node("Cast", [product], to=1)])
    c.done(c.node("Mul", [s, y]), expected=[x @ real])

    c, x, (q, s, z) = start("dynamic_read_twice", [3, 4])
    w, scale, zero, real = weights(c, 4, 5)
    cast = c.node("Cast", [c.node("MatMulInteger", [q, c.const(w), z, c.const(zero)])], to=1)
    a = c.node("Mul", [cast, c.node("Mul", [s, c.const(scale)])])
    b = c.node("Mul", [cast, c.node("Mul", [s, c.const(scale * 2)])])
    c.done(a, b, expected=[x @ real, 2 * (x @ real)])

    c, x, (q, s, z) = start("dynamic_both_computed", [3, 4])
    other = c.floats(4, 2)
    q1, s1, z1 = c.node("DynamicQuantizeLinear", [c.input(other)], 3)
    product = c.node("MatMulInteger", [q, q1, z, z1])
    y = c.node("Mul", [c.node("Cast", [product], to=1), c.node("Mul", [s, s1])])
    c.done(y, expected=[x @ other])

    for name, scales in [("dynamic_conv", None), ("dynamic_conv_channels", [0.25, 0.5, 0.125, 0.375])]:
        c, x, (q, s, z) = start(name, [1, 2, 4, 4])
        w, scale, zero, real = weights(c, 4, 1, 3, 3, scales=scales, axis=0)
        attributes = {"group": 2, "pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}
        # onnxruntime takes one zero point, whatever the scales.
        product = c.node("ConvInteger", [q, c.const(w), z, c.const(zero.flatten()[0])], **attributes)
        both = c.node("Mul", [s, c.const(scale.reshape(1, -1, 1, 1) if scales else scale)])
        float_file = Case("", name + "_float")
        y = float_file.node("Conv", [float_file.input(x), float_file.const(real)], **attributes)
        c.done(c.node("Mul", [c.node("Cast", [product], to=1), both]), expected=float_file.result(y))

    c, x, (q, s, z) = start("dynamic_conv_1d", [1, 2, 6])
    w, scale, zero, real = weights(c, 3, 2, 3, scales=[0.25, 0.5, 0.125], axis=0)
    product = c.node("ConvInteger", [q, c.const(w), z])
    both = c.node("Mul", [s, c.const(scale.reshape(1, -1, 1))])
    float_file = Case("", "conv_float")
    y = float_file.node("Conv", [float_file.input(x), float_file.const(real)])
    c.done(c.node("Mul", [c.node("Cast", [product], to=1), both]), expected=float_file.result(y))

    c, x, (q, s, z) = start("dynamic_matmul_to_float", [3, 4])
    w, scale, zero, real = weights(c, 4, 5)
    bias = c.floats(5)
    y = c.node("MatMulIntegerToFloat", [q, c.const(w), s, c.const(scale), z, c.const(zero), c.const(bias)],
               domain="com.microsoft")
    c.done(y, expected=[x @ real + bias])

    c = Case("dynamic", "dynamic_quantize_matmul", tolerance=2e-5)
    x = c.floats(3, 4)
    w, scale, zero, real = weights(c, 4, 3, scales=[0.25, 0.5, 0.125])
    bias = c.floats(3)
    y = c.node("DynamicQuantizeMatMul", [c.input(x), c.const(w), c.const(scale), c.const(zero), c.const(bias)],
               domain="com.microsoft")
    c.done(y, expected=[x @ real + bias])

    # Integers without any dynamic scale.
    c = Case("dynamic", "matmul_integer", tolerance=1e-3)
    x = c.q(c.input(c.floats(3, 4)), 0.03125, 120)
    w, scale, zero, _ = weights(c, 4, 5)
    product = c.node("MatMulInteger", [x, c.const(w), c.const(120, U8), c.const(zero)])
    c.done(c.node("Cast", [product], to=1))
    c = Case("dynamic", "conv_integer", tolerance=1e-3)
    x = c.q(c.input(c.floats(1, 1, 3, 3)), 0.03125, 120)
    w = c.ints(2, 1, 2, 2)
    product = c.node("ConvInteger", [x, c.const(w), c.const(120, U8)], pads=[1, 0, 0, 1])
    c.done(c.node("Cast", [product], to=1))


# --- quantised files ------------------------------------------------------------------

def quantised():
    ms = {"domain": "com.microsoft"}

    def quantised_input(c, *shape, scale=0.03125, zero=120, dtype=U8):
        """Integers of a computed tensor, with the names of their scale and zero point."""
        grid = c.grid(scale, zero, dtype)
        return [c.node("QuantizeLinear", [c.input(c.floats(*shape)), *grid]), *grid]

    def ended(c, y, scale, zero, dtype=U8, steps=1.01, **attributes):
        """One step of the result's grid is what two roundings of a tie may differ by."""
        c.tolerance = scale * steps
        c.done(c.dq(y, scale, zero, dtype, **attributes))

    for name, wide in [("qlinear_conv", False), ("qlinear_conv_channels", True)]:
        c = Case("quantised", name)
        x = quantised_input(c, 1, 2, 4, 4)
        scales = [0.01, 0.02, 0.015, 0.0125] if wide else 0.01
        w = [c.const(c.ints(4, 1, 3, 3)), c.const(scales, F32), c.const([0] * 4 if wide else 0, I8)]
        y = c.node("QLinearConv", [*x, *w, *c.grid(0.1, 100, U8), c.const(c.ints(4, dtype=I32, low=-9000, high=9000))],
                   group=2, pads=[1, 1, 1, 1], strides=[2, 1])
        ended(c, y, 0.1, 100)
    c = Case("quantised", "qlinear_matmul")
    x = quantised_input(c, 2, 3, 4)
    w = [c.const(c.ints(4, 3)), c.const([0.01, 0.02, 0.03], F32), c.const([0, 1, -5], I8)]
    ended(c, c.node("QLinearMatMul", [*x, *w, *c.grid(0.1, 100, U8)]), 0.1, 100)
    c = Case("quantised", "qlinear_matmul_computed")
    x, w = quantised_input(c, 2, 3, 4), quantised_input(c, 2, 4, 3, scale=0.02, zero=-7, dtype=I8)
    ended(c, c.node("QLinearMatMul", [*x, *w, *c.grid(0.1, 100, U8)]), 0.1, 100)

    c = Case("quantised", "qgemm")
    x = quantised_input(c, 3, 4)
    w = [c.const(c.ints(5, 4)), c.const(0.01, F32), c.const(3, I8)]
    bias = c.const(c.ints(5, dtype=I32, low=-4000, high=4000))
    y = c.node("QGemm", [*x, *w, bias, *c.grid(0.1, 100, U8)], transB=1, alpha=0.5, **ms)
    ended(c, y, 0.1, 100)
    c = Case("quantised", "qgemm_columns_to_float", tolerance=1e-4)
    x = quantised_input(c, 3, 4)
    w = [c.const(c.ints(4, 3)), c.const([0.01, 0.02, 0.04], F32), c.const([0, 0, 0], I8)]
    c.done(c.node("QGemm", [*x, *w, c.const(c.ints(3, dtype=I32, low=-4000, high=4000))], **ms))

    for op in ["QLinearAdd", "QLinearMul"]:
        c = Case("quantised", op.lower())
        x, w = quantised_input(c, 2, 3), quantised_input(c, 3, scale=0.02, zero=107)
        ended(c, c.node(op, [*x, *w, *c.grid(0.05, 90, U8)], **ms), 0.05, 90)
    c = Case("quantised", "qlinear_add_constant")
    w = [c.const(c.ints(3, dtype=U8)), *c.grid(0.02, 128, U8)]
    ended(c, c.node("QLinearAdd", [*quantised_input(c, 2, 3), *w, *c.grid(0.05, 90, U8)], **ms), 0.05, 90)
    for op, attributes in [("QLinearSigmoid", {}), ("QLinearLeakyRelu", {"alpha": 0.25})]:
        c = Case("quantised", op.lower())
        ended(c, c.node(op, [*quantised_input(c, 2, 5), *c.grid(0.02, 60, U8)], **attributes, **ms), 0.02, 60)
    c = Case("quantised", "qlinear_average_pool")
    y = c.node("QLinearAveragePool", [*quantised_input(c, 1, 2, 4, 4), *c.grid(0.02, 100, U8)],
               kernel_shape=[2, 2], strides=[2, 2], **ms)
    ended(c, y, 0.02, 100)
    c = Case("quantised", "qlinear_global_average_pool")
    y = c.node("QLinearGlobalAveragePool", [*quantised_input(c, 1, 2, 4, 4), *c.grid(0.02, 100, U8)],
               channels_last=0, **ms)
    ended(c, y, 0.02, 100)
    c = Case("quantised", "qlinear_softmax")
    y = c.node("QLinearSoftmax", [*quantised_input(c, 2, 5), *c.grid(1 / 256, 0, U8)], axis=-1, opset=13, **ms)
    ended(c, y, 1 / 256, 0)
    c = Case("quantised", "qlinear_concat")
    x, w = quantised_input(c, 2, 3), quantised_input(c, 2, 2, scale=0.02, zero=100)
    if False: ended(c, c.node("QLinearConcat", [*c.grid(0.05, 90, U8), *x, *w], axis=1, **ms), 0.05, 90)
    c = Case("quantised", "qlinear_where")
    x, w = quantised_input(c, 2, 3), quantised_input(c, 2, 3, scale=0.02, zero=100)
    condition = c.node("Greater", [c.input(c.floats(2, 3)), c.const(0, F32)])
    ended(c, c.node("QLinearWhere", [condition, *x, *w, *c.grid(0.05, 90, U8)], **ms), 0.05, 90)

    # 16 bits: ONNX's own from opset 21 on, ONNX Runtime's before.
    for name, dtype, zero, opset, domain in [("qdq_u16", U16, 40000, 21, ""), ("qdq_i16", I16, -500, 21, ""),
                                             ("qdq_u16_microsoft", U16, 40000, 17, "com.microsoft")]:
        c = Case("quantised", name, opset=opset, tolerance=1e-3)
        x = c.q(c.input(c.floats(2, 3)), 0.001, zero, dtype, domain=domain)
        x = c.dq(c.node("Reshape", [x, c.const([3, 2], I64)]) if domain == "" else x, 0.001, zero, dtype, domain=domain)
        c.done(c.dq(c.q(c.node("Relu", [x]), 0.002, 3, dtype, domain=domain), 0.002, 3, dtype, domain=domain))
    c = Case("quantised", "output_dtype_u16", opset=21, tolerance=1e-3)
    q = c.node("QuantizeLinear", [c.input(c.floats(2, 3)), c.const(0.001, F32)], output_dtype=TensorProto.UINT16)
    c.done(c.dq(q, 0.001, 0, U16))
    c = Case("quantised", "constant_u16", opset=21)
    w = c.dq(c.const(c.ints(3, 2, dtype=U16)), 0.0001, 30000, U16)
    c.done(c.node("MatMul", [c.input(c.floats(2, 3)), w]))
    c = Case("quantised", "constant_quantised_here", opset=21)
    w = c.dq(c.q(c.const(c.floats(3, 2)), 0.03125, 4, I16), 0.03125, 4, I16)
    c.done(c.node("MatMul", [c.input(c.floats(2, 3)), w]))
    c = Case("quantised", "two_grids", tolerance=1e-5)
    x = c.node("Relu", [c.input(c.floats(2, 3))])
    c.done(c.node("Add", [c.dq(c.q(x, 0.25, 0), 0.25, 0), c.dq(c.q(x, 0.03125, 9), 0.03125, 9)]))

    # Weights alone.
    for name, axis, elem, low, high in [("blocks_int8", 0, None, -128, 127), ("blocks_int4", 1, TensorProto.INT4, -8, 7),
                                        ("blocks_uint4", 0, TensorProto.UINT4, 0, 15)]:
        c = Case("quantised", name, opset=21)
        shape = [6, 5]
        parts = list(shape)
        parts[axis] = -(-shape[axis] // 4)
        unsigned = elem == TensorProto.UINT4
        w = c.const(c.ints(*shape, dtype=I8, low=low, high=high), elem=elem)
        scales = c.const(np.abs(c.floats(*parts)) + 0.125)
        zeros = c.const(c.ints(*parts, dtype=I8, low=0 if unsigned else -3, high=3), elem=elem)
        w = c.node("DequantizeLinear", [w, scales, zeros], axis=axis, block_size=4)
        c.done(c.node("MatMul", [c.input(c.floats(2, 6)), w]))
    c = Case("quantised", "columns_int4", opset=21)
    w = c.node("DequantizeLinear", [c.const(c.ints(3, 5, low=-8, high=7), elem=TensorProto.INT4),
                                    c.const([0.5, 0.25, 1, 2, 0.125], F32)], axis=1)
    c.done(c.node("MatMul", [c.input(c.floats(2, 3)), w]))
    for bits, given in [(4, False), (4, True), (8, True), (4, "real")]:
        c = Case("quantised", f"matmul_{bits}_bits_{given}".lower(), tolerance=1e-4)
        k, n, block = 40, 3, 16
        blocks = -(-k // block)
        w = c.const(c.ints(n, blocks, block * bits // 8, dtype=U8))
        operands = [c.input(c.floats(2, k)), w, c.const(np.abs(c.floats(n * blocks, spread=0.1)) + 0.0625)]
        if given == "real":
            operands.append(c.const(c.floats(n * blocks) + 8))
        elif given:
            operands.append(c.const(c.ints(n * -(-blocks * bits // 8), dtype=U8)))
        c.done(c.node("MatMulNBits", operands, K=k, N=n, bits=bits, block_size=block, **ms))


# --- recurrent nets -------------------------------------------------------------------

def recurrent():
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}

    def net(op, name, length=4, batch=2, width=3, hidden=2, directions=1, bias=True, h=None, c=None, outputs=None,
            lengths=None, **attributes):
        """h and c: "computed", or "constant"; outputs: which results are asked for."""
        case = Case("recurrent", f"{op.lower()}_{name}", tolerance=1e-5)
        n = gates[op] * hidden
        operands = [case.input(case.floats(length, batch, width)),
                    case.const(case.floats(directions, n, width)), case.const(case.floats(directions, n, hidden))]
        operands.append(case.const(case.floats(directions, 2 * n, spread=0.5)) if bias else "")
        operands.append(case.const([lengths] * batch, I32) if lengths else "")
        for state in (h, c) if op == "LSTM" else (h,):
            start = case.floats(directions, batch, hidden)
            operands.append({"computed": case.input, "constant": case.const}[state](start) if state else "")
        while not operands[-1]:
            operands.pop()
        names = ["Y", "Y_h", "Y_c"][:3 if op == "LSTM" else 2]
        outputs = outputs or names
        case.nodes.append(helper.make_node(op, operands, [o if o in outputs else "" for o in names], op.lower(),
                                           hidden_size=hidden, **attributes))
        case.domains.add("")
        case.done(*outputs)

    for op in gates:
        net(op, "forward")
        net(op, "reverse", direction="reverse", bias=False)
        net(op, "bidirectional", directions=2, direction="bidirectional", h="computed", c="constant")
        net(op, "one_step_last_state", length=1, batch=1, outputs=["Y_h"], h="constant", c="computed")
        net(op, "clip", clip=0.75, h="computed", c="computed", lengths=4)
    net("LSTM", "cell_only", outputs=["Y_c"])
    net("LSTM", "functions", activations=["HardSigmoid", "Relu", "Softsign"], activation_alpha=[0.25],
        activation_beta=[0.4])
    net("RNN", "functions", directions=2, direction="bidirectional", activations=["LeakyRelu", "ScaledTanh"],
        activation_alpha=[0.25, 1.5], activation_beta=[0.5])
    for name, state in [("after_reset", None), ("after_reset_from_state", "computed")]:
        net("GRU", name, linear_before_reset=1, h=state)

    # Batch first: onnxruntime has no such kernel, so the expected values are of the other layout, transposed.
    for op in gates:
        case = Case("recurrent", f"{op.lower()}_batch_first")
        x, n = case.floats(3, 2, 4), gates[op] * 2
        w, r = case.floats(1, n, 4), case.floats(1, n, 2)
        start = case.floats(1, 3, 2)
        other = Case("", "other")
        results = other.node(op, [other.input(x.transpose(1, 0, 2)), other.const(w), other.const(r), "", "",
                                  other.const(start)], 2, hidden_size=2)
        y, h = other.result(*results)
        own = case.node(op, [case.input(x), case.const(w), case.const(r), "", "",
                             case.const(start.transpose(1, 0, 2))], 2, hidden_size=2, layout=1)
        case.write(case.model(*own), [x], [y.transpose(2, 0, 1, 3), h.transpose(1, 0, 2)])

    # Quantised weights; the expected values are those of an LSTM with the weights that they stand for.
    case = Case("recurrent", "dynamic_quantize_lstm", tolerance=2e-5)
    x, hidden = case.floats(3, 2, 4), 2
    w, r = case.ints(1, 4, 8), case.ints(1, 2, 8)
    bias = case.floats(1, 16)
    real = Case("", "real")
    results = real.node("LSTM", [real.input(x), real.const((w.astype(F32) * 0.0078125).transpose(0, 2, 1)),
                                 real.const(((r.astype(F32) - 3) * 0.0078125).transpose(0, 2, 1)), real.const(bias)],
                        3, hidden_size=hidden)
    grids = [case.const([0.0078125], F32), case.const([0], I8), case.const([0.0078125], F32), case.const([3], I8)]
    own = case.node("DynamicQuantizeLSTM", [case.input(x), case.const(w), case.const(r), case.const(bias), "", "", "",
                                            "", *grids], 3, domain="com.microsoft", hidden_size=hidden)
    case.done(*own, expected=real.result(*results))


# --- convolutions whose operands bytes of one scale do not hold ---------------------------


def convolutions():
    # Channels from 1 to 1/1000, with weights that make up for it.
    spread = np.logspace(0, -3, 8).astype(F32)

    def uneven(name, w, bias=None, **attributes):
        c = Case("convolutions", name)
        x = c.node("Mul", [c.input(c.floats(1, 8, 6, 6)), c.input(np.round(spread.reshape(1, 8, 1, 1), 4))])
        w = w(c)
        operands = [x, c.const(w)] + ([c.const(c.floats(w.shape[0]))] if bias else [])
        c.done(c.node("Conv", operands, **attributes))

    uneven("depthwise_uneven", lambda c: c.floats(8, 1, 3, 3) / spread.reshape(8, 1, 1, 1), True, group=8)
    uneven("depthwise_multiplied_uneven", lambda c: c.floats(16, 1, 3, 3) / np.repeat(spread, 2).reshape(16, 1, 1, 1),
           group=8, pads=[1, 1, 1, 1])
    uneven("uneven", lambda c: c.floats(5, 8, 3, 3) / spread.reshape(1, 8, 1, 1), True, pads=[0, 1, 1, 0])
    uneven("uneven_1x1", lambda c: c.floats(5, 8, 1, 1) / spread.reshape(1, 8, 1, 1), strides=[2, 2])

    def differences(name, bias=None, **attributes):
        """What is far greater than what matters is taken away again: bytes would leave nothing."""
        c = Case("convolutions", name, tolerance=1e-3)
        x = c.node("Mul", [c.input(100 + c.floats(1, 1, 8, 8, spread=0.25)), c.input(c.floats(1) * 0 + 1)])
        # Weights that 8 bits hold exactly, so that they sum up to nothing there too.
        w = np.stack([c.rng.permutation([1] * 4 + [0] + [-1] * 4).reshape(1, 3, 3) for _ in range(4)])
        operands = [x, c.const(w.astype(F32))] + ([c.const(c.floats(4))] if bias else [])
        c.done(c.node("Conv", operands, **attributes))

    differences("differences")
    differences("differences_bias", True, strides=[2, 1])


# --- attention ------------------------------------------------------------------------

def attention():
    ms = {"domain": "com.microsoft"}

    def packed(name, mask=None, bias=True, batch=2, length=3, width=4, past=0, added=None, outputs=1, **attributes):
        """ONNX Runtime's, q, k and v from one product."""
        c = Case("attention", name, tolerance=2e-5)
        operands = [c.input(c.floats(batch, length, width)), c.const(c.floats(width, 3 * width, spread=0.7)),
                    c.const(c.floats(3 * width, spread=0.5))]
        operands.append(c.input(np.array(mask, I32)) if mask is not None else "")
        operands.append(c.input(c.floats(2, batch, 2, past, width // 2)) if past else "")
        operands.append(c.input(c.floats(*added)) if added else "")
        while not operands[-1]:
            operands.pop()
        y = c.node("Attention", operands, outputs, num_heads=2, **attributes, **ms)
        c.done(*([y] if outputs == 1 else y))

    packed("packed_plain")
    packed("packed_mask", mask=[[1, 1, 0], [1, 1, 1]])
    packed("packed_mask_3d", mask=[[[1, 0, 0], [1, 1, 0], [1, 1, 1]], [[1, 1, 1], [0, 1, 1], [0, 1, 1]]])
    packed("packed_lengths", mask=[2, 3])
    packed("packed_ends_and_starts", mask=[2, 3, 0, 1])
    packed("packed_causal", unidirectional=1, scale=0.25)
    packed("packed_past", unidirectional=1, past=2, outputs=2)
    packed("packed_added", added=[2, 2, 3, 3], mask=[[1, 1, 0], [1, 1, 1]])

    def multi_head(name, kv=5, mask=None, bias=False, past=0, added=None, outputs=1, form="flat", **attributes):
        c = Case("attention", name, tolerance=2e-5)
        batch, length, heads, size = 2, 3, 2, 4
        width = heads * size
        q = {"qkv": [batch, length, heads, 3, size]}.get(form, [batch, length, width])
        operands = [c.input(c.floats(*q))]
        if form == "kv":
            operands += [c.input(c.floats(batch, kv, heads, 2, size)), ""]
        elif form == "flat":
            operands += [c.input(c.floats(batch, kv, width)), c.input(c.floats(batch, kv, width))]
        elif form == "heads":
            operands += [c.input(c.floats(batch, heads, kv, size)), c.input(c.floats(batch, heads, kv, size))]
        else:
            operands += ["", ""]
        operands.append(c.const(c.floats(3 * width)) if bias else "")
        operands.append(c.input(np.array(mask, I32)) if mask is not None else "")
        operands.append(c.input(c.floats(*added)) if added else "")
        operands += [c.input(c.floats(batch, heads, past, size)) for _ in range(2)] if past else []
        while not operands[-1]:
            operands.pop()
        y = c.node("MultiHeadAttention", operands, outputs, num_heads=heads, **attributes, **ms)
        if form in ("qkv", "kv"):
            # onnxruntime has these for GPUs only: the expected values are those of the parts one by one.
            flat, parts = Case("", "flat"), []
            for array in c.feeds.values():
                split = [array] if array.ndim == 3 else [array[:, :, :, i] for i in range(array.shape[3])]
                parts += [flat.input(part.reshape(batch, -1, width)) for part in split]
            own = flat.node("MultiHeadAttention", parts, num_heads=heads, **attributes, **ms)
            c.write(c.model(y), list(c.feeds.values()), flat.result(own))
            return
        c.done(*([y] if outputs == 1 else y))

    multi_head("multi_head_plain")
    multi_head("multi_head_bias_and_mask", bias=True, mask=[[1, 1, 0, 0, 0], [1, 1, 1, 1, 0]])
    multi_head("multi_head_lengths", mask=[2, 4])
    multi_head("multi_head_qkv", form="qkv")
    multi_head("multi_head_kv", form="kv", scale=0.3)
    multi_head("multi_head_heads", form="heads")
    multi_head("multi_head_past", kv=3, past=2, outputs=3, added=[2, 2, 3, 5])
    multi_head("multi_head_causal", kv=3, unidirectional=1)

    # Static and dynamic integers. Of a dynamic one the expected values are those of the real product.
    for name, dynamic_input in [("q_attention", False), ("q_attention_dynamic", True)]:
        c = Case("attention", name, tolerance=2e-3)
        x, w, bias = c.floats(2, 3, 4), c.ints(4, 12), c.floats(12, spread=0.5)
        scale, zero = 0.0078125, 3
        mask = np.array([[1, 1, 0], [1, 1, 1]], I32)
        given = c.input(x)
        if dynamic_input:
            q, s, z = c.node("DynamicQuantizeLinear", [given], 3)
        else:
            s, z = c.grid(0.03125, 120, U8)
            q = c.node("QuantizeLinear", [given, s, z])
        y = c.node("QAttention", [q, c.const(w), c.const(bias), s, c.const(scale, F32), c.input(mask), z,
                                  c.const(zero, I8)], num_heads=2, **ms)
        if dynamic_input:
            real = Case("", "real")
            out = real.node("Attention", [real.input(x), real.const((w.astype(F32) - zero) * F32(scale)),
                                          real.const(bias), real.input(mask)], num_heads=2, **ms)
            c.done(y, expected=real.result(out))
        else:
            c.done(y)

    def onnx_attention(name, q, k, v, mask=None, past=None, outputs=1, **attributes):
        c = Case("attention", name, opset=23, tolerance=2e-5)
        operands = [c.input(c.floats(*s)) for s in (q, k, v)]
        operands.append("" if mask is None else c.input(mask(c)))
        operands += [c.input(c.floats(*s)) for s in past or []]
        while not operands[-1]:
            operands.pop()
        y = c.node("Attention", operands, outputs, **attributes)
        c.done(*([y] if outputs == 1 else y))

    four = [[2, 2, 3, 4], [2, 2, 5, 4], [2, 2, 5, 6]]
    onnx_attention("onnx_attention", *four)
    onnx_attention("onnx_attention_mask", *four, mask=lambda c: c.floats(2, 1, 3, 5), scale=0.4)
    onnx_attention("onnx_attention_truths", *four,
                   mask=lambda c: np.array([[1, 0, 0, 1, 1], [1, 1, 0, 0, 1], [0, 1, 1, 1, 1]], bool))
    onnx_attention("onnx_attention_flat", [2, 3, 8], [2, 5, 8], [2, 5, 8], q_num_heads=2, kv_num_heads=2, softcap=1.5)
    onnx_attention("onnx_attention_shared", [2, 4, 3, 4], [2, 2, 3, 4], [2, 2, 3, 4], is_causal=1)
    onnx_attention("onnx_attention_past", [2, 2, 3, 4], [2, 2, 3, 4], [2, 2, 3, 4],
                   past=[[2, 2, 2, 4], [2, 2, 2, 4]], outputs=3)

    def rotary(name, shape, angles=2, rows=6, interleaved=0, positions=None, ours=False, computed=False, **attributes):
        c = Case("attention", name, opset=17 if ours else 23, tolerance=1e-5)
        x = c.input(c.floats(*shape))
        steps = np.arange(rows)[:, None] * 0.7 ** np.arange(angles)
        caches = [np.cos(steps).astype(F32), np.sin(steps).astype(F32)]
        if positions is None:
            caches = [np.stack([cache[:shape[-2]]] * shape[0]) for cache in caches]
        caches = [c.const(cache) for cache in caches]
        if positions is not None:
            positions = np.array(positions, I64)
            positions = [c.input(positions) if computed else c.const(positions)]
        operands = [x, *positions, *caches] if ours else [x, *caches, *(positions or [])]
        c.done(c.node("RotaryEmbedding", operands, interleaved=interleaved, **attributes, **(ms if ours else {})))

    rotary("rotary_microsoft", [2, 3, 8], ours=True, positions=[[0, 1, 2], [3, 4, 5]])
    rotary("rotary_microsoft_first", [2, 2, 3, 4], ours=True, positions=[2], interleaved=1, computed=True)
    rotary("rotary_onnx", [2, 2, 3, 4], positions=[[0, 1, 2], [3, 4, 5]], computed=True)
    rotary("rotary_onnx_part", [2, 2, 3, 6], positions=[[0, 1, 2], [1, 2, 3]], rotary_embedding_dim=4)
    rotary("rotary_onnx_no_positions", [2, 3, 8], num_heads=2, interleaved=1)

    for name, masked in [("embedding", False), ("embedding_masked", True)]:
        c = Case("attention", name, tolerance=2e-5)
        ids = c.input(np.array([[1, 4, 2], [0, 3, 3]], I32))
        segments = c.input(np.array([[0, 0, 1], [0, 1, 1]], I32)) if masked else ""
        operands = [ids, segments, c.const(c.floats(5, 4)), c.const(c.floats(6, 4)),
                    c.const(c.floats(2, 4)) if masked else "", c.const(c.floats(4)), c.const(c.floats(4))]
        if masked:
            operands.append(c.input(np.array([[1, 1, 0], [1, 1, 1]], I32)))
        y = c.node("EmbedLayerNormalization", operands, 2, epsilon=1e-5, **ms)
        c.done(*([y[0], c.node("Cast", [y[1]], to=1)] if masked else y[:1]))


# --- computed positions, which may count from the end -----------------------------------

def positions():
    for name, samples in [("embedding_from_the_end", None),
                          ("embedding_from_the_end_unseen", [np.array([[1, 3, 2], [0, 0, 4]])])]:
        c = Case("positions", name)
        ids = c.input(np.array([[1, -1, 2], [0, -5, 4]], I32))
        rows = c.node("Gather", [c.const(c.floats(5, 4)), ids], axis=0)
        c.done(c.node("Mul", [rows, c.const(c.floats(4))]), samples=samples)

    # Computed before they are used: of those no input says that they may be negative.
    c = Case("positions", "differences_from_the_end")
    low, high = c.input(np.array([[1, 4, 2]], I32)), c.input(np.array([[3, 4, 5]], I32))
    rows = c.node("Gather", [c.const(c.floats(5, 4)), c.node("Sub", [low, high])], axis=0)
    c.done(c.node("Mul", [rows, c.const(c.floats(4))]),
           samples=[np.array([[3, 4, 5]]), np.array([[1, 4, 2]])])

    for axis in range(3):
        for kind in I32, I64:
            c = Case("positions", f"elements_from_the_end_{axis}_{np.dtype(kind).name}")
            shape = [2, 3, 4]
            at = c.ints(2, 2, 3, dtype=kind, low=-shape[axis], high=shape[axis] - 1)
            x, given = c.input(c.floats(*shape)), c.input(at)
            taken = c.node("GatherElements", [x, given], axis=axis)
            c.done(c.node("Mul", [taken, c.const(c.floats(3))]), samples=[c.feeds[x], np.abs(at) % shape[axis]])


# --- whole nets through onnxruntime.quantization ----------------------------------------

class Samples(CalibrationDataReader):
    """Feeds of one input."""

    def __init__(self, name, arrays):
        self.feeds = iter([{name: array} for array in arrays])

    def get_next(self):
        return next(self.feeds, None)


def conv_net(c, x):
    """Two sizes of feature maps brought together, and a head."""
    conv = lambda x, o, i, k, **a: c.node(
        "Conv", [x, c.const(c.floats(o, i, k, k, spread=0.4)), c.const(c.floats(o, spread=0.2))], **a)
    wide = c.node("Relu", [conv(x, 4, 3, 3, pads=[1, 1, 1, 1])])
    deep = c.node("Relu", [conv(wide, 6, 4, 3, pads=[1, 1, 1, 1], strides=[2, 2])])
    deep = c.node("Resize", [deep, "", c.const([1, 1, 2, 2], F32)], mode="nearest",
                  coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    both = c.node("MaxPool", [c.node("Concat", [wide, deep], axis=1)], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    both = conv(both, 4, 10, 1)
    pooled = c.node("Flatten", [c.node("GlobalAveragePool", [both])])
    return [both, c.node("Gemm", [pooled, c.const(c.floats(4, 3)), c.const(c.floats(3))])]


def transformer(c, x, length=4, width=8):
    """One block: attention of two heads, then a feed-forward part, each with its norm."""
    linear = lambda x, i, o: c.node("Add", [c.node("MatMul", [x, c.const(c.floats(i, o, spread=0.4))]),
                                            c.const(c.floats(o, spread=0.2))])
    norm = lambda x: c.node("LayerNormalization", [x, c.const(1 + c.floats(width, spread=0.1)),
                                                   c.const(c.floats(width, spread=0.1))], axis=-1)
    heads = lambda x, perm: c.node("Transpose", [c.node("Reshape", [x, c.const([1, length, 2, width // 2], I64)])],
                                   perm=perm)
    q, v = (heads(linear(x, width, width), [0, 2, 1, 3]) for _ in range(2))
    k = heads(linear(x, width, width), [0, 2, 3, 1])
    scores = c.node("Div", [c.node("MatMul", [q, k]), c.const(2, F32)])
    y = c.node("MatMul", [c.node("Softmax", [scores], axis=-1), v])
    y = c.node("Reshape", [c.node("Transpose", [y], perm=[0, 2, 1, 3]), c.const([1, length, width], I64)])
    x = norm(c.node("Add", [x, linear(y, width, width)]))
    y = linear(x, width, 12)
    erf = c.node("Erf", [c.node("Div", [y, c.const(2 ** 0.5, F32)])])
    y = c.node("Mul", [c.node("Mul", [y, c.node("Add", [erf, c.const(1, F32)])]), c.const(0.5, F32)])
    return [norm(c.node("Add", [x, linear(y, 12, width)]))]


def recurrent_net(c, x):
    y, _, _ = c.node("LSTM", [x, c.const(c.floats(1, 16, 8, spread=0.4)), c.const(c.floats(1, 16, 4, spread=0.4)),
                              c.const(c.floats(1, 32, spread=0.2))], 3, hidden_size=4)
    y = c.node("Squeeze", [y, c.const([1], I64)])
    return [c.node("MatMul", [y, c.const(c.floats(4, 3))])]


def final_steps(model):
    """For each output the scale of the QuantizeLinear behind it; nothing for one that is computed in floats."""
    scales = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    makers = {o: n for n in model.graph.node for o in n.output}
    steps = []
    for output in model.graph.output:
        maker = makers[output.name]
        known = maker.op_type == "DequantizeLinear"
        steps.append(float(scales[maker.input[1]]) if known else None)
    return steps


def with_weights_of(model, made):
    """The float model with its weights as those of the quantised one: what is left when no activation is rounded."""
    stored = {i.name: numpy_helper.to_array(i) for i in made.graph.initializer}
    for tensor in model.graph.initializer:
        parts = [stored.get(f"{tensor.name}_{part}") for part in ("quantized", "scale", "zero_point")]
        if parts[0] is None:
            continue
        integers, scale, zero = parts[0].astype(F32), *(p.astype(F32) for p in parts[1:])
        if integers.shape != tuple(tensor.dims):
            # DynamicQuantizeLSTM has them transposed.
            integers = integers.transpose(0, 2, 1)
        tensor.CopyFrom(numpy_helper.from_array((integers - zero) * scale, tensor.name))
    return model


def short_names(model):
    """The same file in fewer bytes."""
    kept = {port.name for port in [*model.graph.input, *model.graph.output]}
    names = {"": ""}
    of = lambda name: name if name in kept else names.setdefault(name, f"v{len(names)}")
    for tensor in model.graph.initializer:
        tensor.name = of(tensor.name)
    for index, node in enumerate(model.graph.node):
        node.name = f"n{index}"
        for field in (node.input, node.output):
            field[:] = [of(name) for name in field]
    return model


def nets():
    """`steps` are those of the outputs' grids where all but ties are the same integers (a norm of a narrow row makes
    many steps of one, and 16-bit operands of computed products are bytes here); `alone` says whether the
    file's grids say all. The dynamic ones are held against the floats."""
    def quantised(name, net, shape, dynamic=False, exact=True, share=0.99, alone=True, spread=F32(1), **settings):
        c = Case("nets", name, tolerance=1e-3)
        x = c.floats(*shape) * spread
        outputs = net(c, c.input(x))
        model = c.model(*outputs)
        with tempfile.TemporaryDirectory() as folder:
            paths = [f"{folder}/{part}.onnx" for part in ("float", "integer")]
            onnx.save(model, paths[0])
            logging.disable()
            if dynamic:
                quantize_dynamic(*paths, **settings)
            else:
                arrays = [x, *(c.floats(*shape) * spread for _ in range(15))]
                quantize_static(*paths, Samples("x0", arrays), quant_format=QuantFormat.QDQ, **settings)
            made = onnx.load(paths[1])
        if dynamic:
            real = with_weights_of(model, made)
            c.write(short_names(made), [x], oracle.session(real.SerializeToString()).run(None, c.feeds))
            return
        expected = oracle.session(made.SerializeToString()).run(None, c.feeds)
        steps = final_steps(made)
        # A tie that rounds the other way is one step.
        c.tolerance = max([c.tolerance, *(1.01 * step for step in steps if step)])
        c.write(short_names(made), [x], expected)
        GROUPS["nets"][name] |= {"steps": steps if exact else [None] * len(steps), "share": share, "alone": alone}

    image, words = [1, 3, 8, 8], [1, 4, 8]
    quantised("conv_channels_u8", conv_net, image, per_channel=True, activation_type=QuantType.QUInt8,
              weight_type=QuantType.QInt8)
    quantised("conv_i8", conv_net, image, activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)
    quantised("conv_reduced", conv_net, image, per_channel=True, reduce_range=True, activation_type=QuantType.QUInt8,
              weight_type=QuantType.QUInt8)
    # Channels from 1 to 1/128, with weights that make up for it: 8 bits of activations would lose most of them.
    uneven = (2.0 ** -np.arange(8)).astype(F32)
    def uneven_net(c, x):
        w = c.floats(5, 8, 3, 3, spread=0.25) / uneven.reshape(1, 8, 1, 1)
        return [c.node("AveragePool", [c.node("Conv", [x, c.const(w), c.const(c.floats(5))], pads=[1, 0, 0, 1])],
                       kernel_shape=[2, 2])]
    for name, kind in [("u16", QuantType.QUInt16), ("i16", QuantType.QInt16)]:
        quantised(f"conv_uneven_{name}", uneven_net, [1, 8, 6, 6], spread=uneven.reshape(1, 8, 1, 1), per_channel=True,
                  share=0.5, activation_type=kind, weight_type=QuantType.QInt8)
    quantised("transformer_all", transformer, words, per_channel=True, share=0.9)
    quantised("transformer_islands", transformer, words, op_types_to_quantize=["MatMul"], alone=False, exact=False,
              activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)
    quantised("transformer_activations", transformer, words, exact=False,
              op_types_to_quantize=["MatMul", "Add", "LayerNormalization", "Softmax"])
    quantised("transformer_words", transformer, words, activation_type=QuantType.QInt16,
              weight_type=QuantType.QInt8, exact=False)
    for name, net, shape in [("conv", conv_net, image), ("transformer", transformer, words),
                             ("lstm", recurrent_net, [3, 2, 8])]:
        quantised(f"dynamic_{name}", net, shape, dynamic=True, weight_type=QuantType.QUInt8 if name == "conv"
                  else QuantType.QInt8)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    products()
    dynamic()
    quantised()
    recurrent()
    attention()
    positions()
    nets()
    convolutions()
    for group, cases in GROUPS.items():
        lines = [f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()]
        (OUT / f"{group}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
