//! Arbitrary traces: nothing panics, bounds hold, and what is learnt follows from the lessons alone.

use super::super::*;
use metisvm_workload::rng::Rng;

const LESSONS: usize = 1_000;

/// Words that meet again: small ones, people, edges, and now and then any.
fn word(rng: &mut Rng) -> U256 {
    match rng.below(10) {
        0..=3 => U256::from(rng.below(6)),
        4..=6 => U256::from_be_bytes(keccak256(rng.below(8).to_be_bytes()).0) >> 96,
        7 => U256::MAX - U256::from(rng.below(3)),
        8 => U256::from(rng.below(6)) << rng.index(256),
        _ => keccak256(rng.next().to_be_bytes()).into(),
    }
}

fn address(rng: &mut Rng) -> Address {
    Address::from_word(word(rng).into())
}

fn data(rng: &mut Rng) -> Vec<u8> {
    let words = rng.index(6);
    let mut data: Vec<u8> = [1, 2, 3, 4].to_vec();
    data.extend((0..words).flat_map(|_| word(rng).to_be_bytes::<32>()));
    // Short and ragged ones, too.
    data.truncate(data.len() - rng.index(data.len().min(40) + 1));
    data
}

fn trace(rng: &mut Rng) -> Trace {
    let mut trace = Trace::default();
    let mut slots = vec![word(rng)];
    for _ in 0..rng.index(12) {
        let slot = match rng.below(4) {
            0 => word(rng),
            1 => rng.pick(&slots).wrapping_add(word(rng)),
            length => {
                let length = if length == 2 { 32 } else { 64 };
                let words = [word(rng), rng.pick(&slots)].map(|word| word.to_be_bytes::<32>());
                let input = &words.concat()[..length];
                // Not always true: the learner has to take what it is given.
                let hash = if rng.one_in(9) {
                    word(rng).into()
                } else {
                    keccak256(input)
                };
                trace.hashes.extend(Hashed::new(input, hash));
                hash.into()
            }
        };
        slots.push(slot);
        trace.accesses.push(Access {
            address: address(rng),
            slot: rng.pick(&slots),
            before: word(rng),
            after: word(rng),
            wrote: rng.one_in(2),
        });
    }
    trace
}

/// Teaches and asks at random; gives everything that was said.
fn study(seed: u64) -> Vec<Forecast> {
    let mut rng = Rng::new(seed);
    let predictor = Predictor::with_bytes(4 << 20);
    let mut said = Vec::new();
    let mut footprint = Footprint::default();
    for _ in 0..LESSONS {
        let input = data(&mut rng);
        let call = Call {
            sender: address(&mut rng),
            to: address(&mut rng),
            value: word(&mut rng),
            input: &input,
        };
        let kind = Kind::of(B256::with_last_byte(rng.index(20) as u8), &input);
        if predictor.wants(&kind) {
            predictor.learn(&kind, &call, &trace(&mut rng));
        }
        let mut knows = |_: Address, slot: U256| (!slot.bit(3)).then(|| slot.wrapping_mul(slot));
        predictor.predict(&kind, &call, &mut knows, &mut footprint);
        assert!(footprint.slots.len() <= 64);
        for (at, one) in footprint.slots.iter().enumerate() {
            let mut others = footprint.slots[..at].iter();
            assert!(!others.any(|other| other.address == one.address && other.slot == one.slot));
            assert!(one.writes || one.change == Change::None);
        }
        said.extend_from_slice(&footprint.slots);
    }
    assert!(predictor.bytes() <= 4 << 20);
    said
}

#[test]
fn arbitrary_traces_are_taken_and_the_same_lessons_teach_the_same() {
    for seed in 0..4 {
        let said = study(seed);
        assert!(!said.is_empty());
        assert!(said == study(seed), "seed {seed}");
    }
}

#[test]
fn workers_may_teach_and_ask_at_the_same_time() {
    let predictor = Predictor::default();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let predictor = &predictor;
            scope.spawn(move || {
                let mut rng = Rng::new(seed);
                let mut footprint = Footprint::default();
                for _ in 0..500 {
                    let input = data(&mut rng);
                    let call = Call {
                        sender: address(&mut rng),
                        to: address(&mut rng),
                        value: word(&mut rng),
                        input: &input,
                    };
                    let kind = Kind::of(B256::ZERO, &[]);
                    predictor.learn(&kind, &call, &trace(&mut rng));
                    let mut nothing = |_: Address, _: U256| None;
                    predictor.predict(&kind, &call, &mut nothing, &mut footprint);
                }
            });
        }
    });
    assert_eq!(predictor.kinds(), 1);
}
