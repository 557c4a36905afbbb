//! The contracts in memory: by rules and code hash, within a bound of bytes.

use crate::{Counters, Rules, contract::Contract};
use revm::primitives::{B256, map::B256Map};
use std::{
    cmp::Reverse,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

/// So many contracts of one set of rules are known, most of them cold, at some hundred bytes each. Chains execute fewer
/// in a day; beyond it those that are not compiled are forgotten, and heat up anew.
const MAX_CONTRACTS: usize = 1 << 16;

/// After contracts are evicted, this part of the bound is free, so that not every further region evicts one.
const FREED: usize = 16;

/// The contracts in memory.
#[derive(Debug)]
pub(crate) struct Cache<C> {
    domains: RwLock<Vec<Arc<Domain<C>>>>,
    ledger: Mutex<Ledger<C>>,
    /// The bound of memory in bytes.
    limit: usize,
    max_contracts: usize,
    clock: Clock,
}

/// What every frame reads: on a cache line that hardly ever changes, apart from locks, which do.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Clock {
    /// Counts what came into memory: the clock of what was not used for longest.
    epoch: AtomicU32,
    /// Counts rounds in which contracts were dropped, so that whoever keeps contracts looks which.
    generation: AtomicU32,
}

/// The contracts under one set of rules.
#[derive(Debug)]
pub(crate) struct Domain<C> {
    /// Its number in the cache.
    pub(crate) index: usize,
    pub(crate) rules: Rules,
    /// [`Rules::digest`].
    pub(crate) digest: B256,
    contracts: RwLock<B256Map<Arc<Contract<C>>>>,
}

/// What is in memory, and who has it.
#[derive(Debug)]
struct Ledger<C> {
    entries: Vec<Entry<C>>,
    /// The sum over `entries`.
    bytes: usize,
    evicted: u64,
}

#[derive(Debug)]
struct Entry<C> {
    contract: Arc<Contract<C>>,
    charge: Charge,
}

/// What a part of a contract takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Charge {
    /// Memory, in bytes.
    pub(crate) bytes: usize,
    /// Regions.
    pub(crate) regions: usize,
    /// Machine code, in bytes.
    pub(crate) code_bytes: usize,
    /// Bytecode of these regions, in bytes.
    pub(crate) bytecode_bytes: usize,
}

/// Whether there is room for a part of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// There is, and it is charged.
    Charged,
    /// It is larger than the bound allows.
    None,
    /// The contract was dropped.
    Evicted,
}

impl<C> Cache<C> {
    /// A cache within a bound of bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            domains: RwLock::default(),
            ledger: Mutex::new(Ledger {
                entries: Vec::new(),
                bytes: 0,
                evicted: 0,
            }),
            limit,
            max_contracts: MAX_CONTRACTS,
            clock: Clock::default(),
        }
    }

    /// The contracts under these rules.
    pub(crate) fn domain(&self, rules: &Rules) -> Arc<Domain<C>> {
        let find = |domains: &[Arc<Domain<C>>]| domains.iter().find(|d| d.rules == *rules).cloned();
        let known = find(&self.domains.read().unwrap_or_else(PoisonError::into_inner));
        known.unwrap_or_else(|| {
            let mut domains = self.domains.write().unwrap_or_else(PoisonError::into_inner);
            find(&domains).unwrap_or_else(|| {
                let domain = Arc::new(Domain {
                    index: domains.len(),
                    rules: rules.clone(),
                    digest: rules.digest(),
                    contracts: RwLock::default(),
                });
                domains.push(domain.clone());
                domain
            })
        })
    }

    /// The rules that a contract was made under, with all its kind.
    pub(crate) fn domain_of(&self, contract: &Contract<C>) -> Option<Arc<Domain<C>>> {
        let domains = self.domains.read().unwrap_or_else(PoisonError::into_inner);
        domains.get(contract.domain).cloned()
    }

    /// A contract, new if it is not known.
    pub(crate) fn contract(&self, domain: &Domain<C>, hash: B256) -> Arc<Contract<C>> {
        let known = domain
            .contracts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&hash)
            .cloned();
        known.unwrap_or_else(|| {
            let mut contracts = domain.contracts.write().unwrap_or_else(PoisonError::into_inner);
            if contracts.len() >= self.max_contracts && !contracts.contains_key(&hash) {
                contracts.retain(|_, contract| {
                    let stays = matches!(contract.prepared(), Some(Some(_)));
                    if !stays {
                        contract.evict();
                    }
                    stays
                });
                self.clock.generation.fetch_add(1, Relaxed);
            }
            let new = || Arc::new(Contract::new(hash, domain.index));
            contracts.entry(hash).or_insert_with(new).clone()
        })
    }

    /// The clock of [`Contract::touch`].
    pub(crate) fn epoch(&self) -> u32 {
        self.clock.epoch.load(Relaxed)
    }

    /// Another number after contracts were dropped.
    pub(crate) fn generation(&self) -> u32 {
        self.clock.generation.load(Relaxed)
    }

    /// Makes room for a part of a contract, and charges it for that. Others, which were not used for longest, are dropped
    /// where the bound asks for it. Code that runs, and EVMs that ran it and were not used since, still hold theirs.
    pub(crate) fn charge(&self, contract: &Arc<Contract<C>>, charge: Charge) -> Room {
        let mut ledger = self.ledger();
        if contract.is_evicted() {
            return Room::Evicted;
        }
        let own = ledger.charge_of(contract);
        if own.saturating_add(charge.bytes) > self.limit {
            return Room::None;
        }
        let evicted = match ledger.bytes.checked_add(charge.bytes) {
            Some(bytes) if bytes <= self.limit => Vec::new(),
            _ => ledger.make_room(contract, charge.bytes, self.limit, self.epoch()),
        };
        ledger.add(contract, charge);
        drop(ledger);
        // What was entered before this came is older than it.
        contract.touch(self.clock.epoch.fetch_add(1, Relaxed).wrapping_add(1));
        if !evicted.is_empty() {
            self.forget(&evicted);
        }
        Room::Charged
    }

    /// Takes back what was charged for nothing.
    pub(crate) fn refund(&self, contract: &Arc<Contract<C>>, charge: Charge) {
        self.ledger().subtract(contract, charge);
    }

    /// The figures of what is in memory.
    pub(crate) fn add_to(&self, counters: &mut Counters) {
        let ledger = self.ledger();
        counters.evicted_contracts += ledger.evicted;
        for Entry { charge, .. } in &ledger.entries {
            counters.contracts += u64::from(charge.regions > 0);
            counters.code_bytes += charge.code_bytes as u64;
            counters.bytecode_bytes += charge.bytecode_bytes as u64;
        }
    }

    /// Drops contracts from the maps, unless others have come in their place.
    fn forget(&self, evicted: &[Arc<Contract<C>>]) {
        for contract in evicted {
            let Some(domain) = self.domain_of(contract) else {
                continue;
            };
            let mut contracts = domain.contracts.write().unwrap_or_else(PoisonError::into_inner);
            if contracts
                .get(&contract.hash)
                .is_some_and(|known| Arc::ptr_eq(known, contract))
            {
                contracts.remove(&contract.hash);
            }
        }
        self.clock.generation.fetch_add(1, Relaxed);
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger<C>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Ledger<C> {
    fn position(&self, contract: &Arc<Contract<C>>) -> Option<usize> {
        // Whoever is charged now was often charged last.
        self.entries
            .iter()
            .rposition(|entry| Arc::ptr_eq(&entry.contract, contract))
    }

    fn charge_of(&self, contract: &Arc<Contract<C>>) -> usize {
        self.position(contract)
            .map_or(0, |index| self.entries[index].charge.bytes)
    }

    /// Evicts contracts other than this one until so many bytes are free under the limit, and some more.
    fn make_room(
        &mut self,
        contract: &Arc<Contract<C>>,
        bytes: usize,
        limit: usize,
        now: u32,
    ) -> Vec<Arc<Contract<C>>> {
        self.entries.sort_by_key(|entry| {
            let itself = Arc::ptr_eq(&entry.contract, contract);
            // The clock may have gone round, so ages are compared and not times.
            (itself, Reverse(now.wrapping_sub(entry.contract.used())))
        });
        let target = (limit - limit / FREED).saturating_sub(bytes);
        let mut count = 0;
        for entry in &self.entries {
            if self.bytes <= target || Arc::ptr_eq(&entry.contract, contract) {
                break;
            }
            self.bytes -= entry.charge.bytes;
            count += 1;
        }
        self.evicted += count as u64;
        let evicted: Vec<_> = self.entries.drain(..count).map(|entry| entry.contract).collect();
        evicted.iter().for_each(|contract| contract.evict());
        evicted
    }

    fn add(&mut self, contract: &Arc<Contract<C>>, charge: Charge) {
        let index = self.position(contract).unwrap_or_else(|| {
            self.entries.push(Entry {
                contract: contract.clone(),
                charge: Charge::default(),
            });
            self.entries.len() - 1
        });
        let sum = &mut self.entries[index].charge;
        sum.bytes += charge.bytes;
        sum.regions += charge.regions;
        sum.code_bytes += charge.code_bytes;
        sum.bytecode_bytes += charge.bytecode_bytes;
        self.bytes += charge.bytes;
    }

    /// Does nothing for a contract that was evicted, of which nothing is charged any more.
    fn subtract(&mut self, contract: &Arc<Contract<C>>, charge: Charge) {
        if let Some(index) = self.position(contract) {
            let sum = &mut self.entries[index].charge;
            sum.bytes -= charge.bytes;
            sum.regions -= charge.regions;
            sum.code_bytes -= charge.code_bytes;
            sum.bytecode_bytes -= charge.bytecode_bytes;
            self.bytes -= charge.bytes;
        }
    }
}

#[cfg(test)]
mod tests;
