//! The extents of inputs: what the file leaves open, the caller says.

use crate::error::{ImportError, Problem, plain};
use crate::options::Options;
use metisvm_model::Shape;
use metisvm_model::limits::{MAX_ELEMENTS, MAX_RANK};
use onnx_rs::ast::{Dimension, TensorShape};
use std::collections::{BTreeMap, BTreeSet};

/// What the caller said, and which of it was of use.
pub(super) struct Dims<'o> {
    options: &'o Options,
    batch_used: bool,
    names_used: BTreeSet<&'o str>,
    shapes_used: BTreeSet<&'o str>,
    /// Names of dimensions that are not the first of some input.
    elsewhere: BTreeSet<String>,
    /// Inputs with a dimension that nobody gives an extent, as the error shows them; and what to write.
    open: Vec<String>,
    advice: BTreeSet<String>,
}

/// One dimension of a file, as it is shown.
pub(super) fn shown(extent: &Dimension<'_>) -> String {
    match extent {
        Dimension::Value(v) if *v > 0 => v.to_string(),
        Dimension::Param(name) if !name.is_empty() => plain(name),
        _ => "?".to_string(),
    }
}

/// What is open: a name, or nothing that could be named.
fn is_open(extent: &Dimension<'_>) -> bool {
    matches!(extent, Dimension::Param(_) | Dimension::Value(0 | -1))
}

impl<'o> Dims<'o> {
    pub(super) fn new<'f>(options: &'o Options, shapes: impl Iterator<Item = &'f TensorShape<'f>>) -> Self {
        let mut elsewhere = BTreeSet::new();
        for shape in shapes {
            for dim in shape.dim.iter().skip(1).take(MAX_RANK) {
                if let Dimension::Param(name) = dim.value {
                    elsewhere.insert(name.to_string());
                }
            }
        }
        Self {
            options,
            batch_used: false,
            names_used: BTreeSet::new(),
            shapes_used: BTreeSet::new(),
            elsewhere,
            open: Vec::new(),
            advice: BTreeSet::new(),
        }
    }

    /// The shape of an input. Where dimensions stay open the result is of no use, and [`Self::finish`] says so.
    pub(super) fn shape(
        &mut self,
        input: &str,
        declared: Option<&TensorShape<'_>>,
    ) -> Result<Shape, Problem> {
        let declared = match (declared, self.options.shapes.contains_key(input)) {
            (Some(shape), _) => Some(&shape.dim[..]),
            (None, true) => None,
            (None, false) => return Err(Problem::Missing("shape (give one: --shape INPUT=1,3,224,224)")),
        };
        let rank = declared.map(<[_]>::len);
        if let Some(rank) = rank.filter(|&rank| rank > MAX_RANK) {
            return Err(Problem::Shape(format!(
                "it has {rank} dimensions; at most {MAX_RANK} are taken"
            )));
        }
        let dims = match (self.options.shapes.get_key_value(input), declared) {
            (Some((name, wanted)), declared) => {
                self.shapes_used.insert(name);
                let agrees = declared.is_none_or(|dims| {
                    dims.len() == wanted.len()
                        && dims.iter().zip(wanted).all(|(dim, &wanted)| match dim.value {
                            Dimension::Value(v) if v > 0 => v == i64::from(wanted),
                            _ => true,
                        })
                });
                if !agrees {
                    let dims: Vec<String> = declared
                        .unwrap_or_default()
                        .iter()
                        .map(|d| shown(&d.value))
                        .collect();
                    let dims = dims.join(",");
                    return Err(Problem::Shape(format!(
                        "{wanted:?} is asked for, and the file fixes [{dims}]"
                    )));
                }
                wanted.clone()
            }
            (None, Some(declared)) => {
                let mut dims = Vec::new();
                let mut open = false;
                for (at, dim) in declared.iter().enumerate() {
                    let extent = self.extent(at, &dim.value)?;
                    if extent.is_none() {
                        open = true;
                        self.advice.insert(match &dim.value {
                            Dimension::Param(name) if !name.is_empty() => format!("--dim {}=N", plain(name)),
                            _ => {
                                let dims: Vec<String> = declared.iter().map(|d| shown(&d.value)).collect();
                                format!("--shape {}={}", plain(input), dims.join(","))
                            }
                        });
                    }
                    dims.push(extent.unwrap_or(1));
                }
                if open {
                    let dims: Vec<String> = declared.iter().map(|d| shown(&d.value)).collect();
                    self.open.push(format!("{} [{}]", plain(input), dims.join(",")));
                }
                dims
            }
            (None, None) => return Err(Problem::Missing("shape")),
        };
        Shape::new(&dims).ok_or_else(|| {
            Problem::Shape(if dims.len() > MAX_RANK {
                format!("it has {} dimensions; at most {MAX_RANK} are taken", dims.len())
            } else if dims.contains(&0) {
                "a dimension is 0: it holds no element, and there is nothing to compute".to_string()
            } else {
                format!("{dims:?} are more than {MAX_ELEMENTS} elements")
            })
        })
    }

    fn extent(&mut self, at: usize, value: &Dimension<'_>) -> Result<Option<u32>, Problem> {
        if let Dimension::Param(name) = value
            && let Some((name, &extent)) = self.options.dims.get_key_value(*name)
        {
            self.names_used.insert(name);
            return Ok(Some(extent));
        }
        match value {
            // A name that also stands elsewhere is a length, and no length is 1 by default.
            Dimension::Param(name) if at == 0 && self.elsewhere.contains(*name) => Ok(None),
            value if is_open(value) && at == 0 => {
                self.batch_used = true;
                Ok(Some(self.options.batch.unwrap_or(1)))
            }
            value if is_open(value) => Ok(None),
            Dimension::Value(v) => u32::try_from(*v)
                .map(Some)
                .map_err(|_| Problem::Shape(format!("dimension {at} is {v}"))),
            Dimension::Param(_) => Ok(None),
        }
    }

    /// All dimensions have an extent, and all that the caller said had an effect.
    pub(super) fn finish(self) -> Result<(), ImportError> {
        const SHOWN: usize = 12;
        if !self.open.is_empty() {
            let list = |items: Vec<String>, separator: &str| {
                let more = if items.len() > SHOWN { ", …" } else { "" };
                items.into_iter().take(SHOWN).collect::<Vec<_>>().join(separator) + more
            };
            return Err(ImportError::model(Problem::Open {
                inputs: list(self.open, ", "),
                advice: list(self.advice.into_iter().collect(), " "),
            }));
        }
        let unused = |what: &str, name: &str| {
            let said = format!("{what} {}", plain(name));
            Err(ImportError::model(Problem::WithoutEffect(
                said.trim_end().to_string(),
            )))
        };
        fn first<'a, V>(given: &'a BTreeMap<String, V>, used: &BTreeSet<&str>) -> Option<&'a String> {
            given.keys().find(|name| !used.contains(name.as_str()))
        }
        if let Some(name) = first(&self.options.dims, &self.names_used) {
            return unused("--dim: no open dimension of an input is named", name);
        }
        if let Some(name) = first(&self.options.shapes, &self.shapes_used) {
            return unused("--shape: there is no input", name);
        }
        match self.options.batch {
            Some(_) if !self.batch_used => unused("--batch: the first dimension of no input is open", ""),
            _ => Ok(()),
        }
    }
}
