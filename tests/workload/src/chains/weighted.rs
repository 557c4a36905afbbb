use crate::rng::Rng;

/// A choice in which some numbers come up more often than others.
#[derive(Debug, Clone)]
pub(crate) struct Weighted {
    /// The sums of the weights up to and with each number.
    sums: Vec<u64>,
}

impl Weighted {
    /// The number `i` comes up `weights[i]` times out of their sum, which is not zero.
    pub(crate) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let mut sum = 0;
        let add = |weight| {
            sum += weight;
            sum
        };
        Self {
            sums: weights.into_iter().map(add).collect(),
        }
    }

    /// Zipf's law over `count` numbers: the n-th comes up 1/n times as often as the first.
    pub(crate) fn zipf(count: usize) -> Self {
        Self::new((1..=count as u64).map(|rank| 1_000_000 / rank))
    }

    pub(crate) fn pick(&self, rng: &mut Rng) -> usize {
        let all = *self.sums.last().expect("there is something to choose from");
        let drawn = rng.below(all);
        self.sums.partition_point(|sum| *sum <= drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_up_by_their_weight() {
        let mut rng = Rng::new(1);
        let choice = Weighted::new([1, 0, 3]);
        let mut counts = [0; 3];
        for _ in 0..4_000 {
            counts[choice.pick(&mut rng)] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((900..1_100).contains(&counts[0]), "{counts:?}");
        let zipf = Weighted::zipf(4);
        assert_eq!(zipf.sums, [1_000_000, 1_500_000, 1_833_333, 2_083_333]);
    }
}
