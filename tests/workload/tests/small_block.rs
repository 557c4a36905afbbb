//! The small block holds what was asked for.

use metisvm_workload::{Category, DigitModels, End, small_block};

#[test]
fn so_many_inferences_as_asked_for_all_succeed() {
    let models = DigitModels::import().unwrap();
    for asked in [0, 1, 8] {
        let workload = small_block(&models, asked).unwrap();
        assert_eq!(workload.inferences, asked as u64);
        assert_eq!(workload.correct().1, asked);
        assert!(
            workload
                .expected
                .iter()
                .all(|expected| expected.end == End::Success)
        );
        let transfers = workload
            .expected
            .iter()
            .filter(|expected| expected.category == Category::EtherTransfer);
        assert_eq!(transfers.count(), 12);
        assert!(
            workload
                .built
                .outcome
                .receipts
                .iter()
                .all(|receipt| receipt.status())
        );
    }
}
