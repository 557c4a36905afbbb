//! The embedding of the time.

use crate::hugging_face::error::FolderError;
use crate::hugging_face::writer::elements;

/// The slowest wave has this many steps for each radian.
const MAX_PERIOD: f64 = 10_000.0;

/// How sines and cosines are laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waves {
    pub(crate) width: usize,
    /// Cosines come first.
    pub(crate) flipped: bool,
    /// What the count of waves is less by in the steps between their frequencies.
    pub(crate) shift: f64,
}

/// One row of sines and cosines for each time step below `steps`.
///
/// In f32 as diffusers computes them, up to the sine itself: phases go to a thousand radians, where the rounding of the
/// frequency is seen.
pub(crate) fn waves(steps: usize, waves: Waves) -> Result<Vec<f32>, FolderError> {
    let half = waves.width / 2;
    let divisor = half as f64 - waves.shift;
    if half == 0 || divisor <= 0.0 {
        let why = format!(
            "{half} frequencies less {} leave no step between them",
            waves.shift
        );
        return Err(FolderError::config("freq_shift", why));
    }
    let count = elements("the table of time steps", &[steps, waves.width])?;
    let frequencies: Vec<f32> = (0..half)
        .map(|i| (-MAX_PERIOD.ln() as f32 * i as f32 / divisor as f32).exp())
        .collect();
    let mut table = Vec::with_capacity(count);
    for step in 0..steps {
        let phases = frequencies.iter().map(|f| f64::from(step as f32 * f));
        let sines = phases.clone().map(|p| p.sin() as f32);
        let cosines = phases.map(|p| p.cos() as f32);
        match waves.flipped {
            true => table.extend(cosines.chain(sines)),
            false => table.extend(sines.chain(cosines)),
        }
        // An odd width ends in a zero.
        table.extend(std::iter::repeat_n(0.0, waves.width - 2 * half));
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sines_and_cosines_of_falling_frequencies() {
        let of = |flipped, shift| {
            let waves_of = Waves {
                width: 5,
                flipped,
                shift,
            };
            waves(3, waves_of).expect("the width is fine")
        };
        let table = of(false, 0.0);
        assert_eq!(table.len(), 15);
        assert_eq!(table[..5], [0.0, 0.0, 1.0, 1.0, 0.0]);
        // exp(−ln 10000 · 1/2) is 1/100.
        let expected = [2f64.sin(), 0.02f64.sin(), 2f64.cos(), 0.02f64.cos(), 0.0];
        for (got, want) in table[10..].iter().zip(expected) {
            assert!((f64::from(*got) - want).abs() < 1e-6, "{got} {want}");
        }
        let flipped = of(true, 0.0);
        assert_eq!(flipped[10..12], table[12..14]);
        assert_eq!(flipped[12..14], table[10..12]);
        // With a shift of 1 the second frequency is 1/10000.
        assert!((of(false, 1.0)[11] - 2e-4).abs() < 1e-9);
    }

    #[test]
    fn frequencies_without_a_step_are_refused() {
        let one = Waves {
            width: 2,
            flipped: true,
            shift: 1.0,
        };
        assert!(waves(10, one).is_err());
        let none = Waves {
            width: 1,
            flipped: true,
            shift: 0.0,
        };
        assert!(waves(10, none).is_err());
    }
}
