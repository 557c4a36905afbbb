//! How near the outputs of a model are to those of another implementation.

/// What was found for one output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Similarity {
    /// The output.
    pub(super) name: String,
    /// The mean cosine over the samples; of outputs of one number, the cosine of all samples together. None where
    /// the output is whole numbers, of which 5 is no nearer to 4 than to 1.
    pub(super) cosine: Option<f64>,
    /// The least.
    pub(super) cosine_min: Option<f64>,
    /// The share of rows, along the last dimension, whose greatest number is at the same place.
    pub(super) top1: Option<f64>,
    /// The root of the mean squared difference, as a part of that of the values expected.
    pub(super) relative: Option<f64>,
    /// The share of equal numbers, where the output is whole numbers.
    pub(super) equal: Option<f64>,
}

/// Compares one output over all samples. `row` is the extent of its last dimension; `whole` says that the numbers are
/// codes and no measurements.
pub(super) fn compare(
    name: &str,
    row: usize,
    whole: bool,
    actual: &[Vec<f64>],
    expected: &[Vec<f64>],
) -> Similarity {
    let pairs = || actual.iter().flatten().zip(expected.iter().flatten());
    let one_number = expected.iter().all(|sample| sample.len() == 1);
    let cosines: Vec<f64> = if whole {
        Vec::new()
    } else if one_number {
        vec![cosine(pairs())]
    } else {
        let sample = |(a, e): (&Vec<f64>, &Vec<f64>)| cosine(a.iter().zip(e));
        actual.iter().zip(expected).map(sample).collect()
    };
    let mut rows = Vec::new();
    if row > 1 {
        for (actual, expected) in actual.iter().zip(expected) {
            let of = actual.chunks_exact(row).zip(expected.chunks_exact(row));
            rows.extend(of.map(|(actual, expected)| greatest(actual) == greatest(expected)));
        }
    }
    let equal: Vec<bool> = pairs().map(|(actual, expected)| actual == expected).collect();
    let difference: f64 = pairs().map(|(a, e)| (a - e) * (a - e)).sum();
    let size: f64 = expected.iter().flatten().map(|e| e * e).sum();
    Similarity {
        name: name.to_owned(),
        cosine: mean(&cosines),
        cosine_min: cosines.iter().copied().reduce(f64::min),
        top1: share(&rows),
        relative: (!whole && size > 0.0).then(|| (difference / size).sqrt()),
        equal: whole.then(|| share(&equal)).flatten(),
    }
}

/// The mean of what there is.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn share(of: &[bool]) -> Option<f64> {
    (!of.is_empty()).then(|| of.iter().filter(|yes| **yes).count() as f64 / of.len() as f64)
}

/// The cosine of the angle between two vectors; 1 where both are zero, 0 where one is.
fn cosine<'a>(pairs: impl Iterator<Item = (&'a f64, &'a f64)>) -> f64 {
    let (mut product, mut first, mut second) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        product += a * b;
        first += a * a;
        second += b * b;
    }
    if first == 0.0 || second == 0.0 {
        return if first == second { 1.0 } else { 0.0 };
    }
    // Rounding must not make more than 1 of it.
    (product / (f64::sqrt(first) * f64::sqrt(second))).clamp(-1.0, 1.0)
}

/// The first place of the greatest number.
fn greatest(row: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_compared_sample_by_sample() {
        let actual = [vec![1.0, 0.0], vec![3.0, 4.0]];
        let expected = [vec![2.0, 0.0], vec![4.0, 3.0]];
        let found = compare("y", 2, false, &actual, &expected);
        assert_eq!(found.cosine_min, Some(0.96));
        assert_eq!(found.cosine, Some(0.98));
        assert_eq!(found.top1, Some(0.5));
        assert_eq!(found.equal, None);
        let relative = f64::sqrt(3.0 / 29.0);
        assert!(found.relative.is_some_and(|r| (r - relative).abs() < 1e-12));
    }

    #[test]
    fn single_numbers_are_one_vector_and_codes_are_equal_or_not() {
        let column = |values: &[f64]| values.iter().map(|v| vec![*v]).collect::<Vec<_>>();
        let found = compare("y", 1, false, &column(&[3.0, 4.0]), &column(&[4.0, 3.0]));
        assert_eq!((found.cosine, found.top1), (Some(0.96), None));
        let found = compare("y", 1, true, &column(&[3.0, 4.0]), &column(&[3.0, 1.0]));
        assert_eq!(
            (found.cosine, found.relative, found.equal),
            (None, None, Some(0.5))
        );
    }

    #[test]
    fn zero_vectors_have_a_cosine() {
        let one = |values: [f64; 2]| vec![values.to_vec()];
        let of = |a, e| compare("y", 2, false, &one(a), &one(e)).cosine;
        assert_eq!(of([0.0, 0.0], [0.0, 0.0]), Some(1.0));
        assert_eq!(of([0.0, 0.0], [1.0, 0.0]), Some(0.0));
    }
}
