//! From a contract's bytecode to code in memory and on disk, by whichever thread asks for it.

use crate::{
    Counters,
    cache::{Cache, Charge, Room},
    code::{Code, Generator},
    contract::{Contract, Ready},
    counters::Totals,
    disk::{Disk, LoadError},
    plan::Declined,
};
use revm::{
    bytecode::Bytecode,
    primitives::{B256, keccak256},
};
use rustix::time::{ClockId, clock_gettime};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

/// Memory is mapped in pages; each region's code is charged as if it had some of its own.
const PAGE_BYTES: usize = 4096;

/// What is kept for an analysed contract, in bytes, the rules with their table of gas among it: an estimate from above.
const PLAN_BYTES: usize = 4096;

/// What an analysis keeps for a byte of bytecode, in bytes, as if each were an instruction: an estimate from above.
const PLAN_BYTES_PER_BYTE: usize = 40;

/// What an analysis and the cache keep for a region, in bytes: an estimate from above.
const PLAN_BYTES_PER_REGION: usize = 256;

/// Makes code of contracts.
#[derive(Debug)]
pub(crate) struct Builder<G: Generator> {
    generator: G,
    fingerprint: B256,
    pub(crate) cache: Cache<G::Code>,
    disk: Option<Disk>,
    totals: Totals,
    /// What went wrong last, in words.
    problem: Mutex<Option<String>>,
}

/// Who waits for the compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A frame, which goes on after that.
    Path,
    /// Nobody whose time counts.
    Aside,
}

/// What came of the wish to have a region compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Built {
    /// It was compiled now.
    Compiled,
    /// It had code.
    Present,
    /// It stays interpreted.
    Declined,
    /// The contract was dropped from memory, so its code would be nobody's.
    Evicted,
}

impl<G: Generator> Builder<G> {
    pub(crate) fn new(generator: G, cache: Cache<G::Code>, disk: Option<Disk>) -> Self {
        Self {
            fingerprint: generator.fingerprint(),
            generator,
            cache,
            disk,
            totals: Totals::default(),
            problem: Mutex::new(None),
        }
    }

    /// Analyses a contract, and takes what there is of it from disk. `None` if it is declined.
    pub(crate) fn prepare<'a>(
        &self,
        contract: &'a Arc<Contract<G::Code>>,
        bytecode: &Bytecode,
        caller: Caller,
    ) -> Option<&'a Ready<G::Code>> {
        contract.prepare(|| self.analyse(contract, bytecode, caller))
    }

    fn analyse(
        &self,
        contract: &Arc<Contract<G::Code>>,
        bytecode: &Bytecode,
        caller: Caller,
    ) -> Option<Ready<G::Code>> {
        let domain = self.cache.domain_of(contract)?;
        // Code is found by its hash from now on, and kept on disk under it.
        let is_named_right = bytecode.hash_slow() == contract.hash;
        let planned = is_named_right
            .then(|| self.compile(caller, || self.generator.plan(bytecode, &domain.rules)))
            .flatten();
        let Some(code) = planned else {
            self.totals.declined.fetch_add(1, Relaxed);
            return None;
        };
        let regions = code.regions();
        let covered: usize = (0..regions).map(|region| code.bytecode_bytes(region)).sum();
        let length = covered.max(bytecode.len());
        let charge = Charge {
            bytes: PLAN_BYTES + length * PLAN_BYTES_PER_BYTE + regions * PLAN_BYTES_PER_REGION,
            ..Charge::default()
        };
        match self.cache.charge(contract, charge) {
            Room::Charged => {}
            Room::None => {
                self.totals.declined.fetch_add(1, Relaxed);
                return None;
            }
            Room::Evicted => return None,
        }
        let ready = Ready::new(code);
        self.load(contract, &ready);
        Some(ready)
    }

    /// Compiles a region, unless it has code.
    pub(crate) fn region(
        &self,
        contract: &Arc<Contract<G::Code>>,
        ready: &Ready<G::Code>,
        region: usize,
        caller: Caller,
    ) -> Built {
        let Some(building) = ready.building(region) else {
            return Built::Declined;
        };
        let _alone = building.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.code.has(region) {
            return Built::Present;
        }
        if ready.is_declined(region) {
            return Built::Declined;
        }
        let built = match self.compile(caller, || self.generator.region(&ready.code, region)) {
            Some(code) => self.install(contract, ready, region, &code),
            None => Built::Declined,
        };
        match built {
            Built::Compiled => _ = self.totals.compiled_regions.fetch_add(1, Relaxed),
            Built::Declined => {
                ready.decline(region);
                self.totals.declined.fetch_add(1, Relaxed);
            }
            Built::Present | Built::Evicted => {}
        }
        built
    }

    /// Writes what there is of a contract to disk.
    ///
    /// # Errors
    /// What is wrong, in words, if that fails. It is counted.
    pub(crate) fn save(&self, contract: &Contract<G::Code>) -> Result<(), String> {
        let (Some(disk), Some(Some(ready))) = (&self.disk, contract.prepared()) else {
            return Ok(());
        };
        let Some(key) = self.key(contract) else {
            return Ok(());
        };
        let _alone = contract.saving.lock().unwrap_or_else(PoisonError::into_inner);
        contract.mark_saved();
        let count = ready.code.regions();
        let regions = (0..count).filter_map(|region| Some((region, ready.code.code(region)?)));
        let regions: Vec<_> = regions.collect();
        if regions.is_empty() {
            return Ok(());
        }
        let stored = disk.store(&key, count, &regions);
        match &stored {
            Ok(()) => _ = self.totals.stored_files.fetch_add(1, Relaxed),
            Err(problem) => self.note_disk_error(problem.clone()),
        }
        if disk.is_to_be_trimmed() {
            self.trim();
        }
        stored
    }

    /// Brings the folder on disk within its bound.
    pub(crate) fn trim(&self) {
        if let Some(Err(problem)) = self.disk.as_ref().map(Disk::trim) {
            self.note_disk_error(problem);
        }
    }

    /// Whether code is kept on disk.
    pub(crate) fn has_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// What went wrong last, in words.
    pub(crate) fn last_problem(&self) -> Option<String> {
        self.problem
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn add_to(&self, counters: &mut Counters) {
        self.totals.add_to(counters);
        self.cache.add_to(counters);
    }

    /// Takes regions from disk.
    fn load(&self, contract: &Arc<Contract<G::Code>>, ready: &Ready<G::Code>) {
        let (Some(disk), Some(key)) = (&self.disk, self.key(contract)) else {
            return;
        };
        match disk.load(&key, ready.code.regions()) {
            Ok(None) => {}
            Ok(Some(regions)) => {
                for (region, code) in regions.iter() {
                    if self.install(contract, ready, region, code) == Built::Compiled {
                        self.totals.loaded_regions.fetch_add(1, Relaxed);
                    }
                }
            }
            Err(LoadError::Refused(problem)) => {
                self.totals.refused_files.fetch_add(1, Relaxed);
                self.note(problem);
            }
            Err(LoadError::Unreadable(problem)) => self.note_disk_error(problem),
        }
    }

    /// Puts code into memory, if there is room.
    fn install(
        &self,
        contract: &Arc<Contract<G::Code>>,
        ready: &Ready<G::Code>,
        region: usize,
        code: &[u8],
    ) -> Built {
        let charge = Charge {
            bytes: code.len().next_multiple_of(PAGE_BYTES),
            regions: 1,
            code_bytes: code.len(),
            bytecode_bytes: ready.code.bytecode_bytes(region),
        };
        match self.cache.charge(contract, charge) {
            Room::Charged => match ready.code.install(region, code) {
                Ok(()) => Built::Compiled,
                Err(error) => {
                    self.cache.refund(contract, charge);
                    self.note(format!("no memory for machine code: {error}"));
                    Built::Declined
                }
            },
            Room::None => Built::Declined,
            Room::Evicted => Built::Evicted,
        }
    }

    /// Runs the compiler and counts its time. If it panics, which is an error in it, what it was about is declined.
    fn compile<T>(&self, caller: Caller, compiler: impl FnOnce() -> Result<T, Declined>) -> Option<T> {
        let (made, time) = timed(|| catch_unwind(AssertUnwindSafe(compiler)));
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.totals.compile_ns.fetch_add(nanoseconds, Relaxed);
        if caller == Caller::Path {
            self.totals.compile_on_path_ns.fetch_add(nanoseconds, Relaxed);
        }
        match made {
            Ok(made) => made.ok(),
            Err(_) => {
                self.note("the native compiler panicked; what it was about stays interpreted".to_owned());
                None
            }
        }
    }

    /// What a contract's code follows from.
    fn key(&self, contract: &Contract<G::Code>) -> Option<B256> {
        let domain = self.cache.domain_of(contract)?;
        let parts = [contract.hash.0, domain.digest.0, self.fingerprint.0];
        Some(keccak256(parts.as_flattened()))
    }

    fn note_disk_error(&self, problem: String) {
        self.totals.disk_errors.fetch_add(1, Relaxed);
        self.note(problem);
    }

    fn note(&self, problem: String) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
    }
}

/// Runs something, and says how much of a processor's time it took in this thread.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    let start = now();
    let done = work();
    (done, now().saturating_sub(start))
}

#[cfg(test)]
mod tests;
