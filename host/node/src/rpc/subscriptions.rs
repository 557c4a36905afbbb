//! `eth_subscribe`: news over a WebSocket.

use super::served::Module;
use crate::convert;
use crate::{error::NodeError, filters::logs_of, logs, node::News};
use alloy_rpc_types::{Filter, pubsub::SubscriptionKind};
use jsonrpsee::{
    PendingSubscriptionSink, SubscriptionMessage, SubscriptionSink,
    core::{RegisterMethodError, SubscriptionError, traits::IdProvider},
    types::{ErrorObjectOwned, Params, SubscriptionId},
};
use serde::Serialize;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// How long a client may take to read what was sent before its subscription ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ids of subscriptions as clients expect them: hexadecimal.
#[derive(Debug, Default)]
pub struct HexIds(AtomicU64);

impl IdProvider for HexIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        // No id is a secret: a subscription belongs to its connection.
        let id = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        SubscriptionId::Str(format!("{id:#x}").into())
    }
}

/// What is listened to.
#[derive(Debug)]
enum Wanted {
    Heads,
    Logs(Box<Filter>),
    Hashes,
    Transactions,
}

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending, served, _| async move {
            match wanted(&params) {
                Ok(wanted) => {
                    let news = served.node.listen();
                    serve(pending, news, wanted).await
                }
                Err(error) => {
                    pending.reject(ErrorObjectOwned::from(error)).await;
                    Ok(())
                }
            }
        },
    )?;
    Ok(())
}

fn wanted(params: &Params<'_>) -> Result<Wanted, NodeError> {
    let args = super::args::Args::new(params)?;
    match args.get(0, "what to listen to")? {
        SubscriptionKind::NewHeads => Ok(Wanted::Heads),
        SubscriptionKind::Logs => {
            let filter: Filter = args.opt(1, "filter")?.unwrap_or_default();
            logs::check(&filter)?;
            Ok(Wanted::Logs(Box::new(filter)))
        }
        SubscriptionKind::NewPendingTransactions => {
            let full: bool = args.opt(1, "full transactions")?.unwrap_or(false);
            Ok(if full {
                Wanted::Transactions
            } else {
                Wanted::Hashes
            })
        }
        other => Err(NodeError::Invalid(format!(
            "{other:?} is not served; newHeads, logs and newPendingTransactions are"
        ))),
    }
}

async fn serve(
    pending: PendingSubscriptionSink,
    mut news: Receiver<News>,
    wanted: Wanted,
) -> Result<(), SubscriptionError> {
    let sink = pending.accept().await?;
    loop {
        let event = tokio::select! {
            () = sink.closed() => return Ok(()),
            event = news.recv() => event,
        };
        let event = match event {
            Ok(event) => event,
            Err(RecvError::Closed) => return Ok(()),
            // Better to end than to leave something out unsaid.
            Err(RecvError::Lagged(lost)) => {
                return Err(
                    format!("the client reads too slowly: {lost} events are lost; subscribe again").into(),
                );
            }
        };
        for message in messages(&event, &wanted)? {
            send(&sink, message).await?;
        }
    }
}

fn messages(news: &News, wanted: &Wanted) -> Result<Vec<SubscriptionMessage>, SubscriptionError> {
    let one = |message: SubscriptionMessage| vec![message];
    Ok(match (wanted, news) {
        (Wanted::Heads, News::Block(block)) => one(message(&convert::header(block))?),
        (Wanted::Hashes, News::Transaction(transaction)) => one(message(transaction.hash())?),
        (Wanted::Transactions, News::Transaction(transaction)) => {
            one(message(&convert::waiting(transaction.as_ref().clone()))?)
        }
        (Wanted::Logs(filter), news) => {
            let found = logs_of(news, filter);
            found.iter().map(message).collect::<Result<_, _>>()?
        }
        _ => Vec::new(),
    })
}

fn message(value: &impl Serialize) -> Result<SubscriptionMessage, SubscriptionError> {
    Ok(SubscriptionMessage::from(serde_json::value::to_raw_value(value)?))
}

async fn send(sink: &SubscriptionSink, message: SubscriptionMessage) -> Result<(), SubscriptionError> {
    sink.send_timeout(message, PATIENCE).await?;
    Ok(())
}
