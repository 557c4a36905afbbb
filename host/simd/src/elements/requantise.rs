//! Requantisation: the one place where a wide integer becomes a narrow one.
//!
//! The definition is `saturate(zero + ((x · multiplier + 2^(shift − 1)) >> shift))` in 64 bits, multiplier
//! 1 to 32767, shift 1 to 47. Vectors of 64 bits have half the lanes, and no arithmetic shift on AVX2, so
//! that parameters are first put into the cheapest [`Form`] that has the same result.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::dispatch::{Kernel, at};
use super::form::{Form, SMALL_ZERO};
use super::slice::{Element, Slice, SliceMut, typed};
use crate::Level;
use std::ops::Range;

/// Asserts that parameters are those of the operator.
fn assert_parameters(multiplier: i32, shift: u32) {
    assert!(
        (1..=32767).contains(&multiplier),
        "multiplier {multiplier} is not in 1..=32767"
    );
    assert!((1..=47).contains(&shift), "shift {shift} is not in 1..=47");
}

/// `saturate(zero + ((x · multiplier + 2^(shift − 1)) >> shift))` to the type of `y`, of each element.
///
/// # Panics
/// If `x` and `y` have different lengths, the multiplier is not 1 to 32767 or the shift not 1 to 47.
#[inline]
pub fn requantise_one(level: Level, x: Slice<'_>, multiplier: i32, shift: u32, zero: i32, y: SliceMut<'_>) {
    assert_eq!(x.len(), y.len(), "elements and results have different lengths");
    assert_parameters(multiplier, shift);
    let bits = match x {
        Slice::U8(_) => 9,
        Slice::I8(_) => 8,
        Slice::I16(_) => 16,
        Slice::I32(_) => 32,
    };
    let form = Form::of(multiplier, shift, zero, bits);
    typed!(Slice, x, x => typed!(SliceMut, y, y => {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = Avx512::of(level) {
            return avx512.requantise(x, form, y);
        }
        #[cfg(target_arch = "x86_64")]
        if Avx2::of(level).is_some_and(|avx2| avx2.requantise(x, form, y)) {
            return;
        }
        at::<One, _>(level, (x, form, y));
    }));
}

/// One set of parameters.
struct One;

impl<X: Element, Y: Element> Kernel<(&[X], Form, &mut [Y])> for One {
    type Output = ();

    #[inline(always)]
    fn run((x, form, y): (&[X], Form, &mut [Y])) {
        match form {
            Form::Short {
                multiplier,
                half,
                shift,
                zero,
            } => {
                for (y, x) in y.iter_mut().zip(x) {
                    let product = x.wide().wrapping_mul(multiplier).wrapping_add(half);
                    *y = Y::saturate_i32((product >> (shift & 31)).wrapping_add(zero));
                }
            }
            Form::High {
                multiplier,
                bias,
                shift,
            } => {
                for (y, x) in y.iter_mut().zip(x) {
                    let sum = (i64::from(x.wide()) * i64::from(multiplier)).wrapping_add(bias);
                    *y = Y::saturate_i32((sum >> 32) as i32 >> (shift & 31));
                }
            }
            Form::Whole {
                multiplier,
                shift,
                zero,
            } => {
                for (y, x) in y.iter_mut().zip(x) {
                    *y = whole(x.wide(), multiplier, shift, zero);
                }
            }
        }
    }
}

/// The definition.
#[inline(always)]
fn whole<Y: Element>(x: i32, multiplier: i32, shift: u32, zero: i32) -> Y {
    let product = i64::from(x) * i64::from(multiplier);
    let rounded = product.wrapping_add(1 << ((shift - 1) & 63)) >> (shift & 63);
    Y::saturate(i64::from(zero) + rounded)
}

/// [`requantise_one`] with parameters for each element. Where they are used more than once, prepare
/// [`RequantiseColumns`].
///
/// # Panics
/// If a slice's length is not that of `x`, a multiplier is not 1 to 32767 or a shift not 1 to 47.
pub fn requantise_each(
    level: Level,
    x: Slice<'_>,
    multipliers: &[i32],
    shifts: &[u32],
    zeros: &[i32],
    y: SliceMut<'_>,
) {
    let n = x.len();
    assert_eq!(n, y.len(), "elements and results have different lengths");
    assert_eq!(
        [n; 3],
        [multipliers.len(), shifts.len(), zeros.len()],
        "as many parameters as elements"
    );
    typed!(Slice, x, x => typed!(SliceMut, y, y => {
        let mut high = [0; PREPARED];
        for (block, y) in y.chunks_mut(PREPARED).enumerate() {
            let part = block * PREPARED..block * PREPARED + y.len();
            let x = &x[part.clone()];
            let (multipliers, shifts, zeros) =
                (&multipliers[part.clone()], &shifts[part.clone()], &zeros[part]);
            let high = &mut high[..y.len()];
            let (are_valid, are_high) = at::<Prepare, _>(level, (multipliers, shifts, zeros, &mut *high));
            assert!(are_valid, "a multiplier is not in 1..=32767 or a shift not in 1..=47");
            #[cfg(target_arch = "x86_64")]
            if are_high {
                if let Some(avx512) = Avx512::of(level) {
                    avx512.requantise_high(x, high, zeros, y);
                    continue;
                }
                if let Some(avx2) = Avx2::of(level) {
                    avx2.requantise_high(x, high, zeros, y);
                    continue;
                }
            }
            let _ = are_high;
            at::<Each, _>(level, (x, multipliers, shifts, zeros, y));
        }
    }));
}

/// Elements whose parameters are prepared at a time.
const PREPARED: usize = 256;

/// Finds the multipliers of the form with the upper half, whether the parameters are those of the operator, and
/// whether all have that form without a shift beyond.
struct Prepare;

impl Kernel<(&[i32], &[u32], &[i32], &mut [i32])> for Prepare {
    type Output = (bool, bool);

    #[inline(always)]
    fn run((multipliers, shifts, zeros, high): (&[i32], &[u32], &[i32], &mut [i32])) -> (bool, bool) {
        let (mut are_valid, mut are_high) = (true, true);
        let parameters = multipliers.iter().zip(shifts).zip(zeros);
        for (high, ((&multiplier, &shift), &zero)) in high.iter_mut().zip(parameters) {
            are_valid &= multiplier.wrapping_sub(1).cast_unsigned() < 32767;
            are_valid &= shift.wrapping_sub(1) < 47;
            are_high &= shift.wrapping_sub(16) <= 16;
            are_high &= zero.wrapping_add(SMALL_ZERO as i32).cast_unsigned() <= 2 * SMALL_ZERO;
            *high = multiplier << (32u32.wrapping_sub(shift) & 31);
        }
        (are_valid, are_high)
    }
}

/// Parameters for each element, as they are defined.
struct Each;

impl<X: Element, Y: Element> Kernel<(&[X], &[i32], &[u32], &[i32], &mut [Y])> for Each {
    type Output = ();

    #[inline(always)]
    fn run((x, multipliers, shifts, zeros, y): (&[X], &[i32], &[u32], &[i32], &mut [Y])) {
        let parameters = multipliers.iter().zip(shifts).zip(zeros);
        for ((y, x), ((&multiplier, &shift), &zero)) in y.iter_mut().zip(x).zip(parameters) {
            *y = whole(x.wide(), multiplier, shift, zero);
        }
    }
}

/// Elements of short rows that are computed together.
const TOGETHER: usize = 256;

/// The parameters of the columns of a matrix, prepared.
#[derive(Clone, Debug)]
pub struct RequantiseColumns {
    columns: usize,
    /// Of a few columns those of several rows, one after the other, so that short rows are computed together.
    multipliers: Vec<i32>,
    shifts: Vec<u32>,
    zeros: Vec<i32>,
    /// The multipliers of the form with the upper half of a product, if every column has it without a shift
    /// beyond: all shifts are 16 to 32, all zero points small.
    high: Option<Vec<i32>>,
}

impl RequantiseColumns {
    /// Prepares a multiplier, a shift and a zero point for each column.
    ///
    /// # Panics
    /// If the lengths differ or are 0, a multiplier is not 1 to 32767 or a shift not 1 to 47.
    pub fn new(multipliers: &[i32], shifts: &[u32], zeros: &[i32]) -> Self {
        let n = multipliers.len();
        assert_eq!(
            [n; 2],
            [shifts.len(), zeros.len()],
            "parameters of different numbers of columns"
        );
        assert_ne!(n, 0, "there are no columns");
        for (&multiplier, &shift) in multipliers.iter().zip(shifts) {
            assert_parameters(multiplier, shift);
        }
        let is_high = shifts.iter().all(|shift| (16..=32).contains(shift))
            && zeros.iter().all(|zero| zero.unsigned_abs() <= SMALL_ZERO);
        let high = |(multiplier, shift): (&i32, &u32)| multiplier << (32 - shift);
        let rows = (TOGETHER / n).max(1);
        let (multipliers, shifts) = (multipliers.repeat(rows), shifts.repeat(rows));
        Self {
            columns: n,
            zeros: zeros.repeat(rows),
            high: is_high.then(|| multipliers.iter().zip(&shifts).map(high).collect()),
            multipliers,
            shifts,
        }
    }

    /// How many columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Requantises elements of which the first is in column `first` and each further one in the next; after
    /// the last column comes column 0 of the next row.
    ///
    /// # Panics
    /// If `x` and `y` have different lengths, or there is no column `first`.
    #[inline]
    pub fn apply(&self, level: Level, first: usize, x: Slice<'_>, y: SliceMut<'_>) {
        assert_eq!(x.len(), y.len(), "elements and results have different lengths");
        assert!(first < self.columns(), "column {first} of {}", self.columns());
        typed!(Slice, x, x => typed!(SliceMut, y, y => {
            #[cfg(target_arch = "x86_64")]
            if let Some(high) = &self.high {
                if let Some(avx512) = Avx512::of(level) {
                    return self.rows(first, x, y, |columns, x, y| {
                        avx512.requantise_high(x, &high[columns.clone()], &self.zeros[columns], y);
                    });
                }
                if let Some(avx2) = Avx2::of(level) {
                    return self.rows(first, x, y, |columns, x, y| {
                        avx2.requantise_high(x, &high[columns.clone()], &self.zeros[columns], y);
                    });
                }
            }
            at::<Columns, _>(level, (self, first, x, y));
        }));
    }

    /// Calls `row` with the columns, elements and results of each row. (Code in `row` itself does not get a
    /// level's instructions.)
    #[cfg(target_arch = "x86_64")]
    fn rows<X, Y>(
        &self,
        mut column: usize,
        x: &[X],
        y: &mut [Y],
        row: impl Fn(Range<usize>, &[X], &mut [Y]),
    ) {
        let mut at = 0;
        while at < x.len() {
            let (columns, elements) = self.row(column, at, x.len());
            row(columns, &x[elements.clone()], &mut y[elements.clone()]);
            (column, at) = (0, elements.end);
        }
    }

    /// The columns and the elements, from `at` to at most `end`, of the row that goes on in a column.
    #[inline(always)]
    fn row(&self, column: usize, at: usize, end: usize) -> (Range<usize>, Range<usize>) {
        let n = (self.multipliers.len() - column).min(end - at);
        (column..column + n, at..at + n)
    }
}

/// Prepared parameters for each element.
struct Columns;

impl<X: Element, Y: Element> Kernel<(&RequantiseColumns, usize, &[X], &mut [Y])> for Columns {
    type Output = ();

    #[inline(always)]
    fn run((columns, first, x, y): (&RequantiseColumns, usize, &[X], &mut [Y])) {
        let (mut column, mut at) = (first, 0);
        while at < x.len() {
            let (range, elements) = columns.row(column, at, x.len());
            let (x, y) = (&x[elements.clone()], &mut y[elements.clone()]);
            let zeros = &columns.zeros[range.clone()];
            if let Some(high) = &columns.high {
                let parameters = high[range].iter().zip(zeros);
                for ((y, x), (&multiplier, &zero)) in y.iter_mut().zip(x).zip(parameters) {
                    let sum = i64::from(x.wide()) * i64::from(multiplier) + (1 << 31);
                    *y = Y::saturate_i32(((sum >> 32) as i32).wrapping_add(zero));
                }
            } else {
                let (multipliers, shifts) = (&columns.multipliers[range.clone()], &columns.shifts[range]);
                Each::run((x, multipliers, shifts, zeros, y));
            }
            (column, at) = (0, elements.end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::tests::{Rng, TYPES, buffers, lengths};

    fn defined<Y: Element>(x: i32, multiplier: i32, shift: u32, zero: i32) -> Y {
        let product = i64::from(x) * i64::from(multiplier);
        Y::saturate(i64::from(zero) + ((product + (1i64 << (shift - 1))) >> shift))
    }

    fn parameters(rng: &mut Rng, to: usize) -> (i32, u32, i32) {
        let (any_multiplier, any_shift, any_zero) = (rng.within(1, 32767), rng.within(1, 47), rng.i32());
        let multiplier = *rng.choose(&[1, 2, 3, 16384, 32767, any_multiplier]);
        let shift = *rng.choose(&[1, 15, 16, 17, 30, 31, 32, 33, 46, 47, any_shift]) as u32;
        let zero = *rng.choose(&[0, 0, 1, -1, any_zero]);
        let zero = match to {
            0 => i32::from(zero as u8),
            1 => i32::from(zero as i8),
            2 => i32::from(zero as i16),
            _ => zero,
        };
        (multiplier, shift, zero)
    }

    #[test]
    fn one_set_of_parameters() {
        let mut rng = Rng(1);
        for round in 0..40 {
            for n in lengths(round) {
                for from in TYPES {
                    for to in TYPES {
                        let x = rng.elements(from, n);
                        let (multiplier, shift, zero) = parameters(&mut rng, to);
                        for level in Level::available() {
                            let mut y = buffers(to, n);
                            requantise_one(level, x.slice(), multiplier, shift, zero, y.slice_mut());
                            typed!(SliceMut, y.slice_mut(), y => for (i, &y) in y.iter().enumerate() {
                                let x = x.at(i);
                                let expected = defined(x, multiplier, shift, zero);
                                assert_eq!(y, expected, "{level} {x} {multiplier} {shift} {zero}");
                            });
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn parameters_for_each_element_and_prepared_ones() {
        let mut rng = Rng(2);
        for round in 0..40 {
            for n in lengths(round) {
                if n == 0 {
                    continue;
                }
                for from in TYPES {
                    for to in TYPES {
                        let all: Vec<(i32, u32, i32)> = (0..n)
                            .map(|_| {
                                let (m, s, z) = parameters(&mut rng, to);
                                // Half of the time all columns have the fast form.
                                if round % 2 == 0 {
                                    (m, 16 + s % 17, i32::from(z as i16))
                                } else {
                                    (m, s, z)
                                }
                            })
                            .collect();
                        let multipliers: Vec<i32> = all.iter().map(|p| p.0).collect();
                        let shifts: Vec<u32> = all.iter().map(|p| p.1).collect();
                        let zeros: Vec<i32> = all.iter().map(|p| p.2).collect();
                        let columns = RequantiseColumns::new(&multipliers, &shifts, &zeros);
                        let x = rng.elements(from, n);
                        let first = rng.within(0, n as i32 - 1) as usize;
                        let rows = rng.elements(from, 3 * n - first + 500);
                        for level in Level::available() {
                            let mut y = buffers(to, n);
                            requantise_each(level, x.slice(), &multipliers, &shifts, &zeros, y.slice_mut());
                            typed!(SliceMut, y.slice_mut(), y => for (i, &y) in y.iter().enumerate() {
                                let (m, s, z) = all[i];
                                assert_eq!(y, defined(x.at(i), m, s, z), "{level} {} {m} {s} {z}", x.at(i));
                            });
                            let mut y = buffers(to, rows.len());
                            columns.apply(level, first, rows.slice(), y.slice_mut());
                            typed!(SliceMut, y.slice_mut(), y => for (i, &y) in y.iter().enumerate() {
                                let (m, s, z) = all[(first + i) % n];
                                let x = rows.at(i);
                                assert_eq!(y, defined(x, m, s, z), "{level} {x} {m} {s} {z}");
                            });
                        }
                    }
                }
            }
        }
    }
}
