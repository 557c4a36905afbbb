//! Constants of a file: initializers, Constant nodes, and what is computed from them.

use crate::error::Problem;
use metisvm_model::limits::{MAX_ELEMENTS, MAX_RANK};
use onnx_rs::ast::{DataLocation, DataType, TensorProto};
use std::rc::Rc;

/// Elements, in the types that import knows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    F32(Vec<f32>),
    I64(Vec<i64>),
    I32(Vec<i32>),
    I16(Vec<i16>),
    U16(Vec<u16>),
    /// INT4 too.
    I8(Vec<i8>),
    /// UINT4 too.
    U8(Vec<u8>),
}

impl Data {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::F32(_) => "FLOAT",
            Self::I64(_) => "INT64",
            Self::I32(_) => "INT32",
            Self::I16(_) => "INT16",
            Self::U16(_) => "UINT16",
            Self::I8(_) => "INT8",
            Self::U8(_) => "UINT8",
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::U8(v) => v.len(),
        }
    }

    /// The elements at these positions, in that order.
    fn gather(&self, order: impl Iterator<Item = usize>) -> Self {
        match self {
            Self::F32(v) => Self::F32(order.map(|i| v[i]).collect()),
            Self::I64(v) => Self::I64(order.map(|i| v[i]).collect()),
            Self::I32(v) => Self::I32(order.map(|i| v[i]).collect()),
            Self::I16(v) => Self::I16(order.map(|i| v[i]).collect()),
            Self::U16(v) => Self::U16(order.map(|i| v[i]).collect()),
            Self::I8(v) => Self::I8(order.map(|i| v[i]).collect()),
            Self::U8(v) => Self::U8(order.map(|i| v[i]).collect()),
        }
    }

    /// Element `index` as an integer; 0 for a float.
    pub(crate) fn int(&self, index: usize) -> i64 {
        match self {
            Self::F32(_) => 0,
            Self::I64(v) => v[index],
            Self::I32(v) => v[index].into(),
            Self::I16(v) => v[index].into(),
            Self::U16(v) => v[index].into(),
            Self::I8(v) => v[index].into(),
            Self::U8(v) => v[index].into(),
        }
    }
}

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

    /// An initializer, or the value of a Constant node.
    pub(crate) fn of(tensor: &TensorProto<'_>, name: &str) -> Result<Self, Problem> {
        if tensor.data_location() == DataLocation::External || !tensor.external_data().is_empty() {
            return Err(Problem::ExternalData);
        }
        let count = elements(tensor.dims().iter().copied())?;
        let dims = tensor.dims().iter().map(|&d| d as u32).collect();
        let bits = match tensor.data_type() {
            DataType::Float | DataType::Int32 => 32,
            DataType::Int64 => 64,
            DataType::Int16 | DataType::Uint16 => 16,
            DataType::Int8 | DataType::Uint8 => 8,
            DataType::Int4 | DataType::Uint4 => 4,
            other => return Err(unsupported(other)),
        };
        let size = (count * bits).div_ceil(8);
        let raw = tensor.as_raw();
        let length = raw.map(|r| r.len() as u64);
        if length.is_some_and(|l| l != size) {
            return Err(Problem::Data(format!(
                "its shape {dims:?} asks for {size} bytes of data; there are {}",
                length.unwrap_or(0)
            )));
        }
        let empty = count == 0;
        let ints = || tensor.as_i32().unwrap_or_default().into_owned();
        let narrow = |low: i32, high: i32| {
            let ints = ints();
            match ints.iter().find(|v| !(low..=high).contains(v)) {
                Some(v) => Err(Problem::Data(format!("element {v} does not fit its type"))),
                None => Ok(ints),
            }
        };
        let data = match (tensor.data_type(), raw) {
            (DataType::Float, _) => Data::F32(tensor.as_f32().unwrap_or_default().into_owned()),
            (DataType::Int64, _) => Data::I64(tensor.as_i64().unwrap_or_default().into_owned()),
            (DataType::Int32, _) => Data::I32(ints()),
            (DataType::Int8, Some(raw)) => Data::I8(raw.iter().map(|&b| b as i8).collect()),
            (DataType::Uint8, Some(raw)) => Data::U8(raw.to_vec()),
            (DataType::Int16, Some(raw)) => Data::I16(pairs(raw, i16::from_le_bytes)),
            (DataType::Uint16, Some(raw)) => Data::U16(pairs(raw, u16::from_le_bytes)),
            (DataType::Int16, None) => Data::I16(narrow(-32768, 32767)?.iter().map(|&v| v as i16).collect()),
            (DataType::Uint16, None) => Data::U16(narrow(0, 65535)?.iter().map(|&v| v as u16).collect()),
            (DataType::Int4, Some(raw)) => Data::I8(nibbles(raw, count, |v| (v << 4) as i8 >> 4)),
            (DataType::Uint4, Some(raw)) => Data::U8(nibbles(raw, count, |v| v)),
            // Packed too: each number of the list is a byte of two.
            (DataType::Int4 | DataType::Uint4, None) => {
                let bytes: Vec<u8> = narrow(-128, 255)?.iter().map(|&v| v as u8).collect();
                if tensor.data_type() == DataType::Int4 {
                    Data::I8(nibbles(&bytes, count, |v| (v << 4) as i8 >> 4))
                } else {
                    Data::U8(nibbles(&bytes, count, |v| v))
                }
            }
            (DataType::Int8, None) => Data::I8(narrow(-128, 127)?.iter().map(|&v| v as i8).collect()),
            (DataType::Uint8, None) => Data::U8(narrow(0, 255)?.iter().map(|&v| v as u8).collect()),
            (other, _) => return Err(unsupported(other)),
        };
        if data.len() == 0 && !empty {
            return Err(Problem::Data(format!("it has no data for its shape {dims:?}")));
        }
        Self::new(name, dims, data)
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

    /// Every element of a constant of whole numbers.
    pub(crate) fn whole(&self, what: &'static str) -> Result<Vec<i64>, Problem> {
        if self.is_float() {
            return Err(Problem::UnsupportedType {
                actual: format!("FLOAT of {what}"),
                expected: "whole numbers are",
            });
        }
        Ok((0..self.len()).map(|i| self.data.int(i)).collect())
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

fn pairs<T>(raw: &[u8], of: impl Fn([u8; 2]) -> T) -> Vec<T> {
    raw.as_chunks().0.iter().map(|&pair| of(pair)).collect()
}

/// Numbers of four bits, two a byte, the lower half first.
fn nibbles<T>(bytes: &[u8], count: u64, of: impl Fn(u8) -> T) -> Vec<T> {
    let halves = bytes.iter().flat_map(|&byte| [byte & 15, byte >> 4]);
    halves.take(count as usize).map(of).collect()
}

fn unsupported(actual: DataType) -> Problem {
    Problem::UnsupportedType {
        actual: format!("{actual:?}"),
        expected: "use FLOAT, INT4, UINT4, INT8, UINT8, INT16, UINT16, INT32 or INT64",
    }
}

/// The product of the extents, if every one and the product are within bounds. Only a list may be empty:
/// with [0, 2^26, 2^26] a part of the shape would hold more than the whole.
fn elements(dims: impl ExactSizeIterator<Item = i64>) -> Result<u64, Problem> {
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
                Problem::Data(format!(
                    "dimension {extent} is out of bounds, or their product is"
                ))
            })
    })
}
