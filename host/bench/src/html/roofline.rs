//! A roofline (Williams, Waterman, Patterson 2009): what one thread computes a second against the operations
//! that it has for each byte, below what its multipliers and its memory allow.
//!
//! Bytes are the least that has to move: inputs, outputs and weights once. What lies in a cache comes from
//! there, so points may lie above the slope, and never above the level.

use super::escape::escape;
use super::plot::{Pen, Plot};
use super::scale::has_place;
use crate::figure::figure;
use crate::record::Record;
use crate::roof::{BANDWIDTH, PEAK};
use std::fmt::Write;

/// A figure in the plot.
struct Point<'r> {
    record: &'r Record,
    /// Operations a byte.
    intensity: f64,
    gops: f64,
}

/// Writes the plot and the table of its points, where the machine was measured.
pub(super) fn write(out: &mut String, records: &[Record]) {
    let peaks: Vec<&Record> = records.iter().filter(|record| is(record, PEAK)).collect();
    let bandwidth = records.iter().find(|record| is(record, BANDWIDTH));
    let Some(bandwidth) = bandwidth.map(|record| record.ours) else {
        return;
    };
    let Some(peak) = peaks.iter().map(|record| record.ours).reduce(f64::max) else {
        return;
    };
    let points: Vec<Point<'_>> = records.iter().filter_map(point).collect();
    let mut room: Vec<(f64, f64)> = points.iter().map(|point| (point.intensity, point.gops)).collect();
    let ridge = peak / bandwidth;
    room.extend([(ridge * 4.0, peak * 1.2), (ridge / 30.0, peak / 30.0)]);
    let axes = ["operations a byte", "GOPS"];
    let mut plot = Plot::new([920.0, 420.0], &room, axes, "wide", "roofline of one thread");
    let [low, high] = plot.x.ends();
    let [bottom, _] = plot.y.ends();
    for roof in &peaks {
        let ridge = roof.ours / bandwidth;
        // The slope begins where it comes into the plot.
        let foot = low.max(bottom / bandwidth);
        plot.line(
            "roof",
            &[
                (foot, foot * bandwidth),
                (ridge.max(foot), roof.ours),
                (high, roof.ours),
            ],
        );
        plot.label(
            (ridge.max(foot), roof.ours),
            &format!("{}: {} GOPS", roof.engine(), figure(roof.ours)),
        );
    }
    // In the middle of the slope, where few points are.
    let middle = (low.max(bottom / bandwidth) * ridge).sqrt();
    plot.label(
        (middle, middle * bandwidth),
        &format!("memory: {} GB/s", figure(bandwidth)),
    );
    let mut cases: Vec<&str> = Vec::new();
    let mut engines: Vec<String> = Vec::new();
    for point in &points {
        let number = place(&mut cases, point.record.case.as_str()) + 1;
        let engine = place(&mut engines, point.record.engine());
        let at = (point.intensity, point.gops);
        let title = format!(
            "{}, {}: {} GOPS",
            point.record.case,
            point.record.engine(),
            figure(point.gops)
        );
        plot.mark(pen(engine), at, &title);
        if engine == 0 {
            plot.label(at, &number.to_string());
        }
    }
    let legend: Vec<(Pen, String)> = engines
        .iter()
        .enumerate()
        .map(|(at, name)| (pen(at), name.clone()))
        .collect();
    let _ = writeln!(
        out,
        "<figure>\n<figcaption>Roofline of one thread. Bytes are inputs, outputs and weights, each once; what comes \
         from a cache may lie above the slope. Numbers are those of the table below.</figcaption>\n{}</figure>",
        plot.finish(&legend)
    );
    out.push_str("<div class=\"scroll\"><table>\n<tr><th>case</th><th>operations a byte</th>");
    for engine in &engines {
        let _ = write!(out, "<th>{}: GOPS, and of the roof</th>", escape(engine));
    }
    out.push_str("</tr>\n");
    for (number, case) in cases.iter().enumerate() {
        let of_it: Vec<&Point<'_>> = points.iter().filter(|point| point.record.case == *case).collect();
        let intensity = of_it.first().map_or(0.0, |point| point.intensity);
        let _ = write!(
            out,
            "<tr><td>{}. {}</td><td>{}</td>",
            number + 1,
            escape(case),
            figure(intensity)
        );
        for engine in &engines {
            let found = of_it.iter().find(|point| point.record.engine() == *engine);
            let cell = found.map_or_else(
                || "–".to_owned(),
                |point| {
                    let roof = peak.min(bandwidth * point.intensity);
                    format!("{}, {} %", figure(point.gops), figure(100.0 * point.gops / roof))
                },
            );
            let _ = write!(out, "<td>{cell}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table></div>\n");
}

fn is(record: &Record, case: &str) -> bool {
    record.case == case && has_place(record.ours)
}

const fn pen(number: usize) -> Pen {
    Pen { number, peer: false }
}

/// Where something is in a list, which it comes to if it is not there.
fn place<T: PartialEq>(list: &mut Vec<T>, entry: T) -> usize {
    list.iter().position(|known| *known == entry).unwrap_or_else(|| {
        list.push(entry);
        list.len() - 1
    })
}

/// The place of a record that has one: its work is known, and it was done by one thread.
fn point(record: &Record) -> Option<Point<'_>> {
    let work = record
        .work
        .filter(|work| work.operations > 0.0 && work.bytes > 0.0)?;
    let calls = match record.unit.as_str() {
        "GOPS" => record.ours * 1e9 / work.operations,
        // A call is a batch.
        "inferences/s" => record.ours / record.place.as_ref()?.size,
        _ => return None,
    };
    let point = Point {
        record,
        intensity: work.operations / work.bytes,
        gops: calls * work.operations / 1e9,
    };
    let shown = record.threads == Some(1) && has_place(point.intensity) && has_place(point.gops);
    shown.then_some(point)
}
