//! An instruction as a line of text.

use super::names::lower;
use crate::isa::{
    Burst, Dependencies, Fill, Gemm, Instruction, Lanes, Operation, Requantise, Vector, VectorOp, Walk,
};
use core::fmt::{self, Write};

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.operation {
            Operation::Nop(module) => write!(f, "nop.{}", lower(module))?,
            Operation::Load(load) => {
                write!(f, "load.{} ", lower(&load.buffer))?;
                write_lanes(f, &load.to)?;
                write_walk(f, " from", &load.from)?;
                write!(f, " zero={}", load.zero_point)?;
            }
            Operation::LoadTiles(load) => {
                write!(f, "load_tiles.{} ", lower(&load.buffer))?;
                write_tiles(f, [load.base, load.pitch, load.rows, load.cols])?;
                write_burst(f, "from", &load.from)?;
                write!(f, " zero={}", load.zero_point)?;
            }
            Operation::Fill(Fill {
                buffer,
                base,
                tiles,
                value,
            }) => {
                write!(
                    f,
                    "fill.{} base={base} tiles={tiles} value={value}",
                    lower(buffer)
                )?;
            }
            Operation::Gemm(gemm) => {
                let Gemm {
                    accumulate,
                    shift,
                    m_tiles,
                    n_tiles,
                    k_tiles,
                    acc,
                    acc_pitch,
                    ..
                } = gemm;
                let Gemm {
                    a,
                    a_pitch,
                    a_step,
                    b,
                    b_pitch,
                    b_step,
                    ..
                } = gemm;
                write!(
                    f,
                    "gemm m={m_tiles} n={n_tiles} k={k_tiles} acc={acc} acc_pitch={acc_pitch}"
                )?;
                write!(
                    f,
                    " a={a} a_pitch={a_pitch} a_step={a_step} b={b} b_pitch={b_pitch}"
                )?;
                write!(
                    f,
                    " b_step={b_step} accumulate={} shift={}",
                    u8::from(*accumulate),
                    u8::from(*shift)
                )?;
            }
            Operation::Vector(vector) => write_vector(f, vector)?,
            Operation::Store(store) => {
                f.write_str("store ")?;
                write_lanes(f, &store.from)?;
                write_walk(f, " to", &store.to)?;
            }
            Operation::StoreTiles(store) => {
                f.write_str("store_tiles ")?;
                write_tiles(f, [store.base, store.pitch, store.rows, store.cols])?;
                write_burst(f, "to", &store.to)?;
            }
        }
        write_tokens(f, &self.dependencies)
    }
}

fn write_vector(f: &mut fmt::Formatter<'_>, vector: &Vector) -> fmt::Result {
    let Vector {
        op,
        dst,
        dst_pitch,
        src,
        src_pitch,
        rows,
        cols,
    } = vector;
    match op {
        VectorOp::Add => f.write_str("add"),
        VectorOp::Max => f.write_str("max"),
        VectorOp::Min => f.write_str("min"),
        VectorOp::AddImmediate(value) => write!(f, "add.imm value={value}"),
        VectorOp::MaxImmediate(value) => write!(f, "max.imm value={value}"),
        VectorOp::MinImmediate(value) => write!(f, "min.imm value={value}"),
        VectorOp::Requantise(Requantise { param, shared, dtype }) => {
            write!(
                f,
                "requantise param={param} shared={} dtype={}",
                u8::from(*shared),
                lower(dtype)
            )
        }
        VectorOp::Table(table) => write!(f, "table table={table}"),
        VectorOp::Interpolate { nodes, differences } => {
            write!(f, "interpolate nodes={nodes} differences={differences}")
        }
        VectorOp::ArgMax { first, base } => write!(f, "argmax first={} index={base}", u8::from(*first)),
    }?;
    write!(
        f,
        " dst={dst} dst_pitch={dst_pitch} src={src} src_pitch={src_pitch} rows={rows} cols={cols}"
    )
}

fn write_lanes(f: &mut fmt::Formatter<'_>, lanes: &Lanes) -> fmt::Result {
    let Lanes {
        base,
        pitch,
        row,
        col,
        rows,
        cols,
    } = lanes;
    write!(
        f,
        "base={base} pitch={pitch} row={row} col={col} rows={rows} cols={cols}"
    )
}

fn write_walk(f: &mut fmt::Formatter<'_>, key: &str, walk: &Walk) -> fmt::Result {
    let Walk {
        space,
        offset,
        row_stride,
        col_stride,
        dtype,
    } = walk;
    write!(f, "{key}={}+{offset}", lower(space))?;
    write!(
        f,
        " row_stride={row_stride} col_stride={col_stride} dtype={}",
        lower(dtype)
    )
}

fn write_tiles(f: &mut fmt::Formatter<'_>, [base, pitch, rows, cols]: [u16; 4]) -> fmt::Result {
    write!(f, "base={base} pitch={pitch} rows={rows} cols={cols}")
}

fn write_burst(f: &mut fmt::Formatter<'_>, key: &str, burst: &Burst) -> fmt::Result {
    let Burst {
        space,
        offset,
        row_stride,
        dtype,
    } = burst;
    write!(f, " {key}={}+{offset}", lower(space))?;
    write!(f, " row_stride={row_stride} dtype={}", lower(dtype))
}

fn write_tokens(f: &mut fmt::Formatter<'_>, tokens: &Dependencies) -> fmt::Result {
    let Dependencies {
        pop_prev,
        pop_next,
        push_prev,
        push_next,
    } = *tokens;
    let all = [
        (pop_prev, "pop_prev"),
        (pop_next, "pop_next"),
        (push_prev, "push_prev"),
        (push_next, "push_next"),
    ];
    let mut separator = " [";
    for (_, name) in all.iter().filter(|(on, _)| *on) {
        write!(f, "{separator}{name}")?;
        separator = " ";
    }
    if separator == " " {
        f.write_char(']')
    } else {
        Ok(())
    }
}
