//! The predictor: templates by kind of call, shared by all workers, within a bound of memory.

use super::{Call, Footprint, Kind, Outlook, Trace, template::Template};
use alloy_primitives::map::HashMap;
use core::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

const SHARDS: usize = 64;
/// What a predictor may take unless told otherwise, in bytes.
const BYTES: usize = 32 << 20;
/// What a kind takes beside its template: the entries in map and shared pointer, roughly.
const ENTRY_BYTES: usize = 160;

#[derive(Debug)]
struct Entry {
    template: Arc<Template>,
    /// How often it was asked whether a trace is of use.
    asked: AtomicU32,
}

impl Entry {
    fn bytes(&self) -> usize {
        ENTRY_BYTES + self.template.bytes()
    }
}

/// Kinds in two generations: those learnt of lately, and those before. When the young ones have half of the
/// memory, the old ones go and the young ones become old.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Kind, Entry>,
    old: HashMap<Kind, Entry>,
    /// What the young ones take, by [`Entry::bytes`].
    young_bytes: usize,
}

impl Generations {
    fn get(&self, kind: &Kind) -> Option<&Entry> {
        self.young.get(kind).or_else(|| self.old.get(kind))
    }

    fn put(&mut self, kind: Kind, template: Template, most: usize) {
        let asked = self.get(&kind).map(|entry| entry.asked.load(Ordering::Relaxed));
        let entry = Entry {
            template: Arc::new(template),
            asked: AtomicU32::new(asked.unwrap_or_default()),
        };
        self.old.remove(&kind);
        if let Some(before) = self.young.remove(&kind) {
            self.young_bytes -= before.bytes();
        }
        let bytes = entry.bytes();
        if self.young_bytes + bytes > most / 2 {
            self.old = core::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if bytes <= most / 2 {
            self.young.insert(kind, entry);
            self.young_bytes += bytes;
        }
    }
}

/// One part of the kinds.
#[derive(Debug, Default)]
struct Shard {
    /// Held while learning, so that no lesson is lost and nobody who predicts waits for it.
    lesson: Mutex<()>,
    kinds: RwLock<Generations>,
}

/// Learns what calls touch, and foretells it. Shared by all workers and kept from block to block.
///
/// What it knows follows from the order of the lessons alone. It takes a bounded amount of memory, and forgets
/// the kinds that it was taught of longest ago.
pub(crate) struct Predictor {
    shards: Box<[Shard]>,
    /// What the templates of a shard may take, in bytes.
    most: usize,
}

impl Default for Predictor {
    fn default() -> Self {
        Self::with_bytes(BYTES)
    }
}

impl fmt::Debug for Predictor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predictor")
            .field("kinds", &self.kinds())
            .finish_non_exhaustive()
    }
}

impl Predictor {
    /// One that takes about so many bytes at most.
    pub(crate) fn with_bytes(bytes: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            most: bytes / SHARDS,
        }
    }

    /// True where the trace of a call of this kind is of use: none is known yet, it is not foretold well, or
    /// it is time to see whether it still is. Cheap, but each call counts as one call of the kind.
    pub(crate) fn wants(&self, kind: &Kind) -> bool {
        let kinds = self.shard(kind).read();
        kinds.get(kind).is_none_or(|entry| {
            let asked = entry.asked.fetch_add(1, Ordering::Relaxed);
            asked.is_multiple_of(entry.template.interval())
        })
    }

    /// True where the latest calls of this kind were foretold exactly.
    pub(crate) fn knows_well(&self, kind: &Kind) -> bool {
        let kinds = self.shard(kind).read();
        kinds.get(kind).is_some_and(|entry| entry.template.knows_well())
    }

    /// A call of this kind went otherwise than foretold. If the kind counted as settled, the next one is wanted.
    pub(crate) fn missed(&self, kind: &Kind) {
        let kinds = self.shard(kind).read();
        if let Some(entry) = kinds.get(kind).filter(|entry| entry.template.settled()) {
            entry.asked.store(0, Ordering::Relaxed);
        }
    }

    /// Learns from one executed call, which should be one that succeeded.
    pub(crate) fn learn(&self, kind: &Kind, call: &Call<'_>, trace: &Trace) {
        let shard = self.shard(kind);
        let _lesson = shard.learn();
        let known = shard.read().get(kind).map(|entry| entry.template.clone());
        let mut template = known.map_or_else(Template::default, Arc::unwrap_or_clone);
        template.learn(call, trace);
        shard.write().put(*kind, template, self.most);
    }

    /// Foretells what a call is going to touch. `out` is emptied first, and stays empty where nothing is known.
    ///
    /// `outlook` is asked for few slots only: those whose values decide where else the call goes, or by how
    /// much it changes something. No lock is held meanwhile.
    pub(crate) fn predict(
        &self,
        kind: &Kind,
        call: &Call<'_>,
        outlook: &mut dyn Outlook,
        out: &mut Footprint,
    ) {
        let template = self
            .shard(kind)
            .read()
            .get(kind)
            .map(|entry| entry.template.clone());
        match template {
            Some(template) => template.predict(call, outlook, out),
            None => out.slots.clear(),
        }
    }

    /// How many kinds are known.
    pub(crate) fn kinds(&self) -> usize {
        let kinds = |shard: &Shard| {
            let kinds = shard.read();
            kinds.young.len() + kinds.old.len()
        };
        self.shards.iter().map(kinds).sum()
    }

    /// How much memory the templates take, in bytes.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        let bytes = |shard: &Shard| {
            let kinds = shard.read();
            let entries = kinds.young.values().chain(kinds.old.values());
            entries.map(Entry::bytes).sum::<usize>()
        };
        self.shards.iter().map(bytes).sum()
    }

    /// Whether anything is known of a kind.
    #[cfg(test)]
    pub(crate) fn knows(&self, kind: &Kind) -> bool {
        self.shard(kind).read().get(kind).is_some()
    }

    /// By bytes that are the same on every run: what is forgotten must not depend on a random hash.
    fn shard(&self, kind: &Kind) -> &Shard {
        let selector = kind
            .selector
            .iter()
            .fold(0, |mixed: u8, byte| mixed.rotate_left(3) ^ byte);
        &self.shards[usize::from(kind.code_hash[31] ^ selector) % SHARDS]
    }
}

// A poisoned lock means that another worker panicked; that panic is what the caller will see.
impl Shard {
    fn learn(&self) -> MutexGuard<'_, ()> {
        self.lesson.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, Generations> {
        self.kinds.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Generations> {
        self.kinds.write().unwrap_or_else(PoisonError::into_inner)
    }
}
