//! Runs a child under the recorder and reads what it wrote down.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The file below the root in which a child tells what it was promised. A power cut takes nothing from it: what was
/// told was heard.
pub(crate) const TOLD: &str = "told";

/// The store's folder below the root.
pub(crate) const HOUSE: &str = "house";

/// One thing that happened to the files.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Write { inode: u64, offset: usize, octets: Vec<u8> },
    Size { inode: u64, size: usize },
    SyncBegins { number: u64 },
    SyncEnds { inode: u64, number: u64, worked: bool },
    Create { inode: u64, path: String, is_folder: bool },
    Rename { from: String, to: String },
    Unlink { path: String },
}

/// A place for files that are not to outlive a test, in memory where there is one.
pub(crate) fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { env::temp_dir() };
    tempfile::Builder::new().prefix("kalends-").tempdir_in(place).unwrap()
}

/// The recorder, compiled once a process.
fn recorder() -> &'static Path {
    static RECORDER: OnceLock<PathBuf> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/power_cut/record.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join(format!("record-{}.so", std::process::id()));
        let compiled = Command::new("gcc")
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-o"])
            .args([library.as_os_str(), source.as_ref(), "-ldl".as_ref(), "-pthread".as_ref()])
            .status()
            .expect("this test needs gcc");
        assert!(compiled.success(), "the recorder does not compile");
        // Processes that run at the same time compile the same thing; the last one stays.
        let kept = folder.join("record.so");
        fs::rename(&library, &kept).unwrap();
        kept
    })
}

/// A child of this program that runs the test named `child` and is recorded.
pub(crate) fn command(child: &str, root: &Path, log: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", child, "--nocapture", "--quiet"])
        .env("LD_PRELOAD", recorder())
        .env("KALENDS_DISK_ROOT", root)
        .env("KALENDS_DISK_LOG", log)
        .stdout(Stdio::null());
    command
}

/// What the parent told a child.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.into_string().unwrap())
}

/// Lets `count` calls of `operation` fail with error `code` of the operating system from the `nth` on; 0: all of them.
pub(crate) fn fail(root: &Path, operation: &str, nth: u32, code: i32, count: u32) {
    fs::remove_file(root.join(format!("fault.{operation}.{nth}.{code}.{count}")))
        .expect("the recorder is there");
}

/// The root a child was given, or `None` if nobody gave one: then it was not started as a child.
pub(crate) fn root() -> Option<PathBuf> {
    env::var_os("KALENDS_DISK_ROOT").map(PathBuf::from)
}

fn take<'a>(octets: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = octets.split_at_checked(count)?;
    *octets = rest;
    Some(taken)
}

fn number(octets: &mut &[u8]) -> Option<u64> {
    take(octets, 8).map(|octets| u64::from_ne_bytes(octets.try_into().unwrap()))
}

fn length(octets: &mut &[u8]) -> Option<usize> {
    take(octets, 4).map(|octets| u32::from_ne_bytes(octets.try_into().unwrap()) as usize)
}

fn event(octets: &mut &[u8]) -> Option<Event> {
    let kind = take(octets, 1)?[0];
    let (inode, a, b) = (number(octets)?, number(octets)?, number(octets)?);
    let (path_length, data_length) = (length(octets)?, length(octets)?);
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    let path = text(take(octets, path_length)?);
    let data = take(octets, data_length)?;
    let offset = usize::try_from(a).unwrap();
    Some(match kind {
        1 => Event::Write { inode, offset, octets: data.to_vec() },
        2 => Event::Size { inode, size: offset },
        3 => Event::SyncBegins { number: b },
        4 => Event::SyncEnds { inode, number: b, worked: a == 0 },
        5 => Event::Create { inode, path, is_folder: b == 1 },
        6 => Event::Rename { from: path, to: text(data) },
        7 => Event::Unlink { path },
        other => panic!("the recorder wrote an event of kind {other}"),
    })
}

/// What the recorder wrote down; a last record that the end of the process has cut is none.
pub(crate) fn read_log(log: &Path) -> Vec<Event> {
    let octets = fs::read(log).unwrap_or_default();
    let mut rest = octets.as_slice();
    let events: Vec<Event> = std::iter::from_fn(|| event(&mut rest)).collect();
    assert!(!events.is_empty(), "the recorder saw nothing: is the test program linked statically?");
    events
}
