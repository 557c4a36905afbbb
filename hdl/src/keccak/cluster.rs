//! Several Keccak cores behind one stream of messages.

use super::lane::Lane;
use crate::stream::fifo::Fifo;
use crate::stream::slice::Slice;
use rust_hdl::prelude::*;

/// Gives each message to the core with the least to do, and hands on the digests in the order of the messages.
///
/// Which core is next is decided beforehand: one core a cycle is compared with the best so far. A message's beats all
/// go to the core that was best when the message before it ended. The order is kept in a queue of core numbers, of
/// which the first says whose digest comes next; while that queue is full, no message begins.
///
/// Nothing can wait in a circle: the message whose digest is due is the oldest, so all before it in its core are
/// done, and its beats came before those of any message that still waits for room.
#[derive(LogicBlock)]
pub struct Cluster<const W: usize, const D: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub clear: Signal<In, Bit>,
    /// A beat of a message.
    pub in_data: Signal<In, Bits<W>>,
    /// Its bytes that count.
    pub in_bytes: Signal<In, Bits<6>>,
    /// It is the message's last.
    pub in_end: Signal<In, Bit>,
    /// There is a beat.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// A word of a digest.
    pub out_data: Signal<Out, Bits<64>>,
    /// It is the digest's last.
    pub out_last: Signal<Out, Bit>,
    /// There is a word.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// How many cores permute.
    pub busy: Signal<Out, Bits<5>>,
    /// A word waits for a core.
    pub has_word: Signal<Out, Bit>,
    lanes: Vec<Lane<W, D>>,
    order: Fifo<4, 8, 9>,
    digests: Slice<65>,
    /// The core that takes the beats, and whether one of its message has come.
    target: DFF<Bits<4>>,
    begun: DFF<Bit>,
    /// The core with the least to do, and the one that is compared with it.
    best: DFF<Bits<4>>,
    scan: DFF<Bits<4>>,
    best_load: DFF<Bits<10>>,
    scan_load: DFF<Bits<10>>,
    scanned: DFF<Bits<4>>,
    target_ready: Signal<Local, Bit>,
    ready: Signal<Local, Bit>,
    first_beat: Signal<Local, Bit>,
    fire: Signal<Local, Bit>,
    ends_message: Signal<Local, Bit>,
    out_fire: Signal<Local, Bit>,
    word: Signal<Local, Bits<64>>,
    word_valid: Signal<Local, Bit>,
    word_last: Signal<Local, Bit>,
    count: Signal<Local, Bits<5>>,
    some_word: Signal<Local, Bit>,
    load_of_best: Signal<Local, Bits<10>>,
    load_of_scan: Signal<Local, Bits<10>>,
    last_core: Constant<Bits<4>>,
    no_word: Constant<Bits<64>>,
    full_load: Constant<Bits<10>>,
    last_flag: Constant<Bits<65>>,
    entry: Signal<Local, Bits<65>>,
}

impl<const W: usize, const D: usize> Cluster<W, D> {
    /// So many cores, 1 to 16, that execute so many rounds a cycle each.
    pub fn new(cores: usize, rounds_per_cycle: usize) -> Self {
        assert!((1..=16).contains(&cores), "a core's number has four bits");
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            in_data: Signal::default(),
            in_bytes: Signal::default(),
            in_end: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            out_data: Signal::default(),
            out_last: Signal::default(),
            out_valid: Signal::default(),
            out_ready: Signal::default(),
            busy: Signal::default(),
            has_word: Signal::default(),
            lanes: (0..cores).map(|_| Lane::new(rounds_per_cycle)).collect(),
            order: Fifo::default(),
            digests: Slice::default(),
            target: DFF::default(),
            begun: DFF::default(),
            best: DFF::default(),
            scan: DFF::default(),
            best_load: DFF::default(),
            scan_load: DFF::default(),
            scanned: DFF::default(),
            target_ready: Signal::default(),
            ready: Signal::default(),
            first_beat: Signal::default(),
            fire: Signal::default(),
            ends_message: Signal::default(),
            out_fire: Signal::default(),
            word: Signal::default(),
            word_valid: Signal::default(),
            word_last: Signal::default(),
            count: Signal::default(),
            some_word: Signal::default(),
            load_of_best: Signal::default(),
            load_of_scan: Signal::default(),
            last_core: Constant::new((cores as u64 - 1).into()),
            no_word: Constant::new(0_u64.into()),
            full_load: Constant::new(0x3ff_u64.into()),
            last_flag: Constant::new(Bits::<65>::default().replace_bit(64, true)),
            entry: Signal::default(),
        }
    }
}

impl<const W: usize, const D: usize> Logic for Cluster<W, D> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, target, begun, best, scan, best_load, scan_load, scanned
        );
        clock!(self, clock, order, digests);
        self.digests.clear.next = self.clear.val();
        self.order.clear.next = self.clear.val();

        // Beats go to one core.
        self.target_ready.next = false;
        for i in 0..self.lanes.len() {
            if self.target.q.val() == i.to_bits() {
                self.target_ready.next = self.lanes[i].in_ready.val();
            }
        }
        self.first_beat.next = !self.begun.q.val();
        self.ready.next = self.target_ready.val() && (self.begun.q.val() || !self.order.full.val());
        self.in_ready.next = self.ready.val();
        self.fire.next = self.in_valid.val() && self.ready.val();
        for i in 0..self.lanes.len() {
            self.lanes[i].clock.next = self.clock.val();
            self.lanes[i].clear.next = self.clear.val();
            self.lanes[i].in_data.next = self.in_data.val();
            self.lanes[i].in_bytes.next = self.in_bytes.val();
            self.lanes[i].in_end.next = self.in_end.val();
            self.lanes[i].in_valid.next = false;
            if self.target.q.val() == i.to_bits() {
                self.lanes[i].in_valid.next = self.fire.val();
            }
        }
        self.order.data.next = self.target.q.val();
        self.order.push.next = self.fire.val() && self.first_beat.val();
        if self.fire.val() {
            self.begun.d.next = !self.in_end.val();
            if self.in_end.val() {
                self.target.d.next = self.best.q.val();
            }
        }
        self.ends_message.next = self.fire.val() && self.in_end.val();

        // The core with the least to do, one comparison a cycle.
        self.load_of_best.next = 0.into();
        self.load_of_scan.next = 0.into();
        for i in 0..self.lanes.len() {
            if self.best.q.val() == i.to_bits() {
                self.load_of_best.next = self.lanes[i].load.val();
            }
            if self.scan.q.val() == i.to_bits() {
                self.load_of_scan.next = self.lanes[i].load.val();
            }
        }
        self.best_load.d.next = self.load_of_best.val();
        self.scan_load.d.next = self.load_of_scan.val();
        self.scanned.d.next = self.scan.q.val();
        self.scan.d.next = self.scan.q.val() + 1;
        if self.scan.q.val() == self.last_core.val() {
            self.scan.d.next = 0.into();
        }
        if self.scan_load.q.val() <= self.best_load.q.val() {
            self.best.d.next = self.scanned.q.val();
            self.best_load.d.next = self.scan_load.q.val();
        }
        // The best one is taken: the search begins anew.
        if self.ends_message.val() {
            self.best_load.d.next = self.full_load.val();
        }

        // Digests come from the core whose turn it is.
        self.word.next = self.no_word.val();
        self.word_valid.next = false;
        self.word_last.next = false;
        for i in 0..self.lanes.len() {
            if self.order.first.val() == i.to_bits() {
                self.word.next = self.lanes[i].out_data.val();
                self.word_valid.next = self.lanes[i].out_valid.val() && self.order.valid.val();
                self.word_last.next = self.lanes[i].out_last.val();
            }
        }
        self.entry.next = bit_cast::<65, 64>(self.word.val());
        if self.word_last.val() {
            self.entry.next = self.entry.val() | self.last_flag.val();
        }
        self.digests.in_data.next = self.entry.val();
        self.digests.in_valid.next = self.word_valid.val();
        self.out_fire.next = self.word_valid.val() && self.digests.in_ready.val();
        self.out_data.next = self.digests.out_data.val().get_bits::<64>(0);
        self.out_last.next = self.digests.out_data.val().get_bit(64);
        self.out_valid.next = self.digests.out_valid.val();
        self.digests.out_ready.next = self.out_ready.val();
        self.order.pop.next = self.out_fire.val() && self.word_last.val();
        self.count.next = 0.into();
        self.some_word.next = false;
        for i in 0..self.lanes.len() {
            self.lanes[i].out_ready.next = false;
            if self.order.first.val() == i.to_bits() {
                self.lanes[i].out_ready.next = self.out_fire.val();
            }
            if self.lanes[i].busy.val() {
                self.count.next = self.count.val() + 1;
            }
            if self.lanes[i].has_word.val() {
                self.some_word.next = true;
            }
        }
        self.busy.next = self.count.val();
        self.has_word.next = self.some_word.val();
        if self.clear.val() {
            self.begun.d.next = false;
        }
    }
}
