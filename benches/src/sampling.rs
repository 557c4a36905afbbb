//! Samples of several variants of one piece of work, taken in turn (`metisvm_executor::sampling`), and what is
//! made of them.

use crate::Failure;
pub use metisvm_executor::sampling::twice_at_once;
use metisvm_executor::sampling::{self, Sample, Samples};
use std::time::{Duration, Instant};

/// One way to do the work. The function gives what one sample took; what it does outside of that time is its
/// own affair.
pub struct Variant<'v> {
    name: &'static str,
    sample: Sample<'v, Failure>,
}

impl<'v> Variant<'v> {
    /// A variant; names are those of the figures.
    pub fn new(name: &'static str, sample: impl FnMut() -> Result<Duration, Failure> + 'v) -> Self {
        Self {
            name,
            sample: Box::new(sample),
        }
    }
}

/// Does the work under the clock. Whatever it gives is dropped after the clock has stopped, by the caller.
pub fn timed<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<(Duration, T), Failure> {
    let started = Instant::now();
    let done = work()?;
    Ok((started.elapsed(), done))
}

/// The times of the variants.
#[derive(Debug, Clone)]
pub struct Times(Vec<(&'static str, sampling::Times)>);

/// Takes so many samples of each variant.
pub fn interleave(samples: usize, variants: Vec<Variant<'_>>) -> Result<Times, Failure> {
    let names: Vec<_> = variants.iter().map(|variant| variant.name).collect();
    let mut ways: Vec<_> = variants.into_iter().map(|variant| variant.sample).collect();
    let times = sampling::interleave(Samples::Exactly(samples), &mut ways)
        .map_err(|(at, error)| format!("{}: {error}", names[at]))?;
    Ok(Times(names.into_iter().zip(times).collect()))
}

impl Times {
    fn of(&self, name: &str) -> &sampling::Times {
        let found = self.0.iter().find(|(known, _)| *known == name);
        &found.expect("a benchmark asks for variants that it has").1
    }

    /// The median in milliseconds.
    pub fn median(&self, name: &str) -> f64 {
        self.of(name).median().as_secs_f64() * 1e3
    }

    /// How many times as fast as `base` a variant is, by their medians.
    pub fn ratio(&self, base: &str, name: &str) -> f64 {
        self.of(base).over(self.of(name))
    }

    /// How many times as much as one thread two do at once, from the time of `one` and that of work done
    /// [twice at once](twice_at_once).
    pub fn processors(&self, one: &str, twice: &str) -> f64 {
        self.of(one).processors(self.of(twice))
    }

    /// Median, least and most of every variant, in milliseconds.
    pub fn json(&self) -> serde_json::Value {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        self.0
            .iter()
            .map(|(name, times)| {
                let figures = serde_json::json!({
                    "median_ms": ms(times.median()),
                    "least_ms": ms(times.least()),
                    "most_ms": ms(times.greatest()),
                });
                ((*name).to_owned(), figures)
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// The geometric mean; none of nothing.
pub fn geometric_mean(ratios: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (count, sum) = ratios
        .into_iter()
        .fold((0u32, 0.0), |(count, sum), ratio| (count + 1, sum + ratio.ln()));
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_that_fails_is_named() {
        let good = Variant::new("good", || Ok(Duration::from_millis(1)));
        let bad = Variant::new("bad", || Err("no such block".into()));
        let error = interleave(3, vec![good, bad]).unwrap_err();
        assert_eq!(error.to_string(), "bad: no such block");
    }

    #[test]
    fn figures_are_those_of_the_variant_asked_for() {
        let slow = Variant::new("slow", || Ok(Duration::from_millis(4)));
        let fast = Variant::new("fast", || Ok(Duration::from_millis(2)));
        let times = interleave(3, vec![slow, fast]).unwrap();
        assert_eq!((times.median("slow"), times.ratio("slow", "fast")), (4.0, 2.0));
        assert_eq!(times.json()["fast"]["most_ms"], 2.0);
    }

    #[test]
    fn mean_of_a_gain_and_the_same_loss_is_one() {
        let mean = geometric_mean([2.0, 0.5]).unwrap();
        assert!((mean - 1.0).abs() < 1e-12);
        assert_eq!(geometric_mean([]), None);
    }
}
