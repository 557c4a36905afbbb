//! Logarithmic axes.

/// From numbers to places along an axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

/// Whether a number has a place on a logarithmic axis.
pub(super) fn has_place(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

impl Scale {
    /// An axis from one place to another that has room for all these numbers, which are above 0.
    pub(super) fn over(values: impl IntoIterator<Item = f64>, from: f64, to: f64) -> Self {
        let sound = values.into_iter().filter(|value| has_place(*value));
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for value in sound {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (1.0, 10.0);
        }
        let (low, high) = (low.ln(), high.ln());
        // A little room at both ends, and enough for two ticks where there is one point.
        let room = f64::max(0.04 * (high - low) + 0.1, (6_f64.ln() - (high - low)) / 2.0);
        Self {
            low: low - room,
            high: high + room,
            from,
            to,
        }
    }

    /// The place of a number.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = (value.ln() - self.low) / (self.high - self.low);
        self.from + share * (self.to - self.from)
    }

    /// The least and the greatest number on the axis.
    pub(super) fn ends(&self) -> [f64; 2] {
        [self.low.exp(), self.high.exp()]
    }

    /// Numbers that a reader likes to see: powers of ten, and 2 and 5 times these where there are few.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let decades = (self.high - self.low) / std::f64::consts::LN_10;
        let (steps, every): (&[f64], i32) = match decades {
            few if few < 2.5 => (&[1.0, 2.0, 5.0], 1),
            some if some < 8.0 => (&[1.0], 1),
            _ => (&[1.0], 3),
        };
        let first = (self.low / std::f64::consts::LN_10).floor() as i32;
        let last = (self.high / std::f64::consts::LN_10).ceil() as i32;
        let powers = (first..=last).filter(|power| power.rem_euclid(every) == 0);
        let ticks = powers.flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
        ticks
            .filter(|tick| (self.low..=self.high).contains(&tick.ln()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_factors_are_equal_distances_within_the_axis() {
        let scale = Scale::over([1.0, 100.0], 0.0, 100.0);
        let [a, b, c] = [1.0, 10.0, 100.0].map(|value| scale.place(value));
        assert!((b - a - (c - b)).abs() < 1e-9);
        assert!(a > 0.0 && c < 100.0);
    }

    #[test]
    fn ticks_lie_on_the_axis_and_are_few() {
        for values in [[1.0, 2.0], [3.0, 3.0], [1e-6, 1e9], [0.0, f64::NAN]] {
            let scale = Scale::over(values, 50.0, 0.0);
            let ticks = scale.ticks();
            assert!((1..=12).contains(&ticks.len()), "{values:?}: {ticks:?}");
            for tick in ticks {
                assert!((-1e-9..=50.0).contains(&scale.place(tick)), "{values:?}");
            }
        }
    }
}
