//! What checks proofs: all that is left of a circuit when nothing is to be proven.

use crate::encoding;
use crate::error::VerifyError;
use crate::field::{D, F, ProofConfig};
use crate::statement::{Statement, fixed_inputs, output_elements};
use crate::strength::Strength;
use crate::work::VerifyWork;
use metisvm_model::{DType, ModelId};
use plonky2::plonk::circuit_data::VerifierCircuitData;
use plonky2::plonk::proof::ProofWithPublicInputs;

/// The verifying key of a model's circuit, or of one that wraps its proofs.
#[derive(Debug)]
pub struct Verifier {
    model: ModelId,
    /// Type and number of elements of each output.
    outputs: Vec<(DType, usize)>,
    data: VerifierCircuitData<F, ProofConfig, D>,
}

impl Verifier {
    /// The key of a circuit that was made of the model, or that wraps proofs of one.
    pub const fn new(
        model: ModelId,
        outputs: Vec<(DType, usize)>,
        data: VerifierCircuitData<F, ProofConfig, D>,
    ) -> Self {
        Self { model, outputs, data }
    }

    /// The same model with the key of another circuit.
    pub fn with_key(&self, data: VerifierCircuitData<F, ProofConfig, D>) -> Self {
        Self::new(self.model, self.outputs.clone(), data)
    }

    /// The key as plonky2 has it.
    pub const fn key(&self) -> &VerifierCircuitData<F, ProofConfig, D> {
        &self.data
    }

    /// Type and number of elements of each output.
    pub fn outputs(&self) -> &[(DType, usize)] {
        &self.outputs
    }

    /// Bytes of the model's output.
    pub fn output_bytes(&self) -> usize {
        self.outputs
            .iter()
            .map(|(dtype, count)| dtype.size() * count)
            .sum()
    }

    /// Bytes of every proof that it verifies.
    pub fn proof_bytes(&self) -> usize {
        encoding::proof_bytes(&self.data.common)
    }

    /// What a verification costs.
    pub fn work(&self) -> VerifyWork {
        VerifyWork::of(&self.data.common)
    }

    /// The model.
    pub const fn model(&self) -> ModelId {
        self.model
    }

    /// The rows of the circuit are 2 to this power.
    pub fn degree_bits(&self) -> usize {
        self.data.common.degree_bits()
    }

    /// How strong the proofs of this key are. Those that they verify, where they wrap, must be as strong.
    pub fn strength(&self) -> Strength {
        Strength::of(&self.data.common)
    }

    /// Checks that a proof proves a statement. The statement must be the verifier's own: one that came with
    /// the proof says what was proven, not what was asked for.
    ///
    /// # Errors
    /// If it does not, for whatever reason.
    pub fn verify(&self, statement: &Statement, proof: &[u8]) -> Result<(), VerifyError> {
        let proof = self.parse(statement, proof)?;
        self.data
            .verify(proof)
            .map_err(|e| VerifyError::Refused(e.to_string()))
    }

    /// The proof with the public inputs that the statement makes. Nothing is proven by that.
    ///
    /// # Errors
    /// If the statement is about another model or has an output of another length, or the bytes have not the
    /// form of a proof.
    pub fn parse(
        &self,
        statement: &Statement,
        proof: &[u8],
    ) -> Result<ProofWithPublicInputs<F, ProofConfig, D>, VerifyError> {
        Ok(ProofWithPublicInputs {
            public_inputs: self.public_inputs(statement)?,
            proof: encoding::decode(proof, &self.data.common)?,
        })
    }

    /// The public inputs that a statement makes.
    ///
    /// # Errors
    /// If the statement is about another model or has an output of another length.
    pub fn public_inputs(&self, statement: &Statement) -> Result<Vec<F>, VerifyError> {
        if statement.model != self.model {
            return Err(VerifyError::Model {
                stated: statement.model,
                key: self.model,
            });
        }
        let output = output_elements(self.outputs.iter().copied(), &statement.output).ok_or_else(|| {
            VerifyError::Output {
                expected: self.output_bytes(),
                actual: statement.output.len(),
            }
        })?;
        let fixed = fixed_inputs(
            &statement.model,
            &statement.input,
            statement.chain_id,
            &statement.job_id,
        );
        Ok(fixed.into_iter().chain(output).collect())
    }
}
