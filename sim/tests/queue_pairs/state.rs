//! A state that threads on different pairs change: in the order in which they submit.

use super::{Bench, hash};
use crate::support::{impatient, programs};
use metisvm_driver::{Device, DeviceError, Options, Resident, RunJob, Running};
use metisvm_firmware::{
    Buffer, Dtype, Geometry, Lanes, Load, Program, ProgramBuilder, Space, Store, Vector, VectorOp, Walk,
};
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;

/// Gives what the state was, and adds the input to it.
fn counter(geometry: Geometry) -> Program {
    let mut builder = ProgramBuilder::new(geometry);
    let lane = |base| Lanes {
        base,
        pitch: 1,
        rows: 1,
        cols: 1,
        ..Lanes::default()
    };
    let at = |space| Walk {
        space,
        offset: 0,
        row_stride: 4,
        col_stride: 4,
        dtype: Dtype::I32,
    };
    for (base, space) in [(0, Space::State), (1, Space::Input)] {
        let load = Load {
            buffer: Buffer::Acc,
            to: lane(base),
            from: at(space),
            zero_point: 0,
        };
        builder.load(load).unwrap();
    }
    let store = |space| Store {
        from: lane(0),
        to: at(space),
    };
    builder.store(store(Space::Output)).unwrap();
    let add = Vector {
        op: VectorOp::Add,
        dst: 0,
        dst_pitch: 1,
        src: 1,
        src_pitch: 1,
        rows: 1,
        cols: 1,
    };
    builder.vector(add).unwrap();
    builder.store(store(Space::State)).unwrap();
    builder.finish().unwrap()
}

/// A device of two pairs with that program, unless its card has one queue.
fn bench() -> Option<(Bench, Resident)> {
    let sim = programs();
    if sim.capabilities.max_queues < 2 {
        return None;
    }
    let program = counter(sim.capabilities.geometry);
    let options = Options {
        queues: Some(2),
        ..impatient()
    };
    let bench = Bench::new(sim, options);
    let program = bench.device.load_program(&program).unwrap();
    Some((bench, program))
}

/// Begins to add to a state.
fn add(
    device: &Device,
    program: &Resident,
    state: &Resident,
    value: i32,
) -> Result<Running<Vec<Vec<u8>>>, DeviceError> {
    device.submit(&RunJob {
        program,
        data: None,
        state: Some(state),
        workspace_bytes: 0,
        inputs: &[&value.to_le_bytes()],
        output_bytes: 4,
        dtype_in: Dtype::I32,
        dtype_out: Dtype::I32,
    })
}

/// Jobs on the state.
const JOBS: usize = 200;
/// How many of them are in flight together.
const TOGETHER: usize = 20;

#[test]
fn jobs_on_a_state_are_done_in_the_order_of_their_submission_whoever_submits_them() {
    let Some((bench, program)) = bench() else { return };
    let device = &bench.device;
    let state = device.load_state(&[0; 4]).unwrap();
    let submit = &|value| add(device, &program, &state, value).unwrap();
    thread::scope(|scope| {
        let (ask, asked) = mpsc::channel::<i32>();
        let (give, given) = mpsc::channel();
        let asked = std::sync::Arc::new(std::sync::Mutex::new(asked));
        let other = bench.elsewhere(scope, move || {
            while let Ok(value) = asked.lock().unwrap().recv() {
                give.send(submit(value)).unwrap();
            }
        });
        let mut was = 0;
        for _ in 0..JOBS / TOGETHER {
            let jobs: Vec<_> = (1..=TOGETHER as i32)
                .map(|value| {
                    let job = if value % 2 == 0 {
                        submit(value)
                    } else {
                        ask.send(value).unwrap();
                        given.recv().unwrap()
                    };
                    (value, job)
                })
                .collect();
            for (value, job) in jobs {
                assert_eq!(job.wait().unwrap(), [i32::to_le_bytes(was)]);
                was += value;
            }
        }
        drop(ask);
        other.join().unwrap().unwrap();
    });
}

#[test]
fn a_reset_that_finds_less_memory_leaves_a_pair_that_all_share_and_states_of_others_are_stale() {
    let Some((bench, program)) = bench() else { return };
    let device = &bench.device;
    let states = thread::scope(|scope| {
        let other = bench.elsewhere(scope, || device.load_state(&[0; 4]).unwrap());
        [
            device.load_state(&[0; 4]).unwrap(),
            other.join().unwrap().unwrap(),
        ]
    });
    // The rings of one pair take 80 KiB.
    bench.memory.most.store(120 << 10, Ordering::SeqCst);
    device.reset().unwrap();
    bench.memory.most.store(usize::MAX, Ordering::SeqCst);
    assert_eq!(device.queues(), 1);
    for state in &states {
        let refused = add(device, &program, state, 1).map(drop);
        assert_eq!(refused, Err(DeviceError::StaleResident));
    }
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| hash(device, b"on the pair that is left").unwrap());
        }
    });
    device.reset().unwrap();
    assert_eq!(device.queues(), 2);
}
