//! The device over links that hold a register write, that do not isolate, or that have no interrupt.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::{
    Device, DeviceError, DmaRegion, Health, InProcess, Options, Running, Transport, TransportError,
};
use metisvm_firmware::port::CardModel;
use metisvm_firmware::registers::{queue, queue_register};
use metisvm_sim::{Fault, FaultyCard, Trigger};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use support::{card, small};

const TIMEOUT: Duration = Duration::from_secs(1);

fn options() -> Options {
    Options {
        timeout: TIMEOUT,
        reset_timeout: TIMEOUT,
        ..Options::default()
    }
}

fn hash(device: &Device) -> Running<Vec<[u8; 32]>> {
    device.submit_keccak(&[b"abc"]).unwrap()
}

/// A card behind a link that can hold a register write, and that may not isolate.
struct Held {
    inner: InProcess,
    isolates: bool,
    hold: AtomicBool,
    held: Mutex<bool>,
    changed: Condvar,
    unmapped: AtomicUsize,
}

/// The same link, for the device and for the test.
struct Shared(Arc<Held>);

impl Held {
    fn new(card: impl CardModel + 'static, isolates: bool) -> Arc<Self> {
        Arc::new(Self {
            inner: InProcess::start(Box::new(card)).unwrap(),
            isolates,
            hold: AtomicBool::new(false),
            held: Mutex::new(false),
            changed: Condvar::new(),
            unmapped: AtomicUsize::new(0),
        })
    }

    fn until_held(&self) {
        let held = self.held.lock().unwrap();
        drop(self.changed.wait_while(held, |held| !*held).unwrap());
    }

    fn let_go(&self) {
        self.hold.store(false, Ordering::SeqCst);
        *self.held.lock().unwrap() = false;
        self.changed.notify_all();
    }
}

impl Transport for Shared {
    fn read32(&self, offset: u32) -> u32 {
        self.0.inner.read32(offset)
    }
    fn write32(&self, offset: u32, value: u32) {
        if offset == queue_register(0, queue::SQ_TAIL) && self.0.hold.swap(false, Ordering::SeqCst) {
            let mut held = self.0.held.lock().unwrap();
            *held = true;
            self.0.changed.notify_all();
            drop(self.0.changed.wait_while(held, |held| *held).unwrap());
        }
        self.0.inner.write32(offset, value);
    }
    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        self.0.inner.allocate(bytes)
    }
    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        self.0.unmapped.fetch_add(1, Ordering::SeqCst);
        self.0.inner.unmap(region)
    }
    fn isolates_on_unmap(&self) -> bool {
        self.0.isolates
    }
    fn vectors(&self) -> u16 {
        self.0.inner.vectors()
    }
    fn wait_interrupt(&self, vector: u16, timeout: Duration) -> bool {
        self.0.inner.wait_interrupt(vector, timeout)
    }
    fn failure(&self) -> Option<TransportError> {
        self.0.inner.failure()
    }
}

#[test]
fn a_register_write_that_hangs_holds_no_other_thread_for_longer_than_a_time_out() {
    let link = Held::new(card(small()), true);
    let device = Device::open(Box::new(Shared(Arc::clone(&link))), options()).unwrap();
    let before = hash(&device);
    thread::scope(|scope| {
        link.hold.store(true, Ordering::SeqCst);
        let stuck = scope.spawn(|| device.submit_keccak(&[b"stuck"]).map(drop));
        link.until_held();
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
        // Two rings, and the region that the job's buffer was cut from.
        let (unmapped, expected) = (link.unmapped.load(Ordering::SeqCst), if isolates { 3 } else { 0 });
        assert_eq!(unmapped, expected, "isolates: {isolates}");
        // The rings are as dangerous as the buffer.
        assert_eq!(leaked > held, !isolates, "{leaked} of {held}");
    }
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
