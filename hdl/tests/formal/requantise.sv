// The requantise unit from its product on: clamp(zero + ((product + 2^(shift - 1)) >> shift)) of the job that came
// eight cycles ago. Stage by stage, each register holds what the contract says, in 64 bits.
//
// The product is cut away: it is any number of 47 bits, and product.sv proves whose it is.

// What came one to eight cycles ago.
reg [7:0] f_valids;
reg [8 * 6 - 1:0] f_shifts;
reg [8 * 32 - 1:0] f_zeros;
reg [8 * 2 - 1:0] f_dtypes;
initial f_valids = 0;
initial f_shifts = {{7{6'd1}}, 6'd0};
initial f_zeros = 0;
initial f_dtypes = 0;
always @(posedge clock) begin
    f_valids <= {f_valids, valid};
    f_shifts <= {f_shifts, shift};
    f_zeros <= {f_zeros, zero};
    f_dtypes <= {f_dtypes, dtype};
end

// Stage 3: the product.
`define IS_PRODUCT(number) (number < 64'sh4000_0000_0000 && number >= -64'sh4000_0000_0000)
wire signed [63:0] f_product_3 = $signed(product_reg$q);
(* anyseq *) wire [47:0] f_any_product;
always @(*) begin
    assume (`IS_PRODUCT($signed(f_any_product)));
    assert (`IS_PRODUCT(f_product_3));
end

// What it was one to three stages later.
reg signed [63:0] f_product_4, f_product_5, f_product_6;
initial f_product_4 = 0;
initial f_product_5 = 0;
initial f_product_6 = 0;
always @(posedge clock) begin
    f_product_4 <= f_product_3;
    f_product_5 <= f_product_4;
    f_product_6 <= f_product_5;
end
always @(*) assert (`IS_PRODUCT(f_product_4) && `IS_PRODUCT(f_product_5) && `IS_PRODUCT(f_product_6));

// Stages 4 and 5: the shift by one less than asked for, by a multiple of eight and by the rest. No shift of 0.
wire [5:0] f_less_4 = f_shifts[4 * 6 - 1 -: 6] - 6'd1;
wire [5:0] f_less_5 = f_shifts[5 * 6 - 1 -: 6] - 6'd1;
always @(*) begin
    assert (shift_delay$0$q == f_shifts[5:0]);
    assert (shift_delay$1$q == 6'(f_shifts[2 * 6 - 1 -: 6] - 6'd1));
    assert (shift_delay$2$q == 6'(f_shifts[3 * 6 - 1 -: 6] - 6'd1));
    assert (shift_delay$3$q == f_less_4);
    assert (negative_reg$q == (f_product_4 < 0));
    assert ($signed(negative_reg$q ? ~coarse_reg$q : coarse_reg$q) == (f_product_4 >>> {f_less_4[5:3], 3'd0}));
    assert ($signed(shifted_reg$q) == (f_product_5 >>> f_less_5));
end

// Stage 6: rounded, as the contract writes it. A shift that a record may not have, of 0, rounds to 0, like one
// beyond 46.
wire [5:0] f_shift_6 = f_shifts[6 * 6 - 1 -: 6];
wire signed [63:0] f_half_6 = 64'sd1 << (f_shift_6 - 6'd1);
wire signed [63:0] f_rounded_6 = (f_product_6 + f_half_6) >>> f_shift_6;
reg signed [63:0] f_rounded_7;
initial f_rounded_7 = 0;
always @(posedge clock) f_rounded_7 <= f_shift_6 == 0 ? 64'sd0 : f_rounded_6;
always @(*) begin
    if (f_shift_6 != 0) assert ($signed(rounded_reg$q) == f_rounded_6);
    if (f_shift_6 == 0 || f_shift_6 >= 47) assert (rounded_reg$q == 0);
    assert (f_rounded_7 <= 64'sh2000_0000_0000 && f_rounded_7 >= -64'sh2000_0000_0000);
end

// Stage 7: with the zero point.
wire signed [31:0] f_zero_7 = f_zeros[7 * 32 - 1 -: 32];
reg signed [63:0] f_sum_8;
initial f_sum_8 = 0;
always @(posedge clock) f_sum_8 <= f_rounded_7 + f_zero_7;
always @(*) begin
    assert (zero_delay$0$q == f_zeros[31:0] && zero_delay$1$q == f_zeros[63:32]);
    assert (zero_delay$2$q == f_zeros[95:64] && zero_delay$3$q == f_zeros[127:96]);
    assert (zero_delay$4$q == f_zeros[159:128] && zero_delay$5$q == f_zeros[191:160]);
    assert ($signed(sum_reg$q) == f_rounded_7 + f_zero_7);
end

// Stage 8: within its type.
wire [1:0] f_dtype_8 = f_dtypes[15:14];
wire signed [63:0] f_least = f_dtype_8 == 0 ? 64'sd0 : f_dtype_8 == 1 ? -64'sd128
    : f_dtype_8 == 2 ? -64'sd32768 : -64'sd2147483648;
wire signed [63:0] f_most = f_dtype_8 == 0 ? 64'sd255 : f_dtype_8 == 1 ? 64'sd127
    : f_dtype_8 == 2 ? 64'sd32767 : 64'sd2147483647;
wire signed [63:0] f_out = f_sum_8 < f_least ? f_least : f_sum_8 > f_most ? f_most : f_sum_8;
always @(*) begin
    assert (dtype_delay$0$q == f_dtypes[1:0] && dtype_delay$1$q == f_dtypes[3:2]);
    assert (dtype_delay$2$q == f_dtypes[5:4] && dtype_delay$3$q == f_dtypes[7:6]);
    assert (dtype_delay$4$q == f_dtypes[9:8] && dtype_delay$5$q == f_dtypes[11:10]);
    assert (dtype_delay$6$q == f_dtypes[13:12]);
    assert ($signed(out) == f_out);
    assert ({valid_delay$7$q, valid_delay$6$q, valid_delay$5$q, valid_delay$4$q, valid_delay$3$q, valid_delay$2$q,
        valid_delay$1$q, valid_delay$0$q} == f_valids);
    assert (out_valid == f_valids[7]);
end
