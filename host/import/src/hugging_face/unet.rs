//! U-Nets that denoise: diffusers' `UNet2DConditionModel` and `UNet2DModel`.

mod blocks;
mod shape;

use super::asked::Asked;
use super::config::Config;
use super::diffusion::attention::Tokens;
use super::diffusion::image::{Image, Window};
use super::diffusion::options::ACTIVATION;
use super::diffusion::resnet::Time;
use super::diffusion::time::{Waves, waves};
use super::error::FolderError;
use super::sides::sides;
use super::writer::{Elem, T, Writer, elements};
use blocks::Blocks;
use shape::{Class, Shape};

/// The longest text that a sample is conditioned on, in tokens.
const MAX_SEQUENCE: usize = 1 << 13;
/// Time steps that a model was trained with, where nothing says otherwise.
const TIMESTEPS: usize = 1000;
const MAX_TIMESTEPS: usize = 1 << 16;

/// With text: `UNet2DConditionModel`.
pub(super) fn conditional(
    config: &Config<'_>,
    asked: &Asked<'_>,
    w: &mut Writer<'_>,
) -> Result<(), FolderError> {
    build(&Shape::conditional(config)?, asked, w)
}

/// Without: `UNet2DModel`.
pub(super) fn unconditional(
    config: &Config<'_>,
    asked: &Asked<'_>,
    w: &mut Writer<'_>,
) -> Result<(), FolderError> {
    build(&Shape::unconditional(config)?, asked, w)
}

fn build(shape: &Shape<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    asked.only_forward()?;
    let config = shape.style.config;
    let [height, width] = sides(config, "sample_size", 1, asked)?;
    let inputs = config.size_or("in_channels", shape.usual_channels)?;
    let dims = [1, inputs, height, width];
    elements("sample", &dims)?;
    let sample = w.input("sample", Elem::F32, &dims);
    let time = time(shape, asked, w)?;
    let text = text(shape, asked, w)?;
    let centred = match config.flag_or("center_input_sample", false)? {
        true => {
            w.at("center_input_sample");
            let doubled = w.scale(&sample, 2.0)?;
            let one = w.f32(-1.0)?;
            w.add(&doubled, &one)
        }
        false => sample,
    };
    let sample = Image {
        tensor: centred,
        channels: inputs,
        height,
        width,
    };
    let window = Window::same(odd(config, "conv_in_kernel")?);
    let sample = w.conv("conv_in", &sample, shape.channels[0], window)?;
    let mut blocks = Blocks {
        shape,
        time: &time,
        text: text.as_ref(),
        skipped: vec![sample.clone()],
    };
    let mut sample = blocks.down(w, sample)?;
    sample = blocks.middle(w, sample)?;
    sample = blocks.up(w, sample)?;
    let style = &shape.style;
    sample = w.group_norm("conv_norm_out", &sample, style.groups, style.epsilon)?;
    w.at("conv_act");
    let active = w.activation(config, ACTIVATION, shape.last_activation, &sample.tensor)?;
    let outputs = config.size_or("out_channels", shape.usual_channels)?;
    let window = Window::same(odd(config, "conv_out_kernel")?);
    let noise = w.conv("conv_out", &sample.with(active), outputs, window)?;
    w.output("out_sample", Elem::F32, &noise.dims(), &noise.tensor);
    Ok(())
}

/// The side of a window with a middle.
fn odd(config: &Config<'_>, key: &str) -> Result<usize, FolderError> {
    let side = config.size_or(key, 3)?;
    match side % 2 {
        1 => Ok(side),
        _ => Err(FolderError::config(
            key,
            format!("it is {side}; it has to be odd"),
        )),
    }
}

/// The embedding of the time step, and of the class if there is one, behind the activation function that every
/// residual block has before its own product.
fn time(shape: &Shape<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<Time, FolderError> {
    let config = shape.style.config;
    let step = w.input("timestep", Elem::I64, &[1]);
    let waves_width = shape.channels[0];
    let usual = config.size_or("num_train_timesteps", TIMESTEPS)?;
    let steps = asked.extent_if_any("timesteps", MAX_TIMESTEPS)?;
    let steps = steps.unwrap_or(usual.min(MAX_TIMESTEPS));
    let table = waves(
        steps,
        Waves {
            width: waves_width,
            flipped: config.flag_or("flip_sin_to_cos", true)?,
            shift: config.number_or("freq_shift", 0.0)?,
        },
    )?;
    w.at("time_proj");
    let table = w.constant("table", &[steps, waves_width], &table)?;
    let row = w.node("Gather", &[&table, &step], &[]);
    let width = shape.time_width;
    let mut embedded = w.linear("time_embedding.linear_1", &row, [waves_width, width], true)?;
    w.at("time_embedding.act");
    embedded = w.activation(config, ACTIVATION, shape.time_activation, &embedded)?;
    embedded = w.linear("time_embedding.linear_2", &embedded, [width, width], true)?;
    for key in ["timestep_post_act", "time_embedding_act_fn"] {
        // The class comes between the two.
        if key == "time_embedding_act_fn"
            && let Class::Embedding(classes) = shape.class
        {
            embedded = classified(w, &embedded, classes, width)?;
        }
        if let Some(name) = config.text_if_any(key)? {
            w.at(key);
            embedded = w.activation(config, key, name, &embedded)?;
        }
    }
    w.at("time_embedding");
    let tensor = w.activation(config, ACTIVATION, shape.style.activation, &embedded)?;
    Ok(Time { tensor, width })
}

fn classified(w: &mut Writer<'_>, embedded: &T, classes: usize, width: usize) -> Result<T, FolderError> {
    let label = w.input("class_labels", Elem::I64, &[1]);
    w.at("class_embedding");
    let table = w.weight("class_embedding.weight", &[classes, width])?;
    let row = w.node("Gather", &[&table, &label], &[]);
    Ok(w.add(embedded, &row))
}

/// What the sample is conditioned on, if any block reads it.
fn text(shape: &Shape<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<Option<Tokens>, FolderError> {
    let Some(text) = shape.text else {
        return Ok(None);
    };
    let count = asked.extent("sequence", MAX_SEQUENCE)?;
    let dims = [1, count, text.given];
    elements("encoder_hidden_states", &dims)?;
    let mut tensor = w.input("encoder_hidden_states", Elem::F32, &dims);
    if text.projected {
        tensor = w.linear("encoder_hid_proj", &tensor, [text.given, text.width], true)?;
    }
    Ok(Some(Tokens {
        tensor,
        count,
        width: text.width,
    }))
}
