//! Cold files, medians and rows.

use crate::{Outcome, case::Sample};
use std::{path::Path, process::Command, time::Duration};

/// Pushes a file out of the system's page cache; gives how many bytes of it are there still, where the
/// system can say.
pub(crate) fn evict(file: &Path) -> Outcome<Option<u64>> {
    std::fs::File::open(file)?.sync_all()?;
    let from = format!("if={}", file.display());
    let done = Command::new("dd")
        .args([from.as_str(), "iflag=nocache", "count=0", "status=none"])
        .status()?;
    if !done.success() {
        return Err("dd cannot push the file out of the page cache".into());
    }
    let resident = Command::new("fincore")
        .args(["--bytes", "--noheadings", "--output", "RES"])
        .arg(file)
        .output();
    Ok(resident
        .ok()
        .and_then(|said| String::from_utf8_lossy(&said.stdout).trim().parse().ok()))
}

pub(crate) fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

pub(crate) fn ms(time: Option<Duration>) -> f64 {
    time.unwrap_or_default().as_secs_f64() * 1e3
}

fn total(sample: &Sample) -> u64 {
    sample.reads[..4].iter().sum()
}

pub(crate) fn heading() {
    println!(
        "{:>10} {:>8} {:>6} {:>9} {:>9} {:>9} {:>6} {:>7} {:>12} {:>7} {:>11}",
        "redb pages",
        "threads",
        "cache",
        "reads",
        "accounts",
        "slots",
        "codes",
        "ranges",
        "range slots",
        "ratio",
        "execute ms"
    );
}

pub(crate) fn row(pages: &str, threads: usize, name: &str, samples: &[Sample], off: &mut u64) {
    let of = |at: usize| median(samples.iter().map(|sample| sample.reads[at])).unwrap_or_default();
    let all = median(samples.iter().map(total)).unwrap_or_default();
    if name == "off" {
        *off = all;
    }
    let ratio = match all {
        0 => "-".to_owned(),
        all => format!("{:.1}", *off as f64 / all as f64),
    };
    println!(
        "{pages:>10} {threads:>8} {name:>6} {all:>9} {:>9} {:>9} {:>6} {:>7} {:>12} {:>7} {:>11.1}",
        of(0),
        of(1),
        of(2),
        of(3),
        of(4),
        ratio,
        ms(median(samples.iter().map(|sample| sample.time)))
    );
}
