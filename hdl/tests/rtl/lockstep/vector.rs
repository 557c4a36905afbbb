//! VECTOR between memories that stall, against the functional card.

use super::{Bench, put, run};
use crate::random::Random;
use crate::vector::geometries::Shape;
use crate::vector::operations::Draw;
use crate::vector::reference::Reference;
use metisvm_firmware::{Instruction, Operation, Status};
use metisvm_hdl::tensor::vector::unit::VectorUnit;
use rust_hdl::prelude::Bits;

const COLUMNS: usize = 4;
type Unit = VectorUnit<COLUMNS, 128, 256>;

/// The block: tiles of 4×4, two requantise units.
pub(crate) fn four_by_four() -> Unit {
    Unit::new(&Shape::FourByFour.geometry(), 2)
}

/// What the module's memories hold and have been asked.
struct Memories {
    acc: Vec<u32>,
    records: Vec<(u64, bool)>,
    table: Vec<u32>,
    row: Option<usize>,
    record: usize,
    entry: usize,
}

impl Memories {
    /// Does what the commands of the C++ harness do.
    fn load(&mut self, text: &str) {
        for line in text.lines() {
            let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
            match numbers[0] {
                0 => self.acc = numbers[1..].iter().map(|word| *word as u32).collect(),
                1 => self.records.push((numbers[2], numbers[3] == 1)),
                _ => self.table.extend(numbers[3..].iter().map(|word| *word as u32)),
            }
        }
    }
}

struct Instructions {
    memories: Memories,
    reference: Reference,
    /// The words of the one that runs, and how it must end.
    runs: Option<([u64; 4], Status)>,
    starts: bool,
    done: usize,
}

impl Instructions {
    fn new(random: &mut Random) -> Self {
        let mut reference = Reference::new(Shape::FourByFour.geometry());
        let mut memories = Memories {
            acc: Vec::new(),
            records: Vec::new(),
            table: Vec::new(),
            row: None,
            record: 0,
            entry: 0,
        };
        let mut text = String::new();
        reference.load_records(random, &mut text);
        reference.load_tables(random, &mut text);
        reference.load_accumulators(random, &mut text);
        memories.load(&text);
        Self {
            memories,
            reference,
            runs: None,
            starts: false,
            done: 0,
        }
    }

    fn draw(&mut self, random: &mut Random) {
        let geometry = Shape::FourByFour.geometry();
        let vector = Draw { geometry, random }.vector();
        let instruction = Instruction {
            dependencies: Default::default(),
            operation: Operation::Vector(vector),
        };
        let status = self.reference.execute(&instruction);
        self.runs = Some((instruction.encode(), status));
        self.starts = true;
    }
}

impl Bench for Instructions {
    type Block = Unit;

    fn clock(block: &mut Unit, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Unit, random: &mut Random) {
        if self.runs.is_none() && random.one_in(4) {
            self.draw(random);
        }
        block.start.next = self.starts;
        self.starts = false;
        block.stop.next = false;
        for (index, port) in block.words.iter_mut().enumerate() {
            let garbage = random.bits();
            put(port, self.runs.map_or(garbage, |(words, _)| words[index]));
        }
        block.acc_read_ready.next = !random.one_in(5);
        block.acc_write_ready.next = !random.one_in(5);
        let mut row = Bits::<128>::default();
        for lane in 0..COLUMNS {
            let word = match self.memories.row {
                Some(at) => self.memories.acc[at * COLUMNS + lane],
                None => random.bits() as u32,
            };
            row.set_bits::<32>(32 * lane, u64::from(word).into());
        }
        block.acc_read_data.next = row;
        let (record, loaded) = self
            .memories
            .records
            .get(self.memories.record)
            .copied()
            .unwrap_or((random.bits(), random.one_in(2)));
        put(&mut block.param_record, record);
        block.param_loaded.next = loaded;
        let garbage = random.bits() as u32;
        let entry = self.memories.table.get(self.memories.entry).copied();
        put(&mut block.table_entry, entry.unwrap_or(garbage).into());
    }

    fn look(&mut self, block: &Unit) {
        let index = |value: Bits<24>| u64::from(value) as usize;
        let reads = block.acc_read_valid.val() && block.acc_read_ready.val();
        self.memories.row = reads.then(|| index(block.acc_read_address.val()));
        // Nothing is read that is about to be written in the same cycle: rows of an instruction are apart.
        if block.acc_write_valid.val() && block.acc_write_ready.val() {
            let at = index(block.acc_write_address.val());
            assert_ne!(self.memories.row, Some(at), "a row is read while it is written");
            for lane in 0..COLUMNS {
                if block.acc_write_mask.val().get_bit(lane) {
                    let word = block.acc_write_data.val().get_bits::<32>(32 * lane);
                    self.memories.acc[at * COLUMNS + lane] = u64::from(word) as u32;
                }
            }
        }
        self.memories.record = u64::from(block.param_address.val()) as usize;
        self.memories.entry = index(block.table_address.val());
        if block.done.val() {
            let (words, status) = self.runs.take().expect("nothing runs");
            assert_eq!(u64::from(block.status.val()), status as u64, "{words:x?}");
            assert_eq!(self.memories.acc, self.reference.accumulators(), "{words:x?}");
            self.done += 1;
        }
    }
}

#[test]
fn vector_does_what_the_functional_card_does() {
    let mut bench = Instructions::new(&mut Random(3));
    run("vector", four_by_four(), &mut bench, 14, 8_000);
    assert!(bench.done > 40, "{} instructions", bench.done);
}
