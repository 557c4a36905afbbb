//! One client, from the version that it proposes to its end.

use super::commands::carry_out;
use super::connection::Connection;
use super::function::Function;
use super::log::Log;
use metisvm_vfio_user::header::HEADER_BYTES;
use metisvm_vfio_user::messages::DmaAccess;
use metisvm_vfio_user::version::{MAJOR, MAX_TRANSFER, MINOR, Version};
use metisvm_vfio_user::{Capabilities, Command, Error, Header, Kind, wait};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

/// Most bytes after a header.
const MOST_PAYLOAD: usize = size_of::<DmaAccess>() + MAX_TRANSFER as usize;

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client left, or was shown out.
    Client,
    /// The server is to stop.
    Stopped,
}

/// A session.
pub(super) struct Session<'a> {
    pub(super) function: &'a mut Function,
    pub(super) connection: Arc<Connection>,
    pub(super) log: &'a Log,
    pub(super) stop: BorrowedFd<'a>,
    pub(super) timeout: Duration,
    pub(super) most_maps: usize,
}

impl Session<'_> {
    /// Serves the client until it leaves.
    pub(super) fn serve(mut self) -> End {
        let mut payload = Vec::new();
        let mut answer = Vec::new();
        let mut agreed = false;
        loop {
            // A client that says nothing at first keeps others waiting; later it may.
            let patience = (!agreed).then_some(self.timeout);
            match wait::readable([self.connection.as_fd(), self.stop], patience) {
                Ok([_, true]) => return End::Stopped,
                Ok([true, false]) => {}
                Ok([false, false]) => {
                    self.log.end("it proposed no version in time");
                    return End::Client;
                }
                Err(errno) => {
                    self.log.end(format_args!("waiting for it failed: {errno}"));
                    return End::Client;
                }
            }
            let ended = if agreed {
                self.next(&mut payload, &mut answer)
            } else {
                self.agree(&mut payload)
            };
            match ended {
                Ok(()) => agreed = true,
                Err(Error::Closed) => return End::Client,
                Err(Error::Stopped) => return End::Stopped,
                Err(error) => {
                    self.log.end(error);
                    return End::Client;
                }
            }
        }
    }

    /// The first message.
    fn agree(&self, payload: &mut Vec<u8>) -> Result<(), Error> {
        let received = self.connection.receive(payload, MOST_PAYLOAD)?;
        let header = received.header;
        if header.command != Command::Version as u16
            || header.kind() != Some(Kind::Command { no_reply: false })
            || !received.fds.is_empty()
        {
            return Err(Error::malformed(format!(
                "command {} came before a version was proposed",
                header.command
            )));
        }
        let proposed = Version::decode(payload)?;
        if proposed.major != MAJOR {
            return Err(Error::malformed(format!(
                "it speaks version {}.{}, not {MAJOR}.{MINOR}",
                proposed.major, proposed.minor
            )));
        }
        let agreed = Version {
            major: MAJOR,
            minor: proposed.minor.min(MINOR),
            capabilities: Capabilities {
                max_dma_maps: u32::try_from(self.most_maps).unwrap_or(u32::MAX),
                ..Capabilities::ours()
            },
        };
        self.connection.send(header.reply(), &[&agreed.encode()])?;
        let most = proposed.capabilities.max_data_xfer_size.min(MAX_TRANSFER);
        self.function
            .dma
            .remote
            .open(&self.connection, most as usize, self.timeout);
        Ok(())
    }

    fn next(&mut self, payload: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<(), Error> {
        let received = self.connection.receive(payload, MOST_PAYLOAD)?;
        let header = received.header;
        match header.kind() {
            Some(Kind::Command { no_reply }) => {
                answer.clear();
                let done = match Command::from_number(header.command) {
                    Some(command) => {
                        carry_out(self.function, command, payload, received.fds, self.stop, answer).map_err(
                            |refusal| {
                                self.log
                                    .line(format_args!("{} is refused: {refusal}", command.name()));
                                refusal.errno
                            },
                        )
                    }
                    None => {
                        self.log
                            .line(format_args!("command {} is not known", header.command));
                        Err(Errno::NOTSUP)
                    }
                };
                match done {
                    _ if no_reply => Ok(()),
                    Ok(()) => self.connection.send(header.reply(), &[answer]),
                    Err(errno) => self.connection.send(failure(&header, errno), &[]),
                }
            }
            Some(Kind::Reply { .. }) => {
                if !self.function.dma.remote.take(&header, payload) {
                    self.log
                        .line(format_args!("reply {} answers nothing that was asked", header.id));
                }
                Ok(())
            }
            None => Err(Error::malformed(format!(
                "a message of {} bytes has flags {:#x}",
                header.size as usize - HEADER_BYTES,
                header.flags
            ))),
        }
    }
}

fn failure(header: &Header, errno: Errno) -> Header {
    header.failure(u32::try_from(errno.raw_os_error()).unwrap_or(0))
}
