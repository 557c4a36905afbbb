//! The scratchpads: memories between the modules.
//!
//! * [`lane_bank`]: A or B. [`accumulators`]: ACC, whose ports [`turns`] shares out.
//! * [`records`]: PARAM. [`tables`]: TABLE.

pub mod accumulators;
pub mod lane_bank;
pub mod records;
pub mod tables;
pub mod turns;
