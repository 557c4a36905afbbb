//! The header of a `.npy` file: a Python literal, of which only the three keys and the forms that NumPy writes are taken.

use super::problem::{damaged, short};
use crate::error::ImportError;

/// The longest header that is read. NumPy pads it to a multiple of 64; ours has three short entries.
const MAX_HEADER: usize = 4096;
/// How a `.npy` file begins.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// As many dimensions as a tensor may have, and the samples.
const MAX_RANK: usize = metisvm_model::limits::MAX_RANK + 1;

/// The element type as NumPy writes it, the shape, and where the data begin.
pub(super) fn header(bytes: &[u8]) -> Result<(&str, Vec<usize>, usize), ImportError> {
    let rest = bytes
        .strip_prefix(MAGIC)
        .ok_or_else(|| damaged(0, "the magic number is another"))?;
    let (length, start) = match rest {
        [1, 0, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 10),
        [2, 0, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 12),
        [1 | 2, 0, ..] => return Err(damaged(bytes.len(), "it ends within the header")),
        [major, minor, ..] => return Err(damaged(6, &format!("format version {major}.{minor} is unknown"))),
        _ => return Err(damaged(bytes.len(), "it ends within the header")),
    };
    if length > MAX_HEADER {
        return Err(damaged(start, &format!("a header of {length} bytes is too long")));
    }
    let header = bytes
        .get(start..start + length)
        .and_then(|h| std::str::from_utf8(h).ok())
        .ok_or_else(|| damaged(start, "the header is cut off or not text"))?;
    let (descr, shape) = Header { text: header }
        .parse()
        .map_err(|what| damaged(start, &what))?;
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
