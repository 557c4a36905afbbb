"""What folders of image models become, as ONNX in ONNX Runtime, against the floats of transformers and diffusers: with
every kind of configuration that docs/hugging-face-images.md says is taken. Slow lane: torch is large."""

import subprocess

import numpy
import pytest

import metisvm_models

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
diffusers = pytest.importorskip("diffusers")
ort = pytest.importorskip("onnxruntime")

from diffusers import AutoencoderKL, UNet2DConditionModel, UNet2DModel
from safetensors.torch import load_file, save_file
from transformers import ViTConfig, ViTForImageClassification, ViTModel

SAMPLES = 4
# Of the greatest number: what f32 loses by the order of its sums is a tenth of it.
NEAR = 1e-5


def shaken(model, seed):
    """Fresh modules have gains of one and biases of zero, which would hide that two of them are exchanged."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def vit(**changes):
    return ViTConfig(**({"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
                         "image_size": 16, "patch_size": 4, "num_channels": 3, "num_labels": 5} | changes))


def pixels(channels, height, width):
    return lambda: {"pixel_values": torch.randn(1, channels, height, width)}


def with_pooler(model, pixel_values):
    outputs = model(pixel_values)
    return {"last_hidden_state": outputs.last_hidden_state, "pooler_output": outputs.pooler_output}


def vits():
    classifier = lambda model, pixel_values, **how: {"logits": model(pixel_values, **how).logits}
    yield "vit: classifier", ViTForImageClassification(vit()), classifier, pixels(3, 16, 16), {}
    yield ("vit: classifier on a larger image", ViTForImageClassification(vit()),
           lambda model, pixel_values: classifier(model, pixel_values, interpolate_pos_encoding=True),
           pixels(3, 20, 24), {"height": 20, "width": 24})
    yield ("vit: model with a pooler, no square, no biases of queries", ViTModel(vit(
        hidden_size=24, num_hidden_layers=3, num_attention_heads=3, image_size=[12, 20], num_channels=1,
        hidden_act="gelu_new", qkv_bias=False, pooler_output_size=10, layer_norm_eps=1e-5)),
        with_pooler, pixels(1, 12, 20), {})


def noisy(channels, height, width, text=None, classes=None):
    def sample():
        given = {"sample": torch.randn(1, channels, height, width), "timestep": torch.randint(0, 1_000, (1,))}
        if text:
            given["encoder_hidden_states"] = torch.randn(1, *text)
        if classes:
            given["class_labels"] = torch.randint(0, classes, (1,))
        return given

    return sample


def unets():
    run = lambda model, **given: {"out_sample": model(**given).sample}
    cross = lambda **changes: UNet2DConditionModel(**({
        "sample_size": 8, "block_out_channels": (16, 32), "layers_per_block": 1, "cross_attention_dim": 12,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"), "attention_head_dim": 4, "norm_num_groups": 8} | changes))
    yield "unet: Stable Diffusion 1", cross(), run, noisy(4, 8, 8, text=(5, 12)), {"sequence": 5}
    yield ("unet: Stable Diffusion 2, odd sizes", cross(
        block_out_channels=(16, 32, 32), layers_per_block=[2, 1, 1], attention_head_dim=[2, 4, 4], norm_num_groups=4,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"), use_linear_projection=True,
        upcast_attention=True, flip_sin_to_cos=False, freq_shift=1, transformer_layers_per_block=[1, 2, 1],
        norm_eps=1e-6, mid_block_scale_factor=1.5, act_fn="mish", center_input_sample=True,
        resnet_time_scale_shift="scale_shift"),
        run, noisy(4, 9, 14, text=(6, 12)), {"sequence": 6, "height": 9, "width": 14})
    yield ("unet: attention to the text alone, classes, a projected text", cross(
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=[1, 2], only_cross_attention=True, mid_block_only_cross_attention=False,
        encoder_hid_dim=10, encoder_hid_dim_type="text_proj", num_class_embeds=3, timestep_post_act="silu",
        time_embedding_act_fn="gelu", downsample_padding=0, use_linear_projection=True),
        run, noisy(4, 8, 8, text=(5, 10), classes=3), {"sequence": 5})
    yield ("unet: blocks of attention, no middle", cross(
        down_block_types=("AttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "AttnUpBlock2D"),
        attention_head_dim=[8, 4], mid_block_type=None, conv_in_kernel=5, conv_out_kernel=1, time_embedding_dim=24),
        lambda model, **given: run(model, encoder_hidden_states=torch.zeros(1, 1, 12), **given), noisy(4, 8, 8), {})
    plain = lambda **changes: UNet2DModel(**({
        "sample_size": 8, "block_out_channels": (16, 32), "layers_per_block": 1, "norm_num_groups": 8,
        "down_block_types": ("DownBlock2D", "AttnDownBlock2D"), "up_block_types": ("AttnUpBlock2D", "UpBlock2D")}
        | changes))
    yield "unet: without text", plain(), run, noisy(3, 8, 8), {}
    yield ("unet: without text, residual blocks that halve and double", plain(
        in_channels=1, out_channels=1, layers_per_block=2, norm_num_groups=4, attention_head_dim=None,
        down_block_types=("AttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "AttnUpBlock2D"),
        downsample_type="resnet", upsample_type="resnet", downsample_padding=0, resnet_time_scale_shift="scale_shift",
        add_attention=False, num_class_embeds=3), run, noisy(1, 8, 8, classes=3), {})
    yield ("unet: without text, attention in the middle without a norm", plain(resnet_time_scale_shift="scale_shift"),
           run, noisy(3, 8, 8), {})


def vaes():
    coder = lambda **changes: AutoencoderKL(**({
        "block_out_channels": (8, 16, 16), "layers_per_block": 1, "down_block_types": ("DownEncoderBlock2D",) * 3,
        "up_block_types": ("UpDecoderBlock2D",) * 3, "latent_channels": 4, "norm_num_groups": 4, "sample_size": 32}
        | changes))
    small = dict(use_quant_conv=False, use_post_quant_conv=False, mid_block_add_attention=False, latent_channels=6,
                 act_fn="relu", layers_per_block=2, in_channels=1, out_channels=1, block_out_channels=(8, 12),
                 down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2)
    decode = lambda model, latent: {"image": model.decode(latent).sample}
    encode = lambda model, image: {"latent": model.encode(image).latent_dist.mean}
    tensor = lambda name, *shape: lambda: {name: torch.randn(1, *shape)}
    yield "vae: decoder", coder(), decode, tensor("latent", 4, 8, 8), {}
    yield "vae: encoder", coder(), encode, tensor("image", 3, 32, 32), {"part": "encoder"}
    yield ("vae: decoder without attention and convolution of latents", coder(**small), decode,
           tensor("latent", 6, 7, 10), {"height": 7, "width": 10})
    yield ("vae: encoder without", coder(**small), encode, tensor("image", 1, 14, 20),
           {"part": "encoder", "height": 14, "width": 20})
    yield "vae: decoder, old names", coder(), decode, tensor("latent", 4, 8, 8), {"old names": True}


def renamed(folder):
    """Attention as diffusers named it before 0.13."""
    path = folder / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    for new, old in (("to_q.", "query."), ("to_k.", "key."), ("to_v.", "value."), ("to_out.0.", "proj_attn.")):
        tensors = {name.replace(new, old): tensor for name, tensor in tensors.items()}
    save_file(tensors, path)


def session(folder, choices):
    """The folder's model in ONNX Runtime. Tensors of the half of an autoencoder that is not asked for are no warning."""
    file = folder / "model.onnx"
    command = [metisvm_models.find(), "model", "import", str(folder), "--onnx", str(file)]
    for name, choice in choices.items():
        command += ["--part", choice] if name == "part" else ["--dim", f"{name}={choice}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    return ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("kinds", [vits, unets, vaes], ids=["vit", "unet", "vae"])
def test_of_each_kind(kinds, tmp_path):
    torch.manual_seed(73)
    for at, (name, model, run, sample, choices) in enumerate(kinds()):
        folder = tmp_path / str(at)
        shaken(model, at).save_pretrained(folder)
        choices = dict(choices)
        if choices.pop("old names", False):
            renamed(folder)
        written = session(folder, choices)
        names = [port.name for port in written.get_outputs()]
        for _ in range(SAMPLES):
            given = sample()
            with torch.no_grad():
                wanted = {name: output.numpy() for name, output in run(model, **given).items()}
            assert sorted(names) == sorted(wanted), name
            got = written.run(names, {name: array.numpy() for name, array in given.items()})
            for port, output in zip(names, got):
                assert output.shape == wanted[port].shape, (name, port)
                difference = numpy.abs(output - wanted[port]).max() / numpy.abs(wanted[port]).max()
                assert difference < NEAR, (name, port, difference)
