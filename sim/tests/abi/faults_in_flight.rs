//! Faults while more than one entry is unanswered, and what interrupts and stalled links do to a driver that
//! waits.

use crate::support::{NONCE, card, impatient, open, small};
use crate::toy::ToyCard;
use metisvm_driver::ring::QueuePair;
use metisvm_driver::{DeviceError, Health, InProcess, Transport};
use metisvm_firmware::port::CardModel;
use metisvm_firmware::registers::{self as reg, queue, queue_register};
use metisvm_firmware::{Completion, Submission};
use metisvm_sim::{Fault, FaultPlan, FaultyCard, Trigger};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

/// A queue of 16 entries, of which 12 may be unanswered.
struct Queue {
    transport: Arc<dyn Transport>,
    pair: QueuePair,
    faults: FaultPlan,
}

impl Queue {
    fn new<C: CardModel + 'static>(card: C) -> Self {
        let card = FaultyCard::new(card);
        let faults = card.faults();
        let transport: Arc<dyn Transport> = Arc::new(InProcess::start(Box::new(card)).unwrap());
        transport.write32(reg::BOOT_NONCE, NONCE);
        let pair = QueuePair::new(&transport, 0, 4, NONCE).unwrap();
        Self {
            transport,
            pair,
            faults,
        }
    }

    /// On both cards.
    fn both() -> [Self; 2] {
        [Self::new(card(small())), Self::new(ToyCard::new())]
    }

    /// Submits NOPs together; gives their sequence numbers.
    fn submit(&mut self, count: usize) -> Vec<u32> {
        let push = |_| self.pair.push(Submission::default()).unwrap();
        let sequences = (0..count).map(push).collect();
        self.pair.ring_doorbell();
        sequences
    }

    fn wait(&mut self) -> Completion {
        self.pair.wait(Instant::now() + PATIENCE, PATIENCE).unwrap()
    }

    /// The next answer, without a look at a register.
    fn poll(&mut self) -> Result<Completion, DeviceError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(completion) = self.pair.poll()? {
                return Ok(completion);
            }
            assert!(Instant::now() < deadline, "no answer came");
            thread::yield_now();
        }
    }

    /// The sequence numbers of so many answers.
    fn answers(&mut self, count: usize) -> Vec<u32> {
        (0..count).map(|_| self.wait().sequence).collect()
    }

    /// Submits NOPs and takes their answers.
    fn round(&mut self, count: usize) {
        let sequences = self.submit(count);
        assert_eq!(self.answers(count), sequences);
    }
}

#[test]
fn answer_that_does_not_come_leaves_no_hole_among_the_others() {
    // Before the ring wraps, and so that it wraps among them.
    for before in [0, 3, 10] {
        for mut queue in Queue::both() {
            queue.round(before);
            queue.faults.arm(Trigger::Entry(2), Fault::Silent);
            let mut sequences = queue.submit(12);
            sequences.remove(2);
            assert_eq!(queue.answers(11), sequences);
            thread::sleep(Duration::from_millis(5));
            assert!(!queue.pair.has_completion());
        }
    }
}

#[test]
fn answer_that_comes_late_comes_behind_the_others_and_the_queue_goes_on() {
    for before in [0, 3, 10] {
        for mut queue in Queue::both() {
            queue.round(before);
            queue
                .faults
                .arm(Trigger::Entry(1), Fault::Late(Duration::from_millis(30)));
            let mut sequences = queue.submit(8);
            let late = sequences.remove(1);
            sequences.push(late);
            assert_eq!(queue.answers(8), sequences);
            // Round after round, so that the card's and the host's counts have to agree.
            (0..100).for_each(|_| queue.round(11));
        }
    }
}

#[test]
fn answer_that_comes_late_wakes_a_host_that_sleeps() {
    for mut queue in Queue::both() {
        let delay = Duration::from_millis(60);
        queue.faults.arm(Trigger::Entry(0), Fault::Late(delay));
        queue.submit(1);
        while queue.faults.fired() == 0 {
            thread::yield_now();
        }
        // Armed after the card has done its part: the interrupt belongs to the late answer.
        let arm = queue_register(0, queue::INTERRUPT_ARM);
        queue.transport.write32(arm, 1);
        assert!(!queue.pair.has_completion());
        while !queue.pair.has_completion() {
            let raised = queue.transport.wait_interrupt(0, PATIENCE);
            assert!(raised, "the host would have slept on");
            queue.transport.write32(arm, 1);
        }
    }
}

#[test]
fn answers_that_were_doubled_are_noticed_at_once_and_displace_no_other() {
    for mut queue in Queue::both() {
        queue.round(9);
        queue.faults.arm(Trigger::Entry(4), Fault::Twice);
        let sequences = queue.submit(11);
        assert_eq!(queue.answers(5), sequences[..5]);
        let twice = queue.poll().unwrap_err();
        assert_eq!(twice, DeviceError::UnexpectedSequence(sequences[4]));
    }
}

#[test]
fn words_in_the_wrong_order_are_those_of_an_older_answer_on_a_ring_that_has_wrapped() {
    for mut queue in Queue::both() {
        // Five past two passes: the slot holds the answer of the pass before.
        (0..37).for_each(|_| queue.round(1));
        queue.faults.arm(Trigger::Entry(0), Fault::SwappedWords(PATIENCE));
        queue.submit(1);
        let error = queue.pair.wait(Instant::now() + PATIENCE, PATIENCE).unwrap_err();
        // Entries were numbered from 1, and this is the 38th.
        assert_eq!(error, DeviceError::UnexpectedSequence(38 - 16));
    }
}

#[test]
fn interrupt_that_is_lost_costs_a_moment() {
    let (device, faults) = open(small(), impatient()).unwrap();
    // Long enough for the driver to fall asleep, on a card of whatever speed, and no longer than it waits.
    let message = vec![
        7;
        if crate::support::rtl::is_asked_for() {
            32 << 10
        } else {
            2 << 20
        }
    ];
    for fault in [None, Some(Fault::LostInterrupt)] {
        if let Some(fault) = fault {
            faults.arm(Trigger::Run(0), fault);
        }
        device.keccak(&[&message]).unwrap();
    }
    assert_eq!(faults.lost_interrupts(), 1);
    assert_eq!(device.health(), Health::Healthy);
    device.keccak(&[&message]).unwrap();
    assert_eq!(faults.lost_interrupts(), 1);
}

#[test]
fn interrupts_without_end_keep_nobody_from_noticing_a_card_that_does_not_answer() {
    let (device, faults) = open(small(), impatient()).unwrap();
    faults.arm(Trigger::Run(0), Fault::InterruptStorm(PATIENCE));
    faults.arm(Trigger::Run(50), Fault::Silent);
    for _ in 0..50 {
        device.keccak(&[b"abc"]).unwrap();
    }
    assert!(faults.needless_interrupts() > 0);
    let start = Instant::now();
    let error = device.keccak(&[b"abc"]).unwrap_err();
    assert_eq!(error, DeviceError::Timeout(impatient().timeout));
    assert!(start.elapsed() < PATIENCE / 2);
    device.reset().unwrap();
    let raised = faults.needless_interrupts();
    thread::sleep(Duration::from_millis(10));
    assert_eq!(faults.needless_interrupts(), raised, "a reset ends a storm");
}

#[test]
fn link_that_retrains_for_a_moment_is_not_even_noticed_and_costs_what_was_written_meanwhile() {
    let (device, faults) = open(small(), impatient()).unwrap();
    let time = Duration::from_millis(5);
    faults.arm(Trigger::Run(0), Fault::LinkRetrain(time));
    let start = Instant::now();
    device.keccak(&[b"abc"]).unwrap();
    assert!(start.elapsed() >= time, "DMA stalled");
    assert_eq!(device.health(), Health::Healthy);
    // Nothing was written: the next job is as any other.
    device.keccak(&[b"abc"]).unwrap();

    for mut queue in Queue::both() {
        queue
            .faults
            .arm(Trigger::Entry(0), Fault::LinkRetrain(Duration::from_millis(200)));
        queue.submit(1);
        while queue.faults.fired() == 0 {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(10));
        // This doorbell is lost, so only the first entry is answered, until another doorbell.
        let lost = queue.submit(1);
        assert_eq!(queue.poll().unwrap().sequence, lost[0] - 1);
        thread::sleep(Duration::from_millis(10));
        assert!(!queue.pair.has_completion());
        let next = queue.submit(1);
        assert_eq!(queue.answers(2), [lost[0], next[0]]);
    }
}
