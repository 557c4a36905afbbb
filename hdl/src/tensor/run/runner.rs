//! Runs a program, item by item, on the three modules.

use super::fetch::Fetch;
use super::header::Header;
use super::slot::Slot;
use super::tokens::Tokens;
use rust_hdl::prelude::*;

/// A job opens its program (the header is read and checked), then starts item after item; each is answered by one
/// cycle of `done` with a status. Any but 0 closes the program. While an item is started, and between items, the
/// streams' beginnings are fetched and checked already.
///
/// A module is told `start` for one cycle and answers with one cycle of `done`; the instruction stands until then.
/// NOPs are no module's business. The first failure halts all modules: `halt` is high until all are `idle`. The item's
/// status comes after that, and after every word that was asked for.
///
/// States: 0 closed, 1 waits for the memory, 2 for the header, 4 open, 5 an item, 6 and 7 halting, 8 about to be done,
/// 9 done.
#[derive(LogicBlock)]
pub struct Runner {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Opens a program; not while an item is under way.
    pub open: Signal<In, Bit>,
    /// Its place in card memory in units of 32 bytes; it stands while it is open, as the ports below do.
    pub place: Signal<In, Bits<43>>,
    /// Its bytes.
    pub bytes: Signal<In, Bits<48>>,
    /// Most instructions of a program, at most 2^24.
    pub limit: Signal<In, Bits<25>>,
    /// Starts an item of an open program.
    pub start: Signal<In, Bit>,
    /// The program is open, or the item at its end.
    pub done: Signal<Out, Bit>,
    /// How that went: 0, 8 to 14.
    pub status: Signal<Out, Bits<15>>,
    /// The instruction at fault.
    pub index: Signal<Out, Bits<32>>,
    /// Gives up, without an answer; what is opened in the same cycle too.
    pub stop: Signal<In, Bit>,
    /// The program is closed, all modules are at rest and the memory owes nothing.
    pub idle: Signal<Out, Bit>,
    /// Card memory: the first byte to read.
    pub rd_address: Signal<Out, Bits<48>>,
    /// Words.
    pub rd_words: Signal<Out, Bits<16>>,
    /// There is a request.
    pub rd_valid: Signal<Out, Bit>,
    /// It is taken.
    pub rd_ready: Signal<In, Bit>,
    /// A word, in the order of the requests.
    pub rd_data: Signal<In, Bits<64>>,
    /// There is one.
    pub rd_data_valid: Signal<In, Bit>,
    /// It is taken.
    pub rd_data_ready: Signal<Out, Bit>,
    /// Modules: 0 load, 1 compute, 2 store. The instruction of `words` begins.
    pub module_start: [Signal<Out, Bit>; 3],
    /// Four words of each module.
    pub module_words: [Signal<Out, Bits<64>>; 12],
    /// It is done.
    pub module_done: [Signal<In, Bit>; 3],
    /// How it went.
    pub module_status: [Signal<In, Bits<15>>; 3],
    /// The module does nothing and owes the memory nothing.
    pub module_idle: [Signal<In, Bit>; 3],
    /// All modules give up.
    pub halt: Signal<Out, Bit>,
    /// An item is on, and a module has further instructions but is at none.
    pub pauses: [Signal<Out, Bit>; 3],
    header: Header,
    fetch: Fetch,
    slots: Vec<Slot>,
    links: Tokens,
    state: DFF<Bits<4>>,
    silent: DFF<Bit>,
    status_reg: DFF<Bits<15>>,
    index_reg: DFF<Bits<25>>,
    is_stuck: DFF<Bit>,
    begun: [DFF<Bit>; 3],
    nop_done: [DFF<Bit>; 3],
    starts: [Signal<Local, Bit>; 3],
    fails: [Signal<Local, Bit>; 3],
    in_item: Signal<Local, Bit>,
    rewinds: Signal<Local, Bit>,
    at_rest: Signal<Local, Bit>,
    status_n: Signal<Local, Bits<15>>,
    index_n: Signal<Local, Bits<25>>,
}

impl Default for Runner {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            open: Signal::default(),
            place: Signal::default(),
            bytes: Signal::default(),
            limit: Signal::default(),
            start: Signal::default(),
            done: Signal::default(),
            status: Signal::default(),
            index: Signal::default(),
            stop: Signal::default(),
            idle: Signal::default(),
            rd_address: Signal::default(),
            rd_words: Signal::default(),
            rd_valid: Signal::default(),
            rd_ready: Signal::default(),
            rd_data: Signal::default(),
            rd_data_valid: Signal::default(),
            rd_data_ready: Signal::default(),
            module_start: Default::default(),
            module_words: Default::default(),
            module_done: Default::default(),
            module_status: Default::default(),
            module_idle: Default::default(),
            halt: Signal::default(),
            pauses: Default::default(),
            header: Header::default(),
            fetch: Fetch::default(),
            slots: (0..3).map(Slot::new).collect(),
            links: Tokens::default(),
            state: DFF::default(),
            silent: DFF::default(),
            status_reg: DFF::default(),
            index_reg: DFF::default(),
            is_stuck: DFF::default(),
            begun: Default::default(),
            nop_done: Default::default(),
            starts: Default::default(),
            fails: Default::default(),
            in_item: Signal::default(),
            rewinds: Signal::default(),
            at_rest: Signal::default(),
            status_n: Signal::default(),
            index_n: Signal::default(),
        }
    }
}

impl Logic for Runner {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, silent, status_reg, index_reg, is_stuck);
        clock!(self, clock, header, fetch, links);
        self.in_item.next = self.state.q.val() == 5;
        self.halt.next = (self.state.q.val() == 6) || (self.state.q.val() == 7);
        self.idle.next = self.state.q.val() == 0;
        self.done.next = self.state.q.val() == 9;
        self.status.next = self.status_reg.q.val();
        self.index.next = bit_cast::<32, 25>(self.index_reg.q.val());

        // The header.
        self.header.clear.next = self.state.q.val() == 1;
        self.header.place.next = self.place.val();
        self.header.bytes.next = self.bytes.val();
        self.header.limit.next = self.limit.val();
        self.header.word.next = self.fetch.header_word.val();
        self.header.word_valid.next = self.fetch.header_valid.val();

        // Memory.
        self.fetch.flush.next =
            (self.state.q.val() == 1) || (self.state.q.val() == 6) || (self.state.q.val() == 7);
        self.fetch.ask_header.next = false;
        self.fetch.place.next = self.place.val();
        self.rd_address.next = self.fetch.rd_address.val();
        self.rd_words.next = self.fetch.rd_words.val();
        self.rd_valid.next = self.fetch.rd_valid.val();
        self.fetch.rd_ready.next = self.rd_ready.val();
        self.fetch.rd_data.next = self.rd_data.val();
        self.fetch.rd_data_valid.next = self.rd_data_valid.val();
        self.rd_data_ready.next = self.fetch.rd_data_ready.val();

        // Instructions begin when the links say so; their module is told in the cycle after.
        self.links.hold.next = !self.in_item.val();
        self.links.clear.next = !self.in_item.val();
        self.at_rest.next = true;
        for i in 0..3 {
            self.slots[i].clock.next = self.clock.val();
            self.slots[i].length.next = self.header.length[i].val();
            self.slots[i].first.next = self.header.index[i].val();
            self.slots[i].word.next = self.fetch.word[i].val();
            self.slots[i].word_valid.next = self.fetch.word_valid[i].val();
            self.slots[i].take.next = self.links.begin[i].val();
            self.fetch.word_pop[i].next = self.slots[i].word_pop.val();
            self.fetch.first[i].next = self.header.first[i].val();
            self.fetch.length[i].next = self.header.length[i].val();
            self.links.ready[i].next = self.slots[i].ready.val();
            self.links.ended[i].next = self.slots[i].ended.val();
            self.links.tokens[i].next = self.slots[i].tokens.val();
            self.begun[i].clock.next = self.clock.val();
            self.begun[i].d.next = self.links.begin[i].val();
            self.starts[i].next = self.begun[i].q.val() && self.in_item.val();
            self.module_start[i].next = self.starts[i].val() && !self.slots[i].is_nop.val();
            self.module_words[4 * i].next = self.slots[i].word_0.val();
            self.module_words[4 * i + 1].next = self.slots[i].word_1.val();
            self.module_words[4 * i + 2].next = self.slots[i].word_2.val();
            self.module_words[4 * i + 3].next = self.slots[i].word_3.val();
            // A NOP is done in the cycle after.
            self.nop_done[i].clock.next = self.clock.val();
            self.nop_done[i].d.next = self.starts[i].val() && self.slots[i].is_nop.val();
            self.links.done[i].next =
                self.nop_done[i].q.val() || (self.module_done[i].val() && !self.module_status[i].val().any());
            self.fails[i].next =
                self.module_done[i].val() && self.module_status[i].val().any() && self.links.running[i].val();
            self.pauses[i].next =
                self.in_item.val() && !self.links.running[i].val() && !self.slots[i].ended.val();
            if !self.module_idle[i].val() {
                self.at_rest.next = false;
            }
        }
        self.is_stuck.d.next = self.links.stuck.val() && self.in_item.val();

        // Streams go back to their start in a cycle of its own.
        self.rewinds.next = self.state.q.val() == 8;
        self.status_n.next = self.status_reg.q.val();
        self.index_n.next = self.index_reg.q.val();
        if (self.state.q.val() == 0) && self.open.val() && !self.stop.val() {
            self.state.d.next = 1.into();
        }
        if (self.state.q.val() == 1) && self.fetch.drained.val() {
            self.index_n.next = 0.into();
            if self.bytes.val().get_bits::<43>(5).any() {
                self.fetch.ask_header.next = true;
                self.state.d.next = 2.into();
            } else {
                self.status_n.next = 14.into();
                self.state.d.next = 9.into();
            }
        }
        if (self.state.q.val() == 2) && self.header.decided.val() {
            self.status_n.next = 14.into();
            self.state.d.next = 9.into();
            if self.header.valid.val() {
                self.status_n.next = 0.into();
                self.state.d.next = 8.into();
            }
        }
        if self.state.q.val() == 4 {
            if self.start.val() {
                self.state.d.next = 5.into();
            }
            if self.open.val() {
                self.state.d.next = 1.into();
            }
        }
        if self.in_item.val() {
            if self.links.finished.val() {
                self.status_n.next = 0.into();
                self.index_n.next = 0.into();
                self.state.d.next = 8.into();
                if self.links.left.val() {
                    self.status_n.next = 13.into();
                    self.index_n.next = self.header.last.val();
                    self.state.d.next = 6.into();
                }
            }
            for i in 0..3 {
                if self.is_stuck.q.val() && self.links.blocked[i].val() {
                    self.status_n.next = 12.into();
                    self.index_n.next = self.slots[i].next_index.val();
                    self.state.d.next = 6.into();
                }
            }
            for i in 0..3 {
                if self.slots[i].bad.val() {
                    self.status_n.next = 8.into();
                    self.index_n.next = self.slots[i].next_index.val();
                    self.state.d.next = 6.into();
                }
            }
            for i in 0..3 {
                if self.fails[i].val() {
                    self.status_n.next = self.module_status[i].val();
                    self.index_n.next = self.slots[i].index.val();
                    self.state.d.next = 6.into();
                }
            }
        }
        if self.state.q.val() == 6 {
            self.state.d.next = 7.into();
        }
        if (self.state.q.val() == 7) && self.at_rest.val() && self.fetch.drained.val() {
            self.state.d.next = 9.into();
            if self.silent.q.val() {
                self.state.d.next = 0.into();
            }
        }
        if self.state.q.val() == 8 {
            self.state.d.next = 9.into();
        }
        if self.state.q.val() == 9 {
            self.state.d.next = 4.into();
            if self.status_reg.q.val().any() {
                self.state.d.next = 0.into();
            }
        }
        self.fetch.rewind.next = self.rewinds.val();
        for i in 0..3 {
            self.slots[i].rewind.next = self.rewinds.val();
        }
        // Giving up goes the way of a failure, but for the answer.
        if self.state.q.val() == 0 {
            self.silent.d.next = false;
        }
        if self.stop.val() && (self.state.q.val() != 0) && (self.state.q.val() != 7) {
            self.silent.d.next = true;
            self.state.d.next = 6.into();
        }
        if self.stop.val() && (self.state.q.val() == 7) {
            self.silent.d.next = true;
            self.state.d.next = 7.into();
        }
        self.status_reg.d.next = self.status_n.val();
        self.index_reg.d.next = self.index_n.val();
    }
}
