//! A link that can be held where a card or its server would hold it, and fails on demand.

use metisvm_driver::{DmaRegion, InProcess, Transport, TransportError};
use metisvm_firmware::port::CardModel;
use metisvm_firmware::registers::{MAGIC, QUEUE_STRIDE, queue, queue_register};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Where whoever comes by is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Point {
    /// Before the submission doorbell reaches the card.
    Doorbell,
    /// After it has.
    AfterDoorbell,
    /// Where the interrupt is armed.
    Arm,
    /// Before memory is unmapped.
    Unmap,
}

#[derive(Default)]
struct Gates {
    closed: HashSet<Point>,
    held: HashSet<Point>,
}

/// The link, for the test.
pub(crate) struct Held {
    inner: Box<dyn Transport>,
    isolates: bool,
    gates: Mutex<Gates>,
    changed: Condvar,
    pub(crate) unmapped: AtomicUsize,
    /// Nothing is unmapped any more.
    pub(crate) keeps_all: AtomicBool,
}

/// The same link, for the device.
pub(crate) struct Shared(pub(crate) Arc<Held>);

impl Held {
    /// One to a card in this process.
    pub(crate) fn new(card: impl CardModel + 'static, isolates: bool) -> Arc<Self> {
        Self::with(Box::new(InProcess::start(Box::new(card)).unwrap()), isolates)
    }

    /// One that is another but for what is held.
    pub(crate) fn around(inner: Box<dyn Transport>) -> Arc<Self> {
        let isolates = inner.isolates_on_unmap();
        Self::with(inner, isolates)
    }

    fn with(inner: Box<dyn Transport>, isolates: bool) -> Arc<Self> {
        Arc::new(Self {
            inner,
            isolates,
            gates: Mutex::default(),
            changed: Condvar::new(),
            unmapped: AtomicUsize::new(0),
            keeps_all: AtomicBool::new(false),
        })
    }

    /// Returns once every write of a register that was begun before has reached the card: writes may be posted, and a
    /// read is answered after them.
    pub(crate) fn flush(&self) {
        self.inner.read32(MAGIC);
    }

    /// From now on, whoever comes there is held.
    pub(crate) fn hold(&self, point: Point) {
        self.gates.lock().unwrap().closed.insert(point);
    }

    /// Waits until somebody is held there.
    pub(crate) fn until_held(&self, point: Point) {
        let gates = self.gates.lock().unwrap();
        drop(
            self.changed
                .wait_while(gates, |gates| !gates.held.contains(&point))
                .unwrap(),
        );
    }

    /// Lets all go on, and holds nobody any more.
    pub(crate) fn let_go(&self) {
        *self.gates.lock().unwrap() = Gates::default();
        self.changed.notify_all();
    }

    fn pass(&self, point: Point) {
        let mut gates = self.gates.lock().unwrap();
        if gates.closed.contains(&point) {
            gates.held.insert(point);
            self.changed.notify_all();
            drop(
                self.changed
                    .wait_while(gates, |gates| gates.closed.contains(&point))
                    .unwrap(),
            );
        }
    }
}

impl Transport for Shared {
    fn read32(&self, offset: u32) -> u32 {
        self.0.inner.read32(offset)
    }
    fn write32(&self, offset: u32, value: u32) {
        let is = |register| {
            let in_queues = offset.checked_sub(queue_register(0, 0));
            in_queues.is_some_and(|offset| offset % QUEUE_STRIDE == register)
        };
        let is_doorbell = is(queue::SQ_TAIL);
        if is_doorbell {
            self.0.pass(Point::Doorbell);
        } else if is(queue::INTERRUPT_ARM) {
            self.0.pass(Point::Arm);
        }
        self.0.inner.write32(offset, value);
        if is_doorbell {
            self.0.pass(Point::AfterDoorbell);
        }
    }
    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        self.0.inner.allocate(bytes)
    }
    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        self.0.pass(Point::Unmap);
        if self.0.keeps_all.load(Ordering::SeqCst) {
            let (iova, reason) = (region.iova, "a test says so".to_owned());
            return Err(TransportError::Unmap { iova, reason });
        }
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
    fn close(&self) {
        self.0.inner.close();
    }
    fn failure(&self) -> Option<TransportError> {
        self.0.inner.failure()
    }
}
