//! Interrupt vectors, each an `eventfd` that the server writes to.

use metisvm_firmware::pci::MAX_VECTORS;
use metisvm_vfio_user::messages::{IRQ_DATA_EVENTFD, IRQ_EVENTFD, IRQ_TRIGGER, IrqSet, MSIX_IRQ};
use metisvm_vfio_user::{Client, Error, wait};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// The vectors of a card.
#[derive(Debug)]
pub(super) struct Vectors(Vec<OwnedFd>);

impl Vectors {
    /// Gives the server a descriptor for each vector that it has.
    pub(super) fn connect(client: &mut Client) -> Result<Self, Error> {
        let info = client.irq_info(MSIX_IRQ)?;
        if info.flags & IRQ_EVENTFD == 0 {
            return Err(Error::malformed(
                "its interrupts cannot be waited for: no eventfd is taken",
            ));
        }
        let count = info.count.min(MAX_VECTORS.into());
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let vectors = (0..count)
            .map(|_| eventfd(0, flags))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|errno| Error::Io {
                doing: "making an eventfd",
                errno,
            })?;
        let at_once = (client.server().max_msg_fds as usize).clamp(1, metisvm_vfio_user::version::MAX_FDS);
        let mut start = 0;
        for chunk in vectors.chunks(at_once) {
            let fds: Vec<BorrowedFd<'_>> = chunk.iter().map(AsFd::as_fd).collect();
            let set = IrqSet {
                flags: IRQ_DATA_EVENTFD | IRQ_TRIGGER,
                index: MSIX_IRQ,
                start,
                count: fds.len() as u32,
                ..IrqSet::default()
            };
            client.set_irqs(set, &[], &fds)?;
            start += fds.len() as u32;
        }
        Ok(Self(vectors))
    }

    pub(super) fn count(&self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(MAX_VECTORS)
    }

    /// Whether a vector was raised since it was last taken.
    pub(super) fn take(&self, vector: u16) -> bool {
        let Some(event) = self.0.get(usize::from(vector)) else {
            return false;
        };
        // It holds how often it was raised; reading takes that away, and fails where it was not.
        read(event, &mut [0_u8; 8]).is_ok()
    }

    /// Waits for a vector, or until the time is over, or the server is gone. `None` if there is no such vector.
    pub(super) fn wait(&self, vector: u16, socket: BorrowedFd<'_>, timeout: Duration) -> Option<bool> {
        let event = self.0.get(usize::from(vector))?;
        if timeout.is_zero() {
            return Some(self.take(vector));
        }
        // The socket may be readable for another thread's sake: only its end counts, which `failure` looks for.
        let _ = wait::readable_or_hung_up(event.as_fd(), socket, timeout);
        Some(self.take(vector))
    }
}
