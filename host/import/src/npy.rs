//! NumPy's array files, as far as calibration and inputs need them: little-endian, in C order.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. The header is a
//! Python literal; only the three keys and the forms that NumPy writes are taken.

use crate::error::ImportError;

/// The longest header that is read. NumPy pads it to a multiple of 64; ours has three short entries.
const MAX_HEADER: usize = 4096;
/// How a `.npy` file begins.
const MAGIC: &[u8] = b"\x93NUMPY";
/// As many dimensions as a tensor may have, and the samples.
const MAX_RANK: usize = metisvm_model::limits::MAX_RANK + 1;

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
        wrong(at, &problem)
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
        return Err(wrong(
            at,
            &format!("the element type is {:?}, not \"<f4\"", short(descr)),
        ));
    }
    let elements = data(bytes, &shape, at, 4)?;
    let elements: Vec<f32> = elements
        .as_chunks()
        .0
        .iter()
        .map(|c| f32::from_le_bytes(*c))
        .collect();
    if let Some(index) = elements.iter().position(|v| !v.is_finite()) {
        return Err(wrong(at + 4 * index, "an element is NaN or infinite"));
    }
    Array::new(shape, elements).ok_or_else(|| wrong(at, "it has no dimension or no element"))
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
        wrong(at, &problem)
    })?;
    let elements = data(bytes, &shape, at, size)?;
    let mut numbers = Vec::with_capacity(elements.len() / size);
    for (index, element) in elements.chunks_exact(size).enumerate() {
        let problem = match decode(element) {
            Some(number) if number.is_finite() => {
                numbers.push(number);
                continue;
            }
            Some(number) => format!("element {index} is {number}"),
            None => format!("element {index} is beyond 2^53, or no boolean"),
        };
        return Err(wrong(at + size * index, &problem));
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

fn wrong(at: usize, what: &str) -> ImportError {
    ImportError::Npy {
        at,
        what: what.to_string(),
    }
}

/// The bytes after the header, as many as the shape asks for.
fn data<'a>(bytes: &'a [u8], shape: &[usize], at: usize, element: usize) -> Result<&'a [u8], ImportError> {
    let data = &bytes[at..];
    let size = shape
        .iter()
        .try_fold(element, |n, &d| n.checked_mul(d))
        .ok_or_else(|| wrong(at, "the shape overflows"))?;
    if size != data.len() {
        let what = format!(
            "the shape asks for {size} bytes of data; there are {}",
            data.len()
        );
        return Err(wrong(at, &what));
    }
    Ok(data)
}

/// The element type as NumPy writes it, the shape, and where the data begin.
fn header(bytes: &[u8]) -> Result<(&str, Vec<usize>, usize), ImportError> {
    let rest = bytes
        .strip_prefix(MAGIC)
        .ok_or_else(|| wrong(0, "the magic number is another"))?;
    let (length, start) = match rest {
        [1, 0, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 10),
        [2, 0, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 12),
        [1 | 2, 0, ..] => return Err(wrong(bytes.len(), "it ends within the header")),
        [major, minor, ..] => return Err(wrong(6, &format!("format version {major}.{minor} is unknown"))),
        _ => return Err(wrong(bytes.len(), "it ends within the header")),
    };
    if length > MAX_HEADER {
        return Err(wrong(start, &format!("a header of {length} bytes is too long")));
    }
    let header = bytes
        .get(start..start + length)
        .and_then(|h| std::str::from_utf8(h).ok())
        .ok_or_else(|| wrong(start, "the header is cut off or not text"))?;
    let (descr, shape) = Header { text: header }
        .parse()
        .map_err(|what| wrong(start, &what))?;
    Ok((descr, shape, start + length))
}

/// The header's text, eaten from the front.
struct Header<'a> {
    text: &'a str,
}

impl<'a> Header<'a> {
    fn parse(mut self) -> Result<(&'a str, Vec<usize>), String> {
        let (mut descr, mut order, mut shape) = (None, false, None);
        self.expect("{")?;
        while !self.eat("}") {
            let key = self.word()?;
            self.expect(":")?;
            match key {
                "descr" if descr.is_none() => descr = Some(self.word()?),
                "fortran_order" if !order => {
                    if !self.eat("False") {
                        return Err("it is in Fortran order".to_string());
                    }
                    order = true;
                }
                "shape" if shape.is_none() => shape = Some(self.tuple()?),
                _ => return Err(format!("key {:?} is unknown or twice there", short(key))),
            }
            if !self.eat(",") && !self.text.trim_start().starts_with('}') {
                return Err("a comma is missing in the header".to_string());
            }
        }
        match (descr, shape) {
            (Some(descr), Some(shape)) if order && self.text.trim().is_empty() => Ok((descr, shape)),
            _ => Err("the header lacks a key or has more after it".to_string()),
        }
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.text.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.text = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(format!("{token:?} is missing in the header"))
        }
    }

    /// A quoted word.
    fn word(&mut self) -> Result<&'a str, String> {
        self.expect("'")?;
        let (word, rest) = self
            .text
            .split_once('\'')
            .ok_or_else(|| "a quote is missing in the header".to_string())?;
        self.text = rest;
        Ok(word)
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        let mut shape = Vec::new();
        self.expect("(")?;
        while !self.eat(")") {
            let text = self.text.trim_start();
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            let extent = text[..digits]
                .parse()
                .map_err(|_| "a dimension is not a number".to_string())?;
            self.text = &text[digits..];
            shape.push(extent);
            if shape.len() > MAX_RANK {
                return Err(format!("it has more than {MAX_RANK} dimensions"));
            }
            if !self.eat(",") && !self.text.trim_start().starts_with(')') {
                return Err("a comma is missing in the shape".to_string());
            }
        }
        Ok(shape)
    }
}

fn short(text: &str) -> String {
    text.chars().take(32).collect()
}
