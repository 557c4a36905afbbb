//! Every definition that has two directions goes there and back; arbitrary bits do no harm.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use metisvm_firmware::asm::{assemble, disassemble};
use metisvm_firmware::capabilities::Capabilities;
use metisvm_firmware::check::Record;
use metisvm_firmware::keccak::{Descriptor, lay_out};
use metisvm_firmware::program::{Program, ProgramError};
use metisvm_firmware::registers::features;
use metisvm_firmware::{
    Buffer, Completion, Dependencies, Dtype, Fill, Gemm, Geometry, Instruction, Lanes, Load, Module,
    Operation, ProgramBuilder, Requantise, Space, Store, Submission, Vector, VectorOp, Walk, microprograms,
};
use proptest::prelude::*;

fn dtype() -> impl Strategy<Value = Dtype> {
    prop::sample::select(&Dtype::ALL[..])
}

fn lanes() -> impl Strategy<Value = Lanes> {
    (any::<[u16; 4]>(), 1_u16.., 1_u16..).prop_map(|([base, pitch, row, col], rows, cols)| Lanes {
        base,
        pitch,
        row,
        col,
        rows,
        cols,
    })
}

fn walk(spaces: &'static [Space]) -> impl Strategy<Value = Walk> {
    (
        prop::sample::select(spaces),
        0..1_u64 << 48,
        any::<i32>(),
        any::<i32>(),
        dtype(),
    )
        .prop_map(|(space, offset, row_stride, col_stride, dtype)| Walk {
            space,
            offset,
            row_stride,
            col_stride,
            dtype,
        })
}

fn load() -> impl Strategy<Value = Load> {
    let buffers = [Buffer::A, Buffer::B, Buffer::Acc, Buffer::Param, Buffer::Table];
    let from = walk(&[Space::Resident, Space::Input, Space::Workspace]);
    (
        prop::sample::select(buffers.to_vec()),
        lanes(),
        from,
        -256..256_i16,
        any::<bool>(),
    )
        .prop_map(|(buffer, mut to, mut from, mut zero_point, unsigned)| {
            match buffer {
                Buffer::A | Buffer::B => from.dtype = if unsigned { Dtype::U8 } else { Dtype::I8 },
                Buffer::Acc => zero_point = 0,
                Buffer::Param | Buffer::Table => {
                    to = Lanes {
                        base: to.base,
                        cols: to.cols,
                        rows: 1,
                        ..Lanes::default()
                    };
                    from.row_stride = 0;
                    zero_point = 0;
                    if buffer == Buffer::Param {
                        from.dtype = Dtype::U8;
                    } else {
                        to.cols = 256;
                    }
                }
            }
            Load {
                buffer,
                to,
                from,
                zero_point,
            }
        })
}

fn fill() -> impl Strategy<Value = Fill> {
    let buffers = [Buffer::A, Buffer::B, Buffer::Acc];
    (
        prop::sample::select(buffers.to_vec()),
        any::<u16>(),
        1_u16..,
        any::<i32>(),
    )
        .prop_map(|(buffer, base, tiles, value)| {
            let value = if buffer == Buffer::Acc { value } else { value % 256 };
            Fill {
                buffer,
                base,
                tiles,
                value,
            }
        })
}

fn gemm() -> impl Strategy<Value = Gemm> {
    (any::<bool>(), 1_u16.., 1_u16.., 1_u16.., any::<[u16; 8]>()).prop_map(
        |(accumulate, m_tiles, n_tiles, k_tiles, rest)| {
            let [acc, acc_pitch, a, a_pitch, a_step, b, b_pitch, b_step] = rest;
            Gemm {
                accumulate,
                m_tiles,
                n_tiles,
                k_tiles,
                acc,
                acc_pitch,
                a,
                a_pitch,
                a_step,
                b,
                b_pitch,
                b_step,
            }
        },
    )
}

fn vector() -> impl Strategy<Value = Vector> {
    let op = prop_oneof![
        Just(VectorOp::Add),
        Just(VectorOp::Max),
        Just(VectorOp::Min),
        any::<i32>().prop_map(VectorOp::AddImmediate),
        any::<i32>().prop_map(VectorOp::MaxImmediate),
        any::<i32>().prop_map(VectorOp::MinImmediate),
        (any::<u16>(), any::<bool>(), dtype())
            .prop_map(|(param, shared, dtype)| VectorOp::Requantise(Requantise { param, shared, dtype })),
        any::<u16>().prop_map(VectorOp::Table),
        (any::<bool>(), any::<i32>()).prop_map(|(first, base)| VectorOp::ArgMax { first, base }),
    ];
    (op, any::<[u16; 4]>(), 1_u16.., 1_u16..).prop_map(
        |(op, [dst, dst_pitch, src, src_pitch], rows, cols)| Vector {
            op,
            dst,
            dst_pitch,
            src,
            src_pitch,
            rows,
            cols,
        },
    )
}

fn instruction() -> impl Strategy<Value = Instruction> {
    let modules = [Module::Load, Module::Compute, Module::Store];
    let store = (lanes(), walk(&[Space::Output, Space::Workspace])).prop_map(|(from, to)| Store { from, to });
    let operation = prop_oneof![
        prop::sample::select(modules.to_vec()).prop_map(Operation::Nop),
        load().prop_map(Operation::Load),
        fill().prop_map(Operation::Fill),
        gemm().prop_map(Operation::Gemm),
        vector().prop_map(Operation::Vector),
        store.prop_map(Operation::Store),
        Just(Operation::Finish),
    ];
    (operation, any::<[bool; 4]>()).prop_map(|(operation, [pop_prev, pop_next, push_prev, push_next])| {
        let (prev, next) = match operation.module() {
            Module::Load => (false, true),
            Module::Compute => (true, true),
            Module::Store => (true, false),
        };
        let push = operation != Operation::Finish;
        let dependencies = Dependencies {
            pop_prev: pop_prev && prev,
            pop_next: pop_next && next,
            push_prev: push_prev && prev && push,
            push_next: push_next && next && push,
        };
        Instruction {
            dependencies,
            operation,
        }
    })
}

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
    fn arbitrary_words_decode_without_panic(mut words: [u64; 4], opcode in 0..9_u64) {
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
        assert_eq!(test.output.len(), size * 5);
    }
}

#[test]
fn a_program_ends_with_its_only_finish() {
    let nop = Instruction {
        dependencies: Dependencies::default(),
        operation: Operation::Nop(Module::Load),
    };
    let finish = Instruction {
        operation: Operation::Finish,
        ..nop
    };
    assert!(Program::new(vec![nop, finish]).is_ok());
    for bad in [vec![], vec![nop], vec![finish, finish], vec![finish, nop]] {
        assert_eq!(Program::new(bad), Err(ProgramError::Finish));
    }
    assert_eq!(Program::from_bytes(&[0; 33]), Err(ProgramError::Length(33)));
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
    assert!(assemble("finish [push_next]").is_err());
    assert!(assemble("fill.a base=0 tiles=1 value=256").is_err());
    assert!(assemble("fill.a base=0 base=0 tiles=1 value=1").is_err());
    assert!(assemble("fill.a base=0 tiles=1").is_err());
}
