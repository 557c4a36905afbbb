//! What of a part is left when some of its results come from elsewhere: for whoever checks those.

use super::Options;
use super::compile::compile_rest;
use super::levels::Levels;
use super::program::Program;
use super::run::Arena;
use metisvm_model::{Segment, Value};
use metisvm_simd::Level;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The part without what is given, ready to run.
pub(crate) struct Rest {
    program: Program,
    level: Level,
    /// Memory of runs that are over.
    arenas: Mutex<Vec<Arena>>,
}

/// The fastest level that passes its self-test, which is made once; `None` if none does.
pub(crate) fn trusted_level() -> Option<Level> {
    static LEVEL: OnceLock<Option<Level>> = OnceLock::new();
    *LEVEL.get_or_init(|| Levels::new(Options::default()).current())
}

impl Rest {
    /// Of a part whose nodes `given` come from elsewhere: what is computed of them and of its inputs is `kept`, values
    /// that are neither constants nor given.
    pub(crate) fn new(segment: &Segment, level: Level, given: &[Value], kept: &[Value]) -> Self {
        Self {
            program: compile_rest(segment, level, given, kept),
            level,
            arenas: Mutex::default(),
        }
    }

    /// Bytes that an item takes in memory between steps.
    pub(crate) fn bytes(&self) -> usize {
        self.program.slots.iter().sum()
    }

    /// Runs items on this thread: the raw tensors of each input and then of each given value, an item after the other.
    /// Gives those of what is kept.
    pub(crate) fn run(&self, items: usize, entering: &[&[&[u8]]]) -> Vec<Vec<Vec<u8>>> {
        let mut arena = self.arenas().pop().unwrap_or_default();
        let kept = self.program.run(self.level, 1, items, entering, &mut arena);
        self.arenas().push(arena);
        kept
    }

    fn arenas(&self) -> std::sync::MutexGuard<'_, Vec<Arena>> {
        self.arenas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.program.steps.len();
        write!(
            f,
            "{steps} steps at {}, {} bytes an item",
            self.level,
            self.bytes()
        )
    }
}
