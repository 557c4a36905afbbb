//! The steps of a GEMM: which tiles the array multiplies, one product a cycle.

use rust_hdl::prelude::*;

/// Goes through m, n and k, k fastest, with an address in A of TA bits and one in B of TB bits.
///
/// The last step of a tile waits until its sums have a place, `room`; all others follow each other without a gap.
#[derive(LogicBlock)]
pub struct GemmSequencer<const TA: usize, const TB: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins; the operands are there from two cycles before to the end.
    pub launch: Signal<In, Bit>,
    /// Ends at once.
    pub clear: Signal<In, Bit>,
    /// Counts of m, n and k, at least 1.
    pub m_tiles: Signal<In, Bits<16>>,
    /// See `m_tiles`.
    pub n_tiles: Signal<In, Bits<16>>,
    /// See `m_tiles`.
    pub k_tiles: Signal<In, Bits<16>>,
    /// First tile of A, tiles from one m to the next, tiles from one k to the next.
    pub a: Signal<In, Bits<16>>,
    /// See `a`.
    pub a_pitch: Signal<In, Bits<16>>,
    /// See `a`.
    pub a_step: Signal<In, Bits<16>>,
    /// First tile of B, tiles from one k to the next, tiles from one n to the next.
    pub b: Signal<In, Bits<16>>,
    /// See `b`.
    pub b_pitch: Signal<In, Bits<16>>,
    /// See `b`.
    pub b_step: Signal<In, Bits<16>>,
    /// The sums of another tile may end.
    pub room: Signal<In, Bit>,
    /// They will: a last step is taken in this cycle.
    pub ends: Signal<Out, Bit>,
    /// The tiles of a step.
    pub a_address: Signal<Out, Bits<TA>>,
    /// See `a_address`.
    pub b_address: Signal<Out, Bits<TB>>,
    /// There is a step.
    pub step: Signal<Out, Bit>,
    /// It begins sums.
    pub first: Signal<Out, Bit>,
    /// It ends them.
    pub last: Signal<Out, Bit>,
    active: DFF<Bit>,
    a_at: DFF<Bits<16>>,
    a_row: DFF<Bits<16>>,
    b_at: DFF<Bits<16>>,
    b_column: DFF<Bits<16>>,
    m_left: DFF<Bits<16>>,
    n_left: DFF<Bits<16>>,
    k_left: DFF<Bits<16>>,
    m_is_last: DFF<Bit>,
    n_is_last: DFF<Bit>,
    k_is_last: DFF<Bit>,
    k_is_first: DFF<Bit>,
    m_is_one: DFF<Bit>,
    n_is_one: DFF<Bit>,
    k_is_one: DFF<Bit>,
    a_out: DFF<Bits<TA>>,
    b_out: DFF<Bits<TB>>,
    step_out: DFF<Bit>,
    first_out: DFF<Bit>,
    last_out: DFF<Bit>,
    issues: Signal<Local, Bit>,
    next_row: Signal<Local, Bits<16>>,
    next_column: Signal<Local, Bits<16>>,
    one: Constant<Bits<16>>,
    two: Constant<Bits<16>>,
}

impl<const TA: usize, const TB: usize> Default for GemmSequencer<TA, TB> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            launch: Signal::default(),
            clear: Signal::default(),
            m_tiles: Signal::default(),
            n_tiles: Signal::default(),
            k_tiles: Signal::default(),
            a: Signal::default(),
            a_pitch: Signal::default(),
            a_step: Signal::default(),
            b: Signal::default(),
            b_pitch: Signal::default(),
            b_step: Signal::default(),
            room: Signal::default(),
            ends: Signal::default(),
            a_address: Signal::default(),
            b_address: Signal::default(),
            step: Signal::default(),
            first: Signal::default(),
            last: Signal::default(),
            active: DFF::default(),
            a_at: DFF::default(),
            a_row: DFF::default(),
            b_at: DFF::default(),
            b_column: DFF::default(),
            m_left: DFF::default(),
            n_left: DFF::default(),
            k_left: DFF::default(),
            m_is_last: DFF::default(),
            n_is_last: DFF::default(),
            k_is_last: DFF::default(),
            k_is_first: DFF::default(),
            m_is_one: DFF::default(),
            n_is_one: DFF::default(),
            k_is_one: DFF::default(),
            a_out: DFF::default(),
            b_out: DFF::default(),
            step_out: DFF::default(),
            first_out: DFF::default(),
            last_out: DFF::default(),
            issues: Signal::default(),
            next_row: Signal::default(),
            next_column: Signal::default(),
            one: Constant::new(1_u64.into()),
            two: Constant::new(2_u64.into()),
        }
    }
}

impl<const TA: usize, const TB: usize> Logic for GemmSequencer<TA, TB> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, active, a_at, a_row, b_at, b_column, m_left, n_left, k_left, m_is_last, n_is_last,
            k_is_last, k_is_first, m_is_one, n_is_one, k_is_one, a_out, b_out, step_out, first_out, last_out
        );
        self.m_is_one.d.next = self.m_tiles.val() == self.one.val();
        self.n_is_one.d.next = self.n_tiles.val() == self.one.val();
        self.k_is_one.d.next = self.k_tiles.val() == self.one.val();

        self.issues.next = self.active.q.val() && (self.room.val() || !self.k_is_last.q.val());
        self.ends.next = self.active.q.val() && self.room.val() && self.k_is_last.q.val();
        self.step_out.d.next = self.issues.val();
        self.first_out.d.next = self.k_is_first.q.val();
        self.last_out.d.next = self.k_is_last.q.val();
        self.a_out.d.next = self.a_at.q.val().get_bits::<TA>(0);
        self.b_out.d.next = self.b_at.q.val().get_bits::<TB>(0);
        self.step.next = self.step_out.q.val();
        self.first.next = self.first_out.q.val();
        self.last.next = self.last_out.q.val();
        self.a_address.next = self.a_out.q.val();
        self.b_address.next = self.b_out.q.val();

        self.next_row.next = self.a_row.q.val() + self.a_pitch.val();
        self.next_column.next = self.b_column.q.val() + self.b_step.val();
        if self.issues.val() {
            self.k_is_first.d.next = self.k_is_last.q.val();
            self.a_at.d.next = self.a_at.q.val() + self.a_step.val();
            self.b_at.d.next = self.b_at.q.val() + self.b_pitch.val();
            self.k_left.d.next = self.k_left.q.val() - 1;
            self.k_is_last.d.next = self.k_left.q.val() == self.two.val();
            if self.k_is_last.q.val() {
                self.k_left.d.next = self.k_tiles.val();
                self.k_is_last.d.next = self.k_is_one.q.val();
                self.a_at.d.next = self.a_row.q.val();
                self.b_at.d.next = self.next_column.val();
                self.b_column.d.next = self.next_column.val();
                self.n_left.d.next = self.n_left.q.val() - 1;
                self.n_is_last.d.next = self.n_left.q.val() == self.two.val();
                if self.n_is_last.q.val() {
                    self.n_left.d.next = self.n_tiles.val();
                    self.n_is_last.d.next = self.n_is_one.q.val();
                    self.b_at.d.next = self.b.val();
                    self.b_column.d.next = self.b.val();
                    self.a_at.d.next = self.next_row.val();
                    self.a_row.d.next = self.next_row.val();
                    self.m_left.d.next = self.m_left.q.val() - 1;
                    self.m_is_last.d.next = self.m_left.q.val() == self.two.val();
                    if self.m_is_last.q.val() {
                        self.active.d.next = false;
                    }
                }
            }
        }
        if self.launch.val() {
            self.active.d.next = true;
            self.a_at.d.next = self.a.val();
            self.a_row.d.next = self.a.val();
            self.b_at.d.next = self.b.val();
            self.b_column.d.next = self.b.val();
            self.m_left.d.next = self.m_tiles.val();
            self.n_left.d.next = self.n_tiles.val();
            self.k_left.d.next = self.k_tiles.val();
            self.m_is_last.d.next = self.m_is_one.q.val();
            self.n_is_last.d.next = self.n_is_one.q.val();
            self.k_is_last.d.next = self.k_is_one.q.val();
            self.k_is_first.d.next = true;
        }
        if self.clear.val() {
            self.active.d.next = false;
        }
    }
}
