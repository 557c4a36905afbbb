//! The part, its links, and the host's end: a card with the pins of any other, for simulation.

use super::TAG_BITS;
use super::ecp5::Ecp5;
use super::host_end::HostEnd;
use metisvm_boards::Board;
use rust_hdl::prelude::*;

/// What [`crate::shell::top::Card`] is, through the bridge: the module `ecp5` inside is what the bitstream
/// holds, so what tests drive is what is placed and routed.
///
/// W to S are those of [`Ecp5`], H is that of [`HostEnd`]. With `stalls` other than 0 the links rest in some cycles, one of four for 3.
#[derive(LogicBlock)]
pub struct Bridged<
    const W: usize,
    const D: usize,
    const E: usize,
    const B: usize,
    const S: usize,
    const H: usize,
> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// See [`crate::shell::top::Card`], also for all that follow.
    pub flr: Signal<In, Bit>,
    /// See there.
    pub s_awaddr: Signal<In, Bits<16>>,
    /// See there.
    pub s_awvalid: Signal<In, Bit>,
    /// See there.
    pub s_awready: Signal<Out, Bit>,
    /// See there.
    pub s_wdata: Signal<In, Bits<32>>,
    /// See there.
    pub s_wstrb: Signal<In, Bits<4>>,
    /// See there.
    pub s_wvalid: Signal<In, Bit>,
    /// See there.
    pub s_wready: Signal<Out, Bit>,
    /// See there.
    pub s_bresp: Signal<Out, Bits<2>>,
    /// See there.
    pub s_bvalid: Signal<Out, Bit>,
    /// See there.
    pub s_bready: Signal<In, Bit>,
    /// See there.
    pub s_araddr: Signal<In, Bits<16>>,
    /// See there.
    pub s_arvalid: Signal<In, Bit>,
    /// See there.
    pub s_arready: Signal<Out, Bit>,
    /// See there.
    pub s_rdata: Signal<Out, Bits<32>>,
    /// See there.
    pub s_rresp: Signal<Out, Bits<2>>,
    /// See there.
    pub s_rvalid: Signal<Out, Bit>,
    /// See there.
    pub s_rready: Signal<In, Bit>,
    /// See there.
    pub rq_address: Signal<Out, Bits<64>>,
    /// See there.
    pub rq_bytes: Signal<Out, Bits<13>>,
    /// See there.
    pub rq_tag: Signal<Out, Bits<TAG_BITS>>,
    /// See there.
    pub rq_valid: Signal<Out, Bit>,
    /// See there.
    pub rq_ready: Signal<In, Bit>,
    /// See there.
    pub rc_data: Signal<In, Bits<W>>,
    /// See there.
    pub rc_tag: Signal<In, Bits<TAG_BITS>>,
    /// See there.
    pub rc_last: Signal<In, Bit>,
    /// See there.
    pub rc_error: Signal<In, Bit>,
    /// See there.
    pub rc_valid: Signal<In, Bit>,
    /// See there.
    pub rc_ready: Signal<Out, Bit>,
    /// See there.
    pub wq_address: Signal<Out, Bits<64>>,
    /// See there.
    pub wq_bytes: Signal<Out, Bits<13>>,
    /// See there.
    pub wq_valid: Signal<Out, Bit>,
    /// See there.
    pub wq_ready: Signal<In, Bit>,
    /// See there.
    pub wd_data: Signal<Out, Bits<W>>,
    /// See there.
    pub wd_last: Signal<Out, Bit>,
    /// See there.
    pub wd_valid: Signal<Out, Bit>,
    /// See there.
    pub wd_ready: Signal<In, Bit>,
    /// See there.
    pub mw_address: Signal<Out, Bits<48>>,
    /// See there.
    pub mw_data: Signal<Out, Bits<64>>,
    /// See there.
    pub mw_valid: Signal<Out, Bit>,
    /// See there.
    pub mw_ready: Signal<In, Bit>,
    /// See there.
    pub irq_vector: Signal<Out, Bits<6>>,
    /// See there.
    pub irq_valid: Signal<Out, Bit>,
    /// See there.
    pub irq_ready: Signal<In, Bit>,
    /// See there.
    pub busy: Signal<Out, Bit>,

    ecp5: Ecp5<W, D, E, B, S>,
    host: HostEnd<W, H>,
    noise: DFF<Bits<16>>,
    stalls: Constant<Bits<16>>,
    taps: Signal<Local, Bits<16>>,
    shifted: Signal<Local, Bits<16>>,
    to_card: Signal<Local, Bits<16>>,
    to_host: Signal<Local, Bits<16>>,
    card_open: Signal<Local, Bit>,
    host_open: Signal<Local, Bit>,
}

impl<const W: usize, const D: usize, const E: usize, const B: usize, const S: usize, const H: usize>
    Bridged<W, D, E, B, S, H>
{
    /// See [`crate::shell::top::Card::new`].
    pub fn new(board: &Board) -> Self {
        Self {
            clock: Signal::default(),
            flr: Signal::default(),
            s_awaddr: Signal::default(),
            s_awvalid: Signal::default(),
            s_awready: Signal::default(),
            s_wdata: Signal::default(),
            s_wstrb: Signal::default(),
            s_wvalid: Signal::default(),
            s_wready: Signal::default(),
            s_bresp: Signal::default(),
            s_bvalid: Signal::default(),
            s_bready: Signal::default(),
            s_araddr: Signal::default(),
            s_arvalid: Signal::default(),
            s_arready: Signal::default(),
            s_rdata: Signal::default(),
            s_rresp: Signal::default(),
            s_rvalid: Signal::default(),
            s_rready: Signal::default(),
            rq_address: Signal::default(),
            rq_bytes: Signal::default(),
            rq_tag: Signal::default(),
            rq_valid: Signal::default(),
            rq_ready: Signal::default(),
            rc_data: Signal::default(),
            rc_tag: Signal::default(),
            rc_last: Signal::default(),
            rc_error: Signal::default(),
            rc_valid: Signal::default(),
            rc_ready: Signal::default(),
            wq_address: Signal::default(),
            wq_bytes: Signal::default(),
            wq_valid: Signal::default(),
            wq_ready: Signal::default(),
            wd_data: Signal::default(),
            wd_last: Signal::default(),
            wd_valid: Signal::default(),
            wd_ready: Signal::default(),
            mw_address: Signal::default(),
            mw_data: Signal::default(),
            mw_valid: Signal::default(),
            mw_ready: Signal::default(),
            irq_vector: Signal::default(),
            irq_valid: Signal::default(),
            irq_ready: Signal::default(),
            busy: Signal::default(),
            ecp5: Ecp5::new(board),
            host: HostEnd::default(),
            noise: DFF::default(),
            stalls: Constant::new(0_u64.into()),
            taps: Signal::default(),
            shifted: Signal::default(),
            to_card: Signal::default(),
            to_host: Signal::default(),
            card_open: Signal::default(),
            host_open: Signal::default(),
        }
    }
}

impl<const W: usize, const D: usize, const E: usize, const B: usize, const S: usize, const H: usize> Logic
    for Bridged<W, D, E, B, S, H>
{
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, noise);
        clock!(self, clock, ecp5, host);
        // A shift register with feedback, which runs through all numbers but all ones.
        self.taps.next = self.noise.q.val() & bits::<16>(0xb400);
        self.shifted.next = self.noise.q.val() << 1;
        self.noise.d.next = self.shifted.val();
        if !self.taps.val().xor() {
            self.noise.d.next = self.shifted.val() | bits::<16>(1);
        }
        self.to_card.next = self.noise.q.val() & self.stalls.val();
        self.to_host.next = self.noise.q.val() >> 8;
        self.to_host.next = self.to_host.val() & self.stalls.val();
        self.card_open.next = (self.to_card.val() != 0) || (self.stalls.val() == 0);
        self.host_open.next = (self.to_host.val() != 0) || (self.stalls.val() == 0);
        self.ecp5.link_in_data.next = self.host.link_out_data.val();
        self.ecp5.link_in_valid.next = self.host.link_out_valid.val() && self.card_open.val();
        self.host.link_out_ready.next = self.ecp5.link_in_ready.val() && self.card_open.val();
        self.host.link_in_data.next = self.ecp5.link_out_data.val();
        self.host.link_in_valid.next = self.ecp5.link_out_valid.val() && self.host_open.val();
        self.ecp5.link_out_ready.next = self.host.link_in_ready.val() && self.host_open.val();
        self.host.flr.next = self.flr.val();
        self.host.s_awaddr.next = self.s_awaddr.val();
        self.host.s_awvalid.next = self.s_awvalid.val();
        self.s_awready.next = self.host.s_awready.val();
        self.host.s_wdata.next = self.s_wdata.val();
        self.host.s_wstrb.next = self.s_wstrb.val();
        self.host.s_wvalid.next = self.s_wvalid.val();
        self.s_wready.next = self.host.s_wready.val();
        self.s_bresp.next = self.host.s_bresp.val();
        self.s_bvalid.next = self.host.s_bvalid.val();
        self.host.s_bready.next = self.s_bready.val();
        self.host.s_araddr.next = self.s_araddr.val();
        self.host.s_arvalid.next = self.s_arvalid.val();
        self.s_arready.next = self.host.s_arready.val();
        self.s_rdata.next = self.host.s_rdata.val();
        self.s_rresp.next = self.host.s_rresp.val();
        self.s_rvalid.next = self.host.s_rvalid.val();
        self.host.s_rready.next = self.s_rready.val();
        self.rq_address.next = self.host.rq_address.val();
        self.rq_bytes.next = self.host.rq_bytes.val();
        self.rq_tag.next = self.host.rq_tag.val();
        self.rq_valid.next = self.host.rq_valid.val();
        self.host.rq_ready.next = self.rq_ready.val();
        self.host.rc_data.next = self.rc_data.val();
        self.host.rc_tag.next = self.rc_tag.val();
        self.host.rc_last.next = self.rc_last.val();
        self.host.rc_error.next = self.rc_error.val();
        self.host.rc_valid.next = self.rc_valid.val();
        self.rc_ready.next = self.host.rc_ready.val();
        self.wq_address.next = self.host.wq_address.val();
        self.wq_bytes.next = self.host.wq_bytes.val();
        self.wq_valid.next = self.host.wq_valid.val();
        self.host.wq_ready.next = self.wq_ready.val();
        self.wd_data.next = self.host.wd_data.val();
        self.wd_last.next = self.host.wd_last.val();
        self.wd_valid.next = self.host.wd_valid.val();
        self.host.wd_ready.next = self.wd_ready.val();
        self.mw_address.next = self.host.mw_address.val();
        self.mw_data.next = self.host.mw_data.val();
        self.mw_valid.next = self.host.mw_valid.val();
        self.host.mw_ready.next = self.mw_ready.val();
        self.irq_vector.next = self.host.irq_vector.val();
        self.irq_valid.next = self.host.irq_valid.val();
        self.host.irq_ready.next = self.irq_ready.val();
        self.busy.next = self.host.busy.val();
    }
}
