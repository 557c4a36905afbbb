//! RUN: a resident program on a batch of items.
//!
//! Inputs lie back to back in one DMA buffer and outputs in another; the workspace is a piece of
//! card memory for the time of the job. What is past the driver's limits or those that the card
//! states is refused before anything is sent.

use super::resident::Kind;
use super::transact::{MAX_TRANSFER_BYTES, check_output, limit};
use super::{Resident, Shared, State};
use crate::counters::add;
use crate::error::DeviceError;
use metisvm_firmware::program::HEADER_BYTES;
use metisvm_firmware::registers as reg;
use metisvm_firmware::submission::NO_HANDLE;
use metisvm_firmware::{Dtype, INSTRUCTION_BYTES, Opcode, Submission};

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

impl Shared {
    pub(super) fn run(&self, state: &mut State, job: &RunJob<'_>) -> Result<Vec<Vec<u8>>, DeviceError> {
        if self.capabilities.features & reg::features::TENSOR == 0 {
            return Err(DeviceError::NoEngine("tensor"));
        }
        let count = job.inputs.len();
        limit(
            "items in a batch",
            count as u64,
            self.capabilities.max_batch.into(),
        )?;
        let Some(input_bytes) = job.inputs.first().map(|input| input.len()) else {
            return Ok(Vec::new());
        };
        if let Some(index) = job.inputs.iter().position(|input| input.len() != input_bytes) {
            let bytes = job.inputs[index].len();
            return Err(DeviceError::UnevenBatch {
                index,
                bytes,
                expected: input_bytes,
            });
        }
        whole_elements("inputs", input_bytes, job.dtype_in)?;
        whole_elements("outputs", job.output_bytes, job.dtype_out)?;
        limit(
            "instructions in a program",
            job.program.bytes().saturating_sub(HEADER_BYTES as u64) / INSTRUCTION_BYTES as u64,
            self.capabilities.max_program_instructions.into(),
        )?;
        let to_card = (input_bytes as u64).saturating_mul(count as u64);
        let from_card = (job.output_bytes as u64).saturating_mul(count as u64);
        limit(
            "bytes of an input",
            input_bytes as u64,
            self.capabilities.max_input_bytes.into(),
        )?;
        limit(
            "bytes of an output",
            job.output_bytes as u64,
            self.capabilities.max_output_bytes.into(),
        )?;
        if let Kind::Program { cost } = job.program.place.kind {
            let work = cost.saturating_mul(count as u64);
            limit("units of work", work, self.capabilities.work_budget)?;
        }
        limit("input bytes", to_card, MAX_TRANSFER_BYTES)?;
        limit("output bytes", from_card, MAX_TRANSFER_BYTES)?;
        let is_state = |resident: &Resident| resident.place.kind == Kind::State;
        if is_state(job.program) || job.data.is_some_and(is_state) || !job.state.is_none_or(is_state) {
            return Err(DeviceError::WrongKind);
        }
        let program_handle = self.handle(state, job.program)?;
        let named = |resident: Option<&Resident>| resident.map_or(Ok(NO_HANDLE), |r| self.handle(state, r));
        let (data_handle, state_handle) = (named(job.data)?, named(job.state)?);

        let workspace = job.workspace_bytes;
        let card_address = if workspace == 0 {
            0
        } else {
            state
                .memory
                .allocate(workspace)
                .ok_or(DeviceError::CardMemoryFull(workspace))?
        };
        let mut attempt = || {
            let input = state.pool.take(&self.transport, to_card as usize)?;
            let output = state.pool.take(&self.transport, from_card as usize)?;
            for (index, bytes) in job.inputs.iter().enumerate() {
                input.copy_in(index * input_bytes, bytes);
            }
            let submission = Submission {
                opcode: Opcode::Run as u8,
                dtype_in: job.dtype_in as u8,
                dtype_out: job.dtype_out as u8,
                program_handle: program_handle as u16,
                state_handle: state_handle as u16,
                data_handle,
                count: count as u32,
                input: input.iova().0,
                output: output.iova().0,
                input_bytes: input_bytes as u32,
                output_bytes: job.output_bytes as u32,
                card_address,
                card_bytes: workspace,
                ..Submission::default()
            };
            let (completion, buffers) = self.transact(state, submission, vec![input, output])?;
            let output = buffers[1].copy_out(0, from_card as usize);
            check_output(&completion, &output).inspect_err(|fault| self.condemn(state, fault))?;
            let outputs = match job.output_bytes {
                0 => vec![Vec::new(); count],
                size => output.chunks_exact(size).map(<[u8]>::to_vec).collect(),
            };
            buffers.into_iter().for_each(|buffer| state.pool.give(buffer));
            add(&self.counters.to_card, to_card);
            add(&self.counters.from_card, from_card);
            Ok(outputs)
        };
        let outputs = attempt();
        // After a fault this piece of the card's memory may still be written, but nothing is given
        // to the card until a reset, which empties the allocator anyway.
        if workspace != 0 {
            state.memory.free(card_address, workspace);
        }
        outputs
    }
}
