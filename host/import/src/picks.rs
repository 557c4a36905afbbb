//! Which rows of samples are looked at, where there are more than can be.

/// Where picks at distances of `step` begin in a sample. Elsewhere in each: what is at the start of every sample (a first
/// token, a border) may be unlike all else. Steps of the golden ratio come near every place early on.
pub(crate) fn start(run: usize, step: usize) -> usize {
    let part = (run as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    ((part * step as u64) >> 32) as usize
}
