//! Models of rows of features: credit, anomalies.

use crate::project::{Project, cases, int, uint, words};
use alloy_primitives::{Address, I256, U256};
use alloy_sol_types::{SolError, sol};

sol!("../../templates/credit-score/src/ICreditScore.sol");
sol!(
    #[sol(all_derives)]
    "../../templates/tabular-anomaly/src/ITabularAnomaly.sol"
);

#[test]
fn scores_are_log_odds_and_limits_follow_them() {
    use ICreditScore::{NotTheAssessor, assessCall, limitOfCall, logOddsCall, scoreCall};
    let mut project = Project::new("credit-score");
    let scale = project.scale_wad("scores");
    assert_eq!(scale, project.constant("SCALE_WAD"));
    project.deploy("CreditScore", &(project.model, scale, project.sender()));
    let applicant = Address::repeat_byte(0xb0);
    let mut right = 0;
    let cases = cases("credit-score");
    for case in &cases {
        let features = || case.input.clone().into();
        let logits = words(&project.infer(&case.input));
        let odds = int(logits[1] - logits[0]) * scale;
        assert_eq!(project.call(&logOddsCall { features: features() }), odds);
        // 40 points for each doubling, as real numbers: the contract's are cut to whole ones, towards even odds.
        let real = i128::try_from(odds).unwrap() as f64 / 1e18 / std::f64::consts::LN_2 * 40.0;
        let points = (600.0 + real.trunc()).clamp(300.0, 850.0) as usize;
        assert_eq!(project.call(&scoreCall { features: features() }), uint(points));
        project.send(&assessCall {
            applicant,
            features: features(),
        });
        let limit = U256::from(points.saturating_sub(620)) * U256::from(10_000_000_000_000_000u64);
        assert_eq!(project.call(&limitOfCall { applicant }), limit);
        right += usize::from(case.label == (odds > I256::ZERO));
    }
    assert!(right * 10 >= cases.len() * 8, "{right} of {}", cases.len());
    // Whoever is not named at deployment vouches for nobody.
    project.deploy("CreditScore", &(project.model, scale, applicant));
    let features = cases[0].input.clone().into();
    let refused = project.refusal(&assessCall { applicant, features });
    assert_eq!(
        refused,
        NotTheAssessor {
            sender: project.sender()
        }
        .abi_encode()
    );
}

#[test]
fn unusual_rows_are_quarantined_until_they_are_released() {
    use ITabularAnomaly::{NotQuarantined, State, releaseCall, scoreCall, stateOfCall, submitCall};
    let mut project = Project::new("tabular-anomaly");
    let scale = project.scale_wad("score");
    assert_eq!(scale, project.constant("SCALE_WAD"));
    let threshold = project.constant("THRESHOLD_WAD");
    project.deploy(
        "TabularAnomaly",
        &(project.model, scale, threshold, project.sender()),
    );
    let (mut right, mut put_aside) = (0, 0);
    let cases = cases("tabular-anomaly");
    for (id, case) in cases.iter().enumerate() {
        let id = uint(id);
        let row = || case.input.clone().into();
        let score = int(words(&project.infer(&case.input))[0]) * scale;
        assert_eq!(project.call(&scoreCall { row: row() }), score);
        project.send(&submitCall { row: row() });
        let unusual = score > threshold;
        let state = if unusual {
            State::Quarantined
        } else {
            State::Accepted
        };
        assert_eq!(project.call(&stateOfCall { id }), state);
        if unusual {
            put_aside += 1;
            project.send(&releaseCall { id });
            assert_eq!(project.call(&stateOfCall { id }), State::Accepted);
        }
        let refused = project.refusal(&releaseCall { id });
        assert_eq!(refused, NotQuarantined { id }.abi_encode());
        right += usize::from(case.label == unusual);
    }
    assert!(
        right * 10 >= cases.len() * 7 && put_aside > 5,
        "{right} right, {put_aside} put aside"
    );
}
