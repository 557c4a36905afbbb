//! A card that another process serves over vfio-user.
//!
//! The server finds every DMA address in what was mapped for it, so memory that it has acknowledged to be unmapped
//! is out of its reach. Register writes are posted, as on PCI Express: they are carried out in order, and before
//! whatever is read next. Interrupts come as `eventfd`s, past the socket.
//!
//! * `link`: the connection, and what broke it. `function`: the PCI function behind it, made ready.
//! * `interrupts`: vectors. `addresses`: where regions lie.

mod addresses;
mod function;
mod interrupts;
mod link;

use crate::identity::Identity;
use crate::region::{Memory, Pages};
use crate::transport::{DmaRegion, Iova, Transport, TransportError};
use crate::vectors::Vectors;
use addresses::Addresses;
use link::Link;
use metisvm_firmware::pci::BAR0_BYTES;
use metisvm_firmware::registers::ALL_ONES;
use metisvm_vfio_user::Client;
use metisvm_vfio_user::messages::{BAR0_REGION, DMA_READABLE, DMA_WRITABLE, DmaMap, DmaUnmap};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{Ordering, fence};
use std::thread;
use std::time::Duration;

pub use metisvm_vfio_user::Settings;

/// The transport to a card behind a socket.
#[derive(Debug)]
pub struct VfioUser {
    link: Link,
    vectors: Vectors,
    addresses: Addresses,
    identity: Identity,
}

impl VfioUser {
    /// Connects to the server at a socket, and makes its card ready. An access to the card may take as long as the
    /// settings say.
    ///
    /// # Errors
    /// [`TransportError::Start`]: there is no server, it serves somebody else, or what it serves is no card.
    pub fn connect(path: &Path, settings: &Settings) -> Result<Self, TransportError> {
        let start = |problem: String| TransportError::Start(format!("{}: {problem}", path.display()));
        let mut client =
            Client::connect(path, settings).map_err(|error| start(function::why_not(path, &error)))?;
        let identity = function::make_ready(&mut client).map_err(|error| start(error.to_string()))?;
        let vectors = interrupts::connect(&mut client).map_err(|error| start(error.to_string()))?;
        Ok(Self {
            link: Link::new(client).map_err(|error| start(error.to_string()))?,
            vectors,
            addresses: Addresses::default(),
            identity,
        })
    }

    /// Resets the function, by the bit of its PCI Express capability or by a message, and makes it ready again. The
    /// card has no nonce afterwards; its memory stays mapped.
    ///
    /// # Errors
    /// The server does not do it, or is gone.
    pub fn reset_function(&self, by_message: bool) -> Result<(), TransportError> {
        self.link
            .with(|client| function::reset(client, by_message))
            .map_err(|error| TransportError::Gone(error.to_string()))
    }

    /// What the card shows of itself on PCI.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl Transport for VfioUser {
    fn read32(&self, offset: u32) -> u32 {
        let mut value = [0; 4];
        let read = self
            .link
            .with(|client| client.region_read(BAR0_REGION, offset.into(), &mut value));
        // Loads that follow in the program follow what the card has done.
        fence(Ordering::SeqCst);
        match read {
            Ok(()) => u32::from_le_bytes(value),
            Err(_) => ALL_ONES,
        }
    }

    fn write32(&self, offset: u32, value: u32) {
        debug_assert!(offset < BAR0_BYTES);
        fence(Ordering::SeqCst);
        // What is lost with the link, the next read shows.
        let _ = self
            .link
            .with(|client| client.post_region_write(BAR0_REGION, offset.into(), &value.to_le_bytes()));
        fence(Ordering::SeqCst);
    }

    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        let failed = |reason: String| TransportError::Map { bytes, reason };
        let memory = Memory::allocate(bytes, Pages::Base).map_err(|error| failed(error.to_string()))?;
        let iova = self
            .addresses
            .take(memory.bytes() as u64)
            .ok_or_else(|| failed("no address is left".into()))?;
        let map = DmaMap {
            flags: DMA_READABLE | DMA_WRITABLE,
            address: iova,
            size: memory.bytes() as u64,
            ..DmaMap::default()
        };
        self.link
            .with(|client| client.dma_map(map, Some(memory.as_fd())))
            .map_err(|error| failed(error.to_string()))?;
        let iova = Iova(iova);
        Ok(DmaRegion { memory, iova })
    }

    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        let iova = region.iova;
        let unmap = DmaUnmap {
            address: iova.0,
            size: region.memory.bytes() as u64,
            ..DmaUnmap::default()
        };
        let unmapped = self.link.with(|client| client.dma_unmap(unmap));
        match unmapped {
            Ok(()) => Ok(()),
            // Each region is a file of its own: a server that still maps it writes to pages that nobody else gets
            // before it lets go of them.
            Err(_) if self.link.is_broken() => Ok(()),
            Err(error) => Err(TransportError::Unmap {
                iova,
                reason: error.to_string(),
            }),
        }
    }

    fn isolates_on_unmap(&self) -> bool {
        true
    }

    fn vectors(&self) -> u16 {
        self.vectors.count()
    }

    fn wait_interrupt(&self, vector: u16, timeout: Duration) -> bool {
        if self.link.is_broken() {
            // Nothing more will come, and whoever waits is to see why.
            return self.vectors.take(vector);
        }
        match interrupts::wait(&self.vectors, vector, self.link.socket(), timeout) {
            Some(raised) => raised,
            None => {
                thread::sleep(timeout);
                false
            }
        }
    }

    /// A server has one client, and the next one waits for this one's end.
    fn close(&self) {
        self.link.close();
    }

    fn failure(&self) -> Option<TransportError> {
        self.link.failure()
    }
}
