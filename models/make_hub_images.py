#!/usr/bin/env python3
"""Writes what the tests of the image models in hub/ (vit, vae, unet) need beyond each model's own samples: floats of
transformers and diffusers at other sizes than the models were trained with, and a whole denoising loop.

    python3 models/make_hub_images.py

Needs torch, transformers, diffusers and scikit-learn, and the folders that make_hub.py writes. Same seed, same bytes
on one machine."""

import argparse
import json
import pathlib

import diffusers
import numpy as np
import torch
import transformers

from hub_classifiers import IMAGE, digits

OUT = pathlib.Path(__file__).resolve().parent / "hub"
# Samples of calibration, and of what integers are held against.
CALIBRATION, EXPECTED = 16, 3
# Height and width: of images, and of latents. Neither is a square, and a U-Net cannot halve odd ones evenly.
IMAGES, LATENTS = (24, 20), (9, 7)
# Steps of the loop, of the thousand that the model was trained with.
STEPS = 20
DIGITS = 10
# How much further from no digit than to the digit itself (classifier-free guidance).
GUIDANCE = 2.0


def save(folder, name, inputs, outputs):
    arrays = {f"input_{key}": value for key, value in inputs.items()}
    np.savez_compressed(folder / name, **arrays, **{f"output_{key}": value for key, value in outputs.items()})


def wider(images, size):
    """Images in the middle of larger ones of their background."""
    height, width = size
    canvas = np.full((len(images), 1, height, width), -1, np.float32)
    top, left = (height - IMAGE) // 2, (width - IMAGE) // 2
    canvas[:, :, top : top + IMAGE, left : left + IMAGE] = images
    return canvas


def vit(folder, train, tests):
    model = transformers.ViTForImageClassification.from_pretrained(folder, torch_dtype=torch.float32).eval()
    pixels = wider(tests[:EXPECTED], IMAGES)
    logits = model(torch.tensor(pixels), interpolate_pos_encoding=True).logits
    save(folder, "calibration_sizes.npz", {"pixel_values": wider(train[:CALIBRATION], IMAGES)}, {})
    save(folder, "expected_sizes.npz", {"pixel_values": pixels}, {"logits": logits.numpy()})


def vae(folder):
    model = diffusers.AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32).eval()
    latents = torch.randn(CALIBRATION + EXPECTED, 4, *LATENTS) / model.config.scaling_factor
    images = model.decode(latents[CALIBRATION:]).sample
    save(folder, "calibration_sizes.npz", {"latent": latents[:CALIBRATION].numpy()}, {})
    save(folder, "expected_sizes.npz", {"latent": latents[CALIBRATION:].numpy()}, {"image": images.numpy()})


def unet(folder, conditions):
    model = diffusers.UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32).eval()
    count = CALIBRATION + EXPECTED
    sample, at = torch.randn(count, 4, *LATENTS), torch.randint(0, 1_000, (count,))
    text = conditions[torch.arange(count) % DIGITS]
    noise = model(sample[CALIBRATION:], at[CALIBRATION:], text[CALIBRATION:]).sample
    given = {"sample": sample.numpy(), "timestep": at[:, None].numpy(), "encoder_hidden_states": text.numpy()}
    save(folder, "calibration_sizes.npz", {key: value[:CALIBRATION] for key, value in given.items()}, {})
    save(folder, "expected_sizes.npz", {key: value[CALIBRATION:] for key, value in given.items()},
         {"out_sample": noise.numpy()})
    return model


def denoising(folder, model, coder, conditions):
    """One image of each digit from noise: DDIM without noise of its own, with guidance."""
    scheduler = diffusers.DDIMScheduler.from_pretrained(folder)
    scheduler.set_timesteps(STEPS)
    latents = noise = torch.randn(DIGITS, 4, IMAGE // 2, IMAGE // 2)
    none = conditions[DIGITS:].expand(DIGITS, -1, -1)
    for step in scheduler.timesteps:
        at = step.expand(DIGITS)
        without = model(latents, at, none).sample
        found = without + GUIDANCE * (model(latents, at, conditions[:DIGITS]).sample - without)
        latents = scheduler.step(found, step, latents, eta=0.0).prev_sample
    images = coder.decode(latents / coder.config.scaling_factor).sample
    # What one step multiplies: x becomes A · x + B · noise, with the scheduler's own products of alphas.
    stride = scheduler.config.num_train_timesteps // STEPS
    products = scheduler.alphas_cumprod.double()
    factors = []
    for step in scheduler.timesteps:
        now = products[step]
        then = products[step - stride] if step >= stride else scheduler.final_alpha_cumprod.double()
        ratio = (then / now).sqrt()
        factors.append([ratio.item(), ((1 - then).sqrt() - ratio * (1 - now).sqrt()).item()])
    np.savez_compressed(
        folder / "denoising.npz", input_noise=noise.numpy(), input_conditions=conditions.numpy(),
        input_timesteps=scheduler.timesteps.numpy(), input_factors=np.array(factors, np.float32),
        output_latents=latents.numpy(), output_images=images.numpy())
    return images


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=OUT, help="the folder with the models (default: hub/)")
    out = parser.parse_args().output
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(71)
    train, tests, _, _ = digits()
    with torch.no_grad():
        vit(out / "vit", train, tests)
        vae(out / "vae")
        conditions = torch.tensor(np.load(out / "unet" / "conditions.npy"))
        model = unet(out / "unet", conditions)
        coder = diffusers.AutoencoderKL.from_pretrained(out / "vae", torch_dtype=torch.float32).eval()
        images = denoising(out / "unet", model, coder, conditions)
        judge = transformers.ViTForImageClassification.from_pretrained(out / "vit", torch_dtype=torch.float32).eval()
        seen = judge(images).logits.argmax(-1).tolist()
    print(json.dumps({"denoised, as the classifier sees them": seen}))


if __name__ == "__main__":
    main()
