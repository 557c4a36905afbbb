//! What the test asks for beyond the `metisvm` command.

use crate::{bind, edu, jobs, registers};
use metisvm_driver::vfio::Bdf;

/// A word, and what it does with a function: gives what there is to say, or what went wrong.
type Word = (&'static str, fn(Bdf) -> Result<String, String>);

const WORDS: [Word; 10] = [
    ("bind", bind::bind),
    ("is-there", bind::is_there),
    ("remove", bind::remove),
    ("rescan", bind::rescan),
    ("edu", edu::edu),
    ("jobs", jobs::jobs),
    ("hang", jobs::hang),
    ("switched-off", registers::switched_off),
    ("reset", registers::reset),
    ("unmapped", registers::unmapped),
];

/// Carries out a word, if it is one.
pub(crate) fn carry_out(arguments: &[String]) -> Option<Result<String, String>> {
    let [word, bdf] = arguments else {
        return None;
    };
    let (_, act) = WORDS.iter().find(|(known, _)| known == word)?;
    Some(bdf.parse().and_then(act))
}
