//! Names that somebody may have meant.

use crate::error::plain;

/// Names that are compared, and their length: what this costs is their product.
const MOST: usize = 10_000;
const LONGEST: usize = 80;

/// Up to three of the names that are nearest to `wanted`, if they are near.
pub(super) fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted: Vec<char> = wanted.chars().take(LONGEST).collect();
    let mut found: Vec<(usize, &str)> = names
        .take(MOST)
        .map(|name| (distance(&wanted, name), name))
        .filter(|(distance, _)| *distance <= wanted.len() / 3 + 1)
        .collect();
    found.sort();
    found.dedup();
    found.into_iter().take(3).map(|(_, name)| plain(name)).collect()
}

/// Levenshtein's: letters to insert, delete or exchange. A name that holds the other whole is near.
fn distance(wanted: &[char], name: &str) -> usize {
    let name: Vec<char> = name.chars().take(LONGEST).collect();
    if wanted.len() > 2 && name.windows(wanted.len()).any(|part| part == wanted) {
        return 1;
    }
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (i, a) in wanted.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (b, cell) in name.iter().zip(row.iter_mut().skip(1)) {
            let best = (left + 1).min(*cell + 1).min(diagonal + usize::from(a != b));
            diagonal = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn near_names_are_those_of_few_changes() {
        let names = ["logits", "embedding", "last_hidden_state", "pooled"];
        let near = |wanted: &str| super::near(wanted, names.into_iter());
        assert_eq!(near("logit"), ["logits"]);
        assert_eq!(near("hidden_state"), ["last_hidden_state"]);
        assert!(near("boxes").is_empty());
    }
}
