"""`metisvm model import`: options, samples, and the bundle that comes of it."""

import json
import pathlib
import tempfile

import numpy

from . import binary
from .bundle import Bundle, write_arrays
from .scale import array


def options(dims=None, shapes=None, batch=None, keep=(), input_grids=None, activation=None, range=None,
            target_error=None, arguments=()):
    """The command line of what a caller says, by the names of docs/cli.md.

    `dims` and `shapes` are dicts ({"sequence": 32}, {"x": (1, 3, 224, 224)}), `input_grids` one of (scale, zero
    point) or (scale, zero point, dtype); `arguments` are further ones as they are.
    """
    line = []
    for name, extent in (dims or {}).items():
        line += ["--dim", f"{name}={extent}"]
    for name, shape in (shapes or {}).items():
        line += ["--shape", f"{name}={','.join(map(str, shape))}"]
    for name, grid in (input_grids or {}).items():
        line += ["--input-grid", f"{name}={','.join(map(str, grid))}"]
    for name in [keep] if isinstance(keep, str) else keep:
        line += ["--keep", name]
    for option, value in (("--batch", batch), ("--activation", activation), ("--range", range),
                          ("--target-error", target_error)):
        if value is not None:
            line += [option, value]
    return [*line, *arguments]


def by_name(samples, names):
    """Samples as a dict of arrays by input: of a dict, of one array, or of a sequence of samples, each like the
    arguments of one call (an array, a tuple, or a dict)."""
    if samples is None:
        return None
    if isinstance(samples, dict):
        return {name: array(values) for name, values in samples.items()}
    if not isinstance(samples, (list, tuple)):
        if len(names) != 1:
            raise ValueError(f"calibration is one array, and the model has {len(names)} inputs: {', '.join(names)}")
        return {names[0]: array(samples)}
    if not samples:
        raise ValueError("calibration has no sample")
    rows = []
    for sample in samples:
        if isinstance(sample, dict):
            rows.append([sample[name] for name in names])
        else:
            rows.append(list(sample) if isinstance(sample, (list, tuple)) else [sample])
        if len(rows[-1]) != len(names):
            raise ValueError(f"a sample of calibration has {len(rows[-1])} arrays, and the model {len(names)} inputs: "
                             f"{', '.join(names)}")
    return {name: numpy.stack([array(row[at]) for row in rows]) for at, name in enumerate(names)}


def make(source, calibration, output, metisvm, line):
    """Calls `metisvm model import` for a file or a folder; `calibration` is a path or a dict of arrays by input."""
    keep = None
    if output is None:
        keep = tempfile.TemporaryDirectory(prefix="metisvm-")
        output = pathlib.Path(keep.name, f"{pathlib.Path(source).stem or 'model'}.bundle")
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(calibration, dict):
            samples = pathlib.Path(folder, "calibration.npz")
            write_arrays(samples, calibration, {})
        else:
            samples = calibration
        given = [] if samples is None else ["--calibration", samples]
        said = binary.run(metisvm, "import", source, *given, "--output", output, "--json", *line)
    return Bundle(output, metisvm, report=json.loads(said), keep=keep)
