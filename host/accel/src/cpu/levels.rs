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

/// What is known about the levels.
#[derive(Debug, Default)]
struct Trust {
    /// The level in use. It has passed its self-test; there is none while the next one is tested.
    used: Option<Level>,
    condemned: Vec<(Level, String)>,
}

impl Trust {
    fn is_condemned(&self, level: Level) -> bool {
        self.condemned.iter().any(|(other, _)| *other == level)
    }
}

/// The levels of one backend.
#[derive(Debug)]
pub(super) struct Levels {
    pub(super) options: Options,
    /// Fastest first.
    allowed: Vec<Level>,
    /// Held while a level is tested: who asks for one meanwhile waits for that millisecond.
    trust: Mutex<Trust>,
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
            trust: Mutex::default(),
            items: AtomicU64::new(0),
            macs: AtomicU64::new(0),
            scalar_macs: AtomicU64::new(0),
            audited: AtomicU64::new(0),
        };
        levels.settle(&mut levels.lock());
        levels
    }

    /// Tests the levels that are not condemned, the fastest first, and uses the first that passes.
    fn settle(&self, trust: &mut Trust) {
        // Should a test panic, then no level is left in use, and none that has not passed.
        trust.used = None;
        for &level in &self.allowed {
            if trust.is_condemned(level) {
                continue;
            }
            let lies = |sabotage: Sabotage| sabotage.level == level && sabotage.from_the_start;
            match self_test::run(level, self.options.sabotage.is_some_and(lies)) {
                Ok(()) => {
                    trust.used = Some(level);
                    return;
                }
                Err(why) => trust.condemned.push((level, format!("the self-test: {why}"))),
            }
        }
    }

    /// The fastest level that is not condemned; it has passed its self-test.
    pub(super) fn current(&self) -> Option<Level> {
        self.lock().used
    }

    /// How many levels are condemned.
    pub(super) fn condemned(&self) -> u64 {
        self.lock().condemned.len() as u64
    }

    /// Whether a level is out of use.
    pub(super) fn is_condemned(&self, level: Level) -> bool {
        self.lock().is_condemned(level)
    }

    /// Puts a level out of use. Nobody is given the next one before it has passed its self-test.
    pub(super) fn condemn(&self, level: Level, why: String) {
        let mut trust = self.lock();
        if trust.is_condemned(level) {
            return;
        }
        trust.condemned.push((level, why));
        if trust.used == Some(level) {
            self.settle(&mut trust);
        }
    }

    /// Whether a result of a level is to be falsified.
    pub(super) fn sabotages(&self, level: Level) -> bool {
        self.options
            .sabotage
            .is_some_and(|sabotage| sabotage.level == level)
    }

    pub(super) fn report(&self) -> Report {
        let trust = self.lock();
        Report {
            level: trust.used,
            items: self.items.load(Relaxed),
            macs: self.macs.load(Relaxed),
            scalar_macs: self.scalar_macs.load(Relaxed),
            audited: self.audited.load(Relaxed),
            condemned: trust.condemned.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Trust> {
        self.trust.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicBool;

    /// While threads condemn what they are given, as their audits do, none is given a level that fails its
    /// self-test.
    #[test]
    fn no_level_is_given_out_before_its_self_test() {
        let Some(second) = Level::available().nth(1) else {
            return;
        };
        for _ in 0..8 {
            let levels = Levels::new(Options {
                sabotage: Some(Sabotage {
                    level: second,
                    from_the_start: true,
                }),
                ..Options::default()
            });
            let first = Level::best();
            assert_eq!(levels.current(), Some(first));
            let over = AtomicBool::new(false);
            let begin = Barrier::new(4);
            std::thread::scope(|scope| {
                let watchers: Vec<_> = (0..3)
                    .map(|_| {
                        scope.spawn(|| {
                            let mut seen = Vec::new();
                            begin.wait();
                            while !over.load(Relaxed) {
                                let level = levels.current();
                                if seen.last() != Some(&level) {
                                    seen.push(level);
                                }
                            }
                            seen
                        })
                    })
                    .collect();
                begin.wait();
                levels.condemn(first, "a test".into());
                over.store(true, Relaxed);
                for watcher in watchers {
                    let seen = watcher.join().expect("it only looks");
                    assert!(!seen.contains(&Some(second)), "{seen:?}");
                }
            });
            assert!(levels.is_condemned(first) && levels.is_condemned(second));
            assert_eq!(levels.current(), Level::available().nth(2));
        }
    }

    #[test]
    fn a_level_that_is_condemned_twice_costs_the_next_one_nothing() {
        let levels = Levels::new(Options::default());
        let first = Level::best();
        levels.condemn(first, "a test".into());
        let report = levels.report();
        levels.condemn(first, "another thread's test".into());
        assert_eq!(levels.report(), report);
        assert_eq!(report.condemned.len(), 1);
    }
}
