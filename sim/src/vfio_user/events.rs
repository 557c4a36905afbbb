//! Descriptors of a client that interrupts go to.

use super::refusal::Refusal;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{read, write};
use std::os::fd::{AsRawFd, OwnedFd};

/// A vector goes out. A counter that is full has been raised often enough.
pub(super) fn signal(event: &OwnedFd) {
    let _ = write(event, &1_u64.to_ne_bytes());
}

/// Nobody may make a write of ours wait: descriptors of anything else are refused, and of an `eventfd`, writes are
/// to fail instead.
pub(super) fn check(event: &OwnedFd) -> Result<(), Refusal> {
    let kind = std::fs::read_link(format!("/proc/self/fd/{}", event.as_raw_fd()));
    if !kind.is_ok_and(|kind| kind.as_os_str() == "anon_inode:[eventfd]") {
        return Err(Refusal::invalid("a descriptor for an interrupt is no eventfd"));
    }
    fcntl_getfl(event)
        .and_then(|flags| fcntl_setfl(event, flags | OFlags::NONBLOCK))
        .map_err(|errno| Refusal::new(errno, format!("an eventfd cannot be set not to block: {errno}")))
}

/// A client that takes the flag back and fills the counter holds the card in its write; emptying it ends that.
pub(super) fn unblock(event: &OwnedFd) {
    if fcntl_getfl(event).is_ok_and(|flags| !flags.contains(OFlags::NONBLOCK))
        && fcntl_setfl(event, OFlags::NONBLOCK).is_ok()
    {
        let _ = read(event, &mut [0_u8; 8]);
    }
}
