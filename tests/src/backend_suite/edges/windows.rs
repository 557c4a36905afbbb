//! `MaxPool2d`, `Reshape` and `ArgMax`: windows, shapes and axes.

use super::super::case::Depth;
use super::{Edges, SIDES};
use metisvm_model::{DType, Op, Padding, Shape, Window};

pub(super) fn max_pool(edges: &mut Edges) {
    let plain = ([1, 1], [1, 1], [0, 0, 0, 0]);
    let around = SIDES.into_iter().flat_map(|s| {
        [
            ([1, 2, s, 2], [1, 2], plain),
            ([1, 1, 2, s], [2, 1], plain),
            ([2, s, 3, 3], [2, 2], plain),
            ([1, 1, s, s], [3, 3], ([1, 1], [1, 1], [1, 1, 1, 1])),
        ]
    });
    // Kernel; stride, dilation, padding (top, left, bottom, right), which is less than the kernel's reach.
    let windows = [
        ([2, 2], ([2, 2], [1, 1], [0, 0, 0, 0])),
        ([3, 2], ([2, 1], [1, 2], [2, 0, 0, 1])),
        ([2, 3], ([3, 4], [3, 2], [3, 4, 0, 0])),
        ([1, 1], ([4, 5], [1, 1], [0, 0, 0, 0])),
        ([5, 6], ([1, 1], [1, 1], [4, 5, 4, 5])),
        ([8, 8], ([1, 1], [1, 1], [3, 2, 1, 4])), // beyond the image
        ([7, 6], plain),
        ([2, 2], ([1, 1], [5, 4], [5, 0, 0, 4])),
    ];
    let moved = windows
        .into_iter()
        .flat_map(|(kernel, window)| [([1, 3, 7, 6], kernel, window), ([2, 17, 7, 6], kernel, window)]);
    let large = ([1, 2, 20, 12], [3, 3], ([2, 2], [1, 1], [1, 1, 1, 1]));
    let cases = around.chain(moved).chain([large]);
    let pool = |kernel: [u32; 2], (stride, dilation, padding): ([u32; 2], [u32; 2], [u32; 4])| {
        let [top, left, bottom, right] = padding;
        let padding = Padding {
            top,
            left,
            bottom,
            right,
        };
        let window = Window {
            stride,
            dilation,
            padding,
        };
        Op::MaxPool2d { kernel, window }
    };
    for (turn, (image, kernel, window)) in cases.enumerate() {
        let dtype = DType::ALL[turn % 4];
        let name = format!("MaxPool2d {turn}: {dtype} {image:?} by {kernel:?}");
        edges.add(name, Depth::Sequences, |m| {
            let x = m.input(dtype, &image);
            m.node(pool(kernel, window), &[x])
        });
    }
    for dtype in DType::ALL {
        let name = format!("MaxPool2d of {dtype} with padding");
        edges.add(name, Depth::Sequences, |m| {
            let x = m.input(dtype, &[1, 2, 4, 5]);
            m.node(pool([3, 3], ([2, 1], [1, 1], [2, 1, 1, 2])), &[x])
        });
    }
    edges.add("MaxPool2d in batches and threads", Depth::Everything, |m| {
        let x = m.input(DType::I8, &[1, 3, 6, 5]);
        m.node(pool([2, 3], ([2, 1], [1, 1], [1, 0, 0, 1])), &[x])
    });
}

pub(super) fn reshape(edges: &mut Edges) {
    for (turn, (from, to)) in [
        (&[60][..], &[5, 12][..]),
        (&[5, 12], &[60]),
        (&[3, 4, 5], &[5, 4, 3]),
        (&[2, 3, 4, 5], &[1, 120, 1, 1]),
        (&[1], &[]),
        (&[], &[1, 1, 1]),
        (&[17, 17], &[1, 17, 17]),
        (&[65], &[1, 5, 13]),
    ]
    .into_iter()
    .enumerate()
    {
        let dtype = DType::ALL[turn % 4];
        edges.add(
            format!("Reshape {dtype} {from:?} to {to:?}"),
            Depth::Sequences,
            |m| {
                let x = m.input(dtype, from);
                let shape = Shape::new(to).expect("as many elements, and few");
                m.node(Op::Reshape { shape }, &[x])
            },
        );
    }
    edges.add("Reshape in batches and threads", Depth::Everything, |m| {
        let x = m.input(DType::I16, &[3, 17]);
        let shape = Shape::new(&[17, 3]).expect("as many elements, and few");
        m.node(Op::Reshape { shape }, &[x])
    });
}

pub(super) fn arg_max(edges: &mut Edges) {
    for (turn, side) in SIDES.into_iter().enumerate() {
        let dtype = DType::ALL[turn % 4];
        for (dims, axis) in [
            (vec![side], 0),
            (vec![side, 3], 0),
            (vec![3, side], 1),
            (vec![2, side, 3], 1),
            (vec![2, 2, 2, side], 3),
            (vec![side, 2, side], 2),
        ] {
            edges.add(
                format!("ArgMax {dtype} {dims:?} along {axis}"),
                Depth::Sequences,
                |m| {
                    let x = m.input(dtype, &dims);
                    m.node(Op::ArgMax { axis }, &[x])
                },
            );
        }
    }
    for dtype in DType::ALL {
        // Few values, so that the greatest comes several times.
        edges.add(format!("ArgMax of {dtype} with ties"), Depth::Sequences, |m| {
            let x = m.input(dtype, &[4, 40]);
            let (low, high) = (m.scalar(dtype, dtype.max() - 1), m.scalar(dtype, dtype.max()));
            let x = m.node(Op::Clamp, &[x, low, high]);
            m.node(Op::ArgMax { axis: 1 }, &[x])
        });
    }
    edges.add("ArgMax in batches and threads", Depth::Everything, |m| {
        let x = m.input(DType::I32, &[3, 17]);
        m.node(Op::ArgMax { axis: 1 }, &[x])
    });
}
