//! Products of two lanes: one from a DSP block, one from LUTs, or two from one wide DSP block.

use rust_hdl::prelude::*;

/// Cycles from the operands to a product of [`Multiplier`].
pub const LATENCY: usize = 3;
/// Cycles from the operands to the products of [`PackedPair`].
pub const PACKED_LATENCY: usize = 4;

/// What a product is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A DSP block: with `METISVM_ECP5` defined an instance of MULT18X18D with all of its registers (yosys uses none
    /// of them by itself), else a description that any other tool maps.
    Dedicated,
    /// LUTs, written as sums of shifted operands so that no tool takes a DSP block for it: with `METISVM_ECP5` defined
    /// of instances of the part's carry cells.
    Logic,
}

/// `product = a · b`, [`LATENCY`] cycles later, one a cycle.
///
/// −256 · −256 = 65,536 is what makes the product 18 bits wide.
#[derive(LogicBlock)]
pub struct Multiplier {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// A lane, two's complement.
    pub a: Signal<In, Bits<9>>,
    /// The other one.
    pub b: Signal<In, Bits<9>>,
    /// Their product, two's complement.
    pub product: Signal<Out, Bits<18>>,
    _kind: Kind,
    _operands: (i32, i32),
    _middle: i32,
}

impl Multiplier {
    /// A product of this kind.
    pub fn new(kind: Kind) -> Self {
        Self {
            clock: Signal::default(),
            a: Signal::default(),
            b: Signal::default(),
            product: Signal::default(),
            _kind: kind,
            _operands: (0, 0),
            _middle: 0,
        }
    }
}

/// A lane's value.
fn lane(bits: Bits<9>) -> i32 {
    let value = u64::from(bits) as i32;
    value << 23 >> 23
}

/// A product as a port has it.
fn eighteen_bits(value: i32) -> Bits<18> {
    u64::from(value as u32 & 0x3_ffff).into()
}

impl Logic for Multiplier {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.product.next = eighteen_bits(self._middle);
            self._middle = self._operands.0 * self._operands.1;
            self._operands = (lane(self.a.val()), lane(self.b.val()));
        }
    }

    fn connect(&mut self) {
        self.product.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(match self._kind {
            Kind::Dedicated => dedicated(),
            Kind::Logic => LOGIC.to_owned(),
        })
    }

    fn timing(&self) -> Vec<TimingInfo> {
        vec![TimingInfo {
            name: "multiplier".into(),
            clock: "clock".into(),
            inputs: vec!["a".into(), "b".into()],
            outputs: vec!["product".into()],
        }]
    }
}

/// The description for parts whose tools find the registers of a DSP block by themselves, and for simulation.
const BEHAVIOUR: &str = "\
reg signed [8:0] x, y;
reg signed [17:0] middle;
initial begin
   x = 0;
   y = 0;
   middle = 0;
   product = 0;
end
always @(posedge clock) begin
   x <= a;
   y <= b;
   middle <= x * y;
   product <= middle;
end
";

/// One operand is cut into three digits of three bits, of which the highest one is signed: three small sums a digit,
/// then the sum of the digits. A carry cell of an ECP5 adds the product of two bits to a third, which yosys does not
/// find: with `METISVM_ECP5` defined they are instances, two thirds of what it makes of the sums.
const LOGIC: &str = "\
`ifdef METISVM_ECP5
reg [8:0] x, y;
reg [11:0] low, middle, high;
wire [9:0] x_wide = {x[8], x};
wire [11:0] digit [0:2];
genvar g, i;
generate
   for (g = 0; g < 3; g = g + 1) begin : digits
      wire [8:0] one = x & {9{y[3 * g]}};
      wire [9:0] one_up = {{2{one[8]}}, one[8:1]};
      wire [9:0] two, two_up, four;
      wire [5:0] carry_two, carry_four;
      assign two_up = {two[9], two[9:1]};
      assign carry_two[0] = 1'b0;
      assign carry_four[0] = g == 2;
      for (i = 0; i < 5; i = i + 1) begin : pairs
         CCU2C #(.INIT0(16'h6A6A), .INIT1(16'h6A6A), .INJECT1_0(\"NO\"), .INJECT1_1(\"NO\")) to_two (
            .CIN(carry_two[i]), .COUT(carry_two[i + 1]),
            .A0(one_up[2 * i]), .B0(x_wide[2 * i]), .C0(y[3 * g + 1]), .D0(1'b1), .S0(two[2 * i]),
            .A1(one_up[2 * i + 1]), .B1(x_wide[2 * i + 1]), .C1(y[3 * g + 1]), .D1(1'b1), .S1(two[2 * i + 1])
         );
         CCU2C #(
            .INIT0(g == 2 ? 16'h956A : 16'h6A6A), .INIT1(g == 2 ? 16'h956A : 16'h6A6A),
            .INJECT1_0(\"NO\"), .INJECT1_1(\"NO\")
         ) to_four (
            .CIN(carry_four[i]), .COUT(carry_four[i + 1]),
            .A0(two_up[2 * i]), .B0(x_wide[2 * i]), .C0(y[3 * g + 2]), .D0(1'b1), .S0(four[2 * i]),
            .A1(two_up[2 * i + 1]), .B1(x_wide[2 * i + 1]), .C1(y[3 * g + 2]), .D1(1'b1), .S1(four[2 * i + 1])
         );
      end
      assign digit[g] = {four, two[0], one[0]};
   end
endgenerate
wire [11:0] low_up = {{3{low[11]}}, low[11:3]};
wire [11:0] both, both_up, all;
wire [6:0] carry_both, carry_all;
assign both_up = {{3{both[11]}}, both[11:3]};
assign carry_both[0] = 1'b0;
assign carry_all[0] = 1'b0;
generate
   for (i = 0; i < 6; i = i + 1) begin : sums
      CCU2C #(.INIT0(16'h6A6A), .INIT1(16'h6A6A), .INJECT1_0(\"NO\"), .INJECT1_1(\"NO\")) to_both (
         .CIN(carry_both[i]), .COUT(carry_both[i + 1]),
         .A0(low_up[2 * i]), .B0(middle[2 * i]), .C0(1'b1), .D0(1'b1), .S0(both[2 * i]),
         .A1(low_up[2 * i + 1]), .B1(middle[2 * i + 1]), .C1(1'b1), .D1(1'b1), .S1(both[2 * i + 1])
      );
      CCU2C #(.INIT0(16'h6A6A), .INIT1(16'h6A6A), .INJECT1_0(\"NO\"), .INJECT1_1(\"NO\")) to_all (
         .CIN(carry_all[i]), .COUT(carry_all[i + 1]),
         .A0(both_up[2 * i]), .B0(high[2 * i]), .C0(1'b1), .D0(1'b1), .S0(all[2 * i]),
         .A1(both_up[2 * i + 1]), .B1(high[2 * i + 1]), .C1(1'b1), .D1(1'b1), .S1(all[2 * i + 1])
      );
   end
endgenerate
initial begin
   x = 0;
   y = 0;
   low = 0;
   middle = 0;
   high = 0;
   product = 0;
end
always @(posedge clock) begin
   x <= a;
   y <= b;
   low <= digit[0];
   middle <= digit[1];
   high <= digit[2];
   product <= {all, both[2:0], low[2:0]};
end
`else
reg signed [8:0] x;
reg [8:0] y;
reg signed [12:0] low, middle, high;
wire signed [12:0] wide = {{4{x[8]}}, x};
initial begin
   x = 0;
   y = 0;
   low = 0;
   middle = 0;
   high = 0;
   product = 0;
end
always @(posedge clock) begin
   x <= a;
   y <= b;
   low <= (wide & {13{y[0]}}) + ((wide << 1) & {13{y[1]}}) + ((wide << 2) & {13{y[2]}});
   middle <= (wide & {13{y[3]}}) + ((wide << 1) & {13{y[4]}}) + ((wide << 2) & {13{y[5]}});
   high <= (wide & {13{y[6]}}) + ((wide << 1) & {13{y[7]}}) - ((wide << 2) & {13{y[8]}});
   product <= {{5{low[12]}}, low} + {{2{middle[12]}}, middle, 3'b0} + {high[11:0], 6'b0};
end
`endif
";

/// MULT18X18D with its registers of input, pipeline and output.
fn dedicated() -> String {
    let bits = |port: &str, bit: &dyn Fn(usize) -> String, count: usize| -> String {
        (0..count).map(|i| format!(".{port}{i}({}), ", bit(i))).collect()
    };
    // In the upper half of an operand: below it are zeroes, which are tied at the block, where copies of the sign
    // above it would be wires, nine for an operand, between columns that are full of them.
    let lane = |name: &'static str| {
        move |i: usize| {
            if i < 9 {
                "1'b0".to_owned()
            } else {
                format!("{name}[{}]", i - 9)
            }
        }
    };
    let registers: String = ["INPUTA", "INPUTB", "PIPELINE", "OUTPUT"]
        .map(|name| {
            format!(".REG_{name}_CLK(\"CLK0\"), .REG_{name}_CE(\"CE0\"), .REG_{name}_RST(\"RST0\"),\n   ")
        })
        .concat();
    format!(
        "\
`ifdef METISVM_ECP5
wire [35:0] all;
MULT18X18D #(
   {registers}.GSR(\"DISABLED\"), .RESETMODE(\"SYNC\")
) multiplier (
   {}
   {}
   {}
   {}
   .SIGNEDA(1'b1), .SIGNEDB(1'b1), .SOURCEA(1'b0), .SOURCEB(1'b0), .CLK0(clock), .CE0(1'b1), .RST0(1'b0)
);
always @(*) product = all[35:18];
`else
{BEHAVIOUR}`endif
",
        bits("A", &lane("a"), 18),
        bits("B", &lane("b"), 18),
        bits("C", &|_| "1'b0".to_owned(), 18),
        bits("P", &|i| format!("all[{i}]"), 36),
    )
}

/// `low_product = low · shared` and `high_product = high · shared` from one multiplication of 27 by 18 bits,
/// [`PACKED_LATENCY`] cycles later.
///
/// (high·2^17 + low) · shared holds low·shared in its 17 low bits. These tell the product: it is one of −65,280 to
/// 65,536, 130,817 values of 131,072, and negative where they read as more than 65,536. Then what stands above them
/// is one too small. 18 bits between the two would need no such trick, and an operand of 28 bits.
#[derive(LogicBlock, Default)]
pub struct PackedPair {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The lane of both products.
    pub shared: Signal<In, Bits<9>>,
    /// The other lane of one.
    pub low: Signal<In, Bits<9>>,
    /// The other lane of the other.
    pub high: Signal<In, Bits<9>>,
    /// One product.
    pub low_product: Signal<Out, Bits<18>>,
    /// The other.
    pub high_product: Signal<Out, Bits<18>>,
    _operands: (i32, i32, i32),
    _middle: i64,
    _packed: i64,
}

impl Logic for PackedPair {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let below = self._packed & 0x1_ffff;
            let negative = below > 0x1_0000;
            let low = if negative { below - 0x2_0000 } else { below };
            let high = (self._packed >> 17) + i64::from(negative);
            self.low_product.next = eighteen_bits(low as i32);
            self.high_product.next = eighteen_bits(high as i32);
            self._packed = self._middle;
            let (shared, low, high) = self._operands;
            self._middle = (i64::from(high) * (1 << 17) + i64::from(low)) * i64::from(shared);
            self._operands = (
                lane(self.shared.val()),
                lane(self.low.val()),
                lane(self.high.val()),
            );
        }
    }

    fn connect(&mut self) {
        self.low_product.connect();
        self.high_product.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(PACKED.to_owned())
    }

    fn timing(&self) -> Vec<TimingInfo> {
        vec![TimingInfo {
            name: "packed_pair".into(),
            clock: "clock".into(),
            inputs: vec!["shared".into(), "low".into(), "high".into()],
            outputs: vec!["low_product".into(), "high_product".into()],
        }]
    }
}

/// The sum of the two lanes is that of the block's adder before the multiplier.
const PACKED: &str = "\
reg signed [8:0] both, x, y;
wire signed [26:0] x_wide = {{18{x[8]}}, x};
wire signed [26:0] y_wide = {y[8], y, 17'b0};
wire signed [26:0] packed_lanes = x_wide + y_wide;
reg signed [34:0] middle, packed_products;
wire negative = packed_products[16] & (packed_products[15:0] != 16'b0);
initial begin
   both = 0;
   x = 0;
   y = 0;
   middle = 0;
   packed_products = 0;
   low_product = 0;
   high_product = 0;
end
always @(posedge clock) begin
   both <= shared;
   x <= low;
   y <= high;
   middle <= packed_lanes * both;
   packed_products <= middle;
   low_product <= {negative, packed_products[16:0]};
   high_product <= packed_products[34:17] + {17'b0, negative};
end
";
