//! The models of the node: a dispatcher, and what it did last.

use crate::bundled;
use crate::engine::{DispatcherEngine, Observer};
use crate::error::CliError;
use crate::models::{EXTENSION, read_bounded};
use alloy_primitives::{B256, Bytes};
use metisvm_accel::Dispatcher;
use metisvm_model::limits::MAX_BUNDLE_BYTES;
use metisvm_model::{Bundle, ModelId};
use metisvm_node::models::{InferenceRecord, ModelHost, ModelInfo};
use metisvm_vm::{EngineError, InferenceEngine, ModelFacts, Request, Submitted};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So many inferences are remembered,
const REMEMBERED: usize = 1000;
/// and so many models can be added: each is in memory.
const MOST_MODELS: usize = 256;

/// Keeps and runs the models of a node.
#[derive(Debug)]
pub(super) struct Models {
    engine: DispatcherEngine,
    dispatcher: Arc<Dispatcher>,
    known: Mutex<Vec<(String, ModelId)>>,
    recent: Arc<Recent>,
    /// Where models that are added are written down.
    folder: Option<PathBuf>,
}

/// The last inferences, the newest first.
#[derive(Debug, Default)]
struct Recent(Mutex<VecDeque<InferenceRecord>>);

impl Observer for Recent {
    fn inferred(&self, model: B256, by: &[&'static str], waited: Duration) {
        let record = InferenceRecord {
            model,
            backend: by.join(", then "),
            duration_us: u64::try_from(waited.as_micros()).unwrap_or(u64::MAX),
        };
        let mut recent = lock(&self.0);
        recent.truncate(REMEMBERED - 1);
        recent.push_front(record);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Lists of values, whole between any two steps.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Models {
    /// The models of a dispatcher: first the bundled ones.
    pub(super) fn new(dispatcher: Arc<Dispatcher>, bundles: &[Bundle]) -> Self {
        let names = bundled::MODEL_NAMES.into_iter().map(str::to_owned);
        let names = names.chain((1..).map(|number| format!("model {number}")));
        let recent = Arc::<Recent>::default();
        Self {
            engine: DispatcherEngine::new(dispatcher.clone()).with_observer(recent.clone()),
            dispatcher,
            known: Mutex::new(names.zip(bundles.iter().map(|bundle| bundle.id)).collect()),
            recent,
            folder: None,
        }
    }

    /// The same with what clients added to the node of a folder before, and writing there what they add from now on: a
    /// chain whose contracts use a model could not go on without it.
    ///
    /// # Errors
    /// If a file among them cannot be read, or is no bundle.
    pub(super) fn kept_in(mut self, folder: &Path) -> Result<Self, CliError> {
        for file in super::additions::files(folder, EXTENSION)? {
            let bytes = read_bounded(&file, MAX_BUNDLE_BYTES)?;
            self.add(&bytes)
                .map_err(|problem| super::additions::damaged(&file, problem))?;
        }
        self.folder = Some(folder.to_path_buf());
        Ok(self)
    }
}

impl InferenceEngine for Models {
    fn model(&self, id: B256) -> Option<ModelFacts> {
        self.engine.model(id)
    }

    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        self.engine.infer(id, input)
    }

    fn submit(&self, id: B256, input: &[u8]) -> Result<Submitted, EngineError> {
        self.engine.submit(id, input)
    }

    fn generate(&self, id: B256, request: &Request) -> Result<Bytes, EngineError> {
        self.engine.generate(id, request)
    }
}

impl ModelHost for Models {
    fn models(&self) -> Vec<ModelInfo> {
        let info = |(name, id): &(String, ModelId)| {
            let facts = self.dispatcher.facts(*id)?;
            Some(ModelInfo {
                id: B256::from(id.0),
                name: name.clone(),
                input_bytes: facts.input_bytes as u64,
                output_bytes: facts.output_bytes as u64,
                macs: facts.work.macs,
            })
        };
        lock(&self.known).iter().filter_map(info).collect()
    }

    fn add(&self, bytes: &[u8]) -> Result<B256, String> {
        let bundle = Bundle::decode(bytes).map_err(|error| error.to_string())?;
        let mut known = lock(&self.known);
        let id = bundle.id;
        if !known.iter().any(|(_, known)| *known == id) {
            if known.len() >= MOST_MODELS {
                return Err(format!(
                    "this node has {MOST_MODELS} models, which is the most; start another"
                ));
            }
            let name = format!("model {}", known.len() + 1);
            if let Some(folder) = &self.folder {
                super::additions::keep(folder, B256::from(id.0), EXTENSION, bytes)?;
            }
            self.dispatcher.add(bundle);
            known.push((name, id));
        }
        Ok(B256::from(id.0))
    }

    fn recent(&self) -> Vec<InferenceRecord> {
        lock(&self.recent.0).iter().cloned().collect()
    }
}
