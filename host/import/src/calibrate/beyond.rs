//! Positions that samples name and that are not there.

use crate::error::Problem;
use crate::float::View;
use crate::typed::Operator;

/// What to say of a lookup by a computed index beyond the end: of that there is no number.
pub(super) fn index(op: &Operator, operands: &[View<'_>]) -> Option<Problem> {
    let (Operator::Lookup { axis }, [table, indices]) = (op, operands) else {
        return None;
    };
    let extent = table.dims.get(*axis).copied().unwrap_or(1);
    let inside = |at: f32| at >= -(extent as f32) && at < extent as f32;
    let at = indices.data.iter().find(|at| !inside(**at))?;
    Some(Problem::Shape(format!(
        "in calibration index {at} is looked up in a dimension of {extent}; give samples whose indices are {} at most",
        extent.saturating_sub(1)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_beyond_the_end_is_named() {
        let said = |data: &[f32]| {
            let table = View {
                dims: &[3, 2],
                data: &[0.0; 6],
            };
            let found = index(&Operator::Lookup { axis: 0 }, &[table, View { dims: &[2], data }]);
            found.map(|problem| problem.to_string())
        };
        let beyond = said(&[1.0, 7.0]).unwrap();
        assert!(
            beyond.contains("index 7 is looked up in a dimension of 3"),
            "{beyond}"
        );
        assert_eq!(said(&[2.0, -3.0]), None);
    }
}
