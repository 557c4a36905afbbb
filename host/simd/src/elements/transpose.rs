//! The dimensions in another order.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
use super::slice::{Element, Slice, SliceMut, same_type};
use crate::Level;
use std::ops::Range;

/// Dimensions that a tensor has at most.
pub const MAX_RANK: usize = 8;

/// `y[i_0, …, i_n] = x[…]`, where dimension `d` of the result is dimension `permutation[d]` of `x`; `dims`
/// are those of `x`, outermost first.
///
/// # Panics
/// If there are more than [`MAX_RANK`] dimensions, `permutation` is none of them, their product is not the
/// length of `x` and `y`, or the types differ.
pub fn transpose(level: Level, x: Slice<'_>, dims: &[usize], permutation: &[u8], y: SliceMut<'_>) {
    assert_eq!(x.len(), y.len(), "elements and results have different lengths");
    assert_eq!(
        x.len(),
        dims.iter().product::<usize>(),
        "dimensions {dims:?} are of another length"
    );
    let walk = Walk::new(dims, permutation);
    if x.is_empty() {
        return;
    }
    same_type!(x, y, (x, y) => moved(level, x, &walk, y));
}

/// A dimension of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Dim {
    /// How many elements.
    extent: usize,
    /// Elements of `x` from one to the next.
    stride: usize,
}

/// The dimensions of the result, outermost first, as few as possible: those of one element are left out, and
/// neighbours that are neighbours in `x` too are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Walk {
    dims: [Dim; MAX_RANK],
    rank: usize,
}

impl Walk {
    fn new(dims: &[usize], permutation: &[u8]) -> Self {
        assert!(dims.len() <= MAX_RANK, "{} dimensions", dims.len());
        let mut seen = [false; MAX_RANK];
        let fits = permutation.len() == dims.len()
            && permutation.iter().all(|&axis| {
                usize::from(axis) < dims.len() && !std::mem::replace(&mut seen[usize::from(axis)], true)
            });
        assert!(
            fits,
            "{permutation:?} is no permutation of {} dimensions",
            dims.len()
        );
        let mut walk = Self::default();
        for axis in permutation
            .iter()
            .map(|&axis| usize::from(axis))
            .filter(|&axis| dims[axis] != 1)
        {
            let dim = Dim {
                extent: dims[axis],
                stride: dims[axis + 1..].iter().product(),
            };
            match walk.dims[..walk.rank].last_mut() {
                Some(outer) if outer.stride == dim.extent * dim.stride => {
                    *outer = Dim {
                        extent: outer.extent * dim.extent,
                        stride: dim.stride,
                    };
                }
                _ => {
                    walk.dims[walk.rank] = dim;
                    walk.rank += 1;
                }
            }
        }
        walk
    }

    fn dims(&self) -> &[Dim] {
        &self.dims[..self.rank]
    }

    /// Some of the dimensions.
    fn part(&self, range: Range<usize>) -> Self {
        let mut part = Self {
            rank: range.len(),
            ..Self::default()
        };
        part.dims[..part.rank].copy_from_slice(&self.dims[range]);
        part
    }

    /// Calls `visit` with the place in `x` of each element of the walk, in its order.
    #[inline(always)]
    fn for_each(&self, mut visit: impl FnMut(usize)) {
        let mut index = [0; MAX_RANK];
        let mut place = 0;
        loop {
            visit(place);
            let mut d = self.rank;
            loop {
                if d == 0 {
                    return;
                }
                d -= 1;
                let dim = self.dims[d];
                index[d] += 1;
                place += dim.stride;
                if index[d] < dim.extent {
                    break;
                }
                place -= dim.stride * dim.extent;
                index[d] = 0;
            }
        }
    }
}

/// Moves elements to their places: in runs that stay together, or rows to columns.
fn moved<T: Element>(level: Level, x: &[T], walk: &Walk, y: &mut [T]) {
    let Some(last) = walk.dims().last().copied() else {
        y.copy_from_slice(x);
        return;
    };
    if last.stride == 1 {
        let mut runs = y.chunks_exact_mut(last.extent);
        walk.part(0..walk.rank - 1).for_each(|place| {
            runs.next()
                .expect("a run for each place")
                .copy_from_slice(&x[place..][..last.extent]);
        });
        return;
    }
    // What lies together in `x` is further out in `y`: dimension `d`. What is between it and the last is
    // walked over inside of a block of `y`, what is outside of it from block to block.
    let d = walk
        .dims()
        .iter()
        .rposition(|dim| dim.stride == 1)
        .expect("a dimension has stride 1");
    let together = walk.dims[d].extent;
    let step: usize = walk.dims[d + 1..walk.rank].iter().map(|dim| dim.extent).product();
    let outer = walk.part(0..d);
    let between = walk.part(d + 1..walk.rank - 1);
    let mut blocks = y.chunks_exact_mut(together * step);
    outer.for_each(|block_place| {
        let block = blocks.next().expect("a block for each place");
        let mut offset = 0;
        between.for_each(|place| {
            let x = &x[block_place + place..];
            swap(
                level,
                x,
                last.stride,
                last.extent,
                &mut block[offset..],
                step,
                together,
            );
            offset += last.extent;
        });
    });
}

/// Rows and columns that are moved at a time: their lines stay in L1.
const TILE: usize = 16;

/// `y[b · y_step + a] = x[a · x_step + b]` for `a` below `rows`, `b` below `columns`.
fn swap<T: Element>(
    level: Level,
    x: &[T],
    x_step: usize,
    rows: usize,
    y: &mut [T],
    y_step: usize,
    columns: usize,
) {
    #[cfg(target_arch = "x86_64")]
    if Avx2::within(level).is_some_and(|avx2| avx2.swap(x, x_step, rows, y, y_step, columns)) {
        return;
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = level;
    let mut a = 0;
    while a < rows {
        let height = TILE.min(rows - a);
        let mut b = 0;
        while b < columns {
            let width = TILE.min(columns - b);
            let (x, y) = (&x[a * x_step + b..], &mut y[b * y_step + a..]);
            if height == TILE && width == TILE {
                let mut tile = [[T::MIN; TILE]; TILE];
                for (line, x) in tile.iter_mut().zip(x.chunks(x_step)) {
                    line.copy_from_slice(&x[..TILE]);
                }
                for (b, y) in y.chunks_mut(y_step).take(TILE).enumerate() {
                    for (y, line) in y[..TILE].iter_mut().zip(&tile) {
                        *y = line[b];
                    }
                }
            } else {
                for a in 0..height {
                    for b in 0..width {
                        y[b * y_step + a] = x[a * x_step + b];
                    }
                }
            }
            b += TILE;
        }
        a += TILE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::tests::{Rng, TYPES, buffers};

    fn defined<T: Element>(x: &[T], dims: &[usize], permutation: &[u8]) -> Vec<T> {
        let strides: Vec<usize> = (0..dims.len()).map(|d| dims[d + 1..].iter().product()).collect();
        let out: Vec<usize> = permutation.iter().map(|&p| dims[usize::from(p)]).collect();
        (0..x.len())
            .map(|mut i| {
                let mut place = 0;
                for (&extent, &p) in out.iter().zip(permutation).rev() {
                    place += i % extent * strides[usize::from(p)];
                    i /= extent;
                }
                x[place]
            })
            .collect()
    }

    #[test]
    fn permutations_of_all_ranks() {
        let mut rng = Rng(12);
        for round in 0..400 {
            let rank = rng.within(0, 8) as usize;
            let mut dims: Vec<usize> = (0..rank).map(|_| rng.within(1, 5) as usize).collect();
            if rank == 2 || rank == 3 {
                dims.iter_mut()
                    .for_each(|d| *d = *rng.choose(&[1, 2, 3, 5, 9, 15, 16, 17, 33, 50]) as usize);
            }
            if round == 0 {
                dims.iter_mut().for_each(|d| *d = 0);
            }
            let mut permutation: Vec<u8> = (0..rank as u8).collect();
            for i in (1..rank).rev() {
                permutation.swap(i, rng.within(0, i as i32) as usize);
            }
            for ty in TYPES {
                let x = rng.elements(ty, dims.iter().product());
                for level in Level::available() {
                    let mut y = buffers(ty, x.len());
                    transpose(level, x.slice(), &dims, &permutation, y.slice_mut());
                    same_type!(x.slice(), y.slice_mut(), (x, y) => {
                        assert_eq!(y, defined(x, &dims, &permutation), "{level} {dims:?} {permutation:?}");
                    });
                }
            }
        }
    }

    #[test]
    fn neighbours_that_stay_neighbours_are_one() {
        let walk = Walk::new(&[2, 3, 4, 5], &[2, 3, 0, 1]);
        assert_eq!(
            walk.dims(),
            [
                Dim {
                    extent: 20,
                    stride: 1
                },
                Dim {
                    extent: 6,
                    stride: 20
                }
            ]
        );
        let walk = Walk::new(&[1, 3, 1, 5], &[2, 1, 0, 3]);
        assert_eq!(
            walk.dims(),
            [Dim {
                extent: 15,
                stride: 1
            }]
        );
    }
}
