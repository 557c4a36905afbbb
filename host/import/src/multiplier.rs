//! A real factor as the integer graph has it: a multiplier of 15 bits and a shift.

use metisvm_model::limits::{MAX_SHIFT, MIN_SHIFT};

/// No greater factor has a multiplier: 15 bits, with a shift of at least 1.
pub(crate) const GREATEST_FACTOR: f64 = 16_383.0;

/// `multiplier / 2^shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplier {
    /// 1..=32767; at least 16384 unless the factor is below 2^−33.
    pub multiplier: i32,
    /// 1..=47.
    pub shift: i32,
}

impl Multiplier {
    /// The nearest to a positive factor; `None` if that is over 32767/2 or not a number.
    ///
    /// A factor too small for the greatest shift becomes 1/2^47, which gives zero for every 32-bit
    /// accumulator just as the factor itself would.
    pub fn nearest(factor: f64) -> Option<Self> {
        let greatest = f64::from(i16::MAX);
        if !(factor > 0.0 && factor.round() <= greatest) {
            return None;
        }
        // 2^14 <= factor · 2^shift < 2^15, up to what f64's own exponent says.
        let exponent = factor.log2().floor();
        let mut shift = (14.0 - exponent).clamp(MIN_SHIFT as f64, MAX_SHIFT as f64) as i32;
        let scaled = |shift: i32| (factor * 2f64.powi(shift)).round();
        while scaled(shift) > greatest {
            // Rounding went up to 2^15.
            shift -= 1;
        }
        let multiplier = scaled(shift).max(1.0) as i32;
        (i64::from(shift) >= MIN_SHIFT).then_some(Self { multiplier, shift })
    }

    /// The factor it stands for.
    pub fn value(self) -> f64 {
        f64::from(self.multiplier) / 2f64.powi(self.shift)
    }

    /// How far it lies from `factor`, as a part of it.
    pub fn error(self, factor: f64) -> f64 {
        ((self.value() - factor) / factor).abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_in_range_are_met_within_2_to_the_minus_15() {
        let mut factor = 2f64.powi(-33);
        while factor < GREATEST_FACTOR {
            let m = Multiplier::nearest(factor).unwrap();
            assert!((16384..=32767).contains(&m.multiplier), "{factor} {m:?}");
            assert!((1..=47).contains(&m.shift), "{factor} {m:?}");
            assert!(m.error(factor) <= 2f64.powi(-15), "{factor} {m:?}");
            factor *= 1.000_37;
        }
    }

    #[test]
    fn powers_of_two_are_exact() {
        for exponent in -33..=13 {
            let factor = 2f64.powi(exponent);
            assert_eq!(Multiplier::nearest(factor).unwrap().value(), factor);
        }
    }

    #[test]
    fn factors_out_of_range_are_refused_or_vanish() {
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY, 16384.0, 5e26] {
            assert_eq!(Multiplier::nearest(factor), None, "{factor}");
        }
        for factor in [1e-12, 1e-100, f64::MIN_POSITIVE] {
            let m = Multiplier::nearest(factor).unwrap();
            assert_eq!(m.shift, 47, "{factor}");
            assert!(m.value() * 2f64.powi(31) < 0.01 || factor > 1e-13);
        }
    }
}
