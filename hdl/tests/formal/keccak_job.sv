// A job reads inside its batch and writes inside its output, whatever the descriptors say. The queue of
// descriptors is cut away: any descriptor may come.

// The entry stays while a job is in progress, and the limits are the card's own.
(* anyconst *) wire [31:0] f_max_messages;
(* anyconst *) wire [31:0] f_max_bytes;
reg [511:0] f_entry;
wire [511:0] f_entry_now = {entry$0, entry$1, entry$2, entry$3, entry$4, entry$5, entry$6, entry$7};
always @(posedge clock) f_entry <= f_entry_now;
always @(*) begin
    if (working)
        assume (f_entry == f_entry_now);
    assume (max_messages == f_max_messages && f_max_messages <= 65536 && max_bytes == f_max_bytes);
end

// Words that the writer took in this job.
reg [19:0] f_words;
initial f_words = 0;
always @(posedge clock) begin
    if (!working)
        f_words <= 0;
    else if (write_push && write_ready)
        f_words <= f_words + 1;
end

// The engine gives four words for each message that was asked for.
always @(*) if (digest_valid) assume (f_words < 4 * index$q);

wire [31:0] f_count = entry$2[63:32];
wire [31:0] f_bytes = entry$5[31:0];
wire f_checked = state$q >= 2 && ending$q == 0;
wire [32:0] f_offset = descriptor$q[31:0];
wire [32:0] f_extent = descriptor$q[63:32];
always @(*) begin
    // What makes it inductive.
    if (f_checked) begin
        assert (f_count != 0 && f_count <= 65536);
        assert (begun$q);
        assert (entry$3[2:0] == 0 && entry$4[2:0] == 0);
        assert (asked$q <= ahead$q);
    end
    assert (index$q <= 65536);
    if (f_checked && state$q != 7)
        assert (index$q < f_count);
    if (state$q == 1)
        assert (f_words == 0 && words_left$q == {f_count[16:0], 2'b0} && !begun$q && ending$q == 0);
    if (f_checked)
        assert (words_left$q != 0 && f_words + words_left$q == 4 * f_count);
    if (f_checked && state$q == 7)
        assert (index$q == f_count);
    if (ending$q != 0)
        assert (state$q == 7);
    if (state$q == 0)
        assert (ending$q == 0 && !begun$q);
    if (ending$q != 0)
        assert (f_words <= 4 * f_count || f_count > 65536 && f_words == 0);
    // What follows from the entry was computed before the job began.
    if (working) begin
        assert (no_count$q == (f_count == 0 || f_count > f_max_messages));
        assert (no_bytes$q == (f_bytes > f_max_bytes || entry$5[63:32] != 32));
        assert (wraps$q == ({1'b0, entry$4} + {28'd0, f_count, 5'd0} >= 65'h10000000000000000));
        assert (ahead$q == (limit < f_count[28:0] ? limit : f_count[28:0]));
    end
    // The next piece of descriptors, in its stages.
    if (state$q != 2 && state$q != 7)
        assert (settled$q == 0);
    if (state$q == 2 && settled$q >= 1)
        assert (pieces_left$q == ahead$q - asked$q && piece_address$q == entry$3 + 8 * asked$q);
    if (state$q == 2 && settled$q >= 2)
        assert (piece$q == (pieces_left$q > 64 ? 64 : pieces_left$q));
    // The message that is looked at.
    if (state$q >= 4 && state$q <= 6)
        assert (is_last$q == (index$q + 32'd1 == f_count));
    if (state$q == 5 || state$q == 6) begin
        assert (last_byte$q == f_offset + f_extent);
        assert (message_address$q == entry$3 + f_offset);
    end
    if (state$q == 6)
        assert (is_outside$q == (f_offset[2:0] != 0 || last_byte$q > f_bytes));
    // Reads lie inside the batch.
    if (cmd_valid) begin
        assert (working && ending$q == 0);
        if (cmd_kind == 2) begin
            assert (cmd_address == entry$3 + 8 * asked$q);
            assert (8 * asked$q + cmd_length <= f_bytes);
            assert (cmd_length <= 512 && cmd_length != 0);
        end else begin
            assert (cmd_kind == 3);
            assert (cmd_address == entry$3 + f_offset);
            assert (f_offset + cmd_length <= f_bytes);
        end
        assert (cmd_address[2:0] == 0);
    end
    // Writes lie inside the output: at most four words a message from its start on.
    if (write_start && write_push)
        assert (0);
    if (write_push) begin
        assert (working);
        assert (f_words < 4 * f_count);
    end
    if (write_start)
        assert (write_address == entry$4 && f_words == 0);
end
