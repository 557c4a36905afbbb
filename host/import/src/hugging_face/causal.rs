//! What models that generate have in common: tokens, positions, what may attend to what, and the state.
//!
//! In a step the state has a row for each position from 0 to `context`, of which the first `position` are filled. A
//! step attends to the first `context - tokens` rows, those from `position` on masked, and to its own tokens, which
//! come behind them: always to `context` of them, so that a text gives the same numbers whatever its steps are.

use super::asked::{Asked, Form, within};
use super::error::FolderError;
use super::layers::MASKED;
use super::writer::{Elem, T, Writer, elements};

/// A position that no token has.
const NEVER: i64 = 1 << 30;

/// One pass over some tokens.
pub(super) struct Causal {
    /// Tokens of this pass.
    pub(super) rows: usize,
    /// Tokens that these may attend to.
    pub(super) columns: usize,
    /// `[1, rows]`.
    pub(super) tokens: T,
    /// What is added to scores, `[1, 1, rows, columns]`.
    pub(super) mask: T,
    /// The position of each token, where that is not its place: `[rows]`.
    positions: Option<T>,
    /// New rows of the state, with their names and shapes.
    news: Vec<(String, [usize; 4], T)>,
}

impl Causal {
    /// Tokens and mask of a model that takes positions below `most`.
    pub(super) fn new(asked: &Asked<'_>, w: &mut Writer<'_>, most: usize) -> Result<Self, FolderError> {
        match asked.form() {
            Form::Forward => Self::forward(w, asked.extent("sequence", most)?),
            Form::Step { tokens, context } => {
                let context = within("the context", context, most)?;
                let tokens = within("the number of tokens", tokens, context)?;
                Self::step(w, tokens, context)
            }
        }
    }

    fn forward(w: &mut Writer<'_>, length: usize) -> Result<Self, FolderError> {
        elements("the mask of attention", &[length, length])?;
        let tokens = w.input("tokens", Elem::I64, &[1, length]);
        let mask: Vec<f32> = (0..length)
            .flat_map(|row| (0..length).map(move |column| if column <= row { 0.0 } else { MASKED }))
            .collect();
        let mask = w.constant("mask", &[1, 1, length, length], &mask)?;
        Ok(Self {
            rows: length,
            columns: length,
            tokens,
            mask,
            positions: None,
            news: Vec::new(),
        })
    }

    fn step(w: &mut Writer<'_>, rows: usize, columns: usize) -> Result<Self, FolderError> {
        elements("the mask of attention", &[rows, columns])?;
        let tokens = w.input("tokens", Elem::I64, &[1, rows]);
        let position = w.input("position", Elem::I64, &[1]);
        // Callers may give any number. Within bounds no sum of it overflows.
        let (first, last) = (w.i64s(&[], &[0])?, w.i64s(&[], &[columns as i64])?);
        let position = w.node("Clip", &[&position, &first, &last], &[]);
        // The position that has to be reached before a token may attend there.
        let old = columns - rows;
        let from = (0..rows).flat_map(|row| {
            let new = (0..rows).map(move |column| if column <= row { -1 } else { NEVER });
            (0..old as i64).chain(new)
        });
        let from: Vec<i64> = from.collect();
        let from = w.integers("seen_from", &[1, 1, rows, columns], &from)?;
        let seen = w.node("Less", &[&from, &position], &[]);
        let (zero, masked) = (w.f32(0.0)?, w.f32(MASKED)?);
        let mask = w.named("mask", "Where", &[&seen, &zero, &masked], &[]);
        let places: Vec<i64> = (0..rows as i64).collect();
        let places = w.list(&places)?;
        let positions = w.named("positions", "Add", &[&places, &position], &[]);
        Ok(Self {
            rows,
            columns,
            tokens,
            mask,
            positions: Some(positions),
            news: Vec::new(),
        })
    }

    /// The positions that a table has to have rows for.
    pub(super) fn positions(&self) -> usize {
        self.columns
    }

    /// The rows of a table of [`Self::positions`] rows that the tokens of this pass have.
    pub(super) fn rows_of(&self, w: &mut Writer<'_>, table: &T) -> T {
        match &self.positions {
            Some(positions) => w.node("Gather", &[table, positions], &[]),
            None => table.clone(),
        }
    }

    /// All rows that may be attended to, `[1, heads, columns, width]`, of new ones `[1, heads, rows, width]`. The state
    /// and the new rows are `name` of layer `layer`.
    pub(super) fn with_state(
        &mut self,
        w: &mut Writer<'_>,
        name: &str,
        layer: usize,
        [heads, width]: [usize; 2],
        new: &T,
    ) -> Result<T, FolderError> {
        if self.positions.is_none() {
            return Ok(new.clone());
        }
        let name = format!("{name}.{layer}");
        let dims = [1, heads, self.columns, width];
        elements("a state", &dims)?;
        let state = w.input(&name, Elem::F32, &dims);
        self.news
            .push((format!("new.{name}"), [1, heads, self.rows, width], new.clone()));
        if self.rows == self.columns {
            // The state has no row that these tokens could attend to.
            return Ok(new.clone());
        }
        let old = w.slice(&state, 2, 0, self.columns - self.rows)?;
        Ok(w.concat(&[&old, new], 2))
    }

    /// The outputs: the scores of the next token, of what the last layer gave and the tensor `head`, `[vocabulary, width]`;
    /// and the new rows of the state.
    pub(super) fn finish(
        self,
        w: &mut Writer<'_>,
        x: &T,
        head: &str,
        [vocabulary, width]: [usize; 2],
    ) -> Result<(), FolderError> {
        let head = w.weight_t(head, [vocabulary, width])?;
        w.at("lm_head");
        let logits = w.matmul(x, &head);
        w.output("logits", Elem::F32, &[1, self.rows, vocabulary], &logits);
        for (name, dims, new) in self.news {
            w.output(&name, Elem::F32, &dims, &new);
        }
        Ok(())
    }
}
