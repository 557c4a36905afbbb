//! A client that lies to the server: each lie is answered or shown out, told to the operator, and does no harm to the
//! next client.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod descriptors;
mod memory;
mod stream;

use bytemuck::bytes_of;
use metisvm_firmware::registers::{MAGIC, MAGIC_VALUE};
use metisvm_sim::vfio_user::Limits;
use metisvm_vfio_user::messages::BAR0_REGION;
use metisvm_vfio_user::version::Version;
use metisvm_vfio_user::{Capabilities, Channel, Command, Error, Header};
use rustix::io::Errno;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use support::served::{PATIENCE, Served};
use support::{card, small};

pub(crate) const HURRIED: Duration = Duration::from_millis(200);

pub(crate) fn hurried() -> Served {
    Served::with(card(small()), Limits::default(), HURRIED)
}

/// A message, byte by byte.
pub(crate) fn message(header: Header, size: u32, payload: &[u8]) -> Vec<u8> {
    [bytes_of(&Header { size, ..header }), payload].concat()
}

pub(crate) fn serves_the_next(served: &Served) {
    let mut magic = [0; 4];
    let mut client = served.ready();
    client.region_read(BAR0_REGION, MAGIC.into(), &mut magic).unwrap();
    assert_eq!(u32::from_le_bytes(magic), MAGIC_VALUE);
}

pub(crate) fn refused(outcome: Result<impl Sized, Error>) -> Errno {
    match outcome.map(|_| ()) {
        Err(Error::Refused { errno, .. }) => errno,
        other => panic!("{other:?}"),
    }
}

/// A connection that has agreed on a version.
pub(crate) fn raw(served: &Served) -> Channel {
    let stream = UnixStream::connect(served.path()).unwrap();
    let channel = Channel::new(stream.into(), PATIENCE).unwrap();
    let ours = Version::ours(Capabilities::ours()).encode();
    assert_eq!(
        answer_to(&channel, Header::command(1, Command::Version), &ours, &[]),
        None
    );
    channel
}

/// The error in the answer to a message, if it is one.
pub(crate) fn answer_to(
    channel: &Channel,
    header: Header,
    payload: &[u8],
    fds: &[BorrowedFd<'_>],
) -> Option<Errno> {
    channel.send(header, &[payload], fds).unwrap();
    let received = channel.receive(&mut Vec::new(), 1 << 20).unwrap().header;
    assert_eq!((received.id, received.command), (header.id, header.command));
    (received.flags & 0x20 != 0).then(|| Errno::from_raw_os_error(received.error as i32))
}
