//! Figures for people: a table for each unit of a subject, engines side by side.

use crate::error::CliError;
use crate::output;
use metisvm_bench::{Engine, Grid, Record, figure, grids, offload};

/// Writes the tables.
pub(super) fn show(records: &[Record]) -> Result<(), CliError> {
    for grid in grids(records) {
        output::line(&table(&grid).to_string())?;
    }
    Ok(())
}

/// Says from where on devices are faster than the processor.
pub(super) fn show_offload(records: &[Record], engines: &[Engine]) -> Result<(), CliError> {
    let devices: Vec<String> = engines
        .iter()
        .filter(|engine| engine.is_device())
        .map(Engine::title)
        .collect();
    for found in offload(records, &devices) {
        output::line(&found.sentence())?;
    }
    Ok(())
}

fn table(grid: &Grid<'_>) -> output::Table {
    let mut heading = vec![format!("{}, {}", grid.subject, grid.unit)];
    heading.extend(grid.engines.iter().cloned());
    heading.extend(grid.peers.iter().map(|peer| format!("peer: {peer}")));
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    let mut table = output::table(&heading);
    let none = || "–".to_owned();
    for row in &grid.rows {
        let mut cells = vec![row.case.to_owned()];
        cells.extend(row.engines.iter().map(|record| record.map_or_else(none, cell)));
        cells.extend(row.peers.iter().map(|peer| peer.map_or_else(none, figure)));
        table.add_row(cells);
    }
    table
}

/// A figure, how far its samples differ, and how many times as fast as the first peer it is.
fn cell(record: &Record) -> String {
    let mut cell = figure(record.ours);
    if let Some(percent) = record.spread_percent() {
        cell.push_str(&format!(" ±{}%", figure(percent)));
    }
    if let Some(ratio) = record.ratio() {
        cell.push_str(&format!(" ×{}", figure(ratio)));
    }
    cell
}
