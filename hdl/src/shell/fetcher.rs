//! Cuts a read of host memory into requests that a tag can hold.

use rust_hdl::prelude::*;

/// Takes a command (address, length, kind) and gives requests of at most 512 bytes, none across a multiple
/// of 512, in ascending order. A command of no bytes gives one empty request, which reads nothing but keeps
/// its place among the others.
#[derive(LogicBlock, Default)]
pub struct Fetcher {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops what is left of the command.
    pub abort: Signal<In, Bit>,
    /// The ports below hold a command.
    pub cmd_valid: Signal<In, Bit>,
    /// The command is taken in this cycle.
    pub cmd_ready: Signal<Out, Bit>,
    /// First byte, a multiple of 8.
    pub cmd_address: Signal<In, Bits<64>>,
    /// Bytes, any number.
    pub cmd_length: Signal<In, Bits<49>>,
    /// What the bytes are: 0 entries, 1 resident bytes, 2 descriptors, 3 a message.
    pub cmd_kind: Signal<In, Bits<2>>,
    /// The ports below hold a request.
    pub req_valid: Signal<Out, Bit>,
    /// The reader takes the request.
    pub req_ready: Signal<In, Bit>,
    /// First byte of the request.
    pub req_address: Signal<Out, Bits<64>>,
    /// Bytes, 0 to 512.
    pub req_bytes: Signal<Out, Bits<10>>,
    /// The command's kind.
    pub req_kind: Signal<Out, Bits<2>>,
    /// The command ends here.
    pub req_last: Signal<Out, Bit>,
    /// Nothing is in progress.
    pub idle: Signal<Out, Bit>,
    active: DFF<Bit>,
    address: DFF<Bits<64>>,
    left: DFF<Bits<49>>,
    kind: DFF<Bits<2>>,
    // Whether the registers below tell of the next request; computed in the cycle before it.
    ready: DFF<Bit>,
    room: DFF<Bits<10>>,
    is_last: DFF<Bit>,
    offset: Signal<Local, Bits<10>>,
    room_n: Signal<Local, Bits<10>>,
    room_wide: Signal<Local, Bits<49>>,
    next_piece: Signal<Local, Bits<55>>,
    next_address: Signal<Local, Bits<64>>,
}

impl Logic for Fetcher {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, active, address, left, kind, ready, room, is_last);
        // Only the place within 512 bytes counts.
        self.offset.next = bit_cast::<10, 9>(self.address.q.val().get_bits::<9>(0));
        self.room_n.next = bits::<10>(512) - self.offset.val();
        self.room.d.next = self.room_n.val();
        self.is_last.d.next = !self.left.q.val().get_bits::<39>(10).any()
            && (self.left.q.val().get_bits::<10>(0) <= self.room_n.val());
        self.room_wide.next = bit_cast::<49, 10>(self.room.q.val());
        self.next_piece.next = self.address.q.val().get_bits::<55>(9) + 1;
        self.next_address.next = bit_cast::<64, 55>(self.next_piece.val());
        self.next_address.next = self.next_address.val() << 9;

        self.cmd_ready.next = !self.active.q.val();
        self.req_valid.next = self.ready.q.val();
        self.req_address.next = self.address.q.val();
        self.req_kind.next = self.kind.q.val();
        self.req_last.next = self.is_last.q.val();
        self.req_bytes.next = self.room.q.val();
        if self.is_last.q.val() {
            self.req_bytes.next = self.left.q.val().get_bits::<10>(0);
        }
        self.idle.next = !self.active.q.val();

        if self.active.q.val() {
            self.ready.d.next = true;
            if self.ready.q.val() && self.req_ready.val() {
                self.ready.d.next = false;
                self.address.d.next = self.next_address.val();
                self.left.d.next = self.left.q.val() - self.room_wide.val();
                if self.is_last.q.val() {
                    self.active.d.next = false;
                }
            }
        } else {
            if self.cmd_valid.val() {
                self.active.d.next = true;
                self.address.d.next = self.cmd_address.val();
                self.left.d.next = self.cmd_length.val();
                self.kind.d.next = self.cmd_kind.val();
            }
        }
        if self.abort.val() {
            self.active.d.next = false;
            self.ready.d.next = false;
        }
    }
}
