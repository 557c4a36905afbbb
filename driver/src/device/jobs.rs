//! The jobs in flight: who waits for which entry, and what each holds until it is answered.
//!
//! A ticket is opened when a job is submitted, and settled by the answer to its last entry, or by what
//! puts an end to the waiting; then its owner collects the outcome. A ticket that is settled without an
//! answer, because its time was up, is *overdue*: the card may still write its buffers, so they stay with
//! it until a late answer, or a reset. A ticket that is *watched* is not collected: it is due when it is
//! settled, and its outcome is delivered.

use super::clock::Clock;
use super::ticket::{Answer, Deliver, Delivery, Key, Outcome, Remains, Ticket, Verdict};
use crate::counters::InFlight;
use crate::error::DeviceError;
use crate::lending::LentBuffer;
use metisvm_firmware::Opcode;
use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// All tickets of a queue pair.
#[derive(Debug)]
pub(super) struct Jobs {
    tickets: Vec<Ticket>,
    free: Vec<u32>,
    /// In the order of submission. The first still waits, unless it was just settled.
    order: VecDeque<Key>,
    /// Made at the first look after the oldest became so.
    clock: Option<Clock>,
    numbers: u64,
    /// Tickets whose outcome is to be delivered.
    watched: usize,
    /// Those of them that are settled.
    due: Vec<Key>,
    waiting: usize,
    /// Of the whole device.
    in_flight: Arc<InFlight>,
}

/// Jobs that are answered and have a buffer, with nobody who waits to collect them.
#[derive(Default)]
pub(super) struct Uncollected {
    pub(super) all: usize,
    /// Those of threads that do not wait for memory.
    pub(super) by_others: usize,
}

impl Jobs {
    /// Those of a pair of a device that counts what is in flight.
    pub(super) fn new(in_flight: Arc<InFlight>) -> Self {
        Self {
            tickets: Vec::new(),
            free: Vec::new(),
            order: VecDeque::new(),
            clock: None,
            numbers: 0,
            watched: 0,
            due: Vec::new(),
            waiting: 0,
            in_flight,
        }
    }

    /// Jobs that wait for an answer.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// A ticket for a job of `entries` entries.
    pub(super) fn open(
        &mut self,
        entries: usize,
        owned: bool,
        Remains {
            opcode,
            holds,
            buffer,
        }: Remains,
    ) -> Key {
        self.numbers += 1;
        let ticket = Ticket {
            number: self.numbers,
            opcode,
            sequence: 0,
            left: entries,
            owned,
            submitter: buffer.is_some().then(|| thread::current().id()),
            awaited: false,
            deliver: None,
            cancelled: false,
            verdict: None,
            holds,
            buffer,
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
            self.clock = None;
        }
        self.order.push_back(key);
        self.waiting += 1;
        self.in_flight.begin();
        key
    }

    /// Says which entry is the ticket's, or its last one.
    #[inline]
    pub(super) fn set_sequence(&mut self, key: Key, sequence: u32) {
        self.tickets[key.index as usize].sequence = sequence;
    }

    /// One of several entries of a ticket was done; says whether it was one, and not the last.
    #[inline]
    pub(super) fn count_down(&mut self, tag: u32) -> bool {
        let Some(ticket) = self
            .tickets
            .get_mut(tag as usize)
            .filter(|ticket| ticket.left > 1)
        else {
            return false;
        };
        ticket.left -= 1;
        true
    }

    /// Whose entry a tag stands for: the opcode, and whether it was given up.
    pub(super) fn owner(&self, tag: u32) -> Option<(Opcode, bool)> {
        let ticket = self.tickets.get(tag as usize)?;
        Some((ticket.opcode, ticket.cancelled || ticket.verdict.is_some()))
    }

    /// An entry of a ticket was answered. If it was the last, the ticket is settled, and gives back what it
    /// held on the card, and a buffer that nobody will read.
    pub(super) fn answer(&mut self, index: u32, verdict: Verdict) -> Option<Remains> {
        let ticket = &mut self.tickets[index as usize];
        ticket.left -= 1;
        if ticket.left > 0 {
            return None;
        }
        self.settle(index, verdict);
        let ticket = &mut self.tickets[index as usize];
        let mut remains = ticket.take();
        if ticket.owned && matches!(ticket.verdict, Some(Ok(_))) {
            // Its owner reads the buffer, and takes what was loaded.
            ticket.buffer = remains.buffer.take();
            if ticket.opcode == Opcode::LoadResident {
                ticket.holds.epoch = remains.holds.epoch;
                ticket.holds.place = remains.holds.place.take();
            }
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
        self.in_flight.end();
        if ticket.deliver.is_some() {
            self.due.push(ticket.key(index));
        }
        let waits = |key: &Key| {
            let ticket = &self.tickets[key.index as usize];
            ticket.number == key.number && ticket.verdict.is_none()
        };
        while self.order.front().is_some_and(|key| !waits(key)) {
            self.order.pop_front();
            self.clock = None;
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
    pub(super) fn collect(&mut self, key: Key) -> Option<Outcome> {
        let ticket = self.find(key)?;
        let verdict = ticket.verdict.clone()?;
        ticket.owned = false;
        let outcome = verdict.map(|detail| Answer {
            buffer: ticket.buffer.take(),
            detail,
        });
        self.release(key.index);
        Some(outcome)
    }

    /// A thread is about to wait for a ticket and to collect it.
    pub(super) fn set_awaited(&mut self, key: Key) {
        if let Some(ticket) = self.find(key) {
            ticket.awaited = true;
        }
    }

    /// Has the outcome of a ticket that waits delivered, once it is settled.
    pub(super) fn watch(&mut self, key: Key, deliver: Deliver) {
        let Some(ticket) = self.find(key) else { return };
        ticket.deliver = Some(deliver);
        self.watched += 1;
    }

    /// How many tickets are watched.
    pub(super) fn watched(&self) -> usize {
        self.watched
    }

    /// What is to be delivered by now.
    pub(super) fn take_due(&mut self) -> Vec<Delivery> {
        let mut due = Vec::new();
        for key in std::mem::take(&mut self.due) {
            let deliver = self.find(key).and_then(|ticket| ticket.deliver.take());
            if let Some(deliver) = deliver
                && let Some(outcome) = self.collect(key)
            {
                self.watched -= 1;
                due.push(Delivery { deliver, outcome });
            }
        }
        due
    }

    /// Whether its outcome is to be delivered.
    pub(super) fn is_watched(&mut self, key: Key) -> bool {
        self.find(key).is_some_and(|ticket| ticket.deliver.is_some())
    }

    /// Allows a ticket that waits to be answered as cancelled; gives its entry.
    pub(super) fn cancel(&mut self, key: Key) -> Option<u32> {
        let ticket = self.find(key).filter(|ticket| ticket.verdict.is_none())?;
        ticket.cancelled = true;
        Some(ticket.sequence)
    }

    /// Whether a ticket is settled, or gone.
    pub(super) fn is_settled(&self, key: Key) -> bool {
        let ticket = &self.tickets[key.index as usize];
        ticket.number != key.number || ticket.verdict.is_some()
    }

    /// Nobody will collect a ticket any more. What it still holds comes back with its answer, or now.
    pub(super) fn disown(&mut self, key: Key) -> Option<Remains> {
        let ticket = self.find(key)?;
        ticket.owned = false;
        if ticket.left > 0 {
            return None;
        }
        let remains = ticket.take();
        self.release(key.index);
        Some(remains)
    }

    /// When the time of the oldest job is up, seen at `now`; `None` if none waits. `elsewhere` is asked how many answers
    /// other pairs had by then, if that time begins only now: to ask costs a look at each of them.
    pub(super) fn deadline(
        &mut self,
        now: Instant,
        timeout: Duration,
        elsewhere: impl FnOnce() -> u64,
    ) -> Option<Instant> {
        if self.waiting == 0 {
            return None;
        }
        let clock = self.clock.get_or_insert_with(|| Clock::start(now, elsewhere()));
        Some(clock.since + timeout)
    }

    /// Gives the oldest job its time again if the card was at other pairs' jobs meanwhile; says whether it did.
    /// `most` is how many of those may come before it.
    pub(super) fn forgive(&mut self, now: Instant, elsewhere: u64, most: u64) -> bool {
        let clock = self.clock.as_mut();
        clock.is_some_and(|clock| clock.forgive(now, elsewhere, most))
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
    pub(super) fn abandon(&mut self, fault: &DeviceError) -> Vec<LentBuffer> {
        let mut buffers = Vec::new();
        for index in 0..self.tickets.len() as u32 {
            let ticket = &mut self.tickets[index as usize];
            if ticket.number == 0 {
                continue;
            }
            buffers.extend(ticket.take().buffer);
            ticket.left = 0;
            if !matches!(ticket.verdict, Some(Err(_))) {
                if ticket.verdict.is_none() {
                    self.waiting -= 1;
                    self.in_flight.end();
                    if ticket.deliver.is_some() {
                        self.due.push(ticket.key(index));
                    }
                }
                ticket.verdict = Some(Err(fault.clone()));
            }
            self.release(index);
        }
        self.order.clear();
        buffers
    }

    /// Bytes of buffers that the card may write though their owners have given up.
    pub(super) fn overdue_bytes(&self) -> usize {
        let overdue = |ticket: &&Ticket| ticket.number != 0 && ticket.verdict.is_some() && ticket.left > 0;
        let tickets = self.tickets.iter().filter(overdue);
        let buffers = tickets.filter_map(|ticket| ticket.buffer.as_ref());
        buffers.map(|buffer| buffer.bytes()).sum()
    }

    /// The card writes nothing any more: frees what overdue jobs still hold.
    pub(super) fn forget_overdue(&mut self) {
        for index in 0..self.tickets.len() as u32 {
            let ticket = &mut self.tickets[index as usize];
            if ticket.number != 0 && ticket.left > 0 {
                drop(ticket.take());
                ticket.left = 0;
                self.release(index);
            }
        }
    }

    /// What has to be collected before its memory comes free, while these threads wait for memory.
    pub(super) fn uncollected(&self, waiting: &[ThreadId]) -> Uncollected {
        let (mut all, mut by_others) = (0, 0);
        for ticket in &self.tickets {
            let answered = ticket.number != 0 && ticket.left == 0 && ticket.buffer.is_some();
            if answered && ticket.deliver.is_none() && !ticket.awaited {
                all += 1;
                let waits = ticket.submitter.is_some_and(|thread| waiting.contains(&thread));
                by_others += usize::from(!waits);
            }
        }
        Uncollected { all, by_others }
    }
}
