//! The device handle: handshake, jobs, reset.

use crate::card_memory::{CardMemory, Handles};
use crate::counters::{Counters, LiveCounters, add};
use crate::dma::DmaBuffer;
use crate::error::DeviceError;
use crate::health::Health;
use crate::pool::Pool;
use crate::ring::QueuePair;
use crate::transport::Transport;
use metisvm_firmware::registers::{self as reg, CardState};
use metisvm_firmware::{
    Capabilities, Completion, Dtype, Opcode, Status, Submission, keccak, microprograms, submission::NO_HANDLE,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Most bytes that one job may move in one direction.
const MAX_TRANSFER_BYTES: u64 = 1 << 30;
/// NOPs before the first doorbell. Each later group is twice as long, up to [`LAST_GROUP`]: the card
/// begins early, and then works on one group while the next is written.
const FIRST_GROUP: usize = 8;
/// Most NOPs between two doorbells.
const LAST_GROUP: usize = 128;

/// How to use a device.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long a job may take, from its submission on.
    pub timeout: Duration,
    /// How long the card may take to acknowledge a reset, or to become ready.
    pub reset_timeout: Duration,
    /// Base-2 logarithm of the rings' entries; less if the card's limit is less.
    pub ring_entries_log2: u32,
    /// Run the self-test at each handshake.
    pub self_test: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            reset_timeout: Duration::from_secs(2),
            ring_entries_log2: 10,
            self_test: true,
        }
    }
}

/// A program run on a batch of items.
#[derive(Clone, Copy, Debug)]
pub struct RunJob<'a> {
    /// The program.
    pub program: &'a Resident,
    /// What the program reads as RESIDENT.
    pub data: Option<&'a Resident>,
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

/// An open card. It may be shared between threads; jobs run one after the other.
pub struct Device {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Arc<dyn Transport>,
    options: Options,
    capabilities: Capabilities,
    counters: LiveCounters,
    state: Mutex<State>,
    /// Resident memory that was dropped, to be evicted before the next job.
    dropped: Mutex<Vec<Place>>,
}

struct State {
    health: Health,
    queue: Option<QueuePair>,
    pool: Pool,
    boot_generation: u32,
    memory: CardMemory,
    handles: Handles,
}

/// Where resident memory lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    handle: u32,
    address: u64,
    bytes: u64,
    boot_generation: u32,
}

/// Bytes that stay in card memory until this is dropped or the card is reset.
pub struct Resident {
    place: Place,
    owner: Weak<Shared>,
}

impl Resident {
    /// Size, bytes.
    pub fn bytes(&self) -> u64 {
        self.place.bytes
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        // Evicting takes a job, which may block; the next job's owner does it.
        if let Some(owner) = self.owner.upgrade() {
            owner
                .dropped
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(self.place);
        }
    }
}

impl std::fmt::Debug for Resident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resident")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Device {
    /// Shakes hands with a card and makes it ready for work: magic, ABI version, capabilities,
    /// boot generation, a queue pair, the self-test.
    ///
    /// # Errors
    /// What the card got wrong.
    pub fn open(transport: Box<dyn Transport>, options: Options) -> Result<Self, DeviceError> {
        let transport: Arc<dyn Transport> = Arc::from(transport);
        let (capabilities, boot_generation) = handshake(&*transport, &options)?;
        let state = State {
            health: Health::Healthy,
            queue: None,
            pool: Pool::default(),
            boot_generation,
            memory: CardMemory::new(capabilities.card_memory_bytes),
            handles: Handles::new(capabilities.max_handles),
        };
        let shared = Shared {
            transport,
            options,
            capabilities,
            counters: LiveCounters::default(),
            state: Mutex::new(state),
            dropped: Mutex::default(),
        };
        // If this fails, dropping the device closes it, and what the card may still write is leaked.
        let device = Self {
            shared: Arc::new(shared),
        };
        device.shared.bring_up(&mut device.shared.lock())?;
        Ok(device)
    }

    /// What the card can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.shared.capabilities
    }

    /// Whether it takes work.
    pub fn health(&self) -> Health {
        self.shared.lock().health.clone()
    }

    /// Puts the device out of service until a reset, for a fault that only its user can see (a
    /// wrong product, for one).
    pub fn condemn(&self, fault: DeviceError) {
        self.shared.condemn(&mut self.shared.lock(), &fault);
    }

    /// What it has done.
    pub fn counters(&self) -> Counters {
        self.shared.counters.snapshot()
    }

    /// The card's boot generation.
    pub fn boot_generation(&self) -> u32 {
        self.shared.lock().boot_generation
    }

    /// Bytes of DMA memory in quarantine.
    pub fn quarantined_bytes(&self) -> usize {
        self.shared.lock().pool.quarantined_bytes()
    }

    /// Copies bytes into card memory.
    ///
    /// # Errors
    /// No room, or a fault.
    pub fn load_resident(&self, bytes: &[u8]) -> Result<Resident, DeviceError> {
        let place = self.shared.load(&mut *self.shared.ready()?, bytes)?;
        Ok(Resident {
            place,
            owner: Arc::downgrade(&self.shared),
        })
    }

    /// Runs a program. Gives one output an item, in host memory that the card cannot reach.
    ///
    /// # Errors
    /// A limit, the program's own fault, or a fault of the card.
    pub fn run(&self, job: &RunJob<'_>) -> Result<Vec<Vec<u8>>, DeviceError> {
        self.shared.run(&mut *self.shared.ready()?, job)
    }

    /// Keccak-256 of each message.
    ///
    /// # Errors
    /// A limit, or a fault of the card.
    pub fn keccak(&self, messages: &[&[u8]]) -> Result<Vec<[u8; 32]>, DeviceError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        self.shared.keccak(&mut *self.shared.ready()?, messages)
    }

    /// Sends `count` NOPs and waits for all of them.
    ///
    /// # Errors
    /// A fault of the card.
    pub fn nop_batch(&self, count: usize) -> Result<(), DeviceError> {
        self.shared.nops(&mut *self.shared.ready()?, count)
    }

    /// Resets the card and brings it up again. Everything resident is lost. An acknowledged reset
    /// frees the quarantine; an unacknowledged one leaks it, and the device is dead.
    ///
    /// # Errors
    /// A dead card, which is left alone; no acknowledgement; whatever the handshake finds.
    pub fn reset(&self) -> Result<(), DeviceError> {
        let mut state = self.shared.lock();
        self.shared.reset(&mut state)?;
        self.shared.bring_up(&mut state)
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device")
            .field("capabilities", self.capabilities())
            .finish_non_exhaustive()
    }
}

/// Reads and checks everything the card says about itself.
fn handshake(transport: &dyn Transport, options: &Options) -> Result<(Capabilities, u32), DeviceError> {
    match transport.read32(reg::MAGIC) {
        reg::MAGIC_VALUE => {}
        reg::ALL_ONES => return Err(transport.failure().map_or(DeviceError::Dead, DeviceError::from)),
        other => return Err(DeviceError::NotACard(other)),
    }
    let version = transport.read32(reg::ABI_VERSION);
    let (major, minor) = ((version >> 16) as u16, version as u16);
    // Every minor version of this major one has all that this driver uses.
    if major != reg::ABI_MAJOR {
        return Err(DeviceError::AbiVersion { major, minor });
    }
    let deadline = Instant::now() + options.reset_timeout;
    loop {
        let status = transport.read32(reg::STATUS);
        match CardState::from_bits(status) {
            Some(CardState::Ready) => break,
            Some(CardState::Resetting) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_micros(100));
            }
            _ => return Err(DeviceError::NotReady(status)),
        }
    }
    let capabilities = Capabilities::read(|register| transport.read32(register));
    capabilities.validate()?;
    Ok((capabilities, transport.read32(reg::BOOT_GENERATION)))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of a device that takes work, after the evictions that are due.
    fn ready(&self) -> Result<MutexGuard<'_, State>, DeviceError> {
        let mut state = self.lock();
        state.health.check()?;
        self.evict_dropped(&mut state)?;
        Ok(state)
    }

    fn evict_dropped(&self, state: &mut State) -> Result<(), DeviceError> {
        loop {
            let next = self.dropped.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match next {
                Some(place) if place.boot_generation == state.boot_generation => self.evict(state, place)?,
                Some(_) => {}
                None => return Ok(()),
            }
        }
    }

    /// Queue pair and self-test; afterwards the device takes work.
    fn bring_up(&self, state: &mut State) -> Result<(), DeviceError> {
        let log2 = self
            .options
            .ring_entries_log2
            .clamp(1, self.capabilities.max_queue_entries.ilog2());
        let queue = QueuePair::new(&self.transport, 0, log2, state.boot_generation);
        state.queue = Some(queue.inspect_err(|fault| self.condemn(state, fault))?);
        state.health = Health::Healthy;
        if !self.options.self_test || self.capabilities.features & reg::features::TENSOR == 0 {
            return self.nops(state, 1);
        }
        let verdict = self.self_test(state);
        if let Err(fault) = &verdict {
            // Any failure of the self-test, even a refusal, means a card that cannot be used.
            self.condemn(state, fault);
        }
        verdict
    }

    fn self_test(&self, state: &mut State) -> Result<(), DeviceError> {
        let test =
            microprograms::self_test(&self.capabilities.geometry).map_err(DeviceError::SelfTestProgram)?;
        let place = self.load(state, &test.program.to_bytes())?;
        let program = Resident {
            place,
            owner: Weak::new(),
        };
        let job = RunJob {
            program: &program,
            data: None,
            workspace_bytes: 0,
            inputs: &[&test.input],
            output_bytes: test.output.len(),
            dtype_in: Dtype::U8,
            dtype_out: Dtype::U8,
        };
        let outputs = self.run(state, &job)?;
        self.evict(state, place)?;
        let output = outputs.first().map_or(&[][..], Vec::as_slice);
        match output
            .iter()
            .zip(&test.output)
            .position(|(found, expected)| found != expected)
        {
            Some(byte) => Err(DeviceError::SelfTest(byte)),
            None => Ok(()),
        }
    }

    /// Marks the device unhealthy. The rings are as dangerous as the job's buffers from then on.
    fn condemn(&self, state: &mut State, fault: &DeviceError) {
        if let Some(queue) = state.queue.take() {
            queue
                .into_buffers()
                .into_iter()
                .for_each(|buffer| state.pool.quarantine(buffer));
        }
        if !matches!(state.health, Health::Dead(_)) {
            if state.health.is_healthy() {
                add(&self.counters.faults, 1);
            }
            state.health = Health::after(fault);
        }
    }

    /// Submits one entry and waits for its completion. The buffers are the ones that the card may
    /// touch: they come back only from a card that kept to the rules.
    fn transact(
        &self,
        state: &mut State,
        submission: Submission,
        buffers: Vec<DmaBuffer>,
    ) -> Result<(Completion, Vec<DmaBuffer>), DeviceError> {
        let timeout = self.options.timeout;
        let queue = state.queue.as_mut().ok_or(DeviceError::Dead)?;
        let pushed = queue.push(submission);
        debug_assert!(pushed.is_some(), "jobs go one by one through an empty ring");
        queue.ring_doorbell();
        let outcome = queue
            .wait(Instant::now() + timeout, timeout)
            .and_then(|completion| {
                // With nothing outstanding, any further completion is one too many.
                if queue.waiting() == 0 && queue.has_completion() {
                    queue.poll()?;
                }
                match Status::from_bits(completion.status) {
                    Some(Status::Ok) => Ok(completion),
                    Some(status) => Err(DeviceError::Job {
                        status,
                        detail: completion.detail,
                    }),
                    None => Err(DeviceError::UnknownStatus(completion.status)),
                }
            });
        match outcome {
            Ok(completion) => {
                add(&self.counters.jobs, 1);
                Ok((completion, buffers))
            }
            Err(fault) if fault.condemns() => {
                buffers
                    .into_iter()
                    .for_each(|buffer| state.pool.quarantine(buffer));
                self.condemn(state, &fault);
                Err(fault)
            }
            Err(refusal) => {
                buffers.into_iter().for_each(|buffer| state.pool.give(buffer));
                Err(refusal)
            }
        }
    }

    fn load(&self, state: &mut State, bytes: &[u8]) -> Result<Place, DeviceError> {
        let size = bytes.len() as u64;
        limit("bytes to load", size, MAX_TRANSFER_BYTES)?;
        let address = state
            .memory
            .allocate(size)
            .ok_or(DeviceError::CardMemoryFull(size))?;
        let Some(handle) = state.handles.take() else {
            state.memory.free(address, size);
            return Err(DeviceError::HandlesExhausted(self.capabilities.max_handles));
        };
        let place = Place {
            handle,
            address,
            bytes: size,
            boot_generation: state.boot_generation,
        };
        let loaded = state
            .pool
            .take(&self.transport, bytes.len())
            .map_err(DeviceError::from)
            .and_then(|buffer| {
                buffer.copy_in(0, bytes);
                let submission = Submission {
                    opcode: Opcode::LoadResident as u8,
                    data_handle: handle,
                    input: buffer.iova().0,
                    card_address: address,
                    card_bytes: size,
                    ..Submission::default()
                };
                self.transact(state, submission, vec![buffer])
            });
        match loaded {
            Ok((_, buffers)) => {
                buffers.into_iter().for_each(|buffer| state.pool.give(buffer));
                add(&self.counters.to_card, size);
                Ok(place)
            }
            Err(error) => {
                state.memory.free(address, size);
                state.handles.give(handle);
                Err(error)
            }
        }
    }

    fn evict(&self, state: &mut State, place: Place) -> Result<(), DeviceError> {
        let submission = Submission {
            opcode: Opcode::Evict as u8,
            data_handle: place.handle,
            ..Submission::default()
        };
        self.transact(state, submission, Vec::new())?;
        state.memory.free(place.address, place.bytes);
        state.handles.give(place.handle);
        Ok(())
    }

    fn handle(&self, state: &State, resident: &Resident) -> Result<u32, DeviceError> {
        let ours = resident
            .owner
            .upgrade()
            .is_none_or(|owner| std::ptr::eq(&*owner, self));
        if ours && resident.place.boot_generation == state.boot_generation {
            Ok(resident.place.handle)
        } else {
            Err(DeviceError::StaleResident)
        }
    }

    fn run(&self, state: &mut State, job: &RunJob<'_>) -> Result<Vec<Vec<u8>>, DeviceError> {
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
        let to_card = (input_bytes as u64).saturating_mul(count as u64);
        let from_card = (job.output_bytes as u64).saturating_mul(count as u64);
        limit("input bytes", to_card, MAX_TRANSFER_BYTES)?;
        limit("output bytes", from_card, MAX_TRANSFER_BYTES)?;
        let program_handle = self.handle(state, job.program)?;
        let data_handle = job.data.map_or(Ok(NO_HANDLE), |data| self.handle(state, data))?;

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
                program_handle,
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
            let (_, buffers) = self.transact(state, submission, vec![input, output])?;
            let size = job.output_bytes;
            let outputs = (0..count)
                .map(|index| buffers[1].copy_out(index * size, size))
                .collect();
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

    fn keccak(&self, state: &mut State, messages: &[&[u8]]) -> Result<Vec<[u8; 32]>, DeviceError> {
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
        limit("bytes to hash", bytes, MAX_TRANSFER_BYTES)?;
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
        let (_, buffers) = self.transact(state, submission, vec![input, output])?;
        let digests = buffers[1].copy_out(0, count * keccak::DIGEST_BYTES);
        buffers.into_iter().for_each(|buffer| state.pool.give(buffer));
        add(&self.counters.to_card, batch.len() as u64);
        add(&self.counters.from_card, digests.len() as u64);
        Ok(digests.as_chunks().0.to_vec())
    }

    fn nops(&self, state: &mut State, count: usize) -> Result<(), DeviceError> {
        let queue = state.queue.as_mut().ok_or(DeviceError::Dead)?;
        match send_nops(queue, count, self.options.timeout) {
            Ok(()) => {
                add(&self.counters.nops, count as u64);
                Ok(())
            }
            Err(fault) => {
                self.condemn(state, &fault);
                Err(fault)
            }
        }
    }

    fn reset(&self, state: &mut State) -> Result<(), DeviceError> {
        if let Health::Dead(_) = state.health {
            return Err(DeviceError::Dead);
        }
        let verdict = self.reset_card(state);
        match &verdict {
            Ok(boot_generation) => {
                // The old rings are the card's no longer either.
                state.queue = None;
                state.pool.release_quarantine();
                state.boot_generation = *boot_generation;
                state.memory = CardMemory::new(self.capabilities.card_memory_bytes);
                state.handles = Handles::new(self.capabilities.max_handles);
                self.dropped
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clear();
                add(&self.counters.resets, 1);
            }
            Err(fault) => {
                self.condemn(state, fault);
                if let Health::Dead(_) = state.health {
                    add(&self.counters.leaked, state.pool.leak_quarantine() as u64);
                }
            }
        }
        verdict.map(|_| ())
    }

    /// Gives the new boot generation.
    fn reset_card(&self, state: &State) -> Result<u32, DeviceError> {
        let read = |register| self.transport.read32(register);
        if read(reg::MAGIC) == reg::ALL_ONES {
            return Err(self
                .transport
                .failure()
                .map_or(DeviceError::Dead, DeviceError::from));
        }
        self.transport.write32(reg::CONTROL, reg::CONTROL_RESET);
        let deadline = Instant::now() + self.options.reset_timeout;
        loop {
            let generation = read(reg::BOOT_GENERATION);
            if generation == reg::ALL_ONES {
                return Err(DeviceError::Dead);
            }
            if generation != state.boot_generation {
                break;
            }
            if Instant::now() >= deadline {
                return Err(DeviceError::ResetUnacknowledged(self.options.reset_timeout));
            }
            std::thread::sleep(Duration::from_micros(50));
        }
        let (capabilities, generation) = handshake(&*self.transport, &self.options)?;
        if capabilities == self.capabilities {
            Ok(generation)
        } else {
            Err(DeviceError::CapabilitiesChanged)
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Memory that an unanswered job may still write is never unmapped under the card.
        state.pool.leak_quarantine();
        if state.health.is_healthy() {
            self.transport
                .write32(reg::queue_register(0, reg::queue::ENABLE), 0);
        }
    }
}

fn limit(what: &'static str, asked: u64, limit: u64) -> Result<(), DeviceError> {
    if asked <= limit {
        Ok(())
    } else {
        Err(DeviceError::TooLarge { what, asked, limit })
    }
}

/// Sends NOPs through a pair in groups, and waits until none is outstanding.
fn send_nops(queue: &mut QueuePair, count: usize, timeout: Duration) -> Result<(), DeviceError> {
    let nop = Submission {
        opcode: Opcode::Nop as u8,
        ..Submission::default()
    };
    let deadline = Instant::now() + timeout;
    let mut left = count;
    let mut group = FIRST_GROUP;
    while left > 0 {
        let mut pushed = 0;
        while pushed < group.min(left) && queue.push(nop).is_some() {
            pushed += 1;
        }
        left -= pushed;
        group = (group * 2).min(LAST_GROUP);
        queue.ring_doorbell();
        // Completions are looked at only when the ring is full or all is submitted: polling lines
        // that the card is about to write slows both sides down.
        if pushed == 0 {
            accept_nop(queue.wait(deadline, timeout)?)?;
            while let Some(completion) = queue.poll()? {
                accept_nop(completion)?;
            }
        }
    }
    while queue.waiting() > 0 {
        accept_nop(queue.wait(deadline, timeout)?)?;
        while let Some(completion) = queue.poll()? {
            accept_nop(completion)?;
        }
    }
    // With nothing outstanding, any further completion is one too many.
    if queue.has_completion() {
        queue.poll().map(|_| ())
    } else {
        Ok(())
    }
}

#[inline]
fn accept_nop(completion: Completion) -> Result<(), DeviceError> {
    match Status::from_bits(completion.status) {
        Some(Status::Ok) => Ok(()),
        Some(status) => Err(DeviceError::Job {
            status,
            detail: completion.detail,
        }),
        None => Err(DeviceError::UnknownStatus(completion.status)),
    }
}
