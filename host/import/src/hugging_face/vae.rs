//! The autoencoder of latent diffusion: diffusers' `AutoencoderKL`, its decoder or its encoder.

use super::asked::Asked;
use super::config::Config;
use super::diffusion::attention::{AttentionBlock, attention_block};
use super::diffusion::image::{Image, Window};
use super::diffusion::options::{ACTIVATION, Style, block_types, channels};
use super::diffusion::resnet::{Resnet, Size, resnet};
use super::diffusion::sampling::{enlarged, halved};
use super::error::FolderError;
use super::sides::sides;
use super::writer::{Elem, Writer, elements};

/// Epsilon of all norms, whatever the configuration says.
const EPSILON: f64 = 1e-6;
/// The activation function at the end, likewise.
const LAST_ACTIVATION: &str = "silu";

const DECODER: &str = "decoder";
const ENCODER: &str = "encoder";

/// An autoencoder.
struct Shape<'c> {
    style: Style<'c>,
    channels: Vec<usize>,
    layers: usize,
    latents: usize,
    attention: bool,
}

pub(super) fn build(config: &Config<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    asked.only_forward()?;
    // The factors say how callers scale latents, which is no part of either half.
    config.without_effect(&[
        "force_upcast",
        "latents_mean",
        "latents_std",
        "scaling_factor",
        "shift_factor",
    ]);
    let channels = channels(config)?;
    for (key, taken) in [
        ("down_block_types", "DownEncoderBlock2D"),
        ("up_block_types", "UpDecoderBlock2D"),
    ] {
        let types = block_types(config, key, channels.len())?;
        if types.iter().any(|name| *name != taken) {
            return Err(config.refused(key, &format!("blocks are {taken}")));
        }
    }
    let shape = Shape {
        style: Style {
            config,
            activation: config.text_or(ACTIVATION, "silu")?,
            groups: config.size_or("norm_num_groups", 32)?,
            epsilon: EPSILON,
            scale_shift: false,
        },
        channels,
        layers: config.size_or("layers_per_block", 1)?,
        latents: config.size_or("latent_channels", 4)?,
        attention: config.flag_or("mid_block_add_attention", true)?,
    };
    let half = asked.part(&[DECODER, ENCODER])?;
    // The other half's keys and tensors are known, and not needed.
    config.without_effect(&[
        "in_channels",
        "out_channels",
        "use_quant_conv",
        "use_post_quant_conv",
    ]);
    match half {
        ENCODER => {
            w.tensors().without_effect(&["decoder.", "post_quant_conv."]);
            encoder(&shape, asked, w)
        }
        _ => {
            w.tensors().without_effect(&["encoder.", "quant_conv."]);
            decoder(&shape, asked, w)
        }
    }
}

fn decoder(shape: &Shape<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    let config = shape.style.config;
    let halvings = shape.channels.len() as u32 - 1;
    let divisor = 1usize.checked_shl(halvings).unwrap_or(usize::MAX);
    let mut x = input(
        w,
        "latent",
        shape.latents,
        sides(config, "sample_size", divisor, asked)?,
    )?;
    if config.flag_or("use_post_quant_conv", true)? {
        x = w.conv("post_quant_conv", &x, shape.latents, Window::POINT)?;
    }
    let widest = shape.channels[shape.channels.len() - 1];
    x = w.conv("decoder.conv_in", &x, widest, Window::same(3))?;
    x = middle(shape, w, "decoder.mid_block", &x)?;
    for (at, outputs) in shape.channels.iter().rev().enumerate() {
        let path = format!("decoder.up_blocks.{at}");
        for layer in 0..=shape.layers {
            x = residual(shape, w, &format!("{path}.resnets.{layer}"), &x, *outputs)?;
        }
        if at + 1 < shape.channels.len() {
            let size = [2 * x.height, 2 * x.width];
            x = enlarged(w, &format!("{path}.upsamplers.0"), &x, size)?;
        }
    }
    x = last(shape, w, DECODER, &x)?;
    let outputs = config.size_or("out_channels", 3)?;
    let image = w.conv("decoder.conv_out", &x, outputs, Window::same(3))?;
    w.output("image", Elem::F32, &image.dims(), &image.tensor);
    Ok(())
}

fn encoder(shape: &Shape<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    let config = shape.style.config;
    let inputs = config.size_or("in_channels", 3)?;
    let mut x = input(w, "image", inputs, sides(config, "sample_size", 1, asked)?)?;
    x = w.conv("encoder.conv_in", &x, shape.channels[0], Window::same(3))?;
    for (at, outputs) in shape.channels.iter().enumerate() {
        let path = format!("encoder.down_blocks.{at}");
        for layer in 0..shape.layers {
            x = residual(shape, w, &format!("{path}.resnets.{layer}"), &x, *outputs)?;
        }
        if at + 1 < shape.channels.len() {
            x = halved(w, &format!("{path}.downsamplers.0"), &x, 0)?;
        }
    }
    x = middle(shape, w, "encoder.mid_block", &x)?;
    x = last(shape, w, ENCODER, &x)?;
    // Means come first, and the logarithms of variances behind them, which are not computed.
    let (means, all) = (0..shape.latents, 2 * shape.latents);
    let path = "encoder.conv_out";
    let latent = match config.flag_or("use_quant_conv", true)? {
        true => {
            let both = w.conv(path, &x, all, Window::same(3))?;
            w.conv_part("quant_conv", &both, all, Window::POINT, means)?
        }
        false => w.conv_part(path, &x, all, Window::same(3), means)?,
    };
    w.output("latent", Elem::F32, &latent.dims(), &latent.tensor);
    Ok(())
}

fn input(
    w: &mut Writer<'_>,
    name: &str,
    channels: usize,
    [height, width]: [usize; 2],
) -> Result<Image, FolderError> {
    let dims = [1, channels, height, width];
    elements(name, &dims)?;
    Ok(Image {
        tensor: w.input(name, Elem::F32, &dims),
        channels,
        height,
        width,
    })
}

fn residual(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    path: &str,
    x: &Image,
    outputs: usize,
) -> Result<Image, FolderError> {
    let block = Resnet {
        outputs,
        time: None,
        divisor: 1.0,
        size: Size::Kept,
    };
    resnet(w, &shape.style, path, x, &block)
}

/// Two residual blocks, and between them attention with one head.
fn middle(shape: &Shape<'_>, w: &mut Writer<'_>, path: &str, x: &Image) -> Result<Image, FolderError> {
    let channels = x.channels;
    let mut x = residual(shape, w, &format!("{path}.resnets.0"), x, channels)?;
    if shape.attention {
        let block = AttentionBlock {
            head: channels,
            groups: Some(shape.style.groups),
            epsilon: EPSILON,
            divisor: 1.0,
        };
        x = attention_block(w, &format!("{path}.attentions.0"), &x, block)?;
    }
    residual(shape, w, &format!("{path}.resnets.1"), &x, channels)
}

/// The norm and the activation function before the last convolution.
fn last(shape: &Shape<'_>, w: &mut Writer<'_>, half: &str, x: &Image) -> Result<Image, FolderError> {
    let normal = w.group_norm(&format!("{half}.conv_norm_out"), x, shape.style.groups, EPSILON)?;
    w.at(format!("{half}.conv_act"));
    let active = w.activation(shape.style.config, ACTIVATION, LAST_ACTIVATION, &normal.tensor)?;
    Ok(normal.with(active))
}
