//! Figures as tables in Markdown, which docs/benchmarks.md takes as they are, or as lines of JSON.

use crate::Failure;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::io::{self, Write};

/// Writes a line and flushes it, so that figures are there as soon as they are known.
pub fn line(text: impl core::fmt::Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// A table that is written when all its rows are known.
#[derive(Debug)]
pub struct Figures {
    table: Table,
    columns: usize,
}

impl Figures {
    /// An empty table with these columns.
    pub fn new(columns: &[&str]) -> Self {
        let mut table = Table::new();
        table
            .load_style(presets::ASCII_MARKDOWN)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(columns);
        Self {
            table,
            columns: columns.len(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.table.add_row(cells);
    }

    /// Writes the table under a heading; figures stand to the right.
    pub fn print(mut self, heading: &str) -> Result<(), Failure> {
        for column in 1..self.columns {
            if let Some(column) = self.table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        line(format_args!("\n{heading}\n\n{}", self.table))
    }
}

/// Milliseconds.
pub fn ms(value: f64) -> String {
    format!("{value:.2}")
}

/// A ratio; those below one are losses and are marked as such.
pub fn ratio(value: f64) -> String {
    if value < 0.995 {
        format!("**{value:.2}**")
    } else {
        format!("{value:.2}")
    }
}

/// A geometric mean, where there is one.
pub fn mean(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), ratio)
}
