//! One read port of card memory for two: a program's fetcher and the load module.

use crate::stream::fifo::Fifo;
use crate::stream::slice::Slice;
use rust_hdl::prelude::*;

/// Hands requests on, up to one a cycle, and gives each answer to who asked for it: a queue knows whose words come,
/// and how many.
///
/// The runner comes first: it asks for little, and a module that waits for an instruction loses more than a burst
/// does. Load has no more than 128 words and a request on their way, so an instruction never waits long behind them.
/// Both take their words in the end without the other's help, so neither keeps the other waiting for ever. Requests
/// are of at most 64 words.
#[derive(LogicBlock, Default)]
pub struct ReadShare {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The runner: first byte of its request.
    pub runner_address: Signal<In, Bits<48>>,
    /// Words.
    pub runner_words: Signal<In, Bits<16>>,
    /// There is a request.
    pub runner_valid: Signal<In, Bit>,
    /// It is taken.
    pub runner_ready: Signal<Out, Bit>,
    /// There is a word for the runner.
    pub runner_data_valid: Signal<Out, Bit>,
    /// It takes it.
    pub runner_data_ready: Signal<In, Bit>,
    /// Load: likewise.
    pub load_address: Signal<In, Bits<48>>,
    /// See there.
    pub load_words: Signal<In, Bits<16>>,
    /// See there.
    pub load_valid: Signal<In, Bit>,
    /// See there.
    pub load_ready: Signal<Out, Bit>,
    /// See there.
    pub load_data_valid: Signal<Out, Bit>,
    /// See there.
    pub load_data_ready: Signal<In, Bit>,
    /// Card memory: the first byte to read.
    pub rd_address: Signal<Out, Bits<48>>,
    /// Words.
    pub rd_words: Signal<Out, Bits<16>>,
    /// There is a request.
    pub rd_valid: Signal<Out, Bit>,
    /// It is taken.
    pub rd_ready: Signal<In, Bit>,
    /// There is a word, in the order of the requests.
    pub rd_data_valid: Signal<In, Bit>,
    /// It is taken.
    pub rd_data_ready: Signal<Out, Bit>,
    requests: Slice<64>,
    /// Of each request: its words, and above them whether it is load's.
    owners: Fifo<8, 6, 7>,
    given: DFF<Bits<7>>,
    owed: DFF<Bits<8>>,
    open: Signal<Local, Bit>,
    load_takes: Signal<Local, Bit>,
    runner_takes: Signal<Local, Bit>,
    request: Signal<Local, Bits<64>>,
    words: Signal<Local, Bits<16>>,
    words_up: Signal<Local, Bits<64>>,
    owner: Signal<Local, Bits<8>>,
    for_load: Signal<Local, Bit>,
    count: Signal<Local, Bits<7>>,
    takes_word: Signal<Local, Bit>,
    is_taken: Signal<Local, Bit>,
    owed_more: Signal<Local, Bits<8>>,
}

impl Logic for ReadShare {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, given, owed);
        clock!(self, clock, requests, owners);

        // Requests.
        self.open.next = self.requests.in_ready.val() && !self.owners.full.val();
        self.runner_ready.next = self.open.val();
        self.runner_takes.next = self.open.val() && self.runner_valid.val();
        self.load_ready.next = self.open.val() && !self.runner_valid.val() && !self.owed.q.val().get_bit(7);
        self.load_takes.next = self.load_valid.val()
            && self.open.val()
            && !self.runner_valid.val()
            && !self.owed.q.val().get_bit(7);
        self.request.next = bit_cast::<64, 48>(self.load_address.val());
        self.words.next = self.load_words.val();
        self.owner.next = bit_cast::<8, 7>(self.load_words.val().get_bits::<7>(0));
        self.owner.next = self.owner.val() | bits::<8>(128);
        if self.runner_valid.val() {
            self.request.next = bit_cast::<64, 48>(self.runner_address.val());
            self.words.next = self.runner_words.val();
            self.owner.next = bit_cast::<8, 7>(self.runner_words.val().get_bits::<7>(0));
        }
        self.words_up.next = bit_cast::<64, 16>(self.words.val());
        self.words_up.next = self.words_up.val() << 48;
        self.requests.clear.next = false;
        self.requests.in_data.next = self.request.val() | self.words_up.val();
        self.requests.in_valid.next = self.runner_takes.val() || self.load_takes.val();
        self.owners.clear.next = false;
        self.owners.data.next = self.owner.val();
        self.owners.push.next = self.runner_takes.val() || self.load_takes.val();
        self.rd_valid.next = self.requests.out_valid.val();
        self.rd_address.next = self.requests.out_data.val().get_bits::<48>(0);
        self.rd_words.next = self.requests.out_data.val().get_bits::<16>(48);
        self.requests.out_ready.next = self.rd_ready.val();

        // Answers.
        self.for_load.next = self.owners.first.val().get_bit(7);
        self.takes_word.next = self.owners.valid.val() && self.runner_data_ready.val();
        if self.for_load.val() {
            self.takes_word.next = self.owners.valid.val() && self.load_data_ready.val();
        }
        self.rd_data_ready.next = self.takes_word.val();
        self.runner_data_valid.next =
            self.rd_data_valid.val() && self.owners.valid.val() && !self.for_load.val();
        self.load_data_valid.next =
            self.rd_data_valid.val() && self.owners.valid.val() && self.for_load.val();
        self.is_taken.next = self.takes_word.val() && self.rd_data_valid.val();
        self.count.next = self.given.q.val() + 1;
        self.owners.pop.next = false;
        if self.is_taken.val() {
            self.given.d.next = self.count.val();
            if self.count.val() == self.owners.first.val().get_bits::<7>(0) {
                self.given.d.next = 0.into();
                self.owners.pop.next = true;
            }
        }
        self.owed_more.next = self.owed.q.val();
        if self.load_takes.val() {
            self.owed_more.next =
                self.owed.q.val() + bit_cast::<8, 7>(self.load_words.val().get_bits::<7>(0));
        }
        self.owed.d.next = self.owed_more.val();
        if self.is_taken.val() && self.for_load.val() {
            self.owed.d.next = self.owed_more.val() - 1;
        }
    }
}
