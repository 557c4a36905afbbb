use crate::{Error, InputFile};
use flate2::read::MultiGzDecoder;
use std::{io::Read, path::Path};

/// So much is read before the text is known to be JSON.
const BEGINNING: u64 = 4096;

/// Reads a file, decompressing it where it begins like gzip. Never holds more than `limit` bytes, no
/// matter what the file claims or how well it compresses, and little of what does not begin like an object.
pub(super) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    read_stream(InputFile::open(path).map_err(Error::Read)?, limit)
}

/// The same of a stream that is open already.
pub(super) fn read_stream(mut stream: impl Read, limit: u64) -> Result<Vec<u8>, Error> {
    let mut magic = Vec::with_capacity(2);
    (&mut stream)
        .take(2)
        .read_to_end(&mut magic)
        .map_err(Error::Read)?;
    let whole = magic.as_slice().chain(stream);
    if magic == [0x1f, 0x8b] {
        return read_up_to(MultiGzDecoder::new(whole), limit, Error::Gzip);
    }
    read_up_to(whole, limit, Error::Read)
}

fn read_up_to(
    mut reader: impl Read,
    limit: u64,
    error: fn(std::io::Error) -> Error,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    (&mut reader)
        .take(BEGINNING)
        .read_to_end(&mut bytes)
        .map_err(error)?;
    super::text::check_beginning(&bytes)?;
    let rest = limit.saturating_add(1).saturating_sub(bytes.len() as u64);
    reader.take(rest).read_to_end(&mut bytes).map_err(error)?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge { limit });
    }
    Ok(bytes)
}
