//! `Add`, `Requantise`, `Clamp` and `Table`: every type, every way to broadcast, parameters at their ends.

use super::super::case::Depth;
use super::{ANY, ENDS, Edges, Maker, NEAR_ENDS, SIDES};
use metisvm_model::{DType, Op, Value};

/// Shapes that are stretched, on either side or on both.
pub(super) const BROADCASTS: [(&[u32], &[u32]); 8] = [
    (&[2, 3, 4], &[1]),
    (&[2, 3, 4], &[]),
    (&[2, 3, 4], &[3, 1]),
    (&[2, 1, 4], &[1, 3, 1]),
    (&[1, 17], &[5, 1]),
    (&[2, 1, 5, 1], &[3, 1, 4]),
    (&[], &[]),
    (&[2, 3, 4, 5], &[3, 1, 5]),
];

/// An input, and if it is i32, clamped so that adding an element of `other` can reach both ends of i32 and
/// never pass them.
fn addend(m: &mut Maker, dtype: DType, other: DType, dims: &[u32]) -> Value {
    let x = m.input(dtype, dims);
    if dtype != DType::I32 {
        return x;
    }
    let (low, high) = if other == DType::I32 {
        (i32::MIN / 2, i32::MAX / 2)
    } else {
        (i32::MIN - other.min(), i32::MAX - other.max())
    };
    let (low, high) = (m.scalar(dtype, low), m.scalar(dtype, high));
    m.node(Op::Clamp, &[x, low, high])
}

pub(super) fn add(edges: &mut Edges) {
    for (turn, side) in SIDES.into_iter().enumerate() {
        let dtype = DType::ALL[turn % 3];
        for (a, b) in [
            (vec![side], vec![side]),
            (vec![3, side], vec![side]),
            (vec![side, 3], vec![side, 1]),
            (vec![side, side], vec![1]),
            (vec![2, side], vec![2, 1]),
        ] {
            edges.add(format!("Add {a:?} and {b:?}"), Depth::Sequences, |m| {
                let x = m.input(dtype, &a);
                let y = if turn % 2 == 0 {
                    m.constant(DType::I16, &b, ENDS)
                } else {
                    m.input(DType::I8, &b)
                };
                m.node(Op::Add, &if turn % 3 == 0 { [y, x] } else { [x, y] })
            });
        }
    }
    for a in DType::ALL {
        for b in DType::ALL {
            edges.add(format!("Add {a} and {b}"), Depth::Sequences, |m| {
                let x = addend(m, a, b, &[5, 17]);
                let y = addend(m, b, a, &[5, 17]);
                m.node(Op::Add, &[x, y])
            });
        }
    }
    for (a, b) in BROADCASTS {
        edges.add(format!("Add {a:?} and {b:?}, broadcast"), Depth::Sequences, |m| {
            let (x, y) = (m.input(DType::I8, a), m.input(DType::I16, b));
            m.node(Op::Add, &[x, y])
        });
    }
    edges.add("Add of a value to itself", Depth::Sequences, |m| {
        let x = m.input(DType::I16, &[3, 5]);
        m.node(Op::Add, &[x, x])
    });
    edges.add("Add to the ends of i32 by constants", Depth::Sequences, |m| {
        let x = addend(m, DType::I32, DType::I16, &[3, 16]);
        let y = m.constant(DType::I16, &[16], ENDS);
        m.node(Op::Add, &[x, y])
    });
    edges.add("Add in batches and threads", Depth::Everything, |m| {
        let (x, y) = (m.input(DType::I8, &[5, 17]), m.input(DType::U8, &[5, 1]));
        m.node(Op::Add, &[x, y])
    });
}

pub(super) fn requantise(edges: &mut Edges) {
    let ends = |dtype: DType, turn: usize| [dtype.min(), 0, dtype.max()][turn % 3];
    for (turn, side) in SIDES.into_iter().enumerate() {
        let (from, to) = (DType::ALL[(turn + 3) % 4], DType::ALL[turn % 2]);
        for (dims, axis) in [
            (vec![side], 0),
            (vec![2, side], 1),
            (vec![side, 3], 0),
            (vec![2, 3, side], 1),
            (vec![1, side, 2, 2], 1),
            (vec![2, 2, 2, side], 3),
        ] {
            let name = format!("Requantise {from} {dims:?} to {to} along {axis}");
            edges.add(name, Depth::Sequences, |m| {
                let channels = [dims[axis]];
                let x = m.input(from, &dims);
                let multiplier = m.values(DType::I16, &channels, |c| (c as i32 * 977 + 1) % 32767 + 1);
                let wide = if from == DType::I32 { 20 } else { 9 };
                let shift = m.values(DType::U8, &channels, |c| c as i32 % 12 + wide);
                let zero = if turn % 2 == 0 {
                    m.constant(to, &channels, NEAR_ENDS)
                } else {
                    m.scalar(to, 3)
                };
                let op = Op::Requantise { to, axis: axis as u8 };
                m.node(op, &[x, multiplier, shift, zero])
            });
        }
    }
    let mut turn = 0;
    for from in DType::ALL {
        for to in DType::ALL {
            edges.add(format!("Requantise {from} to {to}"), Depth::Sequences, |m| {
                let x = m.input(from, &[3, 7]);
                turn += 1;
                let multiplier = m.scalar(DType::I16, [1, 16384, 32767][turn / 3 % 3]);
                let shift = m.scalar(DType::U8, if turn % 5 == 0 { 14 } else { 7 });
                let zero = m.scalar(to, ends(to, turn));
                m.node(Op::Requantise { to, axis: 0 }, &[x, multiplier, shift, zero])
            });
        }
    }
    for multiplier in [1, 2, 16384, 32767] {
        for shift in [1, 2, 15, 16, 17, 31, 32, 33, 46, 47] {
            let to = if shift % 2 == 0 { DType::I8 } else { DType::I32 };
            let name = format!("Requantise i32 to {to} by {multiplier} >> {shift}");
            edges.add(name, Depth::Sequences, |m| {
                let x = m.input(DType::I32, &[33]);
                let zero = m.scalar(to, ends(to, shift as usize + multiplier as usize));
                let multiplier = m.scalar(DType::I16, multiplier);
                let shift = m.scalar(DType::U8, shift);
                m.node(Op::Requantise { to, axis: 0 }, &[x, multiplier, shift, zero])
            });
        }
    }
    // Values whose product lies just below, on and above a half of what is shifted out.
    edges.add("Requantise at the halves", Depth::Sequences, |m| {
        let table = m.values(DType::I32, &[256], |i| (i as i32 - 128) * 2 + [-1, 0, 1][i % 3]);
        let x = m.input(DType::I8, &[128]);
        let x = m.node(Op::Table, &[x, table]);
        let (multiplier, shift) = (m.scalar(DType::I16, 1), m.scalar(DType::U8, 2));
        let zero = m.scalar(DType::I16, 0);
        let op = Op::Requantise {
            to: DType::I16,
            axis: 0,
        };
        m.node(op, &[x, multiplier, shift, zero])
    });
    edges.add("Requantise in batches and threads", Depth::Everything, |m| {
        let x = m.input(DType::I32, &[3, 17]);
        m.requantised(x, DType::I8)
    });
}

pub(super) fn clamp(edges: &mut Edges) {
    for (turn, side) in SIDES.into_iter().enumerate() {
        let dtype = DType::ALL[turn % 4];
        for dims in [vec![side], vec![3, side], vec![side, 1, 2]] {
            edges.add(format!("Clamp {dtype} {dims:?}"), Depth::Sequences, |m| {
                let x = m.input(dtype, &dims);
                let (low, high) = (m.scalar(dtype, 5), m.scalar(dtype, dtype.max() / 3));
                m.node(Op::Clamp, &[x, low, high])
            });
        }
    }
    for dtype in DType::ALL {
        let (min, max) = (dtype.min(), dtype.max());
        for (low, high) in [
            (min, max),
            (min, min),
            (max, max),
            (7, 7),
            (min, max - 1),
            (min + 1, max),
        ] {
            edges.add(
                format!("Clamp {dtype} to {low}..={high}"),
                Depth::Sequences,
                |m| {
                    let x = m.input(dtype, &[2, 9]);
                    let (low, high) = (m.scalar(dtype, low), m.scalar(dtype, high));
                    m.node(Op::Clamp, &[x, low, high])
                },
            );
        }
    }
    edges.add("Clamp in batches and threads", Depth::Everything, |m| {
        let x = m.input(DType::I16, &[4, 17]);
        let (low, high) = (m.scalar(DType::I16, -20_000), m.scalar(DType::I16, 1234));
        m.node(Op::Clamp, &[x, low, high])
    });
}

pub(super) fn table(edges: &mut Edges) {
    for (turn, side) in SIDES.into_iter().enumerate() {
        let (from, to) = (DType::ALL[turn % 2], DType::ALL[turn / 2 % 4]);
        for dims in [vec![side], vec![3, side]] {
            edges.add(format!("Table {from} {dims:?} to {to}"), Depth::Sequences, |m| {
                let x = m.input(from, &dims);
                let table = m.constant(to, &[256], ANY);
                m.node(Op::Table, &[x, table])
            });
        }
    }
    for from in [DType::U8, DType::I8] {
        for to in DType::ALL {
            edges.add(
                format!("Table {from} to the ends of {to}"),
                Depth::Sequences,
                |m| {
                    let x = m.input(from, &[16, 17]);
                    let table = m.constant(to, &[256], ENDS);
                    m.node(Op::Table, &[x, table])
                },
            );
        }
    }
    edges.add("Table that is an input", Depth::Sequences, |m| {
        let (x, table) = (m.input(DType::I8, &[5, 5]), m.input(DType::I16, &[256]));
        m.node(Op::Table, &[x, table])
    });
    edges.add("Table in batches and threads", Depth::Everything, |m| {
        let x = m.input(DType::U8, &[5, 17]);
        let table = m.constant(DType::I32, &[256], ANY);
        m.node(Op::Table, &[x, table])
    });
}
