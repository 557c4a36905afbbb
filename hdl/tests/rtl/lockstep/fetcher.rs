//! Reads cut into requests.

use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::shell::fetcher::Fetcher;

/// Cycles from a command or a request to the next one.
const PATIENCE: u32 = 4;

/// What is left of a command.
#[derive(Clone, Copy)]
struct Command {
    address: u64,
    length: u64,
    kind: u64,
}

#[derive(Default)]
struct Requests {
    /// Waits to be taken.
    offered: Option<Command>,
    /// Is cut into requests.
    current: Option<Command>,
    taken: u64,
    /// Cycles without a request.
    waits: u32,
}

fn command(random: &mut Random) -> Command {
    let near = random.choose(&[0_u64, 0x1000, 1 << 32, 1 << 63, u64::MAX - 0xffff]);
    let length = match random.bits() % 8 {
        0 => 0,
        1 => random.bits() % 16,
        2 => 512 * (random.bits() % 4),
        3 => random.bits() & ((1 << 49) - 1),
        _ => random.bits() % 3000,
    };
    Command {
        address: near.wrapping_add(8 * (random.bits() % 1024)),
        length,
        kind: random.bits() % 4,
    }
}

impl Bench for Requests {
    type Block = Fetcher;

    fn clock(block: &mut Fetcher, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Fetcher, random: &mut Random) {
        if self.offered.is_none() && !random.one_in(3) {
            self.offered = Some(command(random));
        }
        // Long commands end like this only.
        let long = self.current.is_some_and(|command| command.length > 10_000);
        block.abort.next = random.one_in(if long { 20 } else { 200 });
        block.cmd_valid.next = self.offered.is_some();
        let shown = self.offered.unwrap_or_else(|| command(random));
        put(&mut block.cmd_address, shown.address);
        put(&mut block.cmd_length, shown.length);
        put(&mut block.cmd_kind, shown.kind);
        block.req_ready.next = !random.one_in(3);
    }

    fn look(&mut self, block: &Fetcher) {
        assert_eq!(block.idle.val(), self.current.is_none());
        assert_eq!(block.cmd_ready.val(), self.current.is_none());
        assert!(
            !block.req_valid.val() || self.current.is_some(),
            "a request of nothing"
        );
        self.waits = if block.req_valid.val() || self.current.is_none() {
            0
        } else {
            self.waits + 1
        };
        assert!(self.waits < PATIENCE, "no request follows");
        if let Some(command) = self.current.as_mut().filter(|_| block.req_valid.val()) {
            let bytes = command.length.min(512 - command.address % 512);
            let is_last = bytes == command.length;
            assert_eq!(u64::from(block.req_address.val()), command.address);
            assert_eq!(u64::from(block.req_bytes.val()), bytes);
            assert_eq!(u64::from(block.req_kind.val()), command.kind);
            assert_eq!(block.req_last.val(), is_last);
            if block.req_ready.val() {
                self.taken += 1;
                command.address = command.address.wrapping_add(bytes);
                command.length -= bytes;
                if is_last {
                    self.current = None;
                }
            }
        } else if self.current.is_none() {
            self.current = self.offered.take();
        }
        if block.abort.val() {
            self.current = None;
        }
    }
}

#[test]
fn fetcher_asks_for_every_byte_of_a_command_once_and_in_order() {
    let mut bench = Requests::default();
    run("fetcher", Fetcher::default(), &mut bench, 3, 20_000);
    assert!(bench.taken > 5_000, "{} requests", bench.taken);
}
