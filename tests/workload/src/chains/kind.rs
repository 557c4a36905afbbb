use core::{fmt, str::FromStr};

/// What the blocks of a scenario are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// Ether between accounts, no account twice in a block: nothing conflicts but the fees.
    RawTransfers,
    /// One token between pairs of holders, no holder twice in a block: one contract, no common slot.
    Erc20Independent,
    /// One token, and everybody sends to one account: one slot that all transactions add to.
    Erc20OneHotAccount,
    /// Swaps over many pools, each with tokens and traders of its own.
    UniswapSwapsManyPools,
    /// All swaps in one pool: every transaction needs the reserves that the one before left.
    UniswapOnePool,
    /// Votes on few proposals: a slot of its own for each, and a tally that many add to.
    DaoVoting,
    /// Everybody mints the next token of one collection: a counter that decides where else is written.
    NftMintCounter,
    /// Ether, tokens, swaps, approvals, votes, mints, deployments and failures, as on a busy chain.
    MixedDefi,
    /// Mostly digits classified by two models: expensive transactions that do not conflict, some swaps.
    InferenceHeavy,
}

impl WorkloadKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::RawTransfers,
        Self::Erc20Independent,
        Self::Erc20OneHotAccount,
        Self::UniswapSwapsManyPools,
        Self::UniswapOnePool,
        Self::DaoVoting,
        Self::NftMintCounter,
        Self::MixedDefi,
        Self::InferenceHeavy,
    ];

    /// The name in benchmarks and on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RawTransfers => "raw_transfers",
            Self::Erc20Independent => "erc20_independent",
            Self::Erc20OneHotAccount => "erc20_one_hot_account",
            Self::UniswapSwapsManyPools => "uniswap_swaps_many_pools",
            Self::UniswapOnePool => "uniswap_one_pool",
            Self::DaoVoting => "dao_voting",
            Self::NftMintCounter => "nft_mint_counter",
            Self::MixedDefi => "mixed_defi",
            Self::InferenceHeavy => "inference_heavy",
        }
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for WorkloadKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("there is no workload {name:?}; there are {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in WorkloadKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        let error = "uniswap".parse::<WorkloadKind>().unwrap_err();
        assert!(error.contains("uniswap_one_pool"), "{error}");
    }
}
