//! What a borrower has: the model, and what proves its inferences.

use alloy_primitives::B256;
use metisvm_import::{Options, import_onnx};
use metisvm_model::Bundle;
use metisvm_prover::{Circuit, Inference, Proof, Wrap};
use metisvm_verifier::key_bytes;
use std::sync::LazyLock;

const MODEL: &[u8] = include_bytes!("../../../models/credit/credit_qdq.onnx");

/// Memory that proving may take.
const MEMORY: u64 = 2 << 30;

/// The circuit of the model and a wrap that blinds, which is the form that a proof over a private input has.
pub(crate) struct Prover {
    pub(crate) model: B256,
    circuit: Circuit,
    wrap: Wrap,
    /// The key that is registered.
    pub(crate) key: Vec<u8>,
}

pub(crate) static PROVER: LazyLock<Prover> = LazyLock::new(|| {
    let imported = import_onnx(MODEL, &Options::default()).expect("the importer takes it");
    let (bundle, _) = Bundle::encode(imported.graph).expect("it is small");
    let circuit = Circuit::compile(&bundle, MEMORY).expect("every operator has a circuit");
    let wrap = Wrap::new(circuit.verifier(), true);
    Prover {
        model: B256::from(bundle.id.0),
        key: key_bytes::to_bytes(wrap.verifier()).expect("a wrap has plonky2's own gates"),
        circuit,
        wrap,
    }
});

impl Prover {
    /// Proves what the model decides of a borrower.
    pub(crate) fn prove(&self, features: &[u8], salt: B256, chain_id: u64, job: B256) -> Proof {
        let inference = Inference {
            input: features,
            salt: &salt.0,
            chain_id,
            job_id: job.0,
        };
        let raw = self.circuit.prove(&inference).expect("it can be proven");
        let inner = self.circuit.verifier();
        self.wrap.prove(inner, &raw).expect("the raw proof is valid")
    }
}
