//! One module's place in the program: the instruction that comes next, and the one that it is at.

use super::apart::Apart;
use super::decode::Decode;
use rust_hdl::prelude::*;

/// Gathers the four words of an instruction and has them checked while the module is still at the one before.
#[derive(LogicBlock)]
pub struct Slot {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// To the start of the stream.
    pub rewind: Signal<In, Bit>,
    /// Instructions of the stream.
    pub length: Signal<In, Bits<25>>,
    /// The index of its first.
    pub first: Signal<In, Bits<25>>,
    /// The stream's next word.
    pub word: Signal<In, Bits<64>>,
    /// There is one.
    pub word_valid: Signal<In, Bit>,
    /// It is taken.
    pub word_pop: Signal<Out, Bit>,
    /// The next instruction is there, and is one.
    pub ready: Signal<Out, Bit>,
    /// It is there, and is none.
    pub bad: Signal<Out, Bit>,
    /// There is no further one.
    pub ended: Signal<Out, Bit>,
    /// Its tokens: pop_prev, pop_next, push_prev, push_next.
    pub tokens: Signal<Out, Bits<4>>,
    /// Its index.
    pub next_index: Signal<Out, Bits<25>>,
    /// The module begins it.
    pub take: Signal<In, Bit>,
    /// The instruction that the module is at: its first word,
    pub word_0: Signal<Out, Bits<64>>,
    /// its second,
    pub word_1: Signal<Out, Bits<64>>,
    /// its third,
    pub word_2: Signal<Out, Bits<64>>,
    /// its fourth.
    pub word_3: Signal<Out, Bits<64>>,
    /// It is a NOP.
    pub is_nop: Signal<Out, Bit>,
    /// Its index.
    pub index: Signal<Out, Bits<25>>,
    decode: Decode,
    apart: Apart,
    // 0 to 3 words are there; all are, and have been for 0 to 3 cycles.
    count: DFF<Bits<3>>,
    staged: [DFF<Bits<64>>; 4],
    current: [DFF<Bits<64>>; 4],
    left: DFF<Bits<25>>,
    next: DFF<Bits<25>>,
    at: DFF<Bits<25>>,
    is_ended: DFF<Bit>,
    fills: Signal<Local, Bit>,
    decided: Signal<Local, Bit>,
    valid: Signal<Local, Bit>,
    is_walk: Signal<Local, Bit>,
    unit: Constant<Bits<2>>,
}

impl Slot {
    /// The slot of a module: 0 load, 1 compute, 2 store.
    pub fn new(module: u64) -> Self {
        Self {
            clock: Signal::default(),
            rewind: Signal::default(),
            length: Signal::default(),
            first: Signal::default(),
            word: Signal::default(),
            word_valid: Signal::default(),
            word_pop: Signal::default(),
            ready: Signal::default(),
            bad: Signal::default(),
            ended: Signal::default(),
            tokens: Signal::default(),
            next_index: Signal::default(),
            take: Signal::default(),
            word_0: Signal::default(),
            word_1: Signal::default(),
            word_2: Signal::default(),
            word_3: Signal::default(),
            is_nop: Signal::default(),
            index: Signal::default(),
            decode: Decode::default(),
            apart: Apart::default(),
            count: DFF::default(),
            staged: Default::default(),
            current: Default::default(),
            left: DFF::default(),
            next: DFF::default(),
            at: DFF::default(),
            is_ended: DFF::default(),
            fills: Signal::default(),
            decided: Signal::default(),
            valid: Signal::default(),
            is_walk: Signal::default(),
            unit: Constant::new(module.into()),
        }
    }
}

impl Logic for Slot {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, count, left, next, at, is_ended);
        clock!(self, clock, decode, apart);
        self.fills.next = !self.count.q.val().get_bit(2) && self.word_valid.val();
        self.word_pop.next = self.fills.val();
        for i in 0..4 {
            self.staged[i].clock.next = self.clock.val();
            self.staged[i].d.next = self.staged[i].q.val();
            self.current[i].clock.next = self.clock.val();
            self.current[i].d.next = self.current[i].q.val();
            self.decode.words[i].next = self.staged[i].q.val();
            if self.take.val() {
                self.current[i].d.next = self.staged[i].q.val();
            }
        }
        self.word_0.next = self.current[0].q.val();
        self.word_1.next = self.current[1].q.val();
        self.word_2.next = self.current[2].q.val();
        self.word_3.next = self.current[3].q.val();
        if self.fills.val() {
            self.staged[3].d.next = self.word.val();
            self.staged[2].d.next = self.staged[3].q.val();
            self.staged[1].d.next = self.staged[2].q.val();
            self.staged[0].d.next = self.staged[1].q.val();
        }
        if self.fills.val() || (self.count.q.val().get_bit(2) && !self.count.q.val().all()) {
            self.count.d.next = self.count.q.val() + 1;
        }

        self.decode.unit.next = self.unit.val();
        self.apart.start.next = self.count.q.val() == 4;
        self.apart.rows.next = self.staged[1].q.val().get_bits::<16>(48);
        self.apart.cols.next = self.staged[2].q.val().get_bits::<16>(0);
        self.apart.row_stride.next = self.staged[3].q.val().get_bits::<32>(0);
        self.apart.col_stride.next = self.staged[3].q.val().get_bits::<32>(32);
        self.apart.dtype.next = self.staged[0].q.val().get_bits::<2>(20);
        // Of a STORE alone strides matter; for the other modules none of this is built.
        self.is_walk.next = (self.unit.val() == 2) && (self.staged[0].q.val().get_bits::<8>(0) == 6);
        self.decided.next = self.count.q.val().all() && (!self.is_walk.val() || !self.apart.busy.val());
        self.valid.next = self.decode.valid.val() && (!self.is_walk.val() || self.apart.verdict.val());
        self.ready.next = self.decided.val() && self.valid.val();
        self.bad.next = self.decided.val() && !self.valid.val();
        self.tokens.next = self.staged[0].q.val().get_bits::<4>(8);
        self.ended.next = self.is_ended.q.val();
        self.next_index.next = self.next.q.val();
        self.is_nop.next = self.current[0].q.val().get_bits::<8>(0) == 1;
        self.index.next = self.at.q.val();

        self.is_ended.d.next = self.left.q.val() == 0;
        if self.take.val() {
            self.count.d.next = 0.into();
            self.left.d.next = self.left.q.val() - 1;
            self.next.d.next = self.next.q.val() + 1;
            self.at.d.next = self.next.q.val();
        }
        if self.rewind.val() {
            self.count.d.next = 0.into();
            self.left.d.next = self.length.val();
            self.next.d.next = self.first.val();
            self.is_ended.d.next = false;
        }
    }
}
