// What fetch.sv assumes of the runner: a flush lasts until nothing is under way, a header is asked for in a flush's
// last cycle, and no stream goes back to its start in a flush.

reg f_goes_on;
initial f_goes_on = 0;
always @(posedge clock) f_goes_on <= fetch$flush && !fetch$drained;
always @(*) begin
    if (f_goes_on) assert (fetch$flush);
    if (fetch$ask_header) assert (fetch$flush && fetch$drained);
    if (fetch$rewind) assert (!fetch$flush);
end
