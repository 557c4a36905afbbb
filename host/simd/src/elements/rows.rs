//! Many short rows in one call: a call for each would cost more than its elements.

use super::arg_max::Index;
use super::dispatch::{Kernel, at};
use super::norm::Squares;
use super::reduce::{Max, Sum};
use super::slice::{Element, Slice, SliceMut, same_type, typed};
use crate::Level;

/// Asserts that `x` has so many rows of so many columns.
fn assert_rows(x: &Slice<'_>, columns: usize, rows: usize) {
    assert_ne!(columns, 0, "rows without columns");
    assert_eq!(
        Some(x.len()),
        rows.checked_mul(columns),
        "not {rows} rows of {columns} columns"
    );
}

/// Of each row of `x`, as [`super::reduce_sum`].
///
/// # Panics
/// If there are no columns, or `x` has not as many rows of them as `y` has elements.
pub fn reduce_sum_rows(level: Level, x: Slice<'_>, columns: usize, y: &mut [i32]) {
    assert_rows(&x, columns, y.len());
    typed!(Slice, x, x => at::<Rows<Sum>, _>(level, (x, columns, y)));
}

/// Of each row of `x`, as [`super::reduce_max`], in the type of `x`.
///
/// # Panics
/// If there are no columns, `x` has not as many rows of them as `y` has elements, or the types differ.
pub fn reduce_max_rows(level: Level, x: Slice<'_>, columns: usize, y: SliceMut<'_>) {
    assert_rows(&x, columns, y.len());
    same_type!(x, y, (x, y) => at::<Rows<Max>, _>(level, (x, columns, y)));
}

/// Of each row of `x`, as [`super::sum_of_squares`].
///
/// # Panics
/// If there are no columns, or `x` has not as many rows of them as `y` has elements.
pub fn sum_of_squares_rows(level: Level, x: Slice<'_>, columns: usize, y: &mut [u64]) {
    assert_rows(&x, columns, y.len());
    typed!(Slice, x, x => at::<Rows<Squares>, _>(level, (x, columns, y)));
}

/// Of each row of `x`, as [`super::arg_max`].
///
/// # Panics
/// If there are no columns or more than 2^31, or `x` has not as many rows of them as `y` has elements.
pub fn arg_max_rows(level: Level, x: Slice<'_>, columns: usize, y: &mut [i32]) {
    assert_rows(&x, columns, y.len());
    assert!(i32::try_from(columns - 1).is_ok(), "indices have 32 bits");
    typed!(Slice, x, x => at::<Rows<First>, _>(level, (x, columns, y)));
}

/// Each element of `x` so many times: an element for each row as one for each of its columns.
///
/// # Panics
/// If `y` has not so many times the elements of `x`, or the types differ.
pub fn stretch(level: Level, x: Slice<'_>, times: usize, y: SliceMut<'_>) {
    assert_eq!(
        Some(y.len()),
        x.len().checked_mul(times),
        "not {times} times the elements"
    );
    if times > 0 {
        same_type!(x, y, (x, y) => at::<Stretch, _>(level, (x, times, y)));
    }
}

/// The index of the greatest in 32 bits.
struct First;

impl<X: Element> Kernel<&[X]> for First {
    type Output = i32;

    #[inline(always)]
    fn run(x: &[X]) -> i32 {
        if x.len() > 16 {
            return Index::run(x) as i32;
        }
        let (mut greatest, mut index) = (X::MIN, 0);
        // From the last on, so that of equal ones the first remains.
        for (i, &x) in x.iter().enumerate().rev() {
            (greatest, index) = if x >= greatest {
                (x, i as i32)
            } else {
                (greatest, index)
            };
        }
        index
    }
}

/// A kernel of a row, for each of many.
struct Rows<K>(K);

impl<X: Element, K, Y> Kernel<(&[X], usize, &mut [Y])> for Rows<K>
where
    K: for<'a> Kernel<&'a [X], Output = Y>,
{
    type Output = ();

    #[inline(always)]
    fn run((x, columns, y): (&[X], usize, &mut [Y])) {
        match columns {
            1 => of::<1, X, K, Y>(x, y),
            2 => of::<2, X, K, Y>(x, y),
            3 => of::<3, X, K, Y>(x, y),
            4 => of::<4, X, K, Y>(x, y),
            8 => of::<8, X, K, Y>(x, y),
            16 => of::<16, X, K, Y>(x, y),
            _ => {
                for (x, y) in x.chunks_exact(columns).zip(y) {
                    *y = K::run(x);
                }
            }
        }
    }
}

/// Of rows of a length that the compiler knows.
#[inline(always)]
fn of<const N: usize, X: Element, K, Y>(x: &[X], y: &mut [Y])
where
    K: for<'a> Kernel<&'a [X], Output = Y>,
{
    for (x, y) in x.as_chunks::<N>().0.iter().zip(y) {
        *y = K::run(x);
    }
}

struct Stretch;

impl<T: Element> Kernel<(&[T], usize, &mut [T])> for Stretch {
    type Output = ();

    #[inline(always)]
    fn run((x, times, y): (&[T], usize, &mut [T])) {
        match times {
            1 => y.copy_from_slice(x),
            2 => copies::<2, T>(x, y),
            3 => copies::<3, T>(x, y),
            4 => copies::<4, T>(x, y),
            8 => copies::<8, T>(x, y),
            16 => copies::<16, T>(x, y),
            _ => {
                for (&x, y) in x.iter().zip(y.chunks_exact_mut(times)) {
                    y.fill(x);
                }
            }
        }
    }
}

#[inline(always)]
fn copies<const N: usize, T: Element>(x: &[T], y: &mut [T]) {
    for (&x, y) in x.iter().zip(y.as_chunks_mut::<N>().0) {
        *y = [x; N];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::tests::{Rng, TYPES, buffers};
    use crate::elements::{arg_max, reduce_max, reduce_sum, sum_of_squares};

    #[test]
    fn rows_are_as_each_of_them() {
        let mut rng = Rng(21);
        for columns in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 64, 100] {
            for rows in [0, 1, 2, 3, 16, 33, 100] {
                for ty in TYPES {
                    let mut x = rng.elements(ty, rows * columns);
                    // Equal elements in a row.
                    typed!(SliceMut, x.slice_mut(), x => for i in 0..x.len() / 3 { x[i * 3] = x[i]; });
                    for level in Level::available() {
                        let mut y = vec![0; rows];
                        let mut squares = vec![0; rows];
                        let (mut first, mut greatest) = (vec![0; rows], buffers(ty, rows));
                        reduce_sum_rows(level, x.slice(), columns, &mut y);
                        sum_of_squares_rows(level, x.slice(), columns, &mut squares);
                        arg_max_rows(level, x.slice(), columns, &mut first);
                        reduce_max_rows(level, x.slice(), columns, greatest.slice_mut());
                        typed!(Slice, x.slice(), x => for (i, row) in x.chunks(columns).enumerate() {
                            let row = Slice::from(row);
                            let own = (y[i], squares[i], first[i], greatest.at(i));
                            let plain = Level::PORTABLE;
                            let expected = (
                                reduce_sum(plain, row),
                                sum_of_squares(plain, row),
                                arg_max(plain, row),
                                reduce_max(plain, row),
                            );
                            assert_eq!(own, expected, "{level} {columns} columns, row {i}");
                        });
                    }
                }
            }
        }
    }

    #[test]
    fn stretched_elements_stand_side_by_side() {
        let mut rng = Rng(22);
        for times in [0, 1, 2, 3, 4, 5, 8, 16, 33] {
            for n in [0, 1, 2, 15, 40] {
                for ty in TYPES {
                    let x = rng.elements(ty, n);
                    for level in Level::available() {
                        let mut y = buffers(ty, n * times);
                        stretch(level, x.slice(), times, y.slice_mut());
                        assert!((0..n * times).all(|i| y.at(i) == x.at(i / times)), "{level}");
                    }
                }
            }
        }
    }
}
