//! The records of REQUANTISE: whether they were loaded, and those of a column of tiles at a time.

use rust_hdl::prelude::*;

/// Holds the records of a tile's columns, and fetches the next tile's meanwhile; W is 64 bits for each column.
///
/// First all records of the instruction are looked at (`scan`), one a cycle. Then those of the first column of tiles
/// are fetched (`begins`), and with every `next` those of another one, into the place of the ones that wait. `take` puts
/// them to use.
#[derive(LogicBlock, Default)]
pub struct Records<const W: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Gives up.
    pub clear: Signal<In, Bit>,
    /// Looks at all records.
    pub scan: Signal<In, Bit>,
    /// Record of column 0.
    pub index: Signal<In, Bits<16>>,
    /// All columns use that one.
    pub shared: Signal<In, Bit>,
    /// Columns of lanes, less one.
    pub cols: Signal<In, Bits<16>>,
    /// The last column of a tile.
    pub last_col: Signal<In, Bits<16>>,
    /// The scan is over, in this cycle.
    pub scanned: Signal<Out, Bit>,
    /// A record was never loaded.
    pub missing: Signal<Out, Bit>,
    /// Fetches the first tile's.
    pub begins: Signal<In, Bit>,
    /// Fetches the next tile's.
    pub next_tile: Signal<In, Bit>,
    /// They are there.
    pub full: Signal<Out, Bit>,
    /// Puts them to use from the next cycle on; they have been there, and none are fetched yet.
    pub take: Signal<In, Bit>,
    /// Rotates those in use by `step` bits; `rest` is all others.
    pub rotate: Signal<In, Bit>,
    /// By how many bits.
    pub step: Signal<In, Bits<16>>,
    /// All bits less these.
    pub rest: Signal<In, Bits<16>>,
    /// Where the last record of a tile lies.
    pub top: Signal<In, Bits<16>>,
    /// Those in use, column 0 lowest.
    pub in_use: Signal<Out, Bits<W>>,
    /// The record that is asked for.
    pub address: Signal<Out, Bits<16>>,
    /// What the memory had at the address of the cycle before.
    pub record: Signal<In, Bits<64>>,
    /// That one was loaded.
    pub loaded: Signal<In, Bit>,
    at: DFF<Bits<16>>,
    left: DFF<Bits<16>>,
    scanning: DFF<Bit>,
    fetching: DFF<Bit>,
    /// What was asked for one and two cycles ago: by a scan, by a fetch, as its last.
    scan_asked: [DFF<Bit>; 2],
    scan_ends: [DFF<Bit>; 3],
    fetch_asked: [DFF<Bit>; 2],
    fetch_ends: [DFF<Bit>; 2],
    found: DFF<Bits<64>>,
    found_loaded: DFF<Bit>,
    is_missing: DFF<Bit>,
    waiting: DFF<Bits<W>>,
    waiting_full: DFF<Bit>,
    used: DFF<Bits<W>>,
    stays: Signal<Local, Bit>,
    at_end: Signal<Local, Bit>,
    found_wide: Signal<Local, Bits<W>>,
}

impl<const W: usize> Logic for Records<W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            at,
            left,
            scanning,
            fetching,
            found,
            found_loaded,
            is_missing,
            waiting,
            waiting_full,
            used
        );
        for i in 0..2 {
            self.scan_asked[i].clock.next = self.clock.val();
            self.fetch_asked[i].clock.next = self.clock.val();
            self.fetch_ends[i].clock.next = self.clock.val();
        }
        for i in 0..3 {
            self.scan_ends[i].clock.next = self.clock.val();
        }
        // Questions, one a cycle.
        self.address.next = self.at.q.val();
        self.at_end.next = self.left.q.val() == bits::<16>(0);
        self.stays.next = self.shared.val();
        if self.scanning.q.val() || self.fetching.q.val() {
            self.left.d.next = self.left.q.val() - 1;
            if !self.stays.val() {
                self.at.d.next = self.at.q.val() + 1;
            }
        }
        self.scan_asked[0].d.next = self.scanning.q.val();
        self.scan_ends[0].d.next = self.scanning.q.val() && self.at_end.val();
        self.fetch_asked[0].d.next = self.fetching.q.val();
        self.fetch_ends[0].d.next = self.fetching.q.val() && self.at_end.val();
        if self.at_end.val() {
            self.scanning.d.next = false;
            self.fetching.d.next = false;
        }
        self.scan_asked[1].d.next = self.scan_asked[0].q.val();
        self.scan_ends[1].d.next = self.scan_ends[0].q.val();
        self.scan_ends[2].d.next = self.scan_ends[1].q.val();
        self.fetch_asked[1].d.next = self.fetch_asked[0].q.val();
        self.fetch_ends[1].d.next = self.fetch_ends[0].q.val();

        // Answers. Of a record's bits 53 are looked at; synthesis drops the others.
        self.found.d.next = self.record.val();
        self.found_loaded.d.next = self.loaded.val();
        if self.scan_asked[1].q.val() && !self.found_loaded.q.val() {
            self.is_missing.d.next = true;
        }
        self.scanned.next = self.scan_ends[2].q.val();
        self.missing.next = self.is_missing.q.val();
        self.found_wide.next = bit_cast::<W, 64>(self.found.q.val());
        self.found_wide.next = self.found_wide.val() << self.top.val();
        if self.fetch_asked[1].q.val() {
            self.waiting.d.next = (self.waiting.q.val() >> 64) | self.found_wide.val();
        }
        if self.fetch_ends[1].q.val() {
            self.waiting_full.d.next = true;
        }

        // What is in use.
        if self.rotate.val() {
            self.used.d.next =
                (self.used.q.val() >> self.step.val()) | (self.used.q.val() << self.rest.val());
        }
        if self.take.val() {
            self.used.d.next = self.waiting.q.val();
        }
        self.in_use.next = self.used.q.val();
        self.full.next = self.waiting_full.q.val();

        if self.scan.val() {
            self.scanning.d.next = true;
            self.is_missing.d.next = false;
            self.at.d.next = self.index.val();
            self.left.d.next = self.cols.val();
            if self.shared.val() {
                self.left.d.next = 0.into();
            }
        }
        if self.begins.val() {
            self.at.d.next = self.index.val();
        }
        if self.begins.val() || self.next_tile.val() {
            self.fetching.d.next = true;
            self.waiting_full.d.next = false;
            self.left.d.next = self.last_col.val();
        }
        if self.clear.val() {
            self.scanning.d.next = false;
            self.fetching.d.next = false;
            self.waiting_full.d.next = false;
            self.scan_asked[0].d.next = false;
            self.scan_asked[1].d.next = false;
            self.scan_ends[0].d.next = false;
            self.scan_ends[1].d.next = false;
            self.scan_ends[2].d.next = false;
            self.fetch_asked[0].d.next = false;
            self.fetch_asked[1].d.next = false;
            self.fetch_ends[0].d.next = false;
            self.fetch_ends[1].d.next = false;
        }
    }
}
