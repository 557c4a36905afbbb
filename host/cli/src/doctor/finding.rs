//! What was looked at, and how it is.

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it has to be.
    Fine,
    /// It works, and could be better.
    Warning,
    /// No card can be used with it.
    Blocks,
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Its name for programs.
    pub key: &'static str,
    /// The card that it is about, if it is about one.
    pub card: Option<String>,
    /// How it is.
    pub state: State,
    /// What was found.
    pub what: String,
    /// Commands, or steps where no command does it, in their order.
    pub mend: Vec<String>,
}

impl State {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Warning => "warning",
            Self::Blocks => "blocks",
        }
    }
}

impl Finding {
    /// Nothing is to be done.
    pub(super) fn fine(key: &'static str, what: impl Into<String>) -> Self {
        Self::new(key, State::Fine, what, Vec::new())
    }

    /// Something may be done.
    pub(super) fn warning(key: &'static str, what: impl Into<String>, mend: Vec<String>) -> Self {
        Self::new(key, State::Warning, what, mend)
    }

    /// Something has to be done.
    pub(super) fn blocks(key: &'static str, what: impl Into<String>, mend: Vec<String>) -> Self {
        Self::new(key, State::Blocks, what, mend)
    }

    fn new(key: &'static str, state: State, what: impl Into<String>, mend: Vec<String>) -> Self {
        Self {
            key,
            card: None,
            state,
            what: what.into(),
            mend,
        }
    }

    /// The same, of a card.
    pub(super) fn of(mut self, card: impl Into<String>) -> Self {
        self.card = Some(card.into());
        self
    }
}

/// Commands as they are written down.
pub(super) fn commands(commands: &[&str]) -> Vec<String> {
    commands.iter().map(|command| (*command).to_owned()).collect()
}
