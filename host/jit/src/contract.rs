//! A contract under one set of rules, from cold to compiled.

use crate::code::Code;
use revm::primitives::B256;
use std::sync::{
    Mutex, OnceLock,
    atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering},
};

/// A contract under one set of rules. Threads share it; the cache drops it while others may still execute it.
#[derive(Debug)]
pub(crate) struct Contract<C> {
    /// Keccak-256 of its bytecode.
    pub(crate) hash: B256,
    /// The set of rules, by its number in the cache.
    pub(crate) domain: usize,
    /// Entries until it was requested.
    heat: AtomicU32,
    requested: AtomicBool,
    evicted: AtomicBool,
    /// When it was last entered, in the cache's epochs.
    used: AtomicU32,
    /// Whether regions have come that are not on disk, and somebody is to write them.
    unsaved: AtomicBool,
    /// Held while its file is written, so that no older state of it goes over a newer one.
    pub(crate) saving: Mutex<()>,
    prepared: OnceLock<Option<Ready<C>>>,
}

/// What there is of a contract that was analysed.
#[derive(Debug)]
pub(crate) struct Ready<C> {
    /// The code of its regions.
    pub(crate) code: C,
    regions: Box<[Region]>,
}

/// A region that may be without code.
#[derive(Debug, Default)]
struct Region {
    /// Times it was reached without code, of late: the lower half counts, the upper one is the tick of the last one.
    heat: AtomicU32,
    /// [`IDLE`], [`ASKED`] or [`DECLINED`].
    state: AtomicU8,
    /// Held while it is compiled, so that two threads do not both do it.
    building: Mutex<()>,
}

/// Nobody asked for the region yet.
const IDLE: u8 = 0;
/// The background was asked for the region.
const ASKED: u8 = 1;
/// The region stays interpreted.
const DECLINED: u8 = 2;

impl<C> Contract<C> {
    pub(crate) fn new(hash: B256, domain: usize) -> Self {
        Self {
            hash,
            domain,
            heat: AtomicU32::new(0),
            requested: AtomicBool::new(false),
            evicted: AtomicBool::new(false),
            used: AtomicU32::new(0),
            unsaved: AtomicBool::new(false),
            saving: Mutex::new(()),
            prepared: OnceLock::new(),
        }
    }

    /// What is there of it: nothing before it was analysed, `Some(None)` when it was declined.
    pub(crate) fn prepared(&self) -> Option<Option<&Ready<C>>> {
        self.prepared.get().map(Option::as_ref)
    }

    /// The same, analysed by this function if it was not yet. Others that ask meanwhile wait.
    pub(crate) fn prepare(&self, analyse: impl FnOnce() -> Option<Ready<C>>) -> Option<&Ready<C>> {
        self.prepared.get_or_init(analyse).as_ref()
    }

    /// Counts an entry; true for the one that makes it hot, which has to request it.
    pub(crate) fn heats_up(&self, hot: u32) -> bool {
        !self.requested.load(Ordering::Relaxed)
            && self.heat.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= hot
            && !self.requested.swap(true, Ordering::Relaxed)
    }

    /// Makes it cold, so that a request which was dropped comes again.
    pub(crate) fn cool_down(&self) {
        self.heat.store(0, Ordering::Relaxed);
        self.requested.store(false, Ordering::Relaxed);
    }

    /// Stamps an entry. Within an epoch the line is written once, so threads that share it do not contend for it.
    pub(crate) fn touch(&self, epoch: u32) {
        if self.used.load(Ordering::Relaxed) != epoch {
            self.used.store(epoch, Ordering::Relaxed);
        }
    }

    /// When it was last entered.
    pub(crate) fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) fn evict(&self) {
        self.evicted.store(true, Ordering::Release);
    }

    /// Whether the cache dropped it.
    pub(crate) fn is_evicted(&self) -> bool {
        self.evicted.load(Ordering::Acquire)
    }

    /// Notes that regions came which are not on disk; true for whoever has to see to it that they get there.
    pub(crate) fn mark_unsaved(&self) -> bool {
        !self.unsaved.swap(true, Ordering::AcqRel)
    }

    /// To be called before its regions are read to write them: what comes after that is unsaved again.
    pub(crate) fn mark_saved(&self) {
        self.unsaved.store(false, Ordering::Release);
    }
}

impl<C: Code> Ready<C> {
    pub(crate) fn new(code: C) -> Self {
        let regions = (0..code.regions()).map(|_| Region::default()).collect();
        Self { code, regions }
    }

    /// How many regions it has.
    pub(crate) fn regions(&self) -> usize {
        self.regions.len()
    }

    /// Notes that a region was reached without code at a tick of the clock of frames; true if it has to be requested,
    /// once.
    pub(crate) fn is_wanted(&self, region: usize, tick: u16, hot: u32) -> bool {
        let Some(region) = self.regions.get(region) else {
            return false;
        };
        region.state.load(Ordering::Relaxed) == IDLE && region.heat_up(tick) >= hot && self.ask(region)
    }

    fn ask(&self, region: &Region) -> bool {
        let exchange = region
            .state
            .compare_exchange(IDLE, ASKED, Ordering::Relaxed, Ordering::Relaxed);
        exchange.is_ok()
    }

    /// Takes back that a region was requested, so that it may be again.
    pub(crate) fn forget_request(&self, region: usize) {
        if let Some(region) = self.regions.get(region) {
            let _ = region
                .state
                .compare_exchange(ASKED, IDLE, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Leaves a region interpreted.
    pub(crate) fn decline(&self, region: usize) {
        if let Some(region) = self.regions.get(region) {
            region.state.store(DECLINED, Ordering::Relaxed);
        }
    }

    /// Whether a region stays interpreted; one that there is not does.
    pub(crate) fn is_declined(&self, region: usize) -> bool {
        let region = self.regions.get(region);
        region.is_none_or(|region| region.state.load(Ordering::Relaxed) == DECLINED)
    }

    /// The lock to compile a region under.
    pub(crate) fn building(&self, region: usize) -> Option<&Mutex<()>> {
        self.regions.get(region).map(|region| &region.building)
    }
}

impl Region {
    /// Counts, and halves what was counted before with each tick since then. Threads that meet may lose one of theirs.
    fn heat_up(&self, tick: u16) -> u32 {
        let heat = self.heat.load(Ordering::Relaxed);
        let passed = tick.wrapping_sub((heat >> 16) as u16);
        let count = (heat & 0xffff).checked_shr(passed.into()).unwrap_or(0) + 1;
        let kept = count.min(0xffff);
        self.heat.store(u32::from(tick) << 16 | kept, Ordering::Relaxed);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_becomes_hot_once_until_it_is_cooled_down() {
        let contract = Contract::<()>::new(B256::ZERO, 0);
        let hot = |contract: &Contract<()>| (0..10).filter(|_| contract.heats_up(3)).count();
        assert!(!contract.heats_up(3) && !contract.heats_up(3) && contract.heats_up(3));
        assert_eq!(hot(&contract), 0);
        contract.cool_down();
        assert_eq!(hot(&contract), 1);
        // Zero is as one: the first entry counts before it is compared.
        assert!(Contract::<()>::new(B256::ZERO, 0).heats_up(0));
    }

    #[test]
    fn a_region_is_as_hot_as_it_was_reached_of_late() {
        let region = Region::default();
        assert_eq!((1..=10).map(|_| region.heat_up(7)).last(), Some(10));
        assert_eq!(region.heat_up(8), 6);
        assert_eq!(region.heat_up(10), 2);
        // The clock goes round, and a long time is long.
        assert_eq!(region.heat_up(9), 1);
        assert_eq!((0..70_000).map(|_| region.heat_up(9)).last(), Some(0x1_0000));
    }
}
