//! How long it takes until each fault is noticed, and until the card is back. A measurement.
//!
//! A thread hashes one message after the other, as a user would, until something fails; then it resets the card, or
//! looks whether it answers again, until a message is hashed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::{Device, DeviceError, Health, InProcess, Options, Transport};
use metisvm_sim::{Fault, FaultPlan, FaultyCard, Trigger};
use sha3::{Digest, Keccak256};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::served::Served;
use support::{card, small};

/// Each figure is the median of so many.
const RUNS: usize = 5;
/// What a job may take, and a reset: faults that nothing else shows cost this.
const TIMEOUT: Duration = Duration::from_secs(1);
/// What is not noticed within this much work is not.
const MESSAGES: usize = 50;
/// What is not back within this time does not come back.
const GIVEN_UP: Duration = Duration::from_secs(4);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(5);

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What goes wrong, by its name for people.
const FAULTS: [(&str, Fault); 24] = [
    ("the answer never comes", Fault::Silent),
    ("the answer is 1.5 s late", Fault::Late(millis(1500))),
    ("the answer comes twice", Fault::Twice),
    ("a wrong sequence number", Fault::WrongSequence),
    ("a status that does not exist", Fault::WrongStatus),
    ("a head beyond the tail", Fault::HeadBeyondTail),
    ("another boot nonce", Fault::WrongNonce),
    (
        "the words of an answer swapped for 50 ms",
        Fault::SwappedWords(millis(50)),
    ),
    (
        "the answer comes 50 ms after the reset",
        Fault::LateAcrossReset(millis(50)),
    ),
    ("other capabilities after the reset", Fault::ChangeCapabilities),
    ("the reset takes 0.3 s", Fault::SlowReset(millis(300))),
    (
        "the output is overwritten 1 ms later",
        Fault::RewriteAfterCompletion(millis(1)),
    ),
    ("one bit computed wrong", Fault::WrongOutput(77)),
    ("one bit flipped by DMA", Fault::CorruptedDma(77)),
    ("the output never arrives", Fault::LostOutput),
    ("an entry read as garbage", Fault::GarbageEntry),
    ("the input read as garbage", Fault::GarbageInput),
    ("an interrupt is lost", Fault::LostInterrupt),
    (
        "interrupts without end for 50 ms",
        Fault::InterruptStorm(millis(50)),
    ),
    ("the link is away for 0.1 s", Fault::LinkRetrain(millis(100))),
    ("registers block for 0.5 s", Fault::StalledRegisters(millis(500))),
    ("the card resets itself", Fault::UnaskedReset),
    ("it hangs until a reset", Fault::Hang),
    ("it hangs, and answers no reset", Fault::HangForGood),
];

/// What came of a fault.
struct Outcome {
    /// Until the user knew, and what it was told; `None` if there was nothing to know.
    noticed: Option<(Duration, DeviceError)>,
    /// The longest that a message took that was hashed all the same.
    slowest: Duration,
    /// From then on until a message was hashed; `None` if none was.
    back: Option<Duration>,
}

/// Hashes a message that was never hashed before: its digest is not in any memory yet.
fn hash(device: &Device) -> Result<(), DeviceError> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let message = NUMBER.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    let digests = device.keccak(&[&message])?;
    let expected: [u8; 32] = Keccak256::digest(message).into();
    if digests == [expected] {
        return Ok(());
    }
    // Found by whoever checks what the card computes.
    let wrong = DeviceError::WrongResult("a digest".into());
    device.condemn(wrong.clone());
    Err(wrong)
}

/// Tries to have the card back until a message is hashed.
fn recover(device: &Device) -> Option<Duration> {
    let start = Instant::now();
    loop {
        let tried = match device.health() {
            Health::Dead(_) => device.revive(),
            _ => device.reset(),
        };
        if tried.and_then(|()| hash(device)).is_ok() {
            return Some(start.elapsed());
        }
        if start.elapsed() > GIVEN_UP {
            return None;
        }
        thread::sleep(PAUSE);
    }
}

fn go_through(device: &Device, faults: &FaultPlan, fault: Fault) -> Outcome {
    for _ in 0..10 {
        hash(device).unwrap();
    }
    let mut slowest = Duration::ZERO;
    let mut failure = None;
    let begin = Instant::now();
    faults.arm(Trigger::Run(0), fault);
    for _ in 0..MESSAGES {
        let start = Instant::now();
        if let Err(error) = hash(device) {
            failure = Some(error);
            break;
        }
        slowest = slowest.max(start.elapsed());
    }
    let until = begin.elapsed();
    assert!(faults.fired() > 0, "{fault:?} did not happen");
    if matches!(fault, Fault::ChangeCapabilities | Fault::SlowReset(_)) {
        // They show with a reset, which its user asks for.
        device.condemn(DeviceError::WrongResult("what its user says".into()));
        let back = recover(device);
        return Outcome {
            noticed: None,
            slowest,
            back,
        };
    }
    Outcome {
        back: failure.is_some().then(|| recover(device)).flatten(),
        noticed: failure.map(|error| (until, error)),
        slowest,
    }
}

fn open(link: &str) -> (Device, FaultPlan, Option<Served>) {
    let card = FaultyCard::new(card(small()));
    let faults = card.faults();
    let (transport, served): (Box<dyn Transport>, _) = if link == "in process" {
        (Box::new(InProcess::start(Box::new(card)).unwrap()), None)
    } else {
        let served = Served::new(card);
        (Box::new(served.transport()), Some(served))
    };
    let options = Options {
        timeout: TIMEOUT,
        reset_timeout: TIMEOUT,
        ..Options::default()
    };
    (Device::open(transport, options).unwrap(), faults, served)
}

fn median(times: impl Iterator<Item = Duration>) -> Option<Duration> {
    let mut times: Vec<_> = times.collect();
    times.sort();
    times.get(times.len() / 2).copied()
}

fn shown(time: Option<Duration>) -> String {
    match time {
        None => "–".into(),
        Some(time) if time < millis(1) => format!("{:.0} µs", time.as_secs_f64() * 1e6),
        Some(time) if time < millis(100) => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        Some(time) => format!("{:.2} s", time.as_secs_f64()),
    }
}

/// Of a server that ends, which is no fault of the card: until a user knows, and until another server's is open and
/// has hashed a message.
fn server_ends() -> (Duration, String, Duration) {
    let (device, faults, served) = open("vfio-user");
    hash(&device).unwrap();
    faults.arm(Trigger::Run(0), Fault::Hang);
    let lost = device.submit_keccak(&[b"lost"]).unwrap();
    let start = Instant::now();
    drop(served);
    let error = lost.wait().unwrap_err();
    let noticed = start.elapsed();
    device.close();
    let start = Instant::now();
    let (anew, _, _served) = open("vfio-user");
    hash(&anew).unwrap();
    (noticed, error.to_string(), start.elapsed())
}

#[test]
#[ignore = "a measurement: cargo test --release -p metisvm-sim --test recovery_speed -- --ignored --nocapture"]
fn faults_are_noticed_and_recovered_from_in_so_much_time() {
    println!("| fault | its user learns | in process | vfio-user | back, in process | vfio-user |");
    println!("|---|---|---|---|---|---|");
    for (name, fault) in FAULTS {
        let (mut learns, mut noticed, mut back) = (String::new(), String::new(), String::new());
        for link in ["in process", "vfio-user"] {
            let outcomes: Vec<_> = (0..RUNS)
                .map(|_| {
                    let (device, faults, _served) = open(link);
                    go_through(&device, &faults, fault)
                })
                .collect();
            let errors = outcomes.iter().filter_map(|outcome| outcome.noticed.as_ref());
            match errors.clone().map(|(_, error)| error.to_string()).max() {
                Some(error) if learns.is_empty() || learns == "nothing" => learns = error,
                None if learns.is_empty() => learns = "nothing".into(),
                _ => {}
            }
            let time = match median(errors.map(|(time, _)| *time)) {
                Some(time) => shown(Some(time)),
                None => format!(
                    "a job took {}",
                    shown(median(outcomes.iter().map(|outcome| outcome.slowest)))
                ),
            };
            write!(noticed, " {time} |").unwrap();
            let time = shown(median(outcomes.iter().filter_map(|outcome| outcome.back)));
            write!(back, " {time} |").unwrap();
        }
        println!("| {name} | {learns} |{noticed}{back}");
    }
    let mut ends: Vec<_> = (0..RUNS).map(|_| server_ends()).collect();
    ends.sort();
    let (noticed, error, back) = &ends[RUNS / 2];
    let (noticed, back) = (shown(Some(*noticed)), shown(Some(*back)));
    println!("| the server ends, and another one starts | {error} | – | {noticed} | – | {back} |");
}
