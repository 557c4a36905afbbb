"""Model objects of transformers and diffusers in, a bundle out. Slow lane: torch is large."""

import numpy
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from metisvm_models import from_hugging_face, from_torch  # noqa: E402


@pytest.fixture
def llama():
    torch.manual_seed(3)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, initializer_range=0.2)).eval()


def test_a_model_object(llama):
    tokens = torch.randint(0, 64, (24, 16))
    bundle = from_hugging_face(llama, {"tokens": tokens}, dims={"sequence": 16})
    with torch.no_grad():
        logits = llama(tokens).logits
    assert bundle.check({"tokens": tokens}, {"logits": logits}, min_cosine=0.998)


def test_torch_export_of_the_same_model(llama):
    """The other way: the graph that torch.onnx.export makes of the module."""
    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = llama

        def forward(self, tokens):
            return self.model(tokens, use_cache=False).logits

    tokens = torch.randint(0, 64, (24, 1, 16))
    bundle = from_torch(Logits(), tokens[0], tokens, output_names=["logits"])
    with torch.no_grad():
        logits = numpy.stack([llama(row).logits.numpy() for row in tokens])
    assert bundle.check({"tokens": tokens}, {"logits": logits}, min_cosine=0.998)
