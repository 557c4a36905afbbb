//! What lies in the scratchpads, for those who hold other machines against this one.

use metisvm_firmware::check::{Record, TABLE_ENTRIES};

/// All scratchpads, tile by tile, each tile's lanes row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents<'a> {
    /// Lanes of A, sign-extended.
    pub a: &'a [i16],
    /// Lanes of B, sign-extended.
    pub b: &'a [i16],
    /// Lanes of ACC.
    pub acc: &'a [i32],
    /// The records that have been loaded.
    pub params: &'a [Option<Record>],
    /// The tables.
    pub tables: &'a [[i32; TABLE_ENTRIES]],
}
