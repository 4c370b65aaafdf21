//! The real program on a folder of its own, and a client that speaks HTTP octet by octet.

#![allow(
    dead_code,
    clippy::disallowed_methods,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests; not every test uses all"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A running `kalends serve`; ended with its folder when it is dropped.
pub struct Server {
    /// Everything it was given and keeps.
    pub folder: tempfile::TempDir,
    /// Where it listens.
    pub address: SocketAddr,
    /// The process.
    pub process: Child,
}

/// An owner with one event type at all hours, whose password is `secret`.
pub const ADA: &str = r#"
[mail]
folder = "mail"
from = "Calendar <calendar@example.org>"

[[owner]]
id = "ada"
name = "Ada Example"
emails = ["ada@example.org"]
time_zone = "Europe/Berlin"
working_hours = { mon-sun = ["00:00-24:00"] }
password = { file = "ada.password" }

  [[owner.event_type]]
  slug = "intro"
  title = "Introduction"
  durations = ["30m", "1h"]
  minimum_notice = "1h"
"#;

/// The head of a configuration that listens at `address`.
pub fn head(address: SocketAddr) -> String {
    format!(
        "[server]\npublic_url = \"http://{address}\"\ndata_dir = \"data\"\n\n[[listen]]\naddress = \"{address}\"\n\
         surfaces = [\"booking\", \"caldav\", \"metrics\"]\n"
    )
}

/// An address that nobody has just now.
pub fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A folder with a configuration: `more` after the head.
pub fn prepared(address: SocketAddr, more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ada.password"), "secret\n").unwrap();
    std::fs::write(folder.path().join("kalends.toml"), head(address) + more).unwrap();
    folder
}

impl Server {
    /// Starts on a new folder with `more` in its configuration.
    pub fn start(more: &str) -> Self {
        let address = free_address();
        Self::start_in(prepared(address, more), address)
    }

    /// Starts on a folder that is there.
    pub fn start_in(folder: tempfile::TempDir, address: SocketAddr) -> Self {
        Self::start_with(folder, address, &[])
    }

    /// The same with some environment.
    pub fn start_with(folder: tempfile::TempDir, address: SocketAddr, environment: &[(&str, &str)]) -> Self {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_kalends"))
            .args(["serve", "--config"])
            .arg(folder.path().join("kalends.toml"))
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { folder, address, process };
        let deadline = Instant::now() + Duration::from_secs(20);
        while server.ask("GET", "/healthz", &[], b"").is_none_or(|answer| answer.status != 200) {
            assert!(Instant::now() < deadline, "no answer:\n{}", server.log());
            if let Some(status) = server.process.try_wait().unwrap() {
                panic!("it ended ({status}):\n{}", server.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until the log holds `text`.
    pub fn wait_for_log(&self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "`{text}` is not in the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its configuration.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("kalends.toml")
    }

    /// A connection.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// One request on a connection of its own; `None` if no answer came.
    pub fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        for (name, value) in fields {
            request += &[name, ": ", value, "\r\n"].concat();
        }
        if !body.is_empty() || method == "POST" || method == "PUT" {
            request += &["content-length: ", &body.len().to_string(), "\r\n"].concat();
        }
        request.push_str("\r\n");
        let mut octets = request.into_bytes();
        octets.extend_from_slice(body);
        stream.write_all(&octets).ok()?;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Answer::parse(&answer)
    }

    /// The status of one request.
    pub fn status(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> u16 {
        self.ask(method, path, fields, b"").map_or(0, |answer| answer.status)
    }

    /// A command beside it.
    pub fn cli(&self, words: &[&str]) -> Output {
        cli(&self.config(), words)
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A command with a configuration.
pub fn cli(config: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kalends"))
        .args(words)
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What a command said, which must have ended with `code`.
pub fn said(output: &Output, code: i32) -> String {
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "out: {out}\nnotes: {notes}");
    if out.is_empty() { notes } else { out }
}

/// The same as JSON.
pub fn said_json(output: &Output, code: i32) -> serde_json::Value {
    let text = said(output, code);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its header, lower case names.
    pub fields: Vec<(String, String)>,
    /// Its body as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads a response.
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let end = octets.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&octets[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let fields = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        Some(Self { status, fields, body: octets[end + 4..].to_vec() })
    }

    /// The first field called `name`.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The Authorization field of Basic credentials.
pub fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}
