//! Names of the two cases that a roofline is made of.

/// What the case of the multipliers is called.
pub(crate) const PEAK: &str = "multipliers alone";
/// What the case of the memory is called.
pub(crate) const BANDWIDTH: &str = "reading memory";
