//! MatMul: its operands are rectangles as they are.

use super::CompileError;
use super::emit::{Emitter, Rect};
use super::packed::{load_packed, zero_runs};
use super::product::{Product, product};
use metisvm_firmware::isa::Buffer;

pub(super) fn mat_mul(emitter: &mut Emitter, node: usize) -> Result<(), CompileError> {
    let (x, w) = (emitter.operand(node, 0), emitter.operand(node, 1));
    let (x_ty, w_ty) = (emitter.ty(x), emitter.ty(w));
    let x_zero = emitter.immediate(node, 2)?;
    let w_zeros = emitter.immediates(node, 3)?;
    let rank = x_ty.shape.rank();
    let (mut m, k) = (x_ty.shape.dim(rank - 2), x_ty.shape.dim(rank - 1));
    let n = w_ty.shape.dim(w_ty.shape.rank() - 1);
    let mut batches = x_ty.elements() / (m * k);
    if w_ty.shape.rank() == 2 {
        // One B for all: the batch dimensions are more rows.
        (m, batches) = (m * batches, 1);
    }
    let x_place = emitter.place(x)?;
    let a_tiled = emitter.layout.is_tiled(x);
    for batch in 0..batches {
        let what = Product {
            node,
            group: batch,
            rows: m,
            cols: n,
            depth: k,
            a_tiled,
            a_loads: 1,
            first_channel: 0,
            result: Rect {
                first: batch * m * n,
                row_step: n,
                col_step: 1,
            },
        };
        product(
            emitter,
            &what,
            |emitter, part, base, pitch| {
                if a_tiled {
                    return emitter.load_tiled(base, part, (x_place, x_ty.dtype), m, x_zero);
                }
                let rect = Rect {
                    first: batch * m * k,
                    row_step: k,
                    col_step: 1,
                };
                let extent = (part.lanes.len(), part.depth.len());
                let rect = rect.at(part.lanes.start, part.depth.start);
                emitter.load(
                    Buffer::A,
                    base,
                    pitch,
                    (0, 0),
                    extent,
                    (x_place, x_ty.dtype),
                    rect,
                    x_zero,
                )
            },
            |emitter, part, base, pitch| {
                let zeros = zero_runs(&w_zeros, part.lanes.clone());
                let element = |depth, col| Some((batch * k + depth) * n + col);
                if load_packed(emitter, (node, batch, base), part, &zeros, element)? {
                    return Ok(());
                }
                let w_place = emitter.place(w)?;
                for (cols, zero) in zeros {
                    let rect = Rect {
                        first: batch * k * n,
                        row_step: n,
                        col_step: 1,
                    };
                    let rect = rect.at(part.depth.start, cols.start);
                    let at = (0, cols.start - part.lanes.start);
                    let extent = (part.depth.len(), cols.len());
                    emitter.load(
                        Buffer::B,
                        base,
                        pitch,
                        at,
                        extent,
                        (w_place, w_ty.dtype),
                        rect,
                        zero,
                    )?;
                }
                Ok(())
            },
        )?;
    }
    Ok(())
}
