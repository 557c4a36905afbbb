//! `metisvm device examine`: what a card says of itself. Registers are read, and nothing is written to them.

use super::refused::refused;
use crate::args::{Card, OneCard as Args};
use crate::card_link::CardLink;
use crate::error::CliError;
use crate::output::{self, thousands};
use crate::{card_problems, cards, slot_report};
use metisvm_driver::card_counters::{BUS, CARD, ENGINE};
use metisvm_driver::vfio::{Kernel, Slot};
use metisvm_driver::{Glance, Identity};
use metisvm_firmware::registers::{CardState, QueueState, features};
use serde_json::{Value, json};

/// Features with their names.
const FEATURES: [(u64, &str); 4] = [
    (features::TENSOR, "tensor"),
    (features::KECCAK, "keccak"),
    (features::STORE_ACCUMULATORS, "store_accumulators"),
    (features::COUNTERS, "counters"),
];

/// What was found.
struct Examined {
    title: String,
    slot: Option<Slot>,
    identity: Option<Identity>,
    glance: Glance,
}

pub(super) fn run(args: &Args) -> Result<bool, CliError> {
    let title = cards::title(&args.card);
    let link = CardLink::open(&args.card).map_err(|why| refused(&title, args.json, CliError::Card(why)))?;
    let glance = match Glance::of(link.registers()) {
        Ok(glance) => glance,
        Err(problem) => {
            let card = title.clone();
            return Err(refused(&title, args.json, CliError::NoAnswer { card, problem }));
        }
    };
    let slot = match args.card {
        Card::Vfio(bdf) => Kernel::default().slot(bdf),
        _ => None,
    };
    let examined = Examined {
        title,
        slot,
        identity: link.identity().copied(),
        glance,
    };
    if args.json {
        output::json(&examined.json())?;
    } else {
        examined.show()?;
    }
    Ok(card_problems::of(&examined.glance).is_empty())
}

impl Examined {
    fn json(&self) -> Value {
        let Glance {
            abi,
            status,
            boot_nonce,
            capabilities: card,
            queues,
            ..
        } = &self.glance;
        let shape = card.geometry;
        let mut object = json!({
            "card": self.title,
            "function": self.slot.as_ref().map(slot_report::json)
                .or_else(|| self.identity.as_ref().map(slot_report::identity_json)),
            "abi": format!("{}.{}", abi.0, abi.1),
            "build_id": format!("{:08x}", card.build_id),
            "status": state(*status),
            "in_use": *boot_nonce != 0,
            "boot_nonce": boot_nonce,
            "features": features_of(card.features),
            "tile_rows": shape.tile_rows,
            "tile_cols": shape.tile_cols,
            "tile_depth": shape.tile_depth,
            "a_tiles": shape.a_tiles,
            "b_tiles": shape.b_tiles,
            "acc_tiles": shape.acc_tiles,
            "param_entries": shape.param_entries,
            "table_count": shape.table_count,
            "card_memory_bytes": card.card_memory_bytes,
            "max_handles": card.max_handles,
            "max_queue_entries": card.max_queue_entries,
            "max_program_instructions": card.max_program_instructions,
            "max_batch": card.max_batch,
            "max_input_bytes": card.max_input_bytes,
            "max_output_bytes": card.max_output_bytes,
            "keccak_max_messages": card.keccak_max_messages,
            "keccak_max_bytes": card.keccak_max_bytes,
            "work_budget": card.work_budget,
            "clock_khz": card.clock_khz,
            "queues": queues.iter().map(|&state| queue(state)).collect::<Vec<_>>(),
            "counters": Value::Null,
            "problems": card_problems::of(&self.glance),
        });
        if let Some(counters) = &self.glance.counters {
            let named = CARD.iter().chain(&BUS).chain(&ENGINE);
            let named = named.map(|name| (name.key.to_owned(), json!(counters.get(name.index))));
            object["counters"] = Value::Object(named.collect());
        }
        object
    }

    fn show(&self) -> Result<(), CliError> {
        let Glance {
            abi,
            status,
            boot_nonce,
            capabilities: card,
            ..
        } = &self.glance;
        let shape = card.geometry;
        let mut table = output::table(&["card", &self.title]);
        if let Some(identity) = &self.identity {
            let (vendor, device) = identity.subsystem;
            table.add_row([
                "function",
                &format!("{identity}, subsystem {vendor:04x}:{device:04x}"),
            ]);
            table.add_row(["kind", slot_report::kind(identity)]);
        }
        if let Some(slot) = &self.slot {
            table.add_row(["driver", slot.driver.as_deref().unwrap_or("none")]);
            table.add_row(["IOMMU group", &slot_report::group(slot.group.as_ref())]);
            table.add_row(["link", &slot_report::link(slot.link.as_ref())]);
            let errors = &slot.errors;
            for (name, count) in [
                ("link errors, made good", errors.correctable),
                ("link errors, not fatal", errors.non_fatal),
                ("link errors, fatal", errors.fatal),
            ] {
                if let Some(count) = count {
                    table.add_row([name, &thousands(count)]);
                }
            }
        }
        table.add_row(["ABI", &format!("{}.{}", abi.0, abi.1)]);
        table.add_row(["build", &format!("{:08x}", card.build_id)]);
        table.add_row(["status", &state(*status)]);
        let user = match boot_nonce {
            0 => "by no host since its last reset".to_owned(),
            nonce => format!("by the host with boot nonce {nonce:#010x}"),
        };
        table.add_row(["used", &user]);
        table.add_row(["features", &features_of(card.features).join(", ")]);
        if card.features & features::TENSOR != 0 {
            let tiles = format!("{}×{}×{}", shape.tile_rows, shape.tile_cols, shape.tile_depth);
            table.add_row(["tiles (R×C×D)", &tiles]);
            let scratchpads =
                [shape.a_tiles, shape.b_tiles, shape.acc_tiles].map(|tiles| thousands(tiles.into()));
            table.add_row(["A, B, ACC", &format!("{} tiles", scratchpads.join(", "))]);
            table.add_row(["records", &thousands(shape.param_entries.into())]);
            table.add_row(["tables", &thousands(shape.table_count.into())]);
            table.add_row([
                "longest program",
                &format!("{} instructions", thousands(card.max_program_instructions.into())),
            ]);
            let items = [card.max_batch, card.max_input_bytes, card.max_output_bytes]
                .map(|most| thousands(most.into()));
            table.add_row([
                "items of a job",
                &format!("{}, of {} bytes in and {} out", items[0], items[1], items[2]),
            ]);
            table.add_row([
                "budget of a job",
                &format!("{} units of work", thousands(card.work_budget)),
            ]);
        }
        if card.features & features::KECCAK != 0 {
            let (messages, bytes) = (card.keccak_max_messages, card.keccak_max_bytes);
            table.add_row([
                "Keccak batch",
                &format!(
                    "{} messages, {} bytes",
                    thousands(messages.into()),
                    thousands(bytes.into())
                ),
            ]);
        }
        table.add_row([
            "card memory",
            &format!(
                "{} bytes, {} handles",
                thousands(card.card_memory_bytes),
                card.max_handles
            ),
        ]);
        let queues = format!(
            "{} of {} entries",
            self.glance.queues.len(),
            thousands(card.max_queue_entries.into())
        );
        table.add_row(["queues", &queues]);
        let running = self
            .glance
            .queues
            .iter()
            .filter(|&&state| QueueState::from_bits(state) == Some(QueueState::Running));
        table.add_row(["queues at work", &running.count().to_string()]);
        table.add_row(["clock", &format!("{:.1} MHz", f64::from(card.clock_khz) / 1e3)]);
        if let Some(counters) = &self.glance.counters {
            for name in CARD.iter().chain(&BUS).chain(&ENGINE) {
                table.add_row([name.text, &thousands(counters.get(name.index))]);
            }
        }
        output::line(&table.to_string())?;
        for problem in card_problems::of(&self.glance) {
            output::line(&format!("problem: {problem}"))?;
        }
        Ok(())
    }
}

fn features_of(bits: u64) -> Vec<String> {
    let known = FEATURES.iter().filter(|(bit, _)| bits & bit != 0);
    let mut names: Vec<String> = known.map(|(_, name)| (*name).to_owned()).collect();
    let unknown = FEATURES.iter().fold(bits, |bits, (bit, _)| bits & !bit);
    if unknown != 0 {
        names.push(format!("unknown {unknown:#x}"));
    }
    names
}

/// STATUS in words.
pub(super) fn state(status: u32) -> String {
    match CardState::from_bits(status) {
        Some(CardState::Ready) => "ready".to_owned(),
        Some(CardState::Resetting) => "resetting".to_owned(),
        Some(CardState::Fatal) => "fatal".to_owned(),
        None => format!("{status:#x}"),
    }
}

fn queue(state: u32) -> String {
    match QueueState::from_bits(state) {
        Some(QueueState::Disabled) => "disabled".to_owned(),
        Some(QueueState::Running) => "running".to_owned(),
        Some(QueueState::InvalidConfiguration) => "stopped: invalid configuration".to_owned(),
        Some(QueueState::DmaFault) => "stopped: DMA fault".to_owned(),
        None => format!("{state:#x}"),
    }
}
