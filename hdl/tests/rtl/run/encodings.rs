//! Instructions against `Instruction::from_bytes`.

use super::models::Model;
use super::{models, samples};
use crate::random::{Random, instructions};
use metisvm_firmware::Instruction;
use std::fmt::Write;

/// The module of the instruction that the words are.
pub(crate) fn module(words: [u64; 4]) -> Option<usize> {
    let instruction = Instruction::decode(words).ok()?;
    Some(instruction.operation.module() as usize)
}

/// Every bit of a few sound instructions, each inverted.
fn every_bit(random: &mut Random) -> Vec<[u64; 4]> {
    let mut all = Vec::new();
    for opcode in 1..=8 {
        for _ in 0..6 {
            let sound = loop {
                let words = samples::words(random, random.0 % 3);
                if words[0] & 255 == opcode && module(words).is_some() {
                    break words;
                }
                random.bits();
            };
            all.extend((0..256).map(|bit| {
                let mut words = sound;
                words[bit / 64] ^= 1 << (bit % 64);
                words
            }));
        }
    }
    all
}

/// The modules of whose stream words may be, as a mask.
pub(crate) fn mask(words: [u64; 4]) -> u32 {
    module(words).map_or(0, |module| 1 << module)
}

/// What the slots say of each instruction, as such masks, and the cycles until they do.
pub(crate) fn verdicts(model: &Model, fault: usize, name: &str, all: &[[u64; 4]]) -> Option<Vec<(u32, u32)>> {
    let mut text = String::from("5\n");
    for [a, b, c, d] in all {
        writeln!(text, "{a:x} {b:x} {c:x} {d:x}").unwrap();
    }
    let answer = model.try_feed(name, &text, fault)?;
    let verdict = |line: &str| {
        let (mask, cycles) = line.split_once(' ').unwrap();
        (mask.parse().unwrap(), cycles.parse().unwrap())
    };
    Some(answer.lines().map(verdict).collect())
}

#[test]
fn slots_take_what_the_firmware_decodes_and_nothing_else() {
    let Some(model) = models::slots() else { return };
    let mut random = Random(41);
    let mut all = every_bit(&mut random);
    let count = instructions(60_000);
    all.extend((0..count as u64).map(|i| samples::words(&mut random, i % 3)));
    let verdicts = verdicts(model, 0, "encodings", &all).unwrap();
    assert_eq!(verdicts.len(), all.len());
    // By opcode: sound, not sound. Then the longest verdict.
    let mut seen = [[0; 2]; 9];
    let mut longest = 0;
    for ((mask, cycles), words) in verdicts.into_iter().zip(&all) {
        assert_eq!(mask, self::mask(*words), "{words:x?}");
        let opcode = (words[0] & 255) as usize;
        if let Some(seen) = seen.get_mut(opcode) {
            seen[usize::from(mask == 0)] += 1;
        }
        longest = longest.max(cycles);
    }
    let least = count / 60;
    for (opcode, [sound, unsound]) in seen.into_iter().enumerate().skip(1) {
        assert!(
            sound > least && unsound > least,
            "opcode {opcode}: {sound} sound, {unsound} not"
        );
    }
    assert!(longest <= 50, "a verdict takes {longest} cycles");
    println!("sound and not by opcode: {seen:?}; the longest verdict: {longest} cycles");
}
