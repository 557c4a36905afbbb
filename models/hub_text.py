"""Text of our own for the language models of hub/: what they learn, what calibrates and what tests them.

The text is docs/*.md as of one commit, so that a page that is rewritten tomorrow changes no model. Sections of
the pages are dealt out: one of eleven is kept for tests and one of eleven for calibration, and no weight, no
tokenizer and no range has seen a section of the tests.
"""

import pathlib
import subprocess

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMIT = "2afc2fdba99fea5646dda46b84a806e8873dff5d"
END = "<|endoftext|>"
VOCABULARY = 512
# Tokens of a sample in calibration.npz and expected.npz, and of a window that a model learns from.
LENGTH = 32
WINDOW = 128
EVERY = 11
KEPT_BYTES = 24_000


def pages():
    """Name and text of each page of the documentation, as of COMMIT."""
    def git(*arguments):
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.strip()}; the models learn from docs/ as of "
                             f"that commit, which has to be in this clone")
        return done.stdout

    names = git("ls-tree", "--name-only", COMMIT, "docs/").split()
    return [(pathlib.Path(name).stem, git("show", f"{COMMIT}:{name}")) for name in names if name.endswith(".md")]


def dealt():
    """The sections to learn from, with the name of their page; then the texts of calibration and of tests."""
    sections = [(page, f"## {part}" if at else part)
                for page, text in pages() for at, part in enumerate(text.split("\n## "))]
    learnt, calibration, tests = [], [], []
    for at, (page, section) in enumerate(sections):
        if at % EVERY == 4:
            tests.append(section)
        elif at % EVERY == 9:
            calibration.append(section)
        else:
            learnt.append((page, section))
    kept = ["\n\n".join(part.strip() for part in parts).encode()[:KEPT_BYTES].decode(errors="ignore") + "\n"
            for parts in (calibration, tests)]
    return learnt, *kept


def bpe(texts, special):
    """A byte-level BPE of VOCABULARY entries."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=special, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def causal_tokenizer(texts):
    """That of the language models: END begins a text and separates texts."""
    tokenizer = bpe(texts, [END])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def classifier_tokenizer(texts):
    """That of BERT: [CLS] text [SEP], padded and cut to LENGTH."""
    tokenizer = bpe(texts, ["[PAD]", "[CLS]", "[SEP]"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    tokenizer.enable_truncation(LENGTH)
    tokenizer.enable_padding(length=LENGTH, pad_id=0, pad_token="[PAD]")
    return tokenizer


def windows(tokenizer, text, count):
    """So many stretches of LENGTH tokens of a text, evenly over it: [count, LENGTH]."""
    ids = np.array(tokenizer.encode(text).ids, np.int64)
    starts = np.linspace(0, len(ids) - LENGTH, count).astype(int)
    return np.stack([ids[start:start + LENGTH] for start in starts])


def learn_language(model, ids, steps, rate, seed, after_step=None):
    """Trains a causal model on windows from anywhere in the text."""
    chance = np.random.default_rng(seed)
    ids = torch.tensor(ids)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.95), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=0.05)
    model.train()
    for step in range(steps):
        starts = chance.integers(0, len(ids) - WINDOW - 1, 16)
        batch = torch.stack([ids[start:start + WINDOW + 1] for start in starts])
        logits = model(batch[:, :-1], use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if after_step:
            after_step()
        if step % 200 == 0 or step == steps - 1:
            print(f"  step {step}: loss {loss.item():.3f}", flush=True)
    return model.eval()


def perplexity(model, tokenizer, text):
    """Of a text in windows of LENGTH tokens, each token from those before it in its window."""
    ids = np.array(tokenizer.encode(text).ids, np.int64)
    rows = torch.tensor(ids[:len(ids) // LENGTH * LENGTH].reshape(-1, LENGTH))
    with torch.no_grad():
        logits = model(rows).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), rows[:, 1:].flatten())
    return float(loss.exp())


def write_texts(folder):
    """The texts of calibration and of tests, beside the models."""
    _, calibration, tests = dealt()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "calibration.txt").write_text(calibration)
    (folder / "held_out.txt").write_text(tests)


def sentences(learnt, pages_wanted):
    """Sentences of some pages and which page each is from."""
    found = []
    for page, section in learnt:
        if page in pages_wanted:
            prose = [line for line in section.splitlines() if line and line[0].isalpha()]
            for sentence in " ".join(prose).replace(": ", ". ").split(". "):
                if 30 <= len(sentence) <= 200:
                    found.append((sentence, pages_wanted.index(page)))
    return found
