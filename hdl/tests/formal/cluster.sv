// The arbiter of the cores: one core gets each beat, the beats of a message go to one core, and a digest
// comes from the core whose turn it is. The cores are cut away, and so is the queue of turns, which is proven
// by itself.

// The queue of turns, as fifo.sv proves it: its first entry stays until it is taken.
reg f_held;
reg [3:0] f_turn;
initial f_held = 0;
always @(posedge clock) begin
    f_held <= order$valid && !order$pop && !clear;
    f_turn <= order$first;
end
always @(*) if (f_held) assume (order$valid && order$first == f_turn);

// The core of the message in progress.
reg f_inside;
reg [3:0] f_core;
initial f_inside = 0;
always @(posedge clock) begin
    if (clear)
        f_inside <= 0;
    else if (in_valid && in_ready) begin
        f_inside <= !in_end;
        f_core <= target$q;
    end
end

wire [2:0] f_gives = {lanes$2$in_valid, lanes$1$in_valid, lanes$0$in_valid};
wire [2:0] f_room = {lanes$2$in_ready, lanes$1$in_ready, lanes$0$in_ready};
wire [2:0] f_takes = {lanes$2$out_ready, lanes$1$out_ready, lanes$0$out_ready};
wire [2:0] f_has = {lanes$2$out_valid, lanes$1$out_valid, lanes$0$out_valid};
always @(*) begin
    assert (begun$q == f_inside);
    assert (target$q < 3 && best$q < 3 && scan$q < 3 && scanned$q < 3);
    // One grant for each beat, to a core that has room.
    assert (f_gives == (in_valid && in_ready ? 3'd1 << target$q : 3'd0));
    assert ((f_gives & ~f_room) == 0);
    // A message stays with its core, and its core is written down once, with its first beat.
    if (f_inside)
        assert (target$q == f_core);
    assert (order$push == (in_valid && in_ready && !f_inside));
    if (order$push)
        assert (order$data == target$q && !order$full);
    // A digest's words come from the core whose turn it is, and its turn ends with its last word.
    assert (f_takes == (out_fire ? 3'd1 << order$first : 3'd0));
    assert ((f_takes & ~f_has) == 0);
    assert (order$pop == (out_fire && word_last));
    assert (out_fire == (digests$in_valid && digests$in_ready));
    if (digests$in_valid) begin
        assert (order$valid);
        case (order$first)
            0: assert (digests$in_data == {lanes$0$out_last, lanes$0$out_data});
            1: assert (digests$in_data == {lanes$1$out_last, lanes$1$out_data});
            2: assert (digests$in_data == {lanes$2$out_last, lanes$2$out_data});
            default: assert (0);
        endcase
    end
end
