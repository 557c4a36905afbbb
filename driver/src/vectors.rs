//! Interrupt vectors as `eventfd`s: whoever has the card writes to them, this process waits.

use metisvm_vfio_user::wait;
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{Errno, ReadWriteFlags, preadv2, read};
use std::io::IoSliceMut;
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
        self.descriptor(vector).is_some_and(|event| take(event).is_ok())
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

/// Where the file is now, which an `eventfd` does not have.
const HERE: u64 = u64::MAX;

/// It holds how often it was raised; reading takes that away, and fails where it was not. That the file is set not to
/// block is not relied on: a server that has it can take that back.
fn take(event: BorrowedFd<'_>) -> Result<usize, Errno> {
    let mut count = [0_u8; 8];
    match preadv2(
        event,
        &mut [IoSliceMut::new(&mut count)],
        HERE,
        ReadWriteFlags::NOWAIT,
    ) {
        // Before Linux 5.8 the setting is all that there is.
        Err(Errno::NOTSUP | Errno::NOSYS) => read(event, &mut count),
        taken => taken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{OFlags, fcntl_setfl};
    use rustix::io::write;
    use std::sync::mpsc;

    #[test]
    fn a_vector_that_was_not_raised_makes_nobody_wait_though_its_file_blocks() {
        let vectors = Vectors::new(2).unwrap();
        // As a server may do, whose descriptor is of the same file.
        for event in vectors.descriptors() {
            fcntl_setfl(event, OFlags::empty()).unwrap();
        }
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            let before = (vectors.take(0), vectors.wait(1, Duration::from_millis(1)));
            write(vectors.descriptors()[1], &3_u64.to_ne_bytes()).unwrap();
            let after = (vectors.take(0), vectors.take(1), vectors.take(1));
            done.send((before, after)).unwrap();
        });
        let seen = is_done.recv_timeout(Duration::from_secs(20)).expect("it waits");
        assert_eq!(seen, ((false, false), (false, true, false)));
    }
}
