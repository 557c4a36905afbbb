//! One case on one backend: what it takes, part by part, against what the reference kernels give.

use super::adaptor::{self, Program, Refusal, Subject};
use super::case::{Case, Depth, MAX_BATCH};
use super::failure::{Difference, Fault, Place};
use super::{Row, threads};
use metisvm_model::{Graph, Op, Segment};
use std::ops::Range;

/// What ran of one case.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// Which nodes the backend took.
    pub(super) taken: Vec<bool>,
    pub(super) parts: u64,
    pub(super) batches: u64,
    pub(super) items: u64,
}

/// A fault, and where in the graph.
pub(super) type Found = (Option<Place>, Fault);

/// Runs all of a case that the backend takes.
pub(super) fn check(row: &Row, subject: Subject<'_>, case: &Case) -> Result<Ran, Found> {
    let graph = &case.graph;
    let nodes = graph.nodes().len();
    let runs = subject.takes(graph).map_err(|fault| (None, fault))?;
    let mut ran = Ran {
        taken: vec![false; nodes],
        ..Ran::default()
    };
    for run in &runs {
        ran.taken[run.clone()].fill(true);
    }
    for (index, &taken) in ran.taken.iter().enumerate() {
        let node = &graph.nodes()[index];
        let due = row.takes(graph, node);
        let at = |fault| (Some(Place::new(graph, index..index + 1)), fault);
        if due && !taken && !has_computed_parameters(graph, index) {
            return Err(at(Fault::Left(node.op.name())));
        }
        if taken && !due {
            return Err(at(Fault::Undeclared(node.op.name())));
        }
    }
    for run in runs.into_iter().filter(|run| !run.is_empty()) {
        check_part(subject, case, (run.clone(), case.depth), &mut ran)?;
        let mut cuts = Vec::new();
        if case.depth > Depth::Once && run.len() > 1 {
            let middle = run.start + run.len() / 2;
            cuts.push(vec![run.start..middle, middle..run.end]);
            if run.len() > 2 {
                cuts.push(run.map(|node| node..node + 1).collect());
            }
        }
        // Batches of every size and threads are for the whole; parts differ from it in what enters and leaves.
        let depth = case.depth.min(Depth::Sequences);
        for part in cuts.iter().flatten() {
            check_part(subject, case, (part.clone(), depth), &mut ran)?;
        }
        if let Some(halves) = cuts.first() {
            check_handing_on(subject, case, halves, &mut ran)?;
        }
    }
    Ok(ran)
}

/// Whether zero points, requantisation parameters or bounds of a clamp are results or inputs. A backend may
/// leave such a node: programs often carry these as immediates.
fn has_computed_parameters(graph: &Graph, index: usize) -> bool {
    let node = &graph.nodes()[index];
    let parameters = match node.op {
        Op::MatMul | Op::Conv2d { .. } => 2..4,
        Op::Requantise { .. } => 1..4,
        Op::Clamp => 1..3,
        _ => 0..0,
    };
    let mut parameters = node.operands[parameters].iter();
    parameters.any(|&value| graph.constant(value).is_none())
}

/// The segment of a run, as the dispatcher's plan makes it.
pub(super) fn segment(case: &Case, run: Range<usize>) -> Segment {
    if run == (0..case.graph.nodes().len()) {
        Segment::whole(case.graph.clone())
    } else {
        Segment::part(case.graph.clone(), run)
    }
}

/// Runs neighbouring nodes as one part, or as halves if they are too large for that.
fn check_part(
    subject: Subject<'_>,
    case: &Case,
    (nodes, depth): (Range<usize>, Depth),
    ran: &mut Ran,
) -> Result<(), Found> {
    let place = Place::new(&case.graph, nodes.clone());
    let part = Part::new(case, segment(case, nodes.clone()));
    let program = match subject.compile(&part.segment) {
        Ok(program) => program,
        Err(Refusal::TooLarge(_)) if nodes.len() > 1 => {
            let middle = nodes.start + nodes.len() / 2;
            check_part(subject, case, (nodes.start..middle, depth), ran)?;
            return check_part(subject, case, (middle..nodes.end, depth), ran);
        }
        Err(Refusal::TooLarge(why)) => return Err((Some(place), Fault::Refused(why))),
        Err(Refusal::Fault(fault)) => return Err((Some(place), fault)),
    };
    ran.parts += 1;
    for batch in batches(depth) {
        let wrong = part.run(&program, &batch).map_err(|f| (Some(place.clone()), f))?;
        ran.batches += 1;
        ran.items += batch.len() as u64;
        if let Some(wrong) = wrong {
            let fault = part.diagnose(subject, &batch, wrong, false);
            return Err(narrow(subject, case, nodes, fault));
        }
    }
    if depth == Depth::Everything {
        let found = threads::on_one_executable(subject, &part, &program);
        let (batches, items) = found.map_err(|fault| (Some(place), fault))?;
        ran.batches += batches;
        ran.items += items;
    }
    Ok(())
}

/// Runs two parts one after the other, the second on the very values that the first gave: they may have stayed
/// on a device.
fn check_handing_on(
    subject: Subject<'_>,
    case: &Case,
    cut: &[Range<usize>],
    ran: &mut Ran,
) -> Result<(), Found> {
    let [first, second] = cut else { return Ok(()) };
    let place = Place::new(&case.graph, first.start..second.end);
    let at = |fault| (Some(place.clone()), fault);
    let parts = [first, second].map(|nodes| Part::new(case, segment(case, nodes.clone())));
    let mut programs = Vec::new();
    for part in &parts {
        match subject.compile(&part.segment) {
            Ok(program) => programs.push(program),
            // As halves of halves they are handed on elsewhere.
            Err(Refusal::TooLarge(_)) => return Ok(()),
            Err(Refusal::Fault(fault)) => return Err(at(fault)),
        }
    }
    let [first, second] = &parts;
    let run = || {
        let inputs = adaptor::values(&first.segment, first.segment.inputs(), &first.inputs)?;
        let given = programs[0].run_values(&inputs)?;
        let host = adaptor::values(&second.segment, second.segment.inputs(), &second.inputs)?;
        let given = (first.segment.outputs(), &given);
        let inputs = adaptor::hand_on(&second.segment, &host, given)?;
        adaptor::read_back(&programs[1].run_values(&inputs)?)
    };
    let results = run().map_err(at)?;
    ran.parts += 2;
    ran.batches += 2;
    ran.items += 2 * results.len() as u64;
    if results.len() != second.outputs.len() {
        let (items, results) = (second.outputs.len(), results.len());
        return Err(at(Fault::WrongCount { items, results }));
    }
    let pairs = second.outputs.iter().zip(&results).enumerate();
    for (item, (expected, actual)) in pairs {
        let place = (results.len(), item);
        if let Some(difference) = Difference::find(&second.segment, place, expected, actual) {
            return Err(at(Fault::WrongBits(difference)));
        }
    }
    Ok(())
}

/// Items of each batch, one after the other on the same executable.
fn batches(depth: Depth) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (0..depth.items()).collect();
    let mut batches = match depth {
        Depth::Once => return vec![all],
        Depth::Sequences | Depth::Everything => vec![
            vec![0],
            vec![1],
            all.clone(),
            all.into_iter().rev().collect(),
            vec![0],
        ],
    };
    if depth == Depth::Everything {
        // Each size begins elsewhere, so that an item has another place and other neighbours each time.
        let batch = |size: usize| (0..size).map(|i| (i * 5 + size) % MAX_BATCH).collect();
        batches.extend((1..=MAX_BATCH).map(batch));
    }
    batches
}

/// A part with what goes in and what must come out, for every item of its case.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) segment: Segment,
    inputs: Vec<Vec<u8>>,
    outputs: Vec<Vec<u8>>,
}

impl Part {
    pub(super) fn new(case: &Case, segment: Segment) -> Self {
        Self {
            inputs: case.inputs(&segment),
            outputs: case.outputs(&segment),
            segment,
        }
    }

    /// How many items there are.
    pub(super) fn items(&self) -> usize {
        self.inputs.len()
    }

    /// Runs a batch of items; gives the first difference.
    pub(super) fn run(&self, program: &Program, batch: &[usize]) -> Result<Option<Difference>, Fault> {
        let items: Vec<&[u8]> = batch.iter().map(|&item| self.inputs[item].as_slice()).collect();
        let results = program.run(&items)?;
        let mut pairs = batch.iter().zip(&results).enumerate();
        Ok(pairs.find_map(|(at, (&item, result))| {
            Difference::find(&self.segment, (batch.len(), at), &self.outputs[item], result)
        }))
    }

    /// Says what a wrong result of a batch depends on, by asking fresh executables.
    pub(super) fn diagnose(
        &self,
        subject: Subject<'_>,
        batch: &[usize],
        wrong: Difference,
        among_threads: bool,
    ) -> Fault {
        let afresh = |batch: &[usize]| match subject.compile(&self.segment) {
            Ok(program) => self.run(&program, batch),
            Err(Refusal::TooLarge(why)) => Err(Fault::Refused(why)),
            Err(Refusal::Fault(fault)) => Err(fault),
        };
        match afresh(&batch[wrong.item..=wrong.item]) {
            Ok(None) => {}
            Ok(Some(difference)) => return Fault::WrongBits(difference),
            Err(fault) => return fault,
        }
        match afresh(batch) {
            Ok(None) if among_threads => Fault::DependsOnThreads(wrong),
            Ok(None) => Fault::DependsOnEarlierRuns(wrong),
            Ok(Some(difference)) => Fault::DependsOnBatch(difference),
            Err(fault) => fault,
        }
    }
}

/// Looks for a single node that is wrong by itself, so that the failure names its operator.
fn narrow(subject: Subject<'_>, case: &Case, nodes: Range<usize>, fault: Fault) -> Found {
    let whole = Place::new(&case.graph, nodes.clone());
    if nodes.len() == 1 || !matches!(fault, Fault::WrongBits(_)) {
        return (Some(whole), fault);
    }
    for node in nodes {
        let part = Part::new(case, segment(case, node..node + 1));
        let Ok(program) = subject.compile(&part.segment) else {
            continue;
        };
        for item in 0..case.items() {
            if let Ok(Some(difference)) = part.run(&program, &[item]) {
                let place = Place::new(&case.graph, node..node + 1);
                return (Some(place), Fault::WrongBits(difference));
            }
        }
    }
    (Some(whole), fault)
}
