

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
    output reg  [3:0] rq_tag;
    output reg  rq_valid;
    input wire  rq_ready;
    input wire  [63:0] rc_data;
    input wire  [3:0] rc_tag;
    input wire  rc_last;
    input wire  rc_error;
    input wire  rc_valid;
    output reg  rc_ready;
    output reg  [63:0] wq_address;
    output reg  [12:0] wq_bytes;
    output reg  wq_valid;
    input wire  wq_ready;
    output reg  [63:0] wd_data;
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
    localparam  queues = 7'b100;
    localparam  max_log2 = 32'ha;
    localparam  max_handles = 32'h40;
    localparam  card_bytes = 64'h1000000;
    localparam  timeout = 32'h4e20;
    localparam  short_timeout = 32'h271;
    
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
    wire  [3:0] registers$counter_address;
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
    wire  [3:0] reader$rq_tag;
    wire  reader$rq_valid;
    reg  reader$rq_ready;
    reg  [63:0] reader$rc_data;
    reg  [3:0] reader$rc_tag;
    reg  reader$rc_last;
    reg  reader$rc_error;
    reg  reader$rc_valid;
    wire  reader$rc_ready;
    wire  [63:0] reader$out_data;
    wire  [3:0] reader$out_bytes;
    wire  [1:0] reader$out_kind;
    wire  reader$out_end;
    wire  reader$out_error;
    wire  reader$out_valid;
    reg  reader$out_ready;
    wire  reader$empty;
    wire  reader$quiet;
    wire  reader$dead;
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
    wire  [63:0] writer$wd_data;
    wire  writer$wd_last;
    wire  writer$wd_valid;
    reg  writer$wd_ready;
    reg  [5:0] constants$address;
    reg  constants$clock;
    wire  [31:0] constants$data;
    reg  resetting$d;
    wire  resetting$q;
    reg  resetting$clock;
    reg  [31:0] drain$d;
    wire  [31:0] drain$q;
    reg  drain$clock;
    
    // Local signals
    reg  clear;
    reg  drained;
    reg  is_entry;
    reg  is_resident;
    
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
        .keccak_detail(executor$keccak_detail)
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
        .dead(reader$dead)
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
    metisvm_card$constants constants(
        .address(constants$address),
        .clock(constants$clock),
        .data(constants$data)
    );
    metisvm_card$resetting resetting(
        .d(resetting$d),
        .q(resetting$q),
        .clock(resetting$clock)
    );
    metisvm_card$drain drain(
        .d(drain$d),
        .q(drain$q),
        .clock(drain$clock)
    );
    
    // Update code
    always @(*) begin
        resetting$clock = clock;
        drain$clock = clock;
        resetting$d = resetting$q;
        drain$d = drain$q;
        registers$clock = clock;
        queue$clock = clock;
        executor$clock = clock;
        fetcher$clock = clock;
        reader$clock = clock;
        writer$clock = clock;
        constants$clock = clock;
        drained = reader$empty && fetcher$idle;
        clear = 1'b0;
        if (resetting$q) begin
            if (queue$idle && writer$idle && drained) begin
                drain$d = drain$q + 32'h1;
                if (reader$quiet || (drain$q >= timeout)) begin
                    clear = 1'b1;
                    resetting$d = 1'b0;
                end
            end
        end
        else begin
            drain$d = 32'h0;
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
        registers$counter_data = 32'h0;
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
        mw_address = executor$mw_address;
        mw_data = executor$mw_data;
        mw_valid = executor$mw_valid;
        executor$mw_ready = mw_ready;
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
        is_entry = reader$out_valid && (reader$out_kind == 32'h0);
        is_resident = reader$out_valid && (reader$out_kind == 32'h1);
        queue$in_valid = is_entry;
        queue$in_data = reader$out_data;
        queue$in_end = reader$out_end;
        queue$in_error = reader$out_error;
        executor$in_valid = is_resident;
        executor$in_data = reader$out_data;
        executor$in_end = reader$out_end;
        executor$in_error = reader$out_error;
        reader$out_ready = executor$in_ready;
        if (is_entry) begin
            reader$out_ready = queue$in_ready;
        end
        writer$start = queue$write_start;
        writer$start_address = queue$write_address;
        writer$push = queue$write_push;
        writer$data = queue$write_data;
        writer$flush = queue$write_flush;
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
        busy = resetting$q || registers$active || ~queue$idle || ~writer$idle || ~drained || ~reader$quiet;
    end
    
endmodule // metisvm_card


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
    mem[6'b10] = 32'h0;
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
    mem[6'b11000] = 32'h1000000;
    mem[6'b11001] = 32'h0;
    mem[6'b11010] = 32'h40;
    mem[6'b11011] = 32'h4;
    mem[6'b11100] = 32'h400;
    mem[6'b11101] = 32'h10000;
    mem[6'b11110] = 32'h1000;
    mem[6'b11111] = 32'h0;
    mem[6'b100000] = 32'h249f0;
    mem[6'b100001] = 32'h1000000;
    mem[6'b100010] = 32'h1000000;
    mem[6'b100011] = 32'h0;
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


module metisvm_card$drain(d,q,clock);
    
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
          
endmodule // metisvm_card$drain


module metisvm_card$executor(clock,stop,clear,max_handles,card_bytes,boot_nonce,entry$0,entry$1,entry$2,entry$3,entry$4,entry$5,entry$6,entry$7,start,cancelled,found,done,status,detail,cmd_valid,cmd_ready,abort,drained,in_valid,in_ready,in_data,in_end,in_error,mw_address,mw_data,mw_valid,mw_ready,has_keccak,keccak_start,keccak_done,keccak_status,keccak_detail);
    
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
    
    // Stub signals
    reg  handles$clock;
    reg  handles$clear;
    reg  [5:0] handles$handle;
    reg  [47:0] handles$start;
    reg  [48:0] handles$upto;
    reg  handles$search;
    reg  handles$insert;
    reg  handles$remove;
    wire  handles$present;
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
    reg  [31:0] handle_less;
    reg  handle_ok;
    reg  [63:0] address;
    reg  [63:0] length;
    reg  [64:0] address_wide;
    reg  [64:0] length_wide;
    reg  [64:0] upto;
    reg  [64:0] limit;
    reg  range_ok;
    
    // Sub module instances
    metisvm_card$executor$handles handles(
        .clock(handles$clock),
        .clear(handles$clear),
        .handle(handles$handle),
        .start(handles$start),
        .upto(handles$upto),
        .search(handles$search),
        .insert(handles$insert),
        .remove(handles$remove),
        .present(handles$present),
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
    metisvm_card$executor$detail_reg detail_reg(
        .d(detail_reg$d),
        .q(detail_reg$q),
        .clock(detail_reg$clock)
    );
    metisvm_card$executor$at at(
        .d(at$d),
        .q(at$q),
        .clock(at$clock)
    );
    
    // Update code
    always @(*) begin
        state$clock = clock;
        status_reg$clock = clock;
        detail_reg$clock = clock;
        at$clock = clock;
        state$d = state$q;
        status_reg$d = status_reg$q;
        detail_reg$d = detail_reg$q;
        at$d = at$q;
        handles$clock = clock;
        opcode = entry$0[(32'h0)+:(8)];
        is_cancel = opcode == 32'h1;
        is_load = opcode == 32'h2;
        is_evict = opcode == 32'h3;
        is_run = opcode == 32'h4;
        is_keccak = opcode == 32'h5;
        stray = 32'h8;
        if (~is_load) begin
            if (|entry$7) begin
                stray = 32'h7;
            end
            if (|entry$6) begin
                stray = 32'h6;
            end
        end
        if (~is_keccak) begin
            if (|entry$5) begin
                stray = 32'h5;
            end
            if (|entry$4) begin
                stray = 32'h4;
            end
            if (~is_load && |entry$3) begin
                stray = 32'h3;
            end
            if (~is_cancel && |entry$2[(32'h20)+:(32)]) begin
                stray = 32'h2;
            end
        end
        if (~is_load && ~is_evict && |entry$2[(32'h0)+:(32)]) begin
            stray = 32'h2;
        end
        if (|entry$1[(32'h20)+:(32)]) begin
            stray = 32'h1;
        end
        if (|entry$0[(32'h9)+:(23)]) begin
            stray = 32'h0;
        end
        if (~is_load && entry$0[32'h8]) begin
            stray = 32'h0;
        end
        handle = entry$2[(32'h0)+:(32)];
        handle_less = handle - 32'h1;
        handle_ok = handle_less < max_handles;
        address = entry$6;
        length = entry$7;
        address_wide = ((address) & 65'h1ffffffffffffffff);
        length_wide = ((length) & 65'h1ffffffffffffffff);
        upto = address_wide + length_wide;
        limit = ((card_bytes) & 65'h1ffffffffffffffff);
        range_ok = (address[(32'h0)+:(6)] == 32'h0) && (upto <= limit);
        handles$clear = clear;
        handles$handle = handle_less[(32'h0)+:(6)];
        handles$start = address[(32'h0)+:(48)];
        handles$upto = upto[(32'h0)+:(49)];
        handles$search = 1'b0;
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
        status_n = status_reg$q;
        detail_n = detail_reg$q;
        if (state$q == 32'h0) begin
            if (start) begin
                state$d = 32'h5;
                status_n = 32'h0;
                detail_n = 32'h0;
                at$d = address[(32'h0)+:(48)];
                if ((boot_nonce == 32'h0) || (entry$1[(32'h0)+:(32)] != boot_nonce)) begin
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
                end
                else if (is_keccak && ~has_keccak) begin
                    status_n = 32'h1;
                end
                else if (stray != 32'h8) begin
                    status_n = 32'h2;
                    detail_n = ((stray) & 32'hffffffff);
                end
                else if (is_cancel) begin
                    status_n = 32'h11;
                end
                else if (is_evict) begin
                    if (handle_ok && handles$present) begin
                        handles$remove = 1'b1;
                    end
                    else begin
                        status_n = 32'h4;
                        detail_n = handle;
                    end
                end
                else if (is_load) begin
                    if (~handle_ok) begin
                        status_n = 32'h2;
                        detail_n = 32'h2;
                    end
                    else if (|entry$3[(32'h0)+:(3)]) begin
                        status_n = 32'h2;
                        detail_n = 32'h3;
                    end
                    else if (handles$present) begin
                        status_n = 32'h5;
                        detail_n = handle;
                    end
                    else if (~range_ok) begin
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


module metisvm_card$executor$detail_reg(d,q,clock);
    
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
          
endmodule // metisvm_card$executor$detail_reg


module metisvm_card$executor$handles(clock,clear,handle,start,upto,search,insert,remove,present,searched,meets);
    
    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [5:0] handle;
    input wire  [47:0] start;
    input wire  [48:0] upto;
    input wire  search;
    input wire  insert;
    input wire  remove;
    output reg  present;
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
    
    // Local signals
    reg  [63:0] one;
    reg  [63:0] mask;
    reg  [63:0] inverse;
    reg  [96:0] entry;
    reg  [96:0] entry_high;
    reg  [48:0] piece_start;
    reg  [48:0] piece_end;
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
    metisvm_card$executor$handles$valid valid(
        .d(valid$d),
        .q(valid$q),
        .clock(valid$clock)
    );
    metisvm_card$executor$handles$at at(
        .d(at$d),
        .q(at$q),
        .clock(at$clock)
    );
    metisvm_card$executor$handles$seen seen(
        .d(seen$d),
        .q(seen$q),
        .clock(seen$clock)
    );
    metisvm_card$executor$handles$running running(
        .d(running$d),
        .q(running$q),
        .clock(running$clock)
    );
    metisvm_card$executor$handles$hit hit(
        .d(hit$d),
        .q(hit$q),
        .clock(hit$clock)
    );
    
    // Update code
    always @(*) begin
        valid$clock = clock;
        at$clock = clock;
        seen$clock = clock;
        running$clock = clock;
        hit$clock = clock;
        valid$d = valid$q;
        at$d = at$q;
        seen$d = seen$q;
        running$d = running$q;
        hit$d = hit$q;
        pieces$read_clock = clock;
        pieces$write_clock = clock;
        one = 32'h1;
        mask = one << handle;
        inverse = ~mask;
        present = valid$q[handle];
        entry = ((start) & 97'h1ffffffffffffffffffffffff);
        entry_high = ((upto) & 97'h1ffffffffffffffffffffffff);
        entry_high = entry_high << 32'h30;
        pieces$write_address = handle;
        pieces$write_data = entry | entry_high;
        pieces$write_enable = insert;
        pieces$read_address = at$q[(32'h0)+:(6)];
        seen$d = at$q;
        piece_start = ((pieces$read_data[(32'h0)+:(48)]) & 49'h1ffffffffffff);
        piece_end = pieces$read_data[(32'h30)+:(49)];
        start_wide = ((start) & 49'h1ffffffffffff);
        if (running$q) begin
            at$d = at$q + 32'h1;
            if ((at$q != 32'h0) && valid$q[seen$q[(32'h0)+:(6)]] && (piece_start < upto) && (start_wide < piece_end)) begin
                hit$d = 1'b1;
            end
            if (at$q == 32'h40) begin
                running$d = 1'b0;
            end
        end
        if (search) begin
            at$d = 32'h0;
            running$d = 1'b1;
            hit$d = 1'b0;
        end
        searched = ~running$q;
        meets = hit$q;
        if (insert) begin
            valid$d = valid$q | mask;
        end
        if (remove) begin
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


module metisvm_card$executor$handles$hit(d,q,clock);
    
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
          
endmodule // metisvm_card$executor$handles$hit


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


module metisvm_card$executor$handles$running(d,q,clock);
    
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
          
endmodule // metisvm_card$executor$handles$running


module metisvm_card$executor$handles$seen(d,q,clock);
    
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
          
endmodule // metisvm_card$executor$handles$seen


module metisvm_card$executor$handles$valid(d,q,clock);
    
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
          
endmodule // metisvm_card$executor$handles$valid


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
    
    // Local signals
    reg  [9:0] offset;
    reg  [9:0] room;
    reg  [48:0] room_wide;
    reg  [63:0] room_address;
    reg  is_last;
    
    // Sub module instances
    metisvm_card$fetcher$active active(
        .d(active$d),
        .q(active$q),
        .clock(active$clock)
    );
    metisvm_card$fetcher$address address(
        .d(address$d),
        .q(address$q),
        .clock(address$clock)
    );
    metisvm_card$fetcher$left left(
        .d(left$d),
        .q(left$q),
        .clock(left$clock)
    );
    metisvm_card$fetcher$kind kind(
        .d(kind$d),
        .q(kind$q),
        .clock(kind$clock)
    );
    
    // Update code
    always @(*) begin
        active$clock = clock;
        address$clock = clock;
        left$clock = clock;
        kind$clock = clock;
        active$d = active$q;
        address$d = address$q;
        left$d = left$q;
        kind$d = kind$q;
        offset = ((address$q[(32'h0)+:(9)]) & 10'h3ff);
        room = ((32'h200) & 10'h3ff) - offset;
        room_wide = ((room) & 49'h1ffffffffffff);
        room_address = ((room) & 64'hffffffffffffffff);
        is_last = left$q <= room_wide;
        cmd_ready = ~active$q;
        req_valid = active$q;
        req_address = address$q;
        req_kind = kind$q;
        req_last = is_last;
        req_bytes = room;
        if (is_last) begin
            req_bytes = left$q[(32'h0)+:(10)];
        end
        idle = ~active$q;
        if (active$q) begin
            if (req_ready) begin
                address$d = address$q + room_address;
                left$d = left$q - room_wide;
                if (is_last) begin
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
        end
    end
    
endmodule // metisvm_card$fetcher


module metisvm_card$fetcher$active(d,q,clock);
    
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
          
endmodule // metisvm_card$fetcher$active


module metisvm_card$fetcher$address(d,q,clock);
    
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
          
endmodule // metisvm_card$fetcher$address


module metisvm_card$fetcher$kind(d,q,clock);
    
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
          
endmodule // metisvm_card$fetcher$kind


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
    
    // Local signals
    reg  [16:0] entries;
    reg  [16:0] one17;
    reg  [16:0] mask;
    reg  [15:0] waiting;
    reg  [16:0] waiting_wide;
    reg  [15:0] unreported;
    reg  [16:0] unreported_wide;
    reg  [16:0] room;
    reg  [16:0] slot;
    reg  [16:0] to_end;
    reg  [16:0] to_page;
    reg  [16:0] least;
    reg  [63:0] offset;
    reg  [5:0] place;
    reg  [16:0] end17;
    reg  [16:0] odd;
    reg  cancellable;
    reg  good_word;
    reg  [31:0] candidate;
    reg  [7:0] one8;
    reg  [7:0] look_mask;
    reg  store;
    reg  [63:0] saved;
    reg  [63:0] saved_high;
    reg  [63:0] low;
    reg  [63:0] high;
    reg  [7:0] opcode;
    reg  [9:0] queue_wide;
    reg  [9:0] step_wide;
    reg  [6:0] last_queue;
    reg  valid;
    reg  [5:0] index_wide;
    reg  [5:0] step6;
    reg  [3:0] next_index;
    reg  [63:0] flag;
    reg  [63:0] phase;
    
    // Sub module instances
    metisvm_card$queue$contexts contexts(
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
    metisvm_card$queue$state state(
        .d(state$d),
        .q(state$q),
        .clock(state$clock)
    );
    metisvm_card$queue$queue queue(
        .d(queue$d),
        .q(queue$q),
        .clock(queue$clock)
    );
    metisvm_card$queue$step step(
        .d(step$d),
        .q(step$q),
        .clock(step$clock)
    );
    metisvm_card$queue$sq sq(
        .d(sq$d),
        .q(sq$q),
        .clock(sq$clock)
    );
    metisvm_card$queue$cq cq(
        .d(cq$d),
        .q(cq$q),
        .clock(cq$clock)
    );
    metisvm_card$queue$log2 log2(
        .d(log2$d),
        .q(log2$q),
        .clock(log2$clock)
    );
    metisvm_card$queue$tail tail(
        .d(tail$d),
        .q(tail$q),
        .clock(tail$clock)
    );
    metisvm_card$queue$consumed consumed(
        .d(consumed$d),
        .q(consumed$q),
        .clock(consumed$clock)
    );
    metisvm_card$queue$head head(
        .d(head$d),
        .q(head$q),
        .clock(head$clock)
    );
    metisvm_card$queue$completed completed(
        .d(completed$d),
        .q(completed$q),
        .clock(completed$clock)
    );
    metisvm_card$queue$unannounced unannounced(
        .d(unannounced$d),
        .q(unannounced$q),
        .clock(unannounced$clock)
    );
    metisvm_card$queue$count count(
        .d(count$d),
        .q(count$q),
        .clock(count$clock)
    );
    metisvm_card$queue$index index(
        .d(index$d),
        .q(index$q),
        .clock(index$clock)
    );
    metisvm_card$queue$look look(
        .d(look$d),
        .q(look$q),
        .clock(look$clock)
    );
    metisvm_card$queue$words$0 words$0(
        .d(words$0$d),
        .q(words$0$q),
        .clock(words$0$clock)
    );
    metisvm_card$queue$words$1 words$1(
        .d(words$1$d),
        .q(words$1$q),
        .clock(words$1$clock)
    );
    metisvm_card$queue$words$2 words$2(
        .d(words$2$d),
        .q(words$2$q),
        .clock(words$2$clock)
    );
    metisvm_card$queue$words$3 words$3(
        .d(words$3$d),
        .q(words$3$q),
        .clock(words$3$clock)
    );
    metisvm_card$queue$words$4 words$4(
        .d(words$4$d),
        .q(words$4$q),
        .clock(words$4$clock)
    );
    metisvm_card$queue$words$5 words$5(
        .d(words$5$d),
        .q(words$5$q),
        .clock(words$5$clock)
    );
    metisvm_card$queue$words$6 words$6(
        .d(words$6$d),
        .q(words$6$q),
        .clock(words$6$clock)
    );
    metisvm_card$queue$words$7 words$7(
        .d(words$7$d),
        .q(words$7$q),
        .clock(words$7$clock)
    );
    metisvm_card$queue$target$0 target$0(
        .d(target$0$d),
        .q(target$0$q),
        .clock(target$0$clock)
    );
    metisvm_card$queue$target$1 target$1(
        .d(target$1$d),
        .q(target$1$q),
        .clock(target$1$clock)
    );
    metisvm_card$queue$target$2 target$2(
        .d(target$2$d),
        .q(target$2$q),
        .clock(target$2$clock)
    );
    metisvm_card$queue$target$3 target$3(
        .d(target$3$d),
        .q(target$3$q),
        .clock(target$3$clock)
    );
    metisvm_card$queue$target$4 target$4(
        .d(target$4$d),
        .q(target$4$q),
        .clock(target$4$clock)
    );
    metisvm_card$queue$target$5 target$5(
        .d(target$5$d),
        .q(target$5$q),
        .clock(target$5$clock)
    );
    metisvm_card$queue$target$6 target$6(
        .d(target$6$d),
        .q(target$6$q),
        .clock(target$6$clock)
    );
    metisvm_card$queue$target$7 target$7(
        .d(target$7$d),
        .q(target$7$q),
        .clock(target$7$clock)
    );
    metisvm_card$queue$is_cancel is_cancel(
        .d(is_cancel$d),
        .q(is_cancel$q),
        .clock(is_cancel$clock)
    );
    metisvm_card$queue$good good(
        .d(good$d),
        .q(good$q),
        .clock(good$clock)
    );
    metisvm_card$queue$has_found has_found(
        .d(has_found$d),
        .q(has_found$q),
        .clock(has_found$clock)
    );
    metisvm_card$queue$is_cancelled is_cancelled(
        .d(is_cancelled$d),
        .q(is_cancelled$q),
        .clock(is_cancelled$clock)
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
        cfg_use = state$q == 32'h1;
        queue_wide = ((queue$q) & 10'h3ff);
        queue_wide = queue_wide << 32'h4;
        step_wide = ((step$q[(32'h0)+:(4)]) & 10'h3ff);
        cfg_address = queue_wide | step_wide;
        low = ((cfg_data) & 64'hffffffffffffffff);
        high = low << 32'h20;
        one17 = 32'h1;
        entries = one17 << log2$q[(32'h0)+:(5)];
        mask = entries - 32'h1;
        waiting = tail$q - head$q;
        waiting_wide = ((waiting) & 17'h1ffff);
        unreported = completed$q - consumed$q;
        unreported_wide = ((unreported) & 17'h1ffff);
        room = entries - unreported_wide;
        slot = ((head$q) & 17'h1ffff) & mask;
        to_end = entries - slot;
        offset = ((slot) & 64'hffffffffffffffff);
        offset = offset << 32'h6;
        cmd_address = sq$q + offset;
        place = cmd_address[(32'h6)+:(6)];
        to_page = ((32'h40) & 17'h1ffff) - ((place) & 17'h1ffff);
        cmd_length = ((count$q) & 49'h1ffffffffffff);
        cmd_length = cmd_length << 32'h6;
        last_queue = queues - 32'h1;
        opcode = words$0$q[(32'h0)+:(8)];
        one8 = 32'h1;
        look_mask = one8 << look$q;
        cancelled = is_cancelled$q;
        found = has_found$q[index$q];
        next_index = index$q + 32'h1;
        valid = (log2$q != 32'h0) && (log2$q <= max_log2) && (sq$q[(32'h0)+:(6)] == 32'h0) && (cq$q[(32'h0)+:(6)] == 32'h0) && ~&sq$q[(32'h15)+:(43)] && ~&cq$q[(32'h13)+:(45)];
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
        candidate = 32'h0;
        if (look$q == 0) begin
            candidate = target$0$q;
        end
        if (look$q == 1) begin
            candidate = target$1$q;
        end
        if (look$q == 2) begin
            candidate = target$2$q;
        end
        if (look$q == 3) begin
            candidate = target$3$q;
        end
        if (look$q == 4) begin
            candidate = target$4$q;
        end
        if (look$q == 5) begin
            candidate = target$5$q;
        end
        if (look$q == 6) begin
            candidate = target$6$q;
        end
        if (look$q == 7) begin
            candidate = target$7$q;
        end
        cancellable = (opcode >= ((32'h2) & 8'hff)) && (opcode <= ((32'h5) & 8'hff)) && (boot_nonce != 32'h0) && (words$1$q[(32'h0)+:(32)] == boot_nonce);
        burst$write_address = step$q[(32'h0)+:(6)];
        burst$write_data = in_data;
        burst$write_enable = 1'b0;
        index_wide = ((index$q) & 6'h3f);
        index_wide = index_wide << 32'h3;
        step6 = ((step$q[(32'h0)+:(3)]) & 6'h3f);
        burst$read_address = index_wide | step6;
        if (state$q == 32'h0) begin
            if (~stop) begin
                if (sel_pending) begin
                    take = 1'b1;
                    if (sel_enabled && (sel_fresh || sel_running)) begin
                        state$d = 32'h1;
                        step$d = 32'h0;
                    end
                end
                else begin
                    queue$d = queue$q + 32'h1;
                    if (((queue$q) & 7'h7f) == last_queue) begin
                        queue$d = 32'h0;
                    end
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
            if (sel_fresh) begin
                head$d = 32'h0;
                completed$d = 32'h0;
                unannounced$d = 1'b0;
                set_state = 1'b1;
                new_state = 32'h1;
                if (~valid) begin
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
            state$d = 32'h4;
            if ((unreported_wide > entries) || (waiting_wide > entries)) begin
                set_state = 1'b1;
                new_state = 32'h2;
                state$d = 32'h0;
            end
        end
        least = waiting_wide;
        if (room < least) begin
            least = room;
        end
        if (to_end < least) begin
            least = to_end;
        end
        if (to_page < least) begin
            least = to_page;
        end
        if (least > ((32'h8) & 17'h1ffff)) begin
            least = 32'h8;
        end
        if (state$q == 32'h4) begin
            count$d = least[(32'h0)+:(4)];
            state$d = 32'h5;
            step$d = 32'h0;
            is_cancel$d = 32'h0;
            has_found$d = 32'h0;
            index$d = 32'h0;
            if (least == 32'h0) begin
                state$d = 32'hd;
            end
        end
        if (state$q == 32'h5) begin
            cmd_valid = 1'b1;
            if (cmd_ready) begin
                state$d = 32'h6;
            end
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
                if (step$q[(32'h0)+:(3)] == 32'h7) begin
                    if (good$q && good_word) begin
                        is_cancel$d = is_cancel$q | (one8 << step$q[(32'h3)+:(4)]);
                    end
                end
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
                state$d = 32'h8;
                look$d = index$q + 32'h1;
                is_cancelled$d = 1'b0;
            end
        end
        if (state$q == 32'h8) begin
            look$d = look$q + 32'h1;
            if ((look$q >= count$q) || ~cancellable) begin
                state$d = 32'he;
            end
            else begin
                if (is_cancel$q[look$q] && (candidate == words$0$q[(32'h20)+:(32)])) begin
                    has_found$d = has_found$q | look_mask;
                    is_cancelled$d = 1'b1;
                    state$d = 32'he;
                end
            end
        end
        if (state$q == 32'he) begin
            start = 1'b1;
            state$d = 32'h9;
        end
        if (state$q == 32'h9) begin
            if (done) begin
                state$d = 32'ha;
            end
        end
        end17 = ((completed$q) & 17'h1ffff) & mask;
        odd = ((completed$q) & 17'h1ffff) & entries;
        write_address = ((end17) & 64'hffffffffffffffff);
        write_address = write_address << 32'h4;
        write_address = write_address + cq$q;
        high = ((boot_nonce) & 64'hffffffffffffffff);
        high = high << 32'h20;
        write_data = ((words$0$q[(32'h20)+:(32)]) & 64'hffffffffffffffff) | high;
        if (state$q == 32'ha) begin
            write_start = 1'b1;
            state$d = 32'hb;
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
        if (odd == 32'h0) begin
            saved = saved | phase;
        end
        if (state$q == 32'hc) begin
            write_data = saved;
            if (step$q == 32'h0) begin
                write_push = 1'b1;
                if (write_ready) begin
                    step$d = 32'h1;
                end
            end
            else begin
                write_flush = 1'b1;
                if (write_idle) begin
                    completed$d = completed$q + 32'h1;
                    unannounced$d = 1'b1;
                    index$d = next_index;
                    step$d = 32'h0;
                    state$d = 32'h7;
                    if ((next_index == count$q) || stop) begin
                        again = 1'b1;
                        store = 1'b1;
                        state$d = 32'h0;
                    end
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


module metisvm_card$queue$consumed(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$consumed


module metisvm_card$queue$contexts(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);
    
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
                
endmodule // metisvm_card$queue$contexts


module metisvm_card$queue$count(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$count


module metisvm_card$queue$cq(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$cq


module metisvm_card$queue$good(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$good


module metisvm_card$queue$has_found(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$has_found


module metisvm_card$queue$head(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$head


module metisvm_card$queue$index(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$index


module metisvm_card$queue$is_cancel(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$is_cancel


module metisvm_card$queue$is_cancelled(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$is_cancelled


module metisvm_card$queue$log2(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$log2


module metisvm_card$queue$look(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$look


module metisvm_card$queue$queue(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$queue


module metisvm_card$queue$sq(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$sq


module metisvm_card$queue$state(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$state


module metisvm_card$queue$step(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$step


module metisvm_card$queue$tail(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$tail


module metisvm_card$queue$target$0(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$target$0


module metisvm_card$queue$target$1(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$target$1


module metisvm_card$queue$target$2(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$target$2


module metisvm_card$queue$target$3(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$target$3


module metisvm_card$queue$target$4(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$target$4


module metisvm_card$queue$target$5(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$target$5


module metisvm_card$queue$target$6(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$target$6


module metisvm_card$queue$target$7(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$target$7


module metisvm_card$queue$unannounced(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$unannounced


module metisvm_card$queue$words$0(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$words$0


module metisvm_card$queue$words$1(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$words$1


module metisvm_card$queue$words$2(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$words$2


module metisvm_card$queue$words$3(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$words$3


module metisvm_card$queue$words$4(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$words$4


module metisvm_card$queue$words$5(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$words$5


module metisvm_card$queue$words$6(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$words$6


module metisvm_card$queue$words$7(d,q,clock);
    
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
          
endmodule // metisvm_card$queue$words$7


module metisvm_card$reader(clock,clear,timeout,req_valid,req_ready,req_address,req_bytes,req_kind,req_last,rq_address,rq_bytes,rq_tag,rq_valid,rq_ready,rc_data,rc_tag,rc_last,rc_error,rc_valid,rc_ready,out_data,out_bytes,out_kind,out_end,out_error,out_valid,out_ready,empty,quiet,dead);
    
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
    output reg  [3:0] rq_tag;
    output reg  rq_valid;
    input wire  rq_ready;
    input wire  [63:0] rc_data;
    input wire  [3:0] rc_tag;
    input wire  rc_last;
    input wire  rc_error;
    input wire  rc_valid;
    output reg  rc_ready;
    output reg  [63:0] out_data;
    output reg  [3:0] out_bytes;
    output reg  [1:0] out_kind;
    output reg  out_end;
    output reg  out_error;
    output reg  out_valid;
    input wire  out_ready;
    output reg  empty;
    output reg  quiet;
    output reg  dead;
    
    // Stub signals
    reg  [9:0] buffer$read_address;
    reg  buffer$read_clock;
    wire  [63:0] buffer$read_data;
    reg  [9:0] buffer$write_address;
    reg  buffer$write_clock;
    reg  [63:0] buffer$write_data;
    reg  buffer$write_enable;
    reg  [3:0] order$read_address;
    reg  order$read_clock;
    wire  [17:0] order$read_data;
    reg  [3:0] order$write_address;
    reg  order$write_clock;
    reg  [17:0] order$write_data;
    reg  order$write_enable;
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
    reg  [15:0] used$d;
    wire  [15:0] used$q;
    reg  used$clock;
    reg  [15:0] outstanding$d;
    wire  [15:0] outstanding$q;
    reg  outstanding$clock;
    reg  [15:0] done$d;
    wire  [15:0] done$q;
    reg  done$clock;
    reg  [15:0] failed$d;
    wire  [15:0] failed$q;
    reg  failed$clock;
    reg  [3:0] next_tag$d;
    wire  [3:0] next_tag$q;
    reg  next_tag$clock;
    reg  [4:0] head$d;
    wire  [4:0] head$q;
    reg  head$clock;
    reg  [4:0] tail$d;
    wire  [4:0] tail$q;
    reg  tail$clock;
    reg  [4:0] tail_seen$d;
    wire  [4:0] tail_seen$q;
    reg  tail_seen$clock;
    reg  streaming$d;
    wire  streaming$q;
    reg  streaming$clock;
    reg  [3:0] tag$d;
    wire  [3:0] tag$q;
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
    reg  [3:0] rq_tag_reg$d;
    wire  [3:0] rq_tag_reg$q;
    reg  rq_tag_reg$clock;
    
    // Local signals
    reg  [15:0] one;
    reg  [15:0] next_mask;
    reg  [15:0] rc_mask;
    reg  [15:0] tag_mask;
    reg  [3:0] order_tag;
    reg  [15:0] order_mask;
    reg  [15:0] blocked;
    reg  [15:0] lost;
    reg  [15:0] not_used;
    reg  is_free;
    reg  accept;
    reg  is_empty_request;
    reg  [9:0] rounded;
    reg  rc_fire;
    reg  [6:0] rc_place;
    reg  waiting;
    reg  timed_out;
    reg  fire;
    reg  ends;
    reg  [15:0] inverse;
    reg  [17:0] order_entry;
    reg  [9:0] tag_wide;
    reg  [9:0] place_wide;
    reg  [9:0] beat_wide;
    reg  [17:0] bytes_wide;
    reg  [17:0] kind_wide;
    reg  [15:0] used_n;
    reg  [15:0] outstanding_n;
    reg  [15:0] done_n;
    reg  [15:0] failed_n;
    reg  [4:0] head_n;
    reg  [3:0] tag_n;
    reg  [5:0] beat_n;
    
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
        .read_address(order$read_address),
        .read_clock(order$read_clock),
        .read_data(order$read_data),
        .write_address(order$write_address),
        .write_clock(order$write_clock),
        .write_data(order$write_data),
        .write_enable(order$write_enable)
    );
    metisvm_card$reader$count$0 count$0(
        .d(count$0$d),
        .q(count$0$q),
        .clock(count$0$clock)
    );
    metisvm_card$reader$count$1 count$1(
        .d(count$1$d),
        .q(count$1$q),
        .clock(count$1$clock)
    );
    metisvm_card$reader$count$2 count$2(
        .d(count$2$d),
        .q(count$2$q),
        .clock(count$2$clock)
    );
    metisvm_card$reader$count$3 count$3(
        .d(count$3$d),
        .q(count$3$q),
        .clock(count$3$clock)
    );
    metisvm_card$reader$count$4 count$4(
        .d(count$4$d),
        .q(count$4$q),
        .clock(count$4$clock)
    );
    metisvm_card$reader$count$5 count$5(
        .d(count$5$d),
        .q(count$5$q),
        .clock(count$5$clock)
    );
    metisvm_card$reader$count$6 count$6(
        .d(count$6$d),
        .q(count$6$q),
        .clock(count$6$clock)
    );
    metisvm_card$reader$count$7 count$7(
        .d(count$7$d),
        .q(count$7$q),
        .clock(count$7$clock)
    );
    metisvm_card$reader$count$8 count$8(
        .d(count$8$d),
        .q(count$8$q),
        .clock(count$8$clock)
    );
    metisvm_card$reader$count$9 count$9(
        .d(count$9$d),
        .q(count$9$q),
        .clock(count$9$clock)
    );
    metisvm_card$reader$count$10 count$10(
        .d(count$10$d),
        .q(count$10$q),
        .clock(count$10$clock)
    );
    metisvm_card$reader$count$11 count$11(
        .d(count$11$d),
        .q(count$11$q),
        .clock(count$11$clock)
    );
    metisvm_card$reader$count$12 count$12(
        .d(count$12$d),
        .q(count$12$q),
        .clock(count$12$clock)
    );
    metisvm_card$reader$count$13 count$13(
        .d(count$13$d),
        .q(count$13$q),
        .clock(count$13$clock)
    );
    metisvm_card$reader$count$14 count$14(
        .d(count$14$d),
        .q(count$14$q),
        .clock(count$14$clock)
    );
    metisvm_card$reader$count$15 count$15(
        .d(count$15$d),
        .q(count$15$q),
        .clock(count$15$clock)
    );
    metisvm_card$reader$used used(
        .d(used$d),
        .q(used$q),
        .clock(used$clock)
    );
    metisvm_card$reader$outstanding outstanding(
        .d(outstanding$d),
        .q(outstanding$q),
        .clock(outstanding$clock)
    );
    metisvm_card$reader$done done(
        .d(done$d),
        .q(done$q),
        .clock(done$clock)
    );
    metisvm_card$reader$failed failed(
        .d(failed$d),
        .q(failed$q),
        .clock(failed$clock)
    );
    metisvm_card$reader$next_tag next_tag(
        .d(next_tag$d),
        .q(next_tag$q),
        .clock(next_tag$clock)
    );
    metisvm_card$reader$head head(
        .d(head$d),
        .q(head$q),
        .clock(head$clock)
    );
    metisvm_card$reader$tail tail(
        .d(tail$d),
        .q(tail$q),
        .clock(tail$clock)
    );
    metisvm_card$reader$tail_seen tail_seen(
        .d(tail_seen$d),
        .q(tail_seen$q),
        .clock(tail_seen$clock)
    );
    metisvm_card$reader$streaming streaming(
        .d(streaming$d),
        .q(streaming$q),
        .clock(streaming$clock)
    );
    metisvm_card$reader$tag tag(
        .d(tag$d),
        .q(tag$q),
        .clock(tag$clock)
    );
    metisvm_card$reader$beat beat(
        .d(beat$d),
        .q(beat$q),
        .clock(beat$clock)
    );
    metisvm_card$reader$left left(
        .d(left$d),
        .q(left$q),
        .clock(left$clock)
    );
    metisvm_card$reader$kind kind(
        .d(kind$d),
        .q(kind$q),
        .clock(kind$clock)
    );
    metisvm_card$reader$last last(
        .d(last$d),
        .q(last$q),
        .clock(last$clock)
    );
    metisvm_card$reader$error error(
        .d(error$d),
        .q(error$q),
        .clock(error$clock)
    );
    metisvm_card$reader$timer timer(
        .d(timer$d),
        .q(timer$q),
        .clock(timer$clock)
    );
    metisvm_card$reader$rq_pending rq_pending(
        .d(rq_pending$d),
        .q(rq_pending$q),
        .clock(rq_pending$clock)
    );
    metisvm_card$reader$rq_address_reg rq_address_reg(
        .d(rq_address_reg$d),
        .q(rq_address_reg$q),
        .clock(rq_address_reg$clock)
    );
    metisvm_card$reader$rq_bytes_reg rq_bytes_reg(
        .d(rq_bytes_reg$d),
        .q(rq_bytes_reg$q),
        .clock(rq_bytes_reg$clock)
    );
    metisvm_card$reader$rq_tag_reg rq_tag_reg(
        .d(rq_tag_reg$d),
        .q(rq_tag_reg$q),
        .clock(rq_tag_reg$clock)
    );
    
    // Update code
    always @(*) begin
        used$clock = clock;
        outstanding$clock = clock;
        done$clock = clock;
        failed$clock = clock;
        next_tag$clock = clock;
        head$clock = clock;
        tail$clock = clock;
        tail_seen$clock = clock;
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
        used$d = used$q;
        outstanding$d = outstanding$q;
        done$d = done$q;
        failed$d = failed$q;
        next_tag$d = next_tag$q;
        head$d = head$q;
        tail$d = tail$q;
        tail_seen$d = tail_seen$q;
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
        used_n = used$q;
        outstanding_n = outstanding$q;
        done_n = done$q;
        failed_n = failed$q;
        head_n = head$q;
        tag_n = tag$q;
        beat_n = beat$q;
        buffer$read_clock = clock;
        buffer$write_clock = clock;
        order$read_clock = clock;
        order$write_clock = clock;
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
        one = 32'h1;
        next_mask = one << next_tag$q;
        rc_mask = one << rc_tag;
        tag_mask = one << tag$q;
        blocked = used$q | outstanding$q;
        is_free = ~blocked[next_tag$q];
        is_empty_request = req_bytes == 32'h0;
        accept = req_valid && is_free && ~rq_pending$q;
        req_ready = is_free && ~rq_pending$q;
        rounded = req_bytes + 32'h7;
        order_entry = ((next_tag$q) & 18'h3ffff);
        bytes_wide = ((req_bytes) & 18'h3ffff);
        kind_wide = ((req_kind) & 18'h3ffff);
        bytes_wide = bytes_wide << 32'h4;
        kind_wide = kind_wide << 32'he;
        order_entry = order_entry | bytes_wide | kind_wide;
        if (req_last) begin
            order_entry = order_entry | ((32'h10000) & 18'h3ffff);
        end
        if (is_empty_request) begin
            order_entry = order_entry | ((32'h20000) & 18'h3ffff);
        end
        order$write_address = tail$q[(32'h0)+:(4)];
        order$write_data = order_entry;
        order$write_enable = accept;
        tail_seen$d = tail$q;
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
            if (rc_fire && ~count$0$q[32'h6]) begin
                count$0$d = count$0$q + 32'h1;
            end
        end
        if (rc_tag == 1) begin
            rc_place = count$1$q;
            if (rc_fire && ~count$1$q[32'h6]) begin
                count$1$d = count$1$q + 32'h1;
            end
        end
        if (rc_tag == 2) begin
            rc_place = count$2$q;
            if (rc_fire && ~count$2$q[32'h6]) begin
                count$2$d = count$2$q + 32'h1;
            end
        end
        if (rc_tag == 3) begin
            rc_place = count$3$q;
            if (rc_fire && ~count$3$q[32'h6]) begin
                count$3$d = count$3$q + 32'h1;
            end
        end
        if (rc_tag == 4) begin
            rc_place = count$4$q;
            if (rc_fire && ~count$4$q[32'h6]) begin
                count$4$d = count$4$q + 32'h1;
            end
        end
        if (rc_tag == 5) begin
            rc_place = count$5$q;
            if (rc_fire && ~count$5$q[32'h6]) begin
                count$5$d = count$5$q + 32'h1;
            end
        end
        if (rc_tag == 6) begin
            rc_place = count$6$q;
            if (rc_fire && ~count$6$q[32'h6]) begin
                count$6$d = count$6$q + 32'h1;
            end
        end
        if (rc_tag == 7) begin
            rc_place = count$7$q;
            if (rc_fire && ~count$7$q[32'h6]) begin
                count$7$d = count$7$q + 32'h1;
            end
        end
        if (rc_tag == 8) begin
            rc_place = count$8$q;
            if (rc_fire && ~count$8$q[32'h6]) begin
                count$8$d = count$8$q + 32'h1;
            end
        end
        if (rc_tag == 9) begin
            rc_place = count$9$q;
            if (rc_fire && ~count$9$q[32'h6]) begin
                count$9$d = count$9$q + 32'h1;
            end
        end
        if (rc_tag == 10) begin
            rc_place = count$10$q;
            if (rc_fire && ~count$10$q[32'h6]) begin
                count$10$d = count$10$q + 32'h1;
            end
        end
        if (rc_tag == 11) begin
            rc_place = count$11$q;
            if (rc_fire && ~count$11$q[32'h6]) begin
                count$11$d = count$11$q + 32'h1;
            end
        end
        if (rc_tag == 12) begin
            rc_place = count$12$q;
            if (rc_fire && ~count$12$q[32'h6]) begin
                count$12$d = count$12$q + 32'h1;
            end
        end
        if (rc_tag == 13) begin
            rc_place = count$13$q;
            if (rc_fire && ~count$13$q[32'h6]) begin
                count$13$d = count$13$q + 32'h1;
            end
        end
        if (rc_tag == 14) begin
            rc_place = count$14$q;
            if (rc_fire && ~count$14$q[32'h6]) begin
                count$14$d = count$14$q + 32'h1;
            end
        end
        if (rc_tag == 15) begin
            rc_place = count$15$q;
            if (rc_fire && ~count$15$q[32'h6]) begin
                count$15$d = count$15$q + 32'h1;
            end
        end
        place_wide = ((rc_tag) & 10'h3ff);
        place_wide = place_wide << 32'h6;
        beat_wide = ((rc_place[(32'h0)+:(6)]) & 10'h3ff);
        buffer$write_address = place_wide | beat_wide;
        buffer$write_data = rc_data;
        buffer$write_enable = rc_fire && ~rc_error && ~rc_place[32'h6];
        if (rc_fire && (rc_last || rc_error)) begin
            inverse = ~rc_mask;
            outstanding_n = outstanding$q & inverse;
            done_n = done$q | rc_mask;
            if (rc_error) begin
                failed_n = failed$q | rc_mask;
            end
        end
        else begin
            inverse = ~rc_mask;
        end
        order_tag = order$read_data[(32'h0)+:(4)];
        order_mask = one << order_tag;
        waiting = head$q != tail_seen$q;
        timer$d = 32'h0;
        timed_out = 1'b0;
        fire = streaming$q && out_ready;
        ends = error$q || (left$q <= ((32'h8) & 10'h3ff));
        if (~streaming$q) begin
            if (waiting) begin
                tag_n = order_tag;
                left$d = order$read_data[(32'h4)+:(10)];
                kind$d = order$read_data[(32'he)+:(2)];
                last$d = order$read_data[32'h10];
                error$d = failed$q[order_tag];
                beat_n = 32'h0;
                if (done$q[order_tag]) begin
                    streaming$d = 1'b1;
                end
                else begin
                    timer$d = timer$q + 32'h1;
                    timed_out = timer$q >= timeout;
                end
            end
        end
        if (timed_out) begin
            done_n = done_n | order_mask;
            failed_n = failed_n | order_mask;
        end
        out_valid = streaming$q;
        out_data = buffer$read_data;
        out_kind = kind$q;
        out_error = error$q;
        out_end = ends && last$q;
        out_bytes = 32'h8;
        if (left$q <= ((32'h8) & 10'h3ff)) begin
            out_bytes = left$q[(32'h0)+:(4)];
        end
        if (fire) begin
            beat_n = beat$q + 32'h1;
            left$d = left$q - 32'h8;
            if (ends) begin
                streaming$d = 1'b0;
                head_n = head$q + 32'h1;
                not_used = ~tag_mask;
                used_n = used$q & not_used;
            end
            else begin
                not_used = ~used$q;
            end
        end
        else begin
            not_used = ~used$q;
        end
        order$read_address = head_n[(32'h0)+:(4)];
        tag_wide = ((tag_n) & 10'h3ff);
        tag_wide = tag_wide << 32'h6;
        buffer$read_address = tag_wide | ((beat_n) & 10'h3ff);
        if (req_valid && ~is_free) begin
            next_tag$d = next_tag$q + 32'h1;
        end
        if (accept) begin
            next_tag$d = next_tag$q + 32'h1;
            tail$d = tail$q + 32'h1;
            used_n = used_n | next_mask;
            inverse = ~next_mask;
            failed_n = failed_n & inverse;
            if (is_empty_request) begin
                done_n = done_n | next_mask;
            end
            else begin
                done_n = done_n & inverse;
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
        end
        lost = used$q;
        not_used = ~used$q;
        lost = outstanding$q & not_used;
        dead = &lost;
        empty = (head$q == tail$q) && ~streaming$q;
        quiet = (outstanding$q == 32'h0) && ~rq_pending$q;
        if (clear) begin
            used_n = 32'h0;
            outstanding_n = 32'h0;
            done_n = 32'h0;
            failed_n = 32'h0;
            head_n = 32'h0;
            tail$d = 32'h0;
            tail_seen$d = 32'h0;
            streaming$d = 1'b0;
        end
        used$d = used_n;
        outstanding$d = outstanding_n;
        done$d = done_n;
        failed$d = failed_n;
        head$d = head_n;
        tag$d = tag_n;
        beat$d = beat_n;
    end
    
endmodule // metisvm_card$reader


module metisvm_card$reader$beat(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$beat


module metisvm_card$reader$buffer(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);
    
    // Module arguments
    input wire  [9:0] read_address;
    input wire  read_clock;
    output reg  [63:0] read_data;
    input wire  [9:0] write_address;
    input wire  write_clock;
    input wire  [63:0] write_data;
    input wire  write_enable;
    
    // Update code (custom)
    reg[63:0] mem[1023:0];
    
    
    
    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end
    
    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end
                
endmodule // metisvm_card$reader$buffer


module metisvm_card$reader$count$0(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$0


module metisvm_card$reader$count$1(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$1


module metisvm_card$reader$count$10(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$10


module metisvm_card$reader$count$11(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$11


module metisvm_card$reader$count$12(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$12


module metisvm_card$reader$count$13(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$13


module metisvm_card$reader$count$14(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$14


module metisvm_card$reader$count$15(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$15


module metisvm_card$reader$count$2(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$2


module metisvm_card$reader$count$3(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$3


module metisvm_card$reader$count$4(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$4


module metisvm_card$reader$count$5(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$5


module metisvm_card$reader$count$6(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$6


module metisvm_card$reader$count$7(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$7


module metisvm_card$reader$count$8(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$8


module metisvm_card$reader$count$9(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$count$9


module metisvm_card$reader$done(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$done


module metisvm_card$reader$error(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$error


module metisvm_card$reader$failed(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$failed


module metisvm_card$reader$head(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$head


module metisvm_card$reader$kind(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$kind


module metisvm_card$reader$last(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$last


module metisvm_card$reader$left(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$left


module metisvm_card$reader$next_tag(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$next_tag


module metisvm_card$reader$order(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);
    
    // Module arguments
    input wire  [3:0] read_address;
    input wire  read_clock;
    output reg  [17:0] read_data;
    input wire  [3:0] write_address;
    input wire  write_clock;
    input wire  [17:0] write_data;
    input wire  write_enable;
    
    // Update code (custom)
    reg[17:0] mem[15:0];
    
    
    
    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end
    
    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end
                
endmodule // metisvm_card$reader$order


module metisvm_card$reader$outstanding(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$outstanding


module metisvm_card$reader$rq_address_reg(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$rq_address_reg


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


module metisvm_card$reader$rq_pending(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$rq_pending


module metisvm_card$reader$rq_tag_reg(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$rq_tag_reg


module metisvm_card$reader$streaming(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$streaming


module metisvm_card$reader$tag(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$tag


module metisvm_card$reader$tail(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$tail


module metisvm_card$reader$tail_seen(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$tail_seen


module metisvm_card$reader$timer(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$timer


module metisvm_card$reader$used(d,q,clock);
    
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
          
endmodule // metisvm_card$reader$used


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
    output reg  [3:0] counter_address;
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
    reg  [1:0] read_state$d;
    wire  [1:0] read_state$q;
    reg  read_state$clock;
    reg  [15:0] read_address$d;
    wire  [15:0] read_address$q;
    reg  read_address$clock;
    reg  [31:0] read_data$d;
    wire  [31:0] read_data$q;
    reg  read_data$clock;
    
    // Local signals
    reg  [63:0] one;
    reg  [63:0] write_mask;
    reg  [63:0] sel_mask;
    reg  [63:0] write_keep;
    reg  [63:0] sel_keep;
    reg  [5:0] write_queue;
    reg  [3:0] write_word;
    reg  write_is_queue;
    reg  write_enabled;
    reg  [5:0] read_queue;
    reg  [3:0] read_word;
    reg  read_is_queue;
    reg  read_low;
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
    metisvm_card$registers$enable enable(
        .d(enable$d),
        .q(enable$q),
        .clock(enable$clock)
    );
    metisvm_card$registers$fresh fresh(
        .d(fresh$d),
        .q(fresh$q),
        .clock(fresh$clock)
    );
    metisvm_card$registers$pending pending(
        .d(pending$d),
        .q(pending$q),
        .clock(pending$clock)
    );
    metisvm_card$registers$armed armed(
        .d(armed$d),
        .q(armed$q),
        .clock(armed$clock)
    );
    metisvm_card$registers$state_low state_low(
        .d(state_low$d),
        .q(state_low$q),
        .clock(state_low$clock)
    );
    metisvm_card$registers$state_high state_high(
        .d(state_high$d),
        .q(state_high$q),
        .clock(state_high$clock)
    );
    metisvm_card$registers$nonce nonce(
        .d(nonce$d),
        .q(nonce$q),
        .clock(nonce$clock)
    );
    metisvm_card$registers$write_state write_state(
        .d(write_state$d),
        .q(write_state$q),
        .clock(write_state$clock)
    );
    metisvm_card$registers$write_address write_address(
        .d(write_address$d),
        .q(write_address$q),
        .clock(write_address$clock)
    );
    metisvm_card$registers$write_data write_data(
        .d(write_data$d),
        .q(write_data$q),
        .clock(write_data$clock)
    );
    metisvm_card$registers$write_whole write_whole(
        .d(write_whole$d),
        .q(write_whole$q),
        .clock(write_whole$clock)
    );
    metisvm_card$registers$read_state read_state(
        .d(read_state$d),
        .q(read_state$q),
        .clock(read_state$clock)
    );
    metisvm_card$registers$read_address read_address(
        .d(read_address$d),
        .q(read_address$q),
        .clock(read_address$clock)
    );
    metisvm_card$registers$read_data read_data(
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
        sel_mask = one << sel;
        sel_keep = ~sel_mask;
        sel_pending = pending$q[sel];
        sel_enabled = enable$q[sel];
        sel_fresh = fresh$q[sel];
        sel_armed = armed$q[sel];
        sel_running = state_low$q[sel] && ~state_high$q[sel];
        if (take) begin
            pending_n = pending_n & sel_keep;
        end
        if (again) begin
            pending_n = pending_n | sel_mask;
        end
        if (disarm) begin
            armed_n = armed_n & sel_keep;
        end
        if (set_state) begin
            fresh_n = fresh_n & sel_keep;
            low_n = low_n & sel_keep;
            high_n = high_n & sel_keep;
            if (new_state[32'h0]) begin
                low_n = low_n | sel_mask;
            end
            if (new_state[32'h1]) begin
                high_n = high_n | sel_mask;
            end
        end
        write_queue = write_address$q[(32'h6)+:(6)];
        write_word = write_address$q[(32'h2)+:(4)];
        wide_queue = ((write_queue) & 7'h7f);
        write_is_queue = (write_address$q[(32'hc)+:(4)] == 32'h1) && (write_address$q[(32'h0)+:(2)] == 32'h0) && (wide_queue < queues) && write_whole$q;
        write_mask = one << write_queue;
        write_keep = ~write_mask;
        write_enabled = enable$q[write_queue];
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
                write_state$d = 32'h1;
            end
        end
        if (write_state$q == 32'h1) begin
            write_state$d = 32'h4;
            if (write_is_queue) begin
                if (write_word <= ((32'h4) & 4'hf)) begin
                    mem_write = ~write_enabled;
                end
                if ((write_word == 32'h6) || (write_word == 32'h7)) begin
                    mem_write = 1'b1;
                    pending_n = pending_n | write_mask;
                end
                if (write_word == 32'h9) begin
                    armed_n = armed_n & write_keep;
                    if (write_data$q[32'h0]) begin
                        armed_n = armed_n | write_mask;
                        pending_n = pending_n | write_mask;
                    end
                end
                if (write_word == 32'h5) begin
                    if (write_data$q[32'h0]) begin
                        if (~write_enabled) begin
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
            write_state$d = 32'h4;
            enable$d = enable$q | write_mask;
            fresh_n = fresh_n | write_mask;
            pending_n = pending_n | write_mask;
            armed_n = armed_n & write_keep;
            low_n = low_n & write_keep;
            high_n = high_n & write_keep;
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
        constant_address = read_address$q[(32'h2)+:(6)];
        counter_address = read_word;
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
        if (read_state$q == 32'h2) begin
            read_state$d = 32'h3;
            read_data$d = 32'h0;
            if (read_is_queue) begin
                if (read_word <= ((32'h4) & 4'hf)) begin
                    read_data$d = memory$read_data;
                end
                if (enable$q[read_queue]) begin
                    if (read_word == 32'h8) begin
                        if (state_low$q[read_queue]) begin
                            bit_value = 32'h1;
                        end
                        if (state_high$q[read_queue]) begin
                            bit_value = bit_value | ((32'h2) & 32'hffffffff);
                        end
                    end
                    if (read_word == 32'h5) begin
                        bit_value = 32'h1;
                    end
                end
                if (read_word == 32'h9) begin
                    if (armed$q[read_queue]) begin
                        bit_value = 32'h1;
                    end
                end
                if (read_word > ((32'h4) & 4'hf)) begin
                    read_data$d = bit_value;
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
                if (read_address$q[(32'h6)+:(2)] == 32'h3) begin
                    read_data$d = counter_data;
                end
            end
        end
        if (read_state$q == 32'h3) begin
            s_rvalid = 1'b1;
            if (s_rready) begin
                read_state$d = 32'h0;
            end
        end
        boot_nonce = nonce$q;
        active = |pending$q || (write_state$q != 32'h0) || (read_state$q != 32'h0);
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


module metisvm_card$registers$armed(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$armed


module metisvm_card$registers$enable(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$enable


module metisvm_card$registers$fresh(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$fresh


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


module metisvm_card$registers$nonce(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$nonce


module metisvm_card$registers$pending(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$pending


module metisvm_card$registers$read_address(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$read_address


module metisvm_card$registers$read_data(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$read_data


module metisvm_card$registers$read_state(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$read_state


module metisvm_card$registers$state_high(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$state_high


module metisvm_card$registers$state_low(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$state_low


module metisvm_card$registers$write_address(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$write_address


module metisvm_card$registers$write_data(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$write_data


module metisvm_card$registers$write_state(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$write_state


module metisvm_card$registers$write_whole(d,q,clock);
    
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
          
endmodule // metisvm_card$registers$write_whole


module metisvm_card$resetting(d,q,clock);
    
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
          
endmodule // metisvm_card$resetting


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
    output reg  [63:0] wd_data;
    output reg  wd_last;
    output reg  wd_valid;
    input wire  wd_ready;
    
    // Stub signals
    reg  [6:0] words$read_address;
    reg  words$read_clock;
    wire  [63:0] words$read_data;
    reg  [6:0] words$write_address;
    reg  words$write_clock;
    reg  [63:0] words$write_data;
    reg  words$write_enable;
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
    
    // Local signals
    reg  active;
    reg  issue;
    reg  full;
    reg  [11:0] place;
    reg  [11:0] place_start;
    reg  [11:0] held_bytes;
    reg  [63:0] held_wide;
    reg  accept;
    reg  [12:0] words_wide;
    reg  [6:0] read_at_n;
    
    // Sub module instances
    metisvm_card$writer$words words(
        .read_address(words$read_address),
        .read_clock(words$read_clock),
        .read_data(words$read_data),
        .write_address(words$write_address),
        .write_clock(words$write_clock),
        .write_data(words$write_data),
        .write_enable(words$write_enable)
    );
    metisvm_card$writer$write_at write_at(
        .d(write_at$d),
        .q(write_at$q),
        .clock(write_at$clock)
    );
    metisvm_card$writer$read_at read_at(
        .d(read_at$d),
        .q(read_at$q),
        .clock(read_at$clock)
    );
    metisvm_card$writer$held held(
        .d(held$d),
        .q(held$q),
        .clock(held$clock)
    );
    metisvm_card$writer$address address(
        .d(address$d),
        .q(address$q),
        .clock(address$clock)
    );
    metisvm_card$writer$sending sending(
        .d(sending$d),
        .q(sending$q),
        .clock(sending$clock)
    );
    metisvm_card$writer$request request(
        .d(request$d),
        .q(request$q),
        .clock(request$clock)
    );
    metisvm_card$writer$request_address request_address(
        .d(request_address$d),
        .q(request_address$q),
        .clock(request_address$clock)
    );
    metisvm_card$writer$request_words request_words(
        .d(request_words$d),
        .q(request_words$q),
        .clock(request_words$clock)
    );
    
    // Update code
    always @(*) begin
        write_at$clock = clock;
        read_at$clock = clock;
        held$clock = clock;
        address$clock = clock;
        sending$clock = clock;
        request$clock = clock;
        request_address$clock = clock;
        request_words$clock = clock;
        write_at$d = write_at$q;
        read_at$d = read_at$q;
        held$d = held$q;
        address$d = address$q;
        sending$d = sending$q;
        request$d = request$q;
        request_address$d = request_address$q;
        request_words$d = request_words$q;
        read_at_n = read_at$q;
        words$read_clock = clock;
        words$write_clock = clock;
        active = request$q || (sending$q != 32'h0);
        held_bytes = ((held$q) & 12'hfff);
        held_bytes = held_bytes << 32'h3;
        held_wide = ((held_bytes) & 64'hffffffffffffffff);
        place_start = address$q[(32'h0)+:(12)];
        place = place_start + held_bytes;
        full = (held$q == 32'h40) || ((held$q != 32'h0) && (place == 32'h0));
        issue = ~active && (full || (flush && (held$q != 32'h0)));
        accept = push && ~full;
        ready = ~full;
        idle = ~active && (held$q == 32'h0);
        words$write_address = write_at$q;
        words$write_data = data;
        words$write_enable = accept;
        if (accept) begin
            write_at$d = write_at$q + 32'h1;
            held$d = held$q + 32'h1;
        end
        if (start) begin
            address$d = start_address;
        end
        wq_valid = request$q;
        wq_address = request_address$q;
        words_wide = ((request_words$q) & 13'h1fff);
        wq_bytes = words_wide << 32'h3;
        if (request$q && wq_ready) begin
            request$d = 1'b0;
        end
        wd_valid = (sending$q != 32'h0) && ~request$q;
        wd_data = words$read_data;
        wd_last = sending$q == 32'h1;
        if ((sending$q != 32'h0) && ~request$q && wd_ready) begin
            sending$d = sending$q - 32'h1;
            read_at_n = read_at$q + 32'h1;
        end
        if (issue) begin
            request$d = 1'b1;
            request_address$d = address$q;
            request_words$d = held$q;
            sending$d = held$q;
            address$d = address$q + held_wide;
            held$d = 32'h0;
            if (accept) begin
                held$d = 32'h1;
            end
        end
        words$read_address = read_at_n;
        read_at$d = read_at_n;
    end
    
endmodule // metisvm_card$writer


module metisvm_card$writer$address(d,q,clock);
    
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
          
endmodule // metisvm_card$writer$address


module metisvm_card$writer$held(d,q,clock);
    
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
          
endmodule // metisvm_card$writer$held


module metisvm_card$writer$read_at(d,q,clock);
    
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
          
endmodule // metisvm_card$writer$read_at


module metisvm_card$writer$request(d,q,clock);
    
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
          
endmodule // metisvm_card$writer$request


module metisvm_card$writer$request_address(d,q,clock);
    
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
          
endmodule // metisvm_card$writer$request_address


module metisvm_card$writer$request_words(d,q,clock);
    
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
          
endmodule // metisvm_card$writer$request_words


module metisvm_card$writer$sending(d,q,clock);
    
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
          
endmodule // metisvm_card$writer$sending


module metisvm_card$writer$words(read_address,read_clock,read_data,write_address,write_clock,write_data,write_enable);
    
    // Module arguments
    input wire  [6:0] read_address;
    input wire  read_clock;
    output reg  [63:0] read_data;
    input wire  [6:0] write_address;
    input wire  write_clock;
    input wire  [63:0] write_data;
    input wire  write_enable;
    
    // Update code (custom)
    reg[63:0] mem[127:0];
    
    
    
    always @(posedge read_clock) begin
       read_data <= mem[read_address];
    end
    
    always @(posedge write_clock) begin
       if (write_enable) begin
          mem[write_address] <= write_data;
       end
    end
                
endmodule // metisvm_card$writer$words


module metisvm_card$writer$write_at(d,q,clock);
    
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
          
endmodule // metisvm_card$writer$write_at
