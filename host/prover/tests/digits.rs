//! The bundled digits models: an inference from its input to a verified proof.

use metisvm_import::{Options, import_onnx};
use metisvm_model::Bundle;
use metisvm_prover::{Circuit, Inference, Proof, Statement, VerifyError};
use std::sync::LazyLock;

const IMAGES: &[u8] = include_bytes!("../../../models/digits/test_images.bin");
const LABELS: &[u8] = include_bytes!("../../../models/digits/test_labels.bin");

static MLP: LazyLock<Circuit> =
    LazyLock::new(|| circuit(include_bytes!("../../../models/digits/mlp_qdq.onnx")));

fn circuit(onnx: &[u8]) -> Circuit {
    let imported = import_onnx(onnx, &Options::default()).expect("the bundled model can be imported");
    let (bundle, _) = Bundle::encode(imported.graph).expect("it is small");
    let circuit = Circuit::compile(&bundle, 1 << 30).expect("circuits have its operators");
    println!("{}", circuit.description());
    circuit
}

fn prove(circuit: &Circuit, image: usize) -> Proof {
    let bytes = IMAGES.len() / LABELS.len();
    circuit
        .prove(&Inference {
            input: &IMAGES[image * bytes..][..bytes],
            salt: &[7; 32],
            chain_id: 1,
            job_id: [3; 32],
        })
        .expect("every input can be proven")
}

#[test]
fn an_inference_is_proven() {
    let proof = prove(&MLP, 0);
    assert_eq!(MLP.verify(&proof.statement, &proof.bytes), Ok(()));
}

#[test]
fn no_other_statement_is_proven() {
    let Proof { statement, bytes } = prove(&MLP, 1);
    let other_input = prove(&MLP, 2).statement;
    let mut output = statement.output.clone();
    output[0] ^= 1;
    let others = [
        Statement {
            input: other_input.input,
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
        let refused = MLP.verify(&other, &bytes);
        assert!(
            matches!(refused, Err(VerifyError::Refused(_))),
            "{other:?}: {refused:?}"
        );
    }
}
