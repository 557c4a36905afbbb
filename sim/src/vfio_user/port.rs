//! The card's end of the link: the client's memory and its interrupts.

use super::dma::DmaSpace;
use super::msix::Msix;
use metisvm_firmware::port::{DmaFault, HostMemory, Interrupts};
use std::sync::Arc;

/// What the card reaches.
pub(super) struct Port {
    pub(super) dma: Arc<DmaSpace>,
    pub(super) msix: Arc<Msix>,
}

impl HostMemory for Port {
    fn read_words(&self, address: u64, words: &mut [u64]) -> Result<(), DmaFault> {
        self.dma.read_words(address, words)
    }

    fn write_words(&self, address: u64, words: &[u64]) -> Result<(), DmaFault> {
        self.dma.write_words(address, words)
    }

    fn read_bytes(&self, address: u64, bytes: &mut [u8]) -> Result<(), DmaFault> {
        self.dma.read_bytes(address, bytes)
    }

    fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), DmaFault> {
        self.dma.write_bytes(address, bytes)
    }
}

impl Interrupts for Port {
    fn raise(&self, vector: u16) {
        self.msix.raise(vector);
    }
}
