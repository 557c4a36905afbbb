//! Every gate: by plonky2's own tests of gates, and its filled wires against its constraints and the
//! reference kernels.

use metisvm_model::DType;
use metisvm_model::kernels::inv_norm::root;
use metisvm_model::kernels::requantise::requantise;
use metisvm_prover::gates::{
    Bytes, Constants, Custom, Division, Greatest, Indicators, Magnitude, MatVec, Reciprocal, Requantise,
    RequantiseConstants, Root, Rules, Table, Tile,
};
use metisvm_prover::{D, F, ProofConfig};
use plonky2::field::extension::{Extendable, FieldExtension};
use plonky2::field::types::{Field, Field64, PrimeField64};
use plonky2::gates::gate::Gate;
use plonky2::gates::gate_testing::{test_eval_fns, test_low_degree};
use plonky2::hash::hash_types::HashOut;
use plonky2::plonk::vars::EvaluationVars;
use proptest::prelude::*;

/// The degree is what the gate says, and its three evaluations agree.
fn conforms<R: Rules>(rules: R) {
    test_low_degree::<F, _, D>(Custom(rules.clone()));
    test_eval_fns::<F, ProofConfig, _, D>(Custom(rules)).expect("the evaluations agree");
}

fn requantise_gate(shift: usize, rounds: bool, span: u64, excess: u64) -> Requantise {
    Requantise::new(shift, rounds, span..=span, excess).expect("it is possible")
}

#[test]
fn mat_vec_conforms() {
    conforms(MatVec::STANDARD);
    MatVec::WIDER.into_iter().for_each(conforms);
}

#[test]
fn constants_conform() {
    conforms(Constants);
}

#[test]
fn bytes_conform() {
    conforms(Bytes);
}

#[test]
fn table_conforms() {
    conforms(Table);
}

#[test]
fn reciprocal_conforms() {
    conforms(Reciprocal);
}

#[test]
fn divisions_conform() {
    for (divisor, span) in [(1, 0), (2, 1), (1 << 47, 1 << 47), (1 << 62, (1 << 62) - 1)] {
        conforms(Division::new(divisor, span).expect("it is possible"));
    }
}

#[test]
fn magnitude_and_root_conform() {
    for shift in [0, 31, 62] {
        conforms(Magnitude::new(shift).expect("it is possible"));
    }
    conforms(Root);
}

#[test]
fn tiles_and_indicators_conform() {
    conforms(Tile::MATRIX);
    conforms(Tile::VECTOR);
    for places in [1, 10, 1000] {
        conforms(Indicators::new(places));
    }
}

#[test]
fn greatest_conforms() {
    for span in [0, 1, 255, 256, u64::from(u32::MAX), 1 << 61] {
        conforms(Greatest::new(span).expect("it is possible"));
    }
}

#[test]
fn requantise_conforms() {
    conforms(requantise_gate(20, true, 255, 3000));
    conforms(requantise_gate(20, true, 200, 3000));
    conforms(requantise_gate(48, true, u64::from(u32::MAX), 0));
    conforms(requantise_gate(0, false, 5, 1));
    conforms(requantise_gate(2, true, 0, 1 << 31));
    conforms(requantise_gate(4, false, 1 << 30, 0));
}

#[test]
fn impossible_gates_are_refused() {
    assert_eq!(Requantise::new(3, true, 0..=255, 0), None, "an odd shift");
    assert_eq!(
        Requantise::new(50, true, 0..=255, 0),
        None,
        "a shift over the greatest"
    );
    assert_eq!(
        Requantise::new(0, true, 0..=255, 0),
        None,
        "rounding without a shift"
    );
    assert_eq!(
        Requantise::new(2, true, 0..=1 << 36, 0),
        None,
        "a result of too many limbs"
    );
    assert_eq!(
        Requantise::new(2, true, 0..=255, 1 << 62),
        None,
        "an excess of too many limbs"
    );
    assert_eq!(Greatest::new(u64::MAX), None, "numbers too far apart");
    assert_eq!(
        Division::new((1 << 62) + 1, 1),
        None,
        "a divisor of too many limbs"
    );
    assert_eq!(Division::new(1, 1 << 62), None, "limits too far apart");
    assert_eq!(Magnitude::new(63), None, "a shift over the greatest");
}

#[test]
fn numbers_that_could_wrap_do_not_fit() {
    let constants = |multiplier| RequantiseConstants {
        multiplier,
        offset: 0,
        low: 0,
        span: 255,
    };
    let gate = requantise_gate(20, true, 255, 3000);
    assert!(gate.fits(1 << 31, &constants(32_767)));
    assert!(!gate.fits(1 << 31, &constants(1 << 33)));
    // Limbs that a prover may choose are numbers too.
    let gate = requantise_gate(48, true, 255, 3000);
    assert!(gate.fits(1, &constants(1)));
    assert!(!requantise_gate(48, true, 1 << 20, 0).fits(1, &constants(1)));
    // A division says nothing of integers where its sides may differ by p.
    let division = Division::new(1 << 62, 1 << 31).expect("it is possible");
    assert!(division.tells((-1 << 62, 3 << 61), (-1 << 62, 1 << 62)));
    assert!(!division.tells((0, 1), (0, 3 << 62)));
    assert!(!division.tells((1 << 62, 1 << 62), (-3 << 62, 0)));
}

type Extension = <F as Extendable<D>>::Extension;

/// The wires of a row as the gate fills them. Fails if they violate a constraint.
fn filled<R: Rules>(rules: &R, constants: &[F], inputs: &[Vec<F>]) -> Vec<F> {
    let mut wires = vec![F::ZERO; rules.wires()];
    for (operation, inputs) in inputs.iter().enumerate() {
        let own = rules.inputs(operation).into_iter().zip(inputs.iter().copied());
        own.chain(rules.fill(operation, constants, inputs))
            .for_each(|(wire, value)| wires[wire] = value);
    }
    let extended = |values: &[F]| -> Vec<Extension> {
        values
            .iter()
            .map(|&v| FieldExtension::<D>::from_basefield(v))
            .collect()
    };
    let constraints = Custom(rules.clone()).eval_unfiltered(EvaluationVars {
        local_constants: &extended(constants),
        local_wires: &extended(&wires),
        public_inputs_hash: &HashOut::ZERO,
    });
    assert_eq!(constraints.len(), rules.constraints());
    let violated: Vec<usize> = (0..constraints.len())
        .filter(|&i| constraints[i] != Extension::ZERO)
        .collect();
    assert_eq!(violated, [0; 0], "constraints of {rules:?}");
    wires
}

fn number(value: i64) -> F {
    F::from_noncanonical_i64(value)
}

fn integer(value: F) -> i64 {
    let value = i128::from(value.to_canonical_u64());
    let p = i128::from(F::ORDER);
    (if value > p / 2 { value - p } else { value }) as i64
}

/// Accumulators, of which the ends and those near zero come often.
fn accumulator() -> impl Strategy<Value = i32> {
    prop_oneof![
        any::<i32>(),
        -70_000..70_000i32,
        -3..3i32,
        Just(i32::MIN),
        Just(i32::MAX)
    ]
}

fn dtype() -> impl Strategy<Value = DType> {
    prop_oneof![
        Just(DType::U8),
        Just(DType::I8),
        Just(DType::I16),
        Just(DType::I32)
    ]
}

proptest! {
    /// With the limits that hold for every accumulator, as the compiler chooses them for one whose interval
    /// is i32.
    #[test]
    fn requantise_is_the_kernel(
        accumulators in prop::collection::vec(accumulator(), 1..20),
        multiplier in prop_oneof![1..=32_767i32, Just(1), Just(32_767)],
        shift in prop_oneof![1..=47i32, Just(1), Just(47)],
        to in dtype(),
        zero in any::<i32>(),
    ) {
        let zero = to.saturate(i64::from(zero));
        let unclamped = |acc: i32| {
            let product = i64::from(acc) * i64::from(multiplier);
            i64::from(zero) + ((product + (1 << (shift - 1))) >> shift)
        };
        let (least, most) = (unclamped(i32::MIN), unclamped(i32::MAX));
        let (low, high) = (i64::from(to.saturate(least)), i64::from(to.saturate(most)));
        let excess = (low - least).max(most - high).max(0).unsigned_abs();
        let even = shift + shift % 2;
        let span = high.abs_diff(low);
        let constants = RequantiseConstants {
            multiplier: i64::from(multiplier) << (even - shift),
            offset: low - i64::from(zero),
            low,
            span,
        };
        let Some(gate) = Requantise::new(even as usize, true, span..=span, excess) else {
            return Err(TestCaseError::fail("every requantisation has a gate"));
        };
        // The limits of the field leave room for every parameter.
        prop_assert!(gate.fits(1 << 31, &constants));
        let in_row = gate.operations();
        let row: Vec<F> = (0..in_row).flat_map(|_| constants.elements()).collect();
        for chunk in accumulators.chunks(in_row) {
            let of = |i: usize| chunk[i.min(chunk.len() - 1)];
            let inputs: Vec<Vec<F>> = (0..in_row).map(|i| vec![number(of(i).into())]).collect();
            let wires = filled(&gate, &row, &inputs);
            for i in 0..in_row {
                let expected = requantise(of(i), multiplier, shift, zero, to);
                prop_assert_eq!(integer(wires[gate.result(i)]), i64::from(expected));
            }
        }
    }

    #[test]
    fn greatest_is_the_greatest(numbers in prop::collection::vec(accumulator(), 4)) {
        let gate = Greatest::new(u64::from(u32::MAX)).expect("it is possible");
        let inputs: Vec<F> = numbers.iter().map(|&n| number(n.into())).collect();
        let wires = filled(&gate, &[], &vec![inputs; gate.operations()]);
        prop_assert_eq!(integer(wires[gate.result(0)]), i64::from(*numbers.iter().max().expect("four")));
    }

    #[test]
    fn bytes_are_bytes(bytes in prop::collection::vec(any::<u8>(), 7), signed in any::<[bool; 7]>()) {
        let one: Vec<F> = signed.iter().map(|&s| F::from_bool(s)).collect();
        let constants = [&one[..]; 3].concat();
        let value = |(&byte, &signed): (&u8, &bool)| if signed { i64::from(byte as i8) } else { byte.into() };
        let inputs: Vec<F> = bytes.iter().zip(&signed).map(|pair| number(value(pair))).collect();
        let wires = filled(&Bytes, &constants, &vec![inputs; 3]);
        let mut packed = [0; 8];
        packed[..7].copy_from_slice(&bytes);
        prop_assert_eq!(wires[Bytes.packed(2)].to_canonical_u64(), u64::from_le_bytes(packed));
    }

    #[test]
    fn table_has_the_entry(entries in prop::collection::vec(accumulator(), 256), x in any::<u8>(), signed in any::<bool>()) {
        let low = if signed { -128 } else { 0 };
        let constants: Vec<F> = entries.iter().chain([&low]).map(|&v| number(v.into())).collect();
        let inputs = vec![number(i64::from(x) + i64::from(low))];
        let wires = filled(&Table, &constants, &vec![inputs; Table.operations()]);
        prop_assert_eq!(integer(wires[Table.result(0)]), i64::from(entries[usize::from(x)]));
    }

    #[test]
    fn mat_vec_is_the_sum(seed in any::<u64>()) {
        let gate = MatVec::STANDARD;
        let element = |i: usize| (seed.wrapping_mul(i as u64 * 2 + 1) >> 33) as i64 % 256 - 128;
        let numbers = |count: usize, first: usize| -> Vec<i64> { (first..first + count).map(element).collect() };
        let constants = numbers(gate.constants(), 0);
        let inputs = numbers(gate.inputs() + gate.outputs(), 1000);
        let field = |numbers: &[i64]| -> Vec<F> { numbers.iter().map(|&n| number(n)).collect() };
        let wires = filled(&gate, &field(&constants), &[field(&inputs)]);
        for o in 0..gate.outputs() {
            let products = (0..gate.inputs()).map(|i| constants[gate.weight(o, i)] * inputs[i]);
            let expected = inputs[gate.sum_in(o)] + constants[gate.bias(o)] + products.sum::<i64>();
            prop_assert_eq!(integer(wires[gate.sum_out(o)]), expected);
        }
    }

    #[test]
    fn division_is_rounded_down(
        n in prop_oneof![any::<i64>().prop_map(|n| n >> 2), -9..9i64, Just(-1 << 61), Just((1 << 62) - 1)],
        d in prop_oneof![1..10i64, 1..1i64 << 47, Just(1 << 47), Just(1 << 62)],
    ) {
        let quotient = n.div_euclid(d);
        let (low, high) = (quotient - 3, quotient + 1000);
        let gate = Division::new(d as u64, 1003).expect("it is possible");
        let inputs = [n, d, low, high].map(number).to_vec();
        let wires = filled(&gate, &[], &vec![inputs; gate.operations()]);
        prop_assert_eq!(integer(wires[gate.quotient(0)]), quotient);
    }

    /// The three gates of InvNorm one after the other, as the compiler has them.
    #[test]
    fn inv_norm_is_the_kernel(
        v in prop_oneof![1..(1u64 << 62), 1..20u64, (0..62u32).prop_map(|bits| 1 << bits), Just((1 << 62) - 1)],
        shift in prop_oneof![0..=62u8, Just(62), Just(0)],
    ) {
        let magnitude = Magnitude::new(shift.into()).expect("it is possible");
        let wires = filled(&magnitude, &[], &[vec![F::from_canonical_u64(v)]]);
        let bound = integer(wires[magnitude.bound()]);
        let dividend = 1i64 << shift;
        let least = dividend / ((1 << 62) - 1);
        let division = Division::new((1 << 62) - 1, (dividend - least) as u64).expect("it is possible");
        prop_assert!(division.tells((dividend.into(), dividend.into()), (0, 2 * i128::from(dividend))));
        let inputs = [dividend, v as i64, least, bound].map(number).to_vec();
        let wires = filled(&division, &[], &[inputs]);
        let quotient = wires[division.quotient(0)];
        let wires = filled(&Root, &[], &[vec![quotient]]);
        prop_assert_eq!(integer(wires[Root.result()]), root(v, shift).min(i32::MAX as u64) as i64);
    }

    #[test]
    fn indicators_are_of_the_index(places in 1..200usize, index in any::<prop::sample::Index>()) {
        let gate = Indicators::new(places);
        let index = index.index(places);
        let (mut count, mut place) = (F::ZERO, F::ZERO);
        for first in (0..places).step_by(gate.places()) {
            let inputs = vec![F::from_canonical_usize(index), count, place];
            let constants = vec![F::from_canonical_usize(first); gate.constants()];
            let wires = filled(&gate, &constants, &vec![inputs; gate.operations()]);
            for at in first..places.min(first + gate.places()) {
                let indicator = wires[gate.indicator(0, at - first)];
                prop_assert_eq!(indicator, F::from_bool(at == index));
            }
            (count, place) = (wires[gate.count_out(0)], wires[gate.place_out(0)]);
        }
        prop_assert_eq!((count, place), (F::ONE, F::from_canonical_usize(index)));
    }
}
