//! RUN: a resident program on a batch of items.
//!
//! Inputs lie back to back at the start of a DMA buffer and outputs behind them; the workspace is a piece of
//! card memory for the time of the job. What is past the driver's limits or those that the card
//! states is refused before anything is sent.

use super::common::Common;
use super::resident::Kind;
use super::running::Running;
use super::submit::{Caller, MAX_TRANSFER_BYTES, limit};
use super::ticket::{Holds, Remains};
use super::{Resident, Shared};
use crate::error::DeviceError;
use metisvm_firmware::program::HEADER_BYTES;
use metisvm_firmware::registers as reg;
use metisvm_firmware::submission::NO_HANDLE;
use metisvm_firmware::{Capabilities, Dtype, INSTRUCTION_BYTES, Opcode, Submission};
use std::sync::Arc;

/// A program run on a batch of items.
#[derive(Clone, Copy, Debug)]
pub struct RunJob<'a> {
    /// The program.
    pub program: &'a Resident,
    /// What the program reads as RESIDENT.
    pub data: Option<&'a Resident>,
    /// What the program reads and writes as STATE.
    pub state: Option<&'a Resident>,
    /// Size of WORKSPACE, bytes; its content at the start is undefined.
    pub workspace_bytes: u64,
    /// One input an item, all of one size; the number of items is between 1 and the card's limit.
    pub inputs: &'a [&'a [u8]],
    /// Size of one item's output, bytes.
    pub output_bytes: usize,
    /// Type of the input's elements.
    pub dtype_in: Dtype,
    /// Type of the output's elements.
    pub dtype_out: Dtype,
}

fn whole_elements(what: &'static str, bytes: usize, dtype: Dtype) -> Result<(), DeviceError> {
    let element = dtype.bytes() as usize;
    if bytes.is_multiple_of(element) {
        Ok(())
    } else {
        Err(DeviceError::PartialElement { what, bytes, element })
    }
}

/// Checks a job against the card's limits and the driver's.
fn check(job: &RunJob<'_>, capabilities: &Capabilities) -> Result<(), DeviceError> {
    if capabilities.features & reg::features::TENSOR == 0 {
        return Err(DeviceError::NoEngine("tensor"));
    }
    let count = job.inputs.len() as u64;
    limit("items in a batch", count, capabilities.max_batch.into())?;
    let expected = job.inputs.first().map_or(0, |input| input.len());
    if let Some(index) = job.inputs.iter().position(|input| input.len() != expected) {
        let bytes = job.inputs[index].len();
        return Err(DeviceError::UnevenBatch {
            index,
            bytes,
            expected,
        });
    }
    whole_elements("inputs", expected, job.dtype_in)?;
    whole_elements("outputs", job.output_bytes, job.dtype_out)?;
    let is_state = |resident: &Resident| resident.place.kind == Kind::State;
    if is_state(job.program) || job.data.is_some_and(is_state) || !job.state.is_none_or(is_state) {
        return Err(DeviceError::WrongKind);
    }
    limit(
        "instructions in a program",
        job.program.bytes().saturating_sub(HEADER_BYTES as u64) / INSTRUCTION_BYTES as u64,
        capabilities.max_program_instructions.into(),
    )?;
    if let Kind::Program { cost } = job.program.place.kind {
        let work = cost.saturating_mul(count);
        limit("units of work", work, capabilities.work_budget)?;
    }
    let (most_in, most_out) = (capabilities.max_input_bytes, capabilities.max_output_bytes);
    limit("bytes of an input", expected as u64, most_in.into())?;
    limit("bytes of an output", job.output_bytes as u64, most_out.into())?;
    let all = |item: usize| (item as u64).saturating_mul(count);
    limit("input bytes", all(expected), MAX_TRANSFER_BYTES)?;
    limit("output bytes", all(job.output_bytes), MAX_TRANSFER_BYTES)
}

impl Shared {
    pub(super) fn start_run(
        self: &Arc<Self>,
        pair: usize,
        caller: Caller,
        job: &RunJob<'_>,
    ) -> Result<Running<Vec<Vec<u8>>>, DeviceError> {
        check(job, &self.capabilities)?;
        let Some(first) = job.inputs.first() else {
            return Ok(Running::of_nothing(self, Vec::new()));
        };
        let (count, input_bytes, output_bytes) = (job.inputs.len(), first.len(), job.output_bytes);
        let (to_card, from_card) = (input_bytes * count, output_bytes * count);
        // Jobs on one state are done in the order of their submission, whoever submits them. One of before a reset may
        // be of a pair that there is no longer; it is refused below.
        let state = job.state.filter(|state| state.place.epoch == self.whole.epoch());
        let pair = state.map_or(pair, |state| state.place.pair);
        let on = self.on(pair);
        let (buffer, output) = on.take_buffer(caller, to_card, from_card)?;
        for (index, bytes) in job.inputs.iter().enumerate() {
            buffer.copy_in(index * input_bytes, bytes);
        }

        let (state, held) = on.take_card_memory(on.lock(), caller, |common| self.hold_for_run(common, job));
        let holds = match held {
            Ok(holds) => holds,
            Err(refusal) => {
                let refused = on.leave(state, Err(refusal));
                self.give_back(buffer);
                return refused;
            }
        };
        let (card_address, card_bytes) = holds.workspace.unwrap_or_default();
        let handle =
            |resident: Option<&Resident>| resident.map_or(NO_HANDLE, |resident| resident.place.handle);
        let submission = Submission {
            opcode: Opcode::Run as u8,
            dtype_in: job.dtype_in as u8,
            dtype_out: job.dtype_out as u8,
            // Handles are at most 64.
            program_handle: job.program.place.handle as u16,
            state_handle: handle(job.state) as u16,
            data_handle: handle(job.data),
            count: count as u32,
            input: buffer.iova().0,
            output: buffer.iova().0 + output as u64,
            input_bytes: input_bytes as u32,
            output_bytes: output_bytes as u32,
            card_address,
            card_bytes,
            ..Submission::default()
        };
        let remains = Remains {
            opcode: Opcode::Run,
            holds,
            buffer: Some(buffer),
        };
        let key = on.submit(state, caller, submission, remains)?;
        Ok(Running::new(self, pair, key, move |shared, answer| {
            let all = shared.collect(answer, output, [to_card, from_card])?;
            Ok(match output_bytes {
                0 => vec![Vec::new(); count],
                bytes => all.chunks_exact(bytes).map(<[u8]>::to_vec).collect(),
            })
        }))
    }

    /// Takes what a run needs on the card: all of it, or nothing.
    fn hold_for_run(self: &Arc<Self>, common: &mut Common, job: &RunJob<'_>) -> Result<Holds, DeviceError> {
        let handles = [Some(job.program), job.data, job.state];
        if handles
            .iter()
            .flatten()
            .any(|resident| !resident.is_on(self, common))
        {
            return Err(DeviceError::StaleResident);
        }
        let workspace = match job.workspace_bytes {
            0 => None,
            bytes => {
                let address = common.memory.allocate(bytes);
                let address = address.ok_or(DeviceError::CardMemoryFull(bytes))?;
                common.giving += 1;
                Some((address, bytes))
            }
        };
        let handles = handles.map(|resident| resident.map(|resident| resident.place.handle));
        for handle in handles.into_iter().flatten() {
            common.handles.hold(handle);
        }
        Ok(Holds {
            epoch: common.epoch,
            workspace,
            handles,
            ..Holds::default()
        })
    }
}
