//! What an instruction reads and writes: whichever two meet must be in order.

use metisvm_firmware::{Buffer, Burst, Geometry, Lanes, Operation, Space, Vector, VectorOp, Walk};

/// A scratchpad or a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Pad(Buffer),
    Memory(Space),
}

/// A range of tiles, records, tables or bytes; the end is not part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touched {
    pub(crate) place: Place,
    pub(crate) begin: u64,
    pub(crate) end: u64,
    writes: bool,
}

impl Touched {
    /// One writes what the other uses.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.place == other.place
            && (self.writes || other.writes)
            && self.begin < other.end
            && other.begin < self.end
    }
}

fn pad(buffer: Buffer, begin: u16, last: u64, writes: bool) -> Touched {
    Touched {
        place: Place::Pad(buffer),
        begin: begin.into(),
        end: last + 1,
        writes,
    }
}

/// The last tile of a block of so many rows and columns of tiles.
fn last(base: u16, pitch: u16, rows: u64, cols: u64) -> u64 {
    u64::from(base) + (rows - 1) * u64::from(pitch) + cols - 1
}

fn lanes(geometry: &Geometry, buffer: Buffer, lanes: &Lanes, writes: bool) -> Touched {
    if buffer == Buffer::Table {
        return pad(buffer, lanes.base, lanes.base.into(), writes);
    }
    let (height, width) = geometry.tile(buffer);
    let rows = (u64::from(lanes.row) + u64::from(lanes.rows)).div_ceil(height.into());
    let cols = (u64::from(lanes.col) + u64::from(lanes.cols)).div_ceil(width.into());
    pad(
        buffer,
        lanes.base,
        last(lanes.base, lanes.pitch, rows, cols),
        writes,
    )
}

fn walk(walk: &Walk, lanes: &Lanes, writes: bool) -> Touched {
    let rows = i64::from(lanes.rows - 1) * i64::from(walk.row_stride);
    let cols = i64::from(lanes.cols - 1) * i64::from(walk.col_stride);
    let offset = walk.offset as i64;
    Touched {
        place: Place::Memory(walk.space),
        begin: (offset + rows.min(0) + cols.min(0)).max(0) as u64,
        end: (offset + rows.max(0) + cols.max(0) + i64::from(walk.dtype.bytes())).max(0) as u64,
        writes,
    }
}

fn burst(geometry: &Geometry, burst: &Burst, buffer: Buffer, rows: u16, cols: u16, writes: bool) -> Touched {
    let row = u64::from(cols) * geometry.tile_bytes(buffer, burst.dtype);
    Touched {
        place: Place::Memory(burst.space),
        begin: burst.offset,
        end: burst.offset + u64::from(rows - 1) * u64::from(burst.row_stride) + row,
        writes,
    }
}

fn vector(geometry: &Geometry, vector: &Vector) -> Vec<Touched> {
    let of = |base, pitch, cols, writes| {
        let rectangle = Lanes {
            base,
            pitch,
            row: 0,
            col: 0,
            rows: vector.rows,
            cols,
        };
        lanes(geometry, Buffer::Acc, &rectangle, writes)
    };
    let reduces = matches!(vector.op, VectorOp::ArgMax { .. });
    let dst_cols = if reduces { 2 } else { vector.cols };
    let mut all = vec![
        of(vector.dst, vector.dst_pitch, dst_cols, true),
        of(vector.src, vector.src_pitch, vector.cols, false),
    ];
    match vector.op {
        VectorOp::Requantise(requantise) => {
            let count = if requantise.shared { 1 } else { vector.cols };
            let end = u64::from(requantise.param) + u64::from(count) - 1;
            all.push(pad(Buffer::Param, requantise.param, end, false));
        }
        VectorOp::Table(table) => all.push(pad(Buffer::Table, table, table.into(), false)),
        VectorOp::Interpolate { nodes, differences } => {
            all.push(pad(Buffer::Table, nodes, nodes.into(), false));
            all.push(pad(Buffer::Table, differences, differences.into(), false));
        }
        _ => {}
    }
    all
}

/// All that an operation touches.
pub(crate) fn touched(geometry: &Geometry, operation: &Operation) -> Vec<Touched> {
    match operation {
        Operation::Nop(_) => Vec::new(),
        Operation::Load(load) => vec![
            lanes(geometry, load.buffer, &load.to, true),
            walk(&load.from, &load.to, false),
        ],
        Operation::LoadTiles(load) => vec![
            pad(
                load.buffer,
                load.base,
                last(load.base, load.pitch, load.rows.into(), load.cols.into()),
                true,
            ),
            burst(geometry, &load.from, load.buffer, load.rows, load.cols, false),
        ],
        Operation::Fill(fill) => vec![pad(
            fill.buffer,
            fill.base,
            last(fill.base, 0, 1, fill.tiles.into()),
            true,
        )],
        Operation::Gemm(gemm) => {
            let reach = |base: u16, n0: u16, s0: u16, n1: u16, s1: u16| {
                u64::from(base) + u64::from(n0 - 1) * u64::from(s0) + u64::from(n1 - 1) * u64::from(s1)
            };
            let a = reach(gemm.a, gemm.m_tiles, gemm.a_pitch, gemm.k_tiles, gemm.a_step);
            let b = reach(gemm.b, gemm.k_tiles, gemm.b_pitch, gemm.n_tiles, gemm.b_step);
            let acc = reach(gemm.acc, gemm.m_tiles, gemm.acc_pitch, gemm.n_tiles, 1);
            vec![
                pad(Buffer::A, gemm.a, a, false),
                pad(Buffer::B, gemm.b, b, false),
                pad(Buffer::Acc, gemm.acc, acc, true),
            ]
        }
        Operation::Vector(of) => vector(geometry, of),
        Operation::Store(store) => vec![
            lanes(geometry, Buffer::Acc, &store.from, false),
            walk(&store.to, &store.from, true),
        ],
        Operation::StoreTiles(store) => vec![
            pad(
                Buffer::Acc,
                store.base,
                last(store.base, store.pitch, store.rows.into(), store.cols.into()),
                false,
            ),
            burst(geometry, &store.to, Buffer::Acc, store.rows, store.cols, true),
        ],
    }
}
