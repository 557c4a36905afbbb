//! Waiting for descriptors.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Waits until one of them has something to read, or has been closed at its other end, or until the time is over
/// (never, if there is none). Gives which of them.
///
/// # Errors
/// Of the system.
pub fn readable<const N: usize>(
    descriptors: [BorrowedFd<'_>; N],
    timeout: Option<Duration>,
) -> Result<[bool; N], Errno> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let events = PollFlags::IN | PollFlags::RDHUP;
    let mut polled = descriptors.map(|fd| PollFd::from_borrowed_fd(fd, events));
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut polled, left.as_ref()) {
            Ok(_) => return Ok(polled.map(|fd| !fd.revents().is_empty())),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Waits until a descriptor has something to read, or the other end of a connection is gone, or the time is over.
///
/// # Errors
/// Of the system.
pub fn readable_or_hung_up(
    descriptor: BorrowedFd<'_>,
    connection: BorrowedFd<'_>,
    timeout: Duration,
) -> Result<(), Errno> {
    let deadline = Instant::now().checked_add(timeout);
    let mut polled = [
        PollFd::from_borrowed_fd(descriptor, PollFlags::IN),
        PollFd::from_borrowed_fd(connection, PollFlags::RDHUP),
    ];
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut polled, left.as_ref()) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Whether the other end of a connection is gone.
pub fn is_hung_up(socket: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(socket, PollFlags::RDHUP)];
    let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    loop {
        match poll(&mut polled, Some(&Timespec::default())) {
            Ok(_) => return polled[0].revents().intersects(gone),
            Err(Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}
