"""VAE and U-Net of hub/: a Stable Diffusion of digits. The U-Net works on the latents of the VAE."""


import diffusers
import numpy as np
import torch

from hub_classifiers import IMAGE, digits

EXPECTED_SAMPLES = 6
CALIBRATION_SAMPLES = 32
LATENT = IMAGE // 2
# The digits, and the eleventh for none of them (guidance).
CONDITIONS = 11
TOKENS, WIDTH = 2, 32


def save(model, folder):
    """Weights as bf16, and what a reader of the file has: the floats below are that reader's."""
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "diffusion_pytorch_model.safetensors").chmod(0o644)
    return type(model).from_pretrained(folder, torch_dtype=torch.float32).eval()


def vae(_, folder):
    """Images of 16 × 16 to latents of 4 × 8 × 8, and back."""
    seed = 61
    train, tests, _, _ = digits()
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    model = diffusers.AutoencoderKL(
        in_channels=1, out_channels=1, down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, block_out_channels=(16, 24), layers_per_block=1, latent_channels=4,
        norm_num_groups=4, sample_size=IMAGE)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    steps = 1_200
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, steps)
    for step in range(steps):
        batch = torch.tensor(train[chance.integers(0, len(train), 32)])
        latents = model.encode(batch).latent_dist
        image = model.decode(latents.sample()).sample
        loss = torch.nn.functional.mse_loss(image, batch) + 1e-4 * latents.kl().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 200 == 0:
            print(f"  step {step}: loss {loss.item():.4f}", flush=True)
    with torch.no_grad():
        spread = model.eval().encode(torch.tensor(train)).latent_dist.mean.std().item()
    model.register_to_config(scaling_factor=round(1 / spread, 4))
    model = save(model, folder)
    encode = lambda images: model.encode(torch.tensor(images)).latent_dist.mean
    with torch.no_grad():
        latents = encode(tests)
        images = model.decode(latents).sample
        known = encode(train[:CALIBRATION_SAMPLES])
    n = EXPECTED_SAMPLES
    # The decoder is what a folder of a VAE is taken as; the encoder is the other choice.
    np.savez_compressed(folder / "expected.npz", input_latent=latents[:n].numpy(), output_image=images[:n].numpy())
    np.savez_compressed(folder / "calibration.npz", input_latent=known.numpy())
    np.savez_compressed(folder / "expected_encoder.npz", input_image=tests[:n], output_latent=latents[:n].numpy())
    np.savez_compressed(folder / "calibration_encoder.npz", input_image=train[:CALIBRATION_SAMPLES])
    return {"mean_square_error": round(float(((images.numpy() - tests) ** 2).mean()), 5),
            "parameters": sum(p.numel() for p in model.parameters())}


def unet(_, folder):
    """The noise in a latent, given which digit it is to become."""
    seed = 67
    train, tests, train_labels, test_labels = digits()
    coder = diffusers.AutoencoderKL.from_pretrained(folder.parent / "vae", torch_dtype=torch.float32).eval()
    with torch.no_grad():
        encode = lambda images: coder.encode(torch.tensor(images)).latent_dist.mean * coder.config.scaling_factor
        known, unknown = encode(train), encode(tests)
    torch.manual_seed(seed)
    model = diffusers.UNet2DConditionModel(
        sample_size=LATENT, in_channels=4, out_channels=4, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), block_out_channels=(16, 24), layers_per_block=1,
        cross_attention_dim=WIDTH, attention_head_dim=4, norm_num_groups=4)
    conditions = torch.nn.Parameter(torch.randn(CONDITIONS, TOKENS, WIDTH))
    scheduler = diffusers.DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
                                        clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    optimiser = torch.optim.AdamW([*model.parameters(), conditions], lr=3e-3)
    steps = 4_000
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, steps, pct_start=0.05)
    labels = torch.tensor(train_labels)
    total = 0.0
    for step in range(steps):
        rows = torch.randint(0, len(known), (32,))
        noise, at = torch.randn(32, *known.shape[1:]), torch.randint(0, 1_000, (32,))
        wanted = torch.where(torch.rand(32) < 0.1, CONDITIONS - 1, labels[rows])
        noise_found = model(scheduler.add_noise(known[rows], noise, at), at, conditions[wanted]).sample
        loss = torch.nn.functional.mse_loss(noise_found, noise)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        total += loss.item()
        if step % 500 == 499:
            print(f"  step {step}: loss {total / 500:.4f}", flush=True)
            total = 0.0
    model = save(model, folder)
    conditions = conditions.detach()
    np.save(folder / "conditions.npy", conditions.numpy())
    scheduler.save_config(folder)

    def noised(latents, labels, count):
        """Latents of a count of images, at times from 0 to 999 evenly."""
        at = torch.linspace(0, 999, count).long()
        noise = torch.randn(count, *latents.shape[1:])
        return {"sample": scheduler.add_noise(latents[:count], noise, at).numpy(), "timestep": at[:, None].numpy(),
                "encoder_hidden_states": conditions[torch.tensor(labels[:count])].numpy()}, noise

    inputs, noise = noised(unknown, test_labels, EXPECTED_SAMPLES)
    with torch.no_grad():
        outputs = model(torch.tensor(inputs["sample"]), torch.tensor(inputs["timestep"][:, 0]),
                        torch.tensor(inputs["encoder_hidden_states"])).sample
    np.savez_compressed(folder / "expected.npz", **{f"input_{name}": values for name, values in inputs.items()},
                        output_out_sample=outputs.numpy())
    inputs, _ = noised(known, train_labels, CALIBRATION_SAMPLES)
    np.savez_compressed(folder / "calibration.npz", **{f"input_{name}": values for name, values in inputs.items()})
    return {"mean_square_error": round(float(((outputs - noise) ** 2).mean()), 4),
            "parameters": sum(p.numel() for p in model.parameters())}
