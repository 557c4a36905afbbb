//! Constants of a file: initializers, Constant nodes, and what is computed from them.

mod data;
mod read;
mod type_name;

use crate::error::Problem;
use metisvm_model::limits::{MAX_ELEMENTS, MAX_RANK};
use std::rc::Rc;

pub(crate) use data::Data;
pub(crate) use type_name::type_name;

/// Whole numbers up to here are exact in f32: 2^24.
pub(crate) const EXACT: f32 = 16_777_216.0;

/// What the integers of a dequantised constant stand for: `scale[c] · (v − zero[c])`, `c` along `axis`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grids {
    /// One for each index of `axis`, or one for all.
    pub(crate) scales: Vec<f32>,
    /// As many as scales.
    pub(crate) zeros: Vec<i32>,
    pub(crate) axis: usize,
}

/// A constant tensor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Constant {
    /// The initializer or value it came from, for errors.
    pub(crate) name: Rc<str>,
    pub(crate) dims: Vec<u32>,
    pub(crate) data: Rc<Data>,
    /// Set where it is the result of a DequantizeLinear: it then is a float tensor, kept as integers.
    pub(crate) grids: Option<Rc<Grids>>,
}

impl Constant {
    /// A constant, if the number of elements is that of the shape.
    pub(crate) fn new(name: &str, dims: Vec<u32>, data: Data) -> Result<Self, Problem> {
        let elements = elements(dims.iter().map(|&d| i64::from(d)))?;
        if elements != data.len() as u64 {
            let got = data.len();
            return Err(Problem::Data(format!(
                "its shape {dims:?} asks for {elements} elements; there are {got}"
            )));
        }
        Ok(Self {
            name: name.into(),
            dims,
            data: Rc::new(data),
            grids: None,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether its elements are real numbers.
    pub(crate) fn is_float(&self) -> bool {
        self.grids.is_some() || matches!(*self.data, Data::F32(_))
    }

    /// What its elements are, for errors.
    pub(crate) fn type_name(&self) -> &'static str {
        if self.is_float() {
            "FLOAT"
        } else {
            self.data.name()
        }
    }

    /// The grid of element `index`.
    fn channel(&self, grids: &Grids, index: usize) -> usize {
        if grids.scales.len() == 1 {
            return 0;
        }
        let inner: usize = self.dims[grids.axis + 1..].iter().map(|&d| d as usize).product();
        index / inner % grids.scales.len()
    }

    /// Every element as a real number, in f32 as an ONNX runtime has it.
    pub(crate) fn reals(&self) -> Vec<f32> {
        match (&*self.data, &self.grids) {
            (Data::F32(v), _) => v.clone(),
            (data, None) => (0..data.len()).map(|i| data.int(i) as f32).collect(),
            (data, Some(grids)) => (0..data.len())
                .map(|i| {
                    let c = self.channel(grids, i);
                    (data.int(i) - i64::from(grids.zeros[c])) as f32 * grids.scales[c]
                })
                .collect(),
        }
    }

    /// Every element as a real number, without the rounding of f32: a bias has 32 bits.
    pub(crate) fn reals64(&self) -> Vec<f64> {
        match (&*self.data, &self.grids) {
            (Data::F32(v), _) => v.iter().map(|&v| v.into()).collect(),
            (data, None) => (0..data.len()).map(|i| data.int(i) as f64).collect(),
            (data, Some(grids)) => (0..data.len())
                .map(|i| {
                    let c = self.channel(grids, i);
                    (data.int(i) - i64::from(grids.zeros[c])) as f64 * f64::from(grids.scales[c])
                })
                .collect(),
        }
    }

    /// [`Self::reals`], all of them finite.
    pub(crate) fn finite(&self) -> Result<Vec<f32>, Problem> {
        let reals = self.reals();
        match reals.iter().find(|v| !v.is_finite()) {
            Some(&value) => Err(Problem::NotFinite {
                name: self.name.to_string(),
                value: value.into(),
            }),
            None => Ok(reals),
        }
    }

    /// The only element as a real number.
    pub(crate) fn scalar(&self, what: &'static str) -> Result<f32, Problem> {
        match self.reals()[..] {
            [v] if self.is_float() => Ok(v),
            _ => Err(Problem::Shape(format!(
                "{what} must be one FLOAT; it is {}{:?}",
                self.type_name(),
                self.dims
            ))),
        }
    }

    /// The elements of a shape or a list of axes.
    pub(crate) fn ints(&self, what: &'static str) -> Result<&[i64], Problem> {
        match &*self.data {
            Data::I64(v) if self.dims.len() <= 1 => Ok(v),
            _ => Err(Problem::UnsupportedType {
                actual: format!("{}{:?} of {what}", self.type_name(), self.dims),
                expected: "a list of INT64 is",
            }),
        }
    }

    /// Whole numbers of any type and shape, one after the other.
    pub(crate) fn whole(&self, what: &'static str) -> Result<Vec<i64>, Problem> {
        if self.is_float() {
            return Err(Problem::UnsupportedType {
                actual: format!("FLOAT{:?} of {what}", self.dims),
                expected: "whole numbers are",
            });
        }
        Ok((0..self.len()).map(|i| self.data.int(i)).collect())
    }

    /// Entries of one dimension, in this order; each must exist.
    pub(crate) fn entries(&self, axis: usize, indices: &[u32]) -> Result<Self, Problem> {
        let missing = || Problem::Shape(format!("{:?} has not every entry that is taken", self.dims));
        let &extent = self.dims.get(axis).ok_or_else(missing)?;
        if indices.iter().any(|&i| i >= extent) {
            return Err(missing());
        }
        let mut dims = self.dims.clone();
        dims[axis] = u32::try_from(indices.len()).map_err(|_| missing())?;
        let count = elements(dims.iter().map(|&d| i64::from(d)))? as usize;
        let inner: usize = dims[axis + 1..].iter().map(|&d| d as usize).product();
        let positions = (0..count).map(|at| {
            let (rest, within) = (at / inner, at % inner);
            let (outer, index) = (rest / indices.len(), rest % indices.len());
            (outer * extent as usize + indices[index] as usize) * inner + within
        });
        let data = Rc::new(self.data.gather(positions));
        let grids = self.grids.as_ref().map(|grids| {
            if grids.axis != axis || grids.scales.len() == 1 {
                return Rc::clone(grids);
            }
            let mut taken = (**grids).clone();
            taken.scales = indices.iter().map(|&i| grids.scales[i as usize]).collect();
            taken.zeros = indices.iter().map(|&i| grids.zeros[i as usize]).collect();
            Rc::new(taken)
        });
        let name = Rc::clone(&self.name);
        Ok(Self {
            name,
            dims,
            data,
            grids,
        })
    }

    /// This one and then another along a dimension.
    pub(crate) fn followed_by(&self, next: &Self, axis: usize) -> Result<Self, Problem> {
        let same = self.dims.len() == next.dims.len()
            && axis < self.dims.len()
            && (0..self.dims.len()).all(|d| d == axis || self.dims[d] == next.dims[d]);
        if !same {
            return Err(Problem::Shape(format!(
                "{:?} and {:?} differ in more than dimension {axis}",
                self.dims, next.dims
            )));
        }
        let mut dims = self.dims.clone();
        dims[axis] = dims[axis].saturating_add(next.dims[axis]);
        elements(dims.iter().map(|&d| i64::from(d)))?;
        let rows = |dims: &[u32]| dims[axis..].iter().map(|&d| d as usize).product::<usize>();
        let (own, more) = (rows(&self.dims), rows(&next.dims));
        let joined = if self.grids.is_none() && next.grids.is_none() {
            self.data.interleaved(own, &next.data, more)
        } else {
            Data::F32(self.reals()).interleaved(own, &Data::F32(next.reals()), more)
        };
        let data = joined.ok_or_else(|| Problem::UnsupportedType {
            actual: next.type_name().to_string(),
            expected: "all operands must be of one type",
        })?;
        Self::new(&self.name, dims, data)
    }

    /// The same elements in another shape.
    pub(crate) fn reshaped(&self, dims: Vec<u32>) -> Result<Self, Problem> {
        if elements(dims.iter().map(|&d| i64::from(d)))? != self.len() as u64 {
            return Err(Problem::Shape(format!("{:?} cannot become {dims:?}", self.dims)));
        }
        let mut result = self.clone();
        if let Some(grids) = &self.grids {
            let axis = grids.axis;
            let kept = grids.scales.len() == 1 || dims.len() > axis && dims[..=axis] == self.dims[..=axis];
            if !kept {
                // The channels no longer lie along one dimension: it goes on as plain floats.
                result.data = Rc::new(Data::F32(self.reals()));
                result.grids = None;
            }
        }
        result.dims = dims;
        Ok(result)
    }

    /// The dimensions in another order: `order[i]` is the old place of new dimension `i`.
    pub(crate) fn transposed(&self, order: &[usize]) -> Self {
        let dims: Vec<u32> = order.iter().map(|&o| self.dims[o]).collect();
        let mut strides = vec![1usize; self.dims.len()];
        for d in (1..self.dims.len()).rev() {
            strides[d - 1] = strides[d] * self.dims[d] as usize;
        }
        let steps: Vec<usize> = order.iter().map(|&o| strides[o]).collect();
        let positions = (0..self.len()).map(|index| {
            let (mut rest, mut position) = (index, 0);
            for (&extent, &step) in dims.iter().zip(&steps).rev() {
                position += rest % extent as usize * step;
                rest /= extent as usize;
            }
            position
        });
        let data = Rc::new(self.data.gather(positions));
        let grids = self.grids.as_ref().map(|g| {
            let mut grids = (**g).clone();
            grids.axis = order.iter().position(|&o| o == g.axis).unwrap_or(0);
            Rc::new(grids)
        });
        Self {
            name: self.name.clone(),
            dims,
            data,
            grids,
        }
    }
}

/// The product of the extents, if every one and the product are within bounds. Only a list may be empty:
/// with [0, 2^26, 2^26] a part of the shape would hold more than the whole.
pub(crate) fn elements(dims: impl ExactSizeIterator<Item = i64>) -> Result<u64, Problem> {
    if dims.len() > MAX_RANK {
        return Err(Problem::TooMany {
            what: "dimensions",
            count: dims.len() as u64,
            limit: MAX_RANK as u64,
        });
    }
    let least = u64::from(dims.len() > 1);
    dims.into_iter().try_fold(1u64, |product, extent| {
        u64::try_from(extent)
            .ok()
            .filter(|e| (least..=MAX_ELEMENTS).contains(e))
            .and_then(|e| product.checked_mul(e))
            .filter(|&p| p <= MAX_ELEMENTS)
            .ok_or_else(|| {
                Problem::Data(match extent {
                    0 => "a dimension is 0: it holds no element, and there is nothing to compute".to_string(),
                    _ if extent < 0 => format!("dimension {extent} is negative"),
                    _ => format!("with dimension {extent} it has more than {MAX_ELEMENTS} elements"),
                })
            })
    })
}
