//! The official tests of Ethereum that need more than one transaction: what a chain makes of blocks that arrive one
//! after the other. The state tests, of one transaction each, are in [`metisvm_executor::statetest`].

pub mod blocktest;
