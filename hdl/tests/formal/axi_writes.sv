// Bursts beyond AXI pins: whole ones are offered, and nothing is said to be written before its answer.
// Of the collector is assumed what `collector.sv` proves, of the queues that they give what was put in.

wire f_closes = collector$leaves && collector$is_last;
wire f_last_leaves = wvalid && wready && wlast;

always @(*) begin
    if (collector$leaves) assume (collector$room && collector$held);
end

// Last words in the queue; it has as many entries as that at least, and 64 at most. Bursts that have left, without an
// answer.
reg [6:0] f_lasts;
reg [8:0] f_sent;
initial f_lasts = 0;
initial f_sent = 0;
always @(posedge clock) begin
    f_lasts <= f_lasts + f_closes - f_last_leaves;
    f_sent <= f_sent + f_last_leaves - bvalid;
end
always @(*) begin
    assume (words$fill <= 64 && f_lasts <= words$fill);
    if (words$fill == 64) assume (words$full);
    if (words$valid && words$first[0]) assume (f_lasts != 0);
    // The memory answers bursts that it has.
    if (bvalid) assume (f_sent != 0);
end

// Any burst: answers until it is written.
(* anyseq *) wire f_pick;
reg f_marked, f_engine;
reg [7:0] f_ahead;
initial f_marked = 0;
initial f_engine = 0;
initial f_ahead = 0;
always @(posedge clock) begin
    if (!f_marked && f_closes && f_pick) begin
        f_marked <= 1;
        f_engine <= collector$engine;
        f_ahead <= f_lasts + f_sent - bvalid + 1;
    end else if (f_marked && bvalid) begin
        f_ahead <= f_ahead - 1;
        f_marked <= f_ahead != 1;
    end
end

always @(*) begin
    // What makes it inductive.
    assert (closed$q == f_lasts);
    assert (f_sent <= 255 && {2'd0, open$q} == {3'd0, f_lasts} + {1'd0, f_sent});
    assert (engine_open$q <= open$q && host_open$q <= open$q);
    // No count runs over.
    if (f_closes) assert (open$q != 255);
    // Queues are given words of the collector, where they have room.
    if (words$push) assert (!words$full && words$data == {collector$data, collector$strobe, collector$is_last});
    if (places$push) assert (!places$full && places$data == {collector$length, collector$first});
    assert (words$push == collector$leaves && places$push == f_closes);
    // A word is offered only when the last one of its burst is in the queue, and to the pins goes what comes from there.
    assert (wvalid == (words$valid && f_lasts != 0));
    assert ({wdata, wstrb, wlast} == words$first && words$pop == (wready && f_lasts != 0));
    assert (awvalid == places$valid && places$pop == awready);
    assert (awaddr == {places$first[44:0], 3'd0} && awlen == {4'd0, places$first[48:45]});
    // A burst without an answer, and a word that is held, keep their user from being told that all is written.
    if (f_marked) begin
        assert (f_ahead != 0 && f_ahead <= open$q);
        assert (f_ahead <= (f_engine ? engine_open$q : host_open$q));
        assert (f_engine ? !engine_settled : !host_settled);
    end
    if (collector$held) assert (collector$engine ? !engine_settled : !host_settled);
    // And nothing else does.
    if (open$q == 0 && !collector$held) assert (engine_settled && host_settled);
end
