//! Plots of sizes against figures: one for each family of cases, a curve for each engine and each peer.

use super::escape::escape;
use super::plot::{Pen, Plot};
use super::scale::has_place;
use crate::figure::{figure, size as sized};
use crate::record::Record;
use std::fmt::Write;

/// One curve.
struct Curve {
    title: String,
    peer: bool,
    points: Vec<(f64, f64)>,
}

/// Curves with a title and axes in common.
struct Family<'r> {
    name: &'r str,
    axis: &'r str,
    unit: &'r str,
    curves: Vec<Curve>,
}

/// Writes the plots of records that have a place in one. A single size is no plot.
pub(super) fn write(out: &mut String, records: &[Record]) {
    let families = families(records);
    if families.is_empty() {
        return;
    }
    out.push_str("<div class=\"plots\">\n");
    for family in families {
        let points: Vec<(f64, f64)> = family
            .curves
            .iter()
            .flat_map(|curve| curve.points.clone())
            .collect();
        let axes = [family.axis, family.unit];
        let mut plot = Plot::new([520.0, 300.0], &points, axes, "plot", family.name);
        let mut legend = Vec::new();
        for (number, curve) in family.curves.iter().enumerate() {
            let pen = Pen {
                number,
                peer: curve.peer,
            };
            plot.curve(pen, &curve.points, |size, value| {
                let (title, axis, unit) = (&curve.title, family.axis, family.unit);
                format!("{title}, {axis} {}: {} {unit}", sized(size), figure(value))
            });
            legend.push((pen, curve.title.clone()));
        }
        let _ = writeln!(
            out,
            "<figure>\n<figcaption>{}, {}</figcaption>\n{}</figure>",
            escape(family.name),
            escape(family.unit),
            plot.finish(&legend)
        );
    }
    out.push_str("</div>\n");
}

fn families(records: &[Record]) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for record in records {
        let Some(place) = &record.place else { continue };
        let known = families
            .iter()
            .position(|family| family.name == place.family && family.unit == record.unit);
        let at = known.unwrap_or_else(|| {
            families.push(Family {
                name: &place.family,
                axis: &place.axis,
                unit: &record.unit,
                curves: Vec::new(),
            });
            families.len() - 1
        });
        let family = &mut families[at];
        family.add(record.engine(), false, (place.size, record.ours));
        if let Some((name, figure)) = &record.peer {
            family.add(format!("peer: {name}"), true, (place.size, *figure));
        }
    }
    families.retain(|family| family.curves.iter().any(|curve| curve.points.len() > 1));
    for family in &mut families {
        // Engines first, so that they have the same colours in every plot.
        family.curves.sort_by_key(|curve| curve.peer);
        for curve in &mut family.curves {
            curve.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
    }
    families
}

impl Family<'_> {
    /// Adds a point that has a place; of two of one curve at one size the first counts.
    fn add(&mut self, title: String, peer: bool, point: (f64, f64)) {
        if !has_place(point.0) || !has_place(point.1) {
            return;
        }
        let known = self
            .curves
            .iter()
            .position(|curve| curve.title == title && curve.peer == peer);
        let at = known.unwrap_or_else(|| {
            self.curves.push(Curve {
                title,
                peer,
                points: Vec::new(),
            });
            self.curves.len() - 1
        });
        let points = &mut self.curves[at].points;
        if points.iter().all(|(size, _)| *size != point.0) {
            points.push(point);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;
    use crate::subject::Subject;

    #[test]
    fn a_curve_goes_through_rising_sizes_and_a_single_size_is_no_plot() {
        let at = |backend, size, ours| record(Subject::Models, "m", backend, ours).at("m", size, "batch");
        let records = [at("cpu", 16.0, 3.0), at("cpu", 1.0, 2.0), at("fpga", 1.0, 1.0)];
        let families = families(&records);
        let [family] = &families[..] else {
            panic!("one plot")
        };
        let titles: Vec<&str> = family.curves.iter().map(|curve| curve.title.as_str()).collect();
        assert_eq!(titles, ["cpu", "fpga", "peer: reference"]);
        assert_eq!(family.curves[0].points, [(1.0, 2.0), (16.0, 3.0)]);
        let mut out = String::new();
        write(&mut out, &records[..1]);
        assert_eq!(out, "");
    }
}
