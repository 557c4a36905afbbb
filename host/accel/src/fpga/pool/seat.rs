//! A card's place in a pool, also of one that is not there yet: it is looked for on a thread of its own, as long as
//! the pool lives, so that a server that is started later brings its card in.

use super::super::recovery::End;
use super::super::{FpgaBackend, Member, lock};
use super::errors::Errors;
use super::load::Load;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

/// After the first attempt the next one comes so soon; each further one takes twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// How long it takes at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How a card that is not there is opened.
pub type Opener = Box<dyn Fn() -> Result<FpgaBackend, String> + Send + Sync>;

/// A card that may not be there yet. Clones are the same card.
#[derive(Clone, Debug)]
pub struct LateCard(Arc<Late>);

#[derive(Debug)]
struct Late {
    card: OnceLock<Arc<FpgaBackend>>,
    /// Why it did not open when that was tried last.
    why: Mutex<String>,
}

impl LateCard {
    /// One that does not open, for this reason, which whoever makes it tells.
    pub fn missing(why: String) -> Self {
        Self(Arc::new(Late {
            card: OnceLock::new(),
            why: Mutex::new(why),
        }))
    }

    /// The card, once it was found.
    pub fn get(&self) -> Option<&Arc<FpgaBackend>> {
        self.0.card.get()
    }

    /// Why it did not open when that was tried last, as long as it was not found.
    pub fn why(&self) -> Option<String> {
        self.get().is_none().then(|| lock(&self.0.why).clone())
    }

    /// It does not open: says whether that is for another reason than the last time.
    fn is_news(&self, why: &str) -> bool {
        let mut last = lock(&self.0.why);
        let is_news = *last != why;
        if is_news {
            why.clone_into(&mut last);
        }
        is_news
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
    /// `end` comes with the pool's; `errors` gets why a card that is looked for does not open.
    pub(super) fn new(name: String, member: Member, end: &Arc<End>, errors: &Arc<Errors>) -> Self {
        let card = match member {
            Member::Open(card) => LateCard(Arc::new(Late {
                card: OnceLock::from(card),
                why: Mutex::default(),
            })),
            Member::Absent(card, open) => {
                let (errors, name) = (Arc::clone(errors), name.clone());
                let tell = move |why: &str| errors.note(&name, &format_args!("it does not open: {why}"));
                look_for(card.clone(), open, Arc::clone(end), tell);
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

/// Each reason why it does not open is told when it changes: a server may have come whose card is at fault. Without a
/// thread it stays away, which costs no result.
fn look_for(card: LateCard, open: Opener, end: Arc<End>, tell: impl Fn(&str) + Send + 'static) {
    let look = move || {
        let mut pause = FIRST_PAUSE;
        while !end.comes_within(pause) {
            match open() {
                Ok(found) => {
                    // Nobody else fills it.
                    let _ = card.0.card.set(Arc::new(found));
                    return;
                }
                Err(why) if card.is_news(&why) => tell(&why),
                Err(_) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    let _ = thread::Builder::new().name("card-search".into()).spawn(look);
}
