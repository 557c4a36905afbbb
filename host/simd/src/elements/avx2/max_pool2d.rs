//! The maximum over a moving window.

use super::lanes::{load_32, store_32_at};
use crate::elements::pool::Pool;
use crate::elements::slice::{Element, Type};
use std::arch::x86_64::*;
use std::array::from_fn;

/// Columns of the padded plane that are kept at a time, but for what vectors write beyond.
const SPAN: usize = 512;

/// Elements that are kept: one row of these columns, or several shorter ones.
const KEPT: usize = 1024;

/// Elements of the type in a vector.
const fn lanes<T>() -> usize {
    32 / size_of::<T>()
}

/// [`crate::elements::max_pool2d`] of a plane and a result that are not empty. False, and nothing is done, if
/// a window is wider than the columns that are kept.
///
/// First the maxima of each column over the rows of a window go to a padded row, then those of neighbouring
/// columns to the result.
#[target_feature(enable = "avx2")]
pub(super) fn max_pool2d<T: Element>(x: &[T], pool: &Pool, y: &mut [T]) -> bool {
    let (stride, extent) = (pool.stride[1], pool.extent(1));
    if extent > SPAN {
        return false;
    }
    let outputs = ((SPAN - extent) / stride + 1).min(pool.output[1]);
    let mut first = 0;
    while first < pool.output[1] {
        let n = outputs.min(pool.output[1] - first);
        let start = first * stride;
        let span = (n - 1) * stride + extent;
        // The part of the span that lies in the plane, and where it starts there.
        let from = pool.before[1].clamp(start, start + span) - start;
        let to = (pool.before[1] + pool.input[1]).clamp(start, start + span) - start;
        let block = Block {
            first,
            n,
            span,
            from,
            to,
            column: start + from - pool.before[1].min(start + from),
        };
        rows(x, pool, &block, y);
        first += n;
    }
    true
}

/// Neighbouring columns of the result, and the columns of the padded plane that they need.
struct Block {
    first: usize,
    n: usize,
    span: usize,
    /// The part of the span that lies in the plane.
    from: usize,
    to: usize,
    /// Where in the plane.
    column: usize,
}

#[inline]
#[target_feature(enable = "avx2")]
fn rows<T: Element>(x: &[T], pool: &Pool, block: &Block, y: &mut [T]) {
    // What is left of the plane stays as it is; what vectors write right of it, padding covers.
    let mut kept = [[T::MIN; 32]; KEPT / 32];
    let kept = kept.as_flattened_mut();
    // Several rows at a time: a load from where stores of other places have just been has to wait for them.
    let pitch = block.span + 3 * lanes::<T>();
    let together = KEPT / pitch;
    let mut i = 0;
    while i < pool.output[0] {
        let n = together.min(pool.output[0] - i);
        for (k, row) in kept.chunks_exact_mut(pitch).take(n).enumerate() {
            down(x, pool, block, i + k, row);
        }
        for (k, row) in kept.chunks_exact(pitch).take(n).enumerate() {
            across(
                row,
                pool,
                &mut y[(i + k) * pool.output[1] + block.first..][..block.n],
            );
        }
        i += n;
    }
}

/// The maxima of each column over the rows of the windows of row `i`.
#[inline]
#[target_feature(enable = "avx2")]
fn down<T: Element>(x: &[T], pool: &Pool, block: &Block, i: usize, row: &mut [T]) {
    let [height, width] = pool.input;
    // The first tap at or below the upper edge, and the first below the lower.
    let (top, step) = (i * pool.stride[0], pool.dilation[0]);
    let first = pool.before[0].saturating_sub(top).div_ceil(step);
    let end = (height + pool.before[0])
        .saturating_sub(top)
        .div_ceil(step)
        .min(pool.kernel[0]);
    let mut column = block.from;
    while column < block.to {
        let mut greatest = least::<T>();
        for u in first..end {
            let place = (top + u * step - pool.before[0]) * width + block.column + column - block.from;
            greatest = max::<T>(greatest, load_padded(x, place));
        }
        store_32_at(row, column, greatest);
        column += lanes::<T>();
    }
    let mut column = block.to;
    while column < block.span {
        store_32_at(row, column, least::<T>());
        column += lanes::<T>();
    }
}

/// The maxima over the columns of each window.
#[inline]
#[target_feature(enable = "avx2")]
fn across<T: Element>(row: &[T], pool: &Pool, y: &mut [T]) {
    let lanes = lanes::<T>();
    let windows = |column: usize| {
        let mut greatest = load_32(row, column);
        for v in 1..pool.kernel[1] {
            greatest = max::<T>(greatest, load_32(row, column + v * pool.dilation[1]));
        }
        greatest
    };
    let outputs = |j: usize| match pool.stride[1] {
        1 => windows(j),
        _ => even::<T>(windows(2 * j), windows(2 * j + lanes)),
    };
    if pool.stride[1] > 2 {
        for (j, y) in y.iter_mut().enumerate() {
            let taps = &row[j * pool.stride[1]..];
            *y = (0..pool.kernel[1]).fold(T::MIN, |greatest, v| greatest.max(taps[v * pool.dilation[1]]));
        }
        return;
    }
    let mut j = 0;
    while j + lanes <= y.len() {
        store_32_at(y, j, outputs(j));
        j += lanes;
    }
    if j < y.len() {
        if y.len() >= lanes {
            // Once more what the vector before had.
            j = y.len() - lanes;
            store_32_at(y, j, outputs(j));
        } else {
            let mut padded = [T::MIN; 32];
            store_32_at(&mut padded, 0, outputs(0));
            y.copy_from_slice(&padded[..y.len()]);
        }
    }
}

/// A vector from a place on, of which there is at least one element; whatever beyond the slice.
#[inline]
#[target_feature(enable = "avx2")]
fn load_padded<T: Element>(x: &[T], place: usize) -> __m256i {
    if place + lanes::<T>() <= x.len() {
        load_32(x, place)
    } else {
        let rest = &x[place..];
        let padded: [T; 32] = from_fn(|i| if i < rest.len() { rest[i] } else { T::MIN });
        load_32(&padded, 0)
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn least<T: Element>() -> __m256i {
    match T::TYPE {
        Type::U8 => _mm256_setzero_si256(),
        Type::I8 => _mm256_set1_epi8(i8::MIN),
        Type::I16 => _mm256_set1_epi16(i16::MIN),
        Type::I32 => _mm256_set1_epi32(i32::MIN),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn max<T: Element>(a: __m256i, b: __m256i) -> __m256i {
    match T::TYPE {
        Type::U8 => _mm256_max_epu8(a, b),
        Type::I8 => _mm256_max_epi8(a, b),
        Type::I16 => _mm256_max_epi16(a, b),
        Type::I32 => _mm256_max_epi32(a, b),
    }
}

/// The elements with even numbers of two vectors.
#[inline]
#[target_feature(enable = "avx2")]
fn even<T: Element>(a: __m256i, b: __m256i) -> __m256i {
    let within_128 = match T::TYPE {
        Type::U8 | Type::I8 => {
            let lower = _mm256_set1_epi16(255);
            _mm256_packus_epi16(_mm256_and_si256(a, lower), _mm256_and_si256(b, lower))
        }
        Type::I16 => {
            let lower = _mm256_set1_epi32(0xffff);
            _mm256_packus_epi32(_mm256_and_si256(a, lower), _mm256_and_si256(b, lower))
        }
        Type::I32 => {
            // Pairs of lanes 0 and 2, of a and then of b.
            let (a, b) = (
                _mm256_shuffle_epi32::<0b10_00>(a),
                _mm256_shuffle_epi32::<0b10_00>(b),
            );
            _mm256_unpacklo_epi64(a, b)
        }
    };
    _mm256_permute4x64_epi64::<0b11_01_10_00>(within_128)
}
