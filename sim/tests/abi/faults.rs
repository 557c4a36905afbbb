//! Each fault of a card: the error that it becomes, the state of the device, and the way back.

use crate::support::{impatient, open, programs, small};
use metisvm_driver::{Device, DeviceError, Health};
use metisvm_firmware::Status;
use metisvm_firmware::registers::MAGIC_VALUE;
use metisvm_sim::{Fault, FaultPlan, FaultyCard, FunctionalCard, Trigger};
use sha3::{Digest, Keccak256};
use std::thread;
use std::time::Duration;

fn device() -> (Device, FaultPlan) {
    open(small(), impatient()).unwrap()
}

fn hash(device: &Device) -> Result<(), DeviceError> {
    let digests = device.keccak(&[b"abc", b""])?;
    let expected: [u8; 32] = Keccak256::digest(b"abc").into();
    assert_eq!(digests[0], expected);
    Ok(())
}

/// Arms a fault, and gives what becomes of the job.
fn fault(device: &Device, faults: &FaultPlan, fault: Fault) -> DeviceError {
    hash(device).unwrap();
    faults.arm(Trigger::Run(0), fault);
    let error = hash(device).unwrap_err();
    assert_eq!(faults.fired(), 1);
    error
}

/// The device refuses work, holds its memory back, and works again after a reset.
fn recovers_by_reset(device: &Device) {
    assert!(matches!(device.health(), Health::Unhealthy(_)));
    assert!(device.quarantined_bytes() > 0);
    assert!(matches!(hash(device), Err(DeviceError::OutOfService(_))));
    assert!(matches!(device.nop_batch(1), Err(DeviceError::OutOfService(_))));
    let before = device.boot_nonce();
    device.reset().unwrap();
    assert_ne!(device.boot_nonce(), before);
    assert_eq!(device.quarantined_bytes(), 0);
    assert_eq!(device.health(), Health::Healthy);
    assert_eq!(device.counters().leaked_bytes, 0);
    hash(device).unwrap();
}

#[test]
fn card_that_does_not_answer() {
    let (device, faults) = device();
    let error = fault(&device, &faults, Fault::Silent);
    assert_eq!(error, DeviceError::Timeout(impatient().timeout));
    recovers_by_reset(&device);
}

#[test]
fn card_that_answers_late() {
    let (device, faults) = device();
    let error = fault(&device, &faults, Fault::Late(Duration::from_millis(400)));
    assert_eq!(error, DeviceError::Timeout(impatient().timeout));
    // The answer comes into memory in quarantine, and no time gives that back.
    let held = device.quarantined_bytes();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(device.quarantined_bytes(), held);
    recovers_by_reset(&device);
}

#[test]
fn card_that_answers_late_but_in_time() {
    let (device, faults) = device();
    faults.arm(Trigger::Run(0), Fault::Late(Duration::from_millis(20)));
    hash(&device).unwrap();
    assert_eq!(device.health(), Health::Healthy);
}

#[test]
fn card_that_answers_twice() {
    let (device, faults) = device();
    hash(&device).unwrap();
    faults.arm(Trigger::Run(0), Fault::Twice);
    // The second answer may be seen with this job or with the next.
    let error = hash(&device).and_then(|()| hash(&device)).unwrap_err();
    // Or before the next is submitted: then it is told why the card is out of service.
    assert!(error.to_string().contains("which is not outstanding"), "{error}");
    recovers_by_reset(&device);
}

#[test]
fn card_that_answers_with_a_wrong_sequence() {
    let (device, faults) = device();
    let error = fault(&device, &faults, Fault::WrongSequence);
    assert!(matches!(error, DeviceError::UnexpectedSequence(_)), "{error}");
    recovers_by_reset(&device);
}

#[test]
fn card_that_answers_with_an_unknown_status() {
    let (device, faults) = device();
    let error = fault(&device, &faults, Fault::WrongStatus);
    assert_eq!(error, DeviceError::UnknownStatus(0x7abc));
    recovers_by_reset(&device);
}

#[test]
fn card_that_answers_with_a_status_that_cannot_be() {
    // All are refusals of what the driver knows to be right, or faults; and none is its user's doing.
    let statuses = (1..).map_while(Status::from_bits);
    for status in statuses {
        let (device, faults) = device();
        let error = fault(&device, &faults, Fault::WrongKnownStatus(status));
        assert_eq!(error, DeviceError::Job { status, detail: 0 });
        recovers_by_reset(&device);
    }
    let (device, faults) = device();
    for wrong in [Status::UnknownHandle, Status::Cancelled, Status::DmaFault] {
        faults.arm(Trigger::Entry(1), Fault::WrongKnownStatus(wrong));
        device.nop_batch(3).unwrap_err();
        recovers_by_reset(&device);
        faults.arm(Trigger::Job(0), Fault::WrongKnownStatus(wrong));
        device.load_resident(&[1]).unwrap_err();
        recovers_by_reset(&device);
        let piece = device.load_resident(&[1]).unwrap();
        drop(piece);
        // The eviction comes with the next job.
        faults.arm(Trigger::Job(0), Fault::WrongKnownStatus(wrong));
        hash(&device).unwrap_err();
        recovers_by_reset(&device);
    }
}

#[test]
fn card_that_claims_to_have_fetched_what_was_not_submitted() {
    let (device, faults) = device();
    let error = fault(&device, &faults, Fault::HeadBeyondTail);
    assert!(matches!(error, DeviceError::HeadBeyondTail { .. }), "{error}");
    recovers_by_reset(&device);
}

#[test]
fn card_that_answers_late_across_a_reset() {
    let delay = Duration::from_millis(50);
    let (device, faults) = device();
    let error = fault(&device, &faults, Fault::LateAcrossReset(delay));
    assert_eq!(error, DeviceError::Timeout(impatient().timeout));
    let before = device.boot_nonce();
    // Nothing is given back before the reset.
    assert!(device.quarantined_bytes() > 0);
    device.reset().unwrap();
    assert_eq!(device.quarantined_bytes(), 0);
    thread::sleep(delay * 3);
    // The old ring was no longer the card's to write, and what reaches the new one is not believed.
    assert_eq!(faults.strays(), 0);
    let error = hash(&device).unwrap_err();
    assert_eq!(
        error,
        DeviceError::WrongNonce {
            expected: device.boot_nonce(),
            found: before
        }
    );
    recovers_by_reset(&device);
}

#[test]
fn card_that_has_other_capabilities_after_a_reset() {
    let (device, faults) = device();
    faults.arm(Trigger::Run(0), Fault::ChangeCapabilities);
    hash(&device).unwrap();
    assert_eq!(device.reset(), Err(DeviceError::CapabilitiesChanged));
    // That reset was acknowledged; the next one must be too.
    recovers_by_reset(&device);
}

#[test]
fn card_that_loses_a_bit_on_the_way_is_noticed_by_its_checksum() {
    let (device, faults) = device();
    let error = fault(&device, &faults, Fault::CorruptedDma(13));
    assert!(matches!(error, DeviceError::OutputChecksum { .. }), "{error}");
    assert!(matches!(device.health(), Health::Unhealthy(_)));
    device.reset().unwrap();
    hash(&device).unwrap();
}

#[test]
fn card_that_answers_with_another_boot_nonce() {
    let (device, faults) = device();
    let expected = device.boot_nonce();
    let error = fault(&device, &faults, Fault::WrongNonce);
    let found = expected.wrapping_sub(1);
    assert_eq!(error, DeviceError::WrongNonce { expected, found });
    recovers_by_reset(&device);
}

#[test]
fn card_that_rewrites_results_after_completing() {
    let (device, faults) = device();
    faults.arm(
        Trigger::Run(0),
        Fault::RewriteAfterCompletion(Duration::from_millis(100)),
    );
    let digests = device.keccak(&[b"abc"]).unwrap();
    thread::sleep(Duration::from_millis(200));
    let expected: [u8; 32] = Keccak256::digest(b"abc").into();
    assert_eq!(digests, [expected], "what was copied is the host's own");
    assert_eq!(device.health(), Health::Healthy);
}

#[test]
fn card_that_flips_a_bit_is_for_its_user_to_condemn() {
    let (device, faults) = device();
    faults.arm(Trigger::Run(0), Fault::WrongOutput(13));
    let digests = device.keccak(&[b"abc"]).unwrap();
    let mut expected: [u8; 32] = Keccak256::digest(b"abc").into();
    expected[1] ^= 1 << 5;
    assert_eq!(digests, [expected]);
    device.condemn(DeviceError::SelfTest(1));
    device.reset().unwrap();
    hash(&device).unwrap();
}

#[test]
fn card_that_hangs_until_a_reset() {
    let (device, faults) = device();
    let error = fault(&device, &faults, Fault::Hang);
    assert_eq!(error, DeviceError::Timeout(impatient().timeout));
    recovers_by_reset(&device);
}

#[test]
fn card_that_ignores_a_reset_is_cut_off_from_its_buffers() {
    let (device, faults) = device();
    fault(&device, &faults, Fault::HangForGood);
    assert!(device.quarantined_bytes() > 0);
    let ignored = DeviceError::ResetUnacknowledged(impatient().reset_timeout);
    assert_eq!(device.reset(), Err(ignored.clone()));
    assert_eq!(device.health(), Health::Dead(ignored.clone()));
    // Of this transport no DMA reaches unmapped memory, so none is leaked.
    assert_eq!(device.quarantined_bytes(), 0);
    assert_eq!(device.counters().leaked_bytes, 0);
    assert_eq!(device.reset(), Err(DeviceError::Dead));
    // What is asked of it later is told why.
    assert_eq!(hash(&device), Err(ignored));
}

#[test]
fn card_that_dies_is_not_touched_again() {
    let (device, faults) = device();
    assert_eq!(fault(&device, &faults, Fault::Dead), DeviceError::Dead);
    assert!(matches!(device.health(), Health::Dead(_)));
    assert_eq!(device.reset(), Err(DeviceError::Dead));
    assert_eq!(hash(&device), Err(DeviceError::Dead));
}

#[test]
fn fault_in_the_middle_of_many_nops() {
    for wrong in [
        Fault::Silent,
        Fault::Twice,
        Fault::WrongSequence,
        Fault::WrongNonce,
        Fault::Hang,
    ] {
        let (device, faults) = device();
        // In RTL fewer, as all of them have to be answered within a time-out.
        let nops = if crate::support::rtl::is_asked_for() {
            200
        } else {
            5000
        };
        faults.arm(Trigger::Entry(nops / 4), wrong);
        let nops = nops as usize;
        let error = device.nop_batch(nops).unwrap_err();
        assert!(error.condemns(), "{wrong:?} gave {error}");
        // A NOP has no memory, and the rings of a card that is only late are still in use.
        let late = matches!(error, DeviceError::Timeout(_));
        assert!(late || device.quarantined_bytes() > 0);
        device.reset().unwrap();
        device.nop_batch(nops).unwrap();
    }
}

#[test]
fn fault_during_the_self_test_keeps_the_device_closed() {
    for wrong in [
        Fault::Silent,
        Fault::WrongOutput(3),
        Fault::WrongStatus,
        Fault::Dead,
    ] {
        let card = FaultyCard::new(FunctionalCard::new(programs())).with_fault(Trigger::Run(0), wrong);
        let transport = metisvm_driver::InProcess::start(Box::new(card)).unwrap();
        let error = Device::open(Box::new(transport), impatient()).unwrap_err();
        match wrong {
            Fault::Silent => assert!(matches!(error, DeviceError::Timeout(_))),
            Fault::WrongOutput(_) => assert_eq!(error, DeviceError::SelfTest(0)),
            Fault::WrongStatus => assert!(matches!(error, DeviceError::UnknownStatus(_))),
            _ => assert_eq!(error, DeviceError::Dead),
        }
    }
}

#[test]
fn resident_memory_does_not_survive_a_reset() {
    let (device, _) = open(programs(), impatient()).unwrap();
    let data = device.load_resident(&[1, 2, 3]).unwrap();
    device.reset().unwrap();
    let program = device.load_resident(&[0; 32]).unwrap();
    let job = metisvm_driver::RunJob {
        program: &program,
        data: Some(&data),
        state: None,
        workspace_bytes: 0,
        inputs: &[&[]],
        output_bytes: 0,
        dtype_in: metisvm_firmware::Dtype::U8,
        dtype_out: metisvm_firmware::Dtype::U8,
    };
    assert_eq!(device.run(&job).unwrap_err(), DeviceError::StaleResident);
}

#[test]
fn card_with_absurd_capabilities_is_not_opened() {
    let sound = programs().capabilities;
    let mut absurd = vec![sound; 9];
    absurd[0].geometry.tile_rows = 0;
    absurd[1].geometry.tile_depth = u16::MAX;
    absurd[2].geometry.a_tiles = u32::MAX;
    absurd[3].card_memory_bytes = u64::MAX;
    absurd[4].max_queue_entries = 48;
    absurd[5].max_queues = 0;
    absurd[6].max_batch = 0;
    absurd[7].keccak_max_messages = 0;
    absurd[8].geometry.acc_tiles = 0;
    for claimed in absurd {
        let sim = metisvm_sim::SimOptions {
            claimed: Some(claimed),
            ..small()
        };
        let error = open(sim, impatient()).unwrap_err();
        assert!(matches!(error, DeviceError::Capability(_)), "{error}");
    }
}

#[test]
fn card_that_overstates_its_geometry_fails_the_self_test() {
    let mut claimed = programs().capabilities;
    claimed.geometry.tile_cols = 5;
    let sim = metisvm_sim::SimOptions {
        claimed: Some(claimed),
        ..programs()
    };
    let error = open(sim, impatient()).unwrap_err();
    assert!(
        matches!(error, DeviceError::SelfTest(_) | DeviceError::Job { .. }),
        "{error}"
    );
}

#[test]
fn what_is_no_card_of_ours_is_not_opened() {
    let sim = metisvm_sim::SimOptions {
        magic: 0x1234_5678,
        ..small()
    };
    assert_eq!(
        open(sim, impatient()).unwrap_err(),
        DeviceError::NotACard(0x1234_5678)
    );
    let sim = metisvm_sim::SimOptions {
        magic: u32::MAX,
        ..small()
    };
    assert_eq!(open(sim, impatient()).unwrap_err(), DeviceError::Dead);
    let sim = metisvm_sim::SimOptions {
        abi_version: 1 << 16,
        magic: MAGIC_VALUE,
        ..small()
    };
    assert_eq!(
        open(sim, impatient()).unwrap_err(),
        DeviceError::AbiVersion { major: 1, minor: 0 }
    );
    let sim = metisvm_sim::SimOptions {
        abi_version: 2 << 16 | 7,
        ..small()
    };
    assert!(open(sim, impatient()).is_ok());
}
