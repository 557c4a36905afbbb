// A queue of 8 entries: never more than it holds, never an entry out of nothing, and in order. An entry is
// marked at any time and followed: when it is its turn, it is what was put in.


(* anyseq *) wire f_mark;
reg f_marked;
reg [15:0] f_value;
reg [3:0] f_ahead;
initial f_marked = 0;
wire f_pop = pop && valid;
reg [3:0] f_held;
initial f_held = 0;
// Nothing is put in where there is no room: `full` says so up to two entries before.
always @(*) if (f_held >= 8) assume (!push);
always @(posedge clock) begin
    f_held <= clear ? 0 : f_held + push - f_pop;
    if (push && f_mark && !f_marked) begin
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

// Entries lie in the slice, two at most, then in the memory's answer, then in the memory.
wire f_has_second = !slice$in_ready;
wire [15:0] f_second;
wire [3:0] f_in_slice = valid + f_has_second;
wire [3:0] f_before_memory = f_in_slice + answers$q;
wire [3:0] f_in_memory = tail$q - head$q;
wire [3:0] f_place = head$q + f_ahead - f_before_memory;
wire [2:0] f_address_0 = f_place[2:0];
wire [15:0] f_data_0;

always @(*) begin
    assert (f_held == f_before_memory + f_in_memory);
    assert (f_in_memory <= 8 && f_held <= 8);
    assert (full || f_held <= 6);
    assert (valid || !f_has_second);
    assert (!answers$q || !f_has_second);
    assert (fill == f_held);
    if (f_marked) begin
        assert (f_ahead < f_held);
        if (f_ahead >= f_before_memory)
            assert (f_data_0 == f_value);
        else if (f_ahead >= f_in_slice)
            assert (entries$read_data == f_value);
        else if (f_ahead == 1)
            assert (f_second == f_value);
        else
            assert (first == f_value);
    end
end
