//! Several jobs in flight on one device, and what becomes of them when the card does not answer one.

use crate::support::{Random, open, programs, small};
use metisvm_driver::{Device, DeviceError, Health, Options, Resident, RunJob, Running};
use metisvm_firmware::{Dependencies, Dtype, Instruction, Module, Operation, Program};
use metisvm_sim::{Fault, FaultPlan, Trigger};
use sha3::{Digest, Keccak256};
use std::thread;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(1);

fn options() -> Options {
    Options {
        timeout: TIMEOUT,
        reset_timeout: TIMEOUT,
        ..Options::default()
    }
}

fn device() -> (Device, FaultPlan) {
    open(small(), options()).unwrap()
}

/// One that runs programs.
fn tensor_device() -> (Device, FaultPlan) {
    open(programs(), options()).unwrap()
}

/// One that is waited for while it loads all of its memory.
fn patient_device() -> (Device, FaultPlan) {
    let options = Options {
        timeout: 60 * TIMEOUT,
        ..options()
    };
    open(small(), options).unwrap()
}

/// A hash in flight, and what is to come of it.
struct Hash {
    running: Running<Vec<[u8; 32]>>,
    expected: [u8; 32],
}

impl Hash {
    fn submit(device: &Device, text: &str) -> Result<Self, DeviceError> {
        Ok(Self {
            running: device.submit_keccak(&[text.as_bytes()])?,
            expected: Keccak256::digest(text).into(),
        })
    }

    fn wait(self) -> Result<(), DeviceError> {
        assert_eq!(self.running.wait()?, [self.expected]);
        Ok(())
    }
}

/// The shortest program, and a job of it.
fn shortest(device: &Device) -> Resident {
    let nop = Instruction {
        dependencies: Dependencies::default(),
        operation: Operation::Nop(Module::Compute),
    };
    let program = Program::new([nop]).unwrap();
    device.load_program(&program).unwrap()
}

fn job(program: &Resident, workspace_bytes: u64) -> RunJob<'_> {
    RunJob {
        program,
        data: None,
        state: None,
        workspace_bytes,
        inputs: &[&[]],
        output_bytes: 0,
        dtype_in: Dtype::U8,
        dtype_out: Dtype::U8,
    }
}

#[test]
fn jobs_are_collected_in_any_order() {
    let (device, faults) = device();
    // The first answer comes last.
    faults.arm(Trigger::Run(0), Fault::Late(Duration::from_millis(50)));
    let mut hashes: Vec<Hash> = (0..50)
        .map(|index| Hash::submit(&device, &format!("message {index}")).unwrap())
        .collect();
    assert!(device.counters().in_flight >= 1);
    for index in [49, 0, 20, 3, 11] {
        hashes.remove(index.min(hashes.len() - 1)).wait().unwrap();
    }
    for hash in hashes {
        hash.wait().unwrap();
    }
    let counters = device.counters();
    assert!(counters.most_in_flight >= 2, "{counters:?}");
    assert_eq!((counters.in_flight, counters.faults), (0, 0));
}

#[test]
fn polling_gives_nothing_then_the_outcome_and_then_says_that_it_was_collected() {
    let (device, faults) = device();
    faults.arm(Trigger::Run(0), Fault::Late(Duration::from_millis(100)));
    let mut hash = Hash::submit(&device, "abc").unwrap();
    let mut looks = 0;
    let digests = loop {
        match hash.running.poll() {
            None => looks += 1,
            Some(outcome) => break outcome.unwrap(),
        }
        thread::yield_now();
    };
    assert!(looks > 0);
    assert_eq!(digests, [hash.expected]);
    assert_eq!(hash.running.poll(), Some(Err(DeviceError::Collected)));
    assert_eq!(hash.running.wait(), Err(DeviceError::Collected));
}

#[test]
fn a_poll_alone_gives_a_job_up_when_its_time_is_up() {
    let (device, faults) = device();
    faults.arm(Trigger::Run(0), Fault::Silent);
    let mut hash = Hash::submit(&device, "lost").unwrap();
    let start = Instant::now();
    while hash.running.poll() != Some(Err(DeviceError::Timeout(TIMEOUT))) {
        assert!(start.elapsed() < 5 * TIMEOUT);
        thread::sleep(Duration::from_millis(10));
    }
    assert!(start.elapsed() >= TIMEOUT);
}

#[test]
fn a_time_out_of_one_job_does_not_condemn_the_others() {
    let (device, faults) = device();
    faults.arm(Trigger::Run(0), Fault::Silent);
    // It will be answered after the first is given up.
    faults.arm(Trigger::Run(1), Fault::Late(TIMEOUT + Duration::from_millis(400)));
    let lost = Hash::submit(&device, "lost").unwrap();
    let late = Hash::submit(&device, "late").unwrap();
    let prompt = Hash::submit(&device, "prompt").unwrap();
    prompt.wait().unwrap();
    assert_eq!(device.health(), Health::Healthy);
    assert_eq!(lost.wait(), Err(DeviceError::Timeout(TIMEOUT)));
    assert_eq!(device.health(), Health::Unhealthy(DeviceError::Timeout(TIMEOUT)));
    let refused = Hash::submit(&device, "new").map(|_| ());
    assert!(
        matches!(refused, Err(DeviceError::OutOfService(_))),
        "{refused:?}"
    );
    assert!(
        device.quarantined_bytes() > 0,
        "the card may still write its buffer"
    );
    late.wait().unwrap();
    let counters = device.counters();
    assert_eq!((counters.faults, counters.in_flight), (1, 0));
    device.reset().unwrap();
    assert_eq!(device.quarantined_bytes(), 0);
    Hash::submit(&device, "new").unwrap().wait().unwrap();
}

#[test]
fn a_late_answer_takes_the_buffer_out_of_quarantine() {
    let (device, faults) = device();
    for (run, late) in [(0, 300), (1, 600)] {
        let fault = Fault::Late(TIMEOUT + Duration::from_millis(late));
        faults.arm(Trigger::Run(run), fault);
    }
    let late = Hash::submit(&device, "late").unwrap();
    let later = Hash::submit(&device, "later").unwrap();
    assert_eq!(late.wait(), Err(DeviceError::Timeout(TIMEOUT)));
    assert!(device.quarantined_bytes() > 0);
    later.wait().unwrap();
    assert_eq!(device.quarantined_bytes(), 0);
    assert!(!device.health().is_healthy(), "only a reset helps");
    device.reset().unwrap();
}

#[test]
fn a_card_that_hangs_costs_two_time_outs_however_many_wait() {
    let (device, faults) = device();
    faults.arm(Trigger::Run(0), Fault::Hang);
    let start = Instant::now();
    let hashes: Vec<Hash> = (0..40).map(|_| Hash::submit(&device, "x").unwrap()).collect();
    thread::scope(|scope| {
        for hash in hashes {
            scope.spawn(|| assert_eq!(hash.wait(), Err(DeviceError::Timeout(TIMEOUT))));
        }
    });
    assert!(start.elapsed() < 4 * TIMEOUT, "{:?}", start.elapsed());
    device.reset().unwrap();
    Hash::submit(&device, "x").unwrap().wait().unwrap();
}

#[test]
fn a_broken_rule_fails_all_jobs_in_flight_with_its_name() {
    let (device, faults) = device();
    faults.arm(Trigger::Run(0), Fault::Late(Duration::from_millis(200)));
    faults.arm(Trigger::Run(1), Fault::WrongSequence);
    let sound = Hash::submit(&device, "sound").unwrap();
    let wrong = Hash::submit(&device, "wrong").unwrap();
    for hash in [sound, wrong] {
        let error = hash.wait().unwrap_err();
        assert!(matches!(error, DeviceError::UnexpectedSequence(_)), "{error}");
    }
    assert_eq!(device.counters().faults, 1);
    device.reset().unwrap();
}

#[test]
fn a_full_ring_makes_the_submitter_wait() {
    for ring_entries_log2 in 1..4 {
        let options = Options {
            ring_entries_log2,
            ..options()
        };
        let (device, _) = open(small(), options).unwrap();
        let hashes: Vec<Hash> = (0..100)
            .map(|index| Hash::submit(&device, &format!("{index}")).unwrap())
            .collect();
        for hash in hashes {
            hash.wait().unwrap();
        }
    }
}

#[test]
fn a_full_ring_before_a_card_that_hangs_is_no_endless_wait() {
    let options = Options {
        ring_entries_log2: 1,
        ..options()
    };
    let (device, faults) = open(small(), options).unwrap();
    faults.arm(Trigger::Run(0), Fault::Hang);
    let _first = Hash::submit(&device, "1").unwrap();
    let _second = Hash::submit(&device, "2").unwrap();
    let refused = Hash::submit(&device, "3").map(|_| ());
    assert!(
        matches!(refused, Err(DeviceError::OutOfService(_))),
        "{refused:?}"
    );
}

#[test]
fn a_dropped_job_gives_its_memory_back_when_it_is_answered() {
    let (device, _) = patient_device();
    for round in 0..2000 {
        drop(device.submit_keccak(&[&[7; 5000]]).unwrap());
        if round % 100 == 0 {
            drop(device.submit_load(&[1; 4096]).unwrap());
        }
    }
    Hash::submit(&device, "after").unwrap().wait().unwrap();
    // What was loaded for nobody is evicted with the next jobs: all of the card's memory is free again.
    Hash::submit(&device, "after").unwrap().wait().unwrap();
    device
        .load_resident(&vec![0; small().capabilities.card_memory_bytes as usize])
        .unwrap();
    assert_eq!(device.counters().in_flight, 0);
    assert_eq!(device.quarantined_bytes(), 0);
}

#[test]
fn what_was_loaded_for_an_owner_who_went_away_is_evicted() {
    let (device, _) = patient_device();
    // Of the first generation, and of a later one.
    for _ in 0..2 {
        let running = device.submit_load(&[1; 4096]).unwrap();
        device.nop_batch(1).unwrap();
        // It is answered by now, and nobody has collected it.
        drop(running);
        let all = vec![0; small().capabilities.card_memory_bytes as usize];
        drop(device.load_resident(&all).unwrap());
        device.reset().unwrap();
    }
}

#[test]
fn resident_memory_that_a_job_reads_is_not_evicted_before_its_answer() {
    let (device, faults) = tensor_device();
    let program = shortest(&device);
    faults.arm(Trigger::Run(0), Fault::Late(Duration::from_millis(300)));
    let before = faults.jobs();
    let running = device.submit(&job(&program, 0)).unwrap();
    drop(program);
    Hash::submit(&device, "meanwhile").unwrap().wait().unwrap();
    assert_eq!(faults.jobs() - before, 2, "a run and a hash");
    assert_eq!(running.wait().unwrap(), [Vec::<u8>::new()]);
    Hash::submit(&device, "afterwards").unwrap().wait().unwrap();
    assert_eq!(faults.jobs() - before, 4, "an eviction and a hash");
}

#[test]
fn a_workspace_in_use_is_not_given_to_another_job() {
    let (device, faults) = tensor_device();
    let program = shortest(&device);
    let most_of_it = programs().capabilities.card_memory_bytes / 3 * 2;
    faults.arm(Trigger::Run(0), Fault::Late(Duration::from_millis(200)));
    let start = Instant::now();
    let first = device.submit(&job(&program, most_of_it)).unwrap();
    let second = device.submit(&job(&program, most_of_it)).unwrap();
    assert!(
        start.elapsed() >= Duration::from_millis(200),
        "it waited for room"
    );
    first.wait().unwrap();
    second.wait().unwrap();
    // With nothing in flight that would give room, there is nothing to wait for.
    let start = Instant::now();
    let all = programs().capabilities.card_memory_bytes;
    let full = device.submit(&job(&program, all)).map(|_| ());
    assert_eq!(full, Err(DeviceError::CardMemoryFull(all)));
    assert!(start.elapsed() < TIMEOUT / 2);
}

#[test]
fn a_reset_lets_jobs_in_flight_finish_and_takes_no_new_ones() {
    let (device, faults) = device();
    faults.arm(Trigger::Run(0), Fault::Late(Duration::from_millis(400)));
    let before = device.boot_nonce();
    let hash = Hash::submit(&device, "under way").unwrap();
    thread::scope(|scope| {
        let reset = scope.spawn(|| device.reset());
        thread::sleep(Duration::from_millis(100));
        let refused = Hash::submit(&device, "new").map(|_| ());
        assert!(
            matches!(refused, Err(DeviceError::OutOfService(_))),
            "{refused:?}"
        );
        reset.join().unwrap().unwrap();
    });
    hash.wait().unwrap();
    assert_ne!(device.boot_nonce(), before);
    Hash::submit(&device, "new").unwrap().wait().unwrap();
}

/// Threads that do everything at once. A lost wake-up shows as a sleep until the time-out, which is a
/// minute here.
#[test]
fn many_threads_wait_and_no_wake_up_is_lost() {
    for (ring_entries_log2, threads) in [(1, 8), (2, 3), (10, 8)] {
        let options = Options {
            timeout: Duration::from_secs(60),
            ring_entries_log2,
            ..Options::default()
        };
        let (device, _) = open(programs(), options).unwrap();
        let start = Instant::now();
        thread::scope(|scope| {
            for seed in 0..threads {
                let device = &device;
                scope.spawn(move || work(device, Random(seed)));
            }
        });
        assert!(start.elapsed() < Duration::from_secs(50), "{:?}", start.elapsed());
        // Nobody waits for dropped jobs, whose pairs may be other than this thread's.
        while device.counters().in_flight > 0 {
            assert!(
                start.elapsed() < Duration::from_secs(50),
                "{:?}",
                device.counters()
            );
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(device.counters().faults, 0);
    }
}

fn work(device: &Device, mut random: Random) {
    for round in 0..200 {
        match random.below(6) {
            0 => device.nop_batch(1 + random.below(20)).unwrap(),
            1 => drop(Hash::submit(device, "dropped").unwrap()),
            2 => {
                let program = shortest(device);
                device.run(&job(&program, 64)).unwrap();
            }
            3 => {
                let mut hash = Hash::submit(device, &format!("polled {round}")).unwrap();
                let outcome = loop {
                    if let Some(outcome) = hash.running.poll() {
                        break outcome;
                    }
                    thread::yield_now();
                };
                assert_eq!(outcome, Ok(vec![hash.expected]));
            }
            _ => {
                let mut hashes: Vec<Hash> = (0..1 + random.below(5))
                    .map(|index| Hash::submit(device, &format!("{round} {index}")).unwrap())
                    .collect();
                while !hashes.is_empty() {
                    hashes.swap_remove(random.below(hashes.len())).wait().unwrap();
                }
            }
        }
    }
}
