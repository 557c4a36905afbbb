//! RUN entries as a hostile or broken host would write them: every field, handle and address.

use crate::support::{Raw, programs, submit};
use metisvm_driver::DmaBuffer;
use metisvm_firmware::submission::flags;
use metisvm_firmware::{Dependencies, Instruction, Module, Opcode, Operation, Program, Status, Submission};

fn entry(opcode: Opcode) -> Submission {
    Submission {
        opcode: opcode as u8,
        ..Submission::default()
    }
}

fn statuses(raw: &mut Raw, entries: &[Submission]) -> Vec<Status> {
    let answers = submit(&mut raw.pair, entries);
    answers.into_iter().map(|(status, _)| status).collect()
}

/// A card with a program of one NOP (handle 1), data (2) and a state (3), and a RUN that is right.
fn with_a_sound_run() -> (Raw, DmaBuffer, Submission) {
    let mut raw = Raw::new(programs());
    let nop = Instruction {
        dependencies: Dependencies::default(),
        operation: Operation::Nop(Module::Compute),
    };
    raw.load(&Program::new([nop]).unwrap().to_bytes());
    let host = DmaBuffer::new(&raw.transport, 4096).unwrap();
    let load = |data_handle, flags, card_address| Submission {
        data_handle,
        flags,
        card_address,
        card_bytes: 100,
        input: host.iova().0,
        ..entry(Opcode::LoadResident)
    };
    let loads = [load(2, 0, 0x1000), load(3, flags::STATE, 0x2000)];
    assert_eq!(statuses(&mut raw, &loads), [Status::Ok; 2]);
    let run = Submission {
        program_handle: 1,
        data_handle: 2,
        state_handle: 3,
        count: 2,
        input: host.iova().0,
        output: host.iova().0 + 2048,
        input_bytes: 64,
        output_bytes: 64,
        card_address: 0x3000,
        card_bytes: 640,
        ..entry(Opcode::Run)
    };
    (raw, host, run)
}

/// Gives each to a card, the right one between them, and compares status and detail.
fn are_answered(raw: &mut Raw, run: Submission, cases: &[(Submission, Status, u32)]) {
    for (index, (wrong, status, detail)) in cases.iter().enumerate() {
        let answers = submit(&mut raw.pair, &[*wrong, run]);
        assert_eq!(answers[0], (*status, *detail), "case {index}: {wrong:?}");
        assert_eq!(answers[1].0, Status::Ok, "behind case {index}: {wrong:?}");
    }
}

#[test]
fn every_field_of_a_run_is_checked() {
    let capabilities = programs().capabilities;
    let (mut raw, _host, run) = with_a_sound_run();
    let mut cases = Vec::new();
    let mut case = |wrong, status, detail| cases.push((wrong, status, detail));
    let field = Status::InvalidField;
    let with_flags = Submission { flags: 1, ..run };
    case(with_flags, field, 0);
    for dtype in [4, 5, 128, 255] {
        let dtype_in = Submission {
            dtype_in: dtype,
            ..run
        };
        let dtype_out = Submission {
            dtype_out: dtype,
            ..run
        };
        case(dtype_in, field, 0);
        case(dtype_out, field, 0);
    }
    for past in [1, 2, 4, 7] {
        let input = Submission {
            input: run.input + past,
            ..run
        };
        let output = Submission {
            output: run.output + past,
            ..run
        };
        case(input, field, 3);
        case(output, field, 4);
    }
    for count in [0, capabilities.max_batch + 1, 1 << 17, u32::MAX] {
        case(Submission { count, ..run }, field, 2);
    }
    for input_bytes in [capabilities.max_input_bytes + 1, 1 << 31, u32::MAX] {
        case(Submission { input_bytes, ..run }, field, 5);
    }
    for output_bytes in [capabilities.max_output_bytes + 1, 1 << 31, u32::MAX] {
        case(Submission { output_bytes, ..run }, field, 5);
    }
    for (dtype, bytes) in [(2, 1), (2, 63), (3, 1), (3, 2), (3, 3), (3, 62)] {
        let dtype_in = Submission {
            dtype_in: dtype,
            input_bytes: bytes,
            ..run
        };
        let dtype_out = Submission {
            dtype_out: dtype,
            output_bytes: bytes,
            ..run
        };
        case(dtype_in, field, 5);
        case(dtype_out, field, 5);
    }
    are_answered(&mut raw, run, &cases);
}

#[test]
fn every_handle_of_a_run_is_checked() {
    let capabilities = programs().capabilities;
    let most = capabilities.max_handles;
    let (mut raw, _host, run) = with_a_sound_run();
    let mut cases = Vec::new();
    // None, not resident, beyond the highest, one whose low bits are those of a good one, and a state.
    let wide = [9, most, most + 1, most + 2, 1 << 16 | 2, 1 << 31 | 2, u32::MAX, 3];
    for data_handle in wide {
        cases.push((
            Submission { data_handle, ..run },
            Status::UnknownHandle,
            data_handle,
        ));
    }
    for handle in [9, most as u16, most as u16 + 1, 256 + 1, 0x8001, u16::MAX] {
        let program = Submission {
            program_handle: handle,
            ..run
        };
        let state = Submission {
            state_handle: handle,
            ..run
        };
        cases.push((program, Status::UnknownHandle, handle.into()));
        cases.push((state, Status::UnknownHandle, handle.into()));
    }
    for (program_handle, state_handle, wrong) in [(0, 3, 0), (3, 3, 3), (1, 1, 1), (1, 2, 2)] {
        let run = Submission {
            program_handle,
            state_handle,
            ..run
        };
        cases.push((run, Status::UnknownHandle, wrong));
    }
    are_answered(&mut raw, run, &cases);
    // Without data and without a state it is right, and with the program's own bytes as data.
    let without = Submission {
        data_handle: 0,
        state_handle: 0,
        ..run
    };
    let own = Submission {
        data_handle: 1,
        ..run
    };
    assert_eq!(statuses(&mut raw, &[without, own]), [Status::Ok; 2]);
}

#[test]
fn every_address_of_a_run_is_checked() {
    let memory = programs().capabilities.card_memory_bytes;
    let (mut raw, host, run) = with_a_sound_run();
    let workspace = |card_address, card_bytes| Submission {
        card_address,
        card_bytes,
        ..run
    };
    let mut cases = Vec::new();
    for (address, bytes) in [
        // At no multiple of 64.
        (0x3001, 64),
        (0x3020, 64),
        // Beyond the end.
        (memory, 1),
        (memory - 64, 65),
        (memory + 64, 64),
        (u64::MAX - 63, 64),
        (1 << 48, 64),
        (0x3000, memory),
        (0x3000, u64::MAX),
        (0x3000, 1 << 48),
        (64, u64::MAX - 63),
        // On program, data and state: a part, all, around them.
        (0, 64),
        (0, 1),
        (0x1000, 64),
        (0x1040, 64),
        (0x0fc0, 65),
        (0x0f00, 0x300),
        (0x2040, 1),
        (0x1fc0, 128),
        (0, 0x4000),
    ] {
        cases.push((workspace(address, bytes), Status::CardMemory, 0));
    }
    let fault = Status::DmaFault;
    for input in [
        0,
        1 << 50,
        u64::MAX - 63,
        u64::MAX - 127,
        host.iova().0 + (1 << 40),
    ] {
        cases.push((Submission { input, ..run }, fault, 0));
    }
    // To the end of the address space and beyond, where nothing can be written.
    for (output, output_bytes) in [(u64::MAX - 7, 8), (u64::MAX - 63, 64), (u64::MAX - 127, 65)] {
        cases.push((
            Submission {
                output,
                output_bytes,
                ..run
            },
            fault,
            0,
        ));
    }
    are_answered(&mut raw, run, &cases);
    // Beside them it is right.
    let beside = [
        workspace(0x0fc0, 64),
        workspace(0x1080, 64),
        workspace(0x1f80, 128),
        workspace(0x2080, 64),
        workspace(memory - 64, 64),
        workspace(0, 0),
    ];
    assert_eq!(statuses(&mut raw, &beside), [Status::Ok; 6]);
}
