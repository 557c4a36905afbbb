// A card of a few lines with the pins of the real one: one queue of NOPs, one entry at a time. With
// fault_select it breaks the contract of the pins, which the simulation has to notice.
module metisvm_card(input clock, input flr, input [5:0] fault_select,
    input [15:0] s_awaddr, input s_awvalid, output s_awready,
    input [31:0] s_wdata, input [3:0] s_wstrb, input s_wvalid, output s_wready,
    output [1:0] s_bresp, output s_bvalid, input s_bready,
    input [15:0] s_araddr, input s_arvalid, output s_arready,
    output reg [31:0] s_rdata, output [1:0] s_rresp, output s_rvalid, input s_rready,
    output [63:0] rq_address, output [12:0] rq_bytes, output [3:0] rq_tag, output rq_valid, input rq_ready,
    input [127:0] rc_data, input [3:0] rc_tag, input rc_last, input rc_error, input rc_valid, output rc_ready,
    output [63:0] wq_address, output [12:0] wq_bytes, output wq_valid, input wq_ready,
    output [127:0] wd_data, output wd_last, output wd_valid, input wd_ready,
    output [47:0] mw_address, output [63:0] mw_data, output mw_valid, input mw_ready,
    output [5:0] irq_vector, output irq_valid, input irq_ready, output busy);

  // Registers: a write is taken when address and data are there, and answered a cycle later.
  reg answered = 0, reading = 0;
  reg [31:0] nonce = 0, sq_lo = 0, sq_hi = 0, cq_lo = 0, cq_hi = 0, log2 = 0;
  reg enable = 0, arm = 0;
  reg [15:0] tail = 0, head = 0;
  reg phase = 1;
  wire takes = s_awvalid & s_wvalid & ~answered & (fault_select != 4);
  assign s_awready = takes;
  assign s_wready = takes;
  assign s_bvalid = answered;
  assign s_bresp = 0;
  assign s_arready = ~reading;
  assign s_rvalid = reading;
  assign s_rresp = 0;

  localparam WAIT = 0, FETCH = 1, DATA = 2, ADDRESS = 3, WRITE = 4, RAISE = 5;
  reg [2:0] state = WAIT;
  reg [2:0] beat = 0;
  reg [7:0] opcode = 0;
  reg [31:0] number = 0, entry_nonce = 0, waited = 0;
  wire [15:0] index = head & ((16'd1 << log2) - 16'd1);
  wire [15:0] after = head + 16'd1;
  wire pending = enable & (tail != head);

  assign busy = (state != WAIT) | pending;
  assign rq_address = {sq_hi, sq_lo} + {42'd0, index, 6'd0} + (fault_select == 1 ? 64'd4080 : 64'd0)
      + (fault_select == 2 && waited[0] ? 64'd64 : 64'd0);
  assign rq_bytes = 64;
  assign rq_tag = 3;
  assign rq_valid = state == FETCH && !(fault_select == 2 && waited == 0);
  assign rc_ready = state == DATA;
  assign wq_address = {cq_hi, cq_lo} + {44'd0, index, 4'd0};
  assign wq_bytes = fault_select == 3 ? 13'd64 : 13'd16;
  assign wq_valid = state == ADDRESS;
  wire [15:0] status = opcode == 0 ? 16'd0 : 16'd1;
  assign wd_data = {status[14:0], phase, after, 32'd0, nonce, number};
  assign wd_last = 1;
  assign wd_valid = state == WRITE;
  assign mw_address = 48'hffff_ffff_fff8;
  assign mw_data = 0;
  assign mw_valid = fault_select == 5 && state == FETCH;
  assign irq_vector = 0;
  assign irq_valid = state == RAISE;

  always @(posedge clock) begin
    waited <= state == FETCH ? waited + 1 : 0;
    answered <= takes | (answered & ~s_bready);
    if (takes) case (s_awaddr)
      16'h014: if (nonce == 0) nonce <= s_wdata;
      16'h01c: if (s_wdata[0]) begin nonce <= 0; enable <= 0; end
      16'h1000: sq_lo <= s_wdata;
      16'h1004: sq_hi <= s_wdata;
      16'h1008: cq_lo <= s_wdata;
      16'h100c: cq_hi <= s_wdata;
      16'h1010: log2 <= s_wdata;
      16'h1014: begin
        enable <= s_wdata[0];
        if (~enable) begin tail <= 0; head <= 0; phase <= 1; arm <= 0; end
      end
      16'h1018: tail <= s_wdata[15:0];
      16'h1024: arm <= s_wdata[0];
      default: ;
    endcase
    reading <= (s_arvalid & ~reading) | (reading & ~s_rready);
    if (s_arvalid & ~reading) case (s_araddr)
      16'h000: s_rdata <= 32'h4d56544d;
      16'h004: s_rdata <= 32'h20000;
      16'h014: s_rdata <= nonce;
      16'h018: s_rdata <= 1;
      16'h040, 16'h044, 16'h048, 16'h04c, 16'h050, 16'h054, 16'h058, 16'h05c, 16'h074, 16'h078: s_rdata <= 1;
      16'h060: s_rdata <= 4096;
      16'h068, 16'h06c: s_rdata <= 1;
      16'h070: s_rdata <= 1024;
      16'h080: s_rdata <= 100000;
      16'h084, 16'h088: s_rdata <= 64;
      16'h090: s_rdata <= 1 << 20;
      16'h1014, 16'h1020: s_rdata <= {31'd0, enable};
      default: s_rdata <= 0;
    endcase
    case (state)
      WAIT: if (pending) state <= FETCH;
      FETCH: if (rq_valid & rq_ready) begin state <= DATA; beat <= 0; end
      DATA: if (rc_valid) begin
        beat <= beat + 1;
        if (beat == 0) begin opcode <= rc_data[7:0]; number <= rc_data[63:32]; end
        if (rc_last) state <= ADDRESS;
      end
      ADDRESS: if (wq_ready) state <= WRITE;
      WRITE: if (wd_ready) begin
        head <= after;
        if ((after & ((16'd1 << log2) - 16'd1)) == 0) phase <= ~phase;
        state <= arm & (after == tail) ? RAISE : WAIT;
      end
      RAISE: if (irq_ready) begin arm <= 0; state <= WAIT; end
      default: state <= WAIT;
    endcase
    if (flr) begin nonce <= 0; enable <= 0; state <= WAIT; end
  end
endmodule
