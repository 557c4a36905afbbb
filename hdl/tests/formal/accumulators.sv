// The accumulators: a row is written only by whom the port was granted, where and what it says, and whoever reads a
// row gets what was written there last. A row of column 0 is followed that may be any.

(* anyconst *) wire [1:0] f_address_0;
wire [31:0] f_data_0;

wire f_compute_writes = compute_write_valid && compute_write_ready;
wire f_load_writes = load_write_valid && load_write_ready;
wire f_compute_reads = compute_read_valid && compute_read_ready;
wire f_store_reads = store_read_valid && store_read_ready;
always @(*) begin
    assert (!f_compute_writes || !f_load_writes);
    assert (!f_compute_reads || !f_store_reads);
end

// What was written there, of whom the port was granted.
wire f_is_written = (f_compute_writes && compute_write_mask[0] && compute_write_address == f_address_0)
    || (f_load_writes && load_write_mask[0] && load_write_address == f_address_0);
reg f_known;
reg [31:0] f_value;
initial f_known = 0;
always @(posedge clock) if (f_is_written) begin
    f_known <= 1;
    f_value <= f_compute_writes ? compute_write_row$0 : load_write_row$0;
end

// What was asked for a cycle ago, unless it was written in that cycle.
reg f_asked;
reg [31:0] f_answer;
initial f_asked = 0;
always @(posedge clock) begin
    f_asked <= f_known && !f_is_written && ((f_compute_reads && compute_read_address == f_address_0)
        || (f_store_reads && store_read_address == f_address_0));
    f_answer <= f_value;
end

always @(*) begin
    if (f_known) assert (f_data_0 == f_value);
    if (f_asked) assert (row$0 == f_answer);
    // No column is written for nobody.
    if (!f_compute_writes && !f_load_writes)
        assert (!memories$0$write_enable && !memories$1$write_enable);
    if (f_compute_writes)
        assert ({memories$1$write_enable, memories$0$write_enable} == compute_write_mask);
    if (f_load_writes)
        assert ({memories$1$write_enable, memories$0$write_enable} == load_write_mask);
    if (f_compute_writes && compute_write_mask[1])
        assert (memories$1$write_address == compute_write_address && memories$1$write_data == compute_write_row$1);
    if (f_load_writes && load_write_mask[1])
        assert (memories$1$write_address == load_write_address && memories$1$write_data == load_write_row$1);
end
