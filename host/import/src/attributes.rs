//! The attributes of a node, each read once with its type, and none left over.

use crate::error::Problem;
use onnx_rs::ast::{Attribute, AttributeType, TensorProto};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The attributes of one node by name. Clones are the same attributes: what one of them reads has been read.
#[derive(Clone)]
pub(crate) struct Attributes<'a> {
    by_name: Rc<BTreeMap<&'a str, &'a Attribute<'a>>>,
    read: Rc<RefCell<BTreeSet<&'static str>>>,
}

impl<'a> Attributes<'a> {
    pub(crate) fn of(attributes: &'a [Attribute<'a>]) -> Result<Self, Problem> {
        let mut by_name = BTreeMap::new();
        for attribute in attributes {
            if by_name.insert(attribute.name, attribute).is_some() {
                return Err(wrong(attribute.name, "it is given twice"));
            }
            if !attribute.ref_attr_name.is_empty() {
                return Err(wrong(attribute.name, "it refers to an attribute of a function"));
            }
        }
        Ok(Self {
            by_name: Rc::new(by_name),
            read: Rc::default(),
        })
    }

    fn get(&self, name: &'static str, ty: AttributeType) -> Result<Option<&'a Attribute<'a>>, Problem> {
        self.read.borrow_mut().insert(name);
        match self.by_name.get(name) {
            // Files of the first ONNX versions leave the type out.
            Some(a) if a.r#type == ty || a.r#type == AttributeType::Undefined => Ok(Some(a)),
            Some(a) => Err(wrong(name, format!("it is of type {:?}, not {ty:?}", a.r#type))),
            None => Ok(None),
        }
    }

    pub(crate) fn int(&self, name: &'static str, default: i64) -> Result<i64, Problem> {
        Ok(self.get(name, AttributeType::Int)?.map_or(default, |a| a.i))
    }

    pub(crate) fn int_if_any(&self, name: &'static str) -> Result<Option<i64>, Problem> {
        Ok(self.get(name, AttributeType::Int)?.map(|a| a.i))
    }

    /// 0 or 1.
    pub(crate) fn flag(&self, name: &'static str, default: bool) -> Result<bool, Problem> {
        match self.int(name, default.into())? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(wrong(name, format!("{other} is neither 0 nor 1"))),
        }
    }

    /// A finite number.
    pub(crate) fn float(&self, name: &'static str, default: f32) -> Result<f32, Problem> {
        let value = self.get(name, AttributeType::Float)?.map_or(default, |a| a.f);
        if value.is_finite() {
            Ok(value)
        } else {
            Err(wrong(name, format!("{value} is not a finite number")))
        }
    }

    pub(crate) fn float_if_any(&self, name: &'static str) -> Result<Option<f32>, Problem> {
        Ok(self.get(name, AttributeType::Float)?.map(|a| a.f))
    }

    pub(crate) fn ints(&self, name: &'static str) -> Result<Option<&'a [i64]>, Problem> {
        Ok(self.get(name, AttributeType::Ints)?.map(|a| &a.ints[..]))
    }

    pub(crate) fn floats(&self, name: &'static str) -> Result<Option<&'a [f32]>, Problem> {
        Ok(self.get(name, AttributeType::Floats)?.map(|a| &a.floats[..]))
    }

    pub(crate) fn string(&self, name: &'static str, default: &'static str) -> Result<&'a str, Problem> {
        match self.get(name, AttributeType::String)? {
            Some(a) => std::str::from_utf8(a.s).map_err(|_| wrong(name, "it is not text")),
            None => Ok(default),
        }
    }

    pub(crate) fn strings(&self, name: &'static str) -> Result<Option<Vec<&'a str>>, Problem> {
        let Some(a) = self.get(name, AttributeType::Strings)? else {
            return Ok(None);
        };
        let texts = a.strings.iter().map(|s| std::str::from_utf8(s));
        let texts = texts.collect::<Result<_, _>>();
        texts.map(Some).map_err(|_| wrong(name, "it is not text"))
    }

    pub(crate) fn tensor(&self, name: &'static str) -> Result<Option<&'a TensorProto<'a>>, Problem> {
        Ok(self.get(name, AttributeType::Tensor)?.and_then(|a| a.t.as_ref()))
    }

    /// There are no others: one that is not understood could change what the node means.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        let read = self.read.borrow();
        match self.by_name.keys().find(|name| !read.contains(**name)) {
            Some(name) => Err(wrong(name, "it is not known for this operator")),
            None => Ok(()),
        }
    }
}

/// An attribute is wrong in this way.
pub(crate) fn wrong(name: &str, why: impl Into<String>) -> Problem {
    Problem::Attribute {
        name: name.to_string(),
        why: why.into(),
    }
}
