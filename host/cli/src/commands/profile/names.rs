//! Names of contracts and calls.

use alloy_primitives::{Address, hex};
use metisvm_executor::profile::{Call, Code, Profile};

/// How an address is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Its first and its last two bytes, for people.
    Short,
    /// All of it, for programs.
    Whole,
}

/// An address in that form.
pub(super) fn address(address: &Address, form: Form) -> String {
    match form {
        Form::Short => format!("0x{}…{}", hex::encode(&address[..2]), hex::encode(&address[18..])),
        Form::Whole => format!("0x{}", hex::encode(address)),
    }
}

/// What runs in a frame: an address for a contract, else a word.
pub(super) fn code(profile: &Profile, code: &Code, of: &Address, form: Form) -> String {
    match code {
        Code::Contract(_) => address(of, form),
        Code::Precompile(at) => match profile.precompile_name(at) {
            Some(name) => name.to_owned(),
            None => address(at, form),
        },
        Code::Create => "create".to_owned(),
        Code::Empty => "no code".to_owned(),
        Code::Other => "other".to_owned(),
    }
}

/// A step of a path: a contract's with the function, which is the fallback where the input names none.
///
/// No name is the beginning of another one, so that paths in alphabetical order are the paths of a tree, one subtree after
/// the other: flame graphs are drawn of such a list.
pub(super) fn call(profile: &Profile, call: &Call, form: Form) -> String {
    let name = code(profile, &call.code, &call.address, form);
    match (&call.code, &call.selector) {
        (Code::Contract(_), Some(selector)) => format!("{name}.{}", hex::encode(selector)),
        (Code::Contract(_), None) => format!("{name}.fallback"),
        _ => name,
    }
}
