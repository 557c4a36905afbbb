//! Figures for people: a table a subject.

use crate::error::CliError;
use crate::output;
use metisvm_bench::{Record, Subject, figure};

/// Writes a table for each subject that has figures.
pub(super) fn show(records: &[Record]) -> Result<(), CliError> {
    for subject in Subject::ALL {
        let of_it: Vec<&Record> = records.iter().filter(|record| record.subject == subject).collect();
        if of_it.is_empty() {
            continue;
        }
        let mut table = output::table(&[subject.name(), "engine", "median", "spread", "peer", "ratio"]);
        for record in of_it {
            table.add_row([
                record.case.clone(),
                record.engine(),
                format!("{} {}", figure(record.ours), record.unit),
                spread(record),
                peer(record),
                record.ratio().map_or_else(|| "–".to_owned(), figure),
            ]);
        }
        output::line(&table.to_string())?;
    }
    Ok(())
}

fn spread(record: &Record) -> String {
    record.spread.map_or_else(
        || "–".to_owned(),
        |[quickest, slowest]| format!("{} … {}", figure(quickest), figure(slowest)),
    )
}

fn peer(record: &Record) -> String {
    record.peer.as_ref().map_or_else(
        || "–".to_owned(),
        |(name, value)| format!("{} ({name})", figure(*value)),
    )
}
