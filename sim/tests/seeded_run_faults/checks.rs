//! What is looked at for a mistake: outcomes of RUNs that a sound card gives.

use crate::support::Random;
use crate::support::copies::copies;
use crate::support::scripts::{
    self, Ending, HOST_BYTES, INPUT, ITEMS, OUTPUT, OUTPUT_BYTES, PROGRAM, Script, load,
};
use crate::support::seeded::{Outcome, Subject, equal};
use metisvm_firmware::registers::{self as reg, CardState};
use metisvm_firmware::{Geometry, Opcode, Status, Submission};

/// The board's.
pub(crate) const GEOMETRY: Geometry = Geometry::SMALL;

/// Copies items of so many bytes, which lie side by side.
fn copied(card: &mut Subject, bytes: u16, count: usize) -> Outcome {
    let host = card.buffer(HOST_BYTES);
    let program = copies(&GEOMETRY, bytes).to_bytes();
    let all = usize::from(bytes) * count;
    let input = Random(bytes.into()).bytes(all);
    host.copy_in(PROGRAM as usize, &program);
    host.copy_in(INPUT as usize, &input);
    let run = Submission {
        opcode: Opcode::Run as u8,
        program_handle: 1,
        count: count as u32,
        input: host.iova().0 + INPUT,
        output: host.iova().0 + OUTPUT,
        input_bytes: bytes.into(),
        output_bytes: bytes.into(),
        ..Submission::default()
    };
    let evict = Submission {
        opcode: Opcode::Evict as u8,
        data_handle: 1,
        ..Submission::default()
    };
    let right = (Status::Ok, crc32fast::hash(&input));
    let load = load(1, host.iova().0, 0, program.len());
    card.expect(&[load, run, evict], &[(Status::Ok, 0), right, (Status::Ok, 0)])?;
    equal("output", host.copy_out(OUTPUT as usize, all), input)
}

pub(crate) fn items_of_any_length(card: &mut Subject) -> Outcome {
    // Behind a shorter item its predecessor's bytes are left.
    [(21, 7), (13, 3), (16, 4), (1, 5)]
        .iter()
        .try_for_each(|&(bytes, count)| copied(card, bytes, count))
}

/// Runs a script, and gives the entry that ran it.
fn run(card: &mut Subject, script: &Script, answer: (Status, u32)) -> Result<(Submission, Vec<u8>), String> {
    let host = card.buffer(HOST_BYTES);
    for (place, bytes) in script.places() {
        host.copy_in(place as usize, bytes);
    }
    let entries = script.entries(host.iova().0);
    card.expect(&entries[..3], &[(Status::Ok, 0); 3])?;
    card.expect(&entries[3..], &[answer])?;
    let output = host.copy_out(OUTPUT as usize, OUTPUT_BYTES * ITEMS as usize);
    let evict = |data_handle| Submission {
        opcode: Opcode::Evict as u8,
        data_handle,
        ..Submission::default()
    };
    card.expect(&[1, 2, 3].map(evict), &[(Status::Ok, 0); 3])?;
    Ok((entries[3], output))
}

pub(crate) fn programs_with_data_and_state(card: &mut Subject) -> Outcome {
    for seed in [21, 22] {
        let script = Script::new(GEOMETRY, seed, 20);
        let expected = script.expected(card.capabilities);
        let (_, output) = run(card, &script, (Status::Ok, crc32fast::hash(&expected)))?;
        equal("output", output == expected, true)?;
    }
    Ok(())
}

pub(crate) fn addresses_outside_a_space(card: &mut Subject) -> Outcome {
    let mut script = Script::new(GEOMETRY, 23, 10);
    let ending = Ending::Fails(Status::OutOfBounds);
    script.program = scripts::program(GEOMETRY, &mut Random(24), 10, ending);
    // Which instruction it is, the functional card knows.
    let answer = script.answer(card.capabilities);
    equal("the functional card", answer.0, Status::OutOfBounds)?;
    run(card, &script, answer).map(|_| ())
}

/// What must be refused, with a RUN that is right behind it.
pub(crate) fn malformed_runs(card: &mut Subject) -> Outcome {
    let host = card.buffer(HOST_BYTES);
    let program = copies(&GEOMETRY, 8).to_bytes();
    host.copy_in(PROGRAM as usize, &program);
    let at = host.iova().0;
    let state = Submission {
        flags: metisvm_firmware::submission::flags::STATE,
        ..load(3, at, 0x2000, 64)
    };
    let loads = [load(1, at, 0, program.len()), load(2, at, 0x1000, 64), state];
    card.expect(&loads, &[(Status::Ok, 0); 3])?;
    let run = Submission {
        opcode: Opcode::Run as u8,
        program_handle: 1,
        data_handle: 2,
        state_handle: 3,
        count: 1,
        input: at + INPUT,
        output: at + OUTPUT,
        input_bytes: 8,
        output_bytes: 8,
        card_address: 0x3000,
        card_bytes: 64,
        ..Submission::default()
    };
    let cases = [
        (Submission { count: 0, ..run }, Status::InvalidField, 2),
        (
            Submission {
                dtype_in: 3,
                input_bytes: 10,
                ..run
            },
            Status::InvalidField,
            5,
        ),
        (
            Submission {
                dtype_out: 2,
                output_bytes: 9,
                ..run
            },
            Status::InvalidField,
            5,
        ),
        (
            Submission {
                data_handle: 3,
                ..run
            },
            Status::UnknownHandle,
            3,
        ),
        (
            Submission {
                state_handle: 2,
                ..run
            },
            Status::UnknownHandle,
            2,
        ),
        (
            Submission {
                data_handle: 9,
                ..run
            },
            Status::UnknownHandle,
            9,
        ),
        (
            Submission {
                output: u64::MAX - 7,
                ..run
            },
            Status::DmaFault,
            0,
        ),
        (
            Submission {
                card_address: 0x1000,
                ..run
            },
            Status::CardMemory,
            0,
        ),
        (
            Submission {
                card_address: 1 << 40,
                ..run
            },
            Status::CardMemory,
            0,
        ),
    ];
    let right = (Status::Ok, crc32fast::hash(&[0; 8]));
    for (entry, status, detail) in cases {
        card.expect(&[entry, run], &[(status, detail), right])?;
    }
    Ok(())
}

/// An input that cannot be read, and what follows it.
pub(crate) fn unreadable_inputs(card: &mut Subject) -> Outcome {
    let host = card.buffer(HOST_BYTES);
    let program = copies(&GEOMETRY, 8).to_bytes();
    host.copy_in(PROGRAM as usize, &program);
    let at = host.iova().0;
    card.expect(&[load(1, at, 0, program.len())], &[(Status::Ok, 0)])?;
    let run = Submission {
        opcode: Opcode::Run as u8,
        program_handle: 1,
        count: 3,
        input: at + INPUT,
        output: at + OUTPUT,
        input_bytes: 8,
        output_bytes: 8,
        ..Submission::default()
    };
    // Longer than a request: some of it is on its way when the first part has failed.
    let faulty = Submission {
        input: 1 << 40,
        input_bytes: 5000,
        ..run
    };
    let right = (Status::Ok, crc32fast::hash(&[0; 24]));
    card.expect(&[faulty, run], &[(Status::DmaFault, 0), right])?;
    card.expect(&[run], &[right])
}

/// One answer of card memory about the program's data is an error: the RUN ends with it, and only the reset helps.
pub(crate) fn errors_of_memory(card: &mut Subject) -> Outcome {
    let script = Script::new(GEOMETRY, 25, 12);
    let expected = script.expected(card.capabilities);
    let host = card.buffer(HOST_BYTES);
    for (place, bytes) in script.places() {
        host.copy_in(place as usize, bytes);
    }
    let entries = script.entries(host.iova().0);
    let ok = (Status::Ok, 0);
    card.expect(&entries[..3], &[ok; 3])?;
    for _ in 0..2 {
        card.expect(&entries[3..], &[(Status::Internal, 0)])?;
        equal(
            "status",
            card.transport.read32(reg::STATUS),
            CardState::Fatal as u32,
        )?;
    }
    card.reset()?;
    equal(
        "status",
        card.transport.read32(reg::STATUS),
        CardState::Ready as u32,
    )?;
    card.expect(&entries[..3], &[ok; 3])?;
    card.expect(&entries[3..], &[(Status::Ok, crc32fast::hash(&expected))])?;
    equal(
        "status",
        card.transport.read32(reg::STATUS),
        CardState::Ready as u32,
    )
}
