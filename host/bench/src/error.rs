//! What ends a measurement.

/// Why nothing more is measured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An engine gives other bits than the reference. What is fast and wrong is not worth a figure.
    #[error("{case}: {engine} gives other bits than the reference; nothing of it is measured")]
    Disagrees {
        /// What was computed.
        case: String,
        /// Who computed it.
        engine: String,
    },
    /// What is compared with does not work on this machine.
    #[error("{case}: {problem}")]
    Fails {
        /// What was to be measured.
        case: String,
        /// What went wrong.
        problem: String,
    },
    /// A line of a file of figures cannot be read.
    #[error("line {line}: {problem}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}
