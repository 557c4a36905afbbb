//! Programs as text: one instruction a line, `name key=value … [tokens]`.
//!
//! ```text
//! load.a base=0 pitch=4 row=0 col=0 rows=16 cols=64 from=input+0 row_stride=64 col_stride=1 dtype=u8 zero=128 [push_next]
//! load_tiles.b base=0 pitch=0 rows=1 cols=4 from=resident+0 row_stride=0 dtype=i8 zero=0
//! gemm m=1 n=1 k=4 acc=0 acc_pitch=1 a=0 a_pitch=4 a_step=1 b=0 b_pitch=1 b_step=1 accumulate=0 shift=0 [pop_prev]
//! ```
//!
//! An instruction's name says its module, so the lines of the three streams may be mixed: only the order
//! within a stream counts. Numbers are decimal. Every key of an instruction must be there, in any order, once. What
//! follows a `#` is a comment. Disassembling gives the canonical order, so text and instructions
//! turn into each other and back.

use crate::isa::{
    Buffer, Burst, Dependencies, Dtype, Fill, Gemm, Instruction, Lanes, Load, LoadTiles, Module, Operation,
    Requantise, Space, Store, StoreTiles, Vector, VectorOp, Walk,
};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::str::FromStr;

/// What is wrong with a line of assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmError {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong, in words.
    pub reason: String,
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl core::error::Error for AsmError {}

/// Reads instructions from text.
///
/// # Errors
/// The first line that is no well-formed instruction.
pub fn assemble(text: &str) -> Result<Vec<Instruction>, AsmError> {
    let mut instructions = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let code = line.split('#').next().unwrap_or_default().trim();
        if !code.is_empty() {
            let instruction = read(code).map_err(|reason| AsmError {
                line: index + 1,
                reason,
            })?;
            instructions.push(instruction);
        }
    }
    Ok(instructions)
}

/// Writes instructions as text, one a line.
pub fn disassemble<'a>(instructions: impl IntoIterator<Item = &'a Instruction>) -> String {
    let mut text = String::new();
    for instruction in instructions {
        text.push_str(&instruction.to_string());
        text.push('\n');
    }
    text
}

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

/// The name of a unit variant, as assembly spells it.
fn lower(name: &impl fmt::Debug) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{name:?}");
    text.make_ascii_lowercase();
    text
}

/// The `key=value` pairs of a line that are not used yet.
struct Keys<'a> {
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Keys<'a> {
    fn text(&mut self, key: &str) -> Result<&'a str, String> {
        let index = self.pairs.iter().position(|(name, _)| *name == key);
        let index = index.ok_or_else(|| alloc::format!("{key} is missing"))?;
        Ok(self.pairs.swap_remove(index).1)
    }

    fn number<T: FromStr>(&mut self, key: &str) -> Result<T, String> {
        let text = self.text(key)?;
        text.parse()
            .map_err(|_| alloc::format!("{key}={text} is no number in range"))
    }

    fn flag(&mut self, key: &str) -> Result<bool, String> {
        match self.text(key)? {
            "0" => Ok(false),
            "1" => Ok(true),
            other => Err(alloc::format!("{key}={other} is neither 0 nor 1")),
        }
    }

    fn lanes(&mut self) -> Result<Lanes, String> {
        Ok(Lanes {
            base: self.number("base")?,
            pitch: self.number("pitch")?,
            row: self.number("row")?,
            col: self.number("col")?,
            rows: self.number("rows")?,
            cols: self.number("cols")?,
        })
    }

    fn walk(&mut self, key: &str) -> Result<Walk, String> {
        let (space, offset) = self.place(key)?;
        Ok(Walk {
            space,
            offset,
            row_stride: self.number("row_stride")?,
            col_stride: self.number("col_stride")?,
            dtype: self.dtype()?,
        })
    }

    fn burst(&mut self, key: &str) -> Result<Burst, String> {
        let (space, offset) = self.place(key)?;
        Ok(Burst {
            space,
            offset,
            row_stride: self.number("row_stride")?,
            dtype: self.dtype()?,
        })
    }

    fn place(&mut self, key: &str) -> Result<(Space, u64), String> {
        let place = self.text(key)?;
        let bad = || alloc::format!("{key}={place} is no space+offset");
        let (space, offset) = place.split_once('+').ok_or_else(bad)?;
        Ok((named(space, &Space::ALL)?, offset.parse().map_err(|_| bad())?))
    }

    fn dtype(&mut self) -> Result<Dtype, String> {
        named(self.text("dtype")?, &Dtype::ALL)
    }

    fn vector(&mut self, op: VectorOp) -> Result<Operation, String> {
        Ok(Operation::Vector(Vector {
            op,
            dst: self.number("dst")?,
            dst_pitch: self.number("dst_pitch")?,
            src: self.number("src")?,
            src_pitch: self.number("src_pitch")?,
            rows: self.number("rows")?,
            cols: self.number("cols")?,
        }))
    }
}

fn named<T: Copy + fmt::Debug>(name: &str, all: &[T]) -> Result<T, String> {
    let found = all.iter().find(|variant| lower(variant) == name);
    found
        .copied()
        .ok_or_else(|| alloc::format!("{name:?} is none of {all:?}"))
}

fn read(code: &str) -> Result<Instruction, String> {
    let (code, tokens) = match code.split_once('[') {
        Some((code, tokens)) => (
            code,
            tokens
                .trim_end()
                .strip_suffix(']')
                .ok_or("the tokens have no closing bracket")?,
        ),
        None => (code, ""),
    };
    let dependencies = read_tokens(tokens)?;
    let mut words = code.split_whitespace();
    let name = words.next().ok_or("there is no instruction")?;
    let pair = |word| str::split_once(word, '=').ok_or_else(|| alloc::format!("{word:?} is no key=value"));
    let mut keys = Keys {
        pairs: words.map(pair).collect::<Result<_, _>>()?,
    };
    let operation = read_operation(name, &mut keys)?;
    if let Some((key, _)) = keys.pairs.first() {
        return Err(alloc::format!(
            "{key} does not belong to {name}, or is there twice"
        ));
    }
    let instruction = Instruction {
        dependencies,
        operation,
    };
    instruction.check_form().map_err(|error| error.to_string())?;
    Ok(instruction)
}

fn read_tokens(text: &str) -> Result<Dependencies, String> {
    let mut tokens = Dependencies::default();
    for word in text.split_whitespace() {
        let token = match word {
            "pop_prev" => &mut tokens.pop_prev,
            "pop_next" => &mut tokens.pop_next,
            "push_prev" => &mut tokens.push_prev,
            "push_next" => &mut tokens.push_next,
            other => return Err(alloc::format!("{other:?} is no token")),
        };
        if core::mem::replace(token, true) {
            return Err(alloc::format!("{word} is there twice"));
        }
    }
    Ok(tokens)
}

fn read_operation(name: &str, keys: &mut Keys<'_>) -> Result<Operation, String> {
    let buffers = [Buffer::A, Buffer::B, Buffer::Acc, Buffer::Param, Buffer::Table];
    Ok(match name.split_once('.') {
        Some(("nop", module)) => Operation::Nop(named(module, &Module::ALL)?),
        Some(("load", buffer)) => Operation::Load(Load {
            buffer: named(buffer, &buffers)?,
            to: keys.lanes()?,
            from: keys.walk("from")?,
            zero_point: keys.number("zero")?,
        }),
        Some(("load_tiles", buffer)) => Operation::LoadTiles(LoadTiles {
            buffer: named(buffer, &buffers)?,
            base: keys.number("base")?,
            pitch: keys.number("pitch")?,
            rows: keys.number("rows")?,
            cols: keys.number("cols")?,
            from: keys.burst("from")?,
            zero_point: keys.number("zero")?,
        }),
        Some(("fill", buffer)) => Operation::Fill(Fill {
            buffer: named(buffer, &buffers)?,
            base: keys.number("base")?,
            tiles: keys.number("tiles")?,
            value: keys.number("value")?,
        }),
        Some(("add", "imm")) => {
            let op = VectorOp::AddImmediate(keys.number("value")?);
            keys.vector(op)?
        }
        Some(("max", "imm")) => {
            let op = VectorOp::MaxImmediate(keys.number("value")?);
            keys.vector(op)?
        }
        Some(("min", "imm")) => {
            let op = VectorOp::MinImmediate(keys.number("value")?);
            keys.vector(op)?
        }
        _ => match name {
            "gemm" => Operation::Gemm(Gemm {
                accumulate: keys.flag("accumulate")?,
                shift: keys.flag("shift")?,
                m_tiles: keys.number("m")?,
                n_tiles: keys.number("n")?,
                k_tiles: keys.number("k")?,
                acc: keys.number("acc")?,
                acc_pitch: keys.number("acc_pitch")?,
                a: keys.number("a")?,
                a_pitch: keys.number("a_pitch")?,
                a_step: keys.number("a_step")?,
                b: keys.number("b")?,
                b_pitch: keys.number("b_pitch")?,
                b_step: keys.number("b_step")?,
            }),
            "add" => keys.vector(VectorOp::Add)?,
            "max" => keys.vector(VectorOp::Max)?,
            "min" => keys.vector(VectorOp::Min)?,
            "requantise" => {
                let op = VectorOp::Requantise(Requantise {
                    param: keys.number("param")?,
                    shared: keys.flag("shared")?,
                    dtype: keys.dtype()?,
                });
                keys.vector(op)?
            }
            "table" => {
                let op = VectorOp::Table(keys.number("table")?);
                keys.vector(op)?
            }
            "interpolate" => {
                let op = VectorOp::Interpolate {
                    nodes: keys.number("nodes")?,
                    differences: keys.number("differences")?,
                };
                keys.vector(op)?
            }
            "argmax" => {
                let op = VectorOp::ArgMax {
                    first: keys.flag("first")?,
                    base: keys.number("index")?,
                };
                keys.vector(op)?
            }
            "store" => Operation::Store(Store {
                from: keys.lanes()?,
                to: keys.walk("to")?,
            }),
            "store_tiles" => Operation::StoreTiles(StoreTiles {
                base: keys.number("base")?,
                pitch: keys.number("pitch")?,
                rows: keys.number("rows")?,
                cols: keys.number("cols")?,
                to: keys.burst("to")?,
            }),
            other => return Err(alloc::format!("{other:?} is no instruction")),
        },
    })
}
