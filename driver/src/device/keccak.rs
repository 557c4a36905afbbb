//! KECCAK: Keccak-256 of a batch of messages on the card's engine, if it has one.
//!
//! The batch's layout in memory is `metisvm_firmware::keccak`.

use super::transact::{check_output, limit};
use super::{Shared, State};
use crate::counters::add;
use crate::error::DeviceError;
use metisvm_firmware::registers as reg;
use metisvm_firmware::{Opcode, Submission, keccak};

impl Shared {
    pub(super) fn keccak(&self, state: &mut State, messages: &[&[u8]]) -> Result<Vec<[u8; 32]>, DeviceError> {
        if self.capabilities.features & reg::features::KECCAK == 0 {
            return Err(DeviceError::NoEngine("Keccak"));
        }
        let count = messages.len();
        limit(
            "messages in a batch",
            count as u64,
            self.capabilities.keccak_max_messages.into(),
        )?;
        let bytes = messages.iter().map(|message| message.len() as u64 + 16).sum();
        limit("bytes to hash", bytes, self.capabilities.keccak_max_bytes.into())?;
        let batch = keccak::lay_out(messages).unwrap_or_default();
        let input = state.pool.take(&self.transport, batch.len())?;
        let output = state.pool.take(&self.transport, count * keccak::DIGEST_BYTES)?;
        input.copy_in(0, &batch);
        let submission = Submission {
            opcode: Opcode::Keccak as u8,
            count: count as u32,
            input: input.iova().0,
            output: output.iova().0,
            input_bytes: batch.len() as u32,
            output_bytes: keccak::DIGEST_BYTES as u32,
            ..Submission::default()
        };
        let (completion, buffers) = self.transact(state, submission, vec![input, output])?;
        let digests = buffers[1].copy_out(0, count * keccak::DIGEST_BYTES);
        check_output(&completion, &digests).inspect_err(|fault| self.condemn(state, fault))?;
        buffers.into_iter().for_each(|buffer| state.pool.give(buffer));
        add(&self.counters.to_card, batch.len() as u64);
        add(&self.counters.from_card, digests.len() as u64);
        Ok(digests.as_chunks().0.to_vec())
    }
}
