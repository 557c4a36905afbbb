//! The `metisvm` command and its composition root: here, and only here, cards, models and backends are
//! chosen and put together.

pub mod args;
pub mod bundled;
pub mod card_link;
pub mod card_problems;
pub mod card_report;
pub mod card_work;
pub mod cards;
pub mod commands;
pub mod composition;
pub mod counted_cpu;
pub mod cpu_time;
pub mod datadir;
pub mod doctor;
pub mod engine;
pub mod error;
pub mod fault;
pub mod files;
mod fpga_cards;
pub mod hashing;
pub mod inputs;
pub mod line_queue;
pub mod models;
pub mod node;
pub mod node_client;
pub mod node_url;
pub mod output;
pub mod own_memory;
pub mod peak_memory;
pub mod progress;
pub mod proofs;
pub mod slot_report;
pub mod templates;
pub mod tokenizer;
pub mod user_cache;
pub mod validation;
pub mod verifying_keys;
