//! Interrupt vectors as `eventfd`s: whoever has the card writes to them, this process waits.

use metisvm_vfio_user::wait;
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{Errno, read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;
use std::time::Duration;

/// The vectors of a card.
#[derive(Debug)]
pub struct Vectors(Vec<OwnedFd>);

impl Vectors {
    /// So many vectors, none of them raised.
    pub(crate) fn new(count: u16) -> Result<Self, Errno> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        (0..count)
            .map(|_| eventfd(0, flags))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// What raises them, in their order.
    pub(crate) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.0.iter().map(AsFd::as_fd).collect()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(u16::MAX)
    }

    /// What a vector is waited for with.
    pub(crate) fn descriptor(&self, vector: u16) -> Option<BorrowedFd<'_>> {
        self.0.get(usize::from(vector)).map(AsFd::as_fd)
    }

    /// Whether a vector was raised since it was last taken.
    pub(crate) fn take(&self, vector: u16) -> bool {
        // It holds how often it was raised; reading takes that away, and fails where it was not.
        self.descriptor(vector)
            .is_some_and(|event| read(event, &mut [0_u8; 8]).is_ok())
    }

    /// Waits for a vector, or until the time is over, and says whether it was raised since it was last waited for.
    pub fn wait(&self, vector: u16, timeout: Duration) -> bool {
        match self.descriptor(vector) {
            Some(event) => drop(wait::readable([event], Some(timeout))),
            None => thread::sleep(timeout),
        }
        self.take(vector)
    }
}
