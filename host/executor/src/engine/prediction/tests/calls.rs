//! Functions as contracts have them, called a few times and then foretold.

use super::{
    super::{Change, Kind},
    contract::*,
};
use alloy_primitives::{Address, B256, U256};

const BALANCES: U256 = U256::from_limbs([2, 0, 0, 0]);
const ALLOWANCES: U256 = U256::from_limbs([3, 0, 0, 0]);

fn transfer(world: &mut World, from: Address, to: Address, amount: U256) {
    let from = world.mapped(word(from), BALANCES);
    world.take(from, amount);
    let to = world.mapped(word(to), BALANCES);
    world.add(to, amount);
}

fn teach_transfer(lab: &mut Lab, from: Address, to: Address, amount: u64) {
    lab.teach(from, &[word(to), number(amount)], |world| {
        transfer(world, from, to, number(amount));
    });
}

fn balance(of: Address) -> U256 {
    mapped(word(of), BALANCES)
}

#[test]
fn transfer_takes_from_the_sender_and_adds_to_the_receiver() {
    let mut lab = Lab::default();
    teach_transfer(&mut lab, person(1), person(2), 10);
    teach_transfer(&mut lab, person(3), person(4), 25);
    assert_eq!(
        lab.foretell(person(5), &[word(person(6)), number(7)]),
        [
            writes(balance(person(5)), less(7)),
            writes(balance(person(6)), more(7))
        ]
    );
}

#[test]
fn one_trace_is_not_enough() {
    let mut lab = Lab::default();
    teach_transfer(&mut lab, person(1), person(2), 10);
    assert_eq!(lab.foretell(person(5), &[word(person(6)), number(7)]), []);
}

#[test]
fn same_trace_again_confirms_nothing() {
    let lab = Lab::default();
    for _ in 0..5 {
        let mut world = World::default();
        transfer(&mut world, person(1), person(2), number(10));
        let arguments = input(&[word(person(2)), number(10)]);
        lab.predictor
            .learn(&KIND, &call(person(1), &arguments), &world.end());
    }
    assert_eq!(lab.foretell(person(1), &[word(person(2)), number(10)]), []);
}

#[test]
fn transfer_to_oneself_changes_nothing_and_confuses_nobody() {
    let mut lab = Lab::default();
    teach_transfer(&mut lab, person(1), person(1), 10);
    teach_transfer(&mut lab, person(1), person(2), 10);
    teach_transfer(&mut lab, person(3), person(4), 25);
    teach_transfer(&mut lab, person(4), person(1), 5);
    assert_eq!(
        lab.foretell(person(5), &[word(person(5)), number(7)]),
        [writes(balance(person(5)), Change::None)]
    );
    let mut slots = lab.foretell(person(5), &[word(person(6)), number(7)]);
    slots.sort_by_key(|forecast| forecast.slot != balance(person(5)));
    assert_eq!(
        slots,
        [
            writes(balance(person(5)), less(7)),
            writes(balance(person(6)), more(7))
        ]
    );
}

fn transfer_from(world: &mut World, spender: Address, from: Address, to: Address, amount: U256) {
    let of_owner = world.mapped(word(from), ALLOWANCES);
    let allowance = world.mapped(word(spender), of_owner);
    if world.read(allowance) != U256::MAX {
        world.take(allowance, amount);
    }
    transfer(world, from, to, amount);
}

#[test]
fn allowance_lies_in_a_mapping_of_mappings() {
    let mut lab = Lab::default();
    for (spender, from, to, amount) in [(1, 2, 3, 10), (4, 5, 6, 11), (7, 8, 9, 12)].map(|(a, b, c, d)| {
        let [a, b, c] = [a, b, c].map(person);
        (a, b, c, number(d))
    }) {
        lab.teach(spender, &[word(from), word(to), amount], |world| {
            transfer_from(world, spender, from, to, amount);
        });
    }
    let allowance = mapped(word(person(20)), mapped(word(person(21)), ALLOWANCES));
    assert_eq!(
        lab.foretell(person(20), &[word(person(21)), word(person(22)), number(5)]),
        [
            writes(allowance, less(5)),
            writes(balance(person(21)), less(5)),
            writes(balance(person(22)), more(5)),
        ]
    );
}

#[test]
fn allowance_without_limit_is_only_read() {
    let mut lab = Lab::default();
    let unlimited = |owner: Address, spender| mapped(word(spender), mapped(word(owner), ALLOWANCES));
    for round in 0..8 {
        let [spender, from, to] = [3 * round, 3 * round + 1, 3 * round + 2].map(person);
        if round % 2 == 0 {
            lab.world
                .storage
                .insert((CONTRACT, unlimited(from, spender)), U256::MAX);
        }
        let amount = number(100 + round);
        lab.teach(spender, &[word(from), word(to), amount], |world| {
            transfer_from(world, spender, from, to, amount);
        });
    }
    let arguments = [word(person(100)), word(person(101)), number(5)];
    let allowance = unlimited(person(100), person(102));
    assert_eq!(
        lab.foretell(person(102), &arguments)[0],
        writes(allowance, less(5))
    );
    lab.world.storage.insert((CONTRACT, allowance), U256::MAX);
    assert_eq!(lab.foretell(person(102), &arguments)[0], reads(allowance));
}

#[test]
fn mint_writes_where_the_counter_points() {
    let mut lab = Lab::default();
    lab.world.storage.insert((CONTRACT, number(5)), number(70));
    let mint = |world: &mut World, to: Address| {
        let id = world.read(number(5));
        world.add(number(5), U256::ONE);
        let owner = world.mapped(id, number(6));
        world.write(owner, word(to));
    };
    for to in [1, 2, 3].map(person) {
        lab.teach(to, &[], |world| mint(world, to));
    }
    let expected = |id| {
        [
            writes(number(5), more(1)),
            writes(mapped(number(id), number(6)), Change::Set(word(person(9)))),
        ]
    };
    assert_eq!(lab.foretell(person(9), &[]), expected(73));
    // Not by what was there while it was learnt.
    lab.world.storage.insert((CONTRACT, number(5)), number(1_000));
    assert_eq!(lab.foretell(person(9), &[]), expected(1_000));
}

#[test]
fn counter_that_is_counted_up_before_it_is_used_is_known_as_well() {
    let mut lab = Lab::default();
    for to in [1, 2, 3].map(person) {
        lab.teach(to, &[], |world| {
            world.add(number(5), U256::ONE);
            let id = world.read(number(5));
            let owner = world.mapped(id, number(6));
            world.write(owner, word(to));
        });
    }
    assert_eq!(lab.foretell(person(9), &[])[1].slot, mapped(number(4), number(6)));
}

#[test]
fn counter_in_the_lowest_bits_of_a_packed_slot_is_read_out() {
    let mut lab = Lab::default();
    let packed = |count: u64| number(0x6326_bf2b) << 128 | number(count);
    lab.world.storage.insert((CONTRACT, number(12)), packed(500));
    for to in [1, 2, 3].map(person) {
        lab.teach(to, &[], |world| {
            let id = world.read(number(12)) & U256::from(u128::MAX);
            world.add(number(12), U256::ONE);
            let owner = world.mapped(id, number(2));
            world.write(owner, word(to));
        });
    }
    assert_eq!(
        lab.foretell(person(9), &[]),
        [
            writes(number(12), more(1)),
            writes(mapped(number(503), number(2)), Change::Set(word(person(9)))),
        ]
    );
}

#[test]
fn vote_adds_the_voters_power_to_a_member_of_the_proposal() {
    let mut lab = Lab::default();
    let powers = number(1);
    for (voter, power) in (1..=20).map(|voter| (person(voter), number(voter * 7 % 19 + 300))) {
        lab.world
            .storage
            .insert((CONTRACT, mapped(word(voter), powers)), power);
    }
    for (voter, id) in [(1, 4), (2, 5), (3, 4)] {
        lab.teach(person(voter), &[number(id)], |world| {
            let power = world.mapped(word(person(voter)), powers);
            let power = world.read(power);
            let proposal = world.mapped(number(id), number(2));
            world.add(proposal + number(3), power);
            world.add(proposal + number(4), U256::ONE);
        });
    }
    let proposal = mapped(number(6), number(2));
    let power = mapped(word(person(20)), powers);
    assert_eq!(
        lab.foretell(person(20), &[number(6)]),
        [
            reads(power),
            writes(
                proposal + number(3),
                Change::Add(lab.world.storage[&(CONTRACT, power)])
            ),
            writes(proposal + number(4), more(1)),
        ]
    );
}

#[test]
fn packed_slot_is_foretold_without_its_value() {
    let mut lab = Lab::default();
    for round in 1..6u64 {
        let packed = number(round * round) << 112 | number(round * 31 % 17);
        lab.teach(person(round), &[number(round)], |world| {
            world.read(number(8));
            world.write(number(8), packed);
        });
    }
    assert_eq!(
        lab.foretell(person(9), &[number(3)]),
        [writes(number(8), Change::Unknown)]
    );
}

#[test]
fn branch_is_foretold_by_the_argument_that_decides() {
    let mut lab = Lab::default();
    // Deposits count in one slot, withdrawals in another.
    for round in 0..8u64 {
        let deposit = round % 3 == 0;
        lab.teach(
            person(round),
            &[number(deposit.into()), number(round + 50)],
            |world| {
                let slot = if deposit { 10 } else { 11 };
                world.add(number(slot), number(round + 50));
            },
        );
    }
    let slot = |deposit| lab.foretell(person(40), &[number(deposit), number(9)]);
    assert_eq!(slot(1), [writes(number(10), more(9))]);
    assert_eq!(slot(0), [writes(number(11), more(9))]);
}

#[test]
fn branch_that_nothing_tells_is_foretold_as_it_mostly_went() {
    let mut lab = Lab::default();
    for round in 0..9u64 {
        lab.teach(person(round), &[number(round * 977 + 1_000)], |world| {
            world.add(number(10), U256::ONE);
            if round % 3 == 0 {
                world.add(number(11), U256::ONE);
            }
            if round % 3 != 1 {
                world.add(number(12), U256::ONE);
            }
        });
    }
    let slots = lab.foretell(person(40), &[number(1_000)]);
    assert!(slots.contains(&writes(number(10), more(1))), "{slots:?}");
    assert!(slots.contains(&writes(number(12), more(1))), "{slots:?}");
}

#[test]
fn other_code_is_another_kind() {
    let mut lab = Lab::default();
    teach_transfer(&mut lab, person(1), person(2), 10);
    teach_transfer(&mut lab, person(3), person(4), 25);
    let other = Kind {
        code_hash: B256::repeat_byte(0xdd),
        ..KIND
    };
    let mut footprint = super::super::Footprint::default();
    let mut nothing = |_: Address, _: U256| None;
    let data = input(&[word(person(2)), number(1)]);
    lab.predictor
        .predict(&other, &call(person(1), &data), &mut nothing, &mut footprint);
    assert!(footprint.slots.is_empty());
    assert!(lab.predictor.wants(&other));
}
