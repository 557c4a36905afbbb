//! Chains of operators that run over blocks of rows.
//!
//! A chain is pointwise operators and reductions along rows, over one [`Space`]. A block of a few rows goes
//! through all of them before the next one is begun, so what lies between them stays in the nearest cache and
//! never in a slot. A chain may begin with a matrix product or a convolution, whose finished blocks it takes.

use super::memory::Memory;
use super::space::Space;
use super::view::{range_mut, reborrow, set};
use metisvm_simd::Level;
use std::ops::Range;

/// The elements of a block that a chain takes at once, where rows are not longer: with the few values that are
/// alive in it they fill about half of a nearest cache of 48 KB.
pub(super) const BLOCK_ELEMENTS: usize = 4096;

/// Rows of fewer elements are reduced many at a call.
const SHORT_ROW: usize = 64;
/// An operator has two operands at most.
const SPARE: usize = 2;

mod actions;
mod link;
mod operands;

pub(super) use link::{Action, At, In, Link, Out, Parameter, Parameters, Place};
pub(super) use operands::{Block, Sources, Target};

use actions::{pointwise, reduce_rows, reduced, requantise, requantise_rows};
use operands::{Dense, SHORT_LINE, View};

/// A chain, compiled.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) space: Space,
    pub(super) links: Vec<Link>,
    /// Bytes that each local takes an element of a block.
    pub(super) locals: Vec<usize>,
    /// The slots that it fills, with the type and whether a row has a line in them.
    pub(super) results: Vec<(usize, Out)>,
    /// Whether it reduces along rows, so that it needs whole ones.
    pub(super) whole_rows: bool,
}

impl std::fmt::Display for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} × {}:", self.space.rows, self.space.columns)?;
        self.links
            .iter()
            .try_for_each(|link| write!(f, " {}", link.action.name()))
    }
}

impl Chain {
    /// How many rows are taken at once where nothing feeds the chain.
    pub(super) fn block_rows(&self) -> usize {
        (BLOCK_ELEMENTS / self.space.columns).max(1)
    }

    /// How many columns are taken at once where nothing feeds the chain.
    pub(super) const fn block_columns(&self) -> usize {
        if self.whole_rows || self.space.columns <= BLOCK_ELEMENTS {
            self.space.columns
        } else {
            BLOCK_ELEMENTS
        }
    }

    /// Runs over rows, block by block.
    pub(super) fn run(
        &self,
        level: Level,
        rows: Range<usize>,
        sources: Sources<'_>,
        locals: &mut Vec<Memory>,
        targets: &mut [Target<'_>],
    ) {
        let (most, width) = (self.block_rows(), self.block_columns());
        for first_row in rows.clone().step_by(most) {
            for start in (0..self.space.columns).step_by(width) {
                let block = Block {
                    first_row,
                    rows: most.min(rows.end - first_row),
                    columns: start..self.space.columns.min(start + width),
                    product: None,
                };
                self.run_block(level, &block, sources, locals, targets);
            }
        }
    }

    /// Runs over one block.
    pub(super) fn run_block(
        &self,
        level: Level,
        block: &Block<'_>,
        sources: Sources<'_>,
        locals: &mut Vec<Memory>,
        targets: &mut [Target<'_>],
    ) {
        let elements = block.rows * block.columns.len();
        // Behind the locals lie two that operands are spread out in.
        let count = self.locals.len();
        if locals.len() < count + SPARE {
            locals.resize_with(count + SPARE, Memory::default);
        }
        let mut spare: [Memory; SPARE] = std::array::from_fn(|at| std::mem::take(&mut locals[count + at]));
        for (local, size) in locals.iter_mut().zip(&self.locals) {
            if local.bytes().len() < elements * size {
                *local = Memory::new(elements * size);
            }
        }
        for link in &self.links {
            match link.y.at {
                Place::Local(index) => {
                    let mut own = std::mem::take(&mut locals[index]);
                    let mut dense = Dense {
                        data: own.slice_mut(link.y.dtype, 0..if link.y.wide { elements } else { block.rows }),
                        stride: block.columns.len(),
                        offset: 0,
                    };
                    self.apply(
                        link,
                        level,
                        block,
                        View { sources, locals },
                        &mut spare,
                        &mut dense,
                    );
                    locals[index] = own;
                }
                Place::Result(index) => {
                    let target = &mut targets[index];
                    let columns = self.space.columns;
                    let (offset, stride) = match link.y.wide {
                        true => (block.first_row * columns + block.columns.start, columns),
                        false => (block.first_row, 1),
                    };
                    let mut dense = Dense {
                        data: reborrow(&mut target.data),
                        stride,
                        offset: offset - target.first,
                    };
                    self.apply(
                        link,
                        level,
                        block,
                        View { sources, locals },
                        &mut spare,
                        &mut dense,
                    );
                }
            }
        }
        for (at, memory) in spare.into_iter().enumerate() {
            locals[count + at] = memory;
        }
    }

    fn apply(
        &self,
        link: &Link,
        level: Level,
        block: &Block<'_>,
        view: View<'_>,
        spare: &mut [Memory; SPARE],
        y: &mut Dense<'_>,
    ) {
        let columns = block.columns.len();
        let rows = self.space.rows;
        if link.action.reduces() {
            let y_rows = y.offset..y.offset + block.rows;
            if columns < SHORT_ROW && view.is_run(&link.a, block, self.space) {
                let a = view.line(&link.a, block, 0, block.rows * columns, rows);
                return reduce_rows(&link.action, level, a, columns, range_mut(&mut y.data, y_rows));
            }
            for row in 0..block.rows {
                let a = view.line(&link.a, block, row, columns, rows);
                let value = reduced(&link.action, level, a);
                set(&mut y.data, y.offset + row, value);
            }
            return;
        }
        if !link.y.wide {
            // One element a row: the rows of the block are its line.
            let line = |operand: &In| view.narrow_line(operand, block, rows);
            let b = link.b.as_ref().map(line);
            let target = range_mut(&mut y.data, y.offset..y.offset + block.rows);
            pointwise(&link.action, level, 0, line(&link.a), b, target);
            return;
        }
        let whole = y.stride == columns
            && view.is_run(&link.a, block, self.space)
            && link.b.as_ref().is_none_or(|b| view.is_run(b, block, self.space));
        if whole && !matches!(link.action, Action::Requantise(Parameters::Rows(..))) {
            let elements = block.rows * columns;
            let line = |operand: &In| view.operand(operand, block, 0, elements, rows);
            let b = link.b.as_ref().map(line);
            let target = range_mut(&mut y.data, y.offset..y.offset + elements);
            pointwise(&link.action, level, block.columns.start, line(&link.a), b, target);
            return;
        }
        if columns < SHORT_LINE && y.stride == columns {
            let target = range_mut(&mut y.data, y.offset..y.offset + block.rows * columns);
            let [first, second] = spare;
            let a = view.spread(&link.a, level, block, self.space, first);
            let b = link
                .b
                .as_ref()
                .map(|b| view.spread(b, level, block, self.space, second));
            return match &link.action {
                Action::Requantise(Parameters::Rows(map, parameters)) => {
                    requantise_rows(map, parameters, level, block, rows, a, target);
                }
                action => pointwise(action, level, 0, a, b, target),
            };
        }
        for row in 0..block.rows {
            let line = |operand: &In| view.operand(operand, block, row, columns, rows);
            let b = link.b.as_ref().map(line);
            let start = y.offset + row * y.stride;
            let target = range_mut(&mut y.data, start..start + columns);
            match &link.action {
                Action::Requantise(Parameters::Rows(map, parameters)) => {
                    let own = parameters[map.offset(block.first_row + row, rows)];
                    requantise(own, level, line(&link.a), target);
                }
                action => pointwise(action, level, block.columns.start, line(&link.a), b, target),
            }
        }
    }
}
