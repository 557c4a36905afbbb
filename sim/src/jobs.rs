//! What each opcode does, apart from its completion.

use crate::card_memory::{CardMemory, Refusal};
use crate::machine::{Machine, Spaces, go_on};
use crate::options::SimOptions;
use crate::schedule::Schedule;
use metisvm_firmware::keccak::{DESCRIPTOR_BYTES, DIGEST_BYTES, Descriptor};
use metisvm_firmware::port::HostPort;
use metisvm_firmware::registers::features;
use metisvm_firmware::submission::NO_HANDLE;
use metisvm_firmware::{Dtype, Instruction, Opcode, Status, Submission};
use sha3::{Digest, Keccak256};
use std::sync::atomic::AtomicBool;

/// Largest input or output of one item, and most to hash in one job, bytes.
const MAX_ITEM_BYTES: u32 = 1 << 30;
/// Bytes between two looks whether the job is to stop.
const PIECE: usize = 1 << 20;
/// The same where the bytes are hashed.
const HASHED_PIECE: usize = 1 << 16;

/// The card's engines and their memories.
#[derive(Debug)]
pub struct Engines {
    options: SimOptions,
    memory: CardMemory,
    machine: Machine,
    /// Jobs run so far: varies the schedule from job to job.
    runs: u64,
}

/// The output of the item at work.
struct Output {
    bytes: Vec<u8>,
}

impl Output {
    /// Zeroes for the next item of a job.
    fn clear(&mut self, bytes: u32, stop: &AtomicBool) -> Result<(), Refusal> {
        if self.bytes.len() == bytes as usize {
            for piece in self.bytes.chunks_mut(PIECE) {
                go_on(stop).map_err(|status| (status, 0))?;
                piece.fill(0);
            }
        } else {
            // Comes as untouched pages, in no time.
            self.bytes = vec![0; bytes as usize];
        }
        Ok(())
    }

    /// Writes the item's bytes to host memory.
    fn write(&self, address: u64, host: &dyn HostPort, stop: &AtomicBool) -> Result<(), Refusal> {
        let mut to = address;
        for piece in self.bytes.chunks(PIECE) {
            go_on(stop).map_err(|status| (status, 0))?;
            host.write_bytes(to, piece).map_err(|_| (Status::DmaFault, 0))?;
            to += piece.len() as u64;
        }
        Ok(())
    }
}

impl Engines {
    /// Engines of a card that was just reset.
    pub fn new(options: SimOptions) -> Self {
        let memory = CardMemory::new(options.capabilities.card_memory_bytes);
        let machine = Machine::new(options.capabilities.geometry);
        Self {
            options,
            memory,
            machine,
            runs: 0,
        }
    }

    /// Does a job whose generation is right, unless `stop` becomes true.
    ///
    /// # Errors
    /// Status and detail of the completion.
    pub fn execute(
        &mut self,
        submission: &Submission,
        stop: &AtomicBool,
        host: &dyn HostPort,
    ) -> Result<(), Refusal> {
        let opcode = Opcode::from_bits(submission.opcode).ok_or((Status::InvalidOpcode, 0))?;
        if let Some(word) = submission.stray_field() {
            return Err((Status::InvalidField, word));
        }
        let lacks = |feature| self.options.capabilities.features & feature == 0;
        match opcode {
            Opcode::Nop => Ok(()),
            // Whatever could have been cancelled is done by now; the queue looked ahead for it.
            Opcode::Cancel => Err((Status::NotFound, 0)),
            Opcode::LoadResident => self.load(submission, stop, host),
            Opcode::Evict if self.memory.remove(submission.data_handle) => Ok(()),
            Opcode::Evict => Err((Status::UnknownHandle, submission.data_handle)),
            Opcode::Run if lacks(features::TENSOR) => Err((Status::InvalidOpcode, 0)),
            Opcode::Run => self.run(submission, stop, host),
            Opcode::Keccak if lacks(features::KECCAK) => Err((Status::InvalidOpcode, 0)),
            Opcode::Keccak => self.keccak(submission, stop, host),
        }
    }

    fn load(
        &mut self,
        submission: &Submission,
        stop: &AtomicBool,
        host: &dyn HostPort,
    ) -> Result<(), Refusal> {
        let handle = submission.data_handle;
        if !(1..=self.options.capabilities.max_handles).contains(&handle) {
            return Err((Status::InvalidField, 2));
        }
        if self.memory.contains(handle) {
            return Err((Status::HandleInUse, handle));
        }
        let range = self
            .memory
            .claim(submission.card_address, submission.card_bytes)?;
        let mut from = submission.input;
        for piece in self.memory.bytes_mut(range.clone()).chunks_mut(PIECE) {
            go_on(stop).map_err(|status| (status, 0))?;
            host.read_bytes(from, piece).map_err(|_| (Status::DmaFault, 0))?;
            // Past the last address nothing is mapped, and the next read fails.
            from = from.wrapping_add(piece.len() as u64);
        }
        self.memory.insert(handle, range);
        Ok(())
    }

    fn run(
        &mut self,
        submission: &Submission,
        stop: &AtomicBool,
        host: &dyn HostPort,
    ) -> Result<(), Refusal> {
        let Submission {
            count,
            input_bytes,
            output_bytes,
            ..
        } = *submission;
        let dtype = |bits| Dtype::from_bits(bits).ok_or((Status::InvalidField, 0));
        let whole = |bytes: u32, dtype: Dtype| bytes <= MAX_ITEM_BYTES && bytes.is_multiple_of(dtype.bytes());
        let valid = whole(input_bytes, dtype(submission.dtype_in)?)
            && whole(output_bytes, dtype(submission.dtype_out)?);
        if !valid {
            return Err((Status::InvalidField, 5));
        }
        if !(1..=self.options.capabilities.max_batch).contains(&count) {
            return Err((Status::InvalidField, 2));
        }
        check_span(submission.input, input_bytes, count)?;
        check_span(submission.output, output_bytes, count)?;
        let resident = match submission.data_handle {
            NO_HANDLE => None,
            handle => Some(self.memory.piece(handle)?),
        };
        let workspace = self
            .memory
            .claim(submission.card_address, submission.card_bytes)?;
        let limit = self.options.capabilities.max_program_instructions;
        let program = self.memory.program(submission.program_handle, limit, stop)?;

        self.runs += 1;
        let seed = self
            .options
            .schedule_seed
            .wrapping_add(self.runs.wrapping_mul(0x1000_0001));
        let mut schedule = Schedule::new(&program, seed);
        let mut input = Vec::new();
        let mut output = Output { bytes: Vec::new() };
        for item in 0..u64::from(count) {
            fetch(
                host,
                submission.input + item * u64::from(input_bytes),
                input_bytes,
                &mut input,
                stop,
            )?;
            let to = submission.output + item * u64::from(output_bytes);
            probe(host, to, output_bytes)?;
            output.clear(output_bytes, stop)?;
            let (resident, workspace) = self.memory.split(resident.clone(), workspace.clone());
            let spaces = Spaces {
                resident,
                input: &input,
                output: &mut output.bytes,
                workspace,
            };
            if self.options.poison_scratchpads {
                self.machine.poison();
            }
            schedule.rewind();
            run_item(
                &mut self.machine,
                &program,
                &mut schedule,
                spaces,
                self.options.budget,
                stop,
            )?;
            output.write(to, host, stop)?;
        }
        Ok(())
    }

    fn keccak(&self, submission: &Submission, stop: &AtomicBool, host: &dyn HostPort) -> Result<(), Refusal> {
        let Submission {
            count,
            input_bytes,
            output_bytes,
            ..
        } = *submission;
        if !(1..=self.options.capabilities.keccak_max_messages).contains(&count) {
            return Err((Status::InvalidField, 2));
        }
        if input_bytes > MAX_ITEM_BYTES || output_bytes as usize != DIGEST_BYTES {
            return Err((Status::InvalidField, 5));
        }
        check_span(submission.output, output_bytes, count)?;
        let mut batch = Vec::new();
        fetch(host, submission.input, input_bytes, &mut batch, stop)?;
        let mut output = Output {
            bytes: Vec::with_capacity(count as usize * DIGEST_BYTES),
        };
        let (descriptors, _) = batch.as_chunks::<DESCRIPTOR_BYTES>();
        // Messages may overlap, so the size of the batch bounds the work of each, but not of all.
        let mut left = MAX_ITEM_BYTES;
        let mut messages = Vec::with_capacity(count as usize);
        for index in 0..count {
            let message = descriptors
                .get(index as usize)
                .and_then(|bytes| Descriptor::from_word(u64::from_le_bytes(*bytes)).message(&batch))
                .ok_or((Status::InvalidBatch, index))?;
            left = left
                .checked_sub(message.len() as u32)
                .ok_or((Status::BudgetExceeded, index))?;
            messages.push(message);
        }
        for (index, message) in (0..count).zip(messages) {
            let mut hasher = Keccak256::new();
            go_on(stop).map_err(|status| (status, index))?;
            for piece in message.chunks(HASHED_PIECE) {
                go_on(stop).map_err(|status| (status, index))?;
                hasher.update(piece);
            }
            output.bytes.extend_from_slice(&hasher.finalize());
        }
        output.write(submission.output, host, stop)
    }
}

/// Checks that `count` items of `bytes` bytes do not run over the end of the address space.
fn check_span(address: u64, bytes: u32, count: u32) -> Result<(), Refusal> {
    let total = u64::from(bytes) * u64::from(count);
    address
        .checked_add(total)
        .map(|_| ())
        .ok_or((Status::DmaFault, 0))
}

/// Reads host memory in pieces, so that a size which no mapping backs is never allocated.
fn fetch(
    host: &dyn HostPort,
    address: u64,
    bytes: u32,
    into: &mut Vec<u8>,
    stop: &AtomicBool,
) -> Result<(), Refusal> {
    into.clear();
    let mut left = bytes as usize;
    while left > 0 {
        go_on(stop).map_err(|status| (status, 0))?;
        let piece = left.min(PIECE);
        let at = into.len();
        into.resize(at + piece, 0);
        let from = address.checked_add(at as u64).ok_or((Status::DmaFault, 0))?;
        host.read_bytes(from, &mut into[at..])
            .map_err(|_| (Status::DmaFault, 0))?;
        left -= piece;
    }
    Ok(())
}

/// Looks at a byte of each piece of a span that is to be written, and at its last: a size which no
/// mapping backs is never allocated.
fn probe(host: &dyn HostPort, address: u64, bytes: u32) -> Result<(), Refusal> {
    let Some(last) = bytes.checked_sub(1) else {
        return Ok(());
    };
    for offset in (0..bytes).step_by(PIECE).chain([last]) {
        host.read_bytes(address + u64::from(offset), &mut [0])
            .map_err(|_| (Status::DmaFault, 0))?;
    }
    Ok(())
}

fn run_item(
    machine: &mut Machine,
    program: &[Instruction],
    schedule: &mut Schedule,
    mut spaces: Spaces<'_>,
    mut budget: u64,
    stop: &AtomicBool,
) -> Result<(), Refusal> {
    while let Some(index) = schedule.next(program)? {
        let instruction = &program[index as usize];
        budget = budget
            .checked_sub(machine.cost(&instruction.operation))
            .ok_or((Status::BudgetExceeded, index))?;
        go_on(stop).map_err(|status| (status, index))?;
        machine
            .execute(instruction, &mut spaces, stop)
            .map_err(|status| (status, index))?;
    }
    Ok(())
}
