//! Wires that nothing computes but a function of others: a prover may put anything there, and a check elsewhere holds
//! them to be right.

use metisvm_verifier::field::{D, F};
use plonky2::iop::generator::{GeneratedValues, SimpleGenerator};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::util::serialization::{Buffer, IoError, IoResult};
use std::fmt;

/// What an honest prover puts on the wires, of what is on those that they follow from.
pub(crate) type Compute = Box<dyn Fn(&[F]) -> Vec<F> + Send + Sync>;

/// Fills wires that are claimed.
pub(crate) struct Claim {
    pub(crate) inputs: Vec<Target>,
    pub(crate) outputs: Vec<Target>,
    pub(crate) compute: Compute,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a claim of {} wires of {}",
            self.outputs.len(),
            self.inputs.len()
        )
    }
}

impl SimpleGenerator<F, D> for Claim {
    fn id(&self) -> String {
        format!("metisvm {self:?}")
    }

    fn dependencies(&self) -> Vec<Target> {
        self.inputs.clone()
    }

    fn run_once(
        &self,
        witness: &PartitionWitness<'_, F>,
        out: &mut GeneratedValues<F>,
    ) -> Result<(), anyhow::Error> {
        let inputs: Vec<F> = self.inputs.iter().map(|&wire| witness.get_target(wire)).collect();
        for (&wire, value) in self.outputs.iter().zip((self.compute)(&inputs)) {
            out.set_target(wire, value)?;
        }
        Ok(())
    }

    fn serialize(&self, _: &mut Vec<u8>, _: &CommonCircuitData<F, D>) -> IoResult<()> {
        // Circuits are made anew from the model, so none is ever read from bytes.
        Err(IoError)
    }

    fn deserialize(_: &mut Buffer<'_>, _: &CommonCircuitData<F, D>) -> IoResult<Self> {
        Err(IoError)
    }
}
