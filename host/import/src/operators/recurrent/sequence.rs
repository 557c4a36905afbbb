//! Extents, layout and states of a recurrent operator.

use super::kind::Kind;
use super::weights::weights;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::operators::make::Maker;
use crate::typed::Arg;

/// What a node says of its sequence.
pub(super) struct Sequence {
    pub(super) kind: Kind,
    pub(super) x: Arg,
    pub(super) length: u32,
    pub(super) batch: u32,
    /// Elements of x in one step.
    pub(super) width: u32,
    pub(super) hidden: u32,
    pub(super) directions: u32,
    /// Whether the first direction, and the only one, runs from the end.
    pub(super) reverse: bool,
    batch_first: bool,
    /// Operands 5 and 6, where they are given and not zeros, as `[directions, batch, hidden]`.
    states: [Option<Arg>; 2],
}

impl Sequence {
    pub(super) fn of(b: &mut Builder, call: &Call<'_>, kind: Kind) -> Result<Self, Problem> {
        let x = call.real(b, 0)?.clone();
        let batch_first = call.attributes.flag("layout", false)?;
        let (length, batch, width) = match (b.dims(&x), batch_first) {
            (&[length, batch, width], false) | (&[batch, length, width], true) => (length, batch, width),
            (dims, _) => {
                return Err(Problem::Shape(format!(
                    "{dims:?}; a sequence [length, batch, width] is taken"
                )));
            }
        };
        let (directions, reverse) = match call.attributes.string("direction", "forward")? {
            "forward" => (1, false),
            "reverse" => (1, true),
            "bidirectional" => (2, false),
            other => return Err(wrong("direction", format!("{other:?} is unknown"))),
        };
        let recurrence = call.needed(2, "the recurrence weight")?;
        let stated = call.attributes.int_if_any("hidden_size")?;
        let &[_, gates, hidden] = &recurrence.dims[..] else {
            return Err(Problem::Shape(format!(
                "the recurrence weight is {:?}",
                recurrence.dims
            )));
        };
        if stated.is_some_and(|h| h != i64::from(hidden)) {
            let why = format!("it is not {hidden}, as the recurrence weight has it");
            return Err(wrong("hidden_size", why));
        }
        if hidden.checked_mul(kind.gates()) != Some(gates) {
            return Err(Problem::Shape(format!(
                "the recurrence weight is {:?}: not {} gates of {hidden}",
                recurrence.dims,
                kind.gates()
            )));
        }
        full_length(call, length)?;
        let mut sequence = Self {
            kind,
            x,
            length,
            batch,
            width,
            hidden,
            directions,
            reverse,
            batch_first,
            states: [None, None],
        };
        for (at, index) in (5..7).enumerate() {
            sequence.states[at] = sequence.state(b, call, index)?;
        }
        Ok(sequence)
    }

    fn state(&self, b: &mut Builder, call: &Call<'_>, index: usize) -> Result<Option<Arg>, Problem> {
        if call.optional(index).is_none() {
            return Ok(None);
        }
        let arg = call.real(b, index)?.clone();
        let mut dims = [self.directions, self.batch, self.hidden];
        if self.batch_first {
            dims.swap(0, 1);
        }
        if b.dims(&arg) != dims {
            return Err(Problem::Shape(format!(
                "an initial state {:?}; {dims:?} is needed",
                b.dims(&arg)
            )));
        }
        let zeros = match &arg {
            Arg::Constant(c) => c.finite()?.iter().all(|&v| v == 0.0),
            Arg::Value(_) => false,
        };
        if zeros {
            return Ok(None);
        }
        let arg = self.steps_first(&mut Maker::new(b, call), arg)?;
        Ok(Some(arg))
    }

    /// The state of one direction before the first step, `[batch, hidden]`; none is zeros.
    pub(super) fn initial(
        &self,
        m: &mut Maker<'_>,
        index: usize,
        direction: u32,
    ) -> Result<Option<Arg>, Problem> {
        let Some(state) = self.states.get(index - 5).and_then(Option::as_ref) else {
            return Ok(None);
        };
        let own = m.part(state.clone(), 0, direction, 1)?;
        Ok(Some(m.reshape(own, &[self.batch, self.hidden])?))
    }

    /// The first two dimensions changed about, where the file has the batch first.
    pub(super) fn steps_first(&self, m: &mut Maker<'_>, x: Arg) -> Result<Arg, Problem> {
        self.as_declared(m, x, &[1, 0, 2])
    }

    /// A result in this order of dimensions, where the file has the batch first.
    pub(super) fn as_declared(&self, m: &mut Maker<'_>, x: Arg, order: &[usize]) -> Result<Arg, Problem> {
        if self.batch_first {
            m.permuted(x, order)
        } else {
            Ok(x)
        }
    }

    /// One direction of a weight `[directions, rows, columns]`, transposed.
    pub(super) fn transposed(
        &self,
        m: &mut Maker<'_>,
        call: &Call<'_>,
        index: usize,
        what: &'static str,
        [rows, columns]: [u32; 2],
        direction: u32,
    ) -> Result<Arg, Problem> {
        let all = weights(call, index, what, &[self.directions, rows, columns])?;
        let own = m.part(Arg::Constant(all), 0, direction, 1)?;
        let own = m.reshape(own, &[rows, columns])?;
        m.swapped(own)
    }
}

/// Sequences of different lengths would need steps that some rows skip.
fn full_length(call: &Call<'_>, length: u32) -> Result<(), Problem> {
    let Some(lengths) = call.constant(4, "sequence_lens (leave it out, if all have the full length)")? else {
        return Ok(());
    };
    let shorter = (0..lengths.len()).any(|i| lengths.is_float() || lengths.data.int(i) != i64::from(length));
    if shorter {
        return Err(Problem::Unsupported(format!(
            "sequence_lens other than the full length {length} are not supported; leave it out"
        )));
    }
    Ok(())
}
