//! Every fault, on two cards that have nothing in common: faults belong to the link, not to a card.

use crate::support::{card, impatient, small};
use crate::toy::ToyCard;
use metisvm_driver::{Device, DeviceError, Health, InProcess, Options, RunJob};
use metisvm_firmware::port::CardModel;
use metisvm_firmware::{Dtype, Status};
use metisvm_sim::{Fault, FaultPlan, FaultyCard, Happened, Trigger};
use sha3::{Digest, Keccak256};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Within the patience of the driver in these tests.
const SOON: Duration = Duration::from_millis(20);
/// Past it.
const LATE: Duration = Duration::from_millis(500);
/// Longer than the driver waits before it looks whether the card is still there.
const LOOKED_AT: Duration = Duration::from_millis(100);

/// A card in use.
struct Subject {
    device: Device,
    faults: FaultPlan,
    /// A job that counts as a run; says whether the result is right.
    job: fn(&Device) -> Result<bool, DeviceError>,
    /// What a job comes to whose input the card has read wrong.
    garbage_input: Outcome,
}

fn open<C: CardModel + 'static>(card: C, options: Options) -> (Device, FaultPlan) {
    let card = FaultyCard::new(card);
    let faults = card.faults();
    let transport = InProcess::start(Box::new(card)).unwrap();
    (Device::open(Box::new(transport), options).unwrap(), faults)
}

fn functional() -> Subject {
    let (device, faults) = open(card(small()), impatient());
    Subject {
        device,
        faults,
        job: hash,
        garbage_input: Outcome::Fails(|error| {
            matches!(
                error,
                DeviceError::Job {
                    status: Status::InvalidBatch,
                    ..
                }
            )
        }),
    }
}

/// No two inputs are alike, so what an earlier job has left is never right.
fn input() -> [u8; 12] {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut input = *b"no. 12345678";
    input[4..].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    input
}

fn hash(device: &Device) -> Result<bool, DeviceError> {
    let message = input();
    let expected: [u8; 32] = Keccak256::digest(message).into();
    Ok(device.keccak(&[&message])?[0] == expected)
}

fn toy() -> Subject {
    let options = Options {
        self_test: false,
        ..impatient()
    };
    let (device, faults) = open(ToyCard::new(), options);
    Subject {
        device,
        faults,
        job: echo,
        garbage_input: Outcome::Wrong,
    }
}

fn echo(device: &Device) -> Result<bool, DeviceError> {
    let program = device.load_resident(&[0; 32])?;
    let input = input();
    let outputs = device.run(&RunJob {
        program: &program,
        data: None,
        state: None,
        workspace_bytes: 0,
        inputs: &[&input],
        output_bytes: input.len(),
        dtype_in: Dtype::U8,
        dtype_out: Dtype::U8,
    })?;
    Ok(outputs[0] == input)
}

/// What a job at fault comes to.
#[derive(Clone, Copy)]
enum Outcome {
    /// Its result is right, and the device takes work.
    Right,
    /// Its result is wrong, and nobody notices.
    Wrong,
    /// It, or the one after it, fails with such an error, and a reset helps.
    Fails(fn(&DeviceError) -> bool),
    /// It fails, and no reset helps.
    FailsForGood(fn(&DeviceError) -> bool),
}

fn outcome(fault: Fault, garbage_input: Outcome) -> Outcome {
    use Outcome::{Fails, FailsForGood, Right, Wrong};
    match fault {
        Fault::Silent | Fault::Hang | Fault::LateAcrossReset(_) => {
            Fails(|error| matches!(error, DeviceError::Timeout(_)))
        }
        // Noticed by a look at the card, or by the completions that do not come.
        Fault::UnaskedReset => Fails(|error| {
            matches!(
                error,
                DeviceError::BootNonce { found: 0, .. } | DeviceError::Timeout(_)
            )
        }),
        Fault::Late(time) if time < impatient().timeout => Right,
        Fault::Late(_) => Fails(|error| matches!(error, DeviceError::Timeout(_))),
        Fault::Twice | Fault::WrongSequence | Fault::GarbageEntry => {
            // With this job, or before the next: then that one is told why the card is out of service.
            Fails(|error| error.to_string().contains("which is not outstanding"))
        }
        Fault::WrongStatus => Fails(|error| matches!(error, DeviceError::UnknownStatus(_))),
        Fault::WrongKnownStatus(_) => Fails(|error| matches!(error, DeviceError::Job { .. })),
        Fault::HeadBeyondTail => Fails(|error| matches!(error, DeviceError::HeadBeyondTail { .. })),
        Fault::WrongNonce => Fails(|error| matches!(error, DeviceError::WrongNonce { .. })),
        // The slot was never used before: nonce and sequence read as zeros.
        Fault::SwappedWords(_) => Fails(|error| matches!(error, DeviceError::WrongNonce { found: 0, .. })),
        Fault::ChangeCapabilities
        | Fault::SlowReset(_)
        | Fault::RewriteAfterCompletion(_)
        | Fault::LostInterrupt
        | Fault::InterruptStorm(_)
        | Fault::StalledRegisters(_) => Right,
        Fault::WrongOutput(_) => Wrong,
        Fault::CorruptedDma(_) | Fault::LostOutput => {
            Fails(|error| matches!(error, DeviceError::OutputChecksum { .. }))
        }
        Fault::GarbageInput => garbage_input,
        Fault::LinkRetrain(time) if time < SOON => Right,
        Fault::LinkRetrain(_) | Fault::Dead => FailsForGood(|error| matches!(error, DeviceError::Dead)),
        Fault::HangForGood => FailsForGood(|error| matches!(error, DeviceError::Timeout(_))),
    }
}

/// Every kind, with the times on both sides of what makes a difference.
const FAULTS: [Fault; 29] = [
    Fault::Silent,
    Fault::Late(SOON),
    Fault::Late(LATE),
    Fault::Twice,
    Fault::WrongSequence,
    Fault::WrongStatus,
    Fault::WrongKnownStatus(Status::Internal),
    Fault::HeadBeyondTail,
    Fault::WrongNonce,
    Fault::SwappedWords(LATE),
    Fault::LateAcrossReset(LATE),
    Fault::ChangeCapabilities,
    Fault::SlowReset(SOON),
    Fault::RewriteAfterCompletion(SOON),
    Fault::WrongOutput(13),
    Fault::CorruptedDma(100_003),
    Fault::LostOutput,
    Fault::GarbageEntry,
    Fault::GarbageInput,
    Fault::StalledRegisters(LATE),
    Fault::LostInterrupt,
    Fault::InterruptStorm(SOON),
    Fault::LinkRetrain(Duration::from_millis(2)),
    Fault::LinkRetrain(LOOKED_AT),
    Fault::UnaskedReset,
    Fault::Hang,
    Fault::HangForGood,
    Fault::Dead,
    Fault::WrongKnownStatus(Status::DmaFault),
];

fn every_fault_comes_to_what_it_must(subject: fn() -> Subject) {
    for fault in FAULTS {
        let Subject {
            device,
            faults,
            job,
            garbage_input,
        } = subject();
        assert_eq!(job(&device), Ok(true), "{fault:?}: before it");
        assert_eq!(faults.fired(), 0, "{fault:?}: before it was armed");
        faults.arm(Trigger::Run(0), fault);
        let result = job(&device);
        let happened: Vec<Fault> = faults.history().iter().map(|happened| happened.fault).collect();
        assert_eq!(happened, [fault]);
        match outcome(fault, garbage_input) {
            Outcome::Right => {
                assert_eq!(result, Ok(true), "{fault:?}");
                assert_eq!(device.health(), Health::Healthy, "{fault:?}");
            }
            Outcome::Wrong => {
                assert_eq!(result, Ok(false), "{fault:?}");
                assert_eq!(job(&device), Ok(true), "{fault:?}: only once");
            }
            Outcome::Fails(is_expected) => {
                let error = result.and_then(|_| job(&device)).unwrap_err();
                assert!(is_expected(&error), "{fault:?}: {error}");
                assert!(device.quarantined_bytes() > 0, "{fault:?}");
                device.reset().unwrap();
                assert_eq!(device.quarantined_bytes(), 0, "{fault:?}");
                assert_eq!(job(&device), Ok(true), "{fault:?}: after a reset");
            }
            Outcome::FailsForGood(is_expected) => {
                let error = result.unwrap_err();
                assert!(is_expected(&error), "{fault:?}: {error}");
                assert!(device.reset().is_err(), "{fault:?}");
                assert_eq!(
                    job(&device).map_err(Health::Dead),
                    Err(device.health()),
                    "{fault:?}"
                );
            }
        }
    }
}

#[test]
fn every_fault_of_the_functional_card_comes_to_what_it_must() {
    every_fault_comes_to_what_it_must(functional);
}

#[test]
fn every_fault_of_a_card_of_a_few_lines_comes_to_what_it_must() {
    every_fault_comes_to_what_it_must(toy);
}

#[test]
fn faults_of_resets_come_with_the_next_reset() {
    for subject in [functional, toy] {
        let Subject {
            device, faults, job, ..
        } = subject();
        faults.arm(Trigger::Run(0), Fault::SlowReset(LOOKED_AT));
        assert_eq!(job(&device), Ok(true));
        let start = Instant::now();
        device.reset().unwrap();
        assert!(start.elapsed() >= LOOKED_AT, "the reset took its time");
        let start = Instant::now();
        device.reset().unwrap();
        assert!(start.elapsed() < LOOKED_AT, "the one after it does not");

        faults.arm(Trigger::Run(0), Fault::ChangeCapabilities);
        assert_eq!(job(&device), Ok(true));
        assert_eq!(device.reset(), Err(DeviceError::CapabilitiesChanged));
        device.reset().unwrap();
        assert_eq!(job(&device), Ok(true));

        faults.arm(Trigger::Run(0), Fault::LateAcrossReset(SOON));
        job(&device).unwrap_err();
        device.reset().unwrap();
        std::thread::sleep(SOON * 3);
        assert_eq!(
            faults.strays(),
            0,
            "the old ring was no longer the card's to write"
        );
        let stray = job(&device).and_then(|_| job(&device)).unwrap_err();
        assert!(
            stray.to_string().contains("a completion carries boot nonce"),
            "{stray}"
        );
        device.reset().unwrap();
        assert_eq!(job(&device), Ok(true));

        faults.arm(Trigger::Run(0), Fault::SlowReset(LATE));
        assert_eq!(job(&device), Ok(true));
        let unacknowledged = DeviceError::ResetUnacknowledged(impatient().reset_timeout);
        assert_eq!(device.reset(), Err(unacknowledged.clone()));
        assert_eq!(job(&device), Err(unacknowledged));
    }
}

#[test]
fn entries_jobs_and_runs_are_counted_alike_however_a_card_fetches_them() {
    let (device, faults) = {
        let subject = toy();
        (subject.device, subject.faults)
    };
    let before = (faults.entries(), faults.jobs(), faults.runs());
    assert_eq!(before, (1, 0, 0), "the handshake's NOP");
    assert_eq!(echo(&device), Ok(true));
    assert_eq!(echo(&device), Ok(true));
    device.nop_batch(3000).unwrap();
    // Two programs, two runs, and the evictions of the programs, each before the job after it.
    assert_eq!(faults.runs(), 2);
    assert_eq!(faults.jobs(), 6);
    assert_eq!(faults.entries(), 1 + 6 + 3000);
    // A program, a run, an eviction, a program, a run: it is the last.
    faults.arm(Trigger::Job(4), Fault::WrongOutput(0));
    assert_eq!(echo(&device), Ok(true));
    assert_eq!(echo(&device), Ok(false));
    let fault = Fault::WrongOutput(0);
    assert_eq!(faults.history(), [Happened { fault, job: 10 }]);
}
