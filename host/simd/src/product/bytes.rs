//! Signed bytes as unsigned ones.
#![allow(unsafe_code)]
// The standard library has this for one number, not for a slice.

/// The bits of signed bytes.
pub(super) const fn as_unsigned(bytes: &[i8]) -> &[u8] {
    // SAFETY: both types have one byte, any bits of which are a value, and the slice stays borrowed.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}
