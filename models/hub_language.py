"""GPT-2, Llama and DeepSeek of hub/: configurations, training, and files."""

import numpy as np
import torch
import transformers

import hub_text
from hub_text import END, LENGTH, VOCABULARY, WINDOW

STEPS = 3_000
RATE = 4e-3
CALIBRATION_SAMPLES = 48
EXPECTED_SAMPLES = 3


def gpt2():
    """Two layers of four heads, learned positions, tanh-GELU, tied logits."""
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=WINDOW, n_embd=64, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0))


def llama():
    """Two layers, four heads of queries over two of keys, RoPE, SwiGLU, logits of their own."""
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=WINDOW, bos_token_id=0, eos_token_id=0,
        tie_word_embeddings=False))


def deepseek():
    """DeepSeek-V3: latent attention; a dense layer, then one of four experts, of which two and a shared one work."""
    return transformers.DeepseekV3ForCausalLM(transformers.DeepseekV3Config(
        vocab_size=VOCABULARY, hidden_size=64, intermediate_size=128, moe_intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=4, n_shared_experts=1, n_routed_experts=4, num_experts_per_tok=2,
        n_group=1, topk_group=1, routed_scaling_factor=1.5, kv_lora_rank=24, q_lora_rank=32, qk_rope_head_dim=8,
        qk_nope_head_dim=16, v_head_dim=16, first_k_dense_replace=1, max_position_embeddings=WINDOW, num_mtp_layers=0,
        bos_token_id=0, eos_token_id=0))


MODELS = {"gpt2": (gpt2, 41), "llama": (llama, 43), "deepseek": (deepseek, 47)}


def balance(model):
    """What DeepSeek-V3 is trained with: experts that got too few tokens get a greater bias in the choice."""
    gates = [module for module in model.modules() if type(module).__name__ == "DeepseekV3TopkRouter"]
    chosen = {}
    for at, gate in enumerate(gates):
        gate.register_forward_hook(lambda _, __, result, at=at: chosen.__setitem__(at, result[-1]))

    def after_step():
        for at, gate in enumerate(gates):
            load = torch.bincount(chosen[at].flatten(), minlength=gate.num_experts).float()
            gate.e_score_correction_bias += 0.002 * torch.sign(load.mean() - load)

    return after_step if gates else None


def make(name, folder):
    """Trains a model, and writes its folder."""
    build, seed = MODELS[name]
    learnt, calibration, tests = hub_text.dealt()
    tokenizer = hub_text.causal_tokenizer(section for _, section in learnt)
    text = END.join(section for _, section in learnt)
    torch.manual_seed(seed)
    model = build()
    print(f"{name}: {sum(p.numel() for p in model.parameters())} parameters")
    model = hub_text.learn_language(model, tokenizer.encode(text).ids, STEPS, RATE, seed, balance(model))
    # The weights are what the file has: the floats below are those of a reader of the file.
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    model = type(model).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    samples = hub_text.windows(tokenizer, tests, EXPECTED_SAMPLES)
    with torch.no_grad():
        logits = model(torch.tensor(samples)).logits.numpy()
    np.savez_compressed(folder / "expected.npz", input_tokens=samples, output_logits=logits.astype(np.float16))
    np.savez_compressed(folder / "calibration.npz",
                        input_tokens=hub_text.windows(tokenizer, calibration, CALIBRATION_SAMPLES))
    return {"held_out_perplexity": round(hub_text.perplexity(model, tokenizer, tests), 4),
            "parameters": sum(p.numel() for p in model.parameters()), "samples_of": LENGTH}
