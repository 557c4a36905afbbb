//! What the tests share.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod bench;
pub(crate) mod copies;
pub(crate) mod held;
pub(crate) mod rtl;
pub(crate) mod runs;
pub(crate) mod scripts;
pub(crate) mod seeded;
pub(crate) mod served;

use metisvm_driver::ring::QueuePair;
use metisvm_driver::{Device, DeviceError, DmaBuffer, InProcess, Options, Transport};
use metisvm_firmware::port::CardModel;
use metisvm_firmware::registers as reg;
use metisvm_firmware::{Capabilities, Geometry, Opcode, Status, Submission};
use metisvm_sim::{FaultPlan, FaultyCard, FunctionalCard, RtlOptions, SimOptions};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What most tests' card has. With `METISVM_CARD=rtl` it is the card in RTL, and has what its board has.
pub(crate) fn small() -> SimOptions {
    let sound = functional(Geometry::SMALL);
    let board = rtl::is_asked_for().then(rtl::board).flatten();
    SimOptions {
        capabilities: board.unwrap_or(sound.capabilities),
        ..sound
    }
}

/// A card for tests of tensor programs: the one in RTL if that is asked for and has an engine.
pub(crate) fn programs() -> SimOptions {
    of_geometry(small().capabilities.geometry)
}

/// A card for programs of this geometry: the one in RTL if that is asked for and its engine has it.
pub(crate) fn of_geometry(geometry: Geometry) -> SimOptions {
    let board = small();
    let has_engine = board.capabilities.features & reg::features::TENSOR != 0;
    if has_engine && board.capabilities.geometry == geometry {
        board
    } else {
        functional(geometry)
    }
}

/// A card in software with 1 MiB.
fn functional(geometry: Geometry) -> SimOptions {
    let sound = SimOptions::new(geometry);
    let capabilities = Capabilities {
        card_memory_bytes: 1 << 20,
        ..sound.capabilities
    };
    SimOptions {
        capabilities,
        poison: true,
        ..sound
    }
}

/// The card of these options: in RTL if that is asked for and they are its own, else the functional one.
pub(crate) fn card(sim: SimOptions) -> Box<dyn CardModel> {
    let own = sim.claimed.is_none()
        && (sim.magic, sim.abi_version, sim.boot_nonce) == (reg::MAGIC_VALUE, reg::ABI_VERSION_VALUE, 0);
    if own && rtl::is_asked_for() && rtl::board() == Some(sim.capabilities) {
        return Box::new(rtl::card(&RtlOptions::default()));
    }
    Box::new(FunctionalCard::new(sim))
}

/// Time-outs short enough to wait for, long enough for a loaded machine.
pub(crate) fn impatient() -> Options {
    Options {
        timeout: Duration::from_millis(300),
        reset_timeout: Duration::from_millis(300),
        ..Options::default()
    }
}

pub(crate) fn open(sim: SimOptions, options: Options) -> Result<(Device, FaultPlan), DeviceError> {
    let card = FaultyCard::new(card(sim));
    let faults = card.faults();
    let transport = InProcess::start(Box::new(card))?;
    Ok((Device::open(Box::new(transport), options)?, faults))
}

/// Submits entries at once, and gives status and detail in the order of the entries.
pub(crate) fn submit(pair: &mut QueuePair, entries: &[Submission]) -> Vec<(Status, u32)> {
    let sequences: Vec<u32> = entries.iter().map(|entry| pair.push(*entry).unwrap()).collect();
    pair.ring_doorbell();
    let timeout = Duration::from_secs(10);
    let mut answers = vec![None; entries.len()];
    for _ in entries {
        let completion = pair.wait(Instant::now() + timeout, timeout).unwrap();
        let index = sequences
            .iter()
            .position(|&sequence| sequence == completion.sequence)
            .unwrap();
        answers[index] = Some((Status::from_bits(completion.status).unwrap(), completion.detail));
    }
    answers.into_iter().map(Option::unwrap).collect()
}

/// The boot nonce of cards that no driver has opened.
pub(crate) const NONCE: u32 = 77;

/// A card without the driver's judgement: it may be given what no driver would.
pub(crate) struct Raw {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) pair: QueuePair,
}

impl Raw {
    pub(crate) fn new(sim: SimOptions) -> Self {
        Self::of(card(sim))
    }

    pub(crate) fn of(card: Box<dyn CardModel>) -> Self {
        let card = InProcess::start(card).unwrap();
        let transport: Arc<dyn Transport> = Arc::new(card);
        transport.write32(reg::BOOT_NONCE, NONCE);
        let pair = QueuePair::new(&transport, 0, 4, NONCE).unwrap();
        Self { transport, pair }
    }

    /// Loads a program as handle 1.
    pub(crate) fn load(&mut self, program: &[u8]) {
        let host = DmaBuffer::new(&self.transport, program.len()).unwrap();
        host.copy_in(0, program);
        let load = Submission {
            opcode: Opcode::LoadResident as u8,
            data_handle: 1,
            input: host.iova().0,
            card_bytes: program.len() as u64,
            ..Submission::default()
        };
        assert_eq!(submit(&mut self.pair, &[load]), [(Status::Ok, 0)]);
    }

    /// What becomes of a program on one item of zeroes, with a workspace, without data.
    pub(crate) fn run(&mut self, program: &[u8], item: u32) -> (Status, u32) {
        self.load(program);
        let host = DmaBuffer::new(&self.transport, item as usize).unwrap();
        let run = Submission {
            opcode: Opcode::Run as u8,
            program_handle: 1,
            count: 1,
            input: host.iova().0,
            output: host.iova().0,
            input_bytes: item,
            output_bytes: item,
            card_address: (program.len() as u64).next_multiple_of(64),
            card_bytes: 4096,
            ..Submission::default()
        };
        let evict = Submission {
            opcode: Opcode::Evict as u8,
            data_handle: 1,
            ..Submission::default()
        };
        let answers = submit(&mut self.pair, &[run, evict]);
        assert_eq!(answers[1], (Status::Ok, 0), "the card goes on");
        answers[0]
    }
}

/// A small generator of test data, the same on every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let x = self.0 ^ self.0 >> 29;
        x.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 16
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}
