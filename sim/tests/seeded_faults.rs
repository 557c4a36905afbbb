//! Mistakes put into the card's Verilog, all in one build and chosen by an input: each is noticed by the check
//! that is there for it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_firmware::keccak::{Descriptor, lay_out};
use metisvm_firmware::registers::{self as reg, QueueState, queue, queue_register};
use metisvm_firmware::{Opcode, Status, Submission};
use metisvm_sim::RtlOptions;
use sha3::{Digest, Keccak256};
use std::time::Instant;
use support::NONCE;
use support::rtl::has_verilator;
use support::seeded::{Check, Fault, Outcome, PATIENCE, Subject, are_noticed, equal, fault, source};

fn entry(opcode: Opcode) -> Submission {
    Submission {
        opcode: opcode as u8,
        ..Submission::default()
    }
}

fn nops_in_several_passes_of_the_ring(card: &mut Subject) -> Outcome {
    for round in 0..12 {
        let nops = [Submission::default(); 7];
        let count = 1 + round % 7;
        card.expect(&nops[..count], &[(Status::Ok, 0); 7][..count])?;
    }
    Ok(())
}

fn malformed_entries(card: &mut Subject) -> Outcome {
    let stray = Submission {
        card_bytes: 1,
        ..entry(Opcode::Nop)
    };
    let unknown = Submission {
        opcode: 6,
        ..entry(Opcode::Nop)
    };
    let answers = [(Status::InvalidField, 7), (Status::InvalidOpcode, 0)];
    card.expect(&[stray, unknown], &answers)
}

fn cancel(card: &mut Subject) -> Outcome {
    let keccak = Submission {
        count: 1,
        output_bytes: 32,
        ..entry(Opcode::Keccak)
    };
    let first = card.pair.push(keccak).unwrap();
    let cancel = Submission {
        count: first,
        ..entry(Opcode::Cancel)
    };
    let lost = Submission {
        count: first.wrapping_add(99),
        ..entry(Opcode::Cancel)
    };
    let sequences = [
        first,
        card.pair.push(cancel).unwrap(),
        card.pair.push(lost).unwrap(),
    ];
    card.pair.ring_doorbell();
    let expected = [Status::Cancelled, Status::Ok, Status::NotFound];
    for (sequence, status) in sequences.into_iter().zip(expected) {
        let completion = card.answer()?;
        equal("sequence", completion.sequence, sequence)?;
        equal("status", completion.status, status as u16)?;
    }
    Ok(())
}

fn resident_memory(card: &mut Subject) -> Outcome {
    let host = card.buffer(4096);
    let bytes: Vec<u8> = (0..4096).map(|at| (at * 7 + at / 256) as u8).collect();
    host.copy_in(0, &bytes);
    let load = |data_handle, card_address, card_bytes| Submission {
        data_handle,
        card_address,
        card_bytes,
        input: host.iova().0 + 8,
        ..entry(Opcode::LoadResident)
    };
    let evict = Submission {
        data_handle: 64,
        ..entry(Opcode::Evict)
    };
    let answers = [
        (Status::Ok, 0),
        (Status::CardMemory, 0),
        (Status::Ok, 0),
        (Status::HandleInUse, 64),
        (Status::Ok, 0),
        (Status::UnknownHandle, 64),
    ];
    let entries = [
        load(64, 128, 2000),
        load(2, 2048, 64),
        load(2, 2176, 64),
        load(64, 4096, 64),
        evict,
        evict,
    ];
    card.expect(&entries, &answers)?;
    let memory = card.meter.card_memory(128, 250).unwrap();
    let words: Vec<u64> = bytes[8..2008]
        .as_chunks::<8>()
        .0
        .iter()
        .map(|word| u64::from_le_bytes(*word))
        .collect();
    equal("card memory", memory == words, true)
}

fn batches_of_messages(card: &mut Subject) -> Outcome {
    let messages: Vec<Vec<u8>> = (0..150).map(|n| vec![n as u8; (n * 37) % 700]).collect();
    let views: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let batch = lay_out(&views).unwrap();
    let (input, output) = (card.buffer(batch.len()), card.buffer(150 * 32));
    input.copy_in(0, &batch);
    let digests: Vec<u8> = views.iter().flat_map(Keccak256::digest).collect();
    let keccak = Submission {
        count: 150,
        input: input.iova().0,
        output: output.iova().0,
        input_bytes: batch.len() as u32,
        output_bytes: 32,
        ..entry(Opcode::Keccak)
    };
    card.expect(&[keccak], &[(Status::Ok, crc32fast::hash(&digests))])?;
    equal("digests", output.copy_out(0, digests.len()) == digests, true)
}

fn messages_outside_their_batch(card: &mut Subject) -> Outcome {
    let host = card.buffer(64);
    for (offset, length, answer) in [
        (8, 56, None),
        (8, 57, Some((Status::InvalidBatch, 0))),
        (12, 4, Some((Status::InvalidBatch, 0))),
    ] {
        let word = Descriptor { offset, length }.to_word();
        host.copy_in(0, &word.to_le_bytes());
        let output = card.buffer(32);
        let keccak = Submission {
            count: 1,
            input: host.iova().0,
            output: output.iova().0,
            input_bytes: 64,
            output_bytes: 32,
            ..entry(Opcode::Keccak)
        };
        let digest = Keccak256::digest(host.copy_out(8, 56));
        card.expect(
            &[keccak],
            &[answer.unwrap_or((Status::Ok, crc32fast::hash(&digest)))],
        )?;
    }
    Ok(())
}

fn doorbells_beyond_the_ring(card: &mut Subject) -> Outcome {
    card.transport.write32(queue_register(0, queue::SQ_TAIL), 40);
    let stopped = QueueState::InvalidConfiguration as u32;
    let deadline = Instant::now() + PATIENCE;
    while card.transport.read32(queue_register(0, queue::STATE)) != stopped {
        if Instant::now() > deadline {
            return Err("the queue goes on".into());
        }
    }
    Ok(())
}

fn a_reset(card: &mut Subject) -> Outcome {
    nops_in_several_passes_of_the_ring(card)?;
    card.transport.write32(reg::CONTROL, reg::CONTROL_RESET);
    let deadline = Instant::now() + PATIENCE;
    while card.transport.read32(reg::BOOT_NONCE) != 0 {
        if Instant::now() > deadline {
            return Err("no acknowledgement".into());
        }
    }
    equal(
        "enable",
        card.transport.read32(queue_register(0, queue::ENABLE)),
        0,
    )?;
    card.transport.write32(reg::BOOT_NONCE, NONCE);
    card.transport.write32(reg::BOOT_NONCE, NONCE + 1);
    equal("nonce", card.transport.read32(reg::BOOT_NONCE), NONCE)
}

fn unreadable_memory(card: &mut Subject) -> Outcome {
    let load = Submission {
        data_handle: 1,
        card_bytes: 64,
        input: 8,
        ..entry(Opcode::LoadResident)
    };
    card.expect(
        &[load, Submission::default()],
        &[(Status::DmaFault, 0), (Status::Ok, 0)],
    )
}

const FAULTS: &[Fault] = &[
    fault(
        "queue",
        "phase",
        "flag << 32'h10",
        "flag << 32'h11",
        nops_in_several_passes_of_the_ring,
    ),
    fault(
        "queue$next_burst",
        "mask$d",
        "entries$q - 32'h1",
        "entries$q",
        nops_in_several_passes_of_the_ring,
    ),
    fault(
        "queue$next_burst",
        "waiting$d",
        "tail - head",
        "32'h1",
        doorbells_beyond_the_ring,
    ),
    fault("queue", "is_cancelled$d", "1'b1", "1'b0", cancel),
    fault("queue", "candidate$d", "target$1$q", "32'h0", cancel),
    fault(
        "executor",
        "is_keccak",
        "opcode == 32'h5",
        "opcode == 32'h6",
        batches_of_messages,
    ),
    fault(
        "executor$handles",
        "start_wide",
        "((start) & 49'h1ffffffffffff)",
        "49'h0",
        resident_memory,
    ),
    fault("executor$handles", "meets", "hit$q", "1'b0", resident_memory),
    fault(
        "executor",
        "at$d",
        "at$q + 32'h8",
        "at$q + 32'h10",
        resident_memory,
    ),
    fault(
        "fetcher",
        "room_n",
        "((32'h200) & 10'h3ff) - offset",
        "10'h200",
        batches_of_messages,
    ),
    fault(
        "reader",
        "rounded",
        "req_bytes + 32'h7",
        "req_bytes",
        batches_of_messages,
    ),
    fault(
        "reader",
        "blocked",
        "used$q | outstanding$q",
        "outstanding$q",
        batches_of_messages,
    ),
    fault(
        "reader",
        "order_tag",
        "order$first[(32'h0)+:(5)]",
        "5'h3",
        batches_of_messages,
    ),
    fault(
        "reader",
        "failed_n",
        "failed$q | rc_mask",
        "failed$q",
        unreadable_memory,
    ),
    fault(
        "writer",
        "words_wide",
        "((request_words$q) & 13'h1fff)",
        "13'h1",
        batches_of_messages,
    ),
    fault(
        "keccak",
        "last_byte$d",
        "offset_wide + length_wide",
        "offset_wide",
        messages_outside_their_batch,
    ),
    fault(
        "keccak",
        "limit",
        "((batch_bytes[(32'h3)+:(29)]) & 30'h3fffffff)",
        "30'h40",
        batches_of_messages,
    ),
    fault("writer", "word", "word << shift", "word", batches_of_messages),
    fault("cores", "order$data", "target$q", "4'h0", batches_of_messages),
    fault(
        "cores$lanes$0",
        "beats$data",
        "entry | bytes | end_part",
        "entry | bytes",
        batches_of_messages,
    ),
    fault(
        "cores$lanes$0$words",
        "left$d",
        "left$q - 32'h8",
        "left$q - 32'h10",
        batches_of_messages,
    ),
    fault(
        "keccak$crc",
        "result",
        "~register$q",
        "register$q",
        batches_of_messages,
    ),
    fault(
        "registers",
        "nonce$d",
        "write_data$q",
        "~write_data$q",
        nops_in_several_passes_of_the_ring,
    ),
    fault("registers", "enable$d", "32'h0", "enable$q", a_reset),
];

/// Each check, on a card without a mistake and beside each that it must notice.
const CHECKS: &[Check] = &[
    nops_in_several_passes_of_the_ring,
    malformed_entries,
    cancel,
    resident_memory,
    batches_of_messages,
    messages_outside_their_batch,
    doorbells_beyond_the_ring,
    a_reset,
    unreadable_memory,
];

#[test]
fn every_seeded_mistake_is_noticed_by_its_check() {
    if has_verilator() {
        // A card of several cores, whose beats are of several words.
        let source = source("artix7-100t", FAULTS);
        are_noticed(&source, &RtlOptions::default(), CHECKS, FAULTS);
    }
}
