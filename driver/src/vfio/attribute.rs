//! Files of the kernel's, a few words each. A tree that was copied from another machine may hold anything, so no file
//! is read to an end that it does not have, and none is waited for.

use rustix::fs::OFlags;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Longer ones are read so far.
const LONGEST: u64 = 64 << 10;

/// What a file says, without the end of its line; bytes that are no text are replaced.
///
/// # Errors
/// It cannot be read.
pub fn read(path: &Path) -> io::Result<String> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits() as i32)
        .open(path)?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_read_so_far_and_what_is_not_there_is_an_error() {
        assert_eq!(read(Path::new("/dev/zero")).unwrap().len() as u64, LONGEST);
        assert!(!read(Path::new("/proc/self/status")).unwrap().ends_with('\n'));
        assert!(read(Path::new("/proc/self/nothing")).is_err());
        assert!(read(Path::new("/proc")).is_err());
    }
}
