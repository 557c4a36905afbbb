//! Two cells of the array: two columns of one row.

use super::multiplier::{Kind, Multiplier, PackedPair};
use rust_hdl::prelude::*;

/// Sums of D products a cycle, two of them: the lanes of a row of A times those of two columns of B. AW is 9·D, W is
/// 18 + log2 D.
///
/// `enable` and `first` belong to the products' sum, which comes after the multiplier's latency and a cycle for each
/// level of the adders.
#[derive(LogicBlock)]
pub struct Twin<const D: usize, const AW: usize, const W: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The row's lanes, lane 0 lowest.
    pub a: Signal<In, Bits<AW>>,
    /// Those of the two columns.
    pub b_left: Signal<In, Bits<AW>>,
    /// See `b_left`.
    pub b_right: Signal<In, Bits<AW>>,
    /// A sum of products is there.
    pub enable: Signal<In, Bit>,
    /// It replaces what was accumulated.
    pub first: Signal<In, Bit>,
    /// What is accumulated, two's complement.
    pub left_sum: Signal<Out, Bits<32>>,
    /// See `left_sum`.
    pub right_sum: Signal<Out, Bits<32>>,
    left: Vec<Multiplier>,
    right: Vec<Multiplier>,
    pairs: Vec<PackedPair>,
    products: Vec<Signal<Local, Bits<18>>>,
    product: Signal<Local, Bits<18>>,
    wide: Signal<Local, Bits<W>>,
    /// Products, then sums of two nodes before them, for each of the two.
    nodes: Vec<Signal<Local, Bits<W>>>,
    adders: Vec<DFF<Bits<W>>>,
    accumulator: [DFF<Bits<32>>; 2],
    node: Signal<Local, Bits<W>>,
    extended: Signal<Local, Bits<32>>,
    kept: Signal<Local, Bits<32>>,
    total: Signal<Local, Bits<32>>,
    sign_fill: Constant<Bits<W>>,
    sign_fill_32: Constant<Bits<32>>,
    sign: Constant<Bits<W>>,
    nothing: Constant<Bits<32>>,
    none_of_w: Constant<Bits<W>>,
}

/// What the products of an array are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multipliers {
    /// One product a DSP block for the first so many, LUTs for the others.
    Single {
        /// DSP blocks of the whole array.
        dedicated: usize,
    },
    /// Two products a DSP block of 27 by 18 bits, for all.
    Packed,
}

impl<const D: usize, const AW: usize, const W: usize> Twin<D, AW, W> {
    /// Two cells. Of their 2·D products, so many come from DSP blocks where these are not packed.
    pub fn new(multipliers: Multipliers, dedicated: usize) -> Self {
        assert!(D.is_power_of_two(), "sums are of two");
        assert_eq!(AW, 9 * D, "a row has D lanes");
        assert_eq!(W, 18 + D.ilog2() as usize, "as wide as a sum of D products");
        let is_packed = multipliers == Multipliers::Packed;
        let singles = |from: usize| {
            let count = if is_packed { 0 } else { D };
            let kind = move |i| {
                if from + i < dedicated {
                    Kind::Dedicated
                } else {
                    Kind::Logic
                }
            };
            (0..count).map(move |i| Multiplier::new(kind(i))).collect()
        };
        let mask = |bits: usize| (1_u64 << bits) - 1;
        Self {
            clock: Signal::default(),
            a: Signal::default(),
            b_left: Signal::default(),
            b_right: Signal::default(),
            enable: Signal::default(),
            first: Signal::default(),
            left_sum: Signal::default(),
            right_sum: Signal::default(),
            left: singles(0),
            right: singles(D),
            pairs: (0..if is_packed { D } else { 0 })
                .map(|_| PackedPair::default())
                .collect(),
            products: (0..2 * D).map(|_| Signal::default()).collect(),
            product: Signal::default(),
            wide: Signal::default(),
            nodes: (0..2 * (2 * D - 1)).map(|_| Signal::default()).collect(),
            adders: (0..2 * (D - 1)).map(|_| DFF::default()).collect(),
            accumulator: Default::default(),
            node: Signal::default(),
            extended: Signal::default(),
            kept: Signal::default(),
            total: Signal::default(),
            sign_fill: Constant::new((mask(W) & !mask(18)).into()),
            sign_fill_32: Constant::new((mask(32) & !mask(W)).into()),
            sign: Constant::new((1_u64 << (W - 1)).into()),
            nothing: Constant::new(0_u64.into()),
            none_of_w: Constant::new(0_u64.into()),
        }
    }
}

impl<const D: usize, const AW: usize, const W: usize> Logic for Twin<D, AW, W> {
    #[hdl_gen]
    fn update(&mut self) {
        // Loops of one turn give the indices a number that the emitter knows.
        for depth in D..(D + 1) {
            for d in 0..self.left.len() {
                self.left[d].clock.next = self.clock.val();
                self.left[d].a.next = self.a.val().get_bits::<9>(d * 9);
                self.left[d].b.next = self.b_left.val().get_bits::<9>(d * 9);
                self.products[d].next = self.left[d].product.val();
                self.right[d].clock.next = self.clock.val();
                self.right[d].a.next = self.a.val().get_bits::<9>(d * 9);
                self.right[d].b.next = self.b_right.val().get_bits::<9>(d * 9);
                self.products[depth + d].next = self.right[d].product.val();
            }
            for d in 0..self.pairs.len() {
                self.pairs[d].clock.next = self.clock.val();
                self.pairs[d].shared.next = self.a.val().get_bits::<9>(d * 9);
                self.pairs[d].low.next = self.b_left.val().get_bits::<9>(d * 9);
                self.pairs[d].high.next = self.b_right.val().get_bits::<9>(d * 9);
                self.products[d].next = self.pairs[d].low_product.val();
                self.products[depth + d].next = self.pairs[d].high_product.val();
            }
            for side in 0..2 {
                for d in 0..D {
                    self.product.next = self.products[side * depth + d].val();
                    self.wide.next = bit_cast::<W, 18>(self.product.val());
                    if self.product.val().get_bit(17) {
                        self.wide.next = self.wide.val() | self.sign_fill.val();
                    }
                    self.nodes[side * (2 * depth - 1) + d].next = self.wide.val();
                }
                for j in 0..(D - 1) {
                    self.adders[side * (depth - 1) + j].clock.next = self.clock.val();
                    self.adders[side * (depth - 1) + j].d.next = self.nodes[side * (2 * depth - 1) + 2 * j]
                        .val()
                        + self.nodes[side * (2 * depth - 1) + 2 * j + 1].val();
                    self.nodes[side * (2 * depth - 1) + depth + j].next =
                        self.adders[side * (depth - 1) + j].q.val();
                }
                self.node.next = self.nodes[side * (2 * depth - 1) + 2 * depth - 2].val();
                self.extended.next = bit_cast::<32, W>(self.node.val());
                self.wide.next = self.node.val() & self.sign.val();
                if self.wide.val() != self.none_of_w.val() {
                    self.extended.next = self.extended.val() | self.sign_fill_32.val();
                }
                self.kept.next = self.accumulator[side].q.val();
                if self.first.val() {
                    self.kept.next = self.nothing.val();
                }
                self.total.next = self.kept.val() + self.extended.val();
                self.accumulator[side].clock.next = self.clock.val();
                self.accumulator[side].d.next = self.accumulator[side].q.val();
                if self.enable.val() {
                    self.accumulator[side].d.next = self.total.val();
                }
            }
            self.left_sum.next = self.accumulator[0].q.val();
            self.right_sum.next = self.accumulator[1].q.val();
        }
    }
}
