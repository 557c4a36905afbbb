//! What a card costs that is wrapped and has no fault, next to one that is not: a measurement.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use metisvm_driver::measure::nop_round_trip;
use metisvm_driver::{Device, InProcess, Options};
use metisvm_firmware::port::CardModel;
use metisvm_sim::{FaultyCard, FunctionalCard, SimOptions};

const ROUNDS: usize = 5_000;
const REPETITIONS: usize = 9;

fn device(card: Box<dyn CardModel>) -> Device {
    let transport = InProcess::start(card).unwrap();
    Device::open(Box::new(transport), Options::default()).unwrap()
}

#[test]
#[ignore = "a measurement: cargo test --release -p metisvm-sim --test cost_of_the_wrapper -- --ignored --nocapture"]
fn nops_through_a_wrapped_and_a_plain_card() {
    let card = || FunctionalCard::new(SimOptions::default());
    println!("{:>6}  {:>14}  {:>14}", "batch", "plain ns/NOP", "wrapped ns/NOP");
    for batch in [1, 32, 512] {
        // In turns, and the best of each: what else the machine does hits both.
        let mut best = [f64::INFINITY; 2];
        for _ in 0..REPETITIONS {
            let cards: [Box<dyn CardModel>; 2] = [Box::new(card()), Box::new(FaultyCard::new(card()))];
            for (best, card) in best.iter_mut().zip(cards) {
                let trip = nop_round_trip(&device(card), batch, ROUNDS).unwrap();
                *best = best.min(trip.p50_per_entry_ns());
            }
        }
        println!("{batch:>6}  {:>14.1}  {:>14.1}", best[0], best[1]);
    }
}
