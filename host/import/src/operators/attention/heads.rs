//! What every form of attention has: heads, `softmax(q·kᵀ · scale + masks) · v`, and what came before.

use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::function::Function;
use crate::operators::arithmetic::affine;
use crate::operators::make::Maker;
use crate::operators::product::product;
use crate::typed::{Arg, Element, Operator};

/// What becomes of q·kᵀ before Softmax.
pub(super) struct Scores {
    /// Without one, one over the root of the head's size.
    pub(super) scale: Option<f32>,
    /// Scores are bent to stay below it.
    pub(super) softcap: Option<f32>,
    /// Added.
    pub(super) masks: Vec<Arg>,
}

/// The extents of q `[batch, heads, queries, size]`, k `[batch, shared, keys, size]` and v `[batch, shared, keys, ·]`.
pub(super) struct Heads {
    batch: u32,
    heads: u32,
    shared: u32,
    queries: u32,
    keys: u32,
    size: u32,
}

impl Heads {
    pub(super) fn of(m: &Maker<'_>, q: &Arg, k: &Arg, v: &Arg) -> Result<Self, Problem> {
        let (qd, kd, vd) = (m.dims(q), m.dims(k), m.dims(v));
        match (&qd[..], &kd[..], &vd[..]) {
            (&[batch, heads, queries, size], &[bk, shared, keys, sk], &[bv, hv, kv, _])
                if [batch, batch] == [bk, bv]
                    && [size, shared, keys] == [sk, hv, kv]
                    && shared != 0
                    && heads.is_multiple_of(shared) =>
            {
                Ok(Self {
                    batch,
                    heads,
                    shared,
                    queries,
                    keys,
                    size,
                })
            }
            _ => Err(Problem::Shape(format!(
                "q {qd:?}, k {kd:?} and v {vd:?} as [batch, heads, length, size] do not fit each other"
            ))),
        }
    }

    /// The shape of the scores.
    pub(super) fn scores(&self) -> Vec<u32> {
        vec![self.batch, self.heads, self.queries, self.keys]
    }

    /// A mask of what comes after: `before` keys come before the first query.
    pub(super) fn causal(&self, m: &mut Maker<'_>, before: u32, masked: f32) -> Result<Arg, Problem> {
        let (queries, keys) = (self.queries, self.keys);
        m.b.folds(queries as usize * keys as usize)?;
        let row = |q: u32| (0..keys).map(move |k| u64::from(k) > u64::from(before) + u64::from(q));
        let mask = (0..queries)
            .flat_map(row)
            .map(|after| if after { masked } else { 0.0 });
        m.constant(vec![queries, keys], mask.collect())
    }

    /// The result, `[batch, heads, queries, ·]`, and the scores without masks.
    pub(super) fn attend(
        &self,
        m: &mut Maker<'_>,
        q: Arg,
        k: Arg,
        v: Arg,
        scores: &Scores,
    ) -> Result<(Arg, Arg), Problem> {
        let (k, v) = (self.for_each_head(m, k)?, self.for_each_head(m, v)?);
        let k = m.swapped(k)?;
        let own = product(m, q, k)?;
        let scale = scores.scale.filter(|&s| s != 0.0);
        let scale = scale.unwrap_or_else(|| (1.0 / f64::from(self.size.max(1)).sqrt()) as f32);
        let own = affine(m, own, scale, 0.0)?;
        let mut all = own.clone();
        if let Some(cap) = scores.softcap {
            let part = affine(m, all, 1.0 / cap, 0.0)?;
            let part = m.function(part, Function::Tanh)?;
            all = affine(m, part, cap, 0.0)?;
        }
        for mask in &scores.masks {
            all = m.pair(Operator::Add, all, mask.clone())?;
        }
        let dims = m.dims(&all);
        if dims != self.scores() {
            return Err(Problem::Shape(format!(
                "a mask makes scores {dims:?} of {:?}",
                self.scores()
            )));
        }
        let weights = m.emit(Operator::Softmax { axis: 3 }, vec![all], &dims, Element::Real)?;
        Ok((product(m, weights, v)?, own))
    }

    /// Keys or values that several heads in a row share.
    fn for_each_head(&self, m: &mut Maker<'_>, x: Arg) -> Result<Arg, Problem> {
        let group = self.heads / self.shared;
        m.entries(x, 1, (0..self.heads).map(|head| head / group).collect())
    }
}

/// `[batch, length, heads · size]` as `[batch, heads, length, size]`.
pub(super) fn split(m: &mut Maker<'_>, x: Arg, heads: i64) -> Result<Arg, Problem> {
    let dims = m.dims(&x);
    let heads = u32::try_from(heads).ok().filter(|&h| h > 0);
    match (&dims[..], heads) {
        (&[batch, length, width], Some(heads)) if width.is_multiple_of(heads) => {
            let x = m.reshape(x, &[batch, length, heads, width / heads])?;
            m.permuted(x, &[0, 2, 1, 3])
        }
        _ => Err(wrong(
            "num_heads",
            format!("an operand {dims:?} as [batch, length, width] is not cut into such heads"),
        )),
    }
}

/// And back.
pub(super) fn joined(m: &mut Maker<'_>, y: Arg) -> Result<Arg, Problem> {
    let y = m.permuted(y, &[0, 2, 1, 3])?;
    let dims = m.dims(&y);
    let width = dims.get(2..).unwrap_or_default().iter().product();
    let dims = [dims.get(..2).unwrap_or_default(), &[width]].concat();
    m.reshape(y, &dims)
}

/// Keys and values of before, if operands `first` and the next are given.
pub(super) fn past(b: &Builder, call: &Call<'_>, first: usize) -> Result<Option<[Arg; 2]>, Problem> {
    match (call.optional(first), call.optional(first + 1)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Ok(Some([
            call.real(b, first)?.clone(),
            call.real(b, first + 1)?.clone(),
        ])),
        _ => Err(Problem::Unsupported(
            "past keys and past values must be given together".to_string(),
        )),
    }
}

/// Keys and values after those of before, and how many those are.
pub(super) fn with_past(
    m: &mut Maker<'_>,
    k: Arg,
    v: Arg,
    past: Option<[Arg; 2]>,
) -> Result<(Arg, Arg, u32), Problem> {
    let Some([past_k, past_v]) = past else {
        return Ok((k, v, 0));
    };
    let before = m.dims(&past_k).get(2).copied().unwrap_or(0);
    Ok((after(m, past_k, k)?, after(m, past_v, v)?, before))
}

fn after(m: &mut Maker<'_>, past: Arg, own: Arg) -> Result<Arg, Problem> {
    let (before, mut dims) = (m.dims(&past), m.dims(&own));
    let alike = |at: usize| before.get(at) == dims.get(at);
    if before.len() != 4 || dims.len() != 4 || !(alike(0) && alike(1) && alike(3)) {
        return Err(Problem::Shape(format!("{dims:?} after {before:?} of before")));
    }
    dims[2] = dims[2].saturating_add(before[2]);
    m.emit(
        Operator::Concat { axis: 2 },
        vec![past, own],
        &dims,
        Element::Real,
    )
}

/// 0 where the truth value is not 0, else `value`: what is added to scores.
pub(super) fn masked(m: &mut Maker<'_>, keep: Arg, value: f32) -> Result<Arg, Problem> {
    let (kept, not) = (m.number(0.0)?, m.number(value)?);
    m.choose(keep, kept, not)
}

/// What ONNX Runtime's operators take as a mask of keys: lengths, ends and starts, or truth values of two or three
/// dimensions; as what is added to scores `[batch, heads, queries, keys]`.
pub(super) fn key_mask(m: &mut Maker<'_>, mask: Arg, heads: &Heads, value: f32) -> Result<Arg, Problem> {
    let (batch, queries, keys) = (heads.batch, heads.queries, heads.keys);
    let dims = m.dims(&mask);
    let keep = match dims[..] {
        [b, k] if [b, k] == [batch, keys] => m.reshape(mask, &[batch, 1, 1, keys])?,
        [b, q, k] if [b, q, k] == [batch, queries, keys] => m.reshape(mask, &[batch, 1, queries, keys])?,
        [b] if b == batch => before(m, mask, batch, keys)?,
        [both] if both == 2 * batch => {
            let end = m.part(mask.clone(), 0, 0, batch)?;
            let start = m.part(mask, 0, batch, batch)?;
            let (ended, started) = (before(m, end, batch, keys)?, before(m, start, batch, keys)?);
            m.pair(Operator::Sub, ended, started)?
        }
        _ => {
            return Err(Problem::Unsupported(format!(
                "a mask {dims:?}; lengths [batch], ends and starts [2 batch], [batch, keys] and [batch, queries, keys] are taken"
            )));
        }
    };
    masked(m, keep, value)
}

/// 1 for keys before these ends, one a batch.
fn before(m: &mut Maker<'_>, ends: Arg, batch: u32, keys: u32) -> Result<Arg, Problem> {
    let ends = m.reshape(ends, &[batch, 1, 1, 1])?;
    let positions = Data::I64((0..i64::from(keys)).collect());
    let positions = Arg::Constant(Constant::new("", vec![1, 1, 1, keys], positions)?);
    let left = m.pair(Operator::Sub, ends, positions)?;
    m.function(left, Function::Greater { than: 0.0 })
}
