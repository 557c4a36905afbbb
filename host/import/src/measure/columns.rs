//! Columns of an output that are so much smaller than others that its one scale leaves them a few steps.

/// Steps that a column's spread is to have: of fewer nothing is left but whether it is high or low.
const LEAST_STEPS: f64 = 4.0;
/// What a column spreads over is noise where it is less than this part of what it reaches.
const NOISE: f32 = 0.01;
/// So is a column that reaches no more than this part of the greatest one: floats of 32 bits hold seven digits.
const NOTHING: f64 = 1e-9;
/// Columns beyond those are positions in a map.
const MAX_COLUMNS: usize = 4096;
/// Columns that a warning names.
const MAX_NAMED: usize = 4;

/// The least and the greatest number of each column, over all samples.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    ends: Vec<(f32, f32)>,
}

impl Columns {
    pub(super) fn note(&mut self, floats: &[f32], width: usize) {
        if !(2..=MAX_COLUMNS).contains(&width) {
            return;
        }
        self.ends.resize(width, (f32::INFINITY, f32::NEG_INFINITY));
        for row in floats.chunks_exact(width) {
            for ((low, high), &v) in self.ends.iter_mut().zip(row) {
                *low = low.min(v);
                *high = high.max(v);
            }
        }
    }

    /// What to say of those that the output's scale, if it has one for all, does not hold. A probability that stays near 0 is none of them.
    pub(super) fn warning(&self, name: &str, scales: &[f64]) -> Option<String> {
        let &[step] = scales else {
            return None;
        };
        if self.ends.iter().all(|&(low, high)| low >= 0.0 && high <= 1.0) {
            return None;
        }
        let spread = |&(low, high): &(f32, f32)| f64::from(high) - f64::from(low);
        let reach = |ends: &(f32, f32)| ends.1.max(-ends.0);
        let greatest = self.ends.iter().map(reach).fold(0.0, f32::max);
        let few = |ends: &(f32, f32)| {
            let reach = reach(ends);
            f64::from(reach) > NOTHING * f64::from(greatest)
                && spread(ends) > f64::from(NOISE * reach)
                && spread(ends) < LEAST_STEPS * step
        };
        let lost: Vec<usize> = (0..self.ends.len()).filter(|&c| few(&self.ends[c])).collect();
        let first = *lost.first()?;
        let named: Vec<String> = lost.iter().take(MAX_NAMED).map(ToString::to_string).collect();
        let more = match lost.len().saturating_sub(MAX_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!(
            "output {:?}: column {}{more} is lost beside greater ones: column {first} spreads over {} on the samples, and a \
             step of the output is {step}; bring its columns to one size before they are joined, or --keep each by itself",
            name,
            named.join(", "),
            spread(&self.ends[first])
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(rows: &[f32], step: f64) -> Option<String> {
        let mut columns = Columns::default();
        columns.note(rows, 2);
        columns.warning("variable", &[step])
    }

    #[test]
    fn a_column_of_a_smaller_size_is_not_lost_without_a_word() {
        let warning = said(&[9e6, 0.25, -8e6, 0.75, 4e6, 0.5], 337.5).unwrap();
        assert!(warning.contains("column 1 is lost"), "{warning}");
        assert!(warning.contains("spreads over 0.5 on the samples, and a step of the output is 337.5"));
        // Enough steps; a constant and its noise; a class that never comes.
        assert_eq!(said(&[900.0, 0.25, -800.0, 0.75], 0.03), None);
        assert_eq!(said(&[9e6, 5.0, -8e6, 5.0, 4e6, 5.001], 337.5), None);
        assert_eq!(said(&[2.0, 1e-25, -1.0, -1e-25], 1e-4), None);
        assert_eq!(said(&[0.999, 1e-6, 0.5, 2e-6], 3e-5), None);
    }
}
