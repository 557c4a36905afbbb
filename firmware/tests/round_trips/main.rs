//! Every definition that has two directions goes there and back; arbitrary bits do no harm.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod draw;

use draw::instruction;
use metisvm_firmware::asm::{assemble, disassemble};
use metisvm_firmware::capabilities::Capabilities;
use metisvm_firmware::check::Record;
use metisvm_firmware::keccak::{Descriptor, lay_out};
use metisvm_firmware::program::{Program, ProgramError};
use metisvm_firmware::registers::features;
use metisvm_firmware::{
    Buffer, Completion, Dependencies, Dtype, Fill, Gemm, Geometry, INSTRUCTION_BYTES, Instruction, Lanes,
    Load, Module, Operation, ProgramBuilder, Space, Store, Submission, Walk, microprograms,
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn instructions_survive_encoding(instruction in instruction()) {
        prop_assert_eq!(instruction.check_form(), Ok(()));
        prop_assert_eq!(Instruction::decode(instruction.encode()), Ok(instruction));
        prop_assert_eq!(Instruction::from_bytes(&instruction.to_bytes()), Ok(instruction));
    }

    #[test]
    fn instructions_survive_assembly(instructions in prop::collection::vec(instruction(), 0..5)) {
        prop_assert_eq!(assemble(&disassemble(&instructions)), Ok(instructions));
    }

    #[test]
    fn encodings_are_canonical(instruction in instruction(), word in 0..4_usize, bit in 0..64_u32) {
        let mut words = instruction.encode();
        words[word] ^= 1 << bit;
        // Another instruction, or none; never the same one in other bits.
        if let Ok(other) = Instruction::decode(words) {
            prop_assert_ne!(other, instruction);
            prop_assert_eq!(other.encode(), words);
        }
    }

    #[test]
    fn arbitrary_words_decode_without_panic(mut words: [u64; 4], opcode in 0..10_u64) {
        words[0] = words[0] & !0xff | opcode;
        if let Ok(instruction) = Instruction::decode(words) {
            prop_assert_eq!(instruction.encode(), words);
            let _ = instruction.check_operands(&Geometry::SMALL);
        }
    }

    #[test]
    fn operand_checks_do_not_overflow(instruction in instruction()) {
        let one = Geometry { tile_rows: 1, tile_cols: 1, tile_depth: 1, a_tiles: 1, b_tiles: 1, acc_tiles: 1,
            param_entries: 1, table_count: 1 };
        let _ = instruction.check_operands(&one);
        let _ = instruction.operation.cost(&one);
        prop_assert!(instruction.operation.cost(&Geometry::MEDIUM) >= metisvm_firmware::cost::INSTRUCTION);
        let _ = instruction.check_operands(&Geometry::MEDIUM);
    }

    #[test]
    fn arbitrary_text_assembles_without_panic(text in "[a-z.=+0-9\\[\\] #\n-]{0,120}") {
        let _ = assemble(&text);
    }

    #[test]
    fn entries_survive_their_words(submission: [u64; 8], completion: [u64; 2]) {
        prop_assert_eq!(Submission::from_words(submission).to_words(), submission);
        prop_assert_eq!(Completion::from_words(completion).to_words(), completion);
        // The types are the entries' bytes.
        if cfg!(target_endian = "little") {
            prop_assert_eq!(bytemuck::cast::<_, Submission>(submission), Submission::from_words(submission));
            let entry: metisvm_firmware::completion::CompletionEntry = bytemuck::cast(completion);
            let parsed = Completion::from_words(completion);
            prop_assert_eq!((entry.sequence, entry.boot_nonce, entry.detail), (parsed.sequence, parsed.boot_nonce, parsed.detail));
            prop_assert_eq!((entry.submission_head, entry.phase_and_status), (parsed.submission_head, parsed.status << 1 | u16::from(parsed.phase)));
        }
        let _ = Submission::from_words(submission).stray_field();
    }

    #[test]
    fn records_survive_their_bytes(bytes: [u8; 8]) {
        if let Some(record) = Record::from_bytes(bytes) {
            prop_assert_eq!(record.to_bytes(), bytes);
        }
    }

    #[test]
    fn built_programs_balance(operations in prop::collection::vec(0..5_u8, 0..40)) {
        let mut builder = ProgramBuilder::new(Geometry::SMALL);
        let lanes = Lanes { rows: 1, cols: 1, ..Lanes::default() };
        let walk = |space| Walk { space, offset: 0, row_stride: 0, col_stride: 0, dtype: Dtype::I8 };
        for operation in operations {
            builder.push(match operation {
                0 => Operation::Load(Load { buffer: Buffer::A, to: lanes, from: walk(Space::Input), zero_point: 0 }),
                1 => Operation::Fill(Fill { buffer: Buffer::Acc, base: 0, tiles: 1, value: 0 }),
                2 => Operation::Gemm(Gemm { m_tiles: 1, n_tiles: 1, k_tiles: 1, ..Gemm::default() }),
                3 => Operation::Store(Store { from: lanes, to: walk(Space::Output) }),
                _ => Operation::Nop(Module::Compute),
            }).unwrap();
        }
        if builder.is_empty() {
            prop_assert_eq!(builder.finish(), Err(ProgramError::Empty));
            return Ok(());
        }
        let program = builder.finish().unwrap();
        prop_assert_eq!(program.check_tokens(), Ok(()));
        prop_assert_eq!(Program::from_bytes(&program.to_bytes()), Ok(program));
    }

    #[test]
    fn keccak_batches_hold_their_messages(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20)) {
        let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let batch = lay_out(&slices).unwrap();
        for (index, message) in messages.iter().enumerate() {
            let word = u64::from_le_bytes(*batch.as_chunks::<8>().0.get(index).unwrap());
            prop_assert_eq!(Descriptor::from_word(word).message(&batch), Some(message.as_slice()));
        }
    }
}

#[test]
fn the_self_test_fits_every_geometry() {
    for (tile_rows, tile_cols, tile_depth) in [(1, 1, 1), (4, 4, 4), (3, 7, 5), (16, 16, 16), (256, 256, 256)]
    {
        let geometry = Geometry {
            tile_rows,
            tile_cols,
            tile_depth,
            ..Geometry::MEDIUM
        };
        let test = microprograms::self_test(&geometry).unwrap();
        test.program.check_tokens().unwrap();
        test.program.check_operands(&geometry).unwrap();
        let size = usize::from(tile_rows) * usize::from(tile_cols);
        assert_eq!(test.output.len(), (size * 4).next_multiple_of(8) + size);
    }
}

#[test]
fn a_program_is_three_streams_behind_a_header() {
    let nop = |module| Instruction {
        dependencies: Dependencies::default(),
        operation: Operation::Nop(module),
    };
    // Mixed: what counts is the order within a module.
    let mixed = [
        nop(Module::Store),
        nop(Module::Load),
        nop(Module::Compute),
        nop(Module::Load),
    ];
    let program = Program::new(mixed).unwrap();
    let lengths = Module::ALL.map(|module| program.stream(module).len());
    assert_eq!((lengths, program.len()), ([2, 1, 1], 4));
    let bytes = program.to_bytes();
    assert_eq!(bytes[..16], [2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(Program::from_bytes(&bytes), Ok(program));

    assert_eq!(Program::new([]), Err(ProgramError::Empty));
    assert_eq!(
        Program::from_bytes(&[0; INSTRUCTION_BYTES]),
        Err(ProgramError::Empty)
    );
    assert_eq!(Program::from_bytes(&[]), Err(ProgramError::Header));
    assert_eq!(Program::from_bytes(&[0; 33]), Err(ProgramError::Length(33)));
    let changed = |at: usize, to: u8| {
        let mut changed = bytes.clone();
        changed[at] = to;
        Program::from_bytes(&changed)
    };
    assert_eq!(changed(0, 3), Err(ProgramError::Header), "more than there are");
    assert_eq!(changed(8, 0), Err(ProgramError::Header), "less than there are");
    assert_eq!(changed(12, 1), Err(ProgramError::Header), "a zero that is none");
    assert_eq!(changed(24, 1), Err(ProgramError::Header), "a zero that is none");
    let mut shifted = bytes.clone();
    (shifted[0], shifted[4]) = (1, 2);
    let module = Module::Compute;
    assert_eq!(
        Program::from_bytes(&shifted),
        Err(ProgramError::Stream { index: 1, module })
    );
}

#[test]
fn a_store_never_writes_a_byte_twice() {
    let store = |(rows, cols), (row_stride, col_stride), dtype| {
        let from = Lanes {
            rows,
            cols,
            ..Lanes::default()
        };
        let to = Walk {
            space: Space::Output,
            offset: 1 << 40,
            row_stride,
            col_stride,
            dtype,
        };
        let operation = Operation::Store(Store { from, to });
        let dependencies = Dependencies::default();
        let accepted = Instruction {
            dependencies,
            operation,
        };
        accepted.check_form().is_ok()
    };
    // What is accepted meets no byte twice, for all small rectangles and strides; of what is refused,
    // only such as are interleaved in both directions do not either.
    let mut accepted = 0;
    for (rows, cols) in [(1, 1), (1, 4), (4, 1), (2, 3), (3, 3)] {
        for dtype in [Dtype::I8, Dtype::I16] {
            for row in -9..=9_i32 {
                for col in -9..=9_i32 {
                    let mut bytes = std::collections::BTreeSet::new();
                    let mut distinct = true;
                    for (r, c) in (0..rows).flat_map(|r| (0..cols).map(move |c| (r, c))) {
                        let at = i32::from(r) * row + i32::from(c) * col;
                        for byte in at..at + dtype.bytes() as i32 {
                            distinct &= bytes.insert(byte);
                        }
                    }
                    if store((rows, cols), (row, col), dtype) {
                        accepted += 1;
                        assert!(distinct, "{rows}×{cols} by {row}, {col} of {dtype:?}");
                    }
                }
            }
        }
    }
    assert!(accepted > 1000);
    assert!(store((3, 4), (4, 1), Dtype::I8) && store((3, 4), (1, 3), Dtype::I8));
    assert!(!store((3, 4), (0, 1), Dtype::I8) && !store((3, 4), (3, 1), Dtype::I8));
}

#[test]
fn capabilities_survive_their_registers() {
    let capabilities = Capabilities {
        geometry: Geometry::MEDIUM,
        features: features::TENSOR | features::KECCAK | 1 << 40,
        build_id: 77,
        card_memory_bytes: 5 << 32 | 4096,
        max_handles: 9,
        max_queues: 2,
        max_queue_entries: 64,
        max_program_instructions: 1000,
        max_batch: 12,
        keccak_max_messages: 13,
        clock_khz: 150_000,
        max_input_bytes: 1 << 20,
        max_output_bytes: 1 << 21,
        keccak_max_bytes: 1 << 22,
        work_budget: 7 << 32 | 5,
    };
    assert_eq!(capabilities.validate(), Ok(()));
    let read = Capabilities::read(|offset| capabilities.register(offset).unwrap());
    assert_eq!(read, capabilities);
    assert!(Capabilities::read(|_| u32::MAX).validate().is_err());
    assert!(Capabilities::read(|_| 0).validate().is_err());
    assert!(
        Capabilities::read(|_| 0x1_0010).validate().is_err(),
        "a side must not wrap into 16"
    );
}

#[test]
fn assembly_errors_name_the_line() {
    let error = assemble("# a comment\n\nnop.compute\nnop.nowhere\n").unwrap_err();
    assert_eq!(error.line, 4);
    assert!(assemble("nop.store [push_next]").is_err());
    assert!(assemble("fill.a base=0 tiles=1 value=256").is_err());
    assert!(assemble("fill.a base=0 base=0 tiles=1 value=1").is_err());
    assert!(assemble("fill.a base=0 tiles=1").is_err());
}
