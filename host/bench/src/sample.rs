//! Samples of several ways to do the same, by turns (`metisvm_executor::sampling`), of calls that may be
//! shorter than a clock can tell.

use metisvm_executor::sampling::{self, Sample, Samples, Times};
use std::time::{Duration, Instant};

/// A sample takes so long at least, or is one call: several calls of a small model, so that it is as warm as it would
/// be in use, and what the clock costs is nothing beside it. `benches/onnxruntime.py` has the same.
const SHORTEST: Duration = Duration::from_millis(5);

/// Before a sample of shorter calls comes one call that is not timed. The other ways have filled the caches with what
/// is theirs; of longer calls, what that costs is a small part.
const LONG: Duration = Duration::from_millis(20);

/// One way. The call does the work once; its result goes through `black_box` within it.
pub(crate) type Way<'w> = Box<dyn FnMut() -> Result<(), String> + 'w>;

/// What was sampled of one way, in seconds a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    times: Times,
    calls: u32,
}

impl Taken {
    /// Samples of so many calls each.
    pub fn new(times: Times, calls: u32) -> Self {
        Self {
            times,
            calls: calls.max(1),
        }
    }

    /// The median.
    pub fn median(&self) -> f64 {
        self.a_call(self.times.median())
    }

    /// The shortest.
    pub fn least(&self) -> f64 {
        self.a_call(self.times.least())
    }

    /// The longest.
    pub fn greatest(&self) -> f64 {
        self.a_call(self.times.greatest())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.times.count()
    }

    fn a_call(&self, sample: Duration) -> f64 {
        // Nothing takes no time at all; a clock may say so.
        sample.as_secs_f64().max(1e-9) / f64::from(self.calls)
    }
}

/// What came of a way: its samples, or why it was given up.
pub(crate) type Outcome = Result<Taken, String>;

/// Takes samples of all ways in turn. A way that fails is left out and the turns begin anew without it, so
/// that the others have been measured under the same conditions.
pub(crate) fn by_turns(samples: Samples, ways: Vec<Way<'_>>) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = ways.iter().map(|_| None).collect();
    let mut left = Vec::new();
    for (at, mut way) in ways.into_iter().enumerate() {
        match calls(&mut way) {
            Ok((calls, taken)) => left.push((at, calls, taken < LONG, way)),
            Err(problem) => outcomes[at] = Some(Err(problem)),
        }
    }
    while !left.is_empty() {
        let mut turns: Vec<Sample<'_, String>> = left
            .iter_mut()
            .map(|(_, calls, warmed, way)| Box::new(|| sample(way, *calls, *warmed)) as Sample<'_, String>)
            .collect();
        let taken = sampling::interleave(samples, &mut turns);
        drop(turns);
        match taken {
            Ok(times) => {
                for ((at, calls, ..), times) in left.drain(..).zip(times) {
                    outcomes[at] = Some(Ok(Taken::new(times, calls)));
                }
            }
            Err((failed, problem)) => {
                let (at, ..) = left.remove(failed);
                outcomes[at] = Some(Err(problem));
            }
        }
    }
    let never = || Err("it was not measured".to_owned());
    outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(never))
        .collect()
}

/// How many calls make a sample, and how long that takes. They also bring code and data into the caches.
fn calls(way: &mut Way<'_>) -> Result<(u32, Duration), String> {
    const MOST: u32 = 1 << 20;
    let mut calls = 1;
    loop {
        let taken = time(way, calls)?;
        if taken >= SHORTEST || calls >= MOST {
            return Ok((calls, taken));
        }
        let wanted = SHORTEST.as_nanos() * u128::from(calls) / taken.as_nanos().max(1);
        calls = u32::try_from(wanted + 1)
            .unwrap_or(MOST)
            .clamp(calls * 2, calls * 64)
            .min(MOST);
    }
}

fn sample(way: &mut Way<'_>, calls: u32, warmed: bool) -> Result<Duration, String> {
    if warmed {
        way()?;
    }
    time(way, calls)
}

fn time(way: &mut Way<'_>, calls: u32) -> Result<Duration, String> {
    let started = Instant::now();
    for _ in 0..calls {
        way()?;
    }
    Ok(started.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn short_calls_are_many_a_sample_and_long_ones_one() {
        let (short, _) = calls(&mut (Box::new(|| Ok(())) as Way<'_>)).unwrap();
        assert!(short > 1000, "{short}");
        let long: Way<'_> = Box::new(|| {
            std::thread::sleep(SHORTEST);
            Ok(())
        });
        assert_eq!(calls(&mut { long }).map(|(calls, _)| calls), Ok(1));
    }

    #[test]
    fn figures_are_those_of_one_call() {
        let times = [4, 8, 6].map(Duration::from_millis).into_iter().collect();
        let taken = Taken::new(times, 2);
        assert_eq!(
            [taken.least(), taken.median(), taken.greatest()],
            [2e-3, 3e-3, 4e-3]
        );
        assert_eq!(taken.count(), 3);
    }

    #[test]
    fn a_way_that_fails_does_not_keep_the_others_from_being_measured() {
        let left = Cell::new(3);
        let sound = || -> Way<'_> {
            Box::new(|| {
                std::thread::sleep(SHORTEST);
                Ok(())
            })
        };
        let failing: Way<'_> = Box::new(|| match left.replace(left.get() - 1) {
            0 => Err("the device is gone".to_owned()),
            _ => {
                std::thread::sleep(SHORTEST);
                Ok(())
            }
        });
        let outcomes = by_turns(Samples::Exactly(5), vec![sound(), failing, sound()]);
        assert_eq!(outcomes[1], Err("the device is gone".to_owned()));
        for at in [0, 2] {
            let taken = outcomes[at].as_ref().unwrap();
            assert_eq!(taken.count(), 5);
            assert!(taken.least() >= SHORTEST.as_secs_f64());
        }
    }

    #[test]
    fn what_fails_at_once_is_not_called_again() {
        let called = Cell::new(0);
        let failing: Way<'_> = Box::new(|| {
            called.set(called.get() + 1);
            Err("no".to_owned())
        });
        assert_eq!(
            by_turns(Samples::Exactly(3), vec![failing]),
            [Err("no".to_owned())]
        );
        assert_eq!(called.get(), 1);
    }
}
