// A queue of 8 entries: never more than it holds, never an entry out of nothing, and in order. An entry is
// marked at any time and followed: when it is its turn, it is what was put in.

(* anyseq *) wire f_mark;
reg f_marked;
reg [15:0] f_value;
reg [3:0] f_ahead;
initial f_marked = 0;
wire f_push = push && !full && !clear;
wire f_pop = pop && valid && !clear;
reg [3:0] f_held;
initial f_held = 0;
always @(posedge clock) begin
    f_held <= clear ? 0 : f_held + f_push - f_pop;
    if (f_push && f_mark && !f_marked) begin
        f_marked <= 1;
        f_value <= data;
        f_ahead <= f_held - f_pop;
    end else if (f_marked && f_pop) begin
        f_ahead <= f_ahead - 1;
        if (f_ahead == 0)
            f_marked <= 0;
    end
    if (clear)
        f_marked <= 0;
end

// Where the marked entry lies, and what lies there.
wire [3:0] f_place = head$q + f_ahead;
wire [2:0] f_address_0 = f_place[2:0];
wire [2:0] f_address_1 = head$q[2:0];
wire [15:0] f_data_0, f_data_1;
// Entries that the memory can have answered with.
wire [3:0] f_seen = tail_seen$q - head$q;

always @(*) begin
    assert (fill == f_held);
    assert (f_held <= 8);
    assert (full == (f_held == 8));
    assert (!valid || f_held != 0);
    assert (f_seen <= f_held && f_held - f_seen <= 1);
    if (f_marked) begin
        assert (f_ahead < f_held);
        assert (f_data_0 == f_value);
        if (f_ahead == 0 && valid)
            assert (first == f_value);
    end
    // What is first was read from the memory in the cycle before.
    if (valid)
        assert (first == f_data_1);
end
