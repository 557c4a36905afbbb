//! What can be measured.

use std::fmt;
use std::str::FromStr;

/// A subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Single operators at several sizes, and what the machine gives at best.
    Kernels,
    /// Keccak-256 of batches.
    Keccak,
    /// Whole models by batch and threads.
    Models,
    /// The rings between driver and card.
    Rings,
    /// What it costs to have a device do something: a job, and the way of its bytes.
    Card,
    /// Blocks with inferences.
    Blocks,
}

impl Subject {
    /// All, in the order in which they are measured.
    pub const ALL: [Self; 6] = [
        Self::Kernels,
        Self::Keccak,
        Self::Models,
        Self::Rings,
        Self::Card,
        Self::Blocks,
    ];

    /// The name that the command line and reports have.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernels => "kernels",
            Self::Keccak => "keccak",
            Self::Models => "models",
            Self::Rings => "rings",
            Self::Card => "card",
            Self::Blocks => "blocks",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|subject| subject.name() == name);
        found.ok_or_else(|| {
            let all = Self::ALL.map(Self::name).join(", ");
            format!("there is no subject {name:?}; there are {all}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_subject_and_others_are_told_all() {
        for subject in Subject::ALL {
            assert_eq!(subject.name().parse(), Ok(subject));
        }
        let error = "gpu".parse::<Subject>().unwrap_err();
        assert!(
            error.contains("kernels, keccak, models, rings, card, blocks"),
            "{error}"
        );
    }
}
