//! A tensor of real numbers that lies elsewhere.

/// Extents and elements.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) dims: &'a [u32],
    pub(crate) data: &'a [f32],
}
