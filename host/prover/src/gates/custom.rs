//! A plonky2 gate made of rules.

use super::rules::{Row, Rules};
use crate::arithmetic::{Base, Extension, Opened};
use metisvm_verifier::field::{D, F};
use plonky2::field::packed::PackedField;
use plonky2::gates::gate::Gate;
use plonky2::gates::packed_util::PackedEvaluableBase;
use plonky2::gates::util::StridedConstraintConsumer;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::generator::{GeneratedValues, SimpleGenerator, WitnessGeneratorRef};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::vars::{
    EvaluationTargets, EvaluationVars, EvaluationVarsBase, EvaluationVarsBaseBatch, EvaluationVarsBasePacked,
};
use plonky2::util::serialization::{Buffer, IoError, IoResult};

/// The gate with these rules.
#[derive(Clone, Debug)]
pub struct Custom<R>(pub R);

impl<R: Rules> Gate<F, D> for Custom<R> {
    fn id(&self) -> String {
        format!("metisvm {} {:?}", R::NAME, self.0.parameters())
    }

    fn serialize(&self, _: &mut Vec<u8>, _: &CommonCircuitData<F, D>) -> IoResult<()> {
        // Circuits are made anew from the model, so none is ever read from bytes.
        Err(IoError)
    }

    fn deserialize(_: &mut Buffer<'_>, _: &CommonCircuitData<F, D>) -> IoResult<Self> {
        Err(IoError)
    }

    fn eval_unfiltered(&self, vars: EvaluationVars<'_, F, D>) -> Vec<Extension> {
        let mut constraints = Vec::with_capacity(self.0.constraints());
        let row = Row {
            constant: |i| vars.local_constants[i],
            wire: |i| vars.local_wires[i],
        };
        self.0
            .constrain(&mut Opened, &row, &mut |_, c| constraints.push(c));
        constraints
    }

    fn eval_unfiltered_base_one(&self, _: EvaluationVarsBase<'_, F>, _: StridedConstraintConsumer<'_, F>) {
        unreachable!("plonky2 calls this from eval_unfiltered_base_batch alone, which is another one here");
    }

    fn eval_unfiltered_base_batch(&self, vars: EvaluationVarsBaseBatch<'_, F>) -> Vec<F> {
        self.eval_unfiltered_base_batch_packed(vars)
    }

    fn eval_unfiltered_circuit(
        &self,
        builder: &mut CircuitBuilder<F, D>,
        vars: EvaluationTargets<'_, D>,
    ) -> Vec<ExtensionTarget<D>> {
        let mut constraints = Vec::with_capacity(self.0.constraints());
        let row = Row {
            constant: |i| vars.local_constants[i],
            wire: |i| vars.local_wires[i],
        };
        self.0.constrain(builder, &row, &mut |_, c| constraints.push(c));
        constraints
    }

    fn generators(&self, row: usize, constants: &[F]) -> Vec<WitnessGeneratorRef<F, D>> {
        (0..self.0.operations())
            .map(|operation| {
                let fill = Fill {
                    rules: self.0.clone(),
                    row,
                    operation,
                    constants: constants.to_vec(),
                };
                WitnessGeneratorRef::new(fill.adapter())
            })
            .collect()
    }

    fn num_wires(&self) -> usize {
        self.0.wires()
    }

    fn num_constants(&self) -> usize {
        self.0.constants()
    }

    fn degree(&self) -> usize {
        self.0.degree()
    }

    fn num_constraints(&self) -> usize {
        self.0.constraints()
    }

    fn num_ops(&self) -> usize {
        self.0.operations()
    }

    fn extra_constant_wires(&self) -> Vec<(usize, usize)> {
        self.0.constant_wires()
    }
}

impl<R: Rules> PackedEvaluableBase<F, D> for Custom<R> {
    fn eval_unfiltered_base_packed<P: PackedField<Scalar = F>>(
        &self,
        vars: EvaluationVarsBasePacked<'_, P>,
        mut consumer: StridedConstraintConsumer<'_, P>,
    ) {
        let row = Row {
            constant: |i| vars.local_constants[i],
            wire: |i| vars.local_wires[i],
        };
        self.0
            .constrain(&mut Base::<P>::new(), &row, &mut |_, c| consumer.one(c));
    }
}

/// Fills the wires of one operation.
#[derive(Debug)]
struct Fill<R> {
    rules: R,
    row: usize,
    operation: usize,
    constants: Vec<F>,
}

impl<R: Rules> SimpleGenerator<F, D> for Fill<R> {
    fn id(&self) -> String {
        format!("metisvm {} {:?}", R::NAME, self.rules.parameters())
    }

    fn dependencies(&self) -> Vec<Target> {
        let inputs = self.rules.inputs(self.operation);
        inputs
            .into_iter()
            .map(|wire| Target::wire(self.row, wire))
            .collect()
    }

    fn run_once(
        &self,
        witness: &PartitionWitness<'_, F>,
        out: &mut GeneratedValues<F>,
    ) -> Result<(), anyhow::Error> {
        let inputs: Vec<F> = self
            .dependencies()
            .into_iter()
            .map(|t| witness.get_target(t))
            .collect();
        for (wire, value) in self.rules.fill(self.operation, &self.constants, &inputs) {
            out.set_target(Target::wire(self.row, wire), value)?;
        }
        Ok(())
    }

    fn serialize(&self, _: &mut Vec<u8>, _: &CommonCircuitData<F, D>) -> IoResult<()> {
        Err(IoError)
    }

    fn deserialize(_: &mut Buffer<'_>, _: &CommonCircuitData<F, D>) -> IoResult<Self> {
        Err(IoError)
    }
}
