//! Which levels are trusted, and what was found out about them.

use super::{Options, self_test};
use metisvm_simd::Level;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A level that computes wrongly, for tests: one bit of its results is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sabotage {
    /// Which.
    pub level: Level,
    /// From the start, so that the self-test sees it; else only after that.
    pub from_the_start: bool,
}

/// What the backend has done. Counts only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The level in use; `None` if none is left.
    pub level: Option<Level>,
    /// Items computed.
    pub items: u64,
    /// Multiply-accumulates by kernels of a level.
    pub macs: u64,
    /// Multiply-accumulates by the reference kernels, in forms that no level has.
    pub scalar_macs: u64,
    /// Items that were computed again by the reference kernels.
    pub audited: u64,
    /// Levels that are not used any more, and why.
    pub condemned: Vec<(Level, String)>,
}

/// The levels of one backend.
#[derive(Debug)]
pub(super) struct Levels {
    pub(super) options: Options,
    /// Fastest first.
    allowed: Vec<Level>,
    condemned: Mutex<Vec<(Level, String)>>,
    pub(super) items: AtomicU64,
    pub(super) macs: AtomicU64,
    pub(super) scalar_macs: AtomicU64,
    pub(super) audited: AtomicU64,
}

impl Levels {
    /// Tests the levels that may be used, the fastest first, until one passes: slower ones are tested when they are
    /// needed.
    pub(super) fn new(options: Options) -> Self {
        let allowed = match options.level {
            Some(level) => vec![level],
            None => Level::available().collect(),
        };
        let levels = Self {
            options,
            allowed,
            condemned: Mutex::default(),
            items: AtomicU64::new(0),
            macs: AtomicU64::new(0),
            scalar_macs: AtomicU64::new(0),
            audited: AtomicU64::new(0),
        };
        levels.settle();
        levels
    }

    /// Condemns the fastest level until one passes its self-test.
    fn settle(&self) {
        while let Some(level) = self.current() {
            let lies = |sabotage: Sabotage| sabotage.level == level && sabotage.from_the_start;
            match self_test::run(level, self.options.sabotage.is_some_and(lies)) {
                Ok(()) => break,
                Err(why) => self.note(level, format!("the self-test: {why}")),
            }
        }
    }

    /// The fastest level that is not condemned.
    pub(super) fn current(&self) -> Option<Level> {
        let condemned = self.lock();
        let fine = |level: &&Level| !condemned.iter().any(|(other, _)| other == *level);
        self.allowed.iter().find(fine).copied()
    }

    /// How many levels are condemned.
    pub(super) fn condemned(&self) -> u64 {
        self.lock().len() as u64
    }

    /// Puts a level out of use; the next one is tested first.
    pub(super) fn condemn(&self, level: Level, why: String) {
        self.note(level, why);
        self.settle();
    }

    fn note(&self, level: Level, why: String) {
        let mut condemned = self.lock();
        if !condemned.iter().any(|(other, _)| *other == level) {
            condemned.push((level, why));
        }
    }

    /// Whether a result of a level is to be falsified.
    pub(super) fn sabotages(&self, level: Level) -> bool {
        self.options
            .sabotage
            .is_some_and(|sabotage| sabotage.level == level)
    }

    pub(super) fn report(&self) -> Report {
        Report {
            level: self.current(),
            items: self.items.load(Relaxed),
            macs: self.macs.load(Relaxed),
            scalar_macs: self.scalar_macs.load(Relaxed),
            audited: self.audited.load(Relaxed),
            condemned: self.lock().clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Level, String)>> {
        self.condemned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
