// The links of tokens: no link below 0 or above 1023, an instruction begins only with its tokens and with room for
// those that it gives, gives them when it is done and not otherwise, and a pipeline that is called stuck stays so.

wire [2:0] f_ready = {ready$2, ready$1, ready$0};
wire [2:0] f_ended = {ended$2, ended$1, ended$0};
wire [2:0] f_done = {done$2, done$1, done$0};
wire [2:0] f_begin = {begin$2, begin$1, begin$0};
wire [2:0] f_running = {running$2, running$1, running$0};

// What modules have begun, with the tokens of its encoding.
reg [2:0] f_at;
reg [3:0] f_tokens_0, f_tokens_1, f_tokens_2;
initial f_at = 0;
always @(posedge clock) begin
    f_at <= clear ? 3'd0 : (f_at & ~f_done) | f_begin;
    if (f_begin[0]) f_tokens_0 <= tokens$0;
    if (f_begin[1]) f_tokens_1 <= tokens$1;
    if (f_begin[2]) f_tokens_2 <= tokens$2;
end
wire [2:0] f_ends = f_at & f_done;
// A module that has ended has no instruction.
always @(*) assume ((f_ended & f_ready) == 0);

// Tokens on the links, counted with room to spare: load to compute, back, compute to store, back.
reg [15:0] f_lc, f_cl, f_cs, f_sc;
initial f_lc = 0;
initial f_cl = 0;
initial f_cs = 0;
initial f_sc = 0;
always @(posedge clock) begin
    f_lc <= clear ? 0 : f_lc + (f_ends[0] && f_tokens_0[3]) - (f_begin[1] && tokens$1[0]);
    f_cl <= clear ? 0 : f_cl + (f_ends[1] && f_tokens_1[2]) - (f_begin[0] && tokens$0[1]);
    f_cs <= clear ? 0 : f_cs + (f_ends[1] && f_tokens_1[3]) - (f_begin[2] && tokens$2[0]);
    f_sc <= clear ? 0 : f_sc + (f_ends[2] && f_tokens_2[2]) - (f_begin[1] && tokens$1[1]);
end

always @(*) begin
    // The counters are right, so none has wrapped.
    assert (f_lc <= 1023 && f_cl <= 1023 && f_cs <= 1023 && f_sc <= 1023);
    assert (load_compute$q == f_lc && compute_load$q == f_cl);
    assert (compute_store$q == f_cs && store_compute$q == f_sc);
    assert (left == (f_lc != 0 || f_cl != 0 || f_cs != 0 || f_sc != 0));
    // What is under way has room for what it gives.
    assert (f_running == f_at);
    if (f_at[0]) begin
        assert (load_gives$q == f_tokens_0[3]);
        if (f_tokens_0[3]) assert (f_lc < 1023);
    end
    if (f_at[1]) begin
        assert (compute_gives_load$q == f_tokens_1[2] && compute_gives_store$q == f_tokens_1[3]);
        if (f_tokens_1[2]) assert (f_cl < 1023);
        if (f_tokens_1[3]) assert (f_cs < 1023);
    end
    if (f_at[2]) begin
        assert (store_gives$q == f_tokens_2[2]);
        if (f_tokens_2[2]) assert (f_sc < 1023);
    end
    // One at a time, one that is there, with its tokens.
    assert ((f_begin & (f_at | ~f_ready)) == 0);
    if (hold) assert (f_begin == 0);
    if (f_begin[0]) assert (!tokens$0[1] || f_cl != 0);
    if (f_begin[1]) assert ((!tokens$1[0] || f_lc != 0) && (!tokens$1[1] || f_sc != 0));
    if (f_begin[2]) assert (!tokens$2[0] || f_cs != 0);
    // And it begins when it may.
    if (!hold && f_ready[0] && !f_at[0] && (!tokens$0[1] || f_cl != 0) && (!tokens$0[3] || f_lc != 1023))
        assert (f_begin[0]);
    if (!hold && f_ready[2] && !f_at[2] && (!tokens$2[0] || f_cs != 0) && (!tokens$2[2] || f_sc != 1023))
        assert (f_begin[2]);
    if (!hold && f_ready[1] && !f_at[1] && (!tokens$1[0] || f_lc != 0) && (!tokens$1[1] || f_sc != 0)
        && (!tokens$1[2] || f_cl != 1023) && (!tokens$1[3] || f_cs != 1023))
        assert (f_begin[1]);
    assert (finished == (f_at == 0 && f_ended == 7));
    if (stuck) assert (f_at == 0 && f_begin == 0 && f_ended != 7 && (f_ended | f_ready) == 7);
end

// While the instructions that wait stay the same, what is stuck stays stuck: it is said of no pipeline that could
// go on.
reg f_stuck;
reg [2:0] f_was_ready, f_was_ended;
reg [11:0] f_waited;
initial f_stuck = 0;
wire [11:0] f_waits = {tokens$2, tokens$1, tokens$0};
always @(posedge clock) begin
    f_stuck <= stuck && !clear;
    f_was_ready <= f_ready;
    f_was_ended <= f_ended;
    f_waited <= f_waits;
end
always @(*) if (f_stuck && f_was_ready == f_ready && f_was_ended == f_ended && f_waited == f_waits) assert (stuck);
// And whoever is not stuck, at rest, ready and held by nobody, goes on.
always @(*) if (!hold && f_at == 0 && (f_ended | f_ready) == 7 && f_ended != 7)
    assert (stuck || f_begin != 0);
