//! Reading bytes that somebody else wrote.

use crate::error::KeyError;

/// The bytes of a key that are not read yet.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            length: bytes.len(),
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], KeyError> {
        let Some((array, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.malformed("it ends here"));
        };
        self.rest = rest;
        Ok(*array)
    }

    pub(super) fn byte(&mut self) -> Result<u8, KeyError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Result<(), KeyError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(self.malformed("there are bytes after its end"))
    }

    /// The error that names the place up to which has been read.
    pub(super) const fn malformed(&self, why: &'static str) -> KeyError {
        KeyError::Malformed {
            at: self.length - self.rest.len(),
            why,
        }
    }
}
