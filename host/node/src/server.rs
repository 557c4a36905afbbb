//! Serving: one port for HTTP, WebSocket and the figures.

use crate::{
    connections, figures,
    guard::{Access, GuardLayer},
    intake::IntakeLayer,
    node::Node,
    rpc::{self, HexIds},
    turns::TurnsLayer,
};
use jsonrpsee::server::{
    BatchRequestConfig, HttpRequest, PingConfig, Server, ServerConfig, ServerHandle,
    middleware::rpc::RpcServiceBuilder, stop_channel,
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// What a client may ask for at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request. A bundle of a model is sent as one.
    pub request_bytes: u32,
    /// Bytes of an answer.
    pub response_bytes: u32,
    /// Bytes of an answer over a WebSocket, where several can be under way.
    pub socket_response_bytes: u32,
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
            socket_response_bytes: 64 << 20,
            batch: 1000,
            connections: 2000,
            subscriptions: 1000,
        }
    }
}

/// How often what is measured is made small.
const UPKEEP: Duration = Duration::from_secs(10);
/// Answers and news that wait for a WebSocket to take them.
const WAITING: u32 = 64;

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
    figures::begin(node.factory.jit());
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let module = rpc::module(node.clone()).map_err(io::Error::other)?;
    let (stop, handle) = stop_channel();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let turns = TurnsLayer::new(cores, limits.response_bytes);
    let socket_turns = turns.of_sockets(limits.socket_response_bytes);
    let origins = access.clone();
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| {
            origin.to_str().is_ok_and(|origin| origins.is_origin(origin))
        }))
        .allow_methods([http::Method::POST, http::Method::GET])
        .allow_headers([http::header::CONTENT_TYPE]);
    let middleware = tower::ServiceBuilder::new()
        .layer(GuardLayer::new(access))
        .layer(cors)
        .layer(IntakeLayer::new(limits.request_bytes));
    let methods = |longest_answer: u32, turns: TurnsLayer| {
        Server::builder()
            .set_config(config(&limits, longest_answer))
            .set_rpc_middleware(RpcServiceBuilder::new().layer(turns))
            .to_service_builder()
    };
    let requests = methods(limits.response_bytes, turns);
    let sockets = methods(limits.socket_response_bytes, socket_turns);
    let stopping = stop.clone();
    let service = move || {
        let requests = requests.clone().build(module.clone(), stopping.clone());
        let sockets = sockets.clone().build(module.clone(), stopping.clone());
        let service = tower::service_fn(move |request: HttpRequest| {
            let mut service = if is_upgrade(&request) {
                sockets.clone()
            } else {
                requests.clone()
            };
            tower::Service::call(&mut service, request)
        });
        middleware.clone().service(service)
    };
    tokio::spawn(connections::accept(
        listener,
        limits.connections,
        stop.clone(),
        service,
    ));
    tokio::spawn(async move {
        tokio::select! {
            () = stop.shutdown() => {}
            () = mine_by_time(node) => {}
            () = upkeep() => {}
        }
    });
    Ok(Serving { address, handle })
}

fn config(limits: &Limits, longest_answer: u32) -> ServerConfig {
    ServerConfig::builder()
        .max_request_body_size(limits.request_bytes)
        .max_response_body_size(longest_answer)
        .max_connections(limits.connections)
        .max_subscriptions_per_connection(limits.subscriptions)
        .set_batch_request_config(BatchRequestConfig::Limit(limits.batch))
        .set_message_buffer_capacity(WAITING)
        .set_id_provider(HexIds::default())
        .enable_ws_ping(PingConfig::new())
        .build()
}

/// Whether a request asks for a WebSocket.
fn is_upgrade<B>(request: &HttpRequest<B>) -> bool {
    let names = |header, name: &str| {
        let value = request.headers().get(header);
        value
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().contains(name))
    };
    names(http::header::CONNECTION, "upgrade") && names(http::header::UPGRADE, "websocket")
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
