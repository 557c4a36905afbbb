//! The PCI function: configuration space and BAR0 in front of a card, and its resets.

use super::config_space::{CONFIG_BYTES, ConfigSpace, Effect};
use super::dma::DmaSpace;
use super::mappings::Limits;
use super::msix::Msix;
use super::port::Port;
use super::refusal::Refusal;
use metisvm_driver::card_thread::CardThread;
use metisvm_firmware::pci::{BAR0_BYTES, MAX_VECTORS, MSIX_PENDING, MSIX_TABLE};
use metisvm_firmware::port::CardModel;
use metisvm_firmware::registers::{ALL_ONES, BOOT_NONCE, CONTROL, CONTROL_RESET, MAX_QUEUES};
use metisvm_vfio_user::messages::{BAR0_REGION, CONFIG_REGION};
use metisvm_vfio_user::wait;
use rustix::io::Errno;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How often a reset is looked for.
const LOOK: Duration = Duration::from_micros(100);
/// How long a card may take over a reset: a card in RTL is slower than the real one by a factor of a hundred.
const RESET_TIME: Duration = Duration::from_secs(4);

/// Threads that run while a card answers: the client's, which spins, and the one that receives.
const OTHERS: usize = 2;

/// A card as a PCI function.
#[derive(Debug)]
pub(super) struct Function {
    card: CardThread,
    config: ConfigSpace,
    pub(super) dma: Arc<DmaSpace>,
    pub(super) msix: Arc<Msix>,
}

impl Function {
    /// Starts a card.
    pub(super) fn start(card: Box<dyn CardModel>, limits: Limits, subsystem: u16) -> io::Result<Self> {
        let vectors = match card.registers().read32(MAX_QUEUES) {
            queues @ 1..=0x40 => queues as u16,
            // A card that does not say so: as many as it may have.
            _ => MAX_VECTORS,
        };
        let dma = Arc::new(DmaSpace::new(limits));
        let msix = Arc::new(Msix::new(vectors)?);
        let port = Port {
            dma: Arc::clone(&dma),
            msix: Arc::clone(&msix),
        };
        Ok(Self {
            card: CardThread::start(card, port, OTHERS, || {})?,
            config: ConfigSpace::new(vectors, subsystem),
            dma,
            msix,
        })
    }

    /// Whether the card's thread has ended, for which there is no mending.
    pub(super) fn has_died(&self) -> bool {
        self.card.has_ended()
    }

    /// Size of a region, bytes; 0 for those that are not there.
    pub(super) const fn region_bytes(region: u32) -> u64 {
        match region {
            BAR0_REGION => BAR0_BYTES as u64,
            CONFIG_REGION => CONFIG_BYTES as u64,
            _ => 0,
        }
    }

    /// Where an access lies that is within a region.
    fn within(region: u32, offset: u64, bytes: usize) -> Result<usize, Refusal> {
        let end = offset.checked_add(bytes as u64);
        let size = Self::region_bytes(region);
        if bytes > 0 && end.is_some_and(|end| end <= size) {
            Ok(offset as usize)
        } else {
            Err(Refusal::invalid(format!(
                "an access to {bytes} bytes at {offset:#x} of region {region}, which has {size}"
            )))
        }
    }

    /// Looks whether an access lies within a region.
    pub(super) fn check(region: u32, offset: u64, bytes: u32) -> Result<(), Refusal> {
        Self::within(region, offset, bytes as usize).map(|_| ())
    }

    /// Reads from a region.
    pub(super) fn read(&self, region: u32, offset: u64, bytes: &mut [u8]) -> Result<(), Refusal> {
        let offset = Self::within(region, offset, bytes.len())?;
        if region == CONFIG_REGION {
            self.config.read(offset, bytes);
        } else if !self.config.decodes_memory() {
            // Nobody answers, and a root complex makes ones of that.
            bytes.fill(0xff);
        } else {
            let end = offset + bytes.len();
            for at in (offset & !3..end).step_by(4) {
                let value = self.read_bar0(at as u32).to_le_bytes();
                for (index, byte) in value.into_iter().enumerate() {
                    let position = (at + index).wrapping_sub(offset);
                    if let Some(slot) = bytes.get_mut(position) {
                        *slot = byte;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes to a region. Of BAR0, only whole words of four bytes are written.
    pub(super) fn write(
        &mut self,
        region: u32,
        offset: u64,
        bytes: &[u8],
        stop: BorrowedFd<'_>,
    ) -> Result<(), Refusal> {
        let offset = Self::within(region, offset, bytes.len())?;
        if region == CONFIG_REGION {
            match self.config.write(offset, bytes) {
                Effect::Changed => self.follow_config(),
                Effect::Reset => self.reset(stop)?,
            }
        } else if self.config.decodes_memory() {
            let lead = (offset.wrapping_neg() % 4).min(bytes.len());
            let (words, _) = bytes[lead..].as_chunks::<4>();
            for (index, word) in words.iter().enumerate() {
                let at = (offset + lead + 4 * index) as u32;
                self.write_bar0(at, u32::from_le_bytes(*word));
            }
        }
        Ok(())
    }

    fn read_bar0(&self, offset: u32) -> u32 {
        if offset >= MSIX_PENDING {
            self.msix.read_pending(offset - MSIX_PENDING)
        } else if offset >= MSIX_TABLE {
            self.msix.read_table(offset - MSIX_TABLE)
        } else {
            self.card.read32(offset)
        }
    }

    fn write_bar0(&self, offset: u32, value: u32) {
        if offset < MSIX_TABLE {
            self.card.write32(offset, value);
        } else if offset < MSIX_PENDING {
            self.msix.write_table(offset - MSIX_TABLE, value);
        }
    }

    /// Does what the configuration says.
    fn follow_config(&self) {
        self.dma.set_bus_master(self.config.is_bus_master());
        self.msix.mask_all(self.config.masks_all_vectors());
    }

    /// A function-level reset: no DMA follows it, and everything is as after power-up but where interrupts go.
    pub(super) fn reset(&mut self, stop: BorrowedFd<'_>) -> Result<(), Refusal> {
        self.config.reset();
        self.follow_config();
        let acknowledged = self.reset_card(stop);
        self.msix.reset();
        if acknowledged {
            Ok(())
        } else {
            Err(Refusal::new(
                Errno::TIMEDOUT,
                "the card did not acknowledge its reset",
            ))
        }
    }

    /// The client is gone: its memory first.
    pub(super) fn forget_client(&mut self, stop: BorrowedFd<'_>) -> Result<(), Refusal> {
        self.dma.remote.close();
        self.dma.set_bus_master(false);
        self.dma.clear();
        let reset = self.reset(stop);
        self.msix.forget_client();
        reset
    }

    /// Resets the card, and waits for the acknowledgement, which is that its nonce is gone.
    fn reset_card(&self, stop: BorrowedFd<'_>) -> bool {
        if self.card.read32(BOOT_NONCE) == 0 {
            // Where there is none, one is written, so that it can go.
            self.card.write32(BOOT_NONCE, 1);
        }
        self.card.write32(CONTROL, CONTROL_RESET);
        let deadline = Instant::now() + RESET_TIME;
        loop {
            match self.card.read32(BOOT_NONCE) {
                0 => return true,
                ALL_ONES => return false,
                _ if Instant::now() >= deadline => return false,
                _ => {}
            }
            // Who stops the server has it end once the card is at rest, and no later than this reset would.
            if !matches!(wait::readable([stop], Some(LOOK)), Ok([false])) {
                thread::sleep(LOOK);
            }
        }
    }
}
