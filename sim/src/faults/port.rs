//! Host memory and interrupts as the card inside sees them.

use super::interposer::Interposer;
use metisvm_firmware::port::{DmaFault, HostMemory, HostPort, Interrupts};
use std::cell::RefCell;

/// The link, for the time of one poll.
pub(super) struct FaultyPort<'a> {
    pub(super) host: &'a dyn HostPort,
    /// Borrowed for one access at a time, by the one thread that polls.
    pub(super) interposer: RefCell<&'a mut Interposer>,
}

/// Flips bits of one byte among words.
fn flip(words: &mut [u64], byte: usize, mask: u8) {
    words[byte / 8] ^= u64::from(mask) << (byte % 8 * 8);
}

impl HostMemory for FaultyPort<'_> {
    #[inline]
    fn read_words(&self, address: u64, words: &mut [u64]) -> Result<(), DmaFault> {
        self.host.read_words(address, words)?;
        let bytes = size_of_val(words) as u64;
        let mut interposer = self.interposer.borrow_mut();
        interposer.look_at_queues();
        interposer.note_read(address, bytes, words, self.host);
        for byte in interposer.garbage(address, bytes).into_iter().flatten() {
            flip(words, byte, 0xff);
        }
        Ok(())
    }

    #[inline]
    fn write_words(&self, address: u64, words: &[u64]) -> Result<(), DmaFault> {
        let mut interposer = self.interposer.borrow_mut();
        interposer.look_at_queues();
        if interposer.mute {
            return Ok(());
        }
        if let Some(ring) = interposer.completion_ring(address) {
            return interposer.post(ring, address, words, self.host);
        }
        let length = size_of_val(words) as u64;
        if interposer.is_lost(address, length) {
            return Ok(());
        }
        let wrong = interposer.wrong_bits(address, length);
        if wrong.is_empty() {
            return self.host.write_words(address, words);
        }
        let mut changed = words.to_vec();
        wrong
            .into_iter()
            .for_each(|(byte, mask)| flip(&mut changed, byte, mask));
        self.host.write_words(address, &changed)
    }

    fn read_bytes(&self, address: u64, bytes: &mut [u8]) -> Result<(), DmaFault> {
        self.host.read_bytes(address, bytes)?;
        let length = bytes.len() as u64;
        let mut interposer = self.interposer.borrow_mut();
        interposer.look_at_queues();
        interposer.note_read(address, length, &[], self.host);
        for byte in interposer.garbage(address, length).into_iter().flatten() {
            bytes[byte] ^= 0xff;
        }
        Ok(())
    }

    fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), DmaFault> {
        let mut interposer = self.interposer.borrow_mut();
        interposer.look_at_queues();
        if interposer.mute {
            return Ok(());
        }
        if let Some(ring) = interposer.completion_ring(address)
            && address.is_multiple_of(8)
            && let (words, []) = bytes.as_chunks::<8>()
        {
            let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
            return interposer.post(ring, address, &words, self.host);
        }
        let length = bytes.len() as u64;
        if interposer.is_lost(address, length) {
            return Ok(());
        }
        let wrong = interposer.wrong_bits(address, length);
        if wrong.is_empty() {
            return self.host.write_bytes(address, bytes);
        }
        let mut changed = bytes.to_vec();
        wrong.into_iter().for_each(|(byte, mask)| changed[byte] ^= mask);
        self.host.write_bytes(address, &changed)
    }
}

impl Interrupts for FaultyPort<'_> {
    fn raise(&self, vector: u16) {
        let mut interposer = self.interposer.borrow_mut();
        if interposer.mute {
            return;
        }
        if let Some(index) = interposer.losing.iter().position(|&queue| queue == vector) {
            interposer.losing.swap_remove(index);
            interposer.plan.count_lost_interrupt();
            return;
        }
        self.host.raise(vector);
    }
}
