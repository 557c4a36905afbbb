module metisvm_card(clock,flr,s_awaddr,s_awvalid,s_awready,s_wdata,s_wstrb,s_wvalid,s_wready,s_bresp,s_bvalid,s_bready,s_araddr,s_arvalid,s_arready,s_rdata,s_rresp,s_rvalid,s_rready,rq_address,rq_bytes,rq_tag,rq_valid,rq_ready,rc_data,rc_tag,rc_last,rc_error,rc_valid,rc_ready,wq_address,wq_bytes,wq_valid,wq_ready,wd_data,wd_last,wd_valid,wd_ready,mw_address,mw_data,mw_valid,mw_ready,irq_vector,irq_valid,irq_ready,busy);

    // Module arguments
    input wire  clock;
    input wire  flr;
    input wire  [15:0] s_awaddr;
    input wire  s_awvalid;
    output reg  s_awready;
    input wire  [31:0] s_wdata;
    input wire  [3:0] s_wstrb;
    input wire  s_wvalid;
    output reg  s_wready;
    output reg  [1:0] s_bresp;
    output reg  s_bvalid;
    input wire  s_bready;
    input wire  [15:0] s_araddr;
    input wire  s_arvalid;
    output reg  s_arready;
    output reg  [31:0] s_rdata;
    output reg  [1:0] s_rresp;
    output reg  s_rvalid;
    input wire  s_rready;
    output reg  [63:0] rq_address;
    output reg  [12:0] rq_bytes;
    output reg  [4:0] rq_tag;
    output reg  rq_valid;
    input wire  rq_ready;
    input wire  [127:0] rc_data;
    input wire  [4:0] rc_tag;
    input wire  rc_last;
    input wire  rc_error;
    input wire  rc_valid;
    output reg  rc_ready;
    output reg  [63:0] wq_address;
    output reg  [12:0] wq_bytes;
    output reg  wq_valid;
    input wire  wq_ready;
    output reg  [127:0] wd_data;
    output reg  wd_last;
    output reg  wd_valid;
    input wire  wd_ready;
    output reg  [47:0] mw_address;
    output reg  [63:0] mw_data;
    output reg  mw_valid;
    input wire  mw_ready;
    output reg  [5:0] irq_vector;
    output reg  irq_valid;
    input wire  irq_ready;
    output reg  busy;

    // Constant declarations
    localparam  queues = 7'b1000;
    localparam  max_log2 = 32'ha;
    localparam  max_handles = 32'h40;
    localparam  card_bytes = 64'h100000;
    localparam  max_messages = 32'h10000;
    localparam  max_bytes = 32'h1000000;
    localparam  timeout = 32'h7270e0;
    localparam  short_timeout = 32'h1c9c3;

    // Stub signals
    reg  registers$clock;
    reg  [15:0] registers$s_awaddr;
    reg  registers$s_awvalid;
    wire  registers$s_awready;
    reg  [31:0] registers$s_wdata;
    reg  [3:0] registers$s_wstrb;
    reg  registers$s_wvalid;
    wire  registers$s_wready;
    wire  [1:0] registers$s_bresp;
    wire  registers$s_bvalid;
    reg  registers$s_bready;
    reg  [15:0] registers$s_araddr;
    reg  registers$s_arvalid;
    wire  registers$s_arready;
    wire  [31:0] registers$s_rdata;
    wire  [1:0] registers$s_rresp;
    wire  registers$s_rvalid;
    reg  registers$s_rready;
    reg  [6:0] registers$queues;
    reg  [1:0] registers$status;
    reg  registers$clear;
    wire  registers$reset;
    wire  [31:0] registers$boot_nonce;
    wire  [5:0] registers$constant_address;
    reg  [31:0] registers$constant_data;
    wire  [5:0] registers$counter_address;
    reg  [31:0] registers$counter_data;
    reg  registers$cfg_use;
    reg  [9:0] registers$cfg_address;
    wire  [31:0] registers$cfg_data;
    reg  [5:0] registers$sel;
    wire  registers$sel_pending;
    wire  registers$sel_enabled;
    wire  registers$sel_fresh;
    wire  registers$sel_running;
    wire  registers$sel_armed;
    reg  registers$take;
    reg  registers$again;
    reg  registers$set_state;
    reg  [1:0] registers$new_state;
    reg  registers$disarm;
    wire  registers$active;
    reg  queue$clock;
    reg  queue$stop;
    wire  queue$idle;
    reg  [6:0] queue$queues;
    reg  [31:0] queue$max_log2;
    reg  [31:0] queue$boot_nonce;
    wire  queue$cfg_use;
    wire  [9:0] queue$cfg_address;
    reg  [31:0] queue$cfg_data;
    wire  [5:0] queue$sel;
    reg  queue$sel_pending;
    reg  queue$sel_enabled;
    reg  queue$sel_fresh;
    reg  queue$sel_running;
    reg  queue$sel_armed;
    wire  queue$take;
    wire  queue$again;
    wire  queue$set_state;
    wire  [1:0] queue$new_state;
    wire  queue$disarm;
    wire  queue$cmd_valid;
    reg  queue$cmd_ready;
    wire  [63:0] queue$cmd_address;
    wire  [48:0] queue$cmd_length;
    wire  queue$abort;
    reg  queue$drained;
    reg  queue$in_valid;
    wire  queue$in_ready;
    reg  [63:0] queue$in_data;
    reg  queue$in_end;
    reg  queue$in_error;
    wire  [63:0] queue$entry$0;
    wire  [63:0] queue$entry$1;
    wire  [63:0] queue$entry$2;
    wire  [63:0] queue$entry$3;
    wire  [63:0] queue$entry$4;
    wire  [63:0] queue$entry$5;
    wire  [63:0] queue$entry$6;
    wire  [63:0] queue$entry$7;
    wire  queue$start;
    wire  queue$cancelled;
    wire  queue$found;
    reg  queue$done;
    reg  [14:0] queue$status;
    reg  [31:0] queue$detail;
    wire  queue$write_start;
    wire  [63:0] queue$write_address;
    wire  queue$write_push;
    wire  [63:0] queue$write_data;
    wire  queue$write_flush;
    reg  queue$write_ready;
    reg  queue$write_idle;
    wire  queue$irq_valid;
    reg  queue$irq_ready;
    reg  executor$clock;
    reg  executor$stop;
    reg  executor$clear;
    reg  [31:0] executor$max_handles;
    reg  [63:0] executor$card_bytes;
    reg  [31:0] executor$boot_nonce;
    reg  [63:0] executor$entry$0;
    reg  [63:0] executor$entry$1;
    reg  [63:0] executor$entry$2;
    reg  [63:0] executor$entry$3;
    reg  [63:0] executor$entry$4;
    reg  [63:0] executor$entry$5;
    reg  [63:0] executor$entry$6;
    reg  [63:0] executor$entry$7;
    reg  executor$start;
    reg  executor$cancelled;
    reg  executor$found;
    wire  executor$done;
    wire  [14:0] executor$status;
    wire  [31:0] executor$detail;
    wire  executor$cmd_valid;
    reg  executor$cmd_ready;
    wire  executor$abort;
    reg  executor$drained;
    reg  executor$in_valid;
    wire  executor$in_ready;
    reg  [63:0] executor$in_data;
    reg  executor$in_end;
    reg  executor$in_error;
    wire  [47:0] executor$mw_address;
    wire  [63:0] executor$mw_data;
    wire  executor$mw_valid;
    reg  executor$mw_ready;
    reg  executor$has_keccak;
    wire  executor$keccak_start;
    reg  executor$keccak_done;
    reg  [14:0] executor$keccak_status;
    reg  [31:0] executor$keccak_detail;
    reg  executor$has_tensor;
    wire  executor$run_start;
    reg  executor$run_done;
    reg  [14:0] executor$run_status;
    reg  [31:0] executor$run_detail;
    reg  [5:0] executor$run_handle;
    reg  executor$run_search;
    wire  executor$run_present;
    wire  executor$run_is_state;
    wire  [47:0] executor$run_piece;
    wire  [48:0] executor$run_upto;
    wire  executor$run_range_ok;
    wire  executor$run_searched;
    wire  executor$run_meets;
    reg  fetcher$clock;
    reg  fetcher$abort;
    reg  fetcher$cmd_valid;
    wire  fetcher$cmd_ready;
    reg  [63:0] fetcher$cmd_address;
    reg  [48:0] fetcher$cmd_length;
    reg  [1:0] fetcher$cmd_kind;
    wire  fetcher$req_valid;
    reg  fetcher$req_ready;
    wire  [63:0] fetcher$req_address;
    wire  [9:0] fetcher$req_bytes;
    wire  [1:0] fetcher$req_kind;
    wire  fetcher$req_last;
    wire  fetcher$idle;
    reg  reader$clock;
    reg  reader$clear;
    reg  [31:0] reader$timeout;
    reg  reader$req_valid;
    wire  reader$req_ready;
    reg  [63:0] reader$req_address;
    reg  [9:0] reader$req_bytes;
    reg  [1:0] reader$req_kind;
    reg  reader$req_last;
    wire  [63:0] reader$rq_address;
    wire  [12:0] reader$rq_bytes;
    wire  [4:0] reader$rq_tag;
    wire  reader$rq_valid;
    reg  reader$rq_ready;
    reg  [127:0] reader$rc_data;
    reg  [4:0] reader$rc_tag;
    reg  reader$rc_last;
    reg  reader$rc_error;
    reg  reader$rc_valid;
    wire  reader$rc_ready;
    wire  [127:0] reader$out_data;
    wire  [5:0] reader$out_bytes;
    wire  [1:0] reader$out_kind;
    wire  reader$out_end;
    wire  reader$out_error;
    wire  reader$out_valid;
    reg  reader$out_ready;
    wire  reader$empty;
    wire  reader$quiet;
    wire  reader$waits;
    wire  reader$dead;
    reg  words$clock;
    reg  words$clear;
    reg  [127:0] words$in_data;
    reg  [5:0] words$in_bytes;
    reg  [1:0] words$in_kind;
    reg  words$in_end;
    reg  words$in_error;
    reg  words$in_valid;
    wire  words$in_ready;
    wire  [63:0] words$out_data;
    wire  [3:0] words$out_bytes;
    wire  [1:0] words$out_kind;
    wire  words$out_end;
    wire  words$out_error;
    wire  words$out_valid;
    reg  words$out_ready;
    reg  writer$clock;
    reg  writer$start;
    reg  [63:0] writer$start_address;
    reg  writer$push;
    reg  [63:0] writer$data;
    reg  writer$flush;
    wire  writer$ready;
    wire  writer$idle;
    wire  [63:0] writer$wq_address;
    wire  [12:0] writer$wq_bytes;
    wire  writer$wq_valid;
    reg  writer$wq_ready;
    wire  [127:0] writer$wd_data;
    wire  writer$wd_last;
    wire  writer$wd_valid;
    reg  writer$wd_ready;
    reg  keccak$clock;
    reg  keccak$stop;
    reg  [31:0] keccak$max_messages;
    reg  [31:0] keccak$max_bytes;
    reg  [63:0] keccak$entry$0;
    reg  [63:0] keccak$entry$1;
    reg  [63:0] keccak$entry$2;
    reg  [63:0] keccak$entry$3;
    reg  [63:0] keccak$entry$4;
    reg  [63:0] keccak$entry$5;
    reg  [63:0] keccak$entry$6;
    reg  [63:0] keccak$entry$7;
    reg  keccak$start;
    wire  keccak$done;
    wire  [14:0] keccak$status;
    wire  [31:0] keccak$detail;
    wire  keccak$working;
    wire  keccak$cmd_valid;
    reg  keccak$cmd_ready;
    wire  [63:0] keccak$cmd_address;
    wire  [48:0] keccak$cmd_length;
    wire  [1:0] keccak$cmd_kind;
    wire  keccak$abort;
    reg  keccak$drained;
    reg  keccak$in_valid;
    wire  keccak$in_ready;
    reg  [127:0] keccak$in_data;
    reg  [5:0] keccak$in_bytes;
    reg  [1:0] keccak$in_kind;
    reg  keccak$in_end;
    reg  keccak$in_error;
    wire  keccak$engine_clear;
    wire  [127:0] keccak$engine_data;
    wire  [5:0] keccak$engine_bytes;
    wire  keccak$engine_last;
    wire  keccak$engine_valid;
    reg  keccak$engine_ready;
    reg  [63:0] keccak$digest_data;
    reg  keccak$digest_valid;
    wire  keccak$digest_ready;
    wire  keccak$write_start;
    wire  [63:0] keccak$write_address;
    wire  keccak$write_push;
    wire  [63:0] keccak$write_data;
    wire  keccak$write_flush;
    reg  keccak$write_ready;
    reg  keccak$write_idle;
    reg  cores$clock;
    reg  cores$clear;
    reg  [127:0] cores$in_data;
    reg  [5:0] cores$in_bytes;
    reg  cores$in_end;
    reg  cores$in_valid;
    wire  cores$in_ready;
    wire  [63:0] cores$out_data;
    wire  cores$out_last;
    wire  cores$out_valid;
    reg  cores$out_ready;
    wire  [4:0] cores$busy;
    wire  cores$has_word;
    reg  counters$clock;
    reg  [9:0] counters$by$0;
    reg  [9:0] counters$by$1;
    reg  [9:0] counters$by$2;
    reg  [9:0] counters$by$3;
    reg  [9:0] counters$by$4;
    reg  [9:0] counters$by$5;
    reg  [9:0] counters$by$6;
    reg  [9:0] counters$by$7;
    reg  [9:0] counters$by$8;
    reg  [9:0] counters$by$9;
    reg  [9:0] counters$by$10;
    reg  [9:0] counters$by$11;
    reg  [5:0] counters$address;
    wire  [31:0] counters$data;
    reg  [5:0] constants$address;
    reg  constants$clock;
    wire  [31:0] constants$data;
    reg  resetting$d;
    wire  resetting$q;
    reg  resetting$clock;
    reg  [31:0] drain$d;
    wire  [31:0] drain$q;
    reg  drain$clock;
    reg  was_busy$d;
    wire  was_busy$q;
    reg  was_busy$clock;
    reg  clears$d;
    wire  clears$q;
    reg  clears$clock;

    // Local signals
    reg  clear;
    reg  drained;
    reg  is_entry;
    reg  is_for_run;
    reg  is_busy;
    reg  stays_busy;
    reg  is_for_keccak;
    reg  [4:0] cores_busy;
    reg  read_fire;
    reg  read_ready;
    reg  [5:0] read_bytes;

    // Sub module instances
    metisvm_card$registers registers(
        .clock(registers$clock),
        .s_awaddr(registers$s_awaddr),
        .s_awvalid(registers$s_awvalid),
        .s_awready(registers$s_awready),
        .s_wdata(registers$s_wdata),
        .s_wstrb(registers$s_wstrb),
        .s_wvalid(registers$s_wvalid),
        .s_wready(registers$s_wready),
        .s_bresp(registers$s_bresp),
        .s_bvalid(registers$s_bvalid),
        .s_bready(registers$s_bready),
        .s_araddr(registers$s_araddr),
        .s_arvalid(registers$s_arvalid),
        .s_arready(registers$s_arready),
        .s_rdata(registers$s_rdata),
        .s_rresp(registers$s_rresp),
        .s_rvalid(registers$s_rvalid),
        .s_rready(registers$s_rready),
        .queues(registers$queues),
        .status(registers$status),
        .clear(registers$clear),
        .reset(registers$reset),
        .boot_nonce(registers$boot_nonce),
        .constant_address(registers$constant_address),
        .constant_data(registers$constant_data),
        .counter_address(registers$counter_address),
        .counter_data(registers$counter_data),
        .cfg_use(registers$cfg_use),
        .cfg_address(registers$cfg_address),
        .cfg_data(registers$cfg_data),
        .sel(registers$sel),
        .sel_pending(registers$sel_pending),
        .sel_enabled(registers$sel_enabled),
        .sel_fresh(registers$sel_fresh),
        .sel_running(registers$sel_running),
        .sel_armed(registers$sel_armed),
        .take(registers$take),
        .again(registers$again),
        .set_state(registers$set_state),
        .new_state(registers$new_state),
        .disarm(registers$disarm),
        .active(registers$active)
    );
    metisvm_card$queue queue(
        .clock(queue$clock),
        .stop(queue$stop),
        .idle(queue$idle),
        .queues(queue$queues),
        .max_log2(queue$max_log2),
        .boot_nonce(queue$boot_nonce),
        .cfg_use(queue$cfg_use),
        .cfg_address(queue$cfg_address),
        .cfg_data(queue$cfg_data),
        .sel(queue$sel),
        .sel_pending(queue$sel_pending),
        .sel_enabled(queue$sel_enabled),
        .sel_fresh(queue$sel_fresh),
        .sel_running(queue$sel_running),
        .sel_armed(queue$sel_armed),
        .take(queue$take),
        .again(queue$again),
        .set_state(queue$set_state),
        .new_state(queue$new_state),
        .disarm(queue$disarm),
        .cmd_valid(queue$cmd_valid),
        .cmd_ready(queue$cmd_ready),
        .cmd_address(queue$cmd_address),
        .cmd_length(queue$cmd_length),
        .abort(queue$abort),
        .drained(queue$drained),
        .in_valid(queue$in_valid),
        .in_ready(queue$in_ready),
        .in_data(queue$in_data),
        .in_end(queue$in_end),
        .in_error(queue$in_error),
        .entry$0(queue$entry$0),
        .entry$1(queue$entry$1),
        .entry$2(queue$entry$2),
        .entry$3(queue$entry$3),
        .entry$4(queue$entry$4),
        .entry$5(queue$entry$5),
        .entry$6(queue$entry$6),
        .entry$7(queue$entry$7),
        .start(queue$start),
        .cancelled(queue$cancelled),
        .found(queue$found),
        .done(queue$done),
        .status(queue$status),
        .detail(queue$detail),
        .write_start(queue$write_start),
        .write_address(queue$write_address),
        .write_push(queue$write_push),
        .write_data(queue$write_data),
        .write_flush(queue$write_flush),
        .write_ready(queue$write_ready),
        .write_idle(queue$write_idle),
        .irq_valid(queue$irq_valid),
        .irq_ready(queue$irq_ready)
    );
    metisvm_card$executor executor(
        .clock(executor$clock),
        .stop(executor$stop),
        .clear(executor$clear),
        .max_handles(executor$max_handles),
        .card_bytes(executor$card_bytes),
        .boot_nonce(executor$boot_nonce),
        .entry$0(executor$entry$0),
        .entry$1(executor$entry$1),
        .entry$2(executor$entry$2),
        .entry$3(executor$entry$3),
        .entry$4(executor$entry$4),
        .entry$5(executor$entry$5),
        .entry$6(executor$entry$6),
        .entry$7(executor$entry$7),
        .start(executor$start),
        .cancelled(executor$cancelled),
        .found(executor$found),
        .done(executor$done),
        .status(executor$status),
        .detail(executor$detail),
        .cmd_valid(executor$cmd_valid),
        .cmd_ready(executor$cmd_ready),
        .abort(executor$abort),
        .drained(executor$drained),
        .in_valid(executor$in_valid),
        .in_ready(executor$in_ready),
        .in_data(executor$in_data),
        .in_end(executor$in_end),
        .in_error(executor$in_error),
        .mw_address(executor$mw_address),
        .mw_data(executor$mw_data),
        .mw_valid(executor$mw_valid),
        .mw_ready(executor$mw_ready),
        .has_keccak(executor$has_keccak),
        .keccak_start(executor$keccak_start),
        .keccak_done(executor$keccak_done),
        .keccak_status(executor$keccak_status),
        .keccak_detail(executor$keccak_detail),
        .has_tensor(executor$has_tensor),
        .run_start(executor$run_start),
        .run_done(executor$run_done),
        .run_status(executor$run_status),
        .run_detail(executor$run_detail),
        .run_handle(executor$run_handle),
        .run_search(executor$run_search),
        .run_present(executor$run_present),
        .run_is_state(executor$run_is_state),
        .run_piece(executor$run_piece),
        .run_upto(executor$run_upto),
        .run_range_ok(executor$run_range_ok),
        .run_searched(executor$run_searched),
        .run_meets(executor$run_meets)
    );
    metisvm_card$fetcher fetcher(
        .clock(fetcher$clock),
        .abort(fetcher$abort),
        .cmd_valid(fetcher$cmd_valid),
        .cmd_ready(fetcher$cmd_ready),
        .cmd_address(fetcher$cmd_address),
        .cmd_length(fetcher$cmd_length),
        .cmd_kind(fetcher$cmd_kind),
        .req_valid(fetcher$req_valid),
        .req_ready(fetcher$req_ready),
        .req_address(fetcher$req_address),
        .req_bytes(fetcher$req_bytes),
        .req_kind(fetcher$req_kind),
        .req_last(fetcher$req_last),
        .idle(fetcher$idle)
    );
    metisvm_card$reader reader(
        .clock(reader$clock),
        .clear(reader$clear),
        .timeout(reader$timeout),
        .req_valid(reader$req_valid),
        .req_ready(reader$req_ready),
        .req_address(reader$req_address),
        .req_bytes(reader$req_bytes),
        .req_kind(reader$req_kind),
        .req_last(reader$req_last),
        .rq_address(reader$rq_address),
        .rq_bytes(reader$rq_bytes),
        .rq_tag(reader$rq_tag),
        .rq_valid(reader$rq_valid),
        .rq_ready(reader$rq_ready),
        .rc_data(reader$rc_data),
        .rc_tag(reader$rc_tag),
        .rc_last(reader$rc_last),
        .rc_error(reader$rc_error),
        .rc_valid(reader$rc_valid),
        .rc_ready(reader$rc_ready),
        .out_data(reader$out_data),
        .out_bytes(reader$out_bytes),
        .out_kind(reader$out_kind),
        .out_end(reader$out_end),
        .out_error(reader$out_error),
        .out_valid(reader$out_valid),
        .out_ready(reader$out_ready),
        .empty(reader$empty),
        .quiet(reader$quiet),
        .waits(reader$waits),
        .dead(reader$dead)
    );
    metisvm_card$cores$lanes$0$words words(
        .clock(words$clock),
        .clear(words$clear),
        .in_data(words$in_data),
        .in_bytes(words$in_bytes),
        .in_kind(words$in_kind),
        .in_end(words$in_end),
        .in_error(words$in_error),
        .in_valid(words$in_valid),
        .in_ready(words$in_ready),
        .out_data(words$out_data),
        .out_bytes(words$out_bytes),
        .out_kind(words$out_kind),
        .out_end(words$out_end),
        .out_error(words$out_error),
        .out_valid(words$out_valid),
        .out_ready(words$out_ready)
    );
    metisvm_card$writer writer(
        .clock(writer$clock),
        .start(writer$start),
        .start_address(writer$start_address),
        .push(writer$push),
        .data(writer$data),
        .flush(writer$flush),
        .ready(writer$ready),
        .idle(writer$idle),
        .wq_address(writer$wq_address),
        .wq_bytes(writer$wq_bytes),
        .wq_valid(writer$wq_valid),
        .wq_ready(writer$wq_ready),
        .wd_data(writer$wd_data),
        .wd_last(writer$wd_last),
        .wd_valid(writer$wd_valid),
        .wd_ready(writer$wd_ready)
    );
    metisvm_card$keccak keccak(
        .clock(keccak$clock),
        .stop(keccak$stop),
        .max_messages(keccak$max_messages),
        .max_bytes(keccak$max_bytes),
        .entry$0(keccak$entry$0),
        .entry$1(keccak$entry$1),
        .entry$2(keccak$entry$2),
        .entry$3(keccak$entry$3),
        .entry$4(keccak$entry$4),
        .entry$5(keccak$entry$5),
        .entry$6(keccak$entry$6),
        .entry$7(keccak$entry$7),
        .start(keccak$start),
        .done(keccak$done),
        .status(keccak$status),
        .detail(keccak$detail),
        .working(keccak$working),
        .cmd_valid(keccak$cmd_valid),
        .cmd_ready(keccak$cmd_ready),
        .cmd_address(keccak$cmd_address),
        .cmd_length(keccak$cmd_length),
        .cmd_kind(keccak$cmd_kind),
        .abort(keccak$abort),
        .drained(keccak$drained),
        .in_valid(keccak$in_valid),
        .in_ready(keccak$in_ready),
        .in_data(keccak$in_data),
        .in_bytes(keccak$in_bytes),
        .in_kind(keccak$in_kind),
        .in_end(keccak$in_end),
        .in_error(keccak$in_error),
        .engine_clear(keccak$engine_clear),
        .engine_data(keccak$engine_data),
        .engine_bytes(keccak$engine_bytes),
        .engine_last(keccak$engine_last),
        .engine_valid(keccak$engine_valid),
        .engine_ready(keccak$engine_ready),
        .digest_data(keccak$digest_data),
        .digest_valid(keccak$digest_valid),
        .digest_ready(keccak$digest_ready),
        .write_start(keccak$write_start),
        .write_address(keccak$write_address),
        .write_push(keccak$write_push),
        .write_data(keccak$write_data),
        .write_flush(keccak$write_flush),
        .write_ready(keccak$write_ready),
        .write_idle(keccak$write_idle)
    );
    metisvm_card$cores cores(
        .clock(cores$clock),
        .clear(cores$clear),
        .in_data(cores$in_data),
        .in_bytes(cores$in_bytes),
        .in_end(cores$in_end),
        .in_valid(cores$in_valid),
        .in_ready(cores$in_ready),
        .out_data(cores$out_data),
        .out_last(cores$out_last),
        .out_valid(cores$out_valid),
        .out_ready(cores$out_ready),
        .busy(cores$busy),
        .has_word(cores$has_word)
    );
    metisvm_card$counters counters(
        .clock(counters$clock),
        .by$0(counters$by$0),
        .by$1(counters$by$1),
        .by$2(counters$by$2),
        .by$3(counters$by$3),
        .by$4(counters$by$4),
        .by$5(counters$by$5),
        .by$6(counters$by$6),
        .by$7(counters$by$7),
        .by$8(counters$by$8),
        .by$9(counters$by$9),
        .by$10(counters$by$10),
        .by$11(counters$by$11),
        .address(counters$address),
        .data(counters$data)
    );
    metisvm_card$constants constants(
        .address(constants$address),
        .clock(constants$clock),
        .data(constants$data)
    );
    metisvm_card$clears resetting(
        .d(resetting$d),
        .q(resetting$q),
        .clock(resetting$clock)
    );
    metisvm_card$counters$data_reg drain(
        .d(drain$d),
        .q(drain$q),
        .clock(drain$clock)
    );
    metisvm_card$clears was_busy(
        .d(was_busy$d),
        .q(was_busy$q),
        .clock(was_busy$clock)
    );
    metisvm_card$clears clears(
        .d(clears$d),
        .q(clears$q),
        .clock(clears$clock)
    );

    // Update code
    always @(*) begin
        resetting$clock = clock;
        drain$clock = clock;
        clears$clock = clock;
        was_busy$clock = clock;
        resetting$d = resetting$q;
        drain$d = drain$q;
        clears$d = clears$q;
        was_busy$d = was_busy$q;
        registers$clock = clock;
        queue$clock = clock;
        executor$clock = clock;
        fetcher$clock = clock;
        reader$clock = clock;
        writer$clock = clock;
        constants$clock = clock;
        counters$clock = clock;
        words$clock = clock;
        drained = reader$empty && fetcher$idle && ~words$out_valid;
        clear = clears$q;
        clears$d = 1'b0;
        if (resetting$q) begin
            if (queue$idle && writer$idle && drained) begin
                drain$d = drain$q + 32'h1;
                if (~reader$rq_valid && (reader$quiet || (drain$q >= timeout))) begin
                    clears$d = 1'b1;
                end
            end
        end
        else begin
            drain$d = 32'h0;
        end
        if (clears$q) begin
            clears$d = 1'b0;
            resetting$d = 1'b0;
        end
        if (registers$reset || flr) begin
            resetting$d = 1'b1;
        end
        registers$s_awaddr = s_awaddr;
        registers$s_awvalid = s_awvalid;
        s_awready = registers$s_awready;
        registers$s_wdata = s_wdata;
        registers$s_wstrb = s_wstrb;
        registers$s_wvalid = s_wvalid;
        s_wready = registers$s_wready;
        s_bresp = registers$s_bresp;
        s_bvalid = registers$s_bvalid;
        registers$s_bready = s_bready;
        registers$s_araddr = s_araddr;
        registers$s_arvalid = s_arvalid;
        s_arready = registers$s_arready;
        s_rdata = registers$s_rdata;
        s_rresp = registers$s_rresp;
        s_rvalid = registers$s_rvalid;
        registers$s_rready = s_rready;
        registers$queues = queues;
        registers$status = 32'h1;
        if (reader$dead) begin
            registers$status = 32'h3;
        end
        if (resetting$q) begin
            registers$status = 32'h2;
        end
        registers$clear = clear;
        constants$address = registers$constant_address;
        registers$constant_data = constants$data;
        registers$counter_data = counters$data;
        counters$address = registers$counter_address;
        registers$cfg_use = queue$cfg_use;
        registers$cfg_address = queue$cfg_address;
        registers$sel = queue$sel;
        registers$take = queue$take;
        registers$again = queue$again;
        registers$set_state = queue$set_state;
        registers$new_state = queue$new_state;
        registers$disarm = queue$disarm;
        queue$stop = resetting$q;
        queue$queues = queues;
        queue$max_log2 = max_log2;
        queue$boot_nonce = registers$boot_nonce;
        queue$cfg_data = registers$cfg_data;
        queue$sel_pending = registers$sel_pending;
        queue$sel_enabled = registers$sel_enabled;
        queue$sel_fresh = registers$sel_fresh;
        queue$sel_running = registers$sel_running;
        queue$sel_armed = registers$sel_armed;
        queue$done = executor$done;
        queue$status = executor$status;
        queue$detail = executor$detail;
        queue$drained = drained;
        executor$stop = resetting$q;
        executor$clear = clear;
        executor$max_handles = max_handles;
        executor$card_bytes = card_bytes;
        executor$boot_nonce = registers$boot_nonce;
        executor$start = queue$start;
        executor$cancelled = queue$cancelled;
        executor$found = queue$found;
        executor$entry$0 = queue$entry$0;
        executor$entry$1 = queue$entry$1;
        executor$entry$2 = queue$entry$2;
        executor$entry$3 = queue$entry$3;
        executor$entry$4 = queue$entry$4;
        executor$entry$5 = queue$entry$5;
        executor$entry$6 = queue$entry$6;
        executor$entry$7 = queue$entry$7;
        executor$drained = drained;
        executor$has_keccak = 1'b0;
        executor$keccak_done = 1'b0;
        executor$keccak_status = 32'h0;
        executor$keccak_detail = 32'h0;
        executor$has_tensor = 1'b0;
        executor$run_done = 1'b0;
        executor$run_status = 32'h0;
        executor$run_detail = 32'h0;
        executor$run_handle = 32'h0;
        executor$run_search = 1'b0;
        mw_address = executor$mw_address;
        mw_data = executor$mw_data;
        mw_valid = executor$mw_valid;
        executor$mw_ready = mw_ready;
        keccak$clock = clock;
        cores$clock = clock;
        executor$has_keccak = 1'b1;
        executor$keccak_done = keccak$done;
        executor$keccak_status = keccak$status;
        executor$keccak_detail = keccak$detail;
        keccak$stop = resetting$q;
        keccak$max_messages = max_messages;
        keccak$max_bytes = max_bytes;
        keccak$start = executor$keccak_start;
        keccak$entry$0 = queue$entry$0;
        keccak$entry$1 = queue$entry$1;
        keccak$entry$2 = queue$entry$2;
        keccak$entry$3 = queue$entry$3;
        keccak$entry$4 = queue$entry$4;
        keccak$entry$5 = queue$entry$5;
        keccak$entry$6 = queue$entry$6;
        keccak$entry$7 = queue$entry$7;
        keccak$drained = drained;
        cores$clear = keccak$engine_clear;
        cores$in_data = keccak$engine_data;
        cores$in_bytes = keccak$engine_bytes;
        cores$in_end = keccak$engine_last;
        cores$in_valid = keccak$engine_valid;
        keccak$engine_ready = cores$in_ready;
        keccak$digest_data = cores$out_data;
        keccak$digest_valid = cores$out_valid;
        cores$out_ready = keccak$digest_ready;
        is_for_run = 1'b0;
        fetcher$cmd_valid = queue$cmd_valid || executor$cmd_valid;
        fetcher$cmd_address = queue$cmd_address;
        fetcher$cmd_length = queue$cmd_length;
        fetcher$cmd_kind = 32'h0;
        queue$cmd_ready = fetcher$cmd_ready;
        executor$cmd_ready = fetcher$cmd_ready;
        if (executor$cmd_valid) begin
            fetcher$cmd_address = queue$entry$3;
            fetcher$cmd_length = queue$entry$7[(32'h0)+:(49)];
            fetcher$cmd_kind = 32'h1;
        end
        fetcher$abort = queue$abort || executor$abort;
        keccak$cmd_ready = fetcher$cmd_ready;
        if (keccak$cmd_valid) begin
            fetcher$cmd_valid = 1'b1;
            fetcher$cmd_address = keccak$cmd_address;
            fetcher$cmd_length = keccak$cmd_length;
            fetcher$cmd_kind = keccak$cmd_kind;
        end
        if (keccak$abort) begin
            fetcher$abort = 1'b1;
        end
        reader$clear = clear;
        reader$timeout = timeout;
        if (resetting$q) begin
            reader$timeout = short_timeout;
        end
        reader$req_valid = fetcher$req_valid;
        fetcher$req_ready = reader$req_ready;
        reader$req_address = fetcher$req_address;
        reader$req_bytes = fetcher$req_bytes;
        reader$req_kind = fetcher$req_kind;
        reader$req_last = fetcher$req_last;
        rq_address = reader$rq_address;
        rq_bytes = reader$rq_bytes;
        rq_tag = reader$rq_tag;
        rq_valid = reader$rq_valid;
        reader$rq_ready = rq_ready;
        reader$rc_data = rc_data;
        reader$rc_tag = rc_tag;
        reader$rc_last = rc_last;
        reader$rc_error = rc_error;
        reader$rc_valid = rc_valid;
        rc_ready = reader$rc_ready;
        is_for_keccak = reader$out_kind[32'h1];
        words$clear = clear;
        words$in_data = reader$out_data;
        words$in_bytes = reader$out_bytes;
        words$in_kind = reader$out_kind;
        words$in_end = reader$out_end;
        words$in_error = reader$out_error;
        words$in_valid = reader$out_valid && ~is_for_keccak;
        read_ready = words$in_ready;
        keccak$in_valid = reader$out_valid && is_for_keccak;
        keccak$in_data = reader$out_data;
        keccak$in_bytes = reader$out_bytes;
        keccak$in_kind = reader$out_kind;
        keccak$in_end = reader$out_end;
        keccak$in_error = reader$out_error;
        if (is_for_keccak) begin
            read_ready = keccak$in_ready;
        end
        reader$out_ready = read_ready;
        is_entry = words$out_kind == 32'h0;
        queue$in_valid = words$out_valid && is_entry;
        queue$in_data = words$out_data;
        queue$in_end = words$out_end;
        queue$in_error = words$out_error;
        executor$in_valid = words$out_valid && ~is_entry && ~is_for_run;
        executor$in_data = words$out_data;
        executor$in_end = words$out_end;
        executor$in_error = words$out_error;
        words$out_ready = executor$in_ready;
        if (is_entry) begin
            words$out_ready = queue$in_ready;
        end
        writer$start = queue$write_start;
        writer$start_address = queue$write_address;
        writer$push = queue$write_push;
        writer$data = queue$write_data;
        writer$flush = queue$write_flush;
        if (keccak$write_start) begin
            writer$start = 1'b1;
            writer$start_address = keccak$write_address;
        end
        if (keccak$write_push) begin
            writer$push = 1'b1;
            writer$data = keccak$write_data;
        end
        if (keccak$write_flush) begin
            writer$flush = 1'b1;
        end
        keccak$write_ready = writer$ready;
        keccak$write_idle = writer$idle;
        queue$write_ready = writer$ready;
        queue$write_idle = writer$idle;
        wq_address = writer$wq_address;
        wq_bytes = writer$wq_bytes;
        wq_valid = writer$wq_valid;
        writer$wq_ready = wq_ready;
        wd_data = writer$wd_data;
        wd_last = writer$wd_last;
        wd_valid = writer$wd_valid;
        writer$wd_ready = wd_ready;
        irq_vector = queue$sel;
        irq_valid = queue$irq_valid;
        queue$irq_ready = irq_ready;
        is_busy = resetting$q || registers$active || ~queue$idle || ~writer$idle || ~drained || ~reader$quiet;
        was_busy$d = is_busy;
        stays_busy = is_busy || was_busy$q;
        busy = stays_busy;
        counters$by$0 = 32'h0;
        counters$by$1 = 32'h0;
        counters$by$2 = 32'h0;
        counters$by$3 = 32'h0;
        counters$by$4 = 32'h0;
        counters$by$5 = 32'h0;
        counters$by$6 = 32'h0;
        counters$by$7 = 32'h0;
        counters$by$8 = 32'h0;
        counters$by$9 = 32'h0;
        counters$by$10 = 32'h0;
        counters$by$11 = 32'h0;
        if (stays_busy) begin
            counters$by$0 = 32'h1;
        end
        cores_busy = 32'h0;
        cores_busy = cores$busy;
        if (keccak$working && (cores$busy == 32'h0)) begin
            if (cores$has_word) begin
                counters$by$3 = 32'h1;
            end
            else begin
                counters$by$2 = 32'h1;
            end
        end
        if (cores$out_valid && keccak$digest_ready && cores$out_last) begin
            counters$by$6 = 32'h1;
        end
        counters$by$1 = ((cores_busy) & 10'h3ff);
        read_fire = reader$out_valid && ~reader$out_error;
        read_bytes = reader$out_bytes + 32'h7;
        if (read_fire && read_ready) begin
            counters$by$4 = ((read_bytes[(32'h3)+:(3)]) & 10'h3ff);
        end
        if (writer$wq_valid && wq_ready) begin
            counters$by$5 = writer$wq_bytes[(32'h3)+:(10)];
        end
        if (executor$done) begin
            counters$by$7 = 32'h1;
        end
        if (reader$waits) begin
            counters$by$8 = 32'h1;
        end
        if (reader$out_valid && ~read_ready) begin
            counters$by$9 = 32'h1;
        end
        if (fetcher$req_valid && ~reader$req_ready) begin
            counters$by$10 = 32'h1;
        end
        if ((writer$wq_valid && ~wq_ready) || (writer$wd_valid && ~wd_ready)) begin
            counters$by$11 = 32'h1;
        end
    end

endmodule // metisvm_card

module metisvm_card$clears(d,q,clock);

    // Module arguments
    input wire  d;
    output reg  q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 1'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$clears

module metisvm_card$constants(address,clock,data);

    // Module arguments
    input wire  [5:0] address;
    input wire  clock;
    output reg  [31:0] data;

    // Update code (custom)
    reg[31:0] mem [63:0];

    initial begin
    mem[6'b0] = 32'h4d56544d;
    mem[6'b1] = 32'h20000;
    mem[6'b10] = 32'ha;
    mem[6'b11] = 32'h0;
    mem[6'b100] = 32'h1;
    mem[6'b101] = 32'h0;
    mem[6'b110] = 32'h0;
    mem[6'b111] = 32'h0;
    mem[6'b1000] = 32'h0;
    mem[6'b1001] = 32'h0;
    mem[6'b1010] = 32'h0;
    mem[6'b1011] = 32'h0;
    mem[6'b1100] = 32'h0;
    mem[6'b1101] = 32'h0;
    mem[6'b1110] = 32'h0;
    mem[6'b1111] = 32'h0;
    mem[6'b10000] = 32'h4;
    mem[6'b10001] = 32'h4;
    mem[6'b10010] = 32'h4;
    mem[6'b10011] = 32'h40;
    mem[6'b10100] = 32'h40;
    mem[6'b10101] = 32'h40;
    mem[6'b10110] = 32'h40;
    mem[6'b10111] = 32'h2;
    mem[6'b11000] = 32'h100000;
    mem[6'b11001] = 32'h0;
    mem[6'b11010] = 32'h40;
    mem[6'b11011] = 32'h8;
    mem[6'b11100] = 32'h400;
    mem[6'b11101] = 32'h10000;
    mem[6'b11110] = 32'h1000;
    mem[6'b11111] = 32'h10000;
    mem[6'b100000] = 32'h1e848;
    mem[6'b100001] = 32'h1000000;
    mem[6'b100010] = 32'h1000000;
    mem[6'b100011] = 32'h1000000;
    mem[6'b100100] = 32'h40000000;
    mem[6'b100101] = 32'h0;
    mem[6'b100110] = 32'h0;
    mem[6'b100111] = 32'h0;
    mem[6'b101000] = 32'h0;
    mem[6'b101001] = 32'h0;
    mem[6'b101010] = 32'h0;
    mem[6'b101011] = 32'h0;
    mem[6'b101100] = 32'h0;
    mem[6'b101101] = 32'h0;
    mem[6'b101110] = 32'h0;
    mem[6'b101111] = 32'h0;
    mem[6'b110000] = 32'h0;
    mem[6'b110001] = 32'h0;
    mem[6'b110010] = 32'h0;
    mem[6'b110011] = 32'h0;
    mem[6'b110100] = 32'h0;
    mem[6'b110101] = 32'h0;
    mem[6'b110110] = 32'h0;
    mem[6'b110111] = 32'h0;
    mem[6'b111000] = 32'h0;
    mem[6'b111001] = 32'h0;
    mem[6'b111010] = 32'h0;
    mem[6'b111011] = 32'h0;
    mem[6'b111100] = 32'h0;
    mem[6'b111101] = 32'h0;
    mem[6'b111110] = 32'h0;
    mem[6'b111111] = 32'h0;
    end

    always @(posedge clock) begin
       data <= mem[address];
    end
endmodule // metisvm_card$constants

module metisvm_card$cores(clock,clear,in_data,in_bytes,in_end,in_valid,in_ready,out_data,out_last,out_valid,out_ready,busy,has_word);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [127:0] in_data;
    input wire  [5:0] in_bytes;
    input wire  in_end;
    input wire  in_valid;
    output reg  in_ready;
    output reg  [63:0] out_data;
    output reg  out_last;
    output reg  out_valid;
    input wire  out_ready;
    output reg  [4:0] busy;
    output reg  has_word;

    // Constant declarations
    localparam  last_core = 4'h3;
    localparam  no_word = 64'h0;
    localparam  full_load = 10'b1111111111;
    localparam  last_flag = 65'h10000000000000000;

    // Stub signals
    reg  lanes$0$clock;
    reg  lanes$0$clear;
    reg  [127:0] lanes$0$in_data;
    reg  [5:0] lanes$0$in_bytes;
    reg  lanes$0$in_end;
    reg  lanes$0$in_valid;
    wire  lanes$0$in_ready;
    wire  [63:0] lanes$0$out_data;
    wire  lanes$0$out_last;
    wire  lanes$0$out_valid;
    reg  lanes$0$out_ready;
    wire  lanes$0$busy;
    wire  lanes$0$has_word;
    wire  [9:0] lanes$0$load;
    reg  lanes$1$clock;
    reg  lanes$1$clear;
    reg  [127:0] lanes$1$in_data;
    reg  [5:0] lanes$1$in_bytes;
    reg  lanes$1$in_end;
    reg  lanes$1$in_valid;
    wire  lanes$1$in_ready;
    wire  [63:0] lanes$1$out_data;
    wire  lanes$1$out_last;
    wire  lanes$1$out_valid;
    reg  lanes$1$out_ready;
    wire  lanes$1$busy;
    wire  lanes$1$has_word;
    wire  [9:0] lanes$1$load;
    reg  lanes$2$clock;
    reg  lanes$2$clear;
    reg  [127:0] lanes$2$in_data;
    reg  [5:0] lanes$2$in_bytes;
    reg  lanes$2$in_end;
    reg  lanes$2$in_valid;
    wire  lanes$2$in_ready;
    wire  [63:0] lanes$2$out_data;
    wire  lanes$2$out_last;
    wire  lanes$2$out_valid;
    reg  lanes$2$out_ready;
    wire  lanes$2$busy;
    wire  lanes$2$has_word;
    wire  [9:0] lanes$2$load;
    reg  lanes$3$clock;
    reg  lanes$3$clear;
    reg  [127:0] lanes$3$in_data;
    reg  [5:0] lanes$3$in_bytes;
    reg  lanes$3$in_end;
    reg  lanes$3$in_valid;
    wire  lanes$3$in_ready;
    wire  [63:0] lanes$3$out_data;
    wire  lanes$3$out_last;
    wire  lanes$3$out_valid;
    reg  lanes$3$out_ready;
    wire  lanes$3$busy;
    wire  lanes$3$has_word;
    wire  [9:0] lanes$3$load;
    reg  order$clock;
    reg  order$clear;
    reg  [3:0] order$data;
    reg  order$push;
    wire  order$full;
    wire  [3:0] order$first;
    wire  order$valid;
    reg  order$pop;
    wire  [8:0] order$fill;
    reg  digests$clock;
    reg  digests$clear;
    reg  [64:0] digests$in_data;
    reg  digests$in_valid;
    wire  digests$in_ready;
    wire  [64:0] digests$out_data;
    wire  digests$out_valid;
    reg  digests$out_ready;
    reg  [3:0] target$d;
    wire  [3:0] target$q;
    reg  target$clock;
    reg  begun$d;
    wire  begun$q;
    reg  begun$clock;
    reg  [3:0] best$d;
    wire  [3:0] best$q;
    reg  best$clock;
    reg  [3:0] scan$d;
    wire  [3:0] scan$q;
    reg  scan$clock;
    reg  [9:0] best_load$d;
    wire  [9:0] best_load$q;
    reg  best_load$clock;
    reg  [9:0] scan_load$d;
    wire  [9:0] scan_load$q;
    reg  scan_load$clock;
    reg  [3:0] scanned$d;
    wire  [3:0] scanned$q;
    reg  scanned$clock;

    // Local signals
    reg  target_ready;
    reg  ready;
    reg  first_beat;
    reg  fire;
    reg  ends_message;
    reg  out_fire;
    reg  [63:0] word;
    reg  word_valid;
    reg  word_last;
    reg  [4:0] count;
    reg  some_word;
    reg  [9:0] load_of_best;
    reg  [9:0] load_of_scan;
    reg  [64:0] entry;

    // Sub module instances
    metisvm_card$cores$lanes$0 lanes$0(
        .clock(lanes$0$clock),
        .clear(lanes$0$clear),
        .in_data(lanes$0$in_data),
        .in_bytes(lanes$0$in_bytes),
        .in_end(lanes$0$in_end),
        .in_valid(lanes$0$in_valid),
        .in_ready(lanes$0$in_ready),
        .out_data(lanes$0$out_data),
        .out_last(lanes$0$out_last),
        .out_valid(lanes$0$out_valid),
        .out_ready(lanes$0$out_ready),
        .busy(lanes$0$busy),
        .has_word(lanes$0$has_word),
        .load(lanes$0$load)
    );
    metisvm_card$cores$lanes$0 lanes$1(
        .clock(lanes$1$clock),
        .clear(lanes$1$clear),
        .in_data(lanes$1$in_data),
        .in_bytes(lanes$1$in_bytes),
        .in_end(lanes$1$in_end),
        .in_valid(lanes$1$in_valid),
        .in_ready(lanes$1$in_ready),
        .out_data(lanes$1$out_data),
        .out_last(lanes$1$out_last),
        .out_valid(lanes$1$out_valid),
        .out_ready(lanes$1$out_ready),
        .busy(lanes$1$busy),
        .has_word(lanes$1$has_word),
        .load(lanes$1$load)
    );
    metisvm_card$cores$lanes$0 lanes$2(
        .clock(lanes$2$clock),
        .clear(lanes$2$clear),
        .in_data(lanes$2$in_data),
        .in_bytes(lanes$2$in_bytes),
        .in_end(lanes$2$in_end),
        .in_valid(lanes$2$in_valid),
        .in_ready(lanes$2$in_ready),
        .out_data(lanes$2$out_data),
        .out_last(lanes$2$out_last),
        .out_valid(lanes$2$out_valid),
        .out_ready(lanes$2$out_ready),
        .busy(lanes$2$busy),
        .has_word(lanes$2$has_word),
        .load(lanes$2$load)
    );
    metisvm_card$cores$lanes$0 lanes$3(
        .clock(lanes$3$clock),
        .clear(lanes$3$clear),
        .in_data(lanes$3$in_data),
        .in_bytes(lanes$3$in_bytes),
        .in_end(lanes$3$in_end),
        .in_valid(lanes$3$in_valid),
        .in_ready(lanes$3$in_ready),
        .out_data(lanes$3$out_data),
        .out_last(lanes$3$out_last),
        .out_valid(lanes$3$out_valid),
        .out_ready(lanes$3$out_ready),
        .busy(lanes$3$busy),
        .has_word(lanes$3$has_word),
        .load(lanes$3$load)
    );
    metisvm_card$cores$order order(
        .clock(order$clock),
        .clear(order$clear),
        .data(order$data),
        .push(order$push),
        .full(order$full),
        .first(order$first),
        .valid(order$valid),
        .pop(order$pop),
        .fill(order$fill)
    );
    metisvm_card$cores$digests digests(
        .clock(digests$clock),
        .clear(digests$clear),
        .in_data(digests$in_data),
        .in_valid(digests$in_valid),
        .in_ready(digests$in_ready),
        .out_data(digests$out_data),
        .out_valid(digests$out_valid),
        .out_ready(digests$out_ready)
    );
    metisvm_card$cores$best target(
        .d(target$d),
        .q(target$q),
        .clock(target$clock)
    );
    metisvm_card$clears begun(
        .d(begun$d),
        .q(begun$q),
        .clock(begun$clock)
    );
    metisvm_card$cores$best best(
        .d(best$d),
        .q(best$q),
        .clock(best$clock)
    );
    metisvm_card$cores$best scan(
        .d(scan$d),
        .q(scan$q),
        .clock(scan$clock)
    );
    metisvm_card$cores$best_load best_load(
        .d(best_load$d),
        .q(best_load$q),
        .clock(best_load$clock)
    );
    metisvm_card$cores$best_load scan_load(
        .d(scan_load$d),
        .q(scan_load$q),
        .clock(scan_load$clock)
    );
    metisvm_card$cores$best scanned(
        .d(scanned$d),
        .q(scanned$q),
        .clock(scanned$clock)
    );

    // Update code
    always @(*) begin
        target$clock = clock;
        begun$clock = clock;
        best$clock = clock;
        scan$clock = clock;
        best_load$clock = clock;
        scan_load$clock = clock;
        scanned$clock = clock;
        target$d = target$q;
        begun$d = begun$q;
        best$d = best$q;
        scan$d = scan$q;
        best_load$d = best_load$q;
        scan_load$d = scan_load$q;
        scanned$d = scanned$q;
        order$clock = clock;
        digests$clock = clock;
        digests$clear = clear;
        order$clear = clear;
        target_ready = 1'b0;
        if (target$q == 0) begin
            target_ready = lanes$0$in_ready;
        end
        if (target$q == 1) begin
            target_ready = lanes$1$in_ready;
        end
        if (target$q == 2) begin
            target_ready = lanes$2$in_ready;
        end
        if (target$q == 3) begin
            target_ready = lanes$3$in_ready;
        end
        first_beat = ~begun$q;
        ready = target_ready && (begun$q || ~order$full);
        in_ready = ready;
        fire = in_valid && ready;
        lanes$0$clock = clock;
        lanes$0$clear = clear;
        lanes$0$in_data = in_data;
        lanes$0$in_bytes = in_bytes;
        lanes$0$in_end = in_end;
        lanes$0$in_valid = 1'b0;
        if (target$q == 0) begin
            lanes$0$in_valid = fire;
        end
        lanes$1$clock = clock;
        lanes$1$clear = clear;
        lanes$1$in_data = in_data;
        lanes$1$in_bytes = in_bytes;
        lanes$1$in_end = in_end;
        lanes$1$in_valid = 1'b0;
        if (target$q == 1) begin
            lanes$1$in_valid = fire;
        end
        lanes$2$clock = clock;
        lanes$2$clear = clear;
        lanes$2$in_data = in_data;
        lanes$2$in_bytes = in_bytes;
        lanes$2$in_end = in_end;
        lanes$2$in_valid = 1'b0;
        if (target$q == 2) begin
            lanes$2$in_valid = fire;
        end
        lanes$3$clock = clock;
        lanes$3$clear = clear;
        lanes$3$in_data = in_data;
        lanes$3$in_bytes = in_bytes;
        lanes$3$in_end = in_end;
        lanes$3$in_valid = 1'b0;
        if (target$q == 3) begin
            lanes$3$in_valid = fire;
        end
        order$data = target$q;
        order$push = fire && first_beat;
        if (fire) begin
            begun$d = ~in_end;
            if (in_end) begin
                target$d = best$q;
            end
        end
        ends_message = fire && in_end;
        load_of_best = 32'h0;
        load_of_scan = 32'h0;
        if (best$q == 0) begin
            load_of_best = lanes$0$load;
        end
        if (scan$q == 0) begin
            load_of_scan = lanes$0$load;
        end
        if (best$q == 1) begin
            load_of_best = lanes$1$load;
        end
        if (scan$q == 1) begin
            load_of_scan = lanes$1$load;
        end
        if (best$q == 2) begin
            load_of_best = lanes$2$load;
        end
        if (scan$q == 2) begin
            load_of_scan = lanes$2$load;
        end
        if (best$q == 3) begin
            load_of_best = lanes$3$load;
        end
        if (scan$q == 3) begin
            load_of_scan = lanes$3$load;
        end
        best_load$d = load_of_best;
        scan_load$d = load_of_scan;
        scanned$d = scan$q;
        scan$d = scan$q + 32'h1;
        if (scan$q == last_core) begin
            scan$d = 32'h0;
        end
        if (scan_load$q <= best_load$q) begin
            best$d = scanned$q;
            best_load$d = scan_load$q;
        end
        if (ends_message) begin
            best_load$d = full_load;
        end
        word = no_word;
        word_valid = 1'b0;
        word_last = 1'b0;
        if (order$first == 0) begin
            word = lanes$0$out_data;
            word_valid = lanes$0$out_valid && order$valid;
            word_last = lanes$0$out_last;
        end
        if (order$first == 1) begin
            word = lanes$1$out_data;
            word_valid = lanes$1$out_valid && order$valid;
            word_last = lanes$1$out_last;
        end
        if (order$first == 2) begin
            word = lanes$2$out_data;
            word_valid = lanes$2$out_valid && order$valid;
            word_last = lanes$2$out_last;
        end
        if (order$first == 3) begin
            word = lanes$3$out_data;
            word_valid = lanes$3$out_valid && order$valid;
            word_last = lanes$3$out_last;
        end
        entry = ((word) & 65'h1ffffffffffffffff);
        if (word_last) begin
            entry = entry | last_flag;
        end
        digests$in_data = entry;
        digests$in_valid = word_valid;
        out_fire = word_valid && digests$in_ready;
        out_data = digests$out_data[(32'h0)+:(64)];
        out_last = digests$out_data[32'h40];
        out_valid = digests$out_valid;
        digests$out_ready = out_ready;
        order$pop = out_fire && word_last;
        count = 32'h0;
        some_word = 1'b0;
        lanes$0$out_ready = 1'b0;
        if (order$first == 0) begin
            lanes$0$out_ready = out_fire;
        end
        if (lanes$0$busy) begin
            count = count + 32'h1;
        end
        if (lanes$0$has_word) begin
            some_word = 1'b1;
        end
        lanes$1$out_ready = 1'b0;
        if (order$first == 1) begin
            lanes$1$out_ready = out_fire;
        end
        if (lanes$1$busy) begin
            count = count + 32'h1;
        end
        if (lanes$1$has_word) begin
            some_word = 1'b1;
        end
        lanes$2$out_ready = 1'b0;
        if (order$first == 2) begin
            lanes$2$out_ready = out_fire;
        end
        if (lanes$2$busy) begin
            count = count + 32'h1;
        end
        if (lanes$2$has_word) begin
            some_word = 1'b1;
        end
        lanes$3$out_ready = 1'b0;
        if (order$first == 3) begin
            lanes$3$out_ready = out_fire;
        end
        if (lanes$3$busy) begin
            count = count + 32'h1;
        end
        if (lanes$3$has_word) begin
            some_word = 1'b1;
        end
        busy = count;
        has_word = some_word;
        if (clear) begin
            begun$d = 1'b0;
        end
    end

endmodule // metisvm_card$cores

module metisvm_card$cores$best(d,q,clock);

    // Module arguments
    input wire  [3:0] d;
    output reg  [3:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 4'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$cores$best

module metisvm_card$cores$best_load(d,q,clock);

    // Module arguments
    input wire  [9:0] d;
    output reg  [9:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 10'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$cores$best_load

module metisvm_card$cores$digests(clock,clear,in_data,in_valid,in_ready,out_data,out_valid,out_ready);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [64:0] in_data;
    input wire  in_valid;
    output reg  in_ready;
    output reg  [64:0] out_data;
    output reg  out_valid;
    input wire  out_ready;

    // Stub signals
    reg  [64:0] first$d;
    wire  [64:0] first$q;
    reg  first$clock;
    reg  [64:0] second$d;
    wire  [64:0] second$q;
    reg  second$clock;
    reg  has_first$d;
    wire  has_first$q;
    reg  has_first$clock;
    reg  has_second$d;
    wire  has_second$q;
    reg  has_second$clock;

    // Local signals
    reg  moves;

    // Sub module instances
    metisvm_card$cores$digests$first first(
        .d(first$d),
        .q(first$q),
        .clock(first$clock)
    );
    metisvm_card$cores$digests$first second(
        .d(second$d),
        .q(second$q),
        .clock(second$clock)
    );
    metisvm_card$clears has_first(
        .d(has_first$d),
        .q(has_first$q),
        .clock(has_first$clock)
    );
    metisvm_card$clears has_second(
        .d(has_second$d),
        .q(has_second$q),
        .clock(has_second$clock)
    );

    // Update code
    always @(*) begin
        first$clock = clock;
        second$clock = clock;
        has_first$clock = clock;
        has_second$clock = clock;
        first$d = first$q;
        second$d = second$q;
        has_first$d = has_first$q;
        has_second$d = has_second$q;
        in_ready = ~has_second$q;
        out_data = first$q;
        out_valid = has_first$q;
        moves = ~has_first$q || out_ready;
        if (moves) begin
            first$d = in_data;
            has_first$d = in_valid;
            if (has_second$q) begin
                first$d = second$q;
                has_first$d = 1'b1;
            end
            has_second$d = 1'b0;
        end
        else begin
            if (in_valid) begin
                has_second$d = 1'b1;
            end
        end
        if (~has_second$q) begin
            second$d = in_data;
        end
        if (clear) begin
            has_first$d = 1'b0;
            has_second$d = 1'b0;
        end
    end

endmodule // metisvm_card$cores$digests

module metisvm_card$cores$digests$first(d,q,clock);

    // Module arguments
    input wire  [64:0] d;
    output reg  [64:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 65'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$cores$digests$first

module metisvm_card$cores$lanes$0(clock,clear,in_data,in_bytes,in_end,in_valid,in_ready,out_data,out_last,out_valid,out_ready,busy,has_word,load);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [127:0] in_data;
    input wire  [5:0] in_bytes;
    input wire  in_end;
    input wire  in_valid;
    output reg  in_ready;
    output reg  [63:0] out_data;
    output reg  out_last;
    output reg  out_valid;
    input wire  out_ready;
    output reg  busy;
    output reg  has_word;
    output reg  [9:0] load;

    // Constant declarations
    localparam  above_data = 9'b10000000;
    localparam  above_bytes = 9'b10000110;
    localparam  end_flag = 135'h4000000000000000000000000000000000;
    localparam  no_entry = 135'h0;
    localparam  no_kind = 2'b0;

    // Stub signals
    reg  beats$clock;
    reg  beats$clear;
    reg  [134:0] beats$data;
    reg  beats$push;
    wire  beats$full;
    wire  [134:0] beats$first;
    wire  beats$valid;
    reg  beats$pop;
    wire  [9:0] beats$fill;
    reg  words$clock;
    reg  words$clear;
    reg  [127:0] words$in_data;
    reg  [5:0] words$in_bytes;
    reg  [1:0] words$in_kind;
    reg  words$in_end;
    reg  words$in_error;
    reg  words$in_valid;
    wire  words$in_ready;
    wire  [63:0] words$out_data;
    wire  [3:0] words$out_bytes;
    wire  [1:0] words$out_kind;
    wire  words$out_end;
    wire  words$out_error;
    wire  words$out_valid;
    reg  words$out_ready;
    reg  core$clock;
    reg  core$clear;
    reg  [63:0] core$in_data;
    reg  [3:0] core$in_bytes;
    reg  core$in_last;
    reg  core$in_valid;
    wire  core$in_ready;
    wire  [63:0] core$out_data;
    wire  core$out_last;
    wire  core$out_valid;
    reg  core$out_ready;
    wire  core$busy;

    // Local signals
    reg  [134:0] entry;
    reg  [134:0] bytes;
    reg  [134:0] end_part;

    // Sub module instances
    metisvm_card$cores$lanes$0$beats beats(
        .clock(beats$clock),
        .clear(beats$clear),
        .data(beats$data),
        .push(beats$push),
        .full(beats$full),
        .first(beats$first),
        .valid(beats$valid),
        .pop(beats$pop),
        .fill(beats$fill)
    );
    metisvm_card$cores$lanes$0$words words(
        .clock(words$clock),
        .clear(words$clear),
        .in_data(words$in_data),
        .in_bytes(words$in_bytes),
        .in_kind(words$in_kind),
        .in_end(words$in_end),
        .in_error(words$in_error),
        .in_valid(words$in_valid),
        .in_ready(words$in_ready),
        .out_data(words$out_data),
        .out_bytes(words$out_bytes),
        .out_kind(words$out_kind),
        .out_end(words$out_end),
        .out_error(words$out_error),
        .out_valid(words$out_valid),
        .out_ready(words$out_ready)
    );
    metisvm_card$cores$lanes$0$core core(
        .clock(core$clock),
        .clear(core$clear),
        .in_data(core$in_data),
        .in_bytes(core$in_bytes),
        .in_last(core$in_last),
        .in_valid(core$in_valid),
        .in_ready(core$in_ready),
        .out_data(core$out_data),
        .out_last(core$out_last),
        .out_valid(core$out_valid),
        .out_ready(core$out_ready),
        .busy(core$busy)
    );

    // Update code
    always @(*) begin
        beats$clock = clock;
        words$clock = clock;
        core$clock = clock;
        beats$clear = clear;
        words$clear = clear;
        core$clear = clear;
        bytes = ((in_bytes) & 135'h7fffffffffffffffffffffffffffffffff);
        bytes = bytes << above_data;
        end_part = no_entry;
        if (in_end) begin
            end_part = end_flag;
        end
        entry = ((in_data) & 135'h7fffffffffffffffffffffffffffffffff);
        beats$data = entry | bytes | end_part;
        beats$push = in_valid;
        in_ready = ~beats$full;
        words$in_data = beats$first[(32'h0)+:(128)];
        words$in_bytes = beats$first[(above_data)+:(6)];
        words$in_end = beats$first[above_bytes];
        words$in_kind = no_kind;
        words$in_error = 1'b0;
        words$in_valid = beats$valid;
        beats$pop = words$in_ready;
        core$in_data = words$out_data;
        core$in_bytes = words$out_bytes;
        core$in_last = words$out_end;
        core$in_valid = words$out_valid;
        words$out_ready = core$in_ready;
        out_data = core$out_data;
        out_last = core$out_last;
        out_valid = core$out_valid;
        core$out_ready = out_ready;
        busy = core$busy;
        has_word = words$out_valid;
        load = beats$fill;
        if (words$out_valid || core$busy) begin
            load = beats$fill + 32'h1;
        end
    end

endmodule // metisvm_card$cores$lanes$0

module metisvm_card$cores$lanes$0$beats(clock,clear,data,push,full,first,valid,pop,fill);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [134:0] data;
    input wire  push;
    output reg  full;
    output reg  [134:0] first;
    output reg  valid;
    input wire  pop;
    output reg  [9:0] fill;

    // Constant declarations
    localparam  nearly = 10'b111111110;

    // Stub signals
    reg  [8:0] entries$read_address;
    reg  entries$read_clock;
    wire  [134:0] entries$read_data;
    reg  [8:0] entries$write_address;
    reg  entries$write_clock;
    reg  [134:0] entries$write_data;
    reg  entries$write_enable;
    reg  slice$clock;
    reg  slice$clear;
    reg  [134:0] slice$in_data;
    reg  slice$in_valid;
    wire  slice$in_ready;
    wire  [134:0] slice$out_data;
    wire  slice$out_valid;
    reg  slice$out_ready;
    reg  [9:0] head$d;
    wire  [9:0] head$q;
    reg  head$clock;
    reg  [9:0] tail$d;
    wire  [9:0] tail$q;
    reg  tail$clock;
    reg  answers$d;
    wire  answers$q;
    reg  answers$clock;
    reg  [9:0] held$d;
    wire  [9:0] held$q;
    reg  held$clock;
    reg  full_reg$d;
    wire  full_reg$q;
    reg  full_reg$clock;

    // Local signals
    reg  reads;
    reg  has_two;
    reg  pops;

    // Sub module instances
    metisvm_card$cores$lanes$0$beats$entries entries(
        .read_address(entries$read_address),
        .read_clock(entries$read_clock),
        .read_data(entries$read_data),
        .write_address(entries$write_address),
        .write_clock(entries$write_clock),
        .write_data(entries$write_data),
        .write_enable(entries$write_enable)
    );
    metisvm_card$cores$lanes$0$beats$slice slice(
        .clock(slice$clock),
        .clear(slice$clear),
        .in_data(slice$in_data),
        .in_valid(slice$in_valid),
        .in_ready(slice$in_ready),
        .out_data(slice$out_data),
        .out_valid(slice$out_valid),
        .out_ready(slice$out_ready)
    );
    metisvm_card$cores$best_load head(
        .d(head$d),
        .q(head$q),
        .clock(head$clock)
    );
    metisvm_card$cores$best_load tail(
        .d(tail$d),
        .q(tail$q),
        .clock(tail$clock)
    );
    metisvm_card$clears answers(
        .d(answers$d),
        .q(answers$q),
        .clock(answers$clock)
    );
    metisvm_card$cores$best_load held(
        .d(held$d),
        .q(held$q),
        .clock(held$clock)
    );
    metisvm_card$clears full_reg(
        .d(full_reg$d),
        .q(full_reg$q),
        .clock(full_reg$clock)
    );

    // Update code
    always @(*) begin
        head$clock = clock;
        tail$clock = clock;
        answers$clock = clock;
        held$clock = clock;
        full_reg$clock = clock;
        head$d = head$q;
        tail$d = tail$q;
        answers$d = answers$q;
        held$d = held$q;
        full_reg$d = full_reg$q;
        slice$clock = clock;
        entries$read_clock = clock;
        entries$write_clock = clock;
        entries$write_address = tail$q[(32'h0)+:(9)];
        entries$write_data = data;
        entries$write_enable = push;
        if (push) begin
            tail$d = tail$q + 32'h1;
        end
        pops = pop && slice$out_valid;
        has_two = ~slice$in_ready || (answers$q && slice$out_valid);
        entries$read_address = head$q[(32'h0)+:(9)];
        reads = (head$q != tail$q) && (~has_two || pops);
        answers$d = reads;
        if (reads) begin
            head$d = head$q + 32'h1;
        end
        slice$clear = clear;
        slice$in_data = entries$read_data;
        slice$in_valid = answers$q;
        slice$out_ready = pop;
        first = slice$out_data;
        valid = slice$out_valid;
        if (push && ~pops) begin
            held$d = held$q + 32'h1;
        end
        if (pops && ~push) begin
            held$d = held$q - 32'h1;
        end
        fill = held$q;
        full_reg$d = held$q >= nearly;
        full = full_reg$q;
        if (clear) begin
            head$d = 32'h0;
            tail$d = 32'h0;
            answers$d = 1'b0;
            held$d = 32'h0;
            full_reg$d = 1'b0;
        end
    end

endmodule // metisvm_card$cores$lanes$0$beats

module metisvm_card$cores$lanes$0$beats$entries(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);

    // Module arguments
    input wire  [8:0] read_address;
    input wire  read_clock;
    output reg  [134:0] read_data;
    input wire  [8:0] write_address;
    input wire  write_clock;
    input wire  [134:0] write_data;
    input wire  write_enable;

    // Update code (custom)
    reg[134:0] mem[511:0];



    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end

    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end

endmodule // metisvm_card$cores$lanes$0$beats$entries

module metisvm_card$cores$lanes$0$beats$slice(clock,clear,in_data,in_valid,in_ready,out_data,out_valid,out_ready);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [134:0] in_data;
    input wire  in_valid;
    output reg  in_ready;
    output reg  [134:0] out_data;
    output reg  out_valid;
    input wire  out_ready;

    // Stub signals
    reg  [134:0] first$d;
    wire  [134:0] first$q;
    reg  first$clock;
    reg  [134:0] second$d;
    wire  [134:0] second$q;
    reg  second$clock;
    reg  has_first$d;
    wire  has_first$q;
    reg  has_first$clock;
    reg  has_second$d;
    wire  has_second$q;
    reg  has_second$clock;

    // Local signals
    reg  moves;

    // Sub module instances
    metisvm_card$cores$lanes$0$beats$slice$first first(
        .d(first$d),
        .q(first$q),
        .clock(first$clock)
    );
    metisvm_card$cores$lanes$0$beats$slice$first second(
        .d(second$d),
        .q(second$q),
        .clock(second$clock)
    );
    metisvm_card$clears has_first(
        .d(has_first$d),
        .q(has_first$q),
        .clock(has_first$clock)
    );
    metisvm_card$clears has_second(
        .d(has_second$d),
        .q(has_second$q),
        .clock(has_second$clock)
    );

    // Update code
    always @(*) begin
        first$clock = clock;
        second$clock = clock;
        has_first$clock = clock;
        has_second$clock = clock;
        first$d = first$q;
        second$d = second$q;
        has_first$d = has_first$q;
        has_second$d = has_second$q;
        in_ready = ~has_second$q;
        out_data = first$q;
        out_valid = has_first$q;
        moves = ~has_first$q || out_ready;
        if (moves) begin
            first$d = in_data;
            has_first$d = in_valid;
            if (has_second$q) begin
                first$d = second$q;
                has_first$d = 1'b1;
            end
            has_second$d = 1'b0;
        end
        else begin
            if (in_valid) begin
                has_second$d = 1'b1;
            end
        end
        if (~has_second$q) begin
            second$d = in_data;
        end
        if (clear) begin
            has_first$d = 1'b0;
            has_second$d = 1'b0;
        end
    end

endmodule // metisvm_card$cores$lanes$0$beats$slice

module metisvm_card$cores$lanes$0$beats$slice$first(d,q,clock);

    // Module arguments
    input wire  [134:0] d;
    output reg  [134:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 135'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$cores$lanes$0$beats$slice$first

module metisvm_card$cores$lanes$0$core(clock,clear,in_data,in_bytes,in_last,in_valid,in_ready,out_data,out_last,out_valid,out_ready,busy);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [63:0] in_data;
    input wire  [3:0] in_bytes;
    input wire  in_last;
    input wire  in_valid;
    output reg  in_ready;
    output reg  [63:0] out_data;
    output reg  out_last;
    output reg  out_valid;
    input wire  out_ready;
    output reg  busy;

    // Constant declarations
    localparam  all_left = 4'hf;
    localparam  none_left = 4'h0;
    localparam  no_word = 64'h0;

    // Stub signals
    reg  absorber$clock;
    reg  absorber$clear;
    reg  [63:0] absorber$in_data;
    reg  [3:0] absorber$in_bytes;
    reg  absorber$in_last;
    reg  absorber$in_valid;
    wire  absorber$in_ready;
    wire  [63:0] absorber$block$0;
    wire  [63:0] absorber$block$1;
    wire  [63:0] absorber$block$2;
    wire  [63:0] absorber$block$3;
    wire  [63:0] absorber$block$4;
    wire  [63:0] absorber$block$5;
    wire  [63:0] absorber$block$6;
    wire  [63:0] absorber$block$7;
    wire  [63:0] absorber$block$8;
    wire  [63:0] absorber$block$9;
    wire  [63:0] absorber$block$10;
    wire  [63:0] absorber$block$11;
    wire  [63:0] absorber$block$12;
    wire  [63:0] absorber$block$13;
    wire  [63:0] absorber$block$14;
    wire  [63:0] absorber$block$15;
    wire  [63:0] absorber$block$16;
    wire  absorber$block_last;
    wire  absorber$block_valid;
    reg  absorber$take;
    reg  schedule$clock;
    reg  schedule$clear;
    reg  schedule$block_valid;
    reg  schedule$block_last;
    reg  schedule$will_be_free;
    wire  schedule$takes;
    wire  schedule$goes;
    wire  schedule$writes;
    wire  schedule$hands_over;
    wire  schedule$clears;
    wire  [23:0] schedule$number;
    reg  [23:0] constants$number;
    wire  [63:0] constants$constant$0;
    reg  [63:0] rounds$before$0;
    reg  [63:0] rounds$before$1;
    reg  [63:0] rounds$before$2;
    reg  [63:0] rounds$before$3;
    reg  [63:0] rounds$before$4;
    reg  [63:0] rounds$before$5;
    reg  [63:0] rounds$before$6;
    reg  [63:0] rounds$before$7;
    reg  [63:0] rounds$before$8;
    reg  [63:0] rounds$before$9;
    reg  [63:0] rounds$before$10;
    reg  [63:0] rounds$before$11;
    reg  [63:0] rounds$before$12;
    reg  [63:0] rounds$before$13;
    reg  [63:0] rounds$before$14;
    reg  [63:0] rounds$before$15;
    reg  [63:0] rounds$before$16;
    reg  [63:0] rounds$before$17;
    reg  [63:0] rounds$before$18;
    reg  [63:0] rounds$before$19;
    reg  [63:0] rounds$before$20;
    reg  [63:0] rounds$before$21;
    reg  [63:0] rounds$before$22;
    reg  [63:0] rounds$before$23;
    reg  [63:0] rounds$before$24;
    reg  [63:0] rounds$constant$0;
    wire  [63:0] rounds$after$0;
    wire  [63:0] rounds$after$1;
    wire  [63:0] rounds$after$2;
    wire  [63:0] rounds$after$3;
    wire  [63:0] rounds$after$4;
    wire  [63:0] rounds$after$5;
    wire  [63:0] rounds$after$6;
    wire  [63:0] rounds$after$7;
    wire  [63:0] rounds$after$8;
    wire  [63:0] rounds$after$9;
    wire  [63:0] rounds$after$10;
    wire  [63:0] rounds$after$11;
    wire  [63:0] rounds$after$12;
    wire  [63:0] rounds$after$13;
    wire  [63:0] rounds$after$14;
    wire  [63:0] rounds$after$15;
    wire  [63:0] rounds$after$16;
    wire  [63:0] rounds$after$17;
    wire  [63:0] rounds$after$18;
    wire  [63:0] rounds$after$19;
    wire  [63:0] rounds$after$20;
    wire  [63:0] rounds$after$21;
    wire  [63:0] rounds$after$22;
    wire  [63:0] rounds$after$23;
    wire  [63:0] rounds$after$24;
    reg  [63:0] state$0$d;
    wire  [63:0] state$0$q;
    reg  state$0$clock;
    reg  [63:0] state$1$d;
    wire  [63:0] state$1$q;
    reg  state$1$clock;
    reg  [63:0] state$2$d;
    wire  [63:0] state$2$q;
    reg  state$2$clock;
    reg  [63:0] state$3$d;
    wire  [63:0] state$3$q;
    reg  state$3$clock;
    reg  [63:0] state$4$d;
    wire  [63:0] state$4$q;
    reg  state$4$clock;
    reg  [63:0] state$5$d;
    wire  [63:0] state$5$q;
    reg  state$5$clock;
    reg  [63:0] state$6$d;
    wire  [63:0] state$6$q;
    reg  state$6$clock;
    reg  [63:0] state$7$d;
    wire  [63:0] state$7$q;
    reg  state$7$clock;
    reg  [63:0] state$8$d;
    wire  [63:0] state$8$q;
    reg  state$8$clock;
    reg  [63:0] state$9$d;
    wire  [63:0] state$9$q;
    reg  state$9$clock;
    reg  [63:0] state$10$d;
    wire  [63:0] state$10$q;
    reg  state$10$clock;
    reg  [63:0] state$11$d;
    wire  [63:0] state$11$q;
    reg  state$11$clock;
    reg  [63:0] state$12$d;
    wire  [63:0] state$12$q;
    reg  state$12$clock;
    reg  [63:0] state$13$d;
    wire  [63:0] state$13$q;
    reg  state$13$clock;
    reg  [63:0] state$14$d;
    wire  [63:0] state$14$q;
    reg  state$14$clock;
    reg  [63:0] state$15$d;
    wire  [63:0] state$15$q;
    reg  state$15$clock;
    reg  [63:0] state$16$d;
    wire  [63:0] state$16$q;
    reg  state$16$clock;
    reg  [63:0] state$17$d;
    wire  [63:0] state$17$q;
    reg  state$17$clock;
    reg  [63:0] state$18$d;
    wire  [63:0] state$18$q;
    reg  state$18$clock;
    reg  [63:0] state$19$d;
    wire  [63:0] state$19$q;
    reg  state$19$clock;
    reg  [63:0] state$20$d;
    wire  [63:0] state$20$q;
    reg  state$20$clock;
    reg  [63:0] state$21$d;
    wire  [63:0] state$21$q;
    reg  state$21$clock;
    reg  [63:0] state$22$d;
    wire  [63:0] state$22$q;
    reg  state$22$clock;
    reg  [63:0] state$23$d;
    wire  [63:0] state$23$q;
    reg  state$23$clock;
    reg  [63:0] state$24$d;
    wire  [63:0] state$24$q;
    reg  state$24$clock;
    reg  [63:0] absorbed$0$d;
    wire  [63:0] absorbed$0$q;
    reg  absorbed$0$clock;
    reg  [63:0] absorbed$1$d;
    wire  [63:0] absorbed$1$q;
    reg  absorbed$1$clock;
    reg  [63:0] absorbed$2$d;
    wire  [63:0] absorbed$2$q;
    reg  absorbed$2$clock;
    reg  [63:0] absorbed$3$d;
    wire  [63:0] absorbed$3$q;
    reg  absorbed$3$clock;
    reg  [63:0] absorbed$4$d;
    wire  [63:0] absorbed$4$q;
    reg  absorbed$4$clock;
    reg  [63:0] absorbed$5$d;
    wire  [63:0] absorbed$5$q;
    reg  absorbed$5$clock;
    reg  [63:0] absorbed$6$d;
    wire  [63:0] absorbed$6$q;
    reg  absorbed$6$clock;
    reg  [63:0] absorbed$7$d;
    wire  [63:0] absorbed$7$q;
    reg  absorbed$7$clock;
    reg  [63:0] absorbed$8$d;
    wire  [63:0] absorbed$8$q;
    reg  absorbed$8$clock;
    reg  [63:0] absorbed$9$d;
    wire  [63:0] absorbed$9$q;
    reg  absorbed$9$clock;
    reg  [63:0] absorbed$10$d;
    wire  [63:0] absorbed$10$q;
    reg  absorbed$10$clock;
    reg  [63:0] absorbed$11$d;
    wire  [63:0] absorbed$11$q;
    reg  absorbed$11$clock;
    reg  [63:0] absorbed$12$d;
    wire  [63:0] absorbed$12$q;
    reg  absorbed$12$clock;
    reg  [63:0] absorbed$13$d;
    wire  [63:0] absorbed$13$q;
    reg  absorbed$13$clock;
    reg  [63:0] absorbed$14$d;
    wire  [63:0] absorbed$14$q;
    reg  absorbed$14$clock;
    reg  [63:0] absorbed$15$d;
    wire  [63:0] absorbed$15$q;
    reg  absorbed$15$clock;
    reg  [63:0] absorbed$16$d;
    wire  [63:0] absorbed$16$q;
    reg  absorbed$16$clock;
    reg  [63:0] digest$0$d;
    wire  [63:0] digest$0$q;
    reg  digest$0$clock;
    reg  [63:0] digest$1$d;
    wire  [63:0] digest$1$q;
    reg  digest$1$clock;
    reg  [63:0] digest$2$d;
    wire  [63:0] digest$2$q;
    reg  digest$2$clock;
    reg  [63:0] digest$3$d;
    wire  [63:0] digest$3$q;
    reg  digest$3$clock;
    reg  [3:0] left$d;
    wire  [3:0] left$q;
    reg  left$clock;

    // Local signals
    reg  free;
    reg  empties;
    reg  will_be_free;
    reg  is_one;
    reg  pops;
    reg  [3:0] next_left;

    // Sub module instances
    metisvm_card$cores$lanes$0$core$absorber absorber(
        .clock(absorber$clock),
        .clear(absorber$clear),
        .in_data(absorber$in_data),
        .in_bytes(absorber$in_bytes),
        .in_last(absorber$in_last),
        .in_valid(absorber$in_valid),
        .in_ready(absorber$in_ready),
        .block$0(absorber$block$0),
        .block$1(absorber$block$1),
        .block$2(absorber$block$2),
        .block$3(absorber$block$3),
        .block$4(absorber$block$4),
        .block$5(absorber$block$5),
        .block$6(absorber$block$6),
        .block$7(absorber$block$7),
        .block$8(absorber$block$8),
        .block$9(absorber$block$9),
        .block$10(absorber$block$10),
        .block$11(absorber$block$11),
        .block$12(absorber$block$12),
        .block$13(absorber$block$13),
        .block$14(absorber$block$14),
        .block$15(absorber$block$15),
        .block$16(absorber$block$16),
        .block_last(absorber$block_last),
        .block_valid(absorber$block_valid),
        .take(absorber$take)
    );
    metisvm_card$cores$lanes$0$core$schedule schedule(
        .clock(schedule$clock),
        .clear(schedule$clear),
        .block_valid(schedule$block_valid),
        .block_last(schedule$block_last),
        .will_be_free(schedule$will_be_free),
        .takes(schedule$takes),
        .goes(schedule$goes),
        .writes(schedule$writes),
        .hands_over(schedule$hands_over),
        .clears(schedule$clears),
        .number(schedule$number)
    );
    metisvm_card$cores$lanes$0$core$constants constants(
        .number(constants$number),
        .constant$0(constants$constant$0)
    );
    metisvm_card$cores$lanes$0$core$rounds rounds(
        .before$0(rounds$before$0),
        .before$1(rounds$before$1),
        .before$2(rounds$before$2),
        .before$3(rounds$before$3),
        .before$4(rounds$before$4),
        .before$5(rounds$before$5),
        .before$6(rounds$before$6),
        .before$7(rounds$before$7),
        .before$8(rounds$before$8),
        .before$9(rounds$before$9),
        .before$10(rounds$before$10),
        .before$11(rounds$before$11),
        .before$12(rounds$before$12),
        .before$13(rounds$before$13),
        .before$14(rounds$before$14),
        .before$15(rounds$before$15),
        .before$16(rounds$before$16),
        .before$17(rounds$before$17),
        .before$18(rounds$before$18),
        .before$19(rounds$before$19),
        .before$20(rounds$before$20),
        .before$21(rounds$before$21),
        .before$22(rounds$before$22),
        .before$23(rounds$before$23),
        .before$24(rounds$before$24),
        .constant$0(rounds$constant$0),
        .after$0(rounds$after$0),
        .after$1(rounds$after$1),
        .after$2(rounds$after$2),
        .after$3(rounds$after$3),
        .after$4(rounds$after$4),
        .after$5(rounds$after$5),
        .after$6(rounds$after$6),
        .after$7(rounds$after$7),
        .after$8(rounds$after$8),
        .after$9(rounds$after$9),
        .after$10(rounds$after$10),
        .after$11(rounds$after$11),
        .after$12(rounds$after$12),
        .after$13(rounds$after$13),
        .after$14(rounds$after$14),
        .after$15(rounds$after$15),
        .after$16(rounds$after$16),
        .after$17(rounds$after$17),
        .after$18(rounds$after$18),
        .after$19(rounds$after$19),
        .after$20(rounds$after$20),
        .after$21(rounds$after$21),
        .after$22(rounds$after$22),
        .after$23(rounds$after$23),
        .after$24(rounds$after$24)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$0(
        .d(state$0$d),
        .q(state$0$q),
        .clock(state$0$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$1(
        .d(state$1$d),
        .q(state$1$q),
        .clock(state$1$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$2(
        .d(state$2$d),
        .q(state$2$q),
        .clock(state$2$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$3(
        .d(state$3$d),
        .q(state$3$q),
        .clock(state$3$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$4(
        .d(state$4$d),
        .q(state$4$q),
        .clock(state$4$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$5(
        .d(state$5$d),
        .q(state$5$q),
        .clock(state$5$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$6(
        .d(state$6$d),
        .q(state$6$q),
        .clock(state$6$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$7(
        .d(state$7$d),
        .q(state$7$q),
        .clock(state$7$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$8(
        .d(state$8$d),
        .q(state$8$q),
        .clock(state$8$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$9(
        .d(state$9$d),
        .q(state$9$q),
        .clock(state$9$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$10(
        .d(state$10$d),
        .q(state$10$q),
        .clock(state$10$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$11(
        .d(state$11$d),
        .q(state$11$q),
        .clock(state$11$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$12(
        .d(state$12$d),
        .q(state$12$q),
        .clock(state$12$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$13(
        .d(state$13$d),
        .q(state$13$q),
        .clock(state$13$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$14(
        .d(state$14$d),
        .q(state$14$q),
        .clock(state$14$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$15(
        .d(state$15$d),
        .q(state$15$q),
        .clock(state$15$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$16(
        .d(state$16$d),
        .q(state$16$q),
        .clock(state$16$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$17(
        .d(state$17$d),
        .q(state$17$q),
        .clock(state$17$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$18(
        .d(state$18$d),
        .q(state$18$q),
        .clock(state$18$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$19(
        .d(state$19$d),
        .q(state$19$q),
        .clock(state$19$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$20(
        .d(state$20$d),
        .q(state$20$q),
        .clock(state$20$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$21(
        .d(state$21$d),
        .q(state$21$q),
        .clock(state$21$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$22(
        .d(state$22$d),
        .q(state$22$q),
        .clock(state$22$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$23(
        .d(state$23$d),
        .q(state$23$q),
        .clock(state$23$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state$24(
        .d(state$24$d),
        .q(state$24$q),
        .clock(state$24$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$0(
        .d(absorbed$0$d),
        .q(absorbed$0$q),
        .clock(absorbed$0$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$1(
        .d(absorbed$1$d),
        .q(absorbed$1$q),
        .clock(absorbed$1$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$2(
        .d(absorbed$2$d),
        .q(absorbed$2$q),
        .clock(absorbed$2$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$3(
        .d(absorbed$3$d),
        .q(absorbed$3$q),
        .clock(absorbed$3$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$4(
        .d(absorbed$4$d),
        .q(absorbed$4$q),
        .clock(absorbed$4$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$5(
        .d(absorbed$5$d),
        .q(absorbed$5$q),
        .clock(absorbed$5$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$6(
        .d(absorbed$6$d),
        .q(absorbed$6$q),
        .clock(absorbed$6$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$7(
        .d(absorbed$7$d),
        .q(absorbed$7$q),
        .clock(absorbed$7$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$8(
        .d(absorbed$8$d),
        .q(absorbed$8$q),
        .clock(absorbed$8$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$9(
        .d(absorbed$9$d),
        .q(absorbed$9$q),
        .clock(absorbed$9$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$10(
        .d(absorbed$10$d),
        .q(absorbed$10$q),
        .clock(absorbed$10$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$11(
        .d(absorbed$11$d),
        .q(absorbed$11$q),
        .clock(absorbed$11$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$12(
        .d(absorbed$12$d),
        .q(absorbed$12$q),
        .clock(absorbed$12$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$13(
        .d(absorbed$13$d),
        .q(absorbed$13$q),
        .clock(absorbed$13$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$14(
        .d(absorbed$14$d),
        .q(absorbed$14$q),
        .clock(absorbed$14$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$15(
        .d(absorbed$15$d),
        .q(absorbed$15$q),
        .clock(absorbed$15$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 absorbed$16(
        .d(absorbed$16$d),
        .q(absorbed$16$q),
        .clock(absorbed$16$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 digest$0(
        .d(digest$0$d),
        .q(digest$0$q),
        .clock(digest$0$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 digest$1(
        .d(digest$1$d),
        .q(digest$1$q),
        .clock(digest$1$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 digest$2(
        .d(digest$2$d),
        .q(digest$2$q),
        .clock(digest$2$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 digest$3(
        .d(digest$3$d),
        .q(digest$3$q),
        .clock(digest$3$clock)
    );
    metisvm_card$cores$best left(
        .d(left$d),
        .q(left$q),
        .clock(left$clock)
    );

    // Update code
    always @(*) begin
        absorber$clock = clock;
        schedule$clock = clock;
        left$clock = clock;
        state$0$clock = clock;
        state$1$clock = clock;
        state$2$clock = clock;
        state$3$clock = clock;
        state$4$clock = clock;
        state$5$clock = clock;
        state$6$clock = clock;
        state$7$clock = clock;
        state$8$clock = clock;
        state$9$clock = clock;
        state$10$clock = clock;
        state$11$clock = clock;
        state$12$clock = clock;
        state$13$clock = clock;
        state$14$clock = clock;
        state$15$clock = clock;
        state$16$clock = clock;
        state$17$clock = clock;
        state$18$clock = clock;
        state$19$clock = clock;
        state$20$clock = clock;
        state$21$clock = clock;
        state$22$clock = clock;
        state$23$clock = clock;
        state$24$clock = clock;
        absorbed$0$clock = clock;
        absorbed$1$clock = clock;
        absorbed$2$clock = clock;
        absorbed$3$clock = clock;
        absorbed$4$clock = clock;
        absorbed$5$clock = clock;
        absorbed$6$clock = clock;
        absorbed$7$clock = clock;
        absorbed$8$clock = clock;
        absorbed$9$clock = clock;
        absorbed$10$clock = clock;
        absorbed$11$clock = clock;
        absorbed$12$clock = clock;
        absorbed$13$clock = clock;
        absorbed$14$clock = clock;
        absorbed$15$clock = clock;
        absorbed$16$clock = clock;
        digest$0$clock = clock;
        digest$1$clock = clock;
        digest$2$clock = clock;
        digest$3$clock = clock;
        absorber$clear = clear;
        absorber$in_data = in_data;
        absorber$in_bytes = in_bytes;
        absorber$in_last = in_last;
        absorber$in_valid = in_valid;
        in_ready = absorber$in_ready;
        free = ~left$q[32'h0];
        is_one = left$q[32'h0] & ~left$q[32'h1];
        empties = is_one & out_ready;
        will_be_free = free | empties;
        will_be_free = will_be_free & ~schedule$hands_over;
        schedule$clear = clear;
        schedule$block_valid = absorber$block_valid;
        schedule$block_last = absorber$block_last;
        schedule$will_be_free = will_be_free;
        absorber$take = schedule$takes;
        absorbed$0$d = no_word;
        if (schedule$takes) begin
            absorbed$0$d = absorber$block$0;
        end
        absorbed$1$d = no_word;
        if (schedule$takes) begin
            absorbed$1$d = absorber$block$1;
        end
        absorbed$2$d = no_word;
        if (schedule$takes) begin
            absorbed$2$d = absorber$block$2;
        end
        absorbed$3$d = no_word;
        if (schedule$takes) begin
            absorbed$3$d = absorber$block$3;
        end
        absorbed$4$d = no_word;
        if (schedule$takes) begin
            absorbed$4$d = absorber$block$4;
        end
        absorbed$5$d = no_word;
        if (schedule$takes) begin
            absorbed$5$d = absorber$block$5;
        end
        absorbed$6$d = no_word;
        if (schedule$takes) begin
            absorbed$6$d = absorber$block$6;
        end
        absorbed$7$d = no_word;
        if (schedule$takes) begin
            absorbed$7$d = absorber$block$7;
        end
        absorbed$8$d = no_word;
        if (schedule$takes) begin
            absorbed$8$d = absorber$block$8;
        end
        absorbed$9$d = no_word;
        if (schedule$takes) begin
            absorbed$9$d = absorber$block$9;
        end
        absorbed$10$d = no_word;
        if (schedule$takes) begin
            absorbed$10$d = absorber$block$10;
        end
        absorbed$11$d = no_word;
        if (schedule$takes) begin
            absorbed$11$d = absorber$block$11;
        end
        absorbed$12$d = no_word;
        if (schedule$takes) begin
            absorbed$12$d = absorber$block$12;
        end
        absorbed$13$d = no_word;
        if (schedule$takes) begin
            absorbed$13$d = absorber$block$13;
        end
        absorbed$14$d = no_word;
        if (schedule$takes) begin
            absorbed$14$d = absorber$block$14;
        end
        absorbed$15$d = no_word;
        if (schedule$takes) begin
            absorbed$15$d = absorber$block$15;
        end
        absorbed$16$d = no_word;
        if (schedule$takes) begin
            absorbed$16$d = absorber$block$16;
        end
        busy = schedule$goes;
        constants$number = schedule$number;
        rounds$constant$0 = constants$constant$0;
        rounds$before$0 = state$0$q;
        state$0$d = state$0$q;
        rounds$before$1 = state$1$q;
        state$1$d = state$1$q;
        rounds$before$2 = state$2$q;
        state$2$d = state$2$q;
        rounds$before$3 = state$3$q;
        state$3$d = state$3$q;
        rounds$before$4 = state$4$q;
        state$4$d = state$4$q;
        rounds$before$5 = state$5$q;
        state$5$d = state$5$q;
        rounds$before$6 = state$6$q;
        state$6$d = state$6$q;
        rounds$before$7 = state$7$q;
        state$7$d = state$7$q;
        rounds$before$8 = state$8$q;
        state$8$d = state$8$q;
        rounds$before$9 = state$9$q;
        state$9$d = state$9$q;
        rounds$before$10 = state$10$q;
        state$10$d = state$10$q;
        rounds$before$11 = state$11$q;
        state$11$d = state$11$q;
        rounds$before$12 = state$12$q;
        state$12$d = state$12$q;
        rounds$before$13 = state$13$q;
        state$13$d = state$13$q;
        rounds$before$14 = state$14$q;
        state$14$d = state$14$q;
        rounds$before$15 = state$15$q;
        state$15$d = state$15$q;
        rounds$before$16 = state$16$q;
        state$16$d = state$16$q;
        rounds$before$17 = state$17$q;
        state$17$d = state$17$q;
        rounds$before$18 = state$18$q;
        state$18$d = state$18$q;
        rounds$before$19 = state$19$q;
        state$19$d = state$19$q;
        rounds$before$20 = state$20$q;
        state$20$d = state$20$q;
        rounds$before$21 = state$21$q;
        state$21$d = state$21$q;
        rounds$before$22 = state$22$q;
        state$22$d = state$22$q;
        rounds$before$23 = state$23$q;
        state$23$d = state$23$q;
        rounds$before$24 = state$24$q;
        state$24$d = state$24$q;
        if (schedule$writes) begin
            state$0$d = rounds$after$0 ^ absorbed$0$q;
            state$1$d = rounds$after$1 ^ absorbed$1$q;
            state$2$d = rounds$after$2 ^ absorbed$2$q;
            state$3$d = rounds$after$3 ^ absorbed$3$q;
            state$4$d = rounds$after$4 ^ absorbed$4$q;
            state$5$d = rounds$after$5 ^ absorbed$5$q;
            state$6$d = rounds$after$6 ^ absorbed$6$q;
            state$7$d = rounds$after$7 ^ absorbed$7$q;
            state$8$d = rounds$after$8 ^ absorbed$8$q;
            state$9$d = rounds$after$9 ^ absorbed$9$q;
            state$10$d = rounds$after$10 ^ absorbed$10$q;
            state$11$d = rounds$after$11 ^ absorbed$11$q;
            state$12$d = rounds$after$12 ^ absorbed$12$q;
            state$13$d = rounds$after$13 ^ absorbed$13$q;
            state$14$d = rounds$after$14 ^ absorbed$14$q;
            state$15$d = rounds$after$15 ^ absorbed$15$q;
            state$16$d = rounds$after$16 ^ absorbed$16$q;
            state$17$d = rounds$after$17;
            state$18$d = rounds$after$18;
            state$19$d = rounds$after$19;
            state$20$d = rounds$after$20;
            state$21$d = rounds$after$21;
            state$22$d = rounds$after$22;
            state$23$d = rounds$after$23;
            state$24$d = rounds$after$24;
        end
        if (schedule$clears) begin
            state$0$d = no_word;
            state$1$d = no_word;
            state$2$d = no_word;
            state$3$d = no_word;
            state$4$d = no_word;
            state$5$d = no_word;
            state$6$d = no_word;
            state$7$d = no_word;
            state$8$d = no_word;
            state$9$d = no_word;
            state$10$d = no_word;
            state$11$d = no_word;
            state$12$d = no_word;
            state$13$d = no_word;
            state$14$d = no_word;
            state$15$d = no_word;
            state$16$d = no_word;
            state$17$d = no_word;
            state$18$d = no_word;
            state$19$d = no_word;
            state$20$d = no_word;
            state$21$d = no_word;
            state$22$d = no_word;
            state$23$d = no_word;
            state$24$d = no_word;
        end
        pops = out_ready & left$q[32'h0];
        next_left = left$q >> 32'h1;
        left$d = left$q;
        digest$0$d = digest$0$q;
        digest$1$d = digest$1$q;
        digest$2$d = digest$2$q;
        digest$3$d = digest$3$q;
        if (pops) begin
            left$d = next_left;
            digest$0$d = digest$1$q;
            digest$1$d = digest$2$q;
            digest$2$d = digest$3$q;
        end
        if (schedule$hands_over) begin
            left$d = all_left;
            digest$0$d = state$0$q;
            digest$1$d = state$1$q;
            digest$2$d = state$2$q;
            digest$3$d = state$3$q;
        end
        out_valid = left$q[32'h0];
        out_data = digest$0$q;
        out_last = is_one;
        if (clear) begin
            left$d = none_left;
        end
    end

endmodule // metisvm_card$cores$lanes$0$core

module metisvm_card$cores$lanes$0$core$absorbed$0(d,q,clock);

    // Module arguments
    input wire  [63:0] d;
    output reg  [63:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 64'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$cores$lanes$0$core$absorbed$0

module metisvm_card$cores$lanes$0$core$absorber(clock,clear,in_data,in_bytes,in_last,in_valid,in_ready,block$0,block$1,block$2,block$3,block$4,block$5,block$6,block$7,block$8,block$9,block$10,block$11,block$12,block$13,block$14,block$15,block$16,block_last,block_valid,take);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [63:0] in_data;
    input wire  [3:0] in_bytes;
    input wire  in_last;
    input wire  in_valid;
    output reg  in_ready;
    output reg  [63:0] block$0;
    output reg  [63:0] block$1;
    output reg  [63:0] block$2;
    output reg  [63:0] block$3;
    output reg  [63:0] block$4;
    output reg  [63:0] block$5;
    output reg  [63:0] block$6;
    output reg  [63:0] block$7;
    output reg  [63:0] block$8;
    output reg  [63:0] block$9;
    output reg  [63:0] block$10;
    output reg  [63:0] block$11;
    output reg  [63:0] block$12;
    output reg  [63:0] block$13;
    output reg  [63:0] block$14;
    output reg  [63:0] block$15;
    output reg  [63:0] block$16;
    output reg  block_last;
    output reg  block_valid;
    input wire  take;

    // Constant declarations
    localparam  first_place = 17'b1;
    localparam  no_place = 17'b0;
    localparam  no_word = 64'h0;
    localparam  one = 64'h1;
    localparam  end_bit = 64'h8000000000000000;
    localparam  whole_word = 4'h8;
    localparam  counts$0 = 4'h0;
    localparam  counts$1 = 4'h1;
    localparam  counts$2 = 4'h2;
    localparam  counts$3 = 4'h3;
    localparam  counts$4 = 4'h4;
    localparam  counts$5 = 4'h5;
    localparam  counts$6 = 4'h6;
    localparam  counts$7 = 4'h7;
    localparam  masks$0 = 64'hff;
    localparam  masks$1 = 64'hff00;
    localparam  masks$2 = 64'hff0000;
    localparam  masks$3 = 64'hff000000;
    localparam  masks$4 = 64'hff00000000;
    localparam  masks$5 = 64'hff0000000000;
    localparam  masks$6 = 64'hff000000000000;
    localparam  masks$7 = 64'hff00000000000000;
    localparam  markers$0 = 64'h1;
    localparam  markers$1 = 64'h100;
    localparam  markers$2 = 64'h10000;
    localparam  markers$3 = 64'h1000000;
    localparam  markers$4 = 64'h100000000;
    localparam  markers$5 = 64'h10000000000;
    localparam  markers$6 = 64'h1000000000000;
    localparam  markers$7 = 64'h100000000000000;

    // Stub signals
    reg  [63:0] words$0$d;
    wire  [63:0] words$0$q;
    reg  words$0$clock;
    reg  [63:0] words$1$d;
    wire  [63:0] words$1$q;
    reg  words$1$clock;
    reg  [63:0] words$2$d;
    wire  [63:0] words$2$q;
    reg  words$2$clock;
    reg  [63:0] words$3$d;
    wire  [63:0] words$3$q;
    reg  words$3$clock;
    reg  [63:0] words$4$d;
    wire  [63:0] words$4$q;
    reg  words$4$clock;
    reg  [63:0] words$5$d;
    wire  [63:0] words$5$q;
    reg  words$5$clock;
    reg  [63:0] words$6$d;
    wire  [63:0] words$6$q;
    reg  words$6$clock;
    reg  [63:0] words$7$d;
    wire  [63:0] words$7$q;
    reg  words$7$clock;
    reg  [63:0] words$8$d;
    wire  [63:0] words$8$q;
    reg  words$8$clock;
    reg  [63:0] words$9$d;
    wire  [63:0] words$9$q;
    reg  words$9$clock;
    reg  [63:0] words$10$d;
    wire  [63:0] words$10$q;
    reg  words$10$clock;
    reg  [63:0] words$11$d;
    wire  [63:0] words$11$q;
    reg  words$11$clock;
    reg  [63:0] words$12$d;
    wire  [63:0] words$12$q;
    reg  words$12$clock;
    reg  [63:0] words$13$d;
    wire  [63:0] words$13$q;
    reg  words$13$clock;
    reg  [63:0] words$14$d;
    wire  [63:0] words$14$q;
    reg  words$14$clock;
    reg  [63:0] words$15$d;
    wire  [63:0] words$15$q;
    reg  words$15$clock;
    reg  [63:0] words$16$d;
    wire  [63:0] words$16$q;
    reg  words$16$clock;
    reg  [63:0] arrived$d;
    wire  [63:0] arrived$q;
    reg  arrived$clock;
    reg  [16:0] arrived_at$d;
    wire  [16:0] arrived_at$q;
    reg  arrived_at$clock;
    reg  [16:0] place$d;
    wire  [16:0] place$q;
    reg  place$clock;
    reg  full$d;
    wire  full$q;
    reg  full$clock;
    reg  last$d;
    wire  last$q;
    reg  last$clock;
    reg  pad$d;
    wire  pad$q;
    reg  pad$clock;

    // Local signals
    reg  ready;
    reg  accept;
    reg  pads;
    reg  write;
    reg  waits;
    reg  whole;
    reg  ends;
    reg  more;
    reg  counts_more$0;
    reg  counts_more$1;
    reg  counts_more$2;
    reg  counts_more$3;
    reg  counts_more$4;
    reg  counts_more$5;
    reg  counts_more$6;
    reg  counts_more$7;
    reg  counts_so_many$0;
    reg  counts_so_many$1;
    reg  counts_so_many$2;
    reg  counts_so_many$3;
    reg  counts_so_many$4;
    reg  counts_so_many$5;
    reg  counts_so_many$6;
    reg  counts_so_many$7;
    reg  keeps$0;
    reg  keeps$1;
    reg  keeps$2;
    reg  keeps$3;
    reg  keeps$4;
    reg  keeps$5;
    reg  keeps$6;
    reg  keeps$7;
    reg  marks$0;
    reg  marks$1;
    reg  marks$2;
    reg  marks$3;
    reg  marks$4;
    reg  marks$5;
    reg  marks$6;
    reg  marks$7;
    reg  [63:0] kept$0;
    reg  [63:0] kept$1;
    reg  [63:0] kept$2;
    reg  [63:0] kept$3;
    reg  [63:0] kept$4;
    reg  [63:0] kept$5;
    reg  [63:0] kept$6;
    reg  [63:0] kept$7;
    reg  [63:0] word;
    reg  [16:0] moved;

    // Sub module instances
    metisvm_card$cores$lanes$0$core$absorbed$0 words$0(
        .d(words$0$d),
        .q(words$0$q),
        .clock(words$0$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$1(
        .d(words$1$d),
        .q(words$1$q),
        .clock(words$1$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$2(
        .d(words$2$d),
        .q(words$2$q),
        .clock(words$2$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$3(
        .d(words$3$d),
        .q(words$3$q),
        .clock(words$3$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$4(
        .d(words$4$d),
        .q(words$4$q),
        .clock(words$4$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$5(
        .d(words$5$d),
        .q(words$5$q),
        .clock(words$5$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$6(
        .d(words$6$d),
        .q(words$6$q),
        .clock(words$6$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$7(
        .d(words$7$d),
        .q(words$7$q),
        .clock(words$7$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$8(
        .d(words$8$d),
        .q(words$8$q),
        .clock(words$8$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$9(
        .d(words$9$d),
        .q(words$9$q),
        .clock(words$9$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$10(
        .d(words$10$d),
        .q(words$10$q),
        .clock(words$10$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$11(
        .d(words$11$d),
        .q(words$11$q),
        .clock(words$11$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$12(
        .d(words$12$d),
        .q(words$12$q),
        .clock(words$12$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$13(
        .d(words$13$d),
        .q(words$13$q),
        .clock(words$13$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$14(
        .d(words$14$d),
        .q(words$14$q),
        .clock(words$14$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$15(
        .d(words$15$d),
        .q(words$15$q),
        .clock(words$15$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$16(
        .d(words$16$d),
        .q(words$16$q),
        .clock(words$16$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 arrived(
        .d(arrived$d),
        .q(arrived$q),
        .clock(arrived$clock)
    );
    metisvm_card$cores$lanes$0$core$absorber$arrived_at arrived_at(
        .d(arrived_at$d),
        .q(arrived_at$q),
        .clock(arrived_at$clock)
    );
    metisvm_card$cores$lanes$0$core$absorber$place place(
        .d(place$d),
        .q(place$q),
        .clock(place$clock)
    );
    metisvm_card$clears full(
        .d(full$d),
        .q(full$q),
        .clock(full$clock)
    );
    metisvm_card$clears last(
        .d(last$d),
        .q(last$q),
        .clock(last$clock)
    );
    metisvm_card$clears pad(
        .d(pad$d),
        .q(pad$q),
        .clock(pad$clock)
    );

    // Update code
    always @(*) begin
        arrived$clock = clock;
        arrived_at$clock = clock;
        place$clock = clock;
        full$clock = clock;
        last$clock = clock;
        pad$clock = clock;
        words$0$clock = clock;
        words$1$clock = clock;
        words$2$clock = clock;
        words$3$clock = clock;
        words$4$clock = clock;
        words$5$clock = clock;
        words$6$clock = clock;
        words$7$clock = clock;
        words$8$clock = clock;
        words$9$clock = clock;
        words$10$clock = clock;
        words$11$clock = clock;
        words$12$clock = clock;
        words$13$clock = clock;
        words$14$clock = clock;
        words$15$clock = clock;
        words$16$clock = clock;
        waits = full$q | pad$q;
        ready = ~waits;
        in_ready = ready;
        accept = in_valid & ready;
        pads = pad$q & ~full$q;
        write = accept | pads;
        whole = in_bytes == whole_word;
        more = ~in_last;
        word = no_word;
        counts_more$0 = in_bytes > counts$0;
        counts_so_many$0 = in_bytes == counts$0;
        keeps$0 = more | counts_more$0;
        marks$0 = in_last & counts_so_many$0;
        kept$0 = in_data & masks$0;
        if (keeps$0) begin
            word = word | kept$0;
        end
        if (marks$0) begin
            word = word | markers$0;
        end
        counts_more$1 = in_bytes > counts$1;
        counts_so_many$1 = in_bytes == counts$1;
        keeps$1 = more | counts_more$1;
        marks$1 = in_last & counts_so_many$1;
        kept$1 = in_data & masks$1;
        if (keeps$1) begin
            word = word | kept$1;
        end
        if (marks$1) begin
            word = word | markers$1;
        end
        counts_more$2 = in_bytes > counts$2;
        counts_so_many$2 = in_bytes == counts$2;
        keeps$2 = more | counts_more$2;
        marks$2 = in_last & counts_so_many$2;
        kept$2 = in_data & masks$2;
        if (keeps$2) begin
            word = word | kept$2;
        end
        if (marks$2) begin
            word = word | markers$2;
        end
        counts_more$3 = in_bytes > counts$3;
        counts_so_many$3 = in_bytes == counts$3;
        keeps$3 = more | counts_more$3;
        marks$3 = in_last & counts_so_many$3;
        kept$3 = in_data & masks$3;
        if (keeps$3) begin
            word = word | kept$3;
        end
        if (marks$3) begin
            word = word | markers$3;
        end
        counts_more$4 = in_bytes > counts$4;
        counts_so_many$4 = in_bytes == counts$4;
        keeps$4 = more | counts_more$4;
        marks$4 = in_last & counts_so_many$4;
        kept$4 = in_data & masks$4;
        if (keeps$4) begin
            word = word | kept$4;
        end
        if (marks$4) begin
            word = word | markers$4;
        end
        counts_more$5 = in_bytes > counts$5;
        counts_so_many$5 = in_bytes == counts$5;
        keeps$5 = more | counts_more$5;
        marks$5 = in_last & counts_so_many$5;
        kept$5 = in_data & masks$5;
        if (keeps$5) begin
            word = word | kept$5;
        end
        if (marks$5) begin
            word = word | markers$5;
        end
        counts_more$6 = in_bytes > counts$6;
        counts_so_many$6 = in_bytes == counts$6;
        keeps$6 = more | counts_more$6;
        marks$6 = in_last & counts_so_many$6;
        kept$6 = in_data & masks$6;
        if (keeps$6) begin
            word = word | kept$6;
        end
        if (marks$6) begin
            word = word | markers$6;
        end
        counts_more$7 = in_bytes > counts$7;
        counts_so_many$7 = in_bytes == counts$7;
        keeps$7 = more | counts_more$7;
        marks$7 = in_last & counts_so_many$7;
        kept$7 = in_data & masks$7;
        if (keeps$7) begin
            word = word | kept$7;
        end
        if (marks$7) begin
            word = word | markers$7;
        end
        if (pad$q) begin
            word = one;
        end
        arrived$d = word;
        arrived_at$d = no_place;
        if (write) begin
            arrived_at$d = place$q;
        end
        words$0$d = words$0$q;
        if (arrived_at$q[0]) begin
            words$0$d = arrived$q;
        end
        if (take) begin
            words$0$d = no_word;
        end
        block$0 = words$0$q;
        words$1$d = words$1$q;
        if (arrived_at$q[1]) begin
            words$1$d = arrived$q;
        end
        if (take) begin
            words$1$d = no_word;
        end
        block$1 = words$1$q;
        words$2$d = words$2$q;
        if (arrived_at$q[2]) begin
            words$2$d = arrived$q;
        end
        if (take) begin
            words$2$d = no_word;
        end
        block$2 = words$2$q;
        words$3$d = words$3$q;
        if (arrived_at$q[3]) begin
            words$3$d = arrived$q;
        end
        if (take) begin
            words$3$d = no_word;
        end
        block$3 = words$3$q;
        words$4$d = words$4$q;
        if (arrived_at$q[4]) begin
            words$4$d = arrived$q;
        end
        if (take) begin
            words$4$d = no_word;
        end
        block$4 = words$4$q;
        words$5$d = words$5$q;
        if (arrived_at$q[5]) begin
            words$5$d = arrived$q;
        end
        if (take) begin
            words$5$d = no_word;
        end
        block$5 = words$5$q;
        words$6$d = words$6$q;
        if (arrived_at$q[6]) begin
            words$6$d = arrived$q;
        end
        if (take) begin
            words$6$d = no_word;
        end
        block$6 = words$6$q;
        words$7$d = words$7$q;
        if (arrived_at$q[7]) begin
            words$7$d = arrived$q;
        end
        if (take) begin
            words$7$d = no_word;
        end
        block$7 = words$7$q;
        words$8$d = words$8$q;
        if (arrived_at$q[8]) begin
            words$8$d = arrived$q;
        end
        if (take) begin
            words$8$d = no_word;
        end
        block$8 = words$8$q;
        words$9$d = words$9$q;
        if (arrived_at$q[9]) begin
            words$9$d = arrived$q;
        end
        if (take) begin
            words$9$d = no_word;
        end
        block$9 = words$9$q;
        words$10$d = words$10$q;
        if (arrived_at$q[10]) begin
            words$10$d = arrived$q;
        end
        if (take) begin
            words$10$d = no_word;
        end
        block$10 = words$10$q;
        words$11$d = words$11$q;
        if (arrived_at$q[11]) begin
            words$11$d = arrived$q;
        end
        if (take) begin
            words$11$d = no_word;
        end
        block$11 = words$11$q;
        words$12$d = words$12$q;
        if (arrived_at$q[12]) begin
            words$12$d = arrived$q;
        end
        if (take) begin
            words$12$d = no_word;
        end
        block$12 = words$12$q;
        words$13$d = words$13$q;
        if (arrived_at$q[13]) begin
            words$13$d = arrived$q;
        end
        if (take) begin
            words$13$d = no_word;
        end
        block$13 = words$13$q;
        words$14$d = words$14$q;
        if (arrived_at$q[14]) begin
            words$14$d = arrived$q;
        end
        if (take) begin
            words$14$d = no_word;
        end
        block$14 = words$14$q;
        words$15$d = words$15$q;
        if (arrived_at$q[15]) begin
            words$15$d = arrived$q;
        end
        if (take) begin
            words$15$d = no_word;
        end
        block$15 = words$15$q;
        words$16$d = words$16$q;
        if (arrived_at$q[16]) begin
            words$16$d = arrived$q;
        end
        if (take) begin
            words$16$d = no_word;
        end
        block$16 = words$16$q;
        if (last$q) begin
            block$16 = words$16$q ^ end_bit;
        end
        ends = accept & in_last;
        moved = place$q << 32'h1;
        place$d = place$q;
        full$d = full$q;
        last$d = last$q;
        pad$d = pad$q;
        if (write) begin
            place$d = moved;
            if (place$q[32'h10]) begin
                full$d = 1'b1;
            end
        end
        if (ends) begin
            pad$d = whole;
            if (~whole) begin
                full$d = 1'b1;
                last$d = 1'b1;
            end
        end
        if (pads) begin
            pad$d = 1'b0;
            full$d = 1'b1;
            last$d = 1'b1;
        end
        if (take) begin
            place$d = first_place;
            full$d = 1'b0;
            last$d = 1'b0;
        end
        if (clear) begin
            place$d = first_place;
            full$d = 1'b0;
            last$d = 1'b0;
            pad$d = 1'b0;
            arrived_at$d = no_place;
            words$0$d = no_word;
            words$1$d = no_word;
            words$2$d = no_word;
            words$3$d = no_word;
            words$4$d = no_word;
            words$5$d = no_word;
            words$6$d = no_word;
            words$7$d = no_word;
            words$8$d = no_word;
            words$9$d = no_word;
            words$10$d = no_word;
            words$11$d = no_word;
            words$12$d = no_word;
            words$13$d = no_word;
            words$14$d = no_word;
            words$15$d = no_word;
            words$16$d = no_word;
        end
        block_valid = full$q;
        block_last = last$q;
    end

endmodule // metisvm_card$cores$lanes$0$core$absorber

module metisvm_card$cores$lanes$0$core$absorber$arrived_at(d,q,clock);

    // Module arguments
    input wire  [16:0] d;
    output reg  [16:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 17'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$cores$lanes$0$core$absorber$arrived_at

module metisvm_card$cores$lanes$0$core$absorber$place(d,q,clock);

    // Module arguments
    input wire  [16:0] d;
    output reg  [16:0] q;
    input wire  clock;

    // Constant declarations
    localparam  init = 17'b1;

    // Stub signals
    reg  [16:0] dff$d;
    wire  [16:0] dff$q;
    reg  dff$clock;

    // Sub module instances
    metisvm_card$cores$lanes$0$core$absorber$arrived_at dff(
        .d(dff$d),
        .q(dff$q),
        .clock(dff$clock)
    );

    // Update code
    always @(*) begin
        dff$clock = clock;
        q = dff$q ^ init;
        dff$d = d ^ init;
    end

endmodule // metisvm_card$cores$lanes$0$core$absorber$place

module metisvm_card$cores$lanes$0$core$constants(number,constant$0);

    // Module arguments
    input wire  [23:0] number;
    output reg  [63:0] constant$0;

    // Constant declarations
    localparam  with_bit$0 = 24'h50f4f1;
    localparam  with_bit$1 = 24'hdb916;
    localparam  with_bit$2 = 24'h8c7f94;
    localparam  with_bit$3 = 24'h327356;
    localparam  with_bit$4 = 24'hb5d4de;
    localparam  with_bit$5 = 24'hd81c68;
    localparam  with_bit$6 = 24'hbbe0cc;
    localparam  bit$0 = 64'h1;
    localparam  bit$1 = 64'h2;
    localparam  bit$2 = 64'h8;
    localparam  bit$3 = 64'h80;
    localparam  bit$4 = 64'h8000;
    localparam  bit$5 = 64'h80000000;
    localparam  bit$6 = 64'h8000000000000000;
    localparam  no_bits = 64'h0;

    // Local signals
    reg  [23:0] chosen$0;
    reg  [23:0] chosen$1;
    reg  [23:0] chosen$2;
    reg  [23:0] chosen$3;
    reg  [23:0] chosen$4;
    reg  [23:0] chosen$5;
    reg  [23:0] chosen$6;
    reg  [63:0] sum$0;

    // Update code
    always @(*) begin
        sum$0 = no_bits;
        chosen$0 = number & with_bit$0;
        if (|chosen$0) begin
            sum$0 = sum$0 | bit$0;
        end
        chosen$1 = number & with_bit$1;
        if (|chosen$1) begin
            sum$0 = sum$0 | bit$1;
        end
        chosen$2 = number & with_bit$2;
        if (|chosen$2) begin
            sum$0 = sum$0 | bit$2;
        end
        chosen$3 = number & with_bit$3;
        if (|chosen$3) begin
            sum$0 = sum$0 | bit$3;
        end
        chosen$4 = number & with_bit$4;
        if (|chosen$4) begin
            sum$0 = sum$0 | bit$4;
        end
        chosen$5 = number & with_bit$5;
        if (|chosen$5) begin
            sum$0 = sum$0 | bit$5;
        end
        chosen$6 = number & with_bit$6;
        if (|chosen$6) begin
            sum$0 = sum$0 | bit$6;
        end
        constant$0 = sum$0;
    end

endmodule // metisvm_card$cores$lanes$0$core$constants

module metisvm_card$cores$lanes$0$core$rounds(before$0,before$1,before$2,before$3,before$4,before$5,before$6,before$7,before$8,before$9,before$10,before$11,before$12,before$13,before$14,before$15,before$16,before$17,before$18,before$19,before$20,before$21,before$22,before$23,before$24,constant$0,after$0,after$1,after$2,after$3,after$4,after$5,after$6,after$7,after$8,after$9,after$10,after$11,after$12,after$13,after$14,after$15,after$16,after$17,after$18,after$19,after$20,after$21,after$22,after$23,after$24);

    // Module arguments
    input wire  [63:0] before$0;
    input wire  [63:0] before$1;
    input wire  [63:0] before$2;
    input wire  [63:0] before$3;
    input wire  [63:0] before$4;
    input wire  [63:0] before$5;
    input wire  [63:0] before$6;
    input wire  [63:0] before$7;
    input wire  [63:0] before$8;
    input wire  [63:0] before$9;
    input wire  [63:0] before$10;
    input wire  [63:0] before$11;
    input wire  [63:0] before$12;
    input wire  [63:0] before$13;
    input wire  [63:0] before$14;
    input wire  [63:0] before$15;
    input wire  [63:0] before$16;
    input wire  [63:0] before$17;
    input wire  [63:0] before$18;
    input wire  [63:0] before$19;
    input wire  [63:0] before$20;
    input wire  [63:0] before$21;
    input wire  [63:0] before$22;
    input wire  [63:0] before$23;
    input wire  [63:0] before$24;
    input wire  [63:0] constant$0;
    output reg  [63:0] after$0;
    output reg  [63:0] after$1;
    output reg  [63:0] after$2;
    output reg  [63:0] after$3;
    output reg  [63:0] after$4;
    output reg  [63:0] after$5;
    output reg  [63:0] after$6;
    output reg  [63:0] after$7;
    output reg  [63:0] after$8;
    output reg  [63:0] after$9;
    output reg  [63:0] after$10;
    output reg  [63:0] after$11;
    output reg  [63:0] after$12;
    output reg  [63:0] after$13;
    output reg  [63:0] after$14;
    output reg  [63:0] after$15;
    output reg  [63:0] after$16;
    output reg  [63:0] after$17;
    output reg  [63:0] after$18;
    output reg  [63:0] after$19;
    output reg  [63:0] after$20;
    output reg  [63:0] after$21;
    output reg  [63:0] after$22;
    output reg  [63:0] after$23;
    output reg  [63:0] after$24;

    // Constant declarations
    localparam  up$0 = 7'b0;
    localparam  up$1 = 7'b1;
    localparam  up$2 = 7'b111110;
    localparam  up$3 = 7'b11100;
    localparam  up$4 = 7'b11011;
    localparam  up$5 = 7'b100100;
    localparam  up$6 = 7'b101100;
    localparam  up$7 = 7'b110;
    localparam  up$8 = 7'b110111;
    localparam  up$9 = 7'b10100;
    localparam  up$10 = 7'b11;
    localparam  up$11 = 7'b1010;
    localparam  up$12 = 7'b101011;
    localparam  up$13 = 7'b11001;
    localparam  up$14 = 7'b100111;
    localparam  up$15 = 7'b101001;
    localparam  up$16 = 7'b101101;
    localparam  up$17 = 7'b1111;
    localparam  up$18 = 7'b10101;
    localparam  up$19 = 7'b1000;
    localparam  up$20 = 7'b10010;
    localparam  up$21 = 7'b10;
    localparam  up$22 = 7'b111101;
    localparam  up$23 = 7'b111000;
    localparam  up$24 = 7'b1110;
    localparam  down$0 = 7'b1000000;
    localparam  down$1 = 7'b111111;
    localparam  down$2 = 7'b10;
    localparam  down$3 = 7'b100100;
    localparam  down$4 = 7'b100101;
    localparam  down$5 = 7'b11100;
    localparam  down$6 = 7'b10100;
    localparam  down$7 = 7'b111010;
    localparam  down$8 = 7'b1001;
    localparam  down$9 = 7'b101100;
    localparam  down$10 = 7'b111101;
    localparam  down$11 = 7'b110110;
    localparam  down$12 = 7'b10101;
    localparam  down$13 = 7'b100111;
    localparam  down$14 = 7'b11001;
    localparam  down$15 = 7'b10111;
    localparam  down$16 = 7'b10011;
    localparam  down$17 = 7'b110001;
    localparam  down$18 = 7'b101011;
    localparam  down$19 = 7'b111000;
    localparam  down$20 = 7'b101110;
    localparam  down$21 = 7'b111110;
    localparam  down$22 = 7'b11;
    localparam  down$23 = 7'b1000;
    localparam  down$24 = 7'b110010;

    // Local signals
    reg  [63:0] state$0;
    reg  [63:0] state$1;
    reg  [63:0] state$2;
    reg  [63:0] state$3;
    reg  [63:0] state$4;
    reg  [63:0] state$5;
    reg  [63:0] state$6;
    reg  [63:0] state$7;
    reg  [63:0] state$8;
    reg  [63:0] state$9;
    reg  [63:0] state$10;
    reg  [63:0] state$11;
    reg  [63:0] state$12;
    reg  [63:0] state$13;
    reg  [63:0] state$14;
    reg  [63:0] state$15;
    reg  [63:0] state$16;
    reg  [63:0] state$17;
    reg  [63:0] state$18;
    reg  [63:0] state$19;
    reg  [63:0] state$20;
    reg  [63:0] state$21;
    reg  [63:0] state$22;
    reg  [63:0] state$23;
    reg  [63:0] state$24;
    reg  [63:0] state$25;
    reg  [63:0] state$26;
    reg  [63:0] state$27;
    reg  [63:0] state$28;
    reg  [63:0] state$29;
    reg  [63:0] state$30;
    reg  [63:0] state$31;
    reg  [63:0] state$32;
    reg  [63:0] state$33;
    reg  [63:0] state$34;
    reg  [63:0] state$35;
    reg  [63:0] state$36;
    reg  [63:0] state$37;
    reg  [63:0] state$38;
    reg  [63:0] state$39;
    reg  [63:0] state$40;
    reg  [63:0] state$41;
    reg  [63:0] state$42;
    reg  [63:0] state$43;
    reg  [63:0] state$44;
    reg  [63:0] state$45;
    reg  [63:0] state$46;
    reg  [63:0] state$47;
    reg  [63:0] state$48;
    reg  [63:0] state$49;
    reg  [63:0] parity$0;
    reg  [63:0] parity$1;
    reg  [63:0] parity$2;
    reg  [63:0] parity$3;
    reg  [63:0] parity$4;
    reg  [63:0] parity_high$0;
    reg  [63:0] parity_high$1;
    reg  [63:0] parity_high$2;
    reg  [63:0] parity_high$3;
    reg  [63:0] parity_high$4;
    reg  [63:0] parity_low$0;
    reg  [63:0] parity_low$1;
    reg  [63:0] parity_low$2;
    reg  [63:0] parity_low$3;
    reg  [63:0] parity_low$4;
    reg  [63:0] parity_turned$0;
    reg  [63:0] parity_turned$1;
    reg  [63:0] parity_turned$2;
    reg  [63:0] parity_turned$3;
    reg  [63:0] parity_turned$4;
    reg  [63:0] effect$0;
    reg  [63:0] effect$1;
    reg  [63:0] effect$2;
    reg  [63:0] effect$3;
    reg  [63:0] effect$4;
    reg  [63:0] theta$0;
    reg  [63:0] theta$1;
    reg  [63:0] theta$2;
    reg  [63:0] theta$3;
    reg  [63:0] theta$4;
    reg  [63:0] theta$5;
    reg  [63:0] theta$6;
    reg  [63:0] theta$7;
    reg  [63:0] theta$8;
    reg  [63:0] theta$9;
    reg  [63:0] theta$10;
    reg  [63:0] theta$11;
    reg  [63:0] theta$12;
    reg  [63:0] theta$13;
    reg  [63:0] theta$14;
    reg  [63:0] theta$15;
    reg  [63:0] theta$16;
    reg  [63:0] theta$17;
    reg  [63:0] theta$18;
    reg  [63:0] theta$19;
    reg  [63:0] theta$20;
    reg  [63:0] theta$21;
    reg  [63:0] theta$22;
    reg  [63:0] theta$23;
    reg  [63:0] theta$24;
    reg  [63:0] high$0;
    reg  [63:0] high$1;
    reg  [63:0] high$2;
    reg  [63:0] high$3;
    reg  [63:0] high$4;
    reg  [63:0] high$5;
    reg  [63:0] high$6;
    reg  [63:0] high$7;
    reg  [63:0] high$8;
    reg  [63:0] high$9;
    reg  [63:0] high$10;
    reg  [63:0] high$11;
    reg  [63:0] high$12;
    reg  [63:0] high$13;
    reg  [63:0] high$14;
    reg  [63:0] high$15;
    reg  [63:0] high$16;
    reg  [63:0] high$17;
    reg  [63:0] high$18;
    reg  [63:0] high$19;
    reg  [63:0] high$20;
    reg  [63:0] high$21;
    reg  [63:0] high$22;
    reg  [63:0] high$23;
    reg  [63:0] high$24;
    reg  [63:0] low$0;
    reg  [63:0] low$1;
    reg  [63:0] low$2;
    reg  [63:0] low$3;
    reg  [63:0] low$4;
    reg  [63:0] low$5;
    reg  [63:0] low$6;
    reg  [63:0] low$7;
    reg  [63:0] low$8;
    reg  [63:0] low$9;
    reg  [63:0] low$10;
    reg  [63:0] low$11;
    reg  [63:0] low$12;
    reg  [63:0] low$13;
    reg  [63:0] low$14;
    reg  [63:0] low$15;
    reg  [63:0] low$16;
    reg  [63:0] low$17;
    reg  [63:0] low$18;
    reg  [63:0] low$19;
    reg  [63:0] low$20;
    reg  [63:0] low$21;
    reg  [63:0] low$22;
    reg  [63:0] low$23;
    reg  [63:0] low$24;
    reg  [63:0] turned$0;
    reg  [63:0] turned$1;
    reg  [63:0] turned$2;
    reg  [63:0] turned$3;
    reg  [63:0] turned$4;
    reg  [63:0] turned$5;
    reg  [63:0] turned$6;
    reg  [63:0] turned$7;
    reg  [63:0] turned$8;
    reg  [63:0] turned$9;
    reg  [63:0] turned$10;
    reg  [63:0] turned$11;
    reg  [63:0] turned$12;
    reg  [63:0] turned$13;
    reg  [63:0] turned$14;
    reg  [63:0] turned$15;
    reg  [63:0] turned$16;
    reg  [63:0] turned$17;
    reg  [63:0] turned$18;
    reg  [63:0] turned$19;
    reg  [63:0] turned$20;
    reg  [63:0] turned$21;
    reg  [63:0] turned$22;
    reg  [63:0] turned$23;
    reg  [63:0] turned$24;
    reg  [63:0] inverted$0;
    reg  [63:0] inverted$1;
    reg  [63:0] inverted$2;
    reg  [63:0] inverted$3;
    reg  [63:0] inverted$4;
    reg  [63:0] inverted$5;
    reg  [63:0] inverted$6;
    reg  [63:0] inverted$7;
    reg  [63:0] inverted$8;
    reg  [63:0] inverted$9;
    reg  [63:0] inverted$10;
    reg  [63:0] inverted$11;
    reg  [63:0] inverted$12;
    reg  [63:0] inverted$13;
    reg  [63:0] inverted$14;
    reg  [63:0] inverted$15;
    reg  [63:0] inverted$16;
    reg  [63:0] inverted$17;
    reg  [63:0] inverted$18;
    reg  [63:0] inverted$19;
    reg  [63:0] inverted$20;
    reg  [63:0] inverted$21;
    reg  [63:0] inverted$22;
    reg  [63:0] inverted$23;
    reg  [63:0] inverted$24;
    reg  [63:0] both$0;
    reg  [63:0] both$1;
    reg  [63:0] both$2;
    reg  [63:0] both$3;
    reg  [63:0] both$4;
    reg  [63:0] both$5;
    reg  [63:0] both$6;
    reg  [63:0] both$7;
    reg  [63:0] both$8;
    reg  [63:0] both$9;
    reg  [63:0] both$10;
    reg  [63:0] both$11;
    reg  [63:0] both$12;
    reg  [63:0] both$13;
    reg  [63:0] both$14;
    reg  [63:0] both$15;
    reg  [63:0] both$16;
    reg  [63:0] both$17;
    reg  [63:0] both$18;
    reg  [63:0] both$19;
    reg  [63:0] both$20;
    reg  [63:0] both$21;
    reg  [63:0] both$22;
    reg  [63:0] both$23;
    reg  [63:0] both$24;
    reg  [63:0] chi$0;
    reg  [63:0] chi$1;
    reg  [63:0] chi$2;
    reg  [63:0] chi$3;
    reg  [63:0] chi$4;
    reg  [63:0] chi$5;
    reg  [63:0] chi$6;
    reg  [63:0] chi$7;
    reg  [63:0] chi$8;
    reg  [63:0] chi$9;
    reg  [63:0] chi$10;
    reg  [63:0] chi$11;
    reg  [63:0] chi$12;
    reg  [63:0] chi$13;
    reg  [63:0] chi$14;
    reg  [63:0] chi$15;
    reg  [63:0] chi$16;
    reg  [63:0] chi$17;
    reg  [63:0] chi$18;
    reg  [63:0] chi$19;
    reg  [63:0] chi$20;
    reg  [63:0] chi$21;
    reg  [63:0] chi$22;
    reg  [63:0] chi$23;
    reg  [63:0] chi$24;

    // Update code
    always @(*) begin
        state$0 = before$0;
        state$1 = before$1;
        state$2 = before$2;
        state$3 = before$3;
        state$4 = before$4;
        state$5 = before$5;
        state$6 = before$6;
        state$7 = before$7;
        state$8 = before$8;
        state$9 = before$9;
        state$10 = before$10;
        state$11 = before$11;
        state$12 = before$12;
        state$13 = before$13;
        state$14 = before$14;
        state$15 = before$15;
        state$16 = before$16;
        state$17 = before$17;
        state$18 = before$18;
        state$19 = before$19;
        state$20 = before$20;
        state$21 = before$21;
        state$22 = before$22;
        state$23 = before$23;
        state$24 = before$24;
        parity$0 = state$0 ^ state$5 ^ state$10 ^ state$15 ^ state$20;
        parity_high$0 = parity$0 << 32'h1;
        parity_low$0 = parity$0 >> 32'h3f;
        parity_turned$0 = parity_high$0 | parity_low$0;
        parity$1 = state$1 ^ state$6 ^ state$11 ^ state$16 ^ state$21;
        parity_high$1 = parity$1 << 32'h1;
        parity_low$1 = parity$1 >> 32'h3f;
        parity_turned$1 = parity_high$1 | parity_low$1;
        parity$2 = state$2 ^ state$7 ^ state$12 ^ state$17 ^ state$22;
        parity_high$2 = parity$2 << 32'h1;
        parity_low$2 = parity$2 >> 32'h3f;
        parity_turned$2 = parity_high$2 | parity_low$2;
        parity$3 = state$3 ^ state$8 ^ state$13 ^ state$18 ^ state$23;
        parity_high$3 = parity$3 << 32'h1;
        parity_low$3 = parity$3 >> 32'h3f;
        parity_turned$3 = parity_high$3 | parity_low$3;
        parity$4 = state$4 ^ state$9 ^ state$14 ^ state$19 ^ state$24;
        parity_high$4 = parity$4 << 32'h1;
        parity_low$4 = parity$4 >> 32'h3f;
        parity_turned$4 = parity_high$4 | parity_low$4;
        effect$0 = parity$4 ^ parity_turned$1;
        theta$0 = state$0 ^ effect$0;
        theta$5 = state$5 ^ effect$0;
        theta$10 = state$10 ^ effect$0;
        theta$15 = state$15 ^ effect$0;
        theta$20 = state$20 ^ effect$0;
        effect$1 = parity$0 ^ parity_turned$2;
        theta$1 = state$1 ^ effect$1;
        theta$6 = state$6 ^ effect$1;
        theta$11 = state$11 ^ effect$1;
        theta$16 = state$16 ^ effect$1;
        theta$21 = state$21 ^ effect$1;
        effect$2 = parity$1 ^ parity_turned$3;
        theta$2 = state$2 ^ effect$2;
        theta$7 = state$7 ^ effect$2;
        theta$12 = state$12 ^ effect$2;
        theta$17 = state$17 ^ effect$2;
        theta$22 = state$22 ^ effect$2;
        effect$3 = parity$2 ^ parity_turned$4;
        theta$3 = state$3 ^ effect$3;
        theta$8 = state$8 ^ effect$3;
        theta$13 = state$13 ^ effect$3;
        theta$18 = state$18 ^ effect$3;
        theta$23 = state$23 ^ effect$3;
        effect$4 = parity$3 ^ parity_turned$0;
        theta$4 = state$4 ^ effect$4;
        theta$9 = state$9 ^ effect$4;
        theta$14 = state$14 ^ effect$4;
        theta$19 = state$19 ^ effect$4;
        theta$24 = state$24 ^ effect$4;
        high$0 = theta$0 << up$0;
        low$0 = theta$0 >> down$0;
        high$1 = theta$1 << up$1;
        low$1 = theta$1 >> down$1;
        high$2 = theta$2 << up$2;
        low$2 = theta$2 >> down$2;
        high$3 = theta$3 << up$3;
        low$3 = theta$3 >> down$3;
        high$4 = theta$4 << up$4;
        low$4 = theta$4 >> down$4;
        high$5 = theta$5 << up$5;
        low$5 = theta$5 >> down$5;
        high$6 = theta$6 << up$6;
        low$6 = theta$6 >> down$6;
        high$7 = theta$7 << up$7;
        low$7 = theta$7 >> down$7;
        high$8 = theta$8 << up$8;
        low$8 = theta$8 >> down$8;
        high$9 = theta$9 << up$9;
        low$9 = theta$9 >> down$9;
        high$10 = theta$10 << up$10;
        low$10 = theta$10 >> down$10;
        high$11 = theta$11 << up$11;
        low$11 = theta$11 >> down$11;
        high$12 = theta$12 << up$12;
        low$12 = theta$12 >> down$12;
        high$13 = theta$13 << up$13;
        low$13 = theta$13 >> down$13;
        high$14 = theta$14 << up$14;
        low$14 = theta$14 >> down$14;
        high$15 = theta$15 << up$15;
        low$15 = theta$15 >> down$15;
        high$16 = theta$16 << up$16;
        low$16 = theta$16 >> down$16;
        high$17 = theta$17 << up$17;
        low$17 = theta$17 >> down$17;
        high$18 = theta$18 << up$18;
        low$18 = theta$18 >> down$18;
        high$19 = theta$19 << up$19;
        low$19 = theta$19 >> down$19;
        high$20 = theta$20 << up$20;
        low$20 = theta$20 >> down$20;
        high$21 = theta$21 << up$21;
        low$21 = theta$21 >> down$21;
        high$22 = theta$22 << up$22;
        low$22 = theta$22 >> down$22;
        high$23 = theta$23 << up$23;
        low$23 = theta$23 >> down$23;
        high$24 = theta$24 << up$24;
        low$24 = theta$24 >> down$24;
        turned$0 = high$0 | low$0;
        turned$16 = high$5 | low$5;
        turned$7 = high$10 | low$10;
        turned$23 = high$15 | low$15;
        turned$14 = high$20 | low$20;
        turned$10 = high$1 | low$1;
        turned$1 = high$6 | low$6;
        turned$17 = high$11 | low$11;
        turned$8 = high$16 | low$16;
        turned$24 = high$21 | low$21;
        turned$20 = high$2 | low$2;
        turned$11 = high$7 | low$7;
        turned$2 = high$12 | low$12;
        turned$18 = high$17 | low$17;
        turned$9 = high$22 | low$22;
        turned$5 = high$3 | low$3;
        turned$21 = high$8 | low$8;
        turned$12 = high$13 | low$13;
        turned$3 = high$18 | low$18;
        turned$19 = high$23 | low$23;
        turned$15 = high$4 | low$4;
        turned$6 = high$9 | low$9;
        turned$22 = high$14 | low$14;
        turned$13 = high$19 | low$19;
        turned$4 = high$24 | low$24;
        inverted$0 = ~turned$0;
        inverted$1 = ~turned$1;
        inverted$2 = ~turned$2;
        inverted$3 = ~turned$3;
        inverted$4 = ~turned$4;
        inverted$5 = ~turned$5;
        inverted$6 = ~turned$6;
        inverted$7 = ~turned$7;
        inverted$8 = ~turned$8;
        inverted$9 = ~turned$9;
        inverted$10 = ~turned$10;
        inverted$11 = ~turned$11;
        inverted$12 = ~turned$12;
        inverted$13 = ~turned$13;
        inverted$14 = ~turned$14;
        inverted$15 = ~turned$15;
        inverted$16 = ~turned$16;
        inverted$17 = ~turned$17;
        inverted$18 = ~turned$18;
        inverted$19 = ~turned$19;
        inverted$20 = ~turned$20;
        inverted$21 = ~turned$21;
        inverted$22 = ~turned$22;
        inverted$23 = ~turned$23;
        inverted$24 = ~turned$24;
        both$0 = inverted$1 & turned$2;
        chi$0 = turned$0 ^ both$0;
        both$5 = inverted$6 & turned$7;
        chi$5 = turned$5 ^ both$5;
        both$10 = inverted$11 & turned$12;
        chi$10 = turned$10 ^ both$10;
        both$15 = inverted$16 & turned$17;
        chi$15 = turned$15 ^ both$15;
        both$20 = inverted$21 & turned$22;
        chi$20 = turned$20 ^ both$20;
        both$1 = inverted$2 & turned$3;
        chi$1 = turned$1 ^ both$1;
        both$6 = inverted$7 & turned$8;
        chi$6 = turned$6 ^ both$6;
        both$11 = inverted$12 & turned$13;
        chi$11 = turned$11 ^ both$11;
        both$16 = inverted$17 & turned$18;
        chi$16 = turned$16 ^ both$16;
        both$21 = inverted$22 & turned$23;
        chi$21 = turned$21 ^ both$21;
        both$2 = inverted$3 & turned$4;
        chi$2 = turned$2 ^ both$2;
        both$7 = inverted$8 & turned$9;
        chi$7 = turned$7 ^ both$7;
        both$12 = inverted$13 & turned$14;
        chi$12 = turned$12 ^ both$12;
        both$17 = inverted$18 & turned$19;
        chi$17 = turned$17 ^ both$17;
        both$22 = inverted$23 & turned$24;
        chi$22 = turned$22 ^ both$22;
        both$3 = inverted$4 & turned$0;
        chi$3 = turned$3 ^ both$3;
        both$8 = inverted$9 & turned$5;
        chi$8 = turned$8 ^ both$8;
        both$13 = inverted$14 & turned$10;
        chi$13 = turned$13 ^ both$13;
        both$18 = inverted$19 & turned$15;
        chi$18 = turned$18 ^ both$18;
        both$23 = inverted$24 & turned$20;
        chi$23 = turned$23 ^ both$23;
        both$4 = inverted$0 & turned$1;
        chi$4 = turned$4 ^ both$4;
        both$9 = inverted$5 & turned$6;
        chi$9 = turned$9 ^ both$9;
        both$14 = inverted$10 & turned$11;
        chi$14 = turned$14 ^ both$14;
        both$19 = inverted$15 & turned$16;
        chi$19 = turned$19 ^ both$19;
        both$24 = inverted$20 & turned$21;
        chi$24 = turned$24 ^ both$24;
        state$25 = chi$0 ^ constant$0;
        state$26 = chi$1;
        state$27 = chi$2;
        state$28 = chi$3;
        state$29 = chi$4;
        state$30 = chi$5;
        state$31 = chi$6;
        state$32 = chi$7;
        state$33 = chi$8;
        state$34 = chi$9;
        state$35 = chi$10;
        state$36 = chi$11;
        state$37 = chi$12;
        state$38 = chi$13;
        state$39 = chi$14;
        state$40 = chi$15;
        state$41 = chi$16;
        state$42 = chi$17;
        state$43 = chi$18;
        state$44 = chi$19;
        state$45 = chi$20;
        state$46 = chi$21;
        state$47 = chi$22;
        state$48 = chi$23;
        state$49 = chi$24;
        after$0 = state$25;
        after$1 = state$26;
        after$2 = state$27;
        after$3 = state$28;
        after$4 = state$29;
        after$5 = state$30;
        after$6 = state$31;
        after$7 = state$32;
        after$8 = state$33;
        after$9 = state$34;
        after$10 = state$35;
        after$11 = state$36;
        after$12 = state$37;
        after$13 = state$38;
        after$14 = state$39;
        after$15 = state$40;
        after$16 = state$41;
        after$17 = state$42;
        after$18 = state$43;
        after$19 = state$44;
        after$20 = state$45;
        after$21 = state$46;
        after$22 = state$47;
        after$23 = state$48;
        after$24 = state$49;
    end

endmodule // metisvm_card$cores$lanes$0$core$rounds

module metisvm_card$cores$lanes$0$core$schedule(clock,clear,block_valid,block_last,will_be_free,takes,goes,writes,hands_over,clears,number);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  block_valid;
    input wire  block_last;
    input wire  will_be_free;
    output reg  takes;
    output reg  goes;
    output reg  writes;
    output reg  hands_over;
    output reg  clears;
    output reg  [23:0] number;

    // Constant declarations
    localparam  first_number = 24'h1;
    localparam  no_number = 24'h0;
    localparam  begins_near_end = 1'b0;
    localparam  begins_final = 1'b0;

    // Stub signals
    reg  takes_now$d;
    wire  takes_now$q;
    reg  takes_now$clock;
    reg  absorbs$d;
    wire  absorbs$q;
    reg  absorbs$clock;
    reg  absorbs_last$d;
    wire  absorbs_last$q;
    reg  absorbs_last$clock;
    reg  running$d;
    wire  running$q;
    reg  running$clock;
    reg  goes_now$d;
    wire  goes_now$q;
    reg  goes_now$clock;
    reg  writes_now$d;
    wire  writes_now$q;
    reg  writes_now$clock;
    reg  hands_over_now$d;
    wire  hands_over_now$q;
    reg  hands_over_now$clock;
    reg  clears_now$d;
    wire  clears_now$q;
    reg  clears_now$clock;
    reg  [23:0] number_now$d;
    wire  [23:0] number_now$q;
    reg  number_now$clock;
    reg  last$d;
    wire  last$q;
    reg  last$clock;
    reg  done$d;
    wire  done$q;
    reg  done$clock;

    // Local signals
    reg  begins;
    reg  ends;
    reg  more;
    reg  will_run;
    reg  will_be_near_end;
    reg  will_be_final;
    reg  will_stall;
    reg  will_go;
    reg  will_be_done;
    reg  will_be_idle;
    reg  will_start;
    reg  will_hand_over;
    reg  can_take;
    reg  untaken;
    reg  [23:0] next_number;

    // Sub module instances
    metisvm_card$clears takes_now(
        .d(takes_now$d),
        .q(takes_now$q),
        .clock(takes_now$clock)
    );
    metisvm_card$clears absorbs(
        .d(absorbs$d),
        .q(absorbs$q),
        .clock(absorbs$clock)
    );
    metisvm_card$clears absorbs_last(
        .d(absorbs_last$d),
        .q(absorbs_last$q),
        .clock(absorbs_last$clock)
    );
    metisvm_card$clears running(
        .d(running$d),
        .q(running$q),
        .clock(running$clock)
    );
    metisvm_card$clears goes_now(
        .d(goes_now$d),
        .q(goes_now$q),
        .clock(goes_now$clock)
    );
    metisvm_card$clears writes_now(
        .d(writes_now$d),
        .q(writes_now$q),
        .clock(writes_now$clock)
    );
    metisvm_card$clears hands_over_now(
        .d(hands_over_now$d),
        .q(hands_over_now$q),
        .clock(hands_over_now$clock)
    );
    metisvm_card$clears clears_now(
        .d(clears_now$d),
        .q(clears_now$q),
        .clock(clears_now$clock)
    );
    metisvm_card$cores$lanes$0$core$schedule$number_now number_now(
        .d(number_now$d),
        .q(number_now$q),
        .clock(number_now$clock)
    );
    metisvm_card$clears last(
        .d(last$d),
        .q(last$q),
        .clock(last$clock)
    );
    metisvm_card$clears done(
        .d(done$d),
        .q(done$q),
        .clock(done$clock)
    );

    // Update code
    always @(*) begin
        takes_now$clock = clock;
        absorbs$clock = clock;
        absorbs_last$clock = clock;
        running$clock = clock;
        goes_now$clock = clock;
        writes_now$clock = clock;
        hands_over_now$clock = clock;
        clears_now$clock = clock;
        number_now$clock = clock;
        last$clock = clock;
        done$clock = clock;
        begins = writes_now$q & absorbs$q;
        ends = goes_now$q & number_now$q[32'h17] & last$q;
        takes = takes_now$q;
        goes = goes_now$q;
        writes = writes_now$q;
        hands_over = hands_over_now$q;
        clears = clears_now$q;
        number = number_now$q;
        will_run = ~ends & running$q;
        will_run = will_run | begins;
        more = ~last$q;
        will_be_final = number_now$q[32'h17];
        will_be_near_end = number_now$q[32'h16];
        if (goes_now$q) begin
            will_be_final = number_now$q[32'h16];
            will_be_near_end = number_now$q[32'h15];
        end
        if (begins) begin
            will_be_final = begins_final;
            will_be_near_end = begins_near_end;
            more = ~absorbs_last$q;
        end
        will_stall = will_be_final & more & ~takes_now$q;
        will_go = will_run & ~will_stall;
        will_be_done = done$q & ~hands_over_now$q;
        will_be_done = will_be_done | ends;
        will_be_idle = ~will_run & ~will_be_done;
        will_start = will_be_idle & takes_now$q;
        will_hand_over = will_be_done & will_be_free;
        running$d = will_run;
        goes_now$d = will_go;
        writes_now$d = will_go | will_start;
        hands_over_now$d = will_hand_over;
        clears_now$d = will_hand_over | clear;
        done$d = will_be_done;
        can_take = will_be_near_end | will_be_final;
        can_take = can_take & more;
        can_take = can_take | will_be_idle | will_hand_over;
        untaken = ~takes_now$q & block_valid;
        takes_now$d = can_take & untaken;
        absorbs$d = takes_now$q;
        absorbs_last$d = block_last;
        next_number = number_now$q << 32'h1;
        number_now$d = number_now$q;
        last$d = last$q;
        if (goes_now$q) begin
            number_now$d = next_number;
        end
        if (begins) begin
            number_now$d = first_number;
            last$d = absorbs_last$q;
        end
        if (clear) begin
            takes_now$d = 1'b0;
            absorbs$d = 1'b0;
            running$d = 1'b0;
            goes_now$d = 1'b0;
            writes_now$d = 1'b0;
            hands_over_now$d = 1'b0;
            number_now$d = no_number;
            done$d = 1'b0;
        end
    end

endmodule // metisvm_card$cores$lanes$0$core$schedule

module metisvm_card$cores$lanes$0$core$schedule$number_now(d,q,clock);

    // Module arguments
    input wire  [23:0] d;
    output reg  [23:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 24'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$cores$lanes$0$core$schedule$number_now

module metisvm_card$cores$lanes$0$words(clock,clear,in_data,in_bytes,in_kind,in_end,in_error,in_valid,in_ready,out_data,out_bytes,out_kind,out_end,out_error,out_valid,out_ready);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [127:0] in_data;
    input wire  [5:0] in_bytes;
    input wire  [1:0] in_kind;
    input wire  in_end;
    input wire  in_error;
    input wire  in_valid;
    output reg  in_ready;
    output reg  [63:0] out_data;
    output reg  [3:0] out_bytes;
    output reg  [1:0] out_kind;
    output reg  out_end;
    output reg  out_error;
    output reg  out_valid;
    input wire  out_ready;

    // Constant declarations
    localparam  a_word = 9'b1000000;

    // Stub signals
    reg  [127:0] data$d;
    wire  [127:0] data$q;
    reg  data$clock;
    reg  [5:0] left$d;
    wire  [5:0] left$q;
    reg  left$clock;
    reg  [1:0] kind$d;
    wire  [1:0] kind$q;
    reg  kind$clock;
    reg  at_end$d;
    wire  at_end$q;
    reg  at_end$clock;
    reg  error$d;
    wire  error$q;
    reg  error$clock;
    reg  held$d;
    wire  held$q;
    reg  held$clock;

    // Local signals
    reg  is_last;
    reg  takes;

    // Sub module instances
    metisvm_card$cores$lanes$0$words$data data(
        .d(data$d),
        .q(data$q),
        .clock(data$clock)
    );
    metisvm_card$cores$lanes$0$words$left left(
        .d(left$d),
        .q(left$q),
        .clock(left$clock)
    );
    metisvm_card$cores$lanes$0$words$kind kind(
        .d(kind$d),
        .q(kind$q),
        .clock(kind$clock)
    );
    metisvm_card$clears at_end(
        .d(at_end$d),
        .q(at_end$q),
        .clock(at_end$clock)
    );
    metisvm_card$clears error(
        .d(error$d),
        .q(error$q),
        .clock(error$clock)
    );
    metisvm_card$clears held(
        .d(held$d),
        .q(held$q),
        .clock(held$clock)
    );

    // Update code
    always @(*) begin
        data$clock = clock;
        left$clock = clock;
        kind$clock = clock;
        at_end$clock = clock;
        error$clock = clock;
        held$clock = clock;
        data$d = data$q;
        left$d = left$q;
        kind$d = kind$q;
        at_end$d = at_end$q;
        error$d = error$q;
        held$d = held$q;
        is_last = error$q || (left$q <= ((32'h8) & 6'h3f));
        out_data = data$q[(32'h0)+:(64)];
        out_bytes = 32'h8;
        if (left$q <= ((32'h8) & 6'h3f)) begin
            out_bytes = left$q[(32'h0)+:(4)];
        end
        out_kind = kind$q;
        out_end = at_end$q && is_last;
        out_error = error$q;
        out_valid = held$q;
        takes = ~held$q || (out_ready && is_last);
        in_ready = takes;
        if (out_ready) begin
            data$d = data$q >> a_word;
            left$d = left$q - 32'h8;
        end
        if (takes) begin
            data$d = in_data;
            left$d = in_bytes;
            kind$d = in_kind;
            at_end$d = in_end;
            error$d = in_error;
            held$d = in_valid;
        end
        if (clear) begin
            held$d = 1'b0;
        end
    end

endmodule // metisvm_card$cores$lanes$0$words

module metisvm_card$cores$lanes$0$words$data(d,q,clock);

    // Module arguments
    input wire  [127:0] d;
    output reg  [127:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 128'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$cores$lanes$0$words$data

module metisvm_card$cores$lanes$0$words$kind(d,q,clock);

    // Module arguments
    input wire  [1:0] d;
    output reg  [1:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 2'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$cores$lanes$0$words$kind

module metisvm_card$cores$lanes$0$words$left(d,q,clock);

    // Module arguments
    input wire  [5:0] d;
    output reg  [5:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 6'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$cores$lanes$0$words$left

module metisvm_card$cores$order(clock,clear,data,push,full,first,valid,pop,fill);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [3:0] data;
    input wire  push;
    output reg  full;
    output reg  [3:0] first;
    output reg  valid;
    input wire  pop;
    output reg  [8:0] fill;

    // Constant declarations
    localparam  nearly = 9'b11111110;

    // Stub signals
    reg  [7:0] entries$read_address;
    reg  entries$read_clock;
    wire  [3:0] entries$read_data;
    reg  [7:0] entries$write_address;
    reg  entries$write_clock;
    reg  [3:0] entries$write_data;
    reg  entries$write_enable;
    reg  slice$clock;
    reg  slice$clear;
    reg  [3:0] slice$in_data;
    reg  slice$in_valid;
    wire  slice$in_ready;
    wire  [3:0] slice$out_data;
    wire  slice$out_valid;
    reg  slice$out_ready;
    reg  [8:0] head$d;
    wire  [8:0] head$q;
    reg  head$clock;
    reg  [8:0] tail$d;
    wire  [8:0] tail$q;
    reg  tail$clock;
    reg  answers$d;
    wire  answers$q;
    reg  answers$clock;
    reg  [8:0] held$d;
    wire  [8:0] held$q;
    reg  held$clock;
    reg  full_reg$d;
    wire  full_reg$q;
    reg  full_reg$clock;

    // Local signals
    reg  reads;
    reg  has_two;
    reg  pops;

    // Sub module instances
    metisvm_card$cores$order$entries entries(
        .read_address(entries$read_address),
        .read_clock(entries$read_clock),
        .read_data(entries$read_data),
        .write_address(entries$write_address),
        .write_clock(entries$write_clock),
        .write_data(entries$write_data),
        .write_enable(entries$write_enable)
    );
    metisvm_card$cores$order$slice slice(
        .clock(slice$clock),
        .clear(slice$clear),
        .in_data(slice$in_data),
        .in_valid(slice$in_valid),
        .in_ready(slice$in_ready),
        .out_data(slice$out_data),
        .out_valid(slice$out_valid),
        .out_ready(slice$out_ready)
    );
    metisvm_card$cores$order$head head(
        .d(head$d),
        .q(head$q),
        .clock(head$clock)
    );
    metisvm_card$cores$order$head tail(
        .d(tail$d),
        .q(tail$q),
        .clock(tail$clock)
    );
    metisvm_card$clears answers(
        .d(answers$d),
        .q(answers$q),
        .clock(answers$clock)
    );
    metisvm_card$cores$order$head held(
        .d(held$d),
        .q(held$q),
        .clock(held$clock)
    );
    metisvm_card$clears full_reg(
        .d(full_reg$d),
        .q(full_reg$q),
        .clock(full_reg$clock)
    );

    // Update code
    always @(*) begin
        head$clock = clock;
        tail$clock = clock;
        answers$clock = clock;
        held$clock = clock;
        full_reg$clock = clock;
        head$d = head$q;
        tail$d = tail$q;
        answers$d = answers$q;
        held$d = held$q;
        full_reg$d = full_reg$q;
        slice$clock = clock;
        entries$read_clock = clock;
        entries$write_clock = clock;
        entries$write_address = tail$q[(32'h0)+:(8)];
        entries$write_data = data;
        entries$write_enable = push;
        if (push) begin
            tail$d = tail$q + 32'h1;
        end
        pops = pop && slice$out_valid;
        has_two = ~slice$in_ready || (answers$q && slice$out_valid);
        entries$read_address = head$q[(32'h0)+:(8)];
        reads = (head$q != tail$q) && (~has_two || pops);
        answers$d = reads;
        if (reads) begin
            head$d = head$q + 32'h1;
        end
        slice$clear = clear;
        slice$in_data = entries$read_data;
        slice$in_valid = answers$q;
        slice$out_ready = pop;
        first = slice$out_data;
        valid = slice$out_valid;
        if (push && ~pops) begin
            held$d = held$q + 32'h1;
        end
        if (pops && ~push) begin
            held$d = held$q - 32'h1;
        end
        fill = held$q;
        full_reg$d = held$q >= nearly;
        full = full_reg$q;
        if (clear) begin
            head$d = 32'h0;
            tail$d = 32'h0;
            answers$d = 1'b0;
            held$d = 32'h0;
            full_reg$d = 1'b0;
        end
    end

endmodule // metisvm_card$cores$order

module metisvm_card$cores$order$entries(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);

    // Module arguments
    input wire  [7:0] read_address;
    input wire  read_clock;
    output reg  [3:0] read_data;
    input wire  [7:0] write_address;
    input wire  write_clock;
    input wire  [3:0] write_data;
    input wire  write_enable;

    // Update code (custom)
    reg[3:0] mem[255:0];



    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end

    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end

endmodule // metisvm_card$cores$order$entries

module metisvm_card$cores$order$head(d,q,clock);

    // Module arguments
    input wire  [8:0] d;
    output reg  [8:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 9'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$cores$order$head

module metisvm_card$cores$order$slice(clock,clear,in_data,in_valid,in_ready,out_data,out_valid,out_ready);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [3:0] in_data;
    input wire  in_valid;
    output reg  in_ready;
    output reg  [3:0] out_data;
    output reg  out_valid;
    input wire  out_ready;

    // Stub signals
    reg  [3:0] first$d;
    wire  [3:0] first$q;
    reg  first$clock;
    reg  [3:0] second$d;
    wire  [3:0] second$q;
    reg  second$clock;
    reg  has_first$d;
    wire  has_first$q;
    reg  has_first$clock;
    reg  has_second$d;
    wire  has_second$q;
    reg  has_second$clock;

    // Local signals
    reg  moves;

    // Sub module instances
    metisvm_card$cores$best first(
        .d(first$d),
        .q(first$q),
        .clock(first$clock)
    );
    metisvm_card$cores$best second(
        .d(second$d),
        .q(second$q),
        .clock(second$clock)
    );
    metisvm_card$clears has_first(
        .d(has_first$d),
        .q(has_first$q),
        .clock(has_first$clock)
    );
    metisvm_card$clears has_second(
        .d(has_second$d),
        .q(has_second$q),
        .clock(has_second$clock)
    );

    // Update code
    always @(*) begin
        first$clock = clock;
        second$clock = clock;
        has_first$clock = clock;
        has_second$clock = clock;
        first$d = first$q;
        second$d = second$q;
        has_first$d = has_first$q;
        has_second$d = has_second$q;
        in_ready = ~has_second$q;
        out_data = first$q;
        out_valid = has_first$q;
        moves = ~has_first$q || out_ready;
        if (moves) begin
            first$d = in_data;
            has_first$d = in_valid;
            if (has_second$q) begin
                first$d = second$q;
                has_first$d = 1'b1;
            end
            has_second$d = 1'b0;
        end
        else begin
            if (in_valid) begin
                has_second$d = 1'b1;
            end
        end
        if (~has_second$q) begin
            second$d = in_data;
        end
        if (clear) begin
            has_first$d = 1'b0;
            has_second$d = 1'b0;
        end
    end

endmodule // metisvm_card$cores$order$slice

module metisvm_card$counters(clock,by$0,by$1,by$2,by$3,by$4,by$5,by$6,by$7,by$8,by$9,by$10,by$11,address,data);

    // Module arguments
    input wire  clock;
    input wire  [9:0] by$0;
    input wire  [9:0] by$1;
    input wire  [9:0] by$2;
    input wire  [9:0] by$3;
    input wire  [9:0] by$4;
    input wire  [9:0] by$5;
    input wire  [9:0] by$6;
    input wire  [9:0] by$7;
    input wire  [9:0] by$8;
    input wire  [9:0] by$9;
    input wire  [9:0] by$10;
    input wire  [9:0] by$11;
    input wire  [5:0] address;
    output reg  [31:0] data;

    // Stub signals
    reg  [9:0] step$0$d;
    wire  [9:0] step$0$q;
    reg  step$0$clock;
    reg  [9:0] step$1$d;
    wire  [9:0] step$1$q;
    reg  step$1$clock;
    reg  [9:0] step$2$d;
    wire  [9:0] step$2$q;
    reg  step$2$clock;
    reg  [9:0] step$3$d;
    wire  [9:0] step$3$q;
    reg  step$3$clock;
    reg  [9:0] step$4$d;
    wire  [9:0] step$4$q;
    reg  step$4$clock;
    reg  [9:0] step$5$d;
    wire  [9:0] step$5$q;
    reg  step$5$clock;
    reg  [9:0] step$6$d;
    wire  [9:0] step$6$q;
    reg  step$6$clock;
    reg  [9:0] step$7$d;
    wire  [9:0] step$7$q;
    reg  step$7$clock;
    reg  [9:0] step$8$d;
    wire  [9:0] step$8$q;
    reg  step$8$clock;
    reg  [9:0] step$9$d;
    wire  [9:0] step$9$q;
    reg  step$9$clock;
    reg  [9:0] step$10$d;
    wire  [9:0] step$10$q;
    reg  step$10$clock;
    reg  [9:0] step$11$d;
    wire  [9:0] step$11$q;
    reg  step$11$clock;
    reg  [63:0] count$0$d;
    wire  [63:0] count$0$q;
    reg  count$0$clock;
    reg  [63:0] count$1$d;
    wire  [63:0] count$1$q;
    reg  count$1$clock;
    reg  [63:0] count$2$d;
    wire  [63:0] count$2$q;
    reg  count$2$clock;
    reg  [63:0] count$3$d;
    wire  [63:0] count$3$q;
    reg  count$3$clock;
    reg  [63:0] count$4$d;
    wire  [63:0] count$4$q;
    reg  count$4$clock;
    reg  [63:0] count$5$d;
    wire  [63:0] count$5$q;
    reg  count$5$clock;
    reg  [63:0] count$6$d;
    wire  [63:0] count$6$q;
    reg  count$6$clock;
    reg  [63:0] count$7$d;
    wire  [63:0] count$7$q;
    reg  count$7$clock;
    reg  [63:0] count$8$d;
    wire  [63:0] count$8$q;
    reg  count$8$clock;
    reg  [63:0] count$9$d;
    wire  [63:0] count$9$q;
    reg  count$9$clock;
    reg  [63:0] count$10$d;
    wire  [63:0] count$10$q;
    reg  count$10$clock;
    reg  [63:0] count$11$d;
    wire  [63:0] count$11$q;
    reg  count$11$clock;
    reg  [31:0] data_reg$d;
    wire  [31:0] data_reg$q;
    reg  data_reg$clock;

    // Local signals
    reg  [9:0] now;
    reg  [63:0] wide;
    reg  [63:0] chosen;

    // Sub module instances
    metisvm_card$cores$best_load step$0(
        .d(step$0$d),
        .q(step$0$q),
        .clock(step$0$clock)
    );
    metisvm_card$cores$best_load step$1(
        .d(step$1$d),
        .q(step$1$q),
        .clock(step$1$clock)
    );
    metisvm_card$cores$best_load step$2(
        .d(step$2$d),
        .q(step$2$q),
        .clock(step$2$clock)
    );
    metisvm_card$cores$best_load step$3(
        .d(step$3$d),
        .q(step$3$q),
        .clock(step$3$clock)
    );
    metisvm_card$cores$best_load step$4(
        .d(step$4$d),
        .q(step$4$q),
        .clock(step$4$clock)
    );
    metisvm_card$cores$best_load step$5(
        .d(step$5$d),
        .q(step$5$q),
        .clock(step$5$clock)
    );
    metisvm_card$cores$best_load step$6(
        .d(step$6$d),
        .q(step$6$q),
        .clock(step$6$clock)
    );
    metisvm_card$cores$best_load step$7(
        .d(step$7$d),
        .q(step$7$q),
        .clock(step$7$clock)
    );
    metisvm_card$cores$best_load step$8(
        .d(step$8$d),
        .q(step$8$q),
        .clock(step$8$clock)
    );
    metisvm_card$cores$best_load step$9(
        .d(step$9$d),
        .q(step$9$q),
        .clock(step$9$clock)
    );
    metisvm_card$cores$best_load step$10(
        .d(step$10$d),
        .q(step$10$q),
        .clock(step$10$clock)
    );
    metisvm_card$cores$best_load step$11(
        .d(step$11$d),
        .q(step$11$q),
        .clock(step$11$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$0(
        .d(count$0$d),
        .q(count$0$q),
        .clock(count$0$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$1(
        .d(count$1$d),
        .q(count$1$q),
        .clock(count$1$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$2(
        .d(count$2$d),
        .q(count$2$q),
        .clock(count$2$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$3(
        .d(count$3$d),
        .q(count$3$q),
        .clock(count$3$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$4(
        .d(count$4$d),
        .q(count$4$q),
        .clock(count$4$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$5(
        .d(count$5$d),
        .q(count$5$q),
        .clock(count$5$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$6(
        .d(count$6$d),
        .q(count$6$q),
        .clock(count$6$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$7(
        .d(count$7$d),
        .q(count$7$q),
        .clock(count$7$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$8(
        .d(count$8$d),
        .q(count$8$q),
        .clock(count$8$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$9(
        .d(count$9$d),
        .q(count$9$q),
        .clock(count$9$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$10(
        .d(count$10$d),
        .q(count$10$q),
        .clock(count$10$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 count$11(
        .d(count$11$d),
        .q(count$11$q),
        .clock(count$11$clock)
    );
    metisvm_card$counters$data_reg data_reg(
        .d(data_reg$d),
        .q(data_reg$q),
        .clock(data_reg$clock)
    );

    // Update code
    always @(*) begin
        data_reg$clock = clock;
        data_reg$d = data_reg$q;
        chosen = 32'h0;
        step$0$clock = clock;
        step$0$d = by$0;
        count$0$clock = clock;
        now = step$0$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$0$d = count$0$q + wide;
        if (address[(32'h1)+:(5)] == 0) begin
            chosen = count$0$q;
        end
        step$1$clock = clock;
        step$1$d = by$1;
        count$1$clock = clock;
        now = step$1$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$1$d = count$1$q + wide;
        if (address[(32'h1)+:(5)] == 1) begin
            chosen = count$1$q;
        end
        step$2$clock = clock;
        step$2$d = by$2;
        count$2$clock = clock;
        now = step$2$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$2$d = count$2$q + wide;
        if (address[(32'h1)+:(5)] == 2) begin
            chosen = count$2$q;
        end
        step$3$clock = clock;
        step$3$d = by$3;
        count$3$clock = clock;
        now = step$3$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$3$d = count$3$q + wide;
        if (address[(32'h1)+:(5)] == 3) begin
            chosen = count$3$q;
        end
        step$4$clock = clock;
        step$4$d = by$4;
        count$4$clock = clock;
        now = step$4$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$4$d = count$4$q + wide;
        if (address[(32'h1)+:(5)] == 4) begin
            chosen = count$4$q;
        end
        step$5$clock = clock;
        step$5$d = by$5;
        count$5$clock = clock;
        now = step$5$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$5$d = count$5$q + wide;
        if (address[(32'h1)+:(5)] == 5) begin
            chosen = count$5$q;
        end
        step$6$clock = clock;
        step$6$d = by$6;
        count$6$clock = clock;
        now = step$6$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$6$d = count$6$q + wide;
        if (address[(32'h1)+:(5)] == 6) begin
            chosen = count$6$q;
        end
        step$7$clock = clock;
        step$7$d = by$7;
        count$7$clock = clock;
        now = step$7$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$7$d = count$7$q + wide;
        if (address[(32'h1)+:(5)] == 7) begin
            chosen = count$7$q;
        end
        step$8$clock = clock;
        step$8$d = by$8;
        count$8$clock = clock;
        now = step$8$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$8$d = count$8$q + wide;
        if (address[(32'h1)+:(5)] == 8) begin
            chosen = count$8$q;
        end
        step$9$clock = clock;
        step$9$d = by$9;
        count$9$clock = clock;
        now = step$9$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$9$d = count$9$q + wide;
        if (address[(32'h1)+:(5)] == 9) begin
            chosen = count$9$q;
        end
        step$10$clock = clock;
        step$10$d = by$10;
        count$10$clock = clock;
        now = step$10$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$10$d = count$10$q + wide;
        if (address[(32'h1)+:(5)] == 10) begin
            chosen = count$10$q;
        end
        step$11$clock = clock;
        step$11$d = by$11;
        count$11$clock = clock;
        now = step$11$q;
        wide = ((now) & 64'hffffffffffffffff);
        count$11$d = count$11$q + wide;
        if (address[(32'h1)+:(5)] == 11) begin
            chosen = count$11$q;
        end
        data_reg$d = chosen[(32'h0)+:(32)];
        if (address[32'h0]) begin
            data_reg$d = chosen[(32'h20)+:(32)];
        end
        data = data_reg$q;
    end

endmodule // metisvm_card$counters

module metisvm_card$counters$data_reg(d,q,clock);

    // Module arguments
    input wire  [31:0] d;
    output reg  [31:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 32'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$counters$data_reg

module metisvm_card$executor(clock,stop,clear,max_handles,card_bytes,boot_nonce,entry$0,entry$1,entry$2,entry$3,entry$4,entry$5,entry$6,entry$7,start,cancelled,found,done,status,detail,cmd_valid,cmd_ready,abort,drained,in_valid,in_ready,in_data,in_end,in_error,mw_address,mw_data,mw_valid,mw_ready,has_keccak,keccak_start,keccak_done,keccak_status,keccak_detail,has_tensor,run_start,run_done,run_status,run_detail,run_handle,run_search,run_present,run_is_state,run_piece,run_upto,run_range_ok,run_searched,run_meets);

    // Module arguments
    input wire  clock;
    input wire  stop;
    input wire  clear;
    input wire  [31:0] max_handles;
    input wire  [63:0] card_bytes;
    input wire  [31:0] boot_nonce;
    input wire  [63:0] entry$0;
    input wire  [63:0] entry$1;
    input wire  [63:0] entry$2;
    input wire  [63:0] entry$3;
    input wire  [63:0] entry$4;
    input wire  [63:0] entry$5;
    input wire  [63:0] entry$6;
    input wire  [63:0] entry$7;
    input wire  start;
    input wire  cancelled;
    input wire  found;
    output reg  done;
    output reg  [14:0] status;
    output reg  [31:0] detail;
    output reg  cmd_valid;
    input wire  cmd_ready;
    output reg  abort;
    input wire  drained;
    input wire  in_valid;
    output reg  in_ready;
    input wire  [63:0] in_data;
    input wire  in_end;
    input wire  in_error;
    output reg  [47:0] mw_address;
    output reg  [63:0] mw_data;
    output reg  mw_valid;
    input wire  mw_ready;
    input wire  has_keccak;
    output reg  keccak_start;
    input wire  keccak_done;
    input wire  [14:0] keccak_status;
    input wire  [31:0] keccak_detail;
    input wire  has_tensor;
    output reg  run_start;
    input wire  run_done;
    input wire  [14:0] run_status;
    input wire  [31:0] run_detail;
    input wire  [5:0] run_handle;
    input wire  run_search;
    output reg  run_present;
    output reg  run_is_state;
    output reg  [47:0] run_piece;
    output reg  [48:0] run_upto;
    output reg  run_range_ok;
    output reg  run_searched;
    output reg  run_meets;

    // Stub signals
    reg  handles$clock;
    reg  handles$clear;
    reg  [5:0] handles$handle;
    reg  [47:0] handles$start;
    reg  [48:0] handles$upto;
    reg  handles$search;
    reg  handles$insert;
    reg  handles$as_state;
    reg  handles$remove;
    wire  handles$present;
    wire  [47:0] handles$piece_start;
    wire  [48:0] handles$piece_upto;
    wire  handles$is_state;
    wire  handles$searched;
    wire  handles$meets;
    reg  [2:0] state$d;
    wire  [2:0] state$q;
    reg  state$clock;
    reg  [14:0] status_reg$d;
    wire  [14:0] status_reg$q;
    reg  status_reg$clock;
    reg  [31:0] detail_reg$d;
    wire  [31:0] detail_reg$q;
    reg  detail_reg$clock;
    reg  [47:0] at$d;
    wire  [47:0] at$q;
    reg  at$clock;
    reg  [7:0] has_field$d;
    wire  [7:0] has_field$q;
    reg  has_field$clock;
    reg  wrong_nonce$d;
    wire  wrong_nonce$q;
    reg  wrong_nonce$clock;
    reg  [31:0] less$d;
    wire  [31:0] less$q;
    reg  less$clock;
    reg  no_handle$d;
    wire  no_handle$q;
    reg  no_handle$clock;
    reg  handle_ok$d;
    wire  handle_ok$q;
    reg  handle_ok$clock;
    reg  is_present$d;
    wire  is_present$q;
    reg  is_present$clock;
    reg  is_state$d;
    wire  is_state$q;
    reg  is_state$clock;
    reg  [64:0] upto$d;
    wire  [64:0] upto$q;
    reg  upto$clock;
    reg  range_ok$d;
    wire  range_ok$q;
    reg  range_ok$clock;
    reg  [3:0] stray_reg$d;
    wire  [3:0] stray_reg$q;
    reg  stray_reg$clock;

    // Local signals
    reg  [14:0] status_n;
    reg  [31:0] detail_n;
    reg  [7:0] opcode;
    reg  is_run;
    reg  is_load;
    reg  is_evict;
    reg  is_keccak;
    reg  is_cancel;
    reg  [3:0] stray;
    reg  [31:0] handle;
    reg  [63:0] address;
    reg  [63:0] length;
    reg  [64:0] address_wide;
    reg  [64:0] length_wide;
    reg  [64:0] limit;
    reg  [7:0] fields;
    reg  [7:0] field_bit;

    // Sub module instances
    metisvm_card$executor$handles handles(
        .clock(handles$clock),
        .clear(handles$clear),
        .handle(handles$handle),
        .start(handles$start),
        .upto(handles$upto),
        .search(handles$search),
        .insert(handles$insert),
        .as_state(handles$as_state),
        .remove(handles$remove),
        .present(handles$present),
        .piece_start(handles$piece_start),
        .piece_upto(handles$piece_upto),
        .is_state(handles$is_state),
        .searched(handles$searched),
        .meets(handles$meets)
    );
    metisvm_card$executor$state state(
        .d(state$d),
        .q(state$q),
        .clock(state$clock)
    );
    metisvm_card$executor$status_reg status_reg(
        .d(status_reg$d),
        .q(status_reg$q),
        .clock(status_reg$clock)
    );
    metisvm_card$counters$data_reg detail_reg(
        .d(detail_reg$d),
        .q(detail_reg$q),
        .clock(detail_reg$clock)
    );
    metisvm_card$executor$at at(
        .d(at$d),
        .q(at$q),
        .clock(at$clock)
    );
    metisvm_card$executor$has_field has_field(
        .d(has_field$d),
        .q(has_field$q),
        .clock(has_field$clock)
    );
    metisvm_card$clears wrong_nonce(
        .d(wrong_nonce$d),
        .q(wrong_nonce$q),
        .clock(wrong_nonce$clock)
    );
    metisvm_card$counters$data_reg less(
        .d(less$d),
        .q(less$q),
        .clock(less$clock)
    );
    metisvm_card$clears no_handle(
        .d(no_handle$d),
        .q(no_handle$q),
        .clock(no_handle$clock)
    );
    metisvm_card$clears handle_ok(
        .d(handle_ok$d),
        .q(handle_ok$q),
        .clock(handle_ok$clock)
    );
    metisvm_card$clears is_present(
        .d(is_present$d),
        .q(is_present$q),
        .clock(is_present$clock)
    );
    metisvm_card$clears is_state(
        .d(is_state$d),
        .q(is_state$q),
        .clock(is_state$clock)
    );
    metisvm_card$cores$digests$first upto(
        .d(upto$d),
        .q(upto$q),
        .clock(upto$clock)
    );
    metisvm_card$clears range_ok(
        .d(range_ok$d),
        .q(range_ok$q),
        .clock(range_ok$clock)
    );
    metisvm_card$cores$best stray_reg(
        .d(stray_reg$d),
        .q(stray_reg$q),
        .clock(stray_reg$clock)
    );

    // Update code
    always @(*) begin
        state$clock = clock;
        status_reg$clock = clock;
        detail_reg$clock = clock;
        at$clock = clock;
        has_field$clock = clock;
        wrong_nonce$clock = clock;
        less$clock = clock;
        no_handle$clock = clock;
        handle_ok$clock = clock;
        is_present$clock = clock;
        is_state$clock = clock;
        upto$clock = clock;
        range_ok$clock = clock;
        stray_reg$clock = clock;
        state$d = state$q;
        status_reg$d = status_reg$q;
        detail_reg$d = detail_reg$q;
        at$d = at$q;
        has_field$d = has_field$q;
        wrong_nonce$d = wrong_nonce$q;
        less$d = less$q;
        no_handle$d = no_handle$q;
        handle_ok$d = handle_ok$q;
        is_present$d = is_present$q;
        is_state$d = is_state$q;
        upto$d = upto$q;
        range_ok$d = range_ok$q;
        stray_reg$d = stray_reg$q;
        handles$clock = clock;
        opcode = entry$0[(32'h0)+:(8)];
        is_cancel = opcode == 32'h1;
        is_load = opcode == 32'h2;
        is_evict = opcode == 32'h3;
        is_run = opcode == 32'h4;
        is_keccak = opcode == 32'h5;
        fields = 32'h0;
        field_bit = 32'h4;
        if (|entry$2[(32'h20)+:(32)]) begin
            fields = field_bit;
        end
        field_bit = field_bit << 32'h1;
        if (|entry$3) begin
            fields = fields | field_bit;
        end
        field_bit = field_bit << 32'h1;
        if (|entry$4) begin
            fields = fields | field_bit;
        end
        field_bit = field_bit << 32'h1;
        if (|entry$5) begin
            fields = fields | field_bit;
        end
        field_bit = field_bit << 32'h1;
        if (|entry$6) begin
            fields = fields | field_bit;
        end
        field_bit = field_bit << 32'h1;
        if (|entry$7) begin
            fields = fields | field_bit;
        end
        if (|entry$0[(32'h9)+:(23)]) begin
            fields = fields | ((32'h1) & 8'hff);
        end
        if (|entry$1[(32'h20)+:(32)]) begin
            fields = fields | ((32'h2) & 8'hff);
        end
        has_field$d = fields;
        stray = 32'h8;
        if (~is_load) begin
            if (has_field$q[32'h7]) begin
                stray = 32'h7;
            end
            if (has_field$q[32'h6]) begin
                stray = 32'h6;
            end
        end
        if (~is_keccak) begin
            if (has_field$q[32'h5]) begin
                stray = 32'h5;
            end
            if (has_field$q[32'h4]) begin
                stray = 32'h4;
            end
            if (~is_load && has_field$q[32'h3]) begin
                stray = 32'h3;
            end
            if (~is_cancel && has_field$q[32'h2]) begin
                stray = 32'h2;
            end
        end
        if (~is_load && ~is_evict && ~no_handle$q) begin
            stray = 32'h2;
        end
        if (has_field$q[32'h1]) begin
            stray = 32'h1;
        end
        if (has_field$q[32'h0]) begin
            stray = 32'h0;
        end
        if (~is_load && entry$0[32'h8]) begin
            stray = 32'h0;
        end
        stray_reg$d = stray;
        wrong_nonce$d = (boot_nonce == 32'h0) || (entry$1[(32'h0)+:(32)] != boot_nonce);
        handle = entry$2[(32'h0)+:(32)];
        no_handle$d = handle == 32'h0;
        less$d = handle - 32'h1;
        handle_ok$d = less$q < max_handles;
        is_present$d = handles$present;
        address = entry$6;
        length = entry$7;
        address_wide = ((address) & 65'h1ffffffffffffffff);
        length_wide = ((length) & 65'h1ffffffffffffffff);
        upto$d = address_wide + length_wide;
        limit = ((card_bytes) & 65'h1ffffffffffffffff);
        range_ok$d = (address[(32'h0)+:(6)] == 32'h0) && (upto$q <= limit);
        handles$clear = clear;
        handles$handle = less$q[(32'h0)+:(6)];
        if (is_run) begin
            handles$handle = run_handle;
        end
        handles$as_state = entry$0[32'h8];
        is_state$d = handles$is_state;
        run_present = is_present$q;
        run_is_state = is_state$q;
        run_piece = handles$piece_start;
        run_upto = handles$piece_upto;
        run_range_ok = range_ok$q;
        run_searched = handles$searched;
        run_meets = handles$meets;
        handles$start = address[(32'h0)+:(48)];
        handles$upto = upto$q[(32'h0)+:(49)];
        handles$search = run_search;
        handles$insert = 1'b0;
        handles$remove = 1'b0;
        done = state$q == 32'h5;
        status = status_reg$q;
        detail = detail_reg$q;
        cmd_valid = 1'b0;
        abort = 1'b0;
        in_ready = 1'b0;
        mw_valid = 1'b0;
        mw_address = at$q;
        mw_data = in_data;
        keccak_start = 1'b0;
        run_start = 1'b0;
        status_n = status_reg$q;
        detail_n = detail_reg$q;
        if (state$q == 32'h0) begin
            if (start) begin
                state$d = 32'h7;
            end
        end
        if (state$q == 32'h7) begin
            state$d = 32'h5;
            status_n = 32'h0;
            detail_n = 32'h0;
            at$d = address[(32'h0)+:(48)];
            if (wrong_nonce$q) begin
                status_n = 32'h3;
                detail_n = boot_nonce;
            end
            else if (cancelled) begin
                status_n = 32'h10;
            end
            else if (found) begin
                status_n = 32'h0;
            end
            else if (opcode > ((32'h5) & 8'hff)) begin
                status_n = 32'h1;
            end
            else if (is_run) begin
                status_n = 32'h1;
                if (|entry$0[(32'h8)+:(8)]) begin
                    status_n = 32'h2;
                end
                else if (has_tensor) begin
                    run_start = 1'b1;
                    state$d = 32'h4;
                end
            end
            else if (stray_reg$q != 32'h8) begin
                status_n = 32'h2;
                detail_n = ((stray_reg$q) & 32'hffffffff);
            end
            else if (is_keccak && ~has_keccak) begin
                status_n = 32'h1;
            end
            else if (is_cancel) begin
                status_n = 32'h11;
            end
            else if (is_evict) begin
                if (handle_ok$q && is_present$q) begin
                    handles$remove = 1'b1;
                end
                else begin
                    status_n = 32'h4;
                    detail_n = handle;
                end
            end
            else if (is_load) begin
                if (~handle_ok$q) begin
                    status_n = 32'h2;
                    detail_n = 32'h2;
                end
                else if (|entry$3[(32'h0)+:(3)]) begin
                    status_n = 32'h2;
                    detail_n = 32'h3;
                end
                else if (is_present$q) begin
                    status_n = 32'h5;
                    detail_n = handle;
                end
                else if (~range_ok$q) begin
                    status_n = 32'h6;
                end
                else begin
                    handles$search = 1'b1;
                    state$d = 32'h1;
                end
            end
            else if (is_keccak) begin
                keccak_start = 1'b1;
                state$d = 32'h4;
            end
        end
        if ((state$q == 32'h1) && handles$searched) begin
            if (handles$meets) begin
                status_n = 32'h6;
                state$d = 32'h5;
            end
            else if (length == 32'h0) begin
                handles$insert = 1'b1;
                state$d = 32'h5;
            end
            else begin
                state$d = 32'h2;
            end
        end
        if (state$q == 32'h2) begin
            cmd_valid = 1'b1;
            if (cmd_ready) begin
                state$d = 32'h3;
            end
        end
        if (state$q == 32'h3) begin
            mw_valid = in_valid && ~in_error;
            in_ready = mw_ready;
            if (in_valid && ~in_error && mw_ready) begin
                at$d = at$q + 32'h8;
                if (in_end) begin
                    handles$insert = 1'b1;
                    state$d = 32'h5;
                end
                else if (stop) begin
                    status_n = 32'h13;
                    state$d = 32'h6;
                end
            end
            if (in_valid && in_error) begin
                status_n = 32'h7;
                state$d = 32'h6;
            end
            else if (stop && ~in_valid) begin
                status_n = 32'h13;
                state$d = 32'h6;
            end
        end
        if ((state$q == 32'h4) && keccak_done) begin
            status_n = keccak_status;
            detail_n = keccak_detail;
            state$d = 32'h5;
        end
        if ((state$q == 32'h4) && run_done) begin
            status_n = run_status;
            detail_n = run_detail;
            state$d = 32'h5;
        end
        if (state$q == 32'h5) begin
            state$d = 32'h0;
        end
        if (state$q == 32'h6) begin
            abort = 1'b1;
            in_ready = 1'b1;
            if (drained) begin
                state$d = 32'h5;
            end
        end
        status_reg$d = status_n;
        detail_reg$d = detail_n;
    end

endmodule // metisvm_card$executor

module metisvm_card$executor$at(d,q,clock);

    // Module arguments
    input wire  [47:0] d;
    output reg  [47:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 48'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$executor$at

module metisvm_card$executor$handles(clock,clear,handle,start,upto,search,insert,as_state,remove,present,piece_start,piece_upto,is_state,searched,meets);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [5:0] handle;
    input wire  [47:0] start;
    input wire  [48:0] upto;
    input wire  search;
    input wire  insert;
    input wire  as_state;
    input wire  remove;
    output reg  present;
    output reg  [47:0] piece_start;
    output reg  [48:0] piece_upto;
    output reg  is_state;
    output reg  searched;
    output reg  meets;

    // Stub signals
    reg  [5:0] pieces$read_address;
    reg  pieces$read_clock;
    wire  [96:0] pieces$read_data;
    reg  [5:0] pieces$write_address;
    reg  pieces$write_clock;
    reg  [96:0] pieces$write_data;
    reg  pieces$write_enable;
    reg  [63:0] valid$d;
    wire  [63:0] valid$q;
    reg  valid$clock;
    reg  [6:0] at$d;
    wire  [6:0] at$q;
    reg  at$clock;
    reg  [6:0] seen$d;
    wire  [6:0] seen$q;
    reg  seen$clock;
    reg  running$d;
    wire  running$q;
    reg  running$clock;
    reg  hit$d;
    wire  hit$q;
    reg  hit$clock;
    reg  [63:0] mask$d;
    wire  [63:0] mask$q;
    reg  mask$clock;
    reg  inserts$d;
    wire  inserts$q;
    reg  inserts$clock;
    reg  removes$d;
    wire  removes$q;
    reg  removes$clock;
    reg  [63:0] states$d;
    wire  [63:0] states$q;
    reg  states$clock;
    reg  [96:0] piece$d;
    wire  [96:0] piece$q;
    reg  piece$clock;
    reg  piece_counts$d;
    wire  piece_counts$q;
    reg  piece_counts$clock;
    reg  below$d;
    wire  below$q;
    reg  below$clock;
    reg  above$d;
    wire  above$q;
    reg  above$clock;
    reg  both_count$d;
    wire  both_count$q;
    reg  both_count$clock;

    // Local signals
    reg  [63:0] one;
    reg  [63:0] inverse;
    reg  [96:0] entry;
    reg  [96:0] entry_high;
    reg  [48:0] other_start;
    reg  [48:0] other_end;
    reg  [48:0] start_wide;

    // Sub module instances
    metisvm_card$executor$handles$pieces pieces(
        .read_address(pieces$read_address),
        .read_clock(pieces$read_clock),
        .read_data(pieces$read_data),
        .write_address(pieces$write_address),
        .write_clock(pieces$write_clock),
        .write_data(pieces$write_data),
        .write_enable(pieces$write_enable)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 valid(
        .d(valid$d),
        .q(valid$q),
        .clock(valid$clock)
    );
    metisvm_card$executor$handles$at at(
        .d(at$d),
        .q(at$q),
        .clock(at$clock)
    );
    metisvm_card$executor$handles$at seen(
        .d(seen$d),
        .q(seen$q),
        .clock(seen$clock)
    );
    metisvm_card$clears running(
        .d(running$d),
        .q(running$q),
        .clock(running$clock)
    );
    metisvm_card$clears hit(
        .d(hit$d),
        .q(hit$q),
        .clock(hit$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 mask(
        .d(mask$d),
        .q(mask$q),
        .clock(mask$clock)
    );
    metisvm_card$clears inserts(
        .d(inserts$d),
        .q(inserts$q),
        .clock(inserts$clock)
    );
    metisvm_card$clears removes(
        .d(removes$d),
        .q(removes$q),
        .clock(removes$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 states(
        .d(states$d),
        .q(states$q),
        .clock(states$clock)
    );
    metisvm_card$executor$handles$piece piece(
        .d(piece$d),
        .q(piece$q),
        .clock(piece$clock)
    );
    metisvm_card$clears piece_counts(
        .d(piece_counts$d),
        .q(piece_counts$q),
        .clock(piece_counts$clock)
    );
    metisvm_card$clears below(
        .d(below$d),
        .q(below$q),
        .clock(below$clock)
    );
    metisvm_card$clears above(
        .d(above$d),
        .q(above$q),
        .clock(above$clock)
    );
    metisvm_card$clears both_count(
        .d(both_count$d),
        .q(both_count$q),
        .clock(both_count$clock)
    );

    // Update code
    always @(*) begin
        valid$clock = clock;
        at$clock = clock;
        seen$clock = clock;
        running$clock = clock;
        hit$clock = clock;
        mask$clock = clock;
        inserts$clock = clock;
        removes$clock = clock;
        states$clock = clock;
        piece$clock = clock;
        piece_counts$clock = clock;
        below$clock = clock;
        above$clock = clock;
        both_count$clock = clock;
        valid$d = valid$q;
        at$d = at$q;
        seen$d = seen$q;
        running$d = running$q;
        hit$d = hit$q;
        mask$d = mask$q;
        inserts$d = inserts$q;
        removes$d = removes$q;
        states$d = states$q;
        piece$d = piece$q;
        piece_counts$d = piece_counts$q;
        below$d = below$q;
        above$d = above$q;
        both_count$d = both_count$q;
        pieces$read_clock = clock;
        pieces$write_clock = clock;
        one = 32'h1;
        mask$d = one << handle;
        inverse = ~mask$q;
        present = valid$q[handle];
        entry = ((start) & 97'h1ffffffffffffffffffffffff);
        entry_high = ((upto) & 97'h1ffffffffffffffffffffffff);
        entry_high = entry_high << 32'h30;
        pieces$write_address = handle;
        pieces$write_data = entry | entry_high;
        inserts$d = insert;
        removes$d = remove;
        pieces$write_enable = inserts$q;
        pieces$read_address = handle;
        if (running$q) begin
            pieces$read_address = at$q[(32'h0)+:(6)];
        end
        piece_start = pieces$read_data[(32'h0)+:(48)];
        piece_upto = pieces$read_data[(32'h30)+:(49)];
        is_state = states$q[handle];
        seen$d = at$q;
        piece$d = pieces$read_data;
        piece_counts$d = running$q && (at$q != 32'h0) && (at$q <= ((32'h40) & 7'h7f)) && valid$q[seen$q[(32'h0)+:(6)]];
        other_start = ((piece$q[(32'h0)+:(48)]) & 49'h1ffffffffffff);
        other_end = piece$q[(32'h30)+:(49)];
        start_wide = ((start) & 49'h1ffffffffffff);
        below$d = other_start < upto;
        above$d = start_wide < other_end;
        both_count$d = piece_counts$q;
        if (both_count$q && below$q && above$q) begin
            hit$d = 1'b1;
        end
        if (running$q) begin
            at$d = at$q + 32'h1;
            if (at$q == 32'h43) begin
                running$d = 1'b0;
            end
        end
        if (search) begin
            at$d = 32'h0;
            running$d = 1'b1;
            hit$d = 1'b0;
            piece_counts$d = 1'b0;
            both_count$d = 1'b0;
        end
        searched = ~running$q;
        meets = hit$q;
        if (inserts$q) begin
            valid$d = valid$q | mask$q;
            states$d = states$q & inverse;
            if (as_state) begin
                states$d = states$q | mask$q;
            end
        end
        if (removes$q) begin
            valid$d = valid$q & inverse;
        end
        if (clear) begin
            valid$d = 32'h0;
            running$d = 1'b0;
        end
    end

endmodule // metisvm_card$executor$handles

module metisvm_card$executor$handles$at(d,q,clock);

    // Module arguments
    input wire  [6:0] d;
    output reg  [6:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 7'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$executor$handles$at

module metisvm_card$executor$handles$piece(d,q,clock);

    // Module arguments
    input wire  [96:0] d;
    output reg  [96:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 97'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$executor$handles$piece

module metisvm_card$executor$handles$pieces(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);

    // Module arguments
    input wire  [5:0] read_address;
    input wire  read_clock;
    output reg  [96:0] read_data;
    input wire  [5:0] write_address;
    input wire  write_clock;
    input wire  [96:0] write_data;
    input wire  write_enable;

    // Update code (custom)
    reg[96:0] mem[63:0];



    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end

    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end

endmodule // metisvm_card$executor$handles$pieces

module metisvm_card$executor$has_field(d,q,clock);

    // Module arguments
    input wire  [7:0] d;
    output reg  [7:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 8'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$executor$has_field

module metisvm_card$executor$state(d,q,clock);

    // Module arguments
    input wire  [2:0] d;
    output reg  [2:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 3'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$executor$state

module metisvm_card$executor$status_reg(d,q,clock);

    // Module arguments
    input wire  [14:0] d;
    output reg  [14:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 15'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$executor$status_reg

module metisvm_card$fetcher(clock,abort,cmd_valid,cmd_ready,cmd_address,cmd_length,cmd_kind,req_valid,req_ready,req_address,req_bytes,req_kind,req_last,idle);

    // Module arguments
    input wire  clock;
    input wire  abort;
    input wire  cmd_valid;
    output reg  cmd_ready;
    input wire  [63:0] cmd_address;
    input wire  [48:0] cmd_length;
    input wire  [1:0] cmd_kind;
    output reg  req_valid;
    input wire  req_ready;
    output reg  [63:0] req_address;
    output reg  [9:0] req_bytes;
    output reg  [1:0] req_kind;
    output reg  req_last;
    output reg  idle;

    // Stub signals
    reg  active$d;
    wire  active$q;
    reg  active$clock;
    reg  [63:0] address$d;
    wire  [63:0] address$q;
    reg  address$clock;
    reg  [48:0] left$d;
    wire  [48:0] left$q;
    reg  left$clock;
    reg  [1:0] kind$d;
    wire  [1:0] kind$q;
    reg  kind$clock;
    reg  ready$d;
    wire  ready$q;
    reg  ready$clock;
    reg  [9:0] room$d;
    wire  [9:0] room$q;
    reg  room$clock;
    reg  is_last$d;
    wire  is_last$q;
    reg  is_last$clock;

    // Local signals
    reg  [9:0] offset;
    reg  [9:0] room_n;
    reg  [48:0] room_wide;
    reg  [54:0] next_piece;
    reg  [63:0] next_address;

    // Sub module instances
    metisvm_card$clears active(
        .d(active$d),
        .q(active$q),
        .clock(active$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 address(
        .d(address$d),
        .q(address$q),
        .clock(address$clock)
    );
    metisvm_card$fetcher$left left(
        .d(left$d),
        .q(left$q),
        .clock(left$clock)
    );
    metisvm_card$cores$lanes$0$words$kind kind(
        .d(kind$d),
        .q(kind$q),
        .clock(kind$clock)
    );
    metisvm_card$clears ready(
        .d(ready$d),
        .q(ready$q),
        .clock(ready$clock)
    );
    metisvm_card$cores$best_load room(
        .d(room$d),
        .q(room$q),
        .clock(room$clock)
    );
    metisvm_card$clears is_last(
        .d(is_last$d),
        .q(is_last$q),
        .clock(is_last$clock)
    );

    // Update code
    always @(*) begin
        active$clock = clock;
        address$clock = clock;
        left$clock = clock;
        kind$clock = clock;
        ready$clock = clock;
        room$clock = clock;
        is_last$clock = clock;
        active$d = active$q;
        address$d = address$q;
        left$d = left$q;
        kind$d = kind$q;
        ready$d = ready$q;
        room$d = room$q;
        is_last$d = is_last$q;
        offset = ((address$q[(32'h0)+:(9)]) & 10'h3ff);
        room_n = ((32'h200) & 10'h3ff) - offset;
        room$d = room_n;
        is_last$d = ~|left$q[(32'ha)+:(39)] && (left$q[(32'h0)+:(10)] <= room_n);
        room_wide = ((room$q) & 49'h1ffffffffffff);
        next_piece = address$q[(32'h9)+:(55)] + 32'h1;
        next_address = ((next_piece) & 64'hffffffffffffffff);
        next_address = next_address << 32'h9;
        cmd_ready = ~active$q;
        req_valid = ready$q;
        req_address = address$q;
        req_kind = kind$q;
        req_last = is_last$q;
        req_bytes = room$q;
        if (is_last$q) begin
            req_bytes = left$q[(32'h0)+:(10)];
        end
        idle = ~active$q;
        if (active$q) begin
            ready$d = 1'b1;
            if (ready$q && req_ready) begin
                ready$d = 1'b0;
                address$d = next_address;
                left$d = left$q - room_wide;
                if (is_last$q) begin
                    active$d = 1'b0;
                end
            end
        end
        else begin
            if (cmd_valid) begin
                active$d = 1'b1;
                address$d = cmd_address;
                left$d = cmd_length;
                kind$d = cmd_kind;
            end
        end
        if (abort) begin
            active$d = 1'b0;
            ready$d = 1'b0;
        end
    end

endmodule // metisvm_card$fetcher

module metisvm_card$fetcher$left(d,q,clock);

    // Module arguments
    input wire  [48:0] d;
    output reg  [48:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 49'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$fetcher$left

module metisvm_card$keccak(clock,stop,max_messages,max_bytes,entry$0,entry$1,entry$2,entry$3,entry$4,entry$5,entry$6,entry$7,start,done,status,detail,working,cmd_valid,cmd_ready,cmd_address,cmd_length,cmd_kind,abort,drained,in_valid,in_ready,in_data,in_bytes,in_kind,in_end,in_error,engine_clear,engine_data,engine_bytes,engine_last,engine_valid,engine_ready,digest_data,digest_valid,digest_ready,write_start,write_address,write_push,write_data,write_flush,write_ready,write_idle);

    // Module arguments
    input wire  clock;
    input wire  stop;
    input wire  [31:0] max_messages;
    input wire  [31:0] max_bytes;
    input wire  [63:0] entry$0;
    input wire  [63:0] entry$1;
    input wire  [63:0] entry$2;
    input wire  [63:0] entry$3;
    input wire  [63:0] entry$4;
    input wire  [63:0] entry$5;
    input wire  [63:0] entry$6;
    input wire  [63:0] entry$7;
    input wire  start;
    output reg  done;
    output reg  [14:0] status;
    output reg  [31:0] detail;
    output reg  working;
    output reg  cmd_valid;
    input wire  cmd_ready;
    output reg  [63:0] cmd_address;
    output reg  [48:0] cmd_length;
    output reg  [1:0] cmd_kind;
    output reg  abort;
    input wire  drained;
    input wire  in_valid;
    output reg  in_ready;
    input wire  [127:0] in_data;
    input wire  [5:0] in_bytes;
    input wire  [1:0] in_kind;
    input wire  in_end;
    input wire  in_error;
    output reg  engine_clear;
    output reg  [127:0] engine_data;
    output reg  [5:0] engine_bytes;
    output reg  engine_last;
    output reg  engine_valid;
    input wire  engine_ready;
    input wire  [63:0] digest_data;
    input wire  digest_valid;
    output reg  digest_ready;
    output reg  write_start;
    output reg  [63:0] write_address;
    output reg  write_push;
    output reg  [63:0] write_data;
    output reg  write_flush;
    input wire  write_ready;
    input wire  write_idle;

    // Constant declarations
    localparam  above_data = 9'b10000000;
    localparam  no_kind = 2'b0;

    // Stub signals
    reg  crc$clock;
    reg  crc$clear;
    reg  crc$enable;
    reg  [63:0] crc$data;
    wire  [31:0] crc$checksum;
    reg  beats$clock;
    reg  beats$clear;
    reg  [133:0] beats$data;
    reg  beats$push;
    wire  beats$full;
    wire  [133:0] beats$first;
    wire  beats$valid;
    reg  beats$pop;
    wire  [7:0] beats$fill;
    reg  descriptors$clock;
    reg  descriptors$clear;
    reg  [127:0] descriptors$in_data;
    reg  [5:0] descriptors$in_bytes;
    reg  [1:0] descriptors$in_kind;
    reg  descriptors$in_end;
    reg  descriptors$in_error;
    reg  descriptors$in_valid;
    wire  descriptors$in_ready;
    wire  [63:0] descriptors$out_data;
    wire  [3:0] descriptors$out_bytes;
    wire  [1:0] descriptors$out_kind;
    wire  descriptors$out_end;
    wire  descriptors$out_error;
    wire  descriptors$out_valid;
    reg  descriptors$out_ready;
    reg  [63:0] descriptor$d;
    wire  [63:0] descriptor$q;
    reg  descriptor$clock;
    reg  [32:0] last_byte$d;
    wire  [32:0] last_byte$q;
    reg  last_byte$clock;
    reg  [32:0] total$d;
    wire  [32:0] total$q;
    reg  total$clock;
    reg  no_count$d;
    wire  no_count$q;
    reg  no_count$clock;
    reg  starts$d;
    wire  starts$q;
    reg  starts$clock;
    reg  no_bytes$d;
    wire  no_bytes$q;
    reg  no_bytes$clock;
    reg  wraps$d;
    wire  wraps$q;
    reg  wraps$clock;
    reg  [29:0] ahead$d;
    wire  [29:0] ahead$q;
    reg  ahead$clock;
    reg  [6:0] piece$d;
    wire  [6:0] piece$q;
    reg  piece$clock;
    reg  [29:0] pieces_left$d;
    wire  [29:0] pieces_left$q;
    reg  pieces_left$clock;
    reg  [63:0] piece_address$d;
    wire  [63:0] piece_address$q;
    reg  piece_address$clock;
    reg  [1:0] settled$d;
    wire  [1:0] settled$q;
    reg  settled$clock;
    reg  [63:0] message_address$d;
    wire  [63:0] message_address$q;
    reg  message_address$clock;
    reg  is_outside$d;
    wire  is_outside$q;
    reg  is_outside$clock;
    reg  is_over$d;
    wire  is_over$q;
    reg  is_over$clock;
    reg  is_last$d;
    wire  is_last$q;
    reg  is_last$clock;
    reg  none_next$d;
    wire  none_next$q;
    reg  none_next$clock;
    reg  none_left$d;
    wire  none_left$q;
    reg  none_left$clock;
    reg  [2:0] state$d;
    wire  [2:0] state$q;
    reg  state$clock;
    reg  [1:0] ending$d;
    wire  [1:0] ending$q;
    reg  ending$clock;
    reg  [16:0] index$d;
    wire  [16:0] index$q;
    reg  index$clock;
    reg  [29:0] asked$d;
    wire  [29:0] asked$q;
    reg  asked$clock;
    reg  [32:0] sum$d;
    wire  [32:0] sum$q;
    reg  sum$clock;
    reg  [18:0] words_left$d;
    wire  [18:0] words_left$q;
    reg  words_left$clock;
    reg  [14:0] status_reg$d;
    wire  [14:0] status_reg$q;
    reg  status_reg$clock;
    reg  [31:0] detail_reg$d;
    wire  [31:0] detail_reg$q;
    reg  detail_reg$clock;
    reg  begun$d;
    wire  begun$q;
    reg  begun$clock;

    // Local signals
    reg  [31:0] count;
    reg  [31:0] batch_bytes;
    reg  [31:0] output_bytes;
    reg  [29:0] limit;
    reg  [29:0] next_wide;
    reg  [29:0] piece_wide;
    reg  [16:0] next_index;
    reg  [31:0] offset;
    reg  [31:0] length;
    reg  [32:0] offset_wide;
    reg  [32:0] length_wide;
    reg  [32:0] batch_wide;
    reg  [32:0] most;
    reg  [64:0] first;
    reg  [64:0] extent;
    reg  [64:0] span;
    reg  [63:0] asked_bytes;
    reg  fail;
    reg  [14:0] fail_status;
    reg  [31:0] fail_detail;
    reg  takes;
    reg  throws_away;
    reg  [133:0] beat;
    reg  [133:0] beat_bytes;

    // Sub module instances
    metisvm_card$keccak$crc crc(
        .clock(crc$clock),
        .clear(crc$clear),
        .enable(crc$enable),
        .data(crc$data),
        .checksum(crc$checksum)
    );
    metisvm_card$keccak$beats beats(
        .clock(beats$clock),
        .clear(beats$clear),
        .data(beats$data),
        .push(beats$push),
        .full(beats$full),
        .first(beats$first),
        .valid(beats$valid),
        .pop(beats$pop),
        .fill(beats$fill)
    );
    metisvm_card$cores$lanes$0$words descriptors(
        .clock(descriptors$clock),
        .clear(descriptors$clear),
        .in_data(descriptors$in_data),
        .in_bytes(descriptors$in_bytes),
        .in_kind(descriptors$in_kind),
        .in_end(descriptors$in_end),
        .in_error(descriptors$in_error),
        .in_valid(descriptors$in_valid),
        .in_ready(descriptors$in_ready),
        .out_data(descriptors$out_data),
        .out_bytes(descriptors$out_bytes),
        .out_kind(descriptors$out_kind),
        .out_end(descriptors$out_end),
        .out_error(descriptors$out_error),
        .out_valid(descriptors$out_valid),
        .out_ready(descriptors$out_ready)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 descriptor(
        .d(descriptor$d),
        .q(descriptor$q),
        .clock(descriptor$clock)
    );
    metisvm_card$keccak$last_byte last_byte(
        .d(last_byte$d),
        .q(last_byte$q),
        .clock(last_byte$clock)
    );
    metisvm_card$keccak$last_byte total(
        .d(total$d),
        .q(total$q),
        .clock(total$clock)
    );
    metisvm_card$clears no_count(
        .d(no_count$d),
        .q(no_count$q),
        .clock(no_count$clock)
    );
    metisvm_card$clears starts(
        .d(starts$d),
        .q(starts$q),
        .clock(starts$clock)
    );
    metisvm_card$clears no_bytes(
        .d(no_bytes$d),
        .q(no_bytes$q),
        .clock(no_bytes$clock)
    );
    metisvm_card$clears wraps(
        .d(wraps$d),
        .q(wraps$q),
        .clock(wraps$clock)
    );
    metisvm_card$keccak$ahead ahead(
        .d(ahead$d),
        .q(ahead$q),
        .clock(ahead$clock)
    );
    metisvm_card$executor$handles$at piece(
        .d(piece$d),
        .q(piece$q),
        .clock(piece$clock)
    );
    metisvm_card$keccak$ahead pieces_left(
        .d(pieces_left$d),
        .q(pieces_left$q),
        .clock(pieces_left$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 piece_address(
        .d(piece_address$d),
        .q(piece_address$q),
        .clock(piece_address$clock)
    );
    metisvm_card$cores$lanes$0$words$kind settled(
        .d(settled$d),
        .q(settled$q),
        .clock(settled$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 message_address(
        .d(message_address$d),
        .q(message_address$q),
        .clock(message_address$clock)
    );
    metisvm_card$clears is_outside(
        .d(is_outside$d),
        .q(is_outside$q),
        .clock(is_outside$clock)
    );
    metisvm_card$clears is_over(
        .d(is_over$d),
        .q(is_over$q),
        .clock(is_over$clock)
    );
    metisvm_card$clears is_last(
        .d(is_last$d),
        .q(is_last$q),
        .clock(is_last$clock)
    );
    metisvm_card$clears none_next(
        .d(none_next$d),
        .q(none_next$q),
        .clock(none_next$clock)
    );
    metisvm_card$clears none_left(
        .d(none_left$d),
        .q(none_left$q),
        .clock(none_left$clock)
    );
    metisvm_card$executor$state state(
        .d(state$d),
        .q(state$q),
        .clock(state$clock)
    );
    metisvm_card$cores$lanes$0$words$kind ending(
        .d(ending$d),
        .q(ending$q),
        .clock(ending$clock)
    );
    metisvm_card$cores$lanes$0$core$absorber$arrived_at index(
        .d(index$d),
        .q(index$q),
        .clock(index$clock)
    );
    metisvm_card$keccak$ahead asked(
        .d(asked$d),
        .q(asked$q),
        .clock(asked$clock)
    );
    metisvm_card$keccak$last_byte sum(
        .d(sum$d),
        .q(sum$q),
        .clock(sum$clock)
    );
    metisvm_card$keccak$words_left words_left(
        .d(words_left$d),
        .q(words_left$q),
        .clock(words_left$clock)
    );
    metisvm_card$executor$status_reg status_reg(
        .d(status_reg$d),
        .q(status_reg$q),
        .clock(status_reg$clock)
    );
    metisvm_card$counters$data_reg detail_reg(
        .d(detail_reg$d),
        .q(detail_reg$q),
        .clock(detail_reg$clock)
    );
    metisvm_card$clears begun(
        .d(begun$d),
        .q(begun$q),
        .clock(begun$clock)
    );

    // Update code
    always @(*) begin
        state$clock = clock;
        ending$clock = clock;
        index$clock = clock;
        asked$clock = clock;
        sum$clock = clock;
        words_left$clock = clock;
        status_reg$clock = clock;
        detail_reg$clock = clock;
        begun$clock = clock;
        descriptor$clock = clock;
        last_byte$clock = clock;
        total$clock = clock;
        no_count$clock = clock;
        starts$clock = clock;
        no_bytes$clock = clock;
        wraps$clock = clock;
        ahead$clock = clock;
        piece$clock = clock;
        pieces_left$clock = clock;
        piece_address$clock = clock;
        settled$clock = clock;
        message_address$clock = clock;
        is_outside$clock = clock;
        is_over$clock = clock;
        is_last$clock = clock;
        none_next$clock = clock;
        none_left$clock = clock;
        state$d = state$q;
        ending$d = ending$q;
        index$d = index$q;
        asked$d = asked$q;
        sum$d = sum$q;
        words_left$d = words_left$q;
        status_reg$d = status_reg$q;
        detail_reg$d = detail_reg$q;
        begun$d = begun$q;
        descriptor$d = descriptor$q;
        last_byte$d = last_byte$q;
        total$d = total$q;
        no_count$d = no_count$q;
        starts$d = starts$q;
        no_bytes$d = no_bytes$q;
        wraps$d = wraps$q;
        ahead$d = ahead$q;
        piece$d = piece$q;
        pieces_left$d = pieces_left$q;
        piece_address$d = piece_address$q;
        settled$d = settled$q;
        message_address$d = message_address$q;
        is_outside$d = is_outside$q;
        is_over$d = is_over$q;
        is_last$d = is_last$q;
        none_next$d = none_next$q;
        none_left$d = none_left$q;
        crc$clock = clock;
        beats$clock = clock;
        descriptors$clock = clock;
        count = entry$2[(32'h20)+:(32)];
        batch_bytes = entry$5[(32'h0)+:(32)];
        output_bytes = entry$5[(32'h20)+:(32)];
        limit = ((batch_bytes[(32'h3)+:(29)]) & 30'h3fffffff);
        next_index = index$q + 32'h1;
        next_wide = ((next_index) & 30'h3fffffff);
        is_last$d = ((next_index) & 32'hffffffff) == count;
        none_next$d = next_wide >= limit;
        batch_wide = ((batch_bytes) & 33'h1ffffffff);
        most = ((max_bytes) & 33'h1ffffffff);
        status = status_reg$q;
        detail = detail_reg$q;
        working = state$q != 32'h0;
        done = ending$q == 32'h3;
        fail = 1'b0;
        fail_status = 32'h0;
        fail_detail = 32'h0;
        cmd_valid = 1'b0;
        throws_away = ending$q == 32'h1;
        abort = throws_away;
        engine_clear = throws_away;
        beat = ((in_data) & 134'h3fffffffffffffffffffffffffffffffff);
        beat_bytes = ((in_bytes) & 134'h3fffffffffffffffffffffffffffffffff);
        beat_bytes = beat_bytes << above_data;
        beats$data = beat | beat_bytes;
        beats$push = 1'b0;
        beats$clear = throws_away;
        beats$pop = descriptors$in_ready;
        descriptors$clear = throws_away;
        descriptors$in_data = beats$first[(32'h0)+:(128)];
        descriptors$in_bytes = beats$first[(above_data)+:(6)];
        descriptors$in_kind = no_kind;
        descriptors$in_end = 1'b0;
        descriptors$in_error = 1'b0;
        descriptors$in_valid = beats$valid;
        descriptors$out_ready = 1'b0;
        offset = descriptor$q[(32'h0)+:(32)];
        length = descriptor$q[(32'h20)+:(32)];
        offset_wide = ((offset) & 33'h1ffffffff);
        length_wide = ((length) & 33'h1ffffffff);
        ahead$d = ((count[(32'h0)+:(29)]) & 30'h3fffffff);
        if (limit < ((count[(32'h0)+:(29)]) & 30'h3fffffff)) begin
            ahead$d = limit;
        end
        pieces_left$d = ahead$q - asked$q;
        piece$d = ((pieces_left$q[(32'h0)+:(6)]) & 7'h7f);
        if (|pieces_left$q[(32'h6)+:(24)]) begin
            piece$d = 32'h40;
        end
        piece_wide = ((piece$q) & 30'h3fffffff);
        asked_bytes = ((asked$q) & 64'hffffffffffffffff);
        asked_bytes = asked_bytes << 32'h3;
        piece_address$d = entry$3 + asked_bytes;
        message_address$d = entry$3 + ((offset) & 64'hffffffffffffffff);
        cmd_address = message_address$q;
        cmd_length = ((length) & 49'h1ffffffffffff);
        cmd_kind = 32'h3;
        first = ((entry$4) & 65'h1ffffffffffffffff);
        extent = ((count) & 65'h1ffffffffffffffff);
        extent = extent << 32'h5;
        span = first + extent;
        wraps$d = span[32'h40];
        no_count$d = (count == 32'h0) || (count > max_messages);
        no_bytes$d = (batch_bytes > max_bytes) || (output_bytes != 32'h20);
        settled$d = 32'h0;
        starts$d = start;
        crc$clear = 1'b0;
        if (state$q == 32'h0) begin
            if (starts$q) begin
                state$d = 32'h1;
                ending$d = 32'h0;
                index$d = 32'h0;
                asked$d = 32'h0;
                sum$d = 32'h0;
                words_left$d = ((count[(32'h0)+:(17)]) & 19'h7ffff) << 32'h2;
                status_reg$d = 32'h0;
                detail_reg$d = 32'h0;
                crc$clear = 1'b1;
                begun$d = 1'b0;
            end
        end
        if (state$q == 32'h1) begin
            state$d = 32'h2;
            begun$d = 1'b1;
            none_left$d = limit == 32'h0;
            if (|entry$3[(32'h0)+:(3)]) begin
                fail = 1'b1;
                fail_status = 32'h2;
                fail_detail = 32'h3;
            end
            else if (|entry$4[(32'h0)+:(3)]) begin
                fail = 1'b1;
                fail_status = 32'h2;
                fail_detail = 32'h4;
            end
            else if (no_count$q) begin
                fail = 1'b1;
                fail_status = 32'h2;
                fail_detail = 32'h2;
            end
            else if (no_bytes$q) begin
                fail = 1'b1;
                fail_status = 32'h2;
                fail_detail = 32'h5;
            end
            else if (wraps$q) begin
                fail = 1'b1;
                fail_status = 32'h7;
            end
        end
        if (state$q == 32'h2) begin
            cmd_kind = 32'h2;
            cmd_address = piece_address$q;
            cmd_length = ((piece$q) & 49'h1ffffffffffff);
            cmd_length = cmd_length << 32'h3;
            if (settled$q != 32'h3) begin
                settled$d = settled$q + 32'h1;
            end
            else if (piece$q == 32'h0) begin
                state$d = 32'h3;
            end
            else begin
                settled$d = 32'h3;
                cmd_valid = 1'b1;
                if (cmd_ready) begin
                    settled$d = 32'h0;
                    asked$d = asked$q + piece_wide;
                    if (asked$q != 32'h0) begin
                        state$d = 32'h3;
                    end
                end
            end
        end
        if (state$q == 32'h3) begin
            descriptor$d = descriptors$out_data;
            if (none_left$q) begin
                fail = 1'b1;
                fail_status = 32'h12;
                fail_detail = ((index$q) & 32'hffffffff);
            end
            else if (descriptors$out_valid) begin
                descriptors$out_ready = 1'b1;
                state$d = 32'h4;
            end
        end
        if (state$q == 32'h4) begin
            last_byte$d = offset_wide + length_wide;
            total$d = sum$q + length_wide;
            state$d = 32'h5;
        end
        if (state$q == 32'h5) begin
            is_outside$d = |offset[(32'h0)+:(3)] || (last_byte$q > batch_wide);
            is_over$d = total$q > most;
            state$d = 32'h6;
        end
        if (state$q == 32'h6) begin
            fail_detail = ((index$q) & 32'hffffffff);
            cmd_valid = ~is_outside$q && ~is_over$q;
            if (is_outside$q) begin
                fail = 1'b1;
                fail_status = 32'h12;
            end
            else if (is_over$q) begin
                fail = 1'b1;
                fail_status = 32'hf;
            end
            else if (cmd_ready) begin
                sum$d = total$q;
                index$d = next_index;
                none_left$d = none_next$q;
                state$d = 32'h3;
                if (is_last$q) begin
                    state$d = 32'h7;
                end
                else if (&index$q[(32'h0)+:(6)]) begin
                    state$d = 32'h2;
                end
            end
        end
        engine_data = in_data;
        engine_bytes = in_bytes;
        engine_last = in_end;
        engine_valid = 1'b0;
        in_ready = throws_away;
        if ((state$q != 32'h0) && (ending$q == 32'h0) && in_valid) begin
            if (in_error) begin
                fail = 1'b1;
                fail_status = 32'h7;
                fail_detail = 32'h0;
            end
            else if (in_kind == 32'h2) begin
                in_ready = 1'b1;
                beats$push = 1'b1;
            end
            else begin
                engine_valid = 1'b1;
                in_ready = engine_ready;
            end
        end
        write_address = entry$4;
        write_start = state$q == 32'h1;
        write_data = digest_data;
        takes = digest_valid && (ending$q == 32'h0) && begun$q;
        write_push = takes;
        digest_ready = write_ready && (ending$q == 32'h0) && begun$q;
        crc$data = digest_data;
        crc$enable = takes && write_ready;
        if (takes && write_ready) begin
            words_left$d = words_left$q - 32'h1;
            if (words_left$q == 32'h1) begin
                ending$d = 32'h2;
            end
        end
        write_flush = ending$q == 32'h2;
        if (stop && (state$q != 32'h0)) begin
            fail = 1'b1;
            fail_status = 32'h13;
        end
        if (fail && (ending$q == 32'h0)) begin
            status_reg$d = fail_status;
            detail_reg$d = fail_detail;
            state$d = 32'h7;
            ending$d = 32'h1;
        end
        if (ending$q == 32'h1) begin
            if (drained) begin
                ending$d = 32'h2;
            end
        end
        if (ending$q == 32'h2) begin
            if (write_idle) begin
                ending$d = 32'h3;
                if (status_reg$q == 32'h0) begin
                    detail_reg$d = crc$checksum;
                end
            end
        end
        if (ending$q == 32'h3) begin
            ending$d = 32'h0;
            state$d = 32'h0;
            begun$d = 1'b0;
        end
    end

endmodule // metisvm_card$keccak

module metisvm_card$keccak$ahead(d,q,clock);

    // Module arguments
    input wire  [29:0] d;
    output reg  [29:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 30'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$keccak$ahead

module metisvm_card$keccak$beats(clock,clear,data,push,full,first,valid,pop,fill);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [133:0] data;
    input wire  push;
    output reg  full;
    output reg  [133:0] first;
    output reg  valid;
    input wire  pop;
    output reg  [7:0] fill;

    // Constant declarations
    localparam  nearly = 8'h7e;

    // Stub signals
    reg  [6:0] entries$read_address;
    reg  entries$read_clock;
    wire  [133:0] entries$read_data;
    reg  [6:0] entries$write_address;
    reg  entries$write_clock;
    reg  [133:0] entries$write_data;
    reg  entries$write_enable;
    reg  slice$clock;
    reg  slice$clear;
    reg  [133:0] slice$in_data;
    reg  slice$in_valid;
    wire  slice$in_ready;
    wire  [133:0] slice$out_data;
    wire  slice$out_valid;
    reg  slice$out_ready;
    reg  [7:0] head$d;
    wire  [7:0] head$q;
    reg  head$clock;
    reg  [7:0] tail$d;
    wire  [7:0] tail$q;
    reg  tail$clock;
    reg  answers$d;
    wire  answers$q;
    reg  answers$clock;
    reg  [7:0] held$d;
    wire  [7:0] held$q;
    reg  held$clock;
    reg  full_reg$d;
    wire  full_reg$q;
    reg  full_reg$clock;

    // Local signals
    reg  reads;
    reg  has_two;
    reg  pops;

    // Sub module instances
    metisvm_card$keccak$beats$entries entries(
        .read_address(entries$read_address),
        .read_clock(entries$read_clock),
        .read_data(entries$read_data),
        .write_address(entries$write_address),
        .write_clock(entries$write_clock),
        .write_data(entries$write_data),
        .write_enable(entries$write_enable)
    );
    metisvm_card$keccak$beats$slice slice(
        .clock(slice$clock),
        .clear(slice$clear),
        .in_data(slice$in_data),
        .in_valid(slice$in_valid),
        .in_ready(slice$in_ready),
        .out_data(slice$out_data),
        .out_valid(slice$out_valid),
        .out_ready(slice$out_ready)
    );
    metisvm_card$executor$has_field head(
        .d(head$d),
        .q(head$q),
        .clock(head$clock)
    );
    metisvm_card$executor$has_field tail(
        .d(tail$d),
        .q(tail$q),
        .clock(tail$clock)
    );
    metisvm_card$clears answers(
        .d(answers$d),
        .q(answers$q),
        .clock(answers$clock)
    );
    metisvm_card$executor$has_field held(
        .d(held$d),
        .q(held$q),
        .clock(held$clock)
    );
    metisvm_card$clears full_reg(
        .d(full_reg$d),
        .q(full_reg$q),
        .clock(full_reg$clock)
    );

    // Update code
    always @(*) begin
        head$clock = clock;
        tail$clock = clock;
        answers$clock = clock;
        held$clock = clock;
        full_reg$clock = clock;
        head$d = head$q;
        tail$d = tail$q;
        answers$d = answers$q;
        held$d = held$q;
        full_reg$d = full_reg$q;
        slice$clock = clock;
        entries$read_clock = clock;
        entries$write_clock = clock;
        entries$write_address = tail$q[(32'h0)+:(7)];
        entries$write_data = data;
        entries$write_enable = push;
        if (push) begin
            tail$d = tail$q + 32'h1;
        end
        pops = pop && slice$out_valid;
        has_two = ~slice$in_ready || (answers$q && slice$out_valid);
        entries$read_address = head$q[(32'h0)+:(7)];
        reads = (head$q != tail$q) && (~has_two || pops);
        answers$d = reads;
        if (reads) begin
            head$d = head$q + 32'h1;
        end
        slice$clear = clear;
        slice$in_data = entries$read_data;
        slice$in_valid = answers$q;
        slice$out_ready = pop;
        first = slice$out_data;
        valid = slice$out_valid;
        if (push && ~pops) begin
            held$d = held$q + 32'h1;
        end
        if (pops && ~push) begin
            held$d = held$q - 32'h1;
        end
        fill = held$q;
        full_reg$d = held$q >= nearly;
        full = full_reg$q;
        if (clear) begin
            head$d = 32'h0;
            tail$d = 32'h0;
            answers$d = 1'b0;
            held$d = 32'h0;
            full_reg$d = 1'b0;
        end
    end

endmodule // metisvm_card$keccak$beats

module metisvm_card$keccak$beats$entries(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);

    // Module arguments
    input wire  [6:0] read_address;
    input wire  read_clock;
    output reg  [133:0] read_data;
    input wire  [6:0] write_address;
    input wire  write_clock;
    input wire  [133:0] write_data;
    input wire  write_enable;

    // Update code (custom)
    reg[133:0] mem[127:0];



    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end

    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end

endmodule // metisvm_card$keccak$beats$entries

module metisvm_card$keccak$beats$slice(clock,clear,in_data,in_valid,in_ready,out_data,out_valid,out_ready);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [133:0] in_data;
    input wire  in_valid;
    output reg  in_ready;
    output reg  [133:0] out_data;
    output reg  out_valid;
    input wire  out_ready;

    // Stub signals
    reg  [133:0] first$d;
    wire  [133:0] first$q;
    reg  first$clock;
    reg  [133:0] second$d;
    wire  [133:0] second$q;
    reg  second$clock;
    reg  has_first$d;
    wire  has_first$q;
    reg  has_first$clock;
    reg  has_second$d;
    wire  has_second$q;
    reg  has_second$clock;

    // Local signals
    reg  moves;

    // Sub module instances
    metisvm_card$keccak$beats$slice$first first(
        .d(first$d),
        .q(first$q),
        .clock(first$clock)
    );
    metisvm_card$keccak$beats$slice$first second(
        .d(second$d),
        .q(second$q),
        .clock(second$clock)
    );
    metisvm_card$clears has_first(
        .d(has_first$d),
        .q(has_first$q),
        .clock(has_first$clock)
    );
    metisvm_card$clears has_second(
        .d(has_second$d),
        .q(has_second$q),
        .clock(has_second$clock)
    );

    // Update code
    always @(*) begin
        first$clock = clock;
        second$clock = clock;
        has_first$clock = clock;
        has_second$clock = clock;
        first$d = first$q;
        second$d = second$q;
        has_first$d = has_first$q;
        has_second$d = has_second$q;
        in_ready = ~has_second$q;
        out_data = first$q;
        out_valid = has_first$q;
        moves = ~has_first$q || out_ready;
        if (moves) begin
            first$d = in_data;
            has_first$d = in_valid;
            if (has_second$q) begin
                first$d = second$q;
                has_first$d = 1'b1;
            end
            has_second$d = 1'b0;
        end
        else begin
            if (in_valid) begin
                has_second$d = 1'b1;
            end
        end
        if (~has_second$q) begin
            second$d = in_data;
        end
        if (clear) begin
            has_first$d = 1'b0;
            has_second$d = 1'b0;
        end
    end

endmodule // metisvm_card$keccak$beats$slice

module metisvm_card$keccak$beats$slice$first(d,q,clock);

    // Module arguments
    input wire  [133:0] d;
    output reg  [133:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 134'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$keccak$beats$slice$first

module metisvm_card$keccak$crc(clock,clear,enable,data,checksum);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  enable;
    input wire  [63:0] data;
    output reg  [31:0] checksum;

    // Constant declarations
    localparam  mask$0 = 64'h4d101df481b4e5a;
    localparam  mask$1 = 64'h9a203be90369cb5;
    localparam  mask$2 = 64'h1344077d206d396b;
    localparam  mask$3 = 64'h26880efa40da72d7;
    localparam  mask$4 = 64'h4d101df481b4e5af;
    localparam  mask$5 = 64'h9a203be90369cb5e;
    localparam  mask$6 = 64'h3091760d4ec8d8e6;
    localparam  mask$7 = 64'h6122ec1a9d91b1cd;
    localparam  mask$8 = 64'hc245d8353b23639a;
    localparam  mask$9 = 64'h805ab1b53e5d896e;
    localparam  mask$10 = 64'h46462b534a05c86;
    localparam  mask$11 = 64'h8c8c56a6940b90c;
    localparam  mask$12 = 64'h11918ad4d2817218;
    localparam  mask$13 = 64'h232315a9a502e430;
    localparam  mask$14 = 64'h46462b534a05c860;
    localparam  mask$15 = 64'h8c8c56a6940b90c0;
    localparam  mask$16 = 64'h1dc9ac92600c6fda;
    localparam  mask$17 = 64'h3b935924c018dfb5;
    localparam  mask$18 = 64'h7726b2498031bf6a;
    localparam  mask$19 = 64'hee4d649300637ed5;
    localparam  mask$20 = 64'hd84bc8f948ddb3f0;
    localparam  mask$21 = 64'hb446902dd9a029bb;
    localparam  mask$22 = 64'h6c5c2184fb5b1d2c;
    localparam  mask$23 = 64'hd8b84309f6b63a59;
    localparam  mask$24 = 64'hb5a187cca5773ae8;
    localparam  mask$25 = 64'h6f920e4602f53b8a;
    localparam  mask$26 = 64'hdf241c8c05ea7715;
    localparam  mask$27 = 64'hba9938c743cfa071;
    localparam  mask$28 = 64'h71e37051cf840eb8;
    localparam  mask$29 = 64'he3c6e0a39f081d70;
    localparam  mask$30 = 64'hc35cc098760b74bb;
    localparam  mask$31 = 64'h826880efa40da72d;
    localparam  place$0 = 32'h1;
    localparam  place$1 = 32'h2;
    localparam  place$2 = 32'h4;
    localparam  place$3 = 32'h8;
    localparam  place$4 = 32'h10;
    localparam  place$5 = 32'h20;
    localparam  place$6 = 32'h40;
    localparam  place$7 = 32'h80;
    localparam  place$8 = 32'h100;
    localparam  place$9 = 32'h200;
    localparam  place$10 = 32'h400;
    localparam  place$11 = 32'h800;
    localparam  place$12 = 32'h1000;
    localparam  place$13 = 32'h2000;
    localparam  place$14 = 32'h4000;
    localparam  place$15 = 32'h8000;
    localparam  place$16 = 32'h10000;
    localparam  place$17 = 32'h20000;
    localparam  place$18 = 32'h40000;
    localparam  place$19 = 32'h80000;
    localparam  place$20 = 32'h100000;
    localparam  place$21 = 32'h200000;
    localparam  place$22 = 32'h400000;
    localparam  place$23 = 32'h800000;
    localparam  place$24 = 32'h1000000;
    localparam  place$25 = 32'h2000000;
    localparam  place$26 = 32'h4000000;
    localparam  place$27 = 32'h8000000;
    localparam  place$28 = 32'h10000000;
    localparam  place$29 = 32'h20000000;
    localparam  place$30 = 32'h40000000;
    localparam  place$31 = 32'h80000000;

    // Stub signals
    reg  [31:0] register$d;
    wire  [31:0] register$q;
    reg  register$clock;

    // Local signals
    reg  [63:0] sum;
    reg  [63:0] picked;
    reg  [31:0] result;

    // Sub module instances
    metisvm_card$counters$data_reg register(
        .d(register$d),
        .q(register$q),
        .clock(register$clock)
    );

    // Update code
    always @(*) begin
        register$clock = clock;
        register$d = register$q;
        result = ~register$q;
        sum = ((result) & 64'hffffffffffffffff);
        sum = sum ^ data;
        result = 32'h0;
        picked = sum & mask$0;
        if (^picked) begin
            result = result | place$0;
        end
        picked = sum & mask$1;
        if (^picked) begin
            result = result | place$1;
        end
        picked = sum & mask$2;
        if (^picked) begin
            result = result | place$2;
        end
        picked = sum & mask$3;
        if (^picked) begin
            result = result | place$3;
        end
        picked = sum & mask$4;
        if (^picked) begin
            result = result | place$4;
        end
        picked = sum & mask$5;
        if (^picked) begin
            result = result | place$5;
        end
        picked = sum & mask$6;
        if (^picked) begin
            result = result | place$6;
        end
        picked = sum & mask$7;
        if (^picked) begin
            result = result | place$7;
        end
        picked = sum & mask$8;
        if (^picked) begin
            result = result | place$8;
        end
        picked = sum & mask$9;
        if (^picked) begin
            result = result | place$9;
        end
        picked = sum & mask$10;
        if (^picked) begin
            result = result | place$10;
        end
        picked = sum & mask$11;
        if (^picked) begin
            result = result | place$11;
        end
        picked = sum & mask$12;
        if (^picked) begin
            result = result | place$12;
        end
        picked = sum & mask$13;
        if (^picked) begin
            result = result | place$13;
        end
        picked = sum & mask$14;
        if (^picked) begin
            result = result | place$14;
        end
        picked = sum & mask$15;
        if (^picked) begin
            result = result | place$15;
        end
        picked = sum & mask$16;
        if (^picked) begin
            result = result | place$16;
        end
        picked = sum & mask$17;
        if (^picked) begin
            result = result | place$17;
        end
        picked = sum & mask$18;
        if (^picked) begin
            result = result | place$18;
        end
        picked = sum & mask$19;
        if (^picked) begin
            result = result | place$19;
        end
        picked = sum & mask$20;
        if (^picked) begin
            result = result | place$20;
        end
        picked = sum & mask$21;
        if (^picked) begin
            result = result | place$21;
        end
        picked = sum & mask$22;
        if (^picked) begin
            result = result | place$22;
        end
        picked = sum & mask$23;
        if (^picked) begin
            result = result | place$23;
        end
        picked = sum & mask$24;
        if (^picked) begin
            result = result | place$24;
        end
        picked = sum & mask$25;
        if (^picked) begin
            result = result | place$25;
        end
        picked = sum & mask$26;
        if (^picked) begin
            result = result | place$26;
        end
        picked = sum & mask$27;
        if (^picked) begin
            result = result | place$27;
        end
        picked = sum & mask$28;
        if (^picked) begin
            result = result | place$28;
        end
        picked = sum & mask$29;
        if (^picked) begin
            result = result | place$29;
        end
        picked = sum & mask$30;
        if (^picked) begin
            result = result | place$30;
        end
        picked = sum & mask$31;
        if (^picked) begin
            result = result | place$31;
        end
        if (enable) begin
            register$d = ~result;
        end
        if (clear) begin
            register$d = 32'h0;
        end
        checksum = register$q;
    end

endmodule // metisvm_card$keccak$crc

module metisvm_card$keccak$last_byte(d,q,clock);

    // Module arguments
    input wire  [32:0] d;
    output reg  [32:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 33'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$keccak$last_byte

module metisvm_card$keccak$words_left(d,q,clock);

    // Module arguments
    input wire  [18:0] d;
    output reg  [18:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 19'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$keccak$words_left

module metisvm_card$queue(clock,stop,idle,queues,max_log2,boot_nonce,cfg_use,cfg_address,cfg_data,sel,sel_pending,sel_enabled,sel_fresh,sel_running,sel_armed,take,again,set_state,new_state,disarm,cmd_valid,cmd_ready,cmd_address,cmd_length,abort,drained,in_valid,in_ready,in_data,in_end,in_error,entry$0,entry$1,entry$2,entry$3,entry$4,entry$5,entry$6,entry$7,start,cancelled,found,done,status,detail,write_start,write_address,write_push,write_data,write_flush,write_ready,write_idle,irq_valid,irq_ready);

    // Module arguments
    input wire  clock;
    input wire  stop;
    output reg  idle;
    input wire  [6:0] queues;
    input wire  [31:0] max_log2;
    input wire  [31:0] boot_nonce;
    output reg  cfg_use;
    output reg  [9:0] cfg_address;
    input wire  [31:0] cfg_data;
    output reg  [5:0] sel;
    input wire  sel_pending;
    input wire  sel_enabled;
    input wire  sel_fresh;
    input wire  sel_running;
    input wire  sel_armed;
    output reg  take;
    output reg  again;
    output reg  set_state;
    output reg  [1:0] new_state;
    output reg  disarm;
    output reg  cmd_valid;
    input wire  cmd_ready;
    output reg  [63:0] cmd_address;
    output reg  [48:0] cmd_length;
    output reg  abort;
    input wire  drained;
    input wire  in_valid;
    output reg  in_ready;
    input wire  [63:0] in_data;
    input wire  in_end;
    input wire  in_error;
    output reg  [63:0] entry$0;
    output reg  [63:0] entry$1;
    output reg  [63:0] entry$2;
    output reg  [63:0] entry$3;
    output reg  [63:0] entry$4;
    output reg  [63:0] entry$5;
    output reg  [63:0] entry$6;
    output reg  [63:0] entry$7;
    output reg  start;
    output reg  cancelled;
    output reg  found;
    input wire  done;
    input wire  [14:0] status;
    input wire  [31:0] detail;
    output reg  write_start;
    output reg  [63:0] write_address;
    output reg  write_push;
    output reg  [63:0] write_data;
    output reg  write_flush;
    input wire  write_ready;
    input wire  write_idle;
    output reg  irq_valid;
    input wire  irq_ready;

    // Stub signals
    reg  next_burst$clock;
    reg  [63:0] next_burst$sq;
    reg  [63:0] next_burst$cq;
    reg  [31:0] next_burst$log2;
    reg  [31:0] next_burst$max_log2;
    reg  [15:0] next_burst$tail;
    reg  [15:0] next_burst$head;
    reg  [15:0] next_burst$completed;
    reg  [15:0] next_burst$consumed;
    wire  next_burst$valid;
    wire  next_burst$over;
    wire  [3:0] next_burst$count;
    wire  [63:0] next_burst$address;
    wire  [63:0] next_burst$completion;
    wire  next_burst$at_start;
    wire  next_burst$phase;
    reg  [5:0] contexts$read_address;
    reg  contexts$read_clock;
    wire  [63:0] contexts$read_data;
    reg  [5:0] contexts$write_address;
    reg  contexts$write_clock;
    reg  [63:0] contexts$write_data;
    reg  contexts$write_enable;
    reg  [5:0] burst$read_address;
    reg  burst$read_clock;
    wire  [63:0] burst$read_data;
    reg  [5:0] burst$write_address;
    reg  burst$write_clock;
    reg  [63:0] burst$write_data;
    reg  burst$write_enable;
    reg  [3:0] state$d;
    wire  [3:0] state$q;
    reg  state$clock;
    reg  [5:0] queue$d;
    wire  [5:0] queue$q;
    reg  queue$clock;
    reg  [6:0] step$d;
    wire  [6:0] step$q;
    reg  step$clock;
    reg  [63:0] sq$d;
    wire  [63:0] sq$q;
    reg  sq$clock;
    reg  [63:0] cq$d;
    wire  [63:0] cq$q;
    reg  cq$clock;
    reg  [31:0] log2$d;
    wire  [31:0] log2$q;
    reg  log2$clock;
    reg  [15:0] tail$d;
    wire  [15:0] tail$q;
    reg  tail$clock;
    reg  [15:0] consumed$d;
    wire  [15:0] consumed$q;
    reg  consumed$clock;
    reg  [15:0] head$d;
    wire  [15:0] head$q;
    reg  head$clock;
    reg  [15:0] completed$d;
    wire  [15:0] completed$q;
    reg  completed$clock;
    reg  unannounced$d;
    wire  unannounced$q;
    reg  unannounced$clock;
    reg  [3:0] count$d;
    wire  [3:0] count$q;
    reg  count$clock;
    reg  [3:0] index$d;
    wire  [3:0] index$q;
    reg  index$clock;
    reg  [3:0] look$d;
    wire  [3:0] look$q;
    reg  look$clock;
    reg  [63:0] words$0$d;
    wire  [63:0] words$0$q;
    reg  words$0$clock;
    reg  [63:0] words$1$d;
    wire  [63:0] words$1$q;
    reg  words$1$clock;
    reg  [63:0] words$2$d;
    wire  [63:0] words$2$q;
    reg  words$2$clock;
    reg  [63:0] words$3$d;
    wire  [63:0] words$3$q;
    reg  words$3$clock;
    reg  [63:0] words$4$d;
    wire  [63:0] words$4$q;
    reg  words$4$clock;
    reg  [63:0] words$5$d;
    wire  [63:0] words$5$q;
    reg  words$5$clock;
    reg  [63:0] words$6$d;
    wire  [63:0] words$6$q;
    reg  words$6$clock;
    reg  [63:0] words$7$d;
    wire  [63:0] words$7$q;
    reg  words$7$clock;
    reg  [31:0] target$0$d;
    wire  [31:0] target$0$q;
    reg  target$0$clock;
    reg  [31:0] target$1$d;
    wire  [31:0] target$1$q;
    reg  target$1$clock;
    reg  [31:0] target$2$d;
    wire  [31:0] target$2$q;
    reg  target$2$clock;
    reg  [31:0] target$3$d;
    wire  [31:0] target$3$q;
    reg  target$3$clock;
    reg  [31:0] target$4$d;
    wire  [31:0] target$4$q;
    reg  target$4$clock;
    reg  [31:0] target$5$d;
    wire  [31:0] target$5$q;
    reg  target$5$clock;
    reg  [31:0] target$6$d;
    wire  [31:0] target$6$q;
    reg  target$6$clock;
    reg  [31:0] target$7$d;
    wire  [31:0] target$7$q;
    reg  target$7$clock;
    reg  [7:0] is_cancel$d;
    wire  [7:0] is_cancel$q;
    reg  is_cancel$clock;
    reg  good$d;
    wire  good$q;
    reg  good$clock;
    reg  [7:0] has_found$d;
    wire  [7:0] has_found$q;
    reg  has_found$clock;
    reg  is_cancelled$d;
    wire  is_cancelled$q;
    reg  is_cancelled$clock;
    reg  is_whole$d;
    wire  is_whole$q;
    reg  is_whole$clock;
    reg  [3:0] whole$d;
    wire  [3:0] whole$q;
    reg  whole$clock;
    reg  is_cancellable$d;
    wire  is_cancellable$q;
    reg  is_cancellable$clock;
    reg  [31:0] candidate$d;
    wire  [31:0] candidate$q;
    reg  candidate$clock;
    reg  is_match$d;
    wire  is_match$q;
    reg  is_match$clock;
    reg  [1:0] settled$d;
    wire  [1:0] settled$q;
    reg  settled$clock;

    // Local signals
    reg  good_word;
    reg  [7:0] one8;
    reg  [7:0] look_mask;
    reg  [7:0] whole_mask;
    reg  store;
    reg  ends;
    reg  answered;
    reg  [63:0] saved;
    reg  [63:0] saved_high;
    reg  [63:0] low;
    reg  [63:0] high;
    reg  [7:0] opcode;
    reg  [9:0] queue_wide;
    reg  [9:0] step_wide;
    reg  [6:0] last_queue;
    reg  [5:0] next_queue;
    reg  [5:0] index_wide;
    reg  [5:0] step6;
    reg  [3:0] next_index;
    reg  [63:0] flag;
    reg  [63:0] phase;

    // Sub module instances
    metisvm_card$queue$next_burst next_burst(
        .clock(next_burst$clock),
        .sq(next_burst$sq),
        .cq(next_burst$cq),
        .log2(next_burst$log2),
        .max_log2(next_burst$max_log2),
        .tail(next_burst$tail),
        .head(next_burst$head),
        .completed(next_burst$completed),
        .consumed(next_burst$consumed),
        .valid(next_burst$valid),
        .over(next_burst$over),
        .count(next_burst$count),
        .address(next_burst$address),
        .completion(next_burst$completion),
        .at_start(next_burst$at_start),
        .phase(next_burst$phase)
    );
    metisvm_card$queue$burst contexts(
        .read_address(contexts$read_address),
        .read_clock(contexts$read_clock),
        .read_data(contexts$read_data),
        .write_address(contexts$write_address),
        .write_clock(contexts$write_clock),
        .write_data(contexts$write_data),
        .write_enable(contexts$write_enable)
    );
    metisvm_card$queue$burst burst(
        .read_address(burst$read_address),
        .read_clock(burst$read_clock),
        .read_data(burst$read_data),
        .write_address(burst$write_address),
        .write_clock(burst$write_clock),
        .write_data(burst$write_data),
        .write_enable(burst$write_enable)
    );
    metisvm_card$cores$best state(
        .d(state$d),
        .q(state$q),
        .clock(state$clock)
    );
    metisvm_card$cores$lanes$0$words$left queue(
        .d(queue$d),
        .q(queue$q),
        .clock(queue$clock)
    );
    metisvm_card$executor$handles$at step(
        .d(step$d),
        .q(step$q),
        .clock(step$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 sq(
        .d(sq$d),
        .q(sq$q),
        .clock(sq$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 cq(
        .d(cq$d),
        .q(cq$q),
        .clock(cq$clock)
    );
    metisvm_card$counters$data_reg log2(
        .d(log2$d),
        .q(log2$q),
        .clock(log2$clock)
    );
    metisvm_card$queue$completed tail(
        .d(tail$d),
        .q(tail$q),
        .clock(tail$clock)
    );
    metisvm_card$queue$completed consumed(
        .d(consumed$d),
        .q(consumed$q),
        .clock(consumed$clock)
    );
    metisvm_card$queue$completed head(
        .d(head$d),
        .q(head$q),
        .clock(head$clock)
    );
    metisvm_card$queue$completed completed(
        .d(completed$d),
        .q(completed$q),
        .clock(completed$clock)
    );
    metisvm_card$clears unannounced(
        .d(unannounced$d),
        .q(unannounced$q),
        .clock(unannounced$clock)
    );
    metisvm_card$cores$best count(
        .d(count$d),
        .q(count$q),
        .clock(count$clock)
    );
    metisvm_card$cores$best index(
        .d(index$d),
        .q(index$q),
        .clock(index$clock)
    );
    metisvm_card$cores$best look(
        .d(look$d),
        .q(look$q),
        .clock(look$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$0(
        .d(words$0$d),
        .q(words$0$q),
        .clock(words$0$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$1(
        .d(words$1$d),
        .q(words$1$q),
        .clock(words$1$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$2(
        .d(words$2$d),
        .q(words$2$q),
        .clock(words$2$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$3(
        .d(words$3$d),
        .q(words$3$q),
        .clock(words$3$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$4(
        .d(words$4$d),
        .q(words$4$q),
        .clock(words$4$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$5(
        .d(words$5$d),
        .q(words$5$q),
        .clock(words$5$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$6(
        .d(words$6$d),
        .q(words$6$q),
        .clock(words$6$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 words$7(
        .d(words$7$d),
        .q(words$7$q),
        .clock(words$7$clock)
    );
    metisvm_card$counters$data_reg target$0(
        .d(target$0$d),
        .q(target$0$q),
        .clock(target$0$clock)
    );
    metisvm_card$counters$data_reg target$1(
        .d(target$1$d),
        .q(target$1$q),
        .clock(target$1$clock)
    );
    metisvm_card$counters$data_reg target$2(
        .d(target$2$d),
        .q(target$2$q),
        .clock(target$2$clock)
    );
    metisvm_card$counters$data_reg target$3(
        .d(target$3$d),
        .q(target$3$q),
        .clock(target$3$clock)
    );
    metisvm_card$counters$data_reg target$4(
        .d(target$4$d),
        .q(target$4$q),
        .clock(target$4$clock)
    );
    metisvm_card$counters$data_reg target$5(
        .d(target$5$d),
        .q(target$5$q),
        .clock(target$5$clock)
    );
    metisvm_card$counters$data_reg target$6(
        .d(target$6$d),
        .q(target$6$q),
        .clock(target$6$clock)
    );
    metisvm_card$counters$data_reg target$7(
        .d(target$7$d),
        .q(target$7$q),
        .clock(target$7$clock)
    );
    metisvm_card$executor$has_field is_cancel(
        .d(is_cancel$d),
        .q(is_cancel$q),
        .clock(is_cancel$clock)
    );
    metisvm_card$clears good(
        .d(good$d),
        .q(good$q),
        .clock(good$clock)
    );
    metisvm_card$executor$has_field has_found(
        .d(has_found$d),
        .q(has_found$q),
        .clock(has_found$clock)
    );
    metisvm_card$clears is_cancelled(
        .d(is_cancelled$d),
        .q(is_cancelled$q),
        .clock(is_cancelled$clock)
    );
    metisvm_card$clears is_whole(
        .d(is_whole$d),
        .q(is_whole$q),
        .clock(is_whole$clock)
    );
    metisvm_card$cores$best whole(
        .d(whole$d),
        .q(whole$q),
        .clock(whole$clock)
    );
    metisvm_card$clears is_cancellable(
        .d(is_cancellable$d),
        .q(is_cancellable$q),
        .clock(is_cancellable$clock)
    );
    metisvm_card$counters$data_reg candidate(
        .d(candidate$d),
        .q(candidate$q),
        .clock(candidate$clock)
    );
    metisvm_card$clears is_match(
        .d(is_match$d),
        .q(is_match$q),
        .clock(is_match$clock)
    );
    metisvm_card$cores$lanes$0$words$kind settled(
        .d(settled$d),
        .q(settled$q),
        .clock(settled$clock)
    );

    // Update code
    always @(*) begin
        state$clock = clock;
        queue$clock = clock;
        step$clock = clock;
        sq$clock = clock;
        cq$clock = clock;
        log2$clock = clock;
        tail$clock = clock;
        consumed$clock = clock;
        head$clock = clock;
        completed$clock = clock;
        unannounced$clock = clock;
        count$clock = clock;
        index$clock = clock;
        look$clock = clock;
        is_cancel$clock = clock;
        good$clock = clock;
        has_found$clock = clock;
        is_cancelled$clock = clock;
        is_whole$clock = clock;
        whole$clock = clock;
        is_cancellable$clock = clock;
        candidate$clock = clock;
        is_match$clock = clock;
        settled$clock = clock;
        state$d = state$q;
        queue$d = queue$q;
        step$d = step$q;
        sq$d = sq$q;
        cq$d = cq$q;
        log2$d = log2$q;
        tail$d = tail$q;
        consumed$d = consumed$q;
        head$d = head$q;
        completed$d = completed$q;
        unannounced$d = unannounced$q;
        count$d = count$q;
        index$d = index$q;
        look$d = look$q;
        is_cancel$d = is_cancel$q;
        good$d = good$q;
        has_found$d = has_found$q;
        is_cancelled$d = is_cancelled$q;
        is_whole$d = is_whole$q;
        whole$d = whole$q;
        is_cancellable$d = is_cancellable$q;
        candidate$d = candidate$q;
        is_match$d = is_match$q;
        settled$d = settled$q;
        next_burst$clock = clock;
        contexts$read_clock = clock;
        contexts$write_clock = clock;
        burst$read_clock = clock;
        burst$write_clock = clock;
        words$0$clock = clock;
        words$0$d = words$0$q;
        target$0$clock = clock;
        target$0$d = target$0$q;
        entry$0 = words$0$q;
        words$1$clock = clock;
        words$1$d = words$1$q;
        target$1$clock = clock;
        target$1$d = target$1$q;
        entry$1 = words$1$q;
        words$2$clock = clock;
        words$2$d = words$2$q;
        target$2$clock = clock;
        target$2$d = target$2$q;
        entry$2 = words$2$q;
        words$3$clock = clock;
        words$3$d = words$3$q;
        target$3$clock = clock;
        target$3$d = target$3$q;
        entry$3 = words$3$q;
        words$4$clock = clock;
        words$4$d = words$4$q;
        target$4$clock = clock;
        target$4$d = target$4$q;
        entry$4 = words$4$q;
        words$5$clock = clock;
        words$5$d = words$5$q;
        target$5$clock = clock;
        target$5$d = target$5$q;
        entry$5 = words$5$q;
        words$6$clock = clock;
        words$6$d = words$6$q;
        target$6$clock = clock;
        target$6$d = target$6$q;
        entry$6 = words$6$q;
        words$7$clock = clock;
        words$7$d = words$7$q;
        target$7$clock = clock;
        target$7$d = target$7$q;
        entry$7 = words$7$q;
        flag = 32'h1;
        flag = flag << 32'h20;
        phase = flag << 32'h10;
        idle = state$q == 32'h0;
        sel = queue$q;
        take = 1'b0;
        again = 1'b0;
        set_state = 1'b0;
        new_state = 32'h0;
        disarm = 1'b0;
        cmd_valid = 1'b0;
        abort = 1'b0;
        in_ready = 1'b0;
        start = 1'b0;
        write_start = 1'b0;
        write_push = 1'b0;
        write_flush = 1'b0;
        irq_valid = 1'b0;
        store = 1'b0;
        ends = 1'b0;
        answered = 1'b0;
        cfg_use = state$q == 32'h1;
        queue_wide = ((queue$q) & 10'h3ff);
        queue_wide = queue_wide << 32'h4;
        step_wide = ((step$q[(32'h0)+:(4)]) & 10'h3ff);
        cfg_address = queue_wide | step_wide;
        low = ((cfg_data) & 64'hffffffffffffffff);
        high = low << 32'h20;
        next_burst$sq = sq$q;
        next_burst$cq = cq$q;
        next_burst$log2 = log2$q;
        next_burst$max_log2 = max_log2;
        next_burst$tail = tail$q;
        next_burst$head = head$q;
        next_burst$completed = completed$q;
        next_burst$consumed = consumed$q;
        cmd_address = next_burst$address;
        cmd_length = ((count$q) & 49'h1ffffffffffff);
        cmd_length = cmd_length << 32'h6;
        last_queue = queues - 32'h1;
        next_queue = queue$q + 32'h1;
        if (((queue$q) & 7'h7f) == last_queue) begin
            next_queue = 32'h0;
        end
        opcode = words$0$q[(32'h0)+:(8)];
        one8 = 32'h1;
        whole_mask = one8 << whole$q;
        look_mask = one8 << look$q;
        cancelled = is_cancelled$q;
        found = has_found$q[index$q[(32'h0)+:(3)]];
        next_index = index$q + 32'h1;
        good_word = in_data == 32'h0;
        if (step$q[(32'h0)+:(3)] == 32'h0) begin
            good_word = in_data[(32'h0)+:(32)] == 32'h1;
        end
        if (step$q[(32'h0)+:(3)] == 32'h1) begin
            good_word = (in_data[(32'h0)+:(32)] == boot_nonce) && (in_data[(32'h20)+:(32)] == 32'h0);
        end
        if (step$q[(32'h0)+:(3)] == 32'h2) begin
            good_word = in_data[(32'h0)+:(32)] == 32'h0;
        end
        candidate$d = 32'h0;
        if (look$q == 0) begin
            candidate$d = target$0$q;
        end
        if (look$q == 1) begin
            candidate$d = target$1$q;
        end
        if (look$q == 2) begin
            candidate$d = target$2$q;
        end
        if (look$q == 3) begin
            candidate$d = target$3$q;
        end
        if (look$q == 4) begin
            candidate$d = target$4$q;
        end
        if (look$q == 5) begin
            candidate$d = target$5$q;
        end
        if (look$q == 6) begin
            candidate$d = target$6$q;
        end
        if (look$q == 7) begin
            candidate$d = target$7$q;
        end
        is_match$d = is_cancel$q[look$q[(32'h0)+:(3)]] && (candidate$q == words$0$q[(32'h20)+:(32)]);
        is_cancellable$d = (opcode >= ((32'h2) & 8'hff)) && (opcode <= ((32'h5) & 8'hff)) && (boot_nonce != 32'h0) && (words$1$q[(32'h0)+:(32)] == boot_nonce);
        burst$write_address = step$q[(32'h0)+:(6)];
        burst$write_data = in_data;
        burst$write_enable = 1'b0;
        index_wide = ((index$q) & 6'h3f);
        index_wide = index_wide << 32'h3;
        step6 = ((step$q[(32'h0)+:(3)]) & 6'h3f);
        burst$read_address = index_wide | step6;
        settled$d = 32'h0;
        if (state$q == 32'h0) begin
            settled$d = settled$q + 32'h1;
            if (settled$q == 32'h2) begin
                settled$d = 32'h0;
            end
            if (~stop && (settled$q == 32'h2)) begin
                if (sel_pending) begin
                    take = 1'b1;
                    if (sel_enabled && (sel_fresh || sel_running)) begin
                        state$d = 32'h1;
                        step$d = 32'h0;
                    end
                end
                else begin
                    queue$d = next_queue;
                end
            end
        end
        if (state$q == 32'h1) begin
            step$d = step$q + 32'h1;
            if (step$q == 32'h1) begin
                sq$d = low;
            end
            if (step$q == 32'h2) begin
                sq$d = sq$q | high;
            end
            if (step$q == 32'h3) begin
                cq$d = low;
            end
            if (step$q == 32'h4) begin
                cq$d = cq$q | high;
            end
            if (step$q == 32'h5) begin
                log2$d = cfg_data;
            end
            if (step$q == 32'h7) begin
                tail$d = cfg_data[(32'h0)+:(16)];
            end
            if (step$q == 32'h8) begin
                consumed$d = cfg_data[(32'h0)+:(16)];
                state$d = 32'h2;
            end
        end
        if (state$q == 32'h2) begin
            state$d = 32'h3;
            step$d = 32'h0;
            if (~sel_enabled || (sel_fresh && sel_pending)) begin
                queue$d = next_queue;
                state$d = 32'h0;
            end
            else if (sel_fresh) begin
                head$d = 32'h0;
                completed$d = 32'h0;
                unannounced$d = 1'b0;
                set_state = 1'b1;
                new_state = 32'h1;
                if (~next_burst$valid) begin
                    new_state = 32'h2;
                    state$d = 32'h0;
                end
            end
            else begin
                head$d = contexts$read_data[(32'h0)+:(16)];
                completed$d = contexts$read_data[(32'h10)+:(16)];
                unannounced$d = contexts$read_data[32'h20];
            end
        end
        if (state$q == 32'h3) begin
            step$d = step$q + 32'h1;
            if (step$q == 32'h4) begin
                state$d = 32'h4;
                if (next_burst$over) begin
                    set_state = 1'b1;
                    new_state = 32'h2;
                    state$d = 32'h0;
                end
            end
        end
        if (state$q == 32'h4) begin
            count$d = next_burst$count;
            state$d = 32'h5;
            step$d = 32'h0;
            is_cancel$d = 32'h0;
            has_found$d = 32'h0;
            index$d = 32'h0;
            if (next_burst$count == 32'h0) begin
                state$d = 32'hd;
            end
        end
        if (state$q == 32'h5) begin
            cmd_valid = 1'b1;
            if (cmd_ready) begin
                state$d = 32'h6;
            end
        end
        is_whole$d = 1'b0;
        if (is_whole$q && good$q) begin
            is_cancel$d = is_cancel$q | whole_mask;
        end
        if (state$q == 32'h6) begin
            in_ready = 1'b1;
            if (in_valid) begin
                burst$write_enable = 1'b1;
                step$d = step$q + 32'h1;
                good$d = good_word;
                if (step$q[(32'h0)+:(3)] != 32'h0) begin
                    good$d = good$q && good_word;
                end
                if (step$q[(32'h3)+:(4)] == 0) begin
                    if (step$q[(32'h0)+:(3)] == 32'h2) begin
                        target$0$d = in_data[(32'h20)+:(32)];
                    end
                end
                if (step$q[(32'h3)+:(4)] == 1) begin
                    if (step$q[(32'h0)+:(3)] == 32'h2) begin
                        target$1$d = in_data[(32'h20)+:(32)];
                    end
                end
                if (step$q[(32'h3)+:(4)] == 2) begin
                    if (step$q[(32'h0)+:(3)] == 32'h2) begin
                        target$2$d = in_data[(32'h20)+:(32)];
                    end
                end
                if (step$q[(32'h3)+:(4)] == 3) begin
                    if (step$q[(32'h0)+:(3)] == 32'h2) begin
                        target$3$d = in_data[(32'h20)+:(32)];
                    end
                end
                if (step$q[(32'h3)+:(4)] == 4) begin
                    if (step$q[(32'h0)+:(3)] == 32'h2) begin
                        target$4$d = in_data[(32'h20)+:(32)];
                    end
                end
                if (step$q[(32'h3)+:(4)] == 5) begin
                    if (step$q[(32'h0)+:(3)] == 32'h2) begin
                        target$5$d = in_data[(32'h20)+:(32)];
                    end
                end
                if (step$q[(32'h3)+:(4)] == 6) begin
                    if (step$q[(32'h0)+:(3)] == 32'h2) begin
                        target$6$d = in_data[(32'h20)+:(32)];
                    end
                end
                if (step$q[(32'h3)+:(4)] == 7) begin
                    if (step$q[(32'h0)+:(3)] == 32'h2) begin
                        target$7$d = in_data[(32'h20)+:(32)];
                    end
                end
                is_whole$d = step$q[(32'h0)+:(3)] == 32'h7;
                whole$d = step$q[(32'h3)+:(4)];
                if (in_end) begin
                    state$d = 32'h7;
                    step$d = 32'h0;
                    head$d = head$q + ((count$q) & 16'hffff);
                end
                if (in_error) begin
                    set_state = 1'b1;
                    new_state = 32'h3;
                    state$d = 32'hf;
                end
            end
            if (stop) begin
                state$d = 32'hf;
            end
        end
        if (state$q == 32'hf) begin
            abort = 1'b1;
            in_ready = 1'b1;
            if (drained) begin
                state$d = 32'h0;
            end
        end
        if (state$q == 32'h7) begin
            step$d = step$q + 32'h1;
            if (step$q == (0 + 32'h1)) begin
                words$0$d = burst$read_data;
            end
            if (step$q == (1 + 32'h1)) begin
                words$1$d = burst$read_data;
            end
            if (step$q == (2 + 32'h1)) begin
                words$2$d = burst$read_data;
            end
            if (step$q == (3 + 32'h1)) begin
                words$3$d = burst$read_data;
            end
            if (step$q == (4 + 32'h1)) begin
                words$4$d = burst$read_data;
            end
            if (step$q == (5 + 32'h1)) begin
                words$5$d = burst$read_data;
            end
            if (step$q == (6 + 32'h1)) begin
                words$6$d = burst$read_data;
            end
            if (step$q == (7 + 32'h1)) begin
                words$7$d = burst$read_data;
            end
            if (step$q == 32'h8) begin
                step$d = 32'h0;
                state$d = 32'h8;
                look$d = index$q + 32'h1;
                is_cancelled$d = 1'b0;
            end
        end
        if (state$q == 32'h8) begin
            step$d = step$q + 32'h1;
            if ((is_cancel$q == 32'h0) || (look$q >= count$q) || ((step$q != 32'h0) && ~is_cancellable$q)) begin
                state$d = 32'he;
            end
            else if (step$q == 32'h2) begin
                step$d = 32'h0;
                look$d = look$q + 32'h1;
                if (is_match$q) begin
                    has_found$d = has_found$q | look_mask;
                    is_cancelled$d = 1'b1;
                    state$d = 32'he;
                end
            end
        end
        if (state$q == 32'he) begin
            if ((opcode == 32'h0) || write_idle) begin
                start = 1'b1;
                state$d = 32'h9;
            end
            else begin
                write_flush = 1'b1;
            end
        end
        if (state$q == 32'h9) begin
            if (done) begin
                state$d = 32'ha;
            end
        end
        write_address = next_burst$completion;
        high = ((boot_nonce) & 64'hffffffffffffffff);
        high = high << 32'h20;
        write_data = ((words$0$q[(32'h20)+:(32)]) & 64'hffffffffffffffff) | high;
        if (state$q == 32'ha) begin
            if (write_idle) begin
                write_start = 1'b1;
                state$d = 32'hb;
            end
            else if (next_burst$at_start) begin
                write_flush = 1'b1;
            end
            else begin
                state$d = 32'hb;
            end
        end
        if (state$q == 32'hb) begin
            write_push = 1'b1;
            step$d = 32'h0;
            if (write_ready) begin
                state$d = 32'hc;
            end
        end
        saved = ((status) & 64'hffffffffffffffff);
        saved = saved << 32'h31;
        saved_high = ((head$q) & 64'hffffffffffffffff);
        saved_high = saved_high << 32'h20;
        saved = saved | saved_high;
        saved_high = ((detail) & 64'hffffffffffffffff);
        saved = saved | saved_high;
        if (next_burst$phase) begin
            saved = saved | phase;
        end
        if (state$q == 32'hc) begin
            write_data = saved;
            ends = (next_index == count$q) || stop;
            if (step$q == 32'h0) begin
                write_push = 1'b1;
                if (write_ready) begin
                    step$d = 32'h1;
                    answered = ~ends;
                end
            end
            else begin
                write_flush = 1'b1;
                answered = write_idle;
            end
            if (answered) begin
                completed$d = completed$q + 32'h1;
                unannounced$d = 1'b1;
                index$d = next_index;
                step$d = 32'h0;
                state$d = 32'h7;
                if (ends) begin
                    again = 1'b1;
                    store = 1'b1;
                    queue$d = next_queue;
                    state$d = 32'h0;
                end
            end
        end
        if (state$q == 32'hd) begin
            irq_valid = unannounced$q && sel_armed;
            if (unannounced$q && sel_armed) begin
                if (irq_ready) begin
                    disarm = 1'b1;
                    unannounced$d = 1'b0;
                    step$d = 32'h0;
                end
            end
            else begin
                store = 1'b1;
                queue$d = next_queue;
                state$d = 32'h0;
            end
        end
        saved_high = ((completed$q) & 64'hffffffffffffffff);
        if (state$q == 32'hc) begin
            saved_high = saved_high + 32'h1;
            saved_high = saved_high & ((32'hffff) & 64'hffffffffffffffff);
        end
        saved_high = saved_high << 32'h10;
        saved = ((head$q) & 64'hffffffffffffffff) | saved_high;
        if (unannounced$q || (state$q == 32'hc)) begin
            saved = saved | flag;
        end
        contexts$read_address = queue$q;
        contexts$write_address = queue$q;
        contexts$write_data = saved;
        contexts$write_enable = store;
    end

endmodule // metisvm_card$queue

module metisvm_card$queue$burst(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);

    // Module arguments
    input wire  [5:0] read_address;
    input wire  read_clock;
    output reg  [63:0] read_data;
    input wire  [5:0] write_address;
    input wire  write_clock;
    input wire  [63:0] write_data;
    input wire  write_enable;

    // Update code (custom)
    reg[63:0] mem[63:0];



    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end

    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end

endmodule // metisvm_card$queue$burst

module metisvm_card$queue$completed(d,q,clock);

    // Module arguments
    input wire  [15:0] d;
    output reg  [15:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 16'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$queue$completed

module metisvm_card$queue$next_burst(clock,sq,cq,log2,max_log2,tail,head,completed,consumed,valid,over,count,address,completion,at_start,phase);

    // Module arguments
    input wire  clock;
    input wire  [63:0] sq;
    input wire  [63:0] cq;
    input wire  [31:0] log2;
    input wire  [31:0] max_log2;
    input wire  [15:0] tail;
    input wire  [15:0] head;
    input wire  [15:0] completed;
    input wire  [15:0] consumed;
    output reg  valid;
    output reg  over;
    output reg  [3:0] count;
    output reg  [63:0] address;
    output reg  [63:0] completion;
    output reg  at_start;
    output reg  phase;

    // Stub signals
    reg  valid_reg$d;
    wire  valid_reg$q;
    reg  valid_reg$clock;
    reg  [16:0] entries$d;
    wire  [16:0] entries$q;
    reg  entries$clock;
    reg  [16:0] mask$d;
    wire  [16:0] mask$q;
    reg  mask$clock;
    reg  [15:0] waiting$d;
    wire  [15:0] waiting$q;
    reg  waiting$clock;
    reg  [15:0] unreported$d;
    wire  [15:0] unreported$q;
    reg  unreported$clock;
    reg  [16:0] slot$d;
    wire  [16:0] slot$q;
    reg  slot$clock;
    reg  [16:0] to_end$d;
    wire  [16:0] to_end$q;
    reg  to_end$clock;
    reg  [16:0] room$d;
    wire  [16:0] room$q;
    reg  room$clock;
    reg  over_reg$d;
    wire  over_reg$q;
    reg  over_reg$clock;
    reg  [63:0] address_reg$d;
    wire  [63:0] address_reg$q;
    reg  address_reg$clock;
    reg  [3:0] least_waiting$d;
    wire  [3:0] least_waiting$q;
    reg  least_waiting$clock;
    reg  [3:0] least_room$d;
    wire  [3:0] least_room$q;
    reg  least_room$clock;
    reg  [3:0] least_end$d;
    wire  [3:0] least_end$q;
    reg  least_end$clock;
    reg  [3:0] least_page$d;
    wire  [3:0] least_page$q;
    reg  least_page$clock;
    reg  [3:0] least_host$d;
    wire  [3:0] least_host$q;
    reg  least_host$clock;
    reg  [3:0] least_ring$d;
    wire  [3:0] least_ring$q;
    reg  least_ring$clock;
    reg  [16:0] place$d;
    wire  [16:0] place$q;
    reg  place$clock;
    reg  phase_reg$d;
    wire  phase_reg$q;
    reg  phase_reg$clock;
    reg  [63:0] completion_reg$d;
    wire  [63:0] completion_reg$q;
    reg  completion_reg$clock;

    // Local signals
    reg  [16:0] one;
    reg  [16:0] waiting_wide;
    reg  [16:0] unreported_wide;
    reg  [63:0] offset;
    reg  [6:0] to_page;
    reg  [16:0] pass;

    // Sub module instances
    metisvm_card$clears valid_reg(
        .d(valid_reg$d),
        .q(valid_reg$q),
        .clock(valid_reg$clock)
    );
    metisvm_card$cores$lanes$0$core$absorber$arrived_at entries(
        .d(entries$d),
        .q(entries$q),
        .clock(entries$clock)
    );
    metisvm_card$cores$lanes$0$core$absorber$arrived_at mask(
        .d(mask$d),
        .q(mask$q),
        .clock(mask$clock)
    );
    metisvm_card$queue$completed waiting(
        .d(waiting$d),
        .q(waiting$q),
        .clock(waiting$clock)
    );
    metisvm_card$queue$completed unreported(
        .d(unreported$d),
        .q(unreported$q),
        .clock(unreported$clock)
    );
    metisvm_card$cores$lanes$0$core$absorber$arrived_at slot(
        .d(slot$d),
        .q(slot$q),
        .clock(slot$clock)
    );
    metisvm_card$cores$lanes$0$core$absorber$arrived_at to_end(
        .d(to_end$d),
        .q(to_end$q),
        .clock(to_end$clock)
    );
    metisvm_card$cores$lanes$0$core$absorber$arrived_at room(
        .d(room$d),
        .q(room$q),
        .clock(room$clock)
    );
    metisvm_card$clears over_reg(
        .d(over_reg$d),
        .q(over_reg$q),
        .clock(over_reg$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 address_reg(
        .d(address_reg$d),
        .q(address_reg$q),
        .clock(address_reg$clock)
    );
    metisvm_card$cores$best least_waiting(
        .d(least_waiting$d),
        .q(least_waiting$q),
        .clock(least_waiting$clock)
    );
    metisvm_card$cores$best least_room(
        .d(least_room$d),
        .q(least_room$q),
        .clock(least_room$clock)
    );
    metisvm_card$cores$best least_end(
        .d(least_end$d),
        .q(least_end$q),
        .clock(least_end$clock)
    );
    metisvm_card$cores$best least_page(
        .d(least_page$d),
        .q(least_page$q),
        .clock(least_page$clock)
    );
    metisvm_card$cores$best least_host(
        .d(least_host$d),
        .q(least_host$q),
        .clock(least_host$clock)
    );
    metisvm_card$cores$best least_ring(
        .d(least_ring$d),
        .q(least_ring$q),
        .clock(least_ring$clock)
    );
    metisvm_card$cores$lanes$0$core$absorber$arrived_at place(
        .d(place$d),
        .q(place$q),
        .clock(place$clock)
    );
    metisvm_card$clears phase_reg(
        .d(phase_reg$d),
        .q(phase_reg$q),
        .clock(phase_reg$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 completion_reg(
        .d(completion_reg$d),
        .q(completion_reg$q),
        .clock(completion_reg$clock)
    );

    // Update code
    always @(*) begin
        valid_reg$clock = clock;
        entries$clock = clock;
        mask$clock = clock;
        waiting$clock = clock;
        unreported$clock = clock;
        slot$clock = clock;
        to_end$clock = clock;
        room$clock = clock;
        over_reg$clock = clock;
        address_reg$clock = clock;
        least_waiting$clock = clock;
        least_room$clock = clock;
        least_end$clock = clock;
        least_page$clock = clock;
        least_host$clock = clock;
        least_ring$clock = clock;
        place$clock = clock;
        phase_reg$clock = clock;
        completion_reg$clock = clock;
        valid_reg$d = valid_reg$q;
        entries$d = entries$q;
        mask$d = mask$q;
        waiting$d = waiting$q;
        unreported$d = unreported$q;
        slot$d = slot$q;
        to_end$d = to_end$q;
        room$d = room$q;
        over_reg$d = over_reg$q;
        address_reg$d = address_reg$q;
        least_waiting$d = least_waiting$q;
        least_room$d = least_room$q;
        least_end$d = least_end$q;
        least_page$d = least_page$q;
        least_host$d = least_host$q;
        least_ring$d = least_ring$q;
        place$d = place$q;
        phase_reg$d = phase_reg$q;
        completion_reg$d = completion_reg$q;
        valid_reg$d = (log2 != 32'h0) && (log2 <= max_log2) && (sq[(32'h0)+:(6)] == 32'h0) && (cq[(32'h0)+:(6)] == 32'h0) && ~&sq[(32'h15)+:(43)] && ~&cq[(32'h13)+:(45)];
        one = 32'h1;
        entries$d = one << log2[(32'h0)+:(5)];
        mask$d = entries$q - 32'h1;
        waiting$d = tail - head;
        unreported$d = completed - consumed;
        slot$d = ((head) & 17'h1ffff) & mask$q;
        place$d = ((completed) & 17'h1ffff) & mask$q;
        pass = ((completed) & 17'h1ffff) & entries$q;
        phase_reg$d = pass == 32'h0;
        waiting_wide = ((waiting$q) & 17'h1ffff);
        unreported_wide = ((unreported$q) & 17'h1ffff);
        over_reg$d = (unreported_wide > entries$q) || (waiting_wide > entries$q);
        room$d = entries$q - unreported_wide;
        to_end$d = entries$q - slot$q;
        offset = ((slot$q) & 64'hffffffffffffffff);
        offset = offset << 32'h6;
        address_reg$d = sq + offset;
        offset = ((place$q) & 64'hffffffffffffffff);
        offset = offset << 32'h4;
        completion_reg$d = cq + offset;
        least_waiting$d = ((waiting$q[(32'h0)+:(3)]) & 4'hf);
        if (|waiting$q[(32'h3)+:(13)]) begin
            least_waiting$d = 32'h8;
        end
        least_room$d = ((room$q[(32'h0)+:(3)]) & 4'hf);
        if (|room$q[(32'h3)+:(14)]) begin
            least_room$d = 32'h8;
        end
        least_end$d = ((to_end$q[(32'h0)+:(3)]) & 4'hf);
        if (|to_end$q[(32'h3)+:(14)]) begin
            least_end$d = 32'h8;
        end
        to_page = ((32'h40) & 7'h7f) - ((address_reg$q[(32'h6)+:(6)]) & 7'h7f);
        least_page$d = ((to_page[(32'h0)+:(3)]) & 4'hf);
        if (|to_page[(32'h3)+:(4)]) begin
            least_page$d = 32'h8;
        end
        least_host$d = least_waiting$q;
        if (least_room$q < least_waiting$q) begin
            least_host$d = least_room$q;
        end
        least_ring$d = least_end$q;
        if (least_page$q < least_end$q) begin
            least_ring$d = least_page$q;
        end
        count = least_host$q;
        if (least_ring$q < least_host$q) begin
            count = least_ring$q;
        end
        valid = valid_reg$q;
        over = over_reg$q;
        address = address_reg$q;
        completion = completion_reg$q;
        at_start = place$q == 32'h0;
        phase = phase_reg$q;
    end

endmodule // metisvm_card$queue$next_burst

module metisvm_card$reader(clock,clear,timeout,req_valid,req_ready,req_address,req_bytes,req_kind,req_last,rq_address,rq_bytes,rq_tag,rq_valid,rq_ready,rc_data,rc_tag,rc_last,rc_error,rc_valid,rc_ready,out_data,out_bytes,out_kind,out_end,out_error,out_valid,out_ready,empty,quiet,waits,dead);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [31:0] timeout;
    input wire  req_valid;
    output reg  req_ready;
    input wire  [63:0] req_address;
    input wire  [9:0] req_bytes;
    input wire  [1:0] req_kind;
    input wire  req_last;
    output reg  [63:0] rq_address;
    output reg  [12:0] rq_bytes;
    output reg  [4:0] rq_tag;
    output reg  rq_valid;
    input wire  rq_ready;
    input wire  [127:0] rc_data;
    input wire  [4:0] rc_tag;
    input wire  rc_last;
    input wire  rc_error;
    input wire  rc_valid;
    output reg  rc_ready;
    output reg  [127:0] out_data;
    output reg  [5:0] out_bytes;
    output reg  [1:0] out_kind;
    output reg  out_end;
    output reg  out_error;
    output reg  out_valid;
    input wire  out_ready;
    output reg  empty;
    output reg  quiet;
    output reg  waits;
    output reg  dead;

    // Constant declarations
    localparam  beat_bytes = 10'b10000;
    localparam  tag_beats = 7'b100000;
    localparam  tag_shift = 4'h5;

    // Stub signals
    reg  [9:0] buffer$read_address;
    reg  buffer$read_clock;
    wire  [127:0] buffer$read_data;
    reg  [9:0] buffer$write_address;
    reg  buffer$write_clock;
    reg  [127:0] buffer$write_data;
    reg  buffer$write_enable;
    reg  order$clock;
    reg  order$clear;
    reg  [18:0] order$data;
    reg  order$push;
    wire  order$full;
    wire  [18:0] order$first;
    wire  order$valid;
    reg  order$pop;
    wire  [5:0] order$fill;
    reg  [6:0] count$0$d;
    wire  [6:0] count$0$q;
    reg  count$0$clock;
    reg  [6:0] count$1$d;
    wire  [6:0] count$1$q;
    reg  count$1$clock;
    reg  [6:0] count$2$d;
    wire  [6:0] count$2$q;
    reg  count$2$clock;
    reg  [6:0] count$3$d;
    wire  [6:0] count$3$q;
    reg  count$3$clock;
    reg  [6:0] count$4$d;
    wire  [6:0] count$4$q;
    reg  count$4$clock;
    reg  [6:0] count$5$d;
    wire  [6:0] count$5$q;
    reg  count$5$clock;
    reg  [6:0] count$6$d;
    wire  [6:0] count$6$q;
    reg  count$6$clock;
    reg  [6:0] count$7$d;
    wire  [6:0] count$7$q;
    reg  count$7$clock;
    reg  [6:0] count$8$d;
    wire  [6:0] count$8$q;
    reg  count$8$clock;
    reg  [6:0] count$9$d;
    wire  [6:0] count$9$q;
    reg  count$9$clock;
    reg  [6:0] count$10$d;
    wire  [6:0] count$10$q;
    reg  count$10$clock;
    reg  [6:0] count$11$d;
    wire  [6:0] count$11$q;
    reg  count$11$clock;
    reg  [6:0] count$12$d;
    wire  [6:0] count$12$q;
    reg  count$12$clock;
    reg  [6:0] count$13$d;
    wire  [6:0] count$13$q;
    reg  count$13$clock;
    reg  [6:0] count$14$d;
    wire  [6:0] count$14$q;
    reg  count$14$clock;
    reg  [6:0] count$15$d;
    wire  [6:0] count$15$q;
    reg  count$15$clock;
    reg  [6:0] count$16$d;
    wire  [6:0] count$16$q;
    reg  count$16$clock;
    reg  [6:0] count$17$d;
    wire  [6:0] count$17$q;
    reg  count$17$clock;
    reg  [6:0] count$18$d;
    wire  [6:0] count$18$q;
    reg  count$18$clock;
    reg  [6:0] count$19$d;
    wire  [6:0] count$19$q;
    reg  count$19$clock;
    reg  [6:0] count$20$d;
    wire  [6:0] count$20$q;
    reg  count$20$clock;
    reg  [6:0] count$21$d;
    wire  [6:0] count$21$q;
    reg  count$21$clock;
    reg  [6:0] count$22$d;
    wire  [6:0] count$22$q;
    reg  count$22$clock;
    reg  [6:0] count$23$d;
    wire  [6:0] count$23$q;
    reg  count$23$clock;
    reg  [6:0] count$24$d;
    wire  [6:0] count$24$q;
    reg  count$24$clock;
    reg  [6:0] count$25$d;
    wire  [6:0] count$25$q;
    reg  count$25$clock;
    reg  [6:0] count$26$d;
    wire  [6:0] count$26$q;
    reg  count$26$clock;
    reg  [6:0] count$27$d;
    wire  [6:0] count$27$q;
    reg  count$27$clock;
    reg  [6:0] count$28$d;
    wire  [6:0] count$28$q;
    reg  count$28$clock;
    reg  [6:0] count$29$d;
    wire  [6:0] count$29$q;
    reg  count$29$clock;
    reg  [6:0] count$30$d;
    wire  [6:0] count$30$q;
    reg  count$30$clock;
    reg  [6:0] count$31$d;
    wire  [6:0] count$31$q;
    reg  count$31$clock;
    reg  [31:0] used$d;
    wire  [31:0] used$q;
    reg  used$clock;
    reg  [31:0] outstanding$d;
    wire  [31:0] outstanding$q;
    reg  outstanding$clock;
    reg  [31:0] done$d;
    wire  [31:0] done$q;
    reg  done$clock;
    reg  [31:0] failed$d;
    wire  [31:0] failed$q;
    reg  failed$clock;
    reg  [4:0] next_tag$d;
    wire  [4:0] next_tag$q;
    reg  next_tag$clock;
    reg  streaming$d;
    wire  streaming$q;
    reg  streaming$clock;
    reg  [4:0] tag$d;
    wire  [4:0] tag$q;
    reg  tag$clock;
    reg  [5:0] beat$d;
    wire  [5:0] beat$q;
    reg  beat$clock;
    reg  [9:0] left$d;
    wire  [9:0] left$q;
    reg  left$clock;
    reg  [1:0] kind$d;
    wire  [1:0] kind$q;
    reg  kind$clock;
    reg  last$d;
    wire  last$q;
    reg  last$clock;
    reg  error$d;
    wire  error$q;
    reg  error$clock;
    reg  [31:0] timer$d;
    wire  [31:0] timer$q;
    reg  timer$clock;
    reg  rq_pending$d;
    wire  rq_pending$q;
    reg  rq_pending$clock;
    reg  [63:0] rq_address_reg$d;
    wire  [63:0] rq_address_reg$q;
    reg  rq_address_reg$clock;
    reg  [12:0] rq_bytes_reg$d;
    wire  [12:0] rq_bytes_reg$q;
    reg  rq_bytes_reg$clock;
    reg  [4:0] rq_tag_reg$d;
    wire  [4:0] rq_tag_reg$q;
    reg  rq_tag_reg$clock;
    reg  free_now$d;
    wire  free_now$q;
    reg  free_now$clock;
    reg  checked$d;
    wire  checked$q;
    reg  checked$clock;
    reg  put$d;
    wire  put$q;
    reg  put$clock;
    reg  [9:0] put_at$d;
    wire  [9:0] put_at$q;
    reg  put_at$clock;
    reg  [127:0] put_data$d;
    wire  [127:0] put_data$q;
    reg  put_data$clock;
    reg  [4:0] put_tag$d;
    wire  [4:0] put_tag$q;
    reg  put_tag$clock;
    reg  put_ends$d;
    wire  put_ends$q;
    reg  put_ends$clock;
    reg  put_error$d;
    wire  put_error$q;
    reg  put_error$clock;
    reg  looked$d;
    wire  looked$q;
    reg  looked$clock;
    reg  first_done$d;
    wire  first_done$q;
    reg  first_done$clock;
    reg  first_failed$d;
    wire  first_failed$q;
    reg  first_failed$clock;
    reg  late$d;
    wire  late$q;
    reg  late$clock;
    reg  sent$d;
    wire  sent$q;
    reg  sent$clock;
    reg  [5:0] sent_bytes$d;
    wire  [5:0] sent_bytes$q;
    reg  sent_bytes$clock;
    reg  [1:0] sent_kind$d;
    wire  [1:0] sent_kind$q;
    reg  sent_kind$clock;
    reg  sent_end$d;
    wire  sent_end$q;
    reg  sent_end$clock;
    reg  sent_error$d;
    wire  sent_error$q;
    reg  sent_error$clock;
    reg  quiet_reg$d;
    wire  quiet_reg$q;
    reg  quiet_reg$clock;
    reg  dead_reg$d;
    wire  dead_reg$q;
    reg  dead_reg$clock;
    reg  beats$clock;
    reg  [127:0] beats$in_data;
    reg  beats$in_valid;
    wire  beats$in_ready;
    reg  beats$clear;
    wire  [127:0] beats$out_data;
    wire  beats$out_valid;
    reg  beats$out_ready;
    wire  beats$ample;
    reg  marks$clock;
    reg  [9:0] marks$in_data;
    reg  marks$in_valid;
    wire  marks$in_ready;
    reg  marks$clear;
    wire  [9:0] marks$out_data;
    wire  marks$out_valid;
    reg  marks$out_ready;
    wire  marks$ample;

    // Local signals
    reg  [31:0] one;
    reg  [31:0] next_mask;
    reg  [31:0] rc_mask;
    reg  [31:0] rc_keep;
    reg  [31:0] next_keep;
    reg  [31:0] tag_mask;
    reg  [31:0] tag_keep;
    reg  [4:0] order_tag;
    reg  [31:0] order_mask;
    reg  [31:0] blocked;
    reg  [31:0] lost;
    reg  [31:0] not_used;
    reg  is_free;
    reg  accept;
    reg  is_empty_request;
    reg  [9:0] rounded;
    reg  rc_fire;
    reg  [6:0] rc_place;
    reg  is_over;
    reg  timed_out;
    reg  fire;
    reg  ends;
    reg  begins;
    reg  can_begin;
    reg  [18:0] order_entry;
    reg  [18:0] bytes_wide;
    reg  [18:0] kind_wide;
    reg  [9:0] place_wide;
    reg  [9:0] tag_wide;
    reg  [31:0] used_n;
    reg  [31:0] outstanding_n;
    reg  [31:0] done_n;
    reg  [31:0] failed_n;
    reg  waiting;
    reg  [9:0] mark;
    reg  [9:0] mark_kind;
    reg  moves_on;

    // Sub module instances
    metisvm_card$reader$buffer buffer(
        .read_address(buffer$read_address),
        .read_clock(buffer$read_clock),
        .read_data(buffer$read_data),
        .write_address(buffer$write_address),
        .write_clock(buffer$write_clock),
        .write_data(buffer$write_data),
        .write_enable(buffer$write_enable)
    );
    metisvm_card$reader$order order(
        .clock(order$clock),
        .clear(order$clear),
        .data(order$data),
        .push(order$push),
        .full(order$full),
        .first(order$first),
        .valid(order$valid),
        .pop(order$pop),
        .fill(order$fill)
    );
    metisvm_card$executor$handles$at count$0(
        .d(count$0$d),
        .q(count$0$q),
        .clock(count$0$clock)
    );
    metisvm_card$executor$handles$at count$1(
        .d(count$1$d),
        .q(count$1$q),
        .clock(count$1$clock)
    );
    metisvm_card$executor$handles$at count$2(
        .d(count$2$d),
        .q(count$2$q),
        .clock(count$2$clock)
    );
    metisvm_card$executor$handles$at count$3(
        .d(count$3$d),
        .q(count$3$q),
        .clock(count$3$clock)
    );
    metisvm_card$executor$handles$at count$4(
        .d(count$4$d),
        .q(count$4$q),
        .clock(count$4$clock)
    );
    metisvm_card$executor$handles$at count$5(
        .d(count$5$d),
        .q(count$5$q),
        .clock(count$5$clock)
    );
    metisvm_card$executor$handles$at count$6(
        .d(count$6$d),
        .q(count$6$q),
        .clock(count$6$clock)
    );
    metisvm_card$executor$handles$at count$7(
        .d(count$7$d),
        .q(count$7$q),
        .clock(count$7$clock)
    );
    metisvm_card$executor$handles$at count$8(
        .d(count$8$d),
        .q(count$8$q),
        .clock(count$8$clock)
    );
    metisvm_card$executor$handles$at count$9(
        .d(count$9$d),
        .q(count$9$q),
        .clock(count$9$clock)
    );
    metisvm_card$executor$handles$at count$10(
        .d(count$10$d),
        .q(count$10$q),
        .clock(count$10$clock)
    );
    metisvm_card$executor$handles$at count$11(
        .d(count$11$d),
        .q(count$11$q),
        .clock(count$11$clock)
    );
    metisvm_card$executor$handles$at count$12(
        .d(count$12$d),
        .q(count$12$q),
        .clock(count$12$clock)
    );
    metisvm_card$executor$handles$at count$13(
        .d(count$13$d),
        .q(count$13$q),
        .clock(count$13$clock)
    );
    metisvm_card$executor$handles$at count$14(
        .d(count$14$d),
        .q(count$14$q),
        .clock(count$14$clock)
    );
    metisvm_card$executor$handles$at count$15(
        .d(count$15$d),
        .q(count$15$q),
        .clock(count$15$clock)
    );
    metisvm_card$executor$handles$at count$16(
        .d(count$16$d),
        .q(count$16$q),
        .clock(count$16$clock)
    );
    metisvm_card$executor$handles$at count$17(
        .d(count$17$d),
        .q(count$17$q),
        .clock(count$17$clock)
    );
    metisvm_card$executor$handles$at count$18(
        .d(count$18$d),
        .q(count$18$q),
        .clock(count$18$clock)
    );
    metisvm_card$executor$handles$at count$19(
        .d(count$19$d),
        .q(count$19$q),
        .clock(count$19$clock)
    );
    metisvm_card$executor$handles$at count$20(
        .d(count$20$d),
        .q(count$20$q),
        .clock(count$20$clock)
    );
    metisvm_card$executor$handles$at count$21(
        .d(count$21$d),
        .q(count$21$q),
        .clock(count$21$clock)
    );
    metisvm_card$executor$handles$at count$22(
        .d(count$22$d),
        .q(count$22$q),
        .clock(count$22$clock)
    );
    metisvm_card$executor$handles$at count$23(
        .d(count$23$d),
        .q(count$23$q),
        .clock(count$23$clock)
    );
    metisvm_card$executor$handles$at count$24(
        .d(count$24$d),
        .q(count$24$q),
        .clock(count$24$clock)
    );
    metisvm_card$executor$handles$at count$25(
        .d(count$25$d),
        .q(count$25$q),
        .clock(count$25$clock)
    );
    metisvm_card$executor$handles$at count$26(
        .d(count$26$d),
        .q(count$26$q),
        .clock(count$26$clock)
    );
    metisvm_card$executor$handles$at count$27(
        .d(count$27$d),
        .q(count$27$q),
        .clock(count$27$clock)
    );
    metisvm_card$executor$handles$at count$28(
        .d(count$28$d),
        .q(count$28$q),
        .clock(count$28$clock)
    );
    metisvm_card$executor$handles$at count$29(
        .d(count$29$d),
        .q(count$29$q),
        .clock(count$29$clock)
    );
    metisvm_card$executor$handles$at count$30(
        .d(count$30$d),
        .q(count$30$q),
        .clock(count$30$clock)
    );
    metisvm_card$executor$handles$at count$31(
        .d(count$31$d),
        .q(count$31$q),
        .clock(count$31$clock)
    );
    metisvm_card$counters$data_reg used(
        .d(used$d),
        .q(used$q),
        .clock(used$clock)
    );
    metisvm_card$counters$data_reg outstanding(
        .d(outstanding$d),
        .q(outstanding$q),
        .clock(outstanding$clock)
    );
    metisvm_card$counters$data_reg done(
        .d(done$d),
        .q(done$q),
        .clock(done$clock)
    );
    metisvm_card$counters$data_reg failed(
        .d(failed$d),
        .q(failed$q),
        .clock(failed$clock)
    );
    metisvm_card$reader$next_tag next_tag(
        .d(next_tag$d),
        .q(next_tag$q),
        .clock(next_tag$clock)
    );
    metisvm_card$clears streaming(
        .d(streaming$d),
        .q(streaming$q),
        .clock(streaming$clock)
    );
    metisvm_card$reader$next_tag tag(
        .d(tag$d),
        .q(tag$q),
        .clock(tag$clock)
    );
    metisvm_card$cores$lanes$0$words$left beat(
        .d(beat$d),
        .q(beat$q),
        .clock(beat$clock)
    );
    metisvm_card$cores$best_load left(
        .d(left$d),
        .q(left$q),
        .clock(left$clock)
    );
    metisvm_card$cores$lanes$0$words$kind kind(
        .d(kind$d),
        .q(kind$q),
        .clock(kind$clock)
    );
    metisvm_card$clears last(
        .d(last$d),
        .q(last$q),
        .clock(last$clock)
    );
    metisvm_card$clears error(
        .d(error$d),
        .q(error$q),
        .clock(error$clock)
    );
    metisvm_card$counters$data_reg timer(
        .d(timer$d),
        .q(timer$q),
        .clock(timer$clock)
    );
    metisvm_card$clears rq_pending(
        .d(rq_pending$d),
        .q(rq_pending$q),
        .clock(rq_pending$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 rq_address_reg(
        .d(rq_address_reg$d),
        .q(rq_address_reg$q),
        .clock(rq_address_reg$clock)
    );
    metisvm_card$reader$rq_bytes_reg rq_bytes_reg(
        .d(rq_bytes_reg$d),
        .q(rq_bytes_reg$q),
        .clock(rq_bytes_reg$clock)
    );
    metisvm_card$reader$next_tag rq_tag_reg(
        .d(rq_tag_reg$d),
        .q(rq_tag_reg$q),
        .clock(rq_tag_reg$clock)
    );
    metisvm_card$clears free_now(
        .d(free_now$d),
        .q(free_now$q),
        .clock(free_now$clock)
    );
    metisvm_card$clears checked(
        .d(checked$d),
        .q(checked$q),
        .clock(checked$clock)
    );
    metisvm_card$clears put(
        .d(put$d),
        .q(put$q),
        .clock(put$clock)
    );
    metisvm_card$cores$best_load put_at(
        .d(put_at$d),
        .q(put_at$q),
        .clock(put_at$clock)
    );
    metisvm_card$cores$lanes$0$words$data put_data(
        .d(put_data$d),
        .q(put_data$q),
        .clock(put_data$clock)
    );
    metisvm_card$reader$next_tag put_tag(
        .d(put_tag$d),
        .q(put_tag$q),
        .clock(put_tag$clock)
    );
    metisvm_card$clears put_ends(
        .d(put_ends$d),
        .q(put_ends$q),
        .clock(put_ends$clock)
    );
    metisvm_card$clears put_error(
        .d(put_error$d),
        .q(put_error$q),
        .clock(put_error$clock)
    );
    metisvm_card$clears looked(
        .d(looked$d),
        .q(looked$q),
        .clock(looked$clock)
    );
    metisvm_card$clears first_done(
        .d(first_done$d),
        .q(first_done$q),
        .clock(first_done$clock)
    );
    metisvm_card$clears first_failed(
        .d(first_failed$d),
        .q(first_failed$q),
        .clock(first_failed$clock)
    );
    metisvm_card$clears late(
        .d(late$d),
        .q(late$q),
        .clock(late$clock)
    );
    metisvm_card$clears sent(
        .d(sent$d),
        .q(sent$q),
        .clock(sent$clock)
    );
    metisvm_card$cores$lanes$0$words$left sent_bytes(
        .d(sent_bytes$d),
        .q(sent_bytes$q),
        .clock(sent_bytes$clock)
    );
    metisvm_card$cores$lanes$0$words$kind sent_kind(
        .d(sent_kind$d),
        .q(sent_kind$q),
        .clock(sent_kind$clock)
    );
    metisvm_card$clears sent_end(
        .d(sent_end$d),
        .q(sent_end$q),
        .clock(sent_end$clock)
    );
    metisvm_card$clears sent_error(
        .d(sent_error$d),
        .q(sent_error$q),
        .clock(sent_error$clock)
    );
    metisvm_card$clears quiet_reg(
        .d(quiet_reg$d),
        .q(quiet_reg$q),
        .clock(quiet_reg$clock)
    );
    metisvm_card$clears dead_reg(
        .d(dead_reg$d),
        .q(dead_reg$q),
        .clock(dead_reg$clock)
    );
    metisvm_card$reader$beats beats(
        .clock(beats$clock),
        .in_data(beats$in_data),
        .in_valid(beats$in_valid),
        .in_ready(beats$in_ready),
        .clear(beats$clear),
        .out_data(beats$out_data),
        .out_valid(beats$out_valid),
        .out_ready(beats$out_ready),
        .ample(beats$ample)
    );
    metisvm_card$reader$marks marks(
        .clock(marks$clock),
        .in_data(marks$in_data),
        .in_valid(marks$in_valid),
        .in_ready(marks$in_ready),
        .clear(marks$clear),
        .out_data(marks$out_data),
        .out_valid(marks$out_valid),
        .out_ready(marks$out_ready),
        .ample(marks$ample)
    );

    // Update code
    always @(*) begin
        used$clock = clock;
        outstanding$clock = clock;
        done$clock = clock;
        failed$clock = clock;
        next_tag$clock = clock;
        streaming$clock = clock;
        tag$clock = clock;
        beat$clock = clock;
        left$clock = clock;
        kind$clock = clock;
        last$clock = clock;
        error$clock = clock;
        timer$clock = clock;
        rq_pending$clock = clock;
        rq_address_reg$clock = clock;
        rq_bytes_reg$clock = clock;
        rq_tag_reg$clock = clock;
        free_now$clock = clock;
        checked$clock = clock;
        put$clock = clock;
        put_at$clock = clock;
        put_data$clock = clock;
        put_tag$clock = clock;
        put_ends$clock = clock;
        put_error$clock = clock;
        looked$clock = clock;
        first_done$clock = clock;
        first_failed$clock = clock;
        late$clock = clock;
        sent$clock = clock;
        sent_bytes$clock = clock;
        sent_kind$clock = clock;
        sent_end$clock = clock;
        sent_error$clock = clock;
        quiet_reg$clock = clock;
        dead_reg$clock = clock;
        used$d = used$q;
        outstanding$d = outstanding$q;
        done$d = done$q;
        failed$d = failed$q;
        next_tag$d = next_tag$q;
        streaming$d = streaming$q;
        tag$d = tag$q;
        beat$d = beat$q;
        left$d = left$q;
        kind$d = kind$q;
        last$d = last$q;
        error$d = error$q;
        timer$d = timer$q;
        rq_pending$d = rq_pending$q;
        rq_address_reg$d = rq_address_reg$q;
        rq_bytes_reg$d = rq_bytes_reg$q;
        rq_tag_reg$d = rq_tag_reg$q;
        free_now$d = free_now$q;
        checked$d = checked$q;
        put$d = put$q;
        put_at$d = put_at$q;
        put_data$d = put_data$q;
        put_tag$d = put_tag$q;
        put_ends$d = put_ends$q;
        put_error$d = put_error$q;
        looked$d = looked$q;
        first_done$d = first_done$q;
        first_failed$d = first_failed$q;
        late$d = late$q;
        sent$d = sent$q;
        sent_bytes$d = sent_bytes$q;
        sent_kind$d = sent_kind$q;
        sent_end$d = sent_end$q;
        sent_error$d = sent_error$q;
        quiet_reg$d = quiet_reg$q;
        dead_reg$d = dead_reg$q;
        order$clock = clock;
        beats$clock = clock;
        marks$clock = clock;
        used_n = used$q;
        outstanding_n = outstanding$q;
        done_n = done$q;
        failed_n = failed$q;
        buffer$read_clock = clock;
        buffer$write_clock = clock;
        count$0$clock = clock;
        count$0$d = count$0$q;
        count$1$clock = clock;
        count$1$d = count$1$q;
        count$2$clock = clock;
        count$2$d = count$2$q;
        count$3$clock = clock;
        count$3$d = count$3$q;
        count$4$clock = clock;
        count$4$d = count$4$q;
        count$5$clock = clock;
        count$5$d = count$5$q;
        count$6$clock = clock;
        count$6$d = count$6$q;
        count$7$clock = clock;
        count$7$d = count$7$q;
        count$8$clock = clock;
        count$8$d = count$8$q;
        count$9$clock = clock;
        count$9$d = count$9$q;
        count$10$clock = clock;
        count$10$d = count$10$q;
        count$11$clock = clock;
        count$11$d = count$11$q;
        count$12$clock = clock;
        count$12$d = count$12$q;
        count$13$clock = clock;
        count$13$d = count$13$q;
        count$14$clock = clock;
        count$14$d = count$14$q;
        count$15$clock = clock;
        count$15$d = count$15$q;
        count$16$clock = clock;
        count$16$d = count$16$q;
        count$17$clock = clock;
        count$17$d = count$17$q;
        count$18$clock = clock;
        count$18$d = count$18$q;
        count$19$clock = clock;
        count$19$d = count$19$q;
        count$20$clock = clock;
        count$20$d = count$20$q;
        count$21$clock = clock;
        count$21$d = count$21$q;
        count$22$clock = clock;
        count$22$d = count$22$q;
        count$23$clock = clock;
        count$23$d = count$23$q;
        count$24$clock = clock;
        count$24$d = count$24$q;
        count$25$clock = clock;
        count$25$d = count$25$q;
        count$26$clock = clock;
        count$26$d = count$26$q;
        count$27$clock = clock;
        count$27$d = count$27$q;
        count$28$clock = clock;
        count$28$d = count$28$q;
        count$29$clock = clock;
        count$29$d = count$29$q;
        count$30$clock = clock;
        count$30$d = count$30$q;
        count$31$clock = clock;
        count$31$d = count$31$q;
        one = 32'h1;
        next_mask = one << next_tag$q;
        next_keep = ~next_mask;
        rc_mask = one << put_tag$q;
        rc_keep = ~rc_mask;
        tag_mask = one << tag$q;
        tag_keep = ~tag_mask;
        blocked = used$q | outstanding$q;
        free_now$d = ~blocked[next_tag$q];
        is_free = checked$q && free_now$q;
        is_empty_request = req_bytes == 32'h0;
        accept = req_valid && is_free && ~rq_pending$q;
        req_ready = is_free && ~rq_pending$q;
        rounded = req_bytes + 32'h7;
        order_entry = ((next_tag$q) & 19'h7ffff);
        bytes_wide = ((req_bytes) & 19'h7ffff);
        kind_wide = ((req_kind) & 19'h7ffff);
        bytes_wide = bytes_wide << 32'h6;
        kind_wide = kind_wide << 32'h10;
        order_entry = order_entry | bytes_wide | kind_wide;
        if (req_last) begin
            order_entry = order_entry | ((32'h40000) & 19'h7ffff);
        end
        order$data = order_entry;
        order$push = accept;
        order$clear = clear;
        rq_valid = rq_pending$q;
        rq_address = rq_address_reg$q;
        rq_bytes = rq_bytes_reg$q;
        rq_tag = rq_tag_reg$q;
        if (rq_ready) begin
            rq_pending$d = 1'b0;
        end
        rc_ready = 1'b1;
        rc_fire = rc_valid && outstanding$q[rc_tag];
        rc_place = 32'h0;
        if (rc_tag == 0) begin
            rc_place = count$0$q;
            if (rc_valid && outstanding$q[0] && (count$0$q != tag_beats)) begin
                count$0$d = count$0$q + 32'h1;
            end
        end
        if (rc_tag == 1) begin
            rc_place = count$1$q;
            if (rc_valid && outstanding$q[1] && (count$1$q != tag_beats)) begin
                count$1$d = count$1$q + 32'h1;
            end
        end
        if (rc_tag == 2) begin
            rc_place = count$2$q;
            if (rc_valid && outstanding$q[2] && (count$2$q != tag_beats)) begin
                count$2$d = count$2$q + 32'h1;
            end
        end
        if (rc_tag == 3) begin
            rc_place = count$3$q;
            if (rc_valid && outstanding$q[3] && (count$3$q != tag_beats)) begin
                count$3$d = count$3$q + 32'h1;
            end
        end
        if (rc_tag == 4) begin
            rc_place = count$4$q;
            if (rc_valid && outstanding$q[4] && (count$4$q != tag_beats)) begin
                count$4$d = count$4$q + 32'h1;
            end
        end
        if (rc_tag == 5) begin
            rc_place = count$5$q;
            if (rc_valid && outstanding$q[5] && (count$5$q != tag_beats)) begin
                count$5$d = count$5$q + 32'h1;
            end
        end
        if (rc_tag == 6) begin
            rc_place = count$6$q;
            if (rc_valid && outstanding$q[6] && (count$6$q != tag_beats)) begin
                count$6$d = count$6$q + 32'h1;
            end
        end
        if (rc_tag == 7) begin
            rc_place = count$7$q;
            if (rc_valid && outstanding$q[7] && (count$7$q != tag_beats)) begin
                count$7$d = count$7$q + 32'h1;
            end
        end
        if (rc_tag == 8) begin
            rc_place = count$8$q;
            if (rc_valid && outstanding$q[8] && (count$8$q != tag_beats)) begin
                count$8$d = count$8$q + 32'h1;
            end
        end
        if (rc_tag == 9) begin
            rc_place = count$9$q;
            if (rc_valid && outstanding$q[9] && (count$9$q != tag_beats)) begin
                count$9$d = count$9$q + 32'h1;
            end
        end
        if (rc_tag == 10) begin
            rc_place = count$10$q;
            if (rc_valid && outstanding$q[10] && (count$10$q != tag_beats)) begin
                count$10$d = count$10$q + 32'h1;
            end
        end
        if (rc_tag == 11) begin
            rc_place = count$11$q;
            if (rc_valid && outstanding$q[11] && (count$11$q != tag_beats)) begin
                count$11$d = count$11$q + 32'h1;
            end
        end
        if (rc_tag == 12) begin
            rc_place = count$12$q;
            if (rc_valid && outstanding$q[12] && (count$12$q != tag_beats)) begin
                count$12$d = count$12$q + 32'h1;
            end
        end
        if (rc_tag == 13) begin
            rc_place = count$13$q;
            if (rc_valid && outstanding$q[13] && (count$13$q != tag_beats)) begin
                count$13$d = count$13$q + 32'h1;
            end
        end
        if (rc_tag == 14) begin
            rc_place = count$14$q;
            if (rc_valid && outstanding$q[14] && (count$14$q != tag_beats)) begin
                count$14$d = count$14$q + 32'h1;
            end
        end
        if (rc_tag == 15) begin
            rc_place = count$15$q;
            if (rc_valid && outstanding$q[15] && (count$15$q != tag_beats)) begin
                count$15$d = count$15$q + 32'h1;
            end
        end
        if (rc_tag == 16) begin
            rc_place = count$16$q;
            if (rc_valid && outstanding$q[16] && (count$16$q != tag_beats)) begin
                count$16$d = count$16$q + 32'h1;
            end
        end
        if (rc_tag == 17) begin
            rc_place = count$17$q;
            if (rc_valid && outstanding$q[17] && (count$17$q != tag_beats)) begin
                count$17$d = count$17$q + 32'h1;
            end
        end
        if (rc_tag == 18) begin
            rc_place = count$18$q;
            if (rc_valid && outstanding$q[18] && (count$18$q != tag_beats)) begin
                count$18$d = count$18$q + 32'h1;
            end
        end
        if (rc_tag == 19) begin
            rc_place = count$19$q;
            if (rc_valid && outstanding$q[19] && (count$19$q != tag_beats)) begin
                count$19$d = count$19$q + 32'h1;
            end
        end
        if (rc_tag == 20) begin
            rc_place = count$20$q;
            if (rc_valid && outstanding$q[20] && (count$20$q != tag_beats)) begin
                count$20$d = count$20$q + 32'h1;
            end
        end
        if (rc_tag == 21) begin
            rc_place = count$21$q;
            if (rc_valid && outstanding$q[21] && (count$21$q != tag_beats)) begin
                count$21$d = count$21$q + 32'h1;
            end
        end
        if (rc_tag == 22) begin
            rc_place = count$22$q;
            if (rc_valid && outstanding$q[22] && (count$22$q != tag_beats)) begin
                count$22$d = count$22$q + 32'h1;
            end
        end
        if (rc_tag == 23) begin
            rc_place = count$23$q;
            if (rc_valid && outstanding$q[23] && (count$23$q != tag_beats)) begin
                count$23$d = count$23$q + 32'h1;
            end
        end
        if (rc_tag == 24) begin
            rc_place = count$24$q;
            if (rc_valid && outstanding$q[24] && (count$24$q != tag_beats)) begin
                count$24$d = count$24$q + 32'h1;
            end
        end
        if (rc_tag == 25) begin
            rc_place = count$25$q;
            if (rc_valid && outstanding$q[25] && (count$25$q != tag_beats)) begin
                count$25$d = count$25$q + 32'h1;
            end
        end
        if (rc_tag == 26) begin
            rc_place = count$26$q;
            if (rc_valid && outstanding$q[26] && (count$26$q != tag_beats)) begin
                count$26$d = count$26$q + 32'h1;
            end
        end
        if (rc_tag == 27) begin
            rc_place = count$27$q;
            if (rc_valid && outstanding$q[27] && (count$27$q != tag_beats)) begin
                count$27$d = count$27$q + 32'h1;
            end
        end
        if (rc_tag == 28) begin
            rc_place = count$28$q;
            if (rc_valid && outstanding$q[28] && (count$28$q != tag_beats)) begin
                count$28$d = count$28$q + 32'h1;
            end
        end
        if (rc_tag == 29) begin
            rc_place = count$29$q;
            if (rc_valid && outstanding$q[29] && (count$29$q != tag_beats)) begin
                count$29$d = count$29$q + 32'h1;
            end
        end
        if (rc_tag == 30) begin
            rc_place = count$30$q;
            if (rc_valid && outstanding$q[30] && (count$30$q != tag_beats)) begin
                count$30$d = count$30$q + 32'h1;
            end
        end
        if (rc_tag == 31) begin
            rc_place = count$31$q;
            if (rc_valid && outstanding$q[31] && (count$31$q != tag_beats)) begin
                count$31$d = count$31$q + 32'h1;
            end
        end
        is_over = rc_place == tag_beats;
        place_wide = ((rc_tag) & 10'h3ff);
        place_wide = place_wide << tag_shift;
        put_at$d = place_wide | ((rc_place) & 10'h3ff);
        put_data$d = rc_data;
        put_tag$d = rc_tag;
        put_error$d = rc_error;
        put$d = rc_fire && ~rc_error && ~is_over;
        put_ends$d = rc_fire && (rc_last || rc_error);
        buffer$write_address = put_at$q;
        buffer$write_data = put_data$q;
        buffer$write_enable = put$q;
        if (put_ends$q) begin
            outstanding_n = outstanding$q & rc_keep;
            done_n = done$q | rc_mask;
            if (put_error$q) begin
                failed_n = failed$q | rc_mask;
            end
        end
        order_tag = order$first[(32'h0)+:(5)];
        order_mask = one << order_tag;
        fire = streaming$q && marks$ample;
        ends = error$q || (left$q <= beat_bytes);
        can_begin = ~streaming$q || (fire && ends);
        begins = can_begin && looked$q && first_done$q;
        order$pop = begins;
        looked$d = order$valid && ~begins;
        first_done$d = done$q[order_tag];
        first_failed$d = failed$q[order_tag];
        waiting = looked$q && ~first_done$q && ~streaming$q;
        waits = waiting;
        late$d = timer$q >= timeout;
        timed_out = waiting && late$q;
        timer$d = 32'h0;
        if (waiting) begin
            timer$d = timer$q + 32'h1;
        end
        if (timed_out) begin
            done_n = done_n | order_mask;
            failed_n = failed_n | order_mask;
        end
        if (fire) begin
            beat$d = beat$q + 32'h1;
            left$d = left$q - beat_bytes;
            if (ends) begin
                streaming$d = 1'b0;
                used_n = used$q & tag_keep;
            end
        end
        if (begins) begin
            streaming$d = 1'b1;
            tag$d = order_tag;
            beat$d = 32'h0;
            left$d = order$first[(32'h6)+:(10)];
            kind$d = order$first[(32'h10)+:(2)];
            last$d = order$first[32'h12];
            error$d = first_failed$q;
        end
        tag_wide = ((tag$q) & 10'h3ff);
        tag_wide = tag_wide << tag_shift;
        buffer$read_address = tag_wide | ((beat$q) & 10'h3ff);
        sent$d = fire;
        sent_bytes$d = beat_bytes[(32'h0)+:(6)];
        if (left$q <= beat_bytes) begin
            sent_bytes$d = left$q[(32'h0)+:(6)];
        end
        sent_kind$d = kind$q;
        sent_end$d = ends && last$q;
        sent_error$d = error$q;
        beats$clear = clear;
        beats$in_data = buffer$read_data;
        beats$in_valid = sent$q;
        beats$out_ready = out_ready;
        mark = ((sent_bytes$q) & 10'h3ff);
        mark_kind = ((sent_kind$q) & 10'h3ff);
        mark_kind = mark_kind << 32'h6;
        mark = mark | mark_kind;
        if (sent_end$q) begin
            mark = mark | ((32'h100) & 10'h3ff);
        end
        if (sent_error$q) begin
            mark = mark | ((32'h200) & 10'h3ff);
        end
        marks$clear = clear;
        marks$in_data = mark;
        marks$in_valid = sent$q;
        marks$out_ready = out_ready;
        out_data = beats$out_data;
        out_bytes = marks$out_data[(32'h0)+:(6)];
        out_kind = marks$out_data[(32'h6)+:(2)];
        out_end = marks$out_data[32'h8];
        out_error = marks$out_data[32'h9];
        out_valid = marks$out_valid;
        moves_on = req_valid && checked$q && ~free_now$q;
        if (moves_on) begin
            next_tag$d = next_tag$q + 32'h1;
        end
        checked$d = ~moves_on && ~accept;
        if (accept) begin
            next_tag$d = next_tag$q + 32'h1;
            used_n = used_n | next_mask;
            failed_n = failed_n & next_keep;
            if (is_empty_request) begin
                done_n = done_n | next_mask;
            end
            else begin
                done_n = done_n & next_keep;
                outstanding_n = outstanding_n | next_mask;
                rq_pending$d = 1'b1;
                rq_address_reg$d = req_address;
                rq_bytes_reg$d = ((rounded) & 13'h1fff) & ((32'h1ff8) & 13'h1fff);
                rq_tag_reg$d = next_tag$q;
            end
            if (next_tag$q == 0) begin
                count$0$d = 32'h0;
            end
            if (next_tag$q == 1) begin
                count$1$d = 32'h0;
            end
            if (next_tag$q == 2) begin
                count$2$d = 32'h0;
            end
            if (next_tag$q == 3) begin
                count$3$d = 32'h0;
            end
            if (next_tag$q == 4) begin
                count$4$d = 32'h0;
            end
            if (next_tag$q == 5) begin
                count$5$d = 32'h0;
            end
            if (next_tag$q == 6) begin
                count$6$d = 32'h0;
            end
            if (next_tag$q == 7) begin
                count$7$d = 32'h0;
            end
            if (next_tag$q == 8) begin
                count$8$d = 32'h0;
            end
            if (next_tag$q == 9) begin
                count$9$d = 32'h0;
            end
            if (next_tag$q == 10) begin
                count$10$d = 32'h0;
            end
            if (next_tag$q == 11) begin
                count$11$d = 32'h0;
            end
            if (next_tag$q == 12) begin
                count$12$d = 32'h0;
            end
            if (next_tag$q == 13) begin
                count$13$d = 32'h0;
            end
            if (next_tag$q == 14) begin
                count$14$d = 32'h0;
            end
            if (next_tag$q == 15) begin
                count$15$d = 32'h0;
            end
            if (next_tag$q == 16) begin
                count$16$d = 32'h0;
            end
            if (next_tag$q == 17) begin
                count$17$d = 32'h0;
            end
            if (next_tag$q == 18) begin
                count$18$d = 32'h0;
            end
            if (next_tag$q == 19) begin
                count$19$d = 32'h0;
            end
            if (next_tag$q == 20) begin
                count$20$d = 32'h0;
            end
            if (next_tag$q == 21) begin
                count$21$d = 32'h0;
            end
            if (next_tag$q == 22) begin
                count$22$d = 32'h0;
            end
            if (next_tag$q == 23) begin
                count$23$d = 32'h0;
            end
            if (next_tag$q == 24) begin
                count$24$d = 32'h0;
            end
            if (next_tag$q == 25) begin
                count$25$d = 32'h0;
            end
            if (next_tag$q == 26) begin
                count$26$d = 32'h0;
            end
            if (next_tag$q == 27) begin
                count$27$d = 32'h0;
            end
            if (next_tag$q == 28) begin
                count$28$d = 32'h0;
            end
            if (next_tag$q == 29) begin
                count$29$d = 32'h0;
            end
            if (next_tag$q == 30) begin
                count$30$d = 32'h0;
            end
            if (next_tag$q == 31) begin
                count$31$d = 32'h0;
            end
        end
        not_used = ~used$q;
        lost = outstanding$q & not_used;
        dead_reg$d = &lost;
        dead = dead_reg$q;
        empty = (order$fill == 32'h0) && ~streaming$q && ~sent$q && ~marks$out_valid;
        quiet_reg$d = (outstanding$q == 32'h0) && ~rq_pending$q;
        quiet = quiet_reg$q;
        if (clear) begin
            used_n = 32'h0;
            outstanding_n = 32'h0;
            done_n = 32'h0;
            failed_n = 32'h0;
            streaming$d = 1'b0;
            sent$d = 1'b0;
            looked$d = 1'b0;
        end
        used$d = used_n;
        outstanding$d = outstanding_n;
        done$d = done_n;
        failed$d = failed_n;
    end

endmodule // metisvm_card$reader

module metisvm_card$reader$beats(clock,in_data,in_valid,in_ready,clear,out_data,out_valid,out_ready,ample);

    // Module arguments
    input wire  clock;
    input wire  [127:0] in_data;
    input wire  in_valid;
    output reg  in_ready;
    input wire  clear;
    output reg  [127:0] out_data;
    output reg  out_valid;
    input wire  out_ready;
    output reg  ample;

    // Stub signals
    reg  [127:0] slots$0$d;
    wire  [127:0] slots$0$q;
    reg  slots$0$clock;
    reg  [127:0] slots$1$d;
    wire  [127:0] slots$1$q;
    reg  slots$1$clock;
    reg  [127:0] slots$2$d;
    wire  [127:0] slots$2$q;
    reg  slots$2$clock;
    reg  [127:0] slots$3$d;
    wire  [127:0] slots$3$q;
    reg  slots$3$clock;
    reg  [2:0] count$d;
    wire  [2:0] count$q;
    reg  count$clock;

    // Local signals
    reg  push;
    reg  pop;
    reg  [2:0] place;

    // Sub module instances
    metisvm_card$cores$lanes$0$words$data slots$0(
        .d(slots$0$d),
        .q(slots$0$q),
        .clock(slots$0$clock)
    );
    metisvm_card$cores$lanes$0$words$data slots$1(
        .d(slots$1$d),
        .q(slots$1$q),
        .clock(slots$1$clock)
    );
    metisvm_card$cores$lanes$0$words$data slots$2(
        .d(slots$2$d),
        .q(slots$2$q),
        .clock(slots$2$clock)
    );
    metisvm_card$cores$lanes$0$words$data slots$3(
        .d(slots$3$d),
        .q(slots$3$q),
        .clock(slots$3$clock)
    );
    metisvm_card$executor$state count(
        .d(count$d),
        .q(count$q),
        .clock(count$clock)
    );

    // Update code
    always @(*) begin
        count$clock = clock;
        count$d = count$q;
        in_ready = ~count$q[32'h2];
        ample = count$q < ((32'h3) & 3'h7);
        out_valid = count$q != 32'h0;
        out_data = slots$0$q;
        push = in_valid && ~count$q[32'h2];
        pop = out_ready && (count$q != 32'h0);
        place = count$q;
        if (pop) begin
            place = count$q - 32'h1;
        end
        count$d = place;
        if (push) begin
            count$d = place + 32'h1;
        end
        if (clear) begin
            count$d = 32'h0;
        end
        slots$0$clock = clock;
        slots$0$d = slots$0$q;
        slots$1$clock = clock;
        slots$1$d = slots$1$q;
        slots$2$clock = clock;
        slots$2$d = slots$2$q;
        slots$3$clock = clock;
        slots$3$d = slots$3$q;
        if (pop) begin
            slots$0$d = slots$1$q;
        end
        if (pop) begin
            slots$1$d = slots$2$q;
        end
        if (pop) begin
            slots$2$d = slots$3$q;
        end
        if (push && (place == 0)) begin
            slots$0$d = in_data;
        end
        if (push && (place == 1)) begin
            slots$1$d = in_data;
        end
        if (push && (place == 2)) begin
            slots$2$d = in_data;
        end
        if (push && (place == 3)) begin
            slots$3$d = in_data;
        end
    end

endmodule // metisvm_card$reader$beats

module metisvm_card$reader$buffer(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);

    // Module arguments
    input wire  [9:0] read_address;
    input wire  read_clock;
    output reg  [127:0] read_data;
    input wire  [9:0] write_address;
    input wire  write_clock;
    input wire  [127:0] write_data;
    input wire  write_enable;

    // Update code (custom)
    reg[127:0] mem[1023:0];



    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end

    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end

endmodule // metisvm_card$reader$buffer

module metisvm_card$reader$marks(clock,in_data,in_valid,in_ready,clear,out_data,out_valid,out_ready,ample);

    // Module arguments
    input wire  clock;
    input wire  [9:0] in_data;
    input wire  in_valid;
    output reg  in_ready;
    input wire  clear;
    output reg  [9:0] out_data;
    output reg  out_valid;
    input wire  out_ready;
    output reg  ample;

    // Stub signals
    reg  [9:0] slots$0$d;
    wire  [9:0] slots$0$q;
    reg  slots$0$clock;
    reg  [9:0] slots$1$d;
    wire  [9:0] slots$1$q;
    reg  slots$1$clock;
    reg  [9:0] slots$2$d;
    wire  [9:0] slots$2$q;
    reg  slots$2$clock;
    reg  [9:0] slots$3$d;
    wire  [9:0] slots$3$q;
    reg  slots$3$clock;
    reg  [2:0] count$d;
    wire  [2:0] count$q;
    reg  count$clock;

    // Local signals
    reg  push;
    reg  pop;
    reg  [2:0] place;

    // Sub module instances
    metisvm_card$cores$best_load slots$0(
        .d(slots$0$d),
        .q(slots$0$q),
        .clock(slots$0$clock)
    );
    metisvm_card$cores$best_load slots$1(
        .d(slots$1$d),
        .q(slots$1$q),
        .clock(slots$1$clock)
    );
    metisvm_card$cores$best_load slots$2(
        .d(slots$2$d),
        .q(slots$2$q),
        .clock(slots$2$clock)
    );
    metisvm_card$cores$best_load slots$3(
        .d(slots$3$d),
        .q(slots$3$q),
        .clock(slots$3$clock)
    );
    metisvm_card$executor$state count(
        .d(count$d),
        .q(count$q),
        .clock(count$clock)
    );

    // Update code
    always @(*) begin
        count$clock = clock;
        count$d = count$q;
        in_ready = ~count$q[32'h2];
        ample = count$q < ((32'h3) & 3'h7);
        out_valid = count$q != 32'h0;
        out_data = slots$0$q;
        push = in_valid && ~count$q[32'h2];
        pop = out_ready && (count$q != 32'h0);
        place = count$q;
        if (pop) begin
            place = count$q - 32'h1;
        end
        count$d = place;
        if (push) begin
            count$d = place + 32'h1;
        end
        if (clear) begin
            count$d = 32'h0;
        end
        slots$0$clock = clock;
        slots$0$d = slots$0$q;
        slots$1$clock = clock;
        slots$1$d = slots$1$q;
        slots$2$clock = clock;
        slots$2$d = slots$2$q;
        slots$3$clock = clock;
        slots$3$d = slots$3$q;
        if (pop) begin
            slots$0$d = slots$1$q;
        end
        if (pop) begin
            slots$1$d = slots$2$q;
        end
        if (pop) begin
            slots$2$d = slots$3$q;
        end
        if (push && (place == 0)) begin
            slots$0$d = in_data;
        end
        if (push && (place == 1)) begin
            slots$1$d = in_data;
        end
        if (push && (place == 2)) begin
            slots$2$d = in_data;
        end
        if (push && (place == 3)) begin
            slots$3$d = in_data;
        end
    end

endmodule // metisvm_card$reader$marks

module metisvm_card$reader$next_tag(d,q,clock);

    // Module arguments
    input wire  [4:0] d;
    output reg  [4:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 5'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$reader$next_tag

module metisvm_card$reader$order(clock,clear,data,push,full,first,valid,pop,fill);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [18:0] data;
    input wire  push;
    output reg  full;
    output reg  [18:0] first;
    output reg  valid;
    input wire  pop;
    output reg  [5:0] fill;

    // Constant declarations
    localparam  nearly = 6'b11110;

    // Stub signals
    reg  [4:0] entries$read_address;
    reg  entries$read_clock;
    wire  [18:0] entries$read_data;
    reg  [4:0] entries$write_address;
    reg  entries$write_clock;
    reg  [18:0] entries$write_data;
    reg  entries$write_enable;
    reg  slice$clock;
    reg  slice$clear;
    reg  [18:0] slice$in_data;
    reg  slice$in_valid;
    wire  slice$in_ready;
    wire  [18:0] slice$out_data;
    wire  slice$out_valid;
    reg  slice$out_ready;
    reg  [5:0] head$d;
    wire  [5:0] head$q;
    reg  head$clock;
    reg  [5:0] tail$d;
    wire  [5:0] tail$q;
    reg  tail$clock;
    reg  answers$d;
    wire  answers$q;
    reg  answers$clock;
    reg  [5:0] held$d;
    wire  [5:0] held$q;
    reg  held$clock;
    reg  full_reg$d;
    wire  full_reg$q;
    reg  full_reg$clock;

    // Local signals
    reg  reads;
    reg  has_two;
    reg  pops;

    // Sub module instances
    metisvm_card$reader$order$entries entries(
        .read_address(entries$read_address),
        .read_clock(entries$read_clock),
        .read_data(entries$read_data),
        .write_address(entries$write_address),
        .write_clock(entries$write_clock),
        .write_data(entries$write_data),
        .write_enable(entries$write_enable)
    );
    metisvm_card$reader$order$slice slice(
        .clock(slice$clock),
        .clear(slice$clear),
        .in_data(slice$in_data),
        .in_valid(slice$in_valid),
        .in_ready(slice$in_ready),
        .out_data(slice$out_data),
        .out_valid(slice$out_valid),
        .out_ready(slice$out_ready)
    );
    metisvm_card$cores$lanes$0$words$left head(
        .d(head$d),
        .q(head$q),
        .clock(head$clock)
    );
    metisvm_card$cores$lanes$0$words$left tail(
        .d(tail$d),
        .q(tail$q),
        .clock(tail$clock)
    );
    metisvm_card$clears answers(
        .d(answers$d),
        .q(answers$q),
        .clock(answers$clock)
    );
    metisvm_card$cores$lanes$0$words$left held(
        .d(held$d),
        .q(held$q),
        .clock(held$clock)
    );
    metisvm_card$clears full_reg(
        .d(full_reg$d),
        .q(full_reg$q),
        .clock(full_reg$clock)
    );

    // Update code
    always @(*) begin
        head$clock = clock;
        tail$clock = clock;
        answers$clock = clock;
        held$clock = clock;
        full_reg$clock = clock;
        head$d = head$q;
        tail$d = tail$q;
        answers$d = answers$q;
        held$d = held$q;
        full_reg$d = full_reg$q;
        slice$clock = clock;
        entries$read_clock = clock;
        entries$write_clock = clock;
        entries$write_address = tail$q[(32'h0)+:(5)];
        entries$write_data = data;
        entries$write_enable = push;
        if (push) begin
            tail$d = tail$q + 32'h1;
        end
        pops = pop && slice$out_valid;
        has_two = ~slice$in_ready || (answers$q && slice$out_valid);
        entries$read_address = head$q[(32'h0)+:(5)];
        reads = (head$q != tail$q) && (~has_two || pops);
        answers$d = reads;
        if (reads) begin
            head$d = head$q + 32'h1;
        end
        slice$clear = clear;
        slice$in_data = entries$read_data;
        slice$in_valid = answers$q;
        slice$out_ready = pop;
        first = slice$out_data;
        valid = slice$out_valid;
        if (push && ~pops) begin
            held$d = held$q + 32'h1;
        end
        if (pops && ~push) begin
            held$d = held$q - 32'h1;
        end
        fill = held$q;
        full_reg$d = held$q >= nearly;
        full = full_reg$q;
        if (clear) begin
            head$d = 32'h0;
            tail$d = 32'h0;
            answers$d = 1'b0;
            held$d = 32'h0;
            full_reg$d = 1'b0;
        end
    end

endmodule // metisvm_card$reader$order

module metisvm_card$reader$order$entries(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);

    // Module arguments
    input wire  [4:0] read_address;
    input wire  read_clock;
    output reg  [18:0] read_data;
    input wire  [4:0] write_address;
    input wire  write_clock;
    input wire  [18:0] write_data;
    input wire  write_enable;

    // Update code (custom)
    reg[18:0] mem[31:0];



    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end

    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end

endmodule // metisvm_card$reader$order$entries

module metisvm_card$reader$order$slice(clock,clear,in_data,in_valid,in_ready,out_data,out_valid,out_ready);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [18:0] in_data;
    input wire  in_valid;
    output reg  in_ready;
    output reg  [18:0] out_data;
    output reg  out_valid;
    input wire  out_ready;

    // Stub signals
    reg  [18:0] first$d;
    wire  [18:0] first$q;
    reg  first$clock;
    reg  [18:0] second$d;
    wire  [18:0] second$q;
    reg  second$clock;
    reg  has_first$d;
    wire  has_first$q;
    reg  has_first$clock;
    reg  has_second$d;
    wire  has_second$q;
    reg  has_second$clock;

    // Local signals
    reg  moves;

    // Sub module instances
    metisvm_card$keccak$words_left first(
        .d(first$d),
        .q(first$q),
        .clock(first$clock)
    );
    metisvm_card$keccak$words_left second(
        .d(second$d),
        .q(second$q),
        .clock(second$clock)
    );
    metisvm_card$clears has_first(
        .d(has_first$d),
        .q(has_first$q),
        .clock(has_first$clock)
    );
    metisvm_card$clears has_second(
        .d(has_second$d),
        .q(has_second$q),
        .clock(has_second$clock)
    );

    // Update code
    always @(*) begin
        first$clock = clock;
        second$clock = clock;
        has_first$clock = clock;
        has_second$clock = clock;
        first$d = first$q;
        second$d = second$q;
        has_first$d = has_first$q;
        has_second$d = has_second$q;
        in_ready = ~has_second$q;
        out_data = first$q;
        out_valid = has_first$q;
        moves = ~has_first$q || out_ready;
        if (moves) begin
            first$d = in_data;
            has_first$d = in_valid;
            if (has_second$q) begin
                first$d = second$q;
                has_first$d = 1'b1;
            end
            has_second$d = 1'b0;
        end
        else begin
            if (in_valid) begin
                has_second$d = 1'b1;
            end
        end
        if (~has_second$q) begin
            second$d = in_data;
        end
        if (clear) begin
            has_first$d = 1'b0;
            has_second$d = 1'b0;
        end
    end

endmodule // metisvm_card$reader$order$slice

module metisvm_card$reader$rq_bytes_reg(d,q,clock);

    // Module arguments
    input wire  [12:0] d;
    output reg  [12:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 13'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule // metisvm_card$reader$rq_bytes_reg

module metisvm_card$registers(clock,s_awaddr,s_awvalid,s_awready,s_wdata,s_wstrb,s_wvalid,s_wready,s_bresp,s_bvalid,s_bready,s_araddr,s_arvalid,s_arready,s_rdata,s_rresp,s_rvalid,s_rready,queues,status,clear,reset,boot_nonce,constant_address,constant_data,counter_address,counter_data,cfg_use,cfg_address,cfg_data,sel,sel_pending,sel_enabled,sel_fresh,sel_running,sel_armed,take,again,set_state,new_state,disarm,active);

    // Module arguments
    input wire  clock;
    input wire  [15:0] s_awaddr;
    input wire  s_awvalid;
    output reg  s_awready;
    input wire  [31:0] s_wdata;
    input wire  [3:0] s_wstrb;
    input wire  s_wvalid;
    output reg  s_wready;
    output reg  [1:0] s_bresp;
    output reg  s_bvalid;
    input wire  s_bready;
    input wire  [15:0] s_araddr;
    input wire  s_arvalid;
    output reg  s_arready;
    output reg  [31:0] s_rdata;
    output reg  [1:0] s_rresp;
    output reg  s_rvalid;
    input wire  s_rready;
    input wire  [6:0] queues;
    input wire  [1:0] status;
    input wire  clear;
    output reg  reset;
    output reg  [31:0] boot_nonce;
    output reg  [5:0] constant_address;
    input wire  [31:0] constant_data;
    output reg  [5:0] counter_address;
    input wire  [31:0] counter_data;
    input wire  cfg_use;
    input wire  [9:0] cfg_address;
    output reg  [31:0] cfg_data;
    input wire  [5:0] sel;
    output reg  sel_pending;
    output reg  sel_enabled;
    output reg  sel_fresh;
    output reg  sel_running;
    output reg  sel_armed;
    input wire  take;
    input wire  again;
    input wire  set_state;
    input wire  [1:0] new_state;
    input wire  disarm;
    output reg  active;

    // Stub signals
    reg  [9:0] memory$read_address;
    reg  memory$read_clock;
    wire  [31:0] memory$read_data;
    reg  [9:0] memory$write_address;
    reg  memory$write_clock;
    reg  [31:0] memory$write_data;
    reg  memory$write_enable;
    reg  [63:0] enable$d;
    wire  [63:0] enable$q;
    reg  enable$clock;
    reg  [63:0] fresh$d;
    wire  [63:0] fresh$q;
    reg  fresh$clock;
    reg  [63:0] pending$d;
    wire  [63:0] pending$q;
    reg  pending$clock;
    reg  [63:0] armed$d;
    wire  [63:0] armed$q;
    reg  armed$clock;
    reg  [63:0] state_low$d;
    wire  [63:0] state_low$q;
    reg  state_low$clock;
    reg  [63:0] state_high$d;
    wire  [63:0] state_high$q;
    reg  state_high$clock;
    reg  [31:0] nonce$d;
    wire  [31:0] nonce$q;
    reg  nonce$clock;
    reg  [2:0] write_state$d;
    wire  [2:0] write_state$q;
    reg  write_state$clock;
    reg  [15:0] write_address$d;
    wire  [15:0] write_address$q;
    reg  write_address$clock;
    reg  [31:0] write_data$d;
    wire  [31:0] write_data$q;
    reg  write_data$clock;
    reg  write_whole$d;
    wire  write_whole$q;
    reg  write_whole$clock;
    reg  [2:0] read_state$d;
    wire  [2:0] read_state$q;
    reg  read_state$clock;
    reg  sel_pending_reg$d;
    wire  sel_pending_reg$q;
    reg  sel_pending_reg$clock;
    reg  sel_enabled_reg$d;
    wire  sel_enabled_reg$q;
    reg  sel_enabled_reg$clock;
    reg  sel_fresh_reg$d;
    wire  sel_fresh_reg$q;
    reg  sel_fresh_reg$clock;
    reg  sel_running_reg$d;
    wire  sel_running_reg$q;
    reg  sel_running_reg$clock;
    reg  sel_armed_reg$d;
    wire  sel_armed_reg$q;
    reg  sel_armed_reg$clock;
    reg  [63:0] sel_mask$d;
    wire  [63:0] sel_mask$q;
    reg  sel_mask$clock;
    reg  [63:0] write_mask$d;
    wire  [63:0] write_mask$q;
    reg  write_mask$clock;
    reg  write_enabled$d;
    wire  write_enabled$q;
    reg  write_enabled$clock;
    reg  write_is_queue$d;
    wire  write_is_queue$q;
    reg  write_is_queue$clock;
    reg  any_pending$d;
    wire  any_pending$q;
    reg  any_pending$clock;
    reg  sets_state$d;
    wire  sets_state$q;
    reg  sets_state$clock;
    reg  [1:0] state_set$d;
    wire  [1:0] state_set$q;
    reg  state_set$clock;
    reg  [31:0] read_memory$d;
    wire  [31:0] read_memory$q;
    reg  read_memory$clock;
    reg  [1:0] read_bits$d;
    wire  [1:0] read_bits$q;
    reg  read_bits$clock;
    reg  read_enabled$d;
    wire  read_enabled$q;
    reg  read_enabled$clock;
    reg  read_armed$d;
    wire  read_armed$q;
    reg  read_armed$clock;
    reg  [15:0] read_address$d;
    wire  [15:0] read_address$q;
    reg  read_address$clock;
    reg  [31:0] read_data$d;
    wire  [31:0] read_data$q;
    reg  read_data$clock;

    // Local signals
    reg  [63:0] one;
    reg  [63:0] write_keep;
    reg  [63:0] sel_keep;
    reg  [5:0] write_queue;
    reg  [3:0] write_word;
    reg  [5:0] read_queue;
    reg  [3:0] read_word;
    reg  read_is_queue;
    reg  read_low;
    reg  read_is_counter;
    reg  [31:0] bit_value;
    reg  [6:0] wide_queue;
    reg  [9:0] memory_address;
    reg  [9:0] memory_word;
    reg  [63:0] pending_n;
    reg  [63:0] fresh_n;
    reg  [63:0] armed_n;
    reg  [63:0] low_n;
    reg  [63:0] high_n;
    reg  mem_write;
    reg  [31:0] mem_data;

    // Sub module instances
    metisvm_card$registers$memory memory(
        .read_address(memory$read_address),
        .read_clock(memory$read_clock),
        .read_data(memory$read_data),
        .write_address(memory$write_address),
        .write_clock(memory$write_clock),
        .write_data(memory$write_data),
        .write_enable(memory$write_enable)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 enable(
        .d(enable$d),
        .q(enable$q),
        .clock(enable$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 fresh(
        .d(fresh$d),
        .q(fresh$q),
        .clock(fresh$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 pending(
        .d(pending$d),
        .q(pending$q),
        .clock(pending$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 armed(
        .d(armed$d),
        .q(armed$q),
        .clock(armed$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state_low(
        .d(state_low$d),
        .q(state_low$q),
        .clock(state_low$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 state_high(
        .d(state_high$d),
        .q(state_high$q),
        .clock(state_high$clock)
    );
    metisvm_card$counters$data_reg nonce(
        .d(nonce$d),
        .q(nonce$q),
        .clock(nonce$clock)
    );
    metisvm_card$executor$state write_state(
        .d(write_state$d),
        .q(write_state$q),
        .clock(write_state$clock)
    );
    metisvm_card$queue$completed write_address(
        .d(write_address$d),
        .q(write_address$q),
        .clock(write_address$clock)
    );
    metisvm_card$counters$data_reg write_data(
        .d(write_data$d),
        .q(write_data$q),
        .clock(write_data$clock)
    );
    metisvm_card$clears write_whole(
        .d(write_whole$d),
        .q(write_whole$q),
        .clock(write_whole$clock)
    );
    metisvm_card$executor$state read_state(
        .d(read_state$d),
        .q(read_state$q),
        .clock(read_state$clock)
    );
    metisvm_card$clears sel_pending_reg(
        .d(sel_pending_reg$d),
        .q(sel_pending_reg$q),
        .clock(sel_pending_reg$clock)
    );
    metisvm_card$clears sel_enabled_reg(
        .d(sel_enabled_reg$d),
        .q(sel_enabled_reg$q),
        .clock(sel_enabled_reg$clock)
    );
    metisvm_card$clears sel_fresh_reg(
        .d(sel_fresh_reg$d),
        .q(sel_fresh_reg$q),
        .clock(sel_fresh_reg$clock)
    );
    metisvm_card$clears sel_running_reg(
        .d(sel_running_reg$d),
        .q(sel_running_reg$q),
        .clock(sel_running_reg$clock)
    );
    metisvm_card$clears sel_armed_reg(
        .d(sel_armed_reg$d),
        .q(sel_armed_reg$q),
        .clock(sel_armed_reg$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 sel_mask(
        .d(sel_mask$d),
        .q(sel_mask$q),
        .clock(sel_mask$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 write_mask(
        .d(write_mask$d),
        .q(write_mask$q),
        .clock(write_mask$clock)
    );
    metisvm_card$clears write_enabled(
        .d(write_enabled$d),
        .q(write_enabled$q),
        .clock(write_enabled$clock)
    );
    metisvm_card$clears write_is_queue(
        .d(write_is_queue$d),
        .q(write_is_queue$q),
        .clock(write_is_queue$clock)
    );
    metisvm_card$clears any_pending(
        .d(any_pending$d),
        .q(any_pending$q),
        .clock(any_pending$clock)
    );
    metisvm_card$clears sets_state(
        .d(sets_state$d),
        .q(sets_state$q),
        .clock(sets_state$clock)
    );
    metisvm_card$cores$lanes$0$words$kind state_set(
        .d(state_set$d),
        .q(state_set$q),
        .clock(state_set$clock)
    );
    metisvm_card$counters$data_reg read_memory(
        .d(read_memory$d),
        .q(read_memory$q),
        .clock(read_memory$clock)
    );
    metisvm_card$cores$lanes$0$words$kind read_bits(
        .d(read_bits$d),
        .q(read_bits$q),
        .clock(read_bits$clock)
    );
    metisvm_card$clears read_enabled(
        .d(read_enabled$d),
        .q(read_enabled$q),
        .clock(read_enabled$clock)
    );
    metisvm_card$clears read_armed(
        .d(read_armed$d),
        .q(read_armed$q),
        .clock(read_armed$clock)
    );
    metisvm_card$queue$completed read_address(
        .d(read_address$d),
        .q(read_address$q),
        .clock(read_address$clock)
    );
    metisvm_card$counters$data_reg read_data(
        .d(read_data$d),
        .q(read_data$q),
        .clock(read_data$clock)
    );

    // Update code
    always @(*) begin
        enable$clock = clock;
        fresh$clock = clock;
        pending$clock = clock;
        armed$clock = clock;
        state_low$clock = clock;
        state_high$clock = clock;
        nonce$clock = clock;
        write_state$clock = clock;
        write_address$clock = clock;
        write_data$clock = clock;
        write_whole$clock = clock;
        read_state$clock = clock;
        sel_pending_reg$clock = clock;
        sel_enabled_reg$clock = clock;
        sel_fresh_reg$clock = clock;
        sel_running_reg$clock = clock;
        sel_armed_reg$clock = clock;
        sel_mask$clock = clock;
        write_mask$clock = clock;
        write_enabled$clock = clock;
        write_is_queue$clock = clock;
        any_pending$clock = clock;
        sets_state$clock = clock;
        state_set$clock = clock;
        read_memory$clock = clock;
        read_bits$clock = clock;
        read_enabled$clock = clock;
        read_armed$clock = clock;
        read_address$clock = clock;
        read_data$clock = clock;
        enable$d = enable$q;
        fresh$d = fresh$q;
        pending$d = pending$q;
        armed$d = armed$q;
        state_low$d = state_low$q;
        state_high$d = state_high$q;
        nonce$d = nonce$q;
        write_state$d = write_state$q;
        write_address$d = write_address$q;
        write_data$d = write_data$q;
        write_whole$d = write_whole$q;
        read_state$d = read_state$q;
        sel_pending_reg$d = sel_pending_reg$q;
        sel_enabled_reg$d = sel_enabled_reg$q;
        sel_fresh_reg$d = sel_fresh_reg$q;
        sel_running_reg$d = sel_running_reg$q;
        sel_armed_reg$d = sel_armed_reg$q;
        sel_mask$d = sel_mask$q;
        write_mask$d = write_mask$q;
        write_enabled$d = write_enabled$q;
        write_is_queue$d = write_is_queue$q;
        any_pending$d = any_pending$q;
        sets_state$d = sets_state$q;
        state_set$d = state_set$q;
        read_memory$d = read_memory$q;
        read_bits$d = read_bits$q;
        read_enabled$d = read_enabled$q;
        read_armed$d = read_armed$q;
        read_address$d = read_address$q;
        read_data$d = read_data$q;
        memory$read_clock = clock;
        memory$write_clock = clock;
        pending_n = pending$q;
        fresh_n = fresh$q;
        armed_n = armed$q;
        low_n = state_low$q;
        high_n = state_high$q;
        s_bresp = 32'h0;
        s_rresp = 32'h0;
        reset = 1'b0;
        one = 32'h1;
        sel_mask$d = one << sel;
        sel_keep = ~sel_mask$q;
        sel_pending = sel_pending_reg$q;
        sel_pending_reg$d = pending$q[sel];
        sel_enabled = sel_enabled_reg$q;
        sel_enabled_reg$d = enable$q[sel];
        sel_fresh = sel_fresh_reg$q;
        sel_fresh_reg$d = fresh$q[sel];
        sel_armed = sel_armed_reg$q;
        sel_armed_reg$d = armed$q[sel];
        sel_running = sel_running_reg$q;
        sel_running_reg$d = state_low$q[sel] && ~state_high$q[sel];
        if (take) begin
            pending_n = pending_n & sel_keep;
        end
        if (again) begin
            pending_n = pending_n | sel_mask$q;
        end
        if (disarm) begin
            armed_n = armed_n & sel_keep;
        end
        sets_state$d = set_state;
        state_set$d = new_state;
        if (sets_state$q) begin
            fresh_n = fresh_n & sel_keep;
            low_n = low_n & sel_keep;
            high_n = high_n & sel_keep;
            if (state_set$q[32'h0]) begin
                low_n = low_n | sel_mask$q;
            end
            if (state_set$q[32'h1]) begin
                high_n = high_n | sel_mask$q;
            end
        end
        write_queue = write_address$q[(32'h6)+:(6)];
        write_word = write_address$q[(32'h2)+:(4)];
        wide_queue = ((write_queue) & 7'h7f);
        write_is_queue$d = (write_address$q[(32'hc)+:(4)] == 32'h1) && (write_address$q[(32'h0)+:(2)] == 32'h0) && (wide_queue < queues) && write_whole$q;
        write_mask$d = one << write_queue;
        write_keep = ~write_mask$q;
        write_enabled$d = enable$q[write_queue];
        s_awready = 1'b0;
        s_wready = 1'b0;
        s_bvalid = 1'b0;
        memory_address = ((write_queue) & 10'h3ff);
        memory_address = memory_address << 32'h4;
        memory_word = ((write_word) & 10'h3ff);
        mem_write = 1'b0;
        mem_data = write_data$q;
        if (write_state$q == 32'h0) begin
            if (s_awvalid && s_wvalid) begin
                s_awready = 1'b1;
                s_wready = 1'b1;
                write_address$d = s_awaddr;
                write_data$d = s_wdata;
                write_whole$d = &s_wstrb;
                write_state$d = 32'h5;
            end
        end
        if (write_state$q == 32'h5) begin
            write_state$d = 32'h1;
        end
        if (write_state$q == 32'h1) begin
            write_state$d = 32'h4;
            if (write_is_queue$q) begin
                if (write_word <= ((32'h4) & 4'hf)) begin
                    mem_write = ~write_enabled$q;
                end
                if ((write_word == 32'h6) || (write_word == 32'h7)) begin
                    mem_write = 1'b1;
                    pending_n = pending_n | write_mask$q;
                end
                if (write_word == 32'h9) begin
                    armed_n = armed_n & write_keep;
                    if (write_data$q[32'h0]) begin
                        armed_n = armed_n | write_mask$q;
                        pending_n = pending_n | write_mask$q;
                    end
                end
                if (write_word == 32'h5) begin
                    if (write_data$q[32'h0]) begin
                        if (~write_enabled$q) begin
                            write_state$d = 32'h2;
                        end
                    end
                    else begin
                        enable$d = enable$q & write_keep;
                        fresh_n = fresh_n & write_keep;
                    end
                end
            end
            if (write_whole$q) begin
                if ((write_address$q == 32'h1c) && write_data$q[32'h0]) begin
                    reset = 1'b1;
                end
                if ((write_address$q == 32'h14) && (nonce$q == 32'h0)) begin
                    if (~&write_data$q) begin
                        nonce$d = write_data$q;
                    end
                end
            end
        end
        if (write_state$q == 32'h2) begin
            memory_word = 32'h6;
            mem_write = 1'b1;
            mem_data = 32'h0;
            write_state$d = 32'h3;
        end
        if (write_state$q == 32'h3) begin
            memory_word = 32'h7;
            mem_write = 1'b1;
            mem_data = 32'h0;
            write_state$d = 32'h6;
            enable$d = enable$q | write_mask$q;
            fresh_n = fresh_n | write_mask$q;
            pending_n = pending_n | write_mask$q;
            armed_n = armed_n & write_keep;
            low_n = low_n & write_keep;
            high_n = high_n & write_keep;
        end
        if (write_state$q == 32'h6) begin
            pending_n = pending_n | write_mask$q;
            write_state$d = 32'h4;
        end
        if (write_state$q == 32'h4) begin
            s_bvalid = 1'b1;
            if (s_bready) begin
                write_state$d = 32'h0;
            end
        end
        memory$write_address = memory_address | memory_word;
        memory$write_data = mem_data;
        memory$write_enable = mem_write;
        s_arready = 1'b0;
        s_rvalid = 1'b0;
        s_rdata = read_data$q;
        read_queue = read_address$q[(32'h6)+:(6)];
        read_word = read_address$q[(32'h2)+:(4)];
        wide_queue = ((read_queue) & 7'h7f);
        read_is_queue = (read_address$q[(32'hc)+:(4)] == 32'h1) && (read_address$q[(32'h0)+:(2)] == 32'h0) && (wide_queue < queues);
        read_low = (read_address$q[(32'h8)+:(8)] == 32'h0) && (read_address$q[(32'h0)+:(2)] == 32'h0);
        read_is_counter = (read_address$q[(32'h6)+:(10)] == 32'h3) || (read_address$q[(32'h6)+:(10)] == 32'h4) || (read_address$q[(32'h6)+:(10)] == 32'h5);
        constant_address = read_address$q[(32'h2)+:(6)];
        counter_address = read_address$q[(32'h2)+:(6)] - ((32'h30) & 6'h3f);
        cfg_data = memory$read_data;
        memory$read_address = read_address$q[(32'h2)+:(10)];
        if (cfg_use) begin
            memory$read_address = cfg_address;
        end
        bit_value = 32'h0;
        if (read_state$q == 32'h0) begin
            if (s_arvalid) begin
                s_arready = 1'b1;
                read_address$d = s_araddr;
                read_state$d = 32'h1;
            end
        end
        if (read_state$q == 32'h1) begin
            if (~cfg_use) begin
                read_state$d = 32'h2;
            end
        end
        read_memory$d = read_memory$q;
        read_enabled$d = enable$q[read_queue];
        read_armed$d = armed$q[read_queue];
        read_bits$d = 32'h0;
        if (state_low$q[read_queue]) begin
            read_bits$d = 32'h1;
        end
        if (state_high$q[read_queue]) begin
            read_bits$d = 32'h2;
            if (state_low$q[read_queue]) begin
                read_bits$d = 32'h3;
            end
        end
        if (read_state$q == 32'h2) begin
            read_state$d = 32'h3;
            read_memory$d = memory$read_data;
        end
        if (read_state$q == 32'h3) begin
            read_state$d = 32'h4;
            read_data$d = 32'h0;
            if (read_is_queue) begin
                if ((read_word == 32'h8) && read_enabled$q) begin
                    bit_value = ((read_bits$q) & 32'hffffffff);
                end
                if ((read_word == 32'h5) && read_enabled$q) begin
                    bit_value = 32'h1;
                end
                if ((read_word == 32'h9) && read_armed$q) begin
                    bit_value = 32'h1;
                end
                read_data$d = bit_value;
                if (read_word <= ((32'h4) & 4'hf)) begin
                    read_data$d = read_memory$q;
                end
            end
            if (read_low) begin
                read_data$d = constant_data;
                if (read_address$q == 32'h14) begin
                    read_data$d = nonce$q;
                end
                if (read_address$q == 32'h18) begin
                    read_data$d = ((status) & 32'hffffffff);
                end
            end
            if (read_is_counter && (read_address$q[(32'h0)+:(2)] == 32'h0)) begin
                read_data$d = counter_data;
            end
        end
        if (read_state$q == 32'h4) begin
            s_rvalid = 1'b1;
            if (s_rready) begin
                read_state$d = 32'h0;
            end
        end
        any_pending$d = |pending$q;
        boot_nonce = nonce$q;
        active = any_pending$q || (write_state$q != 32'h0) || (read_state$q != 32'h0);
        pending$d = pending_n;
        fresh$d = fresh_n;
        armed$d = armed_n;
        state_low$d = low_n;
        state_high$d = high_n;
        if (clear) begin
            enable$d = 32'h0;
            fresh$d = 32'h0;
            pending$d = 32'h0;
            armed$d = 32'h0;
            state_low$d = 32'h0;
            state_high$d = 32'h0;
            nonce$d = 32'h0;
        end
    end

endmodule // metisvm_card$registers

module metisvm_card$registers$memory(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);

    // Module arguments
    input wire  [9:0] read_address;
    input wire  read_clock;
    output reg  [31:0] read_data;
    input wire  [9:0] write_address;
    input wire  write_clock;
    input wire  [31:0] write_data;
    input wire  write_enable;

    // Update code (custom)
    reg[31:0] mem[1023:0];



    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end

    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end

endmodule // metisvm_card$registers$memory

module metisvm_card$writer(clock,start,start_address,push,data,flush,ready,idle,wq_address,wq_bytes,wq_valid,wq_ready,wd_data,wd_last,wd_valid,wd_ready);

    // Module arguments
    input wire  clock;
    input wire  start;
    input wire  [63:0] start_address;
    input wire  push;
    input wire  [63:0] data;
    input wire  flush;
    output reg  ready;
    output reg  idle;
    output reg  [63:0] wq_address;
    output reg  [12:0] wq_bytes;
    output reg  wq_valid;
    input wire  wq_ready;
    output reg  [127:0] wd_data;
    output reg  wd_last;
    output reg  wd_valid;
    input wire  wd_ready;

    // Constant declarations
    localparam  last_lane = 3'b1;

    // Stub signals
    reg  [6:0] beats$read_address;
    reg  beats$read_clock;
    wire  [127:0] beats$read_data;
    reg  [6:0] beats$write_address;
    reg  beats$write_clock;
    reg  [127:0] beats$write_data;
    reg  beats$write_enable;
    reg  [127:0] partial$d;
    wire  [127:0] partial$q;
    reg  partial$clock;
    reg  [2:0] lane$d;
    wire  [2:0] lane$q;
    reg  lane$clock;
    reg  [6:0] write_at$d;
    wire  [6:0] write_at$q;
    reg  write_at$clock;
    reg  [6:0] read_at$d;
    wire  [6:0] read_at$q;
    reg  read_at$clock;
    reg  [6:0] held$d;
    wire  [6:0] held$q;
    reg  held$clock;
    reg  [63:0] address$d;
    wire  [63:0] address$q;
    reg  address$clock;
    reg  [6:0] sending$d;
    wire  [6:0] sending$q;
    reg  sending$clock;
    reg  request$d;
    wire  request$q;
    reg  request$clock;
    reg  [63:0] request_address$d;
    wire  [63:0] request_address$q;
    reg  request_address$clock;
    reg  [6:0] request_words$d;
    wire  [6:0] request_words$q;
    reg  request_words$clock;
    reg  [6:0] beats_held$d;
    wire  [6:0] beats_held$q;
    reg  beats_held$clock;
    reg  [9:0] boundary$d;
    wire  [9:0] boundary$q;
    reg  boundary$clock;
    reg  full$d;
    wire  full$q;
    reg  full$clock;

    // Local signals
    reg  active;
    reg  issue;
    reg  [9:0] start_place;
    reg  [11:0] held_bytes;
    reg  [63:0] held_wide;
    reg  accept;
    reg  [12:0] words_wide;
    reg  [6:0] read_at_n;
    reg  [6:0] beats_n;
    reg  [127:0] word;
    reg  [8:0] shift;
    reg  [127:0] beat;
    reg  is_full_beat;

    // Sub module instances
    metisvm_card$writer$beats beats(
        .read_address(beats$read_address),
        .read_clock(beats$read_clock),
        .read_data(beats$read_data),
        .write_address(beats$write_address),
        .write_clock(beats$write_clock),
        .write_data(beats$write_data),
        .write_enable(beats$write_enable)
    );
    metisvm_card$cores$lanes$0$words$data partial(
        .d(partial$d),
        .q(partial$q),
        .clock(partial$clock)
    );
    metisvm_card$executor$state lane(
        .d(lane$d),
        .q(lane$q),
        .clock(lane$clock)
    );
    metisvm_card$executor$handles$at write_at(
        .d(write_at$d),
        .q(write_at$q),
        .clock(write_at$clock)
    );
    metisvm_card$executor$handles$at read_at(
        .d(read_at$d),
        .q(read_at$q),
        .clock(read_at$clock)
    );
    metisvm_card$executor$handles$at held(
        .d(held$d),
        .q(held$q),
        .clock(held$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 address(
        .d(address$d),
        .q(address$q),
        .clock(address$clock)
    );
    metisvm_card$executor$handles$at sending(
        .d(sending$d),
        .q(sending$q),
        .clock(sending$clock)
    );
    metisvm_card$clears request(
        .d(request$d),
        .q(request$q),
        .clock(request$clock)
    );
    metisvm_card$cores$lanes$0$core$absorbed$0 request_address(
        .d(request_address$d),
        .q(request_address$q),
        .clock(request_address$clock)
    );
    metisvm_card$executor$handles$at request_words(
        .d(request_words$d),
        .q(request_words$q),
        .clock(request_words$clock)
    );
    metisvm_card$executor$handles$at beats_held(
        .d(beats_held$d),
        .q(beats_held$q),
        .clock(beats_held$clock)
    );
    metisvm_card$cores$best_load boundary(
        .d(boundary$d),
        .q(boundary$q),
        .clock(boundary$clock)
    );
    metisvm_card$clears full(
        .d(full$d),
        .q(full$q),
        .clock(full$clock)
    );

    // Update code
    always @(*) begin
        partial$clock = clock;
        lane$clock = clock;
        write_at$clock = clock;
        read_at$clock = clock;
        held$clock = clock;
        address$clock = clock;
        sending$clock = clock;
        request$clock = clock;
        request_address$clock = clock;
        request_words$clock = clock;
        beats_held$clock = clock;
        boundary$clock = clock;
        full$clock = clock;
        partial$d = partial$q;
        lane$d = lane$q;
        write_at$d = write_at$q;
        read_at$d = read_at$q;
        held$d = held$q;
        address$d = address$q;
        sending$d = sending$q;
        request$d = request$q;
        request_address$d = request_address$q;
        request_words$d = request_words$q;
        beats_held$d = beats_held$q;
        boundary$d = boundary$q;
        full$d = full$q;
        read_at_n = read_at$q;
        beats_n = beats_held$q;
        beats$read_clock = clock;
        beats$write_clock = clock;
        active = request$q || (sending$q != 32'h0);
        held_bytes = ((held$q) & 12'hfff);
        held_bytes = held_bytes << 32'h3;
        held_wide = ((held_bytes) & 64'hffffffffffffffff);
        issue = ~active && (full$q || (flush && (held$q != 32'h0)));
        accept = push && ~full$q;
        ready = ~full$q;
        idle = ~active && (held$q == 32'h0);
        shift = ((lane$q) & 9'h1ff);
        shift = shift << 32'h6;
        word = ((data) & 128'hffffffffffffffffffffffffffffffff);
        word = word << shift;
        beat = partial$q | word;
        is_full_beat = lane$q == last_lane;
        beats$write_address = write_at$q;
        beats$write_data = beat;
        beats$write_enable = accept;
        if (accept) begin
            held$d = held$q + 32'h1;
            boundary$d = boundary$q - 32'h1;
            full$d = (held$q == 32'h3f) || (boundary$q == 32'h1);
            partial$d = beat;
            lane$d = lane$q + 32'h1;
            if (lane$q == 32'h0) begin
                beats_n = beats_held$q + 32'h1;
            end
            if (is_full_beat) begin
                partial$d = 32'h0;
                lane$d = 32'h0;
                write_at$d = write_at$q + 32'h1;
            end
        end
        start_place = ((start_address[(32'h3)+:(9)]) & 10'h3ff);
        if (start) begin
            address$d = start_address;
            boundary$d = ((32'h200) & 10'h3ff) - start_place;
        end
        wq_valid = request$q;
        wq_address = request_address$q;
        words_wide = ((request_words$q) & 13'h1fff);
        wq_bytes = words_wide << 32'h3;
        if (request$q && wq_ready) begin
            request$d = 1'b0;
        end
        wd_valid = (sending$q != 32'h0) && ~request$q;
        wd_data = beats$read_data;
        wd_last = sending$q == 32'h1;
        if ((sending$q != 32'h0) && ~request$q && wd_ready) begin
            sending$d = sending$q - 32'h1;
            read_at_n = read_at$q + 32'h1;
        end
        if (issue) begin
            request$d = 1'b1;
            request_address$d = address$q;
            request_words$d = held$q;
            sending$d = beats_held$q;
            beats_n = 32'h0;
            address$d = address$q + held_wide;
            held$d = 32'h0;
            full$d = 1'b0;
            if (boundary$q == 32'h0) begin
                boundary$d = 32'h200;
            end
            if (lane$q != 32'h0) begin
                partial$d = 32'h0;
                lane$d = 32'h0;
                write_at$d = write_at$q + 32'h1;
            end
        end
        beats_held$d = beats_n;
        beats$read_address = read_at_n;
        read_at$d = read_at_n;
    end

endmodule // metisvm_card$writer

module metisvm_card$writer$beats(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);

    // Module arguments
    input wire  [6:0] read_address;
    input wire  read_clock;
    output reg  [127:0] read_data;
    input wire  [6:0] write_address;
    input wire  write_clock;
    input wire  [127:0] write_data;
    input wire  write_enable;

    // Update code (custom)
    reg[127:0] mem[127:0];



    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end

    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end

endmodule // metisvm_card$writer$beats

