//! What the bitstream of an ECP5 holds: the card behind the card's end of the bridge.

use super::card_end::CardEnd;
use crate::shell::top::Card;
use metisvm_boards::Board;
use rust_hdl::prelude::*;

/// A card whose pins are a clock and the two links. W to B are those of [`Card`], S is that of [`CardEnd`].
#[derive(LogicBlock)]
pub struct Ecp5<const W: usize, const D: usize, const E: usize, const B: usize, const S: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// From the host: a word.
    pub link_in_data: Signal<In, Bits<32>>,
    /// It is there.
    pub link_in_valid: Signal<In, Bit>,
    /// It is taken.
    pub link_in_ready: Signal<Out, Bit>,
    /// To the host: a word.
    pub link_out_data: Signal<Out, Bits<32>>,
    /// It is there.
    pub link_out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub link_out_ready: Signal<In, Bit>,
    card: Card<W, D, E, B, 5, 32, 6>,
    bridge: CardEnd<W, S>,
}

impl<const W: usize, const D: usize, const E: usize, const B: usize, const S: usize> Ecp5<W, D, E, B, S> {
    /// See [`Card::new`].
    pub fn new(board: &Board) -> Self {
        Self {
            clock: Signal::default(),
            link_in_data: Signal::default(),
            link_in_valid: Signal::default(),
            link_in_ready: Signal::default(),
            link_out_data: Signal::default(),
            link_out_valid: Signal::default(),
            link_out_ready: Signal::default(),
            card: Card::new(board),
            bridge: CardEnd::default(),
        }
    }
}

impl<const W: usize, const D: usize, const E: usize, const B: usize, const S: usize> Logic
    for Ecp5<W, D, E, B, S>
{
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, card, bridge);
        self.bridge.link_in_data.next = self.link_in_data.val();
        self.bridge.link_in_valid.next = self.link_in_valid.val();
        self.link_in_ready.next = self.bridge.link_in_ready.val();
        self.link_out_data.next = self.bridge.link_out_data.val();
        self.link_out_valid.next = self.bridge.link_out_valid.val();
        self.bridge.link_out_ready.next = self.link_out_ready.val();
        self.card.flr.next = self.bridge.flr.val();
        self.card.s_awaddr.next = self.bridge.s_awaddr.val();
        self.card.s_awvalid.next = self.bridge.s_awvalid.val();
        self.bridge.s_awready.next = self.card.s_awready.val();
        self.card.s_wdata.next = self.bridge.s_wdata.val();
        self.card.s_wstrb.next = self.bridge.s_wstrb.val();
        self.card.s_wvalid.next = self.bridge.s_wvalid.val();
        self.bridge.s_wready.next = self.card.s_wready.val();
        self.bridge.s_bresp.next = self.card.s_bresp.val();
        self.bridge.s_bvalid.next = self.card.s_bvalid.val();
        self.card.s_bready.next = self.bridge.s_bready.val();
        self.card.s_araddr.next = self.bridge.s_araddr.val();
        self.card.s_arvalid.next = self.bridge.s_arvalid.val();
        self.bridge.s_arready.next = self.card.s_arready.val();
        self.bridge.s_rdata.next = self.card.s_rdata.val();
        self.bridge.s_rresp.next = self.card.s_rresp.val();
        self.bridge.s_rvalid.next = self.card.s_rvalid.val();
        self.card.s_rready.next = self.bridge.s_rready.val();
        self.bridge.rq_address.next = self.card.rq_address.val();
        self.bridge.rq_bytes.next = self.card.rq_bytes.val();
        self.bridge.rq_tag.next = self.card.rq_tag.val();
        self.bridge.rq_valid.next = self.card.rq_valid.val();
        self.card.rq_ready.next = self.bridge.rq_ready.val();
        self.card.rc_data.next = self.bridge.rc_data.val();
        self.card.rc_tag.next = self.bridge.rc_tag.val();
        self.card.rc_last.next = self.bridge.rc_last.val();
        self.card.rc_error.next = self.bridge.rc_error.val();
        self.card.rc_valid.next = self.bridge.rc_valid.val();
        self.bridge.rc_ready.next = self.card.rc_ready.val();
        self.bridge.wq_address.next = self.card.wq_address.val();
        self.bridge.wq_bytes.next = self.card.wq_bytes.val();
        self.bridge.wq_valid.next = self.card.wq_valid.val();
        self.card.wq_ready.next = self.bridge.wq_ready.val();
        self.bridge.wd_data.next = self.card.wd_data.val();
        self.bridge.wd_valid.next = self.card.wd_valid.val();
        self.card.wd_ready.next = self.bridge.wd_ready.val();
        self.bridge.mw_address.next = self.card.mw_address.val();
        self.bridge.mw_data.next = self.card.mw_data.val();
        self.bridge.mw_valid.next = self.card.mw_valid.val();
        self.card.mw_ready.next = self.bridge.mw_ready.val();
        self.bridge.irq_vector.next = self.card.irq_vector.val();
        self.bridge.irq_valid.next = self.card.irq_valid.val();
        self.card.irq_ready.next = self.bridge.irq_ready.val();
        self.bridge.busy.next = self.card.busy.val();
    }
}
