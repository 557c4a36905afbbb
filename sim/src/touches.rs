//! Every tile and every byte that an instruction touches, one by one, from the instruction set's definition.

use metisvm_firmware::{Buffer, Burst, Geometry, Lanes, Operation, Space, Vector, VectorOp, Walk};

/// The smallest thing that instructions meet in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    /// A tile, record or table.
    Unit(Buffer, u64),
    /// A byte of memory.
    Byte(Space, u64),
}

/// Calls `each` with every cell that a valid operation touches, and whether it writes it.
pub fn touches(operation: &Operation, geometry: &Geometry, each: &mut dyn FnMut(Cell, bool)) {
    let block = |base: u16, rows: u16, row_step: u16, cols: u16, col_step: u16| {
        (0..u64::from(rows)).flat_map(move |r| {
            (0..u64::from(cols))
                .map(move |c| u64::from(base) + r * u64::from(row_step) + c * u64::from(col_step))
        })
    };
    match operation {
        Operation::Nop(_) => {}
        Operation::Load(load) => {
            walk(&load.from, &load.to, false, each);
            if load.buffer == Buffer::Table {
                each(Cell::Unit(Buffer::Table, load.to.base.into()), true);
            } else {
                rectangle(load.buffer, &load.to, geometry, true, each);
            }
        }
        Operation::LoadTiles(load) => {
            let tile_bytes = geometry.tile_bytes(load.buffer, load.from.dtype);
            burst(&load.from, (load.rows, load.cols), tile_bytes, false, each);
            block(load.base, load.rows, load.pitch, load.cols, 1)
                .for_each(|tile| each(Cell::Unit(load.buffer, tile), true));
        }
        Operation::Fill(fill) => {
            block(fill.base, 1, 0, fill.tiles, 1).for_each(|tile| each(Cell::Unit(fill.buffer, tile), true));
        }
        Operation::Gemm(g) => {
            block(g.a, g.m_tiles, g.a_pitch, g.k_tiles, g.a_step)
                .for_each(|tile| each(Cell::Unit(Buffer::A, tile), false));
            block(g.b, g.k_tiles, g.b_pitch, g.n_tiles, g.b_step)
                .for_each(|tile| each(Cell::Unit(Buffer::B, tile), false));
            block(g.acc, g.m_tiles, g.acc_pitch, g.n_tiles, 1)
                .for_each(|tile| each(Cell::Unit(Buffer::Acc, tile), true));
        }
        Operation::Vector(vector) => of_vector(vector, geometry, each),
        Operation::Store(store) => {
            rectangle(Buffer::Acc, &store.from, geometry, false, each);
            walk(&store.to, &store.from, true, each);
        }
        Operation::StoreTiles(store) => {
            block(store.base, store.rows, store.pitch, store.cols, 1)
                .for_each(|tile| each(Cell::Unit(Buffer::Acc, tile), false));
            let tile_bytes = geometry.tile_bytes(Buffer::Acc, store.to.dtype);
            burst(&store.to, (store.rows, store.cols), tile_bytes, true, each);
        }
    }
}

/// What is read of INPUT and RESIDENT, which nothing writes, and written of OUTPUT, which nothing reads, is left
/// out.
fn is_shared(space: Space) -> bool {
    matches!(space, Space::Workspace | Space::State)
}

fn rectangle(
    buffer: Buffer,
    lanes: &Lanes,
    geometry: &Geometry,
    writes: bool,
    each: &mut dyn FnMut(Cell, bool),
) {
    let (height, width) = geometry.tile(buffer);
    let last =
        |first: u16, count: u16, side: u16| (u64::from(first) + u64::from(count) - 1) / u64::from(side);
    let first = |first: u16, side: u16| u64::from(first / side);
    for r in first(lanes.row, height)..=last(lanes.row, lanes.rows, height) {
        for c in first(lanes.col, width)..=last(lanes.col, lanes.cols, width) {
            let tile = u64::from(lanes.base) + r * u64::from(lanes.pitch) + c;
            each(Cell::Unit(buffer, tile), writes);
        }
    }
}

fn walk(walk: &Walk, lanes: &Lanes, writes: bool, each: &mut dyn FnMut(Cell, bool)) {
    if !is_shared(walk.space) {
        return;
    }
    for row in 0..i64::from(lanes.rows) {
        for col in 0..i64::from(lanes.cols) {
            let element =
                walk.offset as i64 + row * i64::from(walk.row_stride) + col * i64::from(walk.col_stride);
            for byte in element..element + i64::from(walk.dtype.bytes()) {
                each(Cell::Byte(walk.space, byte as u64), writes);
            }
        }
    }
}

fn burst(
    burst: &Burst,
    (rows, cols): (u16, u16),
    tile_bytes: u64,
    writes: bool,
    each: &mut dyn FnMut(Cell, bool),
) {
    if !is_shared(burst.space) {
        return;
    }
    for row in 0..u64::from(rows) {
        let start = burst.offset + row * u64::from(burst.row_stride);
        (start..start + u64::from(cols) * tile_bytes)
            .for_each(|at| each(Cell::Byte(burst.space, at), writes));
    }
}

fn of_vector(vector: &Vector, geometry: &Geometry, each: &mut dyn FnMut(Cell, bool)) {
    let lanes = |base, pitch, cols| Lanes {
        base,
        pitch,
        rows: vector.rows,
        cols,
        ..Lanes::default()
    };
    let dst_cols = match vector.op {
        VectorOp::ArgMax { .. } => 2,
        _ => vector.cols,
    };
    let src = lanes(vector.src, vector.src_pitch, vector.cols);
    let dst = lanes(vector.dst, vector.dst_pitch, dst_cols);
    rectangle(Buffer::Acc, &src, geometry, false, each);
    rectangle(Buffer::Acc, &dst, geometry, true, each);
    let mut units = |buffer, first: u16, count: u16| {
        (0..u64::from(count)).for_each(|unit| each(Cell::Unit(buffer, u64::from(first) + unit), false));
    };
    match vector.op {
        VectorOp::Requantise(r) => units(Buffer::Param, r.param, if r.shared { 1 } else { vector.cols }),
        VectorOp::Table(table) => units(Buffer::Table, table, 1),
        VectorOp::Interpolate { nodes, differences } => {
            units(Buffer::Table, nodes, 1);
            units(Buffer::Table, differences, 1);
        }
        _ => {}
    }
}
