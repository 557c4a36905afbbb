//! Every backend gives the bits of the reference kernels: one row each of the conformance suite.

use metisvm_accel::cpu::{self, CpuBackend};
use metisvm_accel::fpga::Options;
use metisvm_accel::opencl::{self, OpenClBackend};
use metisvm_accel::reference::ReferenceBackend;
use metisvm_firmware::Geometry;
use metisvm_model::{Graph, Node, Op, Value};
use metisvm_opencl::{Choice, Device};
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
    rows.extend(opencl());
    // While one backend is worked on: METISVM_ROWS=opencl runs the rows whose names have that.
    if let Ok(only) = std::env::var("METISVM_ROWS") {
        rows.retain(|row| row.name().contains(&only));
        assert!(!rows.is_empty(), "no row has {only:?} in its name");
    }
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
            max_wrong_results: 1,
        };
        let mode = if checked { "checked" } else { "fast" };
        let make = move || cards::backend(geometry, options);
        Row::new(format!("fpga {name}, {mode}"), make)
            .taking(move |graph, node| has_accumulators(&geometry, graph, node))
            .graphs(parity..GRAPHS, 2)
    })
}

/// The opencl backend over the first device there is: trusted on some graphs, checked on others, which go through the
/// host.
fn opencl() -> Vec<Row> {
    let found = match metisvm_opencl::find(&Choice::Any) {
        Ok(found) => found,
        Err(why) => {
            println!("left out: opencl ({why})");
            return Vec::new();
        }
    };
    let rows = [(false, 0, OPENCL_GRAPHS), (true, 1, OPENCL_GRAPHS * 4)].map(|(checked, first, step)| {
        let found = found.clone();
        let mode = if checked { "checked" } else { "trusted" };
        let make = move || {
            let device = Device::open(found.clone(), Default::default()).expect("it was just found");
            Arc::new(OpenClBackend::new(device, opencl::Options { checked }))
        };
        Row::new(format!("opencl, {mode}"), make)
            .taking(|_, node| is_for_opencl(node))
            .graphs(first..GRAPHS, step)
    });
    rows.into()
}

/// Of the generated graphs the trusted row runs every so-manieth: launches take their time.
const OPENCL_GRAPHS: usize = 5;

/// The backend takes every operator, with zero points, requantisation parameters and bounds that are constants, but for
/// reductions and windows of a constant, and biases of 16-bit products that are computed.
fn is_for_opencl(node: &Node) -> bool {
    let constant = |place: usize| matches!(node.operands.get(place), None | Some(Value::Constant(_)));
    match node.op {
        Op::MatMul => constant(2) && constant(3),
        Op::WideMatMul => constant(2) && constant(3) && constant(4),
        Op::Conv2d { .. } => !constant(0) && constant(2) && constant(3),
        Op::Requantise { .. } => constant(1) && constant(2) && constant(3),
        Op::Clamp => constant(1) && constant(2),
        Op::MaxPool2d { .. }
        | Op::ArgMax { .. }
        | Op::ReduceSum { .. }
        | Op::ReduceMax { .. }
        | Op::InvNorm { .. } => !constant(0),
        _ => true,
    }
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
