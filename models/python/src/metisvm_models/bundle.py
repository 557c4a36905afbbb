"""A bundle: a file, what is in it, and what can be done with it."""

import json
import os
import pathlib
import shutil
import tempfile

import numpy

from . import binary
from .scale import Port, array


def of_ports(values, more, ports, kind):
    """Values by the names of all ports; a bare array where there is one port."""
    if values is None:
        values = {}
    elif not isinstance(values, dict):
        if len(ports) != 1:
            raise ValueError(f"the model has {len(ports)} {kind}s, {', '.join(ports)}: give a dict or keywords")
        values = {next(iter(ports)): values}
    values = {**values, **more}
    missing, unknown = ports.keys() - values.keys(), values.keys() - ports.keys()
    if missing or unknown:
        said = [f"{kind} {name} is missing" for name in sorted(missing)]
        said += [f"there is no {kind} {name}" for name in sorted(unknown)]
        raise ValueError(f"{'; '.join(said)}; {kind}s of the model: {', '.join(ports)}")
    return values


class Bundle:
    """A model as MetisVM runs it.

    `path` is the file; `id` the hash that contracts call it by; `inputs` and `outputs` are dicts of Port by name in
    declared order; `info` is what `metisvm model info --json` says; `report` what import said of its accuracy
    (None of a bundle that was opened), `warnings` what it warned of.
    """

    def __init__(self, path, metisvm=None, report=None, keep=None):
        self.path = pathlib.Path(path)
        self.report = report
        self._metisvm = metisvm
        # The folder of a bundle that was not asked for by name; it goes with this object.
        self._keep = keep
        self.info = json.loads(binary.run(metisvm, "info", self.path, "--json"))
        metadata = self.info["metadata"]
        self.id = self.info["model_id"]
        self.inputs = {port["name"]: Port.read("input", port, metadata) for port in self.info["inputs"]}
        self.outputs = {port["name"]: Port.read("output", port, metadata) for port in self.info["outputs"]}

    def __repr__(self):
        return f"Bundle({str(self.path)!r}, id={self.id!r}, inputs={list(self.inputs)}, outputs={list(self.outputs)})"

    @property
    def warnings(self):
        """What import warned of, such as an output that quantisation damages."""
        return list(self.report["warnings"]) if self.report else []

    @property
    def gas(self):
        """Gas of one inference by the version of the gas schedule, None where it does not price all operators."""
        return {int(version): gas for version, gas in self.info["inference_gas_by_schedule"].items()}

    def quantise(self, values=None, /, **more):
        """Integers by name for inputs of real numbers: a dict, keywords, or the array of the one input."""
        values = of_ports(values, more, self.inputs, "input")
        return {name: port.quantise(values[name]) for name, port in self.inputs.items()}

    def dequantise(self, integers=None, /, **more):
        """Real numbers by name for integers of the outputs."""
        integers = of_ports(integers, more, self.outputs, "output")
        return {name: port.dequantise(integers[name]) for name, port in self.outputs.items()}

    def input_bytes(self, values=None, /, **more):
        """What a contract gives the precompile for one sample: the quantised inputs in declared order."""
        return b"".join(packed for packed in self._packed(values, more)[0])

    def output_values(self, data):
        """Real numbers by name for the bytes that the precompile returns."""
        return self._unpacked(data, 1, True)

    def _packed(self, values, more):
        """The bytes of each sample, and whether only one was given."""
        values = of_ports(values, more, self.inputs, "input")
        columns, singles = [], []
        for name, port in self.inputs.items():
            samples, single = port.stacked(values[name])
            columns.append(port.quantise(samples))
            singles.append(single)
        count = max(map(len, columns), default=1)
        for port, samples in zip(self.inputs.values(), columns):
            if len(samples) not in (1, count):
                raise ValueError(f"{port.name}: {len(samples)} samples, where another input has {count}")
        # One sample of an input goes with all of the others'.
        rows = [b"".join(samples[at if len(samples) > 1 else 0].tobytes() for samples in columns)
                for at in range(count)]
        return rows, all(singles)

    def _unpacked(self, data, count, single):
        """Outputs by name from the raw outputs of a count of samples."""
        each = sum(port.bytes for port in self.outputs.values())
        if len(data) != count * each:
            raise ValueError(f"{len(data)} bytes, where the outputs of {count} are {count * each}")
        rows = numpy.frombuffer(data, numpy.uint8).reshape(count, each)
        found, at = {}, 0
        for name, port in self.outputs.items():
            part = numpy.ascontiguousarray(rows[:, at:at + port.bytes])
            at += port.bytes
            integers = part.view(port.dtype).reshape(count, *port.shape)
            found[name] = port.dequantise(integers[0] if single else integers)
        return found

    def run(self, values=None, /, *, backend=None, arguments=(), **more):
        """Outputs by name, in real numbers, for inputs of real numbers.

        Inputs are a dict, keywords, or the array of the one input; samples may lie along one dimension more in front,
        and then do so in the outputs. `backend` is a list for --backend, as "cpu" or "fpga,cpu"; `arguments` are
        further options of `metisvm model run`.
        """
        rows, single = self._packed(values, more)
        outputs = b""
        for start in range(0, len(rows), 4096):
            part = rows[start:start + 4096]
            with tempfile.TemporaryDirectory() as folder:
                given, got = pathlib.Path(folder, "input"), pathlib.Path(folder, "output")
                given.write_bytes(b"".join(part))
                chosen = ["--backend", backend] if backend else []
                binary.run(self._metisvm, "run", self.path, "--input", given, "--batch", len(part), "--output", got,
                           *chosen, *arguments)
                outputs += got.read_bytes()
        return self._unpacked(outputs, len(rows), single)

    def check(self, inputs, outputs=None, /, *, backend="reference,cpu", min_cosine=None):
        """Compares with what another implementation gave: one dict a backend, as `metisvm model check --json` has it.

        `inputs` is a path of an .npz file with input_NAME and output_NAME, or a dict of inputs by name with `outputs`
        likewise. A backend that is not bit-identical, or whose mean cosine is below `min_cosine`, is a MetisError.
        """
        with tempfile.TemporaryDirectory() as folder:
            if isinstance(inputs, (str, os.PathLike)):
                data = inputs
            else:
                data = pathlib.Path(folder, "expected.npz")
                write_arrays(data, inputs, outputs or {})
            floor = [] if min_cosine is None else ["--min-cosine", min_cosine]
            return binary.objects(binary.run(self._metisvm, "check", self.path, "--data", data, "--backend", backend,
                                             "--json", *floor))

    def register(self, url="http://127.0.0.1:8545"):
        """Adds it to a running node and registers it there: what `metisvm model register --json` says."""
        return json.loads(binary.run(self._metisvm, "register", self.path, "--rpc", url, "--json"))

    def save(self, path):
        """Copies the file to a path, which `path` then is."""
        self.path = pathlib.Path(shutil.copyfile(self.path, path))
        self._keep = None
        return self


def write_arrays(path, inputs, outputs):
    """An .npz file as `metisvm model` reads it."""
    numpy.savez(path, **{f"input_{name}": array(values) for name, values in inputs.items()},
                **{f"output_{name}": array(values) for name, values in outputs.items()})
