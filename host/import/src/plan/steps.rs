//! Inputs whose samples are whole numbers, or halves, or sixteenths: pixels from 0 to 255, ages, counts. A grid with
//! just that step holds them exactly, and callers can write them down as they are.

use crate::grid::Grid;
use metisvm_model::DType;

/// A grid of bytes may reach this much further than the samples did before its step is halved: what was seen is
/// seldom all that there is.
const HEADROOM: f64 = 4.0;

/// Steps are powers of two within these: of others no float arithmetic would be exact.
const FINEST: i32 = -15;
const COARSEST: i32 = 15;

/// The greatest power of two of which all of these are multiples, if there is one and not all are 0.
pub(super) fn step<'a>(samples: impl Iterator<Item = &'a [f32]>) -> Option<f64> {
    let mut least = COARSEST + 1;
    for &v in samples.flatten().filter(|v| **v != 0.0) {
        if !v.is_normal() {
            return None;
        }
        // The mantissa of 24 bits as a whole number; its trailing zeros are those of the number.
        let bits = v.to_bits();
        let exponent = ((bits >> 23) & 0xff) as i32 - 150;
        let mantissa = bits & 0x7f_ffff | 0x80_0000;
        least = least.min(exponent + mantissa.trailing_zeros() as i32);
        if least < FINEST {
            return None;
        }
    }
    (least <= COARSEST).then(|| f64::from(least).exp2())
}

/// Bytes with that step, or a part of it where the range leaves room, that hold `low..=high` exactly.
pub(super) fn bytes(step: f64, low: f64, high: f64, dtype: DType) -> Option<Grid> {
    let (low, high) = (low.min(0.0), high.max(0.0));
    let codes = f64::from(dtype.max() - dtype.min());
    if high - low > codes * step {
        return None;
    }
    let mut step = step;
    while (high - low) * HEADROOM < codes * step {
        step /= 2.0;
    }
    // What is left over goes to both sides, unless nothing was seen on one of them.
    let spare = (codes - (high - low) / step).floor();
    let below = -low / step + if low < 0.0 { (spare / 2.0).floor() } else { 0.0 };
    let zero_point = dtype.saturate(i64::from(dtype.min()) + below as i64);
    Some(Grid {
        scale: step as f32,
        zero_point,
        dtype,
    })
}

/// Words with that step, if they hold `low..=high`.
pub(super) fn words(step: f64, low: f64, high: f64) -> Option<f64> {
    let most = low.abs().max(high.abs());
    (most <= f64::from(i16::MAX) * step).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_bytes_as_they_are() {
        assert_eq!(step([&[0.0, 3.0, 254.0][..]].into_iter()), Some(1.0));
        let grid = bytes(1.0, 0.0, 254.0, DType::U8).unwrap();
        assert_eq!((grid.scale, grid.zero_point), (1.0, 0));
        let grid = bytes(1.0, 0.0, 200.0, DType::I8).unwrap();
        assert_eq!((grid.scale, grid.zero_point), (1.0, -128));
        assert_eq!(bytes(1.0, -100.0, 156.0, DType::U8), None);
    }

    #[test]
    fn every_sample_is_on_the_grid() {
        for samples in [
            &[0.25f32, -3.5, 7.0][..],
            &[-1.0, 1.0],
            &[0.0, 1.0],
            &[128.0],
            &[-0.015_625],
        ] {
            let step = step([samples].into_iter()).unwrap();
            let (low, high) = samples.iter().fold((0f64, 0f64), |(l, h), &v| {
                (l.min(f64::from(v)), h.max(f64::from(v)))
            });
            for dtype in [DType::U8, DType::I8] {
                let grid = bytes(step, low, high, dtype).unwrap();
                assert!(grid.is_sound(), "{grid:?}");
                for &v in samples {
                    assert_eq!(grid.real(grid.quantise(v)), v, "{v} on {grid:?}");
                }
            }
        }
    }

    #[test]
    fn other_samples_have_no_step() {
        for samples in [
            &[0.1f32][..],
            &[0.0, 0.0],
            &[1e-30],
            &[1.0, 1.0 / 3.0],
            &[f32::MAX],
        ] {
            let found = step([samples].into_iter());
            let wide = found
                .is_none_or(|s| words(s, 0.0, samples.iter().fold(0.0, |m, &v| m.max(v.into()))).is_none());
            assert!(wide, "{samples:?}: {found:?}");
        }
    }
}
