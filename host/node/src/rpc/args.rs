//! The parameters of a request, each by its place and name.

use crate::error::NodeError;
use jsonrpsee::types::Params;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// No method here takes so many.
const MOST: usize = 32;

/// The parameters of one request.
#[derive(Debug)]
pub struct Args<'a>(Vec<&'a RawValue>);

impl<'a> Args<'a> {
    /// Takes them apart.
    ///
    /// # Errors
    /// If they are no list.
    pub fn new(params: &'a Params<'_>) -> Result<Self, NodeError> {
        let Some(json) = params.as_str().map(str::trim).filter(|json| !json.is_empty()) else {
            return Ok(Self(Vec::new()));
        };
        let list: Vec<&RawValue> = serde_json::from_str(json)
            .map_err(|error| NodeError::Invalid(format!("the parameters must be a list: {error}")))?;
        if list.len() > MOST {
            return Err(NodeError::Invalid(format!("too many arguments: {}", list.len())));
        }
        Ok(Self(list))
    }

    /// A parameter that has to be there.
    ///
    /// # Errors
    /// If it is not, or is something else.
    pub fn get<T: DeserializeOwned>(&self, at: usize, name: &str) -> Result<T, NodeError> {
        match self.0.get(at) {
            Some(raw) => parse(raw, at, name),
            None => Err(NodeError::Invalid(format!(
                "missing value for required argument {at} ({name})"
            ))),
        }
    }

    /// A parameter that may be absent or null.
    ///
    /// # Errors
    /// If it is there and is something else.
    pub fn opt<T: DeserializeOwned>(&self, at: usize, name: &str) -> Result<Option<T>, NodeError> {
        match self.0.get(at) {
            Some(raw) if raw.get() != "null" => parse(raw, at, name).map(Some),
            _ => Ok(None),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn parse<T: DeserializeOwned>(raw: &RawValue, at: usize, name: &str) -> Result<T, NodeError> {
    serde_json::from_str(raw.get())
        .map_err(|error| NodeError::Invalid(format!("invalid argument {at} ({name}): {error}")))
}
