//! What each opcode does, apart from its completion.

use crate::card_memory::CardMemory;
use crate::machine::{Machine, Spaces, go_on};
use crate::options::SimOptions;
use crate::refusal::Refusal;
use crate::schedule::Schedule;
use crate::streams::Streams;
use crc32fast::Hasher;
use metisvm_firmware::keccak::{DESCRIPTOR_BYTES, DIGEST_BYTES, Descriptor};
use metisvm_firmware::port::HostPort;
use metisvm_firmware::registers::features;
use metisvm_firmware::submission::{NO_HANDLE, flags};
use metisvm_firmware::{Dtype, Opcode, Status, Submission};
use sha3::{Digest, Keccak256};
use std::ops::Range;
use std::sync::atomic::AtomicBool;

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

/// The output of a job, item by item.
struct Output {
    bytes: Vec<u8>,
    checksum: Hasher,
}

impl Output {
    fn new(bytes: usize) -> Self {
        Self {
            bytes: vec![0; bytes],
            checksum: Hasher::new(),
        }
    }

    /// Writes the item's bytes to host memory. Writes are posted: none is known to fail.
    fn write(&mut self, address: u64, host: &dyn HostPort, stop: &AtomicBool) -> Result<(), Refusal> {
        let mut to = address;
        for piece in self.bytes.chunks(PIECE) {
            go_on(stop).map_err(|status| (status, 0))?;
            let _ = host.write_bytes(to, piece);
            self.checksum.update(piece);
            to += piece.len() as u64;
        }
        Ok(())
    }

    /// The CRC-32 of all that was written.
    fn checksum(self) -> u32 {
        self.checksum.finalize()
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

    /// Does a job whose nonce is right, unless `stop` becomes true.
    ///
    /// Gives the detail of an ok completion.
    ///
    /// # Errors
    /// Status and detail of another one.
    pub fn execute(
        &mut self,
        submission: &Submission,
        stop: &AtomicBool,
        host: &dyn HostPort,
    ) -> Result<u32, Refusal> {
        let opcode = Opcode::from_bits(submission.opcode).ok_or((Status::InvalidOpcode, 0))?;
        if let Some(word) = submission.stray_field() {
            return Err((Status::InvalidField, word));
        }
        let lacks = |feature| self.options.capabilities.features & feature == 0;
        match opcode {
            Opcode::Nop => Ok(0),
            // Whatever could have been cancelled is done by now; the queue looked ahead for it.
            Opcode::Cancel => Err((Status::NotFound, 0)),
            Opcode::LoadResident => self.load(submission, stop, host).map(|()| 0),
            Opcode::Evict if self.memory.remove(submission.data_handle) => Ok(0),
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
        check_alignment(submission)?;
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
        let is_state = submission.flags & flags::STATE != 0;
        self.memory.insert(handle, range, is_state);
        Ok(())
    }

    fn run(
        &mut self,
        submission: &Submission,
        stop: &AtomicBool,
        host: &dyn HostPort,
    ) -> Result<u32, Refusal> {
        let Submission {
            count,
            input_bytes,
            output_bytes,
            ..
        } = *submission;
        check_alignment(submission)?;
        let capabilities = &self.options.capabilities;
        let dtype = |bits| Dtype::from_bits(bits).ok_or((Status::InvalidField, 0));
        let whole = |bytes: u32, dtype: Dtype, most| bytes <= most && bytes.is_multiple_of(dtype.bytes());
        let valid = whole(
            input_bytes,
            dtype(submission.dtype_in)?,
            capabilities.max_input_bytes,
        ) && whole(
            output_bytes,
            dtype(submission.dtype_out)?,
            capabilities.max_output_bytes,
        );
        if !valid {
            return Err((Status::InvalidField, 5));
        }
        if !(1..=capabilities.max_batch).contains(&count) {
            return Err((Status::InvalidField, 2));
        }
        check_span(submission.input, input_bytes, count)?;
        check_span(submission.output, output_bytes, count)?;
        let named = |handle: u32, is_state| match handle {
            NO_HANDLE => Ok(0..0),
            handle => self.memory.piece(handle, is_state),
        };
        let resident = named(submission.data_handle, false)?;
        let state = named(submission.state_handle.into(), true)?;
        let workspace = self
            .memory
            .claim(submission.card_address, submission.card_bytes)?;
        let program = self.memory.program(
            submission.program_handle.into(),
            capabilities.max_program_instructions,
            &capabilities.geometry,
            stop,
        )?;
        if program.cost.saturating_mul(count.into()) > capabilities.work_budget {
            return Err((Status::BudgetExceeded, 0));
        }

        self.runs += 1;
        let seed = self
            .options
            .schedule_seed
            .wrapping_add(self.runs.wrapping_mul(0x1000_0001));
        let mut schedule = Schedule::new(seed);
        let mut input = Vec::new();
        let mut output = Output::new(output_bytes as usize);
        for item in 0..u64::from(count) {
            fetch(
                host,
                submission.input + item * u64::from(input_bytes),
                input_bytes,
                &mut input,
                stop,
            )?;
            if self.options.poison {
                self.machine.poison();
                output.bytes.fill(0xa5);
            }
            let ranges = [resident.clone(), state.clone(), workspace.clone()];
            let [resident, state, workspace] = disjoint(self.memory.all_mut(), ranges);
            let spaces = Spaces {
                resident,
                input: &input,
                output: &mut output.bytes,
                workspace,
                state,
            };
            schedule.rewind(&program);
            run_item(&mut self.machine, &program, &mut schedule, spaces, stop)?;
            let to = submission.output + item * u64::from(output_bytes);
            output.write(to, host, stop)?;
        }
        Ok(output.checksum())
    }

    fn keccak(
        &self,
        submission: &Submission,
        stop: &AtomicBool,
        host: &dyn HostPort,
    ) -> Result<u32, Refusal> {
        let Submission {
            count,
            input_bytes,
            output_bytes,
            ..
        } = *submission;
        check_alignment(submission)?;
        let capabilities = &self.options.capabilities;
        if !(1..=capabilities.keccak_max_messages).contains(&count) {
            return Err((Status::InvalidField, 2));
        }
        if input_bytes > capabilities.keccak_max_bytes || output_bytes as usize != DIGEST_BYTES {
            return Err((Status::InvalidField, 5));
        }
        check_span(submission.output, output_bytes, count)?;
        let mut batch = Vec::new();
        fetch(host, submission.input, input_bytes, &mut batch, stop)?;
        let mut output = Output::new(0);
        let (descriptors, _) = batch.as_chunks::<DESCRIPTOR_BYTES>();
        // Messages may overlap, so the size of the batch bounds the work of each, but not of all.
        let mut left = capabilities.keccak_max_bytes;
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
        output.write(submission.output, host, stop)?;
        Ok(output.checksum())
    }
}

/// Checks that the host addresses are those of words.
fn check_alignment(submission: &Submission) -> Result<(), Refusal> {
    let word = submission.misaligned_address();
    word.map_or(Ok(()), |word| Err((Status::InvalidField, word)))
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

/// Three ranges of memory that do not meet; an empty one may lie anywhere.
fn disjoint(bytes: &mut [u8], ranges: [Range<usize>; 3]) -> [&mut [u8]; 3] {
    let mut order = [0, 1, 2];
    order.sort_by_key(|&index| (ranges[index].start, ranges[index].end));
    let mut pieces: [&mut [u8]; 3] = Default::default();
    let (mut rest, mut at) = (bytes, 0);
    for index in order {
        let range = &ranges[index];
        if range.is_empty() {
            continue;
        }
        let (_, after) = rest.split_at_mut(range.start - at);
        (pieces[index], rest) = after.split_at_mut(range.len());
        at = range.end;
    }
    pieces
}

fn run_item(
    machine: &mut Machine,
    program: &Streams,
    schedule: &mut Schedule,
    mut spaces: Spaces<'_>,
    stop: &AtomicBool,
) -> Result<(), Refusal> {
    while let Some(index) = schedule.next(program)? {
        go_on(stop).map_err(|status| (status, index))?;
        machine
            .execute(program.get(index), &mut spaces, stop)
            .map_err(|status| (status, index))?;
    }
    Ok(())
}
