//! Does one entry at a time: the checks of the ABI that need no engine, and the jobs that need none.

use crate::shell::handles::Handles;
use rust_hdl::prelude::*;

/// States: 0 waits, 1 compares a range with the resident ones, 2 asks for its bytes, 3 copies them, 4 waits
/// for an engine's job, 5 is done, 6 throws away what is still on its way, 7 decides, on what was compared in the
/// cycles before: the entry has stood for two by then.
#[derive(LogicBlock, Default)]
pub struct Executor {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The job in progress is given up.
    pub stop: Signal<In, Bit>,
    /// Forgets the handles.
    pub clear: Signal<In, Bit>,
    /// The highest handle.
    pub max_handles: Signal<In, Bits<32>>,
    /// Card memory, bytes.
    pub card_bytes: Signal<In, Bits<64>>,
    /// The session's nonce.
    pub boot_nonce: Signal<In, Bits<32>>,
    /// The entry.
    pub entry: [Signal<In, Bits<64>>; 8],
    /// It begins; its words are there since the cycle before.
    pub start: Signal<In, Bit>,
    /// A CANCEL means it.
    pub cancelled: Signal<In, Bit>,
    /// It is a CANCEL that has found its entry.
    pub found: Signal<In, Bit>,
    /// It is done; the ports below hold until the next begins.
    pub done: Signal<Out, Bit>,
    /// How it ended.
    pub status: Signal<Out, Bits<15>>,
    /// The completion's detail.
    pub detail: Signal<Out, Bits<32>>,
    /// A command for the fetcher.
    pub cmd_valid: Signal<Out, Bit>,
    /// It is taken.
    pub cmd_ready: Signal<In, Bit>,
    /// What is on its way is thrown away.
    pub abort: Signal<Out, Bit>,
    /// Nothing is on its way.
    pub drained: Signal<In, Bit>,
    /// A resident word is there.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// The word.
    pub in_data: Signal<In, Bits<64>>,
    /// The last one.
    pub in_end: Signal<In, Bit>,
    /// It cannot be read.
    pub in_error: Signal<In, Bit>,
    /// Card memory: where.
    pub mw_address: Signal<Out, Bits<48>>,
    /// What.
    pub mw_data: Signal<Out, Bits<64>>,
    /// A word waits.
    pub mw_valid: Signal<Out, Bit>,
    /// It is taken.
    pub mw_ready: Signal<In, Bit>,
    /// The card has a Keccak engine.
    pub has_keccak: Signal<In, Bit>,
    /// A Keccak job begins.
    pub keccak_start: Signal<Out, Bit>,
    /// It is done.
    pub keccak_done: Signal<In, Bit>,
    /// How it ended.
    pub keccak_status: Signal<In, Bits<15>>,
    /// Its detail.
    pub keccak_detail: Signal<In, Bits<32>>,
    /// The card has a tensor engine.
    pub has_tensor: Signal<In, Bit>,
    /// A RUN begins.
    pub run_start: Signal<Out, Bit>,
    /// It is done.
    pub run_done: Signal<In, Bit>,
    /// How it ended.
    pub run_status: Signal<In, Bits<15>>,
    /// Its detail.
    pub run_detail: Signal<In, Bits<32>>,
    /// It looks at a handle, less one, of the table.
    pub run_handle: Signal<In, Bits<6>>,
    /// It has the workspace compared with the resident ranges.
    pub run_search: Signal<In, Bit>,
    /// Its handle is known; this port and the next three are one cycle late.
    pub run_present: Signal<Out, Bit>,
    /// It is a state.
    pub run_is_state: Signal<Out, Bit>,
    /// Its first byte.
    pub run_piece: Signal<Out, Bits<48>>,
    /// The byte after its last.
    pub run_upto: Signal<Out, Bits<49>>,
    /// The workspace is aligned, and within card memory.
    pub run_range_ok: Signal<Out, Bit>,
    /// It was compared.
    pub run_searched: Signal<Out, Bit>,
    /// It meets a resident range.
    pub run_meets: Signal<Out, Bit>,

    handles: Handles,
    state: DFF<Bits<3>>,
    status_reg: DFF<Bits<15>>,
    detail_reg: DFF<Bits<32>>,
    at: DFF<Bits<48>>,
    has_field: DFF<Bits<8>>,
    wrong_nonce: DFF<Bit>,
    less: DFF<Bits<32>>,
    no_handle: DFF<Bit>,
    handle_ok: DFF<Bit>,
    is_present: DFF<Bit>,
    is_state: DFF<Bit>,
    upto: DFF<Bits<65>>,
    range_ok: DFF<Bit>,
    stray_reg: DFF<Bits<4>>,
    status_n: Signal<Local, Bits<15>>,
    detail_n: Signal<Local, Bits<32>>,
    opcode: Signal<Local, Bits<8>>,
    is_run: Signal<Local, Bit>,
    is_load: Signal<Local, Bit>,
    is_evict: Signal<Local, Bit>,
    is_keccak: Signal<Local, Bit>,
    is_cancel: Signal<Local, Bit>,
    stray: Signal<Local, Bits<4>>,
    handle: Signal<Local, Bits<32>>,
    address: Signal<Local, Bits<64>>,
    length: Signal<Local, Bits<64>>,
    address_wide: Signal<Local, Bits<65>>,
    length_wide: Signal<Local, Bits<65>>,
    limit: Signal<Local, Bits<65>>,
    fields: Signal<Local, Bits<8>>,
    field_bit: Signal<Local, Bits<8>>,
}

impl Logic for Executor {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            status_reg,
            detail_reg,
            at,
            has_field,
            wrong_nonce,
            less,
            no_handle,
            handle_ok,
            is_present,
            is_state,
            upto,
            range_ok,
            stray_reg
        );
        clock!(self, clock, handles);
        self.opcode.next = self.entry[0].val().get_bits::<8>(0);
        self.is_cancel.next = self.opcode.val() == 1;
        self.is_load.next = self.opcode.val() == 2;
        self.is_evict.next = self.opcode.val() == 3;
        self.is_run.next = self.opcode.val() == 4;
        self.is_keccak.next = self.opcode.val() == 5;
        // Words with a bit set; of word 2 the count alone, of words 0 and 1 what no opcode names.
        self.fields.next = 0.into();
        self.field_bit.next = 4.into();
        if self.entry[2].val().get_bits::<32>(32).any() {
            self.fields.next = self.field_bit.val();
        }
        for i in 3..8 {
            self.field_bit.next = self.field_bit.val() << 1;
            if self.entry[i].val().any() {
                self.fields.next = self.fields.val() | self.field_bit.val();
            }
        }
        if self.entry[0].val().get_bits::<23>(9).any() {
            self.fields.next = self.fields.val() | bits::<8>(1);
        }
        if self.entry[1].val().get_bits::<32>(32).any() {
            self.fields.next = self.fields.val() | bits::<8>(2);
        }
        self.has_field.d.next = self.fields.val();
        // The lowest word with a field that the opcode does not name; 8 for none.
        self.stray.next = 8.into();
        if !self.is_load.val() {
            if self.has_field.q.val().get_bit(7) {
                self.stray.next = 7.into();
            }
            if self.has_field.q.val().get_bit(6) {
                self.stray.next = 6.into();
            }
        }
        if !self.is_keccak.val() {
            if self.has_field.q.val().get_bit(5) {
                self.stray.next = 5.into();
            }
            if self.has_field.q.val().get_bit(4) {
                self.stray.next = 4.into();
            }
            if !self.is_load.val() && self.has_field.q.val().get_bit(3) {
                self.stray.next = 3.into();
            }
            if !self.is_cancel.val() && self.has_field.q.val().get_bit(2) {
                self.stray.next = 2.into();
            }
        }
        if !self.is_load.val() && !self.is_evict.val() && !self.no_handle.q.val() {
            self.stray.next = 2.into();
        }
        if self.has_field.q.val().get_bit(1) {
            self.stray.next = 1.into();
        }
        if self.has_field.q.val().get_bit(0) {
            self.stray.next = 0.into();
        }
        if !self.is_load.val() && self.entry[0].val().get_bit(8) {
            self.stray.next = 0.into();
        }
        self.stray_reg.d.next = self.stray.val();
        self.wrong_nonce.d.next =
            (self.boot_nonce.val() == 0) || (self.entry[1].val().get_bits::<32>(0) != self.boot_nonce.val());
        self.handle.next = self.entry[2].val().get_bits::<32>(0);
        self.no_handle.d.next = self.handle.val() == 0;
        self.less.d.next = self.handle.val() - 1;
        self.handle_ok.d.next = self.less.q.val() < self.max_handles.val();
        self.is_present.d.next = self.handles.present.val();
        self.address.next = self.entry[6].val();
        self.length.next = self.entry[7].val();
        self.address_wide.next = bit_cast::<65, 64>(self.address.val());
        self.length_wide.next = bit_cast::<65, 64>(self.length.val());
        self.upto.d.next = self.address_wide.val() + self.length_wide.val();
        self.limit.next = bit_cast::<65, 64>(self.card_bytes.val());
        self.range_ok.d.next =
            (self.address.val().get_bits::<6>(0) == 0) && (self.upto.q.val() <= self.limit.val());

        self.handles.clear.next = self.clear.val();
        self.handles.handle.next = self.less.q.val().get_bits::<6>(0);
        if self.is_run.val() {
            self.handles.handle.next = self.run_handle.val();
        }
        self.handles.as_state.next = self.entry[0].val().get_bit(8);
        self.is_state.d.next = self.handles.is_state.val();
        self.run_present.next = self.is_present.q.val();
        self.run_is_state.next = self.is_state.q.val();
        self.run_piece.next = self.handles.piece_start.val();
        self.run_upto.next = self.handles.piece_upto.val();
        self.run_range_ok.next = self.range_ok.q.val();
        self.run_searched.next = self.handles.searched.val();
        self.run_meets.next = self.handles.meets.val();
        self.handles.start.next = self.address.val().get_bits::<48>(0);
        self.handles.upto.next = self.upto.q.val().get_bits::<49>(0);
        self.handles.search.next = self.run_search.val();
        self.handles.insert.next = false;
        self.handles.remove.next = false;
        self.done.next = self.state.q.val() == 5;
        self.status.next = self.status_reg.q.val();
        self.detail.next = self.detail_reg.q.val();
        self.cmd_valid.next = false;
        self.abort.next = false;
        self.in_ready.next = false;
        self.mw_valid.next = false;
        self.mw_address.next = self.at.q.val();
        self.mw_data.next = self.in_data.val();
        self.keccak_start.next = false;
        self.run_start.next = false;
        self.status_n.next = self.status_reg.q.val();
        self.detail_n.next = self.detail_reg.q.val();

        if self.state.q.val() == 0 {
            if self.start.val() {
                self.state.d.next = 7.into();
            }
        }
        if self.state.q.val() == 7 {
            self.state.d.next = 5.into();
            self.status_n.next = 0.into();
            self.detail_n.next = 0.into();
            self.at.d.next = self.address.val().get_bits::<48>(0);
            if self.wrong_nonce.q.val() {
                self.status_n.next = 3.into();
                self.detail_n.next = self.boot_nonce.val();
            } else if self.cancelled.val() {
                self.status_n.next = 16.into();
            } else if self.found.val() {
                self.status_n.next = 0.into();
            } else if self.opcode.val() > bits::<8>(5) {
                self.status_n.next = 1.into();
            } else if self.is_run.val() {
                // It names every field but the flags.
                self.status_n.next = 1.into();
                if self.entry[0].val().get_bits::<8>(8).any() {
                    self.status_n.next = 2.into();
                } else if self.has_tensor.val() {
                    self.run_start.next = true;
                    self.state.d.next = 4.into();
                }
            } else if self.stray_reg.q.val() != 8 {
                self.status_n.next = 2.into();
                self.detail_n.next = bit_cast::<32, 4>(self.stray_reg.q.val());
            } else if self.is_keccak.val() && !self.has_keccak.val() {
                self.status_n.next = 1.into();
            } else if self.is_cancel.val() {
                self.status_n.next = 17.into();
            } else if self.is_evict.val() {
                if self.handle_ok.q.val() && self.is_present.q.val() {
                    self.handles.remove.next = true;
                } else {
                    self.status_n.next = 4.into();
                    self.detail_n.next = self.handle.val();
                }
            } else if self.is_load.val() {
                if !self.handle_ok.q.val() {
                    self.status_n.next = 2.into();
                    self.detail_n.next = 2.into();
                } else if self.entry[3].val().get_bits::<3>(0).any() {
                    self.status_n.next = 2.into();
                    self.detail_n.next = 3.into();
                } else if self.is_present.q.val() {
                    self.status_n.next = 5.into();
                    self.detail_n.next = self.handle.val();
                } else if !self.range_ok.q.val() {
                    self.status_n.next = 6.into();
                } else {
                    self.handles.search.next = true;
                    self.state.d.next = 1.into();
                }
            } else if self.is_keccak.val() {
                self.keccak_start.next = true;
                self.state.d.next = 4.into();
            }
        }
        if (self.state.q.val() == 1) && self.handles.searched.val() {
            if self.handles.meets.val() {
                self.status_n.next = 6.into();
                self.state.d.next = 5.into();
            } else if self.length.val() == 0 {
                self.handles.insert.next = true;
                self.state.d.next = 5.into();
            } else {
                self.state.d.next = 2.into();
            }
        }
        if self.state.q.val() == 2 {
            self.cmd_valid.next = true;
            if self.cmd_ready.val() {
                self.state.d.next = 3.into();
            }
        }
        if self.state.q.val() == 3 {
            self.mw_valid.next = self.in_valid.val() && !self.in_error.val();
            self.in_ready.next = self.mw_ready.val();
            if self.in_valid.val() && !self.in_error.val() && self.mw_ready.val() {
                self.at.d.next = self.at.q.val() + 8;
                if self.in_end.val() {
                    self.handles.insert.next = true;
                    self.state.d.next = 5.into();
                } else if self.stop.val() {
                    self.status_n.next = 19.into();
                    self.state.d.next = 6.into();
                }
            }
            if self.in_valid.val() && self.in_error.val() {
                self.status_n.next = 7.into();
                self.state.d.next = 6.into();
            } else if self.stop.val() && !self.in_valid.val() {
                self.status_n.next = 19.into();
                self.state.d.next = 6.into();
            }
        }
        if (self.state.q.val() == 4) && self.keccak_done.val() {
            self.status_n.next = self.keccak_status.val();
            self.detail_n.next = self.keccak_detail.val();
            self.state.d.next = 5.into();
        }
        if (self.state.q.val() == 4) && self.run_done.val() {
            self.status_n.next = self.run_status.val();
            self.detail_n.next = self.run_detail.val();
            self.state.d.next = 5.into();
        }
        if self.state.q.val() == 5 {
            self.state.d.next = 0.into();
        }
        if self.state.q.val() == 6 {
            self.abort.next = true;
            self.in_ready.next = true;
            if self.drained.val() {
                self.state.d.next = 5.into();
            }
        }
        self.status_reg.d.next = self.status_n.val();
        self.detail_reg.d.next = self.detail_n.val();
    }
}
