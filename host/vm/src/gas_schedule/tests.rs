use super::*;
use metisvm_model::OPERATORS;

#[test]
fn each_class_of_work_is_rounded_up_by_itself() {
    let one = Work {
        nodes: 0,
        macs: 1,
        lines: 1,
        elements: 1,
        compares: 1,
        moved_bytes: 1,
        ..Work::NONE
    };
    assert_eq!(GasSchedule::V1.work_gas(&one), 5);
    let full = Work {
        nodes: 0,
        macs: 16,
        lines: 4,
        elements: 4,
        compares: 8,
        moved_bytes: 64,
        ..Work::NONE
    };
    assert_eq!(GasSchedule::V1.work_gas(&full), 5);
    assert_eq!(GasSchedule::V1.work_gas(&full.saturating_add(one)), 10);
    assert_eq!(GasSchedule::V1.work_gas(&Work::default()), 0);
    let nodes = Work {
        nodes: 3,
        ..Work::default()
    };
    assert_eq!(GasSchedule::V1.work_gas(&nodes), 3 * 64);
}

#[test]
fn output_is_charged_by_the_word() {
    let none = Work::default();
    assert_eq!(GasSchedule::V1.inference_gas(&none, 0), 0);
    assert_eq!(GasSchedule::V1.inference_gas(&none, 1), 16);
    assert_eq!(GasSchedule::V1.inference_gas(&none, 33), 32);
    assert_eq!(
        GasSchedule::V1.inference_gas(&none, u64::MAX),
        u64::MAX / 32 * 16 + 16
    );
}

#[test]
fn call_data_is_charged_by_the_word() {
    assert_eq!(GasSchedule::V1.call_data_gas(0), 2_000);
    assert_eq!(GasSchedule::V1.call_data_gas(1), 2_016);
    assert_eq!(GasSchedule::V1.call_data_gas(32), 2_016);
    assert_eq!(GasSchedule::V1.call_data_gas(33), 2_032);
}

#[test]
fn nothing_overflows() {
    let most = u64::MAX;
    let all = Work {
        nodes: most,
        macs: most,
        lines: most,
        elements: most,
        compares: most,
        moved_bytes: most,
        ..Work::NONE
    };
    assert_eq!(GasSchedule::V1.work_gas(&all), most);
    let elements = Work {
        elements: most,
        ..Work::default()
    };
    assert_eq!(GasSchedule::V1.work_gas(&elements), most / 4 + 1);
    assert!(GasSchedule::V1.call_data_gas(most) > 1 << 60);
}

/// A count that one schedule reads and the other does not.
#[test]
fn schedule_1_does_not_look_at_the_counts_of_schedule_2() {
    let only_of_2 = Work {
        wide_macs: 9,
        vector_macs: 9,
        wide_vector_macs: 9,
        products: 9,
        filters: 9,
        laid_out: 9,
        runs: 9,
        pointwise: 9,
        lookups: 9,
        divisions: 9,
        ..Work::NONE
    };
    assert_eq!(GasSchedule::V1.work_gas(&only_of_2), 0);
    let only_of_1 = Work {
        elements: 9,
        macs: 9,
        wide_macs: 9,
        lines: 9,
        ..Work::NONE
    };
    assert_eq!(GasSchedule::V2.work_gas(&only_of_1), 0);
}

#[test]
fn schedule_2_has_a_price_for_each_class_of_work() {
    let price = |work: Work| GasSchedule::V2.work_gas(&work);
    let units = [
        (
            512,
            Work {
                vector_macs: 512,
                ..Work::NONE
            },
        ),
        (
            256,
            Work {
                wide_vector_macs: 256,
                ..Work::NONE
            },
        ),
        (
            16,
            Work {
                filters: 16,
                ..Work::NONE
            },
        ),
        (
            256,
            Work {
                moved_bytes: 256,
                ..Work::NONE
            },
        ),
        (
            32,
            Work {
                pointwise: 32,
                ..Work::NONE
            },
        ),
        (
            128,
            Work {
                lookups: 128,
                ..Work::NONE
            },
        ),
        (
            3,
            Work {
                runs: 3,
                ..Work::NONE
            },
        ),
        (
            32,
            Work {
                laid_out: 32,
                ..Work::NONE
            },
        ),
        (
            64,
            Work {
                compares: 64,
                ..Work::NONE
            },
        ),
    ];
    let mut all = Work::NONE;
    for (unit, work) in units {
        assert_eq!(price(work), 1, "{work:?}");
        assert_eq!(price(work.saturating_add(work)), 2, "{unit} more of {work:?}");
        all = all.saturating_add(work);
    }
    let one = Work {
        nodes: 1,
        products: 10,
        divisions: 100,
        ..Work::NONE
    };
    assert_eq!(price(one), 64 + 10 * 3 + 100);
    // A little of everything: each class is rounded up by itself.
    assert_eq!(price(all.saturating_add(all)), 18);
    let little = Work {
        nodes: 1,
        macs: 1,
        wide_macs: 1,
        lines: 1,
        elements: 1,
        compares: 1,
        moved_bytes: 1,
        pointwise: 1,
        lookups: 1,
        runs: 1,
        products: 1,
        vector_macs: 1,
        wide_vector_macs: 1,
        filters: 1,
        laid_out: 1,
        divisions: 1,
    };
    assert_eq!(price(little), 64 + 9 + 3 + 1);
}

#[test]
fn no_count_overflows_a_price() {
    let most = u64::MAX;
    let all = Work {
        nodes: most,
        macs: most,
        wide_macs: most,
        lines: most,
        elements: most,
        compares: most,
        moved_bytes: most,
        pointwise: most,
        lookups: most,
        runs: most,
        products: most,
        vector_macs: most,
        wide_vector_macs: most,
        filters: most,
        laid_out: most,
        divisions: most,
    };
    assert_eq!(all.saturating_add(all), all);
    for schedule in GasScheduleVersion::ALL.map(GasScheduleVersion::schedule) {
        assert_eq!(schedule.work_gas(&all), most);
        assert_eq!(schedule.inference_gas(&all, most), most);
        let macs = Work {
            macs: most,
            vector_macs: most,
            ..Work::NONE
        };
        assert!((1 << 54..most).contains(&schedule.work_gas(&macs)));
    }
}

#[test]
fn each_schedule_prices_the_operators_of_its_version_of_the_bundle() {
    let upto = |version| -> OperatorSet {
        OPERATORS
            .iter()
            .filter(|o| o.since <= version)
            .map(|o| o.id)
            .collect()
    };
    for (schedule, version) in [(GasSchedule::V1, 1), (GasSchedule::V2, 2)] {
        assert_eq!(schedule.operators(), upto(version));
        assert_eq!(schedule.first_unpriced(&upto(version)), None);
    }
    assert_eq!(GasSchedule::V1.first_unpriced(&upto(2)), Some(OperatorId(10)));
    let expected = upto(1);
    let later = expected.with(OperatorId(200)).with(OperatorId(100));
    assert_eq!(GasSchedule::V1.first_unpriced(&later), Some(OperatorId(100)));
    let fewer = GasSchedule::V1.pricing_only(expected.without(OperatorId(3)));
    assert_eq!(fewer.first_unpriced(&expected), Some(OperatorId(3)));
    assert_eq!(
        fewer.work_gas(&Work {
            macs: 32,
            ..Work::NONE
        }),
        2
    );
}
