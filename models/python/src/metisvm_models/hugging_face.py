"""Bundles of Hugging Face's folders and models."""

import os
import pathlib
import tempfile

from . import importing


def from_hugging_face(model, calibration, *, part=None, output=None, metisvm=None, **options):
    """A bundle of a folder (config.json and safetensors), or of a model of transformers or diffusers.

    A model is saved to a folder first. Nothing is downloaded: of a name on the hub, give the folder that
    huggingface_hub.snapshot_download has put it in. `calibration` is a path (.npz with input_NAME) or a dict of arrays
    by input; docs/hugging-face.md has the inputs of each architecture. `part` is which part of a model of several,
    "encoder" or "decoder".
    """
    line = importing.options(**options)
    if part is not None:
        line += ["--part", part]
    if isinstance(calibration, dict):
        calibration = importing.by_name(calibration, ())
    elif calibration is not None and not isinstance(calibration, (str, os.PathLike)):
        raise TypeError("calibration is a path of an .npz file or a dict of arrays by input")
    if isinstance(model, (str, os.PathLike)):
        if not pathlib.Path(model, "config.json").is_file():
            raise FileNotFoundError(f"{os.fspath(model)} is no folder with a config.json; nothing is downloaded here")
        return importing.make(model, calibration, output, metisvm, line)
    if not hasattr(model, "save_pretrained"):
        raise TypeError(f"{type(model).__name__} is neither a folder nor a model with save_pretrained")
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, safe_serialization=True)
        return importing.make(folder, calibration, output, metisvm, line)
