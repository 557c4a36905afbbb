//! One module's stream: asks for its words ahead of time and keeps them.

use crate::stream::fifo::Fifo;
use rust_hdl::prelude::*;

/// Asks for up to four instructions at once, and for no more than its queue of 16 has room for: so what comes is
/// always taken, and a module that waits keeps no other's instructions from coming.
///
/// Places are multiples of 32 bytes, what an instruction has.
#[derive(LogicBlock)]
pub struct Stream {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// To the start of the stream; nothing of it may be on its way.
    pub rewind: Signal<In, Bit>,
    /// Forgets what is left of it, and what is in the queue.
    pub flush: Signal<In, Bit>,
    /// Place of the first instruction.
    pub first: Signal<In, Bits<43>>,
    /// Instructions.
    pub length: Signal<In, Bits<25>>,
    /// The ports below hold a request.
    pub wants: Signal<Out, Bit>,
    /// Its first instruction's place.
    pub place: Signal<Out, Bits<43>>,
    /// Its instructions, 1 to 4.
    pub count: Signal<Out, Bits<3>>,
    /// It is taken.
    pub grant: Signal<In, Bit>,
    /// A word that was asked for.
    pub in_data: Signal<In, Bits<64>>,
    /// There is one; it is taken.
    pub in_valid: Signal<In, Bit>,
    /// The first word of the queue.
    pub out_data: Signal<Out, Bits<64>>,
    /// There is one.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_pop: Signal<In, Bit>,
    queue: Fifo<64, 6, 7>,
    at: DFF<Bits<43>>,
    left: DFF<Bits<25>>,
    // Words in the queue or on their way there.
    reserved: DFF<Bits<7>>,
    asks: DFF<Bit>,
    piece: DFF<Bits<3>>,
    piece_n: Signal<Local, Bits<3>>,
    piece_words: Signal<Local, Bits<7>>,
    piece_left: Signal<Local, Bits<25>>,
    piece_place: Signal<Local, Bits<43>>,
    popped: Signal<Local, Bit>,
    reserved_n: Signal<Local, Bits<7>>,
    most_reserved: Constant<Bits<7>>,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            rewind: Signal::default(),
            flush: Signal::default(),
            first: Signal::default(),
            length: Signal::default(),
            wants: Signal::default(),
            place: Signal::default(),
            count: Signal::default(),
            grant: Signal::default(),
            in_data: Signal::default(),
            in_valid: Signal::default(),
            out_data: Signal::default(),
            out_valid: Signal::default(),
            out_pop: Signal::default(),
            queue: Fifo::default(),
            at: DFF::default(),
            left: DFF::default(),
            reserved: DFF::default(),
            asks: DFF::default(),
            piece: DFF::default(),
            piece_n: Signal::default(),
            piece_words: Signal::default(),
            piece_left: Signal::default(),
            piece_place: Signal::default(),
            popped: Signal::default(),
            reserved_n: Signal::default(),
            most_reserved: Constant::new((64_u64 - 16).into()),
        }
    }
}

impl Logic for Stream {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, at, left, reserved, asks, piece);
        clock!(self, clock, queue);
        self.queue.clear.next = self.flush.val();
        self.queue.data.next = self.in_data.val();
        self.queue.push.next = self.in_valid.val();
        self.out_data.next = self.queue.first.val();
        self.out_valid.next = self.queue.valid.val();
        self.popped.next = self.out_pop.val() && self.queue.valid.val();
        self.queue.pop.next = self.popped.val();

        self.piece_n.next = 4.into();
        if !self.left.q.val().get_bits::<23>(2).any() {
            self.piece_n.next = bit_cast::<3, 2>(self.left.q.val().get_bits::<2>(0));
        }
        self.piece.d.next = self.piece_n.val();
        self.asks.d.next = self.left.q.val().any() && (self.reserved.q.val() <= self.most_reserved.val());
        self.wants.next = self.asks.q.val();
        self.place.next = self.at.q.val();
        self.count.next = self.piece.q.val();

        self.piece_words.next = bit_cast::<7, 3>(self.piece.q.val());
        self.piece_words.next = self.piece_words.val() << 2;
        self.piece_left.next = bit_cast::<25, 3>(self.piece.q.val());
        self.piece_place.next = bit_cast::<43, 3>(self.piece.q.val());
        self.reserved_n.next = self.reserved.q.val();
        if self.grant.val() {
            self.reserved_n.next = self.reserved_n.val() + self.piece_words.val();
            self.at.d.next = self.at.q.val() + self.piece_place.val();
            self.left.d.next = self.left.q.val() - self.piece_left.val();
            // What the registers tell of the next piece comes a cycle later.
            self.asks.d.next = false;
        }
        if self.popped.val() {
            self.reserved_n.next = self.reserved_n.val() - 1;
        }
        self.reserved.d.next = self.reserved_n.val();
        if self.flush.val() {
            self.left.d.next = 0.into();
            self.reserved.d.next = 0.into();
            self.asks.d.next = false;
        }
        if self.rewind.val() {
            self.at.d.next = self.first.val();
            self.left.d.next = self.length.val();
            self.asks.d.next = false;
        }
    }
}
