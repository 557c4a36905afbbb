//! TABLE and INTERPOLATE: functions of a lane by tables of 256 entries.

use rust_hdl::prelude::*;

/// Takes a lane a cycle for TABLE, one every two cycles for INTERPOLATE, and asks the tables' memory, which answers
/// a cycle later.
///
/// TABLE's result comes three cycles after its lane, INTERPOLATE's six after its second one (the lane stays for two
/// cycles: the first asks for the node, the second, with `second`, for the difference).
///
/// An interpolation multiplies 18 bits, signed, by 8, unsigned: the low 16 bits of the one are a multiplier's, the two
/// above are additions. What is added there is a multiple of 2^16, so that the half of the rounding joins it for
/// nothing.
#[derive(LogicBlock, Default)]
pub struct Lookup {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// There is a lane.
    pub valid: Signal<In, Bit>,
    /// Its low 16 bits.
    pub lane: Signal<In, Bits<16>>,
    /// It is interpolated.
    pub interpolates: Signal<In, Bit>,
    /// The second cycle of a lane that is interpolated.
    pub second: Signal<In, Bit>,
    /// The table, or that of the nodes.
    pub first_table: Signal<In, Bits<16>>,
    /// The table of the differences.
    pub second_table: Signal<In, Bits<16>>,
    /// The entry that is asked for: table and place in it.
    pub address: Signal<Out, Bits<24>>,
    /// What the memory had at the address of the cycle before.
    pub entry: Signal<In, Bits<32>>,
    /// There is a result.
    pub out_valid: Signal<Out, Bit>,
    /// The result.
    pub out: Signal<Out, Bits<32>>,
    asked: DFF<Bits<24>>,
    /// The lane's result ends here, at the stages from the address on.
    ends: [DFF<Bit>; 6],
    part: [DFF<Bits<8>>; 3],
    found: DFF<Bits<32>>,
    node: [DFF<Bits<32>>; 3],
    low_product: DFF<Bits<32>>,
    high_product: DFF<Bits<32>>,
    product: DFF<Bits<32>>,
    result: DFF<Bits<32>>,
    place: Signal<Local, Bits<8>>,
    chosen: Signal<Local, Bits<16>>,
    chosen_wide: Signal<Local, Bits<24>>,
    place_wide: Signal<Local, Bits<24>>,
    difference: Signal<Local, Bits<32>>,
    part_wide: Signal<Local, Bits<16>>,
    part_up: Signal<Local, Bits<32>>,
    bit_16: Signal<Local, Bits<32>>,
    bit_17: Signal<Local, Bits<32>>,
    high_sum: Signal<Local, Bits<32>>,
    share: Signal<Local, Bits<32>>,
}

impl Logic for Lookup {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            asked,
            found,
            low_product,
            high_product,
            product,
            result
        );
        for i in 0..6 {
            self.ends[i].clock.next = self.clock.val();
        }
        for i in 0..3 {
            self.part[i].clock.next = self.clock.val();
            self.node[i].clock.next = self.clock.val();
        }
        // The address. A lane that is interpolated counts from -32768, which inverts its sign.
        self.chosen.next = self.first_table.val();
        if self.second.val() {
            self.chosen.next = self.second_table.val();
        }
        self.place.next = self.lane.val().get_bits::<8>(0);
        if self.interpolates.val() {
            self.place.next = self.lane.val().get_bits::<8>(8) ^ bits::<8>(0x80);
        }
        self.chosen_wide.next = bit_cast::<24, 16>(self.chosen.val());
        self.chosen_wide.next = self.chosen_wide.val() << 8;
        self.place_wide.next = bit_cast::<24, 8>(self.place.val());
        self.asked.d.next = self.chosen_wide.val() | self.place_wide.val();
        self.address.next = self.asked.q.val();
        self.ends[0].d.next = self.valid.val() && (self.second.val() || !self.interpolates.val());
        for i in 0..5 {
            self.ends[i + 1].d.next = self.ends[i].q.val();
        }
        self.part[0].d.next = self.lane.val().get_bits::<8>(0);
        for i in 0..2 {
            self.part[i + 1].d.next = self.part[i].q.val();
        }

        // The answer; of an interpolation the node comes first, the difference in the cycle after it.
        self.found.d.next = self.entry.val();
        self.node[0].d.next = self.found.q.val();
        self.node[1].d.next = self.node[0].q.val();
        self.node[2].d.next = self.node[1].q.val();

        // The difference's products.
        self.difference.next = self.found.q.val();
        self.part_wide.next = bit_cast::<16, 8>(self.part[2].q.val());
        self.low_product.d.next = self.difference.val().get_bits::<16>(0) * self.part_wide.val();
        self.part_up.next = bit_cast::<32, 16>(self.part_wide.val());
        self.part_up.next = self.part_up.val() << 16;
        self.bit_16.next = 0.into();
        if self.difference.val().get_bit(16) {
            self.bit_16.next = self.part_up.val();
        }
        self.bit_17.next = 0.into();
        if self.difference.val().get_bit(17) {
            self.bit_17.next = self.part_up.val() << 1;
        }
        self.high_sum.next = self.bit_16.val() - self.bit_17.val();
        self.high_product.d.next = self.high_sum.val() | bits::<32>(128);

        // Their sum, and its share: an arithmetic shift, by the sign's copies.
        self.product.d.next = self.low_product.q.val() + self.high_product.q.val();
        self.share.next = self.product.q.val() >> 8;
        if self.product.q.val().get_bit(31) {
            self.share.next = self.share.val() | (bits::<32>(255) << 24);
        }
        self.result.d.next = self.node[2].q.val() + self.share.val();

        self.out_valid.next = self.ends[2].q.val();
        self.out.next = self.found.q.val();
        if self.interpolates.val() {
            self.out_valid.next = self.ends[5].q.val();
            self.out.next = self.result.q.val();
        }
    }
}
