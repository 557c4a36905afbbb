//! The rows of accumulators that a GEMM goes through, in the order of its results.

use rust_hdl::prelude::*;

/// For each m and n the R rows of tile base + m·pitch + n, one a step. R is 2^S, a row's address has T bits.
///
/// Tiles of one m lie one after the other, so within them an address is the last one plus 1.
#[derive(LogicBlock)]
pub struct RowWalk<const T: usize, const S: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins at the first row; the values below are there from two cycles before to the end.
    pub launch: Signal<In, Bit>,
    /// Ends at once.
    pub clear: Signal<In, Bit>,
    /// The first tile.
    pub base: Signal<In, Bits<16>>,
    /// Tiles from one m to the next.
    pub pitch: Signal<In, Bits<16>>,
    /// Counts of m and n, at least 1.
    pub m_tiles: Signal<In, Bits<16>>,
    /// See `m_tiles`.
    pub n_tiles: Signal<In, Bits<16>>,
    /// There is a row.
    pub valid: Signal<Out, Bit>,
    /// The row.
    pub address: Signal<Out, Bits<T>>,
    /// Goes on to the next one.
    pub step: Signal<In, Bit>,
    active: DFF<Bit>,
    at: DFF<Bits<T>>,
    /// The first row of this m.
    start: DFF<Bits<T>>,
    pitch_rows: DFF<Bits<T>>,
    row: DFF<Bits<8>>,
    m_left: DFF<Bits<16>>,
    n_left: DFF<Bits<16>>,
    m_is_last: DFF<Bit>,
    n_is_last: DFF<Bit>,
    m_is_one: DFF<Bit>,
    n_is_one: DFF<Bit>,
    base_wide: Signal<Local, Bits<32>>,
    pitch_wide: Signal<Local, Bits<32>>,
    next_start: Signal<Local, Bits<T>>,
    row_is_last: Signal<Local, Bit>,
    goes_on: Signal<Local, Bit>,
    last_row: Constant<Bits<8>>,
    one: Constant<Bits<16>>,
    two: Constant<Bits<16>>,
}

impl<const T: usize, const S: usize> Default for RowWalk<T, S> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            launch: Signal::default(),
            clear: Signal::default(),
            base: Signal::default(),
            pitch: Signal::default(),
            m_tiles: Signal::default(),
            n_tiles: Signal::default(),
            valid: Signal::default(),
            address: Signal::default(),
            step: Signal::default(),
            active: DFF::default(),
            at: DFF::default(),
            start: DFF::default(),
            pitch_rows: DFF::default(),
            row: DFF::default(),
            m_left: DFF::default(),
            n_left: DFF::default(),
            m_is_last: DFF::default(),
            n_is_last: DFF::default(),
            m_is_one: DFF::default(),
            n_is_one: DFF::default(),
            base_wide: Signal::default(),
            pitch_wide: Signal::default(),
            next_start: Signal::default(),
            row_is_last: Signal::default(),
            goes_on: Signal::default(),
            last_row: Constant::new(((1_u64 << S) - 1).into()),
            one: Constant::new(1_u64.into()),
            two: Constant::new(2_u64.into()),
        }
    }
}

impl<const T: usize, const S: usize> Logic for RowWalk<T, S> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, active, at, start, pitch_rows, row, m_left, n_left, m_is_last, n_is_last, m_is_one,
            n_is_one
        );
        self.base_wide.next = bit_cast::<32, 16>(self.base.val());
        self.pitch_wide.next = bit_cast::<32, 16>(self.pitch.val());
        for _doubling in 0..S {
            self.base_wide.next = self.base_wide.val() << 1;
            self.pitch_wide.next = self.pitch_wide.val() << 1;
        }
        self.pitch_rows.d.next = self.pitch_wide.val().get_bits::<T>(0);
        self.m_is_one.d.next = self.m_tiles.val() == self.one.val();
        self.n_is_one.d.next = self.n_tiles.val() == self.one.val();

        self.valid.next = self.active.q.val();
        self.address.next = self.at.q.val();
        self.row_is_last.next = self.row.q.val() == self.last_row.val();
        self.next_start.next = self.start.q.val() + self.pitch_rows.q.val();
        self.goes_on.next = self.step.val() && self.active.q.val();
        if self.goes_on.val() {
            self.row.d.next = self.row.q.val() + 1;
            self.at.d.next = self.at.q.val() + 1;
            if self.row_is_last.val() {
                self.row.d.next = 0.into();
                self.n_left.d.next = self.n_left.q.val() - 1;
                self.n_is_last.d.next = self.n_left.q.val() == self.two.val();
                if self.n_is_last.q.val() {
                    self.n_left.d.next = self.n_tiles.val();
                    self.n_is_last.d.next = self.n_is_one.q.val();
                    self.at.d.next = self.next_start.val();
                    self.start.d.next = self.next_start.val();
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
            self.at.d.next = self.base_wide.val().get_bits::<T>(0);
            self.start.d.next = self.base_wide.val().get_bits::<T>(0);
            self.row.d.next = 0.into();
            self.m_left.d.next = self.m_tiles.val();
            self.n_left.d.next = self.n_tiles.val();
            self.m_is_last.d.next = self.m_is_one.q.val();
            self.n_is_last.d.next = self.n_is_one.q.val();
        }
        if self.clear.val() {
            self.active.d.next = false;
        }
    }
}
