//! The client's side of a connection: it asks, and holds every answer against the question.

use crate::channel::{Channel, Received};
use crate::error::Error;
use crate::header::{Command, Header, Kind};
use crate::messages::{DmaAccess, split};
use crate::version::{MAJOR, MAX_DATA_BYTES, MAX_TRANSFER, MINOR, Version};
use crate::{version::Capabilities, wait};
use bytemuck::bytes_of;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// Most bytes after the header of a message that is not too long.
const MOST_PAYLOAD: usize = size_of::<DmaAccess>() + MAX_TRANSFER as usize;

/// How a client behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long an answer may take.
    pub timeout: Duration,
    /// What the server is told that the client can take.
    pub capabilities: Capabilities,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            capabilities: Capabilities::ours(),
        }
    }
}

/// Memory that the server asks for with messages, as it has no descriptor for it.
pub trait ClientMemory: Send {
    /// Reads; says whether all of it is mapped.
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> bool;
    /// Writes; says whether all of it is mapped.
    fn write(&mut self, address: u64, bytes: &[u8]) -> bool;
}

/// A connection to a server.
pub struct Client {
    channel: Channel,
    next_id: u16,
    buffer: Vec<u8>,
    server: Capabilities,
    memory: Option<Box<dyn ClientMemory>>,
}

impl Client {
    /// Connects to a server and agrees on a version with it.
    ///
    /// # Errors
    /// There is no server, or none that is understood.
    pub fn connect(path: &Path, settings: &Settings) -> Result<Self, Error> {
        let doing = "connecting";
        let failed = |errno| Error::Io { doing, errno };
        let address = SocketAddrUnix::new(path).map_err(failed)?;
        let socket = socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(failed)?;
        // The channel's time-out holds for connecting too: a server whose queue is full keeps us waiting.
        let channel = Channel::new(socket, settings.timeout)?;
        match connect(&channel, &address) {
            Ok(()) => Self::over(channel, settings),
            Err(Errno::AGAIN) => Err(Error::Timeout {
                doing,
                after: settings.timeout,
            }),
            Err(errno) => Err(failed(errno)),
        }
    }

    /// Agrees on a version over a channel.
    ///
    /// # Errors
    /// The server is none that is understood.
    pub fn over(channel: Channel, settings: &Settings) -> Result<Self, Error> {
        let mut client = Self {
            channel,
            next_id: 0,
            buffer: Vec::new(),
            server: Capabilities::default(),
            memory: None,
        };
        let proposal = Version::ours(settings.capabilities).encode();
        let payload = client.ask(Command::Version, &[&proposal], &[], MAX_DATA_BYTES + 4)?;
        let agreed = Version::decode(payload)?;
        if agreed.major != MAJOR || agreed.minor > MINOR {
            return Err(Error::malformed(format!(
                "the server speaks version {}.{}, not {MAJOR}.{MINOR}",
                agreed.major, agreed.minor
            )));
        }
        client.server = agreed.capabilities;
        Ok(client)
    }

    /// What the server can take.
    pub const fn server(&self) -> &Capabilities {
        &self.server
    }

    /// The connection itself.
    pub const fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Serves the server's reads and writes from this memory, whenever the client waits for an answer.
    pub fn serve_memory(&mut self, memory: Box<dyn ClientMemory>) {
        self.memory = Some(memory);
    }

    /// Serves the server's reads and writes of memory for so long.
    ///
    /// # Errors
    /// The connection fails, or something else comes.
    pub fn serve_for(&mut self, time: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + time;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let [ready] = wait::readable([self.channel.as_fd()], Some(left)).map_err(|errno| Error::Io {
                doing: "waiting for a message",
                errno,
            })?;
            if !ready {
                return Ok(());
            }
            let received = self.channel.receive(&mut self.buffer, MOST_PAYLOAD)?;
            if !self.serve(&received)? {
                return Err(Error::malformed("a reply came to no command"));
            }
        }
    }

    pub(crate) fn id(&mut self) -> u16 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }

    /// Sends a command, and gives the payload of its reply, of at most `most` bytes.
    ///
    /// # Errors
    /// The server is gone, takes too long, refuses, or answers something else.
    pub fn ask(
        &mut self,
        command: Command,
        payload: &[&[u8]],
        fds: &[BorrowedFd<'_>],
        most: usize,
    ) -> Result<&[u8], Error> {
        let header = Header::command(self.id(), command);
        self.channel.send(header, payload, fds)?;
        let deadline = Instant::now() + self.channel.timeout();
        let received = loop {
            let limit = if self.memory.is_some() {
                MOST_PAYLOAD.max(most)
            } else {
                most
            };
            let received = self.channel.receive(&mut self.buffer, limit)?;
            if !self.serve(&received)? {
                break received;
            }
            if Instant::now() >= deadline {
                return Err(Error::Timeout {
                    doing: command.name(),
                    after: self.channel.timeout(),
                });
            }
        };
        let answer = received.header;
        if (answer.id, answer.command) != (header.id, header.command) {
            return Err(Error::malformed(format!(
                "message {} of {} was answered with message {} of command {}",
                header.id,
                command.name(),
                answer.id,
                answer.command
            )));
        }
        match answer.kind() {
            Some(Kind::Reply { failed: false }) if self.buffer.len() <= most => Ok(&self.buffer),
            Some(Kind::Reply { failed: true }) => Err(Error::Refused {
                command: command.name(),
                errno: i32::try_from(answer.error).map_or(Errno::INVAL, Errno::from_raw_os_error),
            }),
            _ => Err(Error::malformed(format!(
                "no reply to {} has {} bytes and flags {:#x}",
                command.name(),
                answer.size,
                answer.flags
            ))),
        }
    }

    /// Serves a command of the server; says whether it was one.
    fn serve(&mut self, received: &Received) -> Result<bool, Error> {
        let header = received.header;
        let Some(Kind::Command { no_reply }) = header.kind() else {
            return Ok(false);
        };
        let (access, data) = split::<DmaAccess>(&self.buffer)?;
        let served = match (Command::from_number(header.command), &mut self.memory) {
            (Some(Command::DmaRead), Some(memory))
                if access.count <= u64::from(MAX_TRANSFER) && data.is_empty() =>
            {
                let mut bytes = vec![0; access.count as usize];
                memory.read(access.address, &mut bytes).then_some(bytes)
            }
            (Some(Command::DmaWrite), Some(memory)) if access.count == data.len() as u64 => {
                memory.write(access.address, data).then(Vec::new)
            }
            _ => None,
        };
        match served {
            _ if no_reply => {}
            Some(bytes) => self
                .channel
                .send(header.reply(), &[bytes_of(&access), &bytes], &[])?,
            None => self
                .channel
                .send(header.failure(Errno::INVAL.raw_os_error() as u32), &[], &[])?,
        }
        Ok(true)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("channel", &self.channel)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
