//! Medians, and how one node's compare with the other's.

use crate::error::Error;
use crate::measures::{Better, Measures, SUBJECTS};
use crate::server::Kind;
use comfy_table::{Table, presets};
use serde_json::{Value, json};

/// Shows the medians over all rounds, the spread, and how many times better the first node is.
pub(crate) fn show(kinds: &[Kind], rounds: &[Vec<Measures>], as_json: bool) -> Result<(), Error> {
    if as_json {
        println!("{}", object(kinds, rounds));
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    let mut heading = vec!["median".to_owned()];
    heading.extend(kinds.iter().map(Kind::to_string));
    heading.extend((kinds.len() > 1).then(|| "better by".to_owned()));
    table.set_header(heading);
    for subject in &SUBJECTS {
        let of = |rounds: &Vec<Measures>| Spread::of(rounds.iter().map(subject.of).collect());
        let spreads: Vec<Spread> = rounds.iter().map(of).collect();
        let mut row = vec![subject.name.to_owned()];
        row.extend(spreads.iter().map(Spread::to_string));
        if let [first, second] = spreads.as_slice() {
            row.push(format!(
                "× {:.2}",
                ratio(subject.better, first.median, second.median)
            ));
        }
        table.add_row(row);
    }
    println!("{table}");
    Ok(())
}

fn object(kinds: &[Kind], rounds: &[Vec<Measures>]) -> Value {
    let mut object = json!({});
    for (kind, rounds) in kinds.iter().zip(rounds) {
        for subject in &SUBJECTS {
            let samples: Vec<f64> = rounds.iter().map(subject.of).collect();
            object[kind.to_string()][subject.key] = json!({
                "median": Spread::of(samples.clone()).median,
                "samples": samples,
            });
        }
    }
    object
}

/// How many times better the first is than the second.
fn ratio(better: Better, first: f64, second: f64) -> f64 {
    match better {
        Better::More => first / second,
        Better::Less => second / first,
    }
}

/// Samples of a figure.
struct Spread {
    least: f64,
    median: f64,
    greatest: f64,
}

impl Spread {
    /// Of one sample at least.
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |index: usize| samples.get(index).copied().unwrap_or(f64::NAN);
        let last = samples.len().saturating_sub(1);
        Self {
            least: at(0),
            median: (at(last / 2) + at(last.div_ceil(2))) / 2.0,
            greatest: at(last),
        }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = if self.median < 100.0 { 2 } else { 0 };
        write!(
            f,
            "{:.digits$} ({:.digits$} to {:.digits$})",
            self.median, self.least, self.greatest
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle() {
        assert_eq!(Spread::of(vec![3.0, 1.0, 2.0]).median, 2.0);
        assert_eq!(Spread::of(vec![4.0, 1.0, 2.0, 3.0]).median, 2.5);
        let one = Spread::of(vec![7.0]);
        assert_eq!((one.least, one.median, one.greatest), (7.0, 7.0, 7.0));
    }

    #[test]
    fn better_is_more_or_less() {
        assert_eq!(ratio(Better::More, 6.0, 3.0), 2.0);
        assert_eq!(ratio(Better::Less, 6.0, 3.0), 0.5);
    }
}
