//! A card's place in a pool, also of one that is not there yet: it is looked for on a thread of its own, as long as
//! the pool lives, so that a server that is started later brings its card in.

use super::super::recovery::End;
use super::super::{FpgaBackend, Member};
use super::load::Load;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

/// After the first attempt the next one comes so soon; each further one takes twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// How long it takes at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How a card that is not there is opened.
pub type Opener = Box<dyn Fn() -> Result<FpgaBackend, String> + Send + Sync>;

/// A card that may not be there yet. Clones are the same card.
#[derive(Clone, Debug, Default)]
pub struct LateCard(Arc<OnceLock<Arc<FpgaBackend>>>);

impl LateCard {
    /// The card, once it was found.
    pub fn get(&self) -> Option<&Arc<FpgaBackend>> {
        self.0.get()
    }
}

/// A card, and what its pool has given it to do.
#[derive(Debug)]
pub(super) struct Seated {
    pub(super) name: String,
    card: LateCard,
    pub(super) load: Arc<Load>,
}

impl Seated {
    /// `end` comes with the pool's.
    pub(super) fn new(name: String, member: Member, end: &Arc<End>) -> Self {
        let card = match member {
            Member::Open(card) => LateCard(Arc::new(OnceLock::from(card))),
            Member::Absent(card, open) => {
                look_for(card.clone(), open, Arc::clone(end));
                card
            }
        };
        Self {
            name,
            card,
            load: Arc::default(),
        }
    }

    /// The card, if it is there.
    pub(super) fn card(&self) -> Option<&Arc<FpgaBackend>> {
        self.card.get()
    }
}

/// Without a thread it stays away, which costs no result.
fn look_for(card: LateCard, open: Opener, end: Arc<End>) {
    let look = move || {
        let mut pause = FIRST_PAUSE;
        while !end.comes_within(pause) {
            if let Ok(found) = open() {
                // Nobody else fills it.
                let _ = card.0.set(Arc::new(found));
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    let _ = thread::Builder::new().name("card-search".into()).spawn(look);
}
