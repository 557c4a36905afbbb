//! How work is timed: samples of several ways to do it are taken in turn, so that what disturbs the machine
//! disturbs all of them.

use std::time::{Duration, Instant};

/// The times of one way, from the least to the greatest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times(Vec<Duration>);

impl Times {
    /// The shortest time; zero where there is none.
    pub fn least(&self) -> Duration {
        self.0.first().copied().unwrap_or_default()
    }

    /// The longest time; zero where there is none.
    pub fn greatest(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    /// The median: of an even number of times the mean of the two in the middle.
    pub fn median(&self) -> Duration {
        match self.0.len() {
            0 => Duration::ZERO,
            count => (self.0[(count - 1) / 2] + self.0[count / 2]) / 2,
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// How many times as fast as these times others are, by the medians.
    pub fn over(&self, others: &Self) -> f64 {
        self.median().as_secs_f64() / others.median().as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// How many times the work of one thread two do together, where these are the times of one alone and
    /// `twice` those of the same work done [twice at once](twice_at_once).
    pub fn processors(&self, twice: &Self) -> f64 {
        2.0 * self.over(twice)
    }
}

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

/// When enough samples have been taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Samples {
    /// So many of each way, one at least.
    Exactly(usize),
    /// As many as the work allows: at least [`FEWEST`](Self::FEWEST) unless they take longer than
    /// [`PATIENCE`](Self::PATIENCE), more while they take less than [`SHORT`](Self::SHORT), and
    /// [`MOST`](Self::MOST) at most.
    Adaptive,
    /// As many as this time has room for: [`FEW`](Self::FEW) at least, [`MOST`](Self::MOST) at most.
    Within(Duration),
}

impl Samples {
    /// A median needs so many to be one.
    pub const FEW: usize = 3;
    /// The median of fewer says little.
    pub const FEWEST: usize = 9;
    /// More change the median no more; what the benchmarks take.
    pub const MOST: usize = 21;
    /// Within this time more than the fewest are taken.
    pub const SHORT: Duration = Duration::from_secs(1);
    /// After this time no further round begins.
    pub const PATIENCE: Duration = Duration::from_secs(20);

    /// Whether another round is wanted after so many that took so long.
    fn wants(self, rounds: usize, taken: Duration) -> bool {
        match self {
            Self::Exactly(count) => rounds < count.max(1),
            Self::Adaptive => match rounds {
                0 => true,
                1..Self::FEWEST => taken < Self::PATIENCE,
                _ => rounds < Self::MOST && taken < Self::SHORT,
            },
            Self::Within(time) => rounds < Self::FEW || (rounds < Self::MOST && taken < time),
        }
    }
}

/// Takes one sample of a way: the function gives what it took. What else it does is its own affair.
pub type Sample<'s, E> = Box<dyn FnMut() -> Result<Duration, E> + 's>;

/// Takes samples of each way in turn. Each round begins with another way: none always follows the same one.
/// The error of a way comes with its place in the list.
pub fn interleave<E>(samples: Samples, ways: &mut [Sample<'_, E>]) -> Result<Vec<Times>, (usize, E)> {
    let count = ways.len();
    let mut times = vec![Vec::new(); count];
    let started = Instant::now();
    let mut round = 0;
    while samples.wants(round, started.elapsed()) {
        for turn in 0..count {
            let at = (round + turn) % count;
            times[at].push(ways[at]().map_err(|error| (at, error))?);
        }
        round += 1;
    }
    Ok(times.into_iter().map(Times::from_iter).collect())
}

/// The same work on two threads at once. Gives the mean of what both took: beside the time of one alone it says
/// how much two processors of this machine do at the same time, which is what two threads can gain at most by
/// sharing work. Virtual machines whose two processors are one core give far less than twice as much.
pub fn twice_at_once<E: Send>(work: impl Fn() -> Result<Duration, E> + Sync) -> Result<Duration, E> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::RefCell, convert::Infallible};

    fn times<const N: usize>(milliseconds: [u64; N]) -> Times {
        milliseconds.map(Duration::from_millis).into_iter().collect()
    }

    #[test]
    fn every_round_begins_with_another_way() {
        let order = RefCell::new(String::new());
        let way = |name| -> Sample<'_, Infallible> {
            let order = &order;
            Box::new(move || {
                order.borrow_mut().push_str(name);
                Ok(Duration::from_millis(1))
            })
        };
        let times = interleave(Samples::Exactly(4), &mut [way("a"), way("b"), way("c")]).unwrap();
        assert_eq!(*order.borrow(), "abcbcacababc");
        assert!(times.iter().all(|times| times.count() == 4));
    }

    #[test]
    fn an_error_names_the_way() {
        let good: Sample<'_, &str> = Box::new(|| Ok(Duration::ZERO));
        let bad: Sample<'_, &str> = Box::new(|| Err("bad"));
        assert_eq!(interleave(Samples::Adaptive, &mut [good, bad]), Err((1, "bad")));
    }

    #[test]
    fn least_median_and_greatest_are_of_the_sorted_times() {
        let times = times([5, 1, 9]);
        let all = [times.least(), times.median(), times.greatest()];
        assert_eq!(all, [1, 5, 9].map(Duration::from_millis));
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(times([4, 1, 2, 90]).median(), Duration::from_millis(3));
        assert_eq!(times([]).median(), Duration::ZERO);
    }

    #[test]
    fn ratios_are_those_of_medians() {
        assert_eq!(times([9, 2, 4]).over(&times([1, 2, 90])), 2.0);
    }

    #[test]
    fn two_that_take_as_long_as_one_are_two_processors_and_twice_as_long_is_one() {
        let alone = times([10]);
        assert_eq!(alone.processors(&times([10])), 2.0);
        assert_eq!(alone.processors(&times([20])), 1.0);
    }

    #[test]
    fn both_threads_do_the_work_and_an_error_of_either_is_the_outcome() {
        let done = std::sync::atomic::AtomicU64::new(0);
        let turn = || done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let time = twice_at_once(|| Ok::<_, u64>(Duration::from_millis(turn() + 1)));
        assert_eq!(time, Ok(Duration::from_micros(1500)));
        assert_eq!(
            twice_at_once(|| if turn() == 3 { Err(3) } else { Ok(Duration::ZERO) }),
            Err(3)
        );
    }

    #[test]
    fn quick_work_is_sampled_often_and_slow_work_seldom() {
        let rounds = |each: Duration| {
            let rounds = (0..).find(|rounds| !Samples::Adaptive.wants(*rounds as usize, each * *rounds));
            rounds.unwrap()
        };
        assert_eq!(rounds(Duration::from_millis(1)), Samples::MOST as u32);
        assert_eq!(rounds(Duration::from_millis(500)), Samples::FEWEST as u32);
        assert_eq!(rounds(Duration::from_secs(5)), 4);
        assert_eq!(rounds(Duration::from_secs(100)), 1);
    }

    #[test]
    fn a_time_is_kept_but_for_the_fewest_samples_that_have_a_median() {
        let within = Samples::Within(Duration::from_millis(10));
        assert!(within.wants(2, Duration::from_secs(9)));
        assert!(!within.wants(3, Duration::from_millis(10)));
        assert!(within.wants(20, Duration::from_millis(9)));
        assert!(!within.wants(21, Duration::ZERO));
    }

    #[test]
    fn there_is_always_one_sample() {
        assert!(Samples::Exactly(0).wants(0, Duration::ZERO));
        assert!(!Samples::Exactly(0).wants(1, Duration::ZERO));
    }
}
