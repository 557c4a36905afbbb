//! Asking a running node: JSON-RPC over HTTP, one request after the other.

use crate::node_url::NodeUrl;
use http::{Request, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// How long a node may take to be reached,
const CONNECT: Duration = Duration::from_secs(10);
/// and to answer: it verifies a whole bundle in that time.
const ANSWER: Duration = Duration::from_secs(120);
/// The longest answer that is read. Those that are asked for here are lists of models.
const MOST_BYTES: usize = 1 << 20;
/// How much of an answer that is not understood is shown, in characters.
const SHOWN: usize = 200;

/// What a node did not do.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Nobody listens.
    #[error("no node answers there ({0}); start one with `metisvm node`, or name another")]
    Unreachable(io::Error),
    /// It takes too long.
    #[error("the node did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// The connection broke, or what came over it is not HTTP.
    #[error("the connection to the node: {0}")]
    Connection(String),
    /// It answers with a status that is not 200.
    #[error("the node answers with HTTP status {status}: {text}")]
    Status {
        /// Which.
        status: u16,
        /// What came with it.
        text: String,
    },
    /// It answers with something else than JSON-RPC.
    #[error("what listens there is no node: it answers with {0:?}")]
    NotRpc(String),
    /// It refuses.
    #[error("the node refuses {method}: {message}")]
    Refused {
        /// What.
        method: &'static str,
        /// JSON-RPC's code.
        code: i64,
        /// Why.
        message: String,
    },
}

/// Asks a node.
#[derive(Debug)]
pub struct NodeClient {
    url: NodeUrl,
    runtime: Runtime,
}

impl NodeClient {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// If the system has nothing left to wait for a connection with.
    pub fn new(url: NodeUrl) -> Result<Self, Problem> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(Problem::Unreachable)?;
        Ok(Self { url, runtime })
    }

    /// The result of a method.
    ///
    /// # Errors
    /// If there is no node, or it does not answer, or refuses.
    pub fn ask(&self, method: &'static str, params: &Value) -> Result<Value, Problem> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (status, body) = self.runtime.block_on(self.post(request.to_string()))?;
        let text = || cut(&String::from_utf8_lossy(&body));
        if status != 200 {
            let text = text().trim().to_owned();
            return Err(Problem::Status { status, text });
        }
        let mut answer: Value = serde_json::from_slice(&body).map_err(|_| Problem::NotRpc(text()))?;
        if let Some(error) = answer.get("error") {
            let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
            return Err(Problem::Refused {
                method,
                code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
                message: cut(message),
            });
        }
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(Problem::NotRpc(text())),
        }
    }

    async fn post(&self, body: String) -> Result<(u16, Bytes), Problem> {
        let address = (self.url.host.as_str(), self.url.port);
        let stream = within(CONNECT, TcpStream::connect(address))
            .await?
            .map_err(Problem::Unreachable)?;
        within(ANSWER, self.exchange(stream, body)).await?
    }

    async fn exchange(&self, stream: TcpStream, body: String) -> Result<(u16, Bytes), Problem> {
        let broken = |error: hyper::Error| Problem::Connection(error.to_string());
        let request = Request::post(&self.url.path)
            .header(header::HOST, &self.url.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| Problem::Connection(error.to_string()))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            let status = response.status().as_u16();
            Ok((status, whole(response.into_body()).await?))
        };
        tokio::pin!(answer, connection);
        // The connection moves what both sides say; where it ends first, the answer is already here or will never be.
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            ended = &mut connection => {
                ended.map_err(broken)?;
                answer.await
            }
        }
    }
}

/// The whole of an answer, if it is not too long.
async fn whole(body: Incoming) -> Result<Bytes, Problem> {
    match Limited::new(body, MOST_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::Connection(format!(
            "an answer of more than {MOST_BYTES} bytes, which no method that is asked here gives"
        ))),
        Err(error) => Err(Problem::Connection(error.to_string())),
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_| Problem::Silent(limit))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
