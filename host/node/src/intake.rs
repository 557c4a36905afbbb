//! Taking requests in and giving answers out, within a bound on what both take of memory.
//!
//! A request is read whole before anything looks at it: in a time that is the client's, and in memory of which there is
//! so much for all. Long answers have their share of memory until they are sent.

use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use jsonrpsee::{
    core::BoxError,
    server::{HttpBody, HttpRequest, HttpResponse},
};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tower::{Layer, Service};

/// How long a client may take over the body of a request.
const BODY: Duration = Duration::from_secs(60);
/// How long a request, or a long answer, waits for memory that others have.
const WAIT: Duration = Duration::from_secs(30);
/// What is counted in: a kibibyte.
const UNIT: usize = 1 << 10;
/// Requests of this length and answers of the next one are not counted: the number of connections bounds them.
const SHORT_REQUEST: usize = 64 << 10;
const SHORT_ANSWER: usize = 1 << 20;
/// What all long requests take together,
const REQUESTS: usize = 256 << 20;
/// and all long answers.
const ANSWERS: usize = 1 << 30;

/// The memory of requests and answers, all connections together.
#[derive(Debug)]
struct Memory {
    requests: Arc<Semaphore>,
    answers: Arc<Semaphore>,
    longest_request: usize,
    /// How long a client may take over the body of a request.
    body: Duration,
}

/// Puts the intake before a service.
#[derive(Debug, Clone)]
pub(crate) struct IntakeLayer(Arc<Memory>);

impl IntakeLayer {
    /// An intake of requests of so many bytes at most.
    pub(crate) fn new(longest_request: u32) -> Self {
        Self(Arc::new(Memory {
            requests: Arc::new(Semaphore::new(REQUESTS / UNIT)),
            answers: Arc::new(Semaphore::new(ANSWERS / UNIT)),
            longest_request: longest_request as usize,
            body: BODY,
        }))
    }
}

impl<S> Layer<S> for IntakeLayer {
    type Service = Intake<S>;

    fn layer(&self, inner: S) -> Intake<S> {
        Intake {
            inner,
            memory: self.0.clone(),
        }
    }
}

/// A service with an intake before it.
#[derive(Debug, Clone)]
pub(crate) struct Intake<S> {
    inner: S,
    memory: Arc<Memory>,
}

impl<S, B> Service<HttpRequest<B>> for Intake<S>
where
    S: Service<HttpRequest<HttpBody>, Response = HttpResponse<HttpBody>, Error = BoxError>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Error: Into<BoxError>> + Send + 'static,
    B::Data: Send,
{
    type Response = HttpResponse<HttpBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: HttpRequest<B>) -> Self::Future {
        let mut inner = self.inner.clone();
        let memory = self.memory.clone();
        Box::pin(async move {
            let (request, share) = match memory.read(request).await {
                Ok(read) => read,
                Err(refusal) => return Ok(refusal),
            };
            let answer = inner.call(request).await?;
            drop(share);
            Ok(memory.answer(answer).await)
        })
    }
}

/// A share of memory; short ones have none.
type Share = Option<OwnedSemaphorePermit>;

impl Memory {
    async fn read<B>(
        &self,
        request: HttpRequest<B>,
    ) -> Result<(HttpRequest<HttpBody>, Share), HttpResponse<HttpBody>>
    where
        B: Body<Error: Into<BoxError>> + Send + 'static,
        B::Data: Send,
    {
        let (head, body) = request.into_parts();
        let stated = head.headers.get(CONTENT_LENGTH);
        let stated = stated.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let most = self.longest_request;
        let too_long = || {
            let problem = format!("a request has at most {most} bytes; send less at once\n");
            refuse(413, problem)
        };
        if stated.is_some_and(|length| length > most) {
            return Err(too_long());
        }
        if body.is_end_stream() {
            return Ok((HttpRequest::from_parts(head, HttpBody::empty()), None));
        }
        // One that does not say how long it is may be as long as any.
        let share = share(&self.requests, stated.unwrap_or(most), SHORT_REQUEST).await;
        let Some(share) = share else {
            return Err(refuse(
                503,
                "other clients are sending as much as this node takes; ask again\n",
            ));
        };
        match timeout(self.body, Limited::new(body, most).collect()).await {
            Ok(Ok(body)) => {
                let body = HttpBody::new(Full::new(body.to_bytes()));
                Ok((HttpRequest::from_parts(head, body), share))
            }
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_long()),
            Ok(Err(error)) => Err(refuse(400, format!("the request broke off: {error}\n"))),
            Err(_) => {
                let seconds = self.body.as_secs();
                Err(refuse(
                    408,
                    format!("the request was not there within {seconds} seconds\n"),
                ))
            }
        }
    }

    /// Gives an answer its share of memory, which it has until it is sent or the client is gone.
    async fn answer(&self, answer: HttpResponse<HttpBody>) -> HttpResponse<HttpBody> {
        let bytes = answer.body().size_hint().lower();
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        match share(&self.answers, bytes, SHORT_ANSWER).await {
            None => refuse(
                503,
                "clients have not read as many answers as this node keeps; ask again, or for less at once\n",
            ),
            Some(None) => answer,
            Some(share) => answer.map(|body| HttpBody::new(Counted { body, _share: share })),
        }
    }
}

/// A long answer with its share of memory.
struct Counted {
    body: HttpBody,
    _share: Share,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A share of so many bytes; `None` where none comes free in time.
async fn share(of: &Arc<Semaphore>, bytes: usize, short: usize) -> Option<Share> {
    if bytes <= short {
        return Some(None);
    }
    let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
    let share = timeout(WAIT, of.clone().acquire_many_owned(units)).await;
    Some(Some(share.ok()?.ok()?))
}

fn refuse(status: u16, problem: impl Into<String>) -> HttpResponse<HttpBody> {
    let mut response = HttpResponse::new(HttpBody::from(problem.into()));
    if let Ok(status) = status.try_into() {
        *response.status_mut() = status;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(length: Option<usize>, body: HttpBody) -> HttpRequest<HttpBody> {
        let mut request = HttpRequest::new(body);
        if let Some(length) = length {
            request.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        request
    }

    /// A body that never comes to its end.
    struct Slow;

    impl Body for Slow {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
            Poll::Pending
        }
    }

    #[test]
    fn a_request_that_is_too_long_or_too_slow_is_refused_and_gives_its_memory_back() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let memory = Memory {
            requests: Arc::new(Semaphore::new(1 << 10)),
            answers: Arc::new(Semaphore::new(1 << 10)),
            longest_request: 1 << 20,
            body: Duration::from_millis(50),
        };
        let status = |length, body| {
            let read = runtime.block_on(memory.read(request(length, body)));
            read.map_or_else(|refusal| refusal.status().as_u16(), |_| 200)
        };
        let full = |bytes: usize| HttpBody::from(vec![0; bytes]);
        assert_eq!(status(Some(1000), full(1000)), 200);
        assert_eq!(status(None, full(1 << 20)), 200);
        assert_eq!(status(Some((1 << 20) + 1), full(1)), 413);
        // One that says nothing, or something else than it is.
        assert_eq!(status(None, full((1 << 20) + 1)), 413);
        assert_eq!(status(Some(10), full((1 << 20) + 1)), 413);
        assert_eq!(status(Some(1 << 20), HttpBody::new(Slow)), 408);
        assert_eq!(memory.requests.available_permits(), 1 << 10);
    }

    #[test]
    fn a_long_answer_keeps_its_share_until_it_is_gone() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let memory = Memory {
            requests: Arc::new(Semaphore::new(1)),
            answers: Arc::new(Semaphore::new(4 << 10)),
            longest_request: 1,
            body: BODY,
        };
        let answer = |bytes: usize| {
            let body = HttpBody::from(vec![0; bytes]);
            runtime.block_on(memory.answer(HttpResponse::new(body)))
        };
        let short = answer(SHORT_ANSWER);
        assert_eq!(memory.answers.available_permits(), 4 << 10);
        let long = answer(3 << 20);
        // Clients see how long it is.
        assert_eq!(long.body().size_hint().exact(), Some(3 << 20));
        assert_eq!(memory.answers.available_permits(), 1 << 10);
        assert_eq!(long.status(), 200);
        drop((short, long));
        assert_eq!(memory.answers.available_permits(), 4 << 10);
    }
}
