//! What figures are counted in.

/// A unit: how a figure follows from seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// As reports have it.
    pub name: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// So many units a second.
    Rate(f64),
    /// So many seconds a unit.
    Time(f64),
}

impl Unit {
    /// Integer operations, two for each multiply-accumulate, in thousand millions a second.
    pub const GOPS: Self = Self::rate("GOPS", 1e9);
    /// Elements, in thousand millions a second.
    pub const ELEMENTS: Self = Self::rate("G elements/s", 1e9);
    /// Bytes, in thousand millions a second.
    pub const BYTES: Self = Self::rate("GB/s", 1e9);
    /// Keccak-f\[1600\], in millions a second.
    pub const PERMUTATIONS: Self = Self::rate("M permutations/s", 1e6);
    /// Inferences a second.
    pub const INFERENCES: Self = Self::rate("inferences/s", 1.0);
    /// Jobs a second.
    pub const JOBS: Self = Self::rate("jobs/s", 1.0);
    /// Milliseconds.
    pub const MS: Self = Self::time("ms", 1e-3);
    /// Microseconds.
    pub const US: Self = Self::time("µs", 1e-6);
    /// Nanoseconds.
    pub const NS: Self = Self::time("ns", 1e-9);

    const fn rate(name: &'static str, units: f64) -> Self {
        Self {
            name,
            kind: Kind::Rate(units),
        }
    }

    const fn time(name: &'static str, seconds: f64) -> Self {
        Self {
            name,
            kind: Kind::Time(seconds),
        }
    }

    /// The figure of so much work that took so many seconds. Where times are counted it is that of one piece
    /// of the work.
    pub fn figure(self, work: f64, seconds: f64) -> f64 {
        match self.kind {
            Kind::Rate(units) => work / seconds / units,
            Kind::Time(unit) => seconds / work / unit,
        }
    }

    /// Whether less is better.
    pub const fn is_time(self) -> bool {
        matches!(self.kind, Kind::Time(_))
    }
}

/// The same of a unit's name, as figures from elsewhere have it.
pub(crate) fn is_time(name: &str) -> bool {
    ["s", "ms", "µs", "us", "ns"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_with_work_and_times_are_of_one_piece() {
        assert_eq!(Unit::GOPS.figure(2e9, 0.5), 4.0);
        assert_eq!(Unit::MS.figure(1.0, 0.25), 250.0);
        assert!((Unit::NS.figure(32.0, 64e-9) - 2.0).abs() < 1e-12);
        for unit in [Unit::GOPS, Unit::MS, Unit::US, Unit::NS, Unit::JOBS] {
            assert_eq!(unit.is_time(), is_time(unit.name), "{}", unit.name);
        }
    }
}
