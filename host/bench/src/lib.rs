//! Engines measured side by side, and what is made of it.
//!
//! [`run`] takes a [`Setup`] and gives [`Record`]s, a figure each: what an engine did, and what a peer did
//! that took turns with it, so that a ratio is of one run and of the same minutes. Nothing is timed before
//! its result was held to the reference's. A [`Page`] makes one self-contained HTML page of the records.
//!
//! How the figures are to be read is in `docs/benchmarks.md`.

mod bench;
mod clock;
mod divided;
mod engine;
mod error;
mod figure;
mod grid;
mod html;
mod inputs;
mod json;
mod offload;
mod prepared;
mod record;
mod roof;
mod run;
mod sample;
mod setup;
mod subject;
mod subjects;
mod unit;

pub use clock::Clock;
pub use engine::Engine;
pub use error::Error;
pub use figure::figure;
pub use grid::{Grid, Row, grids};
pub use html::Page;
pub use offload::{Crossing, Offload, offload};
pub use record::{Place, Record, Work};
pub use run::run;
pub use sample::Taken;
pub use setup::{Block, Inference, Model, Setup, Watch};
pub use subject::Subject;
pub use unit::Unit;
