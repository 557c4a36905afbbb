"""Cases of operators that move elements: for make_operator_cases.py."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

I64, I32, BOOL = np.int64, np.int32, np.bool_


def branch(nodes, result, initializers=()):
    """A branch of an If."""
    out = helper.make_tensor_value_info(result, TensorProto.FLOAT, None)
    return helper.make_graph(nodes, "branch", [], [out], list(initializers))


def scaled(factor):
    """A branch whose names are those of every other: they are its own."""
    constant = numpy_helper.from_array(np.asarray(factor, np.float32), "factor")
    return branch([helper.make_node("Mul", ["x", "factor"], ["inner"])], "inner", [constant])


def register(case, simple):
    """Adds the group "moves"."""
    g = "moves"
    ints = lambda *v: np.asarray(v, I64)

    def one(name, op, shape, *consts, opset=20, **attributes):
        simple(g, name, op, [shape], opset=opset, consts=consts, **attributes)

    def after(name, fill, opset=20):
        case(g, name, opset)(fill)

    def absorbed(name, becomes, fill):
        def filled(c):
            c.becomes = becomes
            return fill(c)
        case(g, name)(filled)

    # Transpose, and what is a reshape.
    one("Transpose", "Transpose", (2, 3, 4))
    one("Transpose_nhwc", "Transpose", (1, 4, 5, 3), perm=[0, 3, 1, 2])
    one("Transpose_five", "Transpose", (2, 3, 2, 4, 2), perm=[0, 2, 4, 1, 3])
    one("Transpose_ones", "Transpose", (1, 1, 5, 3), perm=[1, 2, 0, 3])
    one("Flatten_last", "Flatten", (2, 3, 4), axis=-1)
    one("Flatten_whole", "Flatten", (2, 3, 4), axis=3)
    one("Flatten_0", "Flatten", (2, 3, 4), axis=0)
    one("Squeeze_9", "Squeeze", (1, 3, 1), opset=9, axes=[-1])
    one("Squeeze_all", "Squeeze", (1, 3, 1))
    one("Unsqueeze_11", "Unsqueeze", (2, 3), opset=11, axes=[0, -1])
    one("Unsqueeze", "Unsqueeze", (2, 3), ints(1, 3))
    one("Reshape_infer", "Reshape", (2, 3, 4), ints(0, -1, 2))

    # Slice, Split.
    one("Slice_9", "Slice", (4, 5), opset=9, starts=[1, -3], ends=[3, 100], axes=[0, 1])
    one("Slice_two", "Slice", (4, 5), ints(1, 0), ints(3, -1))
    one("Slice_steps", "Slice", (4, 7), ints(0, 1), ints(4, 7), ints(0, 1), ints(2, 3))
    one("Slice_backwards", "Slice", (3, 5), ints(-1), ints(-(2**62)), ints(1), ints(-1))
    one("Slice_backwards_steps", "Slice", (3, 6), ints(100), ints(0), ints(-1), ints(-2))
    one("Slice_all", "Slice", (3, 6), ints(0), ints(2**62), ints(-1))
    after("Slice_int32", lambda c: c.node("Slice", c.input((3, 4)), c.const([1], I32), c.const([3], I32), c.const([1], I32)))

    def parts(c, opset_operand, **attributes):
        x = c.input((2, 7))
        extra = [c.const(opset_operand, I64)] if opset_operand else []
        return c.node("Split", x, *extra, axis=1, **attributes)

    after("Split_11", lambda c: parts(c, None, outputs=3, split=[1, 4, 2]), 11)
    after("Split_given", lambda c: parts(c, [3, 4], outputs=2))
    after("Split_uneven", lambda c: parts(c, None, outputs=3, num_outputs=3))
    after("Split_equal", lambda c: c.node("Split", c.input((4, 2)), outputs=2), 13)
    after("Split_swish", lambda c: (lambda a, b: c.node("Mul", a, c.node("Sigmoid", b)))(
        *c.node("Split", c.input((2, 6)), outputs=2, axis=-1, num_outputs=2)))

    # Concat.
    after("Concat_two", lambda c: c.node("Concat", c.input((2, 3)), c.input((2, 2)), axis=1))
    after("Concat_same", lambda c: (lambda x: c.node("Concat", x, x, x, axis=0))(c.input((2, 3))))
    after("Concat_constants", lambda c: c.node("Concat", c.random((2, 1)), c.input((2, 3)), c.random((2, 2)), axis=-1))
    after("Concat_many", lambda c: c.node("Concat", *[c.node("Mul", c.input((1, 2)) if not i else "x", c.const(i / 70.0))
                                                     for i in range(70)], axis=0))
    after("Concat_three_hundred", lambda c: c.node("Concat", *[c.node("Mul", c.input((1, 2)) if not i else "x",
                                                                     c.const(i / 300.0)) for i in range(300)], axis=0))
    after("Concat_wide_and_narrow", lambda c: c.node(
        "Concat", c.input((2, 3), -0.5, 0.5), c.node("Relu", c.input((2, 3), -3.0, 3.0)), axis=1))
    after("Concat_products", lambda c: c.node(
        "Concat", c.node("MatMul", c.input((2, 3)), c.random((3, 4))), c.node("MatMul", "x", c.random((3, 2))), axis=1))
    after("Concat_whole", lambda c: c.node(
        "Gather", c.random((9, 3)),
        c.node("Concat", c.given([[1, 2]], I64), c.const([[8, 0]], I64), axis=1)))

    # Gather and the like.
    one("Gather_rows", "Gather", (4, 3), ints(2, 0, -1))
    one("Gather_matrix", "Gather", (2, 4), np.asarray([[0, 1], [3, -4]], I64), axis=1)
    one("Gather_number", "Gather", (2, 3, 4), np.asarray(1, I64), axis=1)
    after("Gather_computed", lambda c: c.node("Gather", c.random((7, 3)), c.given([[0, 6, 3]], I64)))
    after("Gather_computed_axis", lambda c: c.node("Gather", c.input((2, 5)), c.given([4, 1], I32), axis=1))
    after("Gather_both_in_words", lambda c: c.node(
        "Gather", c.node("MatMul", c.input((5, 3)), c.random((3, 4))), c.given(3, I64)))
    one("GatherElements", "GatherElements", (3, 3), np.asarray([[1, 2, 0], [2, 0, -3]], I64))
    one("GatherElements_last", "GatherElements", (3, 4), np.asarray([[1], [2], [0]], I64), axis=1)
    after("GatherElements_computed", lambda c: c.node(
        "GatherElements", c.input((3, 4)), c.given([[1, 3], [2, 0], [0, 0]], I64), axis=1))
    one("GatherND", "GatherND", (2, 3, 4), np.asarray([[0, 1], [1, -1]], I64))
    one("GatherND_deep", "GatherND", (2, 3), np.asarray([[[0, 1]], [[1, 2]]], I64))
    one("GatherND_batch", "GatherND", (2, 3, 4), np.asarray([[1], [0]], I64), batch_dims=1)

    # Scatter.
    after("ScatterND", lambda c: c.node(
        "ScatterND", c.input((4, 3)), c.const([[2], [0]], I64), c.input((2, 3))))
    after("ScatterND_constant_updates", lambda c: c.node(
        "ScatterND", c.input((2, 3)), c.const([[0, 1], [1, 2]], I64), c.random((2,))))
    after("ScatterND_constant_data", lambda c: c.node(
        "ScatterND", c.random((2, 3)), c.const([[0, 1], [1, 2]], I64), c.input((2,))))
    after("ScatterElements", lambda c: c.node(
        "ScatterElements", c.input((3, 3)), c.const([[1, 0, 2], [0, 2, 1]], I64), c.input((2, 3))))
    after("ScatterElements_axis", lambda c: c.node(
        "ScatterElements", c.input((1, 5)), c.const([[1, -2]], I64), c.random((1, 2)), axis=1))

    # Repeats.
    one("Expand", "Expand", (3, 1), ints(2, 1, 4))
    one("Expand_smaller", "Expand", (2, 3), ints(1, 1))
    one("Tile", "Tile", (2, 3), ints(2, 2))
    one("Tile_one", "Tile", (1, 1, 3), ints(1, 4, 1))

    # Pad.
    one("Pad_2", "Pad", (2, 3), opset=10, pads=[0, 1, 0, 2])
    one("Pad_2_value", "Pad", (2, 3), opset=10, pads=[1, 0, 0, 1], value=0.75)
    one("Pad", "Pad", (1, 2, 3, 3), ints(0, 0, 1, 2, 0, 0, 3, 1))
    after("Pad_value", lambda c: c.node("Pad", c.input((2, 3)), c.const([0, 1, 1, 0], I64), c.const(-1.5)))
    after("Pad_axes", lambda c: c.node("Pad", c.input((2, 3)), c.const([1, 2], I64), "", c.const([-1], I64)))
    one("Pad_crop", "Pad", (4, 5), ints(-1, 2, 0, -2))
    one("Pad_reflect", "Pad", (2, 5), ints(0, 3, 0, 4), mode="reflect")
    one("Pad_reflect_crop", "Pad", (2, 5), ints(0, -1, 0, 3), mode="reflect")
    one("Pad_edge", "Pad", (2, 3), ints(1, 2, 0, 2), mode="edge")
    one("Pad_wrap", "Pad", (2, 3), ints(0, 2, 1, 1), mode="wrap")
    absorbed("Pad_Conv", ["Conv"], lambda c: c.node("Conv", c.node("Pad", c.input((1, 2, 5, 5)), c.const([0, 0, 1, 1, 0, 0, 1, 2], I64)),
                                       c.random((3, 2, 3, 3)), c.random((3,))))
    absorbed("Pad_MaxPool", ["MaxPool"], lambda c: c.node("MaxPool", c.node("Pad", c.input((1, 2, 4, 4)), c.const([0, 0, 1, 1, 0, 0, 0, 0], I64),
                                                           c.const(-3.0e38)), kernel_shape=[2, 2], strides=[2, 2]))

    absorbed("Pad_Conv1d", ["Reshape", "Conv", "Reshape"], lambda c: c.node("Conv", c.node("Pad", c.input((1, 2, 6)), c.const([0, 0, 2, 0, 0, 1], I64)),
                                         c.random((3, 2, 3))))
    absorbed("Pad_AveragePool", ["Conv"], lambda c: c.node(
        "AveragePool", c.node("Pad", c.input((1, 2, 4, 4)), c.const([0, 0, 0, 1, 0, 0, 2, 1], I64)), kernel_shape=[2, 2]))
    absorbed("Pad_MaxPool_far", ["MaxPool"], lambda c: c.node(
        "MaxPool", c.node("Pad", c.input((1, 1, 3, 3)), c.const([0, 0, 0, 0, 0, 0, 1, 1], I64), c.const(-np.inf)),
        kernel_shape=[2, 2], strides=[2, 2]))
    absorbed("Pad_channels_Conv", ["Concat", "Conv"], lambda c: c.node(
        "Conv", c.node("Pad", c.input((1, 2, 4, 4)), c.const([0, 1, 0, 0, 0, 0, 0, 0], I64)), c.random((3, 3, 2, 2))))

    # Blocks.
    one("DepthToSpace", "DepthToSpace", (1, 8, 2, 3), blocksize=2)
    one("DepthToSpace_crd", "DepthToSpace", (2, 8, 2, 3), blocksize=2, mode="CRD")
    one("SpaceToDepth", "SpaceToDepth", (1, 2, 4, 6), blocksize=2)

    # What depends on the place.
    one("Trilu", "Trilu", (2, 3, 4))
    one("Trilu_lower", "Trilu", (4, 4), np.asarray(-1, I64), upper=0)
    after("OneHot", lambda c: c.node("OneHot", c.given([1, 3, -1, 9], I64), c.const(4, I64), c.const([0.25, 2.0])))
    after("OneHot_axis", lambda c: c.node("OneHot", c.given([[1, 0]], I64), c.const([3], I64), c.const([0.0, 1.0]), axis=1))

    # What changes nothing, and what goes in.
    after("Dropout_12", lambda c: c.node("Relu", c.node("Dropout", c.input((2, 3)), c.const(0.3), c.const(False, BOOL))), 12)
    after("Size", lambda c: c.node("Div", c.input((2, 3)), c.node("Cast", c.node("Size", "x"), to=1)))
    after("u8_Cast", lambda c: c.node("Div", c.node("Cast", c.given([[0, 17, 255]], np.uint8), to=1), c.const(255.0)))
    after("i8_Cast", lambda c: c.node("Mul", c.node("Cast", c.given([[-128, 17, 127]], np.int8), to=1), c.const(0.01)))
    after("u8_Transpose_Cast", lambda c: c.node(
        "Div", c.node("Cast", c.node("Transpose", c.given(np.arange(12).reshape(1, 2, 2, 3) * 20, np.uint8), perm=[0, 3, 1, 2]), to=1),
        c.const(255.0)))
    after("i32_Cast_MatMul", lambda c: c.node(
        "MatMul", c.node("Cast", c.given([[-700, 900, 3]], I32), to=1), c.random((3, 2))))
    after("Equal_whole", lambda c: c.node(
        "Where", c.node("Equal", c.given([[1], [3], [99]], I64), c.const([0, 1, 2, 3], I64)), c.input((3, 4)), c.const(0.25)))
    after("Less_whole_computed", lambda c: c.node(
        "Where", c.node("Less", c.given([[1], [3]], I64), c.given([2, 4], I64)), c.input((2, 2)), c.const(0.25)))
    after("bool_Where", lambda c: c.node("Where", c.given([[True, False, True]], BOOL), c.input((2, 3)), c.const(-0.5)))
    after("f64_Add", lambda c: c.node("Cast", c.node("Add", c.given([[0.5, -1.25]], np.float64), c.const([0.25], np.float64)), to=1))
    after("f16_Mul", lambda c: c.node("Cast", c.node("Mul", c.given([[0.5, -1.25]], np.float16), c.const([0.25], np.float16)), to=1))

    # If, where the condition is known.
    def wide(c):
        extent = c.node("Gather", c.node("Shape", c.input((2, 3))), c.const(1, I64))
        return c.node("Equal", extent, c.const(3, I64))

    after("If_then", lambda c: c.node("If", wide(c), then_branch=scaled(2.0), else_branch=scaled(5.0)))
    after("If_else", lambda c: c.node("If", c.node("Not", wide(c)), then_branch=scaled(2.0), else_branch=scaled(5.0)))
    after("If_in_If", lambda c: (lambda known: c.node(
        "If", known, else_branch=scaled(5.0), then_branch=branch(
            [helper.make_node("If", [known], ["a"], then_branch=scaled(3.0), else_branch=scaled(4.0)),
             helper.make_node("Relu", ["a"], ["b"])], "b")))(wide(c)))
    after("If_twice", lambda c: (lambda known: c.node(
        "Add", c.node("If", known, then_branch=scaled(2.0), else_branch=scaled(3.0)),
        c.node("If", known, then_branch=scaled(0.5), else_branch=scaled(4.0))))(wide(c)))
