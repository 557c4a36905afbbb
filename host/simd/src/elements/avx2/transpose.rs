//! Rows to columns.

use super::lanes::{load_16, store_16};
use crate::elements::slice::{Element, Type};
use std::arch::x86_64::*;

/// `y[b · y_step + a] = x[a · x_step + b]` for `a` below `rows`, `b` below `columns`. False, and nothing is
/// done, if there are fewer of both than a vector has elements, or few and not dense.
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
        Type::U8 | Type::I8 => any::<T, 16>(x, x_step, rows, y, y_step, columns),
        Type::I16 => any::<T, 8>(x, x_step, rows, y, y_step, columns),
        Type::I32 => any::<T, 4>(x, x_step, rows, y, y_step, columns),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn any<T: Element, const N: usize>(
    x: &[T],
    x_step: usize,
    rows: usize,
    y: &mut [T],
    y_step: usize,
    columns: usize,
) -> bool {
    if rows >= N && columns >= N {
        tiles::<T, N>(x, x_step, rows, y, y_step, columns);
        true
    } else if rows >= N {
        few_columns::<T, N>(x, x_step, rows, y, y_step, columns);
        true
    } else if columns >= N && y_step == rows && y.len() == rows * columns {
        few_rows::<T, N>(x, x_step, rows, y, columns);
        true
    } else {
        false
    }
}

/// Squares of which some columns are not wanted, and may belong to other rows.
#[inline]
#[target_feature(enable = "avx2")]
fn few_columns<T: Element, const N: usize>(
    x: &[T],
    x_step: usize,
    rows: usize,
    y: &mut [T],
    y_step: usize,
    columns: usize,
) {
    let mut a = 0;
    loop {
        let mut square = [_mm_setzero_si128(); N];
        for (k, row) in square.iter_mut().enumerate() {
            let place = (a + k) * x_step;
            *row = if place + N <= x.len() {
                load_16(x, place)
            } else {
                let mut padded = [T::MIN; N];
                padded[..columns].copy_from_slice(&x[place..place + columns]);
                load_16(&padded, 0)
            };
        }
        turn::<T, N>(&mut square);
        for (b, row) in square.into_iter().enumerate().take(columns) {
            store_16(y, b * y_step + a, row);
        }
        if a + N == rows {
            return;
        }
        a = (a + N).min(rows - N);
    }
}

/// Squares of which some rows are not there. What is written for them lies where the next columns go, which
/// are written later.
#[inline]
#[target_feature(enable = "avx2")]
fn few_rows<T: Element, const N: usize>(x: &[T], x_step: usize, rows: usize, y: &mut [T], columns: usize) {
    let mut b = 0;
    loop {
        let mut square = [_mm_setzero_si128(); N];
        for (a, row) in square.iter_mut().enumerate().take(rows) {
            *row = load_16(x, a * x_step + b);
        }
        turn::<T, N>(&mut square);
        for (k, row) in square.into_iter().enumerate() {
            let place = (b + k) * rows;
            if place + N <= y.len() {
                store_16(y, place, row);
            } else {
                let mut padded = [T::MIN; N];
                store_16(&mut padded, 0, row);
                y[place..place + rows].copy_from_slice(&padded[..rows]);
            }
        }
        if b + N == columns {
            return;
        }
        b = (b + N).min(columns - N);
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
) {
    let mut b = 0;
    loop {
        let mut a = 0;
        loop {
            let mut square = [_mm_setzero_si128(); N];
            for (k, row) in square.iter_mut().enumerate() {
                *row = load_16(x, (a + k) * x_step + b);
            }
            turn::<T, N>(&mut square);
            for (k, row) in square.into_iter().enumerate() {
                store_16(y, (b + k) * y_step + a, row);
            }
            if a + N == rows {
                break;
            }
            a = (a + N).min(rows - N);
        }
        if b + N == columns {
            return;
        }
        b = (b + N).min(columns - N);
    }
}

/// Rows to columns of a square. Of all its elements in sequence the second half is put between the first, element
/// by element: the digits of each element's number turn by one place. After as many times as a row's number has
/// bits, the row's and the column's have changed places.
#[inline]
#[target_feature(enable = "avx2")]
fn turn<T: Element, const N: usize>(rows: &mut [__m128i; N]) {
    for _ in 0..N.ilog2() {
        let before = *rows;
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
}
