//! Programs that a card refuses, and what the driver does not send it.

use super::*;

fn status(card: &mut Raw, instructions: &[(Dependencies, Operation)]) -> (Status, u32) {
    let instructions = instructions.iter().map(|&(dependencies, operation)| Instruction {
        dependencies,
        operation,
    });
    card.run(&Program::new(instructions).unwrap().to_bytes(), 64)
}

#[test]
fn bad_programs_get_their_status_and_do_no_harm() {
    let board = programs();
    let shape = board.capabilities.geometry;
    let mut card = Raw::new(board);
    let none = Dependencies::default();
    let pops = Dependencies {
        pop_prev: true,
        ..none
    };
    assert_eq!(
        status(&mut card, &[(pops, Operation::Nop(Module::Compute))]),
        (Status::Deadlock, 0)
    );
    let pushes = Dependencies {
        push_next: true,
        ..none
    };
    assert_eq!(
        status(&mut card, &[(pushes, Operation::Nop(Module::Load))]).0,
        Status::TokenImbalance
    );
    let load = |space, offset, row_stride, base, dtype| {
        let from = Walk {
            space,
            offset,
            row_stride,
            col_stride: 1,
            dtype,
        };
        let to = Lanes { base, ..matrix(2, 4) };
        (
            none,
            Operation::Load(Load {
                buffer: Buffer::Acc,
                to,
                from,
                zero_point: 0,
            }),
        )
    };
    let mut first = |instruction| status(&mut card, &[instruction]);
    assert_eq!(
        first(load(Space::Input, 57, 4, 0, Dtype::U8)),
        (Status::OutOfBounds, 0)
    );
    assert_eq!(
        first(load(Space::Input, 0, -1, 0, Dtype::U8)),
        (Status::OutOfBounds, 0)
    );
    assert_eq!(
        first(load(Space::Input, 0, i32::MIN, 0, Dtype::U8)),
        (Status::OutOfBounds, 0)
    );
    assert_eq!(
        first(load(Space::Input, (1 << 48) - 1, i32::MAX, 0, Dtype::I32)),
        (Status::OutOfBounds, 0)
    );
    assert_eq!(
        first(load(Space::Resident, 0, 0, 0, Dtype::U8)),
        (Status::OutOfBounds, 0)
    );
    assert_eq!(
        first(load(Space::Input, 0, 0, shape.acc_tiles as u16, Dtype::U8)),
        (Status::InvalidOperand, 0)
    );
    let record = burst(Buffer::Param, 0, 1, Space::Input, 0, Dtype::U8);
    assert_eq!(
        first((none, Operation::LoadTiles(record))),
        (Status::InvalidRecord, 0)
    );
    // Bursts that end past the 64 bytes of the input, which are a tile, or past the scratchpad.
    let whole = |dtype: &Dtype| shape.tile_bytes(Buffer::Acc, *dtype) == 64;
    let dtype = Dtype::ALL.into_iter().find(whole).unwrap();
    let at = |base, count, offset| {
        let load = burst(Buffer::Acc, base, count, Space::Input, offset, dtype);
        (none, Operation::LoadTiles(load))
    };
    assert_eq!(first(at(0, 1, 0)).0, Status::Ok);
    assert_eq!(first(at(0, 1, 8)), (Status::OutOfBounds, 0));
    assert_eq!(first(at(0, 2, 0)), (Status::OutOfBounds, 0));
    let last = shape.acc_tiles as u16 - 1;
    assert_eq!(first(at(last, 2, 0)), (Status::InvalidOperand, 0));
    let far = LoadTiles {
        rows: shape.table_count as u16 + 1,
        pitch: 1,
        from: Burst {
            offset: (1 << 48) - 8,
            row_stride: u32::MAX - 7,
            ..burst(Buffer::Acc, 0, 1, Space::Input, 0, Dtype::I32).from
        },
        ..burst(Buffer::Table, 0, 1, Space::Input, 0, Dtype::I32)
    };
    assert_eq!(
        first((none, Operation::LoadTiles(far))),
        (Status::InvalidOperand, 0),
        "more tables than there are"
    );
    let far = LoadTiles { rows: 2, ..far };
    assert_eq!(first((none, Operation::LoadTiles(far))), (Status::OutOfBounds, 0));
}

#[test]
fn a_card_refuses_more_work_than_it_grants() {
    let mut sim = small();
    sim.capabilities.work_budget = MIN_WORK_BUDGET;
    let mut card = Raw::new(sim);
    let endless = Gemm {
        m_tiles: 1,
        n_tiles: 1,
        k_tiles: u16::MAX,
        ..Gemm::default()
    };
    assert_eq!(
        status(&mut card, &[(Dependencies::default(), Operation::Gemm(endless))]),
        (Status::BudgetExceeded, 0)
    );
}

/// Units of the budget for two tiles that are multiplied.
fn cost_of_a_product(shape: &Geometry) -> u64 {
    16 + u64::from(shape.tile_rows) * u64::from(shape.tile_cols) * u64::from(shape.tile_depth)
}

#[test]
fn a_program_over_budget_is_not_sent_and_one_that_is_wrong_condemns_the_card() {
    let mut sim = small();
    sim.capabilities.work_budget = MIN_WORK_BUDGET;
    let (device, _) = open(sim, Options::default()).unwrap();
    let of = |operation| {
        let dependencies = Dependencies::default();
        Program::new([Instruction {
            dependencies,
            operation,
        }])
        .unwrap()
    };
    let endless = Gemm {
        m_tiles: 1,
        n_tiles: 1,
        k_tiles: u16::MAX,
        ..Gemm::default()
    };
    assert!(matches!(
        run(&device, &of(Operation::Gemm(endless)), &[], 0),
        Err(DeviceError::TooLarge {
            what: "units of work",
            limit: MIN_WORK_BUDGET,
            ..
        })
    ));
    assert!(device.health().is_healthy());
    // The items of a job count together.
    let product = cost_of_a_product(&device.capabilities().geometry);
    let half = Gemm {
        k_tiles: (MIN_WORK_BUDGET * 3 / 4 / product) as u16,
        ..endless
    };
    let program = device.load_program(&of(Operation::Gemm(half))).unwrap();
    let items = |inputs| {
        device.run(&RunJob {
            program: &program,
            data: None,
            state: None,
            workspace_bytes: 0,
            inputs,
            output_bytes: 0,
            dtype_in: Dtype::U8,
            dtype_out: Dtype::U8,
        })
    };
    assert!(items(&[&[]]).is_ok());
    assert!(matches!(items(&[&[], &[]]), Err(DeviceError::TooLarge { .. })));
    let outside = Fill {
        buffer: Buffer::A,
        base: u16::MAX,
        tiles: 1,
        value: 0,
    };
    let refused = DeviceError::Job {
        status: Status::InvalidOperand,
        detail: 0,
    };
    assert_eq!(run(&device, &of(Operation::Fill(outside)), &[], 0), Err(refused));
    assert!(!device.health().is_healthy());
    device.reset().unwrap();
    device.nop_batch(1).unwrap();
}

#[test]
fn what_the_card_would_refuse_is_not_sent() {
    let mut sim = small();
    sim.capabilities.max_program_instructions = 40;
    let (device, faults) = open(sim.clone(), Options::default()).unwrap();
    let long = device.load_resident(&[0; 42 * 32]).unwrap();
    let fitting = device.load_resident(&[0; 41 * 32]).unwrap();
    let job = |program, bytes: usize, dtype_out| {
        device.run(&RunJob {
            program,
            data: None,
            state: None,
            workspace_bytes: 0,
            inputs: &[&[]],
            output_bytes: bytes,
            dtype_in: Dtype::U8,
            dtype_out,
        })
    };
    let sent = faults.entries();
    assert!(matches!(
        job(&long, 4, Dtype::I32),
        Err(DeviceError::TooLarge {
            asked: 41,
            limit: 40,
            ..
        })
    ));
    assert!(matches!(
        job(&fitting, 7, Dtype::I16),
        Err(DeviceError::PartialElement { bytes: 7, .. })
    ));
    assert_eq!(faults.entries(), sent);
    assert!(device.health().is_healthy());
    sim.capabilities.features &= !metisvm_firmware::registers::features::TENSOR;
    let (device, _) = open(sim, Options::default()).unwrap();
    let program = device.load_resident(&[0; 32]).unwrap();
    let job = RunJob {
        program: &program,
        data: None,
        state: None,
        workspace_bytes: 0,
        inputs: &[&[]],
        output_bytes: 0,
        dtype_in: Dtype::U8,
        dtype_out: Dtype::U8,
    };
    assert_eq!(device.run(&job), Err(DeviceError::NoEngine("tensor")));
    assert!(device.health().is_healthy());
}

#[test]
fn random_bytes_are_no_program_and_do_no_harm() {
    let mut card = Raw::new(small());
    let mut random = Random(11);
    let opcodes: [&[u8]; 3] = [&[1, 2, 3, 7], &[1, 4, 5], &[1, 6, 8]];
    for round in 0..300 {
        // A right header and opcodes most of the time, so that the later checks are reached too.
        let lengths = [random.below(4), random.below(4), random.below(4)];
        let mut bytes: Vec<u8> = [
            lengths[0] as u32,
            lengths[1] as u32,
            lengths[2] as u32,
            0,
            0,
            0,
            0,
            0,
        ]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
        for (length, opcodes) in lengths.into_iter().zip(opcodes) {
            for _ in 0..length {
                let mut instruction = random.bytes(32);
                instruction[0] = opcodes[random.below(opcodes.len())];
                instruction[1] &= 0x0f;
                bytes.extend(instruction);
            }
        }
        if round % 50 == 0 {
            let at = random.below(bytes.len());
            bytes.truncate(at + 1);
        }
        assert_ne!(card.run(&bytes, 16).0, Status::Ok);
    }
}
