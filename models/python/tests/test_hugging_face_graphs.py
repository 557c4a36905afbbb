"""What folders of transformers become, as ONNX in ONNX Runtime, against transformers' own floats: each architecture, with
every kind of configuration that docs/hugging-face.md says is taken, as a whole and step by step. Slow lane: torch is
large."""

import subprocess

import numpy
import pytest

import metisvm_models

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
ort = pytest.importorskip("onnxruntime")

VOCABULARY, LENGTH, CONTEXT = 100, 12, 16
# Of the greatest number: what f32 loses by the order of its sums is a tenth of it.
NEAR = 1e-5


def scrambled(model, seed, spread=0.15):
    """Weights far from what training begins with, norms and biases too, so that none of them can be left out."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            norm = weight.ndim == 1 and ("norm" in name.lower() or "ln_" in name) and name.endswith("weight")
            noise = torch.randn(weight.shape, generator=generator)
            weight.copy_(1 + 0.2 * noise if norm else spread * noise)
        for name, buffer in model.named_buffers():
            if "correction_bias" in name:
                buffer.copy_(0.3 * torch.randn(buffer.shape, generator=generator))
    return model.eval().float()


def session(folder, *options):
    file = folder / "model.onnx"
    command = [metisvm_models.find(), "model", "import", str(folder), "--onnx", str(file), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    return ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])


def difference(result, expected):
    return numpy.abs(result - expected).max() / numpy.abs(expected).max()


def stepped(run, ids, tokens):
    """The logits of a text, so many tokens at a time; the state begins with numbers that must have no effect."""
    noise = numpy.random.default_rng(0)
    state = {port.name: noise.normal(scale=3, size=port.shape).astype(numpy.float32)
             for port in run.get_inputs() if port.name not in ("tokens", "position")}
    logits = []
    for position in range(0, LENGTH, tokens):
        end = position + tokens
        results = run.run(None, {"tokens": ids[:, position:end], "position": numpy.array([position]), **state})
        for port, result in zip(run.get_outputs(), results):
            if port.name == "logits":
                logits.append(result)
            else:
                state[port.name.removeprefix("new.")][:, :, position:end] = result
    return numpy.concatenate(logits, 1)


LLAMA = {"vocab_size": VOCABULARY, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}
GPT2 = {"vocab_size": VOCABULARY, "n_positions": 32, "n_embd": 48, "n_layer": 2, "n_head": 4}
DEEPSEEK = {**LLAMA, "num_key_value_heads": 4, "num_hidden_layers": 3, "moe_intermediate_size": 24, "kv_lora_rank": 16,
            "qk_rope_head_dim": 8, "qk_nope_head_dim": 12, "v_head_dim": 10, "n_routed_experts": 8,
            "num_experts_per_tok": 2}
YARN = {"rope_type": "yarn", "rope_theta": 500.0, "factor": 4.0, "original_max_position_embeddings": 16}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 1000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 16}
GENERATING = {
    "gpt2": ("GPT2", GPT2),
    "gpt2 by its keys": ("GPT2", {**GPT2, "n_inner": 80, "scale_attn_by_inverse_layer_idx": True,
                                  "activation_function": "gelu", "tie_word_embeddings": False}),
    "gpt2 without scale": ("GPT2", {**GPT2, "scale_attn_weights": False, "activation_function": "silu"}),
    "llama": ("Llama", LLAMA),
    "llama3, tied, with biases": ("Llama", {**LLAMA, "tie_word_embeddings": True, "attention_bias": True,
                                            "mlp_bias": True, "rope_parameters": LLAMA3}),
    "llama, linear": ("Llama", {**LLAMA, "num_key_value_heads": 4, "head_dim": 16, "rope_parameters": {
        "rope_type": "linear", "rope_theta": 500.0, "factor": 2.0}}),
    "llama, yarn": ("Llama", {**LLAMA, "head_dim": 16, "rope_parameters": YARN}),
    "mistral": ("Mistral", {**LLAMA, "sliding_window": None}),
    "mistral with a window": ("Mistral", {**LLAMA, "sliding_window": 16}),
    "qwen2": ("Qwen2", LLAMA),
    "deepseek v2": ("DeepseekV2", {**DEEPSEEK, "q_lora_rank": 20, "first_k_dense_replace": 1}),
    "deepseek v2, groups": ("DeepseekV2", {**DEEPSEEK, "q_lora_rank": None, "n_group": 4, "topk_group": 2,
                                           "topk_method": "group_limited_greedy", "routed_scaling_factor": 3.0,
                                           "mlp_bias": True, "tie_word_embeddings": True}),
    "deepseek v3": ("DeepseekV3", {**DEEPSEEK, "q_lora_rank": 20, "first_k_dense_replace": 1, "n_group": 1,
                                   "topk_group": 1}),
    "deepseek v3, groups, yarn": ("DeepseekV3", {
        **DEEPSEEK, "q_lora_rank": None, "first_k_dense_replace": 0, "n_group": 4, "topk_group": 2,
        "rope_interleave": False, "attention_bias": True,
        "rope_parameters": {**YARN, "mscale": 1.0, "mscale_all_dim": 0.7}}),
}


@pytest.mark.parametrize("name", GENERATING)
def test_a_model_that_generates(name, tmp_path):
    kind, configuration = GENERATING[name]
    configuration = getattr(transformers, f"{kind}Config")(**configuration)
    kind = f"{kind}LMHeadModel" if kind == "GPT2" else f"{kind}ForCausalLM"
    model = scrambled(getattr(transformers, kind)(configuration), len(name))
    model.save_pretrained(tmp_path)
    ids = torch.randint(0, VOCABULARY, (1, LENGTH), generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        expected = model(ids).logits.numpy()
    ids = ids.numpy()
    whole = session(tmp_path, "--dim", f"sequence={LENGTH}").run(None, {"tokens": ids})[0]
    assert difference(whole, expected) < NEAR
    for tokens in (1, 4):
        run = session(tmp_path, "--step", f"{tokens},{CONTEXT}")
        assert difference(stepped(run, ids, tokens), expected) < NEAR, tokens


BERT = {"vocab_size": VOCABULARY, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2,
        "num_attention_heads": 4, "max_position_embeddings": 64}


@pytest.mark.parametrize("head, more", [
    ("BertModel", {}), ("BertForMaskedLM", {}), ("BertForSequenceClassification", {"num_labels": 5}),
    ("BertForTokenClassification", {"hidden_act": "relu"}), ("BertForQuestionAnswering", {})])
def test_bert(head, more, tmp_path):
    model = scrambled(getattr(transformers, head)(transformers.BertConfig(**BERT, **more)), len(head))
    model.save_pretrained(tmp_path)
    ids = torch.randint(0, VOCABULARY, (1, LENGTH), generator=torch.Generator().manual_seed(5))
    mask = (torch.arange(LENGTH)[None] < 9).long()
    types = (torch.arange(LENGTH)[None] > 5).long()
    with torch.no_grad():
        expected = model(ids, attention_mask=mask, token_type_ids=types)
    run = session(tmp_path, "--dim", f"sequence={LENGTH}")
    given = {"input_ids": ids.numpy(), "attention_mask": mask.numpy(), "token_type_ids": types.numpy()}
    for port, result in zip(run.get_outputs(), run.run(None, given)):
        assert list(result.shape) == port.shape
        assert difference(result, expected[port.name].numpy()) < NEAR, port.name
