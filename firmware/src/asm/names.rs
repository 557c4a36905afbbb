//! Names of unit variants, as assembly spells them.

use alloc::string::String;
use core::fmt::{self, Write};

/// The name of a unit variant, as assembly spells it.
pub(super) fn lower(name: &impl fmt::Debug) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{name:?}");
    text.make_ascii_lowercase();
    text
}

pub(super) fn named<T: Copy + fmt::Debug>(name: &str, all: &[T]) -> Result<T, String> {
    let found = all.iter().find(|variant| lower(variant) == name);
    found
        .copied()
        .ok_or_else(|| alloc::format!("{name:?} is none of {all:?}"))
}
