//! `compile`: native code ahead of time.

use alloy_primitives::Address;
use clap::Args;
use revm::primitives::hardfork::SpecId;
use std::path::{Path, PathBuf};

/// Make native code of contracts before they are executed.
#[derive(Debug, Args)]
pub struct Compile {
    /// Contracts: runtime bytecode in files (hexadecimal, or its bytes), artefacts of a compiler (JSON of solc, Foundry or
    /// Hardhat), or with --datadir addresses
    #[arg(value_name = "ADDRESS|FILE", required = true)]
    pub contracts: Vec<PathBuf>,
    /// The folder of the chain that has the addresses
    #[arg(long, value_name = "DIR")]
    pub datadir: Option<PathBuf>,
    /// The rules: the newest ones of this chain spec, mainnet, metis-dev or a file of JSON [default: mainnet; those of the
    /// last block of --datadir]
    #[arg(long, value_name = "NAME|FILE", conflicts_with_all = ["datadir", "fork"])]
    pub chain: Option<PathBuf>,
    /// The rules of this fork of Ethereum
    #[arg(long, value_name = "NAME", value_parser = fork)]
    pub fork: Option<SpecId>,
    /// The folder of native code, as run and node have it [default: DIR/jit of --datadir]
    #[arg(long, value_name = "DIR")]
    pub jit_cache: Option<PathBuf>,
    /// One JSON object a contract instead of a table
    #[arg(long)]
    pub json: bool,
}

/// The forks that bytecode can tell apart, in their order.
const FORKS: [(&str, SpecId); 15] = [
    ("frontier", SpecId::FRONTIER),
    ("homestead", SpecId::HOMESTEAD),
    ("tangerine-whistle", SpecId::TANGERINE),
    ("spurious-dragon", SpecId::SPURIOUS_DRAGON),
    ("byzantium", SpecId::BYZANTIUM),
    ("petersburg", SpecId::PETERSBURG),
    ("istanbul", SpecId::ISTANBUL),
    ("berlin", SpecId::BERLIN),
    ("london", SpecId::LONDON),
    ("paris", SpecId::MERGE),
    ("shanghai", SpecId::SHANGHAI),
    ("cancun", SpecId::CANCUN),
    ("prague", SpecId::PRAGUE),
    ("osaka", SpecId::OSAKA),
    ("amsterdam", SpecId::AMSTERDAM),
];

/// A fork by its name, in letters of any case.
fn fork(text: &str) -> Result<SpecId, String> {
    let found = FORKS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, fork)| *fork).ok_or_else(|| {
        let names: Vec<&str> = FORKS.iter().map(|(name, _)| *name).collect();
        format!("there is no such fork; there are {}", names.join(", "))
    })
}

/// The name of a fork, as the option has it.
pub fn fork_name(fork: SpecId) -> &'static str {
    FORKS
        .iter()
        .find(|(_, known)| *known == fork)
        .map_or("unknown", |(name, _)| name)
}

/// The address that an argument is: 0x and 40 hexadecimal digits. A file of such a name is meant by ./0x….
pub fn address(argument: &Path) -> Option<Address> {
    let digits = argument.to_str()?.strip_prefix("0x")?;
    (digits.len() == 40).then(|| digits.parse().ok()).flatten()
}

impl Compile {
    /// What cannot be done with these.
    pub(super) fn problem(&self) -> Option<String> {
        if self.datadir.is_none() {
            if let Some(address) = self.contracts.iter().find(|contract| address(contract).is_some()) {
                return Some(format!(
                    "{0} is an address, whose code the chain in a folder has: add --datadir DIR (a file of that name is \
                     meant by ./{0})",
                    address.display()
                ));
            }
            if self.jit_cache.is_none() {
                return Some(
                    "--jit-cache DIR says where the native code is kept: add it, or --datadir".to_owned(),
                );
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fork_has_a_name_that_is_read_back() {
        for number in 0..=u8::MAX {
            let Some(spec) = SpecId::try_from_u8(number) else {
                continue;
            };
            assert_eq!(fork(&fork_name(spec).to_uppercase()), Ok(spec));
        }
        for bad in ["", "merge", "latest", "osaka "] {
            assert!(fork(bad).unwrap_err().contains("osaka, amsterdam"), "{bad}");
        }
    }

    #[test]
    fn address_is_told_from_a_file() {
        let digits = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        assert!(address(Path::new(digits)).is_some());
        for file in [
            "./0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x",
            "0x12",
            "code.hex",
            &digits[2..],
        ] {
            assert_eq!(address(Path::new(file)), None, "{file}");
        }
    }
}
