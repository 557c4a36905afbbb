//! LOAD, LOAD_TILES and FILL.

use super::draft::{Draft, Form, burst, tiles_from};
use metisvm_firmware::{
    Buffer, Burst, Dtype, Fill, Gemm, Lanes, Load, LoadTiles, Operation, Requantise, Space, Vector, VectorOp,
    Walk,
};

pub(super) const LOAD: &[Form] = &[
    ("A and B, by rows", |draft| gathered_product(draft, false)),
    ("A and B, by columns", |draft| gathered_product(draft, true)),
    ("ACC, u8", |draft| gathered(draft, Dtype::U8)),
    ("ACC, i8", |draft| gathered(draft, Dtype::I8)),
    ("ACC, i16", |draft| gathered(draft, Dtype::I16)),
    ("ACC, i32", |draft| gathered(draft, Dtype::I32)),
    ("ACC, backwards", backwards),
    ("ACC, a part of a tile", part_of_a_tile),
    ("TABLE", |draft| table(draft, false)),
    ("RESIDENT", resident),
];

pub(super) const LOAD_TILES: &[Form] = &[
    ("A and B", burst_product),
    ("ACC, u8", |draft| bursts(draft, Dtype::U8)),
    ("ACC, i8", |draft| bursts(draft, Dtype::I8)),
    ("ACC, i16", |draft| bursts(draft, Dtype::I16)),
    ("ACC, i32", |draft| bursts(draft, Dtype::I32)),
    ("ACC, rows of tiles", rows_of_tiles),
    ("PARAM", records),
    ("TABLE", |draft| table(draft, true)),
];

pub(super) const FILL: &[Form] = &[
    ("A and B", filled_product),
    ("ACC", |draft| {
        let tiles = draft.at_most(Buffer::Acc, 3);
        draft.load_acc(0, tiles);
        draft.push(fill(Buffer::Acc, tiles - 1, 1, i32::MIN));
        draft.store_acc(0, tiles);
    }),
];

pub(super) const fn fill(buffer: Buffer, base: u16, tiles: u16, value: i32) -> Operation {
    Operation::Fill(Fill {
        buffer,
        base,
        tiles,
        value,
    })
}

pub(super) const ONE_PRODUCT: Operation = Operation::Gemm(Gemm {
    accumulate: false,
    shift: false,
    m_tiles: 1,
    n_tiles: 1,
    k_tiles: 1,
    acc: 0,
    acc_pitch: 0,
    a: 0,
    a_pitch: 0,
    a_step: 0,
    b: 0,
    b_pitch: 0,
    b_step: 0,
});

pub(super) const fn whole(rows: u16, cols: u16) -> Lanes {
    Lanes {
        base: 0,
        pitch: 1,
        row: 0,
        col: 0,
        rows,
        cols,
    }
}

/// A matrix in memory, row by row, or column by column.
fn walk(space: Space, offset: u64, [rows, cols]: [u16; 2], by_columns: bool, dtype: Dtype) -> Walk {
    let element = dtype.bytes() as i32;
    let (row_stride, col_stride) = if by_columns {
        (element, element * i32::from(rows))
    } else {
        (element * i32::from(cols), element)
    };
    Walk {
        space,
        offset,
        row_stride,
        col_stride,
        dtype,
    }
}

/// Operands are seen in their product.
fn gathered_product(draft: &mut Draft, by_columns: bool) {
    let [r, c, d] = draft.sides();
    for (buffer, sides, dtype, zero_point) in [
        (Buffer::A, [r, d], Dtype::U8, 128),
        (Buffer::B, [d, c], Dtype::I8, -3),
    ] {
        let [rows, cols] = sides;
        let offset = draft.random_input(usize::from(rows) * usize::from(cols));
        draft.push(Operation::Load(Load {
            buffer,
            to: whole(rows, cols),
            from: walk(Space::Input, offset, sides, by_columns, dtype),
            zero_point,
        }));
    }
    draft.push(ONE_PRODUCT);
    draft.store_acc(0, 1);
}

fn load_acc(to: Lanes, from: Walk) -> Operation {
    Operation::Load(Load {
        buffer: Buffer::Acc,
        to,
        from,
        zero_point: 0,
    })
}

/// Two tiles side by side.
fn gathered(draft: &mut Draft, dtype: Dtype) {
    let [r, c, _] = draft.sides();
    let tiles = draft.at_most(Buffer::Acc, 2);
    let cols = c * tiles;
    let offset = draft.elements(usize::from(r) * usize::from(cols), dtype);
    let to = Lanes {
        pitch: tiles,
        ..whole(r, cols)
    };
    draft.push(load_acc(to, walk(Space::Input, offset, [r, cols], false, dtype)));
    draft.store_acc(0, tiles);
}

fn backwards(draft: &mut Draft) {
    let [r, c, _] = draft.sides();
    let count = usize::from(r) * usize::from(c);
    let offset = draft.elements(count, Dtype::I16);
    let mut from = walk(
        Space::Input,
        offset + 2 * (count as u64 - 1),
        [r, c],
        false,
        Dtype::I16,
    );
    (from.row_stride, from.col_stride) = (-from.row_stride, -from.col_stride);
    draft.push(load_acc(whole(r, c), from));
    draft.store_acc(0, 1);
}

fn part_of_a_tile(draft: &mut Draft) {
    let [r, c, _] = draft.sides();
    draft.push(fill(Buffer::Acc, 0, 1, 7));
    let offset = draft.elements(1, Dtype::I32);
    let to = Lanes {
        row: r - 1,
        col: c - 1,
        ..whole(1, 1)
    };
    draft.push(load_acc(
        to,
        walk(Space::Input, offset, [1, 1], false, Dtype::I32),
    ));
    draft.store_acc(0, 1);
}

fn resident(draft: &mut Draft) {
    let [r, c, _] = draft.sides();
    let offset = draft.random_data(usize::from(r) * usize::from(c) * 4);
    draft.push(load_acc(
        whole(r, c),
        walk(Space::Resident, offset, [r, c], false, Dtype::I32),
    ));
    draft.store_acc(0, 1);
}

/// A table is seen in what is looked up in it.
fn table(draft: &mut Draft, in_a_burst: bool) {
    let [r, c, _] = draft.sides();
    let base = draft.geometry.table_count.saturating_sub(1) as u16;
    let offset = draft.random_data(256 * 4);
    draft.push(if in_a_burst {
        tiles_from(
            Buffer::Table,
            base,
            1,
            burst(Space::Resident, offset, Dtype::I32),
            0,
        )
    } else {
        Operation::Load(Load {
            buffer: Buffer::Table,
            to: Lanes {
                base,
                pitch: 0,
                row: 0,
                col: 0,
                rows: 1,
                cols: 256,
            },
            from: Walk {
                row_stride: 0,
                ..walk(Space::Resident, offset, [1, 256], false, Dtype::I32)
            },
            zero_point: 0,
        })
    });
    draft.load_acc(0, 1);
    draft.push(Operation::Vector(in_place(VectorOp::Table(base), r, c)));
    draft.store_acc(0, 1);
}

/// Of the first tile.
pub(super) const fn in_place(op: VectorOp, rows: u16, cols: u16) -> Vector {
    Vector {
        op,
        dst: 0,
        dst_pitch: 1,
        src: 0,
        src_pitch: 1,
        rows,
        cols,
    }
}

/// All products of several tiles.
fn burst_product(draft: &mut Draft) {
    let n = draft.at_most(Buffer::A, 2).min(draft.at_most(Buffer::B, 2));
    for (buffer, dtype, zero_point) in [(Buffer::A, Dtype::U8, 128), (Buffer::B, Dtype::I8, -3)] {
        let bytes = draft.geometry.tile_bytes(buffer, dtype) * u64::from(n);
        let offset = draft.random_input(bytes as usize);
        draft.push(tiles_from(
            buffer,
            0,
            n,
            burst(Space::Input, offset, dtype),
            zero_point,
        ));
    }
    let Operation::Gemm(gemm) = ONE_PRODUCT else {
        return;
    };
    draft.push(Operation::Gemm(Gemm {
        k_tiles: n,
        a_step: 1,
        b_pitch: 1,
        ..gemm
    }));
    draft.store_acc(0, 1);
}

fn bursts(draft: &mut Draft, dtype: Dtype) {
    let tiles = draft.at_most(Buffer::Acc, 3);
    let bytes = draft.geometry.tile_bytes(Buffer::Acc, dtype) * u64::from(tiles);
    let offset = draft.elements((bytes / u64::from(dtype.bytes())) as usize, dtype);
    draft.push(tiles_from(
        Buffer::Acc,
        0,
        tiles,
        burst(Space::Input, offset, dtype),
        0,
    ));
    draft.store_acc(0, tiles);
}

/// Two rows of tiles that lie apart in memory and in the scratchpad.
fn rows_of_tiles(draft: &mut Draft) {
    let tile = draft.geometry.tile_bytes(Buffer::Acc, Dtype::I32);
    let all = draft.at_most(Buffer::Acc, 5);
    let rows = if all == 5 { 2 } else { 1 };
    let cols = all.min(2);
    draft.push(fill(Buffer::Acc, 0, all, -1));
    let offset = draft.elements((tile * 5 / 4) as usize, Dtype::I32);
    draft.push(Operation::LoadTiles(LoadTiles {
        buffer: Buffer::Acc,
        base: 0,
        pitch: 3,
        rows,
        cols,
        from: Burst {
            row_stride: 3 * tile as u32,
            ..burst(Space::Input, offset, Dtype::I32)
        },
        zero_point: 0,
    }));
    draft.store_acc(0, all);
}

/// A record is seen in what it requantises.
fn records(draft: &mut Draft) {
    let [r, c, _] = draft.sides();
    let base = draft.geometry.param_entries.saturating_sub(1) as u16;
    let record = metisvm_firmware::check::Record {
        multiplier: 19_661,
        shift: 24,
        zero: -7,
    };
    let offset = draft.data(&record.to_bytes());
    draft.push(tiles_from(
        Buffer::Param,
        base,
        1,
        burst(Space::Resident, offset, Dtype::U8),
        0,
    ));
    draft.load_acc(0, 1);
    let op = VectorOp::Requantise(Requantise {
        param: base,
        shared: true,
        dtype: Dtype::I8,
    });
    draft.push(Operation::Vector(in_place(op, r, c)));
    draft.store_acc(0, 1);
}

/// The ends of what nine bits hold.
fn filled_product(draft: &mut Draft) {
    let n = draft.at_most(Buffer::A, 2).min(draft.at_most(Buffer::B, 2));
    let Operation::Gemm(gemm) = ONE_PRODUCT else {
        return;
    };
    for (a, b) in [(-256, 255), (255, -255), (-1, -256), (1, 254)] {
        draft.push(fill(Buffer::A, 0, n, a));
        draft.push(fill(Buffer::B, 0, n, b));
        draft.push(Operation::Gemm(Gemm {
            k_tiles: n,
            a_step: 1,
            b_pitch: 1,
            ..gemm
        }));
        draft.store_acc(0, 1);
    }
}
