//! Memory that products work in.

/// Memory that products work in: grows to what the largest of them needed, and is there for the next. One
/// for each thread.
#[derive(Default)]
pub struct Scratch {
    pub(super) sums: Vec<i32>,
}
