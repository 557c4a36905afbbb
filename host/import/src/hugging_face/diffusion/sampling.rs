//! Downsample2D and Upsample2D.

use super::image::{Image, Window};
use crate::hugging_face::error::FolderError;
use crate::hugging_face::writer::{Attr, T, Writer, elements};

/// A convolution with stride 2. Without padding diffusers adds a row and a column of zeros behind the image.
pub(crate) fn halved(
    w: &mut Writer<'_>,
    path: &str,
    x: &Image,
    padding: usize,
) -> Result<Image, FolderError> {
    let window = Window {
        side: 3,
        stride: 2,
        padding: match padding {
            0 => [0, 1],
            n => [n, n],
        },
    };
    w.conv(&format!("{path}.conv"), x, x.channels, window)
}

/// The mean of each four pixels.
pub(crate) fn halved_by_mean(w: &mut Writer<'_>, x: &Image) -> Result<Image, FolderError> {
    if x.height < 2 || x.width < 2 {
        return Err(FolderError::Choice(
            "the image is too small to be halved as often as the model does; choose a greater height or width"
                .to_string(),
        ));
    }
    let attributes = [
        Attr::Ints("kernel_shape", &[2, 2]),
        Attr::Ints("strides", &[2, 2]),
    ];
    let tensor = w.node("AveragePool", &[&x.tensor], &attributes);
    Ok(Image {
        tensor,
        height: x.height / 2,
        width: x.width / 2,
        ..x.clone()
    })
}

/// The nearest pixels, and a convolution.
pub(crate) fn enlarged(
    w: &mut Writer<'_>,
    path: &str,
    x: &Image,
    size: [usize; 2],
) -> Result<Image, FolderError> {
    w.at(path);
    let large = resized(w, x, size)?;
    w.conv(&format!("{path}.conv"), &large, x.channels, Window::same(3))
}

/// The pixel at the place that torch's `nearest` takes: the place in the small image, rounded down.
pub(crate) fn resized(
    w: &mut Writer<'_>,
    x: &Image,
    [height, width]: [usize; 2],
) -> Result<Image, FolderError> {
    let dims = [1, x.channels, height, width];
    elements("an enlarged image", &dims)?;
    let sizes = w.list(&dims.map(|d| d as i64))?;
    let none = T::none();
    let attributes = [
        Attr::Text("mode", "nearest"),
        Attr::Text("coordinate_transformation_mode", "asymmetric"),
        Attr::Text("nearest_mode", "floor"),
    ];
    let tensor = w.node("Resize", &[&x.tensor, &none, &none, &sizes], &attributes);
    Ok(Image {
        tensor,
        height,
        width,
        ..x.clone()
    })
}
