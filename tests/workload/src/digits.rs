//! The test digits: images that the models were not trained on (models/README.md).

static IMAGES: &[u8; 64 * DIGITS] = include_bytes!("../../../models/digits/test_images.bin");
static LABELS: &[u8; DIGITS] = include_bytes!("../../../models/digits/test_labels.bin");

/// How many test digits there are.
pub const DIGITS: usize = 540;

/// One digit of the test set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digit {
    /// Its number in the test set, by which contracts know it.
    pub index: usize,
    /// 8×8 pixels, 0 to 16, row by row.
    pub pixels: &'static [u8; 64],
    /// What it shows.
    pub label: u8,
}

impl Digit {
    /// A digit by its number below [`DIGITS`].
    ///
    /// # Panics
    /// If there is no such digit.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            pixels: &IMAGES.as_chunks().0[index],
            label: LABELS[index],
        }
    }
}
