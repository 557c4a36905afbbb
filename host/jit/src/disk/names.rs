//! What files of compiled code are called.

use revm::primitives::{B256, hex};
use std::path::{Path, PathBuf};

/// How the names of files end.
const ENDING: &str = ".native";

/// The file of a key. Folders stay small, as its first byte chooses one of 256.
pub(super) fn path(folder: &Path, key: &B256) -> PathBuf {
    let name = hex::encode(key) + ENDING;
    folder.join(&name[..2]).join(name)
}

/// Whether a folder of this name may have files.
pub(super) fn is_folder(name: &str) -> bool {
    name.len() == 2 && is_hexadecimal(name)
}

/// Whether it is the name of a key's file.
pub(super) fn is_file(name: &str) -> bool {
    let key = name.strip_suffix(ENDING);
    key.is_some_and(|key| key.len() == 64 && is_hexadecimal(key))
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
