//! From words of elements to the write ports of the scratchpads.

use metisvm_firmware::Geometry;
use rust_hdl::prelude::*;

/// Extends the elements of a word as their type says, less the zero point, and writes them, a cycle later: `whole`
/// to all lanes at an address; `single` to one; else the lanes of a part, which are as many as a word has elements.
///
/// A requantisation record that is out of range is not written, and `bad` in the cycle in which it would be. Only
/// ACC can make it wait.
#[derive(LogicBlock)]
pub struct Deposit {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Gives up.
    pub clear: Signal<In, Bit>,
    /// There is a word.
    pub valid: Signal<In, Bit>,
    /// It is taken.
    pub ready: Signal<Out, Bit>,
    /// Its elements.
    pub word: Signal<In, Bits<64>>,
    /// Their type.
    pub dtype: Signal<In, Bits<2>>,
    /// Subtracted from each of 8 bits.
    pub zero: Signal<In, Bits<9>>,
    /// The scratchpad: A, B, ACC, PARAM, TABLE.
    pub buffer: Signal<In, Bits<3>>,
    /// Tile of A or B, row of a tile of ACC, record, entry of a table.
    pub at: Signal<In, Bits<24>>,
    /// See above.
    pub part: Signal<In, Bits<16>>,
    /// Of `single`: the lane of the tile, in ACC the column.
    pub lane: Signal<In, Bits<16>>,
    /// See above.
    pub single: Signal<In, Bit>,
    /// See above.
    pub whole: Signal<In, Bit>,
    /// Nothing is on its way.
    pub empty: Signal<Out, Bit>,
    /// See above.
    pub bad: Signal<Out, Bit>,

    /// Writes a tile of A.
    pub a_write: Signal<Out, Bit>,
    /// Its number.
    pub a_address: Signal<Out, Bits<16>>,
    /// Its lanes.
    pub a_data: Vec<Signal<Out, Bits<9>>>,
    /// Those that are written.
    pub a_mask: Vec<Signal<Out, Bit>>,
    /// Writes a tile of B.
    pub b_write: Signal<Out, Bit>,
    /// Its number.
    pub b_address: Signal<Out, Bits<16>>,
    /// Its lanes.
    pub b_data: Vec<Signal<Out, Bits<9>>>,
    /// Those that are written.
    pub b_mask: Vec<Signal<Out, Bit>>,
    /// Writes a row of a tile of ACC.
    pub acc_valid: Signal<Out, Bit>,
    /// It is written.
    pub acc_ready: Signal<In, Bit>,
    /// tile·R + row.
    pub acc_address: Signal<Out, Bits<24>>,
    /// Its columns.
    pub acc_data: Vec<Signal<Out, Bits<32>>>,
    /// Those that are written.
    pub acc_mask: Vec<Signal<Out, Bit>>,
    /// Writes a record.
    pub param_write: Signal<Out, Bit>,
    /// Its number.
    pub param_address: Signal<Out, Bits<16>>,
    /// As it lies in memory.
    pub param_data: Signal<Out, Bits<64>>,
    /// Writes an entry of a table.
    pub table_write: Signal<Out, Bit>,
    /// table·256 + entry.
    pub table_address: Signal<Out, Bits<24>>,
    /// The entry.
    pub table_data: Signal<Out, Bits<32>>,

    holds: DFF<Bit>,
    value: [DFF<Bits<32>>; 8],
    record: DFF<Bits<64>>,
    record_good: DFF<Bit>,
    target: DFF<Bits<3>>,
    here: DFF<Bits<24>>,
    here_part: DFF<Bits<16>>,
    here_lane: DFF<Bits<16>>,
    is_single: DFF<Bit>,
    is_whole: DFF<Bit>,
    of_8: DFF<Bit>,
    of_16: DFF<Bit>,

    to_a: Signal<Local, Bit>,
    to_b: Signal<Local, Bit>,
    to_acc: Signal<Local, Bit>,
    to_param: Signal<Local, Bit>,
    to_table: Signal<Local, Bit>,
    open: Signal<Local, Bit>,
    octet: Signal<Local, Bits<8>>,
    nine: Signal<Local, Bits<9>>,
    half: Signal<Local, Bits<16>>,
    extended: Signal<Local, Bits<32>>,
    hit: Signal<Local, Bit>,
    shift: Signal<Local, Bits<8>>,
    halves: [Signal<Local, Bits<16>>; 4],
    from_9: Signal<Local, Bits<32>>,
    from_16: Signal<Local, Bits<32>>,
    longs: [Signal<Local, Bits<32>>; 2],
    /// In which word of 8, 4 or 2 elements a lane lies.
    part_of_8: Vec<Constant<Bits<16>>>,
    part_of_4: Vec<Constant<Bits<16>>>,
    part_of_2: Vec<Constant<Bits<16>>>,
}

impl Deposit {
    /// For such scratchpads.
    pub fn new(geometry: &Geometry) -> Self {
        let [rows, cols, depth] =
            [geometry.tile_rows, geometry.tile_cols, geometry.tile_depth].map(usize::from);
        let lanes = (rows * depth).max(depth * cols).max(cols);
        let parts = |elements| {
            (0..lanes)
                .map(|lane| Constant::new(Bits::<16>::from(lane as u64 / elements)))
                .collect()
        };
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            valid: Signal::default(),
            ready: Signal::default(),
            word: Signal::default(),
            dtype: Signal::default(),
            zero: Signal::default(),
            buffer: Signal::default(),
            at: Signal::default(),
            part: Signal::default(),
            lane: Signal::default(),
            single: Signal::default(),
            whole: Signal::default(),
            empty: Signal::default(),
            bad: Signal::default(),
            a_write: Signal::default(),
            a_address: Signal::default(),
            a_data: many(rows * depth),
            a_mask: many(rows * depth),
            b_write: Signal::default(),
            b_address: Signal::default(),
            b_data: many(depth * cols),
            b_mask: many(depth * cols),
            acc_valid: Signal::default(),
            acc_ready: Signal::default(),
            acc_address: Signal::default(),
            acc_data: many(cols),
            acc_mask: many(cols),
            param_write: Signal::default(),
            param_address: Signal::default(),
            param_data: Signal::default(),
            table_write: Signal::default(),
            table_address: Signal::default(),
            table_data: Signal::default(),
            holds: DFF::default(),
            value: std::array::from_fn(|_| DFF::default()),
            record: DFF::default(),
            record_good: DFF::default(),
            target: DFF::default(),
            here: DFF::default(),
            here_part: DFF::default(),
            here_lane: DFF::default(),
            is_single: DFF::default(),
            is_whole: DFF::default(),
            of_8: DFF::default(),
            of_16: DFF::default(),
            to_a: Signal::default(),
            to_b: Signal::default(),
            to_acc: Signal::default(),
            to_param: Signal::default(),
            to_table: Signal::default(),
            open: Signal::default(),
            octet: Signal::default(),
            nine: Signal::default(),
            half: Signal::default(),
            extended: Signal::default(),
            hit: Signal::default(),
            shift: Signal::default(),
            halves: Default::default(),
            from_9: Signal::default(),
            from_16: Signal::default(),
            longs: Default::default(),
            part_of_8: parts(8),
            part_of_4: parts(4),
            part_of_2: parts(2),
        }
    }
}

/// So many ports.
pub(super) fn many<D: Direction, T: Synth>(count: usize) -> Vec<Signal<D, T>>
where
    Signal<D, T>: Default,
{
    (0..count).map(|_| Signal::default()).collect()
}

impl Logic for Deposit {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            holds,
            record,
            record_good,
            target,
            here,
            here_part,
            here_lane
        );
        dff_setup!(self, clock, is_single, is_whole, of_8, of_16);
        for j in 0..8 {
            self.value[j].clock.next = self.clock.val();
            self.value[j].d.next = self.value[j].q.val();
        }

        self.to_a.next = self.holds.q.val() && (self.target.q.val() == bits::<3>(0));
        self.to_b.next = self.holds.q.val() && (self.target.q.val() == bits::<3>(1));
        self.to_acc.next = self.holds.q.val() && (self.target.q.val() == bits::<3>(2));
        self.to_param.next = self.holds.q.val() && (self.target.q.val() == bits::<3>(3));
        self.to_table.next = self.holds.q.val() && (self.target.q.val() == bits::<3>(4));
        self.open.next = !self.to_acc.val() || self.acc_ready.val();
        self.ready.next = self.open.val();
        self.empty.next = !self.holds.q.val();

        if self.open.val() {
            self.holds.d.next = self.valid.val();
            self.record.d.next = self.word.val();
            self.target.d.next = self.buffer.val();
            self.here.d.next = self.at.val();
            self.here_part.d.next = self.part.val();
            self.here_lane.d.next = self.lane.val();
            self.is_single.d.next = self.single.val();
            self.is_whole.d.next = self.whole.val();
            self.of_8.d.next = !self.dtype.val().get_bit(1);
            self.of_16.d.next = self.dtype.val() == bits::<2>(2);
        }
        for j in 0..4 {
            self.halves[j].next = self.word.val().get_bits::<16>(j * 16);
        }
        for j in 0..2 {
            self.longs[j].next = self.word.val().get_bits::<32>(j * 32);
        }
        self.from_9.next = 0.into();
        self.from_9.next = !self.from_9.val();
        self.from_16.next = self.from_9.val() << 16;
        self.from_9.next = self.from_9.val() << 9;
        for j in 0..8 {
            self.octet.next = self.word.val().get_bits::<8>(j * 8);
            self.nine.next = bit_cast::<9, 8>(self.octet.val());
            if self.dtype.val().get_bit(0) && self.octet.val().get_bit(7) {
                self.nine.next = self.nine.val() | bits::<9>(0x100);
            }
            self.nine.next = self.nine.val() - self.zero.val();
            self.extended.next = bit_cast::<32, 9>(self.nine.val());
            if self.nine.val().get_bit(8) {
                self.extended.next = self.extended.val() | self.from_9.val();
            }
            if self.dtype.val() == bits::<2>(2) {
                self.half.next = self.halves[j % 4].val();
                self.extended.next = bit_cast::<32, 16>(self.half.val());
                if self.half.val().get_bit(15) {
                    self.extended.next = self.extended.val() | self.from_16.val();
                }
            }
            if self.dtype.val() == bits::<2>(3) {
                self.extended.next = self.longs[j % 2].val();
            }
            if self.open.val() {
                self.value[j].d.next = self.extended.val();
            }
        }
        // A record: multiplier 1 to 32767, shift 1 to 47, a zero byte.
        self.half.next = self.word.val().get_bits::<16>(0);
        self.shift.next = self.word.val().get_bits::<8>(16);
        self.octet.next = self.word.val().get_bits::<8>(24);
        if self.open.val() {
            self.record_good.d.next = self.half.val().any()
                && !self.half.val().get_bit(15)
                && self.shift.val().any()
                && (self.shift.val() <= bits::<8>(47))
                && !self.octet.val().any();
        }

        self.a_write.next = self.to_a.val();
        self.a_address.next = self.here.q.val().get_bits::<16>(0);
        for i in 0..self.a_data.len() {
            self.a_data[i].next = self.value[i % 8].q.val().get_bits::<9>(0);
            self.hit.next = self.here_part.q.val() == self.part_of_8[i].val();
            if self.is_single.q.val() {
                self.hit.next = self.here_lane.q.val() == i.to_bits();
            }
            self.a_mask[i].next = self.hit.val() || self.is_whole.q.val();
        }
        self.b_write.next = self.to_b.val();
        self.b_address.next = self.here.q.val().get_bits::<16>(0);
        for i in 0..self.b_data.len() {
            self.b_data[i].next = self.value[i % 8].q.val().get_bits::<9>(0);
            self.hit.next = self.here_part.q.val() == self.part_of_8[i].val();
            if self.is_single.q.val() {
                self.hit.next = self.here_lane.q.val() == i.to_bits();
            }
            self.b_mask[i].next = self.hit.val() || self.is_whole.q.val();
        }
        self.acc_valid.next = self.to_acc.val();
        self.acc_address.next = self.here.q.val();
        for i in 0..self.acc_data.len() {
            self.acc_data[i].next = self.value[i % 8].q.val();
            self.hit.next = self.here_part.q.val() == self.part_of_2[i].val();
            if self.of_16.q.val() {
                self.hit.next = self.here_part.q.val() == self.part_of_4[i].val();
            }
            if self.of_8.q.val() {
                self.hit.next = self.here_part.q.val() == self.part_of_8[i].val();
            }
            if self.is_single.q.val() {
                self.hit.next = self.here_lane.q.val() == i.to_bits();
            }
            self.acc_mask[i].next = self.hit.val() || self.is_whole.q.val();
        }
        self.bad.next = self.to_param.val() && !self.record_good.q.val();
        self.param_write.next = self.to_param.val() && self.record_good.q.val();
        self.param_address.next = self.here.q.val().get_bits::<16>(0);
        self.param_data.next = self.record.q.val();
        self.table_write.next = self.to_table.val();
        self.table_address.next = self.here.q.val();
        self.table_data.next = self.value[0].q.val();
        if self.clear.val() {
            self.holds.d.next = false;
        }
    }
}
