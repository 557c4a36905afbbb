//! Numbers that whoever runs the tests gives in the environment.

/// The variable's number, or the default where it is not set.
///
/// # Panics
/// It is set to something else.
pub fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok().map(|text| text.parse());
    given.map_or(default, |number| {
        number.unwrap_or_else(|_| panic!("{name} is no number"))
    })
}
