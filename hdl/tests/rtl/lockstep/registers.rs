//! The register file, between a host on AXI4-Lite and a queue engine.

use super::bank::{Bank, EFFECT, QueueState, Write};
use super::{Bench, put, run};
use crate::random::Random;
use metisvm_firmware::registers as reg;
use metisvm_firmware::registers::{queue, queue_register};
use metisvm_hdl::shell::registers::Registers;

/// A read under way.
#[derive(Clone, Copy)]
enum Read {
    Offered(u64),
    /// The engine has the memory first.
    Waits(u64),
    /// What the memory holds was read.
    Samples(u64, u64),
    /// So were the bits of the queue.
    Chooses(u64, u64, QueueState),
    Answers(u64),
}

struct Host {
    bank: Bank,
    offered: Option<(Write, bool, bool)>,
    write: Option<Write>,
    read: Option<Read>,
    /// What the queue engine must see.
    cfg: Option<u64>,
    constant_address: u64,
    reads: u64,
    /// The queue that the engine looks at, and whether it did in the cycle before.
    sel: u64,
    stands: bool,
    /// What it sees of it: as it was a cycle before.
    seen: QueueState,
    /// The state that it gives a queue.
    sets: Option<(usize, u64)>,
}

impl Host {
    fn new(queues: usize) -> Self {
        Self {
            bank: Bank::new(queues),
            offered: None,
            write: None,
            read: None,
            cfg: None,
            constant_address: 0,
            reads: 0,
            sel: 0,
            stands: false,
            seen: QueueState::default(),
            sets: None,
        }
    }

    fn address(&self, random: &mut Random) -> u64 {
        let queue = random.bits() % (self.bank.queues as u64 + 2);
        let counter = reg::COUNTERS + 4 * (random.bits() % 56) as u32;
        match random.bits() % 8 {
            0 => u64::from(random.choose(&[reg::BOOT_NONCE, reg::STATUS, reg::CONTROL, counter])),
            1 => random.bits() % 0x4000,
            2 => 4 * (random.bits() % 64),
            _ => u64::from(queue_register(queue as u16, 4 * (random.bits() % 10) as u32)),
        }
    }

    /// What a register reads, given what the memory holds.
    fn value(&self, address: u64, memory: u64, bits: &QueueState, block: &Registers) -> u64 {
        if let Some((_, word)) = self.bank.place(address) {
            return match word as u32 {
                0..=queue::ENTRIES_LOG2 => memory,
                queue::ENABLE => u64::from(bits.enabled),
                queue::STATE if bits.enabled => bits.state,
                queue::INTERRUPT_ARM => u64::from(bits.armed),
                _ => 0,
            };
        }
        match address as u32 {
            reg::BOOT_NONCE => self.bank.nonce,
            reg::STATUS => block.status.val().into(),
            reg::COUNTERS..0x180 if address.is_multiple_of(4) => block.counter_data.val().into(),
            0..reg::COUNTERS if address.is_multiple_of(4) => constant(address / 4),
            _ => 0,
        }
    }
}

/// What the table of constants holds in this test.
fn constant(word: u64) -> u64 {
    word * 0x0101_0101
}

impl Bench for Host {
    type Block = Registers;

    fn clock(block: &mut Registers, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Registers, random: &mut Random) {
        put(&mut block.queues, self.bank.queues as u64);
        put(&mut block.status, random.bits());
        block.clear.next = random.one_in(3000);
        put(&mut block.constant_data, constant(self.constant_address));
        put(&mut block.counter_data, random.bits());
        if self.offered.is_none() && self.write.is_none() && random.one_in(2) {
            let (address, strobe) = (self.address(random), random.one_in(10));
            let data = match random.bits() % 4 {
                0 => 0xffff_ffff,
                1 => random.bits() & 1,
                _ => random.bits() & 0xffff_ffff,
            };
            let write = Write {
                address,
                data,
                is_whole: !strobe,
                age: 0,
                was_enabled: false,
            };
            self.offered = Some((write, false, false));
        }
        let shown = self
            .offered
            .map_or_else(|| (random.bits(), random.bits()), |(w, ..)| (w.address, w.data));
        put(&mut block.s_awaddr, shown.0);
        put(&mut block.s_wdata, shown.1);
        put(&mut block.s_wstrb, random.bits() % 15);
        if let Some((write, address, data)) = &mut self.offered {
            *address |= random.one_in(2);
            *data |= random.one_in(2);
            // The strobes belong to the data, which stay as they are.
            put(
                &mut block.s_wstrb,
                if write.is_whole { 15 } else { write.address % 15 },
            );
        }
        block.s_awvalid.next = self.offered.is_some_and(|(_, address, _)| address);
        block.s_wvalid.next = self.offered.is_some_and(|(.., data)| data);
        block.s_bready.next = random.one_in(2);
        if self.read.is_none() && random.one_in(2) {
            self.read = Some(Read::Offered(self.address(random)));
        }
        let offered = match self.read {
            Some(Read::Offered(address)) => Some(address),
            _ => None,
        };
        block.s_arvalid.next = offered.is_some();
        put(&mut block.s_araddr, offered.unwrap_or_else(|| random.bits()));
        block.s_rready.next = random.one_in(2);
        block.cfg_use.next = random.one_in(3);
        put(
            &mut block.cfg_address,
            random.bits() % (16 * self.bank.queues as u64),
        );
        // A queue's bits come a cycle after its number, and nothing is done to it before.
        let stands = self.stands && !random.one_in(3);
        if !stands {
            self.sel = random.bits() % self.bank.queues as u64;
        }
        self.stands = true;
        put(&mut block.sel, self.sel);
        block.take.next = stands && random.one_in(4);
        block.again.next = stands && random.one_in(8);
        block.set_state.next = stands && random.one_in(8);
        put(&mut block.new_state, 1 + random.bits() % 3);
        block.disarm.next = stands && random.one_in(8);
    }

    fn look(&mut self, block: &Registers) {
        // What the engine sees.
        let sel: u64 = block.sel.val().into();
        let queue = std::mem::replace(&mut self.seen, self.bank.queue[sel as usize]);
        assert_eq!(block.sel_pending.val(), queue.pending, "queue {sel}: pending");
        assert_eq!(block.sel_enabled.val(), queue.enabled, "queue {sel}: enabled");
        assert_eq!(block.sel_fresh.val(), queue.fresh, "queue {sel}: fresh");
        assert_eq!(block.sel_running.val(), queue.state == 1, "queue {sel}: running");
        assert_eq!(block.sel_armed.val(), queue.armed, "queue {sel}: armed");
        assert_eq!(u64::from(block.boot_nonce.val()), self.bank.nonce);
        if let Some(cfg) = self.cfg.take() {
            assert_eq!(u64::from(block.cfg_data.val()), cfg);
        }
        let before = self.bank.queue;
        let cfg: u64 = block.cfg_address.val().into();
        if block.cfg_use.val() {
            self.cfg = Some(before[cfg as usize / 16].words[cfg as usize % 16]);
        }
        self.constant_address = block.constant_address.val().into();

        // What the host reads.
        self.read = match self.read {
            Some(Read::Offered(address)) if block.s_arready.val() => Some(Read::Waits(address)),
            Some(Read::Waits(address)) if !block.cfg_use.val() => {
                let memory = self
                    .bank
                    .place(address)
                    .map_or(0, |(q, word)| before[q].words[word as usize / 4]);
                Some(Read::Samples(address, memory))
            }
            Some(Read::Samples(address, memory)) => {
                let bits = self
                    .bank
                    .place(address)
                    .map_or_else(QueueState::default, |(q, _)| before[q]);
                Some(Read::Chooses(address, memory, bits))
            }
            Some(Read::Chooses(address, memory, bits)) => {
                Some(Read::Answers(self.value(address, memory, &bits, block)))
            }
            Some(Read::Answers(value)) => {
                assert!(block.s_rvalid.val());
                assert_eq!(u64::from(block.s_rdata.val()), value);
                self.reads += u64::from(block.s_rready.val());
                (!block.s_rready.val()).then_some(Read::Answers(value))
            }
            read => read,
        };

        // What changes: the engine's wishes first.
        let queue = &mut self.bank.queue[sel as usize];
        queue.pending &= !block.take.val();
        queue.pending |= block.again.val();
        queue.armed &= !block.disarm.val();
        // Its state is set a cycle later.
        if let Some((index, state)) = self.sets.take() {
            let queue = &mut self.bank.queue[index];
            queue.fresh = false;
            queue.state = state;
        }
        if block.set_state.val() {
            self.sets = Some((sel as usize, block.new_state.val().into()));
        }
        let mut reset = false;
        if let Some(write) = &mut self.write {
            write.age += 1;
            let control = write.is_whole && write.address == u64::from(reg::CONTROL);
            reset = control && write.age == EFFECT && write.data & 1 == 1;
            self.bank.apply(write);
            if block.s_bvalid.val() && block.s_bready.val() {
                self.write = None;
            }
        }
        assert_eq!(block.reset.val(), reset);
        if block.s_awready.val() && block.s_awvalid.val() {
            assert!(block.s_wready.val());
            self.write = self.offered.take().map(|(write, ..)| write);
        }
        if block.clear.val() {
            self.bank.nonce = 0;
            for queue in &mut self.bank.queue {
                *queue = QueueState {
                    words: queue.words,
                    ..QueueState::default()
                };
            }
        }
    }
}

#[test]
fn registers_hold_what_host_and_queue_engine_agree_on() {
    for (seed, queues) in [(5, 8), (6, 1), (7, 64)] {
        let mut bench = Host::new(queues);
        run("registers", Registers::default(), &mut bench, seed, 10_000);
        assert!(bench.reads > 500, "{} reads", bench.reads);
    }
}
