//! Where the test data is, and one line about each group that is left out for want of it.

#![allow(dead_code)] // each test program uses a part

pub(crate) mod block;
pub(crate) mod inference;
pub(crate) mod small;
pub(crate) mod statetest;
pub(crate) mod tickets;

use std::{io::Write, path::PathBuf};

/// The shared data: `METISVM_DATA`, or `shared/data` beside the workspace.
pub(crate) fn data() -> PathBuf {
    std::env::var_os("METISVM_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    )
}

/// A folder or file of the shared data; says that the group is left out where it is not there.
pub(crate) fn data_for(group: &str, path: &str) -> Option<PathBuf> {
    let full = data().join(path);
    if full.exists() {
        return Some(full);
    }
    // println! would be kept back: the test passes.
    let line = format!("left out: {group} (shared/data/{path})\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    None
}
