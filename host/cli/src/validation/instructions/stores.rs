//! STORE, STORE_TILES and NOP.

use super::draft::{Draft, Form, burst, tiles_from};
use super::loads::whole;
use metisvm_firmware::{Buffer, Burst, Dtype, Lanes, Module, Operation, Space, Store, StoreTiles, Walk};

pub(super) const STORE: &[Form] = &[
    ("u8", |draft| scattered(draft, Dtype::U8, false)),
    ("i8, by columns", |draft| scattered(draft, Dtype::I8, true)),
    ("i16", |draft| scattered(draft, Dtype::I16, false)),
    ("i32, by columns", |draft| scattered(draft, Dtype::I32, true)),
    ("every second element, backwards", apart),
    ("WORKSPACE", |draft| there_and_back(draft, Space::Workspace)),
    ("STATE", |draft| there_and_back(draft, Space::State)),
];

pub(super) const STORE_TILES: &[Form] = &[
    ("u8", |draft| bursts(draft, Dtype::U8)),
    ("i8", |draft| bursts(draft, Dtype::I8)),
    ("i16", |draft| bursts(draft, Dtype::I16)),
    ("i32", |draft| bursts(draft, Dtype::I32)),
    ("rows of tiles", rows_of_tiles),
    ("WORKSPACE and STATE", bursts_there_and_back),
];

pub(super) const NOP: &[Form] = &[("load, compute and store", |draft| {
    for module in [Module::Store, Module::Load, Module::Compute] {
        draft.push(Operation::Nop(module));
    }
    draft.load_acc(0, 1);
    for module in Module::ALL {
        draft.push(Operation::Nop(module));
    }
    draft.store_acc(0, 1);
})];

fn matrix(draft: &Draft) -> Lanes {
    let [rows, cols, _] = draft.sides();
    whole(rows, cols)
}

fn scattered(draft: &mut Draft, dtype: Dtype, by_columns: bool) {
    let [r, c, _] = draft.sides();
    let element = dtype.bytes() as i32;
    draft.load_acc(0, 1);
    let offset = draft.room(u64::from(r) * u64::from(c) * u64::from(dtype.bytes()));
    let (row_stride, col_stride) = if by_columns {
        (element, element * i32::from(r))
    } else {
        (element * i32::from(c), element)
    };
    let from = matrix(draft);
    let to = Walk {
        space: Space::Output,
        offset,
        row_stride,
        col_stride,
        dtype,
    };
    draft.push(Operation::Store(Store { from, to }));
}

fn apart(draft: &mut Draft) {
    let [r, c, _] = draft.sides();
    draft.load_acc(0, 1);
    let elements = 2 * u64::from(r) * u64::from(c);
    let offset = draft.room(2 * elements);
    let to = Walk {
        space: Space::Output,
        offset: offset + 2 * (elements - 1),
        row_stride: -4 * i32::from(c),
        col_stride: -4,
        dtype: Dtype::I16,
    };
    let from = matrix(draft);
    draft.push(Operation::Store(Store { from, to }));
}

/// Bytes of a space that a program writes.
fn make_room(draft: &mut Draft, space: Space, bytes: usize) {
    match space {
        Space::State => draft.state.resize(bytes, 0x35),
        _ => draft.workspace = bytes,
    }
}

/// What one item leaves in STATE, the next one reads.
fn there_and_back(draft: &mut Draft, space: Space) {
    let [r, c, _] = draft.sides();
    make_room(draft, space, 4 * usize::from(r) * usize::from(c));
    let walk = Walk {
        space,
        offset: 0,
        row_stride: 4 * i32::from(c),
        col_stride: 4,
        dtype: Dtype::I32,
    };
    let lanes = matrix(draft);
    let load = Operation::Load(metisvm_firmware::Load {
        buffer: Buffer::Acc,
        to: lanes,
        from: walk,
        zero_point: 0,
    });
    if space == Space::State {
        draft.push(load);
        draft.store_acc(0, 1);
    }
    draft.load_acc(0, 1);
    draft.push(Operation::Store(Store {
        from: lanes,
        to: walk,
    }));
    draft.push(super::loads::fill(Buffer::Acc, 0, 1, 5));
    draft.push(load);
    draft.store_acc(0, 1);
}

fn bursts(draft: &mut Draft, dtype: Dtype) {
    let tiles = draft.at_most(Buffer::Acc, 3);
    draft.load_acc(0, tiles);
    let offset = draft.room(draft.geometry.tile_bytes(Buffer::Acc, dtype) * u64::from(tiles));
    draft.push(Operation::StoreTiles(StoreTiles {
        base: 0,
        pitch: tiles,
        rows: 1,
        cols: tiles,
        to: burst(Space::Output, offset, dtype),
    }));
}

fn rows_of_tiles(draft: &mut Draft) {
    let tile = draft.geometry.tile_bytes(Buffer::Acc, Dtype::I16);
    let all = draft.at_most(Buffer::Acc, 5);
    let rows = if all == 5 { 2 } else { 1 };
    let cols = all.min(2);
    draft.load_acc(0, all);
    let offset = draft.room(5 * tile);
    draft.push(Operation::StoreTiles(StoreTiles {
        base: 0,
        pitch: 3,
        rows,
        cols,
        to: Burst {
            row_stride: 3 * tile as u32,
            ..burst(Space::Output, offset, Dtype::I16)
        },
    }));
}

fn bursts_there_and_back(draft: &mut Draft) {
    let bytes = draft.geometry.tile_bytes(Buffer::Acc, Dtype::I32) as usize;
    for space in [Space::Workspace, Space::State] {
        make_room(draft, space, bytes);
        let at = burst(space, 0, Dtype::I32);
        draft.load_acc(0, 1);
        draft.push(Operation::StoreTiles(StoreTiles {
            base: 0,
            pitch: 1,
            rows: 1,
            cols: 1,
            to: at,
        }));
        draft.push(super::loads::fill(Buffer::Acc, 0, 1, 5));
        draft.push(tiles_from(Buffer::Acc, 0, 1, at, 0));
        draft.store_acc(0, 1);
    }
}
