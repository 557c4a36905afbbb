"""PyTorch in, a bundle out. Slow lane: torch is large."""

import numpy
import pytest

torch = pytest.importorskip("torch")
import torch.nn.functional as F  # noqa: E402

from metisvm_models import MetisError, from_torch  # noqa: E402


class Digits(torch.nn.Module):
    """A small convolutional network."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.first = torch.nn.Conv2d(1, 8, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(8)
        self.drop = torch.nn.Dropout(0.5)
        self.last = torch.nn.Linear(8 * 16, 10)

    def forward(self, pixels):
        h = F.max_pool2d(F.relu(self.norm(self.first(pixels))), 2)
        return self.last(self.drop(h.flatten(1)))


class Attention(torch.nn.Module):
    """Two inputs, one of them tokens; two outputs."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.embed = torch.nn.Embedding(20, 16)
        self.norm = torch.nn.LayerNorm(16)
        self.attend = torch.nn.MultiheadAttention(16, 2, batch_first=True)
        self.up = torch.nn.Linear(16, 32)
        self.down = torch.nn.Linear(32, 16)

    def forward(self, tokens, bias):
        h = self.embed(tokens) + bias
        n = self.norm(h)
        h = h + self.attend(n, n, n, need_weights=False)[0]
        h = h + self.down(F.gelu(self.up(h)))
        return h, h.mean(1)


def close(found, expected):
    found, expected = numpy.asarray(found, float).ravel(), expected.detach().numpy().astype(float).ravel()
    return found @ expected / numpy.sqrt((found @ found) * (expected @ expected))


def test_a_network_of_images():
    model = Digits().train()
    images = torch.randn(24, 1, 1, 8, 8)
    bundle = from_torch(model, images[0], calibration=images, output_names=["logits"])
    assert model.training, "the module is left as it was"
    assert list(bundle.inputs) == ["pixels"] and list(bundle.outputs) == ["logits"]
    with torch.no_grad():
        expected = model.eval()(images[:, 0])
    found = bundle.run(images.numpy())["logits"]
    assert found.shape == (24, 1, 10) and close(found, expected) > 0.999
    assert (found[:, 0].argmax(1) == expected.argmax(1).numpy()).mean() > 0.9


@pytest.mark.parametrize("names", [True, False])
def test_tokens_and_two_outputs(names):
    model = Attention().eval()
    tokens, bias = torch.randint(0, 20, (16, 1, 6)), torch.randn(16, 1, 6, 16)
    chosen = {"input_names": ["t", "b"], "output_names": ["rows", "mean"]} if names else {}
    example = (tokens[0], bias[0]) if names else {"tokens": tokens[0], "bias": bias[0]}
    samples = list(zip(tokens, bias)) if names else [{"tokens": t, "bias": b} for t, b in zip(tokens, bias)]
    bundle = from_torch(model, example, samples, **chosen)
    assert list(bundle.inputs) == (["t", "b"] if names else ["tokens", "bias"])
    with torch.no_grad():
        rows, mean = model(tokens[:, 0], bias[:, 0])
    found = list(bundle.run(dict(zip(bundle.inputs, (tokens, bias)))).values())
    assert close(found[0], rows) > 0.998 and close(found[1], mean) > 0.998


def test_an_exported_program():
    model = Digits().eval()
    images = torch.randn(8, 1, 1, 8, 8)
    program = torch.export.export(model, (images[0],))
    bundle = from_torch(program, images[0], images)
    with torch.no_grad():
        expected = model(images[:, 0])
    assert close(next(iter(bundle.run(images).values())), expected) > 0.999


def test_a_refusal_names_the_operator():
    class Inverse(torch.nn.Module):
        def forward(self, x):
            return torch.linalg.det(x)

    x = torch.randn(1, 3, 3)
    with pytest.raises(MetisError, match="Det"):
        from_torch(Inverse(), x, torch.stack([x, x]))
