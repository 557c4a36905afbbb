//! Every product of two lanes, and every pair of products with a shared lane.

use crate::verilated::{build, command};
use metisvm_hdl::tensor::array::multiplier::{Kind, LATENCY, Multiplier, PACKED_LATENCY, PackedPair};
use metisvm_hdl::verilog;
use rust_hdl::prelude::{Block, simulate};
use std::process::Command;

/// A carry cell of the ECP5, as Lattice's libraries and yosys have it, without what its instances leave out.
const CARRY_CELL: &str = "\
module CCU2C #(parameter [15:0] INIT0 = 0, parameter [15:0] INIT1 = 0, parameter INJECT1_0 = \"NO\",
   parameter INJECT1_1 = \"NO\") (input CIN, input A0, input B0, input C0, input D0, input A1, input B1, input C1,
   input D1, output S0, output S1, output COUT);
wire sum_0 = INIT0[{D0, C0, B0, A0}];
wire sum_1 = INIT1[{D1, C1, B1, A1}];
wire between = sum_0 ? CIN : INIT0[{2'b0, B0, A0}];
assign S0 = sum_0 ^ CIN;
assign S1 = sum_1 ^ between;
assign COUT = sum_1 ? between : INIT1[{2'b0, B1, A1}];
endmodule
";

/// The blocks side by side, that from LUTs also as the ECP5 has it.
fn modules() -> String {
    [
        "module multipliers(input clock, input [8:0] a, input [8:0] b, input [8:0] c, output [17:0] dedicated,\n\
         output [17:0] logic_product, output [17:0] ecp5_product, output [17:0] low, output [17:0] high);\n\
         dedicated x(.clock(clock), .a(a), .b(b), .product(dedicated));\n\
         from_luts y(.clock(clock), .a(a), .b(b), .product(logic_product));\n\
         from_carries w(.clock(clock), .a(a), .b(b), .product(ecp5_product));\n\
         packed_pair z(.clock(clock), .shared(a), .low(b), .high(c), .low_product(low), .high_product(high));\n\
         endmodule\n"
            .to_owned(),
        verilog::emit("dedicated", Multiplier::new(Kind::Dedicated)).unwrap(),
        verilog::emit("from_luts", Multiplier::new(Kind::Logic)).unwrap(),
        verilog::emit("packed_pair", PackedPair::default()).unwrap(),
        "`define METISVM_ECP5\n".to_owned(),
        verilog::emit("from_carries", Multiplier::new(Kind::Logic)).unwrap(),
        "`undef METISVM_ECP5\n".to_owned(),
        CARRY_CELL.to_owned(),
    ]
    .concat()
}

#[test]
fn every_pair_and_every_triple_of_lanes_in_verilator() {
    let Some(verilator) = command() else {
        return;
    };
    let model = build(verilator, "multipliers", &modules(), "multipliers.cpp");
    let latencies = [LATENCY, PACKED_LATENCY].map(|cycles| cycles.to_string());
    let output = Command::new(model).args(latencies).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    // 2^18 pairs and 2^27 triples.
    assert_eq!(said, "262144 134217728\n");
}

/// A block that is given the operands of a cycle, and its products as many cycles later.
fn in_rust_hdl<B: Block>(
    mut block: B,
    latency: usize,
    operands: impl Fn(usize) -> [i32; 3],
    drive: impl Fn(&mut B, [u64; 3]),
    clock: impl Fn(&mut B, bool),
    look: impl Fn(&B, [i32; 3]),
) {
    block.connect_all();
    for cycle in 0..20_000 {
        drive(
            &mut block,
            operands(cycle).map(|lane| u64::from(lane as u32 & 0x1ff)),
        );
        simulate(&mut block, 10);
        if cycle >= latency {
            look(&block, operands(cycle - latency));
        }
        for level in [true, false] {
            clock(&mut block, level);
            assert!(simulate(&mut block, 10));
        }
    }
}

/// Lanes that go through all values and meet the least ones often.
fn operands(cycle: usize) -> [i32; 3] {
    let lane = |at: usize| match at % 5 {
        0 => -256,
        1 => 255,
        _ => (((at * 2_654_435_761) >> 8) as i32 & 511) - 256,
    };
    [lane(cycle), lane(cycle / 5 + 1), lane(cycle / 25)]
}

fn bits(value: i32) -> u64 {
    u64::from(value as u32 & 0x3_ffff)
}

#[test]
fn products_in_rust_hdl() {
    in_rust_hdl(
        Multiplier::new(Kind::Dedicated),
        LATENCY,
        operands,
        |block, [a, b, _]| {
            block.a.next = a.into();
            block.b.next = b.into();
        },
        |block, level| block.clock.next = level.into(),
        |block, [a, b, _]| assert_eq!(u64::from(block.product.val()), bits(a * b)),
    );
    in_rust_hdl(
        PackedPair::default(),
        PACKED_LATENCY,
        operands,
        |block, [a, b, c]| {
            block.shared.next = a.into();
            block.low.next = b.into();
            block.high.next = c.into();
        },
        |block, level| block.clock.next = level.into(),
        |block, [a, b, c]| {
            assert_eq!(u64::from(block.low_product.val()), bits(a * b));
            assert_eq!(u64::from(block.high_product.val()), bits(a * c));
        },
    );
}
