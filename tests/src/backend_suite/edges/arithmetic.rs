//! `Sub`, `Mul`, `Interpolate`, the reductions, `Reciprocal` and `InvNorm`: every type, every way to broadcast,
//! attributes and results at their ends.

use super::super::case::Depth;
use super::pointwise::BROADCASTS;
use super::{ANY, ENDS, Edges, Maker, WIDER_SIDES};
use metisvm_model::{DType, Op, Value};

/// An input, clamped to these bounds where its type reaches beyond them.
fn bounded(m: &mut Maker, dtype: DType, dims: &[u32], [low, high]: [i32; 2]) -> Value {
    let x = m.input(dtype, dims);
    if low <= dtype.min() && dtype.max() <= high {
        return x;
    }
    let (low, high) = (m.scalar(dtype, low), m.scalar(dtype, high));
    m.node(Op::Clamp, &[x, low, high])
}

pub(super) fn sub(edges: &mut Edges) {
    for (turn, side) in WIDER_SIDES.into_iter().enumerate() {
        for (a, b) in [
            (vec![side], vec![side]),
            (vec![3, side], vec![side]),
            (vec![2, side], vec![2, 1]),
        ] {
            edges.add(format!("Sub {a:?} and {b:?}"), Depth::Sequences, |m| {
                let (x, y) = (m.input(DType::ALL[turn % 3], &a), m.input(DType::I16, &b));
                m.node(Op::Sub, &if turn % 2 == 0 { [x, y] } else { [y, x] })
            });
        }
    }
    for a in DType::ALL {
        for b in DType::ALL {
            edges.add(format!("Sub {a} and {b}"), Depth::Sequences, |m| {
                // So that both ends of i32 are reached, and never passed.
                let limits = |own: DType, low: i64, high: i64| match own {
                    DType::I32 => [low.max(i32::MIN.into()) as i32, high.min(i32::MAX.into()) as i32],
                    _ => [own.min(), own.max()],
                };
                let (ends, i32s) = ([b.min(), b.max()].map(i64::from), DType::I32);
                let x = match b {
                    DType::I32 => limits(a, i64::from(i32::MIN / 2), i64::from(i32::MAX / 2)),
                    _ => limits(
                        a,
                        i64::from(i32s.min()) + ends[1],
                        i64::from(i32s.max()) + ends[0],
                    ),
                };
                let y = match a {
                    DType::I32 => limits(b, i64::from(i32::MIN / 2) + 1, i64::from(i32::MAX / 2) + 1),
                    _ => limits(
                        b,
                        i64::from(a.max()) - i64::from(i32::MAX),
                        i64::from(a.min()) - i64::from(i32::MIN),
                    ),
                };
                let (x, y) = (bounded(m, a, &[5, 17], x), bounded(m, b, &[5, 17], y));
                m.node(Op::Sub, &[x, y])
            });
        }
    }
    for (a, b) in BROADCASTS {
        edges.add(format!("Sub {a:?} and {b:?}, broadcast"), Depth::Sequences, |m| {
            let (x, y) = (m.input(DType::I8, a), m.input(DType::I16, b));
            m.node(Op::Sub, &[x, y])
        });
    }
    edges.add("Sub of a value from itself", Depth::Sequences, |m| {
        let x = m.input(DType::I16, &[3, 5]);
        m.node(Op::Sub, &[x, x])
    });
    edges.add("Sub in batches and threads", Depth::Everything, |m| {
        let (x, y) = (m.input(DType::I8, &[5, 17]), m.input(DType::U8, &[5, 1]));
        m.node(Op::Sub, &[x, y])
    });
}

pub(super) fn mul(edges: &mut Edges) {
    for (turn, side) in WIDER_SIDES.into_iter().enumerate() {
        for (a, b) in [
            (vec![side], vec![side]),
            (vec![3, side], vec![side]),
            (vec![2, side], vec![2, 1]),
        ] {
            edges.add(format!("Mul {a:?} and {b:?}"), Depth::Sequences, |m| {
                let (x, y) = (m.input(DType::ALL[turn % 4], &a), m.input(DType::I16, &b));
                let (shift, to) = (turn as u8 * 3, DType::ALL[turn / 2 % 4]);
                m.node(
                    Op::Mul { shift, to },
                    &if turn % 2 == 0 { [x, y] } else { [y, x] },
                )
            });
        }
    }
    for a in DType::ALL {
        for b in DType::ALL {
            for shift in [0, 1, 15, 31, 32, 61, 62] {
                let to = DType::ALL[(usize::from(shift) + a.size() + b.size()) % 4];
                edges.add(
                    format!("Mul {a} and {b} >> {shift} to {to}"),
                    Depth::Sequences,
                    |m| {
                        // Products of i32 may come to 2^62 less a little: of the least element and one more than it.
                        let least = i32::MIN + i32::from(b == DType::I32);
                        let x = bounded(m, a, &[5, 7], [least, i32::MAX]);
                        let y = m.input(b, &[5, 7]);
                        m.node(Op::Mul { shift, to }, &[x, y])
                    },
                );
            }
        }
    }
    for (a, b) in BROADCASTS {
        edges.add(format!("Mul {a:?} and {b:?}, broadcast"), Depth::Sequences, |m| {
            let (x, y) = (m.input(DType::I8, a), m.input(DType::I16, b));
            let (shift, to) = (9, DType::I16);
            m.node(Op::Mul { shift, to }, &[x, y])
        });
    }
    // Products just below, on and above a half of what is shifted out, of both signs.
    edges.add("Mul at the halves", Depth::Sequences, |m| {
        let x = m.values(DType::I16, &[9], |i| i as i32 - 4);
        let y = m.values(DType::I8, &[3, 1], |i| [1, 2, 3][i]);
        let zero = m.input(DType::I8, &[]);
        let limit = m.scalar(DType::I8, 0);
        let zero = m.node(Op::Clamp, &[zero, limit, limit]);
        let x = m.node(Op::Add, &[x, zero]);
        let (shift, to) = (2, DType::I8);
        m.node(Op::Mul { shift, to }, &[x, y])
    });
    edges.add("Mul of a value by itself", Depth::Sequences, |m| {
        let x = m.input(DType::I16, &[3, 5]);
        let (shift, to) = (0, DType::I32);
        m.node(Op::Mul { shift, to }, &[x, x])
    });
    edges.add("Mul in batches and threads", Depth::Everything, |m| {
        let (x, y) = (m.input(DType::I16, &[5, 17]), m.input(DType::U8, &[5, 1]));
        let (shift, to) = (10, DType::I8);
        m.node(Op::Mul { shift, to }, &[x, y])
    });
}

pub(super) fn interpolate(edges: &mut Edges) {
    let tables = [DType::U8, DType::I8, DType::I16];
    for (turn, side) in WIDER_SIDES.into_iter().enumerate() {
        for dims in [vec![side], vec![3, side]] {
            let to = tables[turn % 3];
            edges.add(format!("Interpolate {dims:?} in {to}"), Depth::Sequences, |m| {
                let (x, table) = (m.input(DType::I16, &dims), m.constant(to, &[257], ANY));
                m.node(Op::Interpolate, &[x, table])
            });
        }
    }
    for to in tables {
        edges.add(
            format!("Interpolate between the ends of {to}"),
            Depth::Sequences,
            |m| {
                let x = m.input(DType::I16, &[16, 17]);
                let table = m.values(to, &[257], |i| if i % 2 == 0 { to.min() } else { to.max() });
                m.node(Op::Interpolate, &[x, table])
            },
        );
        edges.add(
            format!("Interpolate every number in {to}"),
            Depth::Sequences,
            |m| {
                let x = m.values(DType::I16, &[256, 256], |i| i as i32 - 32768);
                let table = m.input(to, &[257]);
                m.node(Op::Interpolate, &[x, table])
            },
        );
    }
    edges.add("Interpolate in part of a table", Depth::Sequences, |m| {
        let x = bounded(m, DType::I16, &[40], [-300, 513]);
        let table = m.constant(DType::I16, &[257], ENDS);
        m.node(Op::Interpolate, &[x, table])
    });
    edges.add("Interpolate in batches and threads", Depth::Everything, |m| {
        let x = m.input(DType::I16, &[5, 17]);
        let table = m.constant(DType::I16, &[257], ANY);
        m.node(Op::Interpolate, &[x, table])
    });
}

pub(super) fn reductions(edges: &mut Edges) {
    type Of = fn(u8) -> Op;
    for (name, op) in [
        ("ReduceSum", (|axis| Op::ReduceSum { axis }) as Of),
        ("ReduceMax", |axis| Op::ReduceMax { axis }),
    ] {
        for (turn, side) in WIDER_SIDES.into_iter().enumerate() {
            let dtype = DType::ALL[turn % 4];
            for (dims, axis) in [
                (vec![side], 0),
                (vec![side, 3], 0),
                (vec![3, side], 1),
                (vec![2, side, 3], 1),
                (vec![2, 2, 2, side], 3),
            ] {
                edges.add(
                    format!("{name} {dtype} {dims:?} along {axis}"),
                    Depth::Sequences,
                    |m| {
                        // Sums of i32 then reach the greatest magnitude that an accumulator may have.
                        let most = i32::MAX / side as i32;
                        let x = bounded(m, dtype, &dims, [-most, most]);
                        m.node(op(axis), &[x])
                    },
                );
            }
        }
        edges.add(format!("{name} in batches and threads"), Depth::Everything, |m| {
            let x = m.input(DType::I16, &[3, 17]);
            m.node(op(1), &[x])
        });
    }
    for dtype in DType::ALL {
        edges.add(
            format!("ReduceMax of the ends of {dtype}"),
            Depth::Sequences,
            |m| {
                let x = m.input(dtype, &[4, 5]);
                m.node(Op::ReduceMax { axis: 0 }, &[x])
            },
        );
    }
    edges.add("ReduceSum to the greatest i32", Depth::Sequences, |m| {
        let x = bounded(m, DType::I32, &[1, 5], [-i32::MAX, i32::MAX]);
        m.node(Op::ReduceSum { axis: 0 }, &[x])
    });
    edges.add(
        "ReduceSum of as many i16 as there may be",
        Depth::Sequences,
        |m| {
            let x = m.input(DType::I16, &[65_535, 1]);
            m.node(Op::ReduceSum { axis: 0 }, &[x])
        },
    );
}

/// Numerators from the least to the greatest.
pub(super) const NUMERATORS: [u64; 6] = [1, 2, (1 << 31) - 1, 1 << 31, 1 << 40, (1 << 62) - 1];

pub(super) fn reciprocal(edges: &mut Edges) {
    for (turn, side) in WIDER_SIDES.into_iter().enumerate() {
        for dims in [vec![side], vec![3, side]] {
            let dtype = DType::ALL[turn % 4];
            edges.add(format!("Reciprocal of {dtype} {dims:?}"), Depth::Sequences, |m| {
                let x = m.input(dtype, &dims);
                let numerator = NUMERATORS[turn % NUMERATORS.len()];
                m.node(Op::Reciprocal { numerator }, &[x])
            });
        }
    }
    for dtype in DType::ALL {
        for numerator in NUMERATORS {
            edges.add(
                format!("Reciprocal {numerator} of {dtype}"),
                Depth::Sequences,
                |m| {
                    let x = m.input(dtype, &[2, 9]);
                    m.node(Op::Reciprocal { numerator }, &[x])
                },
            );
        }
    }
    for numerator in NUMERATORS {
        edges.add(
            format!("Reciprocal {numerator} of small numbers"),
            Depth::Sequences,
            |m| {
                let x = bounded(m, DType::I32, &[33], [-2, 5]);
                m.node(Op::Reciprocal { numerator }, &[x])
            },
        );
    }
    edges.add("Reciprocal in batches and threads", Depth::Everything, |m| {
        let x = m.input(DType::I16, &[5, 17]);
        let numerator = 1 << 20;
        m.node(Op::Reciprocal { numerator }, &[x])
    });
}

pub(super) fn inv_norm(edges: &mut Edges) {
    for (turn, side) in WIDER_SIDES.into_iter().enumerate() {
        for dims in [vec![side], vec![3, side], vec![2, 2, side]] {
            let dtype = DType::ALL[turn % 3];
            edges.add(format!("InvNorm of {dtype} {dims:?}"), Depth::Sequences, |m| {
                let x = m.input(dtype, &dims);
                let (shift, epsilon) = (40 + turn as u8, 1 + turn as u64);
                m.node(Op::InvNorm { shift, epsilon }, &[x])
            });
        }
    }
    for dtype in DType::ALL {
        for shift in [0, 1, 31, 32, 61, 62] {
            edges.add(
                format!("InvNorm of {dtype} by 2^{shift}"),
                Depth::Sequences,
                |m| {
                    // 2^31 − 1 squared is below 2^62, and leaves room for the epsilon.
                    let x = bounded(m, dtype, &[2, 1], [-i32::MAX, i32::MAX]);
                    let epsilon = 1;
                    m.node(Op::InvNorm { shift, epsilon }, &[x])
                },
            );
        }
    }
    for (epsilon, most) in [
        (1, 0),
        (1, 1),
        (1 << 20, 3),
        ((1 << 62) - 4, 1),
        ((1 << 62) - 1, 0),
    ] {
        edges.add(
            format!("InvNorm of at most {most} and {epsilon}"),
            Depth::Sequences,
            |m| {
                let x = bounded(m, DType::I8, &[5, 3], [-most, most]);
                let shift = 62;
                m.node(Op::InvNorm { shift, epsilon }, &[x])
            },
        );
    }
    edges.add("InvNorm of the longest row", Depth::Sequences, |m| {
        // 65,535 squares of at most 2^46, and an epsilon so that all of it comes to 2^62 − 1.
        let x = bounded(m, DType::I32, &[(1 << 16) - 1], [-(1 << 23), 1 << 23]);
        let (shift, epsilon) = (62, (1 << 46) - 1);
        m.node(Op::InvNorm { shift, epsilon }, &[x])
    });
    edges.add("InvNorm in batches and threads", Depth::Everything, |m| {
        let x = m.input(DType::I16, &[5, 17]);
        let (shift, epsilon) = (60, 9);
        m.node(Op::InvNorm { shift, epsilon }, &[x])
    });
}
