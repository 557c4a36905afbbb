//! metisvm-benches
