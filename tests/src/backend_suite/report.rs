//! What a row that passes has shown.

use super::case::Case;
use super::check::Ran;
use super::coverage::Coverage;
use std::collections::BTreeMap;
use std::fmt;

/// What ran on a backend, and what it left to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The row of the suite.
    pub row: String,
    /// Cases of which at least one node ran.
    pub cases: u64,
    /// Cases that it left to others whole.
    pub cases_left: u64,
    /// Parts that it compiled, halves and single nodes included.
    pub parts: u64,
    /// Batches that it ran.
    pub batches: u64,
    /// Items of these batches.
    pub items: u64,
    /// Nodes of the cases that it took.
    pub nodes: u64,
    /// Nodes of the cases that it did not take, by operator.
    pub nodes_left: BTreeMap<&'static str, u64>,
    /// Operators, types, shapes, edges and extremes that its nodes reached.
    pub coverage: Coverage,
}

impl Report {
    pub(super) fn note(&mut self, case: &Case, ran: &Ran) {
        let taken = ran.taken.iter().filter(|&&taken| taken).count() as u64;
        self.cases += u64::from(taken > 0);
        self.cases_left += u64::from(taken == 0 && !ran.taken.is_empty());
        self.nodes += taken;
        self.parts += ran.parts;
        self.batches += ran.batches;
        self.items += ran.items;
        for (node, taken) in case.graph.nodes().iter().zip(&ran.taken) {
            if !taken {
                *self.nodes_left.entry(node.op.name()).or_default() += 1;
            }
        }
        self.coverage.add(&Coverage::of(case, |node| ran.taken[node]));
    }

    pub(super) fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.cases_left += other.cases_left;
        self.parts += other.parts;
        self.batches += other.batches;
        self.items += other.items;
        self.nodes += other.nodes;
        for (operator, count) in other.nodes_left {
            *self.nodes_left.entry(operator).or_default() += count;
        }
        self.coverage.add(&other.coverage);
    }

    /// The figures without the coverage, in one line.
    pub fn summary(&self) -> String {
        let left: Vec<String> = self
            .nodes_left
            .iter()
            .map(|(op, n)| format!("{op} {n}"))
            .collect();
        let left = if left.is_empty() {
            "none".into()
        } else {
            left.join(", ")
        };
        format!(
            "{}: {} cases, {} parts, {} batches, {} items, {} nodes; left to others: {left}",
            self.row, self.cases, self.parts, self.batches, self.items, self.nodes
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.summary())?;
        write!(f, "{}", self.coverage)
    }
}
