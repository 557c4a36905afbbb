//! Members of a tar archive, read in memory one after the other. Names are labels and nothing else: no
//! member is ever written anywhere, so it does not matter where one claims to belong.

use crate::{DEFAULT_FILE_LIMIT, Error};
use std::{
    io::{self, Read},
    ops::ControlFlow,
};
use tar::{Archive, EntryType, PaxExtensions};

/// The longest name that a long-name record may hold. Other readers allow some thousand bytes as well.
const NAME_LIMIT: u64 = 4096;

/// Calls `visit` with the name and the content of every regular member whose name says that it is a
/// test. An error that concerns one member is given instead of its content; the error that is returned
/// is one of the archive.
pub(super) fn visit_members(
    reader: impl Read,
    mut visit: impl FnMut(String, Result<Vec<u8>, Error>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    let mut archive = Archive::new(reader);
    let mut long_name = None;
    // Raw, because otherwise long names of any length are held in memory.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let name = record(&mut entry)?;
                let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
                long_name = Some(text(&name[..end]));
            }
            EntryType::XHeader => long_name = pax_path(&record(&mut entry)?)?.or(long_name),
            EntryType::XGlobalHeader | EntryType::GNULongLink => (),
            EntryType::Regular | EntryType::Continuous => {
                let name = long_name.take().unwrap_or_else(|| text(&entry.path_bytes()));
                if is_test(&name) {
                    let content = content(&mut entry)?;
                    if visit(name, content).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            _ => long_name = None,
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// True where a member's name says that it is a test.
pub(super) fn is_test(name: &str) -> bool {
    name.ends_with(".json")
}

fn content(entry: &mut tar::Entry<'_, impl Read>) -> Result<Result<Vec<u8>, Error>, Error> {
    let size = entry.size();
    if size > DEFAULT_FILE_LIMIT {
        let problem = format!("has {size} bytes; a state test may have {DEFAULT_FILE_LIMIT}");
        return Ok(Err(Error::unfit("the member", problem)));
    }
    // Not with_capacity: the size is only a claim.
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(damaged)?;
    whole(bytes, size).map(Ok)
}

/// A member that describes the next one.
fn record(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, Error> {
    let size = entry.size();
    if size > NAME_LIMIT {
        let problem = format!("describes a member with {size} bytes; {NAME_LIMIT} are enough for any name");
        return Err(Error::unfit("the archive", problem));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(damaged)?;
    whole(bytes, size)
}

fn whole(bytes: Vec<u8>, size: u64) -> Result<Vec<u8>, Error> {
    if bytes.len() as u64 == size {
        Ok(bytes)
    } else {
        Err(Error::unfit("the archive", "ends in the middle of a member"))
    }
}

fn pax_path(record: &[u8]) -> Result<Option<String>, Error> {
    let mut path = None;
    for extension in PaxExtensions::new(record) {
        let extension = extension.map_err(damaged)?;
        if extension.key_bytes() == b"path" {
            path = Some(text(extension.value_bytes()));
        }
    }
    Ok(path)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn damaged(error: io::Error) -> Error {
    Error::unfit("the archive", format!("is damaged or ends early: {error}"))
}
