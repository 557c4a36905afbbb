//! One execution: all that a transaction and the accounts of [`world`](crate::world) need, in a form that one line of
//! text holds.

use revm::primitives::{Bytes, hardfork::SpecId, hex};
use std::{fmt, str::FromStr};

/// How the code is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The transaction calls the contract.
    Call,
    /// The code is the transaction's init code.
    Create,
    /// The transaction calls an account that EIP-7702 delegates to the contract.
    Delegated,
}

/// Kind of transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Of Frontier.
    Legacy,
    /// EIP-2930, with a few addresses and slots in its list.
    AccessList,
    /// EIP-4844, with two blobs.
    Blob,
    /// EIP-7702: authorises an account to run the contract, and another one to be nobody's again.
    SetCode,
}

/// What is executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Execution {
    /// The fork.
    pub(crate) spec: SpecId,
    /// How the code is reached.
    pub(crate) entry: Entry,
    /// Kind of transaction.
    pub(crate) form: Form,
    /// The transaction's limit.
    pub(crate) gas: u64,
    /// The transaction's value, in wei.
    pub(crate) value: u64,
    /// The code.
    pub(crate) code: Bytes,
    /// The call data; behind the init code for [`Entry::Create`].
    pub(crate) input: Bytes,
}

/// All forks that revm knows, the oldest first.
pub(crate) fn forks() -> impl Iterator<Item = SpecId> {
    (0..=u8::MAX).map_while(SpecId::try_from_u8)
}

impl fmt::Display for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            spec,
            entry,
            form,
            gas,
            value,
            code,
            input,
        } = self;
        let (code, input) = (hex::encode(code), hex::encode(input));
        write!(f, "{spec:?} {entry:?} {form:?} {gas} {value} 0x{code} 0x{input}")
    }
}

fn named<T: Copy + fmt::Debug>(text: Option<&str>, of: impl IntoIterator<Item = T>) -> Result<T, String> {
    let text = text.ok_or("a field is missing")?;
    of.into_iter()
        .find(|one| format!("{one:?}") == text)
        .ok_or_else(|| format!("{text} is not known"))
}

fn parsed<T: FromStr>(text: Option<&str>) -> Result<T, String> {
    let text = text.ok_or("a field is missing")?;
    text.parse().map_err(|_| format!("{text} cannot be read"))
}

impl FromStr for Execution {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut fields = text.split_whitespace();
        Ok(Self {
            spec: named(fields.next(), forks())?,
            entry: named(fields.next(), [Entry::Call, Entry::Create, Entry::Delegated])?,
            form: named(
                fields.next(),
                [Form::Legacy, Form::AccessList, Form::Blob, Form::SetCode],
            )?,
            gas: parsed(fields.next())?,
            value: parsed(fields.next())?,
            code: parsed(fields.next())?,
            input: parsed(fields.next())?,
        })
    }
}

#[test]
fn an_execution_is_its_line_of_text() {
    let execution = Execution {
        spec: SpecId::AMSTERDAM,
        entry: Entry::Delegated,
        form: Form::SetCode,
        gas: 100_000,
        value: 3,
        code: Bytes::from_static(&[0x60, 0x01]),
        input: Bytes::new(),
    };
    assert_eq!(execution.to_string().parse(), Ok(execution));
}
