//! The bundled digits models: an inference from its input to a verified proof, and what is no proof of it.

use metisvm_import::{Options, import_onnx};
use metisvm_model::Bundle;
use metisvm_prover::{Circuit, Inference, Proof, ProveError, Statement, VerifyError, Wrap};
use std::sync::LazyLock;

const IMAGES: &[u8] = include_bytes!("../../../models/digits/test_images.bin");
const LABELS: &[u8] = include_bytes!("../../../models/digits/test_labels.bin");

static MLP: LazyLock<Circuit> =
    LazyLock::new(|| circuit(include_bytes!("../../../models/digits/mlp_qdq.onnx")));

/// The model under another name, as if it were another model with the same weights.
static RENAMED: LazyLock<Circuit> = LazyLock::new(|| {
    let mut bundle = bundle(include_bytes!("../../../models/digits/mlp_qdq.onnx"));
    bundle.id.0[0] ^= 1;
    Circuit::compile(&bundle, 1 << 30).expect("circuits have its operators")
});

fn bundle(onnx: &[u8]) -> Bundle {
    let imported = import_onnx(onnx, &Options::default()).expect("the bundled model can be imported");
    Bundle::encode(imported.graph).expect("it is small").0
}

fn circuit(onnx: &[u8]) -> Circuit {
    let circuit = Circuit::compile(&bundle(onnx), 1 << 30).expect("circuits have its operators");
    println!("{}", circuit.description());
    circuit
}

fn pixels(image: usize) -> &'static [u8] {
    let bytes = IMAGES.len() / LABELS.len();
    &IMAGES[image * bytes..][..bytes]
}

fn prove(circuit: &Circuit, input: &[u8]) -> Proof {
    circuit
        .prove(&Inference {
            input,
            salt: &[7; 32],
            chain_id: 1,
            job_id: [3; 32],
        })
        .expect("every input can be proven")
}

#[test]
fn the_mlp_is_proven() {
    for image in 0..3 {
        let proof = prove(&MLP, pixels(image));
        assert_eq!(MLP.verifier().verify(&proof.statement, &proof.bytes), Ok(()));
    }
}

#[test]
fn the_cnn_is_proven() {
    let cnn = circuit(include_bytes!("../../../models/digits/cnn_qdq.onnx"));
    let quantised: Vec<u8> = pixels(0)
        .iter()
        .map(|&p| (8 * i16::from(p) - 128) as i8 as u8)
        .collect();
    let proof = prove(&cnn, &quantised);
    assert_eq!(cnn.verifier().verify(&proof.statement, &proof.bytes), Ok(()));
    // The same input for the other model: neither takes the other's proof.
    let statement = Statement {
        model: MLP.model(),
        ..proof.statement.clone()
    };
    assert!(MLP.verifier().verify(&statement, &proof.bytes).is_err());
}

#[test]
fn an_input_of_another_length_is_refused() {
    let inference = Inference {
        input: &[0; 65],
        salt: &[7; 32],
        chain_id: 1,
        job_id: [3; 32],
    };
    let refused = MLP.prove(&inference);
    assert!(matches!(refused, Err(ProveError::Input(_))), "{refused:?}");
}

#[test]
fn no_other_statement_is_proven() {
    let Proof { statement, bytes } = prove(&MLP, pixels(1));
    let other_input = prove(&MLP, pixels(2)).statement.input;
    let mut output = statement.output.clone();
    output[0] ^= 1;
    let others = [
        Statement {
            input: other_input,
            ..statement.clone()
        },
        Statement {
            output,
            ..statement.clone()
        },
        Statement {
            chain_id: 2,
            ..statement.clone()
        },
        Statement {
            chain_id: 1 | 1 << 32,
            ..statement.clone()
        },
        Statement {
            job_id: [4; 32],
            ..statement.clone()
        },
    ];
    for other in others {
        let refused = MLP.verifier().verify(&other, &bytes);
        assert!(
            matches!(refused, Err(VerifyError::Refused(_))),
            "{other:?}: {refused:?}"
        );
    }
    let shorter = Statement {
        output: statement.output[1..].to_vec(),
        ..statement
    };
    assert!(matches!(
        MLP.verifier().verify(&shorter, &bytes),
        Err(VerifyError::Output { .. })
    ));
}

#[test]
fn no_other_model_is_proven() {
    let Proof { statement, bytes } = prove(&MLP, pixels(1));
    let renamed = Statement {
        model: RENAMED.model(),
        ..statement.clone()
    };
    assert!(matches!(
        MLP.verifier().verify(&renamed, &bytes),
        Err(VerifyError::Model { .. })
    ));
    // The same weights, bound to another name.
    assert!(matches!(
        RENAMED.verifier().verify(&renamed, &bytes),
        Err(VerifyError::Refused(_))
    ));
}

#[test]
fn what_is_no_proof_is_refused() {
    let Proof { statement, bytes } = prove(&MLP, pixels(1));
    for length in [0, 1, 7, 8, bytes.len() / 2, bytes.len() - 8, bytes.len() - 1] {
        let refused = MLP.verifier().verify(&statement, &bytes[..length]);
        assert!(
            matches!(refused, Err(VerifyError::Malformed { .. })),
            "{length} bytes: {refused:?}"
        );
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(
        MLP.verifier().verify(&statement, &longer),
        Err(VerifyError::Malformed { .. })
    ));
    // A bit in every part of it, and numbers that are not below p.
    for at in (0..bytes.len())
        .step_by(bytes.len() / 97)
        .chain([bytes.len() - 1])
    {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(
            MLP.verifier().verify(&statement, &flipped).is_err(),
            "a bit of byte {at}"
        );
        flipped[at & !7..][..8.min(bytes.len() - (at & !7))].fill(0xff);
        assert!(
            MLP.verifier().verify(&statement, &flipped).is_err(),
            "ones from byte {at}"
        );
    }
}

#[test]
fn a_model_that_would_take_too_much_memory_is_refused() {
    let bundle = bundle(include_bytes!("../../../models/digits/mlp_qdq.onnx"));
    let refused = Circuit::compile(&bundle, 1 << 20)
        .err()
        .expect("a mebibyte is too little");
    assert!(refused.to_string().contains("limit of 1048576"), "{refused}");
}

#[test]
fn a_wrapped_proof_states_the_same() {
    let wrap = Wrap::new(MLP.verifier(), false);
    let inner = prove(&MLP, pixels(1));
    let proof = wrap.prove(MLP.verifier(), &inner).expect("it is a proof");
    assert_eq!(proof.statement, inner.statement);
    assert_eq!(wrap.verifier().verify(&proof.statement, &proof.bytes), Ok(()));
    assert!(proof.bytes.len() < inner.bytes.len());
    let other = Statement {
        job_id: [4; 32],
        ..inner.statement.clone()
    };
    let refused = wrap.verifier().verify(&other, &proof.bytes);
    assert!(matches!(refused, Err(VerifyError::Refused(_))), "{refused:?}");
    // Neither is taken for the other, nor is a proof of another statement wrapped.
    let refused = MLP.verifier().verify(&inner.statement, &proof.bytes);
    assert!(
        matches!(refused, Err(VerifyError::Malformed { .. })),
        "{refused:?}"
    );
    let false_proof = Proof {
        statement: other,
        bytes: inner.bytes,
    };
    let refused = wrap.prove(MLP.verifier(), &false_proof);
    assert!(matches!(refused, Err(ProveError::Inner(_))));
}

#[test]
#[ignore = "half a minute in the profile of the tests: tests/run slow"]
fn two_blinded_proofs_of_one_inference_differ() {
    let wrap = Wrap::new(MLP.verifier(), true);
    let inner = prove(&MLP, pixels(1));
    let [first, second] = [0, 1].map(|_| wrap.prove(MLP.verifier(), &inner).expect("it is a proof"));
    for proof in [&first, &second] {
        assert_eq!(wrap.verifier().verify(&inner.statement, &proof.bytes), Ok(()));
    }
    assert_ne!(first.bytes, second.bytes);
}
