//! Card memory with its spaces, as harness and functional card see it.

use crate::random::Random;
use metisvm_firmware::{Instruction, Space, Status};
use metisvm_sim::machine::{Machine, Spaces};
use std::fmt::Write;
use std::sync::atomic::AtomicBool;

/// Where memory begins: addresses have 48 bits.
const ORIGIN: u64 = 0xfedc_ba98_0000;
/// Words of it.
const WORDS: usize = 1 << 14;
/// Where the spaces begin in it, and their bytes.
const PLACES: [(u64, u64); 5] = [
    (0x100, 20_003),
    (0x6000, 20_481),
    (0xb008, 19_999),
    (0x1_1000, 20_006),
    (0x1_6010, 24_000),
];

pub(crate) struct Memory {
    pub(crate) bytes: Vec<u8>,
}

impl Memory {
    /// A memory, and what makes a harness have the same.
    pub(crate) fn new(seed: u64, text: &mut String) -> Self {
        writeln!(text, "o {ORIGIN} {WORDS}\nm {seed}").unwrap();
        for (space, (base, size)) in PLACES.iter().enumerate() {
            writeln!(text, "s {space} {} {size}", ORIGIN + base).unwrap();
        }
        let mut random = Random(seed);
        let bytes = (0..WORDS).flat_map(|_| random.bits().to_le_bytes()).collect();
        Self { bytes }
    }

    pub(crate) fn size(space: Space) -> u64 {
        PLACES[space as usize].1
    }

    /// Writes a word at an offset of a space.
    pub(crate) fn poke(&mut self, space: Space, offset: u64, word: u64, text: &mut String) {
        let at = PLACES[space as usize].0 + offset;
        self.bytes[at as usize..][..8].copy_from_slice(&word.to_le_bytes());
        writeln!(text, "w {} {word}", ORIGIN + at).unwrap();
    }

    /// Executes an instruction on the functional card.
    pub(crate) fn execute(&mut self, machine: &mut Machine, instruction: &Instruction) -> Status {
        let mut rest = &mut self.bytes[..];
        let mut begin = 0;
        let mut parts = PLACES.map(|(base, size)| {
            let (_, tail) = std::mem::take(&mut rest).split_at_mut(base as usize - begin);
            let (part, tail) = tail.split_at_mut(size as usize);
            begin = (base + size) as usize;
            rest = tail;
            Some(part)
        });
        let [resident, input, output, workspace, state] = parts.each_mut().map(|part| part.take().unwrap());
        let mut spaces = Spaces {
            resident,
            input,
            output,
            workspace,
            state,
        };
        match machine.execute(instruction, &mut spaces, &AtomicBool::new(false)) {
            Ok(()) => Status::Ok,
            Err(status) => status,
        }
    }

    /// The hash that a harness prints of all of it.
    pub(crate) fn hash(&self) -> u64 {
        hash(
            self.bytes
                .chunks_exact(8)
                .map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap())),
        )
    }
}

/// FNV-1a over words.
pub(crate) fn hash(words: impl IntoIterator<Item = u64>) -> u64 {
    words.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, word| {
        (hash ^ word).wrapping_mul(0x100_0000_01b3)
    })
}
