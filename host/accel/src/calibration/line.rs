//! A straight line through times: so much for each node, and so much for each unit.

/// Sums of a least-squares fit of `time = nodes · a + units · b`, where each point counts by its weight.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    nodes: f64,
    mixed: f64,
    units: f64,
    nodes_time: f64,
    units_time: f64,
}

impl Line {
    /// Adds a point. With the inverse of a time as its weight, what counts is the error as a part of that time.
    pub(super) fn add(&mut self, nodes: f64, units: f64, time: f64, weight: f64) {
        let (nodes, units, time) = (nodes * weight, units * weight, time * weight);
        self.nodes += nodes * nodes;
        self.mixed += nodes * units;
        self.units += units * units;
        self.nodes_time += nodes * time;
        self.units_time += units * time;
    }

    /// The best `(a, b)` of which none is negative.
    pub(super) fn solve(&self) -> (f64, f64) {
        // Points of one shape say nothing of nodes and units apart: all of it is then the units'.
        let determinant = self.nodes * self.units - self.mixed * self.mixed;
        let alone = |time: f64, square: f64| {
            if square > 0.0 {
                (time / square).max(0.0)
            } else {
                0.0
            }
        };
        if determinant > self.nodes * self.units * 1e-9 {
            let a = (self.nodes_time * self.units - self.units_time * self.mixed) / determinant;
            let b = (self.units_time * self.nodes - self.nodes_time * self.mixed) / determinant;
            if a >= 0.0 && b >= 0.0 {
                return (a, b);
            }
            if b < 0.0 {
                return (alone(self.nodes_time, self.nodes), 0.0);
            }
        }
        (0.0, alone(self.units_time, self.units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_goes_through_points_that_lie_on_one_and_is_never_negative() {
        let line = |points: &[(f64, f64, f64)]| {
            let mut line = Line::default();
            for &(nodes, units, time) in points {
                line.add(nodes, units, time, 1.0 / time.max(1.0));
            }
            line.solve()
        };
        let (a, b) = line(&[(2.0, 10.0, 26.0), (2.0, 100.0, 206.0), (2.0, 1000.0, 2006.0)]);
        assert!((a - 3.0).abs() < 1e-6 && (b - 2.0).abs() < 1e-9, "{a} {b}");
        assert_eq!(line(&[(2.0, 10.0, 30.0)]), (0.0, 3.0));
        assert_eq!(line(&[]), (0.0, 0.0));
        // Ever quicker per unit, from below nothing: no cost for a node.
        let (a, b) = line(&[(1.0, 10.0, 1.0), (1.0, 20.0, 40.0)]);
        assert!(a == 0.0 && b > 0.0, "{a} {b}");
        // Larger is quicker: all of it is the node's.
        let (a, b) = line(&[(1.0, 10.0, 40.0), (1.0, 20.0, 1.0)]);
        assert!(a > 0.0 && b == 0.0, "{a} {b}");
    }
}
