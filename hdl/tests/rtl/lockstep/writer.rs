//! The DMA write engine: words and where they land.

use super::beats::words;
use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::shell::writer::Writer;
use std::collections::VecDeque;

#[derive(Default)]
struct Words {
    /// Words of the run in hand that were not taken yet; the first is offered if the flag is set.
    left: Vec<u64>,
    offered: bool,
    flushing: bool,
    next: u64,
    /// Words taken and where they must go, in order.
    expected: VecDeque<(u64, u64)>,
    /// Requests without their data: the words' addresses.
    requests: VecDeque<Vec<u64>>,
    /// Words of the request whose data come.
    sent: usize,
    last_request: Option<(u64, u64)>,
    last_beat: Option<(Vec<u64>, bool)>,
    landed: u64,
    writes: u64,
}

impl Words {
    fn beat<const W: usize>(&mut self, block: &Writer<W>) {
        let request = self.requests.front().expect("data without a request");
        let lanes = W / 64;
        let count = lanes.min(request.len() - self.sent);
        let is_last = self.sent + count == request.len();
        assert_eq!(block.wd_last.val(), is_last, "the last beat");
        let addresses = request[self.sent..self.sent + count].to_vec();
        for (address, word) in addresses.into_iter().zip(words(block.wd_data.val())) {
            assert_eq!(self.expected.pop_front(), Some((address, word)));
            self.landed += 1;
        }
        self.sent += count;
        if is_last {
            self.requests.pop_front();
            self.sent = 0;
        }
    }
}

/// The bench is of one width.
#[derive(Default)]
struct Of<const W: usize>(Words);

impl<const W: usize> Bench for Of<W> {
    type Block = Writer<W>;

    fn clock(block: &mut Writer<W>, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Writer<W>, random: &mut Random) {
        let state = &mut self.0;
        let mut starts = false;
        put(&mut block.start_address, random.bits() & !7);
        if block.idle.val() && state.left.is_empty() {
            state.flushing = false;
            if random.one_in(3) {
                let near = random.choose(&[0_u64, 4096, 1 << 40, u64::MAX - 8191]);
                state.next = near + 8 * (random.bits() % 512);
                put(&mut block.start_address, state.next);
                starts = true;
                let count = random.choose(&[1, 2, 3, 4, 7, 63, 64, 65, 130, 200]);
                state.left = (0..count).map(|_| random.bits()).collect();
            }
        }
        // A client may ask for what is collected at any time, and waits then.
        state.flushing |= state.left.is_empty() || random.one_in(100);
        if state.flushing && block.idle.val() {
            state.flushing = false;
        }
        block.start.next = starts;
        if !state.offered && !starts {
            state.offered = !state.left.is_empty() && !state.flushing && !random.one_in(3);
        }
        block.flush.next = state.flushing && !state.offered;
        block.push.next = state.offered;
        let word = if state.offered {
            state.left[0]
        } else {
            random.bits()
        };
        put(&mut block.data, word);
        block.wq_ready.next = random.one_in(3);
        block.wd_ready.next = random.one_in(2);
    }

    fn look(&mut self, block: &Writer<W>) {
        let state = &mut self.0;
        if block.push.val() && block.ready.val() {
            let word = state.left.remove(0);
            state.expected.push_back((state.next, word));
            state.next = state.next.wrapping_add(8);
            state.offered = false;
        }
        assert!(
            !block.idle.val() || block.push.val() || state.expected.is_empty(),
            "idle with words"
        );
        let request = (u64::from(block.wq_address.val()), u64::from(block.wq_bytes.val()));
        if let Some(last) = state.last_request.take() {
            assert!(
                block.wq_valid.val() && last == request,
                "what is offered does not stay"
            );
        }
        if block.wq_valid.val() {
            let (address, bytes) = request;
            if block.wq_ready.val() {
                assert!(
                    bytes.is_multiple_of(8) && (8..=512).contains(&bytes),
                    "{bytes} bytes"
                );
                assert_eq!(
                    address / 4096,
                    (address + (bytes - 1)) / 4096,
                    "across 4096 bytes"
                );
                state
                    .requests
                    .push_back((0..bytes / 8).map(|word| address + 8 * word).collect());
                state.writes += 1;
            } else {
                state.last_request = Some(request);
            }
        }
        if let Some(last) = state.last_beat.take() {
            let now = (words(block.wd_data.val()), block.wd_last.val());
            assert!(
                block.wd_valid.val() && last == now,
                "what is offered does not stay"
            );
        }
        if block.wd_valid.val() {
            if block.wd_ready.val() {
                state.beat(block);
            } else {
                state.last_beat = Some((words(block.wd_data.val()), block.wd_last.val()));
            }
        }
    }
}

fn check<const W: usize>(name: &str) {
    let mut bench = Of::<W>::default();
    run(name, Writer::default(), &mut bench, 13, 12_000);
    assert!(
        bench.0.landed > 2000 && bench.0.writes > 80,
        "{} words",
        bench.0.landed
    );
}

#[test]
fn writer_puts_every_word_where_it_belongs() {
    check::<64>("writer_64");
    check::<256>("writer_256");
}
