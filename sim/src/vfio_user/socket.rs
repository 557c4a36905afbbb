//! The socket that clients connect to.

use rustix::fs::{FlockOperation, Mode, OFlags, chmod, flock, open};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen, socket_with,
};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Clients that wait while one is served.
const BACKLOG: i32 = 8;
/// How long another server may take to make its socket in the same folder.
const LOCK_TIME: Duration = Duration::from_secs(5);
/// How often it is looked whether it has.
const LOCK_LOOK: Duration = Duration::from_millis(10);

/// Why nothing can be served.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Something else has that name.
    #[error("{}: there is something already that is no socket; give another path", .0.display())]
    Occupied(PathBuf),
    /// A server is there.
    #[error("{}: another server serves there; stop it, or give another path", .0.display())]
    Served(PathBuf),
    /// Somebody keeps others from making sockets there.
    #[error("{}: its folder is locked (flock) by another process, for {} s already", .0.display(), LOCK_TIME.as_secs())]
    Locked(PathBuf),
    /// The system does not give one.
    #[error("{}: {doing} failed: {errno}", path.display())]
    Socket {
        /// The path.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        errno: Errno,
    },
    /// The card has no thread.
    #[error("the card could not be started: {0}")]
    Card(io::Error),
}

/// A socket that is listened at. Its file goes when this is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    socket: OwnedFd,
    path: PathBuf,
    /// Device and number of the file, so that nobody else's is removed.
    file: (u64, u64),
}

impl Listener {
    /// Makes the socket, for this user alone. The file that a dead server left is replaced.
    pub(super) fn bind(path: &Path) -> Result<Self, ServerError> {
        let failed = |doing: &'static str| {
            move |errno: Errno| ServerError::Socket {
                path: path.to_owned(),
                doing,
                errno,
            }
        };
        let address = SocketAddrUnix::new(path).map_err(failed("naming a socket"))?;
        let new = || {
            socket_with(
                AddressFamily::UNIX,
                SocketType::STREAM,
                SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
                None,
            )
            .map_err(failed("making a socket"))
        };
        // Until it is listened at: two servers that find the same dead socket would each replace it.
        let _alone = lock_folder(path)?;
        if let Ok(found) = path.symlink_metadata() {
            if !found.file_type().is_socket() {
                return Err(ServerError::Occupied(path.to_owned()));
            }
            // A dead server's socket refuses; one whose queue is full is alive.
            match connect(new()?, &address) {
                Err(Errno::CONNREFUSED) => {
                    std::fs::remove_file(path).map_err(|error| {
                        let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
                        failed("removing the socket of a server that is gone")(errno)
                    })?;
                }
                Err(Errno::NOENT) => {}
                Ok(()) | Err(Errno::AGAIN) => return Err(ServerError::Served(path.to_owned())),
                Err(errno) => return Err(failed("looking who serves there")(errno)),
            }
        }
        let socket = new()?;
        bind(&socket, &address).map_err(failed("making the socket's file"))?;
        // Before anybody can connect: whoever can is given the card.
        chmod(path, Mode::RUSR | Mode::WUSR).map_err(failed("setting the socket's permissions"))?;
        listen(&socket, BACKLOG).map_err(failed("listening"))?;
        let file = file_number(path).map_err(|error| {
            failed("looking at the socket's file")(Errno::from_io_error(&error).unwrap_or(Errno::IO))
        })?;
        let path = path.to_owned();
        Ok(Self { socket, path, file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The next client, if there is one.
    pub(super) fn accept(&self) -> Result<OwnedFd, Errno> {
        accept_with(&self.socket, SocketFlags::CLOEXEC)
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if file_number(&self.path).is_ok_and(|file| file == self.file) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Keeps other servers from the folder of a socket for as long as what it gives is held.
fn lock_folder(path: &Path) -> Result<OwnedFd, ServerError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |errno: Errno| ServerError::Socket {
        path: path.to_owned(),
        doing: "locking its folder, which has to be there and readable,",
        errno,
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = open(folder, flags, Mode::empty()).map_err(failed)?;
    let deadline = Instant::now() + LOCK_TIME;
    loop {
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(folder),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if Instant::now() >= deadline => {
                return Err(ServerError::Locked(path.to_owned()));
            }
            Err(Errno::AGAIN) => thread::sleep(LOCK_LOOK),
            Err(errno) => return Err(failed(errno)),
        }
    }
}

fn file_number(path: &Path) -> io::Result<(u64, u64)> {
    let found = path.symlink_metadata()?;
    Ok((found.dev(), found.ino()))
}
