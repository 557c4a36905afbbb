//! Instructions against `Instruction::from_bytes`.

use super::{models, samples};
use crate::random::Random;
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

#[test]
fn slots_take_what_the_firmware_decodes_and_nothing_else() {
    let Some(model) = models::slots() else { return };
    let mut random = Random(41);
    let mut all = every_bit(&mut random);
    all.extend((0..150_000).map(|i| samples::words(&mut random, i % 3)));
    let mut text = String::from("5\n");
    for [a, b, c, d] in &all {
        writeln!(text, "{a:x} {b:x} {c:x} {d:x}").unwrap();
    }
    let answer = model.feed("encodings", &text);
    assert_eq!(answer.lines().count(), all.len());
    // By opcode: sound, not sound. Then the longest verdict.
    let mut seen = [[0; 2]; 9];
    let mut longest = 0;
    for (line, words) in answer.lines().zip(&all) {
        let (mask, cycles) = line.split_once(' ').unwrap();
        let expected = module(*words).map_or(0, |module| 1 << module);
        assert_eq!(mask.parse::<u32>().unwrap(), expected, "{words:x?}");
        let opcode = (words[0] & 255) as usize;
        if let Some(seen) = seen.get_mut(opcode) {
            seen[usize::from(expected == 0)] += 1;
        }
        longest = longest.max(cycles.parse().unwrap());
    }
    for (opcode, [sound, unsound]) in seen.into_iter().enumerate().skip(1) {
        assert!(
            sound > 3_000 && unsound > 2_000,
            "opcode {opcode}: {sound} sound, {unsound} not"
        );
    }
    assert!(longest <= 50, "a verdict takes {longest} cycles");
    println!("sound and not by opcode: {seen:?}; the longest verdict: {longest} cycles");
}
