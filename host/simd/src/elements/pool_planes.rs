//! The maxima of windows over many small planes: what deep layers of networks of images have.

use super::dispatch::{Kernel, at};
use super::max_pool2d::max_pool2d;
use super::pool::Pool;
use super::slice::{Element, Slice, SliceMut, same_type};
use crate::Level;

/// Elements whose maxima are kept at a time.
const SPAN: usize = 2048;

/// Elements of a plane up to which a loop for each of its lines takes longer than what the loop does.
const SMALL: usize = 256;

/// [`max_pool2d`] of planes that lie after each other.
///
/// # Panics
/// As [`max_pool2d`], of each plane; if there is no whole number of planes.
pub fn max_pool2d_planes(level: Level, x: Slice<'_>, pool: &Pool, y: SliceMut<'_>) {
    let [plane, own] = [pool.input, pool.output].map(|[rows, columns]| rows * columns);
    assert!(
        plane > 0 && x.len().is_multiple_of(plane),
        "the planes have another size"
    );
    let planes = x.len() / plane;
    assert_eq!(y.len(), planes * own, "the results have another size");
    if own == 0 {
        return;
    }
    same_type!(x, y, (x, y) => {
        if fits(pool) {
            at::<Planes, _>(level, (x, pool, y));
            return;
        }
        for (x, y) in x.chunks_exact(plane).zip(y.chunks_exact_mut(own)) {
            max_pool2d(level, x.into(), pool, y.into());
        }
    });
}

/// Rows and columns that the windows of a plane cover, padding among them.
fn covered(pool: &Pool) -> [usize; 2] {
    [0, 1].map(|d| (pool.output[d] - 1) * pool.stride[d] + pool.extent(d))
}

/// Whether the planes are small, and most of their elements are the first of a window.
fn fits(pool: &Pool) -> bool {
    let steps = pool.kernel.iter().chain(&pool.stride).chain(&pool.dilation);
    if pool.output.contains(&0) || steps.into_iter().any(|&n| n == 0) {
        return false;
    }
    // What no window reads of a plane lies behind what they read.
    let size = [0, 1].map(|d| covered(pool)[d].max(pool.before[d] + pool.input[d]));
    let own = pool.output[0] * pool.output[1];
    size[0] <= SMALL && size[1] <= SMALL && size[0] * size[1] <= SMALL.min(4 * own)
}

struct Planes;

impl<T: Element> Kernel<(&[T], &Pool, &mut [T])> for Planes {
    type Output = ();

    /// First the maxima of the window that would begin at each element, of all planes as if they were one line; then
    /// those of the windows that there are. Padding is made of the least of the type.
    #[inline(always)]
    fn run((x, pool, y): (&[T], &Pool, &mut [T])) {
        let [mut greatest, mut padded] = [[T::MIN; SPAN]; 2];
        let [rows, columns] = pool.input;
        let [height, width] = [0, 1].map(|d| covered(pool)[d].max(pool.before[d] + pool.input[d]));
        let is_padded = [height, width] != pool.input;
        let (plane, own) = (height * width, pool.output[0] * pool.output[1]);
        let together = SPAN / plane;
        let groups = x.chunks(together * rows * columns);
        for (x, y) in groups.zip(y.chunks_mut(together * own)) {
            let x = if is_padded {
                let planes = x.chunks_exact(rows * columns).zip(padded.chunks_exact_mut(plane));
                for (x, padded) in planes {
                    let lines = padded.chunks_exact_mut(width).skip(pool.before[0]);
                    for (x, padded) in x.chunks_exact(columns).zip(lines) {
                        padded[pool.before[1]..][..columns].copy_from_slice(x);
                    }
                }
                &padded[..y.len() / own * plane]
            } else {
                x
            };
            let greatest = &mut greatest[..x.len()];
            greatest.copy_from_slice(x);
            for u in 0..pool.kernel[0] {
                for v in 0..pool.kernel[1] {
                    let tap = u * pool.dilation[0] * width + v * pool.dilation[1];
                    if tap > 0 {
                        for (greatest, &x) in greatest.iter_mut().zip(&x[tap..]) {
                            *greatest = (*greatest).max(x);
                        }
                    }
                }
            }
            let planes = greatest.chunks_exact(plane).zip(y.chunks_exact_mut(own));
            for (greatest, y) in planes {
                let rows = greatest.chunks_exact(width).step_by(pool.stride[0]);
                for (row, y) in rows.zip(y.chunks_exact_mut(pool.output[1])) {
                    for (y, &greatest) in y.iter_mut().zip(row.iter().step_by(pool.stride[1])) {
                        *y = greatest;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::tests::{Rng, TYPES, buffers};

    #[test]
    fn small_planes_are_as_planes_one_by_one() {
        let mut rng = Rng(21);
        let mut fitting = 0;
        for _ in 0..400 {
            let mut small = |most: i32| rng.within(1, most) as usize;
            let (kernel, stride, dilation) =
                ([small(3), small(3)], [small(2), small(2)], [small(2), small(2)]);
            let input = [small(12), small(20)];
            let (before, after) = ([small(4) - 1, small(4) - 1], [small(4) - 1, small(4) - 1]);
            let output = |d: usize| {
                let taps = (kernel[d] - 1) * dilation[d] + 1;
                let room = (before[d] + input[d] + after[d]).checked_sub(taps);
                room.map(|room| room / stride[d] + 1)
            };
            let (Some(rows), Some(columns)) = (output(0), output(1)) else {
                continue;
            };
            let planes = small(70);
            let pool = Pool {
                input,
                output: [rows, columns],
                kernel,
                stride,
                dilation,
                before,
            };
            fitting += usize::from(fits(&pool));
            let (plane, own) = (input[0] * input[1], rows * columns);
            for ty in TYPES {
                let x = rng.elements(ty, planes * plane);
                for level in Level::available() {
                    let mut together = buffers(ty, planes * own);
                    max_pool2d_planes(level, x.slice(), &pool, together.slice_mut());
                    same_type!(x.slice(), together.slice_mut(), (x, together) => {
                        for (x, together) in x.chunks_exact(plane).zip(together.chunks_exact(own)) {
                            let mut one = together.to_vec();
                            one.fill(Element::MIN);
                            max_pool2d(level, x.into(), &pool, one[..].as_mut().into());
                            assert_eq!(together, one, "{level} {pool:?}");
                        }
                    });
                }
            }
        }
        assert!(fitting > 50, "{fitting}");
    }
}
