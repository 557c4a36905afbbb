//! A client's connection: one thread receives, two send.

use metisvm_vfio_user::{Channel, Error, Header, Received};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};

/// The connection.
#[derive(Debug)]
pub(super) struct Connection {
    channel: Channel,
    sending: Mutex<()>,
}

impl Connection {
    pub(super) const fn new(channel: Channel) -> Self {
        Self {
            channel,
            sending: Mutex::new(()),
        }
    }

    /// Sends a message, whole before another one.
    pub(super) fn send(&self, header: Header, payload: &[&[u8]]) -> Result<(), Error> {
        let _sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        self.channel.send(header, payload, &[])
    }

    /// As of [`Channel`]; for one thread.
    pub(super) fn receive(&self, payload: &mut Vec<u8>, most: usize) -> Result<Received, Error> {
        self.channel.receive(payload, most)
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}
