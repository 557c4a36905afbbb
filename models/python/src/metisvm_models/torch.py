"""Bundles of PyTorch modules."""

import inspect
import pathlib
import tempfile

from . import importing


def from_torch(model, example, calibration, *, input_names=None, output_names=None, opset=18, output=None,
               metisvm=None, **options):
    """A bundle of a torch.nn.Module or a torch.export.ExportedProgram, by way of torch.onnx.export.

    `example` are the arguments of one call, whose shapes the bundle has: a tensor, a tuple, or a dict of keyword
    arguments. `calibration` holds samples of them: a dict of arrays by input, one tensor where there is one input, or
    a list of samples, each like `example`. Inputs are called as the arguments of forward are, unless `input_names`
    says otherwise. The module is exported as it infers (eval), and left in the mode that it was in.
    """
    import torch

    line = importing.options(**options)
    keywords = dict(example) if isinstance(example, dict) else {}
    arguments = () if keywords else tuple(example) if isinstance(example, (list, tuple)) else (example,)
    if input_names is None and isinstance(model, torch.nn.Module):
        input_names = list(keywords) or argument_names(model, len(arguments))
    training = getattr(model, "training", False)
    if training:
        model.eval()
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "model.onnx")
            torch.onnx.export(model, arguments, file, kwargs=keywords or None, input_names=input_names,
                              output_names=output_names, opset_version=opset, dynamo=True, external_data=False,
                              verbose=False)
            names = input_names or exported_names(file)
            return importing.make(file, importing.by_name(calibration, names), output, metisvm, line)
    finally:
        if training:
            model.train()


def argument_names(model, count):
    """Names of the first arguments of forward."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(model.forward).parameters.values()
    names = [parameter.name for parameter in parameters if parameter.kind in kinds][:count]
    # forward(*inputs) gives no names: those that the export makes up.
    return names if len(names) == count else None


def exported_names(file):
    """Names of the inputs of an exported file."""
    from .onnx import input_names

    return input_names(file)
