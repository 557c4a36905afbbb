//! A graph made ready on all engines, held to the reference before it is timed, then timed by turns.

use crate::bench::Bench;
use crate::divided::Divided;
use crate::engine::Engine;
use crate::error::Error;
use crate::inputs;
use crate::record::Work;
use crate::sample::{Taken, Way};
use bytes::Bytes;
use metisvm_accel::Batch;
use metisvm_accel::reference::ReferenceBackend;
use metisvm_model::{Graph, Reference};
use std::hint::black_box;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Different items of a batch; a larger one has them several times.
const ITEMS: usize = 4;

/// A graph under a name.
pub(crate) struct Prepared {
    pub(crate) name: String,
    /// What it is known to cost by: graphs of one kind cost in proportion to their work.
    pub(crate) kind: String,
    pub(crate) graph: Arc<Graph>,
    ready: OnceLock<Ready>,
}

struct Ready {
    items: Vec<Bytes>,
    /// What the reference gives for each.
    expected: Vec<Vec<u8>>,
    reference: Divided,
    /// Of each engine, or why it does not run there.
    engines: Vec<Result<Divided, String>>,
}

/// What was sampled of one engine.
pub(crate) struct Compared<'s> {
    pub(crate) engine: &'s Engine,
    pub(crate) taken: Taken,
}

/// What was sampled of one case.
pub(crate) struct Comparison<'s> {
    /// The reference kernels, on one item.
    pub(crate) reference: Option<Taken>,
    pub(crate) engines: Vec<Compared<'s>>,
}

impl Prepared {
    pub(crate) fn new(name: impl Into<String>, kind: impl Into<String>, graph: Arc<Graph>) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            graph,
            ready: OnceLock::new(),
        }
    }

    /// Work of one item, as costs are in proportion to it.
    fn weight(&self) -> f64 {
        let work = self.graph.work();
        (work.macs + work.wide_macs + work.elements) as f64
    }

    /// What one call on so many items computes and moves at least.
    pub(crate) fn work(&self, items: usize) -> Work {
        let work = self.graph.work();
        let weights: usize = self
            .graph
            .constants()
            .iter()
            .map(|constant| constant.bytes.len())
            .sum();
        let way = (self.graph.input_bytes() + self.graph.output_bytes()) as f64;
        Work {
            operations: 2.0 * (work.macs + work.wide_macs) as f64 * items as f64,
            bytes: weights as f64 + way * items as f64,
        }
    }

    fn ready(&self, bench: &Bench<'_>) -> Result<&Ready, Error> {
        if let Some(ready) = self.ready.get() {
            return Ok(ready);
        }
        let fails = |problem: String| Error::Fails {
            case: self.name.clone(),
            problem,
        };
        let reference = Reference::new(self.graph.clone());
        let items: Vec<Bytes> = (0..ITEMS as u64)
            .map(|seed| inputs::item(&self.graph, seed))
            .collect();
        let expected = items.iter().map(|item| reference.run(item));
        let expected = expected
            .collect::<Result<_, _>>()
            .map_err(|error| fails(error.to_string()))?;
        let own = ReferenceBackend;
        let divided = |engine: &Engine| {
            let divided = Divided::new(self.graph.clone(), &*engine.backend, &*bench.setup.rest);
            let divided = divided.map_err(|error| error.to_string())?;
            if divided.share() == 0.0 {
                return Err("it takes nothing of it".to_owned());
            }
            if divided.share() < 0.9995 {
                let percent = 100.0 * divided.share();
                let (engine, rest) = (engine.title(), bench.setup.rest.name());
                bench.note(format!(
                    "{engine} does {percent:.1} % of the multiply-accumulates of {}; {rest} does the rest",
                    self.name
                ));
            }
            Ok(divided)
        };
        let ready = Ready {
            items,
            expected,
            reference: Divided::new(self.graph.clone(), &own, &own)
                .map_err(|error| fails(error.to_string()))?,
            engines: bench.setup.engines.iter().map(divided).collect(),
        };
        Ok(self.ready.get_or_init(|| ready))
    }

    /// Times a batch of so many items on each engine, and one item on the reference kernels, by turns.
    /// Engines that do not run it, or would take too long, are left out and noted.
    pub(crate) fn compare<'s>(
        &self,
        bench: &Bench<'s>,
        case: &str,
        items: usize,
    ) -> Result<Comparison<'s>, Error> {
        self.compare_some(bench, case, items, |_| true)
    }

    /// The same on some of the engines.
    pub(crate) fn compare_some<'s>(
        &self,
        bench: &Bench<'s>,
        case: &str,
        items: usize,
        wanted: impl Fn(&Engine) -> bool,
    ) -> Result<Comparison<'s>, Error> {
        let ready = self.ready(bench)?;
        let batch = |count: usize| {
            let types = self.graph.inputs().iter().map(|port| &port.ty);
            let items = ready.items.iter().cycle().take(count).cloned().collect();
            Batch::from_items(types, items).map_err(|error| Error::Fails {
                case: case.to_owned(),
                problem: error.to_string(),
            })
        };
        let (one, all) = (batch(1)?, batch(items)?);
        let mut running = Vec::new();
        for (engine, divided) in bench.setup.engines.iter().zip(&ready.engines) {
            if !wanted(engine) {
                continue;
            }
            match self.admit(bench, ready, (engine, divided), case, &all)? {
                Ok(Some(divided)) => running.push((engine, divided)),
                Ok(None) => {}
                Err(why) => bench.note(format!("left out: {} at {case}: {why}", engine.title())),
            }
        }
        if running.is_empty() {
            return Ok(Comparison {
                reference: None,
                engines: Vec::new(),
            });
        }
        let way = |divided: &'_ Divided, batch: &'_ Batch| {
            let result = divided.run(black_box(batch)).map_err(|error| error.to_string());
            black_box(result.map(|outputs| drop(black_box(outputs))))
        };
        let (way, one, all) = (&way, &one, &all);
        let mut ways: Vec<Way<'_>> = vec![Box::new(move || way(&ready.reference, one))];
        for &(_, divided) in &running {
            ways.push(Box::new(move || way(divided, all)));
        }
        let mut outcomes = bench.by_turns(ways).into_iter();
        let reference = outcomes.next().and_then(Result::ok);
        let mut engines = Vec::new();
        for ((engine, _), outcome) in running.into_iter().zip(outcomes) {
            match outcome {
                Ok(taken) => engines.push(Compared { engine, taken }),
                Err(why) => bench.note(format!("left out: {} at {case}: {why}", engine.title())),
            }
        }
        Ok(Comparison { reference, engines })
    }

    /// Whether an engine is to be timed on a batch: it runs it, gives the reference's bits, and is soon
    /// enough; `None` where it is not, which has been noted. Why it does not run it is no error of the whole
    /// run.
    fn admit<'r>(
        &self,
        bench: &Bench<'_>,
        ready: &Ready,
        (engine, divided): (&Engine, &'r Result<Divided, String>),
        case: &str,
        batch: &Batch,
    ) -> Result<Result<Option<&'r Divided>, String>, Error> {
        let divided = match divided {
            Ok(divided) => divided,
            Err(why) => return Ok(Err(why.clone())),
        };
        let (title, weight) = (engine.title(), self.weight() * batch.items() as f64);
        let is_worth_it = || bench.is_worth_it(&title, &self.kind, case, weight);
        if !is_worth_it() {
            return Ok(Ok(None));
        }
        // The first run brings weights to a device; the second is what a run costs.
        let outputs = match divided.run(batch) {
            Ok(outputs) => outputs,
            Err(why) => return Ok(Err(why.to_string())),
        };
        let expected = ready.expected.iter().cycle().take(batch.items());
        let equal = outputs
            .iter()
            .zip(expected)
            .all(|(ours, wanted)| **ours == **wanted);
        if outputs.len() != batch.items() || !equal {
            return Err(Error::Disagrees {
                case: case.to_owned(),
                engine: title,
            });
        }
        let started = Instant::now();
        if let Err(why) = divided.run(batch) {
            return Ok(Err(why.to_string()));
        }
        bench.learn(&title, &self.kind, weight, started.elapsed());
        Ok(Ok(is_worth_it().then_some(divided)))
    }
}
