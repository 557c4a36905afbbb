//! The reports in `bitstreams/` belong to the Verilog and to the bitstream in the tree.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// The cards that are placed and routed, and those that are estimated.
const ROUTED: [&str; 2] = ["ecp5-85f", "ecp5-85f-tensor"];
const ESTIMATED: [&str; 3] = ["artix7-100t", "ultrascale-plus", "ultrascale-plus-tensor"];

/// What the largest ECP5 has.
const ECP5_LUT4: u64 = 83_640;
const ECP5_BLOCK_RAM: u64 = 208;
const ECP5_MULTIPLIERS: u64 = 156;

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
    for target in ROUTED.into_iter().chain(ESTIMATED) {
        let source = tree().join(format!("hdl/verilog/{target}.v"));
        assert_eq!(
            report(target)["source_sha256"],
            sha256(&source),
            "bitstreams/build {target} makes the report anew"
        );
    }
}

#[test]
fn bitstreams_are_those_of_their_reports() {
    for target in ROUTED {
        let report = report(target);
        let bit = tree().join(format!("bitstreams/{target}/{target}.bit"));
        assert_eq!(report["bit_sha256"], sha256(&bit), "{target}");
        assert_eq!(report["bit_bytes"], fs::metadata(&bit).unwrap().len(), "{target}");
        // The comment that ecppack writes first, then the preamble of a bitstream.
        let bytes = fs::read(&bit).unwrap();
        let preamble = [0xff, 0xff, 0xbd, 0xb3];
        assert!(
            bytes[..256].windows(4).any(|window| window == preamble),
            "{target}"
        );
    }
}

/// Registers that the emitted Verilog cannot do without: the states of the Keccak cores.
fn least_ff(target: &str) -> f64 {
    let board = metisvm_boards::Board::named(target).unwrap();
    (board.cores * 1600) as f64
}

#[test]
fn sizes_are_believable() {
    for target in ROUTED {
        let ecp5 = report(target);
        let board = metisvm_boards::Board::named(target).unwrap();
        assert!((10_000.0..=ECP5_LUT4 as f64).contains(&number(&ecp5, "lut4")));
        assert!((1.0..=ECP5_BLOCK_RAM as f64).contains(&number(&ecp5, "block_ram")));
        assert_eq!(number(&ecp5, "pins"), 69.0);
        assert!((40.0..400.0).contains(&number(&ecp5, "fmax_mhz")));
        // What its register CLOCK_KHZ says is a clock that it can have.
        assert!(number(&ecp5, "fmax_mhz") * 1e3 >= board.capabilities.clock_khz.into());
        assert!(number(&ecp5, "ff") > least_ff(target));
        // Those of the array, and a few of what requantises.
        let products = board.tensor.map_or(0, |tensor| match tensor.multipliers {
            metisvm_boards::Multipliers::Dsp(products) => products,
            other => panic!("{target}: an ECP5 has DSP blocks, not {other:?}"),
        });
        let dsp = number(&ecp5, "dsp");
        assert!(
            (products as f64..=ECP5_MULTIPLIERS as f64).contains(&dsp),
            "{dsp}"
        );
    }
    for target in ESTIMATED {
        let report = report(target);
        let board = metisvm_boards::Board::named(target).unwrap();
        // What it is called is what was done.
        let in_parts = report["options"]["synthesis"]
            .to_string()
            .contains("keep_hierarchy");
        let parts = if in_parts { "part by part, " } else { "" };
        assert_eq!(
            report["estimate"],
            format!("synthesis only, {parts}no place and route")
        );
        assert!(
            report.get("fmax_mhz").is_none(),
            "{target}: a clock without routing"
        );
        assert!(number(&report, "ff") > least_ff(target));
        assert!(number(&report, "lut6") > 10_000.0);
        // An engine cannot do with fewer blocks than its products and its lanes take.
        let geometry = board.capabilities.geometry;
        let sides = [geometry.tile_rows, geometry.tile_cols, geometry.tile_depth];
        let [rows, cols, depth] = sides.map(f64::from);
        if let Some(tensor) = board.tensor {
            assert_eq!(
                tensor.multipliers,
                metisvm_boards::Multipliers::Packed,
                "{target}"
            );
            assert!(number(&report, "dsp") >= rows * cols * depth / 2.0, "{target}");
            assert!(number(&report, "block_ram") >= depth * (rows + cols), "{target}");
        }
    }
}
