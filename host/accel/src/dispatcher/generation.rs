//! Texts: a generative model's two graphs, run one step after the other, each as a batch of one item.
//!
//! A step that a backend fails at goes to the next one as any batch does, so that a card that is lost in the midst of a
//! text costs time and no token. A request that is being worked on is not begun a second time: who asks for it
//! meanwhile waits for the same text.

use super::{DispatchError, Dispatcher, DoneBy, Outcome, Shared, lock};
use crate::backend::BackendError;
use crate::buffer::{Batch, Buffer};
use crate::member::{caught, caught_result};
use crate::memo::Key;
use crate::plan::{Plan, Run};
use bytes::Bytes;
use metisvm_model::ModelId;
use metisvm_model::generation::{self, GenerateError, Generation, Part, Request, Session};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// What a generative model has besides the plan of its decode graph.
#[derive(Clone, Debug)]
pub(super) struct Generative {
    pub(super) generation: Arc<Generation>,
    pub(super) prefill: Arc<Plan>,
}

/// A text in the making.
#[derive(Debug, Default)]
pub(super) struct Text {
    outcome: Mutex<Option<Outcome>>,
    done: Condvar,
}

impl Dispatcher {
    /// Generates what a request asks for: tokens, as many or fewer, as u32 in little-endian order. A pure function of
    /// model and request.
    ///
    /// # Errors
    /// If the model is not here, does not generate, or cannot do what it is asked for; if no backend could run a step.
    pub fn generate(&self, model: ModelId, request: &Request) -> Outcome {
        self.generate_by(model, request).map(|(tokens, _)| tokens)
    }

    /// The same, and says who did it.
    ///
    /// # Errors
    /// As [`Self::generate`].
    pub fn generate_by(
        &self,
        model: ModelId,
        request: &Request,
    ) -> Result<(Arc<[u8]>, DoneBy), DispatchError> {
        self.generate_with(model, request, &mut |_| ())
    }

    /// The same; `each` sees every token as soon as it is chosen, or all of them at the end where somebody else generates
    /// the same text or the memo has it.
    ///
    /// # Errors
    /// As [`Self::generate`].
    pub fn generate_with(
        &self,
        model: ModelId,
        request: &Request,
        each: &mut dyn FnMut(u32),
    ) -> Result<(Arc<[u8]>, DoneBy), DispatchError> {
        let mut seen = false;
        let generated = self.shared.generate(model, request, &mut |token| {
            seen = true;
            each(token);
        })?;
        if !seen {
            let words = generated.0.as_chunks().0;
            words.iter().for_each(|word| each(u32::from_le_bytes(*word)));
        }
        Ok(generated)
    }
}

impl Shared {
    fn generate(
        &self,
        id: ModelId,
        request: &Request,
        each: &mut dyn FnMut(u32),
    ) -> Result<(Arc<[u8]>, DoneBy), DispatchError> {
        let model = self.model(id).ok_or(DispatchError::UnknownModel(id))?;
        let generative = model.generative.ok_or(DispatchError::NotGenerative(id))?;
        let refused = |error| DispatchError::Request { model: id, error };
        let failed = |why| DispatchError::Failed { model: id, why };
        request.check(&generative.generation).map_err(refused)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let key = Key::generation(id, request.to_bytes().into());
        let text = Arc::<Text>::default();
        {
            let mut texts = lock(&self.texts);
            if let Some(text) = texts.get(&key).cloned() {
                drop(texts);
                self.joined.fetch_add(1, Ordering::Relaxed);
                return text.wait().map(|tokens| (tokens, DoneBy::default()));
            }
            // Under the lock: a text is in the memo before it is no longer among those in the making.
            if let Some(tokens) = self.memo.get(&key) {
                self.memo_hits.fetch_add(1, Ordering::Relaxed);
                return Ok((tokens, DoneBy::default()));
            }
            texts.insert(key.clone(), text.clone());
        }
        let mut steps = Steps {
            shared: self,
            model: id,
            decode: &model.plan,
            prefill: &generative.prefill,
            by: Vec::new(),
        };
        // Backends are caught where they are called; this is for a defect around them, which must not leave others
        // waiting for ever.
        let outcome = caught(|| {
            let mut session = Session::new(model.plan.graph(), generative.generation.clone());
            session.generate(request, &mut steps, each)
        });
        let outcome = match outcome {
            Some(Ok(tokens)) => Ok(tokens.into_iter().flat_map(u32::to_le_bytes).collect()),
            Some(Err(GenerateError::Request(error))) => Err(refused(error)),
            Some(Err(error)) => Err(failed(error.to_string())),
            None => Err(failed("generating a text panicked".into())),
        };
        if let Ok(tokens) = &outcome {
            self.memo.insert(key.clone(), Arc::clone(tokens));
        }
        lock(&self.texts).remove(&key);
        text.end(outcome.clone());
        outcome.map(|tokens| (tokens, steps.by.into()))
    }
}

impl Text {
    fn end(&self, outcome: Outcome) {
        *lock(&self.outcome) = Some(outcome);
        self.done.notify_all();
    }

    fn wait(&self) -> Outcome {
        let mut outcome = lock(&self.outcome);
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone();
            }
            outcome = self.done.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The steps of one text on the backends of a dispatcher.
struct Steps<'a> {
    shared: &'a Shared,
    model: ModelId,
    decode: &'a Arc<Plan>,
    prefill: &'a Arc<Plan>,
    /// The backends that did a part of a step, each once.
    by: Vec<&'static str>,
}

impl generation::Run for Steps<'_> {
    type Error = BackendError;

    /// The state is lent to the backends and taken back: where none of them keeps it, no byte of it is copied.
    fn run(&mut self, part: Part, inputs: &mut [Vec<u8>]) -> Result<Vec<Vec<u8>>, BackendError> {
        let lent: Vec<Bytes> = inputs
            .iter_mut()
            .map(|input| Bytes::from(std::mem::take(input)))
            .collect();
        let outputs = self.step(part, &lent);
        for (input, lent) in inputs.iter_mut().zip(lent) {
            *input = Vec::from(lent);
        }
        outputs
    }
}

impl Steps<'_> {
    fn step(&mut self, part: Part, inputs: &[Bytes]) -> Result<Vec<Vec<u8>>, BackendError> {
        let plan = match part {
            Part::Prefill => self.prefill,
            Part::Decode => self.decode,
        };
        let ports = plan.graph().inputs().iter().zip(inputs);
        let values = ports.map(|(port, input)| Buffer::host(port.ty.clone(), vec![input.clone()]));
        let batch = Batch::new(1, values.collect::<Result<_, _>>()?)?;
        self.shared.batches.fetch_add(1, Ordering::Relaxed);
        let members = &self.shared.members;
        let (outputs, tally) =
            caught_result(|| Ok(Run::with_batch(plan.clone(), members, batch).finish_batch()))?;
        for backend in self.shared.count(self.model, tally) {
            if !self.by.contains(&backend) {
                self.by.push(backend);
            }
        }
        let mut values = Vec::new();
        for output in outputs?.into_values() {
            // One item: what comes of it is one range of bytes.
            values.extend(output.into_host()?.into_iter().map(Vec::from));
        }
        Ok(values)
    }
}
