//! Operations at random: most of them fit, many reach to an edge, some beyond.

use crate::memory::Memory;
use crate::random::Random;
use crate::{draw, operations};
use metisvm_firmware::{Buffer, Gemm, Geometry, Module, Operation, Space};

/// Good records at the beginning of each space that can be read, and as many at its end.
pub(crate) const RECORDS: u64 = 64;

fn gemm(geometry: &Geometry, random: &mut Random) -> Gemm {
    let number = |random: &mut Random, most: i64| match random.bits() % 50 {
        0 => random.bits() as u16,
        _ => random.within(0, most) as u16,
    };
    let mut count = || 1 + random.choose(&[0, 0, 0, 1, 1, 2, 3, 7_u16]);
    let [m_tiles, n_tiles, k_tiles] = [count(), count().min(4), count()];
    let kind = random.bits() % 4;
    let mut gemm = Gemm {
        accumulate: kind > 1,
        shift: kind == 3,
        m_tiles,
        n_tiles,
        k_tiles,
        acc_pitch: n_tiles + number(random, 2),
        a_pitch: number(random, 8),
        a_step: number(random, 2),
        b_pitch: number(random, 4),
        b_step: number(random, 2),
        ..Gemm::default()
    };
    // The last tile is at the end of its scratchpad, a tile behind it, or anywhere.
    let mut base = |size: u32, n0: u16, s0: u16, n1: u16, s1: u16| {
        let reach = u32::from(n0 - 1) * u32::from(s0) + u32::from(n1 - 1) * u32::from(s1) + 1;
        let room = i64::from(size) - i64::from(reach);
        match random.bits() % 32 {
            0 => (room + 1).max(0) as u16,
            1..=4 => room.max(0) as u16,
            5 | 6 => 0,
            _ => random.within(0, room.max(0)) as u16,
        }
    };
    gemm.acc = base(geometry.acc_tiles, m_tiles, gemm.acc_pitch, n_tiles, 1);
    gemm.a = base(geometry.a_tiles, m_tiles, gemm.a_pitch, k_tiles, gemm.a_step);
    gemm.b = base(geometry.b_tiles, k_tiles, gemm.b_pitch, n_tiles, gemm.b_step);
    gemm
}

/// Where the good records of a space begin: the first and the last.
pub(crate) fn good_records(of: Space) -> [u64; 2] {
    [0, 8 * (Memory::size(of) / 8 - RECORDS)]
}

/// A load of records is mostly one of good ones.
fn tamed(operation: &mut Operation, random: &mut Random) {
    if let Operation::LoadTiles(load) = operation
        && load.buffer == Buffer::Param
        && !random.one_in(16)
    {
        load.rows = load.rows.min(2);
        load.cols = load.cols.min(RECORDS as u16 / 4);
        let row = 8 * u64::from(load.cols);
        let mut end = row;
        if load.rows > 1 {
            let stride = random.choose(&[row - 8, row, row + 8]);
            load.from.row_stride = stride as u32;
            end += stride;
        }
        let room = 8 * RECORDS - end;
        let within = match random.bits() % 4 {
            0 => 0,
            1 => room,
            _ => 8 * (random.bits() % (room / 8 + 1)),
        };
        load.from.offset = random.choose(&good_records(load.from.space)) + within;
    }
}

/// A well-formed operation.
pub(crate) fn operation(geometry: Geometry, random: &mut Random) -> Operation {
    match random.bits() % 12 {
        0..=3 => loop {
            let mut operation = draw::Draw { geometry, random }.load().operation;
            // Tables are long: gathered as often as all else, they would take most of the time.
            let is_table = matches!(operation, Operation::Load(load) if load.buffer == Buffer::Table);
            if !is_table || random.one_in(2) {
                tamed(&mut operation, random);
                break operation;
            }
        },
        4 => Operation::Nop(random.choose(&Module::ALL)),
        5 | 6 => Operation::Gemm(gemm(&geometry, random)),
        7..=9 => Operation::Vector(operations::Draw { geometry, random }.vector()),
        _ => draw::Draw { geometry, random }.store().operation,
    }
}

pub(crate) fn space(space: Space) -> &'static str {
    ["RESIDENT", "INPUT", "OUTPUT", "WORKSPACE", "STATE"][space as usize]
}

/// What of an operation must have been seen: opcode, scratchpad, space, type.
pub(crate) fn kind(operation: &Operation) -> String {
    match operation {
        Operation::Nop(module) => format!("NOP {module:?}"),
        Operation::Load(load) => format!(
            "LOAD {:?} {} {:?}",
            load.buffer,
            space(load.from.space),
            load.from.dtype
        ),
        Operation::LoadTiles(load) => format!(
            "LOAD_TILES {:?} {} {:?}",
            load.buffer,
            space(load.from.space),
            load.from.dtype
        ),
        Operation::Fill(fill) => format!("FILL {:?}", fill.buffer),
        Operation::Gemm(gemm) => format!("GEMM {} {}", gemm.accumulate, gemm.shift),
        Operation::Vector(vector) => match vector.op {
            metisvm_firmware::VectorOp::Requantise(requantise) => {
                format!("VECTOR 6 {} {:?}", requantise.shared, requantise.dtype)
            }
            metisvm_firmware::VectorOp::ArgMax { first, .. } => format!("VECTOR 8 {first}"),
            ref op => format!("VECTOR {}", operations::operation_number(op)),
        },
        Operation::Store(store) => format!("STORE {} {:?}", space(store.to.space), store.to.dtype),
        Operation::StoreTiles(store) => {
            format!("STORE_TILES {} {:?}", space(store.to.space), store.to.dtype)
        }
    }
}

/// All kinds that there are.
pub(crate) fn kinds() -> Vec<String> {
    let mut all: Vec<String> = [
        "NOP Load",
        "NOP Compute",
        "NOP Store",
        "FILL A",
        "FILL B",
        "FILL Acc",
    ]
    .map(str::to_owned)
    .to_vec();
    let types = ["U8", "I8", "I16", "I32"];
    for space in ["RESIDENT", "INPUT", "WORKSPACE", "STATE"] {
        for (buffer, types) in [
            ("A", &types[..2]),
            ("B", &types[..2]),
            ("Acc", &types[..]),
            ("Table", &types[..]),
        ] {
            for dtype in types {
                all.push(format!("LOAD {buffer} {space} {dtype}"));
                all.push(format!("LOAD_TILES {buffer} {space} {dtype}"));
            }
        }
        all.push(format!("LOAD_TILES Param {space} U8"));
    }
    for space in ["OUTPUT", "WORKSPACE", "STATE"] {
        for dtype in types {
            all.push(format!("STORE {space} {dtype}"));
            all.push(format!("STORE_TILES {space} {dtype}"));
        }
    }
    for dtype in types {
        for shared in [false, true] {
            all.push(format!("VECTOR 6 {shared} {dtype}"));
        }
    }
    for op in [0, 1, 2, 3, 4, 5, 7, 9] {
        all.push(format!("VECTOR {op}"));
    }
    all.extend(
        [
            "GEMM false false",
            "GEMM true false",
            "GEMM true true",
            "VECTOR 8 true",
            "VECTOR 8 false",
        ]
        .map(str::to_owned),
    );
    all
}
