//! Folders and file systems that cannot be written: opening says where and what to do; a file system that becomes
//! read-only under a running store refuses commits, goes on being read, and is written again when it can be
//! (specification 7.4).
//!
//! Real read-only file systems and users without rights need root or a user namespace (`unshare` of util-linux); where
//! neither is to be had, that part is skipped and says so. `power_cut/faults.rs` does the same to a running store
//! without either.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use store::EngineError;
use store::engine::choice::{CACHE_OCTETS, EngineChoice};
use store::engine::{Commit, Committed, Engine};

const ENGINES: [EngineChoice; 2] = [EngineChoice::Redb, EngineChoice::Sled];

fn open(choice: EngineChoice, folder: &Path) -> Result<Arc<dyn Engine>, EngineError> {
    choice.open(folder, CACHE_OCTETS)
}

fn commit(number: u8) -> Commit {
    Commit { expect: vec![], write: vec![(vec![number], Some(vec![number; 10_000]))] }
}

/// Opens the store in `folder`, which cannot be, and checks that the refusal names the folder and `remedy`.
fn refuses(choice: EngineChoice, folder: &Path, remedy: &str) {
    match open(choice, folder) {
        Err(EngineError::Io(why)) => {
            assert!(why.contains(folder.to_str().unwrap()) && why.contains(remedy), "{choice}: {why}");
        }
        other => panic!("{choice}: {:?}", other.err()),
    }
}

fn status_of(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

/// This program again, in a mount namespace of its own; `None`: the environment permits none.
fn in_namespace(test: &str) -> Option<Command> {
    let flags: &[&[&str]] = &[&["-m"], &["-Urm"]];
    let works = flags.iter().find(|flags| {
        let mut probe = Command::new("unshare");
        status_of(probe.args(**flags).args(["sh", "-c", "mount -t tmpfs none /mnt 2>/dev/null"]))
    });
    let mut command = Command::new("unshare");
    command.args(*works?).arg(env::current_exe().unwrap());
    command.args(["--ignored", "--exact", test, "--nocapture"]);
    Some(command)
}

fn run_in_namespace(test: &str) {
    match in_namespace(test) {
        Some(mut command) => {
            assert!(status_of(command.env("KALENDS_READ_ONLY", "yes")), "{test} failed in its namespace");
        }
        None => println!("skipped: neither root nor user namespaces are to be had here"),
    }
}

fn mount(arguments: &[&str]) -> bool {
    status_of(Command::new("mount").args(arguments))
}

#[test]
fn a_read_only_file_system_is_told() {
    run_in_namespace("on_read_only_file_systems");
}

/// Not a test by itself: what runs in the namespace.
#[test]
#[ignore = "run by the other tests, in a namespace"]
fn on_read_only_file_systems() {
    if env::var_os("KALENDS_READ_ONLY").is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mounted = tempfile::tempdir().unwrap();
    let place = mounted.path().to_str().unwrap();
    assert!(mount(&["-t", "tmpfs", "-o", "size=64m", "none", place]));
    for choice in ENGINES {
        let house = mounted.path().join(choice.name());
        let engine = open(choice, &house).unwrap();
        assert_eq!(runtime.block_on(engine.commit(commit(1))), Ok(Committed::At(1)));
    }
    assert!(mount(&["-o", "remount,ro", place]));
    for choice in ENGINES {
        refuses(choice, &mounted.path().join(choice.name()), "mount it writable");
        refuses(choice, &mounted.path().join("new"), "mount it writable");
    }
    assert!(mount(&["-o", "remount,rw", place]));
    for choice in ENGINES {
        let engine = open(choice, &mounted.path().join(choice.name())).unwrap();
        assert_eq!(runtime.block_on(engine.get(&[1])).unwrap().unwrap().value, vec![1; 10_000]);
        assert_eq!(runtime.block_on(engine.commit(commit(2))), Ok(Committed::At(2)));
    }
    assert!(status_of(Command::new("umount").args(["--lazy", place])));
}

/// Whether this process is refused what the rights of a folder refuse; root is not.
fn rights_bind(folder: &Path) -> bool {
    fs::write(folder.join("probe"), "").is_err()
}

fn with_rights(folder: &Path, rights: u32) {
    fs::set_permissions(folder, fs::Permissions::from_mode(rights)).unwrap();
}

#[test]
fn a_folder_without_permission_is_told() {
    let house = tempfile::tempdir().unwrap();
    with_rights(house.path(), 0o555);
    let binds = rights_bind(house.path());
    with_rights(house.path(), 0o755);
    if binds {
        without_permission(house.path());
        return;
    }
    // Root is refused nothing: as a user that is.
    let copy = copy_for_all(house.path());
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy);
    command.args(["--ignored", "--exact", "as_nobody", "--nocapture"]);
    with_rights(house.path(), 0o777);
    if status_of(Command::new("setpriv").args(["--reuid=65534", "--regid=65534", "--clear-groups", "true"])) {
        assert!(status_of(command.env("KALENDS_READ_ONLY", house.path())), "it failed as another user");
    } else {
        println!("skipped: this user is refused nothing, and there is no `setpriv` to become another");
    }
}

/// This program where every user may run it: the folder it was built in may be closed to them.
fn copy_for_all(house: &Path) -> PathBuf {
    let copy = house.join("program");
    fs::copy(env::current_exe().unwrap(), &copy).unwrap();
    with_rights(&copy, 0o755);
    copy
}

/// Not a test by itself: what runs as another user.
#[test]
#[ignore = "run by the other tests, as a user with few rights"]
fn as_nobody() {
    if let Some(house) = env::var_os("KALENDS_READ_ONLY") {
        without_permission(Path::new(&house));
    }
}

fn without_permission(house: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for choice in ENGINES {
        let above = house.join(format!("above-{choice}"));
        let folder = above.join("store");
        fs::create_dir(&above).unwrap();
        with_rights(&above, 0o555);
        refuses(choice, &folder, "chown");
        with_rights(&above, 0o755);
        let engine = open(choice, &folder).unwrap();
        assert_eq!(runtime.block_on(engine.commit(commit(1))), Ok(Committed::At(1)));
        drop(engine);
        let inside: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
        for path in inside.iter().filter(|path| path.is_file()) {
            with_rights(path, 0o444);
        }
        refuses(choice, &folder, "chown");
        for path in inside.iter().filter(|path| path.is_file()) {
            with_rights(path, 0o644);
        }
        let engine = open(choice, &folder).unwrap();
        assert_eq!(runtime.block_on(engine.get(&[1])).unwrap().unwrap().version, 1);
    }
}
