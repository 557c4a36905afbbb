// A stream asks for each of its instructions once, in order, and for no more words than its queue has room for.
// The queue is cut away, as fifo.sv proves it: it holds 64, gives no word that it has not got, and takes what comes
// while it is not full.

// What is on its way and what the queue holds.
reg [9:0] f_under_way, f_queued;
initial f_under_way = 0;
initial f_queued = 0;
wire [9:0] f_asked = grant ? 10'd4 * count : 10'd0;
always @(posedge clock) begin
    f_under_way <= flush ? 0 : f_under_way + f_asked - in_valid;
    f_queued <= flush ? 0 : f_queued + in_valid - (out_pop && out_valid);
end
// Nothing comes that was not asked for; a grant is of a request, and of none while all is forgotten.
always @(*) begin
    assume (!in_valid || f_under_way != 0);
    assume (!queue$valid || f_queued != 0);
    assume (!grant || (wants && !flush));
    assume (!flush || !rewind);
    // At the start of a stream all of the last has come and gone.
    assume (!rewind || (f_under_way == 0 && f_queued == 0 && left$q == 0 && !in_valid));
end

// Where it has come to.
reg [42:0] f_first;
reg [24:0] f_length;
reg [25:0] f_done;
initial f_first = 0;
initial f_length = 0;
initial f_done = 0;
always @(posedge clock) begin
    if (rewind) begin
        f_first <= first;
        f_length <= length;
        f_done <= 0;
    end else if (flush) begin
        f_length <= 0;
        f_done <= 0;
    end else if (grant)
        f_done <= f_done + count;
end

always @(*) begin
    assert (reserved$q == f_under_way + f_queued);
    assert (f_under_way + f_queued <= 64);
    assert (left$q == f_length - f_done);
    assert (f_done <= f_length);
    if (f_length != 0) assert (at$q == 43'(f_first + f_done));
    if (wants) begin
        assert (left$q != 0);
        assert (count == (left$q < 4 ? left$q : 4));
        assert (place == 43'(f_first + f_done));
        assert (f_under_way + f_queued + 4 * count <= 64);
    end
    // What comes is taken: its place was kept.
    if (in_valid) assert (f_queued < 64);
end
