// A port and two who ask for it: never both are granted, and neither waits for longer than it is promised.

wire f_first = first_valid && first_ready;
wire f_second = second_valid && second_ready;

// Cycles in which they have asked without an end and got nothing.
reg [3:0] f_first_waits, f_second_waits;
initial f_first_waits = 0;
initial f_second_waits = 0;
always @(posedge clock) begin
    f_first_waits <= first_valid && !first_ready ? f_first_waits + 1 : 0;
    f_second_waits <= second_valid && !second_ready ? f_second_waits + 1 : 0;
end

always @(*) begin
    assert (!f_first || !f_second);
    assert (f_first_waits <= 1 && f_second_waits <= 7);
    // The second one's waiting is what is counted, so it is let past the first one after seven cycles and not before.
    assert (waited$q == f_second_waits);
    assert (first_ready == (f_second_waits != 7));
    if (f_second && first_valid) assert (f_second_waits == 7);
    // The port lies idle beside a request only in the one cycle that was kept for a request withdrawn.
    if (first_valid && !first_ready && !f_second) assert (f_second_waits == 7 && !second_valid);
    if (second_valid && !first_valid) assert (f_second);
    if (f_first_waits != 0) assert (first_ready);
end
