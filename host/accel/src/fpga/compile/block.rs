//! How a product is cut into blocks: the cut that is expected to take the least time.
//!
//! While one block is multiplied, the next is loaded and the one before is stored, so a product takes what the
//! busiest module takes, and besides what nothing overlaps with: loading the first block and storing the last.
//! Large blocks load less often, small ones begin and end sooner.

use super::emit::MAX_COUNT;
use super::pointwise::SLOTS;
use crate::fpga::cycles::{BEGIN, DRAIN};
use metisvm_firmware::Geometry;

/// A product as far as its cut depends on it: extents in lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extents {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) depth: usize,
    /// Cycles to load the whole of B once.
    pub(super) b_cycles: usize,
    /// Cycles to load an element of A, and instructions that load all of A once.
    pub(super) a_cycles: f64,
    pub(super) a_loads: usize,
    /// Cycles to store an element, as often as it is stored.
    pub(super) store_cycles: f64,
    /// Columns that one instruction stores at most.
    pub(super) store_cols: usize,
    /// VECTORs on its accumulators.
    pub(super) vector: VectorPace,
    /// Whether an instruction needs a record for each column.
    pub(super) per_channel: bool,
}

/// What the VECTORs on a product's accumulators take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct VectorPace {
    /// Instructions for each block.
    pub(super) instructions: usize,
    /// Cycles of them all for each row of a tile.
    pub(super) row_cycles: usize,
}

impl VectorPace {
    /// Cycles for so many rows of tiles, in so many blocks.
    pub(super) fn cycles(self, tile_rows: usize, blocks: usize) -> f64 {
        (tile_rows * self.row_cycles) as f64 + (blocks * self.instructions) as f64 * BEGIN as f64
    }
}

/// The extents of one block that fits all scratchpads, in lanes, and the order of the blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) depth: usize,
    /// Blocks of the same rows come one after the other; else those of the same columns.
    pub(super) by_rows: bool,
    /// Cycles that the product is expected to take.
    pub(super) cycles: f64,
}

/// A number, its half, and so on down to 1.
fn halves(n: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(n.max(1)), |&n| (n > 1).then(|| n.div_ceil(2)))
}

impl Block {
    pub(super) fn fit(g: &Geometry, product: &Extents) -> Self {
        let (r, c, d) = (
            usize::from(g.tile_rows),
            usize::from(g.tile_cols),
            usize::from(g.tile_depth),
        );
        // While one block is worked on, another is loaded, and a third is stored.
        let part = |tiles: u32, slots: usize| (tiles as usize / slots).max(1);
        let (a, b, acc) = (part(g.a_tiles, 2), part(g.b_tiles, 2), part(g.acc_tiles, SLOTS));
        let depth_tiles = product.depth.div_ceil(d).min(a).min(b).min(MAX_COUNT / d).max(1);
        let mut most_cols = product
            .cols
            .div_ceil(c)
            .min(b / depth_tiles)
            .min(acc)
            .min(MAX_COUNT / c);
        let records = (g.param_entries as usize / 2).max(1);
        if product.per_channel {
            // At least one column's record always fits, if not a tile's.
            most_cols = most_cols.min(records / c);
        }
        let mut best: Option<Self> = None;
        for cols in halves(most_cols) {
            let most_rows = product
                .rows
                .div_ceil(r)
                .min(a / depth_tiles)
                .min(acc / cols)
                .min(MAX_COUNT / r);
            for rows in halves(most_rows) {
                let block = Self::of(g, product, (rows, cols, depth_tiles));
                if best.is_none_or(|best| block.cycles < best.cycles) {
                    best = Some(block);
                }
            }
        }
        let mut best = best.unwrap_or_else(|| Self::of(g, product, (1, 1, depth_tiles)));
        if product.per_channel {
            best.cols = best.cols.min(records);
        }
        best
    }

    /// A block of so many tiles, and what the product takes with it.
    fn of(g: &Geometry, product: &Extents, (rows, cols, depth): (usize, usize, usize)) -> Self {
        let sides = [g.tile_rows, g.tile_cols, g.tile_depth].map(usize::from);
        let [r, c, d] = sides;
        let all = [product.rows, product.cols, product.depth];
        let tiles: [usize; 3] = std::array::from_fn(|i| all[i].div_ceil(sides[i]));
        let blocks: [usize; 3] = std::array::from_fn(|i| tiles[i].div_ceil([rows, cols, depth][i]));
        let steps = (blocks[0] * blocks[1] * blocks[2]) as f64;
        let begin = BEGIN as f64;

        let a = all[0] as f64 * all[2] as f64 * product.a_cycles + product.a_loads as f64 * begin;
        let b = product.b_cycles as f64;
        // What fits as a whole is loaded once.
        let fits = |tiles: usize, size: u32| tiles <= size as usize;
        let again_a = if fits(tiles[0] * tiles[2], g.a_tiles) {
            0.0
        } else {
            a
        };
        let again_b = if fits(tiles[2] * tiles[1], g.b_tiles) {
            0.0
        } else {
            b
        };
        let array = tiles[0] * tiles[1] * (tiles[2].max(r * blocks[2]));
        let compute = array as f64
            + steps * (begin + DRAIN as f64)
            + product.vector.cycles(all[0] * tiles[1], blocks[0] * blocks[1]);
        let store_steps = (cols * c).min(all[1]).div_ceil(product.store_cols);
        let store = (all[0] * all[1]) as f64 * product.store_cycles + steps * store_steps as f64 * begin;
        // The first pass over the inner operand loads all of it, the others may find it there.
        let passes = |outer: f64, n: usize, inner: f64, again: f64| {
            let n = n as f64;
            let (begun, work) = (steps / n * 2.0 * begin, compute.max(store) / n);
            if blocks[2] > 1 {
                return (outer + inner + begun).max(work) * n;
            }
            (outer / n + inner + begun).max(work) + (n - 1.0) * (outer / n + again + begun).max(work)
        };
        let by_rows = passes(a, blocks[0], b, again_b);
        let by_cols = passes(b, blocks[1], a, again_a);
        let share = |of: usize, block: usize, all: usize| of.min(block) as f64 / all.max(1) as f64;
        let first =
            (a * share(rows, tiles[0], tiles[0]) + b * share(cols, tiles[1], tiles[1])) / blocks[2] as f64;
        let last = (all[0].min(rows * r) * all[1].min(cols * c)) as f64 * product.store_cycles;
        Self {
            rows: all[0].min(rows * r),
            cols: all[1].min(cols * c),
            depth: all[2].min(depth * d),
            by_rows: by_rows < by_cols,
            cycles: by_rows.min(by_cols) + first + last,
        }
    }

    /// Where the blocks of rows × columns begin, in the order in which they are best computed.
    pub(super) fn corners(self, rows: usize, cols: usize) -> impl Iterator<Item = (usize, usize)> {
        let (n_rows, n_cols) = (rows.div_ceil(self.rows), cols.div_ceil(self.cols));
        (0..n_rows * n_cols).map(move |index| {
            let (row, col) = if self.by_rows {
                (index / n_cols, index % n_cols)
            } else {
                (index % n_rows, index / n_rows)
            };
            (row * self.rows, col * self.cols)
        })
    }
}
