//! What instructions cost: the units of a card's budget of work.
//!
//! A unit is about what one multiply-accumulate of a lane costs a card in software; everything else is
//! a multiple of it. A card grants a RUN [`crate::Capabilities::work_budget`] units, all items together,
//! so that a job ends in a time that its maker can state, and a compiler cuts its jobs by the same
//! numbers. They are no estimate of the time that a card in hardware takes, but a bound of it: no
//! instruction takes one more cycles than it costs units (docs/device.md).

use crate::capabilities::Geometry;
use crate::isa::{Buffer, Operation};
use crate::program::Program;

/// Starting an instruction, NOPs among them.
pub const INSTRUCTION: u64 = 64;
/// A lane that is loaded or stored one by one, or that a VECTOR works on. VECTOR's are those of whole rows
/// of its source's tiles: a card in hardware takes as long for a lane that does not count.
pub const LANE: u64 = 16;
/// A lane that moves in a burst of tiles.
pub const BURST_LANE: u64 = 2;
/// A lane that FILL sets.
pub const FILLED_LANE: u64 = 1;
/// Starting the product of two tiles.
pub const TILE_PRODUCT: u64 = 16;
/// One multiply-accumulate.
pub const MULTIPLY: u64 = 1;

impl Operation {
    /// Its cost on a card of some geometry, in the units of this module.
    pub fn cost(&self, geometry: &Geometry) -> u64 {
        // Counts are 16 bits wide: only the product of three and of a tile's lanes needs care.
        let area = |rows: u16, cols: u16| u64::from(rows) * u64::from(cols);
        let lanes = |buffer| geometry.unit_lanes(buffer);
        let whole = |cols: u16| u64::from(cols).next_multiple_of(geometry.tile_cols.into());
        INSTRUCTION
            + match self {
                Self::Nop(_) => 0,
                Self::Load(load) => area(load.to.rows, load.to.cols) * LANE,
                Self::LoadTiles(load) => area(load.rows, load.cols) * lanes(load.buffer) * BURST_LANE,
                Self::Fill(fill) => u64::from(fill.tiles) * lanes(fill.buffer) * FILLED_LANE,
                Self::Gemm(gemm) => {
                    let products = area(gemm.m_tiles, gemm.n_tiles) * u64::from(gemm.k_tiles);
                    let each = lanes(Buffer::Acc) * u64::from(geometry.tile_depth) * MULTIPLY;
                    products.saturating_mul(each + TILE_PRODUCT)
                }
                Self::Vector(vector) => u64::from(vector.rows) * whole(vector.cols) * LANE,
                Self::Store(store) => area(store.from.rows, store.from.cols) * LANE,
                Self::StoreTiles(store) => area(store.rows, store.cols) * lanes(Buffer::Acc) * BURST_LANE,
            }
    }
}

impl Program {
    /// What one item costs on a card of some geometry, in the units of this module.
    pub fn cost(&self, geometry: &Geometry) -> u64 {
        self.instructions().fold(0, |sum: u64, instruction| {
            sum.saturating_add(instruction.operation.cost(geometry))
        })
    }
}
