//! Programs made at random, whose every output byte is determined: what they read they have written, or it was made
//! resident.

mod draw;

use super::{Random, Raw, submit};
use draw::Draw;
use metisvm_driver::DmaBuffer;
use metisvm_firmware::submission::flags;
use metisvm_firmware::{
    Buffer, Burst, Capabilities, Dependencies, Dtype, Fill, Gemm, Geometry, Instruction, Lanes, Load,
    LoadTiles, Module, Opcode, Operation, Program, ProgramBuilder, Requantise, Space, Status, Store,
    StoreTiles, Submission, Vector, VectorOp, Walk,
};
use metisvm_sim::{FunctionalCard, SimOptions};

/// Resident data: good records, tables, a bad record, and noise.
const RECORDS: u64 = 64;
const TABLES_AT: u64 = 8 * RECORDS;
const BAD_RECORD_AT: u64 = TABLES_AT + 2048;
pub(crate) const DATA_BYTES: usize = 4096;
/// The other spaces.
pub(crate) const STATE_BYTES: usize = 256;
pub(crate) const WORKSPACE_BYTES: usize = 1024;
pub(crate) const INPUT_BYTES: usize = 512;
/// Of an output the last part is the state as the program leaves it.
pub(crate) const OUTPUT_BYTES: usize = 512 + STATE_BYTES;

const SPACES: [(Space, usize); 4] = [
    (Space::Resident, DATA_BYTES),
    (Space::Input, INPUT_BYTES),
    (Space::Workspace, WORKSPACE_BYTES),
    (Space::State, STATE_BYTES),
];

/// What a program is made to end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Sound,
    /// One of its operations cannot be done.
    Fails(Status),
    /// Tokens: one too few, or one too many.
    Deadlock,
    LeftOver,
    Header,
}

pub(crate) const ENDINGS: [Ending; 9] = [
    Ending::Sound,
    Ending::Fails(Status::InvalidInstruction),
    Ending::Fails(Status::InvalidOperand),
    Ending::Fails(Status::OutOfBounds),
    Ending::Fails(Status::InvalidRecord),
    Ending::Deadlock,
    Ending::LeftOver,
    Ending::Header,
    Ending::Sound,
];

/// Data for programs.
pub(crate) fn data(random: &mut Random) -> Vec<u8> {
    let mut data = random.bytes(DATA_BYTES);
    for record in 0..RECORDS as usize {
        let (multiplier, shift) = (random.below(32767) as u16 + 1, random.below(47) as u8 + 1);
        data[8 * record..8 * record + 2].copy_from_slice(&multiplier.to_le_bytes());
        data[8 * record + 2] = shift;
        data[8 * record + 3] = 0;
    }
    data[BAD_RECORD_AT as usize + 2] = 0;
    data
}

/// Whether an operation stays within the spaces.
fn fits(operation: &Operation) -> bool {
    let space_bytes = |space: Space| match space {
        Space::Output => OUTPUT_BYTES as u64,
        space => SPACES.iter().find(|(other, _)| *other == space).unwrap().1 as u64,
    };
    let walk = |lanes: &Lanes, walk: &Walk| {
        let (rows, cols) = (i64::from(lanes.rows) - 1, i64::from(lanes.cols) - 1);
        let last = rows * i64::from(walk.row_stride) + cols * i64::from(walk.col_stride);
        walk.offset + last as u64 + u64::from(walk.dtype.bytes()) <= space_bytes(walk.space)
    };
    // A tile has no more than 64 lanes on boards for simulation; where it has more, less fits.
    let burst = |rows: u16, cols: u16, burst: &Burst, tile: u64| {
        let last = u64::from(rows - 1) * u64::from(burst.row_stride) + u64::from(cols) * tile;
        burst.offset + last <= space_bytes(burst.space)
    };
    let tile = |dtype: Dtype| 64 * u64::from(dtype.bytes());
    match operation {
        Operation::Load(load) => walk(&load.to, &load.from),
        Operation::Store(store) => walk(&store.from, &store.to),
        Operation::LoadTiles(load) => burst(load.rows, load.cols, &load.from, tile(load.from.dtype)),
        Operation::StoreTiles(store) => burst(store.rows, store.cols, &store.to, tile(store.to.dtype)),
        _ => true,
    }
}

/// Tiles of i32 from one place to another, so many bytes.
fn dump(builder: &mut ProgramBuilder, base: u16, space: Space, offset: usize, bytes: usize) {
    let tile = builder.geometry().tile_bytes(Buffer::Acc, Dtype::I32) as usize;
    let to = Burst {
        space,
        offset: offset as u64,
        row_stride: 0,
        dtype: Dtype::I32,
    };
    builder
        .store_tiles(StoreTiles {
            base,
            pitch: 0,
            rows: 1,
            cols: (bytes / tile) as u16,
            to,
        })
        .unwrap();
}

fn bring(
    builder: &mut ProgramBuilder,
    buffer: Buffer,
    count: usize,
    space: Space,
    offset: u64,
    dtype: Dtype,
) {
    builder
        .load_tiles(LoadTiles {
            buffer,
            base: 0,
            pitch: 0,
            rows: 1,
            cols: count as u16,
            from: Burst {
                space,
                offset,
                row_stride: 0,
                dtype,
            },
            zero_point: 0,
        })
        .unwrap();
}

/// A sound program of `length` operations, and some before and behind them that leave nothing undefined.
pub(crate) fn sound(geometry: Geometry, random: &mut Random, length: usize) -> Program {
    let mut builder = ProgramBuilder::new(geometry);
    for buffer in [Buffer::A, Buffer::B, Buffer::Acc] {
        builder
            .fill(Fill {
                buffer,
                base: 0,
                tiles: geometry.size(buffer) as u16,
                value: random.below(512) as i32 - 256,
            })
            .unwrap();
    }
    let records = (RECORDS as usize).min(geometry.param_entries as usize);
    bring(
        &mut builder,
        Buffer::Param,
        records,
        Space::Resident,
        0,
        Dtype::U8,
    );
    let tables = geometry.table_count.min(2) as usize;
    bring(
        &mut builder,
        Buffer::Table,
        tables,
        Space::Resident,
        TABLES_AT,
        Dtype::I32,
    );
    dump(&mut builder, 0, Space::Workspace, 0, WORKSPACE_BYTES);
    dump(&mut builder, 0, Space::Output, 0, OUTPUT_BYTES);
    let mut made = 0;
    while made < length {
        let operation = Draw { geometry, random }.operation();
        made += usize::from(fits(&operation) && builder.push(operation).is_ok());
    }
    let tile = geometry.tile_bytes(Buffer::Acc, Dtype::I32) as usize;
    bring(
        &mut builder,
        Buffer::Acc,
        STATE_BYTES / tile,
        Space::State,
        0,
        Dtype::I32,
    );
    dump(
        &mut builder,
        0,
        Space::Output,
        OUTPUT_BYTES - STATE_BYTES,
        STATE_BYTES,
    );
    builder.finish().unwrap()
}

/// The bytes of a program that ends so.
pub(crate) fn program(geometry: Geometry, random: &mut Random, length: usize, ending: Ending) -> Vec<u8> {
    let sound = sound(geometry, random, length);
    let mut instructions: Vec<Instruction> = sound.instructions().copied().collect();
    let none = Dependencies::default();
    let of = |module| move |instruction: &&mut Instruction| instruction.operation.module() == module;
    // Of the loads, one in the middle: what its tokens order still waits for it.
    let loads = instructions.iter_mut().filter(of(Module::Load)).count();
    let at = random.below(loads);
    let victim = |instructions: &mut Vec<Instruction>, operation| {
        instructions
            .iter_mut()
            .filter(of(Module::Load))
            .nth(at)
            .unwrap()
            .operation = operation;
    };
    let load = |buffer, base, space, offset, dtype| {
        Operation::LoadTiles(LoadTiles {
            buffer,
            base,
            pitch: 0,
            rows: 1,
            cols: 1,
            from: Burst {
                space,
                offset,
                row_stride: 0,
                dtype,
            },
            zero_point: 0,
        })
    };
    match ending {
        Ending::Sound | Ending::Header | Ending::Fails(Status::InvalidInstruction) => {}
        Ending::Fails(Status::InvalidOperand) => {
            let behind = geometry.size(Buffer::Acc) as u16;
            victim(
                &mut instructions,
                load(Buffer::Acc, behind, Space::Input, 0, Dtype::I32),
            );
        }
        Ending::Fails(Status::OutOfBounds) => {
            let behind = INPUT_BYTES as u64;
            victim(
                &mut instructions,
                load(Buffer::Acc, 0, Space::Input, behind, Dtype::I32),
            );
        }
        Ending::Fails(_) => {
            let operation = load(Buffer::Param, 0, Space::Resident, BAD_RECORD_AT, Dtype::U8);
            victim(&mut instructions, operation);
        }
        Ending::Deadlock => instructions.push(Instruction {
            operation: Operation::Nop(Module::Compute),
            dependencies: Dependencies {
                pop_prev: true,
                ..none
            },
        }),
        Ending::LeftOver => instructions.push(Instruction {
            operation: Operation::Nop(Module::Load),
            dependencies: Dependencies {
                push_next: true,
                ..none
            },
        }),
    }
    let mut bytes = Program::new(instructions).unwrap().to_bytes();
    match ending {
        Ending::Header => bytes[8 + random.below(24)] ^= 1 << random.below(8),
        Ending::Fails(Status::InvalidInstruction) => bytes[32 + 32 * at] = 0xee,
        _ => {}
    }
    bytes
}

/// Where things are in a piece of host memory, and its size.
pub(crate) const PROGRAM: u64 = 0;
pub(crate) const DATA: u64 = 0x8000;
pub(crate) const STATE: u64 = 0xa000;
pub(crate) const INPUT: u64 = 0xb000;
pub(crate) const OUTPUT: u64 = 0xc000;
pub(crate) const HOST_BYTES: usize = 0x1_0000;
pub(crate) const ITEMS: u32 = 3;
/// Where things are in card memory: data so that bursts of them meet a boundary of 4096 bytes.
pub(crate) const DATA_CARD: u64 = 0x8740;
pub(crate) const STATE_CARD: u64 = 0xa000;
pub(crate) const WORKSPACE_CARD: u64 = 0xb000;

pub(crate) fn load(handle: u32, from: u64, to: u64, bytes: usize) -> Submission {
    Submission {
        opcode: Opcode::LoadResident as u8,
        data_handle: handle,
        input: from,
        card_address: to,
        card_bytes: bytes as u64,
        ..Submission::default()
    }
}

/// A program with all that it needs.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) program: Vec<u8>,
    data: Vec<u8>,
    state: Vec<u8>,
    input: Vec<u8>,
}

impl Script {
    pub(crate) fn new(geometry: Geometry, seed: u64, length: usize) -> Self {
        let random = &mut Random(seed);
        Self {
            program: program(geometry, random, length, Ending::Sound),
            data: data(random),
            state: random.bytes(STATE_BYTES),
            input: random.bytes(INPUT_BYTES * ITEMS as usize),
        }
    }

    /// Entries that make it resident, and the one that runs it; host memory begins at `host`.
    pub(crate) fn entries(&self, host: u64) -> [Submission; 4] {
        let state = Submission {
            flags: flags::STATE,
            ..load(3, host + STATE, STATE_CARD, STATE_BYTES)
        };
        let run = Submission {
            opcode: Opcode::Run as u8,
            program_handle: 1,
            data_handle: 2,
            state_handle: 3,
            count: ITEMS,
            input: host + INPUT,
            output: host + OUTPUT,
            input_bytes: INPUT_BYTES as u32,
            output_bytes: OUTPUT_BYTES as u32,
            card_address: WORKSPACE_CARD,
            card_bytes: WORKSPACE_BYTES as u64,
            ..Submission::default()
        };
        [
            load(1, host + PROGRAM, 0, self.program.len()),
            load(2, host + DATA, DATA_CARD, DATA_BYTES),
            state,
            run,
        ]
    }

    pub(crate) fn places(&self) -> [(u64, &[u8]); 4] {
        [
            (PROGRAM, &self.program),
            (DATA, &self.data),
            (STATE, &self.state),
            (INPUT, &self.input),
        ]
    }

    /// What a functional card that has as much makes of it.
    pub(crate) fn expected(&self, capabilities: Capabilities) -> Vec<u8> {
        let (answer, output) = self.executed(capabilities);
        assert_eq!(answer.0, Status::Ok);
        output
    }

    /// What it answers.
    pub(crate) fn answer(&self, capabilities: Capabilities) -> (Status, u32) {
        self.executed(capabilities).0
    }

    fn executed(&self, capabilities: Capabilities) -> ((Status, u32), Vec<u8>) {
        let sim = SimOptions {
            capabilities,
            ..super::programs()
        };
        let mut raw = Raw::of(Box::new(FunctionalCard::new(sim)));
        let host = DmaBuffer::new(&raw.transport, HOST_BYTES).unwrap();
        for (place, bytes) in self.places() {
            host.copy_in(place as usize, bytes);
        }
        let [loads @ .., run] = self.entries(host.iova().0);
        let ok = (Status::Ok, 0);
        assert_eq!(submit(&mut raw.pair, &loads), [ok; 3]);
        let answer = submit(&mut raw.pair, &[run])[0];
        (
            answer,
            host.copy_out(OUTPUT as usize, OUTPUT_BYTES * ITEMS as usize),
        )
    }
}
