//! The forms of proofs.

use crate::parameters::Parameters;
use std::fmt;
use std::str::FromStr;

/// How a proof is finished. Each form of a model has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Form {
    /// The proof of the model's own circuit: quickest to make, largest, and it hides nothing.
    Raw,
    /// A proof that one was verified.
    Wrapped,
    /// The same, blinded: for an input that is to stay private. docs/proofs.md says what that hides.
    Blinded,
    /// Wrapped until it is as small as it gets.
    Small,
    /// Blinded, then wrapped until it is as small as it gets.
    SmallBlinded,
    /// Wrapped, with at least 100 bits that rest on no conjecture about codes.
    Proven,
    /// The same, blinded.
    ProvenBlinded,
}

impl Form {
    /// All forms.
    pub const ALL: [Self; 7] = [
        Self::Raw,
        Self::Wrapped,
        Self::Blinded,
        Self::Small,
        Self::SmallBlinded,
        Self::Proven,
        Self::ProvenBlinded,
    ];

    /// Its name in files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Wrapped => "wrapped",
            Self::Blinded => "blinded",
            Self::Small => "small",
            Self::SmallBlinded => "small-blinded",
            Self::Proven => "proven",
            Self::ProvenBlinded => "proven-blinded",
        }
    }

    /// Whether a proof in this form may be shown where its input may not.
    pub fn blinds(self) -> bool {
        self.wraps().iter().any(Parameters::blinds)
    }

    /// Whether its key has a form as bytes: that of a model's own circuit has none.
    pub const fn has_key_bytes(self) -> bool {
        !self.wraps().is_empty()
    }

    /// The parameter sets of its wraps, from the inside out.
    pub const fn wraps(self) -> &'static [Parameters] {
        match self {
            Self::Raw => &[],
            Self::Wrapped => &[Parameters::STANDARD],
            Self::Blinded => &[Parameters::BLINDED],
            Self::Small => &[Parameters::STANDARD, Parameters::MIDDLE, Parameters::SMALL],
            Self::SmallBlinded => &[
                Parameters::BLINDED,
                Parameters::STANDARD,
                Parameters::MIDDLE,
                Parameters::SMALL,
            ],
            Self::Proven => &[Parameters::PROVEN],
            Self::ProvenBlinded => &[Parameters::PROVEN_BLINDED],
        }
    }

    /// The parameter set of the model's own circuit.
    pub(crate) const fn innermost(self) -> Parameters {
        match self {
            Self::Raw => Parameters::STANDARD,
            Self::Proven | Self::ProvenBlinded => Parameters::PROVEN,
            _ => Parameters::INNER,
        }
    }
}

impl Form {
    /// The parameter sets of its wraps over a proof that joins several of the standard set; `None` where such a proof
    /// cannot have this form. A join is a standard wrap itself. It takes too many rows for 100 proven bits.
    pub const fn wraps_of_joined(self) -> Option<&'static [Parameters]> {
        match self {
            Self::Raw | Self::Proven | Self::ProvenBlinded => None,
            Self::Wrapped => Some(&[]),
            Self::Blinded => Some(&[Parameters::BLINDED]),
            Self::Small => Some(&[Parameters::MIDDLE, Parameters::SMALL]),
            Self::SmallBlinded => Some(Self::SmallBlinded.wraps()),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|form| form.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{text:?} is no form of a proof; there are {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_they_are_shown_and_nothing_else_is_taken() {
        for form in Form::ALL {
            assert_eq!(form.to_string().parse(), Ok(form));
        }
        for text in ["", "Raw", "raw ", "zk"] {
            assert!(text.parse::<Form>().is_err(), "{text}");
        }
    }

    /// What is joined is blinded like what is not, and ends with the same set.
    #[test]
    fn a_joined_proof_hides_as_much_as_any_of_its_form() {
        for form in Form::ALL {
            let Some(wraps) = form.wraps_of_joined() else {
                continue;
            };
            assert_eq!(wraps.iter().any(Parameters::blinds), form.blinds(), "{form}");
            let joined = [&[Parameters::STANDARD], wraps].concat();
            assert_eq!(joined.last(), form.wraps().last(), "{form}");
        }
    }
}
