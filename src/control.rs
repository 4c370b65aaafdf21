//! The control socket: a command typed beside a running server is run by the server, which has the store open.
//!
//! A Unix socket in the data folder, for its owner alone (mode 0600). One JSON line in: the command and the manner of
//! its words. JSON lines out: what is said, and at the end the exit code.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::command::Command;
use crate::cli::console::{Console, Manner, Stream};
use crate::cli::exit::Exit;
use crate::house::Houses;

/// Octets of a command; files to import travel within it.
const COMMAND_OCTETS_MAX: u64 = 128 * 1024 * 1024;
/// How long a command may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);
/// Commands at once.
const AT_ONCE_MAX: usize = 8;
/// What a socket's path may have at most on every Unix.
const PATH_OCTETS_MAX: usize = 100;

/// A command on its way.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    command: Command,
    manner: Manner,
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reply {
    Say(Stream, String),
    Exit(Exit),
}

/// The socket of a data folder.
fn path_in(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}

/// A path short enough for a socket's address: through the open folder, where the path itself is too long.
fn reachable(folder: &Path) -> io::Result<(PathBuf, Option<std::fs::File>)> {
    let path = path_in(folder);
    if path.as_os_str().len() <= PATH_OCTETS_MAX {
        return Ok((path, None));
    }
    let opened = std::fs::File::open(folder)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}/control.sock", opened.as_raw_fd()));
    Ok((short, Some(opened)))
}

/// The server's end.
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Takes the socket of `folder`. Whoever has the store open is the only one who may have it, so one that is left
    /// over is replaced.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn bind(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = path_in(folder);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (short, _opened) = reachable(folder)?;
        let listener = UnixListener::bind(&short)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Runs commands in the house in force until `stop`.
    pub async fn serve(self, houses: Houses, stop: CancellationToken) {
        let tasks = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            if tasks.len() >= AT_ONCE_MAX {
                continue;
            }
            let houses = houses.clone();
            tasks.spawn(async move {
                if let Err(error) = answer(stream, &houses).await {
                    tracing::debug!(%error, "a control command broke off");
                }
            });
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(stream: UnixStream, houses: &Houses) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = Vec::new();
    let mut reader = BufReader::new(read.take(COMMAND_OCTETS_MAX));
    tokio::time::timeout(ARRIVAL, reader.read_until(b'\n', &mut line)).await??;
    let order: Order = serde_json::from_slice(&line)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
    let (sender, mut said) = mpsc::unbounded_channel();
    let console = Console::new(order.manner, move |stream, text| {
        // Whoever asked may be gone; the command goes on to its end.
        let _ = sender.send(Reply::Say(stream, text.to_owned()));
    });
    let house = houses.current();
    let run = async move {
        let exit = order.command.run(&house, &console).await;
        drop(console);
        exit
    };
    let tell = async {
        while let Some(reply) = said.recv().await {
            send(&mut write, &reply).await?;
        }
        io::Result::Ok(())
    };
    let (exit, told) = tokio::join!(run, tell);
    told?;
    send(&mut write, &Reply::Exit(exit)).await
}

async fn send(write: &mut (impl AsyncWriteExt + Unpin), reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    write.write_all(&line).await
}

/// Whether a server has the store of `folder` open.
pub async fn is_served(folder: &Path) -> bool {
    match reachable(folder) {
        Ok((path, _opened)) => UnixStream::connect(&path).await.is_ok(),
        Err(_) => false,
    }
}

/// Has the server of `folder` run `command`; `None` if there is none.
pub async fn ask(folder: &Path, command: &Command, console: &Console) -> Option<Exit> {
    let (path, _opened) = reachable(folder).ok()?;
    let stream = UnixStream::connect(&path).await.ok()?;
    match converse(stream, command, console).await {
        Ok(exit) => Some(exit),
        Err(error) => {
            console.error(format_args!("the running server broke off: {error}; its log says more"));
            Some(Exit::Failed)
        }
    }
}

async fn converse(stream: UnixStream, command: &Command, console: &Console) -> io::Result<Exit> {
    let (read, mut write) = stream.into_split();
    let order = serde_json::json!({"command": command, "manner": console.manner});
    let mut line = serde_json::to_vec(&order)?;
    line.push(b'\n');
    write.write_all(&line).await?;
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Reply::Say(stream, text) => console.say(stream, &text),
            Reply::Exit(exit) => return Ok(exit),
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "no exit code came"))
}
