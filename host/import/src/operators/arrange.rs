//! Elements brought to other places for the sake of an operator. Constants stay constants, and keep their grids where
//! that can be.

use super::make::Maker;
use crate::constant::elements;
use crate::error::Problem;
use crate::typed::{Arg, Operator};
use std::rc::Rc;

impl Maker<'_> {
    /// The dimensions in another order.
    pub(super) fn permuted(&mut self, x: Arg, order: &[usize]) -> Result<Arg, Problem> {
        match x {
            Arg::Constant(c) => {
                self.b.folds(c.len())?;
                Ok(Arg::Constant(c.transposed(order)))
            }
            x => self.transpose(x, order.to_vec()),
        }
    }

    /// The last two dimensions in each other's place.
    pub(super) fn swapped(&mut self, x: Arg) -> Result<Arg, Problem> {
        let rank = self.b.dims(&x).len();
        let mut order: Vec<usize> = (0..rank).collect();
        if let Some(second) = rank.checked_sub(2) {
            order.swap(second, rank - 1);
        }
        self.permuted(x, &order)
    }

    /// Entries of one dimension, in this order.
    pub(super) fn entries(&mut self, x: Arg, axis: usize, indices: Vec<u32>) -> Result<Arg, Problem> {
        let mut dims = self.dims(&x);
        let all = dims
            .get(axis)
            .is_some_and(|&extent| indices.iter().copied().eq(0..extent));
        if all {
            return Ok(x);
        }
        if let Arg::Constant(c) = &x {
            self.b.folds(c.len().max(indices.len()))?;
            let constant = c.entries(axis, &indices)?;
            self.b.folds(constant.len())?;
            return Ok(Arg::Constant(constant));
        }
        // The list itself is kept too.
        self.b.folds(indices.len())?;
        let count = u32::try_from(indices.len()).unwrap_or(u32::MAX);
        if let Some(extent) = dims.get_mut(axis) {
            *extent = count;
        }
        let element = self.element(&x);
        let indices: Rc<[u32]> = indices.into();
        self.emit(Operator::Select { axis, indices }, vec![x], &dims, element)
    }

    /// `count` entries of one dimension from `first` on.
    pub(super) fn part(&mut self, x: Arg, axis: usize, first: u32, count: u32) -> Result<Arg, Problem> {
        self.entries(x, axis, (first..first.saturating_add(count)).collect())
    }

    /// x stretched to these extents, to which it broadcasts.
    pub(super) fn expanded(&mut self, x: Arg, to: &[u32]) -> Result<Arg, Problem> {
        let mut dims = self.dims(&x);
        if dims.len() < to.len() {
            let mut longer = vec![1; to.len() - dims.len()];
            longer.append(&mut dims);
            dims = longer;
        }
        elements(to.iter().map(|&d| i64::from(d)))?;
        let mut x = self.reshape(x, &dims)?;
        // The last first: what is repeated is then as small as it can be.
        for (axis, (&own, &wanted)) in dims.iter().zip(to).enumerate().rev() {
            if own == 1 && wanted != 1 {
                x = self.entries(x, axis, vec![0; wanted as usize])?;
            }
        }
        Ok(x)
    }

    /// The parts one after the other along a dimension.
    pub(super) fn joined(&mut self, parts: Vec<Arg>, axis: usize) -> Result<Arg, Problem> {
        let mut parts = parts;
        let Some(first) = parts.first().cloned() else {
            return Err(Problem::Missing("part"));
        };
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        if let Some(joined) = self.constants_joined(&parts, axis)? {
            return Ok(joined);
        }
        let mut dims = self.dims(&first);
        // A constant takes the kind of what it stands beside.
        let computed = parts.iter().find(|part| matches!(part, Arg::Value(_)));
        let element = self.element(computed.unwrap_or(&first));
        let extents = parts
            .iter()
            .map(|part| u64::from(self.b.dims(part).get(axis).copied().unwrap_or(0)));
        let sum: u64 = extents.sum();
        if let Some(extent) = dims.get_mut(axis) {
            *extent = u32::try_from(sum).unwrap_or(u32::MAX);
        }
        self.emit(Operator::Concat { axis }, parts, &dims, element)
    }

    /// The same where every part is a constant.
    fn constants_joined(&mut self, parts: &[Arg], axis: usize) -> Result<Option<Arg>, Problem> {
        let constants: Option<Vec<_>> = parts
            .iter()
            .map(|part| match part {
                Arg::Constant(c) => Some(c),
                Arg::Value(_) => None,
            })
            .collect();
        let Some([first, rest @ ..]) = constants.as_deref() else {
            return Ok(None);
        };
        let mut all = (*first).clone();
        for next in rest {
            self.b.folds(all.len().saturating_add(next.len()))?;
            all = all.followed_by(next, axis)?;
        }
        Ok(Some(Arg::Constant(all)))
    }
}
