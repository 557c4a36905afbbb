//! The operand checks of GEMM, before its first access.

use rust_hdl::prelude::*;

/// Sizes of the scratchpads that a GEMM addresses, tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Of A.
    pub a: u32,
    /// Of B.
    pub b: u32,
    /// Of ACC.
    pub acc: u32,
}

/// Whether all tiles of a GEMM lie in their scratchpads and no tile of ACC is written twice, ten cycles after `launch`.
///
/// The last tile of each scratchpad is a base and two products of 16 bits: one multiplier gives one product a cycle,
/// one adder of 34 bits adds them up.
#[derive(LogicBlock)]
pub struct GemmCheck {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins; the operands are there, and stay.
    pub launch: Signal<In, Bit>,
    /// Ends at once.
    pub clear: Signal<In, Bit>,
    /// Counts of m, n and k, at least 1.
    pub m_tiles: Signal<In, Bits<16>>,
    /// See `m_tiles`.
    pub n_tiles: Signal<In, Bits<16>>,
    /// See `m_tiles`.
    pub k_tiles: Signal<In, Bits<16>>,
    /// First tiles, and tiles from one to the next, as the instruction has them.
    pub acc: Signal<In, Bits<16>>,
    /// See `acc`.
    pub acc_pitch: Signal<In, Bits<16>>,
    /// See `acc`.
    pub a: Signal<In, Bits<16>>,
    /// See `acc`.
    pub a_pitch: Signal<In, Bits<16>>,
    /// See `acc`.
    pub a_step: Signal<In, Bits<16>>,
    /// See `acc`.
    pub b: Signal<In, Bits<16>>,
    /// See `acc`.
    pub b_pitch: Signal<In, Bits<16>>,
    /// See `acc`.
    pub b_step: Signal<In, Bits<16>>,
    /// One cycle: the check is done.
    pub done: Signal<Out, Bit>,
    /// With `done`: an operand does not fit.
    pub wrong: Signal<Out, Bit>,
    active: DFF<Bit>,
    phase: DFF<Bits<4>>,
    m_less: DFF<Bits<16>>,
    n_less: DFF<Bits<16>>,
    k_less: DFF<Bits<16>>,
    left: DFF<Bits<16>>,
    right: DFF<Bits<16>>,
    product: DFF<Bits<32>>,
    total: DFF<Bits<34>>,
    bound: DFF<Bits<34>>,
    compare: DFF<Bit>,
    pitch_is_short: DFF<Bit>,
    several_rows: DFF<Bit>,
    failed: DFF<Bit>,
    base: Signal<Local, Bits<34>>,
    added: Signal<Local, Bits<34>>,
    phase_1: Constant<Bits<4>>,
    phase_2: Constant<Bits<4>>,
    phase_3: Constant<Bits<4>>,
    phase_4: Constant<Bits<4>>,
    phase_5: Constant<Bits<4>>,
    phase_6: Constant<Bits<4>>,
    phase_7: Constant<Bits<4>>,
    phase_9: Constant<Bits<4>>,
    nothing: Constant<Bits<16>>,
    acc_size: Constant<Bits<34>>,
    a_size: Constant<Bits<34>>,
    b_size: Constant<Bits<34>>,
}

impl GemmCheck {
    /// A check against such sizes.
    pub fn new(sizes: Sizes) -> Self {
        let size = |tiles: u32| Constant::new(u64::from(tiles).into());
        let phase = |number: u64| Constant::new(number.into());
        Self {
            clock: Signal::default(),
            launch: Signal::default(),
            clear: Signal::default(),
            m_tiles: Signal::default(),
            n_tiles: Signal::default(),
            k_tiles: Signal::default(),
            acc: Signal::default(),
            acc_pitch: Signal::default(),
            a: Signal::default(),
            a_pitch: Signal::default(),
            a_step: Signal::default(),
            b: Signal::default(),
            b_pitch: Signal::default(),
            b_step: Signal::default(),
            done: Signal::default(),
            wrong: Signal::default(),
            active: DFF::default(),
            phase: DFF::default(),
            m_less: DFF::default(),
            n_less: DFF::default(),
            k_less: DFF::default(),
            left: DFF::default(),
            right: DFF::default(),
            product: DFF::default(),
            total: DFF::default(),
            bound: DFF::default(),
            compare: DFF::default(),
            pitch_is_short: DFF::default(),
            several_rows: DFF::default(),
            failed: DFF::default(),
            base: Signal::default(),
            added: Signal::default(),
            phase_1: phase(1),
            phase_2: phase(2),
            phase_3: phase(3),
            phase_4: phase(4),
            phase_5: phase(5),
            phase_6: phase(6),
            phase_7: phase(7),
            phase_9: phase(9),
            nothing: Constant::new(0_u64.into()),
            acc_size: size(sizes.acc),
            a_size: size(sizes.a),
            b_size: size(sizes.b),
        }
    }
}

impl Logic for GemmCheck {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            active,
            phase,
            m_less,
            n_less,
            k_less,
            left,
            right,
            product,
            total,
            bound,
            compare,
            pitch_is_short,
            several_rows,
            failed
        );
        self.m_less.d.next = self.m_tiles.val() - 1;
        self.n_less.d.next = self.n_tiles.val() - 1;
        self.k_less.d.next = self.k_tiles.val() - 1;
        self.several_rows.d.next = self.m_less.q.val() != self.nothing.val();
        self.pitch_is_short.d.next = self.acc_pitch.val() < self.n_tiles.val();

        // Factors of phase p give a product that is there in phase p + 2.
        self.left.d.next = self.m_less.q.val();
        self.right.d.next = self.acc_pitch.val();
        if self.phase.q.val() == self.phase_1.val() {
            self.right.d.next = self.a_pitch.val();
        }
        if self.phase.q.val() == self.phase_2.val() {
            self.left.d.next = self.k_less.q.val();
            self.right.d.next = self.a_step.val();
        }
        if self.phase.q.val() == self.phase_3.val() {
            self.left.d.next = self.k_less.q.val();
            self.right.d.next = self.b_pitch.val();
        }
        if self.phase.q.val() == self.phase_4.val() {
            self.left.d.next = self.n_less.q.val();
            self.right.d.next = self.b_step.val();
        }
        self.product.d.next = self.left.q.val() * self.right.q.val();

        self.base.next = self.total.q.val();
        self.added.next = bit_cast::<34, 32>(self.product.q.val());
        if self.phase.q.val() == self.phase_1.val() {
            self.base.next = bit_cast::<34, 16>(self.acc.val());
            self.added.next = bit_cast::<34, 16>(self.n_less.q.val());
        }
        if self.phase.q.val() == self.phase_3.val() {
            self.base.next = bit_cast::<34, 16>(self.a.val());
        }
        if self.phase.q.val() == self.phase_5.val() {
            self.base.next = bit_cast::<34, 16>(self.b.val());
        }
        self.total.d.next = self.base.val() + self.added.val();
        // The last tiles of ACC, A and B are there in phases 3, 5 and 7.
        self.compare.d.next = false;
        self.bound.d.next = self.acc_size.val();
        if self.phase.q.val() == self.phase_2.val() {
            self.compare.d.next = true;
        }
        if self.phase.q.val() == self.phase_4.val() {
            self.compare.d.next = true;
            self.bound.d.next = self.a_size.val();
        }
        if self.phase.q.val() == self.phase_6.val() {
            self.compare.d.next = true;
            self.bound.d.next = self.b_size.val();
        }
        if self.compare.q.val() && (self.total.q.val() >= self.bound.q.val()) {
            self.failed.d.next = true;
        }
        if (self.phase.q.val() == self.phase_7.val())
            && self.several_rows.q.val()
            && self.pitch_is_short.q.val()
        {
            self.failed.d.next = true;
        }

        self.done.next = self.active.q.val() && (self.phase.q.val() == self.phase_9.val());
        self.wrong.next = self.failed.q.val();
        if self.active.q.val() {
            self.phase.d.next = self.phase.q.val() + 1;
            if self.phase.q.val() == self.phase_9.val() {
                self.active.d.next = false;
            }
        }
        if self.launch.val() {
            self.active.d.next = true;
            self.phase.d.next = 0.into();
            self.failed.d.next = false;
        }
        if self.clear.val() {
            // A phase that stays compares in every cycle, and in the first one of the next check.
            self.active.d.next = false;
            self.phase.d.next = 0.into();
        }
    }
}
