//! Tensors that are images, and steps that go over their pixels.

use crate::hugging_face::error::FolderError;
use crate::hugging_face::writer::{Attr, T, Writer, elements};
use std::ops::Range;

/// A tensor `[1, channels, height, width]`.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) tensor: T,
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl Image {
    pub(crate) fn dims(&self) -> [usize; 4] {
        [1, self.channels, self.height, self.width]
    }

    pub(crate) fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Another tensor of the same shape.
    pub(crate) fn with(&self, tensor: T) -> Self {
        Self {
            tensor,
            ..self.clone()
        }
    }
}

/// The square window of a convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) side: usize,
    pub(crate) stride: usize,
    /// Rows and columns of zeros before the image, and behind it.
    pub(crate) padding: [usize; 2],
}

impl Window {
    /// A window of one pixel.
    pub(crate) const POINT: Self = Self::same(1);

    /// A window of an odd side whose result has the size of the image.
    pub(crate) const fn same(side: usize) -> Self {
        let padding = (side - 1) / 2;
        Self {
            side,
            stride: 1,
            padding: [padding; 2],
        }
    }

    fn extent(self, path: &str, extent: usize) -> Result<usize, FolderError> {
        let padded = extent + self.padding[0] + self.padding[1];
        let steps = padded.checked_sub(self.side).map(|rest| rest / self.stride);
        steps.map(|steps| steps + 1).ok_or_else(|| {
            FolderError::Choice(format!(
                "the image is too small: at {path} it has a side of {extent}, less than a window of {}; choose a greater \
                 height or width",
                self.side
            ))
        })
    }
}

impl Writer<'_> {
    /// A Conv2d of torch with a bias.
    pub(crate) fn conv(
        &mut self,
        path: &str,
        x: &Image,
        outputs: usize,
        window: Window,
    ) -> Result<Image, FolderError> {
        self.at(path);
        let weight = self.weight(
            &format!("{path}.weight"),
            &[outputs, x.channels, window.side, window.side],
        )?;
        let bias = self.weight(&format!("{path}.bias"), &[outputs])?;
        self.convolved(path, x, outputs, window, [&weight, &bias])
    }

    /// The same with some of the outputs alone.
    pub(crate) fn conv_part(
        &mut self,
        path: &str,
        x: &Image,
        outputs: usize,
        window: Window,
        part: Range<usize>,
    ) -> Result<Image, FolderError> {
        self.at(path);
        let dims = [x.channels, window.side, window.side];
        let weight = self.rows(&format!("{path}.weight"), outputs, &dims, part.clone())?;
        let bias = self.rows(&format!("{path}.bias"), outputs, &[], part.clone())?;
        let mut part_dims = vec![part.len()];
        part_dims.extend(dims);
        let weight = self.constant("weight.part", &part_dims, &weight)?;
        let bias = self.constant("bias.part", &[part.len()], &bias)?;
        self.convolved(path, x, part.len(), window, [&weight, &bias])
    }

    fn convolved(
        &mut self,
        path: &str,
        x: &Image,
        outputs: usize,
        window: Window,
        [weight, bias]: [&T; 2],
    ) -> Result<Image, FolderError> {
        let height = window.extent(path, x.height)?;
        let width = window.extent(path, x.width)?;
        elements(path, &[1, outputs, height, width])?;
        let [before, behind] = window.padding.map(|n| n as i64);
        let side = window.side as i64;
        let attributes = [
            Attr::Ints("kernel_shape", &[side, side]),
            Attr::Ints("strides", &[window.stride as i64; 2]),
            Attr::Ints("pads", &[before, before, behind, behind]),
        ];
        let tensor = self.node("Conv", &[&x.tensor, weight, bias], &attributes);
        Ok(Image {
            tensor,
            channels: outputs,
            height,
            width,
        })
    }

    /// GroupNorm of torch.
    pub(crate) fn group_norm(
        &mut self,
        path: &str,
        x: &Image,
        groups: usize,
        epsilon: f64,
    ) -> Result<Image, FolderError> {
        if !x.channels.is_multiple_of(groups) {
            return Err(FolderError::config(
                "norm_num_groups",
                format!(
                    "it is {groups}, and at {path} there are {} channels, no multiple of that",
                    x.channels
                ),
            ));
        }
        self.at(path);
        let gain = self.weight(&format!("{path}.weight"), &[x.channels])?;
        let offset = self.weight(&format!("{path}.bias"), &[x.channels])?;
        let attributes = [
            Attr::Int("num_groups", groups as i64),
            Attr::Float("epsilon", epsilon as f32),
        ];
        Ok(x.with(self.node("GroupNormalization", &[&x.tensor, &gain, &offset], &attributes)))
    }

    /// Some of the outputs of a Linear of torch, which is `[outputs, inputs]` as a whole: less work than all of them
    /// and a Slice.
    pub(crate) fn linear_part(
        &mut self,
        path: &str,
        x: &T,
        [inputs, outputs]: [usize; 2],
        part: Range<usize>,
    ) -> Result<T, FolderError> {
        self.at(path);
        let rows = self.rows(&format!("{path}.weight"), outputs, &[inputs], part.clone())?;
        let bias = self.rows(&format!("{path}.bias"), outputs, &[], part.clone())?;
        let count = part.len();
        let mut turned = Vec::with_capacity(rows.len());
        for input in 0..inputs {
            turned.extend((0..count).map(|row| rows[row * inputs + input]));
        }
        let weight = self.constant("weight.part", &[inputs, count], &turned)?;
        let bias = self.constant("bias.part", &[count], &bias)?;
        let y = self.matmul(x, &weight);
        Ok(self.add(&y, &bias))
    }

    /// A part of the first dimension, which has the extent `all`, of a tensor of the folder.
    fn rows(
        &self,
        name: &str,
        all: usize,
        inner: &[usize],
        part: Range<usize>,
    ) -> Result<Vec<f32>, FolderError> {
        let mut dims = vec![all];
        dims.extend(inner);
        let numbers = self.tensors().read(name, &dims)?;
        let row: usize = inner.iter().product();
        Ok(numbers[part.start * row..part.end * row].to_vec())
    }
}
