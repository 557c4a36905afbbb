//! The stream of a Unix socket, cut into messages.
//!
//! Descriptors come with a message's header, where the kernel delivers them: a read of the header never takes
//! bytes of the next message, so it is certain whose they are.

use crate::error::Error;
use crate::header::{HEADER_BYTES, Header};
use crate::version::MAX_FDS;
use rustix::cmsg_space;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, recv, recvmsg, sendmsg, shutdown,
};
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Most pieces of a payload that is sent.
const MOST_PIECES: usize = 3;

/// One end of a connection.
#[derive(Debug)]
pub struct Channel {
    socket: OwnedFd,
    timeout: Duration,
    /// What can be read from once nobody is to be waited for any more.
    stop: Option<OwnedFd>,
}

/// A message that came, without its payload.
#[derive(Debug)]
pub struct Received {
    /// Its header.
    pub header: Header,
    /// The descriptors that came with it.
    pub fds: Vec<OwnedFd>,
}

impl Channel {
    /// A channel over a socket that is connected. What has begun, a message that comes or one that goes, is over
    /// within `timeout`, or fails.
    ///
    /// # Errors
    /// It is no socket.
    pub fn new(socket: OwnedFd, timeout: Duration) -> Result<Self, Error> {
        let doing = "setting the socket's time-out";
        for side in [Timeout::Recv, Timeout::Send] {
            set_socket_timeout(&socket, side, Some(timeout)).map_err(|errno| Error::Io { doing, errno })?;
        }
        Ok(Self {
            socket,
            timeout,
            stop: None,
        })
    }

    /// The same, but waits for the peer fail with [`Error::Stopped`] from the moment on at which `stop` can be read.
    #[must_use]
    pub fn until(self, stop: OwnedFd) -> Self {
        Self {
            stop: Some(stop),
            ..self
        }
    }

    /// The most that a message may take.
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Says that nothing more will be sent; the peer reads an end.
    pub fn finish(&self) {
        let _ = shutdown(&self.socket, Shutdown::Write);
    }

    /// Sends a message; its size is that of the pieces of its payload, of which there are at most three.
    ///
    /// # Errors
    /// The peer is gone, or takes nothing.
    pub fn send(&self, mut header: Header, payload: &[&[u8]], fds: &[BorrowedFd<'_>]) -> Result<(), Error> {
        let doing = "sending a message";
        let bytes = HEADER_BYTES + payload.iter().map(|piece| piece.len()).sum::<usize>();
        header.size =
            u32::try_from(bytes).map_err(|_| Error::malformed("a message is too long to be sent"))?;
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MAX_FDS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if payload.len() > MOST_PIECES
            || (!fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)))
        {
            return Err(Error::malformed(
                "a message has too many pieces or descriptors to be sent",
            ));
        }
        let mut pieces = [IoSlice::new(&[]); MOST_PIECES + 1];
        pieces[0] = IoSlice::new(bytemuck::bytes_of(&header));
        for (slot, piece) in pieces[1..].iter_mut().zip(payload) {
            *slot = IoSlice::new(piece);
        }
        let mut left = &mut pieces[..=payload.len()];
        let deadline = Instant::now() + self.timeout;
        let mut unsent = bytes;
        loop {
            let mut flags = SendFlags::NOSIGNAL;
            flags.set(SendFlags::DONTWAIT, self.stop.is_some());
            match sendmsg(&self.socket, left, &mut control, flags) {
                Ok(sent) => {
                    unsent -= sent;
                    // The descriptors went with the first byte.
                    control.clear();
                    IoSlice::advance_slices(&mut left, sent);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => self.wait(PollFlags::OUT, deadline, doing)?,
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(Error::Closed),
                Err(errno) => return Err(Error::Io { doing, errno }),
            }
            if unsent == 0 {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(self.late(doing));
            }
        }
    }

    /// Waits for a message and receives it: its payload, of at most `most` bytes, replaces what is in `payload`.
    ///
    /// # Errors
    /// The peer is gone, too slow, or sent what is no message.
    pub fn receive(&self, payload: &mut Vec<u8>, most: usize) -> Result<Received, Error> {
        let deadline = Instant::now() + self.timeout;
        let (header, fds) = self.receive_header(deadline)?;
        let bytes = (header.size as usize).checked_sub(HEADER_BYTES).ok_or_else(|| {
            Error::malformed(format!("a message says that it is {} bytes long", header.size))
        })?;
        if bytes > most {
            return Err(Error::malformed(format!(
                "a message says that it is {} bytes long; {} are the most",
                header.size,
                most + HEADER_BYTES
            )));
        }
        payload.clear();
        payload.resize(bytes, 0);
        let mut read = 0;
        while read < bytes {
            match recv(&self.socket, &mut payload[read..], self.whole()) {
                Ok((_, 0)) => {
                    return Err(Error::malformed(
                        "the connection ended in the middle of a message",
                    ));
                }
                Ok((_, more)) => read += more,
                Err(errno) => self.retry(errno, deadline)?,
            }
            if read < bytes && Instant::now() >= deadline {
                return Err(self.late("the rest of a message"));
            }
        }
        Ok(Received { header, fds })
    }

    fn receive_header(&self, deadline: Instant) -> Result<(Header, Vec<OwnedFd>), Error> {
        let mut header = Header::default();
        let mut fds = Vec::new();
        let mut read = 0;
        while read < HEADER_BYTES {
            let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MAX_FDS))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let rest = &mut bytemuck::bytes_of_mut(&mut header)[read..];
            let flags = RecvFlags::CMSG_CLOEXEC | self.whole();
            let received = match recvmsg(&self.socket, &mut [IoSliceMut::new(rest)], &mut control, flags) {
                Ok(received) => received,
                Err(errno) => {
                    self.retry(errno, deadline)?;
                    continue;
                }
            };
            for message in control.drain() {
                if let RecvAncillaryMessage::ScmRights(rights) = message {
                    fds.extend(rights);
                }
            }
            if received.flags.contains(ReturnFlags::CTRUNC) || fds.len() > MAX_FDS {
                return Err(Error::malformed(format!(
                    "more than {MAX_FDS} descriptors came with a message"
                )));
            }
            match (received.bytes, read) {
                (0, 0) => return Err(Error::Closed),
                (0, _) => return Err(Error::malformed("the connection ended in the middle of a header")),
                (more, _) => read += more,
            }
            if read < HEADER_BYTES && Instant::now() >= deadline {
                return Err(self.late("the rest of a header"));
            }
        }
        Ok((header, fds))
    }

    /// All that is asked for, waited for in the call itself only where nobody else is to be heard meanwhile.
    fn whole(&self) -> RecvFlags {
        let mut flags = RecvFlags::WAITALL;
        flags.set(RecvFlags::DONTWAIT, self.stop.is_some());
        flags
    }

    fn retry(&self, errno: Errno, deadline: Instant) -> Result<(), Error> {
        let doing = "receiving a message";
        match errno {
            Errno::INTR => Ok(()),
            Errno::AGAIN => self.wait(PollFlags::IN, deadline, doing),
            Errno::CONNRESET => Err(Error::Closed),
            errno => Err(Error::Io { doing, errno }),
        }
    }

    /// Waits until the socket takes or gives more, after a call that did not wait; one that did has taken too long.
    fn wait(&self, event: PollFlags, deadline: Instant, doing: &'static str) -> Result<(), Error> {
        let Some(stop) = &self.stop else {
            return Err(self.late(doing));
        };
        let mut polled = [PollFd::new(&self.socket, event), PollFd::new(stop, PollFlags::IN)];
        let left = deadline.saturating_duration_since(Instant::now());
        match poll(&mut polled, Timespec::try_from(left).ok().as_ref()) {
            Ok(_) if !polled[1].revents().is_empty() => Err(Error::Stopped),
            Ok(0) => Err(self.late(doing)),
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(Error::Io { doing, errno }),
        }
    }

    const fn late(&self, doing: &'static str) -> Error {
        Error::Timeout {
            doing,
            after: self.timeout,
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
