//! The 16 bytes before every message ("Header").

use bytemuck::{Pod, Zeroable};

/// Size of a header, bytes.
pub const HEADER_BYTES: usize = size_of::<Header>();

/// The bits of the flags that say what a message is.
const KIND_BITS: u32 = 0xf;
const REPLY: u32 = 1;
const NO_REPLY: u32 = 1 << 4;
const ERROR: u32 = 1 << 5;

/// A header as it is sent, in the endianness of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Header {
    /// The sender's number of a command; a reply has the command's.
    pub id: u16,
    /// What is asked, or was.
    pub command: u16,
    /// Size of the whole message, header and all.
    pub size: u32,
    /// What kind of message it is.
    pub flags: u32,
    /// Of a reply to a command that failed, a number of `errno`.
    pub error: u32,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It asks for something.
    Command {
        /// Nobody waits for a reply.
        no_reply: bool,
    },
    /// It answers.
    Reply {
        /// The command failed.
        failed: bool,
    },
}

impl Header {
    /// A command.
    pub const fn command(id: u16, command: Command) -> Self {
        Self {
            id,
            command: command as u16,
            size: 0,
            flags: 0,
            error: 0,
        }
    }

    /// A command that is not to be answered.
    #[must_use]
    pub const fn posted(mut self) -> Self {
        self.flags |= NO_REPLY;
        self
    }

    /// The reply to this command.
    #[must_use]
    pub const fn reply(&self) -> Self {
        Self {
            id: self.id,
            command: self.command,
            size: 0,
            flags: REPLY,
            error: 0,
        }
    }

    /// The reply to this command, which failed.
    #[must_use]
    pub const fn failure(&self, errno: u32) -> Self {
        let mut header = self.reply();
        header.flags |= ERROR;
        header.error = errno;
        header
    }

    /// What kind of message it is; `None` if it is none that the specification has.
    pub const fn kind(&self) -> Option<Kind> {
        let rest = self.flags & !KIND_BITS;
        match self.flags & KIND_BITS {
            0 if rest & !NO_REPLY == 0 => Some(Kind::Command { no_reply: rest != 0 }),
            REPLY if rest & !ERROR == 0 => Some(Kind::Reply { failed: rest != 0 }),
            _ => None,
        }
    }
}

/// What can be asked ("Commands"). Those of migration are no part of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Command {
    /// Agree on a version.
    Version = 1,
    /// Let the server reach memory.
    DmaMap = 2,
    /// Take memory away from the server.
    DmaUnmap = 3,
    /// What the device is.
    DeviceGetInfo = 4,
    /// What a region is.
    DeviceGetRegionInfo = 5,
    /// What interrupts of a kind there are.
    DeviceGetIrqInfo = 7,
    /// Where interrupts go.
    DeviceSetIrqs = 8,
    /// Read from a region.
    RegionRead = 9,
    /// Write to a region.
    RegionWrite = 10,
    /// The server reads memory of the client.
    DmaRead = 11,
    /// The server writes memory of the client.
    DmaWrite = 12,
    /// Reset the device.
    DeviceReset = 13,
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Version,
        Self::DmaMap,
        Self::DmaUnmap,
        Self::DeviceGetInfo,
        Self::DeviceGetRegionInfo,
        Self::DeviceGetIrqInfo,
        Self::DeviceSetIrqs,
        Self::RegionRead,
        Self::RegionWrite,
        Self::DmaRead,
        Self::DmaWrite,
        Self::DeviceReset,
    ];

    /// The command with a number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|command| *command as u16 == number)
    }

    /// Its name in the specification.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Version => "VFIO_USER_VERSION",
            Self::DmaMap => "VFIO_USER_DMA_MAP",
            Self::DmaUnmap => "VFIO_USER_DMA_UNMAP",
            Self::DeviceGetInfo => "VFIO_USER_DEVICE_GET_INFO",
            Self::DeviceGetRegionInfo => "VFIO_USER_DEVICE_GET_REGION_INFO",
            Self::DeviceGetIrqInfo => "VFIO_USER_DEVICE_GET_IRQ_INFO",
            Self::DeviceSetIrqs => "VFIO_USER_DEVICE_SET_IRQS",
            Self::RegionRead => "VFIO_USER_REGION_READ",
            Self::RegionWrite => "VFIO_USER_REGION_WRITE",
            Self::DmaRead => "VFIO_USER_DMA_READ",
            Self::DmaWrite => "VFIO_USER_DMA_WRITE",
            Self::DeviceReset => "VFIO_USER_DEVICE_RESET",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_what_its_flags_say_and_nothing_else() {
        let command = Header::command(7, Command::DmaMap);
        assert_eq!(command.kind(), Some(Kind::Command { no_reply: false }));
        assert_eq!(command.posted().kind(), Some(Kind::Command { no_reply: true }));
        assert_eq!(command.reply().kind(), Some(Kind::Reply { failed: false }));
        let failure = command.failure(22);
        assert_eq!(failure.kind(), Some(Kind::Reply { failed: true }));
        assert_eq!((failure.id, failure.command, failure.error), (7, 2, 22));
        for flags in [2, 0x11, 0x20, 0x40, 0x31, u32::MAX] {
            assert_eq!(Header { flags, ..command }.kind(), None, "{flags:#x}");
        }
    }

    #[test]
    fn every_command_is_found_by_its_number() {
        for number in 0..=u16::MAX {
            let found = Command::from_number(number);
            assert!(found.is_none_or(|command| command as u16 == number));
        }
        assert!(
            Command::ALL
                .into_iter()
                .all(|c| Command::from_number(c as u16) == Some(c))
        );
    }
}
