//! One connection to a node, kept open: HTTP/1.1 as far as JSON-RPC needs it, and with as little work as can be.

use crate::error::Error;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer takes that is measured.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than any answer that is asked for.
const MOST_BYTES: usize = 64 << 20;

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    address: SocketAddr,
    request: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) fn open(address: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            reader: BufReader::new(stream),
            address,
            request: Vec::new(),
        })
    }

    /// Sends a body, and gives that of the answer.
    pub(crate) fn post(&mut self, body: &str) -> Result<Vec<u8>, Error> {
        self.request.clear();
        write!(
            self.request,
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        self.reader.get_mut().write_all(&self.request)?;
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        if !line.starts_with("HTTP/1.1 200") {
            return Err(Error::Answer(format!("it begins with {line:?}")));
        }
        let mut length = None;
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok();
            }
        }
        let length = length
            .filter(|length| *length <= MOST_BYTES)
            .ok_or_else(|| Error::Answer("it does not say a sensible length".to_owned()))?;
        let mut answer = vec![0; length];
        self.reader.read_exact(&mut answer)?;
        Ok(answer)
    }

    /// The result of a method.
    pub(crate) fn ask(&mut self, method: &'static str, params: &Value) -> Result<Value, Error> {
        let answer = self.post(&request(method, params))?;
        let mut answer: Value =
            serde_json::from_slice(&answer).map_err(|error| Error::Answer(error.to_string()))?;
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(Error::Refused {
                method,
                answer: answer.to_string(),
            }),
        }
    }

    /// A number that a method gives.
    pub(crate) fn number(&mut self, method: &'static str, params: &Value) -> Result<u64, Error> {
        let answer = self.ask(method, params)?;
        let digits = answer.as_str().and_then(|text| text.strip_prefix("0x"));
        digits
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .ok_or_else(|| Error::Answer(format!("{method} gave {answer}, which is no number")))
    }
}

/// A request of a method.
pub(crate) fn request(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
}

/// Fails where an answer, of one request or of a batch, has an error in it.
pub(crate) fn check(method: &'static str, answer: &[u8]) -> Result<(), Error> {
    // Results that are looked at here are hashes and words.
    let has = |what: &[u8]| answer.windows(what.len()).any(|window| window == what);
    if has(b"\"result\"") && !has(b"\"error\"") {
        return Ok(());
    }
    let shown = String::from_utf8_lossy(&answer[..answer.len().min(500)]).into_owned();
    Err(Error::Refused {
        method,
        answer: shown,
    })
}
