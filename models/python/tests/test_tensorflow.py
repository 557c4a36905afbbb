"""TensorFlow and Keras in, a bundle out. Slow lane: tensorflow is large."""

import numpy
import pytest

tensorflow = pytest.importorskip("tensorflow")
pytest.importorskip("tf2onnx")

from metisvm_models import from_tensorflow  # noqa: E402


def close(found, expected):
    found, expected = numpy.asarray(found, float).ravel(), numpy.asarray(expected, float).ravel()
    return found @ expected / numpy.sqrt((found @ found) * (expected @ expected))


def layers(*chosen):
    return [getattr(tensorflow.keras.layers, name)(*arguments, **more) for name, arguments, more in chosen]


@pytest.fixture
def digits():
    tensorflow.keras.utils.set_random_seed(3)
    return tensorflow.keras.Sequential([
        tensorflow.keras.Input((8, 8, 1), name="pixels"),
        *layers(("Conv2D", (8, 3), {"activation": "relu", "padding": "same"}), ("BatchNormalization", (), {}),
                ("MaxPooling2D", (2,), {}), ("Flatten", (), {}), ("Dropout", (0.5,), {}), ("Dense", (10,), {}))])


def test_a_sequential_model(digits):
    images = numpy.random.default_rng(3).normal(size=(24, 1, 8, 8, 1)).astype(numpy.float32)
    bundle = from_tensorflow(digits, images)
    assert list(bundle.inputs) == ["pixels"] and bundle.inputs["pixels"].shape == (1, 8, 8, 1)
    expected = digits(images[:, 0], training=False).numpy()
    assert close(next(iter(bundle.run(images).values())), expected) > 0.999


def test_a_functional_model_of_two_inputs():
    tensorflow.keras.utils.set_random_seed(5)
    tokens = tensorflow.keras.Input((6,), dtype="int32", name="tokens")
    bias = tensorflow.keras.Input((6, 16), name="bias")
    add, norm, attend, dense = layers(("Add", (), {}), ("LayerNormalization", (), {}),
                                      ("MultiHeadAttention", (2, 8), {}), ("Dense", (16,), {"activation": "gelu"}))
    embed = tensorflow.keras.layers.Embedding(20, 16)
    h = norm(add([embed(tokens), bias]))
    h = dense(attend(h, h) + h)
    model = tensorflow.keras.Model([tokens, bias], h)
    chance = numpy.random.default_rng(5)
    samples = {"tokens": chance.integers(0, 20, (16, 1, 6)).astype(numpy.int32),
               "bias": chance.normal(size=(16, 1, 6, 16)).astype(numpy.float32)}
    bundle = from_tensorflow(model, samples)
    expected = model([samples["tokens"][:, 0], samples["bias"][:, 0]], training=False).numpy()
    assert close(next(iter(bundle.run(samples).values())), expected) > 0.998


def test_a_function():
    weights = tensorflow.constant(numpy.random.default_rng(7).normal(size=(4, 3)).astype(numpy.float32))
    function = tensorflow.function(lambda x: tensorflow.nn.tanh(x @ weights))
    samples = numpy.random.default_rng(9).normal(size=(16, 2, 4)).astype(numpy.float32)
    signature = [tensorflow.TensorSpec((2, 4), tensorflow.float32, "x")]
    bundle = from_tensorflow(function, samples, signature=signature)
    assert close(next(iter(bundle.run(x=samples).values())), numpy.tanh(samples @ weights.numpy())) > 0.999
    with pytest.raises(ValueError, match="needs a name"):
        from_tensorflow(function, samples, signature=[tensorflow.TensorSpec((2, 4), tensorflow.float32)])
