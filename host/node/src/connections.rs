//! Connections: how many there are, and how long one may keep the node waiting.
//!
//! A client that does not read keeps its answer in memory here, and one that sends a byte now and then keeps a place
//! that others need. So every connection is watched where its bytes pass.

use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use jsonrpsee::{
    core::BoxError,
    server::{HttpBody, HttpRequest, HttpResponse, StopHandle},
};
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Sleep,
};
use tower::Service;

/// How long a client may take over the head of a request, the silence before it included.
const HEAD: Duration = Duration::from_secs(120);
/// How long a client may read nothing of what is there for it.
const UNREAD: Duration = Duration::from_secs(20);
/// How long the node waits before it accepts again where the machine had no connection left.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until it is told to stop, and serves each with what `service` makes for it.
pub(crate) async fn accept<S>(
    listener: TcpListener,
    most: u32,
    stop: StopHandle,
    service: impl Fn() -> S + Send + 'static,
) where
    S: Service<HttpRequest<hyper::body::Incoming>, Response = HttpResponse<HttpBody>, Error = BoxError>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let places = Arc::new(Semaphore::new(places(most)));
    let stopped = stop.clone().shutdown();
    tokio::pin!(stopped);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => return,
        };
        let socket = match accepted {
            Ok((socket, _)) => socket,
            Err(error) => {
                // Of files that are open there may be no more; then the next attempt fails as quickly.
                tracing::debug!(%error, "no connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tokio::spawn(refuse(socket));
            continue;
        };
        tokio::spawn(serve(
            Watched::new(socket, place, UNREAD),
            service(),
            stop.clone(),
        ));
    }
}

/// How many connections there may be: at most so many, and so few that files can still be opened.
fn places(most: u32) -> usize {
    const FOR_FILES: usize = 64;
    // Where the system does not say (it is no Linux), accepting fails when there is none left.
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let files = files.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    let most = most as usize;
    files.map_or(most, |files| most.min(files.saturating_sub(FOR_FILES).max(1)))
}

/// Says that there is no place, and ends the connection.
async fn refuse(mut socket: TcpStream) {
    const ANSWER: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: 66\r\n\
        connection: close\r\n\r\nthis node has as many connections as it takes; close some of them\n";
    // Whether it is read is the client's affair.
    let _ = tokio::time::timeout(
        Duration::from_secs(1),
        tokio::io::AsyncWriteExt::write_all(&mut socket, ANSWER),
    )
    .await;
}

async fn serve<S>(socket: Watched<TcpStream>, service: S, stop: StopHandle)
where
    S: Service<HttpRequest<hyper::body::Incoming>, Response = HttpResponse<HttpBody>, Error = BoxError>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    // An answer is one piece, or a few: waiting for more to send along gains nothing.
    if let Err(error) = socket.inner.set_nodelay(true) {
        tracing::debug!(%error, "connection");
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(socket), TowerToHyperService::new(service))
        .with_upgrades();
    let stopped = stop.shutdown();
    tokio::pin!(connection, stopped);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = &mut stopped => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection");
    }
}

/// A connection that ends where its client reads nothing for too long. It keeps its place among the connections, also
/// as a WebSocket.
#[derive(Debug)]
struct Watched<T> {
    inner: T,
    patience: Duration,
    /// Runs while there is something to send that the client does not take.
    unread: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl<T> Watched<T> {
    const fn new(inner: T, place: OwnedSemaphorePermit, patience: Duration) -> Self {
        Self {
            inner,
            patience,
            unread: None,
            _place: place,
        }
    }

    /// What becomes of a write: the time starts where it has to wait, and is over as soon as bytes go.
    fn judge<R>(&mut self, context: &mut Context<'_>, wrote: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if wrote.is_ready() {
            self.unread = None;
            return wrote;
        }
        let patience = self.patience;
        let unread = self
            .unread
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(unread.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client does not read what was sent",
        )))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.judge(context, wrote)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.judge(context, wrote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn who_reads_nothing_loses_the_connection_and_who_reads_slowly_does_not() {
        const PATIENCE: Duration = Duration::from_millis(300);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let watched = || {
            let places = Arc::new(Semaphore::new(1));
            let (ours, theirs) = tokio::io::duplex(16);
            let place = places.try_acquire_owned().unwrap();
            (Watched::new(ours, place, PATIENCE), theirs)
        };
        runtime.block_on(async {
            let (mut ours, theirs) = watched();
            let begun = Instant::now();
            let error = ours.write_all(&[0; 100]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!(begun.elapsed() >= PATIENCE);
            drop(theirs);

            // Less than that between two bytes, and more in all.
            let (mut ours, mut theirs) = watched();
            let begun = Instant::now();
            let reader = tokio::spawn(async move {
                let mut bytes = [0; 16];
                while theirs.read_exact(&mut bytes).await.is_ok() {
                    tokio::time::sleep(PATIENCE / 4).await;
                }
            });
            ours.write_all(&[0; 160]).await.unwrap();
            drop(ours);
            reader.await.unwrap();
            assert!(begun.elapsed() > 2 * PATIENCE);
        });
    }
}
