//! Whether four words are an instruction of a module: the rules of the encoding, word for word.

use rust_hdl::prelude::*;

/// Looks at words that stand still: three cycles later it knows. What a register is called tells where its bits lie:
/// `any1_16` is whether one of word 1's is set in the field that begins at bit 16.
///
/// Whether the elements of a STORE are apart is not looked at here ([`super::apart`]).
#[derive(LogicBlock, Default)]
pub struct Decode {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The stream's module: 0 load, 1 compute, 2 store.
    pub unit: Signal<In, Bits<2>>,
    /// The words.
    pub words: [Signal<In, Bits<64>>; 4],
    /// They were one of the module's instructions three cycles ago.
    pub valid: Signal<Out, Bit>,
    // First stage: what is set.
    field_16: DFF<Bits<4>>,
    field_20: DFF<Bits<4>>,
    field_24: DFF<Bits<4>>,
    any_18: DFF<Bit>,
    any_20: DFF<Bit>,
    any_25: DFF<Bit>,
    any_28: DFF<Bit>,
    any_32: DFF<Bit>,
    any_48: DFF<Bit>,
    zero_is_lane: DFF<Bit>,
    any1_0: DFF<Bit>,
    any1_16: DFF<Bit>,
    any1_32: DFF<Bit>,
    any1_48: DFF<Bit>,
    one_row: DFF<Bit>,
    value_is_lane: DFF<Bit>,
    any2_0: DFF<Bit>,
    any2_16: DFF<Bit>,
    any2_32: DFF<Bit>,
    any2_48: DFF<Bit>,
    offset_whole: DFF<Bit>,
    table_cols: DFF<Bit>,
    any3_0: DFF<Bit>,
    any3_16: DFF<Bit>,
    any3_32: DFF<Bit>,
    stride_whole: DFF<Bit>,
    tokens_ok: DFF<Bit>,
    // Second stage: what they could be.
    nop: DFF<Bit>,
    load: DFF<Bit>,
    load_tiles: DFF<Bit>,
    fill: DFF<Bit>,
    gemm: DFF<Bit>,
    vector: DFF<Bit>,
    store: DFF<Bit>,
    store_tiles: DFF<Bit>,
    // Third stage.
    is_valid: DFF<Bit>,
    wide_module: Signal<Local, Bits<4>>,
    empty2: Signal<Local, Bit>,
    empty3: Signal<Local, Bit>,
    type_ok: Signal<Local, Bit>,
    byte_type: Signal<Local, Bit>,
    no_type: Signal<Local, Bit>,
    readable: Signal<Local, Bit>,
    writable: Signal<Local, Bit>,
    lane_ok: Signal<Local, Bit>,
    is_param: Signal<Local, Bit>,
    is_table: Signal<Local, Bit>,
    whole_table: Signal<Local, Bit>,
    counted: Signal<Local, Bit>,
    burst_ok: Signal<Local, Bit>,
    stored: Signal<Local, Bit>,
    takes_type: Signal<Local, Bit>,
    takes_flag: Signal<Local, Bit>,
    takes_immediate: Signal<Local, Bit>,
    takes_index: Signal<Local, Bit>,
    takes_second: Signal<Local, Bit>,
    operands_ok: Signal<Local, Bit>,
    opcode: Signal<Local, Bits<8>>,
    chosen: Signal<Local, Bit>,
}

impl Logic for Decode {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            field_16,
            field_20,
            field_24,
            any_18,
            any_20,
            any_25,
            any_28,
            any_32,
            any_48,
            zero_is_lane,
            any1_0,
            any1_16,
            any1_32,
            any1_48,
            one_row,
            value_is_lane
        );
        dff_setup!(
            self,
            clock,
            any2_0,
            any2_16,
            any2_32,
            any2_48,
            offset_whole,
            table_cols,
            any3_0,
            any3_16,
            any3_32,
            stride_whole,
            tokens_ok
        );
        dff_setup!(
            self,
            clock,
            nop,
            load,
            load_tiles,
            fill,
            gemm,
            vector,
            store,
            store_tiles,
            is_valid
        );
        self.field_16.d.next = self.words[0].val().get_bits::<4>(16);
        self.field_20.d.next = self.words[0].val().get_bits::<4>(20);
        self.field_24.d.next = self.words[0].val().get_bits::<4>(24);
        self.any_18.d.next = self.words[0].val().get_bits::<14>(18).any();
        self.any_20.d.next = self.words[0].val().get_bits::<12>(20).any();
        self.any_25.d.next = self.words[0].val().get_bits::<7>(25).any();
        self.any_28.d.next = self.words[0].val().get_bits::<4>(28).any();
        self.any_32.d.next = self.words[0].val().get_bits::<16>(32).any();
        self.any_48.d.next = self.words[0].val().get_bits::<16>(48).any();
        // Of a number from -256 to 255 all bits from the eighth on are its sign.
        self.zero_is_lane.d.next =
            self.words[0].val().get_bits::<8>(40).all() || !self.words[0].val().get_bits::<8>(40).any();
        self.any1_0.d.next = self.words[1].val().get_bits::<16>(0).any();
        self.any1_16.d.next = self.words[1].val().get_bits::<16>(16).any();
        self.any1_32.d.next = self.words[1].val().get_bits::<16>(32).any();
        self.any1_48.d.next = self.words[1].val().get_bits::<16>(48).any();
        self.one_row.d.next = self.words[1].val().get_bits::<16>(48) == 1;
        self.value_is_lane.d.next =
            self.words[1].val().get_bits::<24>(8).all() || !self.words[1].val().get_bits::<24>(8).any();
        self.any2_0.d.next = self.words[2].val().get_bits::<16>(0).any();
        self.any2_16.d.next = self.words[2].val().get_bits::<16>(16).any();
        self.any2_32.d.next = self.words[2].val().get_bits::<16>(32).any();
        self.any2_48.d.next = self.words[2].val().get_bits::<16>(48).any();
        self.offset_whole.d.next = !self.words[2].val().get_bits::<3>(16).any();
        self.table_cols.d.next = self.words[2].val().get_bits::<16>(0) == 256;
        self.any3_0.d.next = self.words[3].val().get_bits::<16>(0).any();
        self.any3_16.d.next = self.words[3].val().get_bits::<16>(16).any();
        self.any3_32.d.next = self.words[3].val().get_bits::<32>(32).any();
        self.stride_whole.d.next = !self.words[3].val().get_bits::<3>(0).any();
        // Bits 12 to 15 are nobody's; load has no neighbour before it, store none after it.
        self.tokens_ok.d.next = !self.words[0].val().get_bits::<4>(12).any();
        if (self.unit.val() == 0) && (self.words[0].val().get_bit(8) || self.words[0].val().get_bit(10)) {
            self.tokens_ok.d.next = false;
        }
        if (self.unit.val() == 2) && (self.words[0].val().get_bit(9) || self.words[0].val().get_bit(11)) {
            self.tokens_ok.d.next = false;
        }

        self.empty2.next =
            !self.any2_0.q.val() && !self.any2_16.q.val() && !self.any2_32.q.val() && !self.any2_48.q.val();
        self.empty3.next = !self.any3_0.q.val() && !self.any3_16.q.val() && !self.any3_32.q.val();
        self.type_ok.next = !self.field_20.q.val().get_bits::<2>(2).any();
        self.byte_type.next = !self.field_20.q.val().get_bits::<3>(1).any();
        self.no_type.next = !self.field_20.q.val().any();
        self.readable.next = (self.field_24.q.val() <= bits::<4>(4)) && (self.field_24.q.val() != 2);
        self.writable.next =
            (self.field_24.q.val() >= bits::<4>(2)) && (self.field_24.q.val() <= bits::<4>(4));
        self.is_param.next = self.field_16.q.val() == 3;
        self.is_table.next = self.field_16.q.val() == 4;
        // Types and zero points that go into a scratchpad.
        self.lane_ok.next = false;
        if self.field_16.q.val() <= bits::<4>(1) {
            self.lane_ok.next = self.byte_type.val() && self.zero_is_lane.q.val();
        }
        if (self.field_16.q.val() == 2) || self.is_table.val() {
            self.lane_ok.next = self.type_ok.val() && !self.any_32.q.val();
        }
        if self.is_param.val() {
            self.lane_ok.next = self.no_type.val() && !self.any_32.q.val();
        }
        self.whole_table.next = !self.any1_0.q.val()
            && !self.any1_16.q.val()
            && !self.any1_32.q.val()
            && self.one_row.q.val()
            && self.table_cols.q.val()
            && !self.any3_0.q.val()
            && !self.any3_16.q.val();
        self.counted.next = !self.any_28.q.val() && self.any1_48.q.val() && self.any2_0.q.val();
        self.burst_ok.next = !self.any1_16.q.val()
            && !self.any1_32.q.val()
            && self.offset_whole.q.val()
            && self.stride_whole.q.val()
            && !self.any3_32.q.val();
        self.stored.next = self.counted.val()
            && self.writable.val()
            && self.type_ok.val()
            && !self.field_16.q.val().any()
            && !self.any_32.q.val();

        self.wide_module.next = bit_cast::<4, 2>(self.unit.val());
        self.nop.d.next = (self.field_16.q.val() == self.wide_module.val())
            && !self.any_20.q.val()
            && !self.any_32.q.val()
            && !self.any_48.q.val()
            && !self.any1_0.q.val()
            && !self.any1_16.q.val()
            && !self.any1_32.q.val()
            && !self.any1_48.q.val()
            && self.empty2.val()
            && self.empty3.val();
        self.load.d.next = self.counted.val()
            && self.readable.val()
            && self.lane_ok.val()
            && !self.is_param.val()
            && (!self.is_table.val() || self.whole_table.val());
        self.load_tiles.d.next =
            self.counted.val() && self.readable.val() && self.lane_ok.val() && self.burst_ok.val();
        self.fill.d.next = !self.any_20.q.val()
            && self.any_32.q.val()
            && !self.any1_32.q.val()
            && !self.any1_48.q.val()
            && self.empty2.val()
            && self.empty3.val()
            && ((self.field_16.q.val() == 2)
                || ((self.field_16.q.val() <= bits::<4>(1)) && self.value_is_lane.q.val()));
        // Bit 16 is accumulate, bit 17 shift.
        self.gemm.d.next = !self.any_18.q.val()
            && self.any_32.q.val()
            && self.any_48.q.val()
            && self.any1_0.q.val()
            && !self.any3_16.q.val()
            && !self.any3_32.q.val()
            && (self.field_16.q.val() != 2);
        // Of VECTOR: which fields its operation has. 6 is REQUANTISE, 7 TABLE, 8 ARGMAX, 9 INTERPOLATE, 3 to 5 have
        // an immediate.
        self.takes_type.next = self.field_16.q.val() == 6;
        self.takes_flag.next = (self.field_16.q.val() == 6) || (self.field_16.q.val() == 8);
        self.takes_immediate.next = (self.field_16.q.val() == 8)
            || ((self.field_16.q.val() >= bits::<4>(3)) && (self.field_16.q.val() <= bits::<4>(5)));
        self.takes_second.next = self.field_16.q.val() == 9;
        self.takes_index.next =
            (self.field_16.q.val() == 6) || (self.field_16.q.val() == 7) || (self.field_16.q.val() == 9);
        self.operands_ok.next = (self.takes_immediate.val()
            || (!self.any2_0.q.val() && !self.any2_16.q.val()))
            && (self.takes_index.val() || !self.any2_32.q.val())
            && (self.takes_second.val() || !self.any2_48.q.val())
            && (self.takes_flag.val() || !self.field_24.q.val().get_bit(0));
        self.vector.d.next = (self.field_16.q.val() <= bits::<4>(9))
            && self.any_32.q.val()
            && self.any_48.q.val()
            && !self.any_25.q.val()
            && self.empty3.val()
            && self.operands_ok.val()
            && (self.no_type.val() || (self.takes_type.val() && self.type_ok.val()));
        self.store.d.next = self.stored.val();
        self.store_tiles.d.next = self.stored.val() && self.burst_ok.val();

        self.opcode.next = self.words[0].val().get_bits::<8>(0);
        self.chosen.next = false;
        if self.opcode.val() == 1 {
            self.chosen.next = self.nop.q.val();
        }
        if self.unit.val() == 0 {
            if self.opcode.val() == 2 {
                self.chosen.next = self.load.q.val();
            }
            if self.opcode.val() == 3 {
                self.chosen.next = self.fill.q.val();
            }
            if self.opcode.val() == 7 {
                self.chosen.next = self.load_tiles.q.val();
            }
        }
        if self.unit.val() == 1 {
            if self.opcode.val() == 4 {
                self.chosen.next = self.gemm.q.val();
            }
            if self.opcode.val() == 5 {
                self.chosen.next = self.vector.q.val();
            }
        }
        if self.unit.val() == 2 {
            if self.opcode.val() == 6 {
                self.chosen.next = self.store.q.val();
            }
            if self.opcode.val() == 8 {
                self.chosen.next = self.store_tiles.q.val();
            }
        }
        self.is_valid.d.next = self.chosen.val() && self.tokens_ok.q.val();
        self.valid.next = self.is_valid.q.val();
    }
}
