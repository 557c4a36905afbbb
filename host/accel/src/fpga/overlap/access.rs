//! What an instruction reads and writes: ranges of scratchpads and of the memory that a program writes.

use metisvm_firmware::{
    Buffer, Burst, Gemm, Geometry, Lanes, Load, LoadTiles, Operation, Space, Store, StoreTiles, Vector,
    VectorOp, Walk,
};
use std::ops::Range;

/// Something that instructions of different modules may meet in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Tiles, records or tables of a scratchpad.
    Scratchpad(Buffer),
    /// Bytes of the workspace.
    Workspace,
    /// Bytes of the state.
    State,
}

impl Place {
    /// How many there are.
    pub(super) const COUNT: usize = 7;

    /// Its number, below [`Place::COUNT`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Scratchpad(buffer) => buffer as usize,
            Self::Workspace => 5,
            Self::State => 6,
        }
    }

    /// The memory of a space. Resident data and input are never written, and output is never read: what only
    /// one module touches is in order by nature.
    const fn of_space(space: Space) -> Option<Self> {
        match space {
            Space::Workspace => Some(Self::Workspace),
            Space::State => Some(Self::State),
            Space::Resident | Space::Input | Space::Output => None,
        }
    }
}

/// A range that an instruction reads or writes. It may hold more than what is touched: that costs overlap,
/// never order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) place: Place,
    pub(super) range: Range<u64>,
    pub(super) writes: bool,
}

/// All that a valid operation touches.
pub(super) fn accesses(operation: &Operation, geometry: &Geometry) -> Vec<Access> {
    let mut all = Vec::new();
    match operation {
        Operation::Nop(_) => {}
        Operation::Load(load) => of_load(load, geometry, &mut all),
        Operation::LoadTiles(load) => of_load_tiles(load, geometry, &mut all),
        Operation::Fill(fill) => {
            let tiles = block(fill.base, 0, 1, fill.tiles.into());
            all.push(write(fill.buffer, tiles));
        }
        Operation::Gemm(gemm) => of_gemm(gemm, &mut all),
        Operation::Vector(vector) => of_vector(vector, geometry, &mut all),
        Operation::Store(store) => of_store(store, geometry, &mut all),
        Operation::StoreTiles(store) => of_store_tiles(store, geometry, &mut all),
    }
    all
}

fn read(buffer: Buffer, range: Range<u64>) -> Access {
    Access {
        place: Place::Scratchpad(buffer),
        range,
        writes: false,
    }
}

fn write(buffer: Buffer, range: Range<u64>) -> Access {
    Access {
        writes: true,
        ..read(buffer, range)
    }
}

/// The tiles from the first to the last of a block.
fn block(base: u16, pitch: u16, rows: u64, cols: u64) -> Range<u64> {
    let base = u64::from(base);
    base..base + (rows - 1) * u64::from(pitch) + cols
}

/// The tiles that a rectangle of lanes meets.
fn rectangle(buffer: Buffer, lanes: &Lanes, geometry: &Geometry) -> Range<u64> {
    let (height, width) = geometry.tile(buffer);
    let tiles =
        |first: u16, count: u16, side: u16| (u64::from(first) + u64::from(count)).div_ceil(side.into());
    block(
        lanes.base,
        lanes.pitch,
        tiles(lanes.row, lanes.rows, height),
        tiles(lanes.col, lanes.cols, width),
    )
}

/// The bytes from the first to the last of a walk.
fn walked(walk: &Walk, lanes: &Lanes) -> Range<u64> {
    let rows = i64::from(lanes.rows - 1) * i64::from(walk.row_stride);
    let cols = i64::from(lanes.cols - 1) * i64::from(walk.col_stride);
    let low = walk.offset as i64 + rows.min(0) + cols.min(0);
    let high = walk.offset as i64 + rows.max(0) + cols.max(0) + i64::from(walk.dtype.bytes());
    // A walk that leaves its space is refused when it runs.
    low.max(0) as u64..high.max(1) as u64
}

/// The bytes of a burst.
fn burst(burst: &Burst, rows: u16, cols: u16, tile_bytes: u64) -> Range<u64> {
    let rows = u64::from(rows - 1) * u64::from(burst.row_stride);
    burst.offset..burst.offset + rows + u64::from(cols) * tile_bytes
}

fn memory(space: Space, range: Range<u64>, writes: bool, all: &mut Vec<Access>) {
    all.extend(Place::of_space(space).map(|place| Access { place, range, writes }));
}

fn of_load(load: &Load, geometry: &Geometry, all: &mut Vec<Access>) {
    memory(load.from.space, walked(&load.from, &load.to), false, all);
    let to = match load.buffer {
        Buffer::Table => block(load.to.base, 0, 1, 1),
        buffer => rectangle(buffer, &load.to, geometry),
    };
    all.push(write(load.buffer, to));
}

fn of_load_tiles(load: &LoadTiles, geometry: &Geometry, all: &mut Vec<Access>) {
    let tile_bytes = geometry.tile_bytes(load.buffer, load.from.dtype);
    let from = burst(&load.from, load.rows, load.cols, tile_bytes);
    memory(load.from.space, from, false, all);
    all.push(write(
        load.buffer,
        block(load.base, load.pitch, load.rows.into(), load.cols.into()),
    ));
}

fn of_gemm(gemm: &Gemm, all: &mut Vec<Access>) {
    let last = |n: u16, step: u16| u64::from(n - 1) * u64::from(step);
    let reach = |base: u16, length: u64| u64::from(base)..u64::from(base) + length + 1;
    let a = last(gemm.m_tiles, gemm.a_pitch) + last(gemm.k_tiles, gemm.a_step);
    let b = last(gemm.k_tiles, gemm.b_pitch) + last(gemm.n_tiles, gemm.b_step);
    all.push(read(Buffer::A, reach(gemm.a, a)));
    all.push(read(Buffer::B, reach(gemm.b, b)));
    all.push(write(
        Buffer::Acc,
        block(gemm.acc, gemm.acc_pitch, gemm.m_tiles.into(), gemm.n_tiles.into()),
    ));
}

fn of_vector(vector: &Vector, geometry: &Geometry, all: &mut Vec<Access>) {
    let lanes = |base, pitch, cols| Lanes {
        base,
        pitch,
        rows: vector.rows,
        cols,
        ..Lanes::default()
    };
    let reduces = matches!(vector.op, VectorOp::ArgMax { .. });
    let dst_cols = if reduces { 2 } else { vector.cols };
    let src = lanes(vector.src, vector.src_pitch, vector.cols);
    let dst = lanes(vector.dst, vector.dst_pitch, dst_cols);
    all.push(read(Buffer::Acc, rectangle(Buffer::Acc, &src, geometry)));
    all.push(write(Buffer::Acc, rectangle(Buffer::Acc, &dst, geometry)));
    match vector.op {
        VectorOp::Requantise(requantise) => {
            let records = if requantise.shared { 1 } else { vector.cols };
            all.push(read(Buffer::Param, block(requantise.param, 0, 1, records.into())));
        }
        VectorOp::Table(table) => all.push(read(Buffer::Table, block(table, 0, 1, 1))),
        VectorOp::Interpolate { nodes, differences } => {
            all.push(read(Buffer::Table, block(nodes, 0, 1, 1)));
            all.push(read(Buffer::Table, block(differences, 0, 1, 1)));
        }
        _ => {}
    }
}

fn of_store(store: &Store, geometry: &Geometry, all: &mut Vec<Access>) {
    all.push(read(Buffer::Acc, rectangle(Buffer::Acc, &store.from, geometry)));
    memory(store.to.space, walked(&store.to, &store.from), true, all);
}

fn of_store_tiles(store: &StoreTiles, geometry: &Geometry, all: &mut Vec<Access>) {
    all.push(read(
        Buffer::Acc,
        block(store.base, store.pitch, store.rows.into(), store.cols.into()),
    ));
    let tile_bytes = geometry.tile_bytes(Buffer::Acc, store.to.dtype);
    let to = burst(&store.to, store.rows, store.cols, tile_bytes);
    memory(store.to.space, to, true, all);
}
