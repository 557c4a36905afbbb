//! NumPy's array files, as far as calibration and inputs need them: little-endian, in C order.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

mod header;
mod problem;

use crate::error::ImportError;
use crate::half::half;
use header::{MAGIC, header};
use problem::{SAVE, damaged, short, unusable};

/// An array of finite f32, row-major, with at least one element.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl Array {
    /// An array; `None` if its shape is empty, does not hold `data`'s length, or an element is not
    /// finite.
    pub fn new(shape: Vec<usize>, data: Vec<f32>) -> Option<Self> {
        let elements = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))?;
        let sound =
            !shape.is_empty() && elements > 0 && elements == data.len() && data.iter().all(|v| v.is_finite());
        sound.then_some(Self { shape, data })
    }

    /// The extents, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements.
    pub fn data(&self) -> &[f32] {
        &self.data
    }
}

/// An array of integers as its bytes: little-endian, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integers {
    /// The element type as models call it: `u8`, `i8`, `i16` or `i32`.
    pub dtype: &'static str,
    /// The extents, outermost first.
    pub shape: Vec<usize>,
    /// The elements' bytes.
    pub data: Vec<u8>,
}

/// An array of numbers of any type that NumPy has for them, as f64, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The element type: `u8`, `i8`, `i16` and `i32` as models call it, of others NumPy's code.
    pub dtype: String,
    /// The extents, outermost first; none for a single number.
    pub shape: Vec<usize>,
    /// The elements, finite.
    pub data: Vec<f64>,
}

impl Numbers {
    /// The same numbers as f32.
    ///
    /// # Errors
    /// If a whole number has no f32 of its own, or the array has no dimension or no element.
    pub fn to_array(&self) -> Result<Array, String> {
        let float = self.dtype.contains('f');
        let narrow = |value: &f64| {
            let narrow = *value as f32;
            if !float && f64::from(narrow) != *value {
                return Err(format!(
                    "the whole number {value} cannot be a calibration value: f32 has no such number"
                ));
            }
            Ok(narrow)
        };
        let data: Vec<f32> = self.data.iter().map(narrow).collect::<Result<_, _>>()?;
        Array::new(self.shape.clone(), data).ok_or_else(|| {
            "it has no dimension, no element, or an element that is too large for f32".to_owned()
        })
    }
}

/// What NumPy calls the element types of models, what models call them, and their bytes.
const INTEGERS: [(&str, &str, usize); 4] = [
    ("|u1", "u8", 1),
    ("|i1", "i8", 1),
    ("<i2", "i16", 2),
    ("<i4", "i32", 4),
];

/// Whether bytes begin like a `.npy` file.
pub fn is_npy(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Reads the bytes of a `.npy` file of u8, i8, i16 or i32.
///
/// # Errors
/// If they are not exactly one such array in C order.
pub fn read_integers(bytes: &[u8]) -> Result<Integers, ImportError> {
    let (descr, shape, at) = header(bytes)?;
    let found = INTEGERS.iter().find(|(name, ..)| *name == descr);
    let (_, dtype, size) = found.ok_or_else(|| {
        let problem = format!(
            "the element type is {:?}, not that of a model's input (u1, i1, i2, i4)",
            short(descr)
        );
        let real = matches!(descr, "<f2" | "<f4" | "<f8");
        let advice = if real {
            "quantise it first, with the scale and zero point that the bundle's metadata have of the input"
        } else {
            type_advice(descr)
        };
        unusable(at, problem, advice)
    })?;
    let data = data(bytes, &shape, at, *size)?;
    Ok(Integers {
        dtype,
        shape,
        data: data.to_vec(),
    })
}

/// Reads the bytes of a `.npy` file.
///
/// # Errors
/// If they are not exactly one array of finite little-endian f32 in C order.
pub fn read(bytes: &[u8]) -> Result<Array, ImportError> {
    let (descr, shape, at) = header(bytes)?;
    if descr != "<f4" {
        let problem = format!("the element type is {:?}, not \"<f4\"", short(descr));
        return Err(unusable(at, problem, "save it as float32"));
    }
    let elements = data(bytes, &shape, at, 4)?;
    let elements: Vec<f32> = elements
        .as_chunks()
        .0
        .iter()
        .map(|c| f32::from_le_bytes(*c))
        .collect();
    if let Some(index) = elements.iter().position(|v| !v.is_finite()) {
        return Err(unusable(
            at + 4 * index,
            "an element is NaN or infinite".to_string(),
            FINITE,
        ));
    }
    Array::new(shape, elements).ok_or_else(|| {
        unusable(
            at,
            "it has no dimension or no element".to_string(),
            "give it samples",
        )
    })
}

/// Makes a number of the bytes of one element; `None` where f64 has no such number.
type Decode = fn(&[u8]) -> Option<f64>;

/// The bytes of an element of a type, and how they are read.
fn element(descr: &str) -> Option<(usize, Decode)> {
    /// f64 has every whole number up to here.
    const EXACT: u64 = 1 << 53;
    Some(match descr {
        "|b1" => (1, |b| match b {
            [bit @ (0 | 1)] => Some(f64::from(*bit)),
            _ => None,
        }),
        "|u1" => (1, |b| b.try_into().ok().map(u8::from_le_bytes).map(f64::from)),
        "|i1" => (1, |b| b.try_into().ok().map(i8::from_le_bytes).map(f64::from)),
        "<u2" => (2, |b| b.try_into().ok().map(u16::from_le_bytes).map(f64::from)),
        "<i2" => (2, |b| b.try_into().ok().map(i16::from_le_bytes).map(f64::from)),
        "<u4" => (4, |b| b.try_into().ok().map(u32::from_le_bytes).map(f64::from)),
        "<i4" => (4, |b| b.try_into().ok().map(i32::from_le_bytes).map(f64::from)),
        "<i8" => (8, |b| {
            let whole = b.try_into().ok().map(i64::from_le_bytes)?;
            (whole.unsigned_abs() <= EXACT).then_some(whole as f64)
        }),
        "<f2" => (2, |b| {
            b.try_into()
                .ok()
                .map(|bytes| half(u16::from_le_bytes(bytes)).into())
        }),
        "<f4" => (4, |b| b.try_into().ok().map(f32::from_le_bytes).map(f64::from)),
        "<f8" => (8, |b| b.try_into().ok().map(f64::from_le_bytes)),
        _ => return None,
    })
}

/// Reads the bytes of a `.npy` file of numbers of whatever type: what other implementations give as outputs
/// has many.
///
/// # Errors
/// If they are not exactly one array of finite numbers in C order, or hold a whole number beyond ±2^53.
pub fn read_numbers(bytes: &[u8]) -> Result<Numbers, ImportError> {
    let (descr, shape, at) = header(bytes)?;
    let (size, decode) = element(descr).ok_or_else(|| {
        let problem = format!(
            "the element type {:?} is not one of numbers that is taken",
            short(descr)
        );
        unusable(at, problem, type_advice(descr))
    })?;
    let elements = data(bytes, &shape, at, size)?;
    let mut numbers = Vec::with_capacity(elements.len() / size);
    for (index, element) in elements.chunks_exact(size).enumerate() {
        let (problem, advice) = match decode(element) {
            Some(number) if number.is_finite() => {
                numbers.push(number);
                continue;
            }
            Some(number) => (format!("element {index} is {number}"), FINITE),
            None if descr == "|b1" => (format!("element {index} is no boolean"), SAVE),
            None => (
                format!("element {index} is beyond 2^53"),
                "save such numbers as float64",
            ),
        };
        return Err(unusable(at + size * index, problem, advice));
    }
    let dtype = INTEGERS
        .iter()
        .find(|(name, ..)| *name == descr)
        .map_or(descr, |(_, dtype, _)| dtype);
    Ok(Numbers {
        dtype: dtype.to_owned(),
        shape,
        data: numbers,
    })
}

/// What to do about elements that are no numbers.
const FINITE: &str = "replace what is NaN or infinite, or leave those samples out";

/// What to do about an element type that is not taken.
fn type_advice(descr: &str) -> &'static str {
    match descr.as_bytes() {
        [b'>', ..] => SAVE,
        [_, b'O', ..] => "it holds Python objects, not numbers: save array.astype(numpy.float32)",
        [_, b'U' | b'S', ..] => "it holds texts, not numbers",
        [_, b'c', ..] => "save real and imaginary parts as two arrays",
        _ => "save array.astype(numpy.float32), or whole numbers",
    }
}

/// The bytes after the header, as many as the shape asks for.
fn data<'a>(bytes: &'a [u8], shape: &[usize], at: usize, element: usize) -> Result<&'a [u8], ImportError> {
    let data = &bytes[at..];
    let size = shape
        .iter()
        .try_fold(element, |n, &d| n.checked_mul(d))
        .ok_or_else(|| damaged(at, "the shape overflows"))?;
    if size != data.len() {
        let what = format!(
            "the shape asks for {size} bytes of data; there are {}",
            data.len()
        );
        return Err(damaged(at, &what));
    }
    Ok(data)
}

#[cfg(test)]
mod tests;
