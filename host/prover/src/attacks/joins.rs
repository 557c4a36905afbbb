//! Joins: the spans' proofs are about different inferences, or the values at their border differ.

use super::harness::{LIMIT, WEAK, bundle, hold, input};
use crate::inference::Inference;
use crate::lane::results;
use crate::layers::{SpanCircuit, join};
use crate::recursion::RawProof;
use metisvm_model::{Bundle, ModelId, Reference};
use plonky2::iop::witness::PartialWitness;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// What is different in the second span.
#[derive(Clone, Copy)]
enum Other {
    /// A bit of the job.
    Job(usize, u8),
    /// Bits of the chain.
    Chain(u64),
    /// The commitment: another input, with the right values at the border.
    Input,
    /// A bit of the model's name.
    Model(usize, u8),
    /// Values at the border: number, what is added.
    Value(usize, i32),
    /// Two values at the border change places.
    Swapped(usize, usize),
    /// The values of another input.
    Values,
}

/// Version, model, commitment, chain, job, border: where they stand.
const MODEL: usize = 1;
const COMMITMENT: usize = 9;
const CHAIN: usize = 13;
const JOB: usize = 15;
const BORDER: Range<usize> = 23..27;

/// Name, what is different, the equalities that refuse it.
#[rustfmt::skip] // one attack a line
const ATTACKS: &[(&str, Other, Range<usize>)] = &[
    ("another job, first word", Other::Job(0, 1), JOB..JOB + 1),
    ("another job, second word", Other::Job(7, 128), JOB + 1..JOB + 2),
    ("another job, middle word", Other::Job(14, 2), JOB + 3..JOB + 4),
    ("another job, last word", Other::Job(31, 16), JOB + 7..JOB + 8),
    ("another chain", Other::Chain(1), CHAIN..CHAIN + 1),
    ("another chain by its upper half", Other::Chain(1 << 32), CHAIN + 1..CHAIN + 2),
    ("another input, with the first one's values", Other::Input, COMMITMENT..CHAIN),
    ("another model, first word", Other::Model(0, 1), MODEL..MODEL + 1),
    ("another model, middle word", Other::Model(13, 4), MODEL + 3..MODEL + 4),
    ("another model, last word", Other::Model(31, 128), MODEL + 7..MODEL + 8),
    ("a value at the border, one more", Other::Value(0, 1), BORDER),
    ("a value at the border, one less", Other::Value(3, -1), BORDER),
    ("the last value at the border", Other::Value(8, 2), BORDER),
    ("a value at the border that no byte has", Other::Value(5, 256), BORDER),
    ("a negative value at the border", Other::Value(5, -256), BORDER),
    ("two values at the border change places", Other::Swapped(0, 1), BORDER),
    ("two others change places", Other::Swapped(2, 8), BORDER),
    ("another input's values at the border", Other::Values, BORDER),
];

/// Where the model is cut: behind the first layer.
const CUT: usize = 2;

struct Spans {
    bundle: Bundle,
    reference: Reference,
}

impl Spans {
    fn circuit(&self, model: ModelId, nodes: Range<usize>) -> SpanCircuit {
        SpanCircuit::new(&self.bundle.graph, model, nodes, WEAK, LIMIT).expect("it is small")
    }

    /// The second span's proof, or that of another inference.
    fn behind(&self, circuit: &SpanCircuit, other: Option<Other>) -> RawProof {
        let (mut bytes, mut chain_id, mut job_id) = (input(1), 1, [3; 32]);
        let (mut values, _) = results(&self.reference, &bytes).expect("the length is right");
        match other {
            Some(Other::Job(byte, bit)) => job_id[byte] ^= bit,
            Some(Other::Chain(bits)) => chain_id ^= bits,
            Some(Other::Input) => bytes = input(2),
            Some(Other::Value(at, more)) => values[CUT - 1][at] += more,
            Some(Other::Swapped(a, b)) => values[CUT - 1].swap(a, b),
            Some(Other::Values) => {
                values = results(&self.reference, &input(2))
                    .expect("the length is right")
                    .0;
            }
            Some(Other::Model(..)) | None => {}
        }
        let inference = Inference {
            input: &bytes,
            salt: &[7; 32],
            chain_id,
            job_id,
        };
        let mut inputs = PartialWitness::new();
        let assigned = circuit
            .lane
            .assign(&self.bundle.graph, &inference, &values, &mut inputs);
        assigned.expect("each wire is set once");
        let witness = circuit.rows.witness(inputs).expect("every input can be proven");
        circuit
            .rows
            .prove(witness)
            .expect("a prover that fails refuses nothing")
    }
}

#[test]
fn attacks_are_refused() {
    assert!((1..=20).contains(&ATTACKS.len()), "at most 20 of a kind");
    let bundle = bundle(1, false);
    let model = bundle.id;
    let spans = Spans {
        reference: Reference::new(Arc::new(bundle.graph.clone())),
        bundle,
    };
    let first = spans.circuit(model, 0..CUT);
    let (values, _) = results(&spans.reference, &input(1)).expect("the length is right");
    let bytes = input(1);
    let inference = Inference {
        input: &bytes,
        salt: &[7; 32],
        chain_id: 1,
        job_id: [3; 32],
    };
    let before = first
        .prove(&spans.reference, &inference, &values)
        .expect("it can be proven");
    let nodes = spans.bundle.graph.nodes().len();
    let (before_key, mut names) = (first.rows.data.verifier_data(), BTreeSet::new());
    let honest = spans.circuit(model, CUT..nodes);

    for (name, other, left_out) in ATTACKS {
        assert!(names.insert(name), "{name} is there twice");
        let renamed = match other {
            Other::Model(byte, bit) => {
                let mut model = model;
                model.0[*byte] ^= bit;
                Some(spans.circuit(model, CUT..nodes))
            }
            _ => None,
        };
        let behind = renamed.as_ref().unwrap_or(&honest);
        let key = behind.rows.data.verifier_data();
        let made = |left_out: &Range<usize>| {
            let mut number = 0;
            join(&before_key, &key, true, WEAK, LIMIT, &mut |recursion, a, b| {
                if !left_out.contains(&number) {
                    recursion.builder().connect(a, b);
                }
                number += 1;
            })
            .expect("it is small")
        };
        let (mut complete, without) = (made(&(0..0)), made(left_out));
        let proofs = [before.clone(), spans.behind(behind, Some(*other))];
        let inputs = without.inputs(&proofs).expect("they have the form of proofs");
        hold(name, &mut complete.data, &without.data, inputs);
    }
    println!("joins: {} attacks refused", ATTACKS.len());

    // What is not attacked is joined.
    let key = honest.rows.data.verifier_data();
    let join = join(&before_key, &key, true, WEAK, LIMIT, &mut |recursion, a, b| {
        recursion.builder().connect(a, b);
    });
    let join = join.expect("it is small");
    let proof = join
        .prove(&[before, spans.behind(&honest, None)])
        .expect("both are valid");
    assert!(join.data.verify(proof).is_ok());
}
