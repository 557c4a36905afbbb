//! What is said of a file that cannot be used.

use crate::error::ImportError;

/// What to do about a file that NumPy did not write, or not as it is needed.
pub(super) const SAVE: &str = "save it with numpy, little-endian and in C order";

/// A file that is not as NumPy writes it.
pub(super) fn damaged(at: usize, what: &str) -> ImportError {
    unusable(at, what.to_string(), SAVE)
}

pub(super) fn unusable(at: usize, what: String, advice: &'static str) -> ImportError {
    ImportError::Npy { at, what, advice }
}

/// The beginning of a text that may have any length.
pub(super) fn short(text: &str) -> String {
    text.chars().take(32).collect()
}
