//! The secret that files of compiled code are authenticated with: 32 random bytes, for their owner's eyes.

use super::draft::Draft;
use std::{
    fmt, fs,
    io::{self, ErrorKind, Read},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

/// Length of a secret.
const BYTES: usize = 32;

/// The name of its file in the folder.
pub(super) const NAME: &str = "secret";

/// The secret of a folder.
pub(super) struct Secret([u8; BYTES]);

impl fmt::Debug for Secret {
    /// Shows nothing of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    pub(super) fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// The secret of a folder; drawn if there is none, or none that is whole. With a new secret no file of before is
    /// accepted.
    ///
    /// # Errors
    /// If others may read it, if it belongs to somebody else, or if it can be neither read nor made: what is wrong, and
    /// what to do.
    pub(super) fn of_folder(folder: &Path) -> Result<Self, String> {
        let path = folder.join(NAME);
        let found = read(&path)?;
        if let Found::Whole(secret) = found {
            return Ok(secret);
        }
        make(folder, &path, matches!(found, Found::Torn))
            .map_err(|error| format!("its secret cannot be made: {error}; make it writable"))?;
        // Another process may have made one at the same time; the file decides.
        match read(&path)? {
            Found::Whole(secret) => Ok(secret),
            _ => Err("its secret changes while it is read; use a folder of your own".to_owned()),
        }
    }
}

/// What is in the place of a secret.
enum Found {
    Nothing,
    /// Something that is not as long as a secret.
    Torn,
    Whole(Secret),
}

/// The secret in a file.
fn read(path: &Path) -> Result<Found, String> {
    let cannot = |error: io::Error| format!("its secret cannot be read: {error}");
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(cannot(error)),
    };
    if !metadata.is_file() {
        // To open a pipe would wait for whoever writes to it.
        return Err("its secret is no regular file; remove it".to_owned());
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        let owner = metadata.uid();
        return Err(format!(
            "its secret belongs to user {owner}, who could forge code; use a folder of your own"
        ));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(format!(
            "its secret is open to others (mode {mode:o}); run `chmod 600 {path}`, or remove it"
        ));
    }
    let mut bytes = Vec::with_capacity(BYTES + 1);
    // One byte more than it has shows that it is too long.
    let file = fs::File::open(path).map_err(cannot)?;
    file.take(BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    Ok(bytes
        .try_into()
        .map_or(Found::Torn, |bytes| Found::Whole(Secret(bytes))))
}

/// Draws a secret. It takes the place of one that is not whole, and of no other: if two processes found one torn at
/// once, files of one of them are refused later, which costs time alone.
fn make(folder: &Path, path: &Path, is_torn: bool) -> io::Result<()> {
    let mut secret = [0; BYTES];
    getrandom::fill(&mut secret).map_err(|error| io::Error::other(error.to_string()))?;
    let draft = Draft::write(folder, &secret)?;
    if is_torn {
        return draft.replace(path);
    }
    match draft.place(path) {
        // Another process was faster; its secret is as good.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}
