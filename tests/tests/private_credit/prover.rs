//! What a borrower has: the model, and what proves its inferences.

use alloy_primitives::B256;
use metisvm_import::{Options, import_onnx};
use metisvm_model::Bundle;
use metisvm_prover::{Form, Inference, Proof, Prover};
use metisvm_verifier::key_bytes;

const MODEL: &[u8] = include_bytes!("../../../models/credit/credit_qdq.onnx");

/// Memory that proving may take.
const MEMORY: u64 = 4 << 30;

/// Proves inferences of the credit model in one form.
pub(crate) struct CreditProver {
    pub(crate) model: B256,
    prover: Prover,
    /// The key that is registered.
    pub(crate) key: Vec<u8>,
}

impl CreditProver {
    pub(crate) fn new(form: Form) -> Self {
        let imported = import_onnx(MODEL, &Options::default()).expect("the importer takes it");
        let (bundle, _) = Bundle::encode(imported.graph).expect("it is small");
        let prover = Prover::new(&bundle, form, MEMORY, &mut |_| ()).expect("every operator has a circuit");
        Self {
            model: B256::from(bundle.id.0),
            key: key_bytes::to_bytes(prover.verifier()).expect("a wrap has plonky2's own gates"),
            prover,
        }
    }

    /// Proves what the model decides of a borrower.
    pub(crate) fn prove(&self, features: &[u8], salt: B256, chain_id: u64, job: B256) -> Proof {
        let inference = Inference {
            input: features,
            salt: &salt.0,
            chain_id,
            job_id: job.0,
        };
        let proof = self.prover.prove(&inference, &mut |_| ());
        proof.expect("it can be proven")
    }
}
