//! A case as text, for the message of a test that fails.

use super::{
    engine::Case,
    plan::{Code, Envelope},
};
use alloy_consensus::Transaction;
use core::fmt;

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = &self.plan;
        let header = &plan.header;
        writeln!(f, "chain: {}", plan.chain)?;
        writeln!(
            f,
            "block {}: beneficiary {}, gas limit {}, base fee {:?}, excess blob gas {:?}, time {}",
            header.number,
            header.beneficiary,
            header.gas_limit,
            header.base_fee_per_gas,
            header.excess_blob_gas,
            header.timestamp
        )?;
        for ommer in &plan.ommers {
            writeln!(f, "ommer {} of {}", ommer.number, ommer.beneficiary)?;
        }
        for one in &plan.withdrawals {
            writeln!(f, "withdrawal of {} gwei to {}", one.amount, one.address)?;
        }
        for (address, account) in &plan.accounts {
            write!(f, "{address}: {} wei, nonce {}", account.balance, account.nonce)?;
            if !account.storage.is_empty() {
                write!(f, ", slots {:?}", account.storage)?;
            }
            writeln!(f)?;
            show_code(f, &account.code)?;
        }
        for (index, (settled, plan)) in self.transactions.iter().zip(&plan.transactions).enumerate() {
            write!(
                f,
                "transaction {index}: from {}, nonce {}, gas {}, fee {}/{}, ",
                plan.sender,
                settled.nonce(),
                settled.gas_limit(),
                plan.max_fee,
                plan.tip
            )?;
            match plan.to {
                Some(to) => write!(f, "to {to}")?,
                None => write!(f, "creates")?,
            }
            write!(f, ", value {}", plan.value)?;
            match &plan.envelope {
                Envelope::SetCode(_) => {
                    for one in settled.authorization_list().unwrap_or_default() {
                        let authority = one.recover_authority().ok();
                        write!(
                            f,
                            ", {authority:?} delegates to {} (chain {}, nonce {})",
                            one.address, one.chain_id, one.nonce
                        )?;
                    }
                }
                other => write!(f, ", {other:?}")?,
            }
            if !plan.access_list.is_empty() {
                write!(f, ", access list {:?}", plan.access_list)?;
            }
            writeln!(f)?;
            show_code(f, &plan.input)?;
        }
        Ok(())
    }
}

fn show_code(f: &mut fmt::Formatter<'_>, code: &Code) -> fmt::Result {
    match code {
        Code::Bytes(bytes) if bytes.is_empty() => Ok(()),
        Code::Bytes(bytes) if bytes.len() > 256 => writeln!(f, "    {} bytes", bytes.len()),
        Code::Bytes(bytes) => writeln!(f, "    {bytes}"),
        Code::Program(program) => {
            for statement in program {
                writeln!(f, "    {statement:?}")?;
            }
            writeln!(f, "    = {}", code.bytes())
        }
    }
}
