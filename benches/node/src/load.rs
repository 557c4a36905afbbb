//! The load, one kind after the other on a node that has just started.

use crate::connection::{Connection, check, request};
use crate::error::Error;
use crate::measures::Measures;
use crate::server::Server;
use crate::wallet::Wallet;
use alloy_primitives::{Address, U256, hex, keccak256};
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// Connections that call at the same time.
const CALLERS: u32 = 4;
/// Transactions of a batch.
const BATCH: usize = 100;
/// Batches of which a block is made: they fit into one of 30 million gas.
const BATCHES_OF_A_BLOCK: usize = 10;
/// How long a node is left alone before its memory is looked at.
const IDLE: Duration = Duration::from_secs(1);
/// How often it is looked whether all is mined.
const LOOK: Duration = Duration::from_millis(2);
/// How long transactions that were taken may take to be mined.
const MINED_SECONDS: u64 = 60;
/// How long transactions wait before a block is asked for.
const STALLED: Duration = Duration::from_secs(2);
/// How long nothing of an account is mined before what is missing counts as lost.
const LOST: Duration = Duration::from_secs(10);
/// A call that both nodes execute alike: a token's balance.
const TOKEN: &str = include_str!("../../../contracts/artifacts/Token.json");

/// How much load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount {
    /// Transactions that are sent one a request, and again in batches.
    pub(crate) transactions: u32,
    /// Calls.
    pub(crate) calls: u32,
    /// Transactions that are sent one after the other.
    pub(crate) latencies: u32,
}

/// Puts all load on a node that has just started.
pub(crate) fn measure(server: &Server, cold_start: Duration, amount: Amount) -> Result<Measures, Error> {
    thread::sleep(IDLE);
    let idle = server.memory()?;
    let mut connection = Connection::open(server.address)?;
    let chain_id = connection.number("eth_chainId", &json!([]))?;
    // One account, and one connection that sends: with more of them anvil 1.7.1 may stop mining for good.
    let mut wallet = Wallet::new(chain_id)?;

    let token = deploy(&mut connection, &mut wallet)?;
    let (calls, calls_per_cpu) = calls(server, token, wallet.address(), amount.calls)?;
    let receipt = latency(&mut connection, &mut wallet, amount.latencies)?;
    let mined_singly = mined(server, &mut wallet, amount.transactions, Way::Singly)?;
    let mined_in_batches = mined(server, &mut wallet, amount.transactions, Way::Batches)?;
    let mined_in_blocks = mined(server, &mut wallet, amount.transactions, Way::Blocks)?;
    let started = Instant::now();
    connection.ask("hardhat_mine", &json!(["0x3e8"]))?;
    let mine = started.elapsed();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    Ok(Measures {
        cold_start_ms: ms(cold_start),
        idle_mb: idle as f64 / 1e6,
        receipt_ms: ms(receipt),
        mined_singly,
        mined_in_batches,
        mined_in_blocks,
        calls,
        calls_per_cpu,
        mine_ms: ms(mine),
        loaded_mb: server.memory()? as f64 / 1e6,
    })
}

/// Deploys the token, and gives its address.
fn deploy(connection: &mut Connection, wallet: &mut Wallet) -> Result<Address, Error> {
    let artefact: Value =
        serde_json::from_str(TOKEN).map_err(|error| Error::Answer(format!("Token.json: {error}")))?;
    let code = artefact["bytecode"].as_str().unwrap_or_default();
    let code = hex::decode(code).map_err(|error| Error::Answer(format!("Token.json: {error}")))?;
    let address = wallet.address().create(wallet.nonce());
    let raw = wallet.deployment([code, constructor_arguments()].concat().into())?;
    let hash = connection.ask("eth_sendRawTransaction", &json!([raw]))?;
    let receipt = receipt(connection, &hash)?;
    if receipt["status"] == "0x1" {
        return Ok(address);
    }
    Err(Error::Refused {
        method: "deployment of Token",
        answer: receipt.to_string(),
    })
}

/// Name, symbol and decimals of the token.
fn constructor_arguments() -> Vec<u8> {
    let number = |value: u64| U256::from(value).to_be_bytes::<32>();
    let mut words = vec![number(0x60), number(0xa0), number(18)];
    for text in ["Token", "TKN"] {
        words.push(number(text.len() as u64));
        let mut padded = [0; 32];
        padded[..text.len()].copy_from_slice(text.as_bytes());
        words.push(padded);
    }
    words.concat()
}

/// Asks for a receipt until there is one.
fn receipt(connection: &mut Connection, hash: &Value) -> Result<Value, Error> {
    let started = Instant::now();
    loop {
        let receipt = connection.ask("eth_getTransactionReceipt", &json!([hash]))?;
        if !receipt.is_null() {
            return Ok(receipt);
        }
        if started.elapsed().as_secs() > MINED_SECONDS {
            return Err(Error::NotMined {
                missing: 1,
                seconds: MINED_SECONDS,
            });
        }
    }
}

/// Calls answered in a second, and for each second of the node's processor time.
fn calls(server: &Server, token: Address, owner: Address, count: u32) -> Result<(f64, f64), Error> {
    let mut data = keccak256("balanceOf(address)")[..4].to_vec();
    data.extend(owner.into_word());
    let call = json!([{"to": token, "data": hex::encode_prefixed(&data)}, "latest"]);
    let body = request("eth_call", &call);
    let each = count / CALLERS;
    let before = server.cpu_seconds()?;
    let started = Instant::now();
    together(server, (0..CALLERS).map(|_| &body), |connection, body| {
        for _ in 0..each {
            check("eth_call", &connection.post(body)?)?;
        }
        Ok(())
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu = server.cpu_seconds()? - before;
    let answered = f64::from(each * CALLERS);
    Ok((answered / seconds, answered / cpu))
}

/// The median of the times from sending a transaction to having its receipt.
fn latency(connection: &mut Connection, wallet: &mut Wallet, count: u32) -> Result<Duration, Error> {
    let mut times = Vec::new();
    for raw in wallet.transfers(count)? {
        let started = Instant::now();
        let hash = connection.ask("eth_sendRawTransaction", &json!([raw]))?;
        receipt(connection, &hash)?;
        times.push(started.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}

/// How transactions are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// One a request, mined at once.
    Singly,
    /// A batch a request, mined at once.
    Batches,
    /// A batch a request, mined when a block of several batches is asked for.
    Blocks,
}

/// Transactions mined for each second of the node's processor time.
fn mined(server: &Server, wallet: &mut Wallet, count: u32, way: Way) -> Result<f64, Error> {
    let batch = if way == Way::Singly { 1 } else { BATCH };
    let requests = requests(&wallet.transfers(count)?, batch);
    let mut connection = Connection::open(server.address)?;
    let at_once = |connection: &mut Connection, on: bool| connection.ask("evm_setAutomine", &json!([on]));
    if way == Way::Blocks {
        at_once(&mut connection, false)?;
    }
    let before = server.cpu_seconds()?;
    for block in requests.chunks(BATCHES_OF_A_BLOCK) {
        for request in block {
            check("eth_sendRawTransaction", &connection.post(request)?)?;
        }
        if way == Way::Blocks {
            connection.ask("evm_mine", &json!([]))?;
        }
    }
    let (lost, after) = wait_until_mined(server, &mut connection, wallet)?;
    if way == Way::Blocks {
        at_once(&mut connection, true)?;
    }
    if lost > 0 {
        eprintln!("{lost} of {count} transactions were taken and never mined; they are not counted");
    }
    Ok((f64::from(count) - lost as f64) / (after - before))
}

/// Requests that send these transactions.
fn requests(transactions: &[String], batch: usize) -> Vec<String> {
    let one = |raw: &String| request("eth_sendRawTransaction", &json!([raw]));
    transactions
        .chunks(batch)
        .map(|chunk| match chunk {
            [raw] => one(raw),
            several => format!("[{}]", several.iter().map(one).collect::<Vec<_>>().join(",")),
        })
        .collect()
}

/// Waits until an account's transactions are in blocks, and says how many never come there, and what processor time the
/// node had had when the last one came.
fn wait_until_mined(
    server: &Server,
    connection: &mut Connection,
    wallet: &mut Wallet,
) -> Result<(u64, f64), Error> {
    let params = json!([wallet.address(), "latest"]);
    let mut cpu = server.cpu_seconds()?;
    let mut mined = 0;
    let mut progress = Instant::now();
    let mut nudged = progress;
    loop {
        let now = connection.number("eth_getTransactionCount", &params)?;
        if now > mined {
            mined = now;
            progress = Instant::now();
            cpu = server.cpu_seconds()?;
        }
        if mined == wallet.nonce() {
            return Ok((0, cpu));
        }
        if progress.elapsed() > LOST {
            let lost = wallet.nonce().saturating_sub(mined);
            // Those that wait for one that is lost would wait for ever.
            connection.ask("anvil_dropAllTransactions", &json!([]))?;
            wallet.resume(mined);
            return Ok((lost, cpu));
        }
        // anvil may forget that there is something to mine.
        if progress.elapsed() > STALLED && nudged.elapsed() > STALLED {
            connection.ask("evm_mine", &json!([]))?;
            nudged = Instant::now();
        }
        thread::sleep(LOOK);
    }
}

/// Does something on several connections at once.
fn together<T: Send>(
    server: &Server,
    inputs: impl Iterator<Item = T>,
    work: impl Fn(&mut Connection, T) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = inputs
            .map(|input| scope.spawn(move || work(&mut Connection::open(server.address)?, input)))
            .collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}
