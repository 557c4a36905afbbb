//! A program's way through the pipeline: fetched, checked, begun in the order of its tokens, against the functional
//! card's decoder and schedule.

mod encodings;
mod expected;
mod faults;
mod jobs;
mod mistakes;
mod models;
mod programs;
mod samples;
