"""BERT and ViT of hub/: configurations, training, and files."""

import numpy as np
import torch
import transformers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import hub_text
from hub_text import LENGTH, VOCABULARY

# Pages of the documentation that a sentence may be from.
PAGES = ("backends", "benchmarks", "cli", "device", "hdl", "proofs")
EXPECTED_SAMPLES = 12
CALIBRATION_SAMPLES = 48
IMAGE = 16


def learn(model, inputs, labels, epochs, rate, seed):
    """Trains a classifier of Hugging Face's on arrays by their names."""
    chance = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.05)
    steps = epochs * -(-len(labels) // 32)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=0.1)
    model.train()
    for _ in range(epochs):
        order = chance.permutation(len(labels))
        for start in range(0, len(order), 32):
            rows = order[start:start + 32]
            batch = {name: torch.tensor(values[rows]) for name, values in inputs.items()}
            logits = model(**batch).logits
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels[rows]), label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def write(model, folder, tests, labels, calibration):
    """The folder of a classifier; the share of right answers among the tests."""
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    with torch.no_grad():
        logits = model(**{name: torch.tensor(values) for name, values in tests.items()}).logits.numpy()
    n = EXPECTED_SAMPLES
    np.savez_compressed(folder / "expected.npz", **{f"input_{name}": values[:n] for name, values in tests.items()},
                        output_logits=logits[:n])
    np.savez_compressed(folder / "calibration.npz",
                        **{f"input_{name}": values[:CALIBRATION_SAMPLES] for name, values in calibration.items()})
    return {"accuracy": round(float((logits.argmax(1) == labels).mean()), 4), "tests": len(labels),
            "parameters": sum(p.numel() for p in model.parameters())}


def bert(_, folder):
    """Which page of the documentation a sentence is from."""
    seed = 53
    learnt, _, _ = hub_text.dealt()
    found = hub_text.sentences(learnt, PAGES)
    tokenizer = hub_text.classifier_tokenizer(text for text, _ in found)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    encoded = tokenizer.encode_batch([text for text, _ in found])
    inputs = {"input_ids": np.array([e.ids for e in encoded], np.int64),
              "attention_mask": np.array([e.attention_mask for e in encoded], np.int64),
              "token_type_ids": np.array([e.type_ids for e in encoded], np.int64)}
    labels = np.array([page for _, page in found])
    train, test = train_test_split(np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=seed)
    torch.manual_seed(seed)
    model = transformers.BertForSequenceClassification(transformers.BertConfig(
        vocab_size=VOCABULARY, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
        max_position_embeddings=LENGTH, num_labels=len(PAGES), id2label=dict(enumerate(PAGES)),
        label2id={page: at for at, page in enumerate(PAGES)}))
    chosen = lambda rows: {name: values[rows] for name, values in inputs.items()}
    learn(model, chosen(train), labels[train], 20, 3e-3, seed)
    return write(model, folder, chosen(test), labels[test], chosen(train))


def digits():
    """Images of scikit-learn, 16 × 16 numbers from -1 to 1; the split of models/train.py."""
    data = load_digits()
    images = np.kron(data.images, np.ones((1, 2, 2)))[:, None].astype(np.float32) / 8 - 1
    return train_test_split(images, data.target, test_size=540, stratify=data.target, random_state=7)


def vit(_, folder):
    """Which digit an image shows, by patches of 4 × 4."""
    seed = 59
    train, tests, train_labels, test_labels = digits()
    torch.manual_seed(seed)
    model = transformers.ViTForImageClassification(transformers.ViTConfig(
        image_size=IMAGE, patch_size=4, num_channels=1, hidden_size=48, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=96, num_labels=10, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0))
    learn(model, {"pixel_values": train}, train_labels, 40, 3e-3, seed)
    return write(model, folder, {"pixel_values": tests}, test_labels, {"pixel_values": train})
