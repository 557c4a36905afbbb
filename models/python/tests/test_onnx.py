"""ONNX in, a bundle out: what it computes, and what is said of mistakes."""

import json
import re
import stat

import numpy
import onnx
import pytest

import metisvm_models
from metisvm_models import MetisError, from_onnx


@pytest.fixture
def bundle(product, samples):
    return from_onnx(product[0], samples, dims={"rows": 1})


def test_it_computes_what_the_model_does(bundle, product, samples):
    expected = numpy.maximum(samples @ product[1], 0)
    found = bundle.run(samples)["y"]
    assert found.shape == (32, 1, 3) and found.dtype == numpy.float32
    assert abs(found - expected).max() < 0.02 * abs(expected).max()
    # One sample alone has the shape of the model, and the same numbers.
    one = bundle.run(x=samples[4])["y"]
    assert one.shape == (1, 3) and (one == found[4]).all()
    assert (bundle.run({"x": samples}, backend="reference")["y"] == found).all()


def test_what_is_in_it(bundle):
    assert re.fullmatch("0x[0-9a-f]{64}", bundle.id) and bundle.path.is_file()
    x, y = bundle.inputs["x"], bundle.outputs["y"]
    assert (x.shape, y.shape) == ((1, 4), (1, 3)) and numpy.all(numpy.asarray(x.scale) > 0)
    assert list(bundle.gas) == [1, 2] and all(gas > 0 for gas in bundle.gas.values())
    assert bundle.report["samples"] == 32 and bundle.warnings == []
    assert bundle.report["output_errors"][0]["cosine"] > 0.999


def test_bytes_are_what_a_contract_gives_and_gets(bundle, samples, tmp_path):
    data = bundle.input_bytes(samples[0])
    assert len(data) == bundle.inputs["x"].bytes
    assert data == bundle.quantise(samples[0])["x"].tobytes()
    (tmp_path / "raw").write_bytes(data)
    said = metisvm_models.binary.run(None, "run", bundle.path, "--input", tmp_path / "raw", "--json")
    integers = json.loads(said)["outputs"][0]["values"]
    raw = numpy.array(integers, bundle.outputs["y"].dtype).tobytes()
    assert (bundle.output_values(raw)["y"] == bundle.run(samples[0])["y"]).all()
    assert (bundle.dequantise(y=numpy.array(integers).reshape(1, 3))["y"] == bundle.run(samples[0])["y"]).all()
    with pytest.raises(ValueError, match="7 bytes"):
        bundle.output_values(bytes(7))


def test_quantised_as_the_binary_does_it(bundle, product, samples):
    """`model check` quantises by itself: what it finds is what we find."""
    wide = samples * 3
    expected = numpy.maximum(wide @ product[1], 0)
    found = bundle.check({"x": wide}, {"y": expected}, backend="reference")[0]
    ours = bundle.run(wide)["y"]
    off = numpy.sqrt(((ours - expected) ** 2).sum() / (expected ** 2).sum())
    assert found["outputs"][0]["relative_error"] == pytest.approx(off, rel=1e-3)


def test_check(bundle, product, samples, tmp_path):
    expected = numpy.maximum(samples @ product[1], 0)
    found = bundle.check({"x": samples}, {"y": expected}, min_cosine=0.999)
    assert [row["backend"] for row in found] == ["reference", "cpu"]
    assert all(row["bit_identical"] and row["samples"] == 32 for row in found)
    numpy.savez(tmp_path / "data.npz", input_x=samples, output_y=expected)
    assert bundle.check(tmp_path / "data.npz", backend="cpu")[0]["cosine"] > 0.999
    with pytest.raises(MetisError, match="0.9 at least") as raised:
        bundle.check({"x": samples}, {"y": -expected}, min_cosine=0.9)
    assert raised.value.exit_code == 1


def test_every_form_of_model_and_samples(product, samples, tmp_path):
    model = product[0]
    onnx.save(model, tmp_path / "m.onnx")
    numpy.save(tmp_path / "x.npy", samples)
    of = lambda model, given: from_onnx(model, given, dims={"rows": 1}).id
    ids = {of(model, samples), of(model.SerializeToString(), {"x": samples}), of(tmp_path / "m.onnx", list(samples)),
           of(str(tmp_path / "m.onnx"), tmp_path / "x.npy"), of(model, [(sample,) for sample in samples]),
           of(model, [{"x": sample} for sample in samples])}
    assert len(ids) == 1


def test_two_inputs_of_which_one_is_whole_numbers(lookup):
    model, table = lookup
    chance = numpy.random.default_rng(11)
    tokens = chance.integers(0, 10, (16, 2))
    x = chance.normal(size=(16, 2, 4)).astype(numpy.float32)
    bundle = from_onnx(model, list(zip(tokens, x)))
    found = bundle.run(token=tokens, x=x)["y"]
    assert bundle.inputs["token"].scale is None
    assert abs(found - table[tokens] * x).max() < 0.02 * abs(x).max()
    # One token row goes with every x.
    assert (bundle.run(token=tokens[0], x=x)["y"][0] == found[0]).all()
    with pytest.raises(ValueError, match="whole numbers"):
        bundle.quantise(token=[0.5, 1], x=x[0])
    with pytest.raises(ValueError, match="input x is missing; there is no input z; inputs of the model: token, x"):
        bundle.run(token=tokens, z=x)
    with pytest.raises(ValueError, match="2 inputs, token, x"):
        bundle.run(tokens)
    with pytest.raises(ValueError, match="5 samples, where another input has 16"):
        bundle.run(token=tokens[:5], x=x)


def test_options_reach_the_binary(product, samples):
    kept = from_onnx(product[0], samples, dims={"rows": 1}, keep="h", input_grids={"x": (0.03125, 128)})
    assert list(kept.outputs) == ["h"]
    assert (kept.inputs["x"].scale, kept.inputs["x"].zero_point) == (0.03125, 128)
    shaped = from_onnx(product[0], numpy.repeat(samples, 2, 1), shapes={"x": (2, 4)}, range="search",
                       activation="i8", target_error=0.5)
    assert shaped.inputs["x"].shape == (2, 4)


def test_mistakes(product, samples, tmp_path):
    with pytest.raises(MetisError, match="f32 model.*calibration"):
        from_onnx(product[0])
    with pytest.raises(MetisError, match="named row") as raised:
        from_onnx(product[0], samples, dims={"row": 2})
    assert raised.value.exit_code == 1 and raised.value.command[2] == "import"
    with pytest.raises(MetisError) as raised:
        from_onnx(product[0], samples, arguments=["--nonsense"])
    assert raised.value.exit_code == 2
    with pytest.raises(MetisError, match="nowhere.onnx"):
        from_onnx(tmp_path / "nowhere.onnx", {"x": samples})
    with pytest.raises(ValueError, match="no sample"):
        from_onnx(product[0], [])
    with pytest.raises(ValueError, match=r"has 2 arrays, and the model 1 inputs"):
        from_onnx(product[0], [(1, 2)])
    bundle = from_onnx(product[0], samples, dims={"rows": 1})
    with pytest.raises(ValueError, match=r"shape is \[1, 3\]; that of the model is \[1, 4\]"):
        bundle.run(numpy.zeros((1, 3)))
    with pytest.raises(ValueError, match="NaN"):
        bundle.run(numpy.full((1, 4), numpy.nan))
    with pytest.raises(TypeError, match="numbers are needed"):
        bundle.run(numpy.full((1, 4), "a"))
    with pytest.raises(MetisError, match="127.0.0.1:1"):
        bundle.register("http://127.0.0.1:1")


def test_the_file(product, samples, tmp_path):
    bundle = from_onnx(product[0], samples, dims={"rows": 1}, output=tmp_path / "a.bundle")
    assert bundle.path == tmp_path / "a.bundle"
    again = metisvm_models.Bundle(tmp_path / "a.bundle")
    assert again.id == bundle.id and again.report is None
    unnamed = from_onnx(product[0], samples, dims={"rows": 1})
    left = unnamed.path
    assert unnamed.save(tmp_path / "b.bundle").path == tmp_path / "b.bundle" and not left.exists()
    assert (unnamed.run(samples)["y"] == bundle.run(samples)["y"]).all()


def test_where_the_binary_is(binary, monkeypatch, tmp_path):
    assert metisvm_models.find(binary) == binary
    monkeypatch.setenv("METISVM", str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError, match=r"\$METISVM names .*nothing"):
        metisvm_models.find()
    assert metisvm_models.find(binary) == binary
    monkeypatch.delenv("METISVM")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="cargo build"):
        metisvm_models.find()
    program = tmp_path / "metisvm"
    program.write_text("#!/bin/sh\necho 'metisvm: it broke' >&2\nexit 3\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert metisvm_models.find() == program
    with pytest.raises(MetisError, match="^it broke$") as raised:
        metisvm_models.Bundle("a.bundle")
    assert raised.value.exit_code == 3
