//! NumPy's `.npz` files: zip archives of `.npy` files.
//!
//! Format: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>. Taken is what NumPy writes: one disk, the
//! central directory at the end, members stored or deflated. What a member is, the central directory says; of its
//! local header only the name is compared and the length taken, since NumPy leaves sizes there to a ZIP64 field.

use crate::error::ImportError;
use flate2::{Crc, Decompress, FlushDecompress, Status};
use std::collections::BTreeMap;

/// The most members: a model has at most 64 inputs and 64 outputs; the rest is for arrays of no concern to it.
const MAX_MEMBERS: usize = 1024;
/// The signature at the end of the central directory, and the bytes from there on without the comment.
const END: (&[u8], usize) = (b"PK\x05\x06", 22);
/// The signature of an entry of the central directory, and its bytes before the name.
const ENTRY: (&[u8], usize) = (b"PK\x01\x02", 46);
/// The signature of a local header, and its bytes before the name.
const LOCAL: (&[u8], usize) = (b"PK\x03\x04", 30);
/// The longest comment after the end.
const MAX_COMMENT: usize = 0xffff;

/// The arrays of a `.npz` file, packed as they are in the file.
#[derive(Debug)]
pub struct Archive<'a> {
    members: BTreeMap<String, Member<'a>>,
}

#[derive(Debug)]
struct Member<'a> {
    packed: &'a [u8],
    deflated: bool,
    size: usize,
    crc: u32,
    at: usize,
}

/// Whether bytes begin like a `.npz` file.
pub fn is_npz(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL.0) || bytes.starts_with(END.0)
}

impl<'a> Archive<'a> {
    /// Finds the arrays in the bytes of a file. Nothing is unpacked.
    ///
    /// # Errors
    /// If the bytes are not an archive as NumPy writes them, members overlap, or unpacked they would take more than
    /// `most` bytes together.
    pub fn read(bytes: &'a [u8], most: usize) -> Result<Self, ImportError> {
        let (end, count, start) = end(bytes)?;
        let mut rest = bytes
            .get(start..end)
            .ok_or_else(|| wrong(end, "the central directory lies elsewhere"))?;
        let mut members = BTreeMap::new();
        let mut places = Vec::new();
        let mut total = 0usize;
        for _ in 0..count {
            let at = end - rest.len();
            let (name, member, length, from) = member(bytes, rest, at, start)?;
            rest = rest.get(length..).unwrap_or_default();
            total = total
                .checked_add(member.size)
                .filter(|total| *total <= most)
                .ok_or_else(|| wrong(at, &format!("unpacked it has more than {most} bytes")))?;
            places.push((from, member.at + member.packed.len()));
            if members.insert(name, member).is_some() {
                return Err(wrong(at, "two arrays have the same name"));
            }
        }
        if !rest.is_empty() {
            return Err(wrong(
                end - rest.len(),
                "the central directory has more than its entries",
            ));
        }
        places.sort_unstable();
        if let Some(pair) = places.windows(2).find(|pair| pair[0].1 > pair[1].0) {
            return Err(wrong(pair[1].0, "two arrays overlap"));
        }
        Ok(Self { members })
    }

    /// The names of the arrays, without `.npy`, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// The bytes of the `.npy` file of that name, unpacked; `None` where there is none.
    ///
    /// # Errors
    /// If it does not unpack to what the archive says of it.
    pub fn get(&self, name: &str) -> Option<Result<Vec<u8>, ImportError>> {
        self.members.get(name).map(Member::unpack)
    }
}

impl Member<'_> {
    fn unpack(&self) -> Result<Vec<u8>, ImportError> {
        let bytes = if self.deflated {
            self.inflate()?
        } else {
            self.packed.to_vec()
        };
        let mut crc = Crc::new();
        crc.update(&bytes);
        if bytes.len() != self.size || crc.sum() != self.crc {
            return Err(wrong(self.at, "an array is damaged: length or checksum differ"));
        }
        Ok(bytes)
    }

    fn inflate(&self) -> Result<Vec<u8>, ImportError> {
        /// Deflate packs at most 1032 to 1; memory is given for what can be in there, whatever the file says.
        const GREATEST_RATIO: usize = 1032;
        let possible = self.packed.len().saturating_mul(GREATEST_RATIO);
        if self.size > possible {
            return Err(wrong(
                self.at,
                "an array is said to be longer than it can be unpacked",
            ));
        }
        // One byte more shows whether there is more than the file says.
        let mut bytes = Vec::with_capacity(self.size + 1);
        let mut inflater = Decompress::new(false);
        let status = inflater
            .decompress_vec(self.packed, &mut bytes, FlushDecompress::Finish)
            .map_err(|error| wrong(self.at, &format!("an array does not unpack: {error}")))?;
        let whole = status == Status::StreamEnd && inflater.total_in() == self.packed.len() as u64;
        if !whole {
            return Err(wrong(
                self.at,
                "an array is damaged: it does not end where the file says",
            ));
        }
        Ok(bytes)
    }
}

fn wrong(at: usize, what: &str) -> ImportError {
    ImportError::Npz {
        at,
        what: what.to_owned(),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(32).collect()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(usize::from(u16::from_le_bytes(*field)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Where the central directory ends, how many entries it has, and where it starts.
fn end(bytes: &[u8]) -> Result<(usize, usize, usize), ImportError> {
    let missing = || wrong(bytes.len(), "it does not end as a zip archive");
    let last = bytes.len().checked_sub(END.1).ok_or_else(missing)?;
    let first = last.saturating_sub(MAX_COMMENT);
    let at = (first..=last)
        .rev()
        .find(|at| {
            let fits = || u16_at(bytes, at + 20).is_some_and(|comment| at + END.1 + comment == bytes.len());
            bytes[*at..].starts_with(END.0) && fits()
        })
        .ok_or_else(missing)?;
    let field = |offset| u16_at(bytes, at + offset).ok_or_else(missing);
    let (disk, first_disk, here, count) = (field(4)?, field(6)?, field(8)?, field(10)?);
    if disk != 0 || first_disk != 0 || here != count {
        return Err(wrong(at, "the archive is one of several disks"));
    }
    let size = u32_at(bytes, at + 12).ok_or_else(missing)? as usize;
    let start = u32_at(bytes, at + 16).ok_or_else(missing)? as usize;
    if count > MAX_MEMBERS {
        return Err(wrong(
            at,
            &format!("it has {count} arrays; at most {MAX_MEMBERS} are taken"),
        ));
    }
    if start.checked_add(size) != Some(at) {
        return Err(wrong(
            at,
            "the central directory lies elsewhere, or the archive is larger than 4 GB",
        ));
    }
    Ok((at, count, start))
}

/// One entry of the central directory, at the start of `entry`: its name, what it is about, its own length, and where
/// its local header lies. Members lie before `directory`.
fn member<'a>(
    bytes: &'a [u8],
    entry: &[u8],
    at: usize,
    directory: usize,
) -> Result<(String, Member<'a>, usize, usize), ImportError> {
    let cut = || wrong(at, "the central directory is cut off");
    if !entry.starts_with(ENTRY.0) {
        return Err(cut());
    }
    let short = |offset| u16_at(entry, offset).ok_or_else(cut);
    let long = |offset| u32_at(entry, offset).ok_or_else(cut);
    let (flags, method) = (short(8)?, short(10)?);
    let (crc, packed, size, from) = (long(16)?, long(20)?, long(24)?, long(42)?);
    let (name_length, extra, comment) = (short(28)?, short(30)?, short(32)?);
    let name = entry.get(ENTRY.1..ENTRY.1 + name_length).ok_or_else(cut)?;
    let length = ENTRY.1 + name_length + extra + comment;
    if entry.len() < length {
        return Err(cut());
    }
    let text = std::str::from_utf8(name).map_err(|_| wrong(at, "a name is not UTF-8"))?;
    let array = text
        .strip_suffix(".npy")
        .ok_or_else(|| wrong(at, &format!("{:?} is not an .npy file", shown(text))))?;
    if flags & 1 != 0 {
        return Err(wrong(at, "an array is encrypted"));
    }
    if !matches!(method, 0 | 8) {
        return Err(wrong(
            at,
            &format!("an array is packed by method {method}, which is neither stored nor deflated"),
        ));
    }
    if [packed, size, from].contains(&u32::MAX) {
        return Err(wrong(at, "an array has 4 GB or more"));
    }
    let (packed, size, from) = (packed as usize, size as usize, from as usize);
    let local = || {
        wrong(
            from,
            "the local header of an array is not where the directory says",
        )
    };
    let header = bytes.get(from..directory).ok_or_else(local)?;
    if !header.starts_with(LOCAL.0) {
        return Err(local());
    }
    let its_name = u16_at(header, 26).ok_or_else(local)?;
    let its_extra = u16_at(header, 28).ok_or_else(local)?;
    if header.get(LOCAL.1..LOCAL.1 + its_name) != Some(name) {
        return Err(wrong(from, "an array has another name in its local header"));
    }
    let start = LOCAL.1 + its_name + its_extra;
    let data = start
        .checked_add(packed)
        .and_then(|end| header.get(start..end))
        .ok_or_else(|| wrong(from, "an array is cut off"))?;
    if method == 0 && packed != size {
        return Err(wrong(from, "a stored array has two lengths"));
    }
    let member = Member {
        packed: data,
        deflated: method == 8,
        size,
        crc,
        at: from + start,
    };
    Ok((array.to_owned(), member, length, from))
}

#[cfg(test)]
mod tests;
