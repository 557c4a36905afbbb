//! Card memory in block RAM.

use super::bank::{BANK_BITS, Bank};
use crate::stream::buffer::Buffer;
use rust_hdl::prelude::*;

/// As many banks as it takes. A word is read and a word written in each cycle.
#[derive(LogicBlock)]
pub struct BlockMemory {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The first byte to read, a multiple of 8.
    pub rd_address: Signal<In, Bits<48>>,
    /// Words, at least one.
    pub rd_words: Signal<In, Bits<16>>,
    /// There is a request.
    pub rd_valid: Signal<In, Bit>,
    /// It is taken.
    pub rd_ready: Signal<Out, Bit>,
    /// A word, in the order of the requests.
    pub rd_data: Signal<Out, Bits<64>>,
    /// There is one.
    pub rd_data_valid: Signal<Out, Bit>,
    /// It is taken.
    pub rd_data_ready: Signal<In, Bit>,
    /// The byte to write at, a multiple of 8.
    pub wr_address: Signal<In, Bits<48>>,
    /// The word.
    pub wr_data: Signal<In, Bits<64>>,
    /// Its bytes that are written.
    pub wr_strobe: Signal<In, Bits<8>>,
    /// It is the engine's, not of the host's side.
    pub wr_engine: Signal<In, Bit>,
    /// There is a word.
    pub wr_valid: Signal<In, Bit>,
    /// It is taken.
    pub wr_ready: Signal<Out, Bit>,
    /// Every word of the engine that was taken can be read.
    pub engine_settled: Signal<Out, Bit>,
    /// Every word of the host's side that was taken can be read.
    pub host_settled: Signal<Out, Bit>,
    banks: Vec<Bank>,
    words: Buffer<64>,
    at: DFF<Bits<45>>,
    left: DFF<Bits<16>>,
    /// There is a word to read, and it is the request's last one.
    busy: DFF<Bit>,
    is_last: DFF<Bit>,
    /// Words that were asked for and not taken: all have a place.
    promised: DFF<Bits<3>>,
    /// The bank that answers, and a cycle later its answer.
    asked: DFF<Bit>,
    asked_bank: DFF<Bits<8>>,
    came: DFF<Bit>,
    came_bank: DFF<Bits<8>>,
    answers: Vec<DFF<Bits<64>>>,
    put: DFF<Bit>,
    put_engine: DFF<Bit>,
    put_place: DFF<Bits<45>>,
    put_data: DFF<Bits<64>>,
    put_strobe: DFF<Bits<8>>,
    reads: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    pops: Signal<Local, Bit>,
    read_bank: Signal<Local, Bits<8>>,
    write_bank: Signal<Local, Bits<8>>,
    answer: Signal<Local, Bits<64>>,
}

impl BlockMemory {
    /// A memory of so many bytes at least.
    pub fn new(bytes: u64) -> Self {
        let banks = bytes.div_ceil(8 << BANK_BITS);
        assert!(banks <= 256, "a bank's number has eight bits");
        Self {
            clock: Signal::default(),
            rd_address: Signal::default(),
            rd_words: Signal::default(),
            rd_valid: Signal::default(),
            rd_ready: Signal::default(),
            rd_data: Signal::default(),
            rd_data_valid: Signal::default(),
            rd_data_ready: Signal::default(),
            wr_address: Signal::default(),
            wr_data: Signal::default(),
            wr_strobe: Signal::default(),
            wr_engine: Signal::default(),
            wr_valid: Signal::default(),
            wr_ready: Signal::default(),
            engine_settled: Signal::default(),
            host_settled: Signal::default(),
            banks: (0..banks).map(|_| Bank::default()).collect(),
            words: Buffer::default(),
            at: DFF::default(),
            left: DFF::default(),
            busy: DFF::default(),
            is_last: DFF::default(),
            promised: DFF::default(),
            asked: DFF::default(),
            asked_bank: DFF::default(),
            came: DFF::default(),
            came_bank: DFF::default(),
            answers: (0..banks).map(|_| DFF::default()).collect(),
            put: DFF::default(),
            put_engine: DFF::default(),
            put_place: DFF::default(),
            put_data: DFF::default(),
            put_strobe: DFF::default(),
            reads: Signal::default(),
            takes: Signal::default(),
            pops: Signal::default(),
            read_bank: Signal::default(),
            write_bank: Signal::default(),
            answer: Signal::default(),
        }
    }
}

impl Logic for BlockMemory {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, at, left, busy, is_last, promised, asked, asked_bank, came, came_bank, put,
            put_engine, put_place, put_data, put_strobe
        );
        clock!(self, clock, words);
        // A request's words, one a cycle while they have places.
        self.reads.next = self.busy.q.val() && !self.promised.q.val().get_bit(2);
        self.takes.next = !self.busy.q.val() || (self.reads.val() && self.is_last.q.val());
        self.rd_ready.next = self.takes.val();
        if self.reads.val() {
            self.at.d.next = self.at.q.val() + 1;
            self.left.d.next = self.left.q.val() - 1;
            self.is_last.d.next = self.left.q.val() == 2;
            self.busy.d.next = !self.is_last.q.val();
        }
        if self.takes.val() && self.rd_valid.val() {
            self.at.d.next = self.rd_address.val().get_bits::<45>(3);
            self.left.d.next = self.rd_words.val();
            self.is_last.d.next = self.rd_words.val() == 1;
            self.busy.d.next = true;
        }
        self.pops.next = self.words.out_valid.val() && self.rd_data_ready.val();
        if self.reads.val() && !self.pops.val() {
            self.promised.d.next = self.promised.q.val() + 1;
        }
        if self.pops.val() && !self.reads.val() {
            self.promised.d.next = self.promised.q.val() - 1;
        }
        self.read_bank.next = self.at.q.val().get_bits::<8>(12);
        self.write_bank.next = self.put_place.q.val().get_bits::<8>(12);
        self.asked.d.next = self.reads.val();
        self.asked_bank.d.next = self.read_bank.val();
        // What a memory gives comes late in its cycle: one bank is chosen in the next.
        self.came.d.next = self.asked.q.val();
        self.came_bank.d.next = self.asked_bank.q.val();
        self.answer.next = 0.into();
        for i in 0..self.banks.len() {
            self.banks[i].clock.next = self.clock.val();
            self.banks[i].read_address.next = self.at.q.val().get_bits::<BANK_BITS>(0);
            self.banks[i].write_address.next = self.put_place.q.val().get_bits::<BANK_BITS>(0);
            self.banks[i].write_data.next = self.put_data.q.val();
            self.banks[i].write_strobe.next = 0.into();
            if self.put.q.val() && (self.write_bank.val() == i.to_bits()) {
                self.banks[i].write_strobe.next = self.put_strobe.q.val();
            }
            self.answers[i].clock.next = self.clock.val();
            self.answers[i].d.next = self.banks[i].read_data.val();
            if self.came_bank.q.val() == i.to_bits() {
                self.answer.next = self.answers[i].q.val();
            }
        }
        self.words.clear.next = false;
        self.words.in_data.next = self.answer.val();
        self.words.in_valid.next = self.came.q.val();
        self.rd_data.next = self.words.out_data.val();
        self.rd_data_valid.next = self.words.out_valid.val();
        self.words.out_ready.next = self.rd_data_ready.val();
        self.wr_ready.next = true;
        self.put.d.next = self.wr_valid.val();
        self.put_engine.d.next = self.wr_engine.val();
        self.put_place.d.next = self.wr_address.val().get_bits::<45>(3);
        self.put_data.d.next = self.wr_data.val();
        self.put_strobe.d.next = self.wr_strobe.val();
        self.engine_settled.next = !self.put.q.val() || !self.put_engine.q.val();
        self.host_settled.next = !self.put.q.val() || self.put_engine.q.val();
    }
}
