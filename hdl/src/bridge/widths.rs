//! Numbers that follow from the width of the card's streams.

use rust_hdl::prelude::*;

/// Gives them as signals: rust-hdl would emit the parameter's name where its value is used.
#[derive(LogicBlock)]
pub struct Widths<const W: usize> {
    /// Words of the link in a beat.
    pub words: Signal<Out, Bits<4>>,
    /// Where a beat's highest word begins.
    pub top: Signal<Out, Bits<8>>,
    words_value: Constant<Bits<4>>,
    top_value: Constant<Bits<8>>,
}

impl<const W: usize> Default for Widths<W> {
    fn default() -> Self {
        Self {
            words: Signal::default(),
            top: Signal::default(),
            words_value: Constant::new((W as u64 / 32).into()),
            top_value: Constant::new((W as u64 - 32).into()),
        }
    }
}

impl<const W: usize> Logic for Widths<W> {
    #[hdl_gen]
    fn update(&mut self) {
        self.words.next = self.words_value.val();
        self.top.next = self.top_value.val();
    }
}
