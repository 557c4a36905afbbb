//! The tokens of a link: who gives, and who takes.

/// A token: one instruction gives it when it is done, another takes it before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) giver: u32,
    pub(super) taker: u32,
}

/// The tokens from one module to another, in their order: both givers and takers grow, so the n-th token that is
/// given is the n-th that is taken.
#[derive(Debug, Default)]
pub(super) struct Link(Vec<Token>);

impl Link {
    /// Makes `taker` wait for `giver`: with a token of its own, unless another does it. A token that another one
    /// makes superfluous is dropped.
    pub(super) fn add(&mut self, giver: u32, taker: u32) {
        let tokens = &mut self.0;
        let at = tokens.partition_point(|token| token.taker < taker);
        if at > 0 && tokens[at - 1].giver >= giver {
            return;
        }
        match tokens.get_mut(at).filter(|token| token.taker == taker) {
            Some(token) if token.giver >= giver => return,
            Some(token) => token.giver = giver,
            None => tokens.insert(at, Token { giver, taker }),
        }
        let covered = tokens[at + 1..].partition_point(|token| token.giver <= giver);
        tokens.drain(at + 1..at + 1 + covered);
    }

    /// The first that waits for `giver`, by this link.
    pub(super) fn first_after(&self, giver: u32) -> Option<u32> {
        let at = self.0.partition_point(|token| token.giver < giver);
        self.0.get(at).map(|token| token.taker)
    }

    /// The last giver that anybody has waited for.
    pub(super) fn last_giver(&self) -> Option<u32> {
        self.0.last().map(|token| token.giver)
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.0
    }
}
