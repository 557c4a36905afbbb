//! Batches of a model's inferences, from inputs to one proof, in one circuit and in several.

use metisvm_import::{Options, import_onnx};
use metisvm_model::Bundle;
use metisvm_prover::{BatchProver, BatchShape, Form, Inference, PrepareError};

const IMAGES: &[u8] = include_bytes!("../../../models/digits/test_images.bin");

/// Memory that proving may take.
const LIMIT: u64 = 2 << 30;

fn mlp() -> Bundle {
    let onnx = include_bytes!("../../../models/digits/mlp_qdq.onnx");
    let imported = import_onnx(onnx, &Options::default()).expect("it can be imported");
    Bundle::encode(imported.graph).expect("it is small").0
}

fn inferences(count: usize) -> Vec<Inference<'static>> {
    let images = IMAGES.chunks_exact(64).take(count).enumerate();
    images
        .map(|(i, input)| Inference {
            input,
            salt: &[7; 32],
            chain_id: 1,
            job_id: [i as u8; 32],
        })
        .collect()
}

/// Three inferences in a tree for four circuits of one each: the last stands for the one that is not there.
#[test]
fn more_than_one_circuit_holds_are_joined() {
    let bundle = mlp();
    let shape = BatchShape {
        lanes: 1,
        doublings: 2,
    };
    let prover = BatchProver::of_shape(&bundle, Form::Wrapped, shape, LIMIT, &mut |_| ()).expect("it fits");
    assert!(prover.memory_bytes() <= LIMIT);
    let proof = prover
        .prove(&inferences(3), &mut |_| ())
        .expect("they can be proven");
    let verify = |statements: &_| prover.verifier().verify(statements, &proof.bytes);
    assert_eq!(proof.statements.len(), 3);
    assert_eq!(verify(&proof.statements), Ok(()));
    for i in 0..3 {
        let mut other = proof.statements.clone();
        other[i].chain_id ^= 1;
        assert!(verify(&other).is_err(), "{i}");
        other = proof.statements.clone();
        other.remove(i);
        assert!(verify(&other).is_err(), "without {i}");
        other = proof.statements.clone();
        other.swap(i, (i + 1) % 3);
        assert!(verify(&other).is_err(), "{i} elsewhere");
    }
    // One more would have been the last one again.
    let mut more = proof.statements.clone();
    more.push(proof.statements[2].clone());
    assert_eq!(verify(&more), Ok(()));
    more.push(proof.statements[2].clone());
    assert!(verify(&more).is_err(), "five are more than it holds");
    assert!(prover.prove(&inferences(5), &mut |_| ()).is_err());
    assert!(prover.prove(&[], &mut |_| ()).is_err());
}

/// The number of circuits follows from the limit, and what cannot be joined is not split.
#[test]
fn a_limit_splits_a_batch_or_refuses_it() {
    let bundle = mlp();
    // 4,096 inferences are 2^17 rows in one circuit.
    let refused = BatchProver::new(&bundle, Form::Raw, 4096, LIMIT, &mut |_| ());
    let error = refused.err().expect("so many do not fit");
    assert!(
        error.to_string().contains(&format!("limit of {LIMIT}")),
        "{error}"
    );
    let shape = BatchShape {
        lanes: 2,
        doublings: 1,
    };
    for form in [Form::Raw, Form::Proven, Form::ProvenBlinded] {
        let refused = BatchProver::of_shape(&bundle, form, shape, LIMIT, &mut |_| ()).err();
        assert_eq!(refused, Some(PrepareError::Joined { form }));
    }
    for count in [0, (1 << 16) + 1] {
        assert!(BatchProver::new(&bundle, Form::Raw, count, LIMIT, &mut |_| ()).is_err());
    }
}
