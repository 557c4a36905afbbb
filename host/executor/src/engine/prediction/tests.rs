//! Tests: what is learnt from traces made by hand, from arbitrary ones, and from contracts that really run.

mod arbitrary;
mod bounds;
mod calls;
mod contract;
mod execution;
mod figures;
mod mainnet;
mod places;
mod recorder;
mod workloads;
