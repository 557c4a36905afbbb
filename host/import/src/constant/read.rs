//! From the tensors of a file to constants.

use super::type_name::type_name;
use super::{Constant, Data, elements};
use crate::error::Problem;
use crate::half::half;
use onnx_rs::ast::{DataLocation, DataType, TensorProto};

impl Constant {
    /// An initializer, or the value of a Constant node.
    pub(crate) fn of(tensor: &TensorProto<'_>, name: &str) -> Result<Self, Problem> {
        if tensor.data_location() == DataLocation::External || !tensor.external_data().is_empty() {
            return Err(Problem::ExternalData);
        }
        let count = elements(tensor.dims().iter().copied())?;
        let dims: Vec<u32> = tensor.dims().iter().map(|&d| d as u32).collect();
        let bits = match tensor.data_type() {
            DataType::Int64 | DataType::Uint64 | DataType::Double => 64,
            DataType::Float | DataType::Int32 | DataType::Uint32 => 32,
            DataType::Int16 | DataType::Uint16 | DataType::Float16 | DataType::Bfloat16 => 16,
            DataType::Int8 | DataType::Uint8 | DataType::Bool => 8,
            DataType::Int4 | DataType::Uint4 => 4,
            other => return Err(unsupported(other)),
        };
        let size = (count * bits).div_ceil(8);
        let raw = tensor.as_raw();
        if raw.is_some() && typed_too(tensor) {
            // Runtimes differ in which they read.
            return Err(Problem::Data(
                "it has its data twice, as raw_data and as numbers of its type; export it again".to_string(),
            ));
        }
        let length = raw.map(|r| r.len() as u64);
        if length.is_some_and(|l| l != size) {
            return Err(Problem::Data(format!(
                "its shape {dims:?} asks for {size} bytes of data; there are {}",
                length.unwrap_or(0)
            )));
        }
        let data = data(tensor, raw, count)?;
        if data.len() == 0 && count != 0 {
            return Err(Problem::Data(format!("it has no data for its shape {dims:?}")));
        }
        Self::new(name, dims, data)
    }
}

/// Whether one of the lists of numbers holds something.
fn typed_too(tensor: &TensorProto<'_>) -> bool {
    // With raw data these give that only for the type that they are of; the number of elements would be the same, so
    // that only a borrowed list tells that there is one.
    let borrowed = |list: Option<bool>| list.unwrap_or(false);
    use std::borrow::Cow::Borrowed;
    borrowed(tensor.as_f32().map(|l| matches!(l, Borrowed(_))))
        || borrowed(tensor.as_f64().map(|l| matches!(l, Borrowed(_))))
        || borrowed(tensor.as_i32().map(|l| matches!(l, Borrowed(_))))
        || borrowed(tensor.as_i64().map(|l| matches!(l, Borrowed(_))))
        || borrowed(tensor.as_u64().map(|l| matches!(l, Borrowed(_))))
        || tensor.as_strings().is_some()
}

fn data(tensor: &TensorProto<'_>, raw: Option<&[u8]>, count: u64) -> Result<Data, Problem> {
    let ints = || tensor.as_i32().unwrap_or_default().into_owned();
    let narrow = |low: i32, high: i32| {
        let ints = ints();
        match ints.iter().find(|v| !(low..=high).contains(v)) {
            Some(v) => Err(Problem::Data(format!("element {v} does not fit its type"))),
            None => Ok(ints),
        }
    };
    Ok(match (tensor.data_type(), raw) {
        (DataType::Float, _) => Data::F32(tensor.as_f32().unwrap_or_default().into_owned()),
        (DataType::Double, _) => doubles(&tensor.as_f64().unwrap_or_default())?,
        (DataType::Float16, Some(raw)) => Data::F32(pairs(raw, |b| half(u16::from_le_bytes(b)))),
        (DataType::Float16, None) => Data::F32(narrow(0, 65535)?.iter().map(|&v| half(v as u16)).collect()),
        (DataType::Bfloat16, Some(raw)) => Data::F32(pairs(raw, |b| brain(u16::from_le_bytes(b)))),
        (DataType::Bfloat16, None) => Data::F32(narrow(0, 65535)?.iter().map(|&v| brain(v as u16)).collect()),
        (DataType::Int64, _) => Data::I64(tensor.as_i64().unwrap_or_default().into_owned()),
        (DataType::Uint64, _) => unsigned(&tensor.as_u64().unwrap_or_default())?,
        (DataType::Uint32, Some(raw)) => {
            let words = raw.as_chunks().0.iter();
            Data::I64(words.map(|&word| u32::from_le_bytes(word).into()).collect())
        }
        (DataType::Uint32, None) => unsigned(&tensor.as_u64().unwrap_or_default())?,
        (DataType::Int32, _) => Data::I32(ints()),
        (DataType::Int8, Some(raw)) => Data::I8(raw.iter().map(|&b| b as i8).collect()),
        (DataType::Uint8, Some(raw)) => Data::U8(raw.to_vec()),
        (DataType::Bool, Some(raw)) => Data::Bool(raw.iter().map(|&b| b != 0).collect()),
        (DataType::Bool, None) => Data::Bool(ints().iter().map(|&v| v != 0).collect()),
        (DataType::Int16, Some(raw)) => Data::I16(pairs(raw, i16::from_le_bytes)),
        (DataType::Uint16, Some(raw)) => Data::U16(pairs(raw, u16::from_le_bytes)),
        (DataType::Int16, None) => Data::I16(narrow(-32768, 32767)?.iter().map(|&v| v as i16).collect()),
        (DataType::Uint16, None) => Data::U16(narrow(0, 65535)?.iter().map(|&v| v as u16).collect()),
        (DataType::Int4, Some(raw)) => Data::I8(nibbles(raw, count, signed)),
        (DataType::Uint4, Some(raw)) => Data::U8(nibbles(raw, count, |v| v)),
        // Packed too: each number of the list is a byte of two.
        (DataType::Int4 | DataType::Uint4, None) => {
            let bytes: Vec<u8> = narrow(-128, 255)?.iter().map(|&v| v as u8).collect();
            if tensor.data_type() == DataType::Int4 {
                Data::I8(nibbles(&bytes, count, signed))
            } else {
                Data::U8(nibbles(&bytes, count, |v| v))
            }
        }
        (DataType::Int8, None) => Data::I8(narrow(-128, 127)?.iter().map(|&v| v as i8).collect()),
        (DataType::Uint8, None) => Data::U8(narrow(0, 255)?.iter().map(|&v| v as u8).collect()),
        (other, _) => return Err(unsupported(other)),
    })
}

fn pairs<T>(raw: &[u8], of: impl Fn([u8; 2]) -> T) -> Vec<T> {
    raw.as_chunks().0.iter().map(|&pair| of(pair)).collect()
}

/// Numbers of four bits, two a byte, the lower half first.
fn nibbles<T>(bytes: &[u8], count: u64, of: impl Fn(u8) -> T) -> Vec<T> {
    let halves = bytes.iter().flat_map(|&byte| [byte & 15, byte >> 4]);
    halves.take(count as usize).map(of).collect()
}

const fn signed(nibble: u8) -> i8 {
    (nibble << 4) as i8 >> 4
}

/// The upper half of an f32.
fn brain(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Rounded to f32, which is far finer than any grid; what has no neighbour there is refused.
fn doubles(reals: &[f64]) -> Result<Data, Problem> {
    let narrowed = reals.iter().map(|&v| {
        let near = v as f32;
        let lost = v.is_finite() && !near.is_finite();
        if lost {
            Err(Problem::Data(format!(
                "element {v:e} is no FLOAT; export in single precision"
            )))
        } else {
            Ok(near)
        }
    });
    Ok(Data::F32(narrowed.collect::<Result<_, _>>()?))
}

fn unsigned(ints: &[u64]) -> Result<Data, Problem> {
    let all = ints.iter().map(|&v| i64::try_from(v).ok()).collect::<Option<_>>();
    let all = all.ok_or_else(|| Problem::Data("an element is over 2^63 - 1".to_string()))?;
    Ok(Data::I64(all))
}

fn unsupported(actual: DataType) -> Problem {
    Problem::UnsupportedType {
        actual: type_name(actual).to_string(),
        expected: "use FLOAT, FLOAT16, BOOL, or whole numbers of 4 to 64 bits",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brain_floats_are_the_upper_half() {
        assert_eq!(brain(0x3f80), 1.0);
    }
}
