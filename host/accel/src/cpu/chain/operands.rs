//! A block of rows, what its operators read, and what they fill.

use super::link::{At, In};
use crate::cpu::memory::Memory;
use crate::cpu::space::Space;
use crate::cpu::view::{get, i32s};
use metisvm_simd::Level;
use metisvm_simd::elements::{self, Operand, Slice, SliceMut};
use std::ops::Range;

/// Lines of fewer elements are put side by side, where a call for each would cost more than the copy.
pub(super) const SHORT_LINE: usize = 16;

/// A part of a chain's results that one thread fills: elements from `first` on.
#[derive(Debug)]
pub(in crate::cpu) struct Target<'a> {
    pub(in crate::cpu) data: SliceMut<'a>,
    pub(in crate::cpu) first: usize,
}

/// A block: rows, counted over all items, and columns.
#[derive(Clone, Debug)]
pub(in crate::cpu) struct Block<'a> {
    pub(in crate::cpu) first_row: usize,
    pub(in crate::cpu) rows: usize,
    pub(in crate::cpu) columns: Range<usize>,
    /// The product that feeds the chain, and how far its rows lie apart.
    pub(in crate::cpu) product: Option<(&'a [i32], usize)>,
}

/// What every link reads.
#[derive(Clone, Copy, Debug)]
pub(in crate::cpu) struct Sources<'a> {
    pub(in crate::cpu) constants: &'a [Memory],
    pub(in crate::cpu) slots: &'a [Memory],
}

/// Elements that a link fills: row `r` of the block at `offset + r · stride`.
pub(super) struct Dense<'a> {
    pub(super) data: SliceMut<'a>,
    pub(super) stride: usize,
    pub(super) offset: usize,
}

/// What a link reads.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) sources: Sources<'a>,
    pub(super) locals: &'a [Memory],
}

impl<'a> View<'a> {
    /// Whether all rows of the block lie one after the other in an operand, or are the same element.
    pub(super) fn is_run(&self, operand: &In, block: &Block<'_>, space: Space) -> bool {
        if block.rows == 1 {
            return true;
        }
        let columns = block.columns.len();
        match operand.at {
            At::Product => block.product.is_some_and(|(_, stride)| stride == columns),
            At::Local(_) => operand.wide,
            At::Constant(_) | At::Slot(_) if operand.wide => {
                columns == space.columns && operand.map.is_run(block.first_row, block.rows, space.rows)
            }
            At::Constant(_) | At::Slot(_) => operand.map.is_constant(),
        }
    }

    /// An operand for `count` elements from row `row` of the block on.
    pub(super) fn operand(
        &self,
        operand: &In,
        block: &Block<'a>,
        row: usize,
        count: usize,
        rows: usize,
    ) -> Operand<'a> {
        if operand.wide {
            return Operand::Each(self.line(operand, block, row, count, rows));
        }
        let outside = || operand.map.offset(block.first_row + row, rows);
        let (memory, index) = match operand.at {
            At::Local(index) => (&self.locals[index], row),
            At::Constant(index) => (&self.sources.constants[index], outside()),
            At::Slot(index) => (&self.sources.slots[index], outside()),
            // A product is as wide as its rows.
            At::Product => return Operand::Each(self.line(operand, block, row, count, rows)),
        };
        Operand::One(get(memory.slice(operand.dtype, index..index + 1), 0))
    }

    /// `count` elements of a wide operand, from row `row` of the block on.
    pub(super) fn line(
        &self,
        operand: &In,
        block: &Block<'a>,
        row: usize,
        count: usize,
        rows: usize,
    ) -> Slice<'a> {
        let outside = || operand.map.offset(block.first_row + row, rows) + block.columns.start;
        let (memory, start) = match operand.at {
            At::Product => {
                let (values, stride) = block.product.unwrap_or((&[], 0));
                return Slice::I32(&values[row * stride..][..count]);
            }
            At::Local(index) => (&self.locals[index], row * block.columns.len()),
            At::Constant(index) => (&self.sources.constants[index], outside()),
            At::Slot(index) => (&self.sources.slots[index], outside()),
        };
        memory.slice(operand.dtype, start..start + count)
    }

    /// An operand for all elements of the block: as it lies, or with its lines side by side in `spare`.
    pub(super) fn spread<'b>(
        &'b self,
        operand: &In,
        level: Level,
        block: &Block<'b>,
        space: Space,
        spare: &'b mut Memory,
    ) -> Operand<'b> {
        let columns = block.columns.len();
        let elements = block.rows * columns;
        if self.is_run(operand, block, space) {
            return self.operand(operand, block, 0, elements, space.rows);
        }
        let dtype = operand.dtype;
        if spare.bytes().len() < elements * dtype.size() {
            *spare = Memory::new(elements * dtype.size());
        }
        let mut to = spare.slice_mut(dtype, 0..elements);
        let first = block.first_row;
        let from = match operand.at {
            At::Product => {
                let (values, stride) = block.product.unwrap_or((&[], 0));
                for (row, to) in (0..block.rows).zip(i32s(&mut to).chunks_exact_mut(columns)) {
                    to.copy_from_slice(&values[row * stride..][..columns]);
                }
                return Operand::Each(spare.slice(dtype, 0..elements));
            }
            At::Local(index) => {
                elements::stretch(level, self.locals[index].slice(dtype, 0..block.rows), columns, to);
                return Operand::Each(spare.slice(dtype, 0..elements));
            }
            At::Constant(index) => &self.sources.constants[index],
            At::Slot(index) => &self.sources.slots[index],
        };
        if !operand.wide && operand.map.is_run(first, block.rows, space.rows) {
            let start = operand.map.offset(first, space.rows);
            elements::stretch(level, from.slice(dtype, start..start + block.rows), columns, to);
            return Operand::Each(spare.slice(dtype, 0..elements));
        }
        let from = from.slice(dtype, 0..from.bytes().len() / dtype.size());
        let lines = Lines {
            operand,
            block,
            rows: space.rows,
        };
        match (from, &mut to) {
            (Slice::U8(from), SliceMut::U8(to)) => lines.copy(from, to),
            (Slice::I8(from), SliceMut::I8(to)) => lines.copy(from, to),
            (Slice::I16(from), SliceMut::I16(to)) => lines.copy(from, to),
            (Slice::I32(from), SliceMut::I32(to)) => lines.copy(from, to),
            _ => unreachable!("both have the operand's type"),
        }
        Operand::Each(spare.slice(dtype, 0..elements))
    }

    /// Of an operand that has one element a row, those of the block.
    pub(super) fn narrow_line(&self, operand: &In, block: &Block<'a>, rows: usize) -> Operand<'a> {
        let memory = match operand.at {
            At::Local(index) => return Operand::Each(self.locals[index].slice(operand.dtype, 0..block.rows)),
            At::Constant(index) => &self.sources.constants[index],
            At::Slot(index) => &self.sources.slots[index],
            At::Product => return Operand::One(0),
        };
        let start = operand.map.offset(block.first_row, rows);
        if operand.map.is_constant() {
            return Operand::One(get(memory.slice(operand.dtype, start..start + 1), 0));
        }
        Operand::Each(memory.slice(operand.dtype, start..start + block.rows))
    }
}

/// The lines of an operand, row by row.
pub(super) struct Lines<'a> {
    operand: &'a In,
    block: &'a Block<'a>,
    rows: usize,
}

impl Lines<'_> {
    /// Copies those of the block side by side; an element that a row has for all columns, to each of them.
    fn copy<T: Copy>(&self, from: &[T], to: &mut [T]) {
        let columns = self.block.columns.len();
        let start = self.block.columns.start;
        let mut lines = to.chunks_exact_mut(columns);
        self.operand
            .map
            .offsets(self.block.first_row, self.block.rows, self.rows, |_, offset| {
                let Some(line) = lines.next() else { return };
                if self.operand.wide {
                    for (to, &from) in line.iter_mut().zip(&from[offset + start..]) {
                        *to = from;
                    }
                } else {
                    line.fill(from[offset]);
                }
            });
    }
}
