//! Salts of commitments: 32 bytes for each input, read from files that their owner keeps.

use crate::error::CliError;
use crate::models;
use metisvm_prover::Salt;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Reads a salt.
///
/// # Errors
/// If the file cannot be read or has another length.
pub fn read(path: &Path) -> Result<Salt, CliError> {
    let mut salts = read_all(path, 1)?;
    Ok(salts.swap_remove(0))
}

/// Reads so many salts, one after the other.
///
/// # Errors
/// If the file cannot be read or has another length.
pub fn read_all(path: &Path, count: usize) -> Result<Vec<Salt>, CliError> {
    let wanted = count * size_of::<Salt>();
    let bytes = models::read_bounded(path, wanted)?;
    let (salts, rest) = bytes.as_chunks::<{ size_of::<Salt>() }>();
    if salts.len() != count || !rest.is_empty() {
        let actual = bytes.len();
        let each = match count {
            1 => String::new(),
            _ => format!(" for each of {count} inputs"),
        };
        let problem = format!(
            "has {actual} bytes; a salt has {}{each}, drawn at random",
            size_of::<Salt>()
        );
        return Err(CliError::file(path, problem));
    }
    Ok(salts.to_vec())
}

/// Draws a salt.
///
/// # Errors
/// If the system gives no random bytes.
pub fn draw() -> Result<Salt, CliError> {
    let mut salt = Salt::default();
    getrandom::fill(&mut salt)
        .map_err(|error| CliError::Proof(format!("no salt could be drawn: {error}")))?;
    Ok(salt)
}

/// Writes salts to a new file, for its owner's eyes. A file that is there is left alone: it may be the salt of
/// another commitment.
///
/// # Errors
/// If there is one, or it cannot be made.
pub fn write_new(path: &Path, salts: &[Salt]) -> Result<(), CliError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(salts.as_flattened())?;
        file.sync_all()
    });
    written.map_err(|error| {
        let problem = match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                "is there already, and may be the salt of another commitment; name a new file".to_owned()
            }
            _ => format!("cannot be written: {error}"),
        };
        CliError::file(path, problem)
    })
}
