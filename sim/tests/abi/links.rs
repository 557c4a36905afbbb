//! The device over links that hold a register write, that do not isolate, or that have no interrupt.

use crate::support::held::{Held, Point, Shared};
use crate::support::{card, small};
use metisvm_driver::{
    Device, DeviceError, DmaRegion, Health, InProcess, Options, Running, Transport, TransportError,
};
use metisvm_sim::{Fault, FaultyCard, Trigger};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(1);

fn options() -> Options {
    Options {
        timeout: TIMEOUT,
        reset_timeout: TIMEOUT,
        // Who is held shares a pair with who is not.
        queues: Some(1),
        ..Options::default()
    }
}

fn hash(device: &Device) -> Running<Vec<[u8; 32]>> {
    device.submit_keccak(&[b"abc"]).unwrap()
}

#[test]
fn a_register_write_that_hangs_holds_no_other_thread_for_longer_than_a_time_out() {
    let link = Held::new(card(small()), true);
    let device = Device::open(Box::new(Shared(Arc::clone(&link))), options()).unwrap();
    let before = hash(&device);
    thread::scope(|scope| {
        link.hold(Point::Doorbell);
        let stuck = scope.spawn(|| device.submit_keccak(&[b"stuck"]).map(drop));
        link.until_held(Point::Doorbell);
        let start = Instant::now();
        assert!(device.health().is_healthy());
        before.wait().unwrap();
        // Its doorbell is the stuck thread's to ring.
        let after = hash(&device);
        assert!(start.elapsed() < TIMEOUT / 2, "{:?}", start.elapsed());
        assert_eq!(after.wait(), Err(DeviceError::Timeout(TIMEOUT)));
        // A reset would be followed by a doorbell of before: it is given up, and the card with it.
        assert_eq!(device.reset(), Err(DeviceError::ResetUnacknowledged(TIMEOUT)));
        assert!(matches!(device.health(), Health::Dead(_)));
        link.let_go();
        stuck.join().unwrap().unwrap();
    });
}

#[test]
fn without_isolation_what_a_card_never_gave_back_is_leaked_and_stays_mapped() {
    for isolates in [false, true] {
        let card = FaultyCard::new(card(small()));
        let faults = card.faults();
        let link = Held::new(card, isolates);
        let device = Device::open(Box::new(Shared(Arc::clone(&link))), options()).unwrap();
        faults.arm(Trigger::Run(0), Fault::HangForGood);
        assert_eq!(hash(&device).wait(), Err(DeviceError::Timeout(TIMEOUT)));
        let held = device.quarantined_bytes();
        assert!(held > 0);
        device.reset().unwrap_err();
        assert_eq!(device.quarantined_bytes(), 0);
        let leaked = device.counters().leaked_bytes as usize;
        drop(device);
        // The rings, and the region that the job's buffer was cut from.
        let (unmapped, expected) = (link.unmapped.load(Ordering::SeqCst), if isolates { 2 } else { 0 });
        assert_eq!(unmapped, expected, "isolates: {isolates}");
        // The rings are as dangerous as the buffer.
        assert_eq!(leaked > held, !isolates, "{leaked} of {held}");
    }
}

#[test]
fn a_card_that_is_given_up_holds_nobody_while_its_memory_is_unmapped() {
    let card = FaultyCard::new(card(small()));
    let faults = card.faults();
    let link = Held::new(card, true);
    let device = Device::open(Box::new(Shared(Arc::clone(&link))), options()).unwrap();
    faults.arm(Trigger::Run(0), Fault::HangForGood);
    let lost = hash(&device);
    thread::scope(|scope| {
        link.hold(Point::Unmap);
        let reset = scope.spawn(|| device.reset());
        link.until_held(Point::Unmap);
        // The thread that unmaps has no lock that another one needs.
        let (sender, receiver) = mpsc::channel();
        let (device, lost) = (&device, lost);
        scope.spawn(move || {
            let seen = (device.health(), device.quarantined_bytes(), lost.wait());
            let _ = sender.send(seen);
        });
        let seen = receiver.recv_timeout(TIMEOUT);
        link.let_go();
        let (health, quarantined, lost) = seen.expect("the lock is held while memory is unmapped");
        assert!(matches!(health, Health::Dead(_)), "{health:?}");
        assert_eq!((quarantined, lost), (0, Err(DeviceError::Timeout(TIMEOUT))));
        reset.join().unwrap().unwrap_err();
    });
    assert_eq!(device.mapped_bytes(), 0);
}

#[test]
fn memory_that_cannot_be_unmapped_counts_as_leaked() {
    let link = Held::new(card(small()), true);
    let device = Device::open(Box::new(Shared(Arc::clone(&link))), options()).unwrap();
    hash(&device).wait().unwrap();
    let mapped = device.mapped_bytes();
    assert!(mapped > 0);
    link.keeps_all.store(true, Ordering::SeqCst);
    device.close();
    assert_eq!(device.counters().leaked_bytes, mapped);
    assert_eq!(device.mapped_bytes(), mapped);
}

#[test]
fn a_link_without_interrupts_is_refused() {
    struct Deaf(InProcess);
    impl Transport for Deaf {
        fn read32(&self, offset: u32) -> u32 {
            self.0.read32(offset)
        }
        fn write32(&self, offset: u32, value: u32) {
            self.0.write32(offset, value);
        }
        fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
            self.0.allocate(bytes)
        }
        fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
            self.0.unmap(region)
        }
        fn isolates_on_unmap(&self) -> bool {
            true
        }
        fn vectors(&self) -> u16 {
            0
        }
        fn wait_interrupt(&self, _: u16, _: Duration) -> bool {
            false
        }
        fn failure(&self) -> Option<TransportError> {
            None
        }
    }
    let card = InProcess::start(card(small())).unwrap();
    let opened = Device::open(Box::new(Deaf(card)), options()).map(|_| ());
    assert_eq!(opened, Err(DeviceError::NoInterrupt));
}
