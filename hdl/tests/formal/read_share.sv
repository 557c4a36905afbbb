// One read port for two, a program's fetcher and load: requests go to the memory as they were asked, words to whom
// they belong, and load never has more than 191 words on their way.
//
// The queue that notes whose the words are is cut away, as fifo.sv proves it: entries come out as they were put in.

// Requests are of 1 to 64 words; whoever comes first is heard first.
wire f_runner_asks = runner_valid && runner_ready;
wire f_load_asks = load_valid && load_ready;
wire f_asks = f_runner_asks || f_load_asks;
wire [15:0] f_words_asked = f_load_asks ? load_words : runner_words;
wire [63:0] f_request = f_load_asks ? {load_words, load_address} : {runner_words, runner_address};
always @(*) begin
    assume (!runner_valid || (runner_words >= 1 && runner_words <= 64));
    assume (!load_valid || (load_words >= 1 && load_words <= 64));
    assert (!f_runner_asks || !f_load_asks);
end

// Those that the memory has not taken yet, two at most, as they were asked.
reg [1:0] f_waiting;
reg [63:0] f_next, f_after_next;
wire [63:0] f_second;
initial f_waiting = 0;
wire f_sent = rd_valid && rd_ready;
always @(posedge clock) begin
    f_waiting <= f_waiting + f_asks - f_sent;
    if (f_sent) f_next <= f_after_next;
    if (f_asks && f_waiting - f_sent == 0) f_next <= f_request;
    if (f_asks && f_waiting - f_sent == 1) f_after_next <= f_request;
end
always @(*) begin
    assert (f_waiting <= 2 && rd_valid == (f_waiting != 0) && requests$in_ready == (f_waiting != 2));
    if (f_waiting != 0) assert ({rd_words, rd_address} == f_next);
    if (f_waiting == 2) assert (f_second == f_after_next);
end

// All that have words to come, the first lowest: whether it is load's, and its words.
localparam ROOM = 64;
reg [ROOM - 1:0] f_loads;
reg [7 * ROOM - 1:0] f_words;
reg [6:0] f_held, f_given;
reg [12:0] f_owed;
initial f_held = 0;
initial f_given = 0;
initial f_owed = 0;
wire f_comes = rd_data_valid && rd_data_ready;
wire f_is_last = f_comes && f_given + 7'd1 == f_words[6:0];
wire [6:0] f_place = f_held - f_is_last;
wire [ROOM - 1:0] f_loads_left = f_is_last ? f_loads >> 1 : f_loads;
wire [7 * ROOM - 1:0] f_words_left = f_is_last ? f_words >> 7 : f_words;
integer f_i;
always @(posedge clock) begin
    f_held <= f_held + f_asks - f_is_last;
    if (f_comes) f_given <= f_is_last ? 7'd0 : f_given + 7'd1;
    f_loads <= f_loads_left;
    f_words <= f_words_left;
    for (f_i = 0; f_i < ROOM; f_i = f_i + 1)
        if (f_asks && f_place == f_i) begin
            f_loads[f_i] <= f_load_asks;
            f_words[7 * f_i +: 7] <= f_words_asked[6:0];
        end
    // Words that load has to get.
    f_owed <= f_owed + (f_load_asks ? load_words : 16'd0) - (load_data_valid && load_data_ready);
end

// The memory gives words of what it has taken, in that order, as many as it was asked for.
wire [6:0] f_at_memory = f_held - f_waiting;
always @(*) begin
    assume (!rd_data_valid || f_at_memory != 0);
    if (f_waiting != 0) assert (f_words[7 * f_at_memory +: 7] == rd_words && rd_words <= 64);
    if (f_waiting == 2) assert (f_words[7 * f_at_memory + 7 +: 7] == f_after_next[63:48] && f_after_next[63:48] <= 64);
end

// The queue's promise, and its condition: it has room for what is put in.
always @(*) begin
    if (owners$push) assert (owners$data == {f_load_asks, f_words_asked[6:0]} && f_held < ROOM);
    assert (owners$push == f_asks && owners$pop == f_is_last && !owners$clear);
    assume (owners$full || f_held <= ROOM - 2);
    assume (!owners$valid || (f_held != 0 && owners$first == {f_loads[0], f_words[6:0]}));
end

always @(*) begin
    // A word is offered to whom its request belongs, and the memory gives the next when that one has taken it.
    assert (!runner_data_valid || (rd_data_valid && f_held != 0 && !f_loads[0]));
    assert (!load_data_valid || (rd_data_valid && f_held != 0 && f_loads[0]));
    assert (f_comes == ((runner_data_valid && runner_data_ready) || (load_data_valid && load_data_ready)));
    if (rd_data_valid && owners$valid) assert (runner_data_valid || load_data_valid);
    // Each request's words go to who has asked, as many as it has: so by counting, load gets none beyond what it has
    // asked for.
    assume (!(load_data_valid && load_data_ready) || f_owed != 0);
    // Load is kept from asking for more while it has 128 words to come, and by the runner, and by nothing else.
    assert (f_owed <= 191 && owed$q == f_owed);
    if (requests$in_ready && !owners$full) begin
        assert (runner_ready);
        assert (load_ready == (!runner_valid && f_owed < 128));
    end
    // How the counts fit together.
    assert (given$q == f_given && f_held <= ROOM && f_waiting <= f_held);
    assert (f_held == 0 ? f_given == 0 : f_given < f_words[6:0]);
    if (f_at_memory == 0) assert (f_given == 0);
end
generate
    genvar f_k;
    for (f_k = 0; f_k < ROOM; f_k = f_k + 1)
        always @(*) if (f_k < f_held)
            assert (f_words[7 * f_k +: 7] >= 1 && f_words[7 * f_k +: 7] <= 64);
endgenerate
