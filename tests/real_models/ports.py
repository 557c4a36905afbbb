"""Real numbers into and out of a bundle, by its metadata, as docs/import.md says."""

import numpy as np

TYPES = {"u8": np.uint8, "i8": np.int8, "i16": np.int16, "i32": np.int32}


def scale(metadata, port):
    """(scale, zero point) of `input.NAME` or `output.NAME`: one number, or one for each column; None without one."""
    zero = int(metadata.get(f"{port}.zero_point", 0))
    if f"{port}.scale" in metadata:
        return np.float32(metadata[f"{port}.scale"]), zero
    parts = []
    while f"{port}.scales.{len(parts)}" in metadata:
        parts.append(metadata[f"{port}.scales.{len(parts)}"])
    return (np.array(" ".join(parts).split(), np.float32), zero) if parts else (None, zero)


def quantised(facts, name, values):
    """What goes into that input for these numbers."""
    port = next(port for port in facts["inputs"] if port["name"] == name)
    dtype = TYPES[port["dtype"]]
    step, zero = scale(facts["metadata"], f"input.{name}")
    if step is None or values.dtype == dtype:
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values.astype(np.float32) / step) + zero, limits.min, limits.max).astype(dtype)


def real(facts, name, values):
    """What these values of an output stand for."""
    step, zero = scale(facts["metadata"], f"output.{name}")
    return values if step is None else (values.astype(np.float32) - zero) * step
