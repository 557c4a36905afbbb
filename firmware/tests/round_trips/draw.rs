//! Every instruction, at random.

use metisvm_firmware::{
    Buffer, Burst, Dependencies, Dtype, Fill, Gemm, Instruction, Lanes, Load, LoadTiles, Module, Operation,
    Requantise, Space, Store, StoreTiles, Vector, VectorOp, Walk,
};
use proptest::prelude::*;

fn dtype() -> impl Strategy<Value = Dtype> {
    prop::sample::select(&Dtype::ALL[..])
}

fn lanes() -> impl Strategy<Value = Lanes> {
    (any::<[u16; 4]>(), 1_u16.., 1_u16..).prop_map(|([base, pitch, row, col], rows, cols)| Lanes {
        base,
        pitch,
        row,
        col,
        rows,
        cols,
    })
}

fn walk(spaces: &'static [Space]) -> impl Strategy<Value = Walk> {
    (
        prop::sample::select(spaces),
        0..1_u64 << 48,
        any::<i32>(),
        any::<i32>(),
        dtype(),
    )
        .prop_map(|(space, offset, row_stride, col_stride, dtype)| Walk {
            space,
            offset,
            row_stride,
            col_stride,
            dtype,
        })
}

const READABLE: [Space; 4] = [Space::Resident, Space::Input, Space::Workspace, Space::State];

const WRITABLE: [Space; 3] = [Space::Output, Space::Workspace, Space::State];

/// A type that a scratchpad takes, and a zero point that goes with it.
fn source(buffer: Buffer, unsigned: bool, dtype: Dtype, zero_point: i16) -> (Dtype, i16) {
    match buffer {
        Buffer::A | Buffer::B if unsigned => (Dtype::U8, zero_point),
        Buffer::A | Buffer::B => (Dtype::I8, zero_point),
        Buffer::Acc | Buffer::Table => (dtype, 0),
        Buffer::Param => (Dtype::U8, 0),
    }
}

fn load() -> impl Strategy<Value = Load> {
    let buffers = vec![Buffer::A, Buffer::B, Buffer::Acc, Buffer::Table];
    let from = walk(&READABLE);
    (
        prop::sample::select(buffers),
        lanes(),
        from,
        -256..256_i16,
        any::<bool>(),
    )
        .prop_map(|(buffer, mut to, mut from, zero, unsigned)| {
            let zero_point;
            (from.dtype, zero_point) = source(buffer, unsigned, from.dtype, zero);
            if buffer == Buffer::Table {
                to = Lanes {
                    base: to.base,
                    rows: 1,
                    cols: 256,
                    ..Lanes::default()
                };
                from.row_stride = 0;
            }
            Load {
                buffer,
                to,
                from,
                zero_point,
            }
        })
}

fn burst(spaces: &'static [Space]) -> impl Strategy<Value = Burst> {
    (
        prop::sample::select(spaces),
        0..1_u64 << 45,
        0..1_u32 << 29,
        dtype(),
    )
        .prop_map(|(space, offset, row_stride, dtype)| Burst {
            space,
            offset: offset * 8,
            row_stride: row_stride * 8,
            dtype,
        })
}

fn load_tiles() -> impl Strategy<Value = LoadTiles> {
    let buffers = vec![Buffer::A, Buffer::B, Buffer::Acc, Buffer::Param, Buffer::Table];
    let place = (any::<[u16; 2]>(), 1_u16.., 1_u16..);
    (
        prop::sample::select(buffers),
        place,
        burst(&READABLE),
        -256..256_i16,
        any::<bool>(),
    )
        .prop_map(
            |(buffer, ([base, pitch], rows, cols), mut from, zero, unsigned)| {
                let zero_point;
                (from.dtype, zero_point) = source(buffer, unsigned, from.dtype, zero);
                LoadTiles {
                    buffer,
                    base,
                    pitch,
                    rows,
                    cols,
                    from,
                    zero_point,
                }
            },
        )
}

/// Rectangles whose elements do not meet: rows apart, or columns, in any direction.
fn store() -> impl Strategy<Value = Store> {
    let signs = any::<[bool; 3]>();
    let gaps = [0..1000_u32, 0..1000];
    (lanes(), walk(&WRITABLE), gaps, signs).prop_map(|(mut from, mut to, gaps, [down, left, by_rows])| {
        (from.rows, from.cols) = (from.rows.clamp(1, 300), from.cols.clamp(1, 300));
        let (inner, outer) = if by_rows {
            (from.cols, from.rows)
        } else {
            (from.rows, from.cols)
        };
        let element = to.dtype.bytes();
        let short = element + gaps[0];
        let long = u32::from(inner - 1) * short + element + gaps[1];
        // A single row or column may have any stride.
        let long = if outer == 1 { gaps[1] } else { long };
        let (row, col) = if by_rows { (long, short) } else { (short, long) };
        let signed = |stride: u32, negative| if negative { -(stride as i32) } else { stride as i32 };
        (to.row_stride, to.col_stride) = (signed(row, down), signed(col, left));
        Store { from, to }
    })
}

fn store_tiles() -> impl Strategy<Value = StoreTiles> {
    (any::<[u16; 2]>(), 1_u16.., 1_u16.., burst(&WRITABLE)).prop_map(|([base, pitch], rows, cols, to)| {
        StoreTiles {
            base,
            pitch,
            rows,
            cols,
            to,
        }
    })
}

fn fill() -> impl Strategy<Value = Fill> {
    let buffers = [Buffer::A, Buffer::B, Buffer::Acc];
    (
        prop::sample::select(buffers.to_vec()),
        any::<u16>(),
        1_u16..,
        any::<i32>(),
    )
        .prop_map(|(buffer, base, tiles, value)| {
            let value = if buffer == Buffer::Acc { value } else { value % 256 };
            Fill {
                buffer,
                base,
                tiles,
                value,
            }
        })
}

fn gemm() -> impl Strategy<Value = Gemm> {
    (any::<[bool; 2]>(), 1_u16.., 1_u16.., 1_u16.., any::<[u16; 8]>()).prop_map(
        |([accumulate, shift], m_tiles, n_tiles, k_tiles, rest)| {
            let [acc, acc_pitch, a, a_pitch, a_step, b, b_pitch, b_step] = rest;
            Gemm {
                accumulate,
                shift: shift && accumulate,
                m_tiles,
                n_tiles,
                k_tiles,
                acc,
                acc_pitch,
                a,
                a_pitch,
                a_step,
                b,
                b_pitch,
                b_step,
            }
        },
    )
}

fn vector() -> impl Strategy<Value = Vector> {
    let op = prop_oneof![
        Just(VectorOp::Add),
        Just(VectorOp::Max),
        Just(VectorOp::Min),
        any::<i32>().prop_map(VectorOp::AddImmediate),
        any::<i32>().prop_map(VectorOp::MaxImmediate),
        any::<i32>().prop_map(VectorOp::MinImmediate),
        (any::<u16>(), any::<bool>(), dtype())
            .prop_map(|(param, shared, dtype)| VectorOp::Requantise(Requantise { param, shared, dtype })),
        any::<u16>().prop_map(VectorOp::Table),
        any::<[u16; 2]>().prop_map(|[nodes, differences]| VectorOp::Interpolate { nodes, differences }),
        (any::<bool>(), any::<i32>()).prop_map(|(first, base)| VectorOp::ArgMax { first, base }),
    ];
    (op, any::<[u16; 4]>(), 1_u16.., 1_u16..).prop_map(
        |(op, [dst, dst_pitch, src, src_pitch], rows, cols)| Vector {
            op,
            dst,
            dst_pitch,
            src,
            src_pitch,
            rows,
            cols,
        },
    )
}

pub(crate) fn instruction() -> impl Strategy<Value = Instruction> {
    let operation = prop_oneof![
        prop::sample::select(&Module::ALL[..]).prop_map(Operation::Nop),
        load().prop_map(Operation::Load),
        load_tiles().prop_map(Operation::LoadTiles),
        fill().prop_map(Operation::Fill),
        gemm().prop_map(Operation::Gemm),
        vector().prop_map(Operation::Vector),
        store().prop_map(Operation::Store),
        store_tiles().prop_map(Operation::StoreTiles),
    ];
    (operation, any::<[bool; 4]>()).prop_map(|(operation, [pop_prev, pop_next, push_prev, push_next])| {
        let (prev, next) = match operation.module() {
            Module::Load => (false, true),
            Module::Compute => (true, true),
            Module::Store => (true, false),
        };
        let dependencies = Dependencies {
            pop_prev: pop_prev && prev,
            pop_next: pop_next && next,
            push_prev: push_prev && prev,
            push_next: push_next && next,
        };
        Instruction {
            dependencies,
            operation,
        }
    })
}
