//! A RUN: its items, three of which are in progress at a time.

use crate::shell::run_checks::{Limits, RunChecks};
use crate::shell::{stage_in::StageIn, stage_out::StageOut};
use metisvm_firmware::Capabilities;
use rust_hdl::prelude::*;

/// Has the entry checked, opens the program, and then brings inputs, has the engine work, and hands outputs on: while it
/// works on an item the input of the next is read, and the output of the one before is handed on. There are two areas for
/// inputs and two for outputs, and items use them in turn.
///
/// What goes wrong with an item is told when the outputs of all items before it are out, as if there was one at a time.
///
/// States: 0 waits, 1 has the entry checked, 2 waits for resident memory and opens the program, 3 waits for that, 4 works
/// on items, 10 ends the output, 11 waits for that; 12 closes the program, 15 has all others give up, 13 waits until
/// nothing is on its way, 14 is done.
///
/// Of the input: 0 waits for an area, 1 asks, 2 waits for the words, 3 until they can be read, 4 has met one that cannot
/// be read. Of the engine: 0 waits for an input and for an area, 1 works, 2 has failed. Of the output: 0 waits for one, 1
/// hands it on.
#[derive(LogicBlock)]
pub struct RunJob {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The job is given up.
    pub stop: Signal<In, Bit>,
    /// The entry; it stands until `done`.
    pub entry: [Signal<In, Bits<64>>; 8],
    /// The job begins.
    pub start: Signal<In, Bit>,
    /// It is done, for one cycle.
    pub done: Signal<Out, Bit>,
    /// How it ended.
    pub status: Signal<Out, Bits<15>>,
    /// The completion's detail.
    pub detail: Signal<Out, Bits<32>>,
    /// A job is in progress.
    pub working: Signal<Out, Bit>,
    /// See [`super::executor::Executor`], also for all that follow.
    pub run_handle: Signal<Out, Bits<6>>,
    /// See there.
    pub run_search: Signal<Out, Bit>,
    /// See there.
    pub run_present: Signal<In, Bit>,
    /// See there.
    pub run_is_state: Signal<In, Bit>,
    /// See there.
    pub run_piece: Signal<In, Bits<48>>,
    /// See there.
    pub run_upto: Signal<In, Bits<49>>,
    /// See there.
    pub run_range_ok: Signal<In, Bit>,
    /// See there.
    pub run_searched: Signal<In, Bit>,
    /// See there.
    pub run_meets: Signal<In, Bit>,
    /// A command for the fetcher.
    pub cmd_valid: Signal<Out, Bit>,
    /// It is taken.
    pub cmd_ready: Signal<In, Bit>,
    /// Its address.
    pub cmd_address: Signal<Out, Bits<64>>,
    /// Its bytes.
    pub cmd_length: Signal<Out, Bits<49>>,
    /// What is on its way is thrown away.
    pub abort: Signal<Out, Bit>,
    /// Nothing is on its way.
    pub drained: Signal<In, Bit>,
    /// A word of input is there.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// The word.
    pub in_data: Signal<In, Bits<64>>,
    /// The last one.
    pub in_end: Signal<In, Bit>,
    /// It cannot be read.
    pub in_error: Signal<In, Bit>,
    /// See [`super::writer::Writer`].
    pub write_start: Signal<Out, Bit>,
    /// See there.
    pub write_address: Signal<Out, Bits<64>>,
    /// See there.
    pub write_push: Signal<Out, Bit>,
    /// See there.
    pub write_data: Signal<Out, Bits<64>>,
    /// See there.
    pub write_flush: Signal<Out, Bit>,
    /// See there.
    pub write_ready: Signal<In, Bit>,
    /// See there.
    pub write_idle: Signal<In, Bit>,
    /// See [`crate::tensor::engine::Engine`], also for all that follow to `size`.
    pub engine_open: Signal<Out, Bit>,
    /// See there.
    pub engine_place: Signal<Out, Bits<43>>,
    /// See there.
    pub engine_bytes: Signal<Out, Bits<48>>,
    /// See there.
    pub engine_limit: Signal<Out, Bits<25>>,
    /// See there.
    pub engine_start: Signal<Out, Bit>,
    /// See there.
    pub engine_done: Signal<In, Bit>,
    /// See there.
    pub engine_status: Signal<In, Bits<15>>,
    /// See there.
    pub engine_index: Signal<In, Bits<32>>,
    /// See there.
    pub engine_stop: Signal<Out, Bit>,
    /// See there.
    pub engine_idle: Signal<In, Bit>,
    /// See there.
    pub base: [Signal<Out, Bits<48>>; 5],
    /// See there.
    pub size: [Signal<Out, Bits<48>>; 5],
    /// Card memory, an item's output: see [`crate::memory::block_memory::BlockMemory`], also for all that follow.
    pub rd_address: Signal<Out, Bits<48>>,
    /// See there.
    pub rd_words: Signal<Out, Bits<16>>,
    /// See there.
    pub rd_valid: Signal<Out, Bit>,
    /// See there.
    pub rd_ready: Signal<In, Bit>,
    /// See there.
    pub rd_data: Signal<In, Bits<64>>,
    /// See there.
    pub rd_data_valid: Signal<In, Bit>,
    /// See there.
    pub rd_data_ready: Signal<Out, Bit>,
    /// An item's input: see there.
    pub wr_address: Signal<Out, Bits<48>>,
    /// See there.
    pub wr_data: Signal<Out, Bits<64>>,
    /// See there.
    pub wr_valid: Signal<Out, Bit>,
    /// See there.
    pub wr_ready: Signal<In, Bit>,
    /// Every word of the host's side that was taken can be read.
    pub settled: Signal<In, Bit>,
    /// And every word of the engine's.
    pub engine_settled: Signal<In, Bit>,
    checks: RunChecks,
    stage_in: StageIn,
    stage_out: StageOut,
    state: DFF<Bits<4>>,
    /// The state is not the first one: of a register, as it chooses who has the words from the host.
    is_working: DFF<Bit>,
    in_state: DFF<Bits<3>>,
    work_state: DFF<Bits<2>>,
    out_state: DFF<Bit>,
    /// Items whose input is still to be read, whose output is still to be handed on.
    in_left: DFF<Bits<17>>,
    out_left: DFF<Bits<17>>,
    /// The areas that are next.
    in_area: DFF<Bit>,
    work_area: DFF<Bit>,
    out_area: DFF<Bit>,
    /// Inputs that are there, also that of the item that is worked on; and outputs.
    inputs: DFF<Bits<2>>,
    outputs: DFF<Bits<2>>,
    /// Where the next input is: its halves, and the lower one of the one behind.
    at_low: DFF<Bits<32>>,
    at_high: DFF<Bits<32>>,
    at_sum: DFF<Bits<33>>,
    folds: DFF<Bit>,
    /// How the item that is worked on has failed.
    work_status: DFF<Bits<15>>,
    work_detail: DFF<Bits<32>>,
    status_reg: DFF<Bits<15>>,
    detail_reg: DFF<Bits<32>>,
    failed: DFF<Bit>,
    /// The job ends, a cycle late.
    ending: DFF<Bit>,
    /// What the engine says, a cycle late.
    engine_ends: DFF<Bit>,
    ended_status: DFF<Bits<15>>,
    ended_index: DFF<Bits<32>>,
    /// Cycles that the engine has worked, in halves.
    spent_low: DFF<Bits<32>>,
    spent_high: DFF<Bits<32>>,
    wraps: DFF<Bit>,
    over_low: DFF<Bit>,
    over_high: DFF<Bit>,
    fails: Signal<Local, Bit>,
    fail_status: Signal<Local, Bits<15>>,
    fail_detail: Signal<Local, Bits<32>>,
    input_bytes: Signal<Local, Bits<32>>,
    output_bytes: Signal<Local, Bits<32>>,
    ends: Signal<Local, Bit>,
    clean: Signal<Local, Bit>,
    is_brought: Signal<Local, Bit>,
    is_worked: Signal<Local, Bit>,
    is_out: Signal<Local, Bit>,
    at: Signal<Local, Bits<64>>,
    limit: Constant<Bits<25>>,
    budget_low: Constant<Bits<32>>,
    budget_high: Constant<Bits<32>>,
    input_area: [Constant<Bits<48>>; 2],
    output_area: [Constant<Bits<48>>; 2],
}

/// Where inputs and outputs of items lie in card memory, above what the host sees of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Areas {
    /// The first bytes of inputs of items, of which two are there at a time.
    pub inputs: [u64; 2],
    /// The first bytes of their outputs.
    pub outputs: [u64; 2],
    /// The bytes of all card memory.
    pub end: u64,
}

impl Areas {
    /// Of a card that says so.
    pub fn new(capabilities: &Capabilities) -> Self {
        let input_bytes = u64::from(capabilities.max_input_bytes).next_multiple_of(64);
        let output_bytes = u64::from(capabilities.max_output_bytes).next_multiple_of(64);
        let input = capabilities.card_memory_bytes.next_multiple_of(64);
        let output = input + 2 * input_bytes;
        Self {
            inputs: [input, input + input_bytes],
            outputs: [output, output + output_bytes],
            end: output + 2 * output_bytes,
        }
    }
}

impl RunJob {
    /// Jobs of a card that says so.
    pub fn new(capabilities: &Capabilities) -> Self {
        let areas = Areas::new(capabilities);
        Self {
            clock: Signal::default(),
            stop: Signal::default(),
            entry: Default::default(),
            start: Signal::default(),
            done: Signal::default(),
            status: Signal::default(),
            detail: Signal::default(),
            working: Signal::default(),
            run_handle: Signal::default(),
            run_search: Signal::default(),
            run_present: Signal::default(),
            run_is_state: Signal::default(),
            run_piece: Signal::default(),
            run_upto: Signal::default(),
            run_range_ok: Signal::default(),
            run_searched: Signal::default(),
            run_meets: Signal::default(),
            cmd_valid: Signal::default(),
            cmd_ready: Signal::default(),
            cmd_address: Signal::default(),
            cmd_length: Signal::default(),
            abort: Signal::default(),
            drained: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            in_data: Signal::default(),
            in_end: Signal::default(),
            in_error: Signal::default(),
            write_start: Signal::default(),
            write_address: Signal::default(),
            write_push: Signal::default(),
            write_data: Signal::default(),
            write_flush: Signal::default(),
            write_ready: Signal::default(),
            write_idle: Signal::default(),
            engine_open: Signal::default(),
            engine_place: Signal::default(),
            engine_bytes: Signal::default(),
            engine_limit: Signal::default(),
            engine_start: Signal::default(),
            engine_done: Signal::default(),
            engine_status: Signal::default(),
            engine_index: Signal::default(),
            engine_stop: Signal::default(),
            engine_idle: Signal::default(),
            base: Default::default(),
            size: Default::default(),
            rd_address: Signal::default(),
            rd_words: Signal::default(),
            rd_valid: Signal::default(),
            rd_ready: Signal::default(),
            rd_data: Signal::default(),
            rd_data_valid: Signal::default(),
            rd_data_ready: Signal::default(),
            wr_address: Signal::default(),
            wr_data: Signal::default(),
            wr_valid: Signal::default(),
            wr_ready: Signal::default(),
            settled: Signal::default(),
            engine_settled: Signal::default(),
            checks: RunChecks::new(&Limits {
                batch: capabilities.max_batch,
                input_bytes: capabilities.max_input_bytes,
                output_bytes: capabilities.max_output_bytes,
                handles: capabilities.max_handles,
            }),
            stage_in: StageIn::default(),
            stage_out: StageOut::default(),
            state: DFF::default(),
            is_working: DFF::default(),
            in_state: DFF::default(),
            work_state: DFF::default(),
            out_state: DFF::default(),
            in_left: DFF::default(),
            out_left: DFF::default(),
            in_area: DFF::default(),
            work_area: DFF::default(),
            out_area: DFF::default(),
            inputs: DFF::default(),
            outputs: DFF::default(),
            at_low: DFF::default(),
            at_high: DFF::default(),
            at_sum: DFF::default(),
            folds: DFF::default(),
            work_status: DFF::default(),
            work_detail: DFF::default(),
            status_reg: DFF::default(),
            detail_reg: DFF::default(),
            failed: DFF::default(),
            ending: DFF::default(),
            engine_ends: DFF::default(),
            ended_status: DFF::default(),
            ended_index: DFF::default(),
            spent_low: DFF::default(),
            spent_high: DFF::default(),
            wraps: DFF::default(),
            over_low: DFF::default(),
            over_high: DFF::default(),
            fails: Signal::default(),
            fail_status: Signal::default(),
            fail_detail: Signal::default(),
            input_bytes: Signal::default(),
            output_bytes: Signal::default(),
            ends: Signal::default(),
            clean: Signal::default(),
            is_brought: Signal::default(),
            is_worked: Signal::default(),
            is_out: Signal::default(),
            at: Signal::default(),
            limit: Constant::new(u64::from(capabilities.max_program_instructions).into()),
            budget_low: Constant::new((capabilities.work_budget & u64::from(u32::MAX)).into()),
            budget_high: Constant::new((capabilities.work_budget >> 32).into()),
            input_area: areas.inputs.map(|at| Constant::new(at.into())),
            output_area: areas.outputs.map(|at| Constant::new(at.into())),
        }
    }
}

impl Logic for RunJob {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            is_working,
            in_state,
            work_state,
            out_state,
            in_left,
            out_left,
            in_area,
            work_area,
            out_area,
            inputs,
            outputs,
            at_low,
            at_high,
            at_sum,
            folds,
            work_status,
            work_detail,
            status_reg,
            detail_reg,
            failed,
            ending,
            engine_ends,
            ended_status,
            ended_index,
            spent_low,
            spent_high,
            wraps,
            over_low,
            over_high
        );
        clock!(self, clock, checks, stage_in, stage_out);
        self.input_bytes.next = self.entry[5].val().get_bits::<32>(0);
        self.output_bytes.next = self.entry[5].val().get_bits::<32>(32);
        self.working.next = self.is_working.q.val();
        self.done.next = self.state.q.val() == 14;
        self.status.next = self.status_reg.q.val();
        self.detail.next = self.detail_reg.q.val();
        self.ends.next =
            (self.state.q.val() == 12) || (self.state.q.val() == 13) || (self.state.q.val() == 15);
        self.ending.d.next = self.ends.val();
        self.engine_ends.d.next = self.engine_done.val() && !self.ends.val();
        self.ended_status.d.next = self.engine_status.val();
        self.ended_index.d.next = self.engine_index.val();

        // The checks.
        self.checks.start.next = (self.state.q.val() == 0) && self.start.val();
        self.checks.clear.next = self.ends.val();
        for i in 0..8 {
            self.checks.entry[i].next = self.entry[i].val();
        }
        self.run_handle.next = self.checks.run_handle.val();
        self.run_search.next = self.checks.run_search.val();
        self.checks.run_present.next = self.run_present.val();
        self.checks.run_is_state.next = self.run_is_state.val();
        self.checks.run_piece.next = self.run_piece.val();
        self.checks.run_upto.next = self.run_upto.val();
        self.checks.run_range_ok.next = self.run_range_ok.val();
        self.checks.run_searched.next = self.run_searched.val();
        self.checks.run_meets.next = self.run_meets.val();

        // Spaces, and where the program is.
        self.base[0].next = self.checks.base[0].val();
        self.size[0].next = self.checks.size[0].val();
        self.base[1].next = self.input_area[0].val();
        self.size[1].next = bit_cast::<48, 32>(self.input_bytes.val());
        self.base[2].next = self.output_area[0].val();
        if self.work_area.q.val() {
            self.base[1].next = self.input_area[1].val();
            self.base[2].next = self.output_area[1].val();
        }
        self.size[2].next = bit_cast::<48, 32>(self.output_bytes.val());
        self.base[3].next = self.entry[6].val().get_bits::<48>(0);
        self.size[3].next = self.entry[7].val().get_bits::<48>(0);
        self.base[4].next = self.checks.base[1].val();
        self.size[4].next = self.checks.size[1].val();
        self.engine_place.next = self.checks.base[2].val().get_bits::<43>(5);
        self.engine_bytes.next = self.checks.size[2].val();
        self.engine_limit.next = self.limit.val();
        self.engine_open.next = false;
        self.engine_start.next = false;
        self.engine_stop.next = self.state.q.val() == 12;

        // Input.
        self.stage_in.clear.next = self.ending.q.val();
        self.stage_in.start.next = self.in_state.q.val() == 1;
        self.at.next = bit_cast::<64, 32>(self.at_high.q.val());
        self.at.next = self.at.val() << 32;
        self.at.next = self.at.val() | bit_cast::<64, 32>(self.at_low.q.val());
        self.stage_in.from.next = self.at.val();
        self.stage_in.to.next = self.input_area[0].val();
        if self.in_area.q.val() {
            self.stage_in.to.next = self.input_area[1].val();
        }
        self.stage_in.bytes.next = self.input_bytes.val();
        self.cmd_valid.next = self.stage_in.cmd_valid.val();
        self.stage_in.cmd_ready.next = self.cmd_ready.val();
        self.cmd_address.next = self.stage_in.cmd_address.val();
        self.cmd_length.next = self.stage_in.cmd_length.val();
        self.stage_in.in_valid.next = self.in_valid.val();
        self.stage_in.in_data.next = self.in_data.val();
        self.stage_in.in_end.next = self.in_end.val();
        self.stage_in.in_error.next = self.in_error.val();
        self.in_ready.next = self.stage_in.in_ready.val() || self.ending.q.val();
        self.abort.next = self.ending.q.val() && self.failed.q.val();
        self.wr_address.next = self.stage_in.wr_address.val();
        self.wr_data.next = self.stage_in.wr_data.val();
        self.wr_valid.next = self.stage_in.wr_valid.val();
        self.stage_in.wr_ready.next = self.wr_ready.val();

        // Output.
        self.stage_out.clear.next = self.state.q.val() == 2;
        self.stage_out.start.next = false;
        self.stage_out.from.next = self.output_area[0].val();
        if self.out_area.q.val() {
            self.stage_out.from.next = self.output_area[1].val();
        }
        self.stage_out.bytes.next = self.output_bytes.val();
        self.stage_out.finish.next = self.state.q.val() == 10;
        self.stage_out.stop.next = self.ending.q.val() && self.failed.q.val();
        self.rd_address.next = self.stage_out.rd_address.val();
        self.rd_words.next = self.stage_out.rd_words.val();
        self.rd_valid.next = self.stage_out.rd_valid.val();
        self.stage_out.rd_ready.next = self.rd_ready.val();
        self.stage_out.rd_data.next = self.rd_data.val();
        self.stage_out.rd_data_valid.next = self.rd_data_valid.val();
        self.rd_data_ready.next = self.stage_out.rd_data_ready.val();
        self.write_start.next = self.state.q.val() == 2;
        self.write_address.next = self.entry[4].val();
        self.write_push.next = self.stage_out.write_push.val();
        self.write_data.next = self.stage_out.write_data.val();
        self.stage_out.write_ready.next = self.write_ready.val();
        self.write_flush.next = self.state.q.val() == 13;

        // No instruction takes more cycles than units of its cost: what is within the budget never gets there.
        self.over_low.d.next = self.spent_low.q.val() >= self.budget_low.val();
        self.over_high.d.next = self.spent_high.q.val() == self.budget_high.val();
        self.wraps.d.next = false;
        if self.wraps.q.val() {
            self.spent_high.d.next = self.spent_high.q.val() + 1;
        }

        self.fails.next = false;
        self.fail_status.next = 0.into();
        self.fail_detail.next = 0.into();
        if (self.state.q.val() == 0) && self.start.val() {
            self.state.d.next = 1.into();
            self.is_working.d.next = true;
            self.failed.d.next = false;
            self.status_reg.d.next = 0.into();
            self.detail_reg.d.next = 0.into();
            self.spent_low.d.next = 0.into();
            self.spent_high.d.next = 0.into();
            self.in_left.d.next = self.entry[2].val().get_bits::<17>(32);
            self.out_left.d.next = self.entry[2].val().get_bits::<17>(32);
            self.at_low.d.next = self.entry[3].val().get_bits::<32>(0);
            self.at_high.d.next = self.entry[3].val().get_bits::<32>(32);
            self.in_area.d.next = false;
            self.work_area.d.next = false;
            self.out_area.d.next = false;
            self.inputs.d.next = 0.into();
            self.outputs.d.next = 0.into();
            self.in_state.d.next = 0.into();
            self.work_state.d.next = 0.into();
            self.out_state.d.next = false;
        }
        if (self.state.q.val() == 1) && self.checks.done.val() {
            self.state.d.next = 2.into();
            if self.checks.status.val().any() {
                self.fails.next = true;
                self.fail_status.next = self.checks.status.val();
                self.fail_detail.next = self.checks.detail.val();
            }
        }
        if (self.state.q.val() == 2) && self.settled.val() {
            self.engine_open.next = true;
            self.state.d.next = 3.into();
        }
        if (self.state.q.val() == 3) && self.engine_ends.q.val() {
            self.state.d.next = 4.into();
            if self.ended_status.q.val().any() {
                self.fails.next = true;
                self.fail_status.next = self.ended_status.q.val();
                self.fail_detail.next = self.ended_index.q.val();
            }
        }

        // The next input.
        self.is_brought.next = false;
        self.folds.d.next = false;
        if self.folds.q.val() {
            self.at_low.d.next = self.at_sum.q.val().get_bits::<32>(0);
            if self.at_sum.q.val().get_bit(32) {
                self.at_high.d.next = self.at_high.q.val() + 1;
            }
        }
        if (self.state.q.val() == 4) && (self.in_state.q.val() == 0) {
            if self.in_left.q.val().any() && !self.inputs.q.val().get_bit(1) {
                self.in_state.d.next = 1.into();
            }
        }
        if self.in_state.q.val() == 1 {
            self.at_sum.d.next =
                bit_cast::<33, 32>(self.at_low.q.val()) + bit_cast::<33, 32>(self.input_bytes.val());
            self.folds.d.next = true;
            self.in_state.d.next = 2.into();
        }
        if self.in_state.q.val() == 2 {
            if self.stage_in.done.val() {
                self.in_state.d.next = 3.into();
            }
            if self.stage_in.failed.val() {
                self.in_state.d.next = 4.into();
            }
        }
        if (self.in_state.q.val() == 3) && self.settled.val() {
            self.is_brought.next = true;
            self.in_area.d.next = !self.in_area.q.val();
            self.in_left.d.next = self.in_left.q.val() - 1;
            self.in_state.d.next = 0.into();
        }

        // The engine.
        self.is_worked.next = false;
        self.clean.next = !self.out_state.q.val() && (self.outputs.q.val() == 0);
        if (self.state.q.val() == 4) && (self.work_state.q.val() == 0) {
            if self.inputs.q.val().any() && !self.outputs.q.val().get_bit(1) {
                self.engine_start.next = true;
                self.work_state.d.next = 1.into();
            }
            if (self.in_state.q.val() == 4) && !self.inputs.q.val().any() && self.clean.val() {
                self.fails.next = true;
                self.fail_status.next = 7.into();
            }
        }
        if self.work_state.q.val() == 1 {
            self.spent_low.d.next = self.spent_low.q.val() + 1;
            self.wraps.d.next = self.spent_low.q.val().all();
            if self.engine_ends.q.val() {
                self.work_status.d.next = self.ended_status.q.val();
                self.work_detail.d.next = self.ended_index.q.val();
                self.work_state.d.next = 2.into();
                if !self.ended_status.q.val().any() {
                    self.is_worked.next = true;
                    self.work_area.d.next = !self.work_area.q.val();
                    self.work_state.d.next = 0.into();
                }
            } else if self.over_low.q.val() && self.over_high.q.val() {
                self.work_status.d.next = 15.into();
                self.work_detail.d.next = 0.into();
                self.work_state.d.next = 2.into();
            }
        }
        if (self.state.q.val() == 4) && (self.work_state.q.val() == 2) && self.clean.val() {
            self.fails.next = true;
            self.fail_status.next = self.work_status.q.val();
            self.fail_detail.next = self.work_detail.q.val();
        }

        // The output before.
        self.is_out.next = false;
        if (self.state.q.val() == 4) && !self.out_state.q.val() {
            if self.outputs.q.val().any() {
                self.stage_out.start.next = true;
                self.out_state.d.next = true;
            }
            if !self.out_left.q.val().any() {
                self.state.d.next = 10.into();
            }
        }
        if (self.state.q.val() == 4) && self.out_state.q.val() && self.stage_out.done.val() {
            self.is_out.next = true;
            self.out_area.d.next = !self.out_area.q.val();
            self.out_left.d.next = self.out_left.q.val() - 1;
            self.out_state.d.next = false;
        }
        if self.is_brought.val() && !self.is_worked.val() {
            self.inputs.d.next = self.inputs.q.val() + 1;
        }
        if !self.is_brought.val() && self.is_worked.val() {
            self.inputs.d.next = self.inputs.q.val() - 1;
        }
        if self.is_worked.val() && !self.is_out.val() {
            self.outputs.d.next = self.outputs.q.val() + 1;
        }
        if !self.is_worked.val() && self.is_out.val() {
            self.outputs.d.next = self.outputs.q.val() - 1;
        }
        if self.state.q.val() == 10 {
            self.state.d.next = 11.into();
        }
        if (self.state.q.val() == 11) && self.stage_out.done.val() {
            self.state.d.next = 12.into();
        }
        if self.stop.val() && (self.state.q.val() != 0) {
            self.fails.next = true;
            self.fail_status.next = 19.into();
        }
        if self.fails.val() && !self.ends.val() && (self.state.q.val() != 14) {
            self.failed.d.next = true;
            self.in_state.d.next = 0.into();
            self.work_state.d.next = 0.into();
            self.out_state.d.next = false;
            self.status_reg.d.next = self.fail_status.val();
            self.detail_reg.d.next = self.fail_detail.val();
            self.state.d.next = 12.into();
        }
        if self.state.q.val() == 12 {
            self.state.d.next = 15.into();
        }
        if self.state.q.val() == 15 {
            self.state.d.next = 13.into();
        }
        if self.state.q.val() == 13 {
            if self.engine_idle.val()
                && self.stage_out.idle.val()
                && self.write_idle.val()
                && self.settled.val()
                && self.engine_settled.val()
                && (self.drained.val() || !self.failed.q.val())
            {
                self.state.d.next = 14.into();
                if !self.failed.q.val() {
                    self.detail_reg.d.next = self.stage_out.checksum.val();
                }
            }
        }
        if self.state.q.val() == 14 {
            self.state.d.next = 0.into();
            self.is_working.d.next = false;
        }
    }
}
