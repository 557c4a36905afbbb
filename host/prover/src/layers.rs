//! A model in several circuits: each proves a span of nodes, and joins make one proof of theirs.
//!
//! A join verifies the proofs of two spans that follow each other. Both state version, model, commitment, chain and
//! job, and the digest of the values at the border between them; the join holds all of that to be equal. Which span
//! is proven by which proof is fixed by the keys, which are constants of the join.

use crate::at_once::at_once;
use crate::boundary::crossing;
use crate::circuit::{Built, outputs};
use crate::description::Description;
use crate::error::{CompileError, ProveError, failed};
use crate::held::{PROCESS_BYTES, held_bytes, held_bytes_of, result_bytes};
use crate::inference::Inference;
use crate::lane::{Lane, results};
use crate::parameters::Parameters;
use crate::recursion::{PREPROCESSED, RawKey, RawProof, Recursion, Recursive};
use crate::rows::Rows;
use metisvm_model::{Bundle, Graph, ModelId, Reference};
use metisvm_verifier::encoding::encode;
use metisvm_verifier::field::{D, F};
use metisvm_verifier::statement::FIXED_INPUTS;
use metisvm_verifier::{Proof, Verifier};
use plonky2::iop::target::Target;
use plonky2::iop::witness::PartialWitness;
use plonky2::plonk::circuit_data::CommonCircuitData;
use std::ops::Range;
use std::sync::Arc;

/// Elements of the digest of a border.
const DIGEST: usize = 4;

/// A model's circuits, one for each span of its nodes, and the joins of their proofs.
pub struct Layers {
    model: ModelId,
    reference: Reference,
    spans: Vec<Span>,
    /// Each round joins neighbours, until one is left.
    rounds: Vec<Vec<Step>>,
    verifier: Verifier,
    inner: Parameters,
    memory_limit: u64,
    /// What is held while any of the proofs is made.
    held: u64,
}

/// A span with what it takes; its circuit is made again for each proof, as all of them together would take the memory
/// that splitting saves.
struct Span {
    nodes: Range<usize>,
    description: Description,
}

/// What a round makes of the proofs before it.
enum Step {
    /// Of two.
    Join(Box<Recursive>),
    /// The last of an odd number waits.
    Pass,
}

impl Layers {
    /// Splits a model such that proving it takes no more than `memory_limit` bytes: each span and each join, with the
    /// joins' circuits, which are held meanwhile.
    ///
    /// # Errors
    /// If the model has an operator that circuits lack, or a single node or a join would take more memory.
    pub fn compile(bundle: &Bundle, memory_limit: u64) -> Result<Self, CompileError> {
        Self::with_parameters(bundle, Parameters::INNER, Parameters::STANDARD, memory_limit)
    }

    /// Splits a model likewise, with these parameters for spans and for joins.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn with_parameters(
        bundle: &Bundle,
        inner: Parameters,
        outer: Parameters,
        memory_limit: u64,
    ) -> Result<Self, CompileError> {
        let cuts = Self::cuts_within(bundle, inner, outer, memory_limit)?;
        Self::at(bundle, &cuts.unwrap_or_default(), inner, outer, memory_limit)
    }

    /// Where to cut a model such that no step should take more than the limit; no circuit is made for that. `None` if
    /// nothing is to be cut, or nothing is left for the spans.
    pub(crate) fn cuts_within(
        bundle: &Bundle,
        inner: Parameters,
        outer: Parameters,
        memory_limit: u64,
    ) -> Result<Option<Vec<usize>>, CompileError> {
        let beside = beside(&bundle.graph);
        let join = expected_join_bytes(inner, outer);
        let mut held = 0;
        loop {
            // The more spans there are, the more joins, and the less is left for each span.
            let left = memory_limit.saturating_sub(beside).saturating_sub(held);
            if left == 0 {
                return Ok(None);
            }
            let cuts = cuts(bundle, inner, left)?;
            let needed = join.saturating_mul(cuts.len() as u64);
            if needed <= held {
                return Ok((!cuts.is_empty()).then_some(cuts));
            }
            held = needed;
        }
    }

    /// Splits a model before these nodes, which must be in order, with these parameters for spans and for joins.
    ///
    /// # Errors
    /// As [`compile`](Self::compile), and if there is nothing between two cuts.
    pub fn at(
        bundle: &Bundle,
        cuts: &[usize],
        inner: Parameters,
        outer: Parameters,
        memory_limit: u64,
    ) -> Result<Self, CompileError> {
        let graph = Arc::new(bundle.graph.clone());
        let ends = cuts.iter().copied().chain([graph.nodes().len()]);
        let starts = [0].into_iter().chain(cuts.iter().copied());
        let (mut spans, mut keys) = (Vec::new(), Vec::new());
        for (start, end) in starts.zip(ends) {
            if start >= end || crossing(&graph, end).is_empty() {
                return Err(CompileError::Cut { start, end });
            }
            let circuit = SpanCircuit::new(&graph, bundle.id, start..end, inner, memory_limit)?;
            spans.push(Span {
                nodes: start..end,
                description: circuit.rows.description(),
            });
            keys.push(circuit.rows.data.verifier_data());
        }
        let (rounds, key) = rounds(keys, outer, memory_limit)?;
        let joins = rounds.iter().flatten().filter_map(|step| match step {
            Step::Join(join) => Some(&**join),
            Step::Pass => None,
        });
        let held = joins.clone().map(|join| held_bytes(&join.data.common));
        let held = held.fold(beside(&graph), u64::saturating_add);
        let of_spans = spans.iter().map(|span| &span.description);
        let largest = of_spans
            .chain(joins.map(Recursive::description))
            .max_by_key(|description| description.memory_bytes);
        if let Some(largest) = largest {
            let bytes = held.saturating_add(largest.memory_bytes);
            if bytes > memory_limit {
                let (rows, limit) = (largest.rows, memory_limit);
                return Err(CompileError::TooLarge { rows, bytes, limit });
            }
        }
        Ok(Self {
            model: bundle.id,
            verifier: Verifier::new(bundle.id, outputs(&graph), key),
            reference: Reference::new(graph),
            spans,
            rounds,
            inner,
            memory_limit,
            held,
        })
    }

    /// The memory that a proof takes at most: the largest of its steps, with what is held meanwhile.
    pub fn memory_bytes(&self) -> u64 {
        let spans = self.spans.iter().map(|span| span.description.memory_bytes);
        let steps = spans.chain(self.joins().map(|join| join.memory_bytes));
        self.held.saturating_add(steps.max().unwrap_or(0))
    }

    /// What is held while any step proves: the joins' circuits, the values of all nodes, the process.
    pub(crate) const fn held(&self) -> u64 {
        self.held
    }

    /// The nodes of each span with what proving it takes.
    pub fn descriptions(&self) -> impl Iterator<Item = (Range<usize>, &Description)> {
        self.spans
            .iter()
            .map(|span| (span.nodes.clone(), &span.description))
    }

    /// What each join takes, those of the spans first.
    pub fn joins(&self) -> impl Iterator<Item = &Description> {
        self.rounds.iter().flatten().filter_map(|step| match step {
            Step::Join(join) => Some(join.description()),
            Step::Pass => None,
        })
    }

    /// The joins likewise, with their shapes.
    pub(crate) fn join_keys(&self) -> impl Iterator<Item = (&Description, &CommonCircuitData<F, D>)> {
        self.rounds.iter().flatten().filter_map(|step| match step {
            Step::Join(join) => Some((join.description(), &join.data.common)),
            Step::Pass => None,
        })
    }

    /// What checks the joined proofs, whose statement is that of a proof by one circuit.
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Runs an inference, proves its spans, as many at once as the memory limit allows, and joins the proofs.
    ///
    /// # Errors
    /// If the input has another length than the model takes. Other errors are defects.
    pub fn prove(&self, inference: &Inference<'_>) -> Result<Proof, ProveError> {
        let graph = self.reference.segment().graph();
        inference.check_length(graph)?;
        let (results, output) = results(&self.reference, inference.input)?;
        let largest = self.spans.iter().map(|span| span.description.memory_bytes).max();
        let left = self.memory_limit.saturating_sub(self.held);
        let mut proofs: Vec<RawProof> = at_once(largest.unwrap_or(0), left, &self.spans, |span| {
            let nodes = span.nodes.clone();
            let circuit = SpanCircuit::new(graph, self.model, nodes, self.inner, self.memory_limit)
                .map_err(|e| ProveError::Backend(e.to_string()))?;
            circuit.prove(&self.reference, inference, &results)
        })?;
        for round in &self.rounds {
            let pairs: Vec<(&Step, &[RawProof])> = round.iter().zip(proofs.chunks(2)).collect();
            let largest = self.joins().map(|join| join.memory_bytes).max();
            proofs = at_once(largest.unwrap_or(0), left, &pairs, |(step, proofs)| match step {
                Step::Join(join) => join.prove(proofs),
                Step::Pass => Ok(proofs[0].clone()),
            })?;
        }
        Ok(Proof {
            statement: metisvm_verifier::Statement {
                model: self.model,
                input: metisvm_verifier::commit(inference.salt, inference.input),
                output,
                chain_id: inference.chain_id,
                job_id: inference.job_id,
            },
            bytes: encode(&proofs[0]),
        })
    }
}

/// What is there whichever proof is made: the process, and what the reference computed.
fn beside(graph: &Graph) -> u64 {
    PROCESS_BYTES.saturating_add(result_bytes(graph))
}

/// What the circuit of a join is expected to take while it is held, before there is one. A verifier has about so many
/// rows for each query and beside; docs/proofs.md has counted ones, which are fewer.
fn expected_join_bytes(inner: Parameters, outer: Parameters) -> u64 {
    const OF_A_QUERY: usize = 220;
    const BESIDE: usize = 600;
    let queries = inner.queries().max(outer.queries());
    let rows = 2 * (queries * OF_A_QUERY + BESIDE);
    let degree_bits = rows.next_power_of_two().trailing_zeros() as usize;
    let config = outer.config(0);
    held_bytes_of(
        PREPROCESSED,
        config.num_routed_wires,
        config.num_wires,
        degree_bits,
        outer.rate_bits(),
    )
}

/// The circuit of a span.
pub(crate) struct SpanCircuit {
    pub(crate) rows: Built,
    pub(crate) lane: Lane,
}

impl SpanCircuit {
    pub(crate) fn new(
        graph: &Graph,
        model: ModelId,
        nodes: Range<usize>,
        parameters: Parameters,
        memory_limit: u64,
    ) -> Result<Self, CompileError> {
        let mut rows = Rows::new(parameters, memory_limit);
        let lane = Lane::new(&mut rows, graph, model, nodes)?;
        let rows = Built::new(rows, &lane.public)?;
        Ok(Self { rows, lane })
    }

    /// Proves the span of an inference in which the nodes have these results.
    pub(crate) fn prove(
        &self,
        reference: &Reference,
        inference: &Inference<'_>,
        results: &[Vec<i32>],
    ) -> Result<RawProof, ProveError> {
        let mut inputs = PartialWitness::new();
        let graph = reference.segment().graph();
        self.lane
            .assign(graph, inference, results, &mut inputs)
            .map_err(failed)?;
        let witness = self.rows.witness(inputs)?;
        self.lane.check(reference, inference, &witness)?;
        self.rows.prove(witness)
    }
}

/// Where to cut: each span has as many nodes as fit.
fn cuts(bundle: &Bundle, parameters: Parameters, memory_limit: u64) -> Result<Vec<usize>, CompileError> {
    let nodes = bundle.graph.nodes().len();
    let fits = |span: Range<usize>| -> Result<bool, CompileError> {
        let mut rows = Rows::new(parameters, memory_limit);
        match Lane::new(&mut rows, &bundle.graph, bundle.id, span) {
            Ok(lane) => Ok(rows.closing(lane.public.len()).is_ok()),
            Err(CompileError::TooLarge { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    };
    let (mut cuts, mut start) = (Vec::new(), 0);
    while start < nodes && !fits(start..nodes)? {
        // The most nodes that fit; one that does not fit alone is refused when its circuit is made.
        let (mut least, mut beyond) = (start + 1, nodes);
        while least + 1 < beyond {
            let middle = least.midpoint(beyond);
            if fits(start..middle)? {
                least = middle;
            } else {
                beyond = middle;
            }
        }
        if least == nodes {
            break;
        }
        cuts.push(least);
        start = least;
    }
    Ok(cuts)
}

/// The joins of neighbours, round by round, and the key of the last one.
fn rounds(
    mut keys: Vec<RawKey>,
    parameters: Parameters,
    memory_limit: u64,
) -> Result<(Vec<Vec<Step>>, RawKey), CompileError> {
    let mut rounds = Vec::new();
    while keys.len() > 1 {
        let mut round = Vec::new();
        let mut next = Vec::new();
        for (i, pair) in keys.chunks(2).enumerate() {
            if let [before, behind] = pair {
                let join = join(
                    before,
                    behind,
                    i == 0,
                    parameters,
                    memory_limit,
                    &mut |recursion, a, b| {
                        recursion.builder().connect(a, b);
                    },
                )?;
                next.push(join.key());
                round.push(Step::Join(Box::new(join)));
            } else {
                next.push(pair[0].clone());
                round.push(Step::Pass);
            }
        }
        rounds.push(round);
        keys = next;
    }
    let key = keys.pop().expect("a model has at least one span");
    Ok((rounds, key))
}

/// The circuit that verifies the proofs of two spans that follow each other. The first of a model has no border before
/// it. `equal` makes equal what both state.
pub(crate) fn join(
    before: &RawKey,
    behind: &RawKey,
    first: bool,
    parameters: Parameters,
    memory_limit: u64,
    equal: &mut dyn FnMut(&mut Recursion, Target, Target),
) -> Result<Recursive, CompileError> {
    let mut recursion = Recursion::new(parameters, memory_limit);
    let before = recursion.verify(before)?;
    let behind = recursion.verify(behind)?;
    let (header, before) = before.split_at(FIXED_INPUTS);
    let (other_header, behind) = behind.split_at(FIXED_INPUTS);
    let (incoming, outgoing) = before.split_at(if first { 0 } else { DIGEST });
    let (border, rest) = behind.split_at(DIGEST);
    for (&a, &b) in header.iter().zip(other_header).chain(outgoing.iter().zip(border)) {
        equal(&mut recursion, a, b);
    }
    let public_inputs: Vec<Target> = [header, incoming, rest].concat();
    recursion.finish(&public_inputs)
}
