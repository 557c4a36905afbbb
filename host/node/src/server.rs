//! Serving: one port for HTTP, WebSocket and the figures.

use crate::{
    figures,
    guard::{Access, GuardLayer},
    node::Node,
    rpc::{self, HexIds},
};
use jsonrpsee::server::{BatchRequestConfig, PingConfig, Server, ServerConfig, ServerHandle};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// What a client may ask for at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request. A bundle of a model is sent as one.
    pub request_bytes: u32,
    /// Bytes of an answer.
    pub response_bytes: u32,
    /// Requests of a batch.
    pub batch: u32,
    /// Connections at a time.
    pub connections: u32,
    /// Subscriptions of a connection.
    pub subscriptions: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 32 << 20,
            response_bytes: 256 << 20,
            batch: 1000,
            connections: 2000,
            subscriptions: 1000,
        }
    }
}

/// How often what is measured is made small.
const UPKEEP: Duration = Duration::from_secs(10);
/// How long a client may take to say what it wants.
const FIRST_REQUEST: Duration = Duration::from_secs(10);

/// A node that serves.
#[derive(Debug)]
pub struct Serving {
    /// Where.
    pub address: SocketAddr,
    handle: ServerHandle,
}

impl Serving {
    /// Stops: connections end once their requests are answered.
    pub async fn stop(self) {
        // An error says that it has stopped already.
        let _ = self.handle.stop();
        self.handle.stopped().await;
    }
}

/// Serves a node until it is stopped. Mines the blocks that come by themselves.
///
/// # Errors
/// If the address cannot be listened on.
pub async fn serve(
    node: Arc<Node>,
    address: SocketAddr,
    access: Access,
    limits: Limits,
) -> io::Result<Serving> {
    figures::begin();
    let config = ServerConfig::builder()
        .max_request_body_size(limits.request_bytes)
        .max_response_body_size(limits.response_bytes)
        .max_connections(limits.connections)
        .max_subscriptions_per_connection(limits.subscriptions)
        .set_batch_request_config(BatchRequestConfig::Limit(limits.batch))
        .set_id_provider(HexIds::default())
        .set_tcp_no_delay(true)
        .set_first_request_timeout(Some(FIRST_REQUEST))
        .enable_ws_ping(PingConfig::new())
        .build();
    let origins = access.clone();
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| {
            origin.to_str().is_ok_and(|origin| origins.is_origin(origin))
        }))
        .allow_methods([http::Method::POST, http::Method::GET])
        .allow_headers([http::header::CONTENT_TYPE]);
    let middleware = tower::ServiceBuilder::new()
        .layer(GuardLayer::new(access))
        .layer(cors);
    let server = Server::builder()
        .set_config(config)
        .set_http_middleware(middleware)
        .build(address)
        .await?;
    let address = server.local_addr()?;
    let module = rpc::module(node.clone()).map_err(io::Error::other)?;
    let handle = server.start(module);
    let stopped = handle.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = stopped.stopped() => {}
            () = mine_by_time(node) => {}
            () = upkeep() => {}
        }
    });
    Ok(Serving { address, handle })
}

/// Mines a block whenever the interval has passed.
async fn mine_by_time(node: Arc<Node>) {
    loop {
        let Some(seconds) = node.interval() else {
            node.interval_changed().await;
            continue;
        };
        tokio::select! {
            () = node.interval_changed() => {}
            () = tokio::time::sleep(Duration::from_secs(seconds)) => {
                let node = node.clone();
                let mined = tokio::task::spawn_blocking(move || node.mine_one()).await;
                if let Ok(Err(error)) = mined {
                    tracing::error!(%error, "no block");
                }
            }
        }
    }
}

async fn upkeep() {
    loop {
        tokio::time::sleep(UPKEEP).await;
        figures::keep_small();
    }
}
