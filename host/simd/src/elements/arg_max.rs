//! The index of the greatest element.

use super::dispatch::{Kernel, at};
use super::reduce::Max;
use super::slice::{Element, Slice, typed};
use crate::Level;

/// The index of the greatest element; of equal ones the lowest.
///
/// # Panics
/// If there is no element, or more than 2^31.
#[inline]
pub fn arg_max(level: Level, x: Slice<'_>) -> i32 {
    assert!(!x.is_empty(), "the greatest of no elements");
    let index = typed!(Slice, x, x => at::<Index, _>(level, x));
    i32::try_from(index).expect("indices have 32 bits")
}

/// Elements that are compared before one asks whether the greatest was among them.
const CHUNK: usize = 64;

/// The index of the greatest element.
pub(super) struct Index;

impl<X: Element> Kernel<&[X]> for Index {
    type Output = usize;

    /// First the greatest, then where it is: both are loops without a dependency from element to element.
    #[inline(always)]
    fn run(x: &[X]) -> usize {
        let greatest = Max::run(x);
        let (chunks, _) = x.as_chunks::<CHUNK>();
        let without = |chunk: &&[X; CHUNK]| !chunk.iter().fold(false, |found, &x| found | (x == greatest));
        let start = chunks.iter().take_while(without).count() * CHUNK;
        start + x[start..].iter().take_while(|&&x| x != greatest).count()
    }
}
