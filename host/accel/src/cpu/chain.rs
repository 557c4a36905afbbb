//! Chains of operators that run over blocks of rows.
//!
//! A chain is pointwise operators and reductions along rows, over one [`Space`]. A block of a few rows goes
//! through all of them before the next one is begun, so what lies between them stays in the nearest cache and
//! never in a slot. A chain may begin with a matrix product or a convolution, whose finished blocks it takes.

use super::memory::Memory;
use super::space::{RowMap, Space};
use super::view::{fill, get, range, range_mut, reborrow, set};
use metisvm_model::DType;
use metisvm_simd::Level;
use metisvm_simd::elements::{self, Interpolation, Operand, RequantiseColumns, Slice, SliceMut, Table256};
use std::ops::Range;

/// The elements of a block that a chain takes at once, where rows are not longer: with the few values that are
/// alive in it they fill about half of a nearest cache of 48 KB.
pub(super) const BLOCK_ELEMENTS: usize = 4096;

/// Rows of fewer elements are reduced many at a call.
const SHORT_ROW: usize = 64;
/// Lines of fewer elements are put side by side, where a call for each would cost more than the copy.
const SHORT_LINE: usize = 16;
/// An operator has two operands at most.
const SPARE: usize = 2;
/// So many sums of squares are kept at a time.
const SQUARES: usize = 64;

/// Where an operand lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// The product that feeds the chain.
    Product,
    /// A value of the chain itself.
    Local(usize),
    Constant(usize),
    Slot(usize),
}

/// An operand of one operator of a chain.
#[derive(Clone, Debug)]
pub(super) struct In {
    pub(super) at: At,
    pub(super) dtype: DType,
    /// Where its rows lie; of what the chain computes itself they are one after the other.
    pub(super) map: RowMap,
    /// Whether a row has a line of it, or one element.
    pub(super) wide: bool,
}

/// Where a result goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Out {
    pub(super) at: Place,
    pub(super) dtype: DType,
    /// Whether a row has a line of it, or one element.
    pub(super) wide: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Local(usize),
    /// One of the chain's results: a position in its list.
    Result(usize),
}

/// Requantisation's parameters.
#[derive(Debug)]
pub(super) enum Parameters {
    One(Parameter),
    /// One set a row.
    Rows(RowMap, Vec<Parameter>),
    /// One set a column.
    Columns(Box<RequantiseColumns>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) multiplier: i32,
    pub(super) shift: u32,
    pub(super) zero: i32,
}

/// What a chain does to its operands.
#[derive(Debug)]
pub(super) enum Action {
    Requantise(Parameters),
    Clamp {
        low: i32,
        high: i32,
    },
    Table(Box<Table256>),
    Interpolate(Box<Interpolation>),
    Add,
    Sub,
    Mul {
        shift: u32,
    },
    Reciprocal {
        numerator: u64,
    },
    /// The same elements, to a slot.
    Copy,
    Sum,
    Max,
    InvNorm {
        shift: u8,
        epsilon: u64,
    },
}

impl Action {
    /// What it is called, with how its parameters run.
    const fn name(&self) -> &'static str {
        match self {
            Self::Requantise(Parameters::One(_)) => "Requantise",
            Self::Requantise(Parameters::Rows(..)) => "Requantise(rows)",
            Self::Requantise(Parameters::Columns(_)) => "Requantise(columns)",
            Self::Clamp { .. } => "Clamp",
            Self::Table(_) => "Table",
            Self::Interpolate(_) => "Interpolate",
            Self::Add => "Add",
            Self::Sub => "Sub",
            Self::Mul { .. } => "Mul",
            Self::Reciprocal { .. } => "Reciprocal",
            Self::Copy => "Copy",
            Self::Sum => "ReduceSum",
            Self::Max => "ReduceMax",
            Self::InvNorm { .. } => "InvNorm",
        }
    }

    /// Whether it makes one element of each row.
    pub(super) const fn reduces(&self) -> bool {
        matches!(self, Self::Sum | Self::Max | Self::InvNorm { .. })
    }
}

/// One operator of a chain.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) action: Action,
    pub(super) a: In,
    pub(super) b: Option<In>,
    pub(super) y: Out,
}

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

/// A part of a chain's results that one thread fills: elements from `first` on.
#[derive(Debug)]
pub(super) struct Target<'a> {
    pub(super) data: SliceMut<'a>,
    pub(super) first: usize,
}

/// A block: rows, counted over all items, and columns.
#[derive(Clone, Debug)]
pub(super) struct Block<'a> {
    pub(super) first_row: usize,
    pub(super) rows: usize,
    pub(super) columns: Range<usize>,
    /// The product that feeds the chain, and how far its rows lie apart.
    pub(super) product: Option<(&'a [i32], usize)>,
}

/// What every link reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'a> {
    pub(super) constants: &'a [Memory],
    pub(super) slots: &'a [Memory],
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

/// Elements that a link fills: row `r` of the block at `offset + r · stride`.
struct Dense<'a> {
    data: SliceMut<'a>,
    stride: usize,
    offset: usize,
}

/// What a link reads.
#[derive(Clone, Copy)]
struct View<'a> {
    sources: Sources<'a>,
    locals: &'a [Memory],
}

impl<'a> View<'a> {
    /// Whether all rows of the block lie one after the other in an operand, or are the same element.
    fn is_run(&self, operand: &In, block: &Block<'_>, space: Space) -> bool {
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
    fn operand(&self, operand: &In, block: &Block<'a>, row: usize, count: usize, rows: usize) -> Operand<'a> {
        if operand.wide {
            return Operand::Each(self.line(operand, block, row, count, rows));
        }
        let (memory, index) = match operand.at {
            At::Local(index) => (&self.locals[index], row),
            At::Constant(index) => (
                &self.sources.constants[index],
                operand.map.offset(block.first_row + row, rows),
            ),
            At::Slot(index) => (
                &self.sources.slots[index],
                operand.map.offset(block.first_row + row, rows),
            ),
            // A product is as wide as its rows.
            At::Product => return Operand::Each(self.line(operand, block, row, count, rows)),
        };
        Operand::One(get(memory.slice(operand.dtype, index..index + 1), 0))
    }

    /// `count` elements of a wide operand, from row `row` of the block on.
    fn line(&self, operand: &In, block: &Block<'a>, row: usize, count: usize, rows: usize) -> Slice<'a> {
        match operand.at {
            At::Product => {
                let (values, stride) = block.product.unwrap_or((&[], 0));
                Slice::I32(&values[row * stride..][..count])
            }
            At::Local(index) => {
                let start = row * block.columns.len();
                self.locals[index].slice(operand.dtype, start..start + count)
            }
            At::Constant(index) => {
                let start = operand.map.offset(block.first_row + row, rows) + block.columns.start;
                self.sources.constants[index].slice(operand.dtype, start..start + count)
            }
            At::Slot(index) => {
                let start = operand.map.offset(block.first_row + row, rows) + block.columns.start;
                self.sources.slots[index].slice(operand.dtype, start..start + count)
            }
        }
    }

    /// An operand for all elements of the block: as it lies, or with its lines side by side in `spare`.
    fn spread<'b>(
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
    fn narrow_line(&self, operand: &In, block: &Block<'a>, rows: usize) -> Operand<'a> {
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
struct Lines<'a> {
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

/// Elements of 32 bits, which sums of products are.
fn i32s<'a>(slice: &'a mut SliceMut<'_>) -> &'a mut [i32] {
    match slice {
        SliceMut::I32(s) => s,
        _ => unreachable!("a product has 32 bits"),
    }
}

/// Requantises short rows, each with parameters of its own.
fn requantise_rows(
    map: &RowMap,
    parameters: &[Parameter],
    level: Level,
    block: &Block<'_>,
    rows: usize,
    x: Operand<'_>,
    y: SliceMut<'_>,
) {
    let columns = block.columns.len();
    let mut sets = (Vec::new(), Vec::new(), Vec::new());
    map.offsets(block.first_row, block.rows, rows, |_, offset| {
        let own = parameters[offset];
        let times = |value| std::iter::repeat_n(value, columns);
        sets.0.extend(times(own.multiplier));
        sets.1.extend(std::iter::repeat_n(own.shift, columns));
        sets.2.extend(times(own.zero));
    });
    if let Operand::Each(x) = x {
        elements::requantise_each(level, x, &sets.0, &sets.1, &sets.2, y);
    }
}

/// A reduction of many short rows at once.
fn reduce_rows(action: &Action, level: Level, x: Slice<'_>, columns: usize, mut y: SliceMut<'_>) {
    match (action, reborrow(&mut y)) {
        (Action::Max, y) => elements::reduce_max_rows(level, x, columns, y),
        (Action::Sum, SliceMut::I32(y)) => elements::reduce_sum_rows(level, x, columns, y),
        (&Action::InvNorm { shift, epsilon }, SliceMut::I32(y)) => {
            let mut squares = [0; SQUARES];
            for (number, y) in y.chunks_mut(SQUARES).enumerate() {
                let first = number * SQUARES * columns;
                let squares = &mut squares[..y.len()];
                let x = range(x, first..first + y.len() * columns);
                elements::sum_of_squares_rows(level, x, columns, squares);
                for (y, &mut sum) in y.iter_mut().zip(squares) {
                    *y = elements::inverse_norm(epsilon + sum, shift);
                }
            }
        }
        (action, _) => unreachable!("{action:?} makes other elements"),
    }
}

fn reduced(action: &Action, level: Level, x: Slice<'_>) -> i32 {
    match *action {
        Action::Max => elements::reduce_max(level, x),
        Action::InvNorm { shift, epsilon } => {
            elements::inverse_norm(epsilon + elements::sum_of_squares(level, x), shift)
        }
        _ => elements::reduce_sum(level, x),
    }
}

fn requantise(p: Parameter, level: Level, x: Operand<'_>, y: SliceMut<'_>) {
    match x {
        Operand::Each(x) => elements::requantise_one(level, x, p.multiplier, p.shift, p.zero, y),
        Operand::One(x) => {
            let x = [x];
            let mut one = [0];
            elements::requantise_one(
                level,
                Slice::I32(&x),
                p.multiplier,
                p.shift,
                p.zero,
                SliceMut::I32(&mut one),
            );
            fill(y, one[0]);
        }
    }
}

/// A pointwise operator over elements of which the first is in column `column`.
fn pointwise(
    action: &Action,
    level: Level,
    column: usize,
    a: Operand<'_>,
    b: Option<Operand<'_>>,
    y: SliceMut<'_>,
) {
    let b = b.unwrap_or(Operand::One(0));
    match (action, a, y) {
        (Action::Requantise(Parameters::One(own)), a, y) => requantise(*own, level, a, y),
        (Action::Requantise(Parameters::Columns(own)), Operand::Each(x), y) => own.apply(level, column, x, y),
        (Action::Clamp { low, high }, Operand::Each(x), y) => elements::clamp(level, x, *low, *high, y),
        (Action::Table(table), Operand::Each(x), y) => table.apply(level, x, y),
        (Action::Interpolate(table), Operand::Each(Slice::I16(x)), y) => table.apply(level, x, y),
        (Action::Add, a, SliceMut::I32(y)) => elements::add(level, a, b, y),
        (Action::Sub, a, SliceMut::I32(y)) => elements::sub(level, a, b, y),
        (Action::Mul { shift }, a, y) => elements::mul(level, a, b, *shift, y),
        (Action::Reciprocal { numerator }, Operand::Each(x), SliceMut::I32(y)) => {
            elements::reciprocal(level, x, *numerator, y);
        }
        (Action::Copy, Operand::Each(x), y) => copy(x, y),
        // Only constants are one element for all, and the compiler gives no link such an operand alone.
        (action, _, _) => unreachable!("{action:?} of these operands is not compiled"),
    }
}

fn copy(x: Slice<'_>, y: SliceMut<'_>) {
    match (x, y) {
        (Slice::U8(x), SliceMut::U8(y)) => y.copy_from_slice(x),
        (Slice::I8(x), SliceMut::I8(y)) => y.copy_from_slice(x),
        (Slice::I16(x), SliceMut::I16(y)) => y.copy_from_slice(x),
        (Slice::I32(x), SliceMut::I32(y)) => y.copy_from_slice(x),
        _ => unreachable!("a copy has the type of its operand"),
    }
}
