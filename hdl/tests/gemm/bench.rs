//! A GEMM unit between its scratchpads, and a Verilog wrapper that gives several of them the same ports.

use crate::mistakes::IN_GEMM;
use crate::seeded::seeded;
use metisvm_firmware::Geometry;
use metisvm_hdl::tensor::array::check::Sizes;
use metisvm_hdl::tensor::array::twin::Multipliers;
use metisvm_hdl::tensor::array::unit::GemmUnit;
use metisvm_hdl::tensor::scratchpads::accumulators::Accumulators;
use metisvm_hdl::tensor::scratchpads::lane_bank::LaneBank;
use metisvm_hdl::verilog;
use rust_hdl::prelude::*;
use std::fmt::Write;

/// The unit and the scratchpads. The store side reads, the load side writes.
#[derive(LogicBlock)]
pub(crate) struct Bench<
    const R: usize,
    const C: usize,
    const D: usize,
    const LA: usize,
    const LB: usize,
    const AW: usize,
    const W: usize,
    const TA: usize,
    const TB: usize,
    const T: usize,
    const S: usize,
    const F: usize,
    const P: usize,
> {
    pub(crate) clock: Signal<In, Clock>,
    pub(crate) start: Signal<In, Bit>,
    pub(crate) words: [Signal<In, Bits<64>>; 4],
    pub(crate) stop: Signal<In, Bit>,
    pub(crate) done: Signal<Out, Bit>,
    pub(crate) status: Signal<Out, Bits<15>>,
    pub(crate) idle: Signal<Out, Bit>,
    pub(crate) a_address: Signal<In, Bits<TA>>,
    pub(crate) a_mask: Signal<In, Bits<LA>>,
    pub(crate) a_lanes: Vec<Signal<In, Bits<9>>>,
    pub(crate) b_address: Signal<In, Bits<TB>>,
    pub(crate) b_mask: Signal<In, Bits<LB>>,
    pub(crate) b_lanes: Vec<Signal<In, Bits<9>>>,
    pub(crate) load_valid: Signal<In, Bit>,
    pub(crate) load_ready: Signal<Out, Bit>,
    pub(crate) load_address: Signal<In, Bits<T>>,
    pub(crate) load_mask: Signal<In, Bits<C>>,
    pub(crate) load_row: Vec<Signal<In, Bits<32>>>,
    pub(crate) store_valid: Signal<In, Bit>,
    pub(crate) store_ready: Signal<Out, Bit>,
    pub(crate) store_address: Signal<In, Bits<T>>,
    pub(crate) row: Vec<Signal<Out, Bits<32>>>,
    unit: GemmUnit<R, C, D, AW, W, TA, TB, T, S, F, P>,
    bank_a: LaneBank<LA, TA>,
    bank_b: LaneBank<LB, TB>,
    acc: Accumulators<C, T>,
    all_columns: Constant<Bits<C>>,
}

#[rustfmt::skip]
impl<
    const R: usize, const C: usize, const D: usize, const LA: usize, const LB: usize, const AW: usize,
    const W: usize, const TA: usize, const TB: usize, const T: usize, const S: usize, const F: usize,
    const P: usize,
> Bench<R, C, D, LA, LB, AW, W, TA, TB, T, S, F, P> {
    pub(crate) fn new(multipliers: Multipliers, sizes: Sizes) -> Self {
        assert!(LA == R * D && LB == D * C);
        Self {
            clock: Signal::default(),
            start: Signal::default(),
            words: Default::default(),
            stop: Signal::default(),
            done: Signal::default(),
            status: Signal::default(),
            idle: Signal::default(),
            a_address: Signal::default(),
            a_mask: Signal::default(),
            a_lanes: (0..LA).map(|_| Signal::default()).collect(),
            b_address: Signal::default(),
            b_mask: Signal::default(),
            b_lanes: (0..LB).map(|_| Signal::default()).collect(),
            load_valid: Signal::default(),
            load_ready: Signal::default(),
            load_address: Signal::default(),
            load_mask: Signal::default(),
            load_row: (0..C).map(|_| Signal::default()).collect(),
            store_valid: Signal::default(),
            store_ready: Signal::default(),
            store_address: Signal::default(),
            row: (0..C).map(|_| Signal::default()).collect(),
            unit: GemmUnit::new(multipliers, sizes),
            bank_a: LaneBank::default(),
            bank_b: LaneBank::default(),
            acc: Accumulators::default(),
            all_columns: Constant::new(((1_u64 << C) - 1).into()),
        }
    }
}

#[rustfmt::skip]
impl<
    const R: usize, const C: usize, const D: usize, const LA: usize, const LB: usize, const AW: usize,
    const W: usize, const TA: usize, const TB: usize, const T: usize, const S: usize, const F: usize,
    const P: usize,
> Logic for Bench<R, C, D, LA, LB, AW, W, TA, TB, T, S, F, P> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, unit, bank_a, bank_b, acc);
        self.unit.start.next = self.start.val();
        self.unit.stop.next = self.stop.val();
        self.done.next = self.unit.done.val();
        self.status.next = self.unit.status.val();
        self.idle.next = self.unit.idle.val();
        self.bank_a.read_address.next = self.unit.a_address.val();
        self.bank_a.write_address.next = self.a_address.val();
        self.bank_a.write_mask.next = self.a_mask.val();
        self.bank_b.read_address.next = self.unit.b_address.val();
        self.bank_b.write_address.next = self.b_address.val();
        self.bank_b.write_mask.next = self.b_mask.val();
        for i in 0..4 {
            self.unit.words[i].next = self.words[i].val();
        }
        for i in 0..LA {
            self.unit.a[i].next = self.bank_a.lanes[i].val();
            self.bank_a.write_lanes[i].next = self.a_lanes[i].val();
        }
        for i in 0..LB {
            self.unit.b[i].next = self.bank_b.lanes[i].val();
            self.bank_b.write_lanes[i].next = self.b_lanes[i].val();
        }
        self.acc.compute_read_valid.next = self.unit.read_valid.val();
        self.unit.read_ready.next = self.acc.compute_read_ready.val();
        self.acc.compute_read_address.next = self.unit.read_address.val();
        self.acc.compute_write_valid.next = self.unit.write_valid.val();
        self.unit.write_ready.next = self.acc.compute_write_ready.val();
        self.acc.compute_write_address.next = self.unit.write_address.val();
        self.acc.compute_write_mask.next = self.all_columns.val();
        self.acc.load_write_valid.next = self.load_valid.val();
        self.load_ready.next = self.acc.load_write_ready.val();
        self.acc.load_write_address.next = self.load_address.val();
        self.acc.load_write_mask.next = self.load_mask.val();
        self.acc.store_read_valid.next = self.store_valid.val();
        self.store_ready.next = self.acc.store_read_ready.val();
        self.acc.store_read_address.next = self.store_address.val();
        for i in 0..C {
            self.unit.held[i].next = self.acc.row[i].val();
            self.acc.compute_write_row[i].next = self.unit.write_row[i].val();
            self.acc.load_write_row[i].next = self.load_row[i].val();
            self.row[i].next = self.acc.row[i].val();
        }
    }
}

/// A geometry that is built and tested.
pub(crate) struct Build {
    pub(crate) name: &'static str,
    pub(crate) geometry: Geometry,
    pub(crate) address_bits: [usize; 3],
    emit: fn(&str, Multipliers, Sizes) -> String,
    multipliers: Multipliers,
}

const fn geometry(sides: [u16; 3], tiles: [u32; 3]) -> Geometry {
    Geometry {
        tile_rows: sides[0],
        tile_cols: sides[1],
        tile_depth: sides[2],
        a_tiles: tiles[0],
        b_tiles: tiles[1],
        acc_tiles: tiles[2],
        param_entries: 1,
        table_count: 1,
    }
}

pub(crate) fn sizes(geometry: &Geometry) -> Sizes {
    Sizes {
        a: geometry.a_tiles,
        b: geometry.b_tiles,
        acc: geometry.acc_tiles,
    }
}

macro_rules! emits {
    ($($number:literal),+) => {
        |name, multipliers, sizes| verilog::emit(name, Bench::<$($number),+>::new(multipliers, sizes)).unwrap()
    };
}

/// All that are built.
pub(crate) const BUILDS: [Build; 6] = [
    Build {
        name: "4x4x4, half of the products from LUTs, short queues",
        geometry: geometry([4, 4, 4], [29, 32, 29]),
        address_bits: [5, 5, 7],
        emit: emits!(4, 4, 4, 16, 16, 36, 20, 5, 5, 7, 2, 3, 4),
        multipliers: Multipliers::Single { dedicated: 32 },
    },
    Build {
        name: "8x8x4, 100 products from DSP blocks",
        geometry: geometry([8, 8, 4], [2048, 2048, 1024]),
        address_bits: [11, 11, 13],
        emit: emits!(8, 8, 4, 32, 32, 36, 20, 11, 11, 13, 3, 5, 6),
        multipliers: Multipliers::Single { dedicated: 100 },
    },
    Build {
        name: "2x8x4, all products from DSP blocks",
        geometry: geometry([2, 8, 4], [32, 31, 16]),
        address_bits: [5, 5, 5],
        emit: emits!(2, 8, 4, 8, 32, 36, 20, 5, 5, 5, 1, 4, 5),
        multipliers: Multipliers::Single { dedicated: 64 },
    },
    Build {
        name: "4x4x4, two products a DSP block",
        geometry: geometry([4, 4, 4], [32, 27, 15]),
        address_bits: [5, 5, 6],
        emit: emits!(4, 4, 4, 16, 16, 36, 20, 5, 5, 6, 2, 4, 5),
        multipliers: Multipliers::Packed,
    },
    Build {
        name: "1x2x2, all products from LUTs",
        geometry: geometry([1, 2, 2], [31, 32, 14]),
        address_bits: [5, 5, 4],
        emit: emits!(1, 2, 2, 2, 4, 18, 19, 5, 5, 4, 0, 3, 4),
        multipliers: Multipliers::Single { dedicated: 0 },
    },
    Build {
        name: "4x2x8, two products a DSP block, short queues",
        geometry: geometry([4, 2, 8], [32, 32, 16]),
        address_bits: [5, 5, 6],
        emit: emits!(4, 2, 8, 32, 16, 72, 21, 5, 5, 6, 2, 3, 4),
        multipliers: Multipliers::Packed,
    },
];

/// Bits of a vector of lanes, or of a row, in the wrapper: the same for all.
const VECTOR: usize = 320;

/// All builds in one module; `which` says whose clock runs and whose outputs are seen. The first has seeded mistakes to
/// choose from.
pub(crate) fn wrapper() -> String {
    let mut text = format!(
        "module gemm_bench(input clock, input [7:0] which, input start, input [255:0] words, input stop,\n\
         output reg done, output reg [14:0] status, output reg idle, input [31:0] address, input a_write,\n\
         input b_write, input load_valid, input load_write, output reg load_ready, input store_valid,\n\
         output reg store_ready, input [{0}:0] values, output reg [{0}:0] row);\n",
        VECTOR - 1
    );
    let mut choice = String::new();
    let mut blocks = String::new();
    for (index, build) in BUILDS.iter().enumerate() {
        let g = &build.geometry;
        let [rows, cols, depth] = [g.tile_rows, g.tile_cols, g.tile_depth].map(usize::from);
        let [a, b, acc] = build.address_bits;
        writeln!(
            text,
            "wire done{index}, idle{index}, load_ready{index}, store_ready{index};\nwire [14:0] status{index};\n\
             wire [{}:0] row{index};",
            VECTOR - 1
        )
        .unwrap();
        write!(
            text,
            "assign row{index}[{6}:{7}] = 0;\nbuild{index} unit{index}(.clock(clock & (which == {index})), .start(start), \
             .stop(stop), .done(done{index}), .status(status{index}), .idle(idle{index}), .a_address(address[{0}:0]), \
             .b_address(address[{1}:0]), .load_address(address[{2}:0]), .store_address(address[{2}:0]), \
             .a_mask({{{3}{{a_write}}}}), .b_mask({{{4}{{b_write}}}}), .load_mask({{{5}{{load_write}}}}), \
             .load_valid(load_valid), .load_ready(load_ready{index}), .store_valid(store_valid), \
             .store_ready(store_ready{index})",
            a - 1,
            b - 1,
            acc - 1,
            rows * depth,
            depth * cols,
            cols,
            VECTOR - 1,
            32 * cols,
            index = index,
        )
        .unwrap();
        for i in 0..4 {
            write!(text, ", .words${i}(words[{}:{}])", 64 * i + 63, 64 * i).unwrap();
        }
        for (port, count, bits) in [
            ("a_lanes", rows * depth, 9),
            ("b_lanes", depth * cols, 9),
            ("load_row", cols, 32),
        ] {
            for i in 0..count {
                write!(text, ", .{port}${i}(values[{}:{}])", bits * (i + 1) - 1, bits * i).unwrap();
            }
        }
        for i in 0..cols {
            write!(text, ", .row${i}(row{index}[{}:{}])", 32 * i + 31, 32 * i).unwrap();
        }
        text.push_str(");\n");
        writeln!(
            choice,
            "{index}: begin done = done{index}; status = status{index}; idle = idle{index}; \
             load_ready = load_ready{index}; store_ready = store_ready{index}; row = row{index}; end"
        )
        .unwrap();
        blocks.push_str(&(build.emit)(
            &format!("build{index}"),
            build.multipliers,
            sizes(g),
        ));
    }
    writeln!(
        text,
        "always @(*) begin\ndone = 0; status = 0; idle = 0; load_ready = 0; store_ready = 0; row = 0;\n\
         case (which)\n{choice}default: ;\nendcase\nend\nendmodule\n{blocks}"
    )
    .unwrap();
    seeded("gemm_bench", "build0$unit", &text, IN_GEMM)
}
