// Requests of a command: all within it, each byte once and in order, none across a multiple of 512.

reg [63:0] f_first;
reg [48:0] f_length;
reg [49:0] f_done;
initial f_done = 0;
always @(posedge clock) begin
    if (!active$q) begin
        f_first <= cmd_address;
        f_length <= cmd_length;
        f_done <= 0;
    end else if (req_valid && req_ready)
        f_done <= f_done + req_bytes;
end

// What makes it inductive.
always @(*) if (active$q) begin
    assert (address$q == f_first + f_done);
    assert (left$q == f_length - f_done);
    assert (f_done <= f_length);
    assert (f_done == 0 || f_done < f_length);
end
always @(*) if (ready$q) begin
    assert (active$q);
    assert (room$q == 512 - address$q[8:0]);
    assert (is_last$q == (left$q <= room$q));
end

always @(*) if (req_valid) begin
    // A request is the next piece of the command.
    assert (req_address - f_first == f_done);
    assert (f_done + req_bytes <= f_length);
    assert (req_last == (f_done + req_bytes == f_length));
    assert (req_last || req_bytes != 0);
    assert (req_address[8:0] + req_bytes <= 512);
end
