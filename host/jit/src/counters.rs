use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// What native code did, since it was switched on. Depends on the machine and on time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames (calls, and goings on after a call) that began in native code.
    pub native_frames: u64,
    /// Frames that began in the interpreter because nothing is compiled for them, with `JitMode::On` or `Always`.
    pub interpreted_frames: u64,
    /// Frames that left native code for the interpreter, whatever the reason.
    pub deoptimised_frames: u64,
    /// Those of them that left because a region is not compiled.
    pub missing_regions: u64,
    /// Contracts in memory of which something is compiled.
    pub contracts: u64,
    /// Contracts that were dropped from memory to make room for others.
    pub evicted_contracts: u64,
    /// Regions that were compiled.
    pub compiled_regions: u64,
    /// Regions that came from disk.
    pub loaded_regions: u64,
    /// Regions and contracts that the compiler declined, or that the bound of memory has no room for.
    pub declined: u64,
    /// Requests to the background that were dropped because too many waited. They are asked again when they are
    /// reached again.
    pub dropped_requests: u64,
    /// Bytecode of the regions whose machine code is in memory, in bytes.
    pub bytecode_bytes: u64,
    /// Machine code in memory, in bytes.
    pub code_bytes: u64,
    /// Processor time of the compiler, in nanoseconds.
    pub compile_ns: u64,
    /// Of that, what was spent on the path of execution (`JitMode::Always` alone compiles there).
    pub compile_on_path_ns: u64,
    /// Files that were written to disk.
    pub stored_files: u64,
    /// Files on disk that were refused because their authentication or their form is wrong.
    pub refused_files: u64,
    /// Files that could not be read, written or removed: a full disk, missing permissions. Nothing but the file is lost.
    pub disk_errors: u64,
}

impl Counters {
    /// What was done since the counters stood at `before`. What is in memory (`contracts`, `bytecode_bytes`,
    /// `code_bytes`), it is now.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let since = |count: fn(&Self) -> u64| count(self).saturating_sub(count(before));
        Self {
            native_frames: since(|c| c.native_frames),
            interpreted_frames: since(|c| c.interpreted_frames),
            deoptimised_frames: since(|c| c.deoptimised_frames),
            missing_regions: since(|c| c.missing_regions),
            contracts: self.contracts,
            evicted_contracts: since(|c| c.evicted_contracts),
            compiled_regions: since(|c| c.compiled_regions),
            loaded_regions: since(|c| c.loaded_regions),
            declined: since(|c| c.declined),
            dropped_requests: since(|c| c.dropped_requests),
            bytecode_bytes: self.bytecode_bytes,
            code_bytes: self.code_bytes,
            compile_ns: since(|c| c.compile_ns),
            compile_on_path_ns: since(|c| c.compile_on_path_ns),
            stored_files: since(|c| c.stored_files),
            refused_files: since(|c| c.refused_files),
            disk_errors: since(|c| c.disk_errors),
        }
    }
}

/// The counters of everything but frames, which threads share.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) compiled_regions: AtomicU64,
    pub(crate) loaded_regions: AtomicU64,
    pub(crate) declined: AtomicU64,
    pub(crate) compile_ns: AtomicU64,
    pub(crate) compile_on_path_ns: AtomicU64,
    pub(crate) stored_files: AtomicU64,
    pub(crate) refused_files: AtomicU64,
    pub(crate) disk_errors: AtomicU64,
}

impl Totals {
    pub(crate) fn add_to(&self, counters: &mut Counters) {
        counters.compiled_regions += self.compiled_regions.load(Relaxed);
        counters.loaded_regions += self.loaded_regions.load(Relaxed);
        counters.declined += self.declined.load(Relaxed);
        counters.compile_ns += self.compile_ns.load(Relaxed);
        counters.compile_on_path_ns += self.compile_on_path_ns.load(Relaxed);
        counters.stored_files += self.stored_files.load(Relaxed);
        counters.refused_files += self.refused_files.load(Relaxed);
        counters.disk_errors += self.disk_errors.load(Relaxed);
    }
}

/// The frames of one EVM. It alone counts them, on a cache line of its own, so threads do not pass one to and fro with
/// each frame, and an addition needs no locked instruction.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Frames {
    native: AtomicU64,
    interpreted: AtomicU64,
    deoptimised: AtomicU64,
    missing: AtomicU64,
}

impl Frames {
    pub(crate) fn count_native(&self) {
        add_alone(&self.native);
    }

    pub(crate) fn count_interpreted(&self) {
        add_alone(&self.interpreted);
    }

    /// Began in native code, and left it.
    pub(crate) fn count_deoptimised(&self) {
        add_alone(&self.native);
        add_alone(&self.deoptimised);
    }

    /// Began in native code, and left it because a region has no code.
    pub(crate) fn count_missing(&self) {
        self.count_deoptimised();
        add_alone(&self.missing);
    }

    fn add_to(&self, counters: &mut Counters) {
        counters.native_frames += self.native.load(Relaxed);
        counters.interpreted_frames += self.interpreted.load(Relaxed);
        counters.deoptimised_frames += self.deoptimised.load(Relaxed);
        counters.missing_regions += self.missing.load(Relaxed);
    }
}

/// Adds one to what no other thread writes.
fn add_alone(count: &AtomicU64) {
    count.store(count.load(Relaxed) + 1, Relaxed);
}

/// Frames for a tick of the clock: about as many as a block of Ethereum has.
const TICK: u64 = 4096;

/// The frames of all EVMs: of those that are there, and of those that were.
#[derive(Debug, Default)]
pub(crate) struct AllFrames(Mutex<FramesSoFar>);

#[derive(Debug, Default)]
struct FramesSoFar {
    present: Vec<Arc<Frames>>,
    past: Counters,
}

impl AllFrames {
    /// The clock of frames: it ticks with every [`TICK`] frames of EVMs that are gone, and goes round.
    pub(crate) fn tick(&self) -> u16 {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (all.past.native_frames.wrapping_add(all.past.interpreted_frames) / TICK) as u16
    }

    /// The frames of a new EVM.
    pub(crate) fn enter(&self) -> Arc<Frames> {
        let frames = Arc::<Frames>::default();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.present.push(frames.clone());
        frames
    }

    /// To be called when the EVM that has these frames goes.
    pub(crate) fn leave(&self, frames: &Arc<Frames>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The youngest EVM is the likeliest to go.
        if let Some(index) = all.present.iter().rposition(|other| Arc::ptr_eq(other, frames)) {
            all.present.swap_remove(index);
            frames.add_to(&mut all.past);
        }
    }

    pub(crate) fn add_to(&self, counters: &mut Counters) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.native_frames += all.past.native_frames;
        counters.interpreted_frames += all.past.interpreted_frames;
        counters.deoptimised_frames += all.past.deoptimised_frames;
        counters.missing_regions += all.past.missing_regions;
        for frames in &all.present {
            frames.add_to(counters);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_evms_that_are_gone_stay_counted() {
        let all = AllFrames::default();
        let (first, second) = (all.enter(), all.enter());
        first.count_native();
        second.count_native();
        second.count_interpreted();
        second.count_deoptimised();
        second.count_missing();
        all.leave(&first);
        // Whoever leaves twice is counted once.
        all.leave(&first);
        first.count_native();
        let mut counters = Counters::default();
        all.add_to(&mut counters);
        let expected = Counters {
            native_frames: 4,
            interpreted_frames: 1,
            deoptimised_frames: 2,
            missing_regions: 1,
            ..Counters::default()
        };
        assert_eq!(counters, expected);
    }
}
