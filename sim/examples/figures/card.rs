//! A board's card with one queue, and KECCAK entries for it.

use metisvm_driver::ring::QueuePair;
use metisvm_driver::{DmaBuffer, InProcess, Transport};
use metisvm_firmware::keccak::{DIGEST_BYTES, lay_out};
use metisvm_firmware::registers::{self as reg, queue, queue_register};
use metisvm_firmware::{Capabilities, Opcode, Status, Submission};
use metisvm_sim::rtl::{Meter, boards};
use metisvm_sim::{RtlCard, RtlOptions};
use sha3::{Digest, Keccak256};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

const NONCE: u32 = 1;
const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) struct Card {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) capabilities: Capabilities,
    pub(crate) meter: Meter,
    pair: QueuePair,
}

impl Card {
    /// The card of a board after the handshake, with queue 0. Its library is kept with Cargo's other builds.
    pub(crate) fn new(board: &str, options: &RtlOptions) -> Result<Self, Box<dyn Error>> {
        let source = boards::named(board).ok_or_else(|| format!("no board is called {board}"))?;
        let cache = std::env::current_exe()?.with_file_name("metisvm");
        let card = RtlCard::new(&source, options, &cache, &|line| eprintln!("{line}"))?;
        let (meter, capabilities) = (card.meter(), *card.capabilities());
        let transport: Arc<dyn Transport> = Arc::new(InProcess::start(Box::new(card))?);
        transport.write32(reg::BOOT_NONCE, NONCE);
        let pair = QueuePair::new(&transport, 0, 4, NONCE)?;
        Ok(Self {
            transport,
            capabilities,
            meter,
            pair,
        })
    }

    /// Hashes a batch in one job, with the interrupt armed, and checks status, checksum and digests.
    pub(crate) fn hash(&mut self, batch: &Batch) -> Result<(), Box<dyn Error>> {
        self.transport.write32(queue_register(0, queue::INTERRUPT_ARM), 1);
        self.pair.push(batch.entry).ok_or("the ring is full")?;
        self.pair.ring_doorbell();
        let completion = self.pair.wait(Instant::now() + PATIENCE, PATIENCE)?;
        if Status::from_bits(completion.status) != Some(Status::Ok) {
            return Err(format!("the job ended with {completion:?}").into());
        }
        let digests = batch.output.copy_out(0, batch.expected.len());
        if digests != batch.expected || completion.detail != crc32fast::hash(&digests) {
            return Err("the card's digests are wrong".into());
        }
        match self.meter.broken() {
            Some(rule) => Err(rule.into()),
            None => Ok(()),
        }
    }
}

/// Messages of given lengths, the entry that hashes them, and what it must give.
pub(crate) struct Batch {
    _input: DmaBuffer,
    output: DmaBuffer,
    entry: Submission,
    expected: Vec<u8>,
}

impl Batch {
    pub(crate) fn new(
        transport: &Arc<dyn Transport>,
        lengths: impl IntoIterator<Item = usize>,
    ) -> Result<Self, Box<dyn Error>> {
        let message = |(index, length): (usize, usize)| -> Vec<u8> {
            (0..length).map(|byte| (index * 31 + byte * 7) as u8).collect()
        };
        let messages: Vec<Vec<u8>> = lengths.into_iter().enumerate().map(message).collect();
        let views: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let batch = lay_out(&views).ok_or("the batch is too large")?;
        let input = DmaBuffer::new(transport, batch.len())?;
        input.copy_in(0, &batch);
        let output = DmaBuffer::new(transport, views.len() * DIGEST_BYTES)?;
        let entry = Submission {
            opcode: Opcode::Keccak as u8,
            count: u32::try_from(views.len())?,
            input: input.iova().0,
            output: output.iova().0,
            input_bytes: u32::try_from(batch.len())?,
            output_bytes: DIGEST_BYTES as u32,
            ..Submission::default()
        };
        let expected = views.iter().flat_map(Keccak256::digest).collect();
        Ok(Self {
            _input: input,
            output,
            entry,
            expected,
        })
    }
}
