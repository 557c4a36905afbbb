//! Keccak-256 of many messages.

use crate::device::Device;
use crate::error::Error;
use crate::job::{Job, MOST, Operand};
use crate::kernels::{Type, Variant};

/// Bytes that Keccak-256 takes at a time.
const RATE: usize = 136;

impl Device {
    /// Keccak-256 of each message, in order. Waits for the device.
    ///
    /// # Errors
    /// If there are more bytes than a launch can have, or the device fails.
    pub fn keccak(&self, messages: &[&[u8]]) -> Result<Vec<[u8; 32]>, Error> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let blocks = |message: &&[u8]| message.len() / RATE + 1;
        let total: usize = messages.iter().map(blocks).sum();
        if (total * RATE) as u64 >= MOST || messages.len() as u64 >= MOST / 32 {
            return Err(Error::Sizes("more messages than a launch can have"));
        }
        let mut padded = Vec::with_capacity(total * RATE);
        let mut spans: Vec<u32> = Vec::with_capacity(messages.len() * 2);
        for message in messages {
            // Below 2^31 blocks, by the check above.
            spans.extend([(padded.len() / RATE) as u32, blocks(message) as u32]);
            padded.extend_from_slice(message);
            padded.push(1);
            padded.resize(padded.len().next_multiple_of(RATE), 0);
            if let Some(last) = padded.last_mut() {
                *last |= 0x80;
            }
        }
        let digests = self.allocate(messages.len() * 32)?;
        let digests = digests.slice(0, messages.len() * 32)?;
        let (input, table) = (
            self.allocate(padded.len())?.all(),
            self.allocate(spans.len() * 4)?.all(),
        );
        let mut job = Job::new(self)?;
        let reach = [padded.len() as u64, spans.len() as u64 * 4];
        let sent = [
            job.write(&input, padded, &[])?,
            job.write(&table, bytemuck::cast_slice(&spans).to_vec(), &[])?,
        ];
        let variant = Variant {
            kernel: "keccak",
            op: "",
            x: Type::U8,
            b: Type::U8,
            y: Type::U8,
        };
        let operands = [
            Operand::Reach(&input, reach[0]),
            Operand::Reach(&table, reach[1]),
            Operand::Reach(&digests, digests.bytes() as u64),
        ];
        let hashed = job.launch(variant, &operands, [messages.len() as u64, 1, 1], &sent)?;
        job.read(&digests, &[hashed])?;
        job.start()?;
        let answer = job.wait()?;
        let (digests, _) = answer.first().map_or(&[][..], Vec::as_slice).as_chunks::<32>();
        Ok(digests.to_vec())
    }
}
