//! The driver over the link, with the functional card at the other end.

use super::{Attach, ensure};
use alloy_primitives::keccak256;
use metisvm_driver::{Device, DeviceError, Health, Options};
use metisvm_sim::{Fault, FaultPlan, FaultyCard, FunctionalCard, SimOptions, Trigger};
use std::thread;
use std::time::{Duration, Instant};

/// What a sound card needs on a busy machine, many times over.
const TIMEOUT: Duration = Duration::from_secs(1);

fn open(attach: &Attach<'_>) -> Result<(Device, FaultPlan), String> {
    let card = FaultyCard::new(FunctionalCard::new(SimOptions::default()));
    let faults = card.faults();
    let link = attach(Box::new(card)).map_err(|error| error.to_string())?;
    let options = Options {
        timeout: TIMEOUT,
        reset_timeout: TIMEOUT,
        ..Options::default()
    };
    let device = Device::open(link, options).map_err(|error| error.to_string())?;
    Ok((device, faults))
}

fn hash(device: &Device, text: &str) -> Result<(), DeviceError> {
    let digests = device.keccak(&[text.as_bytes()])?;
    if digests == [keccak256(text).0] {
        Ok(())
    } else {
        Err(DeviceError::WrongResult(format!("the hash of {text:?}")))
    }
}

fn works(device: &Device) -> Result<(), String> {
    hash(device, "works").map_err(|error| error.to_string())
}

/// The handshake with its self-test, NOPs, batches that fill regions, resident memory.
pub(super) fn handshake_and_jobs(attach: &Attach<'_>) -> Result<u64, String> {
    let (device, _) = open(attach)?;
    device.nop_batch(3000).map_err(|error| error.to_string())?;
    for length in [0, 1, 135, 136, 137, 5000, 3 << 20] {
        let message = vec![length as u8; length];
        let digests = device.keccak(&[&message]).map_err(|error| error.to_string())?;
        ensure(digests == [keccak256(&message).0], || {
            format!("the hash of {length} bytes is wrong")
        })?;
    }
    for _ in 0..50 {
        device
            .load_resident(&[7; 4096])
            .map_err(|error| error.to_string())?;
    }
    works(&device)?;
    ensure(device.counters().faults == 0, || {
        format!("{:?}", device.counters())
    })?;
    Ok(device.counters().jobs)
}

/// Four threads with several jobs each.
pub(super) fn several_in_flight(attach: &Attach<'_>) -> Result<u64, String> {
    let (device, faults) = open(attach)?;
    faults.arm(Trigger::Run(0), Fault::Late(Duration::from_millis(20)));
    let work = |seed: usize| -> Result<(), DeviceError> {
        for round in 0..25 {
            let texts: Vec<String> = (0..8).map(|index| format!("{seed} {round} {index}")).collect();
            let running = texts.iter().map(|text| device.submit_keccak(&[text.as_bytes()]));
            let running = running.collect::<Result<Vec<_>, _>>()?;
            for (running, text) in running.into_iter().zip(&texts).rev() {
                if running.wait()? != [keccak256(text).0] {
                    return Err(DeviceError::WrongResult(text.clone()));
                }
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|seed| scope.spawn(move || work(seed))).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err("a thread panicked".into()),
        })
    })?;
    let counters = device.counters();
    ensure(counters.most_in_flight >= 2, || format!("{counters:?}"))?;
    Ok(4 * 25 * 8)
}

/// Arm, look again, sleep: answers come long after the host has gone to sleep.
pub(super) fn asleep(attach: &Attach<'_>) -> Result<u64, String> {
    let (device, faults) = open(attach)?;
    for _ in 0..10 {
        faults.arm(Trigger::Run(0), Fault::Late(Duration::from_millis(10)));
        works(&device)?;
    }
    Ok(10)
}

/// A job that is never answered, among others that are.
pub(super) fn time_outs(attach: &Attach<'_>) -> Result<u64, String> {
    let (device, faults) = open(attach)?;
    faults.arm(Trigger::Run(0), Fault::Silent);
    let lost = device
        .submit_keccak(&[b"lost"])
        .map_err(|error| error.to_string())?;
    let other = device
        .submit_keccak(&[b"other"])
        .map_err(|error| error.to_string())?;
    let other = other.wait().map_err(|error| format!("the other job: {error}"))?;
    ensure(other == [keccak256("other").0], || {
        "the other job is wrong".into()
    })?;
    let lost = lost.wait();
    ensure(lost == Err(DeviceError::Timeout(TIMEOUT)), || format!("{lost:?}"))?;
    device.reset().map_err(|error| error.to_string())?;
    ensure(device.quarantined_bytes() == 0, || {
        "the reset did not free the quarantine".into()
    })?;
    works(&device)?;
    Ok(2)
}

/// A card that hangs in its work until it is reset, three times.
pub(super) fn reset_under_work(attach: &Attach<'_>) -> Result<u64, String> {
    let (device, faults) = open(attach)?;
    for _ in 0..3 {
        faults.arm(Trigger::Run(0), Fault::Hang);
        let running = device.submit_keccak(&[b"x"]).map_err(|error| error.to_string())?;
        let before = device.boot_nonce();
        device.reset().map_err(|error| error.to_string())?;
        let outcome = running.wait();
        ensure(outcome == Err(DeviceError::Timeout(TIMEOUT)), || {
            format!("{outcome:?}")
        })?;
        ensure(device.boot_nonce() != before, || {
            "the nonce did not change".into()
        })?;
        works(&device)?;
    }
    Ok(3)
}

/// A card whose registers read all ones.
pub(super) fn dead_card(attach: &Attach<'_>) -> Result<u64, String> {
    let (device, faults) = open(attach)?;
    faults.arm(Trigger::Run(0), Fault::Dead);
    let start = Instant::now();
    let outcome = hash(&device, "x");
    ensure(outcome == Err(DeviceError::Dead), || format!("{outcome:?}"))?;
    ensure(start.elapsed() < TIMEOUT, || {
        "the driver waited for a dead card".into()
    })?;
    ensure(matches!(device.health(), Health::Dead(_)), || {
        format!("{:?}", device.health())
    })?;
    let reset = device.reset();
    ensure(reset == Err(DeviceError::Dead), || format!("{reset:?}"))?;
    Ok(1)
}
