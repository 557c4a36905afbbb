// What a burst's arithmetic says once its inputs have been steady: proven of the block, and what the queue
// engine's proof assumes of it. CLAIM is assert or assume; b_PORT is the block's port.

reg [159:0] f_last_ring;
reg [63:0] f_last_pointers;
reg [2:0] f_ring_before, f_pointers_before;
initial f_ring_before = 0;
initial f_pointers_before = 0;
wire [159:0] f_ring = {b_sq, b_cq, b_log2};
wire [63:0] f_pointers = {b_tail, b_head, b_completed, b_consumed};
// Cycles before this one in which the inputs were what they are, up to 7.
wire [2:0] f_ring_steady = f_last_ring == f_ring ? f_ring_before : 0;
wire [2:0] f_pointers_steady = f_last_pointers == f_pointers ? f_pointers_before : 0;
always @(posedge clock) begin
    f_last_ring <= f_ring;
    f_last_pointers <= f_pointers;
    f_ring_before <= f_ring_steady == 7 ? 7 : f_ring_steady + 1;
    f_pointers_before <= f_pointers_steady == 7 ? 7 : f_pointers_steady + 1;
end

// The largest size is a constant of the card.
(* anyconst *) wire [31:0] f_max_log2;
always @(*) assume (b_max_log2 == f_max_log2 && f_max_log2 <= 15);

wire [16:0] f_entries = 17'd1 << b_log2[4:0];
wire [15:0] f_waiting = b_tail - b_head;
wire [15:0] f_unreported = b_completed - b_consumed;
wire [16:0] f_place = b_completed & (f_entries - 17'd1);
wire [16:0] f_head_place = b_head & (f_entries - 17'd1);
wire f_is_sound = b_log2 <= 15 && b_sq[5:0] == 0;
always @(*) begin
    if (f_ring_steady >= 1 && b_valid)
        `CLAIM (b_log2 != 0 && b_log2 <= f_max_log2 && b_sq[5:0] == 0 && b_cq[5:0] == 0);
    if (f_ring_steady >= 6 && f_pointers_steady >= 4 && f_is_sound) begin
        `CLAIM (b_over == (f_waiting > f_entries || f_unreported > f_entries));
        `CLAIM (b_address == b_sq + 64 * f_head_place);
        `CLAIM (b_completion == b_cq + 16 * f_place);
        `CLAIM (b_at_start == (f_place == 0));
        `CLAIM (b_phase == ((b_completed & f_entries) == 0));
        if (!b_over) begin
            `CLAIM (b_count <= 8 && b_count <= f_waiting && b_count <= f_entries - f_unreported);
            `CLAIM (f_head_place + b_count <= f_entries);
            `CLAIM (b_address[11:6] + b_count <= 64);
        end
    end
end
