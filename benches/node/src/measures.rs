//! What is measured of a node in one round.

use std::fmt;

/// One figure a subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measures {
    /// From the start to the first answer, in milliseconds.
    pub(crate) cold_start_ms: f64,
    /// Memory in use before any load, in megabytes of 10^6 bytes.
    pub(crate) idle_mb: f64,
    /// From sending to the receipt, in milliseconds: the median of one connection's transactions, one after the other.
    pub(crate) receipt_ms: f64,
    /// Transactions mined for each second of the node's processor time, sent one a request.
    pub(crate) mined_singly: f64,
    /// The same, sent in batches.
    pub(crate) mined_in_batches: f64,
    /// The same, sent in batches, a thousand in a block.
    pub(crate) mined_in_blocks: f64,
    /// Calls answered in a second.
    pub(crate) calls: f64,
    /// Calls answered for each second of the node's processor time.
    pub(crate) calls_per_cpu: f64,
    /// The time of `hardhat_mine` for a thousand blocks, in milliseconds.
    pub(crate) mine_ms: f64,
    /// Memory in use after all that, in megabytes of 10^6 bytes.
    pub(crate) loaded_mb: f64,
}

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    /// More of it.
    More,
    /// Less of it.
    Less,
}

/// A subject: its name here and in JSON, which way is better, and where its figure is.
pub(crate) struct Subject {
    /// For people.
    pub(crate) name: &'static str,
    /// For programs.
    pub(crate) key: &'static str,
    /// Which way is better.
    pub(crate) better: Better,
    /// Its figure.
    pub(crate) of: fn(&Measures) -> f64,
}

/// All subjects, in the order in which they are shown.
pub(crate) const SUBJECTS: [Subject; 10] = [
    subject(
        "mined transactions / CPU s, singly",
        "mined_singly_per_cpu_second",
        Better::More,
        |m| m.mined_singly,
    ),
    subject(
        "mined transactions / CPU s, batches",
        "mined_in_batches_per_cpu_second",
        Better::More,
        |m| m.mined_in_batches,
    ),
    subject(
        "mined transactions / CPU s, blocks of 1000",
        "mined_in_blocks_per_cpu_second",
        Better::More,
        |m| m.mined_in_blocks,
    ),
    subject(
        "send to receipt, p50, ms",
        "send_to_receipt_p50_ms",
        Better::Less,
        |m| m.receipt_ms,
    ),
    subject("eth_call / s", "calls_per_second", Better::More, |m| m.calls),
    subject("eth_call / CPU s", "calls_per_cpu_second", Better::More, |m| {
        m.calls_per_cpu
    }),
    subject("idle memory, MB", "idle_mb", Better::Less, |m| m.idle_mb),
    subject("memory after the load, MB", "loaded_mb", Better::Less, |m| {
        m.loaded_mb
    }),
    subject(
        "hardhat_mine 1000, ms",
        "hardhat_mine_1000_ms",
        Better::Less,
        |m| m.mine_ms,
    ),
    subject(
        "cold start to first answer, ms",
        "cold_start_ms",
        Better::Less,
        |m| m.cold_start_ms,
    ),
];

const fn subject(name: &'static str, key: &'static str, better: Better, of: fn(&Measures) -> f64) -> Subject {
    Subject {
        name,
        key,
        better,
        of,
    }
}

impl fmt::Display for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, subject) in SUBJECTS.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{} {:.1}", subject.name, (subject.of)(self))?;
        }
        Ok(())
    }
}
