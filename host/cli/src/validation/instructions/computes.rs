//! GEMM and VECTOR.

use super::draft::{Draft, Form, burst, tiles_from};
use super::loads::in_place;
use metisvm_firmware::check::Record;
use metisvm_firmware::{Buffer, Dtype, Gemm, Operation, Requantise, Space, Vector, VectorOp};

pub(super) const GEMM: &[Form] = &[
    ("products", |draft| product(draft, false, false)),
    ("products added to sums", |draft| product(draft, true, false)),
    ("products added to sums that are shifted", |draft| {
        product(draft, true, true)
    }),
];

pub(super) const ADD: &[Form] = &[("two matrices", |draft| two(draft, VectorOp::Add))];
pub(super) const MAX: &[Form] = &[("two matrices", |draft| two(draft, VectorOp::Max))];
pub(super) const MIN: &[Form] = &[("two matrices", |draft| two(draft, VectorOp::Min))];

pub(super) const IMMEDIATES: &[Form] = &[
    ("ADD", |draft| one(draft, VectorOp::AddImmediate(-77_777))),
    ("ADD, modulo 2^32", |draft| {
        one(draft, VectorOp::AddImmediate(i32::MAX))
    }),
    ("MAX", |draft| one(draft, VectorOp::MaxImmediate(-1000))),
    ("MIN", |draft| one(draft, VectorOp::MinImmediate(1000))),
];

pub(super) const REQUANTISE: &[Form] = &[
    ("one record, u8", |draft| requantise(draft, true, Dtype::U8)),
    ("one record, i8", |draft| requantise(draft, true, Dtype::I8)),
    ("one record, i16", |draft| requantise(draft, true, Dtype::I16)),
    ("one record, i32", |draft| requantise(draft, true, Dtype::I32)),
    ("a record for each column, u8", |draft| {
        requantise(draft, false, Dtype::U8)
    }),
    ("a record for each column, i16", |draft| {
        requantise(draft, false, Dtype::I16)
    }),
];

pub(super) const TABLE: &[Form] = &[("every table", tables)];
pub(super) const INTERPOLATE: &[Form] = &[("two tables", interpolate)];
pub(super) const ARGMAX: &[Form] = &[("rows, begun and gone on with", arg_max)];

/// Several rows, columns and depths of tiles, as far as there are so many.
fn product(draft: &mut Draft, accumulate: bool, shift: bool) {
    let of = |draft: &Draft, buffer| if draft.at_most(buffer, 4) == 4 { 2 } else { 1 };
    let n = of(draft, Buffer::A)
        .min(of(draft, Buffer::B))
        .min(of(draft, Buffer::Acc));
    for (buffer, dtype, zero_point) in [(Buffer::A, Dtype::U8, 255), (Buffer::B, Dtype::I8, 127)] {
        let bytes = draft.geometry.tile_bytes(buffer, dtype) * u64::from(n * n);
        let offset = draft.random_input(bytes as usize);
        draft.push(tiles_from(
            buffer,
            0,
            n * n,
            burst(Space::Input, offset, dtype),
            zero_point,
        ));
    }
    draft.load_acc(0, n * n);
    draft.push(Operation::Gemm(Gemm {
        accumulate,
        shift,
        m_tiles: n,
        n_tiles: n,
        k_tiles: n,
        acc: 0,
        acc_pitch: n,
        a: 0,
        a_pitch: n,
        a_step: 1,
        b: 0,
        b_pitch: n,
        b_step: 1,
    }));
    draft.store_acc(0, n * n);
}

/// Two matrices that do not meet, or where there is one tile, one with itself.
fn two(draft: &mut Draft, op: VectorOp) {
    let [r, c, _] = draft.sides();
    let tiles = draft.at_most(Buffer::Acc, 2);
    draft.load_acc(0, tiles);
    draft.push(Operation::Vector(Vector {
        src: tiles - 1,
        ..in_place(op, r, c)
    }));
    draft.store_acc(0, tiles);
}

/// The lanes of a tile, but for the last ones of rows.
fn one(draft: &mut Draft, op: VectorOp) {
    let [r, c, _] = draft.sides();
    draft.load_acc(0, 1);
    draft.push(Operation::Vector(in_place(op, r, c.max(2) - 1)));
    draft.store_acc(0, 1);
}

fn requantise(draft: &mut Draft, shared: bool, dtype: Dtype) {
    let [r, c, _] = draft.sides();
    let records = if shared { 1 } else { c };
    let mut bytes = Vec::new();
    for index in 0..records {
        let record = Record {
            multiplier: [1, 32_767, 19_661, 12_345][usize::from(index) % 4],
            shift: [1, 47, 24, 16, 31][usize::from(index) % 5],
            zero: i32::from(index) * 37 - 100,
        };
        bytes.extend(record.to_bytes());
    }
    let offset = draft.data(&bytes);
    draft.push(tiles_from(
        Buffer::Param,
        0,
        records,
        burst(Space::Resident, offset, Dtype::U8),
        0,
    ));
    draft.load_acc(0, 1);
    let op = VectorOp::Requantise(Requantise {
        param: 0,
        shared,
        dtype,
    });
    draft.push(Operation::Vector(in_place(op, r, c)));
    draft.store_acc(0, 1);
}

/// Loads tables that differ.
fn load_tables(draft: &mut Draft, tables: u16, dtype: Dtype) {
    let bytes = draft.geometry.tile_bytes(Buffer::Table, dtype) * u64::from(tables);
    let offset = draft.random_data(bytes as usize);
    draft.push(tiles_from(
        Buffer::Table,
        0,
        tables,
        burst(Space::Resident, offset, dtype),
        0,
    ));
}

fn tables(draft: &mut Draft) {
    let [r, c, _] = draft.sides();
    let count = draft.at_most(Buffer::Table, 4);
    load_tables(draft, count, Dtype::I16);
    for table in 0..count {
        draft.load_acc(0, 1);
        draft.push(Operation::Vector(in_place(VectorOp::Table(table), r, c)));
        draft.store_acc(0, 1);
    }
}

fn interpolate(draft: &mut Draft) {
    let [r, c, _] = draft.sides();
    load_tables(draft, 2, Dtype::I32);
    for (nodes, differences) in [(0, 1), (1, 0)] {
        draft.load_acc(0, 1);
        draft.push(Operation::Vector(in_place(
            VectorOp::Interpolate { nodes, differences },
            r,
            c,
        )));
        draft.store_acc(0, 1);
    }
}

/// The best lane of each row is kept in two columns, which are two tiles where a tile has one.
fn arg_max(draft: &mut Draft) {
    let [r, c, _] = draft.sides();
    let kept = if c == 1 { 2 } else { 1 };
    draft.load_acc(0, kept);
    for (first, base) in [(true, 0), (false, 1000)] {
        draft.load_acc(kept, 1);
        draft.push(Operation::Vector(Vector {
            op: VectorOp::ArgMax { first, base },
            dst: 0,
            dst_pitch: kept,
            src: kept,
            src_pitch: 1,
            rows: r,
            cols: c,
        }));
        draft.store_acc(0, kept);
    }
}
