//! The conformance suite of backends: whatever implements [`Backend`] must give the bits of the reference
//! kernels, alone, in batches, on several threads, whole and in parts.
//!
//! A backend is a [`Row`]: a name, a way to make one, and which nodes it takes if it does not take all.
//! [`run`] gives a [`Report`] of what was reached, or the first [`Failure`] of each row. It does not panic
//! on what a backend does, so that tests can show that backends which lie are found.

mod adaptor;
mod case;
mod check;
mod coverage;
mod edges;
mod failure;
mod report;
mod required;
mod threads;

pub use failure::{Difference, Failure, Fault, Place};
pub use report::Report;

use crate::graphs;
use adaptor::Subject;
use case::{Case, Depth, Sketch};
use check::Found;
use coverage::Coverage;
use metisvm_accel::Backend;
use metisvm_model::{Graph, Node};
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Generated graphs of a row that does not say otherwise.
pub const GRAPHS: u64 = 10_000;

/// Cases are divided among so many threads, each with backends of its own.
const WORKERS: usize = 2;

/// Of the generated graphs, so many run in parts, alone and again: neighbours, one even and one odd, so that
/// rows which take every second graph have their share.
const DEEP_GRAPHS: (u64, u64) = (2, 100);

/// Seeds of the items of hand-made cases; those of generated graphs lie elsewhere.
const EDGE_SEED: u64 = 1 << 40;

type Make = Box<dyn Fn() -> Arc<dyn Backend> + Send + Sync>;
type Takes = Box<dyn Fn(&Graph, &Node) -> bool + Send + Sync>;

/// A backend, as the suite gets it.
pub struct Row {
    name: String,
    make: Make,
    takes: Takes,
    graphs: Range<u64>,
    step: usize,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Row {
    /// A backend that takes every node whose parameters are constants. `make` gives another one at each
    /// call; those that share a device may share it.
    pub fn new<B: Backend + 'static>(
        name: impl Into<String>,
        make: impl Fn() -> Arc<B> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            make: Box::new(move || make()),
            takes: Box::new(|_, _| true),
            graphs: 0..GRAPHS,
            step: 1,
        }
    }

    /// Says which nodes it takes: these, if their parameters are constants, and no others.
    #[must_use]
    pub fn taking(self, takes: impl Fn(&Graph, &Node) -> bool + Send + Sync + 'static) -> Self {
        Self {
            takes: Box::new(takes),
            ..self
        }
    }

    /// Runs the generated graphs of these seeds, and of them every `step`th.
    #[must_use]
    pub fn graphs(self, seeds: Range<u64>, step: usize) -> Self {
        let step = step.max(1);
        Self {
            graphs: seeds,
            step,
            ..self
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn takes(&self, graph: &Graph, node: &Node) -> bool {
        (self.takes)(graph, node)
    }

    fn has_graph(&self, seed: u64) -> bool {
        self.graphs.contains(&seed) && (seed - self.graphs.start).is_multiple_of(self.step as u64)
    }
}

/// Runs all cases on all rows. There is one outcome for each row, in order.
pub fn run(rows: &[Row]) -> Vec<Result<Report, Box<Failure>>> {
    let cases = Cases::new(rows);
    let workers: Vec<Vec<State>> = std::thread::scope(|scope| {
        let cases = &cases;
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| scope.spawn(move || work(rows, cases, worker == 0)))
            .collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        // Backends are guarded: a panic that comes through is one of the suite itself.
        joined
            .map(|states| states.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut totals: Vec<State> = rows.iter().map(|_| State::default()).collect();
    for states in workers {
        for (total, state) in totals.iter_mut().zip(states) {
            total.add(state);
        }
    }
    // Coverage of the cases themselves matters for rows that would pass.
    let passes = totals.iter().any(|state| state.failure.is_none());
    let missing = if passes { cases.missing() } else { Vec::new() };
    let outcome = |(row, state): (&Row, State)| state.outcome(row, &missing);
    rows.iter().zip(totals).map(outcome).collect()
}

/// All cases of a run, made when a worker comes to them: first those made by hand, then generated graphs.
#[derive(Debug)]
struct Cases {
    edges: Vec<(Sketch, OnceLock<Case>)>,
    graphs: u64,
    next: AtomicU64,
}

impl Cases {
    fn new(rows: &[Row]) -> Self {
        Self {
            edges: edges::all()
                .into_iter()
                .map(|sketch| (sketch, OnceLock::new()))
                .collect(),
            graphs: rows.iter().map(|row| row.graphs.end).max().unwrap_or(0),
            next: AtomicU64::new(0),
        }
    }

    /// The position of the next case that nobody has.
    fn take(&self) -> Option<u64> {
        let position = self.next.fetch_add(1, Ordering::Relaxed);
        (position < self.edges.len() as u64 + self.graphs).then_some(position)
    }

    fn edge(&self, index: usize) -> &Case {
        let (sketch, case) = &self.edges[index];
        case.get_or_init(|| Case::new(sketch.clone(), EDGE_SEED + index as u64))
    }

    /// What the cases made by hand should reach and do not.
    fn missing(&self) -> Vec<String> {
        let mut reached = Coverage::default();
        for index in 0..self.edges.len() {
            reached.add(&Coverage::of(self.edge(index), |_| true));
        }
        reached.missing()
    }
}

/// What one worker knows of one row.
#[derive(Debug, Default)]
struct State {
    report: Report,
    /// The position of the case, and what was wrong.
    failure: Option<(u64, Box<Failure>)>,
}

impl State {
    fn fail(&mut self, position: u64, failure: Box<Failure>) {
        self.failure = Some((position, failure));
    }

    fn add(&mut self, other: Self) {
        self.report.add(other.report);
        let failures = self.failure.take().into_iter().chain(other.failure);
        self.failure = failures.min_by_key(|(position, _)| *position);
    }

    fn outcome(self, row: &Row, missing: &[String]) -> Result<Report, Box<Failure>> {
        if let Some((_, failure)) = self.failure {
            return Err(failure);
        }
        let failed = |fault| Err(Failure::of(row, None, (None, fault)));
        if self.report.nodes == 0 {
            return failed(Fault::NothingRan);
        }
        if !missing.is_empty() {
            return failed(Fault::NotReached(missing.to_vec()));
        }
        Ok(Report {
            row: row.name.clone(),
            ..self.report
        })
    }
}

impl Failure {
    fn of(row: &Row, case: Option<&str>, (place, fault): Found) -> Box<Self> {
        Box::new(Self {
            row: row.name.clone(),
            case: case.map(Into::into),
            place,
            fault,
        })
    }
}

/// Takes cases until none is left, and runs them on backends of its own.
fn work(rows: &[Row], cases: &Cases, first: bool) -> Vec<State> {
    let mut states: Vec<State> = rows.iter().map(|_| State::default()).collect();
    let mut backends: Vec<Option<Arc<dyn Backend>>> = Vec::new();
    for (row, state) in rows.iter().zip(&mut states) {
        let made = adaptor::make(&row.make);
        backends.push(
            made.map_err(|fault| state.fail(0, Failure::of(row, None, (None, fault))))
                .ok(),
        );
    }
    let edges = cases.edges.len() as u64;
    while let Some(position) = cases.take() {
        let generated = position.checked_sub(edges);
        let made = match generated {
            Some(seed) if !rows.iter().any(|row| row.has_graph(seed)) => continue,
            Some(seed) => Some(generate(seed)),
            None => None,
        };
        let case = made.as_ref().unwrap_or_else(|| cases.edge(position as usize));
        for ((row, backend), state) in rows.iter().zip(&backends).zip(&mut states) {
            let Some(backend) = backend else { continue };
            if state.failure.is_some() || generated.is_some_and(|seed| !row.has_graph(seed)) {
                continue;
            }
            match check::check(row, Subject(backend.as_ref()), case) {
                Ok(ran) => state.report.note(case, &ran),
                Err(found) => state.fail(position, Failure::of(row, Some(&case.name), found)),
            }
        }
    }
    let deepest = |(index, (sketch, _)): (usize, &(Sketch, _))| {
        (first && sketch.depth == Depth::Everything).then(|| cases.edge(index))
    };
    let together: Vec<&Case> = cases.edges.iter().enumerate().filter_map(deepest).collect();
    for ((row, backend), state) in rows.iter().zip(&backends).zip(&mut states) {
        let Some(backend) = backend.as_ref().filter(|_| state.failure.is_none()) else {
            continue;
        };
        if let Err(failure) = last(row, Subject(backend.as_ref()), &mut state.report, &together) {
            state.fail(u64::MAX, failure);
        }
    }
    states
}

/// Graphs and items of a seed are the same in every run.
fn generate(seed: u64) -> Case {
    // Pairs of one kind, since rows may take every second seed.
    let (graph, _) = if (seed / 2).is_multiple_of(2) {
        graphs::graph(seed)
    } else {
        graphs::of_version_1(seed)
    };
    let (deep, of) = DEEP_GRAPHS;
    let depth = if seed % of < deep {
        Depth::Sequences
    } else {
        Depth::Once
    };
    let name = format!("generated graph {seed}");
    Case::new(Sketch { name, graph, depth }, !seed)
}

/// What comes after all cases: several executables at once, and how the backend feels.
fn last(
    row: &Row,
    subject: Subject<'_>,
    report: &mut Report,
    together: &[&Case],
) -> Result<(), Box<Failure>> {
    let (batches, items) = threads::on_several_executables(subject, together)
        .map_err(|(case, found)| Failure::of(row, Some(&case), found))?;
    report.batches += batches;
    report.items += items;
    let fault = match subject.health() {
        Ok((true, 0)) => return Ok(()),
        Ok((_, faults)) => Fault::Unhealthy { faults },
        Err(fault) => fault,
    };
    Err(Failure::of(row, None, (None, fault)))
}
