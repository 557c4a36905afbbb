//! A Keccak job: descriptors ahead, messages through the engine, digests and their CRC-32 out.

use crate::shell::crc32::Crc32;
use crate::stream::{fifo::Fifo, unpacker::Unpacker};
use rust_hdl::prelude::*;

/// Reads a batch's descriptors 64 at a time, one piece ahead of their messages, asks for each message under
/// tags of its own, feeds the engine with beats of W bits and hands its digests to the writer. D is W + 6: what is
/// queued of a beat of descriptors is its data and its bytes that count.
///
/// Issuing states: 0 waits, 1 checks the entry, 2 asks for descriptors, 3 takes one, 4 adds up, 5 checks, 6 asks for
/// its message, 7 has asked for all. Ending states: 0 works, 1 throws away what is on its way, 2 hands over
/// the digests, 3 is done.
#[derive(LogicBlock)]
pub struct KeccakJob<const W: usize, const D: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The job is given up.
    pub stop: Signal<In, Bit>,
    /// Most messages of a job.
    pub max_messages: Signal<In, Bits<32>>,
    /// Most bytes of a batch, and of its messages together.
    pub max_bytes: Signal<In, Bits<32>>,
    /// The entry.
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
    /// A command for the fetcher.
    pub cmd_valid: Signal<Out, Bit>,
    /// It is taken.
    pub cmd_ready: Signal<In, Bit>,
    /// Its address.
    pub cmd_address: Signal<Out, Bits<64>>,
    /// Its bytes.
    pub cmd_length: Signal<Out, Bits<49>>,
    /// 2 descriptors, 3 a message.
    pub cmd_kind: Signal<Out, Bits<2>>,
    /// What is on its way is thrown away.
    pub abort: Signal<Out, Bit>,
    /// Nothing is on its way.
    pub drained: Signal<In, Bit>,
    /// A beat is there.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// The beat.
    pub in_data: Signal<In, Bits<W>>,
    /// Its bytes that count.
    pub in_bytes: Signal<In, Bits<6>>,
    /// Its kind.
    pub in_kind: Signal<In, Bits<2>>,
    /// The last one of its command.
    pub in_end: Signal<In, Bit>,
    /// It cannot be read.
    pub in_error: Signal<In, Bit>,
    /// The engine forgets everything.
    pub engine_clear: Signal<Out, Bit>,
    /// A beat of a message.
    pub engine_data: Signal<Out, Bits<W>>,
    /// Its bytes that count.
    pub engine_bytes: Signal<Out, Bits<6>>,
    /// The message's last beat.
    pub engine_last: Signal<Out, Bit>,
    /// It waits.
    pub engine_valid: Signal<Out, Bit>,
    /// It is taken.
    pub engine_ready: Signal<In, Bit>,
    /// A word of a digest.
    pub digest_data: Signal<In, Bits<64>>,
    /// It waits.
    pub digest_valid: Signal<In, Bit>,
    /// It is taken.
    pub digest_ready: Signal<Out, Bit>,
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

    crc: Crc32,
    /// Two pieces, of a descriptor a beat at most.
    beats: Fifo<D, 7, 8>,
    descriptors: Unpacker<W>,
    descriptor: DFF<Bits<64>>,
    last_byte: DFF<Bits<33>>,
    total: DFF<Bits<33>>,
    /// What follows from the entry: computed long before the job begins.
    no_count: DFF<Bit>,
    starts: DFF<Bit>,
    no_bytes: DFF<Bit>,
    wraps: DFF<Bit>,
    ahead: DFF<Bits<30>>,
    /// The next piece of descriptors; right once `settled` is 3.
    piece: DFF<Bits<7>>,
    pieces_left: DFF<Bits<30>>,
    piece_address: DFF<Bits<64>>,
    settled: DFF<Bits<2>>,
    /// Of the message that is looked at, and of the next one.
    message_address: DFF<Bits<64>>,
    is_outside: DFF<Bit>,
    is_over: DFF<Bit>,
    is_last: DFF<Bit>,
    none_next: DFF<Bit>,
    none_left: DFF<Bit>,
    state: DFF<Bits<3>>,
    ending: DFF<Bits<2>>,
    index: DFF<Bits<17>>,
    asked: DFF<Bits<30>>,
    sum: DFF<Bits<33>>,
    words_left: DFF<Bits<19>>,
    status_reg: DFF<Bits<15>>,
    detail_reg: DFF<Bits<32>>,
    begun: DFF<Bit>,

    count: Signal<Local, Bits<32>>,
    batch_bytes: Signal<Local, Bits<32>>,
    output_bytes: Signal<Local, Bits<32>>,
    limit: Signal<Local, Bits<30>>,
    next_wide: Signal<Local, Bits<30>>,
    piece_wide: Signal<Local, Bits<30>>,
    next_index: Signal<Local, Bits<17>>,
    offset: Signal<Local, Bits<32>>,
    length: Signal<Local, Bits<32>>,
    offset_wide: Signal<Local, Bits<33>>,
    length_wide: Signal<Local, Bits<33>>,
    batch_wide: Signal<Local, Bits<33>>,
    most: Signal<Local, Bits<33>>,
    first: Signal<Local, Bits<65>>,
    extent: Signal<Local, Bits<65>>,
    span: Signal<Local, Bits<65>>,
    asked_bytes: Signal<Local, Bits<64>>,
    fail: Signal<Local, Bit>,
    fail_status: Signal<Local, Bits<15>>,
    fail_detail: Signal<Local, Bits<32>>,
    takes: Signal<Local, Bit>,
    throws_away: Signal<Local, Bit>,
    beat: Signal<Local, Bits<D>>,
    beat_bytes: Signal<Local, Bits<D>>,
    above_data: Constant<Bits<9>>,
    no_kind: Constant<Bits<2>>,
}

impl<const W: usize, const D: usize> Default for KeccakJob<W, D> {
    fn default() -> Self {
        assert_eq!(D, W + 6, "an entry holds a beat's data and bytes");
        Self {
            clock: Signal::default(),
            stop: Signal::default(),
            max_messages: Signal::default(),
            max_bytes: Signal::default(),
            entry: std::array::from_fn(|_| Signal::default()),
            start: Signal::default(),
            done: Signal::default(),
            status: Signal::default(),
            detail: Signal::default(),
            working: Signal::default(),
            cmd_valid: Signal::default(),
            cmd_ready: Signal::default(),
            cmd_address: Signal::default(),
            cmd_length: Signal::default(),
            cmd_kind: Signal::default(),
            abort: Signal::default(),
            drained: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            in_data: Signal::default(),
            in_bytes: Signal::default(),
            in_kind: Signal::default(),
            in_end: Signal::default(),
            in_error: Signal::default(),
            engine_clear: Signal::default(),
            engine_data: Signal::default(),
            engine_bytes: Signal::default(),
            engine_last: Signal::default(),
            engine_valid: Signal::default(),
            engine_ready: Signal::default(),
            digest_data: Signal::default(),
            digest_valid: Signal::default(),
            digest_ready: Signal::default(),
            write_start: Signal::default(),
            write_address: Signal::default(),
            write_push: Signal::default(),
            write_data: Signal::default(),
            write_flush: Signal::default(),
            write_ready: Signal::default(),
            write_idle: Signal::default(),
            crc: Crc32::default(),
            beats: Fifo::default(),
            descriptors: Unpacker::default(),
            descriptor: DFF::default(),
            last_byte: DFF::default(),
            total: DFF::default(),
            no_count: DFF::default(),
            starts: DFF::default(),
            no_bytes: DFF::default(),
            wraps: DFF::default(),
            ahead: DFF::default(),
            piece: DFF::default(),
            pieces_left: DFF::default(),
            piece_address: DFF::default(),
            settled: DFF::default(),
            message_address: DFF::default(),
            is_outside: DFF::default(),
            is_over: DFF::default(),
            is_last: DFF::default(),
            none_next: DFF::default(),
            none_left: DFF::default(),
            state: DFF::default(),
            ending: DFF::default(),
            index: DFF::default(),
            asked: DFF::default(),
            sum: DFF::default(),
            words_left: DFF::default(),
            status_reg: DFF::default(),
            detail_reg: DFF::default(),
            begun: DFF::default(),
            count: Signal::default(),
            batch_bytes: Signal::default(),
            output_bytes: Signal::default(),
            limit: Signal::default(),
            next_wide: Signal::default(),
            piece_wide: Signal::default(),
            next_index: Signal::default(),
            offset: Signal::default(),
            length: Signal::default(),
            offset_wide: Signal::default(),
            length_wide: Signal::default(),
            batch_wide: Signal::default(),
            most: Signal::default(),
            first: Signal::default(),
            extent: Signal::default(),
            span: Signal::default(),
            asked_bytes: Signal::default(),
            fail: Signal::default(),
            fail_status: Signal::default(),
            fail_detail: Signal::default(),
            takes: Signal::default(),
            throws_away: Signal::default(),
            beat: Signal::default(),
            beat_bytes: Signal::default(),
            above_data: Constant::new((W as u64).into()),
            no_kind: Constant::new(0_u64.into()),
        }
    }
}

impl<const W: usize, const D: usize> Logic for KeccakJob<W, D> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            ending,
            index,
            asked,
            sum,
            words_left,
            status_reg,
            detail_reg,
            begun,
            descriptor,
            last_byte,
            total,
            no_count,
            starts,
            no_bytes,
            wraps,
            ahead,
            piece,
            pieces_left,
            piece_address,
            settled,
            message_address,
            is_outside,
            is_over,
            is_last,
            none_next,
            none_left
        );
        clock!(self, clock, crc, beats, descriptors);
        self.count.next = self.entry[2].val().get_bits::<32>(32);
        self.batch_bytes.next = self.entry[5].val().get_bits::<32>(0);
        self.output_bytes.next = self.entry[5].val().get_bits::<32>(32);
        // Descriptors that lie inside the batch.
        self.limit.next = bit_cast::<30, 29>(self.batch_bytes.val().get_bits::<29>(3));
        self.next_index.next = self.index.q.val() + 1;
        self.next_wide.next = bit_cast::<30, 17>(self.next_index.val());
        self.is_last.d.next = bit_cast::<32, 17>(self.next_index.val()) == self.count.val();
        self.none_next.d.next = self.next_wide.val() >= self.limit.val();
        self.batch_wide.next = bit_cast::<33, 32>(self.batch_bytes.val());
        self.most.next = bit_cast::<33, 32>(self.max_bytes.val());
        self.status.next = self.status_reg.q.val();
        self.detail.next = self.detail_reg.q.val();
        self.working.next = self.state.q.val() != 0;
        self.done.next = self.ending.q.val() == 3;
        self.fail.next = false;
        self.fail_status.next = 0.into();
        self.fail_detail.next = 0.into();
        self.cmd_valid.next = false;
        self.throws_away.next = self.ending.q.val() == 1;
        self.abort.next = self.throws_away.val();
        self.engine_clear.next = self.throws_away.val();

        // Descriptors in their order.
        self.beat.next = bit_cast::<D, W>(self.in_data.val());
        self.beat_bytes.next = bit_cast::<D, 6>(self.in_bytes.val());
        self.beat_bytes.next = self.beat_bytes.val() << self.above_data.val();
        self.beats.data.next = self.beat.val() | self.beat_bytes.val();
        self.beats.push.next = false;
        self.beats.clear.next = self.throws_away.val();
        self.beats.pop.next = self.descriptors.in_ready.val();
        self.descriptors.clear.next = self.throws_away.val();
        self.descriptors.in_data.next = self.beats.first.val().get_bits::<W>(0);
        self.descriptors.in_bytes.next = self
            .beats
            .first
            .val()
            .get_bits::<6>(self.above_data.val().index());
        self.descriptors.in_kind.next = self.no_kind.val();
        self.descriptors.in_end.next = false;
        self.descriptors.in_error.next = false;
        self.descriptors.in_valid.next = self.beats.valid.val();
        self.descriptors.out_ready.next = false;
        self.offset.next = self.descriptor.q.val().get_bits::<32>(0);
        self.length.next = self.descriptor.q.val().get_bits::<32>(32);
        self.offset_wide.next = bit_cast::<33, 32>(self.offset.val());
        self.length_wide.next = bit_cast::<33, 32>(self.length.val());
        // Descriptors to ask for: 64, or what is left of the batch and of the count.
        self.ahead.d.next = bit_cast::<30, 29>(self.count.val().get_bits::<29>(0));
        if self.limit.val() < bit_cast::<30, 29>(self.count.val().get_bits::<29>(0)) {
            self.ahead.d.next = self.limit.val();
        }
        self.pieces_left.d.next = self.ahead.q.val() - self.asked.q.val();
        self.piece.d.next = bit_cast::<7, 6>(self.pieces_left.q.val().get_bits::<6>(0));
        if self.pieces_left.q.val().get_bits::<24>(6).any() {
            self.piece.d.next = 64.into();
        }
        self.piece_wide.next = bit_cast::<30, 7>(self.piece.q.val());
        self.asked_bytes.next = bit_cast::<64, 30>(self.asked.q.val());
        self.asked_bytes.next = self.asked_bytes.val() << 3;
        self.piece_address.d.next = self.entry[3].val() + self.asked_bytes.val();
        self.message_address.d.next = self.entry[3].val() + bit_cast::<64, 32>(self.offset.val());
        self.cmd_address.next = self.message_address.q.val();
        self.cmd_length.next = bit_cast::<49, 32>(self.length.val());
        self.cmd_kind.next = 3.into();
        self.first.next = bit_cast::<65, 64>(self.entry[4].val());
        self.extent.next = bit_cast::<65, 32>(self.count.val());
        self.extent.next = self.extent.val() << 5;
        self.span.next = self.first.val() + self.extent.val();
        self.wraps.d.next = self.span.val().get_bit(64);
        self.no_count.d.next = (self.count.val() == 0) || (self.count.val() > self.max_messages.val());
        self.no_bytes.d.next =
            (self.batch_bytes.val() > self.max_bytes.val()) || (self.output_bytes.val() != 32);
        self.settled.d.next = 0.into();

        self.starts.d.next = self.start.val();
        self.crc.clear.next = false;
        if self.state.q.val() == 0 {
            if self.starts.q.val() {
                self.state.d.next = 1.into();
                self.ending.d.next = 0.into();
                self.index.d.next = 0.into();
                self.asked.d.next = 0.into();
                self.sum.d.next = 0.into();
                self.words_left.d.next = bit_cast::<19, 17>(self.count.val().get_bits::<17>(0)) << 2;
                self.status_reg.d.next = 0.into();
                self.detail_reg.d.next = 0.into();
                self.crc.clear.next = true;
                self.begun.d.next = false;
            }
        }
        if self.state.q.val() == 1 {
            self.state.d.next = 2.into();
            self.begun.d.next = true;
            self.none_left.d.next = self.limit.val() == 0;
            if self.entry[3].val().get_bits::<3>(0).any() {
                self.fail.next = true;
                self.fail_status.next = 2.into();
                self.fail_detail.next = 3.into();
            } else if self.entry[4].val().get_bits::<3>(0).any() {
                self.fail.next = true;
                self.fail_status.next = 2.into();
                self.fail_detail.next = 4.into();
            } else if self.no_count.q.val() {
                self.fail.next = true;
                self.fail_status.next = 2.into();
                self.fail_detail.next = 2.into();
            } else if self.no_bytes.q.val() {
                self.fail.next = true;
                self.fail_status.next = 2.into();
                self.fail_detail.next = 5.into();
            } else if self.wraps.q.val() {
                self.fail.next = true;
                self.fail_status.next = 7.into();
            }
        }
        if self.state.q.val() == 2 {
            // One piece of descriptors is asked for before the messages of the one before it.
            self.cmd_kind.next = 2.into();
            self.cmd_address.next = self.piece_address.q.val();
            self.cmd_length.next = bit_cast::<49, 7>(self.piece.q.val());
            self.cmd_length.next = self.cmd_length.val() << 3;
            if self.settled.q.val() != 3 {
                self.settled.d.next = self.settled.q.val() + 1;
            } else if self.piece.q.val() == 0 {
                self.state.d.next = 3.into();
            } else {
                self.settled.d.next = 3.into();
                self.cmd_valid.next = true;
                if self.cmd_ready.val() {
                    self.settled.d.next = 0.into();
                    self.asked.d.next = self.asked.q.val() + self.piece_wide.val();
                    if self.asked.q.val() != 0 {
                        self.state.d.next = 3.into();
                    }
                }
            }
        }
        if self.state.q.val() == 3 {
            self.descriptor.d.next = self.descriptors.out_data.val();
            if self.none_left.q.val() {
                self.fail.next = true;
                self.fail_status.next = 18.into();
                self.fail_detail.next = bit_cast::<32, 17>(self.index.q.val());
            } else if self.descriptors.out_valid.val() {
                self.descriptors.out_ready.next = true;
                self.state.d.next = 4.into();
            }
        }
        if self.state.q.val() == 4 {
            self.last_byte.d.next = self.offset_wide.val() + self.length_wide.val();
            self.total.d.next = self.sum.q.val() + self.length_wide.val();
            self.state.d.next = 5.into();
        }
        if self.state.q.val() == 5 {
            self.is_outside.d.next =
                self.offset.val().get_bits::<3>(0).any() || (self.last_byte.q.val() > self.batch_wide.val());
            self.is_over.d.next = self.total.q.val() > self.most.val();
            self.state.d.next = 6.into();
        }
        if self.state.q.val() == 6 {
            self.fail_detail.next = bit_cast::<32, 17>(self.index.q.val());
            self.cmd_valid.next = !self.is_outside.q.val() && !self.is_over.q.val();
            if self.is_outside.q.val() {
                self.fail.next = true;
                self.fail_status.next = 18.into();
            } else if self.is_over.q.val() {
                self.fail.next = true;
                self.fail_status.next = 15.into();
            } else if self.cmd_ready.val() {
                self.sum.d.next = self.total.q.val();
                self.index.d.next = self.next_index.val();
                self.none_left.d.next = self.none_next.q.val();
                self.state.d.next = 3.into();
                if self.is_last.q.val() {
                    self.state.d.next = 7.into();
                } else if self.index.q.val().get_bits::<6>(0).all() {
                    self.state.d.next = 2.into();
                }
            }
        }

        // What arrives.
        self.engine_data.next = self.in_data.val();
        self.engine_bytes.next = self.in_bytes.val();
        self.engine_last.next = self.in_end.val();
        self.engine_valid.next = false;
        self.in_ready.next = self.throws_away.val();
        if (self.state.q.val() != 0) && (self.ending.q.val() == 0) && self.in_valid.val() {
            if self.in_error.val() {
                self.fail.next = true;
                self.fail_status.next = 7.into();
                self.fail_detail.next = 0.into();
            } else if self.in_kind.val() == 2 {
                self.in_ready.next = true;
                self.beats.push.next = true;
            } else {
                self.engine_valid.next = true;
                self.in_ready.next = self.engine_ready.val();
            }
        }

        // What leaves.
        self.write_address.next = self.entry[4].val();
        self.write_start.next = self.state.q.val() == 1;
        self.write_data.next = self.digest_data.val();
        self.takes.next = self.digest_valid.val() && (self.ending.q.val() == 0) && self.begun.q.val();
        self.write_push.next = self.takes.val();
        self.digest_ready.next = self.write_ready.val() && (self.ending.q.val() == 0) && self.begun.q.val();
        self.crc.data.next = self.digest_data.val();
        self.crc.enable.next = self.takes.val() && self.write_ready.val();
        if self.takes.val() && self.write_ready.val() {
            self.words_left.d.next = self.words_left.q.val() - 1;
            if self.words_left.q.val() == 1 {
                self.ending.d.next = 2.into();
            }
        }
        self.write_flush.next = self.ending.q.val() == 2;
        if self.stop.val() && (self.state.q.val() != 0) {
            self.fail.next = true;
            self.fail_status.next = 19.into();
        }
        if self.fail.val() && (self.ending.q.val() == 0) {
            self.status_reg.d.next = self.fail_status.val();
            self.detail_reg.d.next = self.fail_detail.val();
            self.state.d.next = 7.into();
            self.ending.d.next = 1.into();
        }
        if self.ending.q.val() == 1 {
            if self.drained.val() {
                self.ending.d.next = 2.into();
            }
        }
        if self.ending.q.val() == 2 {
            if self.write_idle.val() {
                self.ending.d.next = 3.into();
                if self.status_reg.q.val() == 0 {
                    self.detail_reg.d.next = self.crc.checksum.val();
                }
            }
        }
        if self.ending.q.val() == 3 {
            self.ending.d.next = 0.into();
            self.state.d.next = 0.into();
            self.begun.d.next = false;
        }
    }
}
