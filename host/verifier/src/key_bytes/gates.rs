//! plonky2's own gates, by code.

use crate::error::KeyError;
use crate::field::{D, F};
use plonky2::field::interpolation::barycentric_weights;
use plonky2::field::types::Field;
use plonky2::gates::arithmetic_base::ArithmeticGate;
use plonky2::gates::arithmetic_extension::ArithmeticExtensionGate;
use plonky2::gates::base_sum::BaseSumGate;
use plonky2::gates::constant::ConstantGate;
use plonky2::gates::coset_interpolation::CosetInterpolationGate;
use plonky2::gates::exponentiation::ExponentiationGate;
use plonky2::gates::gate::GateRef;
use plonky2::gates::multiplication_extension::MulExtensionGate;
use plonky2::gates::noop::NoopGate;
use plonky2::gates::poseidon::PoseidonGate;
use plonky2::gates::poseidon_mds::PoseidonMdsGate;
use plonky2::gates::public_input::PublicInputGate;
use plonky2::gates::random_access::RandomAccessGate;
use plonky2::gates::reducing::ReducingGate;
use plonky2::gates::reducing_extension::ReducingExtensionGate;
use plonky2::plonk::circuit_data::CircuitConfig;

/// A gate: its code and its parameter, which is 0 where it has none. The rest follows from the circuit's
/// configuration.
pub(super) type GateCode = [u8; 2];

/// The gate with this code in a circuit of this configuration, which is within the limits.
pub(super) fn gate([code, parameter]: GateCode, config: &CircuitConfig) -> Result<GateRef<F, D>, KeyError> {
    let number = usize::from(parameter);
    let (wires, routed) = (config.num_wires, config.num_routed_wires);
    let in_range = |least: usize, most: usize| {
        if (least..=most).contains(&number) {
            return Ok(());
        }
        Err(KeyError::Parameters("a gate has a parameter out of range"))
    };
    if !matches!(code, 3 | 4 | 9 | 10 | 11) {
        in_range(0, 0)?;
    }
    let gate = match code {
        0 => GateRef::new(NoopGate),
        1 => GateRef::new(ConstantGate::new(config.num_constants)),
        2 => GateRef::new(PublicInputGate),
        3 => {
            in_range(1, 63)?;
            GateRef::new(BaseSumGate::<2>::new(number))
        }
        4 => {
            in_range(1, 31)?;
            GateRef::new(BaseSumGate::<4>::new(number))
        }
        5 => GateRef::new(ArithmeticGate::new_from_config(config)),
        6 => GateRef::new(ArithmeticExtensionGate::<D>::new_from_config(config)),
        7 => GateRef::new(MulExtensionGate::<D>::new_from_config(config)),
        8 => GateRef::new(PoseidonGate::<F, D>::new()),
        9 => {
            in_range(1, 6)?;
            GateRef::new(RandomAccessGate::<F, D>::new_from_config(config, number))
        }
        10 => {
            in_range(1, 5)?;
            GateRef::new(interpolation(number, config.max_quotient_degree_factor))
        }
        11 => {
            in_range(1, 96)?;
            GateRef::new(ExponentiationGate::<F, D>::new(number))
        }
        12 => GateRef::new(ReducingGate::<D>::new(ReducingGate::<D>::max_coeffs_len(
            wires, routed,
        ))),
        13 => {
            let coefficients = ReducingExtensionGate::<D>::max_coeffs_len(wires, routed);
            GateRef::new(ReducingExtensionGate::<D>::new(coefficients))
        }
        14 => GateRef::new(PoseidonMdsGate::<F, D>::new()),
        _ => return Err(KeyError::Parameters("no gate has this code")),
    };
    if gate.0.num_wires() > wires {
        return Err(KeyError::Parameters("a gate has more wires than a row"));
    }
    Ok(gate)
}

/// The code of a gate, if it has one.
pub(super) fn code(gate: &GateRef<F, D>) -> Option<GateCode> {
    let any = gate.0.as_any();
    let plain = [
        (0, any.is::<NoopGate>()),
        (1, any.is::<ConstantGate>()),
        (2, any.is::<PublicInputGate>()),
        (5, any.is::<ArithmeticGate>()),
        (6, any.is::<ArithmeticExtensionGate<D>>()),
        (7, any.is::<MulExtensionGate<D>>()),
        (8, any.is::<PoseidonGate<F, D>>()),
        (12, any.is::<ReducingGate<D>>()),
        (13, any.is::<ReducingExtensionGate<D>>()),
        (14, any.is::<PoseidonMdsGate<F, D>>()),
    ];
    if let Some((code, _)) = plain.into_iter().find(|(_, is)| *is) {
        return Some([code, 0]);
    }
    let (code, number) = if let Some(gate) = any.downcast_ref::<BaseSumGate<2>>() {
        (3, gate.num_limbs)
    } else if let Some(gate) = any.downcast_ref::<BaseSumGate<4>>() {
        (4, gate.num_limbs)
    } else if let Some(gate) = any.downcast_ref::<RandomAccessGate<F, D>>() {
        (9, gate.bits)
    } else if let Some(gate) = any.downcast_ref::<CosetInterpolationGate<F, D>>() {
        (10, gate.subgroup_bits)
    } else {
        (11, any.downcast_ref::<ExponentiationGate<F, D>>()?.num_power_bits)
    };
    Some([code, u8::try_from(number).ok()?])
}

/// The gate that plonky2's builder uses for cosets of this size: of the least degree that needs no more
/// intermediate values than the greatest degree would. plonky2 has it as a function of its own crate only.
fn interpolation(bits: usize, max_degree: usize) -> CosetInterpolationGate<F, D> {
    let points = 1usize << bits;
    let intermediates = (points - 2) / (max_degree - 1);
    let domain = F::two_adic_subgroup(bits);
    let mut gate = CosetInterpolationGate::new(bits);
    gate.degree = (points - 2) / (intermediates + 1) + 2;
    gate.barycentric_weights =
        barycentric_weights(&domain.into_iter().map(|x| (x, F::ZERO)).collect::<Vec<_>>());
    gate
}
