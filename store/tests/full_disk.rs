//! No room: writes are refused, reads go on, and when there is room again so do writes, without opening anew by hand
//! (specification 7.4).
//!
//! A child process (this program again) runs under a limit on the size of its files, which the operating system
//! enforces on every write; the parent lifts the limit while it runs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on fails"
)]

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use store::EngineError;
use store::engine::choice::{CACHE_OCTETS, EngineChoice};
use store::engine::{Commit, Committed, Engine};

/// Size that files may have at first, in the blocks of 512 octets that `ulimit` counts.
const BLOCKS: u32 = 6 * 1024 * 2;

/// Commits that do not fit.
const COMMITS_MAX: u32 = 2_000;

fn commit(number: u32) -> Commit {
    let value = (0..20_000_u32).map(|i| (i * 7 + number) as u8).collect();
    Commit {
        expect: vec![(b"newest".to_vec(), u64::from(number))],
        write: vec![
            (number.to_be_bytes().to_vec(), Some(value)),
            (b"newest".to_vec(), Some(number.to_be_bytes().to_vec())),
        ],
    }
}

async fn check(engine: &Arc<dyn Engine>, count: u32) {
    let newest = engine.get(b"newest").await.unwrap().unwrap();
    assert_eq!(
        (newest.value.as_slice(), newest.version),
        ((count - 1).to_be_bytes().as_slice(), u64::from(count))
    );
    let entries = engine.scan(&[0], &[1], usize::MAX).await.unwrap();
    assert_eq!(entries.len(), count as usize, "what was refused is not there, what was acknowledged is");
    for (number, entry) in (0..).zip(entries) {
        assert_eq!(commit(number).write[0], (entry.key, Some(entry.value)));
    }
}

async fn fill(engine: Arc<dyn Engine>) {
    let mut count = 0;
    let mut refusals = 0;
    // An engine may find some room when it opens its files anew, so one refusal is not yet the end.
    while refusals < 3 {
        assert!(count < COMMITS_MAX, "the limit was never met");
        match engine.commit(commit(count)).await {
            Ok(Committed::At(version)) => {
                count += 1;
                assert_eq!(version, u64::from(count));
            }
            Ok(Committed::SeenHasMoved) => panic!("there is one writer"),
            Err(refusal) => {
                assert_eq!(refusal, EngineError::Full);
                assert!(count > 0, "some commits fit");
                check(&engine, count).await;
                refusals += 1;
            }
        }
    }
    println!("full");
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
    for _ in 0..20 {
        assert_eq!(engine.commit(commit(count)).await, Ok(Committed::At(u64::from(count) + 1)));
        count += 1;
    }
    check(&engine, count).await;
    println!("recovered {count}");
}

/// Not a test by itself: what the child runs.
#[test]
#[ignore = "run by the other tests, under a limit"]
fn child() {
    let (Some(choice), Some(folder)) =
        (env::var_os("KALENDS_FULL_ENGINE"), env::var_os("KALENDS_FULL_FOLDER"))
    else {
        return;
    };
    let choice: EngineChoice = choice.to_str().unwrap().parse().unwrap();
    let engine = choice.open(Path::new(&folder), CACHE_OCTETS).unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(fill(engine));
}

fn start(choice: EngineChoice, folder: &Path) -> Child {
    // The signal that the limit sends would kill; ignored, writes fail as they do on a full disk.
    let script = format!("trap '' XFSZ; ulimit -S -f {BLOCKS}; exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &script])
        .arg(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child", "--nocapture", "--quiet"])
        .env("KALENDS_FULL_ENGINE", choice.name())
        .env("KALENDS_FULL_FOLDER", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn hear(lines: &mut BufReader<ChildStdout>, word: &str) -> String {
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        if line.starts_with(word) {
            return line;
        }
        line.clear();
    }
    panic!("the child ended without saying `{word}`");
}

fn recovers(choice: EngineChoice) {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start(choice, folder.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    hear(&mut lines, "full");
    let lifted = Command::new("prlimit")
        .args(["--pid", &child.id().to_string(), "--fsize=unlimited:unlimited"])
        .status()
        .expect("this test needs `prlimit` (util-linux)");
    assert!(lifted.success());
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let said = hear(&mut lines, "recovered");
    assert!(child.wait().unwrap().success());
    let count = said.trim().rsplit(' ').next().unwrap().parse().unwrap();
    let engine = choice.open(folder.path(), CACHE_OCTETS).unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(check(&engine, count));
}

#[test]
fn redb_recovers() {
    recovers(EngineChoice::Redb);
}

#[test]
fn sled_recovers() {
    recovers(EngineChoice::Sled);
}
