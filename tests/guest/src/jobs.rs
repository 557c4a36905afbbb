//! The driver over VFIO.

use alloy_primitives::keccak256;
use metisvm_driver::vfio::Bdf;
use metisvm_driver::{Device, DeviceError, Options, Vfio};
use std::thread;
use std::time::{Duration, Instant};

/// What a sound card needs on a processor that is emulated, many times over.
const TIMEOUT: Duration = Duration::from_secs(3);

fn open(bdf: Bdf) -> Result<Device, String> {
    let link = Vfio::open(bdf).map_err(|error| error.to_string())?;
    let options = Options {
        timeout: TIMEOUT,
        reset_timeout: TIMEOUT,
        ..Options::default()
    };
    // The handshake, and the self-test: a RUN whose output is known.
    Device::open(Box::new(link), options).map_err(|error| error.to_string())
}

fn hash(device: &Device, message: &[u8]) -> Result<(), DeviceError> {
    if device.keccak(&[message])? == [keccak256(message).0] {
        Ok(())
    } else {
        Err(DeviceError::WrongResult(format!(
            "the hash of {} bytes",
            message.len()
        )))
    }
}

fn failed(error: DeviceError) -> String {
    error.to_string()
}

/// Jobs of every kind, some of them side by side, all answered rightly.
pub(crate) fn jobs(bdf: Bdf) -> Result<String, String> {
    let device = open(bdf)?;
    device.nop_batch(500).map_err(failed)?;
    for length in [0, 1, 135, 136, 4096, 1 << 20] {
        hash(&device, &vec![length as u8; length]).map_err(failed)?;
    }
    for _ in 0..10 {
        device.load_resident(&[7; 8192]).map_err(failed)?;
    }
    thread::scope(|scope| {
        let hashes = |seed: usize| {
            let messages: Vec<_> = (0..16).map(|index| format!("{seed} {index}")).collect();
            let running = messages
                .iter()
                .map(|message| device.submit_keccak(&[message.as_bytes()]));
            let running = running.collect::<Result<Vec<_>, _>>().map_err(failed)?;
            for (running, message) in running.into_iter().zip(&messages) {
                if running.wait().map_err(failed)? != [keccak256(message).0] {
                    return Err(format!("the hash of {message:?} is wrong"));
                }
            }
            Ok(())
        };
        let threads: Vec<_> = (0..3).map(|seed| scope.spawn(move || hashes(seed))).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".into())))
    })?;
    let mut times: Vec<_> = (0..100)
        .map(|_| {
            let start = Instant::now();
            device.nop_batch(1).map(|()| start.elapsed())
        })
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    times.sort();
    let counters = device.counters();
    if counters.faults != 0 {
        return Err(format!("{counters:?}"));
    }
    Ok(format!(
        "{} jobs; a NOP and back takes {:?} (p50)",
        counters.jobs,
        times[times.len() / 2]
    ))
}

/// The first job after the self-test is never answered, nor anything else until a reset.
pub(crate) fn hang(bdf: Bdf) -> Result<String, String> {
    let device = open(bdf)?;
    let start = Instant::now();
    let outcome = hash(&device, b"lost");
    let noticed = start.elapsed();
    if outcome != Err(DeviceError::Timeout(TIMEOUT)) {
        return Err(format!("the job of a card that hangs: {outcome:?}"));
    }
    let start = Instant::now();
    device.reset().map_err(failed)?;
    hash(&device, b"works").map_err(failed)?;
    if device.quarantined_bytes() != 0 {
        return Err("the reset did not free the quarantine".into());
    }
    Ok(format!(
        "noticed after {noticed:?}, mended in {:?}",
        start.elapsed()
    ))
}
