//! Compiled programs on disk, for drivers that do not keep them: one file for each source, device and driver.
//!
//! A file is its key, length and checksum, then the binary. Whatever is not exactly that is ignored and written anew;
//! so a cache can cost a build, and nothing else.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"MVMOCL\x00\x01";
/// Larger binaries are not kept.
const MOST: usize = 64 << 20;

pub(crate) fn read(folder: &Path, key: &str) -> Option<Vec<u8>> {
    let path = path(folder, key);
    let length = fs::metadata(&path).ok()?.len();
    if length > (MOST + key.len() + 64) as u64 {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let rest = bytes.strip_prefix(MAGIC)?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let (size, rest) = rest.split_first_chunk::<8>()?;
    let (own, binary) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*size)).ok()?)?;
    let intact = own == key.as_bytes() && hash(binary).to_le_bytes() == *sum && !binary.is_empty();
    intact.then(|| binary.to_vec())
}

/// Writes a file of its own first, so that nobody reads half of one. What cannot be written is not kept.
pub(crate) fn write(folder: &Path, key: &str, binary: &[u8]) {
    if binary.len() > MOST || fs::create_dir_all(folder).is_err() {
        return;
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend(hash(binary).to_le_bytes());
    bytes.extend((key.len() as u64).to_le_bytes());
    bytes.extend(key.as_bytes());
    bytes.extend(binary);
    let path = path(folder, key);
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, &path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
}

fn path(folder: &Path, key: &str) -> PathBuf {
    folder.join(format!("{:016x}.bin", hash(key.as_bytes())))
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("metisvm-opencl-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let folder = folder("cache");
        assert_eq!(read(&folder, "a key"), None);
        write(&folder, "a key", b"a binary");
        assert_eq!(read(&folder, "a key").as_deref(), Some(&b"a binary"[..]));
        assert_eq!(read(&folder, "another"), None);
        let path = path(&folder, "a key");
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).unwrap();
            assert_eq!(read(&folder, "a key"), None, "byte {at}");
            fs::write(&path, &good[..at]).unwrap();
            assert_eq!(read(&folder, "a key"), None, "{at} bytes");
        }
        let _ = fs::remove_dir_all(&folder);
    }
}
