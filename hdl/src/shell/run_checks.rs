//! What must be right of a RUN before its program is looked at.

use crate::tensor::transfer::product::Product;
use rust_hdl::prelude::*;

/// Checks fields, handles and the workspace, in the functional card's order: the first that is wrong is the status.
///
/// States: 0 waits, 1 looks at the fields, 2 multiplies, 3 looks at the ends in host memory; of a handle 4, 5, 10 and 6, one
/// after the other, for the data's, the state's and the program's; 7 has the workspace compared, 8 waits for that, 9 is
/// done.
#[derive(LogicBlock)]
pub struct RunChecks {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The entry; it stands until `done`.
    pub entry: [Signal<In, Bits<64>>; 8],
    /// Begins, a cycle after the entry was there.
    pub start: Signal<In, Bit>,
    /// Whatever is under way is given up: its job ends.
    pub clear: Signal<In, Bit>,
    /// For one cycle.
    pub done: Signal<Out, Bit>,
    /// 0, 2, 4, 6 or 7.
    pub status: Signal<Out, Bits<15>>,
    /// The completion's detail.
    pub detail: Signal<Out, Bits<32>>,
    /// Begin and bytes of what a handle names: 0 data, 1 state, 2 program.
    pub base: [Signal<Out, Bits<48>>; 3],
    /// Its bytes.
    pub size: [Signal<Out, Bits<48>>; 3],
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
    max_batch: Constant<Bits<32>>,
    max_input: Constant<Bits<32>>,
    max_output: Constant<Bits<32>>,
    max_handles: Constant<Bits<32>>,
    products: [Product; 2],
    state: DFF<Bits<4>>,
    which: DFF<Bits<2>>,
    less: DFF<Bits<32>>,
    is_none: DFF<Bit>,
    handle_ok: DFF<Bit>,
    waited: DFF<Bit>,
    /// What is known about a handle, and a cycle later its bytes.
    present: DFF<Bit>,
    is_state: DFF<Bit>,
    piece: DFF<Bits<48>>,
    upto: DFF<Bits<49>>,
    extent: DFF<Bits<49>>,
    bases: [DFF<Bits<48>>; 3],
    sizes: [DFF<Bits<48>>; 3],
    status_reg: DFF<Bits<15>>,
    detail_reg: DFF<Bits<32>>,
    bad_count: DFF<Bit>,
    bad_input: DFF<Bit>,
    bad_output: DFF<Bit>,
    wraps: DFF<Bit>,
    count: Signal<Local, Bits<32>>,
    input_bytes: Signal<Local, Bits<32>>,
    output_bytes: Signal<Local, Bits<32>>,
    in_type: Signal<Local, Bits<8>>,
    out_type: Signal<Local, Bits<8>>,
    in_ragged: Signal<Local, Bit>,
    out_ragged: Signal<Local, Bit>,
    handle: Signal<Local, Bits<32>>,
    in_end: Signal<Local, Bits<65>>,
    out_end: Signal<Local, Bits<65>>,
    wanted: Signal<Local, Bit>,
    is_known: Signal<Local, Bit>,
}

/// The limits that a RUN is held to.
pub struct Limits {
    /// MAX_BATCH.
    pub batch: u32,
    /// MAX_INPUT_BYTES.
    pub input_bytes: u32,
    /// MAX_OUTPUT_BYTES.
    pub output_bytes: u32,
    /// MAX_HANDLES.
    pub handles: u32,
}

impl RunChecks {
    /// Checks against these limits.
    pub fn new(limits: &Limits) -> Self {
        let wide = |value: u32| Constant::new(u64::from(value).into());
        Self {
            clock: Signal::default(),
            entry: Default::default(),
            start: Signal::default(),
            clear: Signal::default(),
            done: Signal::default(),
            status: Signal::default(),
            detail: Signal::default(),
            base: Default::default(),
            size: Default::default(),
            run_handle: Signal::default(),
            run_search: Signal::default(),
            run_present: Signal::default(),
            run_is_state: Signal::default(),
            run_piece: Signal::default(),
            run_upto: Signal::default(),
            run_range_ok: Signal::default(),
            run_searched: Signal::default(),
            run_meets: Signal::default(),
            max_batch: wide(limits.batch),
            max_input: wide(limits.input_bytes),
            max_output: wide(limits.output_bytes),
            max_handles: wide(limits.handles),
            products: Default::default(),
            state: DFF::default(),
            which: DFF::default(),
            less: DFF::default(),
            is_none: DFF::default(),
            handle_ok: DFF::default(),
            waited: DFF::default(),
            present: DFF::default(),
            is_state: DFF::default(),
            piece: DFF::default(),
            upto: DFF::default(),
            extent: DFF::default(),
            bases: Default::default(),
            sizes: Default::default(),
            status_reg: DFF::default(),
            detail_reg: DFF::default(),
            bad_count: DFF::default(),
            bad_input: DFF::default(),
            bad_output: DFF::default(),
            wraps: DFF::default(),
            count: Signal::default(),
            input_bytes: Signal::default(),
            output_bytes: Signal::default(),
            in_type: Signal::default(),
            out_type: Signal::default(),
            in_ragged: Signal::default(),
            out_ragged: Signal::default(),
            handle: Signal::default(),
            in_end: Signal::default(),
            out_end: Signal::default(),
            wanted: Signal::default(),
            is_known: Signal::default(),
        }
    }
}

impl Logic for RunChecks {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, state, which, less, is_none, handle_ok, waited, present, is_state, piece, upto,
            extent, status_reg, detail_reg, bad_count, bad_input, bad_output, wraps
        );
        for i in 0..3 {
            self.bases[i].clock.next = self.clock.val();
            self.sizes[i].clock.next = self.clock.val();
            self.bases[i].d.next = self.bases[i].q.val();
            self.sizes[i].d.next = self.sizes[i].q.val();
            self.base[i].next = self.bases[i].q.val();
            self.size[i].next = self.sizes[i].q.val();
        }
        self.done.next = self.state.q.val() == 9;
        self.status.next = self.status_reg.q.val();
        self.detail.next = self.detail_reg.q.val();
        self.count.next = self.entry[2].val().get_bits::<32>(32);
        self.input_bytes.next = self.entry[5].val().get_bits::<32>(0);
        self.output_bytes.next = self.entry[5].val().get_bits::<32>(32);
        self.in_type.next = self.entry[0].val().get_bits::<8>(16);
        self.out_type.next = self.entry[0].val().get_bits::<8>(24);

        // Whole elements: of u8 and i8 any number, of i16 an even one, of i32 a multiple of four.
        self.in_ragged.next = (self.in_type.val().get_bit(1) && self.input_bytes.val().get_bit(0))
            || ((self.in_type.val() == 3) && self.input_bytes.val().get_bit(1));
        self.out_ragged.next = (self.out_type.val().get_bit(1) && self.output_bytes.val().get_bit(0))
            || ((self.out_type.val() == 3) && self.output_bytes.val().get_bit(1));
        self.bad_input.d.next = self.in_ragged.val() || (self.input_bytes.val() > self.max_input.val());
        self.bad_output.d.next = self.out_ragged.val() || (self.output_bytes.val() > self.max_output.val());
        self.bad_count.d.next = (self.count.val() == 0) || (self.count.val() > self.max_batch.val());

        // Bytes of all items.
        for i in 0..2 {
            self.products[i].clock.next = self.clock.val();
            self.products[i].start.next = self.state.q.val() == 1;
            self.products[i].count.next = self.count.val().get_bits::<17>(0);
        }
        self.products[0].step.next = bit_cast::<52, 32>(self.input_bytes.val());
        self.products[1].step.next = bit_cast::<52, 32>(self.output_bytes.val());
        self.in_end.next = bit_cast::<65, 64>(self.entry[3].val());
        self.in_end.next = self.in_end.val() + bit_cast::<65, 52>(self.products[0].product.val());
        self.out_end.next = bit_cast::<65, 64>(self.entry[4].val());
        self.out_end.next = self.out_end.val() + bit_cast::<65, 52>(self.products[1].product.val());
        self.wraps.d.next = self.in_end.val().get_bit(64) || self.out_end.val().get_bit(64);

        // A handle.
        self.handle.next = self.entry[2].val().get_bits::<32>(0);
        if self.which.q.val() == 1 {
            self.handle.next = bit_cast::<32, 16>(self.entry[1].val().get_bits::<16>(48));
        }
        if self.which.q.val() == 2 {
            self.handle.next = bit_cast::<32, 16>(self.entry[1].val().get_bits::<16>(32));
        }
        self.is_none.d.next = self.handle.val() == 0;
        self.less.d.next = self.handle.val() - 1;
        self.handle_ok.d.next = self.less.q.val() < self.max_handles.val();
        self.run_handle.next = self.less.q.val().get_bits::<6>(0);
        self.present.d.next = self.run_present.val();
        self.is_state.d.next = self.run_is_state.val();
        self.piece.d.next = self.run_piece.val();
        self.upto.d.next = self.run_upto.val();
        self.extent.d.next = self.upto.q.val() - bit_cast::<49, 48>(self.piece.q.val());
        self.wanted.next = self.which.q.val() == 1;
        self.is_known.next =
            self.handle_ok.q.val() && self.present.q.val() && (self.is_state.q.val() == self.wanted.val());
        self.run_search.next = false;
        self.waited.d.next = false;

        if self.state.q.val() == 0 {
            self.status_reg.d.next = 0.into();
            self.detail_reg.d.next = 0.into();
            self.which.d.next = 0.into();
            if self.start.val() {
                self.state.d.next = 1.into();
            }
        }
        if self.state.q.val() == 1 {
            self.state.d.next = 9.into();
            self.status_reg.d.next = 2.into();
            if self.entry[3].val().get_bits::<3>(0).any() {
                self.detail_reg.d.next = 3.into();
            } else if self.entry[4].val().get_bits::<3>(0).any() {
                self.detail_reg.d.next = 4.into();
            } else if self.in_type.val() > bits::<8>(3) {
                self.detail_reg.d.next = 0.into();
            } else if self.bad_input.q.val() {
                self.detail_reg.d.next = 5.into();
            } else if self.out_type.val() > bits::<8>(3) {
                self.detail_reg.d.next = 0.into();
            } else if self.bad_output.q.val() {
                self.detail_reg.d.next = 5.into();
            } else if self.bad_count.q.val() {
                self.detail_reg.d.next = 2.into();
            } else {
                self.status_reg.d.next = 0.into();
                self.state.d.next = 2.into();
            }
        }
        if self.state.q.val() == 2 {
            // The ends are a cycle behind the products.
            if !self.products[0].busy.val() && !self.products[1].busy.val() {
                self.waited.d.next = true;
                if self.waited.q.val() {
                    self.state.d.next = 3.into();
                }
            }
        }
        if self.state.q.val() == 3 {
            self.state.d.next = 4.into();
            if self.wraps.q.val() {
                self.status_reg.d.next = 7.into();
                self.state.d.next = 9.into();
            }
        }
        // The handle is known, then what it names, a cycle later all that is known about it.
        if self.state.q.val() == 4 {
            self.waited.d.next = true;
            if self.waited.q.val() {
                self.state.d.next = 5.into();
            }
        }
        if self.state.q.val() == 5 {
            self.state.d.next = 10.into();
        }
        if self.state.q.val() == 10 {
            self.state.d.next = 6.into();
        }
        if self.state.q.val() == 6 {
            self.state.d.next = 4.into();
            self.which.d.next = self.which.q.val() + 1;
            if self.which.q.val() == 1 {
                self.state.d.next = 7.into();
            }
            if self.which.q.val() == 2 {
                self.state.d.next = 9.into();
            }
            for i in 0..3 {
                if self.which.q.val() == i.to_bits() {
                    self.bases[i].d.next = self.piece.q.val();
                    self.sizes[i].d.next = self.extent.q.val().get_bits::<48>(0);
                    if self.is_none.q.val() {
                        self.sizes[i].d.next = 0.into();
                    }
                }
            }
            if !self.is_known.val() {
                // Without data and without a state a program may do.
                if !self.is_none.q.val() || (self.which.q.val() == 2) {
                    self.status_reg.d.next = 4.into();
                    self.detail_reg.d.next = self.handle.val();
                    self.state.d.next = 9.into();
                }
            }
        }
        if self.state.q.val() == 7 {
            self.run_search.next = true;
            self.state.d.next = 8.into();
        }
        if (self.state.q.val() == 8) && self.run_searched.val() {
            self.state.d.next = 4.into();
            if self.run_meets.val() || !self.run_range_ok.val() {
                self.status_reg.d.next = 6.into();
                self.state.d.next = 9.into();
            }
        }
        if (self.state.q.val() == 9) || self.clear.val() {
            self.state.d.next = 0.into();
        }
    }
}
