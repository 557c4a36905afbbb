//! Samples of several variants of one piece of work, taken in turn, so that what disturbs the machine
//! disturbs all of them. Each round begins with another variant: none always follows the same one.

use crate::Failure;
use std::time::{Duration, Instant};

/// One way to do the work. The function gives what one sample took; what it does outside of that time is its
/// own affair.
pub struct Variant<'v> {
    name: &'static str,
    sample: Box<dyn FnMut() -> Result<Duration, Failure> + 'v>,
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

/// The same work on two threads at once. Gives the mean of what both took: beside the time of one alone it says how
/// much two processors of this machine do at the same time, which is what two threads can gain at most by sharing work.
/// Virtual machines whose two processors are one core give far less than twice as much.
pub fn twice_at_once(work: impl Fn() -> Result<Duration, Failure> + Sync) -> Result<Duration, Failure> {
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(&work);
        let one = work();
        (
            one,
            other
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        )
    });
    Ok((one? + other?) / 2)
}

/// The times of the variants.
#[derive(Debug, Clone)]
pub struct Times(Vec<(&'static str, Vec<Duration>)>);

/// Takes so many samples of each variant.
pub fn interleave(samples: usize, mut variants: Vec<Variant<'_>>) -> Result<Times, Failure> {
    let count = variants.len();
    let mut times: Vec<_> = variants
        .iter()
        .map(|variant| (variant.name, Vec::with_capacity(samples)))
        .collect();
    for round in 0..samples {
        for turn in 0..count {
            let at = (round + turn) % count;
            let time = (variants[at].sample)().map_err(|error| format!("{}: {error}", variants[at].name))?;
            times[at].1.push(time);
        }
    }
    for (_, times) in &mut times {
        times.sort_unstable();
    }
    Ok(Times(times))
}

impl Times {
    fn of(&self, name: &str) -> &[Duration] {
        let found = self.0.iter().find(|(known, _)| *known == name);
        &found.expect("a benchmark asks for variants that it has").1
    }

    /// The median in milliseconds.
    pub fn median(&self, name: &str) -> f64 {
        let times = self.of(name);
        let (below, above) = (times[(times.len() - 1) / 2], times[times.len() / 2]);
        (below + above).as_secs_f64() / 2.0 * 1e3
    }

    /// How many times as fast as `base` a variant is, by their medians.
    pub fn ratio(&self, base: &str, name: &str) -> f64 {
        self.median(base) / self.median(name)
    }

    /// How many times as much as one thread two do at once, from the time of `one` and that of work done
    /// [twice at once](twice_at_once).
    pub fn processors(&self, one: &str, twice: &str) -> f64 {
        2.0 * self.ratio(one, twice)
    }

    /// Median, least and most of every variant, in milliseconds.
    pub fn json(&self) -> serde_json::Value {
        let ms = |time: Option<&Duration>| time.map(|time| time.as_secs_f64() * 1e3);
        self.0
            .iter()
            .map(|(name, times)| {
                let figures = serde_json::json!({
                    "median_ms": self.median(name),
                    "least_ms": ms(times.first()),
                    "most_ms": ms(times.last()),
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
    fn every_round_begins_with_another_variant() {
        let order = std::cell::RefCell::new(String::new());
        let variant = |name| {
            let order = &order;
            Variant::new(name, move || {
                order.borrow_mut().push_str(name);
                Ok(Duration::from_millis(1))
            })
        };
        interleave(4, vec![variant("a"), variant("b"), variant("c")]).unwrap();
        assert_eq!(*order.borrow(), "abcbcacababc");
    }

    #[test]
    fn ratios_are_those_of_medians() {
        let slow = [9, 2, 4].map(Duration::from_millis);
        let fast = [1, 2, 90].map(Duration::from_millis);
        let (mut slow, mut fast) = (slow.into_iter(), fast.into_iter());
        let times = interleave(
            3,
            vec![
                Variant::new("slow", || Ok(slow.next().unwrap())),
                Variant::new("fast", || Ok(fast.next().unwrap())),
            ],
        )
        .unwrap();
        assert_eq!(times.ratio("slow", "fast"), 2.0);
    }

    #[test]
    fn mean_of_a_gain_and_the_same_loss_is_one() {
        let mean = geometric_mean([2.0, 0.5]).unwrap();
        assert!((mean - 1.0).abs() < 1e-12);
        assert_eq!(geometric_mean([]), None);
    }
}
