"""What the integers of an input or output stand for: real = scale · (integer − zero_point)."""

import dataclasses
import json

import numpy

DTYPES = {"u8": numpy.dtype("u1"), "i8": numpy.dtype("i1"), "i16": numpy.dtype("<i2"), "i32": numpy.dtype("<i4")}


def array(values):
    """An array of NumPy's of whatever holds numbers, a tensor that takes part in gradients or is on a device too."""
    for step in ("detach", "cpu"):
        if hasattr(values, step):
            values = getattr(values, step)()
    if "bfloat16" in str(getattr(values, "dtype", "")) and hasattr(values, "float"):
        values = values.float()
    return numpy.asarray(values)


@dataclasses.dataclass(frozen=True)
class Port:
    """An input or an output: name, type of its integers, shape, and what they stand for.

    `scale` is None for whole numbers (token ids, classes), a float, or an array of one for each column. `labels`
    are the names of classes, where the file had them.
    """

    name: str
    dtype: numpy.dtype
    shape: tuple
    scale: float | numpy.ndarray | None
    zero_point: int
    labels: tuple | None

    @classmethod
    def read(cls, kind, port, metadata):
        """From an object of `metisvm model info --json`."""
        name, key = port["name"], f"{kind}.{port['name']}"

        def parts(what):
            """A value that is cut into entries .0, .1, …"""
            found = []
            while (part := metadata.get(f"{key}.{what}.{len(found)}")) is not None:
                found.append(part)
            return found

        scale = metadata.get(f"{key}.scale")
        columns = parts("scales")
        if scale is not None:
            scale = float(scale)
        elif columns:
            scale = numpy.array([float(number) for part in columns for number in part.split()])
        labels = metadata.get(f"{key}.labels") or "".join(parts("labels"))
        return cls(name, DTYPES[port["dtype"]], tuple(port["shape"]), scale,
                   int(metadata.get(f"{key}.zero_point", "0")), tuple(json.loads(labels)) if labels else None)

    @property
    def bytes(self):
        """Of one of it."""
        return int(numpy.prod(self.shape)) * self.dtype.itemsize

    def stacked(self, values):
        """The values as an array of samples, [count, *shape], and whether there was only one."""
        values = array(values)
        if values.shape == self.shape:
            return values[None], True
        if values.ndim and values.shape[1:] == self.shape and len(values):
            return values, False
        if values.ndim and self.shape and values.shape[1:] == self.shape[1:] and len(values) % self.shape[0] == 0 \
                and len(values):
            return values.reshape(-1, *self.shape), False
        raise ValueError(f"{self.name}: its shape is {list(values.shape)}; that of the model is {list(self.shape)}, "
                         "with samples along one dimension more in front")

    def quantise(self, values):
        """Integers for real numbers, as ONNX's QuantizeLinear: halves to even, beyond the range the extreme."""
        values = array(values)
        if not numpy.issubdtype(values.dtype, numpy.number) and values.dtype != bool:
            raise TypeError(f"{self.name}: its type is {values.dtype}; numbers are needed")
        limits = numpy.iinfo(self.dtype)
        if self.scale is None:
            whole = numpy.rint(values)
            if not numpy.array_equal(whole, values) or (values.size and not (
                    limits.min <= values.min() and values.max() <= limits.max)):
                raise ValueError(f"{self.name}: it takes whole numbers from {limits.min} to {limits.max}")
            return whole.astype(self.dtype)
        if numpy.isnan(values).any():
            raise ValueError(f"{self.name}: it has a NaN")
        steps = numpy.rint(values.astype(numpy.float64) / self.scale) + self.zero_point
        return steps.clip(limits.min, limits.max).astype(self.dtype)

    def dequantise(self, integers):
        """Real numbers (float32) for integers; whole numbers stay as they are."""
        integers = array(integers)
        if self.scale is None:
            return integers
        return ((integers.astype(numpy.float64) - self.zero_point) * self.scale).astype(numpy.float32)
