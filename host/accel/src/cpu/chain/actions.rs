//! What operators of a chain do to the elements they are given.

use super::link::{Action, Parameter, Parameters};
use super::operands::Block;
use crate::cpu::space::RowMap;
use crate::cpu::view::{fill, range, reborrow};
use metisvm_simd::Level;
use metisvm_simd::elements::{self, Operand, Slice, SliceMut};

/// So many sums of squares are kept at a time.
const SQUARES: usize = 64;

/// Requantises short rows, each with parameters of its own.
pub(super) fn requantise_rows(
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
pub(super) fn reduce_rows(action: &Action, level: Level, x: Slice<'_>, columns: usize, mut y: SliceMut<'_>) {
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

pub(super) fn reduced(action: &Action, level: Level, x: Slice<'_>) -> i32 {
    match *action {
        Action::Max => elements::reduce_max(level, x),
        Action::InvNorm { shift, epsilon } => {
            elements::inverse_norm(epsilon + elements::sum_of_squares(level, x), shift)
        }
        _ => elements::reduce_sum(level, x),
    }
}

pub(super) fn requantise(p: Parameter, level: Level, x: Operand<'_>, y: SliceMut<'_>) {
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
pub(super) fn pointwise(
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

pub(super) fn copy(x: Slice<'_>, y: SliceMut<'_>) {
    match (x, y) {
        (Slice::U8(x), SliceMut::U8(y)) => y.copy_from_slice(x),
        (Slice::I8(x), SliceMut::I8(y)) => y.copy_from_slice(x),
        (Slice::I16(x), SliceMut::I16(y)) => y.copy_from_slice(x),
        (Slice::I32(x), SliceMut::I32(y)) => y.copy_from_slice(x),
        _ => unreachable!("a copy has the type of its operand"),
    }
}
