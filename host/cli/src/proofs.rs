//! Proofs of inferences on the command line: their files, their keys, the jobs of a block's inferences.

pub mod batch_file;
pub mod file;
pub mod hex;
pub mod job;
pub mod keys;
pub mod salt;
pub mod statement;
pub mod strength;
pub mod threads;
