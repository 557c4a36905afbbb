//! ArgMax: a reduction over columns, in as many chunks as the accumulators need.

use super::CompileError;
use super::emit::{Emitter, Rect};
use metisvm_firmware::isa::VectorOp;

/// The best index and the best value of each row.
pub(super) const STATE_COLUMNS: usize = 2;

pub(super) fn arg_max(emitter: &mut Emitter, node: usize, axis: usize) -> Result<(), CompileError> {
    let x = emitter.operand(node, 0);
    let (outer, extent, inner) = emitter.ty(x).shape.split(axis);
    let (planes, rows, row_step) = if inner == 1 {
        (1, outer, extent)
    } else {
        (outer, inner, 1)
    };
    // The state takes columns of its own; what is left is shared so that a row of tiles of both fits.
    let width = usize::from(emitter.geometry.tile_cols);
    let state_pitch = STATE_COLUMNS.div_ceil(width);
    let tiles = emitter.acc_tiles();
    let cols_most = extent
        .min((tiles - state_pitch) * width)
        .min(super::emit::MAX_COUNT);
    let row_tiles = tiles / (state_pitch + cols_most.div_ceil(width));
    let rows_most = (row_tiles * usize::from(emitter.geometry.tile_rows))
        .min(rows)
        .min(super::emit::MAX_COUNT);
    for plane in 0..planes {
        let source = Rect {
            first: plane * extent * inner,
            row_step,
            col_step: inner,
        };
        for row in (0..rows).step_by(rows_most) {
            let count = rows_most.min(rows - row);
            let state = emitter.area(0, count, STATE_COLUMNS);
            let data_base = row_tiles * state_pitch;
            for col in (0..extent).step_by(cols_most) {
                let data = emitter.area(data_base, count, cols_most.min(extent - col));
                emitter.load_acc(data, 0, count, x, source.at(row, col))?;
                emitter.vector(
                    VectorOp::ArgMax {
                        first: col == 0,
                        base: col as i32,
                    },
                    state,
                    data,
                )?;
            }
            let first = plane * inner + row;
            let index = super::emit::Area { cols: 1, ..state };
            emitter.store_result(
                node,
                index,
                Rect {
                    first,
                    row_step: 1,
                    col_step: 0,
                },
            )?;
        }
    }
    Ok(())
}
