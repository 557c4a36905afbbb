//! Where slots may lie: behind proxies, in other contracts, in arrays.

use super::{
    super::{Call, Footprint, Forecast},
    contract::*,
};
use alloy_primitives::{Address, U256};

#[test]
fn proxies_of_one_code_are_one_kind() {
    let mut lab = Lab::default();
    let proxies = [0xa1, 0xa2, 0xa3, 0xa4].map(Address::repeat_byte);
    let implementation = U256::from_be_bytes([0x36; 32]);
    for (round, proxy) in proxies[..3].iter().enumerate() {
        let sender = person(round as u64);
        let data = input(&[]);
        lab.world.read_of(*proxy, implementation);
        let slot = lab.world.mapped(word(sender), number(0));
        lab.world.write_of(*proxy, slot, U256::ONE);
        let trace = lab.world.end();
        let call = Call {
            to: *proxy,
            ..call(sender, &data)
        };
        lab.predictor.learn(&KIND, &call, &trace);
    }
    let data = input(&[]);
    let call = Call {
        to: proxies[3],
        ..call(person(9), &data)
    };
    let mut footprint = Footprint::default();
    let mut nothing = |_: Address, _: U256| None;
    lab.predictor.predict(&KIND, &call, &mut nothing, &mut footprint);
    let at_proxy = |forecast| Forecast {
        address: proxies[3],
        ..forecast
    };
    assert_eq!(
        footprint.slots,
        [
            at_proxy(reads(implementation)),
            at_proxy(writes(mapped(word(person(9)), number(0)), more(1))),
        ]
    );
}

#[test]
fn address_of_another_contract_is_read_from_a_packed_slot() {
    let mut lab = Lab::default();
    for round in 1..4u64 {
        let other = person(100 + round);
        lab.world
            .storage
            .insert((CONTRACT, number(0)), word(other) << 8 | U256::ONE);
        lab.teach(person(round), &[], |world| {
            world.read(number(0));
            let slot = world.mapped(word(CONTRACT), number(4));
            world.read_of(other, slot);
        });
    }
    let other = person(200);
    lab.world
        .storage
        .insert((CONTRACT, number(0)), word(other) << 8 | U256::ONE);
    let slots = lab.foretell(person(9), &[]);
    assert_eq!(slots[1].address, other);
    assert_eq!(slots[1].slot, mapped(word(CONTRACT), number(4)));
}

/// Appends to an array of elements of two slots.
fn push(lab: &mut Lab, hashed: bool) {
    for round in 0..4u64 {
        let sender = person(round);
        lab.teach(sender, &[], |world| {
            let length = world.read(number(7));
            world.add(number(7), U256::ONE);
            let start = if hashed {
                world.elements(number(7))
            } else {
                elements(number(7))
            };
            world.write(start + length * number(2), word(sender));
            world.write(
                start + length * number(2) + U256::ONE,
                length * length + U256::ONE,
            );
        });
    }
}

#[test]
fn array_grows_where_its_length_says() {
    // The compiler may have computed the hash already.
    for hashed in [true, false] {
        let mut lab = Lab::default();
        push(&mut lab, hashed);
        let slots: Vec<U256> = lab.foretell(person(9), &[]).iter().map(|at| at.slot).collect();
        let start = elements(number(7));
        assert_eq!(slots, [number(7), start + number(8), start + number(9)]);
    }
}
