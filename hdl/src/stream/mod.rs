//! What streams of beats pass through. A beat is `W` bits: whole words of 64 bits, the first one lowest.

pub mod buffer;
pub mod fifo;
pub mod slice;
pub mod unpacker;
