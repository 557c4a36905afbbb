//! Requantise, Clamp and Table on accumulators, wherever these come from.

use super::CompileError;
use super::block::VectorPace;
use super::emit::{Area, Emitter, Rect};
use super::moves::wire;
use super::resident::resident;
use super::scratchpads::Held;
use crate::fpga::cycles::vector_row;
use metisvm_firmware::check::{RECORD_BYTES, TABLE_ENTRIES};
use metisvm_firmware::isa::{Buffer, Requantise, TILE_ALIGN, VectorOp};
use metisvm_model::{DType, Op};

impl Emitter {
    /// A Requantise, Clamp or Table node on an area whose columns are channels `channel..`.
    pub(super) fn pointwise(&mut self, node: usize, area: Area, channel: usize) -> Result<(), CompileError> {
        match self.graph.nodes()[node].op {
            Op::Requantise { to, .. } => {
                let (offset, count) = self.records(node)?;
                let shared = count == 1;
                let (skip, cols) = if shared { (0, 1) } else { (channel, area.cols) };
                let records = Held::Records {
                    node,
                    channel: skip,
                    count: cols,
                };
                let source = (resident(offset + (skip * RECORD_BYTES) as u64), DType::U8);
                let param = self.keep(Buffer::Param, cols, records, |emitter, base| {
                    emitter.load_tiles(Buffer::Param, base, (1, cols), source, 0, false)
                })?;
                let op = VectorOp::Requantise(Requantise {
                    param: param as u16,
                    shared,
                    dtype: wire(to),
                });
                self.vector(op, area, area)
            }
            Op::Clamp => {
                let (low, high) = (self.immediate(node, 1)?, self.immediate(node, 2)?);
                self.vector(VectorOp::MinImmediate(high), area, area)?;
                self.vector(VectorOp::MaxImmediate(low), area, area)
            }
            Op::Table => {
                let table = self.operand(node, 1);
                let (place, dtype) = (self.place(table)?, self.ty(table).dtype);
                let root = self.layout.root(table);
                let number = self.keep(Buffer::Table, 1, Held::Table(root), |emitter, base| {
                    if place.offset.is_multiple_of(TILE_ALIGN) {
                        return emitter.load_tiles(Buffer::Table, base, (1, 1), (place, dtype), 0, false);
                    }
                    // An input behind others may lie anywhere.
                    let rect = Rect {
                        first: 0,
                        row_step: 0,
                        col_step: 1,
                    };
                    let extent = (1, TABLE_ENTRIES);
                    emitter.load(Buffer::Table, base, 0, (0, 0), extent, (place, dtype), rect, 0)
                })?;
                self.vector(VectorOp::Table(number as u16), area, area)
            }
            _ => Err(CompileError::Node(node)),
        }
    }

    /// What the epilogue of a product takes.
    pub(super) fn vector_pace(&self, product: usize) -> Result<VectorPace, CompileError> {
        let mut pace = VectorPace::default();
        let mut add = |op| {
            pace.instructions += 1;
            pace.row_cycles += vector_row(&op, &self.engine) as usize;
        };
        // What the operations are is as in `pointwise`; their operands do not matter.
        for node in self.layout.epilogue(product) {
            match self.graph.nodes()[node].op {
                Op::Requantise { to, .. } => add(VectorOp::Requantise(Requantise {
                    param: 0,
                    shared: true,
                    dtype: wire(to),
                })),
                Op::Clamp => {
                    add(VectorOp::MinImmediate(0));
                    add(VectorOp::MaxImmediate(0));
                }
                Op::Table => add(VectorOp::Table(0)),
                _ => return Err(CompileError::Node(node)),
            }
        }
        Ok(pace)
    }
}
