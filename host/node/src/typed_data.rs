//! Typed data (EIP-712): what a client asks to sign, held to bounds before its types are followed.

use crate::error::NodeError;
use alloy_dyn_abi::{
    DynSolType,
    eip712::{Eip712Types, Resolver, TypedData},
};
use alloy_primitives::{B256, map::HashMap};
use alloy_sol_types::Eip712Domain;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// The most bytes of a document.
const MOST_BYTES: usize = 256 << 10;
/// The most bytes of the names in its types: all of them may be hashed again for each value of a list.
const MOST_TYPE_BYTES: usize = 8 << 10;
/// How deep types may hold others, lists counted.
const DEEPEST: usize = 32;
/// The most fields of the message when each type is written out wherever it is used.
const MOST_FIELDS: usize = 4096;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    types: Eip712Types,
    primary_type: String,
    domain: Eip712Domain,
    message: Value,
}

/// The hash that is signed for a document, which is JSON or a string that holds it.
///
/// # Errors
/// If it is no typed data, its message is not what its types say, or it is beyond the bounds.
pub(crate) fn signing_hash(json: &RawValue) -> Result<B256, NodeError> {
    let bytes = json.get().len();
    if bytes > MOST_BYTES {
        return Err(NodeError::TooMuch(format!(
            "typed data of {bytes} bytes is more than {MOST_BYTES}; sign it elsewhere"
        )));
    }
    let document: Document = if json.get().starts_with('"') {
        let text: String = serde_json::from_str(json.get()).map_err(none)?;
        serde_json::from_str(&text)
    } else {
        serde_json::from_str(json.get())
    }
    .map_err(none)?;
    check(&document)?;
    let data = TypedData {
        domain: document.domain,
        resolver: Resolver::from(&document.types),
        primary_type: document.primary_type,
        message: document.message,
    };
    data.eip712_signing_hash().map_err(none)
}

fn none(problem: impl std::fmt::Display) -> NodeError {
    NodeError::Invalid(format!("this is no typed data (EIP-712): {problem}"))
}

fn check(document: &Document) -> Result<(), NodeError> {
    let mut bytes = 0;
    for (name, fields) in &document.types {
        if name.contains(['[', '(']) || DynSolType::parse(name).is_ok() {
            return Err(none(format!(
                "{name:?} is no name of a struct; give it another one in types"
            )));
        }
        bytes += name.len();
        for field in fields {
            // The standard has none, and nothing says how they would be hashed.
            if field.type_name().contains('(') {
                return Err(none(format!(
                    "{name}.{} is a tuple; make it a struct in types",
                    field.name()
                )));
            }
            bytes += field.type_name().len() + field.name().len() + 2;
        }
    }
    if bytes > MOST_TYPE_BYTES {
        return Err(NodeError::TooMuch(format!(
            "types of {bytes} bytes are more than {MOST_TYPE_BYTES}; sign it elsewhere"
        )));
    }
    if !document.types.contains_key(&document.primary_type) {
        let name = &document.primary_type;
        return Err(none(format!("its primaryType {name:?} is not among its types")));
    }
    measure(
        &document.types,
        &document.primary_type,
        DEEPEST,
        &mut HashMap::default(),
    )?;
    check_domain(document)
}

/// The domain is hashed by the fields that it has, in the standard's order: another order or other fields among the
/// types would be another hash.
fn check_domain(document: &Document) -> Result<(), NodeError> {
    let Some(fields) = document.types.get(Eip712Domain::NAME) else {
        return Ok(());
    };
    let fields: Vec<_> = fields
        .iter()
        .map(|field| format!("{} {}", field.type_name(), field.name()))
        .collect();
    let said = format!("{}({})", Eip712Domain::NAME, fields.join(","));
    let has = document.domain.encode_type();
    if said == has {
        return Ok(());
    }
    Err(none(format!("its types say {said}, and its domain is {has}")))
}

/// How large a type is when all that it holds is written out.
#[derive(Clone, Copy)]
struct Measure {
    fields: usize,
    height: usize,
}

/// Measures a type that may have this height. Each is followed once, however often it is used.
fn measure<'a>(
    types: &'a Eip712Types,
    name: &'a str,
    height_left: usize,
    known: &mut HashMap<&'a str, Measure>,
) -> Result<Measure, NodeError> {
    let too_deep = || {
        NodeError::TooMuch(format!(
            "type {name:?} holds itself, or others more than {DEEPEST} deep; neither can be signed here"
        ))
    };
    let mut whole = Measure { fields: 1, height: 1 };
    let Some(fields) = types.get(name) else {
        // A type of Solidity's, or none: that is found out when the message is read.
        return Ok(whole);
    };
    if let Some(known) = known.get(name) {
        whole = *known;
    } else {
        let left = height_left.checked_sub(1).ok_or_else(too_deep)?;
        for field in fields {
            let inner = measure(types, field.root_type_name(), left, known)?;
            let lists = field.type_name().matches('[').count();
            whole.fields = whole.fields.saturating_add(inner.fields);
            whole.height = whole.height.max(1 + inner.height + lists);
        }
        known.insert(name, whole);
    }
    if whole.height > height_left + 1 {
        return Err(too_deep());
    }
    if whole.fields > MOST_FIELDS {
        return Err(NodeError::TooMuch(format!(
            "type {name:?} has more than {MOST_FIELDS} fields with all that it holds; sign it elsewhere"
        )));
    }
    Ok(whole)
}
