//! Where offload begins to pay: the size from which a device is faster than the processor.

use crate::figure::{figure, size as sized};
use crate::record::{Place, Record};
use crate::subject::Subject;
use std::collections::BTreeMap;

/// What was found for one device and one plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Offload {
    /// What grows: the plot's title.
    pub family: String,
    /// What sizes are counted in.
    pub axis: String,
    /// The device.
    pub device: String,
    /// From where on.
    pub from: Crossing,
}

/// From which size on a device is the faster one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crossing {
    /// At every size that was measured; the least of them.
    Always(f64),
    /// From about this size on: where the two lines cross, between two that were measured.
    Size(f64),
    /// Not up to this size, where it is so many times as fast as the processor.
    Never {
        /// The largest size measured on both.
        size: f64,
        /// Below 1.
        ratio: f64,
    },
}

impl Offload {
    /// For people.
    pub fn sentence(&self) -> String {
        let Self {
            family,
            axis,
            device,
            from,
        } = self;
        match from {
            Crossing::Always(size) => {
                format!(
                    "{family}: {device} is faster than the processor at every size from {axis} {} on",
                    sized(*size)
                )
            }
            Crossing::Size(size) => format!("{family}: {device} pays from {axis} {} on", sized(*size)),
            Crossing::Never { size, ratio } => format!(
                "{family}: {device} does not pay up to {axis} {}, where it is {} times as fast as the processor",
                sized(*size),
                figure(*ratio)
            ),
        }
    }
}

/// Compares each device with the fastest engine of the host at each size that both were measured at.
/// `devices` are the titles of engines that are devices; the reference is no engine that anybody would
/// choose.
pub fn offload(records: &[Record], devices: &[String]) -> Vec<Offload> {
    let mut families: Vec<(&Place, Vec<&Record>)> = Vec::new();
    for record in records {
        let Some(place) = &record.place else { continue };
        // The latency of a batch says what its throughput says.
        if record.subject == Subject::Models && record.is_time() {
            continue;
        }
        match families
            .iter_mut()
            .find(|(known, of_it)| known.family == place.family && of_it[0].unit == record.unit)
        {
            Some((_, of_it)) => of_it.push(record),
            None => families.push((place, vec![record])),
        }
    }
    let mut found = Vec::new();
    for (place, of_it) in families {
        let host = fastest(
            of_it
                .iter()
                .filter(|record| !devices.contains(&record.engine()) && record.backend != "reference"),
        );
        for device in devices {
            let own = fastest(of_it.iter().filter(|record| record.engine() == *device));
            let ratios: Vec<(f64, f64)> = own
                .values()
                .filter_map(|&(size, ours)| {
                    let (_, theirs) = host.get(&size.to_bits())?;
                    Some((size, ours / theirs))
                })
                .filter(|(_, ratio)| *ratio > 0.0 && ratio.is_finite())
                .collect();
            if let Some(from) = crossing(&ratios) {
                found.push(Offload {
                    family: place.family.clone(),
                    axis: place.axis.clone(),
                    device: device.clone(),
                    from,
                });
            }
        }
    }
    found
}

/// The greatest speed at each size. Bits of positive numbers are in their order.
fn fastest<'r>(records: impl Iterator<Item = &'r &'r Record>) -> BTreeMap<u64, (f64, f64)> {
    let mut best: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for record in records {
        let Some(place) = &record.place else { continue };
        let speed = if record.is_time() {
            1.0 / record.ours
        } else {
            record.ours
        };
        let entry = best.entry(place.size.to_bits()).or_insert((place.size, speed));
        entry.1 = entry.1.max(speed);
    }
    best
}

/// From sizes, rising, and how many times as fast the device is there.
fn crossing(ratios: &[(f64, f64)]) -> Option<Crossing> {
    let &(size, ratio) = ratios.last()?;
    if ratio < 1.0 {
        return Some(Crossing::Never { size, ratio });
    }
    let Some(below) = ratios.iter().rposition(|(_, ratio)| *ratio < 1.0) else {
        return Some(Crossing::Always(ratios[0].0));
    };
    // Both lines are straight between their points in the plot, whose axes are logarithmic.
    let ((before, low), (after, high)) = (ratios[below], ratios[below + 1]);
    let share = -low.ln() / (high.ln() - low.ln());
    Some(Crossing::Size(
        (before.ln() + share * (after / before).ln()).exp(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    #[test]
    fn lines_cross_between_the_points_of_the_plot() {
        assert_eq!(crossing(&[]), None);
        assert_eq!(crossing(&[(1.0, 2.0), (4.0, 3.0)]), Some(Crossing::Always(1.0)));
        let never = Crossing::Never {
            size: 4.0,
            ratio: 0.5,
        };
        assert_eq!(crossing(&[(1.0, 2.0), (4.0, 0.5)]), Some(never));
        // Half as fast at 1, twice as fast at 4: as fast at 2.
        match crossing(&[(1.0, 0.5), (4.0, 2.0), (8.0, 3.0)]) {
            Some(Crossing::Size(size)) => assert!((size - 2.0).abs() < 1e-9, "{size}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_device_is_held_to_the_fastest_of_the_host_and_not_to_the_reference() {
        let at = |backend: &str, size: f64, ours: f64| {
            record(Subject::Models, "m", backend, ours).at("m", size, "batch")
        };
        let records = [
            at("cpu", 1.0, 10.0),
            at("reference", 1.0, 1000.0),
            at("fpga", 1.0, 5.0),
            at("cpu", 16.0, 10.0),
            at("fpga", 16.0, 40.0),
            at("fpga", 64.0, 40.0),
        ];
        let found = offload(&records, &["fpga".to_owned()]);
        assert_eq!(found.len(), 1);
        assert!(
            matches!(found[0].from, Crossing::Size(size) if (2.0..4.0).contains(&size)),
            "{found:?}"
        );
        assert!(found[0].sentence().contains("pays from batch"));
        assert_eq!(offload(&records, &[]), []);
    }

    #[test]
    fn of_times_the_shorter_is_the_faster() {
        let at = |backend: &str, size: f64, ours: f64| {
            let mut record = record(Subject::Card, "m", backend, ours).at("m", size, "batch");
            record.unit = "ms".to_owned();
            record
        };
        let records = [at("cpu", 1.0, 10.0), at("fpga", 1.0, 5.0)];
        let found = offload(&records, &["fpga".to_owned()]);
        assert_eq!(found[0].from, Crossing::Always(1.0));
    }
}
