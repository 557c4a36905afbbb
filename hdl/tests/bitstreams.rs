//! The reports in `bitstreams/` belong to the Verilog and to the bitstream in the tree.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// What the largest ECP5 has.
const ECP5_LUT4: u64 = 83_640;
const ECP5_BLOCK_RAM: u64 = 208;

fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn report(target: &str) -> Value {
    let path = tree().join(format!("bitstreams/{target}/report.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["target"], target);
    report
}

fn sha256(path: &Path) -> String {
    let digest = Sha256::digest(fs::read(path).unwrap());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn number(report: &Value, key: &str) -> f64 {
    report[key]
        .as_f64()
        .unwrap_or_else(|| panic!("{key} is no number"))
}

#[test]
fn reports_are_of_the_verilog_in_the_tree() {
    for target in ["ecp5-85f", "artix7-100t", "ultrascale-plus"] {
        let source = tree().join(format!("hdl/verilog/{target}.v"));
        assert_eq!(
            report(target)["source_sha256"],
            sha256(&source),
            "bitstreams/build {target} makes the report anew"
        );
    }
}

#[test]
fn bitstream_is_the_one_of_its_report() {
    let report = report("ecp5-85f");
    let bit = tree().join("bitstreams/ecp5-85f/ecp5-85f.bit");
    assert_eq!(report["bit_sha256"], sha256(&bit));
    assert_eq!(report["bit_bytes"], fs::metadata(&bit).unwrap().len());
    // The comment that ecppack writes first, then the preamble of a bitstream.
    let bytes = fs::read(&bit).unwrap();
    let preamble = [0xff, 0xff, 0xbd, 0xb3];
    assert!(bytes[..256].windows(4).any(|window| window == preamble));
}

/// Registers that the emitted Verilog cannot do without: the states of the Keccak cores.
fn least_ff(target: &str) -> f64 {
    let board = metisvm_boards::Board::named(target).unwrap();
    (board.cores * 1600) as f64
}

#[test]
fn sizes_are_believable() {
    let ecp5 = report("ecp5-85f");
    assert!((20_000.0..=ECP5_LUT4 as f64).contains(&number(&ecp5, "lut4")));
    assert!((1.0..=ECP5_BLOCK_RAM as f64).contains(&number(&ecp5, "block_ram")));
    assert_eq!(number(&ecp5, "pins"), 69.0);
    assert!((40.0..400.0).contains(&number(&ecp5, "fmax_mhz")));
    assert!(number(&ecp5, "ff") > least_ff("ecp5-85f"));
    for target in ["artix7-100t", "ultrascale-plus"] {
        let report = report(target);
        assert_eq!(report["estimate"], "synthesis only, no place and route");
        assert!(
            report.get("fmax_mhz").is_none(),
            "{target}: a clock without routing"
        );
        assert!(number(&report, "ff") > least_ff(target));
        assert!(number(&report, "lut6") > 10_000.0);
    }
}
