//! Variables of the environment.

use std::str::FromStr;

/// A variable, if it is set. One that cannot be read fails the test that asks for it.
pub(crate) fn given<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} cannot be read")),
    )
}

/// A number, or what it is without the variable.
pub(crate) fn number(name: &str, otherwise: u64) -> u64 {
    given(name).unwrap_or(otherwise)
}
