//! The tests that are not run, and why. The list is the part of revm's own (`revme statetest`, 43.0.3)
//! that these tests need.

/// Which tests to leave out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Skips {
    /// Those of the documented list.
    #[default]
    Documented,
    /// Only those that cannot be read.
    Unreadable,
}

/// Why a file is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The transaction cannot be written down.
    Unreadable(&'static str),
    /// It passes, but takes very long.
    Slow(&'static str),
}

const MALFORMED: Reason = Reason::Unreadable("the value has more than 256 bits");
const SLOW: Reason = Reason::Slow("passes, but takes minutes");

const FILES: [(&str, Reason); 6] = [
    ("ValueOverflow.json", MALFORMED),
    ("ValueOverflowParis.json", MALFORMED),
    ("CALLBlake2f_MaxRounds.json", SLOW),
    ("Call50000_sha256.json", SLOW),
    ("static_Call50000_sha256.json", SLOW),
    ("loopMul.json", SLOW),
];

/// Why a file of this name is left out, if it is.
pub(super) fn reason(name: &str, skips: Skips) -> Option<&'static str> {
    let file = name.rsplit(['/', ':']).next().unwrap_or(name);
    let file = file.strip_suffix(".gz").unwrap_or(file);
    let (_, reason) = FILES.iter().find(|(skipped, _)| *skipped == file)?;
    match (reason, skips) {
        (Reason::Unreadable(why), _) | (Reason::Slow(why), Skips::Documented) => Some(why),
        (Reason::Slow(_), Skips::Unreadable) => None,
    }
}
