use super::{draft::Draft, people::People, world::World};
use crate::{DigitModels, rng::Rng};

/// How large a scenario is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Transactions a block, at least one.
    pub(crate) transactions: usize,
    /// Blocks, at least one.
    pub(crate) blocks: usize,
}

/// What a workload writes: who signs, and what they send, block by block. The world is written beside it.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) people: People,
    pub(crate) blocks: Vec<Vec<Draft>>,
}

/// What a workload writes with.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub(crate) size: Size,
    pub(crate) models: &'a DigitModels,
    pub(crate) world: World,
    pub(crate) rng: Rng,
}

impl Desk<'_> {
    /// So many people with ether.
    pub(crate) fn people(&mut self, count: usize) -> People {
        let people = People::new(count);
        self.world.fund(people.addresses());
        people
    }

    /// The blocks, each made of one draft by each of so many senders as a block has transactions, in an
    /// arbitrary order. The function gets the block and the sender.
    pub(crate) fn one_draft_a_sender(
        &mut self,
        mut draft: impl FnMut(&mut Rng, usize, usize) -> Draft,
    ) -> Vec<Vec<Draft>> {
        let Size { transactions, blocks } = self.size;
        let block = |block| {
            let mut senders: Vec<usize> = (0..transactions).collect();
            self.rng.shuffle(&mut senders);
            let drafts = senders.into_iter();
            drafts.map(|sender| draft(&mut self.rng, block, sender)).collect()
        };
        (0..blocks).map(block).collect()
    }
}
