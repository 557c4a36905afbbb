//! How long an instruction takes a card in hardware, about: an estimate from the figures of the modules in RTL.
//!
//! Not to be confused with [`metisvm_firmware::cost`], the units of a card's budget of work.

use super::engine::Engine;
use metisvm_firmware::{Buffer, Geometry, Operation, Vector, VectorOp};

/// To fetch, check and begin an instruction.
pub(super) const BEGIN: u64 = 15;
/// From the last product of a GEMM to the last accumulator that is written.
pub(super) const DRAIN: u64 = 20;
/// Bytes that a burst moves in a cycle.
const BURST_BYTES: u64 = 8;

/// Cycles of an instruction, from its tokens to its own.
pub(super) fn cycles(operation: &Operation, engine: &Engine) -> u64 {
    let geometry = &engine.geometry;
    let area = |rows: u16, cols: u16| u64::from(rows) * u64::from(cols);
    let tiles = |buffer, dtype| geometry.tile_bytes(buffer, dtype) / BURST_BYTES;
    BEGIN
        + match operation {
            Operation::Nop(_) => 0,
            Operation::Load(load) => area(load.to.rows, load.to.cols),
            Operation::LoadTiles(load) => area(load.rows, load.cols) * tiles(load.buffer, load.from.dtype),
            Operation::Fill(fill) => u64::from(fill.tiles),
            // A product of tiles a cycle, and each row of a tile of accumulators comes and goes.
            Operation::Gemm(gemm) => {
                let depth = u64::from(gemm.k_tiles.max(geometry.tile_rows));
                area(gemm.m_tiles, gemm.n_tiles) * depth + DRAIN
            }
            Operation::Vector(vector) => of_vector(vector, engine),
            Operation::Store(store) => area(store.from.rows, store.from.cols),
            Operation::StoreTiles(store) => area(store.rows, store.cols) * tiles(Buffer::Acc, store.to.dtype),
        }
}

/// Cycles of a VECTOR for each row of a tile; it walks whole tiles, however many of their columns count.
pub(super) fn vector_row(op: &VectorOp, engine: &Engine) -> u64 {
    let width = u64::from(engine.geometry.tile_cols);
    match op {
        // The accumulators have one port to read, and these have two operands.
        VectorOp::Add | VectorOp::Max | VectorOp::Min => 2,
        VectorOp::AddImmediate(_) | VectorOp::MaxImmediate(_) | VectorOp::MinImmediate(_) => 1,
        VectorOp::Requantise(_) => width.div_ceil(engine.requantise_units),
        VectorOp::Table(_) | VectorOp::ArgMax { .. } => width,
        VectorOp::Interpolate { .. } => 2 * width,
    }
}

fn of_vector(vector: &Vector, engine: &Engine) -> u64 {
    let row_tiles = u64::from(vector.cols).div_ceil(engine.geometry.tile_cols.into());
    u64::from(vector.rows) * row_tiles * vector_row(&vector.op, engine)
}

/// Tile products that a GEMM makes: the cycles that it would take an array that never waits.
pub(super) fn products(operation: &Operation) -> u64 {
    match operation {
        Operation::Gemm(gemm) => u64::from(gemm.m_tiles) * u64::from(gemm.n_tiles) * u64::from(gemm.k_tiles),
        _ => 0,
    }
}

/// Bytes of card memory that it reads or writes.
pub(super) fn memory_bytes(operation: &Operation, geometry: &Geometry) -> u64 {
    let area = |rows: u16, cols: u16| u64::from(rows) * u64::from(cols);
    match operation {
        Operation::Load(load) => area(load.to.rows, load.to.cols) * u64::from(load.from.dtype.bytes()),
        Operation::LoadTiles(load) => {
            area(load.rows, load.cols) * geometry.tile_bytes(load.buffer, load.from.dtype)
        }
        Operation::Store(store) => area(store.from.rows, store.from.cols) * u64::from(store.to.dtype.bytes()),
        Operation::StoreTiles(store) => {
            area(store.rows, store.cols) * geometry.tile_bytes(Buffer::Acc, store.to.dtype)
        }
        Operation::Nop(_) | Operation::Fill(_) | Operation::Gemm(_) | Operation::Vector(_) => 0,
    }
}
