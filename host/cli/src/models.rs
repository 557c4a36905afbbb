//! Models from files. A bundle is read whole into memory of our own ([`own_memory`]) and verified there: what
//! happens to the file afterwards is of no consequence.

use crate::error::CliError;
use crate::own_memory;
use metisvm_executor::InputFile;
use metisvm_model::Bundle;
use metisvm_model::limits::MAX_BUNDLE_BYTES;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The ending of bundles.
pub const EXTENSION: &str = "bundle";

/// How much of a file is looked at before the rest of it is read: the header of a bundle.
const BEGINNING: usize = Bundle::HEADER_BYTES;

/// Reads at most `limit` bytes of a file.
///
/// # Errors
/// If it cannot be read, or is longer.
pub fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>, CliError> {
    read_beginning_with(path, limit, |_| Ok(()))
}

/// Reads at most `limit` bytes of a file, and only a few where `check` does not like how it begins.
///
/// # Errors
/// If it cannot be read, begins wrongly, or is longer.
pub fn read_beginning_with(
    path: &Path,
    limit: usize,
    check: impl FnOnce(&[u8]) -> Result<(), String>,
) -> Result<Vec<u8>, CliError> {
    let failed = |error: std::io::Error| CliError::file(path, error);
    let longer = || CliError::file(path, format!("it has more than {limit} bytes"));
    let mut file = InputFile::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    (&mut file)
        .take(BEGINNING.min(limit.saturating_add(1)) as u64)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    check(&bytes).map_err(|problem| CliError::file(path, problem))?;
    if file.length().is_some_and(|length| length > limit as u64) {
        return Err(longer());
    }
    let rest = (limit as u64 + 1).saturating_sub(bytes.len() as u64);
    file.take(rest).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit {
        return Err(longer());
    }
    Ok(bytes)
}

/// Reads and verifies one bundle.
///
/// # Errors
/// If the file cannot be read or is not a bundle.
pub fn read(path: &Path) -> Result<Bundle, CliError> {
    let failed = |error: std::io::Error| CliError::file(path, error);
    let mut file = InputFile::open(path).map_err(failed)?;
    let mut start = Vec::new();
    (&mut file)
        .take(BEGINNING as u64)
        .read_to_end(&mut start)
        .map_err(failed)?;
    Bundle::check_header(&start).map_err(|error| CliError::file(path, error))?;
    let length = file.length();
    let bytes = own_memory::read(file, &start, length, MAX_BUNDLE_BYTES).map_err(failed)?;
    Bundle::decode(&bytes).map_err(|error| CliError::file(path, error))
}

/// Reads bundles from files and from folders of `*.bundle` files.
///
/// # Errors
/// The first file or folder that cannot be read, or that holds no bundle.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Bundle>, CliError> {
    let files = files_of(paths, EXTENSION, "bundles")?;
    files.iter().map(|file| read(file)).collect()
}

/// Files as they are named, and the files of folders that have this ending, in the order of their names.
///
/// # Errors
/// The first folder that cannot be read, or that holds no such file.
pub fn files_of(paths: &[PathBuf], extension: &str, what: &str) -> Result<Vec<PathBuf>, CliError> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(|e| CliError::file(path, e))?;
        let mut files = Vec::new();
        for entry in entries {
            files.push(entry.map_err(|e| CliError::file(path, e))?.path());
        }
        files.retain(|f| f.extension().is_some_and(|e| e == extension));
        files.sort();
        if files.is_empty() {
            let problem =
                format!("holds no {what} (*.{extension}); leave the option out where there are none");
            return Err(CliError::file(path, problem));
        }
        all.extend(files);
    }
    Ok(all)
}
