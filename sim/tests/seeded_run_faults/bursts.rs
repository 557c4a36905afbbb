//! What bursts bring, where memory moves wide pieces in several cycles.

use crate::checks::GEOMETRY;
use crate::mistakes::{card, single_words};
use crate::support::Random;
use crate::support::copies::copies;
use crate::support::rtl::has_verilator;
use crate::support::scripts::load;
use crate::support::seeded::Subject;
use metisvm_firmware::{
    Burst, Dtype, LoadTiles, Opcode, Program, ProgramBuilder, Space, Status, StoreTiles, Submission,
};
use metisvm_sim::RtlOptions;
use metisvm_sim::rtl::MemoryOptions;

/// A program that copies 4096 bytes, tile by tile.
fn copied_tiles() -> Program {
    let burst = |space| Burst {
        space,
        offset: 0,
        row_stride: 0,
        dtype: Dtype::I32,
    };
    let mut builder = ProgramBuilder::new(GEOMETRY);
    let load = LoadTiles {
        buffer: metisvm_firmware::Buffer::Acc,
        base: 0,
        pitch: 0,
        rows: 1,
        cols: 64,
        from: burst(Space::Input),
        zero_point: 0,
    };
    let store = StoreTiles {
        base: 0,
        pitch: 0,
        rows: 1,
        cols: 64,
        to: burst(Space::Output),
    };
    builder.load_tiles(load).unwrap();
    builder.store_tiles(store).unwrap();
    builder.finish().unwrap()
}

/// Cycles until 32 KiB are resident and can be read, and of a RUN that copies eight items of 4096 bytes.
fn moved(memory: &MemoryOptions, fault: u32) -> [u64; 2] {
    const ITEM: u32 = 4096;
    let options = RtlOptions {
        memory: memory.clone(),
        fault,
        ..RtlOptions::default()
    };
    let mut card = Subject::new(&card(), &options).unwrap();
    let host = card.buffer(0x2_0000);
    let (at, input) = (host.iova().0, Random(9).bytes(8 * ITEM as usize));
    let (tiles, short) = (copied_tiles().to_bytes(), copies(&GEOMETRY, 8).to_bytes());
    host.copy_in(0, &tiles);
    host.copy_in(0x1000, &short);
    host.copy_in(0x8000, &input);
    let ok = (Status::Ok, 0);
    let programs = [
        load(1, at, 0, tiles.len()),
        load(2, at + 0x1000, 0x1000, short.len()),
    ];
    assert_eq!(card.expect(&programs, &[ok; 2]), Ok(()));
    let run = |program_handle, count, bytes| Submission {
        opcode: Opcode::Run as u8,
        program_handle,
        count,
        input: at + 0x8000,
        output: at + 0x1_0000,
        input_bytes: bytes,
        output_bytes: bytes,
        ..Submission::default()
    };
    let mut cycles = |entries: &[Submission], answers: &[(Status, u32)]| {
        let before = card.meter.counts().cycles;
        assert_eq!(card.expect(entries, answers), Ok(()));
        card.meter.counts().cycles - before
    };
    let right = |bytes: usize| (Status::Ok, crc32fast::hash(&input[..bytes]));
    let resident = load(3, at + 0x8000, 0x8000, input.len());
    [
        cycles(&[resident, run(2, 1, 8)], &[ok, right(8)]),
        cycles(&[run(1, 8, ITEM)], &[right(input.len())]),
    ]
}

/// Where card memory moves 64 bytes in the eight cycles in which its port does, words that come one by one cost eight
/// times what they could.
#[test]
fn bursts_spare_a_wide_memory() {
    if !has_verilator() {
        return;
    }
    for access_cycles in [1, 4, 8] {
        let memory = MemoryOptions {
            access_cycles,
            ..MemoryOptions::default()
        };
        let (words, bursts) = (moved(&memory, single_words()), moved(&memory, 0));
        println!("{access_cycles} cycles for 64 bytes: {words:?} in words, {bursts:?} in bursts");
        if access_cycles == 8 {
            assert!(bursts[0] * 3 < words[0] && bursts[1] * 3 < words[1] * 2);
        }
    }
}
