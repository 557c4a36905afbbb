//! A node of the binary, and a client for it.

use super::{metisvm, repository};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Longer than any answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the compiler made of a contract.
pub(crate) fn artefact(name: &str) -> Value {
    let path = repository(&format!("contracts/artifacts/{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A quantity, as the standard writes it.
pub(crate) fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// The accounts of a node.
pub(crate) fn accounts(node: &Node) -> Vec<String> {
    let accounts = node.get("eth_accounts", json!([]));
    serde_json::from_value(accounts).unwrap()
}

/// A node that listens; it ends with the value.
pub(crate) struct Node {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it said at the start.
    pub(crate) welcome: Value,
    // Open, so that the node can write.
    _output: BufReader<ChildStdout>,
}

impl Node {
    /// Starts one on a free port.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = metisvm(folder)
            .args(["node", "--port", "0", "--json", "--log", "warn"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let welcome: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let address = welcome["listening"].as_str().unwrap().parse().unwrap();
        Self {
            child,
            address,
            welcome,
            _output: output,
        }
    }

    /// A line of what the kernel says of its memory, in bytes: `VmRSS` now, `VmHWM` the most so far.
    pub(crate) fn memory(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        let kibibytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kibibytes << 10
    }

    /// Ends it as nothing else would: without a chance to write anything.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and gives whether it ended well.
    pub(crate) fn terminate(mut self) -> bool {
        let signalled = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(signalled.unwrap().success());
        self.child.wait().unwrap().success()
    }

    /// Sends a request with these headers, and gives status and body of the answer.
    pub(crate) fn http(&self, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        post(self.address, headers, body).unwrap()
    }

    /// What a method answers: result or error.
    pub(crate) fn ask(&self, method: &str, params: Value) -> Result<Value, Value> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (status, body) = self.http(&[], &request.to_string());
        assert_eq!(status, 200, "{method}: {body}");
        let mut answer: Value = serde_json::from_str(&body).unwrap();
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].take()),
        }
    }

    /// The result of a method.
    pub(crate) fn get(&self, method: &str, params: Value) -> Value {
        self.ask(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The error of a method.
    pub(crate) fn error(&self, method: &str, params: Value) -> (i64, String) {
        let error = match self.ask(method, params) {
            Err(error) => error,
            Ok(result) => panic!("{method} gave {result}"),
        };
        (
            error["code"].as_i64().unwrap(),
            error["message"].as_str().unwrap().to_owned(),
        )
    }

    /// Sends a transaction of an account of the node, and gives its receipt.
    pub(crate) fn send(&self, transaction: Value) -> Value {
        let hash = self.get("eth_sendTransaction", json!([transaction]));
        self.get("eth_getTransactionReceipt", json!([hash]))
    }

    /// A connection for news.
    pub(crate) fn socket(&self) -> Socket {
        Socket::connect(self.address)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request on a connection of its own.
pub(crate) fn post(
    address: SocketAddr,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = format!(
        "POST / HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    if !headers.iter().any(|(name, _)| *name == "host") {
        request += &format!("host: {address}\r\n");
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += "\r\n";
    stream.write_all(request.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other(format!("no answer: {head:?}")))?;
    Ok((status, body.to_owned()))
}

/// A WebSocket, as far as a test needs it (RFC 6455).
pub(crate) struct Socket(BufReader<TcpStream>);

impl Socket {
    fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "GET / HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.contains("101"), "{line}");
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        Self(reader)
    }

    /// Sends a request.
    pub(crate) fn send(&mut self, method: &str, params: &Value) {
        let text = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        // Final, text; masked with zeros, which changes nothing.
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.0.get_mut().write_all(&frame).unwrap();
    }

    /// The next message.
    pub(crate) fn next(&mut self) -> Value {
        loop {
            let mut start = [0; 2];
            self.0.read_exact(&mut start).unwrap();
            let length = match start[1] {
                126 => {
                    let mut long = [0; 2];
                    self.0.read_exact(&mut long).unwrap();
                    u64::from(u16::from_be_bytes(long))
                }
                127 => {
                    let mut long = [0; 8];
                    self.0.read_exact(&mut long).unwrap();
                    u64::from_be_bytes(long)
                }
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.0.read_exact(&mut payload).unwrap();
            // Text; what else comes are pings.
            if start[0] & 0x0f == 1 {
                return serde_json::from_slice(&payload).unwrap();
            }
        }
    }
}
