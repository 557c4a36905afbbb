//! A PCI function that the kernel's VFIO gives to this process.

use super::bar::Bar;
use super::bdf::Bdf;
use super::error::VfioError;
use super::mapping;
use super::sysfs::Kernel;
use crate::identity::{HEADER_BYTES, Identity};
use crate::region::Memory;
use crate::vectors::Vectors;
use pci_driver::backends::vfio::VfioPciDevice;
use pci_driver::device::PciDevice;
use pci_driver::regions::PciRegion;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;

const COMMAND: u64 = 0x04;
/// Memory space on, bus mastering on, INTx off.
const COMMAND_READY: u16 = 0x0002 | 0x0004 | 0x0400;

/// How a function interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupts {
    /// Message-signalled, up to 32 vectors.
    Msi,
    /// Message-signalled, a table of vectors.
    MsiX,
}

/// An open function.
#[derive(Debug)]
pub struct Function {
    bdf: Bdf,
    device: VfioPciDevice,
}

impl Function {
    /// Opens it.
    ///
    /// # Errors
    /// What is in the way.
    pub fn open(kernel: &Kernel, bdf: Bdf) -> Result<Self, VfioError> {
        let node = kernel.node(kernel.check(bdf)?);
        let device =
            VfioPciDevice::open(kernel.folder(bdf)).map_err(|error| VfioError::of_open(bdf, node, error))?;
        Ok(Self { bdf, device })
    }

    /// Where it is.
    pub const fn bdf(&self) -> Bdf {
        self.bdf
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> VfioError + use<> {
        let bdf = self.bdf;
        move |error| VfioError::Kernel { bdf, doing, error }
    }

    /// What it shows of itself.
    ///
    /// # Errors
    /// Its configuration space cannot be read.
    pub fn identity(&self) -> Result<Identity, VfioError> {
        let mut header = [0; HEADER_BYTES];
        let read = self.device.config().read_bytes(0, &mut header);
        read.map_err(self.failed("reading its configuration space"))?;
        Ok(Identity::of_header(&header))
    }

    /// Lets it answer and do DMA.
    ///
    /// # Errors
    /// It does not keep what is written.
    pub fn switch_on(&self) -> Result<(), VfioError> {
        let config = self.device.config();
        let switch = || -> io::Result<u16> {
            let command = config.read_le_u16(COMMAND)?;
            config.write_le_u16(COMMAND, command | COMMAND_READY)?;
            config.read_le_u16(COMMAND)
        };
        let command = switch().map_err(self.failed("switching it on"))?;
        if command & COMMAND_READY == COMMAND_READY && command != u16::MAX {
            Ok(())
        } else {
            Err(self.no_card(format!(
                "its command register reads {command:#06x} when it is switched on"
            )))
        }
    }

    /// Stops it from answering and from DMA, as power management or an operator may at any time.
    ///
    /// # Errors
    /// Its configuration space cannot be written.
    pub fn switch_off(&self) -> Result<(), VfioError> {
        let written = self.device.config().write_le_u16(COMMAND, 0x0400);
        written.map_err(self.failed("switching it off"))
    }

    pub(super) fn no_card(&self, problem: String) -> VfioError {
        VfioError::NoCard {
            bdf: self.bdf,
            problem,
        }
    }

    /// Maps the first bytes of a BAR, which has so many bytes in all, or more.
    ///
    /// # Errors
    /// It has no such BAR, or the kernel does not map it.
    pub fn bar(&self, index: usize, mapped: u64, in_all: u64) -> Result<Bar, VfioError> {
        let region = self.device.bar(index);
        let region = region.ok_or_else(|| self.no_card(format!("it has no BAR{index}")))?;
        let bytes = PciRegion::len(&region);
        if bytes < in_all {
            return Err(self.no_card(format!(
                "its BAR{index} has {bytes} bytes, where a card has {in_all}"
            )));
        }
        if !region.is_mappable() {
            return Err(self.no_card(format!("the kernel does not let its BAR{index} be mapped")));
        }
        Bar::map(&region, mapped).map_err(self.failed("mapping its registers"))
    }

    /// Connects as many vectors as it has, `most` at most.
    ///
    /// # Errors
    /// It has none, or the kernel does not connect them.
    pub fn connect(&self, interrupts: Interrupts, most: u16) -> Result<Vectors, VfioError> {
        let all = self.device.interrupts();
        let mechanism = match interrupts {
            Interrupts::Msi => all.msi(),
            Interrupts::MsiX => all.msi_x(),
        };
        let count = mechanism.max().min(most.into());
        if count == 0 {
            return Err(self.no_card(format!("it has no {interrupts:?} interrupts")));
        }
        let vectors =
            Vectors::new(count as u16).map_err(|errno| self.failed("making an eventfd")(errno.into()))?;
        let raw: Vec<_> = vectors.descriptors().iter().map(AsRawFd::as_raw_fd).collect();
        mechanism
            .enable(&raw)
            .map_err(self.failed("connecting its interrupts"))?;
        Ok(vectors)
    }

    /// The ranges of addresses that its DMA can be given, ascending.
    pub(super) fn ranges(&self) -> Vec<Range<u64>> {
        self.device.iommu().valid_iova_ranges().to_vec()
    }

    pub(super) fn map(&self, memory: &Memory, iova: u64) -> io::Result<()> {
        mapping::map(&self.device.iommu(), memory, iova)
    }

    pub(super) fn unmap(&self, iova: u64, bytes: usize) -> io::Result<()> {
        self.device.iommu().unmap(iova, bytes)
    }

    /// A function-level reset. Blocks for a minute where the function does not come back.
    ///
    /// # Errors
    /// It cannot be reset, or was not.
    pub fn reset(&self) -> Result<(), VfioError> {
        self.device.reset().map_err(self.failed("a function-level reset"))
    }
}
