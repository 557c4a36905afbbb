// A queue's rings: what is fetched was submitted, what is answered was fetched, each completion has a free
// place, and all DMA lies in the rings that the host has named. Proven of any one queue, number f_queue,
// while the others do what they like. The entries themselves are cut away.

(* anyconst *) wire [5:0] f_queue;
wire f_mine = queue$q == f_queue;
wire f_serves = f_mine && state$q != 0;

// What the registers hold of it. The host may disable it at any time, change it then, and enable it: so it is
// fresh, and waits. A reset disables all queues.
(* anyseq *) wire f_disables;
(* anyseq *) wire f_enables;
(* anyseq *) wire [159:0] f_new;
reg [63:0] f_sq, f_cq;
reg [31:0] f_log2;
reg f_enabled, f_fresh, f_running, f_pending;
// What the engine sets its state to, a cycle later.
reg f_sets;
reg [1:0] f_set_to;
initial f_sets = 0;
initial f_enabled = 0;
initial f_fresh = 0;
initial f_running = 0;
initial f_pending = 0;
always @(posedge clock) begin
    if (take && f_mine)
        f_pending <= 0;
    f_sets <= set_state && f_mine;
    f_set_to <= new_state;
    if (f_sets) begin
        f_fresh <= 0;
        f_running <= f_set_to == 1;
    end
    if (!f_enabled)
        {f_sq, f_cq, f_log2} <= f_new;
    if (f_disables || stop && state$q == 0) begin
        f_enabled <= 0;
        f_fresh <= 0;
        if (stop)
            f_running <= 0;
    end else if (f_enables && !f_enabled) begin
        f_enabled <= 1;
        f_fresh <= 1;
        f_running <= 0;
        f_pending <= 1;
    end
end
// Whether it was enabled all the time since its service began.
reg f_same;
always @(posedge clock) f_same <= f_enabled && (f_same || take && f_mine);
// What they held when the service began that is in progress: its rings.
reg [63:0] f_my_sq, f_my_cq;
reg [31:0] f_my_log2;
always @(posedge clock) if (f_mine && state$q == 2) {f_my_sq, f_my_cq, f_my_log2} <= {f_sq, f_cq, f_log2};
// The engine sees of a queue what was a cycle ago.
reg f_was_mine, f_saw_enabled, f_saw_fresh, f_saw_running, f_saw_pending;
initial {f_was_mine, f_saw_enabled, f_saw_fresh, f_saw_running, f_saw_pending} = 0;
always @(posedge clock) begin
    f_was_mine <= f_mine;
    {f_saw_enabled, f_saw_fresh, f_saw_running, f_saw_pending} <= {f_enabled, f_fresh, f_running, f_pending};
end
reg [9:0] f_read;
always @(posedge clock) f_read <= cfg_address;
always @(*) begin
    if (f_was_mine) begin
        assume (sel_enabled == f_saw_enabled && sel_fresh == f_saw_fresh && sel_running == f_saw_running);
        if (f_saw_pending)
            assume (sel_pending);
    end
    if (f_read[9:4] == f_queue) case (f_read[3:0])
        0: assume (cfg_data == f_sq[31:0]);
        1: assume (cfg_data == f_sq[63:32]);
        2: assume (cfg_data == f_cq[31:0]);
        3: assume (cfg_data == f_cq[63:32]);
        4: assume (cfg_data == f_log2);
        default: ;
    endcase
    assume (max_log2 <= 15);
end

// A reset waits until the engine is idle.
reg f_stopping;
initial f_stopping = 0;
always @(posedge clock) f_stopping <= stop && state$q != 0;
always @(*) if (f_stopping) assume (stop);

// The writer: it holds words from the first that it takes until it says that it is idle. It may hand words
// over by itself where a page ends, which is between two completions.
reg f_holds, f_half;
reg [16:0] f_slot;
initial f_holds = 0;
initial f_half = 0;
always @(posedge clock) begin
    if (write_start) begin
        f_slot <= f_place;
        f_half <= 0;
    end
    if (write_push && write_ready) begin
        f_half <= !f_half;
        f_slot <= f_slot + f_half;
    end
    f_holds <= write_push && write_ready || f_holds && !write_idle;
end
always @(*) begin
    assume (f_holds || write_idle);
    assume (!f_half || !write_idle);
end

wire [5:0] f_address_0 = f_queue;
wire [63:0] f_data_0;
wire f_is_valid = f_log2 != 0 && f_log2 <= 15 && f_sq[5:0] == 0 && f_cq[5:0] == 0;
wire f_mine_is_valid = f_my_log2 != 0 && f_my_log2 <= 15 && f_my_sq[5:0] == 0 && f_my_cq[5:0] == 0;
wire [15:0] f_left = count$q - index$q;
wire [15:0] f_ahead = head$q - completed$q;
wire [63:0] f_at = sq$q + 64 * f_head_place;
wire f_knows = f_mine && state$q >= 3;
wire f_answers = f_mine && (state$q >= 7 && state$q <= 12 || state$q == 14);

// What makes it inductive.
always @(*) begin
    if (f_enabled && f_running)
        assert (f_is_valid && !f_fresh);
    // It is looked at for three cycles, and what is seen then is what it was in the cycle before.
    if (settled$q) begin
        assert (state$q == 0 && f_was_mine == f_mine);
        assert (!f_sets);
        if (f_mine && f_enabled && f_saw_enabled && settled$q == 2)
            assert (f_fresh == f_saw_fresh && f_running == f_saw_running);
    end
    if (f_serves && state$q <= 2) begin
        if (f_enabled)
            assert (f_same ? f_fresh || f_running : f_fresh && f_pending);
    end
    if (f_serves && state$q <= 2 && f_saw_enabled)
        assert (f_same ? f_saw_fresh || f_saw_running : f_saw_fresh && f_saw_pending);
    if (state$q != 0)
        assert (f_was_mine == f_mine);
    if (f_saw_enabled && f_saw_running)
        assert (f_is_valid && !f_saw_fresh);
    if (f_running && !f_knows && !f_sets && !(state$q == 0 && stop))
        assert (f_data_0[15:0] == f_data_0[31:16]);
    if (f_serves && state$q <= 2 && f_saw_running)
        assert (f_data_0[15:0] == f_data_0[31:16]);
    if (f_mine && state$q == 1) begin
        assert (step$q == 0 || f_read == {f_queue, step$q[3:0] - 4'd1});
        if (step$q >= 1) assert (contexts$read_data == f_data_0);
    end
    // What was read of the registers, if they did not change meanwhile.
    if (f_mine && state$q == 1 && f_same) begin
        if (step$q >= 2) assert (sq$q[31:0] == f_sq[31:0]);
        if (step$q == 2) assert (sq$q[63:32] == 0);
        if (step$q >= 3) assert (sq$q == f_sq);
        if (step$q >= 4) assert (cq$q[31:0] == f_cq[31:0]);
        if (step$q == 4) assert (cq$q[63:32] == 0);
        if (step$q >= 5) assert (cq$q == f_cq);
        if (step$q >= 6) assert (log2$q == f_log2);
    end
    if (f_mine && state$q == 2) begin
        assert (contexts$read_data == f_data_0);
        if (f_same)
            assert (sq$q == f_sq && cq$q == f_cq && log2$q == f_log2);
    end
    if (f_knows) begin
        assert (sq$q == f_my_sq && cq$q == f_my_cq && log2$q == f_my_log2 && f_mine_is_valid);
        assert (state$q != 15 || !f_running || f_sets || stop);
    end
    if (f_mine && (state$q >= 3 && state$q <= 6 || state$q == 13))
        assert (head$q == completed$q);
    if (f_mine && state$q >= 4 && state$q != 15)
        assert (f_unreported <= f_entries);
    if (f_mine && state$q == 4)
        assert (f_waiting <= f_entries);
    if (f_mine && (state$q == 5 || state$q == 6)) begin
        assert (index$q == 0 && count$q >= 1 && count$q <= 8);
        assert (count$q <= f_waiting);
        assert (f_unreported + count$q <= f_entries);
        assert (f_head_place + count$q <= f_entries);
        assert (f_at[11:6] + count$q <= 64);
    end
    if (f_answers) begin
        assert (count$q <= 8 && index$q < count$q);
        assert (f_unreported + f_left <= f_entries);
        assert (f_ahead == f_left);
    end
    // How long what the burst follows from has been what it is.
    case (state$q)
        1: assert (step$q <= 8 && (step$q < 7 || f_ring_steady + 6 >= step$q));
        2: assert (f_ring_steady >= 3);
        3: assert (f_ring_steady == 7 || f_ring_steady >= step$q + 4);
        default: assert (state$q == 0 || f_ring_steady == 7);
    endcase
    case (state$q)
        3: assert (f_pointers_steady >= step$q && step$q <= 4);
        4: assert (f_pointers_steady >= 5);
        5: assert (f_pointers_steady >= 6);
        7: assert (f_pointers_steady == 7 || f_pointers_steady >= step$q);
        6, 8, 9, 10, 11, 12, 14: assert (f_pointers_steady == 7);
        default: ;
    endcase
    if (state$q == 7)
        assert (step$q <= 8);
    if (state$q <= 6 || state$q == 13 || state$q == 15)
        assert (!f_holds);
    if (state$q == 12)
        assert (step$q <= 1);
    assert (f_half == (state$q == 12 && step$q == 0));
    if (f_half)
        assert (f_holds);
    if (f_answers && f_holds && state$q != 11 && state$q != 12)
        assert (f_slot == f_place || f_place == 0);
    if (f_answers && state$q == 12 && step$q == 1)
        assert (f_slot == f_place + 1);
end

// The queue's rules.
always @(*) begin
    // Entries that were submitted, in one piece of the ring, within a page, with a place for each completion.
    if (cmd_valid && f_mine) begin
        assert (cmd_address == f_my_sq + 64 * f_head_place);
        assert (64 * f_head_place + cmd_length <= 64 * f_entries);
        assert (cmd_length >= 64 && cmd_length <= 512 && cmd_length[5:0] == 0);
        assert (cmd_address[11:0] + cmd_length <= 4096);
        assert (cmd_length / 64 <= f_waiting);
        assert (cmd_length / 64 <= f_entries - f_unreported);
    end
    // Never more completions than entries, nor than the ring has room for.
    if (f_answers) begin
        assert (f_ahead >= 1 && f_ahead <= 8);
        assert (f_unreported < f_entries);
    end
    // Each completion goes to its own place in the ring.
    if (write_start && f_mine) begin
        assert (write_idle && !write_push);
        assert (write_address == f_my_cq + 16 * f_place && f_place < f_entries);
    end
    if (write_push && f_mine) begin
        assert (f_slot == f_place && f_place < f_entries);
        assert (f_half == (state$q == 12));
    end
end
