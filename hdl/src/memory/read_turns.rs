//! Two users of the memory's read port.

use crate::stream::fifo::Fifo;
use rust_hdl::prelude::*;

/// Takes requests of two users in turn, and hands the words that come to whom they belong: a queue of who asked for how
/// many keeps the order.
#[derive(LogicBlock, Default)]
pub struct ReadTurns {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// A user's request: its first byte.
    pub user_address: [Signal<In, Bits<48>>; 2],
    /// Words, at least one.
    pub user_words: [Signal<In, Bits<16>>; 2],
    /// There is one.
    pub user_valid: [Signal<In, Bit>; 2],
    /// It is taken.
    pub user_ready: [Signal<Out, Bit>; 2],
    /// A word for a user.
    pub user_data: [Signal<Out, Bits<64>>; 2],
    /// There is one.
    pub user_data_valid: [Signal<Out, Bit>; 2],
    /// It is taken.
    pub user_data_ready: [Signal<In, Bit>; 2],
    /// The memory's request, see the ports of [`super::block_memory::BlockMemory`].
    pub rd_address: Signal<Out, Bits<48>>,
    /// See there.
    pub rd_words: Signal<Out, Bits<16>>,
    /// See there.
    pub rd_valid: Signal<Out, Bit>,
    /// See there.
    pub rd_ready: Signal<In, Bit>,
    /// See there.
    pub rd_data: Signal<In, Bits<64>>,
    /// See there.
    pub rd_data_valid: Signal<In, Bit>,
    /// See there.
    pub rd_data_ready: Signal<Out, Bit>,
    /// Words of a request, and above them whose it is.
    order: Fifo<17, 6, 7>,
    valid: DFF<Bit>,
    address: DFF<Bits<48>>,
    words: DFF<Bits<16>>,
    /// Who was served last.
    last: DFF<Bit>,
    seen: DFF<Bits<16>>,
    free: Signal<Local, Bit>,
    takes: [Signal<Local, Bit>; 2],
    count: Signal<Local, Bits<16>>,
    entry: Signal<Local, Bits<17>>,
    is_second: Signal<Local, Bit>,
    next_seen: Signal<Local, Bits<16>>,
    ready: Signal<Local, Bit>,
}

impl Logic for ReadTurns {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid, address, words, last, seen);
        clock!(self, clock, order);
        self.free.next = (!self.valid.q.val() || self.rd_ready.val()) && !self.order.full.val();
        // Who was not served last goes first.
        self.takes[0].next =
            self.free.val() && self.user_valid[0].val() && (self.last.q.val() || !self.user_valid[1].val());
        self.takes[1].next =
            self.free.val() && self.user_valid[1].val() && (!self.last.q.val() || !self.user_valid[0].val());
        if self.rd_ready.val() {
            self.valid.d.next = false;
        }
        self.entry.next = 0.into();
        self.count.next = 0.into();
        self.order.push.next = false;
        self.order.clear.next = false;
        for i in 0..2 {
            self.user_ready[i].next = self.takes[i].val();
            if self.takes[i].val() {
                self.valid.d.next = true;
                self.address.d.next = self.user_address[i].val();
                self.words.d.next = self.user_words[i].val();
                self.count.next = self.user_words[i].val();
                self.entry.next = bit_cast::<17, 16>(self.count.val());
                self.order.push.next = true;
            }
        }
        if self.takes[0].val() {
            self.last.d.next = false;
        }
        if self.takes[1].val() {
            self.last.d.next = true;
            self.entry.next = self.entry.val() | bits::<17>(0x10000);
        }
        self.order.data.next = self.entry.val();
        self.rd_valid.next = self.valid.q.val();
        self.rd_address.next = self.address.q.val();
        self.rd_words.next = self.words.q.val();

        self.is_second.next = self.order.first.val().get_bit(16);
        self.user_data[0].next = self.rd_data.val();
        self.user_data[1].next = self.rd_data.val();
        self.user_data_valid[0].next =
            self.rd_data_valid.val() && self.order.valid.val() && !self.is_second.val();
        self.user_data_valid[1].next =
            self.rd_data_valid.val() && self.order.valid.val() && self.is_second.val();
        self.ready.next = self.user_data_ready[0].val();
        if self.is_second.val() {
            self.ready.next = self.user_data_ready[1].val();
        }
        self.rd_data_ready.next = self.ready.val() && self.order.valid.val();
        self.next_seen.next = self.seen.q.val() + 1;
        self.order.pop.next = false;
        if self.rd_data_valid.val() && self.ready.val() && self.order.valid.val() {
            self.seen.d.next = self.next_seen.val();
            if self.next_seen.val() == self.order.first.val().get_bits::<16>(0) {
                self.order.pop.next = true;
                self.seen.d.next = 0.into();
            }
        }
    }
}
