//! What anvil, Hardhat and Ganache do beside the standard: `anvil_*`, `hardhat_*`, `evm_*`.

use super::{
    args::Args,
    quantity::Number,
    served::{Module, Served, change, method},
    state::Slot,
};
use crate::{edits, error::NodeError};
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use jsonrpsee::core::RegisterMethodError;
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    register_state(module)?;
    register_accounts(module)?;
    register_mining(module)?;
    register_time(module)?;
    register_block_settings(module)?;
    register_info(module)
}

fn register_state(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["evm_snapshot", "anvil_snapshot"], |node, _| {
        Ok(U256::from(node.snapshot()?))
    })?;
    method(module, &["evm_revert", "anvil_revert"], |node, args| {
        let id: Number = args.get(0, "snapshot id")?;
        match id.u64() {
            Ok(id) => node.revert(id),
            Err(_) => Ok(false),
        }
    })?;
    change(module, &["anvil_reset", "hardhat_reset"], |node, args| {
        let options: Option<Map<String, Value>> = args.opt(0, "options")?;
        let forking = options.as_ref().and_then(|options| options.get("forking"));
        if forking.is_some_and(|forking| !forking.is_null()) {
            return Err(NodeError::invalid(
                "this node forks no other chain; without \"forking\" it begins anew",
            ));
        }
        node.reset()?;
        Ok(())
    })?;
    method(module, &["anvil_rollback"], |node, args| {
        let depth: Option<Number> = args.opt(0, "depth")?;
        node.roll_back(depth.map_or(Ok(1), Number::u64)?)
    })?;
    change(
        module,
        &[
            "anvil_setBalance",
            "hardhat_setBalance",
            "evm_setAccountBalance",
            "tenderly_setBalance",
        ],
        |node, args| {
            let (address, balance) = (args.get(0, "address")?, args.get::<Number>(1, "balance")?);
            node.edit(|world| edits::balance(world, address, balance.0))?;
            Ok(())
        },
    )?;
    change(module, &["anvil_addBalance"], |node, args| {
        let (address, more) = (args.get(0, "address")?, args.get::<Number>(1, "balance")?);
        node.edit(|world| {
            let balance = world
                .account(address)?
                .map_or(U256::ZERO, |account| account.balance);
            edits::balance(world, address, balance.saturating_add(more.0))
        })?;
        Ok(())
    })?;
    change(
        module,
        &["anvil_setNonce", "hardhat_setNonce", "evm_setAccountNonce"],
        |node, args| {
            let address = args.get(0, "address")?;
            let nonce = args.get::<Number>(1, "nonce")?.u64()?;
            node.edit(|world| edits::nonce(world, address, nonce))?;
            Ok(())
        },
    )?;
    change(
        module,
        &["anvil_setCode", "hardhat_setCode", "evm_setAccountCode"],
        |node, args| {
            let (address, code): (Address, Bytes) = (args.get(0, "address")?, args.get(1, "code")?);
            node.edit(|world| edits::code(world, address, code))?;
            Ok(())
        },
    )?;
    method(
        module,
        &[
            "anvil_setStorageAt",
            "hardhat_setStorageAt",
            "evm_setAccountStorageAt",
        ],
        |node, args| {
            let address = args.get(0, "address")?;
            let (slot, value): (Slot, Slot) = (args.get(1, "slot")?, args.get(2, "value")?);
            node.edit(|world| edits::slot(world, address, slot.0, value.0))?;
            Ok(true)
        },
    )
}

fn register_accounts(module: &mut Module) -> Result<(), RegisterMethodError> {
    change(
        module,
        &["anvil_impersonateAccount", "hardhat_impersonateAccount"],
        |node, args| {
            node.accounts.impersonate(args.get(0, "address")?, true);
            Ok(())
        },
    )?;
    change(
        module,
        &[
            "anvil_stopImpersonatingAccount",
            "hardhat_stopImpersonatingAccount",
        ],
        |node, args| {
            node.accounts.impersonate(args.get(0, "address")?, false);
            Ok(())
        },
    )?;
    method(
        module,
        &["anvil_autoImpersonateAccount", "anvil_setAutoImpersonateAccount"],
        |node, args| {
            node.accounts.impersonate_everybody(args.get(0, "on")?);
            Ok(())
        },
    )
}

/// What Ganache's `evm_mine` takes: nothing, a timestamp, or an object.
#[derive(Debug, Default, Deserialize)]
struct MineOptions {
    timestamp: Option<Number>,
    blocks: Option<Number>,
}

fn mine_options(args: &Args<'_>) -> Result<MineOptions, NodeError> {
    match args.opt::<Value>(0, "timestamp or options")? {
        None => Ok(MineOptions::default()),
        Some(Value::Object(options)) => {
            serde_json::from_value(Value::Object(options)).map_err(NodeError::invalid)
        }
        Some(_) => Ok(MineOptions {
            timestamp: args.opt(0, "timestamp")?,
            blocks: None,
        }),
    }
}

fn evm_mine(node: &Served, args: &Args<'_>) -> Result<u64, NodeError> {
    let options = mine_options(args)?;
    let blocks = options.blocks.map_or(Ok(1), Number::u64)?;
    if let Some(timestamp) = options.timestamp {
        let parent = node.chain.head()?.header.timestamp;
        node.clock.set_next(timestamp.u64()?, parent)?;
    }
    node.mine(blocks, None)?;
    Ok(blocks)
}

fn register_mining(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["evm_mine"], |node, args| {
        evm_mine(node, args)?;
        Ok("0x0")
    })?;
    change(module, &["anvil_mine", "hardhat_mine"], |node, args| {
        let blocks: Option<Number> = args.opt(0, "blocks")?;
        let interval: Option<Number> = args.opt(1, "interval")?;
        node.mine(
            blocks.map_or(Ok(1), Number::u64)?,
            interval.map(Number::u64).transpose()?,
        )?;
        Ok(())
    })?;
    method(
        module,
        &["evm_mine_detailed", "anvil_mine_detailed"],
        |node, args| {
            let from = node.chain.head()?.number() + 1;
            let blocks = evm_mine(node, args)?;
            let mined = (from..from.saturating_add(blocks))
                .filter_map(|number| node.chain.by_number(number).transpose());
            mined
                .map(|block| Ok(crate::convert::whole(&*block?, true)))
                .collect::<Result<Vec<_>, NodeError>>()
        },
    )?;
    method(
        module,
        &["anvil_getAutomine", "hardhat_getAutomine"],
        |node, _| Ok(node.automine()),
    )?;
    change(module, &["evm_setAutomine", "anvil_setAutomine"], |node, args| {
        node.set_automine(args.get(0, "on")?)?;
        Ok(())
    })?;
    method(
        module,
        &["anvil_getIntervalMining"],
        |node, _| Ok(node.interval()),
    )?;
    change(
        module,
        &["evm_setIntervalMining", "anvil_setIntervalMining"],
        |node, args| {
            let interval: Number = args.get(0, "seconds")?;
            let seconds = interval.u64()?;
            node.set_interval((seconds > 0).then_some(seconds));
            node.set_automine(false)?;
            Ok(())
        },
    )
}

fn register_time(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(
        module,
        &["evm_increaseTime", "anvil_increaseTime"],
        |node, args| {
            let seconds: Number = args.get(0, "seconds")?;
            Ok(node.clock.increase(seconds.u64()?))
        },
    )?;
    method(
        module,
        &["evm_setNextBlockTimestamp", "anvil_setNextBlockTimestamp"],
        |node, args| {
            let timestamp: Number = args.get(0, "timestamp")?;
            let parent = node.chain.head()?.header.timestamp;
            node.clock.set_next(timestamp.u64()?, parent)?;
            Ok(())
        },
    )?;
    method(module, &["evm_setTime", "anvil_setTime"], |node, args| {
        let timestamp: Number = args.get(0, "timestamp")?;
        // Milliseconds, as JavaScript has them, are years from now as seconds.
        let timestamp = timestamp.u64()?;
        let seconds = if timestamp >= 1 << 40 {
            timestamp / 1000
        } else {
            timestamp
        };
        Ok(node.clock.set(seconds))
    })?;
    method(module, &["anvil_setBlockTimestampInterval"], |node, args| {
        let seconds: Number = args.get(0, "seconds")?;
        node.clock.set_interval(Some(seconds.u64()?));
        Ok(())
    })?;
    method(module, &["anvil_removeBlockTimestampInterval"], |node, _| {
        let had = node.clock.shift().interval.is_some();
        node.clock.set_interval(None);
        Ok(had)
    })
}

fn register_block_settings(module: &mut Module) -> Result<(), RegisterMethodError> {
    change(
        module,
        &["anvil_setCoinbase", "hardhat_setCoinbase"],
        |node, args| {
            let address: Address = args.get(0, "address")?;
            node.set(|settings| settings.beneficiary = address);
            Ok(())
        },
    )?;
    method(
        module,
        &["evm_setBlockGasLimit", "anvil_setBlockGasLimit"],
        |node, args| {
            let gas: Number = args.get(0, "gas limit")?;
            let gas = gas.u64()?;
            if gas < 5000 || gas > i64::MAX as u64 {
                return Err(NodeError::invalid(
                    "a block's gas limit is from 5000 to 2^63 - 1 (EIP-1985)",
                ));
            }
            node.set(|settings| settings.gas_limit = gas);
            Ok(true)
        },
    )?;
    change(
        module,
        &[
            "anvil_setNextBlockBaseFeePerGas",
            "hardhat_setNextBlockBaseFeePerGas",
        ],
        |node, args| {
            let fee: Number = args.get(0, "base fee")?;
            let fee = fee.u64()?;
            node.set(|settings| settings.next_base_fee = Some(fee));
            Ok(())
        },
    )?;
    method(
        module,
        &["hardhat_setPrevRandao", "anvil_setPrevRandao"],
        |node, args| {
            let value: Slot = args.get(0, "PREVRANDAO")?;
            node.set(|settings| settings.next_prevrandao = Some(B256::from(value.0)));
            Ok(true)
        },
    )
}

fn register_info(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["anvil_nodeInfo"], |node, _| {
        let tip = node.chain.tip()?;
        let settings = node.settings();
        let header = crate::miner::template(&node.factory, &tip.block, &node.terms(&tip.block))?;
        let env = node.spec().evm_env(&header);
        Ok(json!({
            "currentBlockNumber": U64::from(tip.block.number()),
            "currentBlockTimestamp": tip.block.header.timestamp,
            "currentBlockHash": tip.block.hash,
            "hardFork": <&'static str>::from(env.cfg_env.spec).to_lowercase(),
            "transactionOrder": "fees",
            "environment": {
                "baseFee": U256::from(header.base_fee_per_gas.unwrap_or_default()),
                "chainId": node.spec().chain_id,
                "gasLimit": settings.gas_limit,
                "gasPrice": U256::from(u128::from(header.base_fee_per_gas.unwrap_or_default()) + crate::fees::TIP),
            },
            "forkConfig": {"forkUrl": null, "forkBlockNumber": null, "forkRetryBackoff": null},
            "network": node.spec().name,
        }))
    })?;
    method(module, &["anvil_metadata", "hardhat_metadata"], |node, _| {
        let head = node.chain.head()?;
        Ok(json!({
            "clientVersion": node.client_version,
            "clientSemver": env!("CARGO_PKG_VERSION"),
            "clientCommitSha": null,
            "chainId": node.spec().chain_id,
            // One a process: a client that finds another than before knows that the chain was begun anew.
            "instanceId": node.instance(),
            "latestBlockNumber": head.number(),
            "latestBlockHash": head.hash,
            "forkedNetwork": null,
            "snapshots": {},
        }))
    })
}
