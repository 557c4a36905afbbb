//! A file of compiled code. All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | [`MAGIC`] |
//! | 4 | [`VERSION`] |
//! | 32 | the key: of what bytecode, rules and compiler this is the code |
//! | 4 | regions of the contract |
//! | 4 | regions that follow |
//! | for each, by rising index: 4, 4, n | index, length of the code, code |
//! | 32 | the authentication of everything before it |
//!
//! The authentication is Keccak-256 of the secret, [`DOMAIN`] and the bytes. Keccak's sponge keeps a part of its state
//! back, so that nobody can go on from a hash: a secret in front is a sound key, which it would not be with SHA-256.

use super::secret::Secret;
use revm::primitives::{B256, alloy_primitives::Keccak256};
use std::ops::Range;

/// How a file begins.
const MAGIC: &[u8; 8] = b"MVMCODE\0";

/// The version of this form. The machine code itself is in the key.
const VERSION: u32 = 1;

/// Sets these hashes apart from all others that the secret may come to be used for.
const DOMAIN: &[u8] = b"metisvm native code of a contract";

/// A hash.
const HASH_BYTES: usize = 32;

/// What is before the first region.
const HEAD_BYTES: usize = MAGIC.len() + 4 + HASH_BYTES + 4 + 4;

/// The code of regions as it comes from a file.
#[derive(Debug)]
pub(crate) struct Regions {
    bytes: Vec<u8>,
    /// Of each region its index, and where its code lies in `bytes`.
    places: Vec<(usize, Range<usize>)>,
}

impl Regions {
    /// Index and code of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.places
            .iter()
            .map(|(index, place)| (*index, &self.bytes[place.clone()]))
    }
}

/// A file of these regions, whose indices rise. `None` for more than the form has numbers for.
pub(super) fn encode(
    secret: &Secret,
    key: &B256,
    count: usize,
    regions: &[(usize, &[u8])],
) -> Option<Vec<u8>> {
    let code: usize = regions.iter().map(|(_, code)| 8 + code.len()).sum();
    let mut bytes = Vec::with_capacity(HEAD_BYTES + code + HASH_BYTES);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(key);
    bytes.extend(u32::try_from(count).ok()?.to_le_bytes());
    bytes.extend(u32::try_from(regions.len()).ok()?.to_le_bytes());
    for (index, code) in regions {
        bytes.extend(u32::try_from(*index).ok()?.to_le_bytes());
        bytes.extend(u32::try_from(code.len()).ok()?.to_le_bytes());
        bytes.extend(*code);
    }
    let authentication = authenticate(secret, &bytes);
    bytes.extend(authentication);
    Some(bytes)
}

/// The regions in a file.
///
/// # Errors
/// What is wrong with it, if any byte is other than [`encode`] wrote it with this secret and key.
pub(super) fn decode(
    secret: &Secret,
    key: &B256,
    count: usize,
    bytes: Vec<u8>,
) -> Result<Regions, &'static str> {
    let (content, authentication) = bytes.split_last_chunk::<HASH_BYTES>().ok_or("it is too short")?;
    if !same(authenticate(secret, content).as_ref(), authentication) {
        return Err("its authentication is wrong");
    }
    // This program wrote it, so the rest holds unless it wrote it under another name, or does not read what it writes.
    let mut rest = Reader {
        bytes: content,
        at: 0,
    };
    if rest.take(MAGIC.len())? != MAGIC || rest.number()? != VERSION as usize {
        return Err("it is of another form");
    }
    if rest.take(HASH_BYTES)? != key {
        return Err("it is the code of something else");
    }
    if rest.number()? != count {
        return Err("its contract has another number of regions");
    }
    let present = rest.number()?;
    if present > count {
        return Err("it has more regions than its contract");
    }
    let mut places = Vec::with_capacity(present);
    let mut next = 0;
    for _ in 0..present {
        let index = rest.number()?;
        if index < next || index >= count {
            return Err("its regions are out of order");
        }
        next = index + 1;
        let length = rest.number()?;
        rest.take(length)?;
        places.push((index, rest.at - length..rest.at));
    }
    if rest.at != content.len() {
        return Err("it goes on after its end");
    }
    Ok(Regions { bytes, places })
}

fn authenticate(secret: &Secret, bytes: &[u8]) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(secret.bytes());
    hasher.update(DOMAIN);
    hasher.update(bytes);
    hasher.finalize()
}

/// Compares in a time that does not tell where the first difference is: whoever could try files and measure would find
/// an authentication byte by byte.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// Reads on from a place.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let end = self.at.checked_add(length).ok_or("it ends early")?;
        let taken = self.bytes.get(self.at..end).ok_or("it ends early")?;
        self.at = end;
        Ok(taken)
    }

    fn number(&mut self) -> Result<usize, &'static str> {
        let number = self
            .take(4)?
            .iter()
            .rev()
            .fold(0, |number, byte| (number << 8) | usize::from(*byte));
        Ok(number)
    }
}
