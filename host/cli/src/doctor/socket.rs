//! The way to a card behind a socket.

use super::finding::Finding;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

pub(super) fn socket(path: &Path) -> Finding {
    const KEY: &str = "socket";
    let shown = path.display();
    let serve = vec![format!("metisvm sim --socket {shown} --card functional")];
    let finding = match fs::symlink_metadata(path).and_then(|_| fs::metadata(path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Finding::blocks(KEY, "there is no socket: no server runs", serve)
        }
        Err(error) => {
            let mend = vec![format!(
                "namei -l {shown}  # every folder on the way needs x for this user"
            )];
            Finding::blocks(KEY, format!("it cannot be reached: {error}"), mend)
        }
        Ok(about) if !about.file_type().is_socket() => {
            Finding::blocks(KEY, "it is no socket", vec![format!("ls -l {shown}")])
        }
        Ok(about) => match try_it(path) {
            Ok(()) => Finding::fine(KEY, "its server answers"),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Finding::blocks(
                KEY,
                format!(
                    "this user may not connect: it belongs to user {} and group {}, mode {:03o}",
                    about.uid(),
                    about.gid(),
                    about.mode() & 0o777
                ),
                vec![
                    "# run metisvm as the user that the server runs as".to_owned(),
                    format!("sudo chgrp metisvm {shown} && sudo chmod 660 {shown}"),
                ],
            ),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Finding::warning(
                KEY,
                "its server serves one client after another, and others wait already",
                vec![format!("sudo fuser -v {shown}")],
            ),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                Finding::blocks(KEY, "its server is gone", serve)
            }
            Err(error) => Finding::blocks(KEY, format!("it cannot be connected to: {error}"), serve),
        },
    };
    finding.of(path.to_string_lossy())
}

/// Connects, and leaves again. A server that nobody gets through to is not waited for.
fn try_it(path: &Path) -> io::Result<()> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    Ok(connect(&socket, &address)?)
}
