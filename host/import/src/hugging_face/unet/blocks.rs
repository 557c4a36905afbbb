//! The way down, the middle and the way up.

use super::shape::{Kind, Level, Middle, Shape};
use crate::hugging_face::diffusion::attention::{
    AttentionBlock, Tokens, Transformer, attention_block, transformer,
};
use crate::hugging_face::diffusion::image::Image;
use crate::hugging_face::diffusion::resnet::{Resnet, Size, Time, resnet};
use crate::hugging_face::diffusion::sampling::{enlarged, halved};
use crate::hugging_face::error::FolderError;
use crate::hugging_face::writer::Writer;

/// A U-Net that is being written.
pub(super) struct Blocks<'s> {
    pub(super) shape: &'s Shape<'s>,
    pub(super) time: &'s Time,
    pub(super) text: Option<&'s Tokens>,
    /// Images of the way down that the way up reads, the last first.
    pub(super) skipped: Vec<Image>,
}

/// What is behind a residual block.
#[derive(Clone, Copy)]
struct Behind<'l> {
    kind: Kind,
    level: &'l Level,
    /// The width of heads of an attention block.
    head: usize,
    groups: Option<usize>,
    divisor: f64,
    only_cross: bool,
}

impl Blocks<'_> {
    pub(super) fn down(&mut self, w: &mut Writer<'_>, mut x: Image) -> Result<Image, FolderError> {
        let shape = self.shape;
        for (at, level) in shape.levels.iter().enumerate() {
            let path = format!("down_blocks.{at}");
            let behind = Behind {
                kind: level.down,
                level,
                head: level.head,
                groups: Some(shape.style.groups),
                divisor: 1.0,
                only_cross: level.only_cross,
            };
            for layer in 0..level.layers {
                x = self.residual(w, &format!("{path}.resnets.{layer}"), &x, level.channels, 1.0)?;
                x = self.behind(w, &format!("{path}.attentions.{layer}"), &x, behind)?;
                self.skipped.push(x.clone());
            }
            if at + 1 < shape.levels.len() {
                let path = format!("{path}.downsamplers.0");
                x = match level.down == Kind::Attention && shape.resnet_resampling[0] {
                    true => self.resampled(w, &path, &x, Size::Halved)?,
                    false => halved(w, &path, &x, shape.padding)?,
                };
                self.skipped.push(x.clone());
            }
        }
        Ok(x)
    }

    pub(super) fn middle(&self, w: &mut Writer<'_>, x: Image) -> Result<Image, FolderError> {
        let shape = self.shape;
        let (divisor, channels) = (shape.middle_divisor, x.channels);
        if matches!(shape.middle, Middle::None) {
            return Ok(x);
        }
        let mut x = self.residual(w, "mid_block.resnets.0", &x, channels, divisor)?;
        if let (Middle::Two(kind), Some(level)) = (shape.middle, shape.levels.last()) {
            let behind = Behind {
                kind,
                level,
                head: level.head,
                groups: shape.middle_groups,
                divisor,
                // Here the pixels attend to each other whatever other blocks do.
                only_cross: false,
            };
            x = self.behind(w, "mid_block.attentions.0", &x, behind)?;
        }
        match shape.middle {
            Middle::One | Middle::None => Ok(x),
            Middle::Two(_) => self.residual(w, "mid_block.resnets.1", &x, channels, divisor),
        }
    }

    pub(super) fn up(&mut self, w: &mut Writer<'_>, mut x: Image) -> Result<Image, FolderError> {
        let shape = self.shape;
        for (at, level) in shape.levels.iter().rev().enumerate() {
            let path = format!("up_blocks.{at}");
            let behind = Behind {
                kind: level.up,
                level,
                head: level.head_up,
                groups: Some(shape.style.groups),
                divisor: 1.0,
                only_cross: level.only_cross,
            };
            for layer in 0..=level.layers {
                w.at(format!("{path}.skip"));
                x = self.with_skipped(w, &x)?;
                x = self.residual(w, &format!("{path}.resnets.{layer}"), &x, level.channels, 1.0)?;
                x = self.behind(w, &format!("{path}.attentions.{layer}"), &x, behind)?;
            }
            if at + 1 < shape.levels.len() {
                x = self.enlarged(w, &format!("{path}.upsamplers.0"), &x, level)?;
            }
        }
        Ok(x)
    }

    fn residual(
        &self,
        w: &mut Writer<'_>,
        path: &str,
        x: &Image,
        outputs: usize,
        divisor: f64,
    ) -> Result<Image, FolderError> {
        let block = Resnet {
            outputs,
            time: Some(self.time),
            divisor,
            size: Size::Kept,
        };
        resnet(w, &self.shape.style, path, x, &block)
    }

    /// A residual block that changes the size.
    fn resampled(&self, w: &mut Writer<'_>, path: &str, x: &Image, size: Size) -> Result<Image, FolderError> {
        let block = Resnet {
            outputs: x.channels,
            time: Some(self.time),
            divisor: 1.0,
            size,
        };
        resnet(w, &self.shape.style, path, x, &block)
    }

    fn behind(
        &self,
        w: &mut Writer<'_>,
        path: &str,
        x: &Image,
        behind: Behind<'_>,
    ) -> Result<Image, FolderError> {
        let style = &self.shape.style;
        match (behind.kind, self.text) {
            (Kind::Attention, _) => {
                let block = AttentionBlock {
                    head: behind.head,
                    groups: behind.groups,
                    epsilon: style.epsilon,
                    divisor: behind.divisor,
                };
                attention_block(w, path, x, block)
            }
            (Kind::Transformer, Some(context)) => {
                let model = Transformer {
                    layers: behind.level.transformer_layers,
                    heads: behind.level.heads,
                    groups: style.groups,
                    linear: self.shape.linear,
                    context,
                    only_cross: behind.only_cross,
                };
                transformer(w, path, x, model)
            }
            // A model without text has no transformers.
            (Kind::Plain, _) | (Kind::Transformer, None) => Ok(x.clone()),
        }
    }

    /// With the channels of the image of the way down that is next.
    fn with_skipped(&mut self, w: &mut Writer<'_>, x: &Image) -> Result<Image, FolderError> {
        let Some(skipped) = self.skipped.pop() else {
            let why = "the way up has more residual blocks than the way down has images for";
            return Err(FolderError::config("layers_per_block", why));
        };
        if (skipped.height, skipped.width) != (x.height, x.width) {
            let multiple = 1u64.checked_shl(self.shape.levels.len() as u32 - 1).unwrap_or(0);
            return Err(FolderError::Choice(format!(
                "height and width have to be multiples of {multiple}: this model halves them {} times, and cannot \
                 double them back to what they were",
                self.shape.levels.len() - 1
            )));
        }
        Ok(Image {
            tensor: w.concat(&[&x.tensor, &skipped.tensor], 1),
            channels: x.channels + skipped.channels,
            ..x.clone()
        })
    }

    fn enlarged(
        &self,
        w: &mut Writer<'_>,
        path: &str,
        x: &Image,
        level: &Level,
    ) -> Result<Image, FolderError> {
        let attention = level.up == Kind::Attention;
        if attention && self.shape.resnet_resampling[1] {
            return self.resampled(w, path, x, Size::Doubled);
        }
        let mut size = [2 * x.height, 2 * x.width];
        if let Some(next) = self.skipped.last()
            && self.shape.odd_sizes
            && !attention
        {
            size = [next.height, next.width];
        }
        enlarged(w, path, x, size)
    }
}
