//! The grid of a real input in a file that carries its grids.

use crate::grid::Grid;
use crate::typed::{Operator, Typed, ValueId};
use metisvm_model::DType;

/// How far below the step of the finest grid that of words for several grids may go, in powers of two: a byte's.
const MOST_HALVINGS: i32 = 7;

/// What reads an input.
pub(super) struct Readers {
    /// Grids of the QuantizeLinears that do, each once.
    pub(super) grids: Vec<Grid>,
    /// Whether anything does that takes real numbers.
    pub(super) others: bool,
}

/// What reads a value, also as moved by steps that change no element.
pub(super) fn readers(typed: &Typed, id: ValueId) -> Readers {
    let mut readers = Readers {
        grids: Vec::new(),
        others: typed.outputs.iter().any(|(_, output)| *output == id),
    };
    let mut same = vec![false; typed.values.len()];
    same[id] = true;
    // Operands come before their users.
    for node in typed.nodes.iter().filter(|n| n.inputs.len() == 1) {
        if !node.values().any(|v| same[v]) {
            continue;
        }
        match &node.op {
            Operator::Quantise(grid) if readers.grids.contains(grid) => {}
            Operator::Quantise(grid) => readers.grids.push(*grid),
            Operator::Reshape | Operator::Transpose { .. } | Operator::Select { .. } => {
                same[node.output] = true;
            }
            _ => readers.others = true,
        }
    }
    let several = typed.nodes.iter().filter(|n| n.inputs.len() != 1);
    readers.others |= several.flat_map(|n| n.values()).any(|v| same[v]);
    readers
}

/// One grid for what is read on several: words whose step is that of the finest, or a power of two below it, and that
/// reach as far as any of them. Where none does, the finest.
pub(super) fn common(grids: &[Grid]) -> Grid {
    let finest = grids
        .iter()
        .copied()
        .reduce(|a, b| if b.scale < a.scale { b } else { a });
    let Some(finest) = finest else {
        return Grid::covering(0.0, 1.0, DType::U8);
    };
    let ends = |g: &Grid| [g.real(g.dtype.min()).abs(), g.real(g.dtype.max()).abs()];
    let reach = grids.iter().flat_map(ends).fold(0f32, f32::max);
    let steps = (0..=MOST_HALVINGS).rev().map(|k| finest.scale / 2f32.powi(k));
    let words = |scale: f32| Grid {
        scale,
        zero_point: 0,
        dtype: DType::I16,
    };
    let fits = |scale: &f32| reach / scale <= f32::from(i16::MAX);
    steps.filter(|s| s.is_normal()).find(fits).map_or(finest, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(scale: f32, zero_point: i32, dtype: DType) -> Grid {
        Grid {
            scale,
            zero_point,
            dtype,
        }
    }

    #[test]
    fn words_hold_what_two_grids_of_bytes_do() {
        let both = common(&[grid(0.25, 0, DType::U8), grid(0.03125, 9, DType::U8)]);
        // 255 · 0.25 = 63.75 in steps of 2^−9 is 32640.
        assert_eq!(both, grid(0.001953125, 0, DType::I16));
    }

    #[test]
    fn the_finest_stays_where_words_do_not_reach() {
        let fine = grid(0.001, -32768, DType::I16);
        assert_eq!(common(&[grid(0.002, 0, DType::I16), fine]), fine);
    }
}
