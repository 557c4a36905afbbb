//! Edges of operands: which ends of its range an operation is at.

use crate::memory::Memory;
use crate::operations::operation_number;
use crate::sample::space;
use crate::touched::{Place, touched};
use metisvm_firmware::{
    Buffer, Burst, Gemm, Geometry, Lanes, LoadTiles, Operation, Space, StoreTiles, Vector, VectorOp, Walk,
};

/// Lanes of A and B.
const LANES: [i32; 2] = [-256, 255];
const SUMS: [i32; 2] = [i32::MIN, i32::MAX];

/// A name of what is equal to one end or to the other.
fn ends(what: &str, value: i32, [least, greatest]: [i32; 2]) -> Option<String> {
    [(least, "least"), (greatest, "greatest")]
        .into_iter()
        .find(|(end, _)| *end == value)
        .map(|(_, name)| format!("{what} {name}"))
}

fn sign(what: &str, value: i32) -> String {
    let name = ["negative", "zero", "positive"][(value.signum() + 1) as usize];
    format!("{what} {name}")
}

fn one_or_more(what: &str, count: u16) -> String {
    format!("{what} {}", if count == 1 { "one" } else { "more" })
}

/// A rectangle of lanes in tiles of a scratchpad: whether it begins and ends where tiles do.
fn lanes(geometry: &Geometry, buffer: Buffer, lanes: &Lanes) -> Vec<String> {
    let (height, width) = geometry.tile(buffer);
    let side = |what: &str, first: u16, count: u16, side: u16| {
        let begins = if first == 0 {
            "at a tile's"
        } else {
            "within a tile"
        };
        let whole = (u32::from(first) + u32::from(count)).is_multiple_of(side.into());
        let ends = if whole { "at a tile's" } else { "within a tile" };
        [
            one_or_more(what, count),
            format!("{what} begin {begins}"),
            format!("{what} end {ends}"),
        ]
    };
    let mut all = side("rows", lanes.row, lanes.rows, height).to_vec();
    all.extend(side("cols", lanes.col, lanes.cols, width));
    all
}

fn walk(walk: &Walk) -> [String; 2] {
    [
        sign("row stride", walk.row_stride),
        sign("col stride", walk.col_stride),
    ]
}

/// Tiles in memory: alone, one behind the other, or apart.
fn burst(geometry: &Geometry, burst: &Burst, buffer: Buffer, [rows, cols, pitch]: [u16; 3]) -> Vec<String> {
    let row = u64::from(cols) * geometry.tile_bytes(buffer, burst.dtype);
    let mut all = vec![one_or_more("rows", rows), one_or_more("cols", cols)];
    if rows > 1 {
        let order = ["less than a row", "a row", "more than a row"];
        let against = |value: u64, row: u64| order[(value.cmp(&row) as i8 + 1) as usize];
        all.push(format!("row stride {}", against(burst.row_stride.into(), row)));
        all.push(format!("pitch {}", against(pitch.into(), cols.into())));
    }
    all
}

fn gemm(gemm: &Gemm) -> Vec<String> {
    let mut all = vec![
        one_or_more("m", gemm.m_tiles),
        one_or_more("n", gemm.n_tiles),
        one_or_more("k", gemm.k_tiles),
    ];
    for (what, stride) in [
        ("a_pitch", gemm.a_pitch),
        ("a_step", gemm.a_step),
        ("b_pitch", gemm.b_pitch),
        ("b_step", gemm.b_step),
    ] {
        all.push(sign(what, stride.into()));
    }
    all
}

fn vector(geometry: &Geometry, vector: &Vector) -> Vec<String> {
    let rectangle = Lanes {
        rows: vector.rows,
        cols: vector.cols,
        ..Lanes::default()
    };
    let mut all = lanes(geometry, Buffer::Acc, &rectangle);
    all.retain(|edge| !edge.contains("begin"));
    let same = vector.dst == vector.src;
    all.push(if same { "in place" } else { "apart" }.to_owned());
    match vector.op {
        VectorOp::AddImmediate(value) | VectorOp::MaxImmediate(value) | VectorOp::MinImmediate(value) => {
            all.extend(ends("immediate", value, SUMS));
        }
        VectorOp::ArgMax { base, .. } => all.extend(ends("immediate", base, SUMS)),
        _ => {}
    }
    all
}

/// Opcode, and scratchpad or operation.
pub(crate) fn name(operation: &Operation) -> String {
    match operation {
        Operation::Nop(_) => "NOP".to_owned(),
        Operation::Load(load) => format!("LOAD {:?}", load.buffer),
        Operation::LoadTiles(load) => format!("LOAD_TILES {:?}", load.buffer),
        Operation::Fill(fill) => format!("FILL {:?}", fill.buffer),
        Operation::Gemm(_) => "GEMM".to_owned(),
        Operation::Vector(vector) => format!("VECTOR {}", operation_number(&vector.op)),
        Operation::Store(_) => "STORE".to_owned(),
        Operation::StoreTiles(_) => "STORE_TILES".to_owned(),
    }
}

/// The edges that an operation is at.
pub(crate) fn edges(geometry: &Geometry, operation: &Operation) -> Vec<String> {
    let mut all = match operation {
        Operation::Nop(_) => Vec::new(),
        Operation::Load(load) if load.buffer == Buffer::Table => {
            vec![sign("col stride", load.from.col_stride)]
        }
        Operation::Load(load) => {
            let mut all = lanes(geometry, load.buffer, &load.to);
            all.extend(walk(&load.from));
            all.extend(ends("zero point", load.zero_point.into(), LANES));
            all
        }
        Operation::LoadTiles(LoadTiles {
            buffer,
            pitch,
            rows,
            cols,
            from,
            zero_point,
            ..
        }) => {
            let mut all = burst(geometry, from, *buffer, [*rows, *cols, *pitch]);
            all.extend(ends("zero point", (*zero_point).into(), LANES));
            all
        }
        Operation::Fill(fill) => {
            let range = if fill.buffer == Buffer::Acc { SUMS } else { LANES };
            let mut all = vec![one_or_more("tiles", fill.tiles)];
            all.extend(ends("value", fill.value, range));
            all
        }
        Operation::Gemm(of) => gemm(of),
        Operation::Vector(of) => vector(geometry, of),
        Operation::Store(store) => {
            let mut all = lanes(geometry, Buffer::Acc, &store.from);
            all.extend(walk(&store.to));
            all
        }
        Operation::StoreTiles(StoreTiles {
            pitch,
            rows,
            cols,
            to,
            ..
        }) => burst(geometry, to, Buffer::Acc, [*rows, *cols, *pitch]),
    };
    let in_words = matches!(operation, Operation::LoadTiles(_) | Operation::StoreTiles(_));
    for touched in touched(geometry, operation) {
        let (place, size, unit) = match touched.place {
            Place::Pad(buffer) => (format!("{buffer:?}"), geometry.size(buffer).into(), 1),
            Place::Memory(of) => (
                space(of).to_owned(),
                Memory::size(of),
                if in_words { 8 } else { 1 },
            ),
        };
        if touched.begin == 0 {
            all.push(format!("from {place}'s first"));
        }
        if touched.end + unit > size {
            all.push(format!("to {place}'s last"));
        }
    }
    let name = name(operation);
    all.into_iter().map(|edge| format!("{name}: {edge}")).collect()
}

fn both(names: &mut Vec<String>, what: &[&str], ends: &[&str]) {
    for what in what {
        names.extend(ends.iter().map(|end| format!("{what} {end}")));
    }
}

fn places(names: &mut Vec<String>, of: &[&str]) {
    for place in of {
        names.extend([format!("from {place}'s first"), format!("to {place}'s last")]);
    }
}

/// All edges that there are on a geometry, but for those that the rules of the encoding leave out.
pub(crate) fn all(geometry: &Geometry) -> Vec<String> {
    const COUNT: [&str; 2] = ["one", "more"];
    const SIGN: [&str; 3] = ["negative", "zero", "positive"];
    const ROW: [&str; 3] = ["less than a row", "a row", "more than a row"];
    const AT: [&str; 2] = ["at a tile's", "within a tile"];
    const READABLE: [Space; 4] = [Space::Resident, Space::Input, Space::Workspace, Space::State];
    const WRITABLE: [Space; 3] = [Space::Output, Space::Workspace, Space::State];
    let readable = READABLE.map(space);
    let writable = WRITABLE.map(space);
    let mut all = Vec::new();
    let mut add = |name: &str, edges: Vec<String>| {
        all.extend(edges.into_iter().map(|edge| format!("{name}: {edge}")));
    };
    for buffer in ["A", "B", "Acc", "Table", "Param"] {
        let mut edges = Vec::new();
        places(&mut edges, &[buffer]);
        places(&mut edges, &readable);
        let mut tiles = edges.clone();
        both(&mut tiles, &["rows", "cols"], &COUNT);
        both(&mut tiles, &["row stride"], &ROW);
        // Two tables with one between them.
        let apart = buffer != "Table" || geometry.table_count > 2;
        both(&mut tiles, &["pitch"], if apart { &ROW[1..] } else { &ROW[1..2] });
        if ["A", "B"].contains(&buffer) {
            both(&mut tiles, &["zero point"], &["least", "greatest"]);
        }
        add(&format!("LOAD_TILES {buffer}"), tiles);
        if buffer == "Param" {
            continue;
        }
        both(&mut edges, &["col stride"], &SIGN);
        if buffer != "Table" {
            both(&mut edges, &["rows", "cols"], &COUNT);
            both(
                &mut edges,
                &["rows begin", "rows end", "cols begin", "cols end"],
                &AT,
            );
            both(&mut edges, &["row stride"], &SIGN);
        }
        if ["A", "B"].contains(&buffer) {
            both(&mut edges, &["zero point"], &["least", "greatest"]);
        }
        add(&format!("LOAD {buffer}"), edges);
        if buffer != "Table" {
            let mut edges = Vec::new();
            places(&mut edges, &[buffer]);
            both(&mut edges, &["tiles"], &COUNT);
            both(&mut edges, &["value"], &["least", "greatest"]);
            add(&format!("FILL {buffer}"), edges);
        }
    }
    let mut edges = Vec::new();
    places(&mut edges, &["A", "B", "Acc"]);
    both(&mut edges, &["m", "n", "k"], &COUNT);
    both(
        &mut edges,
        &["a_pitch", "a_step", "b_pitch", "b_step"],
        &SIGN[1..],
    );
    add("GEMM", edges);
    for op in 0..10 {
        let mut edges = vec!["apart".to_owned()];
        places(&mut edges, &["Acc"]);
        both(&mut edges, &["rows", "cols"], &COUNT);
        both(&mut edges, &["rows end", "cols end"], &AT);
        if op != 8 {
            edges.push("in place".to_owned());
        }
        match op {
            3 | 4 | 5 | 8 => both(&mut edges, &["immediate"], &["least", "greatest"]),
            6 => places(&mut edges, &["Param"]),
            7 | 9 => places(&mut edges, &["Table"]),
            _ => {}
        }
        add(&format!("VECTOR {op}"), edges);
    }
    let mut edges = Vec::new();
    places(&mut edges, &["Acc"]);
    places(&mut edges, &writable);
    both(&mut edges, &["rows", "cols"], &COUNT);
    let mut scattered = edges.clone();
    both(
        &mut scattered,
        &["rows begin", "rows end", "cols begin", "cols end"],
        &AT,
    );
    both(&mut scattered, &["row stride", "col stride"], &SIGN);
    add("STORE", scattered);
    both(&mut edges, &["row stride", "pitch"], &ROW[1..]);
    add("STORE_TILES", edges);
    all
}
