//! What one thread of a run keeps for itself.

use crate::cpu::memory::Memory;
use metisvm_simd::product::{PackedMatrix, Scratch};

/// What a run needs besides its slots; used again by the next one.
#[derive(Default)]
pub(super) struct Worker {
    pub(super) locals: Vec<Memory>,
    pub(super) scratch: Scratch,
    /// Weights that were computed, packed.
    pub(super) packed: Vec<Option<PackedMatrix>>,
}
