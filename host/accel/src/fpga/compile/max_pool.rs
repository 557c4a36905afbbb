//! MaxPool2d: a running maximum over the taps; rows are output pixels, columns planes.

use super::CompileError;
use super::conv2d::lines;
use super::emit::{Emitter, Rect};
use metisvm_firmware::isa::{Buffer, VectorOp};
use metisvm_model::{Value, Window};

pub(super) fn max_pool(
    emitter: &mut Emitter,
    node: usize,
    kernel: [u32; 2],
    window: &Window,
) -> Result<(), CompileError> {
    let x = emitter.operand(node, 0);
    let (from, to) = (emitter.ty(x).shape, emitter.ty(Value::Node(node as u32)).shape);
    let (height, width) = (from.dim(2), from.dim(3));
    let (out_h, out_w) = (to.dim(2), to.dim(3));
    let (planes, pixels) = (from.dim(0) * from.dim(1), out_h * out_w);
    // The maximum and two taps, one of which is loaded while the other is compared; and all of it twice, so that
    // one is stored meanwhile. A card with fewer tiles has less of that.
    let taps = if emitter.acc_tiles() > 2 { 2 } else { 1 };
    let share = (emitter.acc_tiles() / (2 * (1 + taps))).max(1);
    let (most_rows, most_cols) = emitter.fit(share, pixels, planes);
    for plane in (0..planes).step_by(most_cols) {
        for pixel in (0..pixels).step_by(most_rows) {
            let (rows, cols) = (most_rows.min(pixels - pixel), most_cols.min(planes - plane));
            let tiles = emitter.area_tiles(rows, cols);
            let base = emitter.scratchpads.take(Buffer::Acc, (1 + taps) * tiles);
            let best = emitter.area_at(base, rows, cols);
            // What the padding leaves untouched must never win.
            emitter.fill(Buffer::Acc, best.base, tiles, i32::MIN)?;
            for u in 0..kernel[0] as usize {
                for v in 0..kernel[1] as usize {
                    let slot = (u * kernel[1] as usize + v) % taps;
                    let tap = emitter.area_at(base + (1 + slot) * tiles, rows, cols);
                    emitter.fill(Buffer::Acc, tap.base, tiles, i32::MIN)?;
                    let columns = window.outputs_inside(1, v, width, out_w);
                    for line in lines(pixel, best.rows, out_w) {
                        emitter.step()?;
                        let y = window.coordinate(0, line.y, u);
                        let (low, high) = (columns.start.max(line.x.start), columns.end.min(line.x.end));
                        if !(0..height as i64).contains(&y) || low >= high {
                            continue;
                        }
                        let first =
                            (plane * height + y as usize) * width + window.coordinate(1, low, v) as usize;
                        let rect = Rect {
                            first,
                            row_step: window.stride[1] as usize,
                            col_step: height * width,
                        };
                        emitter.load_acc(tap, line.row + low - line.x.start, high - low, x, rect)?;
                    }
                    emitter.vector(VectorOp::Max, best, tap)?;
                }
            }
            let rect = Rect {
                first: plane * pixels + pixel,
                row_step: 1,
                col_step: pixels,
            };
            emitter.store_result(node, best, rect)?;
        }
    }
    Ok(())
}
