//! Files that are cold.

use metisvm_benches::Failure;
use std::{path::Path, process::Command};

/// Pushes a file out of the system's page cache; gives how many bytes of it are there still, where the
/// system can say.
pub(crate) fn evict(file: &Path) -> Result<Option<u64>, Failure> {
    std::fs::File::open(file)?.sync_all()?;
    let from = format!("if={}", file.display());
    let done = Command::new("dd")
        .args([from.as_str(), "iflag=nocache", "count=0", "status=none"])
        .status()?;
    if !done.success() {
        return Err("dd cannot push the file out of the page cache".into());
    }
    let resident = Command::new("fincore")
        .args(["--bytes", "--noheadings", "--output", "RES"])
        .arg(file)
        .output();
    Ok(resident
        .ok()
        .and_then(|said| String::from_utf8_lossy(&said.stdout).trim().parse().ok()))
}
