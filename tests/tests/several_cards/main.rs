//! Cards that go and come back, alone and beside others: every block has the roots of its header, which the reference
//! kernels made, and what a card does not do another one does.

mod recovery;
mod rig;
mod soak;
mod two;
