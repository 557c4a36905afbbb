"""Folders of Hugging Face in, a bundle out: those of models/hub, against what transformers and diffusers gave."""

import pathlib

import numpy
import pytest

from metisvm_models import MetisError, from_hugging_face

HUB = pathlib.Path(__file__).resolve().parents[2] / "hub"
# The least mean cosine between integers and floats, and what else the folder is imported with.
FOLDERS = {"gpt2": (0.998, {"dims": {"sequence": 32}}), "bert": (0.99, {"dims": {"sequence": 32}}), "vit": (0.99, {})}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder(name):
    floor, options = FOLDERS[name]
    folder = HUB / name
    bundle = from_hugging_face(folder, folder / "calibration.npz", **options)
    assert all(row["bit_identical"] for row in bundle.check(folder / "expected.npz", min_cosine=floor))


def test_a_part():
    folder = HUB / "vae"
    bundle = from_hugging_face(folder, folder / "calibration_encoder.npz", part="encoder")
    assert bundle.check(folder / "expected_encoder.npz", backend="cpu", min_cosine=0.99)


def test_samples_as_arrays():
    folder = HUB / "vit"
    with numpy.load(folder / "calibration.npz") as arrays:
        samples = {name.removeprefix("input_"): values for name, values in arrays.items()}
    assert from_hugging_face(folder, samples).id == from_hugging_face(folder, folder / "calibration.npz").id


def test_mistakes(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing is downloaded"):
        from_hugging_face("openai-community/gpt2", None)
    with pytest.raises(TypeError, match="save_pretrained"):
        from_hugging_face(object(), None)
    with pytest.raises(TypeError, match="dict of arrays"):
        from_hugging_face(tmp_path, [1])
    (tmp_path / "config.json").write_text('{"model_type": "abacus"}')
    with pytest.raises(MetisError, match="abacus|safetensors"):
        from_hugging_face(tmp_path, {"x": numpy.zeros((1, 1))})
