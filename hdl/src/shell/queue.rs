//! The queue engine: fetches entries in bursts, hands them on one after the other, posts completions.

use crate::shell::burst::Burst;
use rust_hdl::prelude::*;

/// Serves the queues that wait, round robin.
///
/// States: 0 looks for a queue, 1 reads its registers, 2 checks them, 3 waits for the burst, 4 has it, 5 asks for
/// it, 6 receives it, 7 reads an entry, 8 looks for its CANCEL, 9 has it executed, 10 to 12 post its
/// completion, 13 raises the interrupt, 14 begins the
/// execution, 15 throws away the rest of a burst that cannot be read.
#[derive(LogicBlock, Default)]
pub struct Queue {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// No new entry is begun.
    pub stop: Signal<In, Bit>,
    /// No queue is in service.
    pub idle: Signal<Out, Bit>,
    /// Queues of the card.
    pub queues: Signal<In, Bits<7>>,
    /// The largest allowed ENTRIES_LOG2.
    pub max_log2: Signal<In, Bits<32>>,
    /// The session's nonce.
    pub boot_nonce: Signal<In, Bits<32>>,
    /// See [`super::registers::Registers`].
    pub cfg_use: Signal<Out, Bit>,
    /// See there.
    pub cfg_address: Signal<Out, Bits<10>>,
    /// See there.
    pub cfg_data: Signal<In, Bits<32>>,
    /// See there.
    pub sel: Signal<Out, Bits<6>>,
    /// See there.
    pub sel_pending: Signal<In, Bit>,
    /// See there.
    pub sel_enabled: Signal<In, Bit>,
    /// See there.
    pub sel_fresh: Signal<In, Bit>,
    /// See there.
    pub sel_running: Signal<In, Bit>,
    /// See there.
    pub sel_armed: Signal<In, Bit>,
    /// See there.
    pub take: Signal<Out, Bit>,
    /// See there.
    pub again: Signal<Out, Bit>,
    /// See there.
    pub set_state: Signal<Out, Bit>,
    /// See there.
    pub new_state: Signal<Out, Bits<2>>,
    /// See there.
    pub disarm: Signal<Out, Bit>,
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
    /// A word of an entry is there.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// The word.
    pub in_data: Signal<In, Bits<64>>,
    /// The burst's last one.
    pub in_end: Signal<In, Bit>,
    /// The burst cannot be read.
    pub in_error: Signal<In, Bit>,
    /// The entry's words go to the executor.
    pub entry: [Signal<Out, Bits<64>>; 8],
    /// It begins.
    pub start: Signal<Out, Bit>,
    /// A CANCEL of the burst means this entry.
    pub cancelled: Signal<Out, Bit>,
    /// This is a CANCEL that has found its entry.
    pub found: Signal<Out, Bit>,
    /// The executor is done.
    pub done: Signal<In, Bit>,
    /// How.
    pub status: Signal<In, Bits<15>>,
    /// See `status`.
    pub detail: Signal<In, Bits<32>>,
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
    /// The interrupt of `sel` is raised.
    pub irq_valid: Signal<Out, Bit>,
    /// It is taken.
    pub irq_ready: Signal<In, Bit>,

    next_burst: Burst,
    contexts: RAM<Bits<64>, 6>,
    burst: RAM<Bits<64>, 6>,
    state: DFF<Bits<4>>,
    queue: DFF<Bits<6>>,
    step: DFF<Bits<7>>,
    sq: DFF<Bits<64>>,
    cq: DFF<Bits<64>>,
    log2: DFF<Bits<32>>,
    tail: DFF<Bits<16>>,
    consumed: DFF<Bits<16>>,
    head: DFF<Bits<16>>,
    completed: DFF<Bits<16>>,
    unannounced: DFF<Bit>,
    count: DFF<Bits<4>>,
    index: DFF<Bits<4>>,
    look: DFF<Bits<4>>,
    words: [DFF<Bits<64>>; 8],
    target: [DFF<Bits<32>>; 8],
    is_cancel: DFF<Bits<8>>,
    good: DFF<Bit>,
    has_found: DFF<Bits<8>>,
    is_cancelled: DFF<Bit>,
    // An entry has come in whole; which.
    is_whole: DFF<Bit>,
    whole: DFF<Bits<4>>,
    is_cancellable: DFF<Bit>,
    candidate: DFF<Bits<32>>,
    is_match: DFF<Bit>,
    // Cycles for which the queue was looked at, up to two.
    settled: DFF<Bits<2>>,

    good_word: Signal<Local, Bit>,
    one8: Signal<Local, Bits<8>>,
    look_mask: Signal<Local, Bits<8>>,
    whole_mask: Signal<Local, Bits<8>>,
    store: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    answered: Signal<Local, Bit>,
    saved: Signal<Local, Bits<64>>,
    saved_high: Signal<Local, Bits<64>>,
    low: Signal<Local, Bits<64>>,
    high: Signal<Local, Bits<64>>,
    opcode: Signal<Local, Bits<8>>,
    queue_wide: Signal<Local, Bits<10>>,
    step_wide: Signal<Local, Bits<10>>,
    last_queue: Signal<Local, Bits<7>>,
    next_queue: Signal<Local, Bits<6>>,
    index_wide: Signal<Local, Bits<6>>,
    step6: Signal<Local, Bits<6>>,
    next_index: Signal<Local, Bits<4>>,
    flag: Signal<Local, Bits<64>>,
    phase: Signal<Local, Bits<64>>,
}

impl Logic for Queue {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            queue,
            step,
            sq,
            cq,
            log2,
            tail,
            consumed,
            head,
            completed,
            unannounced,
            count,
            index,
            look,
            is_cancel,
            good,
            has_found,
            is_cancelled,
            is_whole,
            whole,
            is_cancellable,
            candidate,
            is_match,
            settled
        );
        clock!(self, clock, next_burst);
        self.contexts.read_clock.next = self.clock.val();
        self.contexts.write_clock.next = self.clock.val();
        self.burst.read_clock.next = self.clock.val();
        self.burst.write_clock.next = self.clock.val();
        for i in 0..8 {
            self.words[i].clock.next = self.clock.val();
            self.words[i].d.next = self.words[i].q.val();
            self.target[i].clock.next = self.clock.val();
            self.target[i].d.next = self.target[i].q.val();
            self.entry[i].next = self.words[i].q.val();
        }
        self.flag.next = 1.into();
        self.flag.next = self.flag.val() << 32;
        self.phase.next = self.flag.val() << 16;
        self.idle.next = self.state.q.val() == 0;
        self.sel.next = self.queue.q.val();
        self.take.next = false;
        self.again.next = false;
        self.set_state.next = false;
        self.new_state.next = 0.into();
        self.disarm.next = false;
        self.cmd_valid.next = false;
        self.abort.next = false;
        self.in_ready.next = false;
        self.start.next = false;
        self.write_start.next = false;
        self.write_push.next = false;
        self.write_flush.next = false;
        self.irq_valid.next = false;
        self.store.next = false;
        self.ends.next = false;
        self.answered.next = false;
        self.cfg_use.next = self.state.q.val() == 1;
        self.queue_wide.next = bit_cast::<10, 6>(self.queue.q.val());
        self.queue_wide.next = self.queue_wide.val() << 4;
        self.step_wide.next = bit_cast::<10, 4>(self.step.q.val().get_bits::<4>(0));
        self.cfg_address.next = self.queue_wide.val() | self.step_wide.val();
        self.low.next = bit_cast::<64, 32>(self.cfg_data.val());
        self.high.next = self.low.val() << 32;
        self.next_burst.sq.next = self.sq.q.val();
        self.next_burst.cq.next = self.cq.q.val();
        self.next_burst.log2.next = self.log2.q.val();
        self.next_burst.max_log2.next = self.max_log2.val();
        self.next_burst.tail.next = self.tail.q.val();
        self.next_burst.head.next = self.head.q.val();
        self.next_burst.completed.next = self.completed.q.val();
        self.next_burst.consumed.next = self.consumed.q.val();
        self.cmd_address.next = self.next_burst.address.val();
        self.cmd_length.next = bit_cast::<49, 4>(self.count.q.val());
        self.cmd_length.next = self.cmd_length.val() << 6;
        self.last_queue.next = self.queues.val() - 1;
        self.next_queue.next = self.queue.q.val() + 1;
        if bit_cast::<7, 6>(self.queue.q.val()) == self.last_queue.val() {
            self.next_queue.next = 0.into();
        }
        self.opcode.next = self.words[0].q.val().get_bits::<8>(0);
        self.one8.next = 1.into();
        self.whole_mask.next = self.one8.val() << self.whole.q.val();
        self.look_mask.next = self.one8.val() << self.look.q.val();
        self.cancelled.next = self.is_cancelled.q.val();
        self.found.next = self
            .has_found
            .q
            .val()
            .get_bit(self.index.q.val().get_bits::<3>(0).index());
        self.next_index.next = self.index.q.val() + 1;

        // A CANCEL without a stray field, and of this session.
        self.good_word.next = self.in_data.val() == 0;
        if self.step.q.val().get_bits::<3>(0) == 0 {
            self.good_word.next = self.in_data.val().get_bits::<32>(0) == 1;
        }
        if self.step.q.val().get_bits::<3>(0) == 1 {
            self.good_word.next = (self.in_data.val().get_bits::<32>(0) == self.boot_nonce.val())
                && (self.in_data.val().get_bits::<32>(32) == 0);
        }
        if self.step.q.val().get_bits::<3>(0) == 2 {
            self.good_word.next = self.in_data.val().get_bits::<32>(0) == 0;
        }
        self.candidate.d.next = 0.into();
        for i in 0..8 {
            if self.look.q.val() == i.to_bits() {
                self.candidate.d.next = self.target[i].q.val();
            }
        }
        self.is_match.d.next = self
            .is_cancel
            .q
            .val()
            .get_bit(self.look.q.val().get_bits::<3>(0).index())
            && (self.candidate.q.val() == self.words[0].q.val().get_bits::<32>(32));
        self.is_cancellable.d.next = (self.opcode.val() >= bits::<8>(2))
            && (self.opcode.val() <= bits::<8>(5))
            && (self.boot_nonce.val() != 0)
            && (self.words[1].q.val().get_bits::<32>(0) == self.boot_nonce.val());

        self.burst.write_address.next = self.step.q.val().get_bits::<6>(0);
        self.burst.write_data.next = self.in_data.val();
        self.burst.write_enable.next = false;
        self.index_wide.next = bit_cast::<6, 4>(self.index.q.val());
        self.index_wide.next = self.index_wide.val() << 3;
        self.step6.next = bit_cast::<6, 3>(self.step.q.val().get_bits::<3>(0));
        self.burst.read_address.next = self.index_wide.val() | self.step6.val();

        // The bits of a queue come a cycle after its number, and change a cycle after its state is set.
        self.settled.d.next = 0.into();
        if self.state.q.val() == 0 {
            self.settled.d.next = self.settled.q.val() + 1;
            if self.settled.q.val() == 2 {
                self.settled.d.next = 0.into();
            }
            if !self.stop.val() && (self.settled.q.val() == 2) {
                if self.sel_pending.val() {
                    self.take.next = true;
                    if self.sel_enabled.val() && (self.sel_fresh.val() || self.sel_running.val()) {
                        self.state.d.next = 1.into();
                        self.step.d.next = 0.into();
                    }
                } else {
                    self.queue.d.next = self.next_queue.val();
                }
            }
        }
        if self.state.q.val() == 1 {
            self.step.d.next = self.step.q.val() + 1;
            if self.step.q.val() == 1 {
                self.sq.d.next = self.low.val();
            }
            if self.step.q.val() == 2 {
                self.sq.d.next = self.sq.q.val() | self.high.val();
            }
            if self.step.q.val() == 3 {
                self.cq.d.next = self.low.val();
            }
            if self.step.q.val() == 4 {
                self.cq.d.next = self.cq.q.val() | self.high.val();
            }
            if self.step.q.val() == 5 {
                self.log2.d.next = self.cfg_data.val();
            }
            if self.step.q.val() == 7 {
                self.tail.d.next = self.cfg_data.val().get_bits::<16>(0);
            }
            if self.step.q.val() == 8 {
                self.consumed.d.next = self.cfg_data.val().get_bits::<16>(0);
                self.state.d.next = 2.into();
            }
        }
        if self.state.q.val() == 2 {
            self.state.d.next = 3.into();
            self.step.d.next = 0.into();
            if !self.sel_enabled.val() || (self.sel_fresh.val() && self.sel_pending.val()) {
                // It may have been changed while its registers were read. If it was enabled anew, it waits.
                self.queue.d.next = self.next_queue.val();
                self.state.d.next = 0.into();
            } else if self.sel_fresh.val() {
                self.head.d.next = 0.into();
                self.completed.d.next = 0.into();
                self.unannounced.d.next = false;
                self.set_state.next = true;
                self.new_state.next = 1.into();
                if !self.next_burst.valid.val() {
                    self.new_state.next = 2.into();
                    self.state.d.next = 0.into();
                }
            } else {
                self.head.d.next = self.contexts.read_data.val().get_bits::<16>(0);
                self.completed.d.next = self.contexts.read_data.val().get_bits::<16>(16);
                self.unannounced.d.next = self.contexts.read_data.val().get_bit(32);
            }
        }
        if self.state.q.val() == 3 {
            self.step.d.next = self.step.q.val() + 1;
            if self.step.q.val() == 4 {
                self.state.d.next = 4.into();
                if self.next_burst.over.val() {
                    self.set_state.next = true;
                    self.new_state.next = 2.into();
                    self.state.d.next = 0.into();
                }
            }
        }
        if self.state.q.val() == 4 {
            self.count.d.next = self.next_burst.count.val();
            self.state.d.next = 5.into();
            self.step.d.next = 0.into();
            self.is_cancel.d.next = 0.into();
            self.has_found.d.next = 0.into();
            self.index.d.next = 0.into();
            if self.next_burst.count.val() == 0 {
                self.state.d.next = 13.into();
            }
        }
        if self.state.q.val() == 5 {
            self.cmd_valid.next = true;
            if self.cmd_ready.val() {
                self.state.d.next = 6.into();
            }
        }
        self.is_whole.d.next = false;
        if self.is_whole.q.val() && self.good.q.val() {
            self.is_cancel.d.next = self.is_cancel.q.val() | self.whole_mask.val();
        }
        if self.state.q.val() == 6 {
            self.in_ready.next = true;
            if self.in_valid.val() {
                self.burst.write_enable.next = true;
                self.step.d.next = self.step.q.val() + 1;
                self.good.d.next = self.good_word.val();
                if self.step.q.val().get_bits::<3>(0) != 0 {
                    self.good.d.next = self.good.q.val() && self.good_word.val();
                }
                for i in 0..8 {
                    if self.step.q.val().get_bits::<4>(3) == i.to_bits() {
                        if self.step.q.val().get_bits::<3>(0) == 2 {
                            self.target[i].d.next = self.in_data.val().get_bits::<32>(32);
                        }
                    }
                }
                self.is_whole.d.next = self.step.q.val().get_bits::<3>(0) == 7;
                self.whole.d.next = self.step.q.val().get_bits::<4>(3);
                if self.in_end.val() {
                    self.state.d.next = 7.into();
                    self.step.d.next = 0.into();
                    self.head.d.next = self.head.q.val() + bit_cast::<16, 4>(self.count.q.val());
                }
                if self.in_error.val() {
                    self.set_state.next = true;
                    self.new_state.next = 3.into();
                    self.state.d.next = 15.into();
                }
            }
            // A reset does not wait for a burst, which may wait for a tag.
            if self.stop.val() {
                self.state.d.next = 15.into();
            }
        }
        // What follows an error within the burst is thrown away, and so is a burst that a reset drops.
        if self.state.q.val() == 15 {
            self.abort.next = true;
            self.in_ready.next = true;
            if self.drained.val() {
                self.state.d.next = 0.into();
            }
        }
        if self.state.q.val() == 7 {
            self.step.d.next = self.step.q.val() + 1;
            for i in 0..8 {
                if self.step.q.val() == (i + 1).to_bits() {
                    self.words[i].d.next = self.burst.read_data.val();
                }
            }
            if self.step.q.val() == 8 {
                self.step.d.next = 0.into();
                self.state.d.next = 8.into();
                self.look.d.next = self.index.q.val() + 1;
                self.is_cancelled.d.next = false;
            }
        }
        // Three cycles for each that may be its CANCEL: one to choose it, one to compare, one to decide.
        if self.state.q.val() == 8 {
            self.step.d.next = self.step.q.val() + 1;
            if (self.is_cancel.q.val() == 0)
                || (self.look.q.val() >= self.count.q.val())
                || ((self.step.q.val() != 0) && !self.is_cancellable.q.val())
            {
                self.state.d.next = 14.into();
            } else if self.step.q.val() == 2 {
                self.step.d.next = 0.into();
                self.look.d.next = self.look.q.val() + 1;
                if self.is_match.q.val() {
                    self.has_found.d.next = self.has_found.q.val() | self.look_mask.val();
                    self.is_cancelled.d.next = true;
                    self.state.d.next = 14.into();
                }
            }
        }
        if self.state.q.val() == 14 {
            // What was answered so far must not wait for a job, which may take its time.
            if (self.opcode.val() == 0) || self.write_idle.val() {
                self.start.next = true;
                self.state.d.next = 9.into();
            } else {
                self.write_flush.next = true;
            }
        }
        if self.state.q.val() == 9 {
            if self.done.val() {
                self.state.d.next = 10.into();
            }
        }

        self.write_address.next = self.next_burst.completion.val();
        self.high.next = bit_cast::<64, 32>(self.boot_nonce.val());
        self.high.next = self.high.val() << 32;
        self.write_data.next = bit_cast::<64, 32>(self.words[0].q.val().get_bits::<32>(32)) | self.high.val();
        // Completions side by side leave in one write; the ring's first one begins another.
        if self.state.q.val() == 10 {
            if self.write_idle.val() {
                self.write_start.next = true;
                self.state.d.next = 11.into();
            } else if self.next_burst.at_start.val() {
                self.write_flush.next = true;
            } else {
                self.state.d.next = 11.into();
            }
        }
        if self.state.q.val() == 11 {
            self.write_push.next = true;
            self.step.d.next = 0.into();
            if self.write_ready.val() {
                self.state.d.next = 12.into();
            }
        }
        self.saved.next = bit_cast::<64, 15>(self.status.val());
        self.saved.next = self.saved.val() << 49;
        self.saved_high.next = bit_cast::<64, 16>(self.head.q.val());
        self.saved_high.next = self.saved_high.val() << 32;
        self.saved.next = self.saved.val() | self.saved_high.val();
        self.saved_high.next = bit_cast::<64, 32>(self.detail.val());
        self.saved.next = self.saved.val() | self.saved_high.val();
        if self.next_burst.phase.val() {
            self.saved.next = self.saved.val() | self.phase.val();
        }
        if self.state.q.val() == 12 {
            self.write_data.next = self.saved.val();
            self.ends.next = (self.next_index.val() == self.count.q.val()) || self.stop.val();
            if self.step.q.val() == 0 {
                self.write_push.next = true;
                if self.write_ready.val() {
                    self.step.d.next = 1.into();
                    self.answered.next = !self.ends.val();
                }
            } else {
                self.write_flush.next = true;
                self.answered.next = self.write_idle.val();
            }
            if self.answered.val() {
                self.completed.d.next = self.completed.q.val() + 1;
                self.unannounced.d.next = true;
                self.index.d.next = self.next_index.val();
                self.step.d.next = 0.into();
                self.state.d.next = 7.into();
                if self.ends.val() {
                    self.again.next = true;
                    self.store.next = true;
                    self.queue.d.next = self.next_queue.val();
                    self.state.d.next = 0.into();
                }
            }
        }
        if self.state.q.val() == 13 {
            self.irq_valid.next = self.unannounced.q.val() && self.sel_armed.val();
            if self.unannounced.q.val() && self.sel_armed.val() {
                if self.irq_ready.val() {
                    self.disarm.next = true;
                    self.unannounced.d.next = false;
                    self.step.d.next = 0.into();
                }
            } else {
                self.store.next = true;
                self.queue.d.next = self.next_queue.val();
                self.state.d.next = 0.into();
            }
        }
        // Stored with the values that the registers are about to hold, from their sources.
        self.saved_high.next = bit_cast::<64, 16>(self.completed.q.val());
        if self.state.q.val() == 12 {
            self.saved_high.next = self.saved_high.val() + 1;
            self.saved_high.next = self.saved_high.val() & bits::<64>(0xffff);
        }
        self.saved_high.next = self.saved_high.val() << 16;
        self.saved.next = bit_cast::<64, 16>(self.head.q.val()) | self.saved_high.val();
        if self.unannounced.q.val() || (self.state.q.val() == 12) {
            self.saved.next = self.saved.val() | self.flag.val();
        }
        self.contexts.read_address.next = self.queue.q.val();
        self.contexts.write_address.next = self.queue.q.val();
        self.contexts.write_data.next = self.saved.val();
        self.contexts.write_enable.next = self.store.val();
    }
}
