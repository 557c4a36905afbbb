//! Who runs when: so that no client's long requests keep those of others, or a block, from running.
//!
//! Requests that execute much take turns among their like, and wait without a thread. What is quick never waits for
//! them. A batch and a WebSocket have bounds of their own: a batch runs one request after the other and only so long,
//! and of what comes over a WebSocket so much runs at a time.

use jsonrpsee::{
    BatchResponseBuilder, MethodResponse,
    server::middleware::rpc::{Batch, BatchEntry, Notification, RpcServiceT},
    types::{ErrorObjectOwned, Request, error::METHOD_NOT_FOUND_CODE},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use tower::Layer;

/// What EIP-1474 has for a request beyond a limit.
const LIMIT_EXCEEDED: i32 = -32005;
/// How long the requests of one batch may run together.
const BATCH: Duration = Duration::from_secs(60);
/// So many requests of a WebSocket run at a time.
const OF_A_SOCKET: usize = 64;

/// The places of those who execute much.
#[derive(Debug)]
struct Places {
    /// Traces and searches: each may take hundreds of megabytes.
    large: Semaphore,
    /// Calls: each may keep a core busy for seconds.
    calls: Semaphore,
    /// What changes the chain: one at a time does, the others wait with a thread each.
    changes: Semaphore,
}

impl Places {
    fn of(&self, method: &str) -> Option<&Semaphore> {
        match method {
            "eth_getLogs" | "eth_getFilterLogs" | "txpool_content" => Some(&self.large),
            "eth_call"
            | "eth_estimateGas"
            | "eth_createAccessList"
            | "eth_simulateV1"
            | "eth_fillTransaction" => Some(&self.calls),
            _ => {
                let (group, rest) = method.split_once('_')?;
                match group {
                    "debug" if rest.starts_with("trace") => Some(&self.large),
                    "eth" if rest.starts_with("send") => Some(&self.changes),
                    "evm" | "anvil" | "hardhat" | "metis" => Some(&self.changes),
                    _ => None,
                }
            }
        }
    }
}

/// Puts turns before the methods.
#[derive(Debug, Clone)]
pub(crate) struct TurnsLayer {
    places: Arc<Places>,
    longest_answer: usize,
    /// How long the requests of one batch may run together.
    batch: Duration,
    /// Whether news can be sent at any time: over a WebSocket, and not in answer to a request of HTTP.
    news: bool,
}

impl TurnsLayer {
    /// Turns on a machine of so many cores, with batches whose answers have so many bytes at most.
    pub(crate) fn new(cores: usize, longest_answer: u32) -> Self {
        Self {
            places: Arc::new(Places {
                large: Semaphore::new(2),
                calls: Semaphore::new((2 * cores).clamp(4, 32)),
                changes: Semaphore::new(16),
            }),
            longest_answer: longest_answer as usize,
            batch: BATCH,
            news: false,
        }
    }

    /// The same turns for WebSockets, whose batches are answered with other lengths.
    pub(crate) fn of_sockets(&self, longest_answer: u32) -> Self {
        Self {
            longest_answer: longest_answer as usize,
            news: true,
            ..self.clone()
        }
    }
}

impl<S> Layer<S> for TurnsLayer {
    type Service = Turns<S>;

    fn layer(&self, inner: S) -> Turns<S> {
        Turns {
            inner: Arc::new(inner),
            layer: self.clone(),
            own: Arc::new(Semaphore::new(OF_A_SOCKET)),
        }
    }
}

/// The methods with turns before them: those of one HTTP request, or of one WebSocket.
#[derive(Debug)]
pub(crate) struct Turns<S> {
    inner: Arc<S>,
    layer: TurnsLayer,
    own: Arc<Semaphore>,
}

// Derived, it would ask for methods that can be cloned.
impl<S> Clone for Turns<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
            own: self.own.clone(),
        }
    }
}

impl<S> RpcServiceT for Turns<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type BatchResponse = MethodResponse;
    type NotificationResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            if !this.layer.news && matches!(request.method_name(), "eth_subscribe" | "eth_unsubscribe") {
                let problem = "notifications not supported over HTTP: connect a WebSocket to the same address, or poll a \
                               filter (eth_newFilter, eth_newBlockFilter)";
                let error = ErrorObjectOwned::owned(METHOD_NOT_FOUND_CODE, problem, None::<()>);
                return MethodResponse::error(request.id().into_owned(), error);
            }
            // None of the semaphores is ever closed, so an error would be no reason not to answer.
            let _own = this.own.acquire().await;
            let _place = match this.layer.places.of(request.method_name()) {
                Some(places) => Some(places.acquire().await),
                None => None,
            };
            this.inner.call(request).await
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let begun = Instant::now();
            let mut answers = BatchResponseBuilder::new_with_limit(this.layer.longest_answer);
            let mut notified = false;
            for entry in batch {
                let answer = match entry {
                    Ok(BatchEntry::Call(request)) if begun.elapsed() > this.layer.batch => {
                        let seconds = this.layer.batch.as_secs();
                        let problem = format!(
                            "the requests of this batch before this one took {seconds} seconds, which is the most; send \
                             smaller batches"
                        );
                        let error = ErrorObjectOwned::owned(LIMIT_EXCEEDED, problem, None::<()>);
                        MethodResponse::error(request.id().into_owned(), error)
                    }
                    Ok(BatchEntry::Call(request)) => this.call(request).await,
                    Ok(BatchEntry::Notification(notification)) => {
                        notified = true;
                        this.inner.notification(notification).await;
                        continue;
                    }
                    Err(wrong) => {
                        let (error, id) = wrong.into_parts();
                        MethodResponse::error(id, error)
                    }
                };
                if let Err(too_long) = answers.append(answer) {
                    return too_long;
                }
            }
            if answers.is_empty() && notified {
                return MethodResponse::notification();
            }
            MethodResponse::from_batch(answers.finish())
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move { this.inner.notification(notification).await }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_executes_much_takes_turns_and_what_is_quick_does_not() {
        let layer = TurnsLayer::new(1, 1);
        let places = |method| layer.places.of(method).map(Semaphore::available_permits);
        for (method, expected) in [
            ("debug_traceTransaction", Some(2)),
            ("debug_getRawBlock", None),
            ("eth_getLogs", Some(2)),
            ("eth_call", Some(4)),
            ("eth_sendRawTransaction", Some(16)),
            ("hardhat_mine", Some(16)),
            ("eth_blockNumber", None),
            ("nonsense", None),
        ] {
            assert_eq!(places(method), expected, "{method}");
        }
    }

    /// Methods that take their time.
    struct Slow;

    impl RpcServiceT for Slow {
        type MethodResponse = MethodResponse;
        type BatchResponse = MethodResponse;
        type NotificationResponse = MethodResponse;

        fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
            let slow = tokio::time::sleep(Duration::from_millis(60));
            async move {
                slow.await;
                let payload = jsonrpsee::ResponsePayload::success(true);
                MethodResponse::response(request.id().into_owned(), payload, 1000)
            }
        }

        fn batch<'a>(&self, _: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
            std::future::ready(MethodResponse::notification())
        }

        fn notification<'a>(&self, _: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
            std::future::ready(MethodResponse::notification())
        }
    }

    #[test]
    fn a_batch_runs_only_so_long_and_says_so_of_the_rest() {
        let layer = TurnsLayer {
            batch: Duration::from_millis(100),
            ..TurnsLayer::new(1, 1 << 20)
        };
        let turns = layer.layer(Slow);
        let requests = (0..4).map(|id| {
            let request = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"eth_call"}}"#);
            Ok(BatchEntry::Call(
                serde_json::from_str::<Request<'_>>(Box::leak(request.into_boxed_str())).unwrap(),
            ))
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let answer = runtime.block_on(turns.batch(Batch::from(requests.collect())));
        let answers: serde_json::Value = serde_json::from_str(answer.as_json().get()).unwrap();
        let codes: Vec<_> = (0..4).map(|at| answers[at]["error"]["code"].as_i64()).collect();
        assert_eq!(codes, [None, None, Some(-32005), Some(-32005)], "{answers}");
        assert_eq!(answers[3]["id"], 3);
    }
}
