//! A line of text as an instruction.

use super::names::named;
use crate::isa::{
    Buffer, Burst, Dependencies, Dtype, Fill, Gemm, Instruction, Lanes, Load, LoadTiles, Module, Operation,
    Requantise, Space, Store, StoreTiles, Vector, VectorOp, Walk,
};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::str::FromStr;

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

pub(super) fn read(code: &str) -> Result<Instruction, String> {
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
