//! Programs for the engine, and what the functional card says of them.

use crate::memory::Memory;
use crate::random::Random;
use crate::sample::{self, RECORDS};
use crate::weave::{self, Weave, blank};
use metisvm_firmware::program::MAX_TOKENS;
use metisvm_firmware::{
    Buffer, Burst, Dtype, Fill, Geometry, Instruction, LoadTiles, Module, Operation, Program, Space, Status,
    StoreTiles,
};
use metisvm_sim::machine::Machine;
use metisvm_sim::races;
use metisvm_sim::schedule::Schedule;
use metisvm_sim::streams::Streams;
use std::fmt::Write;
use std::sync::atomic::AtomicBool;

/// What a program is to end with, if all goes well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sound,
    /// It is given up on its way.
    Stopped,
    InvalidInstruction,
    /// One of its operations fails, with this status.
    Fails(Status),
    Deadlock,
    TokenImbalance,
    InvalidProgram,
}

/// A program, and what must come of it.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) streams: [Vec<Instruction>; 3],
    pub(crate) items: u64,
    /// Status and index; one of these.
    pub(crate) ends: Vec<(u64, u64)>,
    /// All memory after it, if it ends with 0.
    pub(crate) hash: u64,
}

/// Two functional cards: one executes instructions in the order in which a program is made up, so that it is known
/// what they do; the other runs the whole program in an order of its own. They must agree, or the order is not
/// determined and the test is wrong.
pub(crate) struct Traffic {
    geometry: Geometry,
    random: Random,
    planned: (Machine, Memory),
    reference: (Machine, Memory),
    scratch: Machine,
    /// Scratchpads and memory are not known.
    is_lost: bool,
    pub(crate) text: String,
}

fn machine(geometry: Geometry) -> Machine {
    let mut machine = Machine::new(geometry);
    machine.poison();
    machine
}

/// The heads of the modules that are stuck.
fn stuck(streams: &[Vec<Instruction>; 3]) -> Vec<u64> {
    let mut heads = [0; 3];
    let mut tokens = [0_u32; 4];
    loop {
        let ready = (0..3).find(|&of| {
            streams[of]
                .get(heads[of])
                .is_some_and(|instruction: &Instruction| {
                    instruction.pops().all(|link| tokens[link as usize] > 0)
                        && instruction
                            .pushes()
                            .all(|link| tokens[link as usize] < MAX_TOKENS)
                })
        });
        let Some(of) = ready else { break };
        let instruction = streams[of][heads[of]];
        instruction.pops().for_each(|link| tokens[link as usize] -= 1);
        instruction.pushes().for_each(|link| tokens[link as usize] += 1);
        heads[of] += 1;
    }
    let mut before = 0;
    let mut all = Vec::new();
    for (head, stream) in heads.iter().zip(streams) {
        if *head < stream.len() {
            all.push((before + head) as u64);
        }
        before += stream.len();
    }
    all
}

/// What is not in order, where two functional cards have found that something is not.
fn races(streams: &[Vec<Instruction>; 3], geometry: &Geometry) -> Result<(), races::Disorder> {
    let program = Program::new(streams.iter().flatten().copied()).unwrap();
    races::check(&program, geometry)
}

impl Traffic {
    pub(crate) fn new(geometry: Geometry, seed: u64) -> Self {
        Self {
            geometry,
            random: Random(seed),
            planned: (machine(geometry), Memory::new(0, &mut String::new())),
            reference: (machine(geometry), Memory::new(0, &mut String::new())),
            scratch: machine(geometry),
            is_lost: true,
            text: String::new(),
        }
    }

    /// Memory anew, with records at both ends of the spaces that can be read.
    fn begin_anew(&mut self) {
        let seed = self.random.bits() >> 1;
        let silent = &mut String::new();
        self.planned = (machine(self.geometry), Memory::new(seed, silent));
        self.reference = (machine(self.geometry), Memory::new(seed, &mut self.text));
        for space in [Space::Resident, Space::Input, Space::Workspace, Space::State] {
            let places = sample::good_records(space).map(|begin| (0..RECORDS).map(move |n| begin + 8 * n));
            for place in places.into_iter().flatten() {
                let random = &mut self.random;
                let (multiplier, shift) = (random.within(1, 32767) as u64, random.within(1, 47) as u64);
                let word = random.bits() << 32 | shift << 16 | multiplier;
                self.planned.1.poke(space, place, word, silent);
                self.reference.1.poke(space, place, word, &mut self.text);
            }
        }
    }

    fn burst(space: Space, offset: u64, dtype: Dtype) -> Burst {
        Burst {
            space,
            offset,
            row_stride: 0,
            dtype,
        }
    }

    fn load(buffer: Buffer, base: u32, count: u32, offset: u64, dtype: Dtype) -> Operation {
        Operation::LoadTiles(LoadTiles {
            buffer,
            base: base as u16,
            pitch: 0,
            rows: 1,
            cols: count as u16,
            from: Self::burst(Space::Resident, offset, dtype),
            zero_point: 0,
        })
    }

    /// Operations that leave nothing unknown in the scratchpads but records.
    fn prologue(&mut self) -> Vec<Operation> {
        let geometry = self.geometry;
        let fill = |buffer, value| {
            Operation::Fill(Fill {
                buffer,
                base: 0,
                tiles: geometry.size(buffer) as u16,
                value,
            })
        };
        vec![
            fill(Buffer::A, self.random.within(-256, 255) as i32),
            fill(Buffer::B, self.random.within(-256, 255) as i32),
            fill(Buffer::Acc, self.random.any_magnitude()),
            Self::load(Buffer::Table, 0, geometry.table_count, 8 * RECORDS, Dtype::I32),
        ]
    }

    /// Adds an operation to the program, if it ends as wanted.
    fn add(
        &mut self,
        operation: Operation,
        wanted: Status,
        weave: &mut Weave,
        all: &mut Vec<Operation>,
    ) -> bool {
        let (machine, memory) = &mut self.planned;
        // What is not wanted must leave nothing behind, as records before a bad one: it is tried elsewhere first.
        let is_records = matches!(operation, Operation::LoadTiles(load) if load.buffer == Buffer::Param);
        if wanted != Status::Ok || is_records {
            let mut memory = Memory {
                bytes: memory.bytes.clone(),
            };
            if memory.execute(&mut self.scratch, &blank(operation)) != wanted {
                return false;
            }
        }
        // It may be sound all the same, where the scratchpads decide.
        let status = memory.execute(machine, &blank(operation));
        if status != wanted && status != Status::Ok {
            return false;
        }
        weave.push(operation, &mut self.random);
        all.push(operation);
        status == wanted
    }

    fn make_up(&mut self, kind: Kind, length: usize) -> (Weave, Vec<Operation>) {
        let extra = self.random.choose(&[0, 2, 4, 12]);
        let mut weave = Weave::new(self.geometry, extra);
        let mut all = Vec::new();
        if self.is_lost {
            self.begin_anew();
            for operation in self.prologue() {
                assert!(
                    self.add(operation, Status::Ok, &mut weave, &mut all),
                    "{operation:?}"
                );
            }
        }
        self.planned.0.forget_records();
        self.reference.0.forget_records();
        // All records, or the first ones, or the last.
        let entries = self.geometry.param_entries;
        let count = entries.min(RECORDS as u32);
        let bases: Vec<u32> = match self.random.bits() % 8 {
            0 | 1 => Vec::new(),
            2 => vec![0],
            3 => vec![entries - count],
            _ => (0..entries).step_by(count as usize).collect(),
        };
        for base in bases {
            let operation = Self::load(Buffer::Param, base, count.min(entries - base), 0, Dtype::U8);
            assert!(
                self.add(operation, Status::Ok, &mut weave, &mut all),
                "{operation:?}"
            );
        }
        let fails_at = (self.random.bits() as usize) % length;
        let mut made = 0;
        while made < length {
            let wanted = match kind {
                Kind::Fails(status) if made == fails_at => status,
                _ => Status::Ok,
            };
            let operation = sample::operation(self.geometry, &mut self.random);
            made += usize::from(self.add(operation, wanted, &mut weave, &mut all));
        }
        if self.random.one_in(4) {
            let to = Self::burst(Space::Workspace, 0, Dtype::I32);
            let bytes = self.geometry.tile_bytes(Buffer::Acc, Dtype::I32);
            let cols = u64::from(self.geometry.acc_tiles).min(Memory::size(Space::Workspace) / bytes) as u16;
            let operation = Operation::StoreTiles(StoreTiles {
                base: self
                    .random
                    .within(0, i64::from(self.geometry.acc_tiles) - i64::from(cols))
                    as u16,
                pitch: 0,
                rows: 1,
                cols,
                to,
            });
            assert!(
                self.add(operation, Status::Ok, &mut weave, &mut all),
                "{operation:?}"
            );
        }
        (weave, all)
    }

    /// Makes a sound program what its kind says. Gives its words.
    fn spoil(&mut self, kind: Kind, streams: &mut [Vec<Instruction>; 3]) -> Vec<u64> {
        let random = &mut self.random;
        let of = (0..3)
            .map(|i| (i + random.0 as usize) % 3)
            .find(|&of| !streams[of].is_empty())
            .unwrap();
        match kind {
            Kind::Deadlock => {
                // It waits for a token that nobody gives: all that are given are taken before.
                let mut nop = blank(Operation::Nop(Module::ALL[of]));
                let next = of != 2 && random.one_in(2) || of == 0;
                nop.dependencies.pop_next = next;
                nop.dependencies.pop_prev = !next;
                streams[of].push(nop);
            }
            Kind::TokenImbalance => {
                let mut nop = blank(Operation::Nop(Module::ALL[of]));
                nop.dependencies.push_next = of != 2;
                nop.dependencies.push_prev = of == 2;
                streams[of].push(nop);
            }
            _ => {}
        }
        let mut words = weave::words(streams);
        match kind {
            Kind::InvalidInstruction => {
                let before: usize = streams[..of].iter().map(Vec::len).sum();
                let at = before + random.bits() as usize % streams[of].len();
                let place = 4 + 4 * at;
                loop {
                    let mut now: [u64; 4] = words[place..place + 4].try_into().unwrap();
                    now[random.bits() as usize % 4] ^= 1 << (random.bits() % 64);
                    let module = Instruction::decode(now)
                        .ok()
                        .map(|it| it.operation.module() as usize);
                    if module != Some(of) {
                        words[place..place + 4].copy_from_slice(&now);
                        break;
                    }
                }
            }
            Kind::InvalidProgram => {
                let at = random.bits() as usize % 4;
                words[at] ^= 1 << (random.bits() % 64);
            }
            _ => {}
        }
        words
    }

    /// Runs the words on the functional card: how they may end.
    fn ends(
        &mut self,
        words: &[u64],
        limit: u32,
        items: u64,
        streams: &[Vec<Instruction>; 3],
    ) -> Vec<(u64, u64)> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let program = match Streams::read(&bytes, limit, &self.geometry, &AtomicBool::new(false)) {
            Ok(program) => program,
            Err((status, index)) => return vec![(status as u64, index.into())],
        };
        let mut schedule = Schedule::new(self.random.bits());
        let (machine, memory) = &mut self.reference;
        for _ in 0..items {
            schedule.rewind(&program);
            loop {
                let index = match schedule.next(&program) {
                    Ok(Some(index)) => index,
                    Ok(None) => break,
                    Err((Status::Deadlock, _)) => {
                        return stuck(streams)
                            .iter()
                            .map(|index| (Status::Deadlock as u64, *index))
                            .collect();
                    }
                    Err((status, index)) => return vec![(status as u64, index.into())],
                };
                let status = memory.execute(machine, program.get(index));
                if status != Status::Ok {
                    return vec![(status as u64, index.into())];
                }
            }
        }
        vec![(0, 0)]
    }

    /// The next program, into the script.
    pub(crate) fn job(&mut self) -> Job {
        let kind = match self.random.bits() % 64 {
            0 | 1 => Kind::Stopped,
            2 => Kind::InvalidInstruction,
            3 => Kind::Fails(Status::InvalidOperand),
            4 => Kind::Fails(Status::OutOfBounds),
            5 => Kind::Fails(Status::InvalidRecord),
            6 => Kind::Deadlock,
            7 => Kind::TokenImbalance,
            8 => Kind::InvalidProgram,
            _ => Kind::Sound,
        };
        let length = match self.random.bits() % 8 {
            0 => self.random.within(1, 4),
            1 => self.random.within(1, 120),
            _ => self.random.within(1, 50),
        };
        let items = self.random.choose(&[1, 1, 1, 2, 3]);
        let (weave, all) = self.make_up(kind, length as usize);
        let mut streams = weave.finish();
        let words = self.spoil(kind, &mut streams);
        let count = words.len() / 4 - 1;
        let limit = if self.random.one_in(4) { count } else { 1 << 24 };
        let ends = self.ends(&words, limit as u32, items, &streams);
        let hash = self.reference.1.hash();
        self.is_lost = kind == Kind::Stopped || ends[0] != (0, 0);
        if !self.is_lost {
            let (machine, memory) = &mut self.planned;
            for operation in (1..items).flat_map(|_| &all) {
                assert_eq!(memory.execute(machine, &blank(*operation)), Status::Ok);
            }
            assert_eq!(
                memory.hash(),
                hash,
                "{:?}: {streams:#?}",
                races(&streams, &self.geometry)
            );
        }
        let random = &mut self.random;
        let latency = random.choose(&[0, 1, 5, 20, 60]);
        let hold = random.choose(&[0, 0, 0, 40, 150]);
        let stop = match kind {
            Kind::Stopped if random.one_in(3) => random.within(1, 60),
            Kind::Stopped => random.within(1, 3000),
            _ => 0,
        };
        write!(self.text, "p {}", words.len()).unwrap();
        for word in &words {
            write!(self.text, " {word:x}").unwrap();
        }
        let rest = random.bits() & 1;
        writeln!(
            self.text,
            "\nx {} {limit} {items} {latency} {hold} {stop} {rest}",
            8 * words.len()
        )
        .unwrap();
        Job {
            kind,
            streams,
            items,
            ends,
            hash,
        }
    }
}
