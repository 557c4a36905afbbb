"""Models of PyTorch, TensorFlow, ONNX and Hugging Face as bundles of MetisVM: one call each.

    bundle = metisvm_models.from_torch(model, example, calibration=samples)
    bundle.run(pixels=image)["logits"]

Each finds the `metisvm` binary (the argument `metisvm`, the environment variable METISVM, the PATH) and calls
`metisvm model import`. What the binary refuses is a MetisError with its message.
"""

from .binary import MetisError, find
from .bundle import Bundle, Port
from .hugging_face import from_hugging_face
from .onnx import from_onnx
from .tensorflow import from_tensorflow
from .torch import from_torch

__all__ = ["Bundle", "MetisError", "Port", "find", "from_hugging_face", "from_onnx", "from_tensorflow", "from_torch"]
