//! What is compared.

use crate::clock::Clock;
use metisvm_accel::fpga::FpgaBackend;
use metisvm_accel::keccak::KeccakDevice;
use metisvm_accel::{Backend, Placement};
use std::sync::Arc;

/// An engine under the name by which it was asked for.
#[derive(Clone)]
pub struct Engine {
    /// The name: `cpu`, `fpga`, …
    pub name: String,
    /// The set of instructions, or the device; `None` where there is no choice of them.
    pub level: Option<String>,
    /// What computes.
    pub backend: Arc<dyn Backend>,
    /// What hashes, where the device does.
    pub keccak: Option<Arc<dyn KeccakDevice>>,
    /// The clock of the card's board, where its cycles are counted.
    pub clock: Option<Clock>,
    /// The card, where it is one with rings.
    pub card: Option<Arc<FpgaBackend>>,
}

impl Engine {
    /// An engine that only infers.
    pub fn new(name: impl Into<String>, level: Option<String>, backend: Arc<dyn Backend>) -> Self {
        Self {
            name: name.into(),
            level,
            backend,
            keccak: None,
            clock: None,
            card: None,
        }
    }

    /// Whether it is a device, which work has to be sent to.
    pub fn is_device(&self) -> bool {
        matches!(self.backend.placement(), Placement::Device(_))
    }

    /// Whether it can run tensor programs: a card may only hash.
    pub fn infers(&self) -> bool {
        self.card.as_ref().is_none_or(|card| card.infers())
    }

    /// Name and level, for people.
    pub fn title(&self) -> String {
        title(&self.name, self.level.as_deref())
    }
}

/// A backend and its level, for people.
pub(crate) fn title(backend: &str, level: Option<&str>) -> String {
    match level {
        Some(level) => format!("{backend}, {level}"),
        None => backend.to_owned(),
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("name", &self.name)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}
