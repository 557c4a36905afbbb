//! What stands before the methods: who may ask at all, and the page of figures.
//!
//! A node for development listens on the developer's own machine, where a browser runs pages of strangers. Such a page
//! must not reach it: not by a name that it makes resolve to the loopback address (hence the check of `Host`), and not
//! by a WebSocket, which browsers open to anywhere (hence the check of `Origin`, beside CORS).

use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse};
use std::{
    future::Future,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower::{Layer, Service};

/// Which hosts the node answers as, and which pages may ask it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Names that it answers as, beside addresses and `localhost`.
    pub hosts: Vec<String>,
    /// Origins of pages that may ask, beside those of this machine; `*` is any.
    pub origins: Vec<String>,
}

impl Access {
    /// Whether a request to this host is answered. An address is nobody's but its owner's; a name can be made to lead
    /// anywhere.
    pub fn is_host(&self, authority: &str) -> bool {
        let host = without_port(authority);
        is_address(host)
            || is_localhost(host)
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }

    /// Whether pages of this origin may ask.
    pub fn is_origin(&self, origin: &str) -> bool {
        if self
            .origins
            .iter()
            .any(|known| known == "*" || known.eq_ignore_ascii_case(origin))
        {
            return true;
        }
        let Some((_, authority)) = origin.split_once("://") else {
            // Browsers write an origin with its scheme, or `null`: a bare name is that of a program (titanoboa's says
            // its own), which could as well leave it out.
            return !origin.is_empty() && !origin.eq_ignore_ascii_case("null");
        };
        let host = without_port(authority);
        let loopback = host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
        loopback || is_localhost(host)
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // The colons of an address of IPv6 are within brackets.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn is_address(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

fn is_localhost(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// Puts the guard before a service.
#[derive(Debug, Clone)]
pub struct GuardLayer(Arc<Access>);

impl GuardLayer {
    /// A guard.
    pub fn new(access: Access) -> Self {
        Self(Arc::new(access))
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard {
            inner,
            access: self.0.clone(),
        }
    }
}

/// A service with a guard before it.
#[derive(Debug, Clone)]
pub struct Guard<S> {
    inner: S,
    access: Arc<Access>,
}

impl<S, B> Service<HttpRequest<B>> for Guard<S>
where
    S: Service<HttpRequest<B>, Response = HttpResponse, Error: Send + 'static>,
    S::Future: Send + 'static,
{
    type Response = HttpResponse;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: HttpRequest<B>) -> Self::Future {
        let answer = |status: u16, text: String| -> Self::Future {
            let mut response = HttpResponse::new(HttpBody::from(text));
            if let Ok(status) = status.try_into() {
                *response.status_mut() = status;
            }
            Box::pin(std::future::ready(Ok(response)))
        };
        let header = |name: &str| {
            request
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap_or_default())
        };
        let host = header("host").or_else(|| request.uri().authority().map(|authority| authority.as_str()));
        if let Some(host) = host
            && !self.access.is_host(host)
        {
            return answer(
                403,
                format!(
                    "this node does not answer as {host:?}: use its address, or start it with --allow-host\n"
                ),
            );
        }
        if let Some(origin) = header("origin")
            && !self.access.is_origin(origin)
        {
            return answer(
                403,
                format!(
                    "pages of {origin:?} may not ask this node: start it with --allow-origin if they are to\n"
                ),
            );
        }
        if request.method() == "GET" && request.uri().path() == "/metrics" {
            return answer(200, crate::figures::render());
        }
        Box::pin(self.inner.call(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_localhost_are_answered_and_names_of_strangers_are_not() {
        let access = Access {
            hosts: vec!["node.example".to_owned()],
            origins: Vec::new(),
        };
        for host in [
            "127.0.0.1:8545",
            "localhost",
            "localhost:8545",
            "[::1]:8545",
            "10.0.0.7",
            "Node.Example:1",
        ] {
            assert!(access.is_host(host), "{host}");
        }
        for host in [
            "evil.example:8545",
            "localhost.evil.example",
            "",
            "127.0.0.1.evil.example",
        ] {
            assert!(!access.is_host(host), "{host}");
        }
    }

    #[test]
    fn pages_of_this_machine_may_ask_and_others_only_where_it_is_said() {
        let mut access = Access::default();
        for origin in [
            "http://localhost:3000",
            "http://127.0.0.1:5173",
            "https://[::1]:1",
            "http://app.localhost",
            // No page's: titanoboa's.
            "Titanoboa",
        ] {
            assert!(access.is_origin(origin), "{origin}");
        }
        for origin in [
            "https://evil.example",
            "null",
            "",
            "file://",
            "http://10.0.0.7",
            "http://localhost.evil.example",
        ] {
            assert!(!access.is_origin(origin), "{origin}");
        }
        access.origins.push("https://app.example".to_owned());
        assert!(access.is_origin("https://app.example"));
        assert!(!access.is_origin("https://evil.example"));
    }
}
