//! What is asked for, what is given up, and how much memory it takes.

use super::{super::*, contract::*, recorder::Recorder};

fn teach(predictor: &Predictor, kind: &Kind, round: u64, run: impl FnOnce(&mut World)) {
    let mut world = World::default();
    run(&mut world);
    let data = input(&[number(round)]);
    predictor.learn(kind, &call(person(round), &data), &world.end());
}

fn asked_for(predictor: &Predictor, kind: &Kind, calls: usize) -> usize {
    (0..calls).filter(|_| predictor.wants(kind)).count()
}

#[test]
fn kind_that_is_foretold_exactly_is_only_looked_at_now_and_then() {
    let predictor = Predictor::default();
    assert_eq!(asked_for(&predictor, &KIND, 10), 10);
    for round in 0..20 {
        teach(&predictor, &KIND, round, |world| {
            world.add(number(1), number(round + 1));
        });
    }
    let asked = asked_for(&predictor, &KIND, 640);
    assert!((1..=12).contains(&asked), "{asked}");
    // Until it goes otherwise.
    predictor.missed(&KIND);
    assert!(predictor.wants(&KIND));
    teach(&predictor, &KIND, 20, |world| world.add(number(2), number(20)));
    assert_eq!(asked_for(&predictor, &KIND, 5), 5);
}

#[test]
fn kind_that_cannot_be_foretold_is_given_up_and_tried_again_later() {
    let predictor = Predictor::default();
    let wild = |world: &mut World, round: u64| {
        for slot in 0..6 {
            world.add(mapped(number(round), number(slot + 100)), number(1));
        }
    };
    // The hashes are not shown, so there is nothing that explains the slots.
    for round in 0..30 {
        let mut world = World::default();
        wild(&mut world, round);
        let mut trace = world.end();
        trace.hashes.clear();
        let data = input(&[]);
        if predictor.wants(&KIND) {
            predictor.learn(&KIND, &call(person(round), &data), &trace);
        }
    }
    let asked = asked_for(&predictor, &KIND, 2_560);
    assert!((1..=11).contains(&asked), "{asked}");
    let mut footprint = Footprint::default();
    let mut nothing = |_: Address, _: U256| None;
    predictor.predict(&KIND, &call(person(1), &[]), &mut nothing, &mut footprint);
    assert!(footprint.slots.is_empty());
}

#[test]
fn kind_that_changes_its_ways_is_learnt_anew() {
    let mut lab = Lab::default();
    for round in 0..20 {
        lab.teach(person(round), &[number(round)], |world| {
            world.add(number(1), U256::ONE);
        });
    }
    assert_eq!(lab.foretell(person(50), &[]), [writes(number(1), more(1))]);
    for round in 20..60 {
        lab.teach(person(round), &[number(round)], |world| {
            world.add(number(2), number(5));
        });
    }
    assert_eq!(lab.foretell(person(50), &[]), [writes(number(2), more(5))]);
}

#[test]
fn memory_is_bounded_by_forgetting_what_was_learnt_longest_ago() {
    const BYTES: usize = 4 << 20;
    let predictor = Predictor::with_bytes(BYTES);
    let kind = |number: u64| Kind {
        code_hash: keccak256(number.to_le_bytes()),
        selector: [0; 4],
    };
    for at in 0..3_000 {
        for round in 0..2 {
            teach(&predictor, &kind(at), round, |world| {
                for slot in 0..4 {
                    let slot = world.mapped(word(person(round)), number(slot));
                    world.add(slot, number(round));
                }
            });
        }
    }
    assert!(predictor.bytes() <= BYTES, "{}", predictor.bytes());
    assert!(predictor.kinds() > 50, "{}", predictor.kinds());
    assert!(predictor.knows(&kind(2_999)));
    assert!(!predictor.knows(&kind(0)));
}

#[test]
fn footprint_of_an_endless_call_is_bounded() {
    let predictor = Predictor::default();
    for round in 0..3 {
        teach(&predictor, &KIND, round, |world| {
            for slot in 0..5_000 {
                world.add(number(slot), U256::ONE);
            }
        });
    }
    let mut footprint = Footprint::default();
    let mut nothing = |_: Address, _: U256| None;
    predictor.predict(&KIND, &call(person(1), &[]), &mut nothing, &mut footprint);
    assert!((1..=64).contains(&footprint.slots.len()));
}

#[test]
fn recorder_shows_each_slot_once_and_only_hashes_of_slots() {
    let mut recorder = Recorder::default();
    recorder.touched(CONTRACT, number(1), false);
    recorder.touched(CONTRACT, number(2), true);
    recorder.touched(CONTRACT, number(1), true);
    recorder.touched(person(1), number(1), false);
    recorder.hashed(&[1; 64], B256::repeat_byte(1));
    recorder.hashed(&[1; 63], B256::repeat_byte(2));
    recorder.hashed(&[1; 32], B256::repeat_byte(3));
    let trace = recorder.finish(|address, slot| (address == CONTRACT).then_some((slot, slot + U256::ONE)));
    let access = |slot| Access {
        address: CONTRACT,
        slot: number(slot),
        before: number(slot),
        after: number(slot + 1),
        wrote: true,
    };
    assert_eq!(trace.accesses, [access(1), access(2)]);
    assert_eq!(trace.hashes.len(), 2);
    recorder.begin();
    assert!(recorder.finish(|_, _| None).accesses.is_empty());
}

#[test]
fn number_of_hashes_for_a_call_is_bounded() {
    struct Counts(usize);
    impl Outlook for Counts {
        fn value(&mut self, _: Address, _: U256) -> Option<U256> {
            None
        }
        fn keccak256(&mut self, input: &[u8]) -> B256 {
            self.0 += 1;
            keccak256(input)
        }
    }
    let predictor = Predictor::default();
    for round in 0..4 {
        // Each slot is the root of a tree of sixteen leaves.
        teach(&predictor, &KIND, round, |world| {
            for slot in 0..60 {
                let mut row: Vec<U256> = (0..16).map(|leaf| number(slot * 16 + leaf + round)).collect();
                while row.len() > 1 {
                    row = row.chunks(2).map(|pair| world.mapped(pair[0], pair[1])).collect();
                }
                world.read(row[0]);
            }
            world.add(number(7), number(1));
        });
    }
    let mut counts = Counts(0);
    let mut footprint = Footprint::default();
    let data = input(&[number(9)]);
    predictor.predict(&KIND, &call(person(9), &data), &mut counts, &mut footprint);
    assert!(counts.0 <= 160, "{}", counts.0);
}
