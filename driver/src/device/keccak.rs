//! KECCAK: Keccak-256 of a batch of messages on the card's engine, if it has one.
//!
//! The batch's layout in memory is `metisvm_firmware::keccak`.

use super::Shared;
use super::running::Running;
use super::submit::{Caller, limit};
use super::ticket::{Holds, Remains};
use crate::error::DeviceError;
use metisvm_firmware::registers as reg;
use metisvm_firmware::{Opcode, Submission, keccak};
use std::sync::Arc;

impl Shared {
    pub(super) fn start_keccak(
        self: &Arc<Self>,
        messages: &[&[u8]],
    ) -> Result<Running<Vec<[u8; 32]>>, DeviceError> {
        if messages.is_empty() {
            return Ok(Running::of_nothing(self, Vec::new()));
        }
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
        let (to_card, from_card) = (batch.len(), count * keccak::DIGEST_BYTES);
        let pair = self.here();
        let (buffer, output) = self.on(pair).take_buffer(Caller::User, to_card, from_card)?;
        buffer.copy_in(0, &batch);
        let submission = Submission {
            opcode: Opcode::Keccak as u8,
            count: count as u32,
            input: buffer.iova().0,
            output: buffer.iova().0 + output as u64,
            input_bytes: to_card as u32,
            output_bytes: keccak::DIGEST_BYTES as u32,
            ..Submission::default()
        };
        let on = self.on(pair);
        let mut state = on.lock();
        on.evict_dropped(&mut state, Caller::User);
        let holds = Holds {
            epoch: self.whole.epoch(),
            ..Holds::default()
        };
        let remains = Remains {
            opcode: Opcode::Keccak,
            holds,
            buffer: Some(buffer),
        };
        let key = on.submit(state, Caller::User, submission, remains)?;
        Ok(Running::new(self, pair, key, move |shared, answer| {
            let digests = shared.collect(answer, output, [to_card, from_card])?;
            Ok(digests.as_chunks().0.to_vec())
        }))
    }
}
