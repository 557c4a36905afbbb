//! Entries and queues as a hostile or broken host would write them, and hosts' cards as hostile.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::ring::QueuePair;
use metisvm_driver::{Device, DeviceError, DmaBuffer, InProcess, Options, Transport, TransportError};
use metisvm_firmware::capabilities::MAX_WORK_BUDGET;
use metisvm_firmware::port::{Activity, CardModel, HostPort, Registers};
use metisvm_firmware::registers::{self as reg, QueueState, queue, queue_register};
use metisvm_firmware::{
    Dependencies, Dtype, Gemm, Geometry, Instruction, Lanes, Module, Opcode, Operation, Program, Space,
    Status, Store, Submission, Vector, VectorOp, Walk,
};
use metisvm_sim::{FunctionalCard, SimOptions};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use support::{NONCE, Random, Raw, card, impatient, programs, small, submit};

fn transport() -> Arc<dyn Transport> {
    let transport = InProcess::start(card(small())).unwrap();
    transport.write32(reg::BOOT_NONCE, NONCE);
    Arc::new(transport)
}

fn statuses(pair: &mut QueuePair, entries: &[Submission]) -> Vec<Status> {
    submit(pair, entries)
        .into_iter()
        .map(|(status, _)| status)
        .collect()
}

fn entry(opcode: Opcode) -> Submission {
    Submission {
        opcode: opcode as u8,
        ..Submission::default()
    }
}

#[test]
fn bad_entries_get_their_status() {
    let transport = transport();
    let mut pair = QueuePair::new(&transport, 0, 4, NONCE).unwrap();
    let host = DmaBuffer::new(&transport, 4096).unwrap();
    let at = host.iova().0;
    let load = |data_handle, card_address, card_bytes| Submission {
        data_handle,
        card_address,
        card_bytes,
        input: at,
        ..entry(Opcode::LoadResident)
    };
    let found = statuses(
        &mut pair,
        &[
            Submission {
                opcode: 99,
                ..Submission::default()
            },
            Submission {
                flags: 1,
                ..entry(Opcode::Nop)
            },
            Submission {
                flags: 2,
                ..load(1, 0, 64)
            },
            load(0, 0, 64),
            load(1, 0, 64),
            load(1, 64, 64),
            load(2, 0, 64),
            load(2, 32, 64),
            load(2, small().capabilities.card_memory_bytes, 64),
            load(2, u64::MAX - 63, 64),
            load(2, 64, 8192),
        ],
    );
    let expected = [
        Status::InvalidOpcode,
        Status::InvalidField,
        Status::InvalidField,
        Status::InvalidField,
        Status::Ok,
        Status::HandleInUse,
        Status::CardMemory,
        Status::CardMemory,
        Status::CardMemory,
        Status::CardMemory,
        Status::DmaFault,
    ];
    assert_eq!(found, expected);
    let keccak = Submission {
        input: at,
        output: at,
        count: 1,
        output_bytes: 32,
        ..entry(Opcode::Keccak)
    };
    let found = statuses(
        &mut pair,
        &[
            Submission {
                data_handle: 9,
                ..entry(Opcode::Evict)
            },
            Submission {
                input_bytes: 4,
                ..keccak
            },
            Submission {
                input_bytes: u32::MAX,
                ..keccak
            },
            Submission {
                input: keccak.input + 4,
                ..keccak
            },
            Submission {
                output: keccak.output + 4,
                ..keccak
            },
        ],
    );
    let expected = [
        Status::UnknownHandle,
        Status::InvalidBatch,
        Status::InvalidField,
        Status::InvalidField,
        Status::InvalidField,
    ];
    assert_eq!(found, expected);
}

#[test]
fn bad_runs_get_their_status() {
    let mut raw = Raw::new(programs());
    let host = DmaBuffer::new(&raw.transport, 4096).unwrap();
    raw.load(&[0; 64]);
    let run = Submission {
        program_handle: 1,
        count: 1,
        input: host.iova().0,
        output: host.iova().0,
        ..entry(Opcode::Run)
    };
    let found = statuses(
        &mut raw.pair,
        &[
            Submission {
                program_handle: 9,
                ..run
            },
            Submission {
                data_handle: 9,
                ..run
            },
            run,
            Submission { count: 0, ..run },
            Submission {
                dtype_in: 3,
                input_bytes: 7,
                ..run
            },
            Submission { dtype_out: 4, ..run },
            Submission {
                input: u64::MAX - 7,
                input_bytes: 8,
                ..run
            },
            Submission {
                input: run.input + 4,
                ..run
            },
            Submission {
                output: run.output + 1,
                ..run
            },
            Submission {
                card_bytes: 64,
                ..run
            },
        ],
    );
    let expected = [
        Status::UnknownHandle,
        Status::UnknownHandle,
        Status::InvalidProgram,
        Status::InvalidField,
        Status::InvalidField,
        Status::InvalidField,
        Status::DmaFault,
        Status::InvalidField,
        Status::InvalidField,
        Status::CardMemory,
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_entry_with_another_nonce_is_not_executed() {
    let transport = transport();
    let mut pair = QueuePair::new(&transport, 0, 3, 7).unwrap();
    pair.push(entry(Opcode::Nop)).unwrap();
    pair.ring_doorbell();
    let timeout = Duration::from_secs(10);
    let error = pair.wait(Instant::now() + timeout, timeout).unwrap_err();
    assert_eq!(
        error,
        DeviceError::WrongNonce {
            expected: 7,
            found: NONCE
        }
    );
}

#[test]
fn a_card_without_a_nonce_executes_nothing_and_takes_one_nonce_only() {
    let card = InProcess::start(card(small())).unwrap();
    let transport: Arc<dyn Transport> = Arc::new(card);
    let read = || transport.read32(reg::BOOT_NONCE);
    assert_eq!(read(), 0);
    // Not even an entry that carries 0.
    let mut pair = QueuePair::new(&transport, 0, 3, 0).unwrap();
    assert_eq!(statuses(&mut pair, &[entry(Opcode::Nop)]), [Status::StaleNonce]);
    transport.write32(reg::BOOT_NONCE, reg::ALL_ONES);
    assert_eq!(read(), 0, "all ones reads as a dead card");
    transport.write32(reg::BOOT_NONCE, NONCE);
    transport.write32(reg::BOOT_NONCE, 5);
    assert_eq!(read(), NONCE);
    transport.write32(reg::CONTROL, reg::CONTROL_RESET);
    while read() != 0 {
        thread::yield_now();
    }
    transport.write32(reg::BOOT_NONCE, 5);
    assert_eq!(read(), 5);
}

#[test]
fn a_card_that_an_earlier_host_has_left_is_reset_before_use() {
    let card = InProcess::start(card(small())).unwrap();
    card.write32(reg::BOOT_NONCE, 99);
    let device = Device::open(Box::new(card), impatient()).unwrap();
    assert_ne!(device.boot_nonce(), 99);
    device.nop_batch(3).unwrap();
}

#[test]
fn cancel_takes_back_what_waits() {
    let transport = transport();
    let mut pair = QueuePair::new(&transport, 3, 4, NONCE).unwrap();
    let host = DmaBuffer::new(&transport, 4096).unwrap();
    // Sequence numbers count from 1.
    let load = Submission {
        data_handle: 1,
        card_bytes: 64,
        input: host.iova().0,
        ..entry(Opcode::LoadResident)
    };
    let cancel = |count| Submission {
        count,
        ..entry(Opcode::Cancel)
    };
    let found = statuses(&mut pair, &[load, entry(Opcode::Nop), cancel(1), cancel(77)]);
    assert_eq!(
        found,
        [Status::Cancelled, Status::Ok, Status::Ok, Status::NotFound]
    );
    assert_eq!(
        statuses(&mut pair, &[cancel(1), load]),
        [Status::NotFound, Status::Ok]
    );
}

#[test]
fn a_full_ring_refuses_and_goes_on() {
    let transport = transport();
    let mut pair = QueuePair::new(&transport, 1, 2, NONCE).unwrap();
    let timeout = Duration::from_secs(10);
    for _ in 0..50 {
        let mut pushed = 0;
        while pair.push(entry(Opcode::Nop)).is_some() {
            pushed += 1;
        }
        assert_eq!(pushed, pair.capacity());
        pair.ring_doorbell();
        for _ in 0..pushed {
            pair.wait(Instant::now() + timeout, timeout).unwrap();
        }
        assert_eq!(pair.waiting(), 0);
    }
}

fn eventually(transport: &Arc<dyn Transport>, queue: u16, state: QueueState) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while transport.read32(queue_register(queue, queue::STATE)) != state as u32 {
        assert!(
            Instant::now() < deadline,
            "queue {queue} does not become {state:?}"
        );
        thread::yield_now();
    }
}

#[test]
fn impossible_queues_stop_and_say_so() {
    let transport = transport();
    let queues = small().capabilities.max_queues as u16;
    // The second queue, so that the first is one that nobody touches.
    let index = 1 % queues;
    let disable = || {
        transport.write32(queue_register(index, queue::ENABLE), 0);
        eventually(&transport, index, QueueState::Disabled);
    };
    for (log2, base) in [(0, 0), (16, 0), (u32::MAX, 0), (4, 8), (4, u64::MAX - 63)] {
        transport.write64(queue_register(index, queue::SQ_BASE_LO), base);
        transport.write32(queue_register(index, queue::ENTRIES_LOG2), log2);
        transport.write32(queue_register(index, queue::ENABLE), 1);
        eventually(&transport, index, QueueState::InvalidConfiguration);
        disable();
    }
    // Rings in unmapped memory, and a doorbell beyond the ring.
    for (tail, state) in [(1, QueueState::DmaFault), (17, QueueState::InvalidConfiguration)] {
        transport.write64(queue_register(index, queue::SQ_BASE_LO), 64);
        transport.write64(queue_register(index, queue::CQ_BASE_LO), 64);
        transport.write32(queue_register(index, queue::ENTRIES_LOG2), 4);
        transport.write32(queue_register(index, queue::ENABLE), 1);
        eventually(&transport, index, QueueState::Running);
        transport.write32(queue_register(index, queue::SQ_TAIL), tail);
        eventually(&transport, index, state);
        disable();
    }
}

#[test]
fn random_register_writes_and_entries_do_no_harm() {
    let transport = transport();
    let mut random = Random(5);
    for _ in 0..20_000 {
        let offset = (random.below(0x2100) as u32) & !3;
        // Not CONTROL: a reset would make the rest of the test idle.
        if offset != reg::CONTROL {
            transport.write32(offset, random.next() as u32 >> random.below(32));
        }
        transport.read32(random.below(0x3000) as u32);
    }
    transport.write32(reg::CONTROL, reg::CONTROL_RESET);
    while transport.read32(reg::BOOT_NONCE) != 0 {
        thread::yield_now();
    }
    transport.write32(reg::BOOT_NONCE, NONCE);
    let mut pair = QueuePair::new(&transport, 0, 6, NONCE).unwrap();
    for _ in 0..2000 {
        let mut word = || random.next() ^ random.next() << 40;
        let words = std::array::from_fn(|_| word() >> (word() % 64));
        let noise = Submission::from_words(words);
        // Nothing random is right, but for a NOP without fields.
        let answers = submit(&mut pair, &[noise]);
        assert!(answers[0].0 != Status::Ok || noise.opcode == 0);
    }
    assert_eq!(statuses(&mut pair, &[entry(Opcode::Nop)]), [Status::Ok]);
}

/// Asks for a reset of a card that was just given this entry, and waits for it.
fn reset_interrupts(raw: &mut Raw, long: Submission) {
    raw.pair.push(long).unwrap();
    raw.pair.ring_doorbell();
    thread::sleep(Duration::from_millis(50));
    assert!(
        !raw.pair.has_completion(),
        "the job is not long enough to interrupt"
    );
    let start = Instant::now();
    raw.transport.write32(reg::CONTROL, reg::CONTROL_RESET);
    while raw.transport.read32(reg::BOOT_NONCE) != 0 {
        // A tenth of this is what a card needs on an idle machine.
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "the reset waits for the job"
        );
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_reset_interrupts_long_instructions() {
    let geometry = Geometry::MEDIUM;
    let gemm = Gemm {
        m_tiles: 32,
        n_tiles: 32,
        k_tiles: u16::MAX,
        acc_pitch: 32,
        ..Gemm::default()
    };
    let walk = Walk {
        space: Space::Output,
        offset: 0,
        row_stride: 16_000,
        col_stride: 1,
        dtype: Dtype::U8,
    };
    // Pitch 0: all rows lie in one row of tiles.
    let lanes = Lanes {
        rows: 4096,
        cols: 16_000,
        ..Lanes::default()
    };
    let store = Store {
        from: lanes,
        to: walk,
    };
    let reduce = Vector {
        op: VectorOp::ArgMax { first: true, base: 0 },
        dst: 1023,
        dst_pitch: 1,
        src: 0,
        src_pitch: 0,
        rows: 16,
        cols: 16_000,
    };
    for operations in [
        vec![Operation::Gemm(gemm)],
        vec![Operation::Store(store)],
        vec![Operation::Vector(reduce); 20_000],
    ] {
        let mut sim = SimOptions::new(geometry);
        sim.capabilities.work_budget = MAX_WORK_BUDGET;
        let mut raw = Raw::new(sim);
        let program = operations.into_iter().map(|operation| Instruction {
            dependencies: Dependencies::default(),
            operation,
        });
        raw.load(&Program::new(program).unwrap().to_bytes());
        // Writes to host memory are posted: there need be none.
        let run = Submission {
            program_handle: 1,
            count: 1,
            output_bytes: 4096 * 16_000,
            ..entry(Opcode::Run)
        };
        reset_interrupts(&mut raw, run);
    }
}

#[test]
fn a_reset_interrupts_keccak_and_its_work_is_bounded() {
    // All messages are the same bytes, and together what a job may hash.
    let (count, length) = (1 << 13, 1 << 17);
    let mut sim = programs();
    sim.capabilities.keccak_max_bytes = 1 << 30;
    let mut raw = Raw::new(sim);
    let host = DmaBuffer::new(&raw.transport, length).unwrap();
    let digests = DmaBuffer::new(&raw.transport, (count + 1) * 32).unwrap();
    let keccak = Submission {
        count: count as u32,
        input: host.iova().0,
        output: digests.iova().0,
        input_bytes: length as u32,
        output_bytes: 32,
        ..entry(Opcode::Keccak)
    };
    let describe = |length: usize| {
        for index in 0..=count {
            host.copy_in(index * 8, &((length as u64) << 32).to_le_bytes());
        }
    };
    describe(1 << 10);
    let checksum = |digests: &DmaBuffer| crc32fast::hash(&digests.copy_out(0, count * 32));
    let (status, detail) = submit(&mut raw.pair, &[keccak])[0];
    assert_eq!((status, detail), (Status::Ok, checksum(&digests)));
    describe(length);
    let one_more = Submission {
        count: count as u32 + 1,
        ..keccak
    };
    assert_eq!(
        submit(&mut raw.pair, &[one_more]),
        [(Status::BudgetExceeded, count as u32)]
    );
    reset_interrupts(&mut raw, keccak);
}

#[test]
fn outputs_are_limited_and_their_writes_are_posted() {
    let sim = programs();
    let most = sim.capabilities.max_output_bytes;
    let mut raw = Raw::new(sim);
    let nop = Instruction {
        dependencies: Dependencies::default(),
        operation: Operation::Nop(Module::Compute),
    };
    raw.load(&Program::new([nop]).unwrap().to_bytes());
    let host = DmaBuffer::new(&raw.transport, 4096).unwrap();
    let run = |output, output_bytes| Submission {
        program_handle: 1,
        count: 1,
        output,
        output_bytes,
        ..entry(Opcode::Run)
    };
    let over = run(host.iova().0, most + 1);
    assert_eq!(submit(&mut raw.pair, &[over]), [(Status::InvalidField, 5)]);
    // The card does not learn that nothing is there: the host does, by the checksum.
    host.copy_in(0, &[0x3c; 4096]);
    let (status, detail) = submit(&mut raw.pair, &[run(1 << 50, 4096)])[0];
    assert_eq!(status, Status::Ok);
    assert_ne!(detail, crc32fast::hash(&host.copy_out(0, 4096)));
    let (status, detail) = submit(&mut raw.pair, &[run(host.iova().0, 4096)])[0];
    assert_eq!(
        (status, detail),
        (Status::Ok, crc32fast::hash(&host.copy_out(0, 4096)))
    );
}

#[test]
fn a_completion_head_beyond_what_was_completed_stops_the_queue() {
    let mut raw = Raw::new(small());
    for ahead in [1_u32, 100, 0x8000, 0xffe0] {
        let mut pair = QueuePair::new(&raw.transport, 1, 4, NONCE).unwrap();
        assert_eq!(statuses(&mut pair, &[entry(Opcode::Nop); 3]), [Status::Ok; 3]);
        // What was completed may be reported.
        raw.transport.write32(queue_register(1, queue::CQ_HEAD), 3);
        assert_eq!(statuses(&mut pair, &[entry(Opcode::Nop)]), [Status::Ok]);
        raw.transport
            .write32(queue_register(1, queue::CQ_HEAD), 4 + ahead);
        eventually(&raw.transport, 1, QueueState::InvalidConfiguration);
        raw.transport.write32(queue_register(1, queue::ENABLE), 0);
        eventually(&raw.transport, 1, QueueState::Disabled);
    }
    assert_eq!(statuses(&mut raw.pair, &[entry(Opcode::Nop)]), [Status::Ok]);
}

#[test]
fn a_queue_that_is_enabled_anew_starts_at_index_0_however_fast() {
    let transport = transport();
    for round in 0..2000 {
        let mut pair = QueuePair::new(&transport, 2, 3, NONCE).unwrap();
        let entries = vec![entry(Opcode::Nop); round % 6 + 1];
        assert!(
            statuses(&mut pair, &entries)
                .iter()
                .all(|&status| status == Status::Ok)
        );
        // Without waiting until the card has seen it: the next round enables it again.
        transport.write32(queue_register(2, queue::ENABLE), 0);
    }
}

/// A card whose registers are fine, and whose logic panics or hangs.
struct Broken {
    sound: FunctionalCard,
    panics: bool,
    polls: u32,
}

impl CardModel for Broken {
    fn registers(&self) -> Arc<dyn Registers> {
        self.sound.registers()
    }

    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        self.polls += 1;
        if self.polls > 10 {
            assert!(!self.panics, "a card may fail in any way");
            thread::sleep(Duration::from_secs(3));
        }
        self.sound.poll(host)
    }
}

#[test]
fn card_that_panics_is_gone() {
    let card = Broken {
        sound: FunctionalCard::new(programs()),
        panics: true,
        polls: 0,
    };
    let transport = InProcess::start(Box::new(card)).unwrap();
    // On a busy machine the panic's backtrace alone takes longer than any other wait of these tests.
    let patient = Options {
        timeout: Duration::from_secs(10),
        ..impatient()
    };
    let error = Device::open(Box::new(transport), patient).unwrap_err();
    assert!(
        matches!(error, DeviceError::Transport(TransportError::Gone(_))),
        "{error}"
    );
}

#[test]
fn card_that_hangs_in_its_own_work_is_left_behind() {
    let card = Broken {
        sound: FunctionalCard::new(programs()),
        panics: false,
        polls: 0,
    };
    let transport = InProcess::start(Box::new(card)).unwrap();
    let start = Instant::now();
    let error = Device::open(Box::new(transport), impatient()).unwrap_err();
    assert!(matches!(error, DeviceError::Timeout(_)), "{error}");
    assert!(
        start.elapsed() < Duration::from_millis(2500),
        "dropping it waits a second, not for ever"
    );
}

#[test]
fn an_idle_card_sleeps_and_ends_at_once() {
    let transport = transport();
    thread::sleep(Duration::from_millis(20));
    let start = Instant::now();
    drop(transport);
    assert!(start.elapsed() < Duration::from_millis(500));
}
