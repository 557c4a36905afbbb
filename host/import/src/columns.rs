//! How many columns of an input may have scales of their own.

/// Callers find the scales in the metadata, which has 256 entries of 1,024 bytes: so many numbers of up to 20 letters
/// fit. Tables of features have some hundreds of columns.
pub(crate) const MAX_COLUMNS: usize = 1 << 13;
