//! Which element of each row is the greatest, of the integers and of the floats.

/// Rows of an output of scores, over all samples.
#[derive(Clone, Debug, Default)]
pub(super) struct Classes {
    rows: usize,
    /// For each row whose greatest element is another, how much more the floats have at theirs than at the integers'.
    margins: Vec<f64>,
}

impl Classes {
    pub(super) fn note(&mut self, integers: &[i32], floats: &[f32], width: usize) {
        for (a, b) in integers.chunks_exact(width).zip(floats.chunks_exact(width)) {
            self.rows += 1;
            let (found, wanted) = (first_greatest(a), first_greatest(b));
            if found != wanted {
                self.margins.push(f64::from(b[wanted]) - f64::from(b[found]));
            }
        }
    }

    /// The part of rows whose greatest element is the same; nothing where there are none.
    pub(super) fn agreement(&self) -> Option<f64> {
        let same = self.rows - self.margins.len();
        (self.rows > 0).then(|| same as f64 / self.rows as f64)
    }

    /// Whether classes change by more than a near tie: in two rows at least, or in one whose two elements the floats hold
    /// further apart than the output's error.
    pub(super) fn changed(&self, error: f64) -> bool {
        self.margins.len() > 1 || self.margins.iter().any(|margin| *margin > error)
    }
}

fn first_greatest<T: PartialOrd + Copy>(row: &[T]) -> usize {
    (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_near_tie_changes_no_class() {
        let mut classes = Classes::default();
        classes.note(&[3, 3, 1], &[0.302, 0.303, 0.1], 3);
        assert_eq!(classes.agreement(), Some(0.0));
        assert!(!classes.changed(0.002));
        // The same where the floats are further apart than the error is, and where it is not the only one.
        assert!(classes.changed(0.0005));
        classes.note(&[9, 1, 3, 2], &[0.9, 0.1, 0.301, 0.3], 2);
        assert!(!classes.changed(0.002));
        assert_eq!(classes.agreement(), Some(2.0 / 3.0));
        classes.note(&[3, 3], &[0.302, 0.303], 2);
        assert!(classes.changed(0.002));
    }
}
