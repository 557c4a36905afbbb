//! Two cards: work is spread by speed, and losing one changes nothing but time.

use crate::rig::{INFERENCES, LATE, Rig, bundles, impatient, tried, wait_until};
use metisvm_accel::fpga::{FpgaBackend, FpgaPool, Options};
use metisvm_accel::{Backend, Submitted};
use metisvm_sim::{Fault, Trigger};
use metisvm_tests::slots::Slot;
use std::sync::Arc;
use std::time::Duration;

fn patient() -> metisvm_driver::Options {
    metisvm_driver::Options::default()
}

fn pool(cards: &[&Arc<FpgaBackend>]) -> Arc<FpgaPool> {
    let named = cards.iter().enumerate();
    let named = named.map(|(index, card)| (format!("card {index}"), (*card).clone()));
    Arc::new(FpgaPool::new(named.collect()))
}

#[test]
fn losing_one_of_two_cards_in_the_middle_of_a_block_changes_nothing_but_time() {
    for fault in [
        Fault::Hang,
        Fault::Late(LATE),
        Fault::Twice,
        Fault::WrongStatus,
        Fault::WrongOutput(3),
        Fault::CorruptedDma(3),
        Fault::LinkRetrain(Duration::from_millis(100)),
        Fault::UnaskedReset,
        Fault::Dead,
        Fault::HangForGood,
    ] {
        tried(&format!("{fault:?}"), || {
            let slots = [(); 2].map(|()| Slot::new(impatient()));
            let cards = slots.each_ref().map(|slot| slot.backend(Options::default()));
            let pool = pool(&[&cards[0], &cards[1]]);
            let rig = Rig::new(pool.clone());
            rig.block("before the fault");
            slots[0].arm(Trigger::Run(0), fault);
            let mut others = 0;
            // Both have work, so within a few blocks it meets the card.
            for _ in 0..20 {
                others += rig.block(&format!("{fault:?}")).fallbacks;
                if slots[0].fired() > 0 {
                    break;
                }
            }
            if slots[0].fired() != 1 {
                return Err("the fault did not happen".to_owned());
            }
            if others > 0 {
                return Err(format!("{others} parts of the work were done by no card"));
            }
            wait_until("both are back", || cards.iter().all(|card| card.healthy()));
            let errors = pool.take_errors();
            if fault != Fault::Twice && errors.is_empty() {
                return Err("nobody was told".to_owned());
            }
            Ok(())
        });
    }
}

#[test]
fn both_cards_lost_at_once_leave_the_block_to_the_reference() {
    let slots = [(); 2].map(|()| Slot::new(impatient()));
    let cards = slots.each_ref().map(|slot| slot.backend(Options::default()));
    let rig = Rig::new(pool(&[&cards[0], &cards[1]]));
    rig.block("before");
    for slot in &slots {
        slot.arm(Trigger::Job(0), Fault::Dead);
    }
    for _ in 0..10 {
        rig.block("while both are pulled out");
    }
    assert!(slots.iter().any(|slot| slot.fired() > 0));
    wait_until("both are back", || cards.iter().all(|card| card.healthy()));
}

#[test]
fn work_is_spread_by_measured_speed() {
    let slow = Slot::new(patient()).with_rests(20);
    let cards = [
        slow.backend(Options::default()),
        Slot::new(patient()).backend(Options::default()),
    ];
    let rig = Rig::new(pool(&[&cards[0], &cards[1]]));
    let before = cards.each_ref().map(|card| card.macs());
    let bundle = &bundles()[1];
    let mut asked = 0;
    for round in 0..40_u8 {
        let tickets: Vec<_> = (0..16_u8)
            .map(|item| {
                let mut input = vec![round; bundle.graph.input_bytes()];
                input[0] = item;
                asked += 1;
                rig.dispatcher
                    .submit(bundle.id, &input)
                    .expect("the model is there")
            })
            .collect();
        for ticket in tickets {
            if let Submitted::Pending(ticket) = ticket {
                rig.dispatcher.wait(&ticket).expect("a card answers");
            }
        }
    }
    let [slow, fast] = [0, 1].map(|index| cards[index].macs() - before[index]);
    assert!(slow > 0, "a card that nobody has measured is tried");
    assert!(fast > 2 * slow, "the quick card did {fast}, the slow one {slow}");
    assert_eq!(rig.dispatcher.counters().fallbacks, 0);
    assert_eq!(rig.dispatcher.counters().requests, asked);
}

#[test]
fn a_card_past_its_threshold_of_wrong_results_is_taken_out_and_stays_out() {
    let slots = [(); 2].map(|()| Slot::new(patient()));
    let options = Options {
        max_wrong_results: 3,
        max_resets: 100,
        ..Options::default()
    };
    let cards = slots.each_ref().map(|slot| slot.backend(options));
    let rig = Rig::new(pool(&[&cards[0], &cards[1]]));
    for wrong in 1..=3 {
        wait_until("it is back", || cards[0].healthy());
        slots[0].arm(Trigger::Run(0), Fault::WrongOutput(11));
        for _ in 0..50 {
            assert_eq!(rig.block("a wrong result").fallbacks, 0, "the other card does it");
            if cards[0].condition().wrong_results == wrong {
                break;
            }
        }
        assert_eq!(cards[0].condition().wrong_results, wrong);
    }
    let out = cards[0].condition().out.expect("it is out for good");
    assert!(out.contains("3 of its results were wrong"), "{out}");
    let jobs = cards[0].counters().jobs;
    let before = cards[1].counters().jobs;
    for _ in 0..5 {
        assert_eq!(rig.block("without it").fallbacks, 0);
    }
    assert!(!cards[0].healthy());
    assert_eq!(cards[0].counters().jobs, jobs, "it is left alone");
    assert!(cards[1].counters().jobs - before >= 5 * INFERENCES);
    assert_eq!(
        cards[1].condition().wrong_results,
        0,
        "each has a count of its own"
    );
}
