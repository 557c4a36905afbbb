//! What a client asks of a PCI function, and what has to hold of each answer.

use crate::client::Client;
use crate::error::Error;
use crate::header::{Command, Header};
#[cfg(doc)]
use crate::messages::IRQ_DATA_BOOL;
use crate::messages::{
    DeviceInfo, DmaMap, DmaUnmap, IrqInfo, IrqSet, RegionAccess, RegionInfo, split, whole,
};
use crate::version::MAX_TRANSFER;
use bytemuck::{Pod, bytes_of};
use std::os::fd::BorrowedFd;

impl Client {
    /// What the device is.
    ///
    /// # Errors
    /// As of all commands: no answer, or a wrong one.
    pub fn device_info(&mut self) -> Result<DeviceInfo, Error> {
        let info = DeviceInfo {
            argsz: size_of::<DeviceInfo>() as u32,
            ..DeviceInfo::default()
        };
        let payload = self.ask_of(Command::DeviceGetInfo, &info, size_of::<DeviceInfo>())?;
        whole(payload)
    }

    /// What a region is. Its capabilities are not asked for.
    ///
    /// # Errors
    /// As of all commands.
    pub fn region_info(&mut self, index: u32) -> Result<RegionInfo, Error> {
        let info = RegionInfo {
            argsz: size_of::<RegionInfo>() as u32,
            index,
            ..RegionInfo::default()
        };
        let payload = self.ask_of(Command::DeviceGetRegionInfo, &info, size_of::<RegionInfo>())?;
        let info: RegionInfo = whole(payload)?;
        same("region", index, info.index).map(|()| info)
    }

    /// What interrupts of a kind there are.
    ///
    /// # Errors
    /// As of all commands.
    pub fn irq_info(&mut self, index: u32) -> Result<IrqInfo, Error> {
        let info = IrqInfo {
            argsz: size_of::<IrqInfo>() as u32,
            index,
            ..IrqInfo::default()
        };
        let payload = self.ask_of(Command::DeviceGetIrqInfo, &info, size_of::<IrqInfo>())?;
        let info: IrqInfo = whole(payload)?;
        same("interrupt", index, info.index).map(|()| info)
    }

    /// Says what is to become of interrupts. `data` has a byte for each, if they are of [`IRQ_DATA_BOOL`].
    ///
    /// # Errors
    /// As of all commands.
    pub fn set_irqs(&mut self, mut set: IrqSet, data: &[u8], fds: &[BorrowedFd<'_>]) -> Result<(), Error> {
        set.argsz = (size_of::<IrqSet>() + data.len()) as u32;
        self.ask(Command::DeviceSetIrqs, &[bytes_of(&set), data], fds, 0)
            .map(|_| ())
    }

    /// Reads from a region.
    ///
    /// # Errors
    /// As of all commands.
    pub fn region_read(&mut self, region: u32, offset: u64, bytes: &mut [u8]) -> Result<(), Error> {
        let access = self.access(region, offset, bytes.len())?;
        let most = size_of::<RegionAccess>() + bytes.len();
        let payload = self.ask_of(Command::RegionRead, &access, most)?;
        let (answer, data) = split::<RegionAccess>(payload)?;
        same_access(&access, &answer)?;
        if data.len() != bytes.len() {
            return Err(Error::malformed(format!(
                "{} bytes were read, and {} came",
                bytes.len(),
                data.len()
            )));
        }
        bytes.copy_from_slice(data);
        Ok(())
    }

    /// Writes to a region, and waits until that is done.
    ///
    /// # Errors
    /// As of all commands.
    pub fn region_write(&mut self, region: u32, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let access = self.access(region, offset, bytes.len())?;
        let payload = self.ask(
            Command::RegionWrite,
            &[bytes_of(&access), bytes],
            &[],
            size_of::<RegionAccess>(),
        )?;
        same_access(&access, &whole(payload)?)
    }

    /// Writes to a region without waiting: it is done before whatever is asked next.
    ///
    /// # Errors
    /// The server is gone, or takes nothing.
    pub fn post_region_write(&mut self, region: u32, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let access = self.access(region, offset, bytes.len())?;
        let header = Header::command(self.id(), Command::RegionWrite).posted();
        self.channel().send(header, &[bytes_of(&access), bytes], &[])
    }

    /// Lets the server reach memory, through the descriptor if there is one.
    ///
    /// # Errors
    /// As of all commands.
    pub fn dma_map(&mut self, mut map: DmaMap, fd: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        map.argsz = size_of::<DmaMap>() as u32;
        self.ask(Command::DmaMap, &[bytes_of(&map)], fd.as_slice(), 0)
            .map(|_| ())
    }

    /// Takes memory away from the server; afterwards it reaches none of it.
    ///
    /// # Errors
    /// As of all commands.
    pub fn dma_unmap(&mut self, mut unmap: DmaUnmap) -> Result<(), Error> {
        unmap.argsz = size_of::<DmaUnmap>() as u32;
        let payload = self.ask_of(Command::DmaUnmap, &unmap, size_of::<DmaUnmap>())?;
        let answer: DmaUnmap = whole(payload)?;
        if (answer.address, answer.size) == (unmap.address, unmap.size) {
            Ok(())
        } else {
            Err(Error::malformed(format!(
                "{:#x} was to be unmapped, and {:#x} was",
                unmap.address, answer.address
            )))
        }
    }

    /// Resets the device.
    ///
    /// # Errors
    /// As of all commands.
    pub fn reset(&mut self) -> Result<(), Error> {
        self.ask(Command::DeviceReset, &[], &[], 0).map(|_| ())
    }

    fn access(&self, region: u32, offset: u64, bytes: usize) -> Result<RegionAccess, Error> {
        let count = u32::try_from(bytes)
            .ok()
            .filter(|&count| count <= self.server().max_data_xfer_size.min(MAX_TRANSFER));
        let count =
            count.ok_or_else(|| Error::malformed(format!("{bytes} bytes are too many for a message")))?;
        Ok(RegionAccess {
            offset,
            region,
            count,
        })
    }

    fn ask_of<T: Pod>(&mut self, command: Command, message: &T, most: usize) -> Result<&[u8], Error> {
        self.ask(command, &[bytes_of(message)], &[], most)
    }
}

fn same(what: &str, asked: u32, answered: u32) -> Result<(), Error> {
    if asked == answered {
        Ok(())
    } else {
        Err(Error::malformed(format!(
            "{what} {asked} was asked for, and {answered} came"
        )))
    }
}

fn same_access(asked: &RegionAccess, answered: &RegionAccess) -> Result<(), Error> {
    if asked == answered {
        Ok(())
    } else {
        Err(Error::malformed(format!(
            "{asked:?} was answered with {answered:?}"
        )))
    }
}
