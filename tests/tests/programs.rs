//! What the compiler of the `fpga` backend makes of generated graphs.
//!
//! The test prints what it reached; it fails if an operator, an instruction or a kind of tile edge was
//! not reached, so that a change of the generator cannot hollow it out. What the programs compute is the
//! matter of `backends.rs`.

use metisvm_accel::fpga::{self, Mode};
use metisvm_firmware::isa::{Operation, VectorOp};
use metisvm_firmware::{Capabilities, Geometry};
use metisvm_model::{Graph, Op, Segment, Value};
use metisvm_sim::SimOptions;
use metisvm_tests::cards::GEOMETRIES;
use metisvm_tests::graphs;
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

const GRAPHS: u64 = 2_000;

type Reach = BTreeMap<String, u64>;

#[test]
fn programs_of_generated_graphs_use_every_instruction_and_cost_what_they_say() {
    let mut reach = Reach::new();
    for seed in 0..GRAPHS {
        let (graph, refused) = graphs::of_version_1(seed);
        *reach
            .entry("candidates that the proof refused".into())
            .or_default() += u64::from(refused);
        let graph = Arc::new(graph);
        note_graph(&graph, &mut reach);
        for &(_, geometry) in &GEOMETRIES {
            note_programs(&graph, geometry, &mut reach);
        }
    }
    let mut report = format!(
        "\n{GRAPHS} generated graphs compiled for {} geometries reached:\n",
        GEOMETRIES.len()
    );
    for (what, count) in &reach {
        report += &format!("  {what}: {count}\n");
    }
    // Not through println!, which is swallowed when a test passes.
    std::io::stdout()
        .write_all(report.as_bytes())
        .expect("stdout is open");
    for what in MUST_REACH {
        assert!(reach.contains_key(*what), "never reached: {what}");
    }
}

const MUST_REACH: &[&str] = &[
    "operator MatMul",
    "operator Conv2d",
    "operator Add",
    "operator Requantise",
    "operator Clamp",
    "operator Table",
    "operator MaxPool2d",
    "operator Reshape",
    "operator ArgMax",
    "instruction LOAD A",
    "instruction LOAD B",
    "instruction LOAD Acc",
    "instruction LOAD_TILES A",
    "instruction LOAD_TILES Acc",
    "instruction LOAD_TILES B",
    "instruction LOAD_TILES Param",
    "instruction LOAD_TILES Table",
    "instruction FILL A",
    "instruction FILL Acc",
    "instruction GEMM overwrite",
    "instruction GEMM accumulate",
    "instruction ADD",
    "instruction MAX",
    "instruction MAX immediate",
    "instruction MIN immediate",
    "instruction REQUANTISE shared",
    "instruction REQUANTISE per column",
    "instruction TABLE",
    "instruction ARGMAX first",
    "instruction ARGMAX more",
    "instruction STORE",
    "instruction STORE_TILES",
    "gemm edge: ragged rows",
    "gemm edge: whole rows",
    "gemm edge: ragged columns",
    "gemm edge: whole columns",
    "gemm edge: ragged depth",
    "gemm edge: whole depth",
    "gemm edge: several tiles of rows",
    "gemm edge: several tiles of columns",
    "gemm edge: several tiles of depth",
    "graphs with i16",
    "graphs with several outputs",
    "graphs with computed weights",
    "graphs that a card takes in part",
    "kernels over 4",
    "strides over 3",
    "dilations over 3",
    "paddings over 3",
    "images over 9",
];

fn note_graph(graph: &Graph, reach: &mut Reach) {
    let mut note = |what: String| *reach.entry(what).or_default() += 1;
    for node in graph.nodes() {
        note(format!("operator {}", node.op.name()));
        if node.op.name() == "MatMul" && !matches!(node.operands[1], Value::Constant(_)) {
            note("graphs with computed weights".into());
        }
    }
    for node in graph.nodes() {
        let (kernel, window) = match &node.op {
            Op::Conv2d { window, .. } => {
                let dims = graph.ty(node.operands[1]).shape.dims();
                ([dims[2], dims[3]], window)
            }
            Op::MaxPool2d { kernel, window } => (*kernel, window),
            _ => continue,
        };
        let p = window.padding;
        let sides = &graph.ty(node.operands[0]).shape.dims()[2..];
        let exceed = |most: u32, values: &[u32]| values.iter().any(|&v| v > most);
        for (what, most, values) in [
            ("kernels", 4, &kernel[..]),
            ("strides", 3, &window.stride),
            ("dilations", 3, &window.dilation),
            ("paddings", 3, &[p.top, p.left, p.bottom, p.right]),
            ("images", 9, sides),
        ] {
            if exceed(most, values) {
                note(format!("{what} over {most}"));
            }
        }
    }
    if graph.outputs().len() > 1 {
        note("graphs with several outputs".into());
    }
    if (0..graph.nodes().len() as u32).any(|i| graph.ty(Value::Node(i)).dtype == metisvm_model::DType::I16) {
        note("graphs with i16".into());
    }
}

/// Whether a card takes a node of a generated graph: always, but for what a few accumulator tiles do not
/// hold.
fn takes(geometry: &Geometry, op: &Op) -> bool {
    let needed = match op {
        Op::Add | Op::MaxPool2d { .. } => 2,
        Op::ArgMax { .. } if geometry.tile_cols == 1 => 3,
        Op::ArgMax { .. } => 2,
        _ => 1,
    };
    geometry.acc_tiles >= needed
}

/// Whether the card takes what it should, and what the programs of that hold.
fn note_programs(graph: &Arc<Graph>, geometry: Geometry, reach: &mut Reach) {
    let runs = fpga::takes(graph, &geometry);
    for (index, node) in graph.nodes().iter().enumerate() {
        let taken = runs.iter().any(|run| run.contains(&index));
        assert_eq!(
            taken,
            takes(&geometry, &node.op),
            "{} on {geometry:?}",
            node.op.name()
        );
    }
    if runs.iter().map(ExactSizeIterator::len).sum::<usize>() < graph.nodes().len() {
        *reach
            .entry("graphs that a card takes in part".into())
            .or_default() += 1;
    }
    for run in runs {
        note_program(graph, run, geometry, reach);
    }
}

/// How the extents of a product meet the edges of tiles.
fn note_product(graph: &Graph, index: usize, geometry: &Geometry, reach: &mut Reach) {
    let node = &graph.nodes()[index];
    let shape = |operand: usize| graph.ty(node.operands[operand]).shape.clone();
    let (rows, cols, depth) = match node.op {
        Op::MatMul => {
            let (x, w) = (shape(0), shape(1));
            (x.dim(x.rank() - 2), w.dim(w.rank() - 1), x.dim(x.rank() - 1))
        }
        Op::Conv2d { groups, .. } => {
            let (w, y) = (shape(1), graph.ty(Value::Node(index as u32)).shape.clone());
            let depth = w.dim(1) * w.dim(2) * w.dim(3);
            (y.dim(2) * y.dim(3), w.dim(0) / groups as usize, depth)
        }
        _ => return,
    };
    let sides = [
        ("rows", rows, geometry.tile_rows),
        ("columns", cols, geometry.tile_cols),
        ("depth", depth, geometry.tile_depth),
    ];
    for (name, lanes, side) in sides {
        let kind = if lanes.is_multiple_of(side.into()) {
            "whole"
        } else {
            "ragged"
        };
        *reach.entry(format!("gemm edge: {kind} {name}")).or_default() += 1;
        if lanes > side.into() {
            *reach
                .entry(format!("gemm edge: several tiles of {name}"))
                .or_default() += 1;
        }
    }
}

fn note_program(graph: &Arc<Graph>, run: Range<usize>, geometry: Geometry, reach: &mut Reach) {
    let card: Capabilities = SimOptions::new(geometry).capabilities;
    let segment = if run == (0..graph.nodes().len()) {
        Segment::whole(graph.clone())
    } else {
        Segment::part(graph.clone(), run)
    };
    let compiled = fpga::compile(&segment, &card, Mode::Fast).expect("it ran");
    assert_eq!(compiled.work, compiled.program.cost(&geometry));
    assert!(compiled.work <= card.work_budget, "{} units", compiled.work);
    for index in segment.nodes() {
        note_product(graph, index, &geometry, reach);
    }
    for instruction in compiled.program.instructions() {
        let what = match instruction.operation {
            Operation::Nop(_) => "NOP".into(),
            Operation::Load(load) => format!("LOAD {:?}", load.buffer),
            Operation::LoadTiles(load) => format!("LOAD_TILES {:?}", load.buffer),
            Operation::Fill(fill) => format!("FILL {:?}", fill.buffer),
            Operation::Gemm(gemm) if gemm.accumulate => "GEMM accumulate".into(),
            Operation::Gemm(_) => "GEMM overwrite".into(),
            Operation::Vector(vector) => match vector.op {
                VectorOp::Add => "ADD".into(),
                VectorOp::Max => "MAX".into(),
                VectorOp::Min => "MIN".into(),
                VectorOp::AddImmediate(_) => "ADD immediate".into(),
                VectorOp::MaxImmediate(_) => "MAX immediate".into(),
                VectorOp::MinImmediate(_) => "MIN immediate".into(),
                VectorOp::Requantise(r) if r.shared => "REQUANTISE shared".into(),
                VectorOp::Requantise(_) => "REQUANTISE per column".into(),
                VectorOp::Table(_) => "TABLE".into(),
                VectorOp::Interpolate { .. } => "INTERPOLATE".into(),
                VectorOp::ArgMax { first: true, .. } => "ARGMAX first".into(),
                VectorOp::ArgMax { .. } => "ARGMAX more".into(),
            },
            Operation::Store(_) => "STORE".into(),
            Operation::StoreTiles(_) => "STORE_TILES".into(),
        };
        *reach.entry(format!("instruction {what}")).or_default() += 1;
    }
}
