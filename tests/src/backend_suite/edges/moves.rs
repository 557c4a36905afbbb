//! `Gather`, `Transpose` and `Concat`: every type, every axis, indices of every kind.

use super::super::case::Depth;
use super::{ANY, Edges, WIDER_SIDES};
use metisvm_model::{DType, Op};

pub(super) fn gather(edges: &mut Edges) {
    for (turn, side) in WIDER_SIDES.into_iter().enumerate() {
        let dtype = DType::ALL[turn % 4];
        for (dims, axis) in [
            (vec![side], 0),
            (vec![side, 3], 0),
            (vec![3, side], 1),
            (vec![2, side, 3], 1),
            (vec![2, 3, side], 0),
        ] {
            edges.add(
                format!("Gather {dtype} {dims:?} along {axis}"),
                Depth::Sequences,
                |m| {
                    let extent = dims[axis] as i32;
                    let x = m.input(dtype, &dims);
                    // From the last backwards, with repetitions.
                    let index = m.values(DType::I16, &[side], |i| (extent - 1 - i as i32 / 2).max(0));
                    m.node(Op::Gather { axis: axis as u8 }, &[x, index])
                },
            );
        }
    }
    for data in DType::ALL {
        for index in DType::ALL {
            for axis in 0..3 {
                edges.add(
                    format!("Gather {data} by computed {index} along {axis}"),
                    Depth::Sequences,
                    |m| {
                        let x = m.input(data, &[3, 4, 5]);
                        let i = m.input(index, &[6]);
                        let (low, high) = (m.scalar(index, 0), m.scalar(index, i32::from(axis) + 2));
                        let i = m.node(Op::Clamp, &[i, low, high]);
                        m.node(Op::Gather { axis }, &[x, i])
                    },
                );
            }
        }
    }
    for (dims, index_dims) in [
        (&[4, 5][..], &[][..]),
        (&[4], &[]),
        (&[4, 5], &[1]),
        (&[4, 5], &[2, 3]),
        (&[4, 2, 2], &[2, 1, 3]),
        (&[1, 7], &[5]),
    ] {
        for axis in 0..dims.len() {
            edges.add(
                format!("Gather {dims:?} by {index_dims:?} along {axis}"),
                Depth::Sequences,
                |m| {
                    let x = m.input(DType::I32, dims);
                    let extent = dims[axis] as usize;
                    let index = m.values(DType::U8, index_dims, |i| ((i * 7 + 1) % extent) as i32);
                    m.node(Op::Gather { axis: axis as u8 }, &[x, index])
                },
            );
        }
    }
    edges.add("Gather the greatest", Depth::Sequences, |m| {
        let x = m.input(DType::I16, &[7, 16]);
        let best = m.node(Op::ArgMax { axis: 0 }, &[x]);
        m.node(Op::Gather { axis: 0 }, &[x, best])
    });
    edges.add("Gather from a table of rows", Depth::Sequences, |m| {
        let rows = m.constant(DType::I8, &[256, 9], ANY);
        let index = m.input(DType::U8, &[2, 5]);
        m.node(Op::Gather { axis: 0 }, &[rows, index])
    });
    edges.add("Gather in batches and threads", Depth::Everything, |m| {
        let x = m.input(DType::I16, &[5, 17]);
        let index = m.values(DType::I32, &[7], |i| (i * 3 % 17) as i32);
        m.node(Op::Gather { axis: 1 }, &[x, index])
    });
}

pub(super) fn transpose(edges: &mut Edges) {
    for (turn, side) in WIDER_SIDES.into_iter().enumerate() {
        let dtype = DType::ALL[turn % 4];
        for (dims, perm) in [
            (vec![side, 3], vec![1, 0]),
            (vec![3, side], vec![1, 0]),
            (vec![2, side, 3], vec![0, 2, 1]),
            (vec![2, 3, side], vec![1, 0, 2]),
        ] {
            edges.add(
                format!("Transpose {dtype} {dims:?} by {perm:?}"),
                Depth::Sequences,
                |m| {
                    let x = m.input(dtype, &dims);
                    m.node(Op::Transpose { perm }, &[x])
                },
            );
        }
    }
    let (dtype, dims) = (DType::I16, [2, 3, 4, 5]);
    for first in 0..4u8 {
        for second in (0..4).filter(|&axis| axis != first) {
            let rest: Vec<u8> = (0..4).filter(|&axis| axis != first && axis != second).collect();
            for rest in [[rest[0], rest[1]], [rest[1], rest[0]]] {
                let perm = vec![first, second, rest[0], rest[1]];
                edges.add(format!("Transpose {dims:?} by {perm:?}"), Depth::Sequences, |m| {
                    let x = m.input(dtype, &dims);
                    m.node(Op::Transpose { perm }, &[x])
                });
            }
        }
    }
    for (dims, perm) in [
        (&[][..], vec![]),
        (&[7], vec![0]),
        (&[1, 1, 1], vec![2, 0, 1]),
        (&[2, 1, 2, 1, 2, 1, 2, 1], vec![7, 6, 5, 4, 3, 2, 1, 0]),
    ] {
        edges.add(
            format!("Transpose {dims:?} by {perm:?}, as it may be"),
            Depth::Sequences,
            |m| {
                let x = m.input(DType::I8, dims);
                m.node(Op::Transpose { perm }, &[x])
            },
        );
    }
    edges.add("Transpose in batches and threads", Depth::Everything, |m| {
        let x = m.input(DType::I32, &[5, 17]);
        let perm = vec![1, 0];
        m.node(Op::Transpose { perm }, &[x])
    });
}

pub(super) fn concat(edges: &mut Edges) {
    for (turn, side) in WIDER_SIDES.into_iter().enumerate() {
        let dtype = DType::ALL[turn % 4];
        for (dims, other, axis) in [
            (vec![side], vec![2], 0),
            (vec![side, 3], vec![1, 3], 0),
            (vec![3, side], vec![3, 2], 1),
            (vec![2, side, 3], vec![2, 4, 3], 1),
        ] {
            edges.add(
                format!("Concat {dtype} {dims:?} and {other:?} along {axis}"),
                Depth::Sequences,
                |m| {
                    let (x, y) = (m.input(dtype, &dims), m.constant(dtype, &other, ANY));
                    let operands = if turn % 2 == 0 { [x, y] } else { [y, x] };
                    m.node(Op::Concat { axis }, &operands)
                },
            );
        }
    }
    for dtype in DType::ALL {
        for axis in 0..3 {
            edges.add(
                format!("Concat 3 of {dtype} along {axis}"),
                Depth::Sequences,
                |m| {
                    let x = m.input(dtype, &[2, 3, 4]);
                    let y = m.input(dtype, &[2, 3, 4]);
                    m.node(Op::Concat { axis }, &[x, y, x])
                },
            );
            edges.add(
                format!("Concat 64 of {dtype} along {axis}"),
                Depth::Sequences,
                |m| {
                    let mut operands = vec![m.input(dtype, &[2, 1, 3])];
                    for _ in 1..64 {
                        let turn = operands.len();
                        let again = operands[0];
                        operands.push(if turn % 3 == 0 {
                            again
                        } else {
                            m.constant(dtype, &[2, 1, 3], ANY)
                        });
                    }
                    m.node(Op::Concat { axis }, &operands)
                },
            );
        }
    }
    edges.add("Concat in batches and threads", Depth::Everything, |m| {
        let (x, y) = (m.input(DType::I16, &[5, 17]), m.input(DType::I16, &[5, 2]));
        m.node(Op::Concat { axis: 1 }, &[x, y])
    });
}
