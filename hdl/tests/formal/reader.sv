// Tags: none is used again before its last beat, and none writes beyond its part of the buffer.

// Tags that the bus has.
reg [31:0] f_on_bus;
initial f_on_bus = 0;
wire f_ends = rc_valid && (rc_last || rc_error);
always @(posedge clock) begin
    if (clear)
        f_on_bus <= 0;
    else
        f_on_bus <= (f_on_bus & ~(f_ends ? 32'd1 << rc_tag : 32'd0))
                  | (rq_valid && rq_ready ? 32'd1 << rq_tag : 32'd0);
end
// Of a beat that ends its tag, the last step is taken a cycle later.
wire [31:0] f_pending = rq_pending$q ? 32'd1 << rq_tag_reg$q : 32'd0;
wire [31:0] f_putting = put_ends$q ? 32'd1 << put_tag$q : 32'd0;
always @(*) begin
    // The bus answers what it was asked. A reset comes when nothing is on its way.
    if (rc_valid)
        assume (f_on_bus[rc_tag]);
    if (clear)
        assume (f_on_bus == 0 && !rq_valid && !put_ends$q && !req_valid);
    assume (req_bytes <= 512);
end

always @(*) begin
    assert (outstanding$q == (f_on_bus | f_pending | f_putting));
    assert ((f_on_bus & f_pending) == 0);
    assert ((f_on_bus & f_putting) == 0);
    assert ((f_pending & f_putting) == 0);
    if (checked$q && free_now$q)
        assert (!blocked[next_tag$q]);
    // A tag is not asked for twice.
    if (rq_valid) begin
        assert (!f_on_bus[rq_tag]);
        assert (rq_bytes[2:0] == 0 && rq_bytes >= 8 && rq_bytes <= 512);
    end
    if (quiet)
        assert (f_on_bus == 0);
    // Data stay within their tag's 512 bytes.
    if (buffer$write_enable)
        assert (buffer$write_address >> SHIFT == put_tag$q);
end
generate
    genvar f_tag;
    for (f_tag = 0; f_tag < 32; f_tag = f_tag + 1)
        always @(*) assert (f_count[7 * f_tag +: 7] <= BEATS);
endgenerate
