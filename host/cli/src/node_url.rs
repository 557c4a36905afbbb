//! How a node that runs somewhere is named.

use std::fmt;
use std::str::FromStr;

/// Where a node listens that nobody told otherwise.
pub const OWN_NODE: &str = "http://127.0.0.1:8545";

/// Where a node listens for JSON-RPC over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeUrl {
    /// Host and port, as in a `Host` header.
    pub authority: String,
    /// The host, without the brackets of an IPv6 address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is asked for there.
    pub path: String,
}

impl FromStr for NodeUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: http::Uri = text
            .parse()
            .map_err(|error| format!("it is no URL ({error}); write it as {OWN_NODE}"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(
                    "there is no TLS here: name the node's own address (http://…), or forward its port with ssh -L"
                        .to_owned(),
                );
            }
            Some("ws" | "wss") => {
                return Err(
                    "models are sent over HTTP: the node has it at the same port (http://…)".to_owned(),
                );
            }
            _ => return Err(format!("it is written as {OWN_NODE}")),
        }
        let authority = uri
            .authority()
            .ok_or_else(|| format!("it is written as {OWN_NODE}"))?;
        if authority.as_str().contains('@') {
            return Err("nodes know no users: leave out what stands before the @".to_owned());
        }
        if uri.host().is_none_or(str::is_empty) || uri.port_u16() == Some(0) {
            return Err(format!("it is written as {OWN_NODE}"));
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            authority: authority.to_string(),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(80),
            path: path.to_owned(),
        })
    }
}

impl fmt::Display for NodeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)?;
        if self.path != "/" {
            f.write_str(&self.path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_named_by_its_http_address() {
        for (text, host, port, path) in [
            ("http://127.0.0.1:8545", "127.0.0.1", 8545, "/"),
            ("http://localhost", "localhost", 80, "/"),
            ("http://[::1]:1/", "::1", 1, "/"),
            ("http://node.example:1/rpc?key=2", "node.example", 1, "/rpc?key=2"),
        ] {
            let url: NodeUrl = text.parse().unwrap();
            assert_eq!(
                (url.host.as_str(), url.port, url.path.as_str()),
                (host, port, path),
                "{text}"
            );
            assert_eq!(url.to_string(), text.trim_end_matches('/'));
        }
        for (text, said) in [
            ("", "no URL"),
            ("8545", OWN_NODE),
            ("localhost:8545", OWN_NODE),
            ("http://", "no URL"),
            ("http://:1", OWN_NODE),
            ("http://localhost:0", OWN_NODE),
            ("http://me:secret@localhost", "no users"),
            ("https://node.example", "TLS"),
            ("ws://127.0.0.1:8545", "http://"),
            ("file:///etc/passwd", "no URL"),
        ] {
            let problem = text.parse::<NodeUrl>().expect_err(text);
            assert!(problem.contains(said), "{text}: {problem}");
        }
    }
}
