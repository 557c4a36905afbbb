//! The jobs in flight: who waits for which entry, and what each holds until it is answered.
//!
//! A ticket is opened when a job is submitted, and settled by the answer to its last entry, or by what
//! puts an end to the waiting; then its owner collects the outcome. A ticket that is settled without an
//! answer, because its time was up, is *overdue*: the card may still write its buffers, so they stay with
//! it until a late answer, or a reset.

use super::resident::Place;
use crate::dma::DmaBuffer;
use crate::error::DeviceError;
use metisvm_firmware::Opcode;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What a job holds on the card until it is answered.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// The device's epoch when it was taken; of an older one, nothing is given back.
    pub(super) epoch: u64,
    /// Card memory for the time of the job: address and bytes.
    pub(super) workspace: Option<(u64, u64)>,
    /// Handles that it reads.
    pub(super) handles: [Option<u32>; 2],
    /// Resident memory that it makes.
    pub(super) loads: Option<Place>,
    /// Resident memory that it ends.
    pub(super) evicts: Option<Place>,
}

/// The buffers of a job: those that it reads, those that the card writes.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) input: Option<DmaBuffer>,
    pub(super) output: Option<DmaBuffer>,
}

impl Buffers {
    pub(super) fn into_iter(self) -> impl Iterator<Item = DmaBuffer> {
        self.input.into_iter().chain(self.output)
    }

    fn bytes(&self) -> usize {
        self.input.iter().chain(&self.output).map(DmaBuffer::bytes).sum()
    }
}

/// Where a ticket lies, and its number, as the place may be another's later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    index: u32,
    number: u64,
}

/// What an owner is told: done, or why not.
type Verdict = Result<(), DeviceError>;

#[derive(Debug)]
struct Ticket {
    /// 0 of a free place.
    number: u64,
    opcode: Opcode,
    /// Of its last entry.
    sequence: u32,
    /// Entries that are not answered.
    left: usize,
    /// Somebody will collect it.
    owned: bool,
    /// `None` while it waits.
    verdict: Option<Verdict>,
    holds: Holds,
    buffers: Buffers,
}

/// All tickets of a device.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    tickets: Vec<Ticket>,
    free: Vec<u32>,
    /// By the ring's slot of a sequence number: the ticket, or `None` for an entry that nobody waits for.
    slots: Vec<Option<u32>>,
    /// In the order of submission. The first still waits, unless it was just settled.
    order: VecDeque<Key>,
    /// Since when the oldest is the oldest; stamped at the first look after it became so.
    oldest_since: Option<Instant>,
    numbers: u64,
    waiting: usize,
    most: usize,
}

/// What a ticket gives back when it is answered or nobody's any more.
#[derive(Debug, Default)]
pub(super) struct Remains {
    pub(super) holds: Holds,
    pub(super) buffers: Buffers,
}

impl Jobs {
    /// Jobs that wait for an answer.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The most that waited together.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// A ticket for a job of `entries` entries.
    pub(super) fn open(
        &mut self,
        opcode: Opcode,
        entries: usize,
        owned: bool,
        Remains { holds, buffers }: Remains,
    ) -> Key {
        self.numbers += 1;
        let ticket = Ticket {
            number: self.numbers,
            opcode,
            sequence: 0,
            left: entries,
            owned,
            verdict: None,
            holds,
            buffers,
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.tickets[index as usize] = ticket;
                index
            }
            None => {
                self.tickets.push(ticket);
                self.tickets.len() as u32 - 1
            }
        };
        let key = Key {
            index,
            number: self.numbers,
        };
        if self.waiting == 0 {
            self.order.clear();
            self.oldest_since = None;
        }
        self.order.push_back(key);
        self.waiting += 1;
        self.most = self.most.max(self.waiting);
        key
    }

    /// Says whose entry a slot of the ring holds; `None` is nobody's.
    #[inline]
    pub(super) fn assign(&mut self, key: Option<Key>, slot: usize, sequence: u32) {
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, None);
        }
        self.slots[slot] = key.map(|key| key.index);
        if let Some(key) = key {
            self.tickets[key.index as usize].sequence = sequence;
        }
    }

    /// Whose entry a slot holds: the ticket, its opcode, and whether it is overdue.
    #[inline]
    pub(super) fn owner(&self, slot: usize) -> Option<(u32, Opcode, bool)> {
        let index = self.slots.get(slot).copied().flatten()?;
        let ticket = &self.tickets[index as usize];
        Some((index, ticket.opcode, ticket.verdict.is_some()))
    }

    /// An entry of a ticket was answered. Says whether it was the last: then the ticket is settled, and
    /// gives back what it held on the card, and buffers that nobody will read.
    #[inline]
    pub(super) fn answer(&mut self, index: u32, verdict: Verdict) -> Option<Remains> {
        let ticket = &mut self.tickets[index as usize];
        ticket.left -= 1;
        if ticket.left > 0 {
            return None;
        }
        self.settle(index, verdict);
        let ticket = &mut self.tickets[index as usize];
        let mut remains = Remains {
            holds: std::mem::take(&mut ticket.holds),
            buffers: Buffers::default(),
        };
        if ticket.owned && ticket.verdict == Some(Ok(())) {
            // Its owner takes what was loaded.
            ticket.holds.loads = remains.holds.loads.take();
        } else {
            remains.buffers = std::mem::take(&mut ticket.buffers);
        }
        self.release(index);
        Some(remains)
    }

    /// Ends the waiting for a ticket, if it still waits.
    fn settle(&mut self, index: u32, verdict: Verdict) {
        let ticket = &mut self.tickets[index as usize];
        if ticket.verdict.is_some() {
            return;
        }
        ticket.verdict = Some(verdict);
        self.waiting -= 1;
        let waits = |key: &Key| {
            let ticket = &self.tickets[key.index as usize];
            ticket.number == key.number && ticket.verdict.is_none()
        };
        while self.order.front().is_some_and(|key| !waits(key)) {
            self.order.pop_front();
            self.oldest_since = None;
        }
    }

    /// Frees the place of a ticket that neither its owner nor the card has anything to do with.
    fn release(&mut self, index: u32) {
        let ticket = &mut self.tickets[index as usize];
        if !ticket.owned && ticket.left == 0 {
            ticket.number = 0;
            self.free.push(index);
        }
    }

    fn find(&mut self, key: Key) -> Option<&mut Ticket> {
        self.tickets
            .get_mut(key.index as usize)
            .filter(|ticket| ticket.number == key.number && ticket.owned)
    }

    /// Gives its owner what came of a settled ticket; `None` while it waits.
    #[inline]
    pub(super) fn collect(&mut self, key: Key) -> Option<Result<Remains, DeviceError>> {
        let ticket = self.find(key)?;
        let verdict = ticket.verdict.clone()?;
        ticket.owned = false;
        let outcome = verdict.map(|()| Remains {
            holds: std::mem::take(&mut ticket.holds),
            buffers: std::mem::take(&mut ticket.buffers),
        });
        self.release(key.index);
        Some(outcome)
    }

    /// Whether a ticket is settled, or gone.
    pub(super) fn is_settled(&self, key: Key) -> bool {
        let ticket = &self.tickets[key.index as usize];
        ticket.number != key.number || ticket.verdict.is_some()
    }

    /// Nobody will collect a ticket any more. What it still holds comes back with its answer, or now.
    pub(super) fn disown(&mut self, key: Key) -> Remains {
        let Some(ticket) = self.find(key) else {
            return Remains::default();
        };
        ticket.owned = false;
        if ticket.left > 0 {
            return Remains::default();
        }
        let remains = Remains {
            holds: std::mem::take(&mut ticket.holds),
            buffers: std::mem::take(&mut ticket.buffers),
        };
        self.release(key.index);
        remains
    }

    /// When the time of the oldest job is up, seen at `now`; `None` if none waits.
    pub(super) fn deadline(&mut self, now: Instant, timeout: Duration) -> Option<Instant> {
        if self.waiting == 0 {
            return None;
        }
        Some(*self.oldest_since.get_or_insert(now) + timeout)
    }

    /// Gives up the oldest job, or all that wait. Gives the sequence numbers of their last entries.
    pub(super) fn give_up(&mut self, all: bool, fault: &DeviceError) -> Vec<u32> {
        let mut sequences = Vec::new();
        while let Some(&key) = self.order.front() {
            sequences.push(self.tickets[key.index as usize].sequence);
            self.settle(key.index, Err(fault.clone()));
            if !all {
                break;
            }
        }
        sequences
    }

    /// No answer is believed any more: whoever waits, or has not collected yet, gets the fault. Gives all
    /// buffers, as the card may write any of them.
    pub(super) fn abandon(&mut self, fault: &DeviceError) -> Vec<DmaBuffer> {
        let mut buffers = Vec::new();
        for index in 0..self.tickets.len() as u32 {
            let ticket = &mut self.tickets[index as usize];
            if ticket.number == 0 {
                continue;
            }
            buffers.extend(std::mem::take(&mut ticket.buffers).into_iter());
            ticket.holds = Holds::default();
            ticket.left = 0;
            if !matches!(ticket.verdict, Some(Err(_))) {
                if ticket.verdict.is_none() {
                    self.waiting -= 1;
                }
                ticket.verdict = Some(Err(fault.clone()));
            }
            self.release(index);
        }
        self.order.clear();
        self.slots.clear();
        buffers
    }

    /// Bytes of buffers that the card may write though their owners have given up.
    pub(super) fn overdue_bytes(&self) -> usize {
        let overdue = |ticket: &&Ticket| ticket.number != 0 && ticket.verdict.is_some() && ticket.left > 0;
        let tickets = self.tickets.iter().filter(overdue);
        tickets.map(|ticket| ticket.buffers.bytes()).sum()
    }

    /// The card writes nothing any more: frees what overdue jobs still hold.
    pub(super) fn forget_overdue(&mut self) {
        for index in 0..self.tickets.len() as u32 {
            let ticket = &mut self.tickets[index as usize];
            if ticket.number != 0 && ticket.left > 0 {
                ticket.buffers = Buffers::default();
                ticket.holds = Holds::default();
                ticket.left = 0;
                self.release(index);
            }
        }
        self.slots.clear();
    }

    /// Whether some job that is not answered will give card memory or a handle back.
    pub(super) fn will_give_back(&self) -> bool {
        self.tickets.iter().any(|ticket| {
            let gives = ticket.holds.workspace.is_some() || ticket.holds.evicts.is_some();
            ticket.number != 0 && ticket.left > 0 && gives
        })
    }
}
