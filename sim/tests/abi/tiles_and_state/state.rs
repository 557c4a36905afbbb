//! State, and what a program leaves undefined.

use super::*;

/// Adds the item's input to the state, and gives what the state was and is.
fn counter(geometry: Geometry) -> Program {
    let mut builder = ProgramBuilder::new(geometry);
    let lane = |base| Lanes {
        base,
        pitch: 1,
        rows: 1,
        cols: 1,
        ..Lanes::default()
    };
    let load = |base, space| Load {
        buffer: Buffer::Acc,
        to: lane(base),
        from: row_major(space, 0, 1, Dtype::I32),
        zero_point: 0,
    };
    let store = |space, offset| Store {
        from: lane(0),
        to: row_major(space, offset, 1, Dtype::I32),
    };
    builder.load(load(0, Space::State)).unwrap();
    builder.load(load(1, Space::Input)).unwrap();
    builder.store(store(Space::Output, 0)).unwrap();
    builder
        .vector(Vector {
            op: VectorOp::Add,
            dst: 0,
            dst_pitch: 1,
            src: 1,
            src_pitch: 1,
            rows: 1,
            cols: 1,
        })
        .unwrap();
    builder.store(store(Space::State, 0)).unwrap();
    builder.store(store(Space::Output, 4)).unwrap();
    builder.finish().unwrap()
}

#[test]
fn state_stays_from_item_to_item_and_from_job_to_job() {
    let device = card(Geometry::SMALL);
    let program = counter(Geometry::SMALL);
    let one = device.load_state(&100_i32.to_le_bytes()).unwrap();
    let other = device.load_state(&(-5_i32).to_le_bytes()).unwrap();
    let add = |state, values: &[i32]| {
        let inputs: Vec<[u8; 4]> = values.iter().map(|v| v.to_le_bytes()).collect();
        let inputs: Vec<&[u8]> = inputs.iter().map(|v| &v[..]).collect();
        let outputs = run(&device, &program, Some(state), &inputs, 8).unwrap();
        outputs.iter().map(|output| i32s(output)).collect::<Vec<_>>()
    };
    assert_eq!(add(&one, &[1, 2, 3]), [[100, 101], [101, 103], [103, 106]]);
    assert_eq!(add(&other, &[-1]), [[-5, -6]]);
    assert_eq!(add(&one, &[0]), [[106, 106]]);
    // Without a state there is nothing to read.
    let outside = run(&device, &program, None, &[&[0; 4]], 8).unwrap_err();
    let status = Status::OutOfBounds;
    assert_eq!(outside, DeviceError::Job { status, detail: 0 });
}

#[test]
fn a_state_is_neither_data_nor_program_and_nothing_else_is_a_state() {
    let device = card(Geometry::SMALL);
    let bytes = counter(Geometry::SMALL).to_bytes();
    let as_state = device.load_state(&bytes).unwrap();
    let as_data = device.load_resident(&bytes).unwrap();
    let job = |program, data, state| {
        device.run(&RunJob {
            program,
            data,
            state,
            workspace_bytes: 0,
            inputs: &[&[0; 4]],
            output_bytes: 8,
            dtype_in: Dtype::U8,
            dtype_out: Dtype::U8,
        })
    };
    for (program, data, state) in [
        (&as_state, None, None),
        (&as_data, Some(&as_state), None),
        (&as_data, None, Some(&as_data)),
    ] {
        assert_eq!(job(program, data, state), Err(DeviceError::WrongKind));
    }
    assert!(device.health().is_healthy(), "none of them was sent");
}

#[test]
fn bytes_that_a_program_does_not_store_are_undefined() {
    let device = card(Geometry::SMALL);
    let program = counter(Geometry::SMALL);
    let state = device.load_state(&[0; 4]).unwrap();
    let output = run(&device, &program, Some(&state), &[&[0; 4]], 12).unwrap();
    assert_ne!(
        output[0][8..],
        [0; 4],
        "a poisoned card shows who relies on zeroes"
    );
}

#[test]
fn streams_of_any_lengths_do_not_block_each_other() {
    // Thousands of loads come before the first store: one stream with short queues would stop here.
    let mut sim = small();
    sim.capabilities.max_program_instructions = 1 << 14;
    // As many as card memory holds beside a workspace, if that is fewer.
    let count = 5000.min((sim.capabilities.card_memory_bytes - WORKSPACE - 4096) / 64);
    let (device, _) = open(sim, Options::default()).unwrap();
    let mut builder = ProgramBuilder::new(Geometry::SMALL);
    let lane = Lanes {
        rows: 1,
        cols: 1,
        ..Lanes::default()
    };
    for _ in 0..count {
        builder
            .load(Load {
                buffer: Buffer::Acc,
                to: lane,
                from: row_major(Space::Input, 0, 1, Dtype::I32),
                zero_point: 0,
            })
            .unwrap();
    }
    for _ in 0..count {
        builder
            .store(Store {
                from: lane,
                to: row_major(Space::Output, 0, 1, Dtype::I32),
            })
            .unwrap();
    }
    let program = builder.finish().unwrap();
    let output = run(&device, &program, None, &[&[1, 2, 3, 4]], 4).unwrap();
    assert_eq!(output[0], [1, 2, 3, 4]);
}
