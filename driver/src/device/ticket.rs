//! One job in flight: what is kept of it until it is answered and collected.

use super::Shared;
use super::resident::Place;
use crate::error::DeviceError;
use crate::lending::LentBuffer;
use metisvm_firmware::Opcode;
use std::sync::Arc;
use std::thread::ThreadId;

/// What a job holds on the card until it is answered.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// The device's epoch when it was taken; of an older one, nothing is given back.
    pub(super) epoch: u64,
    /// Card memory for the time of the job: address and bytes.
    pub(super) workspace: Option<(u64, u64)>,
    /// Handles that it reads.
    pub(super) handles: [Option<u32>; 3],
    /// Resident memory that it makes or ends, as its opcode says.
    pub(super) place: Option<Place>,
}

impl Holds {
    /// Whether there is anything to give back.
    #[inline]
    pub(super) fn is_nothing(&self) -> bool {
        self.workspace.is_none() && self.place.is_none() && self.handles.iter().all(Option::is_none)
    }
}

/// Where a ticket lies among its pair's, and its number, as the place may be another's later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) index: u32,
    pub(super) number: u64,
}

/// The tag of entries that nobody waits for.
pub(super) const NOBODY: u32 = u32::MAX;

impl Key {
    /// The tag of its entries.
    pub(super) fn tag(self) -> u32 {
        self.index
    }
}

/// What becomes of a job: done, with the completion's detail, or why not.
pub(super) type Verdict = Result<u32, DeviceError>;
/// What its owner gets, or why there is none.
pub(super) type Outcome = Result<Answer, DeviceError>;

/// What the card has done.
#[derive(Debug)]
pub(super) struct Answer {
    /// What it has read and written.
    pub(super) buffer: Option<LentBuffer>,
    /// Of a RUN or KECCAK, the CRC-32 of its output.
    pub(super) detail: u32,
}

/// What is done with an outcome instead of collecting it, by a thread of the driver's own.
pub(super) struct Deliver(Make);
type Make = Box<dyn FnOnce(&Arc<Shared>, Outcome) + Send>;

impl Deliver {
    pub(super) fn new(make: impl FnOnce(&Arc<Shared>, Outcome) + Send + 'static) -> Self {
        Self(Box::new(make))
    }
}

impl std::fmt::Debug for Deliver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Deliver")
    }
}

/// An outcome, and what is done with it.
pub(super) struct Delivery {
    pub(super) deliver: Deliver,
    pub(super) outcome: Outcome,
}

impl Delivery {
    /// Never under the lock: it copies, and wakes whom it pleases.
    pub(super) fn make(self, shared: &Arc<Shared>) {
        (self.deliver.0)(shared, self.outcome);
    }
}

#[derive(Debug)]
pub(super) struct Ticket {
    /// 0 of a free place.
    pub(super) number: u64,
    pub(super) opcode: Opcode,
    /// Of its last entry.
    pub(super) sequence: u32,
    /// Entries that are not answered.
    pub(super) left: usize,
    /// Somebody will collect it.
    pub(super) owned: bool,
    /// Who submitted it, if it has a buffer: most likely its owner.
    pub(super) submitter: Option<ThreadId>,
    /// A thread waits to collect it.
    pub(super) awaited: bool,
    /// Its outcome is not collected, but delivered.
    pub(super) deliver: Option<Deliver>,
    /// Its entry may be answered as cancelled.
    pub(super) cancelled: bool,
    /// `None` while it waits.
    pub(super) verdict: Option<Verdict>,
    pub(super) holds: Holds,
    pub(super) buffer: Option<LentBuffer>,
}

/// What a job needs, and what its ticket gives back when it is answered or nobody's any more.
#[derive(Debug)]
pub(super) struct Remains {
    pub(super) opcode: Opcode,
    pub(super) holds: Holds,
    /// What the card may read and write.
    pub(super) buffer: Option<LentBuffer>,
}

impl Ticket {
    /// The key of a ticket that lies there.
    pub(super) fn key(&self, index: u32) -> Key {
        Key {
            index,
            number: self.number,
        }
    }

    /// What it holds, which it then no longer does.
    pub(super) fn take(&mut self) -> Remains {
        Remains {
            opcode: self.opcode,
            holds: std::mem::take(&mut self.holds),
            buffer: self.buffer.take(),
        }
    }
}
