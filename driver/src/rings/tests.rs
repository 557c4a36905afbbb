use super::*;
use crate::lines::word;
use crate::stub::{Stub, region};
use crate::transport::{DmaRegion, TransportError};
use metisvm_firmware::Opcode;

const NONCE: u32 = 9;

/// A link to nothing but memory.
struct Nowhere;

impl Stub for Nowhere {
    fn maps(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        Ok(region(bytes, 1 << 32))
    }
}

fn rings(entries_log2: u32) -> Rings {
    let transport: Arc<dyn Transport> = Arc::new(Nowhere);
    Rings::new(entries_log2, NONCE, |bytes| DmaBuffer::new(&transport, bytes)).unwrap()
}

/// Submits NOPs with a tag; gives the first sequence number.
fn push(rings: &mut Rings, count: usize, tag: u32, reported: u16) -> u32 {
    let nop = Submission {
        opcode: Opcode::Nop as u8,
        ..Submission::default()
    };
    let reserved = rings.reserve(nop, count, tag, reported).unwrap();
    assert_eq!(reserved.count(), count);
    reserved.write();
    reserved.sequence()
}

/// The card's answer to an entry, in the next slot.
fn answer(rings: &Rings, sequence: u32, submission_head: u16) {
    let completion = Completion {
        sequence,
        boot_nonce: NONCE,
        detail: 0,
        submission_head,
        status: Status::Ok as u16,
        phase: rings.phase() != 0,
    };
    let at = rings.next_completion();
    for (index, value) in completion.to_words().into_iter().enumerate() {
        word(rings.memory.lines(), at + index).store(value, Ordering::Release);
    }
}

#[test]
fn entries_are_written_in_order_and_their_tags_come_back() {
    let mut rings = rings(3);
    let first = push(&mut rings, 3, 70, 0);
    let other = push(&mut rings, 1, 71, 0);
    for (index, sequence) in [first, first + 1, first + 2, other].into_iter().enumerate() {
        let line = &rings.memory.lines()[index].0;
        let words = std::array::from_fn(|word| line[word].load(Ordering::Relaxed));
        let entry = Submission::from_words(words);
        assert_eq!((entry.sequence, entry.boot_nonce), (sequence, NONCE));
    }
    for (sequence, tag) in [(other, 71), (first + 1, 70)] {
        answer(&rings, sequence, 4);
        let (completion, found) = rings.take().unwrap().unwrap();
        assert_eq!((completion.sequence, found), (sequence, tag));
    }
    assert!(rings.take().unwrap().is_none());
    assert_eq!(rings.waiting(), 2);
}

#[test]
fn a_head_that_cannot_be_is_a_fault() {
    for (head, expected) in [
        (4, DeviceError::HeadBeyondTail { head: 4, tail: 3 }),
        (
            u16::MAX,
            DeviceError::HeadBeyondTail {
                head: u16::MAX,
                tail: 3,
            },
        ),
        // Of three entries one is answered now, so one at least was fetched.
        (
            0,
            DeviceError::HeadBehind {
                head: 0,
                tail: 3,
                unanswered: 2,
            },
        ),
    ] {
        let mut rings = rings(3);
        let sequence = push(&mut rings, 3, 0, 0);
        answer(&rings, sequence, head);
        assert_eq!(rings.take().unwrap_err(), expected);
    }
}

#[test]
fn no_answer_is_taken_twice() {
    let mut rings = rings(3);
    let sequence = push(&mut rings, 2, 0, 0);
    answer(&rings, sequence, 2);
    rings.take().unwrap().unwrap();
    answer(&rings, sequence, 2);
    assert_eq!(
        rings.take().unwrap_err(),
        DeviceError::UnexpectedSequence(sequence)
    );
}

#[test]
fn room_counts_what_the_card_does_not_know_to_be_consumed_and_places_that_are_taken() {
    let mut rings = rings(3);
    let first = push(&mut rings, 6, 0, 0);
    assert_eq!(rings.room(0, 9), 0);
    for done in 1..=4 {
        answer(&rings, first + done, 6);
        rings.take().unwrap().unwrap();
    }
    assert_eq!(rings.room(0, 9), 2, "four completions are not reported");
    // The third would have the place of the first entry, which still waits.
    assert_eq!(rings.room(4, 9), 2);
    answer(&rings, first, 6);
    rings.take().unwrap().unwrap();
    assert_eq!((rings.room(4, 9), rings.room(4, 3)), (5, 3));
}
