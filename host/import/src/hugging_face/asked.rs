//! What a caller asks of a folder's model: its form and its extents.

use super::error::{FolderError, list};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What one run of the graph does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The whole model at once.
    #[default]
    Forward,
    /// Some tokens more of a text whose keys and values so far are inputs; `docs/hugging-face.md` has the names and
    /// shapes of inputs and outputs.
    Step {
        /// Tokens that one run takes.
        tokens: u32,
        /// Tokens that the state holds, those of this run among them.
        context: u32,
    },
}

/// Choices for one folder.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// What one run does.
    pub form: Form,
    /// Which part of a model of several, such as the `encoder` or the `decoder`; `None` for the usual one.
    pub part: Option<String>,
    /// Extents by name, such as `sequence`.
    pub dims: BTreeMap<String, u32>,
}

/// The same, read by a builder; what none reads is a mistake of the caller.
pub(super) struct Asked<'c> {
    choices: &'c Choices,
    read: RefCell<BTreeSet<String>>,
    part_read: RefCell<bool>,
}

impl<'c> Asked<'c> {
    pub(super) fn new(choices: &'c Choices) -> Self {
        Self {
            choices,
            read: RefCell::default(),
            part_read: RefCell::new(false),
        }
    }

    /// The form, of a model that generates.
    pub(super) fn form(&self) -> Form {
        self.choices.form
    }

    /// There is no step of this model: what it computes has no state.
    pub(super) fn only_forward(&self) -> Result<(), FolderError> {
        match self.form() {
            Form::Forward => Ok(()),
            Form::Step { .. } => Err(FolderError::Choice(
                "this model does not generate token by token, so that it has no step; ask for the whole model"
                    .to_string(),
            )),
        }
    }

    /// The part that was asked for, or the first, which is the usual one.
    pub(super) fn part(&self, parts: &[&'static str]) -> Result<&'static str, FolderError> {
        *self.part_read.borrow_mut() = true;
        let Some(asked) = &self.choices.part else {
            return Ok(parts[0]);
        };
        parts.iter().find(|p| *p == asked).copied().ok_or_else(|| {
            FolderError::Choice(format!(
                "there is no part {:?}; there are {}",
                crate::error::shown(asked),
                list(parts.iter().copied())
            ))
        })
    }

    /// An extent that the caller has to give, of 1 to `most`.
    pub(super) fn extent(&self, name: &str, most: usize) -> Result<usize, FolderError> {
        match self.extent_if_any(name, most)? {
            Some(extent) => Ok(extent),
            None => Err(FolderError::Choice(format!(
                "nothing says how great {name} is; say it: --dim {name}=N, with N from 1 to {most}"
            ))),
        }
    }

    /// An extent that the caller may give, of 1 to `most`.
    pub(super) fn extent_if_any(&self, name: &str, most: usize) -> Result<Option<usize>, FolderError> {
        self.read.borrow_mut().insert(name.to_string());
        let Some(&given) = self.choices.dims.get(name) else {
            return Ok(None);
        };
        within(name, given, most).map(Some)
    }

    /// Nothing was asked for that has no effect.
    pub(super) fn finish(&self) -> Result<(), FolderError> {
        let read = self.read.borrow();
        if let Some(name) = self.choices.dims.keys().find(|name| !read.contains(*name)) {
            let known = list(read.iter().map(String::as_str).collect::<Vec<_>>().into_iter());
            let there = match known.is_empty() {
                true => "its extents all follow from its files".to_string(),
                false => format!("there are {known}"),
            };
            let name = crate::error::shown(name);
            return Err(FolderError::Choice(format!(
                "the model has no extent {name:?}; {there}"
            )));
        }
        if self.choices.part.is_some() && !*self.part_read.borrow() {
            let problem = "this model has no parts to choose from; leave the choice out";
            return Err(FolderError::Choice(problem.to_string()));
        }
        Ok(())
    }
}

/// A number from 1 to `most`.
pub(super) fn within(name: &str, given: u32, most: usize) -> Result<usize, FolderError> {
    let extent = usize::try_from(given).unwrap_or(usize::MAX);
    if (1..=most).contains(&extent) {
        return Ok(extent);
    }
    Err(FolderError::Choice(format!(
        "{name} is {given}; this model takes from 1 to {most}"
    )))
}
