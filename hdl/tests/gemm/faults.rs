//! Random instructions notice each seeded mistake.

use crate::mistakes::IN_GEMM;
use crate::seeded::unnoticed;
use crate::verilated::command;
use crate::{random_script, stops};

#[test]
fn every_seeded_mistake_in_gemm_is_noticed() {
    if command().is_none() {
        return;
    }
    let scripts = [random_script(0, 400, 8), stops((1..60).step_by(3))];
    let notices = |number| {
        scripts
            .iter()
            .any(|script| script.run(0, number).unwrap().is_err())
    };
    assert_eq!(
        unnoticed(IN_GEMM, notices),
        [0; 0],
        "not noticed, or 0: noticed where there is none"
    );
}
