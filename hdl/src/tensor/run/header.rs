//! A program's header: the lengths of the three streams, and where they lie.

use rust_hdl::prelude::*;

/// Takes the header's four words, then decides within five cycles. Places are multiples of 32 bytes.
#[derive(LogicBlock, Default)]
pub struct Header {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Waits for another header.
    pub clear: Signal<In, Bit>,
    /// The program's place; it stands, as the ports below do.
    pub place: Signal<In, Bits<43>>,
    /// Its bytes, 32 or more.
    pub bytes: Signal<In, Bits<48>>,
    /// Most instructions that a program may have; at most 2^24.
    pub limit: Signal<In, Bits<25>>,
    /// A word of it.
    pub word: Signal<In, Bits<64>>,
    /// There is one; it is taken.
    pub word_valid: Signal<In, Bit>,
    /// The ports below hold.
    pub decided: Signal<Out, Bit>,
    /// The program is one.
    pub valid: Signal<Out, Bit>,
    /// Instructions of each stream.
    pub length: [Signal<Out, Bits<25>>; 3],
    /// Index of each stream's first.
    pub index: [Signal<Out, Bits<25>>; 3],
    /// Its place.
    pub first: [Signal<Out, Bits<43>>; 3],
    /// Index of the program's last.
    pub last: Signal<Out, Bits<25>>,
    words: [DFF<Bits<64>>; 4],
    // Words that have come, then cycles.
    count: DFF<Bits<4>>,
    zeroes: DFF<Bit>,
    available: DFF<Bits<26>>,
    two: DFF<Bits<26>>,
    all: DFF<Bits<27>>,
    sum_fits: DFF<Bit>,
    allowed: DFF<Bit>,
    last_reg: DFF<Bits<25>>,
    place_load: DFF<Bits<43>>,
    place_compute: DFF<Bits<43>>,
    place_store: DFF<Bits<43>>,
    load: Signal<Local, Bits<25>>,
    compute: Signal<Local, Bits<25>>,
    store: Signal<Local, Bits<25>>,
    load_wide: Signal<Local, Bits<43>>,
    compute_wide: Signal<Local, Bits<43>>,
    limit_wide: Signal<Local, Bits<26>>,
    two_wide: Signal<Local, Bits<27>>,
    available_wide: Signal<Local, Bits<27>>,
}

impl Logic for Header {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            count,
            zeroes,
            available,
            two,
            all,
            sum_fits,
            allowed,
            last_reg,
            place_load,
            place_compute,
            place_store
        );
        for i in 0..4 {
            self.words[i].clock.next = self.clock.val();
            self.words[i].d.next = self.words[i].q.val();
        }
        if self.word_valid.val() {
            self.words[3].d.next = self.word.val();
            self.words[2].d.next = self.words[3].q.val();
            self.words[1].d.next = self.words[2].q.val();
            self.words[0].d.next = self.words[1].q.val();
        }
        if self.word_valid.val() || ((self.count.q.val() >= bits::<4>(4)) && (self.count.q.val() != 9)) {
            self.count.d.next = self.count.q.val() + 1;
        }
        if self.clear.val() {
            self.count.d.next = 0.into();
        }
        self.load.next = self.words[0].q.val().get_bits::<25>(0);
        self.compute.next = self.words[0].q.val().get_bits::<25>(32);
        self.store.next = self.words[1].q.val().get_bits::<25>(0);
        self.load_wide.next = bit_cast::<43, 25>(self.load.val());
        self.compute_wide.next = bit_cast::<43, 25>(self.compute.val());
        // First stage. No length is cut: a longer one is refused here.
        self.zeroes.d.next = !self.words[0].q.val().get_bits::<7>(25).any()
            && !self.words[0].q.val().get_bits::<7>(57).any()
            && !self.words[1].q.val().get_bits::<39>(25).any()
            && !self.words[2].q.val().any()
            && !self.words[3].q.val().any()
            && !self.bytes.val().get_bits::<5>(0).any()
            && !self.bytes.val().get_bits::<17>(31).any();
        self.available.d.next = self.bytes.val().get_bits::<26>(5) - 1;
        self.two.d.next = bit_cast::<26, 25>(self.load.val()) + bit_cast::<26, 25>(self.compute.val());
        self.place_load.d.next = self.place.val() + 1;
        // Second stage: the sum of three cannot wrap.
        self.two_wide.next = bit_cast::<27, 26>(self.two.q.val());
        self.all.d.next = self.two_wide.val() + bit_cast::<27, 25>(self.store.val());
        self.place_compute.d.next = self.place_load.q.val() + self.load_wide.val();
        // Third.
        self.limit_wide.next = bit_cast::<26, 25>(self.limit.val());
        self.available_wide.next = bit_cast::<27, 26>(self.available.q.val());
        self.sum_fits.d.next = self.all.q.val() == self.available_wide.val();
        self.allowed.d.next =
            (self.available.q.val() <= self.limit_wide.val()) && self.available.q.val().any();
        self.last_reg.d.next = self.available.q.val().get_bits::<25>(0) - 1;
        self.place_store.d.next = self.place_compute.q.val() + self.compute_wide.val();

        self.decided.next = self.count.q.val() == 9;
        self.valid.next = self.zeroes.q.val() && self.sum_fits.q.val() && self.allowed.q.val();
        self.length[0].next = self.load.val();
        self.length[1].next = self.compute.val();
        self.length[2].next = self.store.val();
        self.index[0].next = 0.into();
        self.index[1].next = self.load.val();
        self.index[2].next = self.two.q.val().get_bits::<25>(0);
        self.first[0].next = self.place_load.q.val();
        self.first[1].next = self.place_compute.q.val();
        self.first[2].next = self.place_store.q.val();
        self.last.next = self.last_reg.q.val();
    }
}
