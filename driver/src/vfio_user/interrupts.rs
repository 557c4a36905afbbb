//! Interrupt vectors, each an `eventfd` that the server writes to.

use crate::vectors::Vectors;
use metisvm_firmware::pci::MAX_VECTORS;
use metisvm_vfio_user::messages::{IRQ_DATA_EVENTFD, IRQ_EVENTFD, IRQ_TRIGGER, IrqSet, MSIX_IRQ};
use metisvm_vfio_user::{Client, Error, wait};
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// Gives the server a descriptor for each vector that it has.
pub(super) fn connect(client: &mut Client) -> Result<Vectors, Error> {
    let info = client.irq_info(MSIX_IRQ)?;
    if info.flags & IRQ_EVENTFD == 0 {
        return Err(Error::malformed(
            "its interrupts cannot be waited for: no eventfd is taken",
        ));
    }
    let count = info.count.min(MAX_VECTORS.into());
    let vectors = Vectors::new(count as u16).map_err(|errno| Error::Io {
        doing: "making an eventfd",
        errno,
    })?;
    let at_once = (client.server().max_msg_fds as usize).clamp(1, metisvm_vfio_user::version::MAX_FDS);
    let mut start = 0;
    for fds in vectors.descriptors().chunks(at_once) {
        let set = IrqSet {
            flags: IRQ_DATA_EVENTFD | IRQ_TRIGGER,
            index: MSIX_IRQ,
            start,
            count: fds.len() as u32,
            ..IrqSet::default()
        };
        client.set_irqs(set, &[], fds)?;
        start += fds.len() as u32;
    }
    Ok(vectors)
}

/// Waits for a vector, or until the time is over, or the server is gone. `None` if there is no such vector.
pub(super) fn wait(
    vectors: &Vectors,
    vector: u16,
    socket: BorrowedFd<'_>,
    timeout: Duration,
) -> Option<bool> {
    let event = vectors.descriptor(vector)?;
    if timeout.is_zero() {
        return Some(vectors.take(vector));
    }
    // The socket may be readable for another thread's sake: only its end counts, which `failure` looks for.
    let _ = wait::readable_or_hung_up(event, socket, timeout);
    Some(vectors.take(vector))
}
