//! A card in software, on a thread of its own in this process.

use crate::card_thread::CardThread;
use crate::iommu::{Iommu, View};
use crate::region::{Memory, Pages};
use crate::transport::{DmaRegion, Transport, TransportError};
use metisvm_firmware::port::{CardModel, DmaFault, HostMemory, Interrupts};
use metisvm_firmware::registers::QUEUE_LIMIT;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Interrupt vectors: one for each queue that a card can have.
const VECTORS: u16 = QUEUE_LIMIT as u16;
const _: () = assert!(VECTORS as u32 <= u64::BITS);

/// The bit of a vector among those raised; a card has no others.
fn vector_bit(vector: u16) -> Option<u64> {
    (vector < VECTORS).then(|| 1 << vector)
}

/// What the card has raised.
#[derive(Debug, Default)]
struct Raised {
    /// A bit each.
    vectors: u64,
    /// The card's thread has ended: nothing more will be.
    ended: bool,
}

#[derive(Debug)]
struct Shared {
    iommu: Arc<Iommu>,
    raised: Mutex<Raised>,
    wake_host: Condvar,
}

/// The card's end of the link.
struct Port {
    view: View,
    shared: Arc<Shared>,
}

impl HostMemory for Port {
    fn read_words(&self, address: u64, words: &mut [u64]) -> Result<(), DmaFault> {
        self.view.read_words(address, words)
    }

    fn write_words(&self, address: u64, words: &[u64]) -> Result<(), DmaFault> {
        self.view.write_words(address, words)
    }

    fn read_bytes(&self, address: u64, bytes: &mut [u8]) -> Result<(), DmaFault> {
        self.view.read_bytes(address, bytes)
    }

    fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), DmaFault> {
        self.view.write_bytes(address, bytes)
    }
}

impl Interrupts for Port {
    fn raise(&self, vector: u16) {
        let Some(bit) = vector_bit(vector) else { return };
        self.shared.raised().vectors |= bit;
        self.shared.wake_host.notify_all();
    }
}

impl Shared {
    fn raised(&self) -> std::sync::MutexGuard<'_, Raised> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The transport of a card in this process.
#[derive(Debug)]
pub struct InProcess {
    shared: Arc<Shared>,
    card: CardThread,
}

impl InProcess {
    /// Starts a thread for a card.
    ///
    /// # Errors
    /// [`TransportError::Start`] if there can be no thread.
    pub fn start(card: Box<dyn CardModel>) -> Result<Self, TransportError> {
        let shared = Arc::new(Shared {
            iommu: Arc::new(Iommu::new()),
            raised: Mutex::default(),
            wake_host: Condvar::new(),
        });
        let port = Port {
            view: View::new(Arc::clone(&shared.iommu)),
            shared: Arc::clone(&shared),
        };
        let theirs = Arc::clone(&shared);
        let at_end = move || {
            theirs.raised().ended = true;
            theirs.wake_host.notify_all();
        };
        let card = CardThread::start(card, port, 1, at_end)
            .map_err(|error| TransportError::Start(error.to_string()))?;
        Ok(Self { shared, card })
    }
}

impl Transport for InProcess {
    fn read32(&self, offset: u32) -> u32 {
        self.card.read32(offset)
    }

    #[inline]
    fn write32(&self, offset: u32, value: u32) {
        self.card.write32(offset, value);
    }

    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        let memory = Memory::allocate(bytes, Pages::Base).map_err(|error| TransportError::Map {
            bytes,
            reason: error.to_string(),
        })?;
        let iova = self.shared.iommu.map(&memory);
        Ok(DmaRegion { memory, iova })
    }

    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        let iova = region.iova;
        if self.shared.iommu.unmap(iova) {
            Ok(())
        } else {
            let reason = "nothing is mapped there".into();
            Err(TransportError::Unmap { iova, reason })
        }
    }

    /// Each access looks its address up; one that was under way holds the memory until it is done, so
    /// that nobody else gets it before.
    fn isolates_on_unmap(&self) -> bool {
        true
    }

    fn vectors(&self) -> u16 {
        VECTORS
    }

    fn wait_interrupt(&self, vector: u16, timeout: Duration) -> bool {
        let Some(bit) = vector_bit(vector) else {
            thread::sleep(timeout);
            return false;
        };
        let waiting = |raised: &mut Raised| raised.vectors & bit == 0 && !raised.ended;
        let (mut raised, _) = self
            .shared
            .wake_host
            .wait_timeout_while(self.shared.raised(), timeout, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        let was_raised = raised.vectors & bit != 0;
        raised.vectors &= !bit;
        was_raised
    }

    fn failure(&self) -> Option<TransportError> {
        let ended = self.card.has_ended();
        ended.then(|| TransportError::Gone("the card's thread has ended".into()))
    }
}
