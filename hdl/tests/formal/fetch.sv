// The one port that a program is fetched through: each request is one that a stream or the header has, the streams
// take turns, words go to whom they belong, and what comes is always taken.
//
// The streams are cut away, as stream.sv proves them: what it assumes of the port is proven here. So is the queue that
// notes whose the words are, as fifo.sv proves it: entries come out as they were put in.

// A stream that asks has 1 to 4 instructions to ask for.
wire [2:0] f_wants = {streams$2$wants, streams$1$wants, streams$0$wants};
wire [2:0] f_grant = {streams$2$grant, streams$1$grant, streams$0$grant};
wire [2:0] f_in_valid = {streams$2$in_valid, streams$1$in_valid, streams$0$in_valid};
wire [8:0] f_counts = {streams$2$count, streams$1$count, streams$0$count};
wire [3 * 43 - 1:0] f_places = {streams$2$place, streams$1$place, streams$0$place};
always @(*) begin
    assume (f_counts[2:0] >= 1 && f_counts[2:0] <= 4);
    assume (f_counts[5:3] >= 1 && f_counts[5:3] <= 4);
    assume (f_counts[8:6] >= 1 && f_counts[8:6] <= 4);
end

// A flush lasts until nothing is under way, and a header is asked for in its last cycle (runner.sv).
reg f_was_flush, f_was_drained;
initial f_was_flush = 0;
initial f_was_drained = 0;
always @(posedge clock) begin
    f_was_flush <= flush;
    f_was_drained <= drained;
end
always @(*) begin
    assume (!f_was_flush || f_was_drained || flush);
    assume (!ask_header || (flush && drained));
end

// The request that is offered: whose it is, 3 being the header's, its place, its instructions.
reg f_offered, f_header;
reg [1:0] f_owner;
reg [42:0] f_place;
reg [2:0] f_count;
initial f_offered = 0;
initial f_header = 0;
wire f_sent = rd_valid && rd_ready;
wire [1:0] f_granted = f_grant[0] ? 2'd0 : f_grant[1] ? 2'd1 : 2'd2;
always @(posedge clock) begin
    if (f_sent) f_offered <= 0;
    if (serve_header || f_grant != 0) f_offered <= 1;
    if (f_grant != 0) begin
        f_owner <= f_granted;
        f_place <= f_places[43 * f_granted +: 43];
        f_count <= f_counts[3 * f_granted +: 3];
    end
    if (serve_header) begin
        f_owner <= 3;
        f_place <= place;
        f_count <= 1;
    end
    f_header <= ask_header || (f_header && !flush && !serve_header);
end
always @(*) begin
    // Nothing is granted that is not asked for, none while all is forgotten, and one at a time.
    assert ((f_grant & ~f_wants) == 0 && (f_grant & (f_grant - 3'd1)) == 0);
    assert (!serve_header || (f_header && f_grant == 0));
    if (flush || f_offered) assert (f_grant == 0 && !serve_header);
    // Nor does the port lie idle while one asks and the queue has room.
    if (!flush && !f_offered && !order$full) begin
        if (f_header) assert (serve_header);
        else assert ((f_grant != 0) == (f_wants != 0));
    end
    assert (f_header == waits_header$q);
    assert (rd_valid == f_offered);
    if (f_offered) begin
        assert (owner$q == f_owner && f_count >= 1 && f_count <= 4);
        assert (rd_address == {f_place, 5'd0} && rd_words == 16'd4 * f_count);
    end
end

// Of streams that ask, the one after the last that was served is next: two others at most come before it.
reg [1:0] f_last;
reg [1:0] f_passed_0, f_passed_1, f_passed_2;
initial f_last = 0;
initial f_passed_0 = 0;
initial f_passed_1 = 0;
initial f_passed_2 = 0;
wire f_any = f_grant != 0;
always @(posedge clock) begin
    if (f_any) f_last <= f_granted;
    f_passed_0 <= f_wants[0] && !f_grant[0] ? f_passed_0 + f_any : 0;
    f_passed_1 <= f_wants[1] && !f_grant[1] ? f_passed_1 + f_any : 0;
    f_passed_2 <= f_wants[2] && !f_grant[2] ? f_passed_2 + f_any : 0;
end
always @(*) begin
    assert (f_last == turn$q && f_last != 3);
    assert (f_passed_0 <= 2 && f_passed_1 <= 2 && f_passed_2 <= 2);
    if (f_passed_0 == 2) assert (f_last == 2);
    if (f_passed_1 == 2) assert (f_last == 0);
    if (f_passed_2 == 2) assert (f_last == 1);
    if (f_passed_0 == 1) assert (f_last != 0);
    if (f_passed_1 == 1) assert (f_last != 1);
    if (f_passed_2 == 1) assert (f_last != 2);
end

// What the memory was asked for: of each request, the first lowest, whose it is and its words. It gives words in that
// order.
localparam ROOM = 16;
reg [2 * ROOM - 1:0] f_owners;
reg [5 * ROOM - 1:0] f_words;
reg [4:0] f_held, f_given;
initial f_held = 0;
initial f_given = 0;
wire f_comes = rd_data_valid && rd_data_ready;
wire f_is_last = f_comes && f_given + 5'd1 == f_words[4:0];
wire [4:0] f_place_in_queue = f_held - f_is_last;
wire [2 * ROOM - 1:0] f_owners_left = f_is_last ? f_owners >> 2 : f_owners;
wire [5 * ROOM - 1:0] f_words_left = f_is_last ? f_words >> 5 : f_words;
integer f_i;
always @(posedge clock) begin
    f_held <= f_held + f_sent - f_is_last;
    if (f_comes) f_given <= f_is_last ? 5'd0 : f_given + 5'd1;
    f_owners <= f_owners_left;
    f_words <= f_words_left;
    for (f_i = 0; f_i < ROOM; f_i = f_i + 1)
        if (f_sent && f_place_in_queue == f_i) begin
            f_owners[2 * f_i +: 2] <= f_owner;
            f_words[5 * f_i +: 5] <= rd_words[4:0];
        end
end
always @(*) begin
    assume (!rd_data_valid || f_held != 0);
end

// The queue's promise, and its condition: it has room for what is put in.
wire [4:0] f_entry = {f_owner, f_count};
always @(*) begin
    if (order$push) assert (order$data == f_entry && f_held < ROOM);
    assert (order$push == f_sent && order$pop == f_is_last && !order$clear);
    assume (order$fill == f_held);
    assume (order$full || f_held <= ROOM - 2);
    assume (!order$valid || (f_held != 0 && order$first == {f_owners[1:0], f_words[4:2]}));
end

always @(*) begin
    // A word goes to whom its request belongs and to nobody else, if it is not thrown away.
    if (f_comes && !flush)
        assert ({header_valid, f_in_valid} == 4'd1 << f_owners[1:0]);
    else
        assert (!header_valid && f_in_valid == 0);
    assert (streams$0$in_data == rd_data && streams$1$in_data == rd_data && streams$2$in_data == rd_data);
    assert (header_word == rd_data);
    // It is taken as soon as the queue says whose it is: nobody can refuse it.
    if (order$valid) assert (rd_data_ready);
    if (f_was_flush && f_was_drained) assert (f_held == 0 && !f_offered);
    // A flush is over when nothing is under way.
    if (drained) assert (f_held == 0 && !f_offered && !f_header);
    // How the counts fit together.
    assert (word_count$q == f_given && f_held + f_offered < ROOM);
    assert (f_held == 0 ? f_given == 0 : f_given < f_words[4:0]);
end
generate
    genvar f_k;
    for (f_k = 0; f_k < ROOM; f_k = f_k + 1)
        always @(*) if (f_k < f_held)
            assert (f_words[5 * f_k +: 5] >= 4 && f_words[5 * f_k +: 5] <= 16 && f_words[5 * f_k +: 2] == 0);
endgenerate
