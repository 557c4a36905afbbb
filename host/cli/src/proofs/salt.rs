//! Salts of commitments: 32 bytes, read from files that their owner keeps.

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
    let bytes = models::read_bounded(path, size_of::<Salt>())?;
    let actual = bytes.len();
    bytes.try_into().map_err(|_| {
        let problem = format!(
            "has {actual} bytes; a salt has {}, drawn at random",
            size_of::<Salt>()
        );
        CliError::file(path, problem)
    })
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

/// Writes a salt to a new file, for its owner's eyes. A file that is there is left alone: it may be the salt of
/// another commitment.
///
/// # Errors
/// If there is one, or it cannot be made.
pub fn write_new(path: &Path, salt: &Salt) -> Result<(), CliError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(salt)?;
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
