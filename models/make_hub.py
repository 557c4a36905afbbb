#!/usr/bin/env python3
"""Makes hub/: small models of true architectures, as Hugging Face's folders hold them.

    make_hub.py [NAME…] [--output DIR]

Each is trained for minutes on one core, from a fixed seed: on one machine the same bytes come out each time.
README.md says what is in a folder. Needs requirements-hub.txt.
"""

import argparse
import json
import os
import pathlib

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch  # After the number of threads.
import transformers

import hub_classifiers
import hub_diffusion
import hub_language
import hub_text

OUT = pathlib.Path(__file__).resolve().parent / "hub"
# The U-Net needs the VAE, so that one comes before it.
MAKERS = {name: hub_language.make for name in hub_language.MODELS} | {
    "bert": hub_classifiers.bert,
    "vit": hub_classifiers.vit,
    "vae": hub_diffusion.vae,
    "unet": hub_diffusion.unet,
}


def record(path, name, figures):
    """Puts what was measured of a model beside what is there of the others."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(known | {name: figures}, indent=2, sort_keys=True) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones, of {', '.join(MAKERS)}; default: all")
    parser.add_argument("--output", type=pathlib.Path, default=OUT, help="the folder to write to (default: hub/)")
    args = parser.parse_args()
    if unknown := set(args.names) - set(MAKERS):
        parser.error(f"no model {', '.join(sorted(unknown))}; there are {', '.join(MAKERS)}")
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    torch.use_deterministic_algorithms(True)
    hub_text.write_texts(args.output / "text")
    for name in args.names or MAKERS:
        folder = args.output / name
        folder.mkdir(parents=True, exist_ok=True)
        figures = MAKERS[name](name, folder)
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{name}: {figures}, {size} bytes", flush=True)
        record(args.output / "figures.json", name, figures)


if __name__ == "__main__":
    main()
