//! One step of each of the three operators. Equations: ONNX's `Operators.md`.

use super::activation;
use super::kind::Kind;
use super::sequence::Sequence;
use super::weights::weights;
use crate::attributes::wrong;
use crate::call::Call;
use crate::constant::Constant;
use crate::error::Problem;
use crate::function::Function;
use crate::operators::make::Maker;
use crate::typed::{Arg, Element, Operator};

/// What goes from step to step; nothing stands for zeros.
pub(super) struct State {
    pub(super) h: Option<Arg>,
    /// Of an LSTM.
    pub(super) c: Option<Arg>,
}

/// One direction of an operator.
pub(super) struct Cell {
    kind: Kind,
    hidden: u32,
    batch: u32,
    pub(super) reversed: bool,
    /// `[width, gates]` and `[hidden, gates]`, the gates of the file in its order, side by side.
    pub(super) from_x: Arg,
    from_h: Arg,
    /// Of a GRU: the gates of its candidate, which `from_h` then lacks.
    candidate_from_h: Option<Arg>,
    /// Of x and of the state in one; a GRU that resets after the product keeps the state's candidate part apart.
    pub(super) bias: Vec<f64>,
    after_reset: Option<Vec<f32>>,
    functions: Vec<Function>,
    clip: Option<f32>,
}

impl Cell {
    pub(super) fn of(
        m: &mut Maker<'_>,
        call: &Call<'_>,
        sequence: &Sequence,
        direction: u32,
    ) -> Result<Self, Problem> {
        let Sequence {
            kind,
            hidden,
            batch,
            width,
            directions,
            ..
        } = *sequence;
        let gates = kind.gates() * hidden;
        let mut weight =
            |index, what, columns| sequence.transposed(m, call, index, what, [gates, columns], direction);
        let from_x = weight(1, "the weight", width)?;
        let mut from_h = weight(2, "the recurrence weight", hidden)?;
        let mut candidate_from_h = None;
        if kind == Kind::Gru {
            candidate_from_h = Some(m.part(from_h.clone(), 1, 2 * hidden, hidden)?);
            from_h = m.part(from_h, 1, 0, 2 * hidden)?;
        }
        let both = match call.optional(3) {
            Some(_) => {
                let all = weights(call, 3, "the bias", &[directions, 2 * gates])?.finite()?;
                let size = 2 * gates as usize;
                let own = all.chunks_exact(size).nth(direction as usize);
                own.unwrap_or_default().to_vec()
            }
            None => vec![0.0; 2 * gates as usize],
        };
        let (of_x, of_h) = both.split_at(gates as usize);
        let mut bias: Vec<f64> = of_x
            .iter()
            .zip(of_h)
            .map(|(&a, &b)| f64::from(a) + f64::from(b))
            .collect();
        let candidate = 2 * hidden as usize;
        let resets_after = kind == Kind::Gru && call.attributes.flag("linear_before_reset", false)?;
        let after_reset = if resets_after {
            bias[candidate..].clone_from_slice(
                &of_x[candidate..]
                    .iter()
                    .map(|&v| f64::from(v))
                    .collect::<Vec<_>>(),
            );
            Some(of_h[candidate..].to_vec())
        } else {
            None
        };
        if kind == Kind::Lstm {
            plain_lstm(call)?;
        }
        let functions = activation::functions(call, kind.activations(), directions as usize)?;
        let own = functions
            .chunks_exact(kind.activations().len())
            .nth(direction as usize);
        let clip = match call.attributes.float("clip", 0.0)? {
            0.0 => None,
            clip if clip > 0.0 => Some(clip),
            clip => return Err(wrong("clip", format!("{clip} is below 0"))),
        };
        Ok(Self {
            kind,
            hidden,
            batch,
            reversed: sequence.reverse || direction == 1,
            from_x,
            from_h,
            candidate_from_h,
            bias,
            after_reset,
            functions: own.unwrap_or_default().to_vec(),
            clip,
        })
    }

    /// The state after a step to whose gates x adds `own`, `[batch, gates]`.
    pub(super) fn step(&self, m: &mut Maker<'_>, own: Arg, state: State) -> Result<State, Problem> {
        match self.kind {
            Kind::Rnn => self.rnn(m, own, state),
            Kind::Gru => self.gru(m, own, state),
            Kind::Lstm => self.lstm(m, own, state),
        }
    }

    fn rnn(&self, m: &mut Maker<'_>, own: Arg, state: State) -> Result<State, Problem> {
        let sum = self.with_state(m, own, state.h, &self.from_h)?;
        let h = Some(self.activated(m, sum, 0)?);
        Ok(State { h, c: None })
    }

    fn lstm(&self, m: &mut Maker<'_>, own: Arg, state: State) -> Result<State, Problem> {
        let sums = self.with_state(m, own, state.h, &self.from_h)?;
        let input = self.gate(m, &sums, 0, 0)?;
        let output = self.gate(m, &sums, 1, 0)?;
        let forget = self.gate(m, &sums, 2, 0)?;
        let candidate = self.gate(m, &sums, 3, 1)?;
        let added = m.pair(Operator::Mul, input, candidate)?;
        let c = match state.c {
            Some(c) => {
                let kept = m.pair(Operator::Mul, forget, c)?;
                m.pair(Operator::Add, kept, added)?
            }
            None => added,
        };
        // The clip is of gates; runtimes leave the cell alone.
        let shown = self.applied(m, c.clone(), 2)?;
        let h = m.pair(Operator::Mul, output, shown)?;
        Ok(State {
            h: Some(h),
            c: Some(c),
        })
    }

    fn gru(&self, m: &mut Maker<'_>, own: Arg, state: State) -> Result<State, Problem> {
        let h = state.h;
        let decisions = m.part(own.clone(), 1, 0, 2 * self.hidden)?;
        let of_x = m.part(own, 1, 2 * self.hidden, self.hidden)?;
        let decisions = self.with_state(m, decisions, h.clone(), &self.from_h)?;
        let update = self.gate(m, &decisions, 0, 0)?;
        let w = self.candidate_from_h.as_ref().unwrap_or(&self.from_h);
        let sum = match (&h, &self.after_reset) {
            (None, None) => of_x,
            (Some(h), None) => {
                let reset = self.gate(m, &decisions, 1, 0)?;
                let kept = m.pair(Operator::Mul, reset, h.clone())?;
                self.with_state(m, of_x, Some(kept), w)?
            }
            (h, Some(bias)) => {
                let reset = self.gate(m, &decisions, 1, 0)?;
                let linear = match h {
                    Some(h) => {
                        let op = Operator::MatMul {
                            bias: Some(bias.iter().map(|&v| v.into()).collect()),
                        };
                        let dims = [self.batch, self.hidden];
                        m.emit(op, vec![h.clone(), w.clone()], &dims, Element::Real)?
                    }
                    None => m.constant(vec![self.hidden], bias.clone())?,
                };
                let kept = m.pair(Operator::Mul, reset, linear)?;
                m.pair(Operator::Add, of_x, kept)?
            }
        };
        let candidate = self.activated(m, sum, 1)?;
        // update · h + (1 − update) · candidate.
        let next = match h {
            Some(h) => {
                let difference = m.pair(Operator::Sub, h, candidate.clone())?;
                let part = m.pair(Operator::Mul, update, difference)?;
                m.pair(Operator::Add, candidate, part)?
            }
            None => {
                let (scale, offset) = (-1.0, 1.0);
                let rest = m.function(update, Function::Affine { scale, offset })?;
                m.pair(Operator::Mul, rest, candidate)?
            }
        };
        Ok(State {
            h: Some(next),
            c: None,
        })
    }

    /// What x adds, and what the state does.
    fn with_state(&self, m: &mut Maker<'_>, own: Arg, h: Option<Arg>, w: &Arg) -> Result<Arg, Problem> {
        let Some(h) = h else {
            return Ok(own);
        };
        let dims = m.dims(&own);
        let op = Operator::MatMul { bias: None };
        let from_h = m.emit(op, vec![h, w.clone()], &dims, Element::Real)?;
        m.pair(Operator::Add, own, from_h)
    }

    /// Gate `index` of the sums, with function `function`.
    fn gate(&self, m: &mut Maker<'_>, sums: &Arg, index: u32, function: usize) -> Result<Arg, Problem> {
        let own = m.part(sums.clone(), 1, index * self.hidden, self.hidden)?;
        self.activated(m, own, function)
    }

    /// A function of the operator, after its clip.
    fn activated(&self, m: &mut Maker<'_>, x: Arg, function: usize) -> Result<Arg, Problem> {
        let x = match self.clip {
            Some(clip) => {
                let (low, high) = (-clip, clip);
                m.function(x, Function::Clamp { low, high })?
            }
            None => x,
        };
        self.applied(m, x, function)
    }

    fn applied(&self, m: &mut Maker<'_>, x: Arg, function: usize) -> Result<Arg, Problem> {
        match self.functions.get(function) {
            Some(function) => m.function(x, function.clone()),
            None => Ok(x),
        }
    }
}

/// Without peepholes, and with a forget gate of its own.
fn plain_lstm(call: &Call<'_>) -> Result<(), Problem> {
    if call.attributes.flag("input_forget", false)? {
        return Err(wrong("input_forget", "only 0 is supported"));
    }
    let all_zero = |c: &Constant| c.reals().iter().all(|&v| v == 0.0);
    match call.constant(7, "the peephole weight")? {
        Some(c) if !all_zero(c) => Err(Problem::Unsupported(
            "peepholes are not supported; export an LSTM without them".to_string(),
        )),
        _ => Ok(()),
    }
}
