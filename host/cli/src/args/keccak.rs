//! What hashes the state trie.

use std::fmt;
use std::str::FromStr;

/// What hashes the state trie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keccak {
    /// The processor
    Cpu,
    /// The card, for batches of so many messages and more; `None` for the usual number
    Card(Option<usize>),
    /// The OpenCL device, likewise
    OpenCl(Option<usize>),
    /// The card from where on it is quicker
    Auto,
}

impl FromStr for Keccak {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (engine, least) = match text.split_once(':') {
            None => (text, None),
            Some((engine, messages)) => match messages.parse() {
                Ok(least @ 1..) => (engine, Some(least)),
                _ => {
                    return Err(format!(
                        "{messages:?} after {engine}: is no number of messages; 1 is the least"
                    ));
                }
            },
        };
        match (engine, least) {
            ("cpu", None) => Ok(Self::Cpu),
            ("card", least) => Ok(Self::Card(least)),
            ("opencl", least) => Ok(Self::OpenCl(least)),
            ("auto", None) => Ok(Self::Auto),
            _ => Err(
                "it is cpu, card, opencl, auto, or card:N or opencl:N (batches of N messages and more)"
                    .to_owned(),
            ),
        }
    }
}

impl fmt::Display for Keccak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Card(None) => f.write_str("card"),
            Self::Card(Some(messages)) => write!(f, "card:{messages}"),
            Self::OpenCl(None) => f.write_str("opencl"),
            Self::OpenCl(Some(messages)) => write!(f, "opencl:{messages}"),
            Self::Auto => f.write_str("auto"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Keccak;

    #[test]
    fn what_hashes_is_read_as_it_is_shown_and_nothing_else_is_taken() {
        for text in ["cpu", "card", "card:1", "card:4096", "opencl", "opencl:2", "auto"] {
            assert_eq!(text.parse::<Keccak>().unwrap().to_string(), text);
        }
        for text in [
            "", "gpu", "card:", "card:0", "card:-1", "card:x", "auto:3", "cpu:1", "auto:", "Card", "opencl:0",
        ] {
            assert!(text.parse::<Keccak>().is_err(), "{text}");
        }
    }
}
