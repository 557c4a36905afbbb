//! Tiles of ACC as words of card memory.

use super::deposit::many;
use crate::stream::fifo::Fifo;
use rust_hdl::prelude::*;

/// Reads tiles of ACC row by row and writes them one after the other, a word a cycle where a row is at least one:
/// elements narrowed, what is left of a tile's last word zero.
///
/// Words go through a queue. A row is read while the queue has room for all that is on its way, so nothing behind the
/// reads ever waits. On `clear` no more is read, and what is in the queue is written.
#[derive(LogicBlock)]
pub struct TileWords {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Gives up.
    pub clear: Signal<In, Bit>,
    /// Begins.
    pub start: Signal<In, Bit>,
    /// First byte in memory.
    pub address: Signal<In, Bits<48>>,
    /// Bytes from a row of tiles to the next.
    pub row_stride: Signal<In, Bits<32>>,
    /// Words of a row of tiles, at least 1.
    pub row_words: Signal<In, Bits<32>>,
    /// Rows of tiles, at least 1.
    pub rows: Signal<In, Bits<16>>,
    /// First row of ACC: tile·R.
    pub first: Signal<In, Bits<24>>,
    /// Rows of ACC from a row of tiles to the next.
    pub row_step: Signal<In, Bits<24>>,
    /// Words of a row of ACC, less one.
    pub parts_less: Signal<In, Bits<16>>,
    /// Rows of ACC of a word, less one.
    pub chunks_less: Signal<In, Bits<3>>,
    /// Bits of each, if there are several.
    pub chunk_shift: Signal<In, Bits<6>>,
    /// Type of the elements in memory.
    pub dtype: Signal<In, Bits<2>>,
    /// A row of a tile is wanted.
    pub acc_valid: Signal<Out, Bit>,
    /// It is read: the answer is there in the next cycle.
    pub acc_ready: Signal<In, Bit>,
    /// tile·R + row.
    pub acc_address: Signal<Out, Bits<24>>,
    /// The answer.
    pub acc_data: Vec<Signal<In, Bits<32>>>,
    /// A write.
    pub w_valid: Signal<Out, Bit>,
    /// It is taken.
    pub w_ready: Signal<In, Bit>,
    /// First byte of the word.
    pub w_address: Signal<Out, Bits<48>>,
    /// The word.
    pub w_data: Signal<Out, Bits<64>>,
    /// Nothing is left to do.
    pub empty: Signal<Out, Bit>,
    // What is read.
    active: DFF<Bit>,
    begins: DFF<Bit>,
    here: DFF<Bits<24>>,
    next_row: DFF<Bits<24>>,
    at_part: DFF<Bits<16>>,
    chunk: DFF<Bits<3>>,
    words_left: DFF<Bits<32>>,
    /// One word is left of the row.
    row_ends: DFF<Bit>,
    rows_left: DFF<Bits<16>>,
    room: DFF<Bit>,
    // Behind the read: the row arrives, is here, is a word's part, is in the word.
    valid1: DFF<Bit>,
    fresh1: DFF<Bit>,
    part1: DFF<Bits<16>>,
    chunk1: DFF<Bits<3>>,
    valid2: DFF<Bit>,
    part2: DFF<Bits<16>>,
    chunk2: DFF<Bits<3>>,
    lanes: Vec<DFF<Bits<32>>>,
    valid3: DFF<Bit>,
    chunk3: DFF<Bits<3>>,
    piece: DFF<Bits<64>>,
    up: DFF<Bits<6>>,
    built: DFF<Bits<64>>,
    complete: DFF<Bit>,
    queue: Fifo<64, 4, 5>,
    // What is written.
    w_here: DFF<Bits<48>>,
    w_next_row: DFF<Bits<48>>,
    w_left: DFF<Bits<32>>,
    stride: DFF<Bits<32>>,

    row_after: Signal<Local, Bits<24>>,
    fresh: Signal<Local, Bit>,
    fire: Signal<Local, Bit>,
    bytes: [Signal<Local, Bits<8>>; 8],
    halves: [Signal<Local, Bits<16>>; 4],
    longs: [Signal<Local, Bits<32>>; 2],
    lane: Signal<Local, Bits<32>>,
    long: Signal<Local, Bits<32>>,
    joined: Signal<Local, Bits<64>>,
    wide: Signal<Local, Bits<64>>,
    of_16: Signal<Local, Bits<64>>,
    of_32: Signal<Local, Bits<64>>,
    octet: Signal<Local, Bits<8>>,
    half: Signal<Local, Bits<16>>,
    placed: Signal<Local, Bits<64>>,
    w_row_after: Signal<Local, Bits<48>>,
    w_fire: Signal<Local, Bit>,
    /// In which word of 8, 4 or 2 elements a lane lies.
    part_of_8: Vec<Constant<Bits<16>>>,
    part_of_4: Vec<Constant<Bits<16>>>,
    part_of_2: Vec<Constant<Bits<16>>>,
}

impl TileWords {
    /// With so many columns.
    pub fn new(cols: usize) -> Self {
        let parts = |elements| {
            (0..cols as u64)
                .map(|lane| Constant::new(Bits::<16>::from(lane / elements)))
                .collect()
        };
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            start: Signal::default(),
            address: Signal::default(),
            row_stride: Signal::default(),
            row_words: Signal::default(),
            rows: Signal::default(),
            first: Signal::default(),
            row_step: Signal::default(),
            parts_less: Signal::default(),
            chunks_less: Signal::default(),
            chunk_shift: Signal::default(),
            dtype: Signal::default(),
            acc_valid: Signal::default(),
            acc_ready: Signal::default(),
            acc_address: Signal::default(),
            acc_data: many(cols),
            w_valid: Signal::default(),
            w_ready: Signal::default(),
            w_address: Signal::default(),
            w_data: Signal::default(),
            empty: Signal::default(),
            active: DFF::default(),
            begins: DFF::default(),
            here: DFF::default(),
            next_row: DFF::default(),
            at_part: DFF::default(),
            chunk: DFF::default(),
            words_left: DFF::default(),
            row_ends: DFF::default(),
            rows_left: DFF::default(),
            room: DFF::default(),
            valid1: DFF::default(),
            fresh1: DFF::default(),
            part1: DFF::default(),
            chunk1: DFF::default(),
            valid2: DFF::default(),
            part2: DFF::default(),
            chunk2: DFF::default(),
            lanes: (0..cols).map(|_| DFF::default()).collect(),
            valid3: DFF::default(),
            chunk3: DFF::default(),
            piece: DFF::default(),
            up: DFF::default(),
            built: DFF::default(),
            complete: DFF::default(),
            queue: Fifo::default(),
            w_here: DFF::default(),
            w_next_row: DFF::default(),
            w_left: DFF::default(),
            stride: DFF::default(),
            row_after: Signal::default(),
            fresh: Signal::default(),
            fire: Signal::default(),
            bytes: Default::default(),
            halves: Default::default(),
            longs: Default::default(),
            lane: Signal::default(),
            long: Signal::default(),
            joined: Signal::default(),
            wide: Signal::default(),
            of_16: Signal::default(),
            of_32: Signal::default(),
            octet: Signal::default(),
            half: Signal::default(),
            placed: Signal::default(),
            w_row_after: Signal::default(),
            w_fire: Signal::default(),
            part_of_8: parts(8),
            part_of_4: parts(4),
            part_of_2: parts(2),
        }
    }
}

impl Logic for TileWords {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, active, begins, here, next_row, at_part, chunk, words_left, row_ends, rows_left,
            room
        );
        dff_setup!(
            self, clock, valid1, fresh1, part1, chunk1, valid2, part2, chunk2, valid3, chunk3, piece
        );
        dff_setup!(
            self, clock, up, built, complete, w_here, w_next_row, w_left, stride
        );
        clock!(self, clock, queue);
        for i in 0..self.lanes.len() {
            self.lanes[i].clock.next = self.clock.val();
            self.lanes[i].d.next = self.lanes[i].q.val();
        }

        // Read a row, or another part of one that is here.
        self.row_after.next = self.next_row.q.val() + self.row_step.val();
        self.begins.d.next = self.start.val();
        if self.begins.q.val() {
            self.active.d.next = true;
            self.next_row.d.next = self.row_after.val();
        }
        self.room.d.next = !self.queue.fill.val().get_bits::<2>(3).any();
        self.fresh.next = !self.at_part.q.val().any();
        self.acc_valid.next = self.active.q.val() && self.room.q.val() && self.fresh.val();
        self.acc_address.next = self.here.q.val();
        self.fire.next =
            self.active.q.val() && self.room.q.val() && (self.acc_ready.val() || !self.fresh.val());
        if self.fire.val() {
            self.chunk.d.next = self.chunk.q.val() + 1;
            self.at_part.d.next = self.at_part.q.val() + 1;
            if self.at_part.q.val() == self.parts_less.val() {
                self.at_part.d.next = 0.into();
                self.here.d.next = self.here.q.val() + 1;
            }
            if self.chunk.q.val() == self.chunks_less.val() {
                self.chunk.d.next = 0.into();
                self.words_left.d.next = self.words_left.q.val() - 1;
                self.row_ends.d.next = self.words_left.q.val() == bits::<32>(2);
                if self.row_ends.q.val() {
                    self.words_left.d.next = self.row_words.val();
                    self.row_ends.d.next = self.row_words.val() == bits::<32>(1);
                    self.here.d.next = self.next_row.q.val();
                    self.next_row.d.next = self.row_after.val();
                    self.rows_left.d.next = self.rows_left.q.val() - 1;
                    if !self.rows_left.q.val().any() {
                        self.active.d.next = false;
                    }
                }
            }
        }
        self.valid1.d.next = self.fire.val();
        self.fresh1.d.next = self.fire.val() && self.fresh.val();
        self.part1.d.next = self.at_part.q.val();
        self.chunk1.d.next = self.chunk.q.val();

        // It arrives.
        if self.fresh1.q.val() {
            for i in 0..self.lanes.len() {
                self.lanes[i].d.next = self.acc_data[i].val();
            }
        }
        self.valid2.d.next = self.valid1.q.val();
        self.part2.d.next = self.part1.q.val();
        self.chunk2.d.next = self.chunk1.q.val();

        // The part's elements, side by side.
        for j in 0..8 {
            self.bytes[j].next = 0.into();
        }
        for j in 0..4 {
            self.halves[j].next = 0.into();
        }
        for j in 0..2 {
            self.longs[j].next = 0.into();
        }
        for i in 0..self.lanes.len() {
            self.lane.next = self.lanes[i].q.val();
            if self.part2.q.val() == self.part_of_8[i].val() {
                self.bytes[i % 8].next = self.lane.val().get_bits::<8>(0);
            }
            if self.part2.q.val() == self.part_of_4[i].val() {
                self.halves[i % 4].next = self.lane.val().get_bits::<16>(0);
            }
            if self.part2.q.val() == self.part_of_2[i].val() {
                self.longs[i % 2].next = self.lane.val();
            }
        }
        // From the highest down.
        self.joined.next = 0.into();
        self.of_16.next = 0.into();
        self.of_32.next = 0.into();
        for j in 0..8 {
            self.octet.next = self.bytes[7 - j].val();
            self.wide.next = bit_cast::<64, 8>(self.octet.val());
            self.joined.next = (self.joined.val() << 8) | self.wide.val();
        }
        for j in 0..4 {
            self.half.next = self.halves[3 - j].val();
            self.wide.next = bit_cast::<64, 16>(self.half.val());
            self.of_16.next = (self.of_16.val() << 16) | self.wide.val();
        }
        for j in 0..2 {
            self.long.next = self.longs[1 - j].val();
            self.wide.next = bit_cast::<64, 32>(self.long.val());
            self.of_32.next = (self.of_32.val() << 32) | self.wide.val();
        }
        if self.dtype.val() == bits::<2>(2) {
            self.joined.next = self.of_16.val();
        }
        if self.dtype.val() == bits::<2>(3) {
            self.joined.next = self.of_32.val();
        }
        self.piece.d.next = self.joined.val();
        self.valid3.d.next = self.valid2.q.val();
        self.chunk3.d.next = self.chunk2.q.val();
        // Where it lies in the word: the parts before it are below.
        if self.valid2.q.val() {
            self.up.d.next = self.up.q.val() + self.chunk_shift.val();
            if !self.chunk2.q.val().any() {
                self.up.d.next = 0.into();
            }
        }

        // The word: complete with its last part.
        self.placed.next = self.piece.q.val() << self.up.q.val();
        self.complete.d.next = false;
        if self.valid3.q.val() {
            self.built.d.next = self.built.q.val() | self.placed.val();
            if !self.chunk3.q.val().any() {
                self.built.d.next = self.placed.val();
            }
            self.complete.d.next = self.chunk3.q.val() == self.chunks_less.val();
        }
        self.queue.data.next = self.built.q.val();
        self.queue.push.next = self.complete.q.val();
        self.queue.clear.next = false;

        // The writes.
        self.w_row_after.next = self.w_next_row.q.val() + bit_cast::<48, 32>(self.stride.q.val());
        self.w_valid.next = self.queue.valid.val();
        self.w_data.next = self.queue.first.val();
        self.w_address.next = self.w_here.q.val();
        self.w_fire.next = self.queue.valid.val() && self.w_ready.val();
        self.queue.pop.next = self.w_fire.val();
        if self.w_fire.val() {
            self.w_here.d.next = self.w_here.q.val() + bits::<48>(8);
            self.w_left.d.next = self.w_left.q.val() - 1;
            if self.w_left.q.val() == bits::<32>(1) {
                self.w_left.d.next = self.row_words.val();
                self.w_here.d.next = self.w_next_row.q.val();
                self.w_next_row.d.next = self.w_row_after.val();
            }
        }
        self.empty.next = !self.active.q.val()
            && !self.begins.q.val()
            && !self.valid1.q.val()
            && !self.valid2.q.val()
            && !self.valid3.q.val()
            && !self.complete.q.val()
            && !self.queue.fill.val().any();
        if self.begins.q.val() {
            self.w_next_row.d.next = self.w_row_after.val();
        }
        if self.start.val() {
            self.here.d.next = self.first.val();
            self.next_row.d.next = self.first.val();
            self.at_part.d.next = 0.into();
            self.chunk.d.next = 0.into();
            self.words_left.d.next = self.row_words.val();
            self.row_ends.d.next = self.row_words.val() == bits::<32>(1);
            self.rows_left.d.next = self.rows.val() - 1;
            self.w_here.d.next = self.address.val();
            self.w_next_row.d.next = self.address.val();
            self.w_left.d.next = self.row_words.val();
            // The instruction may be gone when the last words are written.
            self.stride.d.next = self.row_stride.val();
        }
        if self.clear.val() {
            self.begins.d.next = false;
            self.active.d.next = false;
            self.valid1.d.next = false;
            self.valid2.d.next = false;
            self.valid3.d.next = false;
            self.complete.d.next = false;
        }
    }
}
