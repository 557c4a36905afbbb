//! ResnetBlock2D: two convolutions behind norms, with the time between them, beside a shortcut.

use super::image::{Image, Window};
use super::options::{ACTIVATION, Style};
use super::sampling::{halved_by_mean, resized};
use crate::hugging_face::error::FolderError;
use crate::hugging_face::writer::{T, Writer};

/// The embedding of the time, behind the activation function: `[1, width]`.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    pub(crate) tensor: T,
    pub(crate) width: usize,
}

/// What a block does to the size of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Kept,
    Halved,
    Doubled,
}

/// What one block has of its own.
pub(crate) struct Resnet<'t> {
    pub(crate) outputs: usize,
    pub(crate) time: Option<&'t Time>,
    /// What the sum at the end is divided by.
    pub(crate) divisor: f64,
    pub(crate) size: Size,
}

/// Writes one block.
pub(crate) fn resnet(
    w: &mut Writer<'_>,
    style: &Style<'_>,
    path: &str,
    x: &Image,
    block: &Resnet<'_>,
) -> Result<Image, FolderError> {
    let mut input = x.clone();
    let mut hidden = w.group_norm(&format!("{path}.norm1"), x, style.groups, style.epsilon)?;
    hidden = activated(w, style, &format!("{path}.nonlinearity"), &hidden)?;
    if block.size != Size::Kept {
        w.at(format!("{path}.resample"));
        input = resampled(w, &input, block.size)?;
        hidden = resampled(w, &hidden, block.size)?;
    }
    hidden = w.conv(&format!("{path}.conv1"), &hidden, block.outputs, Window::same(3))?;
    hidden = timed(w, style, path, &hidden, block)?;
    hidden = activated(w, style, &format!("{path}.nonlinearity"), &hidden)?;
    hidden = w.conv(&format!("{path}.conv2"), &hidden, block.outputs, Window::same(3))?;
    if input.channels != block.outputs {
        let shortcut = format!("{path}.conv_shortcut");
        input = w.conv(&shortcut, &input, block.outputs, Window::POINT)?;
    }
    w.at(path);
    let sum = w.add(&input.tensor, &hidden.tensor);
    let sum = w.scale(&sum, 1.0 / block.divisor)?;
    Ok(hidden.with(sum))
}

/// The second norm, with the time.
fn timed(
    w: &mut Writer<'_>,
    style: &Style<'_>,
    path: &str,
    hidden: &Image,
    block: &Resnet<'_>,
) -> Result<Image, FolderError> {
    let norm = format!("{path}.norm2");
    let Some(time) = block.time else {
        return w.group_norm(&norm, hidden, style.groups, style.epsilon);
    };
    let outputs = block.outputs;
    let projection = format!("{path}.time_emb_proj");
    // Every pixel has the same: one number for each channel.
    let spread = |w: &mut Writer<'_>, x: &T| -> Result<T, FolderError> {
        let axes = w.list(&[2, 3])?;
        Ok(w.node("Unsqueeze", &[x, &axes], &[]))
    };
    if !style.scale_shift {
        let shift = w.linear(&projection, &time.tensor, [time.width, outputs], true)?;
        let shift = spread(w, &shift)?;
        let sum = w.add(&hidden.tensor, &shift);
        return w.group_norm(&norm, &hidden.with(sum), style.groups, style.epsilon);
    }
    let dims = [time.width, 2 * outputs];
    let scale = w.linear_part(&projection, &time.tensor, dims, 0..outputs)?;
    let one = w.f32(1.0)?;
    let scale = w.add(&scale, &one);
    let scale = spread(w, &scale)?;
    let shift = w.linear_part(&projection, &time.tensor, dims, outputs..2 * outputs)?;
    let shift = spread(w, &shift)?;
    let normal = w.group_norm(&norm, hidden, style.groups, style.epsilon)?;
    let scaled = w.mul(&normal.tensor, &scale);
    Ok(normal.with(w.add(&scaled, &shift)))
}

fn activated(w: &mut Writer<'_>, style: &Style<'_>, path: &str, x: &Image) -> Result<Image, FolderError> {
    w.at(path);
    let y = w.activation(style.config, ACTIVATION, style.activation, &x.tensor)?;
    Ok(x.with(y))
}

fn resampled(w: &mut Writer<'_>, x: &Image, size: Size) -> Result<Image, FolderError> {
    match size {
        Size::Kept => Ok(x.clone()),
        Size::Halved => halved_by_mean(w, x),
        Size::Doubled => resized(w, x, [2 * x.height, 2 * x.width]),
    }
}
