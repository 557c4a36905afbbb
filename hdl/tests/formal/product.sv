// The requantise unit up to its product, which is acc * multiplier of the job that came three cycles ago.
//
// That is high * multiplier * 2^16 + low * multiplier, where acc is high * 2^16 + low: that the halves are those, that
// they are multiplied as Verilog's own multiplication has it, that what comes of it fits, and that it is added without
// loss. What is behind the product is cut away, requantise.sv has it.

// Stage 1: what came a cycle ago.
reg [31:0] f_acc;
reg [14:0] f_multiplier;
initial f_acc = 0;
initial f_multiplier = 0;
always @(posedge clock) begin
    f_acc <= acc;
    f_multiplier <= multiplier;
end
always @(*) assert (acc_reg$q == f_acc && multiplier_reg$q == f_multiplier);

// Stage 2: the halves, and what their products are.
wire signed [15:0] f_high = acc_reg$q[31:16];
wire [15:0] f_low = acc_reg$q[15:0];
wire signed [15:0] f_factor = {1'b0, multiplier_reg$q};
reg signed [31:0] f_high_product;
reg [31:0] f_low_product;
initial f_high_product = 0;
initial f_low_product = 0;
always @(posedge clock) begin
    f_high_product <= f_high * f_factor;
    f_low_product <= f_low * $unsigned(f_factor);
end
always @(*) begin
    assert ($signed(acc_reg$q) == 34'sd65536 * f_high + $signed({1'b0, f_low}));
    assert ($signed(high_reg$q) == f_high_product);
    assert (low_reg$q == f_low_product);
    assert ($signed(high_reg$q) <= 32'sh3fff_8000 && $signed(high_reg$q) >= -32'sh4000_0000);
    assert (low_reg$q < 32'h8000_0000);
end

// Stage 3: their sum, in 64 bits.
reg signed [63:0] f_product;
initial f_product = 0;
always @(posedge clock) f_product <= 64'sd65536 * f_high_product + $signed({32'd0, f_low_product});
always @(*) begin
    assert ($signed(product_reg$q) == f_product);
    assert (f_product < 64'sh4000_0000_0000 && f_product >= -64'sh4000_0000_0000);
end
