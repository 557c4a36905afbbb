"""Bundles of TensorFlow's and Keras's models."""

from . import importing
from .onnx import from_onnx


def from_tensorflow(model, calibration, *, signature=None, opset=18, output=None, metisvm=None, **options):
    """A bundle of a Keras model or a tf.function, by way of tf2onnx.

    `signature` is a list of tf.TensorSpec, one an input; a Keras model has its own, whose open first dimension
    becomes 1 (or `batch`). `calibration` holds samples: a dict of arrays by input, one array where there is one input,
    or a list of samples.
    """
    import tensorflow
    import tf2onnx

    if signature is None:
        if not getattr(model, "inputs", None):
            raise ValueError("the model has no inputs yet: give signature=[tf.TensorSpec(shape, dtype, name)]")
        # Keras names a tensor x:0 or x; ONNX has x.
        signature = [tensorflow.TensorSpec(tensor.shape, tensor.dtype, tensor.name.split(":")[0])
                     for tensor in model.inputs]
    names = [spec.name for spec in signature]
    if None in names:
        raise ValueError("each tf.TensorSpec of signature needs a name, which the input is then called")
    if not hasattr(model, "get_concrete_function"):
        keras = model
        model = tensorflow.function(lambda *inputs: keras(inputs if len(inputs) > 1 else inputs[0], training=False))
    exported, _ = tf2onnx.convert.from_function(model, input_signature=signature, opset=opset,
                                                custom_op_handlers={"Erfc": (erfc, [])})
    hold_constants(exported, model.get_concrete_function(*signature))
    return from_onnx(exported, importing.by_name(calibration, names), output=output, metisvm=metisvm, **options)


def erfc(context, node, *_):
    """1 − erf, which tf2onnx does not know; the exact GELU has it."""
    import numpy

    shape, dtype = context.get_shape(node.output[0]), context.get_dtype(node.output[0])
    operand, outputs = node.input[0], node.output
    context.remove_node(node.name)
    one = context.make_const(f"{node.name}_one", numpy.array(1, numpy.float32))
    erf = context.make_node("Erf", [operand], shapes=[shape], dtypes=[dtype])
    context.make_node("Sub", [one.output[0], erf.output[0]], outputs=outputs, shapes=[shape], dtypes=[dtype])


def hold_constants(exported, function):
    """Tensors that a function closes over are inputs in what tf2onnx makes; they become weights."""
    from onnx import numpy_helper

    values = {placeholder.name: value for value, placeholder in function.graph.captures}
    for port in list(exported.graph.input):
        if port.name in values:
            exported.graph.initializer.append(numpy_helper.from_array(values[port.name].numpy(), port.name))
            exported.graph.input.remove(port)
