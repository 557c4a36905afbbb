//! Transactions that wait for an inference, without a thread that waits with them.
//!
//! A speculating transaction asks for an inference by ticket. Where the output is not there yet its execution
//! ends, nothing of it is kept, and its worker takes up something else; the transaction is parked until the
//! ticket is ready, and then runs again from its start. What it asked for is held for it until it is
//! committed, so a run that comes by the same call finds the output whatever the engine remembers. A
//! transaction whose turn has come, on the committed state, waits for what it needs.
//!
//! A speculation may be wrong, and then its inferences are work for nothing that nobody pays for. Three
//! bounds hold that down: so many different inferences for one transaction in all its runs, so many tickets
//! open at once, so many bytes held. A transaction that comes up against one of them is left for its turn.
//! No bound, and no order in which tickets become ready, can reach a result: an output is a function of model
//! and input, and what is committed is what held against the committed state.
//!
//! Texts are asked for in the same way and within the same bounds, but a speculation generates one on its own thread:
//! the answer is there when it goes on, and it is held for its later runs.

use alloy_primitives::B256;
use core::{
    mem,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};
use metisvm_vm::{EngineError, InferenceEngine, InferenceTicket, MetisEvmFactory, Request, Submitted};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The most different inferences that one transaction may ask for in its speculative runs together. It also
/// bounds how often one is suspended, as each time is for an inference that it had not asked for before.
const MAX_ASKED: usize = 8;
/// The most tickets open at once, for each worker: as many as the transactions that it may be ahead, each of
/// which waits for one. What would be more comes from runs that turned out wrong.
const MAX_OPEN: usize = super::WIDE;
/// The most bytes of inputs and outputs that are held for transactions that are not committed yet: those of
/// a few thousand inferences on images.
const MAX_HELD_BYTES: usize = 256 << 20;
/// How long a worker sleeps that has nothing to do until a ticket is ready: far less than an inference that
/// is worth a ticket.
pub(super) const NAP: Duration = Duration::from_micros(50);

/// The claim that a suspended transaction waits for.
pub(super) type Ticket = Arc<dyn InferenceTicket>;

/// The suspended transactions of a block, and what all its transactions have asked for.
pub(super) struct Suspensions {
    engine: Option<Arc<dyn InferenceEngine>>,
    /// For each transaction what it has asked for, until it is committed.
    asked: Box<[Mutex<Vec<Asked>>]>,
    /// Transactions that wait, with what for.
    parked: Mutex<BTreeMap<usize, Ticket>>,
    /// How many those are, to be looked at without the lock.
    parked_count: AtomicUsize,
    /// Tickets that were not ready when they were last looked at, wanted or not.
    open: Mutex<Vec<Ticket>>,
    max_open: usize,
    held_bytes: AtomicUsize,
    /// The transaction whose turn it is.
    head: AtomicUsize,
    suspended: AtomicU64,
}

/// What a transaction may ask for. An input and a request of the same bytes are two things.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Question<'a> {
    /// An inference of this input.
    Inference(&'a [u8]),
    /// A text, with the request as bytes.
    Text(&'a Request, &'a [u8]),
}

impl Question<'_> {
    const fn bytes(&self) -> &[u8] {
        match self {
            Self::Inference(bytes) | Self::Text(_, bytes) => bytes,
        }
    }

    const fn is_text(&self) -> bool {
        matches!(self, Self::Text(..))
    }

    /// The most bytes that an answer has.
    fn output_bytes(&self, engine: &dyn InferenceEngine, model: B256) -> usize {
        let bytes = match self {
            Self::Inference(_) => engine.model(model).map_or(0, |facts| facts.output_bytes),
            Self::Text(request, _) => u64::from(request.count).saturating_mul(4),
        };
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }
}

/// One inference, or one text, that a transaction has asked for.
struct Asked {
    model: B256,
    is_text: bool,
    input: Box<[u8]>,
    answer: Submitted,
    bytes: usize,
}

impl Suspensions {
    /// None yet, of a block with so many transactions.
    pub(super) fn new(factory: &MetisEvmFactory, transactions: usize, workers: usize) -> Arc<Self> {
        Arc::new(Self {
            engine: factory.engine().cloned(),
            asked: (0..transactions).map(|_| Mutex::default()).collect(),
            parked: Mutex::default(),
            parked_count: AtomicUsize::new(0),
            open: Mutex::default(),
            max_open: MAX_OPEN.saturating_mul(workers),
            held_bytes: AtomicUsize::new(0),
            head: AtomicUsize::new(0),
            suspended: AtomicU64::new(0),
        })
    }

    /// How often a transaction was suspended.
    pub(super) fn count(&self) -> u64 {
        self.suspended.load(Ordering::Relaxed)
    }

    /// True where a transaction is parked.
    pub(super) fn any(&self) -> bool {
        self.parked_count.load(Ordering::Acquire) > 0
    }

    /// Parks a transaction until its ticket is ready.
    pub(super) fn park(&self, transaction: usize, ticket: Ticket) {
        self.suspended.fetch_add(1, Ordering::Relaxed);
        let mut parked = lock(&self.parked);
        parked.insert(transaction, ticket);
        self.parked_count.store(parked.len(), Ordering::Release);
    }

    /// Takes the first parked transaction whose ticket is ready.
    pub(super) fn resume(&self) -> Option<usize> {
        if !self.any() {
            return None;
        }
        let mut parked = lock(&self.parked);
        let (transaction, _) = parked.iter().find(|(_, ticket)| ticket.is_ready())?;
        let transaction = *transaction;
        parked.remove(&transaction);
        self.parked_count.store(parked.len(), Ordering::Release);
        Some(transaction)
    }

    /// Takes a transaction, if it is parked, whatever its ticket says.
    pub(super) fn unpark(&self, transaction: usize) -> bool {
        if !self.any() {
            return false;
        }
        let mut parked = lock(&self.parked);
        let found = parked.remove(&transaction).is_some();
        self.parked_count.store(parked.len(), Ordering::Release);
        found
    }

    /// It is this transaction's turn: what it asked for before is what it finds now.
    pub(super) fn turn(&self, transaction: usize) {
        self.head.store(transaction, Ordering::Release);
    }

    /// The transaction whose turn it is.
    pub(super) fn head(&self) -> usize {
        self.head.load(Ordering::Acquire)
    }

    /// What runs the models, if anything does.
    pub(super) fn engine(&self) -> Option<&dyn InferenceEngine> {
        self.engine.as_deref()
    }

    /// Lets go of what committed transactions have asked for.
    pub(super) fn release(&self, transactions: core::ops::Range<usize>) {
        for asked in &self.asked[transactions] {
            let asked = mem::take(&mut *lock(asked));
            let bytes = asked.iter().map(|one| one.bytes).sum();
            self.held_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// What a transaction has asked for already.
    pub(super) fn held(&self, transaction: usize, model: B256, question: Question<'_>) -> Option<Submitted> {
        let asked = lock(self.asked.get(transaction)?);
        let same = |one: &&Asked| {
            one.model == model && one.is_text == question.is_text() && *one.input == *question.bytes()
        };
        asked.iter().find(same).map(|one| one.answer.clone())
    }

    /// Asks for an inference or a text, for a speculating transaction. `None` where it comes up against a bound.
    pub(super) fn ask(
        &self,
        transaction: usize,
        model: B256,
        question: Question<'_>,
    ) -> Result<Option<Submitted>, EngineError> {
        if let Some(answer) = self.held(transaction, model, question) {
            return Ok(Some(answer));
        }
        let (Some(engine), Some(of_transaction)) = (&self.engine, self.asked.get(transaction)) else {
            return Ok(None);
        };
        if lock(of_transaction).len() >= MAX_ASKED {
            return Ok(None);
        }
        let output_bytes = question.output_bytes(engine.as_ref(), model);
        let bytes = output_bytes.saturating_add(question.bytes().len());
        let room = |held: usize| held.checked_add(bytes).filter(|sum| *sum <= MAX_HELD_BYTES);
        let reserved = self
            .held_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room);
        if reserved.is_err() {
            return Ok(None);
        }
        let answer = match question {
            Question::Inference(input) => self.submit(engine.as_ref(), model, input),
            Question::Text(request, _) => {
                let text = engine.generate(model, request);
                text.map(|text| Some(Submitted::Ready(text)))
            }
        };
        match answer {
            Ok(Some(answer)) => {
                lock(of_transaction).push(Asked {
                    model,
                    is_text: question.is_text(),
                    input: question.bytes().into(),
                    answer: answer.clone(),
                    bytes,
                });
                Ok(Some(answer))
            }
            other => {
                self.held_bytes.fetch_sub(bytes, Ordering::Relaxed);
                other
            }
        }
    }

    fn submit(
        &self,
        engine: &dyn InferenceEngine,
        model: B256,
        input: &[u8],
    ) -> Result<Option<Submitted>, EngineError> {
        {
            let mut open = lock(&self.open);
            if open.len() >= self.max_open {
                open.retain(|ticket| !ticket.is_ready());
            }
            if open.len() >= self.max_open {
                return Ok(None);
            }
        }
        // Without the lock, as an engine may take its time: workers may go past the bound by one each.
        let answer = engine.submit(model, input)?;
        if let Submitted::Pending(ticket) = &answer {
            lock(&self.open).push(ticket.clone());
        }
        Ok(Some(answer))
    }
}

/// Nothing under these locks is left half-changed by a panic, so a poisoned one is as good as any.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Bytes;
    use core::sync::atomic::AtomicBool;
    use metisvm_vm::{ChainSpec, ModelFacts, OperatorSet, Work};

    const MODEL: B256 = B256::repeat_byte(1);

    /// Its tickets become ready all at once, and its outputs are as long as it says.
    struct Gate {
        open: Arc<AtomicBool>,
        output_bytes: u64,
        texts: Arc<AtomicUsize>,
    }

    struct Behind(Arc<AtomicBool>);

    impl InferenceTicket for Behind {
        fn is_ready(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }

        fn wait(&self) -> Result<Bytes, EngineError> {
            Err(EngineError("nobody waits here".into()))
        }
    }

    impl InferenceEngine for Gate {
        fn model(&self, _: B256) -> Option<ModelFacts> {
            Some(ModelFacts {
                input_bytes: 8,
                output_bytes: self.output_bytes,
                operators: OperatorSet::EMPTY,
                work: Work::default(),
                generation: None,
            })
        }

        fn infer(&self, _: B256, _: &[u8]) -> Result<Bytes, EngineError> {
            Err(EngineError("nobody infers here".into()))
        }

        fn submit(&self, _: B256, _: &[u8]) -> Result<Submitted, EngineError> {
            Ok(Submitted::Pending(Arc::new(Behind(self.open.clone()))))
        }

        fn generate(&self, _: B256, request: &Request) -> Result<Bytes, EngineError> {
            self.texts.fetch_add(1, Ordering::Relaxed);
            Ok(vec![0; request.count as usize * 4].into())
        }
    }

    /// Suspensions for one worker.
    fn suspensions(transactions: usize, output_bytes: u64) -> (Arc<Suspensions>, Arc<AtomicBool>) {
        let (suspensions, open, _) = counting_texts(transactions, output_bytes);
        (suspensions, open)
    }

    fn counting_texts(
        transactions: usize,
        output_bytes: u64,
    ) -> (Arc<Suspensions>, Arc<AtomicBool>, Arc<AtomicUsize>) {
        let open = Arc::new(AtomicBool::new(false));
        let texts = Arc::<AtomicUsize>::default();
        let engine = Gate {
            open: open.clone(),
            output_bytes,
            texts: texts.clone(),
        };
        let factory = MetisEvmFactory::new(Arc::new(ChainSpec::metis_dev()), Some(Arc::new(engine)));
        (Suspensions::new(&factory, transactions, 1), open, texts)
    }

    fn asks(suspensions: &Suspensions, transaction: usize, input: usize) -> bool {
        let input = input.to_le_bytes();
        let answer = suspensions.ask(transaction, MODEL, Question::Inference(&input));
        answer.expect("this engine does not fail").is_some()
    }

    #[test]
    fn a_transaction_may_ask_for_so_many_inferences_and_for_each_of_them_again() {
        let (suspensions, _) = suspensions(2, 8);
        assert!((0..MAX_ASKED).all(|input| asks(&suspensions, 0, input)));
        assert!(!asks(&suspensions, 0, MAX_ASKED));
        assert!((0..MAX_ASKED).all(|input| asks(&suspensions, 0, input)));
        assert!(asks(&suspensions, 1, MAX_ASKED), "another one has its own");
        assert_eq!(lock(&suspensions.open).len(), MAX_ASKED + 1);
    }

    #[test]
    fn so_many_tickets_are_open_at_once_whether_somebody_still_wants_them_or_not() {
        let (suspensions, gate) = suspensions(MAX_OPEN + 2, 8);
        assert!((0..MAX_OPEN).all(|index| asks(&suspensions, index, index)));
        assert!(!asks(&suspensions, MAX_OPEN, MAX_OPEN));
        suspensions.release(0..MAX_OPEN);
        assert!(
            !asks(&suspensions, MAX_OPEN, MAX_OPEN),
            "the engine still has that work"
        );
        gate.store(true, Ordering::Relaxed);
        assert!(asks(&suspensions, MAX_OPEN, MAX_OPEN));
    }

    #[test]
    fn so_many_bytes_are_held_until_transactions_are_committed() {
        let (suspensions, _) = suspensions(4, MAX_HELD_BYTES as u64 / 2 - 8);
        assert!(asks(&suspensions, 0, 0) && asks(&suspensions, 1, 1));
        assert!(!asks(&suspensions, 2, 2));
        suspensions.release(0..1);
        assert!(asks(&suspensions, 2, 2));
        suspensions.release(1..4);
        assert_eq!(suspensions.held_bytes.load(Ordering::Relaxed), 0);
    }

    fn request(count: u32, top_k: u32) -> Request {
        Request {
            tokens: vec![1],
            count,
            temperature: 0,
            top_k,
            seed: [0; 32],
        }
    }

    #[test]
    fn a_text_is_generated_once_for_all_runs_of_a_transaction() {
        let (suspensions, _, texts) = counting_texts(2, 8);
        let asks = |transaction: usize, top_k: u32| {
            let request = request(3, top_k);
            let bytes = request.to_bytes();
            let answer = suspensions.ask(transaction, MODEL, Question::Text(&request, &bytes));
            answer.expect("this engine does not fail").is_some()
        };
        assert!((0..MAX_ASKED as u32).all(|top_k| asks(0, top_k)));
        assert!((0..MAX_ASKED as u32).all(|top_k| asks(0, top_k)));
        assert_eq!(texts.load(Ordering::Relaxed), MAX_ASKED);
        assert!(!asks(0, MAX_ASKED as u32), "texts count as inferences do");
        // The bytes of a request, as an input, are another question.
        let bytes = request(3, 0).to_bytes();
        assert!(suspensions.held(0, MODEL, Question::Inference(&bytes)).is_none());
        let held = suspensions.held(0, MODEL, Question::Text(&request(3, 0), &bytes));
        assert!(matches!(held, Some(Submitted::Ready(text)) if text.len() == 12));
        suspensions.release(0..2);
        assert_eq!(suspensions.held_bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_text_that_there_is_no_room_for_is_left_for_its_turn() {
        let (suspensions, _, texts) = counting_texts(1, 8);
        let request = request(u32::MAX, 0);
        let bytes = request.to_bytes();
        let answer = suspensions.ask(0, MODEL, Question::Text(&request, &bytes));
        assert!(matches!(answer, Ok(None)));
        assert_eq!(texts.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn the_first_parked_transaction_that_can_go_on_does() {
        let (suspensions, _) = suspensions(4, 8);
        let ticket = |ready| Arc::new(Behind(Arc::new(AtomicBool::new(ready))));
        suspensions.park(3, ticket(true));
        suspensions.park(1, ticket(false));
        suspensions.park(2, ticket(true));
        assert_eq!(suspensions.resume(), Some(2));
        assert_eq!(suspensions.resume(), Some(3));
        assert_eq!(suspensions.resume(), None);
        assert!(!suspensions.unpark(2));
        assert!(suspensions.unpark(1) && !suspensions.any());
        assert_eq!(suspensions.count(), 3);
    }
}
