// Writes: whole words, where the client's words go, within 4096 bytes, and never more or less data than they
// say.

// Words that were taken since the last start and not asked for; where the next one goes.
reg [63:0] f_next;
initial f_next = 0;
always @(posedge clock) begin
    if (start)
        f_next <= start_address;
    else if (push && ready)
        f_next <= f_next + 8;
end
// A client says where words go only when nothing is collected, at a whole word, and before the first word.
always @(*) if (start) assume (idle && !push && start_address[2:0] == 0);
// It gives none before that, and none while it has them handed over.
reg f_started;
initial f_started = 0;
always @(posedge clock) if (start) f_started <= 1;
always @(*) if (push) assume (f_started && !flush);

// Beats of the request that is on its way, and those that were given.
reg [6:0] f_beats;
initial f_beats = 0;
always @(posedge clock) begin
    if (wq_valid && wq_ready)
        f_beats <= (wq_bytes / 8 + LANES - 1) / LANES;
    else if (wd_valid && wd_ready)
        f_beats <= f_beats - 1;
end

wire [12:0] f_end = address$q[11:0] + 8 * held$q;
always @(*) begin
    // What makes it inductive.
    assert (address$q[2:0] == 0 && request_address$q[2:0] == 0);
    assert (address$q + 8 * held$q == f_next);
    assert (held$q <= 64 && f_end <= 4096);
    assert (f_started ? 8 * boundary$q + f_end == 4096 : held$q == 0);
    assert (full$q == (held$q == 64 || held$q != 0 && boundary$q == 0));
    assert (beats_held$q == (held$q + LANES - 1) / LANES);
    assert (lane$q == held$q % LANES);
    if (request$q) begin
        assert (sending$q == (request_words$q + LANES - 1) / LANES);
        assert (request_words$q != 0 && request_words$q <= 64);
        assert (request_address$q[11:0] + 8 * request_words$q <= 4096);
        assert (request_address$q + 8 * request_words$q == address$q);
    end else
        assert (sending$q == f_beats);
    // A request is of 8 to 512 bytes, all within one piece of 4096, and ends before what is still collected.
    if (wq_valid) begin
        assert (wq_bytes >= 8 && wq_bytes <= 512 && wq_bytes[2:0] == 0);
        assert (wq_address[11:0] + wq_bytes <= 4096 && wq_address[2:0] == 0);
        assert (!wd_valid);
    end
    // Its data are as long as it says.
    if (wd_valid) begin
        assert (f_beats != 0);
        assert (wd_last == (f_beats == 1));
    end
    // Nothing is left behind.
    if (idle)
        assert (!wq_valid && !wd_valid && held$q == 0 && f_beats == 0);
end
