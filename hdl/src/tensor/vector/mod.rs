//! VECTOR: operations on the lanes of accumulator tiles, a row of a tile at a time.
//!
//! * [`mod@unit`]: the module itself, which asks for rows and hands results back. [`control`]: from start to end.
//! * [`checks`]: what of an instruction depends on the card's geometry. [`walk`]: the order of the rows.
//! * [`element`]: ADD, MAX and MIN of a lane. [`lookup`]: TABLE and INTERPOLATE. [`best`]: ARGMAX.
//!   REQUANTISE is [`super::requantise`], and [`records`] has its parameters ready.
//! * [`results`]: rows put together from lanes. [`row_queue`]: rows on their way back to the accumulators.

pub mod best;
pub mod checks;
pub mod control;
pub mod element;
pub mod lookup;
pub mod records;
pub mod results;
pub mod row_queue;
pub mod unit;
pub mod walk;
