//! The emitter: instructions in terms of places, rectangles and tiles.

use super::layout::{ALIGNMENT, Layout, Place};
use super::{CompileError, Compiled};
use metisvm_firmware::check::{RECORD_BYTES, Record, TABLE_ENTRIES};
use metisvm_firmware::encoding::INSTRUCTION_BYTES;
use metisvm_firmware::isa::{
    Buffer, Burst, Dtype, Fill, Lanes, Load, LoadTiles, Operation, Requantise, Space, Store, TILE_ALIGN,
    Vector, VectorOp, Walk,
};
use metisvm_firmware::program::HEADER_BYTES;
use metisvm_firmware::{Capabilities, Geometry, ProgramBuilder};
use metisvm_model::{DType, Graph, Op, Segment, TensorType, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most rows, columns or tiles that one instruction names.
pub(super) const MAX_COUNT: usize = u16::MAX as usize;

/// The longest program, whatever a card takes: the host keeps it in memory too.
const MAX_INSTRUCTIONS: u32 = 1 << 20;
/// The most turns of loops besides those that emit an instruction.
const MAX_STEPS: u64 = 1 << 24;

/// A rectangle of a tensor in memory: the first element, and the distances in elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect {
    pub(super) first: usize,
    pub(super) row_step: usize,
    pub(super) col_step: usize,
}

impl Rect {
    /// The same steps from row `row` and column `col` on.
    pub(super) const fn at(self, row: usize, col: usize) -> Self {
        Self {
            first: self.first + row * self.row_step + col * self.col_step,
            ..self
        }
    }
}

/// Accumulator tiles that hold `rows` by `cols` lanes from their corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) base: usize,
    pub(super) pitch: usize,
    pub(super) rows: usize,
    pub(super) cols: usize,
}

/// A block of a product's weights: the node, the batch or group, and where the block begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PackedWeights {
    pub(super) node: usize,
    pub(super) group: usize,
    pub(super) depth: usize,
    pub(super) col: usize,
}

pub(super) struct Emitter {
    pub(super) graph: Arc<Graph>,
    pub(super) geometry: Geometry,
    pub(super) layout: Layout,
    builder: ProgramBuilder,
    limits: Limits,
    /// Work so far but for the NOPs that pass tokens on: those are counted with the program.
    work: u64,
    steps: u64,
    resident: Vec<u8>,
    constants: BTreeMap<u32, u64>,
    /// Of each block of constant weights that was packed, where it is.
    packed: BTreeMap<PackedWeights, u64>,
    /// Of each Requantise node: where its records are, and how many.
    records: BTreeMap<usize, (u64, usize)>,
}

/// What a program may need. All are looked at while it grows, so that what is too large costs no more
/// to find out than the largest that is not.
struct Limits {
    instructions: u64,
    /// Work of an item.
    work: u64,
    /// Bytes of resident memory: what the workspace leaves.
    resident: u64,
}

impl Emitter {
    pub(super) fn new(segment: &Segment, card: &Capabilities, layout: Layout) -> Result<Self, CompileError> {
        within(
            "bytes of input",
            segment.input_bytes() as u64,
            card.max_input_bytes.into(),
        )?;
        within(
            "bytes of output",
            layout.output_bytes,
            card.max_output_bytes.into(),
        )?;
        within(
            "bytes of card memory",
            layout.workspace_bytes,
            card.card_memory_bytes,
        )?;
        let limits = Limits {
            instructions: card.max_program_instructions.min(MAX_INSTRUCTIONS).into(),
            work: card.work_budget,
            resident: card.card_memory_bytes - layout.workspace_bytes,
        };
        Ok(Self {
            graph: segment.graph().clone(),
            geometry: card.geometry,
            layout,
            builder: ProgramBuilder::new(card.geometry),
            limits,
            work: 0,
            steps: 0,
            resident: Vec::new(),
            constants: BTreeMap::new(),
            packed: BTreeMap::new(),
            records: BTreeMap::new(),
        })
    }

    /// Appends an instruction.
    pub(super) fn push(&mut self, operation: Operation) -> Result<(), CompileError> {
        self.builder.push(operation)?;
        within(
            "instructions",
            self.builder.len() as u64,
            self.limits.instructions,
        )?;
        self.work = self.work.saturating_add(operation.cost(&self.geometry));
        within("units of work", self.work, self.limits.work)
    }

    /// Counts a turn of a loop that may go on for long without an instruction, as one over taps that
    /// all lie in the padding.
    pub(super) fn step(&mut self) -> Result<(), CompileError> {
        self.steps += 1;
        within("steps of the compiler", self.steps, MAX_STEPS)
    }

    pub(super) fn operand(&self, node: usize, operand: usize) -> Value {
        self.graph.nodes()[node].operands[operand]
    }

    pub(super) fn ty(&self, value: Value) -> TensorType {
        self.graph.ty(value).clone()
    }

    /// The elements of a constant operand.
    pub(super) fn immediates(&self, node: usize, operand: usize) -> Result<Vec<i32>, CompileError> {
        let constant = self
            .graph
            .constant(self.operand(node, operand))
            .ok_or(CompileError::Node(node))?;
        Ok(constant.tensor().data().to_vec())
    }

    pub(super) fn immediate(&self, node: usize, operand: usize) -> Result<i32, CompileError> {
        Ok(self.immediates(node, operand)?[0])
    }

    /// Where a value can be read; a constant is put into resident memory on first use.
    pub(super) fn place(&mut self, value: Value) -> Result<Place, CompileError> {
        let root = self.layout.root(value);
        if let Value::Constant(index) = root {
            let offset = match self.constants.get(&index) {
                Some(&offset) => offset,
                None => {
                    let graph = self.graph.clone();
                    let offset = self.append(&graph.constants()[index as usize].bytes)?;
                    self.constants.insert(index, offset);
                    offset
                }
            };
            return Ok(Place {
                space: Space::Resident,
                offset,
            });
        }
        let place = self.layout.place(root);
        Ok(place.expect("every value that a node reads has a place"))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<u64, CompileError> {
        let offset = self.resident.len();
        let end = (offset + bytes.len()) as u64;
        within("bytes of card memory", end, self.limits.resident)?;
        self.resident.extend_from_slice(bytes);
        self.resident
            .resize(self.resident.len().next_multiple_of(ALIGNMENT as usize), 0);
        Ok(offset as u64)
    }

    /// Puts the records of a Requantise node into resident memory: one, or one a channel.
    pub(super) fn records(&mut self, node: usize) -> Result<(u64, usize), CompileError> {
        if let Some(&known) = self.records.get(&node) {
            return Ok(known);
        }
        let parameters = [
            self.immediates(node, 1)?,
            self.immediates(node, 2)?,
            self.immediates(node, 3)?,
        ];
        let count = parameters.iter().map(Vec::len).max().unwrap_or(1);
        let mut bytes = Vec::new();
        for channel in 0..count {
            let of = |p: usize| {
                if parameters[p].len() == 1 {
                    parameters[p][0]
                } else {
                    parameters[p][channel]
                }
            };
            // The graph's proof keeps the first two within their fields.
            let record = Record {
                multiplier: of(0) as u16,
                shift: of(1) as u8,
                zero: of(2),
            };
            bytes.extend(record.to_bytes());
        }
        let offset = self.append(&bytes)?;
        self.records.insert(node, (offset, count));
        Ok((offset, count))
    }

    /// An accumulator area from tile `base` on.
    pub(super) fn area(&self, base: usize, rows: usize, cols: usize) -> Area {
        Area {
            base,
            pitch: cols.div_ceil(self.geometry.tile_cols.into()),
            rows,
            cols,
        }
    }

    /// The most rows and columns of an area that fits `tiles` tiles, for at most `rows` by `cols`.
    pub(super) fn fit(&self, tiles: usize, rows: usize, cols: usize) -> (usize, usize) {
        let (r, c) = (
            usize::from(self.geometry.tile_rows),
            usize::from(self.geometry.tile_cols),
        );
        let tiles = tiles.min(MAX_COUNT);
        let cols = cols.min(tiles * c).min(MAX_COUNT);
        let rows = rows.min(tiles / cols.div_ceil(c) * r).min(MAX_COUNT);
        (rows, cols)
    }

    pub(super) fn acc_tiles(&self) -> usize {
        self.geometry.acc_tiles as usize
    }

    /// Loads a rectangle into rows `row..` and columns `col..` of a matrix of tiles.
    #[allow(clippy::too_many_arguments, reason = "the fields of one instruction")]
    pub(super) fn load(
        &mut self,
        buffer: Buffer,
        base: usize,
        pitch: usize,
        (row, col): (usize, usize),
        (rows, cols): (usize, usize),
        (place, dtype): (Place, DType),
        rect: Rect,
        zero_point: i32,
    ) -> Result<(), CompileError> {
        let to = lanes(base, pitch, (row, col), (rows, cols));
        self.push(Operation::Load(Load {
            buffer,
            to,
            from: walk(place, dtype, rect),
            zero_point: zero_point as i16,
        }))
    }

    /// Loads a block of constant weights, rows by columns of B's tiles; `pack` makes its bytes, tile after
    /// tile, when it is loaded for the first time.
    pub(super) fn load_weights(
        &mut self,
        block: PackedWeights,
        tiles: (usize, usize),
        dtype: DType,
        zero_point: i32,
        pack: impl FnOnce(&Graph) -> Vec<u8>,
    ) -> Result<(), CompileError> {
        let offset = match self.packed.get(&block) {
            Some(&offset) => offset,
            None => {
                let offset = self.append(&pack(&self.graph.clone()))?;
                self.packed.insert(block, offset);
                offset
            }
        };
        let place = Place {
            space: Space::Resident,
            offset,
        };
        self.load_tiles(Buffer::B, tiles, place, dtype, zero_point)
    }

    /// Loads rows by columns of tiles, records or tables that lie one after the other, to the beginning of
    /// a scratchpad.
    fn load_tiles(
        &mut self,
        buffer: Buffer,
        (rows, cols): (usize, usize),
        place: Place,
        dtype: DType,
        zero_point: i32,
    ) -> Result<(), CompileError> {
        let dtype = wire(dtype);
        let row_bytes = cols as u64 * self.geometry.tile_bytes(buffer, dtype);
        self.push(Operation::LoadTiles(LoadTiles {
            buffer,
            base: 0,
            pitch: if rows > 1 { cols as u16 } else { 0 },
            rows: rows as u16,
            cols: cols as u16,
            from: Burst {
                space: place.space,
                offset: place.offset,
                row_stride: if rows > 1 { row_bytes as u32 } else { 0 },
                dtype,
            },
            zero_point: zero_point as i16,
        }))
    }

    /// Loads a rectangle of a value into an accumulator area from row `row` on.
    pub(super) fn load_acc(
        &mut self,
        area: Area,
        row: usize,
        rows: usize,
        value: Value,
        rect: Rect,
    ) -> Result<(), CompileError> {
        let source = (self.place(value)?, self.ty(value).dtype);
        self.load(
            Buffer::Acc,
            area.base,
            area.pitch,
            (row, 0),
            (rows, area.cols),
            source,
            rect,
            0,
        )
    }

    /// Stores an accumulator area.
    pub(super) fn store(
        &mut self,
        area: Area,
        place: Place,
        dtype: DType,
        rect: Rect,
    ) -> Result<(), CompileError> {
        let from = lanes(area.base, area.pitch, (0, 0), (area.rows, area.cols));
        self.push(Operation::Store(Store {
            from,
            to: walk(place, dtype, rect),
        }))
    }

    /// Stores an accumulator area wherever the result of a node goes.
    pub(super) fn store_result(&mut self, node: usize, area: Area, rect: Rect) -> Result<(), CompileError> {
        let dtype = self.ty(Value::Node(node as u32)).dtype;
        for place in self.layout.stores(node) {
            self.store(area, place, dtype, rect)?;
        }
        Ok(())
    }

    /// Sets `tiles` tiles from `base` on.
    pub(super) fn fill(
        &mut self,
        buffer: Buffer,
        base: usize,
        tiles: usize,
        value: i32,
    ) -> Result<(), CompileError> {
        let (mut base, mut left) = (base, tiles);
        while left > 0 {
            let tiles = left.min(MAX_COUNT);
            self.push(Operation::Fill(Fill {
                buffer,
                base: base as u16,
                tiles: tiles as u16,
                value,
            }))?;
            base += tiles;
            left -= tiles;
        }
        Ok(())
    }

    /// An operation of an area on itself, or with `src` of the same extent.
    pub(super) fn vector(&mut self, op: VectorOp, dst: Area, src: Area) -> Result<(), CompileError> {
        self.push(Operation::Vector(Vector {
            op,
            dst: dst.base as u16,
            dst_pitch: dst.pitch as u16,
            src: src.base as u16,
            src_pitch: src.pitch as u16,
            rows: src.rows as u16,
            cols: src.cols as u16,
        }))
    }

    /// A Requantise, Clamp or Table node on an area whose columns are channels `channel..`.
    pub(super) fn pointwise(&mut self, node: usize, area: Area, channel: usize) -> Result<(), CompileError> {
        match self.graph.nodes()[node].op {
            Op::Requantise { to, .. } => {
                let (offset, count) = self.records(node)?;
                let shared = count == 1;
                let (skip, cols) = if shared { (0, 1) } else { (channel, area.cols) };
                let place = Place {
                    space: Space::Resident,
                    offset: offset + (skip * RECORD_BYTES) as u64,
                };
                self.load_tiles(Buffer::Param, (1, cols), place, DType::U8, 0)?;
                let op = VectorOp::Requantise(Requantise {
                    param: 0,
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
                if place.offset.is_multiple_of(TILE_ALIGN) {
                    self.load_tiles(Buffer::Table, (1, 1), place, dtype, 0)?;
                } else {
                    // An input behind others may lie anywhere.
                    let rect = Rect {
                        first: 0,
                        row_step: 0,
                        col_step: 1,
                    };
                    let extent = (1, TABLE_ENTRIES);
                    self.load(Buffer::Table, 0, 0, (0, 0), extent, (place, dtype), rect, 0)?;
                }
                self.vector(VectorOp::Table(0), area, area)
            }
            _ => Err(CompileError::Node(node)),
        }
    }

    pub(super) fn finish(self, segment: &Segment, card: &Capabilities) -> Result<Compiled, CompileError> {
        let program = self.builder.finish()?;
        let work = program.cost(&self.geometry);
        within("units of work", work, self.limits.work)?;
        let program_bytes = (HEADER_BYTES + program.len() * INSTRUCTION_BYTES) as u64;
        let needed = self.layout.workspace_bytes + self.resident.len() as u64 + program_bytes;
        within("bytes of card memory", needed, card.card_memory_bytes)?;
        Ok(Compiled {
            program,
            resident: self.resident,
            workspace_bytes: self.layout.workspace_bytes,
            input_bytes: segment.input_bytes(),
            output_bytes: self.layout.output_bytes as usize,
            work,
            products: self.layout.products,
        })
    }
}

/// Whether a need is met.
pub(super) fn within(what: &'static str, needed: u64, available: u64) -> Result<(), CompileError> {
    if needed <= available {
        return Ok(());
    }
    Err(CompileError::TooLarge {
        what,
        needed,
        available,
    })
}

fn lanes(base: usize, pitch: usize, (row, col): (usize, usize), (rows, cols): (usize, usize)) -> Lanes {
    Lanes {
        base: base as u16,
        pitch: pitch as u16,
        row: row as u16,
        col: col as u16,
        rows: rows as u16,
        cols: cols as u16,
    }
}

fn walk(place: Place, dtype: DType, rect: Rect) -> Walk {
    let size = dtype.size();
    Walk {
        space: place.space,
        offset: place.offset + (rect.first * size) as u64,
        row_stride: (rect.row_step * size) as i32,
        col_stride: (rect.col_step * size) as i32,
        dtype: wire(dtype),
    }
}

/// An element type as the device ABI names it.
const fn wire(dtype: DType) -> Dtype {
    match dtype {
        DType::U8 => Dtype::U8,
        DType::I8 => Dtype::I8,
        DType::I16 => Dtype::I16,
        DType::I32 => Dtype::I32,
    }
}
