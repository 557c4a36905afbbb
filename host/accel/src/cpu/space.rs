//! Rows and columns: how values that are stretched over each other are walked.
//!
//! A chain of pointwise operators and of reductions along rows runs over a [`Space`]: so many rows of so many
//! columns. The dimensions of each value are cut in two, those of the rows and those of the columns; an operand
//! then gives each row a whole line, or one element, at an offset that a [`RowMap`] has.

use metisvm_model::Shape;

/// Rows and columns of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Space {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Space {
    pub(super) const fn elements(self) -> usize {
        self.rows * self.columns
    }

    /// The first dimension of the columns, where a value of these dimensions fills the space: the last such
    /// cut, so that dimensions of extent 1 belong to the rows.
    pub(super) fn cut(self, dims: &[u32]) -> Option<usize> {
        let mut columns = 1;
        let mut cut = dims.len();
        while columns != self.columns {
            cut = cut.checked_sub(1)?;
            columns *= dims[cut] as usize;
            if columns > self.columns {
                return None;
            }
        }
        let rows: usize = dims[..cut].iter().map(|&d| d as usize).product();
        (rows == self.rows).then_some(cut)
    }
}

/// Where, in an operand, the elements of a row begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowMap {
    /// From one item to the next; 0 where all have the same.
    pub(super) item: usize,
    pub(super) rows: Rows,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// All rows of an item have the same.
    Same,
    /// One after the other, so many elements each; so are the items.
    Dense(usize),
    /// One after the other, so many elements each, again for each item: a constant.
    Cyclic(usize),
    /// Dimensions of the rows, the last fastest: extent and stride.
    Strided(Vec<(usize, usize)>),
}

impl RowMap {
    /// The offset of a row, counted over all items, of `rows` each.
    pub(super) fn offset(&self, row: usize, rows: usize) -> usize {
        match &self.rows {
            Rows::Dense(step) => row * step,
            Rows::Cyclic(step) => row % rows * step,
            Rows::Same if self.item == 0 => 0,
            Rows::Same => row / rows * self.item,
            Rows::Strided(dims) => {
                let (item, mut rest) = (row / rows, row % rows);
                let mut offset = item * self.item;
                for &(extent, stride) in dims.iter().rev() {
                    offset += rest % extent * stride;
                    rest /= extent;
                }
                offset
            }
        }
    }

    /// The offsets of `count` rows from `first` on, in turn.
    pub(super) fn offsets(
        &self,
        first: usize,
        count: usize,
        rows: usize,
        mut each: impl FnMut(usize, usize),
    ) {
        let Rows::Strided(dims) = &self.rows else {
            (0..count).for_each(|at| each(at, self.offset(first + at, rows)));
            return;
        };
        // An odometer: divisions are for the first row alone.
        let mut place = [0; metisvm_model::limits::MAX_RANK];
        let mut rest = first % rows;
        for (place, &(extent, _)) in place.iter_mut().zip(dims).rev() {
            *place = rest % extent;
            rest /= extent;
        }
        let mut offset = self.offset(first, rows);
        let mut left = rows - first % rows;
        for at in 0..count {
            each(at, offset);
            left -= 1;
            if left == 0 {
                (left, place) = (rows, [0; metisvm_model::limits::MAX_RANK]);
                offset = self.offset(first + at + 1, rows);
                continue;
            }
            for (place, &(extent, stride)) in place.iter_mut().zip(dims).rev() {
                *place += 1;
                offset += stride;
                if *place < extent {
                    break;
                }
                offset -= stride * extent;
                *place = 0;
            }
        }
    }

    /// Whether every row of every item has the same.
    pub(super) fn is_constant(&self) -> bool {
        self.item == 0 && self.rows == Rows::Same
    }

    /// Whether `count` rows from `row` on, of `rows` an item, lie one after the other.
    pub(super) fn is_run(&self, row: usize, count: usize, rows: usize) -> bool {
        match self.rows {
            Rows::Dense(_) => true,
            Rows::Cyclic(_) => row % rows + count <= rows,
            _ => count == 1,
        }
    }
}

/// How an operand is walked along a result whose columns begin at dimension `cut`: its map, and whether a row has
/// a line of it (or one element). `None` if only a part of the column dimensions is stretched.
///
/// `per_item` is whether each item has one of its own, as all but constants do.
pub(super) fn walk(operand: &Shape, result: &[u32], cut: usize, per_item: bool) -> Option<(RowMap, bool)> {
    let strides = strides(operand, result);
    let (rows, columns) = (&result[..cut], &result[cut..]);
    let elements = columns.iter().map(|&d| d as usize).product::<usize>();
    let wide = if strides[cut..].iter().all(|&stride| stride == 0) {
        // Columns of extent 1 alone are a line of one element as well.
        elements == 1
    } else {
        is_dense(&strides[cut..], columns, 1).then_some(())?;
        true
    };
    let unit = if wide { elements } else { 1 };
    let item = if per_item { operand.elements() } else { 0 };
    let rows = if strides[..cut].iter().all(|&stride| stride == 0) && (rows_of(rows) != 1 || !per_item) {
        Rows::Same
    } else if is_dense(&strides[..cut], rows, unit) {
        if per_item {
            Rows::Dense(unit)
        } else {
            Rows::Cyclic(unit)
        }
    } else {
        let walked = rows.iter().zip(&strides).filter(|(d, _)| **d != 1);
        Rows::Strided(walked.map(|(&d, &s)| (d as usize, s)).collect())
    };
    Some((RowMap { item, rows }, wide))
}

fn rows_of(dims: &[u32]) -> usize {
    dims.iter().map(|&d| d as usize).product()
}

/// Whether these dimensions lie one in the other without a gap, the innermost step being `unit`.
fn is_dense(strides: &[usize], dims: &[u32], unit: usize) -> bool {
    let mut step = unit;
    for (&stride, &d) in strides.iter().zip(dims).rev() {
        if d != 1 && stride != step {
            return false;
        }
        step *= d as usize;
    }
    true
}

/// For each dimension of the result, how far the operand's elements lie apart; 0 where it is stretched.
pub(super) fn strides(operand: &Shape, result: &[u32]) -> Vec<usize> {
    metisvm_model::kernels::broadcast::broadcast_strides(operand, result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(dims: &[u32]) -> Shape {
        Shape::new(dims).expect("small")
    }

    #[test]
    fn a_space_is_cut_at_its_columns() {
        let space = Space { rows: 6, columns: 20 };
        assert_eq!(space.cut(&[2, 3, 4, 5]), Some(2));
        assert_eq!(space.cut(&[6, 20]), Some(1));
        assert_eq!(space.cut(&[6, 1, 20, 1]), Some(2));
        assert_eq!(space.cut(&[20, 6]), None);
        assert_eq!(space.cut(&[120]), None);
        assert_eq!(Space { rows: 6, columns: 1 }.cut(&[2, 3]), Some(2));
        assert_eq!(Space { rows: 1, columns: 6 }.cut(&[2, 3]), Some(0));
    }

    #[test]
    fn operands_are_walked_by_their_strides() {
        let result = [2, 3, 4];
        let found = |dims: &[u32], cut, per_item| {
            walk(&shape(dims), &result, cut, per_item).map(|(map, wide)| {
                let offsets: Vec<usize> = (0..12).map(|row| map.offset(row, 6)).collect();
                (offsets, wide)
            })
        };
        let dense: Vec<usize> = (0..12).map(|row| row * 4).collect();
        assert_eq!(found(&[2, 3, 4], 2, true), Some((dense, true)));
        assert_eq!(found(&[4], 2, false), Some((vec![0; 12], true)));
        assert_eq!(found(&[], 2, false), Some((vec![0; 12], false)));
        assert_eq!(found(&[2, 3, 1], 2, true), Some(((0..12).collect(), false)));
        let channels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2].to_vec();
        assert_eq!(found(&[3, 1], 2, false), Some((channels, false)));
        for (dims, per_item) in [
            (&[3, 1][..], false),
            (&[2, 1, 4], true),
            (&[2, 3, 1], true),
            (&[4], false),
        ] {
            let (map, _) = walk(&shape(dims), &result, 2, per_item).expect("whole lines");
            for first in 0..12 {
                map.offsets(first, 18 - first, 6, |at, offset| {
                    assert_eq!(offset, map.offset(first + at, 6))
                });
            }
        }
        let images = [0, 0, 0, 4, 4, 4, 8, 8, 8, 12, 12, 12].to_vec();
        assert_eq!(found(&[2, 1, 4], 2, true), Some((images, true)));
        // Rows of a row and columns of a column do not make a line.
        assert_eq!(walk(&shape(&[3, 1]), &result, 1, false), None);
    }
}
