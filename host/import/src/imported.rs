//! What an import gives.

use crate::report::Report;
use metisvm_model::Graph;

/// A finished import.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The checked integer graph; [`metisvm_model::Bundle::encode`] makes a bundle of it.
    pub graph: Graph,
    /// What was done, for people.
    pub report: Report,
}
