//! Rows to columns.

use super::lanes::{load_16, store_16};
use crate::elements::slice::{Element, Type};
use std::arch::x86_64::*;

/// `y[b · y_step + a] = x[a · x_step + b]` for `a` below `rows`, `b` below `columns`. False, and nothing is
/// done, if there are fewer of them than a vector has elements.
#[target_feature(enable = "avx2")]
pub(super) fn swap<T: Element>(
    x: &[T],
    x_step: usize,
    rows: usize,
    y: &mut [T],
    y_step: usize,
    columns: usize,
) -> bool {
    match T::TYPE {
        Type::U8 | Type::I8 => tiles::<T, 16>(x, x_step, rows, y, y_step, columns),
        Type::I16 => tiles::<T, 8>(x, x_step, rows, y, y_step, columns),
        Type::I32 => tiles::<T, 4>(x, x_step, rows, y, y_step, columns),
    }
}

/// In squares of `N`, an element having 16 / `N` bytes. The last ones overlap those before.
#[inline]
#[target_feature(enable = "avx2")]
fn tiles<T: Element, const N: usize>(
    x: &[T],
    x_step: usize,
    rows: usize,
    y: &mut [T],
    y_step: usize,
    columns: usize,
) -> bool {
    if rows < N || columns < N {
        return false;
    }
    let mut b = 0;
    loop {
        let mut a = 0;
        loop {
            tile::<T, N>(&x[a * x_step + b..], x_step, &mut y[b * y_step + a..], y_step);
            if a + N == rows {
                break;
            }
            a = (a + N).min(rows - N);
        }
        if b + N == columns {
            return true;
        }
        b = (b + N).min(columns - N);
    }
}

/// A square, row by row in sequence, whose second half is put between the first, element by element: the
/// digits of each element's number turn by one place. After as many times as a row's number has bits, the
/// row's and the column's have changed places.
#[inline]
#[target_feature(enable = "avx2")]
fn tile<T: Element, const N: usize>(x: &[T], x_step: usize, y: &mut [T], y_step: usize) {
    let mut rows = [_mm_setzero_si128(); N];
    for (a, row) in rows.iter_mut().enumerate() {
        *row = load_16(x, a * x_step);
    }
    for _ in 0..N.ilog2() {
        let before = rows;
        for k in 0..N / 2 {
            let (first, second) = (before[k], before[k + N / 2]);
            (rows[2 * k], rows[2 * k + 1]) = match T::TYPE {
                Type::U8 | Type::I8 => (_mm_unpacklo_epi8(first, second), _mm_unpackhi_epi8(first, second)),
                Type::I16 => (
                    _mm_unpacklo_epi16(first, second),
                    _mm_unpackhi_epi16(first, second),
                ),
                Type::I32 => (
                    _mm_unpacklo_epi32(first, second),
                    _mm_unpackhi_epi32(first, second),
                ),
            };
        }
    }
    for (b, row) in rows.into_iter().enumerate() {
        store_16(y, b * y_step, row);
    }
}
