//! What is measured, on what, and for how long.

use crate::engine::Engine;
use crate::error::Error;
use crate::record::Record;
use crate::subject::Subject;
use metisvm_accel::Backend;
use metisvm_executor::BlockFile;
use metisvm_executor::sampling::Samples;
use metisvm_model::Graph;
use metisvm_vm::InferenceEngine;
use std::sync::Arc;
use std::time::Duration;

/// A model under the name that figures of it have.
#[derive(Debug, Clone)]
pub struct Model {
    /// The name.
    pub name: String,
    /// What it computes.
    pub graph: Arc<Graph>,
}

/// Makes what answers the precompile from one backend, with an empty memo and the block's models.
pub type Inference = Box<dyn Fn(&Arc<dyn Backend>) -> Arc<dyn InferenceEngine> + Sync>;

/// A block with inferences, and who does them.
pub struct Block {
    /// The name.
    pub name: String,
    /// The block, with the state before it.
    pub file: BlockFile,
    /// Who does them.
    pub inference: Inference,
}

/// All that a run needs.
pub struct Setup {
    /// The subjects, in the order in which they are measured.
    pub subjects: Vec<Subject>,
    /// What is compared, side by side.
    pub engines: Vec<Engine>,
    /// What does the nodes that an engine leaves.
    pub rest: Arc<dyn Backend>,
    /// The models.
    pub models: Vec<Model>,
    /// Items of a batch, each a case of its own.
    pub batches: Vec<usize>,
    /// Threads of the host, each a case of its own.
    pub threads: Vec<usize>,
    /// The block, where blocks are a subject.
    pub block: Option<Block>,
    /// How many samples each engine gets of a case.
    pub samples: Samples,
    /// An engine that one call would take longer is left out of a case.
    pub patience: Duration,
}

impl Setup {
    /// The time for the samples of one case, where their number is not given.
    pub const A_CASE: Duration = Duration::from_millis(800);
    /// The usual patience.
    pub const PATIENCE: Duration = Duration::from_secs(1);
}

/// Whoever is told how far a run is and what comes of it.
pub trait Watch {
    /// What ends the run if it cannot be told.
    type Error: From<Error>;

    /// A case begins, after `done` of `all`.
    fn begin(&mut self, subject: Subject, case: &str, done: usize, all: usize);

    /// A figure is there.
    ///
    /// # Errors
    /// If nobody takes it.
    fn record(&mut self, record: &Record) -> Result<(), Self::Error>;

    /// Something was left out, or has to be known to read the figures.
    fn note(&mut self, note: &str);
}
