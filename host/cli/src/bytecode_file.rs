//! Runtime bytecode from files: hexadecimal digits, bytes, or what a compiler writes.
//!
//! Of artefacts these are read: `deployedBytecode` as Hardhat has it (text) and as Foundry has it (an object with
//! `object`), `evm.deployedBytecode.object` of solc's standard output, `bin-runtime` of its combined output, and all
//! contracts of a file that has several under `contracts` (solc) or `output.contracts` (Hardhat's build information).
//!
//! Code that is not what a chain will have is refused: native code is found by the hash of the bytecode.

use crate::error::CliError;
use crate::models::read_bounded;
use alloy_primitives::hex;
use serde_json::{Map, Value};
use std::path::Path;

/// The longest file: build information of a large project.
const FILE_LIMIT: usize = 64 << 20;

/// How a library begins whose address is not written into it yet: PUSH20 0, ADDRESS, EQ.
const LIBRARY: [u8; 23] = {
    let mut code = [0; 23];
    code[0] = 0x73;
    code[21] = 0x30;
    code[22] = 0x14;
    code
};

/// A contract of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// What a compiler calls it; none where the file is one contract.
    pub name: Option<String>,
    /// Its runtime bytecode, or why there is none.
    pub code: Result<Vec<u8>, String>,
}

/// The contracts of a file; one at least.
///
/// # Errors
/// If the file cannot be read, or holds no contract.
pub fn read(path: &Path) -> Result<Vec<Contract>, CliError> {
    let bytes = read_bounded(path, FILE_LIMIT)?;
    parse(bytes).map_err(|problem| CliError::file(path, problem))
}

fn parse(bytes: Vec<u8>) -> Result<Vec<Contract>, String> {
    if bytes.is_empty() {
        return Err("it is empty; it has to hold runtime bytecode".to_owned());
    }
    // Bytecode that does something has bytes beyond ASCII or below its printable ones: PUSH1 is followed by numbers.
    let is_text = bytes
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        match serde_json::from_slice(&bytes) {
            Ok(artefact) => return of_artefact(&artefact),
            Err(error) if std::str::from_utf8(&bytes).is_ok() => {
                return Err(format!("it begins as JSON and is none: {error}"));
            }
            Err(_) => {}
        }
    }
    let code = if is_text {
        digits(&String::from_utf8_lossy(&bytes))?
    } else {
        bytes
    };
    Ok(vec![Contract {
        name: None,
        code: Ok(code),
    }])
}

/// Bytecode from hexadecimal digits; white space may be anywhere between them.
fn digits(text: &str) -> Result<Vec<u8>, String> {
    let mut text: String = text.split_ascii_whitespace().collect();
    if text.starts_with("0x") {
        text.drain(..2);
    }
    if text.is_empty() {
        return Err("it holds no bytecode".to_owned());
    }
    if let Some(at) = text.find("__") {
        let placeholder: String = text.chars().skip(at).take(40).collect();
        return Err(format!(
            "a library is not linked: {placeholder} stands at byte {} in the place of its address; let the compiler link \
             it, and give what comes of that",
            at / 2
        ));
    }
    if let Some((at, wrong)) = text.char_indices().find(|(_, c)| !c.is_ascii_hexdigit()) {
        return Err(format!("{wrong:?}, at digit {at}, is no hexadecimal digit"));
    }
    if text.len() % 2 == 1 {
        return Err(format!(
            "it has {} hexadecimal digits, and bytes have two each: one is missing, or one too many",
            text.len()
        ));
    }
    hex::decode(&text).map_err(|error| error.to_string())
}

fn of_artefact(artefact: &Value) -> Result<Vec<Contract>, String> {
    let contracts = match &artefact["output"]["contracts"] {
        Value::Null => &artefact["contracts"],
        within => within,
    };
    let all = match contracts {
        Value::Object(files) => of_files(files),
        _ => vec![Contract {
            name: None,
            code: code_of(artefact).unwrap_or_else(|| {
                Err("it is JSON, and has neither deployedBytecode nor contracts: give an artefact of solc, Foundry or \
                     Hardhat, with the code that is deployed"
                    .to_owned())
            }),
        }],
    };
    match all.as_slice() {
        [] => Err("none of its contracts has code".to_owned()),
        [
            Contract {
                name: None,
                code: Err(problem),
            },
        ] => Err(problem.clone()),
        _ => Ok(all),
    }
}

/// The contracts of a file with several: by their names, or by their files and names. Interfaces and abstract contracts
/// are among them, and have no code.
fn of_files(files: &Map<String, Value>) -> Vec<Contract> {
    let mut all = Vec::new();
    let mut take = |name: String, contract: &Value| {
        if let Some(code) = code_of(contract).filter(|code| code != &Err(NO_CODE.to_owned())) {
            all.push(Contract {
                name: Some(name),
                code,
            });
        }
    };
    for (file, content) in files {
        if code_of(content).is_some() {
            take(file.clone(), content);
        } else if let Value::Object(contracts) = content {
            for (name, contract) in contracts {
                take(format!("{file}:{name}"), contract);
            }
        }
    }
    all
}

/// What is said of an interface.
const NO_CODE: &str = "it has no code: an interface and an abstract contract are not deployed";

/// The runtime bytecode of one contract; `None` where nothing says that it has some.
fn code_of(contract: &Value) -> Option<Result<Vec<u8>, String>> {
    let deployed = match &contract["evm"]["deployedBytecode"] {
        Value::Null => &contract["deployedBytecode"],
        within => within,
    };
    let text = deployed
        .as_str()
        .or_else(|| deployed["object"].as_str())
        .or_else(|| contract["bin-runtime"].as_str())?;
    if matches!(text, "" | "0x") {
        return Some(Err(NO_CODE.to_owned()));
    }
    let filled = [&deployed["immutableReferences"], &contract["immutableReferences"]];
    if filled
        .iter()
        .any(|places| places.as_object().is_some_and(|places| !places.is_empty()))
    {
        return Some(Err(
            "it has immutable variables, whose values are in the code only when it is deployed: give the address of the \
             deployed contract, or its code"
                .to_owned(),
        ));
    }
    let code = digits(text).and_then(|code| {
        if code.starts_with(&LIBRARY) {
            return Err(
                "it is a library, whose address is in its code only when it is deployed: give that address, or its code"
                    .to_owned(),
            );
        }
        Ok(code)
    });
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn contracts(bytes: impl Into<Vec<u8>>) -> Result<Vec<Contract>, String> {
        parse(bytes.into())
    }

    fn alone(code: &[u8]) -> Result<Vec<Contract>, String> {
        Ok(vec![Contract {
            name: None,
            code: Ok(code.to_vec()),
        }])
    }

    #[test]
    fn bytecode_is_read_in_every_form() {
        let code = [0x60, 0x80, 0x5f];
        for text in ["60805f", "0x60805f", " 0x60805F\n", "\r\n6080\n5f\t"] {
            assert_eq!(contracts(text), alone(&code), "{text:?}");
        }
        assert_eq!(contracts(code), alone(&code));
        // Bytes that begin as JSON does.
        assert_eq!(contracts([b'{', 0x60, 0x80]), alone(&[b'{', 0x60, 0x80]));
        for artefact in [
            json!({ "contractName": "A", "bytecode": "0x00", "deployedBytecode": "0x60805f" }),
            json!({ "bytecode": { "object": "0x00" }, "deployedBytecode": { "object": "0x60805f", "linkReferences": {} } }),
            json!({ "evm": { "deployedBytecode": { "object": "60805f", "immutableReferences": {} } } }),
            json!({ "bin-runtime": "60805f" }),
        ] {
            assert_eq!(contracts(artefact.to_string()), alone(&code), "{artefact}");
        }
    }

    #[test]
    fn file_of_several_contracts_gives_all_that_have_code() {
        let deployed = |code: &str| json!({ "evm": { "deployedBytecode": { "object": code } } });
        let standard = json!({ "a.sol": { "A": deployed("5f"), "I": deployed("") }, "b.sol": { "B": deployed("__$0$__") } });
        let wanted = |all: &[Contract]| {
            let name = |at: usize| all[at].name.clone().unwrap();
            assert_eq!(
                (all.len(), name(0), name(1)),
                (2, "a.sol:A".to_owned(), "b.sol:B".to_owned())
            );
            assert_eq!(all[0].code, Ok(vec![0x5f]));
            assert!(all[1].code.as_ref().unwrap_err().contains("not linked"));
        };
        wanted(&contracts(json!({ "contracts": standard }).to_string()).unwrap());
        wanted(&contracts(json!({ "output": { "contracts": standard } }).to_string()).unwrap());
        let combined =
            json!({ "contracts": { "a.sol:A": { "bin-runtime": "5f" }, "a.sol:I": { "bin-runtime": "" } } });
        let all = contracts(combined.to_string()).unwrap();
        assert_eq!((all.len(), all[0].name.as_deref()), (1, Some("a.sol:A")));
    }

    #[test]
    fn what_is_no_runtime_bytecode_is_said() {
        let library = format!("0x73{}301460", "00".repeat(20));
        let placeholder = format!("6080__${}$__60", "ab".repeat(17));
        let immutable = json!({ "deployedBytecode": { "object": "0x5f", "immutableReferences": { "3": [{ "start": 0, "length": 32 }] } } });
        for (text, said) in [
            (String::new(), "it is empty"),
            (" \n".to_owned(), "no bytecode"),
            ("0x".to_owned(), "no bytecode"),
            ("608".to_owned(), "3 hexadecimal digits"),
            ("0x60g0".to_owned(), "'g', at digit 2"),
            ("PUSH1 0x80".to_owned(), "'P', at digit 0"),
            (placeholder.clone(), "at byte 2"),
            (
                "6080__Library_______________________________60".to_owned(),
                "not linked: __Library",
            ),
            ("{".to_owned(), "begins as JSON"),
            (
                "{ \"abi\": [] }".to_owned(),
                "neither deployedBytecode nor contracts",
            ),
            (
                "{ \"bytecode\": \"0x60\" }".to_owned(),
                "neither deployedBytecode nor contracts",
            ),
            (json!({ "deployedBytecode": "0x" }).to_string(), "interface"),
            (
                json!({ "deployedBytecode": placeholder }).to_string(),
                "not linked",
            ),
            (json!({ "deployedBytecode": "0x6" }).to_string(), "1 hexadecimal"),
            (json!({ "deployedBytecode": library }).to_string(), "is a library"),
            (immutable.to_string(), "immutable variables"),
            (json!({ "contracts": {} }).to_string(), "none of its contracts"),
            (
                json!({ "contracts": { "a.sol": { "I": { "bin-runtime": "" } } } }).to_string(),
                "none of its contracts",
            ),
        ] {
            let error = contracts(text.as_bytes()).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
