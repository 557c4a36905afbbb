//! BAR0 behind an AXI4-Lite slave.
//!
//! Bases, sizes and doorbells of the queues lie in one memory, which the host writes and the queue engine
//! reads; what single bits tell (enabled, fresh, pending, armed, state) are vectors with a bit a queue, so
//! the number of queues is data.

use rust_hdl::prelude::*;

/// The register file. Offsets and capabilities come from `metisvm_firmware` when the Verilog is written.
#[derive(LogicBlock, Default)]
pub struct Registers {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Write address.
    pub s_awaddr: Signal<In, Bits<16>>,
    /// It is valid.
    pub s_awvalid: Signal<In, Bit>,
    /// It is taken, together with the data.
    pub s_awready: Signal<Out, Bit>,
    /// Write data.
    pub s_wdata: Signal<In, Bits<32>>,
    /// Its bytes; a write of less than four does nothing.
    pub s_wstrb: Signal<In, Bits<4>>,
    /// It is valid.
    pub s_wvalid: Signal<In, Bit>,
    /// It is taken.
    pub s_wready: Signal<Out, Bit>,
    /// Always OKAY.
    pub s_bresp: Signal<Out, Bits<2>>,
    /// The write is done.
    pub s_bvalid: Signal<Out, Bit>,
    /// The host has seen it.
    pub s_bready: Signal<In, Bit>,
    /// Read address.
    pub s_araddr: Signal<In, Bits<16>>,
    /// It is valid.
    pub s_arvalid: Signal<In, Bit>,
    /// It is taken.
    pub s_arready: Signal<Out, Bit>,
    /// Read data.
    pub s_rdata: Signal<Out, Bits<32>>,
    /// Always OKAY.
    pub s_rresp: Signal<Out, Bits<2>>,
    /// It is valid.
    pub s_rvalid: Signal<Out, Bit>,
    /// The host has it.
    pub s_rready: Signal<In, Bit>,
    /// Queues of the card.
    pub queues: Signal<In, Bits<7>>,
    /// The card's state, 1 to 3.
    pub status: Signal<In, Bits<2>>,
    /// Forgets queues and nonce (the end of a reset).
    pub clear: Signal<In, Bit>,
    /// The host asks for a reset.
    pub reset: Signal<Out, Bit>,
    /// The session's nonce, 0 before there is one.
    pub boot_nonce: Signal<Out, Bits<32>>,
    /// Which constant register is asked for: word 0 to 63.
    pub constant_address: Signal<Out, Bits<6>>,
    /// What it reads, a cycle later.
    pub constant_data: Signal<In, Bits<32>>,
    /// The counter that is asked for.
    pub counter_address: Signal<Out, Bits<6>>,
    /// What it reads.
    pub counter_data: Signal<In, Bits<32>>,
    /// The queue engine reads a register of a queue.
    pub cfg_use: Signal<In, Bit>,
    /// Which: queue, word.
    pub cfg_address: Signal<In, Bits<10>>,
    /// What it holds, a cycle later.
    pub cfg_data: Signal<Out, Bits<32>>,
    /// The queue that the ports below mean, a cycle later.
    pub sel: Signal<In, Bits<6>>,
    /// It waits for service.
    pub sel_pending: Signal<Out, Bit>,
    /// It is enabled.
    pub sel_enabled: Signal<Out, Bit>,
    /// It was enabled and not looked at since.
    pub sel_fresh: Signal<Out, Bit>,
    /// Its state is running.
    pub sel_running: Signal<Out, Bit>,
    /// Its interrupt is armed.
    pub sel_armed: Signal<Out, Bit>,
    /// Service begins: forget that it waits.
    pub take: Signal<In, Bit>,
    /// It waits again.
    pub again: Signal<In, Bit>,
    /// Its state becomes `new_state`, and it is no longer fresh.
    pub set_state: Signal<In, Bit>,
    /// See `set_state`.
    pub new_state: Signal<In, Bits<2>>,
    /// Its interrupt was raised.
    pub disarm: Signal<In, Bit>,
    /// Some queue waits for service, or an access is in progress.
    pub active: Signal<Out, Bit>,

    memory: RAM<Bits<32>, 10>,
    enable: DFF<Bits<64>>,
    fresh: DFF<Bits<64>>,
    pending: DFF<Bits<64>>,
    armed: DFF<Bits<64>>,
    state_low: DFF<Bits<64>>,
    state_high: DFF<Bits<64>>,
    nonce: DFF<Bits<32>>,
    write_state: DFF<Bits<3>>,
    write_address: DFF<Bits<16>>,
    write_data: DFF<Bits<32>>,
    write_whole: DFF<Bit>,
    read_state: DFF<Bits<3>>,
    // Choices of one bit of 64 are made in a cycle of their own, between two registers.
    sel_pending_reg: DFF<Bit>,
    sel_enabled_reg: DFF<Bit>,
    sel_fresh_reg: DFF<Bit>,
    sel_running_reg: DFF<Bit>,
    sel_armed_reg: DFF<Bit>,
    sel_mask: DFF<Bits<64>>,
    write_mask: DFF<Bits<64>>,
    write_enabled: DFF<Bit>,
    write_is_queue: DFF<Bit>,
    any_pending: DFF<Bit>,
    sets_state: DFF<Bit>,
    state_set: DFF<Bits<2>>,
    read_memory: DFF<Bits<32>>,
    read_bits: DFF<Bits<2>>,
    read_enabled: DFF<Bit>,
    read_armed: DFF<Bit>,
    read_address: DFF<Bits<16>>,
    read_data: DFF<Bits<32>>,

    one: Signal<Local, Bits<64>>,
    write_keep: Signal<Local, Bits<64>>,
    sel_keep: Signal<Local, Bits<64>>,
    write_queue: Signal<Local, Bits<6>>,
    write_word: Signal<Local, Bits<4>>,
    read_queue: Signal<Local, Bits<6>>,
    read_word: Signal<Local, Bits<4>>,
    read_is_queue: Signal<Local, Bit>,
    read_low: Signal<Local, Bit>,
    read_is_counter: Signal<Local, Bit>,
    bit_value: Signal<Local, Bits<32>>,
    wide_queue: Signal<Local, Bits<7>>,
    memory_address: Signal<Local, Bits<10>>,
    memory_word: Signal<Local, Bits<10>>,
    pending_n: Signal<Local, Bits<64>>,
    fresh_n: Signal<Local, Bits<64>>,
    armed_n: Signal<Local, Bits<64>>,
    low_n: Signal<Local, Bits<64>>,
    high_n: Signal<Local, Bits<64>>,
    mem_write: Signal<Local, Bit>,
    mem_data: Signal<Local, Bits<32>>,
}

impl Logic for Registers {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            enable,
            fresh,
            pending,
            armed,
            state_low,
            state_high,
            nonce,
            write_state,
            write_address,
            write_data,
            write_whole,
            read_state,
            sel_pending_reg,
            sel_enabled_reg,
            sel_fresh_reg,
            sel_running_reg,
            sel_armed_reg,
            sel_mask,
            write_mask,
            write_enabled,
            write_is_queue,
            any_pending,
            sets_state,
            state_set,
            read_memory,
            read_bits,
            read_enabled,
            read_armed,
            read_address,
            read_data
        );
        self.memory.read_clock.next = self.clock.val();
        self.memory.write_clock.next = self.clock.val();
        self.pending_n.next = self.pending.q.val();
        self.fresh_n.next = self.fresh.q.val();
        self.armed_n.next = self.armed.q.val();
        self.low_n.next = self.state_low.q.val();
        self.high_n.next = self.state_high.q.val();
        self.s_bresp.next = 0.into();
        self.s_rresp.next = 0.into();
        self.reset.next = false;
        self.one.next = 1.into();
        self.sel_mask.d.next = self.one.val() << self.sel.val();
        self.sel_keep.next = !self.sel_mask.q.val();

        // The queue engine.
        self.sel_pending.next = self.sel_pending_reg.q.val();
        self.sel_pending_reg.d.next = self.pending.q.val().get_bit(self.sel.val().index());
        self.sel_enabled.next = self.sel_enabled_reg.q.val();
        self.sel_enabled_reg.d.next = self.enable.q.val().get_bit(self.sel.val().index());
        self.sel_fresh.next = self.sel_fresh_reg.q.val();
        self.sel_fresh_reg.d.next = self.fresh.q.val().get_bit(self.sel.val().index());
        self.sel_armed.next = self.sel_armed_reg.q.val();
        self.sel_armed_reg.d.next = self.armed.q.val().get_bit(self.sel.val().index());
        self.sel_running.next = self.sel_running_reg.q.val();
        self.sel_running_reg.d.next = self.state_low.q.val().get_bit(self.sel.val().index())
            && !self.state_high.q.val().get_bit(self.sel.val().index());
        if self.take.val() {
            self.pending_n.next = self.pending_n.val() & self.sel_keep.val();
        }
        if self.again.val() {
            self.pending_n.next = self.pending_n.val() | self.sel_mask.q.val();
        }
        if self.disarm.val() {
            self.armed_n.next = self.armed_n.val() & self.sel_keep.val();
        }
        self.sets_state.d.next = self.set_state.val();
        self.state_set.d.next = self.new_state.val();
        if self.sets_state.q.val() {
            self.fresh_n.next = self.fresh_n.val() & self.sel_keep.val();
            self.low_n.next = self.low_n.val() & self.sel_keep.val();
            self.high_n.next = self.high_n.val() & self.sel_keep.val();
            if self.state_set.q.val().get_bit(0) {
                self.low_n.next = self.low_n.val() | self.sel_mask.q.val();
            }
            if self.state_set.q.val().get_bit(1) {
                self.high_n.next = self.high_n.val() | self.sel_mask.q.val();
            }
        }

        // Writes. A doorbell that comes while its queue is taken wins: it is applied last.
        self.write_queue.next = self.write_address.q.val().get_bits::<6>(6);
        self.write_word.next = self.write_address.q.val().get_bits::<4>(2);
        self.wide_queue.next = bit_cast::<7, 6>(self.write_queue.val());
        self.write_is_queue.d.next = (self.write_address.q.val().get_bits::<4>(12) == 1)
            && (self.write_address.q.val().get_bits::<2>(0) == 0)
            && (self.wide_queue.val() < self.queues.val())
            && self.write_whole.q.val();
        self.write_mask.d.next = self.one.val() << self.write_queue.val();
        self.write_keep.next = !self.write_mask.q.val();
        self.write_enabled.d.next = self.enable.q.val().get_bit(self.write_queue.val().index());
        self.s_awready.next = false;
        self.s_wready.next = false;
        self.s_bvalid.next = false;
        self.memory_address.next = bit_cast::<10, 6>(self.write_queue.val());
        self.memory_address.next = self.memory_address.val() << 4;
        self.memory_word.next = bit_cast::<10, 4>(self.write_word.val());
        self.mem_write.next = false;
        self.mem_data.next = self.write_data.q.val();
        if self.write_state.q.val() == 0 {
            if self.s_awvalid.val() && self.s_wvalid.val() {
                self.s_awready.next = true;
                self.s_wready.next = true;
                self.write_address.d.next = self.s_awaddr.val();
                self.write_data.d.next = self.s_wdata.val();
                self.write_whole.d.next = self.s_wstrb.val().all();
                self.write_state.d.next = 5.into();
            }
        }
        // What the address means is looked at before it is acted on.
        if self.write_state.q.val() == 5 {
            self.write_state.d.next = 1.into();
        }
        if self.write_state.q.val() == 1 {
            self.write_state.d.next = 4.into();
            if self.write_is_queue.q.val() {
                if self.write_word.val() <= bits::<4>(4) {
                    self.mem_write.next = !self.write_enabled.q.val();
                }
                if (self.write_word.val() == 6) || (self.write_word.val() == 7) {
                    self.mem_write.next = true;
                    self.pending_n.next = self.pending_n.val() | self.write_mask.q.val();
                }
                if self.write_word.val() == 9 {
                    self.armed_n.next = self.armed_n.val() & self.write_keep.val();
                    if self.write_data.q.val().get_bit(0) {
                        self.armed_n.next = self.armed_n.val() | self.write_mask.q.val();
                        self.pending_n.next = self.pending_n.val() | self.write_mask.q.val();
                    }
                }
                if self.write_word.val() == 5 {
                    if self.write_data.q.val().get_bit(0) {
                        if !self.write_enabled.q.val() {
                            self.write_state.d.next = 2.into();
                        }
                    } else {
                        self.enable.d.next = self.enable.q.val() & self.write_keep.val();
                        self.fresh_n.next = self.fresh_n.val() & self.write_keep.val();
                    }
                }
            }
            if self.write_whole.q.val() {
                if (self.write_address.q.val() == 0x1c) && self.write_data.q.val().get_bit(0) {
                    self.reset.next = true;
                }
                if (self.write_address.q.val() == 0x14) && (self.nonce.q.val() == 0) {
                    if !self.write_data.q.val().all() {
                        self.nonce.d.next = self.write_data.q.val();
                    }
                }
            }
        }
        // Enabling: both doorbells to 0, then the queue.
        if self.write_state.q.val() == 2 {
            self.memory_word.next = 6.into();
            self.mem_write.next = true;
            self.mem_data.next = 0.into();
            self.write_state.d.next = 3.into();
        }
        if self.write_state.q.val() == 3 {
            self.memory_word.next = 7.into();
            self.mem_write.next = true;
            self.mem_data.next = 0.into();
            self.write_state.d.next = 6.into();
            self.enable.d.next = self.enable.q.val() | self.write_mask.q.val();
            self.fresh_n.next = self.fresh_n.val() | self.write_mask.q.val();
            self.pending_n.next = self.pending_n.val() | self.write_mask.q.val();
            self.armed_n.next = self.armed_n.val() & self.write_keep.val();
            self.low_n.next = self.low_n.val() & self.write_keep.val();
            self.high_n.next = self.high_n.val() & self.write_keep.val();
        }
        // Once more: the engine, which sees its bits late, may have taken it for a disabled one that waits.
        if self.write_state.q.val() == 6 {
            self.pending_n.next = self.pending_n.val() | self.write_mask.q.val();
            self.write_state.d.next = 4.into();
        }
        if self.write_state.q.val() == 4 {
            self.s_bvalid.next = true;
            if self.s_bready.val() {
                self.write_state.d.next = 0.into();
            }
        }
        self.memory.write_address.next = self.memory_address.val() | self.memory_word.val();
        self.memory.write_data.next = self.mem_data.val();
        self.memory.write_enable.next = self.mem_write.val();

        // Reads.
        self.s_arready.next = false;
        self.s_rvalid.next = false;
        self.s_rdata.next = self.read_data.q.val();
        self.read_queue.next = self.read_address.q.val().get_bits::<6>(6);
        self.read_word.next = self.read_address.q.val().get_bits::<4>(2);
        self.wide_queue.next = bit_cast::<7, 6>(self.read_queue.val());
        self.read_is_queue.next = (self.read_address.q.val().get_bits::<4>(12) == 1)
            && (self.read_address.q.val().get_bits::<2>(0) == 0)
            && (self.wide_queue.val() < self.queues.val());
        self.read_low.next = (self.read_address.q.val().get_bits::<8>(8) == 0)
            && (self.read_address.q.val().get_bits::<2>(0) == 0);
        self.read_is_counter.next = (self.read_address.q.val().get_bits::<10>(6) == 3)
            || (self.read_address.q.val().get_bits::<10>(6) == 4)
            || (self.read_address.q.val().get_bits::<10>(6) == 5);
        self.constant_address.next = self.read_address.q.val().get_bits::<6>(2);
        self.counter_address.next = self.read_address.q.val().get_bits::<6>(2) - bits::<6>(0x30);
        self.cfg_data.next = self.memory.read_data.val();
        self.memory.read_address.next = self.read_address.q.val().get_bits::<10>(2);
        if self.cfg_use.val() {
            self.memory.read_address.next = self.cfg_address.val();
        }
        self.bit_value.next = 0.into();
        if self.read_state.q.val() == 0 {
            if self.s_arvalid.val() {
                self.s_arready.next = true;
                self.read_address.d.next = self.s_araddr.val();
                self.read_state.d.next = 1.into();
            }
        }
        if self.read_state.q.val() == 1 {
            if !self.cfg_use.val() {
                self.read_state.d.next = 2.into();
            }
        }
        self.read_memory.d.next = self.read_memory.q.val();
        self.read_enabled.d.next = self.enable.q.val().get_bit(self.read_queue.val().index());
        self.read_armed.d.next = self.armed.q.val().get_bit(self.read_queue.val().index());
        self.read_bits.d.next = 0.into();
        if self.state_low.q.val().get_bit(self.read_queue.val().index()) {
            self.read_bits.d.next = 1.into();
        }
        if self.state_high.q.val().get_bit(self.read_queue.val().index()) {
            self.read_bits.d.next = 2.into();
            if self.state_low.q.val().get_bit(self.read_queue.val().index()) {
                self.read_bits.d.next = 3.into();
            }
        }
        if self.read_state.q.val() == 2 {
            self.read_state.d.next = 3.into();
            self.read_memory.d.next = self.memory.read_data.val();
        }
        if self.read_state.q.val() == 3 {
            self.read_state.d.next = 4.into();
            self.read_data.d.next = 0.into();
            if self.read_is_queue.val() {
                if (self.read_word.val() == 8) && self.read_enabled.q.val() {
                    self.bit_value.next = bit_cast::<32, 2>(self.read_bits.q.val());
                }
                if (self.read_word.val() == 5) && self.read_enabled.q.val() {
                    self.bit_value.next = 1.into();
                }
                if (self.read_word.val() == 9) && self.read_armed.q.val() {
                    self.bit_value.next = 1.into();
                }
                self.read_data.d.next = self.bit_value.val();
                if self.read_word.val() <= bits::<4>(4) {
                    self.read_data.d.next = self.read_memory.q.val();
                }
            }
            if self.read_low.val() {
                self.read_data.d.next = self.constant_data.val();
                if self.read_address.q.val() == 0x14 {
                    self.read_data.d.next = self.nonce.q.val();
                }
                if self.read_address.q.val() == 0x18 {
                    self.read_data.d.next = bit_cast::<32, 2>(self.status.val());
                }
            }
            // The counters lie from 0x0c0 to 0x17f.
            if self.read_is_counter.val() && (self.read_address.q.val().get_bits::<2>(0) == 0) {
                self.read_data.d.next = self.counter_data.val();
            }
        }
        if self.read_state.q.val() == 4 {
            self.s_rvalid.next = true;
            if self.s_rready.val() {
                self.read_state.d.next = 0.into();
            }
        }

        self.any_pending.d.next = self.pending.q.val().any();
        self.boot_nonce.next = self.nonce.q.val();
        self.active.next =
            self.any_pending.q.val() || (self.write_state.q.val() != 0) || (self.read_state.q.val() != 0);
        self.pending.d.next = self.pending_n.val();
        self.fresh.d.next = self.fresh_n.val();
        self.armed.d.next = self.armed_n.val();
        self.state_low.d.next = self.low_n.val();
        self.state_high.d.next = self.high_n.val();
        if self.clear.val() {
            self.enable.d.next = 0.into();
            self.fresh.d.next = 0.into();
            self.pending.d.next = 0.into();
            self.armed.d.next = 0.into();
            self.state_low.d.next = 0.into();
            self.state_high.d.next = 0.into();
            self.nonce.d.next = 0.into();
        }
    }
}
