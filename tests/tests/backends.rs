//! Every backend gives the bits of the reference kernels: one row each of the conformance suite.

use metisvm_accel::cpu::{self, CpuBackend};
use metisvm_accel::fpga::Options;
use metisvm_accel::reference::ReferenceBackend;
use metisvm_firmware::Geometry;
use metisvm_model::{Graph, Node, Op};
use metisvm_simd::Level;
use metisvm_tests::backend_suite::{self, GRAPHS, Row};
use metisvm_tests::cards::{self, GEOMETRIES};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

/// The rows. **A new backend is one line here.**
fn rows() -> Vec<Row> {
    let mut rows = vec![Row::new("reference", || Arc::new(ReferenceBackend))];
    rows.extend(Level::available().enumerate().map(cpu));
    rows.extend(GEOMETRIES.iter().flat_map(fpga));
    rows
}

/// The cpu backend at one level: the fastest runs every graph, each of the others a share of its own.
fn cpu((place, level): (usize, Level)) -> Row {
    let options = cpu::Options {
        level: Some(level),
        ..cpu::Options::default()
    };
    let row = Row::new(format!("cpu {level}"), move || Arc::new(CpuBackend::new(options)));
    match place {
        0 => row,
        _ => row.graphs(place as u64..GRAPHS, OTHER_LEVELS),
    }
}

/// Of the generated graphs, slower levels run every so-manieth: an odd number, so that each has even and odd ones.
const OTHER_LEVELS: usize = 5;

/// The fpga backend over a functional card: checked on even graphs, fast on odd ones.
fn fpga(&(name, geometry): &(&'static str, Geometry)) -> [Row; 2] {
    [(true, 0), (false, 1)].map(|(checked, parity)| {
        // Without resets: a card that fails once fails the row.
        let options = Options {
            checked,
            max_resets: 0,
        };
        let mode = if checked { "checked" } else { "fast" };
        let make = move || cards::backend(geometry, options);
        Row::new(format!("fpga {name}, {mode}"), make)
            .taking(move |graph, node| has_accumulators(&geometry, graph, node))
            .graphs(parity..GRAPHS, 2)
    })
}

/// A card takes every operator of version 1 of the bundle, but for what a few accumulator tiles do not hold.
fn has_accumulators(geometry: &Geometry, _graph: &Graph, node: &Node) -> bool {
    if node.op.operator().since > 1 {
        return false;
    }
    let needed = match node.op {
        Op::Add | Op::MaxPool2d { .. } => 2,
        Op::ArgMax { .. } if geometry.tile_cols == 1 => 3,
        Op::ArgMax { .. } => 2,
        _ => 1,
    };
    geometry.acc_tiles >= needed
}

#[test]
fn every_backend_passes_the_suite() {
    let mut text = String::from("\n");
    let mut failures = Vec::new();
    for outcome in backend_suite::run(&rows()) {
        match outcome {
            Ok(report) if report.row == "reference" => writeln!(text, "{report}").expect("a string"),
            Ok(report) => writeln!(text, "{}", report.summary()).expect("a string"),
            Err(failure) => failures.push(failure.to_string()),
        }
    }
    // Not through println!, which is swallowed when a test passes.
    std::io::stdout()
        .write_all(text.as_bytes())
        .expect("stdout is open");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
