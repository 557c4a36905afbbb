//! The table of operators: its ids and names never change.

use super::*;

#[test]
fn ids_rise_and_names_differ() {
    assert!(OPERATORS.is_sorted_by(|a, b| a.id < b.id));
    for (at, operator) in OPERATORS.iter().enumerate() {
        assert_ne!(operator.id.0, 0, "0 is no id");
        assert!(OPERATORS[..at].iter().all(|other| other.name != operator.name));
        assert!(Operator::by_id(operator.id).is_some_and(|found| found.name == operator.name));
        assert!(operator.arity.0 <= operator.arity.1);
    }
    assert!(Operator::by_id(OperatorId(0)).is_none());
}

/// Bundles and gas schedules of every chain hold these numbers.
#[test]
fn the_operators_of_version_1_are_fixed() {
    let first: Vec<_> = OPERATORS
        .iter()
        .filter(|o| o.since == 1)
        .map(|o| (o.id.0, o.name))
        .collect();
    let expected = [
        (1, "MatMul"),
        (2, "Conv2d"),
        (3, "Add"),
        (4, "Requantise"),
        (5, "Clamp"),
        (6, "Table"),
        (7, "MaxPool2d"),
        (8, "Reshape"),
        (9, "ArgMax"),
    ];
    assert_eq!(first, expected);
}

/// So do these, from the first build on that had them.
#[test]
fn the_operators_of_version_2_so_far_are_fixed() {
    let second: Vec<_> = OPERATORS
        .iter()
        .filter(|o| o.since == 2 && o.name != "Probe")
        .map(|o| (o.id.0, o.name))
        .collect();
    let expected = [
        (10, "Sub"),
        (11, "Mul"),
        (12, "Interpolate"),
        (13, "ReduceSum"),
        (14, "ReduceMax"),
        (15, "Reciprocal"),
        (16, "InvNorm"),
        (17, "Gather"),
        (18, "Transpose"),
        (19, "Concat"),
        (20, "WideMatMul"),
    ];
    assert_eq!(second, expected);
}
