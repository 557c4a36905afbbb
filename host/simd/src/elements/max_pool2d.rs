//! The maximum over a moving window.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
use super::dispatch::{Kernel, at};
use super::pool::Pool;
use super::pool_tiles::{self, Tiles};
use super::slice::{Element, Slice, SliceMut, same_type};
use crate::Level;

/// `y[i, j] = max over taps (u, v) of x[i · stride + u · dilation − before, …]` of one plane, rows after each
/// other. Taps outside of the plane are left out; a window with none inside gives the least of the type.
///
/// # Panics
/// If the lengths are not those of the window's planes, the types differ, or a kernel, stride or dilation
/// is 0.
pub fn max_pool2d(level: Level, x: Slice<'_>, pool: &Pool, y: SliceMut<'_>) {
    assert_eq!(
        x.len(),
        pool.input[0] * pool.input[1],
        "the plane has another size"
    );
    assert_eq!(
        y.len(),
        pool.output[0] * pool.output[1],
        "the result has another size"
    );
    let steps = [pool.kernel, pool.stride, pool.dilation];
    assert!(
        steps.as_flattened().iter().all(|&n| n > 0),
        "a window without size or steps: {pool:?}"
    );
    if x.is_empty() || y.is_empty() {
        same_type!(x, y, (_x, y) => y.fill(Element::MIN));
        return;
    }
    same_type!(x, y, (x, y) => {
        if pool_tiles::fits(pool) {
            at::<Tiles, _>(level, (x, pool.output[1], y));
            return;
        }
        #[cfg(target_arch = "x86_64")]
        if Avx2::within(level).is_some_and(|avx2| avx2.max_pool2d(x, pool, y)) {
            return;
        }
        at::<MaxPool, _>(level, (x, pool, y));
    });
}

/// Columns of the plane whose maxima over the rows of a window are kept at a time.
const SPAN: usize = 512;

struct MaxPool;

impl<T: Element> Kernel<(&[T], &Pool, &mut [T])> for MaxPool {
    type Output = ();

    /// First the maxima of each column over the rows of the window, then those of neighbouring columns: the
    /// kernel's height plus its width in steps, not their product.
    #[inline(always)]
    fn run((x, pool, y): (&[T], &Pool, &mut [T])) {
        let [height, width] = pool.input;
        let mut columns = [T::MIN; SPAN];
        for (i, y) in y.chunks_exact_mut(pool.output[1]).enumerate() {
            let rows = (0..pool.kernel[0])
                .map(|u| i * pool.stride[0] + u * pool.dilation[0])
                .filter_map(|row| row.checked_sub(pool.before[0]))
                .filter(|&row| row < height)
                .map(|row| &x[row * width..][..width]);
            if pool.extent(1) > SPAN {
                y.fill(T::MIN);
                rows.for_each(|row| wide_window(row, pool, y));
                continue;
            }
            let outputs = (SPAN - pool.extent(1)) / pool.stride[1] + 1;
            for (block, y) in y.chunks_mut(outputs).enumerate() {
                // In columns of the padded plane.
                let start = block * outputs * pool.stride[1];
                let span = (y.len() - 1) * pool.stride[1] + pool.extent(1);
                let columns = &mut columns[..span];
                columns.fill(T::MIN);
                // The part of the span that lies in the plane.
                let from = pool.before[1].clamp(start, start + span) - start;
                let to = (pool.before[1] + width).clamp(start, start + span) - start;
                if from < to {
                    let first = start + from - pool.before[1];
                    for row in rows.clone() {
                        for (greatest, &x) in columns[from..to].iter_mut().zip(&row[first..]) {
                            *greatest = (*greatest).max(x);
                        }
                    }
                }
                match pool.stride[1] {
                    1 => across::<1, T>(columns, pool, y),
                    2 => across::<2, T>(columns, pool, y),
                    _ => across_any(columns, pool, y),
                }
            }
        }
    }
}

/// The maxima over the columns of each window, a known stride from one to the next.
#[inline(always)]
fn across<const STRIDE: usize, T: Element>(columns: &[T], pool: &Pool, y: &mut [T]) {
    let (last, y) = y.split_last_mut().expect("a block has outputs");
    y.fill(T::MIN);
    for v in 0..pool.kernel[1] {
        let (taps, _) = columns[v * pool.dilation[1]..].as_chunks::<STRIDE>();
        for (greatest, taps) in y.iter_mut().zip(taps) {
            *greatest = (*greatest).max(taps[0]);
        }
    }
    // Its taps need not be followed by a whole stride.
    let taps = columns[y.len() * STRIDE..].iter().step_by(pool.dilation[1]);
    *last = taps.fold(T::MIN, |greatest, &x| greatest.max(x));
}

#[inline(always)]
fn across_any<T: Element>(columns: &[T], pool: &Pool, y: &mut [T]) {
    for (j, y) in y.iter_mut().enumerate() {
        let taps = columns[j * pool.stride[1]..]
            .iter()
            .step_by(pool.dilation[1])
            .take(pool.kernel[1]);
        *y = taps.fold(T::MIN, |greatest, &x| greatest.max(x));
    }
}

/// One row of the plane into the outputs of a row, with a window that is wider than what is kept.
fn wide_window<T: Element>(row: &[T], pool: &Pool, y: &mut [T]) {
    for (j, y) in y.iter_mut().enumerate() {
        for v in 0..pool.kernel[1] {
            let column = j * pool.stride[1] + v * pool.dilation[1];
            if let Some(&x) = column
                .checked_sub(pool.before[1])
                .and_then(|column| row.get(column))
            {
                *y = (*y).max(x);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::tests::{Rng, TYPES, buffers};

    fn defined<T: Element>(x: &[T], pool: &Pool) -> Vec<T> {
        let mut y = Vec::new();
        for i in 0..pool.output[0] {
            for j in 0..pool.output[1] {
                let mut greatest = T::MIN;
                for u in 0..pool.kernel[0] {
                    for v in 0..pool.kernel[1] {
                        let coordinate = |d: usize, index: usize, tap: usize| {
                            (index * pool.stride[d] + tap * pool.dilation[d]) as i64 - pool.before[d] as i64
                        };
                        let (row, column) = (coordinate(0, i, u), coordinate(1, j, v));
                        if (0..pool.input[0] as i64).contains(&row)
                            && (0..pool.input[1] as i64).contains(&column)
                        {
                            greatest = greatest.max(x[row as usize * pool.input[1] + column as usize]);
                        }
                    }
                }
                y.push(greatest);
            }
        }
        y
    }

    #[test]
    fn tiles_of_narrow_planes() {
        let mut rng = Rng(12);
        for columns in 1..=17 {
            for rows in [1, 2, 3, 40, 130] {
                let pool = Pool {
                    input: [2 * rows, 2 * columns],
                    output: [rows, columns],
                    kernel: [2, 2],
                    stride: [2, 2],
                    dilation: [1, 1],
                    before: [0, 0],
                };
                let x: Vec<i8> = (0..4 * rows * columns)
                    .map(|_| rng.within(-128, 127) as i8)
                    .collect();
                for level in Level::available() {
                    let mut y = vec![0i8; rows * columns];
                    max_pool2d(level, Slice::I8(&x), &pool, SliceMut::I8(&mut y));
                    assert_eq!(y, defined(&x, &pool), "{level}: {pool:?}");
                }
            }
        }
    }

    #[test]
    fn windows_of_all_shapes() {
        let mut rng = Rng(11);
        for round in 0..600 {
            let wide = round % 20 == 0;
            let mut small = |most: i32| rng.within(1, most) as usize;
            let kernel = [small(4), if wide { small(600) } else { small(5) }];
            let stride = [small(3), small(4)];
            let dilation = [small(3), small(3)];
            let input = [small(12), if wide { small(1500) } else { small(90) }];
            let before = [small(kernel[0] as i32 * 2) - 1, small(kernel[1] as i32 * 2) - 1];
            let after = [small(4) - 1, small(4) - 1];
            let outputs = |d: usize| {
                let taps = (kernel[d] - 1) * dilation[d] + 1;
                (before[d] + input[d] + after[d])
                    .checked_sub(taps)
                    .map(|room| room / stride[d] + 1)
            };
            let (Some(rows), Some(columns)) = (outputs(0), outputs(1)) else {
                continue;
            };
            let pool = Pool {
                input,
                output: [rows, columns],
                kernel,
                stride,
                dilation,
                before,
            };
            for ty in TYPES {
                let x = rng.elements(ty, input[0] * input[1]);
                for level in Level::available() {
                    let mut y = buffers(ty, rows * columns);
                    max_pool2d(level, x.slice(), &pool, y.slice_mut());
                    same_type!(x.slice(), y.slice_mut(), (x, y) => {
                        assert_eq!(y, defined(x, &pool), "{level} {pool:?}");
                    });
                }
            }
        }
    }
}
