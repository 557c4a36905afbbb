//! Tables of figures: a row a case, a column an engine.

use super::escape::escape;
use crate::figure::figure;
use crate::grid::grids;
use crate::record::Record;
use std::fmt::Write;

/// Writes a table for each unit.
pub(super) fn write(out: &mut String, records: &[Record]) {
    for grid in grids(records) {
        let _ = writeln!(
            out,
            "<h3>{}</h3>\n<div class=\"scroll\"><table>",
            escape(grid.unit)
        );
        out.push_str("<tr><th>case</th>");
        for engine in &grid.engines {
            let _ = write!(out, "<th>{}</th>", escape(engine));
        }
        for peer in &grid.peers {
            let _ = write!(out, "<th>peer: {}</th>", escape(peer));
        }
        out.push_str("</tr>\n");
        for row in &grid.rows {
            let _ = write!(out, "<tr><td>{}</td>", escape(row.case));
            for cell in &row.engines {
                let _ = write!(
                    out,
                    "<td>{}</td>",
                    cell.map_or_else(|| "–".to_owned(), self::cell)
                );
            }
            for peer in &row.peers {
                let _ = write!(out, "<td>{}</td>", peer.map_or_else(|| "–".to_owned(), figure));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</table></div>\n");
    }
}

fn cell(record: &Record) -> String {
    let mut cell = figure(record.ours);
    if let Some(percent) = record.spread_percent() {
        let _ = write!(cell, " <span class=\"small\">±{}%</span>", figure(percent));
    }
    if let Some(ratio) = record.ratio() {
        let class = if ratio < 1.0 { "loss" } else { "gain" };
        let _ = write!(cell, " <span class=\"{class}\">×{}</span>", figure(ratio));
    }
    cell
}
