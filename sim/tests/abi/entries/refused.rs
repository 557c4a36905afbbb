//! What an entry may not say.

use super::*;

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
