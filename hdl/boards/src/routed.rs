//! The clocks that place and route reached.

use serde_json::Value;

/// Reports of bitstreams, by the names of their boards.
const REPORTS: [(&str, &str); 2] = [
    (
        "ecp5-85f",
        include_str!("../../../bitstreams/ecp5-85f/report.json"),
    ),
    (
        "ecp5-85f-tensor",
        include_str!("../../../bitstreams/ecp5-85f-tensor/report.json"),
    ),
];

/// The clock that a board's bitstream was routed for, kHz; `None` for a board without one.
pub fn routed_khz(name: &str) -> Option<u32> {
    let (_, report) = REPORTS.iter().find(|(known, _)| *known == name)?;
    let report: Value = serde_json::from_str(report).ok()?;
    let khz = fmax_mhz(&report)? * 1e3;
    (khz > 0.0 && khz < f64::from(u32::MAX)).then_some(khz as u32)
}

fn fmax_mhz(report: &Value) -> Option<f64> {
    report["fmax_mhz"].as_f64()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_routed_board_is_known_and_no_other() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bitstreams");
        let mut routed = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let report = entry.unwrap().path().join("report.json");
            let Ok(text) = std::fs::read_to_string(report) else {
                continue;
            };
            let report: Value = serde_json::from_str(&text).unwrap();
            if fmax_mhz(&report).is_some() {
                routed.insert(report["target"].as_str().unwrap().to_owned());
            }
        }
        let known = REPORTS.iter().map(|(name, _)| (*name).to_owned());
        assert_eq!(routed, known.collect());
        assert!(routed.iter().all(|name| routed_khz(name).is_some()));
        assert!(routed_khz(crate::DEFAULT).is_none());
    }
}
