//! Resets, of work and of what an earlier host has left.

use super::*;

#[test]
fn a_card_that_an_earlier_host_has_left_is_reset_before_use() {
    let card = InProcess::start(card(small())).unwrap();
    card.write32(reg::BOOT_NONCE, 99);
    let device = Device::open(Box::new(card), impatient()).unwrap();
    assert_ne!(device.boot_nonce(), 99);
    device.nop_batch(3).unwrap();
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
