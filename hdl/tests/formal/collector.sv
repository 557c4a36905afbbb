// From words to bursts: what leaves is what was taken, byte for byte and in order; words of a burst lie one behind the
// other within 128 bytes, and the burst's length is how many they are.

wire f_takes = wr_valid && wr_ready;

// The word that is held, put together from what was taken; words of its burst that have left.
reg f_has, f_user;
reg [44:0] f_at;
reg [63:0] f_data;
reg [7:0] f_lanes;
reg [3:0] f_before;
// Cycles in which nothing was taken while it was held.
reg [2:0] f_waited;
initial f_has = 0;
initial f_user = 0;
initial f_at = 0;
initial f_data = 0;
initial f_lanes = 0;
initial f_before = 0;
initial f_waited = 0;
wire f_same = f_has && wr_engine == f_user && wr_address[47:3] == f_at;
wire f_next = f_has && wr_engine == f_user && wr_address[47:3] == f_at + 45'd1;
integer f_lane;
always @(posedge clock) begin
    if (f_takes) begin
        f_has <= 1;
        f_user <= wr_engine;
        f_at <= wr_address[47:3];
        f_lanes <= f_same ? f_lanes | wr_strobe : wr_strobe;
        for (f_lane = 0; f_lane < 8; f_lane = f_lane + 1)
            if (!f_same || wr_strobe[f_lane]) f_data[8 * f_lane +: 8] <= wr_data[8 * f_lane +: 8];
    end else if (leaves)
        f_has <= 0;
    if (leaves) f_before <= is_last ? 0 : f_before + 1;
    f_waited <= f_takes || !f_has ? 0 : f_waited == 4 ? 4 : f_waited + 1;
end

always @(*) begin
    // What makes it inductive.
    assert (held == f_has && waited$q == f_waited && f_waited <= 4);
    assert (f_has || f_before == 0);
    if (f_has) begin
        assert (place$q == f_at && place_after$q == f_at + 45'd1);
        // What is held, and leaves, is what was taken.
        assert (data == f_data && strobe == f_lanes && engine == f_user);
        // It lies where its burst says.
        assert (length == f_before);
        assert (first[44:4] == f_at[44:4] && {1'b0, first[3:0]} + f_before == {1'b0, f_at[3:0]});
    end
    // A word leaves only where there is room, and before another takes its place.
    if (leaves) assert (f_has && room);
    if (f_takes) assert (room);
    if (f_takes && f_has && !f_same) assert (leaves);
    if (f_takes && f_same) assert (!leaves);
    // A burst goes on with the word that follows in the same 128 bytes, of the same user, and with no other.
    if (leaves) assert (is_last == !(f_takes && f_next && f_at[3:0] != 15));
    if (leaves && f_before == 15) assert (is_last);
    // Nothing is held for ever.
    if (f_has && f_waited == 4 && room && !wr_valid) assert (leaves && is_last);
end
