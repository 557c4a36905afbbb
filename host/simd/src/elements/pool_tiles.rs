//! The maxima of tiles of 2 × 2, which cover a plane of few columns: what small networks of images have.

use super::dispatch::Kernel;
use super::pool::Pool;
use super::slice::Element;

/// Elements of which the maxima of pairs are kept at a time.
const SPAN: usize = 1024;

/// Whether the windows are tiles of 2 × 2 that cover the plane, with rows too short for a loop over each.
pub(super) fn fits(pool: &Pool) -> bool {
    pool.kernel == [2, 2]
        && pool.stride == [2, 2]
        && pool.dilation == [1, 1]
        && pool.before == [0, 0]
        && pool.output.map(|extent| 2 * extent) == pool.input
        && pool.input[1] <= 32
}

pub(super) struct Tiles;

impl<T: Element> Kernel<(&[T], usize, &mut [T])> for Tiles {
    type Output = ();

    /// First the maxima of pairs of neighbours, over rows as if they were one; then those of rows. The number is that
    /// of columns of the result.
    #[inline(always)]
    fn run((x, columns, y): (&[T], usize, &mut [T])) {
        let mut pairs = [T::MIN; SPAN / 2];
        let rows = SPAN / (4 * columns);
        for (x, y) in x.chunks(4 * columns * rows).zip(y.chunks_mut(columns * rows)) {
            let (both, _) = x.as_chunks::<2>();
            for (pair, [a, b]) in pairs.iter_mut().zip(both) {
                *pair = (*a).max(*b);
            }
            for (y, rows) in y.chunks_exact_mut(columns).zip(pairs.chunks_exact(2 * columns)) {
                let (upper, lower) = rows.split_at(columns);
                for ((y, &a), &b) in y.iter_mut().zip(upper).zip(lower) {
                    *y = a.max(b);
                }
            }
        }
    }
}
