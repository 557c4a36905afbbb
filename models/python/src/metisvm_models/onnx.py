"""Bundles of ONNX models."""

import os
import pathlib
import tempfile

from . import importing


def from_onnx(model, calibration=None, *, output=None, metisvm=None, **options):
    """A bundle of an ONNX model: a path, bytes, or an onnx.ModelProto.

    `calibration` holds samples of the inputs, which a model of floats needs: a path (.npy, .npz with input_NAME), a
    dict of arrays by input, one array where there is one input, or a list of samples. `output` is the file to write;
    without it the file goes with the Bundle. Options are those of importing.options: dims, shapes, batch, keep,
    input_grids, activation, range, target_error, arguments.
    """
    line = importing.options(**options)
    if isinstance(calibration, (str, os.PathLike)) or calibration is None or isinstance(calibration, dict):
        samples = importing.by_name(calibration, ()) if isinstance(calibration, dict) else calibration
    else:
        samples = importing.by_name(calibration, input_names(model))
    if isinstance(model, (str, os.PathLike)):
        return importing.make(model, samples, output, metisvm, line)
    content = bytes(model) if isinstance(model, (bytes, bytearray, memoryview)) else model.SerializeToString()
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "model.onnx")
        file.write_bytes(content)
        return importing.make(file, samples, output, metisvm, line)


def input_names(model):
    """Names of the inputs, without those that a weight stands for."""
    import onnx

    if isinstance(model, (str, os.PathLike)):
        model = onnx.load(model, load_external_data=False)
    elif isinstance(model, (bytes, bytearray, memoryview)):
        model = onnx.load_from_string(bytes(model))
    weights = {weight.name for weight in model.graph.initializer}
    return [port.name for port in model.graph.input if port.name not in weights]
