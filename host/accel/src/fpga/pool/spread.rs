//! How the items of a batch are divided among cards, by what each has to do and how quick it is.

/// A card that could take items. Times are nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Which card.
    pub(super) card: usize,
    /// What it has to do before.
    pub(super) waits: f64,
    /// What an item takes it, where that was measured.
    pub(super) each: Option<f64>,
}

/// A card that was not measured yet is taken for a little quicker than the others, so that it soon is.
const HOPE: f64 = 0.9;
/// What an item takes while nothing at all is known.
const GUESS: f64 = 1e6;
/// What a second job has to gain, for its way through the host's queues.
const ANOTHER_JOB: f64 = 50_000.0;

/// Items for each card, of those that get any: so many that all are done as early as possible.
pub(super) fn spread(items: usize, candidates: &[Candidate]) -> Vec<(usize, usize)> {
    let known = candidates.iter().filter_map(|candidate| candidate.each);
    let hoped = known.min_by(f64::total_cmp).map_or(GUESS, |each| each * HOPE);
    let each = |candidate: &Candidate| candidate.each.unwrap_or(hoped);
    let mut counts = vec![0_usize; candidates.len()];
    let mut jobs = 0;
    for _ in 0..items {
        let end = |index: usize| {
            let candidate = &candidates[index];
            let opens = counts[index] == 0 && jobs > 0;
            candidate.waits
                + (counts[index] + 1) as f64 * each(candidate)
                + f64::from(u8::from(opens)) * ANOTHER_JOB
        };
        let ends = (0..candidates.len()).map(|index| (index, end(index)));
        let Some((first, _)) = ends.min_by(|a, b| a.1.total_cmp(&b.1)) else {
            return Vec::new();
        };
        jobs += usize::from(counts[first] == 0);
        counts[first] += 1;
    }
    let shares = candidates.iter().zip(counts).map(|(c, count)| (c.card, count));
    shares.filter(|(_, count)| *count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cards(of: &[(f64, Option<f64>)]) -> Vec<Candidate> {
        let card = |(card, &(waits, each))| Candidate { card, waits, each };
        of.iter().enumerate().map(card).collect()
    }

    #[test]
    fn items_go_to_cards_by_their_speed() {
        let cards = cards(&[(0.0, Some(1e6)), (0.0, Some(3e6))]);
        assert_eq!(spread(64, &cards), [(0, 48), (1, 16)]);
    }

    #[test]
    fn a_card_that_has_work_gets_less_of_the_next() {
        let cards = cards(&[(10e6, Some(1e6)), (0.0, Some(1e6))]);
        assert_eq!(spread(1, &cards), [(1, 1)]);
        assert_eq!(spread(20, &cards), [(0, 5), (1, 15)]);
    }

    #[test]
    fn a_card_that_is_not_known_is_tried_and_a_much_slower_one_left_alone() {
        assert_eq!(spread(1, &cards(&[(0.0, Some(1e6)), (0.0, None)])), [(1, 1)]);
        assert_eq!(spread(8, &cards(&[(0.0, None), (0.0, None)])), [(0, 4), (1, 4)]);
        assert_eq!(spread(8, &cards(&[(0.0, Some(1e6)), (0.0, Some(1e9))])), [(0, 8)]);
    }

    #[test]
    fn what_takes_less_than_the_way_to_a_second_card_stays_together() {
        let cards = cards(&[(0.0, Some(1e3)), (0.0, Some(1e3))]);
        assert_eq!(spread(16, &cards), [(0, 16)]);
        assert_eq!(spread(16, &[]), []);
    }
}
