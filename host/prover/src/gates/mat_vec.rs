//! A piece of a product: 64 inputs to 8 outputs, with the weights in the row's constants.

use super::rules::{Row, Rules};
use crate::arithmetic::Arithmetic;
use metisvm_verifier::field::F;
use plonky2::field::types::Field;

/// `out[o] = in[o] + bias[o] + Σ_i w[o][i] · x[i]`.
///
/// A longer sum is a chain of rows, each with the outputs of the one before as `in`. Everything is linear in
/// the wires, so there is nothing to range-check: if every x is an integer of its interval, every out is the
/// integer that the sum gives, and the graph's proof says that it is below 2^31 in magnitude, as are all
/// partial sums.
///
/// Wires: x, then `in`, then `out`. Constants: w, output by output, then the biases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatVec {
    inputs: usize,
    outputs: usize,
}

impl MatVec {
    /// The widest that the routed wires of a row allow with 8 outputs. With more outputs a row has more
    /// constants, and a proof opens every column: 64×32 needs two thirds of the time and 2.7 times the bytes.
    pub const STANDARD: Self = Self::of_outputs(8);

    /// Wider ones, with the routed wires that they need: for models whose weights fill so few more rows than a power of
    /// two that the narrower gate would leave half of the rows empty.
    pub const WIDER: [Self; 3] = [Self::of_outputs(10), Self::of_outputs(12), Self::of_outputs(16)];

    const fn of_outputs(outputs: usize) -> Self {
        Self { inputs: 64, outputs }
    }

    /// Wires that are copied to other rows.
    pub const fn routed(&self) -> usize {
        self.inputs + 2 * self.outputs
    }

    /// Rows that a product of so many inputs and outputs takes.
    pub const fn rows_of(&self, inputs: usize, outputs: usize) -> usize {
        inputs.div_ceil(self.inputs) * outputs.div_ceil(self.outputs)
    }

    /// Inputs of a row.
    pub const fn inputs(&self) -> usize {
        self.inputs
    }

    /// Outputs of a row.
    pub const fn outputs(&self) -> usize {
        self.outputs
    }

    /// Where `in` of an output is.
    pub const fn sum_in(&self, output: usize) -> usize {
        self.inputs + output
    }

    /// Where `out` of an output is.
    pub const fn sum_out(&self, output: usize) -> usize {
        self.inputs + self.outputs + output
    }

    /// Where the weight of an input for an output is.
    pub const fn weight(&self, output: usize, input: usize) -> usize {
        output * self.inputs + input
    }

    /// Where the bias of an output is.
    pub const fn bias(&self, output: usize) -> usize {
        self.outputs * self.inputs + output
    }
}

impl Rules for MatVec {
    const NAME: &'static str = "mat-vec";

    fn parameters(&self) -> Vec<usize> {
        vec![self.inputs, self.outputs]
    }

    fn operations(&self) -> usize {
        1
    }

    fn wires(&self) -> usize {
        self.inputs + 2 * self.outputs
    }

    fn constants(&self) -> usize {
        self.outputs * (self.inputs + 1)
    }

    fn degree(&self) -> usize {
        2
    }

    fn constraints(&self) -> usize {
        self.outputs
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        for output in 0..self.outputs {
            let bias = (row.constant)(self.bias(output));
            let mut sum = a.scale_add(F::ONE, (row.wire)(self.sum_in(output)), bias);
            for input in 0..self.inputs {
                let weight = (row.constant)(self.weight(output, input));
                sum = a.multiply_add(weight, (row.wire)(input), sum);
            }
            let difference = a.subtract(sum, (row.wire)(self.sum_out(output)));
            constraint("sum", difference);
        }
    }

    fn inputs(&self, _: usize) -> Vec<usize> {
        (0..self.inputs + self.outputs).collect()
    }

    fn fill(&self, _: usize, constants: &[F], inputs: &[F]) -> Vec<(usize, F)> {
        let (x, sums) = inputs.split_at(self.inputs);
        let out = |output: usize| {
            let weights = &constants[self.weight(output, 0)..][..self.inputs];
            let product: F = weights.iter().zip(x).map(|(&w, &x)| w * x).sum();
            sums[output] + constants[self.bias(output)] + product
        };
        (0..self.outputs).map(|o| (self.sum_out(o), out(o))).collect()
    }
}
