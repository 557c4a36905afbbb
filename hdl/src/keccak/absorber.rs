//! From the words of messages to padded blocks.

use rust_hdl::prelude::*;

/// Words of a block: the rate of Keccak-256, 136 bytes.
pub const RATE_WORDS: usize = 17;

/// Collects the words of a message into blocks and pads the last one (0x01, zeroes, 0x80: Keccak as Ethereum
/// has it).
///
/// A word is taken in each cycle in which `in_valid` and `in_ready` are high. `in_bytes` counts the bytes of
/// the word that belong to the message, from the lowest on: 8, but for the last word, which may have fewer,
/// and 0 only if the message is empty. `block_valid` says that `block` is complete from the next cycle on;
/// `take` comes no earlier than that, and in the cycle after it the block is gone and the next one may come
/// in. So the words of the next block come in while a block is permuted.
#[derive(LogicBlock)]
pub struct Absorber {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forget everything.
    pub clear: Signal<In, Bit>,
    /// A word of a message.
    pub in_data: Signal<In, Bits<64>>,
    /// How many of its bytes count.
    pub in_bytes: Signal<In, Bits<4>>,
    /// It is the message's last.
    pub in_last: Signal<In, Bit>,
    /// There is a word.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// The block, padded.
    pub block: [Signal<Out, Bits<64>>; RATE_WORDS],
    /// It ends its message.
    pub block_last: Signal<Out, Bit>,
    /// It is complete.
    pub block_valid: Signal<Out, Bit>,
    /// It is taken.
    pub take: Signal<In, Bit>,

    words: [DFF<Bits<64>>; RATE_WORDS],
    /// A word on its way to its place, and the place, one-hot; none if there is no word.
    arrived: DFF<Bits<64>>,
    arrived_at: DFF<Bits<17>>,
    /// Which word comes next, one-hot.
    place: DFFWithInit<Bits<17>>,
    full: DFF<Bit>,
    last: DFF<Bit>,
    /// The message has ended with a whole word: 0x01 is a word of its own.
    pad: DFF<Bit>,

    ready: Signal<Local, Bit>,
    accept: Signal<Local, Bit>,
    pads: Signal<Local, Bit>,
    write: Signal<Local, Bit>,
    waits: Signal<Local, Bit>,
    whole: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    more: Signal<Local, Bit>,
    counts_more: [Signal<Local, Bit>; 8],
    counts_so_many: [Signal<Local, Bit>; 8],
    keeps: [Signal<Local, Bit>; 8],
    marks: [Signal<Local, Bit>; 8],
    kept: [Signal<Local, Bits<64>>; 8],
    word: Signal<Local, Bits<64>>,
    moved: Signal<Local, Bits<17>>,

    first_place: Constant<Bits<17>>,
    no_place: Constant<Bits<17>>,
    no_word: Constant<Bits<64>>,
    one: Constant<Bits<64>>,
    end_bit: Constant<Bits<64>>,
    whole_word: Constant<Bits<4>>,
    counts: [Constant<Bits<4>>; 8],
    /// Each byte of a word.
    masks: [Constant<Bits<64>>; 8],
    markers: [Constant<Bits<64>>; 8],
}

impl Default for Absorber {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            in_data: Signal::default(),
            in_bytes: Signal::default(),
            in_last: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            block: std::array::from_fn(|_| Signal::default()),
            block_last: Signal::default(),
            block_valid: Signal::default(),
            take: Signal::default(),
            words: std::array::from_fn(|_| DFF::default()),
            arrived: DFF::default(),
            arrived_at: DFF::default(),
            place: DFFWithInit::new(1_u64.into()),
            full: DFF::default(),
            last: DFF::default(),
            pad: DFF::default(),
            ready: Signal::default(),
            accept: Signal::default(),
            pads: Signal::default(),
            write: Signal::default(),
            waits: Signal::default(),
            whole: Signal::default(),
            ends: Signal::default(),
            more: Signal::default(),
            counts_more: std::array::from_fn(|_| Signal::default()),
            counts_so_many: std::array::from_fn(|_| Signal::default()),
            keeps: std::array::from_fn(|_| Signal::default()),
            marks: std::array::from_fn(|_| Signal::default()),
            kept: std::array::from_fn(|_| Signal::default()),
            word: Signal::default(),
            moved: Signal::default(),
            first_place: Constant::new(1_u64.into()),
            no_place: Constant::new(0_u64.into()),
            no_word: Constant::new(0_u64.into()),
            one: Constant::new(1_u64.into()),
            end_bit: Constant::new((1_u64 << 63).into()),
            whole_word: Constant::new(8_u64.into()),
            counts: std::array::from_fn(|bytes| Constant::new((bytes as u64).into())),
            masks: std::array::from_fn(|byte| Constant::new((0xff_u64 << (8 * byte)).into())),
            markers: std::array::from_fn(|bytes| Constant::new((1_u64 << (8 * bytes)).into())),
        }
    }
}

impl Logic for Absorber {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, arrived, arrived_at, place, full, last, pad);
        for i in 0..17 {
            self.words[i].clock.next = self.clock.val();
        }
        self.waits.next = self.full.q.val() | self.pad.q.val();
        self.ready.next = !self.waits.val();
        self.in_ready.next = self.ready.val();
        self.accept.next = self.in_valid.val() & self.ready.val();
        self.pads.next = self.pad.q.val() & !self.full.q.val();
        self.write.next = self.accept.val() | self.pads.val();

        // Of a last word that is not whole the bytes behind the message are cut, and 0x01 follows.
        self.whole.next = self.in_bytes.val() == self.whole_word.val();
        self.more.next = !self.in_last.val();
        self.word.next = self.no_word.val();
        for i in 0..8 {
            self.counts_more[i].next = self.in_bytes.val() > self.counts[i].val();
            self.counts_so_many[i].next = self.in_bytes.val() == self.counts[i].val();
            self.keeps[i].next = self.more.val() | self.counts_more[i].val();
            self.marks[i].next = self.in_last.val() & self.counts_so_many[i].val();
            self.kept[i].next = self.in_data.val() & self.masks[i].val();
            if self.keeps[i].val() {
                self.word.next = self.word.val() | self.kept[i].val();
            }
            if self.marks[i].val() {
                self.word.next = self.word.val() | self.markers[i].val();
            }
        }
        if self.pad.q.val() {
            self.word.next = self.one.val();
        }

        self.arrived.d.next = self.word.val();
        self.arrived_at.d.next = self.no_place.val();
        if self.write.val() {
            self.arrived_at.d.next = self.place.q.val();
        }

        for i in 0..17 {
            self.words[i].d.next = self.words[i].q.val();
            if self.arrived_at.q.val().get_bit(i) {
                self.words[i].d.next = self.arrived.q.val();
            }
            // No word is on its way then; this order makes it a flip-flop's own reset.
            if self.take.val() {
                self.words[i].d.next = self.no_word.val();
            }
            self.block[i].next = self.words[i].q.val();
        }
        if self.last.q.val() {
            self.block[16].next = self.words[16].q.val() ^ self.end_bit.val();
        }

        // The message ends with this word, or the next one is 0x01.
        self.ends.next = self.accept.val() & self.in_last.val();
        self.moved.next = self.place.q.val() << 1;
        self.place.d.next = self.place.q.val();
        self.full.d.next = self.full.q.val();
        self.last.d.next = self.last.q.val();
        self.pad.d.next = self.pad.q.val();
        if self.write.val() {
            self.place.d.next = self.moved.val();
            if self.place.q.val().get_bit(16) {
                self.full.d.next = true;
            }
        }
        if self.ends.val() {
            self.pad.d.next = self.whole.val();
            if !self.whole.val() {
                self.full.d.next = true;
                self.last.d.next = true;
            }
        }
        if self.pads.val() {
            self.pad.d.next = false;
            self.full.d.next = true;
            self.last.d.next = true;
        }
        if self.take.val() {
            self.place.d.next = self.first_place.val();
            self.full.d.next = false;
            self.last.d.next = false;
        }
        if self.clear.val() {
            self.place.d.next = self.first_place.val();
            self.full.d.next = false;
            self.last.d.next = false;
            self.pad.d.next = false;
            self.arrived_at.d.next = self.no_place.val();
            for i in 0..17 {
                self.words[i].d.next = self.no_word.val();
            }
        }
        self.block_valid.next = self.full.q.val();
        self.block_last.next = self.last.q.val();
    }
}
