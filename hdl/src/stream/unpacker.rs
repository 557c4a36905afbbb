//! From beats of a wide stream to words of 64 bits.

use rust_hdl::prelude::*;

/// Hands on the words of a beat one a cycle, lowest first, and takes the next beat with the last of them.
///
/// Of a beat the lowest `in_bytes` bytes count, 0 to W / 8. A beat of none gives one word of no bytes, and so does
/// one with `in_error`.
#[derive(LogicBlock)]
pub struct Unpacker<const W: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets the beat.
    pub clear: Signal<In, Bit>,
    /// A beat.
    pub in_data: Signal<In, Bits<W>>,
    /// Its bytes that count.
    pub in_bytes: Signal<In, Bits<6>>,
    /// Handed through with each word.
    pub in_kind: Signal<In, Bits<2>>,
    /// Handed through with its last word.
    pub in_end: Signal<In, Bit>,
    /// It holds nothing but this.
    pub in_error: Signal<In, Bit>,
    /// There is a beat.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// A word.
    pub out_data: Signal<Out, Bits<64>>,
    /// Its bytes that count.
    pub out_bytes: Signal<Out, Bits<4>>,
    /// See `in_kind`.
    pub out_kind: Signal<Out, Bits<2>>,
    /// See `in_end`.
    pub out_end: Signal<Out, Bit>,
    /// See `in_error`.
    pub out_error: Signal<Out, Bit>,
    /// There is a word.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    data: DFF<Bits<W>>,
    left: DFF<Bits<6>>,
    kind: DFF<Bits<2>>,
    at_end: DFF<Bit>,
    error: DFF<Bit>,
    held: DFF<Bit>,
    is_last: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    a_word: Constant<Bits<9>>,
}

impl<const W: usize> Default for Unpacker<W> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            in_data: Signal::default(),
            in_bytes: Signal::default(),
            in_kind: Signal::default(),
            in_end: Signal::default(),
            in_error: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            out_data: Signal::default(),
            out_bytes: Signal::default(),
            out_kind: Signal::default(),
            out_end: Signal::default(),
            out_error: Signal::default(),
            out_valid: Signal::default(),
            out_ready: Signal::default(),
            data: DFF::default(),
            left: DFF::default(),
            kind: DFF::default(),
            at_end: DFF::default(),
            error: DFF::default(),
            held: DFF::default(),
            is_last: Signal::default(),
            takes: Signal::default(),
            a_word: Constant::new(64_u64.into()),
        }
    }
}

impl<const W: usize> Logic for Unpacker<W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, data, left, kind, at_end, error, held);
        self.is_last.next = self.error.q.val() || (self.left.q.val() <= bits::<6>(8));
        self.out_data.next = self.data.q.val().get_bits::<64>(0);
        self.out_bytes.next = 8.into();
        if self.left.q.val() <= bits::<6>(8) {
            self.out_bytes.next = self.left.q.val().get_bits::<4>(0);
        }
        self.out_kind.next = self.kind.q.val();
        self.out_end.next = self.at_end.q.val() && self.is_last.val();
        self.out_error.next = self.error.q.val();
        self.out_valid.next = self.held.q.val();
        self.takes.next = !self.held.q.val() || (self.out_ready.val() && self.is_last.val());
        self.in_ready.next = self.takes.val();
        if self.out_ready.val() {
            self.data.d.next = self.data.q.val() >> self.a_word.val();
            self.left.d.next = self.left.q.val() - 8;
        }
        if self.takes.val() {
            self.data.d.next = self.in_data.val();
            self.left.d.next = self.in_bytes.val();
            self.kind.d.next = self.in_kind.val();
            self.at_end.d.next = self.in_end.val();
            self.error.d.next = self.in_error.val();
            self.held.d.next = self.in_valid.val();
        }
        if self.clear.val() {
            self.held.d.next = false;
        }
    }
}
