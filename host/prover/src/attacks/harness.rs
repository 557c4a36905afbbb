//! The same numbers on the wires of two circuits.

use crate::error::ProveError;
use crate::parameters::Parameters;
use crate::recursion::RawProof;
use metisvm_model::{Bundle, DType, Op, Parsed, Tensor, TensorType, Value};
use metisvm_verifier::field::{D, F, ProofConfig};
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::target::Target;
use plonky2::iop::wire::Wire;
use plonky2::iop::witness::{PartialWitness, PartitionWitness, Witness};
use plonky2::plonk::circuit_data::CircuitData;
use plonky2::plonk::prover::prove_with_partition_witness;
use plonky2::util::timing::TimingTree;

pub(super) type Data = CircuitData<F, ProofConfig, D>;

/// Few queries: what is attacked does not depend on them.
pub(super) const WEAK: Parameters = Parameters::STANDARD.with_queries(3, 1);

pub(super) const LIMIT: u64 = 4 << 30;

/// Proves in the circuit without a constraint, and puts the same wires and public inputs into the complete one. Gives
/// both proofs; the complete circuit's prover data is of no other use afterwards.
pub(super) fn forced(
    complete: &mut Data,
    without: &Data,
    inputs: PartialWitness<F>,
) -> Result<[RawProof; 2], ProveError> {
    let failed = |e: anyhow::Error| ProveError::Backend(e.to_string());
    let (degree, wires) = (without.common.degree(), without.common.config.num_wires);
    assert_eq!(complete.common.degree(), degree, "both have the same rows");
    assert_eq!(complete.common.gates, without.common.gates, "and the same gates");
    let witness = generate_partial_witness(inputs, &without.prover_only, &without.common).map_err(failed)?;
    let public: Vec<F> = witness.get_targets(&without.prover_only.public_inputs);

    // Every wire stands for itself, and the public inputs have places of their own behind them.
    let places: Vec<usize> = (0..degree * wires + public.len()).collect();
    let mut all = PartitionWitness::new(wires, degree, &places);
    for row in 0..degree {
        for column in 0..wires {
            let wire = Target::Wire(Wire { row, column });
            all.values[row * wires + column] = witness.try_get_target(wire);
        }
    }
    for (i, &value) in public.iter().enumerate() {
        all.values[degree * wires + i] = Some(value);
    }
    complete.prover_only.public_inputs = (0..public.len())
        .map(|index| Target::VirtualTarget { index })
        .collect();

    let accepted = prove(without, witness)?;
    let refused = prove(complete, all)?;
    assert_eq!(accepted.public_inputs, refused.public_inputs);
    Ok([accepted, refused])
}

fn prove(data: &Data, witness: PartitionWitness<'_, F>) -> Result<RawProof, ProveError> {
    let mut timing = TimingTree::default();
    prove_with_partition_witness(&data.prover_only, &data.common, witness, &mut timing)
        .map_err(|e| ProveError::Backend(e.to_string()))
}

/// Holds an attack against both circuits.
pub(super) fn hold(name: &str, complete: &mut Data, without: &Data, inputs: PartialWitness<F>) {
    let [accepted, refused] = forced(complete, without, inputs)
        .unwrap_or_else(|error| panic!("{name}: a prover that fails refuses nothing: {error}"));
    assert!(
        without.verify(accepted).is_ok(),
        "{name}: refused, even without the constraint"
    );
    assert!(complete.verify(refused).is_err(), "{name}: accepted");
}

/// 70 → 9 → 8 → the class, or its scores: sums of two rows, two layers, comparisons. `seed` chooses the weights.
pub(super) fn bundle(seed: u64, class: bool) -> Bundle {
    let mut parsed = Parsed::default();
    let mut state = seed;
    let mut number = |low: i64, high: i64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (low + ((state >> 33) % (high - low + 1) as u64) as i64) as i32
    };
    let ty = |dtype, dims: &[u32]| TensorType::new(dtype, dims).expect("the shape is possible");
    let constant = |parsed: &mut Parsed, dtype, dims: &[u32], data| {
        parsed.constant(&Tensor::new(ty(dtype, dims), data).expect("the elements fit"))
    };
    let mut x: Value = parsed.input("x".to_string(), ty(DType::U8, &[1, 70]));
    for (inputs, outputs, multiplier) in [(70u32, 9u32, 1500), (9, 8, 1000)] {
        let weights = (0..inputs * outputs).map(|_| number(-127, 127)).collect();
        let bias = (0..outputs).map(|_| number(-20_000, 20_000)).collect();
        let w = constant(&mut parsed, DType::I8, &[inputs, outputs], weights);
        let bias = constant(&mut parsed, DType::I32, &[outputs], bias);
        let zeros = [DType::U8, DType::I8].map(|dtype| constant(&mut parsed, dtype, &[], vec![0]));
        let sums = parsed.node(Op::MatMul, &[x, w, zeros[0], zeros[1], bias]);
        let m = constant(&mut parsed, DType::I16, &[], vec![multiplier]);
        let s = constant(&mut parsed, DType::U8, &[], vec![20]);
        let z = constant(&mut parsed, DType::U8, &[], vec![100]);
        x = parsed.node(
            Op::Requantise {
                to: DType::U8,
                axis: 0,
            },
            &[sums, m, s, z],
        );
    }
    if class {
        x = parsed.node(Op::ArgMax { axis: 1 }, &[x]);
    }
    parsed.output("y".to_string(), x);
    let graph = parsed.check().expect("the model is well formed");
    Bundle::encode(graph).expect("it is small").0
}

/// An input of that model.
pub(super) fn input(seed: u8) -> Vec<u8> {
    (0..70u8)
        .map(|i| i.wrapping_mul(37).wrapping_add(seed) % 200 + 20)
        .collect()
}
