//! The DMA read engine: beats in the order of requests, whatever the bus does.

use super::beats::{beat, garbage, words};
use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::shell::reader::Reader;
use std::collections::VecDeque;

/// Cycles until a read counts as lost.
const TIMEOUT: u64 = 150;

/// A request that was taken and not handed on yet.
struct Request {
    address: u64,
    bytes: u64,
    kind: u64,
    last: bool,
    tag: Option<usize>,
    /// Words of it that were handed on.
    sent: u64,
}

/// What the bus does with a tag.
#[derive(Clone, Default)]
struct Answer {
    words: Vec<u64>,
    sent: usize,
    fails: bool,
    /// Not before this cycle.
    due: u64,
    /// The reader was told of a failure or of its end, or gave up.
    failed: bool,
}

#[derive(Default)]
struct Bus<const W: usize, const B: usize, const T: usize, const K: usize, const P: usize> {
    cycle: u64,
    offered: Option<(u64, u64, u64, bool)>,
    requests: VecDeque<Request>,
    /// Requests that go to the bus and were not seen there.
    towards: VecDeque<(u64, u64)>,
    answers: Vec<Option<Answer>>,
    /// The tag whose beat is offered.
    beat: Option<usize>,
    last_rq: Option<(u64, u64, u64)>,
    handed_on: u64,
    errors: u64,
    late: u64,
    /// Cycles before this one in which no tag was outstanding.
    quiet_for: u32,
}

/// The word of host memory at an address.
fn word_at(address: u64) -> u64 {
    (address / 8).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ address
}

impl<const W: usize, const B: usize, const T: usize, const K: usize, const P: usize> Bus<W, B, T, K, P> {
    fn request(random: &mut Random) -> (u64, u64, u64, bool) {
        let address = (random.bits() & !511) + 8 * (random.bits() % 64);
        let most = 512 - address % 512;
        let bytes = match random.bits() % 6 {
            0 => 0,
            1 => most,
            2 => random.bits() % 16 % (most + 1),
            _ => random.bits() % (most + 1),
        };
        (address, bytes, random.bits() % 4, random.one_in(2))
    }

    /// One beat towards the reader.
    fn answer(&mut self, block: &mut Reader<W, B, T, K, P>, random: &mut Random) {
        let due = |answer: &Answer| answer.due <= self.cycle;
        let ready: Vec<usize> = (0..K)
            .filter(|&tag| self.answers[tag].as_ref().is_some_and(due))
            .collect();
        self.beat = (!ready.is_empty() && !random.one_in(4)).then(|| random.choose(&ready));
        block.rc_valid.next = self.beat.is_some();
        block.rc_data.next = garbage(random);
        put(&mut block.rc_tag, random.bits());
        block.rc_last.next = random.one_in(2);
        block.rc_error.next = random.one_in(2);
        if let Some(tag) = self.beat {
            let answer = self.answers[tag].as_ref().unwrap();
            let rest = &answer.words[answer.sent..];
            let fails = answer.fails && (rest.len() <= W / 64 || random.one_in(2));
            let mut lanes = rest[..rest.len().min(W / 64)].to_vec();
            lanes.resize_with(W / 64, || random.bits());
            block.rc_data.next = beat(&lanes);
            put(&mut block.rc_tag, tag as u64);
            block.rc_error.next = fails;
            block.rc_last.next = if fails {
                random.one_in(2)
            } else {
                rest.len() <= W / 64
            };
        }
    }

    fn look_at_requests(&mut self, block: &Reader<W, B, T, K, P>) {
        if block.req_valid.val() && block.req_ready.val() {
            let (address, bytes, kind, last) = self.offered.take().unwrap();
            self.requests.push_back(Request {
                address,
                bytes,
                kind,
                last,
                tag: None,
                sent: 0,
            });
            if bytes > 0 {
                self.towards.push_back((address, bytes.next_multiple_of(8)));
            }
        }
        let now = [
            block.rq_address.val().into(),
            block.rq_bytes.val().into(),
            block.rq_tag.val().into(),
        ];
        let [address, bytes, tag]: [u64; 3] = now;
        if let Some(last) = self.last_rq.take() {
            assert!(
                block.rq_valid.val() && last == (address, bytes, tag),
                "what is offered does not stay"
            );
        }
        if block.rq_valid.val() && !block.rq_ready.val() {
            self.last_rq = Some((address, bytes, tag));
        }
    }

    /// What the reader hands on belongs to the oldest request.
    fn look_at_output(&mut self, block: &Reader<W, B, T, K, P>) {
        assert!(
            !block.empty.val() || self.requests.is_empty(),
            "empty with a request"
        );
        if !(block.out_valid.val() && block.out_ready.val()) {
            return;
        }
        let request = self.requests.front_mut().expect("a beat of no request");
        assert_eq!(u64::from(block.out_kind.val()), request.kind);
        let left = request.bytes - 8 * request.sent;
        let ends = block.out_error.val() || left <= W as u64 / 8;
        assert_eq!(block.out_end.val(), ends && request.last);
        if block.out_error.val() {
            // Of a tag that failed or was given up.
            let tag = request.tag.expect("an error of nothing");
            assert_eq!(request.sent, 0, "an error after data");
            match &mut self.answers[tag] {
                Some(answer) => {
                    answer.failed = true;
                    self.late += 1;
                }
                None => self.errors += 1,
            }
        } else {
            let bytes: u64 = block.out_bytes.val().into();
            assert_eq!(bytes, left.min(W as u64 / 8));
            let found = words(block.out_data.val());
            for (lane, word) in found.into_iter().enumerate().take(bytes.div_ceil(8) as usize) {
                let address = request.address.wrapping_add(8 * (request.sent + lane as u64));
                assert_eq!(word, word_at(address), "the word at {address:#x}");
                self.handed_on += 1;
            }
            request.sent += bytes.div_ceil(8);
        }
        if ends {
            self.requests.pop_front();
        }
    }
}

impl<const W: usize, const B: usize, const T: usize, const K: usize, const P: usize> Bench
    for Bus<W, B, T, K, P>
{
    type Block = Reader<W, B, T, K, P>;

    fn clock(block: &mut Reader<W, B, T, K, P>, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Reader<W, B, T, K, P>, random: &mut Random) {
        self.cycle += 1;
        put(&mut block.timeout, TIMEOUT);
        block.clear.next = false;
        if self.offered.is_none() && random.one_in(2) {
            self.offered = Some(Self::request(random));
        }
        let (address, bytes, kind, last) = self.offered.unwrap_or_else(|| Self::request(random));
        block.req_valid.next = self.offered.is_some();
        put(&mut block.req_address, address);
        put(&mut block.req_bytes, bytes);
        put(&mut block.req_kind, kind);
        block.req_last.next = last;
        block.rq_ready.next = random.one_in(2);
        // At times the sink is slow and all tags are used.
        block.out_ready.next = random.one_in(if (self.cycle / 1000).is_multiple_of(2) {
            2
        } else {
            30
        });
        self.answer(block, random);
    }

    fn look(&mut self, block: &Reader<W, B, T, K, P>) {
        assert!(block.rc_ready.val(), "a beat is not taken");
        // It is told late, and late only.
        let is_quiet = self.answers.iter().all(Option::is_none) && self.towards.is_empty();
        let quiet = block.quiet.val();
        assert!(
            self.cycle == 1 || !quiet || self.quiet_for > 0,
            "quiet with a tag outstanding"
        );
        assert!(
            quiet || self.quiet_for < 4,
            "no tag is outstanding, and it is not quiet"
        );
        self.quiet_for = if is_quiet { self.quiet_for + 1 } else { 0 };
        self.look_at_output(block);
        self.look_at_requests(block);
        if let Some(tag) = self.beat.take() {
            let answer = self.answers[tag].as_mut().unwrap();
            answer.sent += W / 64;
            if block.rc_last.val() || block.rc_error.val() {
                self.answers[tag] = None;
            }
        }
        if block.rq_valid.val() && block.rq_ready.val() {
            let (address, bytes, tag) = (
                u64::from(block.rq_address.val()),
                u64::from(block.rq_bytes.val()),
                u64::from(block.rq_tag.val()) as usize,
            );
            assert_eq!(
                self.towards.pop_front(),
                Some((address, bytes)),
                "requests in their order"
            );
            assert!(
                self.answers[tag].is_none(),
                "tag {tag} is used again before its last beat"
            );
            let waiting = |request: &&mut Request| request.bytes > 0 && request.tag.is_none();
            self.requests.iter_mut().find(waiting).unwrap().tag = Some(tag);
            let mut random = Random(self.cycle);
            let far = if random.one_in(50) { 8 * TIMEOUT } else { 40 };
            self.answers[tag] = Some(Answer {
                words: (0..bytes / 8)
                    .map(|word| word_at(address.wrapping_add(8 * word)))
                    .collect(),
                fails: random.one_in(20),
                due: self.cycle + 1 + random.bits() % far,
                ..Answer::default()
            });
        }
        assert!(!block.dead.val(), "dead with a bus that answers");
    }
}

fn check<const W: usize, const B: usize, const T: usize, const K: usize, const P: usize>(name: &str) {
    let mut bench = Bus::<W, B, T, K, P> {
        answers: vec![None; K],
        ..Bus::default()
    };
    run(name, Reader::default(), &mut bench, 14, 40_000);
    let seen = [bench.handed_on, bench.errors, bench.late];
    assert!(
        seen[0] > 8000 && seen[1] > 10 && seen[2] > 2,
        "{seen:?} words, errors, tags given up"
    );
}

#[test]
fn reader_gives_every_word_in_the_order_of_requests() {
    check::<64, 11, 5, 32, 6>("reader_64");
    check::<256, 10, 6, 64, 7>("reader_256");
}
