//! ArgMax: a reduction over columns, in as many chunks as the accumulators need.

use super::CompileError;
use super::emit::{Emitter, Rect};
use metisvm_firmware::isa::{Buffer, VectorOp};

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
    let width = usize::from(emitter.geometry.tile_cols);
    let (slots, cols_most, row_tiles) = share(emitter.acc_tiles(), width, extent);
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
            let state_tiles = emitter.area_tiles(count, STATE_COLUMNS);
            let data_tiles = emitter.area_tiles(count, cols_most);
            let base = emitter
                .scratchpads
                .take(Buffer::Acc, state_tiles + slots * data_tiles);
            let state = emitter.area_at(base, count, STATE_COLUMNS);
            for (chunk, col) in (0..extent).step_by(cols_most).enumerate() {
                let data_base = base + state_tiles + chunk % slots * data_tiles;
                let data = emitter.area_at(data_base, count, cols_most.min(extent - col));
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

/// How the accumulators are shared: slots for data beside the state, columns of data, rows of tiles of each.
///
/// Two groups of state and two slots let a chunk be loaded while another is reduced, and the next rows while
/// these are stored. A card with less has less of that.
fn share(tiles: usize, width: usize, extent: usize) -> (usize, usize, usize) {
    let state = STATE_COLUMNS.div_ceil(width);
    let all = [(tiles / 2, 2), (tiles, 2), (tiles, 1)];
    let (tiles, slots) = all
        .into_iter()
        .find(|&(tiles, slots)| tiles >= state + slots)
        .unwrap_or((tiles, 1));
    let cols = extent
        .min((tiles - state) / slots * width)
        .min(super::emit::MAX_COUNT);
    (slots, cols, tiles / (state + slots * cols.div_ceil(width)))
}
