//! not yet
use crate::bench::Case;
use crate::setup::Setup;
pub(crate) fn cases(_: &Setup) -> Vec<Case<'_>> { Vec::new() }
