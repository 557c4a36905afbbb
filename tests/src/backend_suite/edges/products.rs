//! `MatMul` and `Conv2d`: all three sides of the product, both types of both operands, zero points at the
//! ends, accumulators at the ends.

use super::super::case::Depth;
use super::{ANY, ENDS, Edges, Maker, NEAR_ENDS, SIDES};
use metisvm_model::{DType, Op, Padding, Value, Window};

const BYTES: [DType; 2] = [DType::I8, DType::U8];

/// Zero points, bias and styles of a product change from case to case, so that all come together in some.
fn product(m: &mut Maker, turn: usize, op: Op, x: &[u32], w: &[u32], columns: u32, depth: u32) -> Value {
    let (x_type, w_type) = (BYTES[turn % 2], BYTES[turn / 2 % 2]);
    let ends = |dtype: DType| [dtype.min(), dtype.max(), dtype.min() / 2 + 3];
    let style = [ENDS, NEAR_ENDS, ANY][turn / 4 % 3];
    let x = m.input(x_type, x);
    let w = m.constant(w_type, w, style);
    let x_zero = m.scalar(x_type, ends(x_type)[turn % 3]);
    let w_zero = if turn % 4 == 3 {
        m.values(w_type, &[columns], |column| ends(w_type)[column % 3])
    } else {
        m.scalar(w_type, ends(w_type)[turn / 3 % 3])
    };
    let mut operands = vec![x, w, x_zero, w_zero];
    if !turn.is_multiple_of(3) {
        // As large as the proof allows for any elements: |x - x_zero| and |w - w_zero| are at most 255.
        let most = i32::MAX - depth as i32 * 255 * 255;
        let signs = [most, -most, 0, 12_345];
        operands.push(m.values(DType::I32, &[columns], |column| signs[(column + turn) % 4]));
    }
    m.node(op, &operands)
}

pub(super) fn mat_mul(edges: &mut Edges) {
    let around = SIDES
        .into_iter()
        .flat_map(|s| [[s, 5, 3], [5, s, 3], [3, 5, s], [s, 1, s], [1, s, s], [s, s, 2]]);
    let corners = [
        [1, 1, 1],
        [4, 4, 4],
        [16, 16, 16],
        [17, 17, 17],
        [15, 17, 16],
        [64, 64, 64],
        [65, 65, 65],
        [63, 65, 17],
    ];
    for (turn, [rows, depth, columns]) in around.chain(corners).enumerate() {
        let name = format!("MatMul {rows}x{depth} by {depth}x{columns}");
        edges.add(name, Depth::Sequences, |m| {
            product(
                m,
                turn,
                Op::MatMul,
                &[rows, depth],
                &[depth, columns],
                columns,
                depth,
            )
        });
    }
    for (turn, (x, w)) in [
        (&[3, 5, 7][..], &[7, 6][..]),
        (&[3, 5, 7], &[3, 7, 6]),
        (&[2, 3, 4, 17], &[2, 3, 17, 5]),
        (&[2, 3, 4, 17], &[17, 5]),
        (&[1, 1, 1], &[1, 1, 1]),
    ]
    .into_iter()
    .enumerate()
    {
        let (depth, columns) = (w[w.len() - 2], w[w.len() - 1]);
        edges.add(format!("MatMul {x:?} by {w:?}"), Depth::Sequences, |m| {
            product(m, turn + 1, Op::MatMul, x, w, columns, depth)
        });
    }
    for (x_type, w_type) in [(DType::I8, DType::U8), (DType::U8, DType::I8)] {
        let name = format!("MatMul of computed {x_type} and {w_type}");
        edges.add(name, Depth::Sequences, |m| {
            let (x, w) = (m.input(x_type, &[17, 5]), m.input(w_type, &[5, 16]));
            let (x_zero, w_zero) = (m.scalar(x_type, x_type.min()), m.scalar(w_type, w_type.max()));
            m.node(Op::MatMul, &[x, w, x_zero, w_zero])
        });
    }
    edges.add("MatMul with accumulators at the ends", Depth::Sequences, |m| {
        extreme_product(m, Op::MatMul, &[1, 1], &[1, 4])
    });
    edges.add("MatMul in batches and threads", Depth::Everything, |m| {
        product(m, 7, Op::MatMul, &[17, 33], &[33, 20], 20, 33)
    });
}

/// As [`mat_mul`], of 16 bits: products of up to 2^24, so that depths beyond 128 would need smaller weights.
pub(super) fn wide_mat_mul(edges: &mut Edges) {
    let around = SIDES
        .into_iter()
        .flat_map(|s| [[s, 5, 3], [5, s, 3], [3, 5, s], [s, s, 2]]);
    let batched = [
        (&[3, 5, 7][..], &[7, 6][..]),
        (&[3, 5, 7], &[3, 7, 6]),
        (&[2, 3, 4, 17], &[2, 3, 17, 5]),
    ];
    let plain = around.map(|[rows, depth, columns]| (vec![rows, depth], vec![depth, columns]));
    let batched = batched.map(|(x, w)| (x.to_vec(), w.to_vec()));
    for (turn, (x, w)) in plain.chain(batched).enumerate() {
        let (depth, columns) = (w[w.len() - 2], w[w.len() - 1]);
        edges.add(format!("WideMatMul {x:?} by {w:?}"), Depth::Sequences, |m| {
            let w_type = BYTES[turn % 2];
            let ends = |dtype: DType| [dtype.min(), dtype.max(), dtype.min() / 2 + 3];
            let x = m.input(DType::I16, &x);
            let w = m.constant(w_type, &w, [ENDS, NEAR_ENDS, ANY][turn / 2 % 3]);
            let x_zero = m.scalar(DType::I16, ends(DType::I16)[turn % 3]);
            let w_zero = if turn % 4 == 3 {
                m.values(w_type, &[columns], |column| ends(w_type)[column % 3])
            } else {
                m.scalar(w_type, ends(w_type)[turn / 3 % 3])
            };
            let mut operands = vec![x, w, x_zero, w_zero];
            if !turn.is_multiple_of(3) {
                let most = i32::MAX - depth as i32 * 65_535 * 255;
                let signs = [most, -most, 0, 12_345];
                operands.push(m.values(DType::I32, &[columns], |column| signs[(column + turn) % 4]));
            }
            m.node(Op::WideMatMul, &operands)
        });
    }
    for w_type in BYTES {
        edges.add(
            format!("WideMatMul by computed {w_type}"),
            Depth::Sequences,
            |m| {
                let (x, w) = (m.input(DType::I16, &[17, 5]), m.input(w_type, &[5, 16]));
                let (x_zero, w_zero) = (m.scalar(DType::I16, 0), m.scalar(w_type, w_type.max()));
                m.node(Op::WideMatMul, &[x, w, x_zero, w_zero])
            },
        );
    }
    edges.add(
        "WideMatMul with accumulators at the ends",
        Depth::Sequences,
        |m| {
            let x = m.input(DType::I16, &[1, 1]);
            let w = m.values(DType::I8, &[1, 4], |column| [1, -1, 1, -1][column % 4]);
            let (x_zero, w_zero) = (m.scalar(DType::I16, i16::MIN.into()), m.scalar(DType::I8, 0));
            let most = i32::MAX - 65_535;
            let bias = m.values(DType::I32, &[4], |column| [most, -most, -most, most][column % 4]);
            m.node(Op::WideMatMul, &[x, w, x_zero, w_zero, bias])
        },
    );
    edges.add("WideMatMul in batches and threads", Depth::Everything, |m| {
        let (x, w) = (
            m.input(DType::I16, &[17, 33]),
            m.constant(DType::I8, &[33, 20], ANY),
        );
        let (x_zero, w_zero) = (m.scalar(DType::I16, 9), m.scalar(DType::I8, 0));
        m.node(Op::WideMatMul, &[x, w, x_zero, w_zero])
    });
}

/// Sums that reach the greatest i32 and the least that the proof allows.
fn extreme_product(m: &mut Maker, op: Op, x: &[u32], w: &[u32]) -> Value {
    let x = m.input(DType::U8, x);
    let w = m.values(DType::I8, w, |column| [1, -1, 1, -1][column % 4]);
    let (x_zero, w_zero) = (m.scalar(DType::U8, 0), m.scalar(DType::I8, 0));
    let most = i32::MAX - 255;
    let bias = m.values(DType::I32, &[4], |column| [most, -most, -most, most][column % 4]);
    m.node(op, &[x, w, x_zero, w_zero, bias])
}

#[derive(Clone, Copy)]
struct Conv {
    image: [u32; 4],
    out: u32,
    kernel: [u32; 2],
    window: Window,
    groups: u32,
}

const fn plain() -> Window {
    window([1, 1], [1, 1], [0, 0, 0, 0])
}

const fn window(stride: [u32; 2], dilation: [u32; 2], padding: [u32; 4]) -> Window {
    let [top, left, bottom, right] = padding;
    Window {
        stride,
        dilation,
        padding: Padding {
            top,
            left,
            bottom,
            right,
        },
    }
}

fn conv(image: [u32; 4], out: u32, kernel: [u32; 2], window: Window, groups: u32) -> Conv {
    Conv {
        image,
        out,
        kernel,
        window,
        groups,
    }
}

impl Conv {
    fn make(self, m: &mut Maker, turn: usize) -> Value {
        let Self {
            image,
            out,
            kernel: [kh, kw],
            window,
            groups,
        } = self;
        let per_group = image[1] / groups;
        let op = Op::Conv2d { window, groups };
        let w = [out, per_group, kh, kw];
        product(m, turn, op, &image, &w, out, per_group * kh * kw)
    }
}

pub(super) fn conv2d(edges: &mut Edges) {
    let around = SIDES.into_iter().flat_map(|s| {
        [
            conv([1, 3, 1, s], 5, [1, 1], plain(), 1),
            conv([1, 2, s, 2], 3, [3, 2], window([1, 1], [1, 1], [1, 0, 1, 1]), 1),
            conv([2, s, 2, 2], 3, [1, 1], plain(), 1),
            conv([1, 2, 3, 3], s, [2, 2], plain(), 1),
            conv([1, 1, 1, s], 3, [1, s], plain(), 1),
            conv([1, s, 3, 2], s, [2, 2], plain(), s),
            conv([1, 2 * s, 2, 3], 2 * s, [1, 2], plain(), 2),
        ]
    });
    let windows = [
        ([3, 3], window([1, 1], [1, 1], [1, 1, 1, 1])),
        ([3, 3], window([2, 2], [1, 1], [1, 1, 1, 1])),
        ([3, 3], window([2, 1], [1, 2], [0, 2, 1, 0])),
        ([2, 3], window([3, 4], [2, 1], [0, 0, 0, 3])),
        ([3, 2], window([1, 1], [3, 4], [4, 0, 4, 2])),
        ([1, 1], window([5, 2], [1, 1], [0, 0, 0, 0])),
        ([1, 1], window([1, 1], [1, 1], [4, 5, 6, 0])), // outputs of nothing but padding
        ([5, 7], window([1, 2], [1, 1], [2, 3, 2, 3])),
        ([9, 8], window([1, 1], [1, 1], [3, 2, 1, 4])), // longer than the image
        ([7, 6], plain()),                              // one output
        ([2, 2], window([4, 4], [5, 4], [0, 1, 5, 0])),
    ];
    let moved = windows.into_iter().flat_map(|(kernel, window)| {
        [
            conv([2, 4, 7, 6], 6, kernel, window, 1),
            conv([1, 4, 7, 6], 6, kernel, window, 2),
            conv([1, 4, 7, 6], 8, kernel, window, 4),
        ]
    });
    let large = conv([1, 3, 20, 18], 4, [3, 3], window([2, 2], [1, 1], [1, 1, 0, 0]), 1);
    for (turn, case) in around.chain(moved).chain([large]).enumerate() {
        let Conv {
            image,
            out,
            kernel,
            groups,
            ..
        } = case;
        let name = format!("Conv2d {turn}: {image:?} to {out} by {kernel:?} in {groups} groups");
        edges.add(name, Depth::Sequences, |m| case.make(m, turn));
    }
    for dtype in BYTES {
        edges.add(
            format!("Conv2d of a computed {dtype} kernel"),
            Depth::Sequences,
            |m| {
                let (x, w) = (m.input(dtype, &[1, 2, 4, 4]), m.input(DType::I8, &[3, 2, 3, 3]));
                let (x_zero, w_zero) = (m.scalar(dtype, dtype.max()), m.scalar(DType::I8, -128));
                let window = window([1, 1], [1, 1], [1, 1, 1, 1]);
                m.node(Op::Conv2d { window, groups: 1 }, &[x, w, x_zero, w_zero])
            },
        );
    }
    edges.add("Conv2d with accumulators at the ends", Depth::Sequences, |m| {
        let op = Op::Conv2d {
            window: plain(),
            groups: 1,
        };
        extreme_product(m, op, &[1, 1, 1, 2], &[4, 1, 1, 1])
    });
    edges.add("Conv2d in batches and threads", Depth::Everything, |m| {
        conv([1, 3, 6, 5], 5, [3, 3], window([1, 2], [1, 1], [1, 1, 1, 0]), 1).make(m, 5)
    });
}
