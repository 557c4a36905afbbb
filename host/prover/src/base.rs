//! What proves a model before anything is wrapped: its circuit, or several that are joined.

use crate::circuit::Circuit;
use crate::description::{self, Description};
use crate::error::{CompileError, ProveError};
use crate::held::{PROCESS_BYTES, held_by_recursion, held_bytes};
use crate::inference::Inference;
use crate::layers::{Layers, cuts};
use crate::parameters::Parameters;
use metisvm_model::{Bundle, ModelId};
use metisvm_verifier::{Proof, Verifier};

/// The circuit or circuits of a model.
pub(crate) enum Base {
    /// One circuit.
    Whole(Box<Circuit>),
    /// Several, cut before these nodes.
    Layers(Box<Layers>, Vec<usize>),
}

impl Base {
    pub(crate) fn model(&self) -> ModelId {
        match self {
            Self::Whole(circuit) => circuit.model(),
            Self::Layers(layers, _) => layers.verifier().model(),
        }
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        match self {
            Self::Whole(circuit) => circuit.verifier(),
            Self::Layers(layers, _) => layers.verifier(),
        }
    }

    /// Before which nodes the model is cut.
    pub(crate) fn cuts(&self) -> &[usize] {
        match self {
            Self::Whole(_) => &[],
            Self::Layers(_, cuts) => cuts,
        }
    }

    /// The circuits of the model's nodes, in order.
    pub(crate) fn circuits(&self) -> Vec<Description> {
        match self {
            Self::Whole(circuit) => vec![circuit.description()],
            Self::Layers(layers, _) => layers.descriptions().map(|(_, span)| span.clone()).collect(),
        }
    }

    /// The circuits that join their proofs.
    pub(crate) fn joins(&self) -> Vec<Description> {
        match self {
            Self::Whole(_) => Vec::new(),
            Self::Layers(layers, _) => layers.joins().cloned().collect(),
        }
    }

    /// What each step takes while it proves, and which part of that is held anyway.
    pub(crate) fn steps(&self) -> Vec<(u64, u64)> {
        match self {
            Self::Whole(circuit) => {
                let held = held_bytes(&circuit.verifier().key().common);
                vec![(circuit.description().memory_bytes, held)]
            }
            Self::Layers(layers, _) => {
                // A span's circuit is made for its proof and given up with it.
                let spans = layers.descriptions().map(|(_, span)| (span.memory_bytes, 0));
                let joins = layers
                    .join_keys()
                    .map(|(join, common)| (join.memory_bytes, held_bytes(common)));
                spans.chain(joins).collect()
            }
        }
    }

    pub(crate) fn prove(&self, inference: &Inference<'_>) -> Result<Proof, ProveError> {
        match self {
            Self::Whole(circuit) => circuit.prove(inference),
            Self::Layers(layers, _) => layers.prove(inference),
        }
    }
}

/// Rows of a join of two spans, as a power of two: it verifies two proofs of some 3,700 rows each.
const FIRST_JOIN_DEGREE_BITS: usize = 13;

/// Rows of a join of joins, whose proofs take 4,400 rows each.
const JOIN_DEGREE_BITS: usize = 14;

/// What the steps of a model in layers may take.
#[derive(Clone, Copy)]
pub(crate) struct Left {
    /// Proving a span, beside which all joins are held.
    pub(crate) spans: u64,
    /// Proving a join, beside which all others are.
    pub(crate) joins: u64,
}

impl Left {
    /// Of a limit, where so many joins are held.
    pub(crate) fn of(memory_limit: u64, joins: usize) -> Self {
        let held = |degree_bits| held_by_recursion(&Parameters::STANDARD, degree_bits);
        let of_spans = joins.div_ceil(2);
        let all = held(FIRST_JOIN_DEGREE_BITS)
            .saturating_mul(of_spans as u64)
            .saturating_add(held(JOIN_DEGREE_BITS).saturating_mul((joins - of_spans) as u64));
        let of_largest = if joins > of_spans {
            JOIN_DEGREE_BITS
        } else {
            FIRST_JOIN_DEGREE_BITS
        };
        let without_process = memory_limit.saturating_sub(PROCESS_BYTES);
        Self {
            spans: without_process.saturating_sub(all),
            joins: without_process.saturating_sub(all.saturating_sub(held(of_largest))),
        }
    }
}

/// Where to cut a model such that no step takes more than the limit while the joins are held; nothing is built for that.
/// `None` if there is no such way, or none that has more than one span.
pub(crate) fn cuts_within(bundle: &Bundle, memory_limit: u64) -> Result<Option<Vec<usize>>, CompileError> {
    let rate = Parameters::STANDARD.rate_bits();
    let least = description::memory_bytes_at_rate(standard_columns(), FIRST_JOIN_DEGREE_BITS, rate);
    let mut joins = 1;
    loop {
        let left = Left::of(memory_limit, joins);
        if left.joins < least || left.spans == 0 {
            return Ok(None);
        }
        let cuts = cuts(bundle, Parameters::INNER, left.spans)?;
        if cuts.is_empty() {
            return Ok(None);
        }
        // Each cut is a join, which is held and leaves less for the spans.
        if cuts.len() <= joins {
            return Ok(Some(cuts));
        }
        joins = cuts.len();
    }
}

fn standard_columns() -> usize {
    let config = Parameters::STANDARD.config(0);
    description::columns_with_challenges(
        config.num_constants,
        config.num_wires,
        config.num_routed_wires,
        config.num_challenges,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_joins_leave_less() {
        let limit = 4 << 30;
        for joins in 1..10 {
            let (few, more) = (Left::of(limit, joins), Left::of(limit, joins + 1));
            assert!(more.spans < few.spans && few.spans < few.joins && few.joins < limit);
        }
        let none = Left::of(1 << 20, 3);
        assert_eq!((none.spans, none.joins), (0, 0));
    }
}
