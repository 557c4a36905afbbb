use crate::Error;
use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

/// Reads a file, decompressing it where it begins like gzip. Never holds more than `limit` bytes, no
/// matter what the file claims or how well it compresses.
pub(super) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let file = File::open(path).map_err(Error::Read)?;
    let mut file = BufReader::new(file);
    let mut magic = Vec::with_capacity(2);
    (&mut file).take(2).read_to_end(&mut magic).map_err(Error::Read)?;
    let is_gzip = magic == [0x1f, 0x8b];
    let whole = magic.as_slice().chain(file);
    if is_gzip {
        read_up_to(MultiGzDecoder::new(whole), limit, Error::Gzip)
    } else {
        read_up_to(whole, limit, Error::Read)
    }
}

fn read_up_to(reader: impl Read, limit: u64, error: fn(std::io::Error) -> Error) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(error)?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge { limit });
    }
    Ok(bytes)
}
