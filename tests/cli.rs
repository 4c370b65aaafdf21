//! The command line as people use it: alone, and beside a running server, with the same words.

#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests fail loudly and wait on the real clock"
)]

mod support;

use support::{ADA, Server, basic, cli, free_address, prepared, said, said_json};

const FEED: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VEVENT\r\nUID:standup\r\n\
    DTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260105T090000\r\nDTEND;TZID=Europe/Berlin:20260105T093000\r\n\
    RRULE:FREQ=DAILY\r\nSUMMARY:Stand-up\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

const SOURCE: &str =
    "\n  [[owner.source]]\n  id = \"work\"\n  kind = \"ics\"\n  name = \"Work\"\n  path = \"work.ics\"\n";

/// A folder with Ada and her calendar.
fn folder() -> tempfile::TempDir {
    let folder = prepared(free_address(), &format!("{ADA}{SOURCE}"));
    std::fs::write(folder.path().join("work.ics"), FEED).expect("written");
    folder
}

/// The life of a booking, by command line alone.
fn life_of_a_booking(run: &dyn Fn(&[&str]) -> std::process::Output) {
    assert!(said(&run(&["source", "sync"]), 0).contains("ada/work: 1 added, 0 changed, 0 removed; 1 events"));
    let slots = said_json(&run(&["slots", "ada/intro", "--from", "+2d", "--to", "+3d", "--json"]), 0);
    let start = slots["slots"][3]["start"].as_str().expect("a slot").to_owned();
    let other = slots["slots"][6]["start"].as_str().expect("a slot").to_owned();
    assert_eq!(slots["time_zone"], "Europe/Berlin");

    let book =
        ["book", "ada/intro", &start, "--name", "Bob", "--email", "bob@example.org", "--json", "--key", "k1"];
    let booked = said_json(&run(&book), 0);
    let uid = booked["uid"].as_str().expect("a UID").to_owned();
    assert!(booked["manage"].as_str().expect("a link").contains("/b/"));
    assert_eq!(booked["start"], start);
    // The same key is the same booking; the same time by somebody else is refused, with what is open.
    assert_eq!(said_json(&run(&book), 0)["uid"], uid);
    let eve = ["book", "ada/intro", &start, "--name", "Eve", "--email", "eve@example.org"];
    let refused = said(&run(&eve), 4);
    assert!(refused.contains("(slot_taken)") && refused.contains("open: "), "{refused}");
    let why = said(&run(&["why", "ada/intro", &start]), 0);
    assert!(why.contains("cannot be booked") && why.contains('✗'), "{why}");

    let list = said_json(&run(&["booking", "list", "--json"]), 0);
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    let moved = said_json(&run(&["booking", "reschedule", &uid, &other, "--json"]), 0);
    assert_eq!((&moved["start"], &moved["sequence"]), (&serde_json::json!(other), &serde_json::json!(1)));
    let shown = said(&run(&["booking", "show", &uid]), 0);
    assert!(shown.contains("rescheduled by operator (cli)"), "{shown}");
    assert!(said(&run(&["booking", "cancel", &uid, "--reason", "ill"]), 0).contains("cancelled"));
    assert!(said(&run(&["booking", "list"]), 0).contains("nothing is booked"));
    assert!(said(&run(&["booking", "show", "nothing"]), 4).contains("there is no booking"));
}

#[test]
fn a_booking_lives_without_a_server_and_its_letters_go_out() {
    let folder = folder();
    let config = folder.path().join("kalends.toml");
    life_of_a_booking(&|words| cli(&config, words));
    let letters = std::fs::read_dir(folder.path().join("mail")).expect("a folder").count();
    assert!(letters >= 3, "REQUEST, REQUEST, CANCEL: {letters}");
}

#[test]
fn a_booking_lives_beside_a_server_in_the_same_words() {
    let address = free_address();
    let folder = prepared(address, &format!("{ADA}{SOURCE}"));
    std::fs::write(folder.path().join("work.ics"), FEED.replace("standup", "standup2")).expect("written");
    // What the server has read before is no news to the command; so it begins with an empty calendar.
    std::fs::write(
        folder.path().join("work.ics"),
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nEND:VCALENDAR\r\n",
    )
    .expect("written");
    let server = Server::start_in(folder, address);
    server.wait_for_log("ready");
    let socket = server.folder.path().join("data/control.sock");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&socket).expect("a socket").permissions());
    assert_eq!(mode & 0o777, 0o600);
    // Once the first answer is there, the feed changes.
    let synced = said(&server.cli(&["source", "sync"]), 0);
    assert!(synced.contains("0 events"), "{synced}");
    std::fs::write(server.folder.path().join("work.ics"), FEED).expect("written");
    life_of_a_booking(&|words| server.cli(words));
}

#[test]
fn the_store_of_another_program_is_not_touched() {
    let server = Server::start(ADA);
    std::fs::remove_file(server.folder.path().join("data/control.sock")).expect("a socket");
    let told = said(&server.cli(&["owner", "list"]), 4);
    assert!(told.contains("in use") && told.contains("server.data_dir"), "{told}");
}

#[test]
fn free_busy_is_a_table_a_chart_and_a_vfreebusy() {
    let folder = folder();
    let config = folder.path().join("kalends.toml");
    said(&cli(&config, &["source", "sync"]), 0);
    let ask = |more: &[&str]| {
        let words = [&["freebusy", "ada@example.org", "2026-11-24", "2026-11-26"], more].concat();
        cli(&config, &words)
    };
    let table = said(&ask(&[]), 0);
    assert!(table.contains("Tue 24 Nov 2026  09:00  09:30  busy"), "{table}");
    assert!(table.contains("Tue 24 Nov   ··················█·····························"), "{table}");
    let kolkata = said(&ask(&["--tz", "Asia/Kolkata"]), 0);
    assert!(kolkata.contains("Tue 24 Nov 2026  13:30  14:00  busy"), "{kolkata}");
    let ics = said(&ask(&["--ics"]), 0);
    assert!(ics.contains("FREEBUSY;FBTYPE=BUSY:20261124T080000Z/20261124T083000Z"), "{ics}");
    let json = said_json(&ask(&["--json"]), 0);
    assert_eq!(json["busy"][1]["start"], "2026-11-25T08:00:00Z");
    assert!(said(&cli(&config, &["freebusy", "adda", "today", "+1d"]), 4).contains("did you mean ada?"));
    assert!(said(&cli(&config, &["freebusy", "ada", "tomorrow", "today"]), 2).contains("TO must be later"));
}

#[test]
fn what_is_imported_is_exported_again() {
    let folder = folder();
    let config = folder.path().join("kalends.toml");
    let file = folder.path().join("in.ics");
    let second = FEED.replace("standup", "lunch").replace("Stand-up", "Mittag, groß; schön");
    std::fs::write(&file, format!("{FEED}{second}")).expect("written");
    let file = file.to_string_lossy().into_owned();
    assert!(
        said(&cli(&config, &["import", &file]), 0)
            .contains("2 added, 0 replaced, 0 unchanged, 0 not imported")
    );
    assert!(said(&cli(&config, &["import", &file]), 0).contains("0 added, 0 replaced, 2 unchanged"));
    let out = said(&cli(&config, &["export", "--owner", "ada"]), 0);
    assert_eq!(out.matches("BEGIN:VCALENDAR").count(), 1);
    assert_eq!(out.matches("BEGIN:VEVENT").count(), 2);
    assert!(out.contains("SUMMARY:Mittag, groß; schön\r\n") && out.ends_with("END:VCALENDAR\r\n"), "{out}");

    std::fs::write(folder.path().join("bad.ics"), "<html></html>").expect("written");
    let bad = folder.path().join("bad.ics").to_string_lossy().into_owned();
    assert!(said(&cli(&config, &["import", &bad]), 4).contains("nothing of it was imported"));
    assert!(said(&cli(&config, &["import", "/nowhere.ics"]), 2).contains("cannot be read"));
    assert!(
        said(&cli(&config, &["import", &file, "--calendar", "unified"]), 4).contains("kept by the server")
    );
}

#[test]
fn a_device_signs_in_until_its_password_is_revoked() {
    let server = Server::start(ADA);
    let made = said_json(&server.cli(&["owner", "app-password", "add", "ada", "phone", "--json"]), 0);
    let password = made["password"].as_str().expect("a password").to_owned();
    let signs_in = || server.status("PROPFIND", "/dav/", &[("authorization", &basic("ada", &password))]);
    assert_eq!(signs_in(), 207);
    assert_eq!(signs_in(), 207);
    let list = said(&server.cli(&["owner", "app-password", "list", "ada"]), 0);
    assert!(list.contains("phone") && !list.contains(&password) && !list.contains("never"), "{list}");
    assert!(
        said(&server.cli(&["owner", "app-password", "revoke", "ada", "phone"]), 0).contains("revoked: phone")
    );
    assert_eq!(signs_in(), 401);
    assert_eq!(server.status("PROPFIND", "/dav/", &[("authorization", &basic("ada", "secret"))]), 207);
    assert!(
        said(&server.cli(&["owner", "app-password", "revoke", "ada", "phone"]), 4)
            .contains("no such password")
    );
}

#[test]
fn init_writes_what_check_finds_good_and_overwrites_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("kalends.toml");
    let dir = folder.path().to_string_lossy().into_owned();
    let init = [
        "init",
        "--dir",
        &dir,
        "--name",
        "Ada \"Countess\" Lovelace",
        "--email",
        "ada@example.org",
        "--tz",
        "Europe/London",
        "--url",
        "https://cal.example.org/",
        "--json",
    ];
    let made = said_json(&cli(&config, &init), 0);
    assert_eq!(made["owner"], "ada");
    let good = said(&cli(&config, &["check"]), 0);
    assert!(good.contains("is good: 1 owner, 0 sources, 1 event type"), "{good}");
    let text = std::fs::read_to_string(&config).expect("readable");
    assert!(text.contains("# How often it is asked"), "the comments are there");
    assert!(
        !text.contains(made["password"].as_str().expect("a password")),
        "the password stands in the open"
    );
    assert!(said(&cli(&config, &init), 4).contains("is there already"));
    assert_eq!(std::fs::read_to_string(&config).expect("readable"), text);
    let owners = said(&cli(&config, &["owner", "list"]), 0);
    assert!(owners.contains("Ada \"Countess\" Lovelace") && owners.contains("intro"), "{owners}");
    // Nobody can be asked here, so what is missing is named.
    let elsewhere = folder.path().join("x").to_string_lossy().into_owned();
    assert!(said(&cli(&config, &["init", "--dir", &elsewhere]), 2).contains("--name is needed"));
}

#[test]
fn check_tells_every_problem_for_people_and_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("kalends.toml");
    std::fs::write(&config, "[server]\npublik_url = \"x\"\n[log]\nlevel = \"loud\"\n").expect("written");
    let told = said(&cli(&config, &["check"]), 3);
    assert!(
        told.contains("kalends.toml:2:1: server.publik_url: is not a known key; did you mean `public_url`?"),
        "{told}"
    );
    let json = said_json(&cli(&config, &["check", "--json"]), 3);
    assert_eq!((&json["problems"][1]["line"], &json["problems"][1]["key"]), (&4.into(), &"log.level".into()));
    assert_eq!(cli(&config, &["serve"]).status.code(), Some(3));
}

#[test]
fn check_online_asks_every_source() {
    let folder = folder();
    let config = folder.path().join("kalends.toml");
    let found = said(&cli(&config, &["check", "--online"]), 0);
    assert!(found.contains("ok    source ada/work: 1 events"), "{found}");
    assert!(found.contains("ok    mail: letters become files"), "{found}");
    std::fs::write(folder.path().join("work.ics"), "<html></html>").expect("written");
    let found = said(&cli(&config, &["check", "--online"]), 4);
    assert!(found.contains("FAIL  source ada/work: "), "{found}");
}

#[test]
fn usage_is_told_with_its_own_code() {
    let folder = folder();
    let config = folder.path().join("kalends.toml");
    assert!(said(&cli(&config, &["slts"]), 2).contains("did you mean `slots`?"));
    assert!(said(&cli(&config, &["slots", "ada"]), 2).contains("`ada` is not OWNER/EVENT_TYPE"));
    assert!(said(&cli(&config, &["slots", "ada/inro"]), 4).contains("did you mean intro?"));
    assert!(
        said(&cli(&config, &["book", "ada/intro", "soon", "--name", "B", "--email", "b@x.org"]), 2)
            .contains("`soon` is not a time")
    );
    assert!(said(&cli(&config, &["--version"]), 0).starts_with("kalends 0."));
    assert!(said(&cli(&config, &["booking", "cancel", "--help"]), 0).contains("Example:"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(said(&cli(&config, &["completions", shell]), 0).contains("app-password"));
    }
    assert!(said(&cli(&config, &["healthcheck"]), 4).contains("no server runs"));
}

#[test]
fn a_long_data_folder_still_has_a_control_socket() {
    let address = free_address();
    let folder = prepared(address, ADA);
    let long = "d".repeat(120);
    let config = folder.path().join("kalends.toml");
    let text = std::fs::read_to_string(&config).expect("readable");
    std::fs::write(&config, text.replace("data_dir = \"data\"", &format!("data_dir = \"{long}\"")))
        .expect("written");
    let server = Server::start_in(folder, address);
    assert!(said(&server.cli(&["healthcheck"]), 0).contains("ok    store"));
}

const EVE: &str = r#"
[[owner]]
id = "eve"
name = "Eve Example"
emails = ["eve@example.org"]
time_zone = "Europe/Berlin"
working_hours = { mon-sun = ["00:00-24:00"] }
password = { file = "ada.password" }
"#;

#[test]
fn access_is_granted_listed_and_taken_back() {
    let server = Server::start(&format!("{ADA}{EVE}"));
    let eve = basic("eve", "secret");
    let reads = |path: &str| {
        let fields = [("authorization", eve.as_str()), ("depth", "0")];
        server.status("PROPFIND", path, &fields)
    };
    let (own, lent) = ("/dav/calendars/ada/personal/", "/dav/calendars/eve/shared-ada-personal/");
    assert_eq!((reads(own), reads(lent)), (403, 404));
    let granted = said(&server.cli(&["access", "grant", "ada/personal", "eve@example.org", "read"]), 0);
    let rows: Vec<Vec<&str>> = granted.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["personal", "eve", "reads"]), "{granted}");
    assert_eq!((reads(own), reads(lent)), (403, 207));
    let listed = said_json(&server.cli(&["access", "list", "ada", "--json"]), 0);
    let of_eve = listed.as_array().expect("a list").iter().find(|one| one["who"] == "eve").expect("eve");
    assert_eq!((&of_eve["calendar"], &of_eve["what"]), (&"personal".into(), &"reads".into()));
    said(&server.cli(&["access", "revoke", "ada/personal", "eve"]), 0);
    assert_eq!((reads(own), reads(lent)), (403, 404));
    assert!(said(&server.cli(&["access", "grant", "ada", "eve", "write"]), 0).contains("reads and writes"));
    assert_eq!(reads(own), 207);
    said(&server.cli(&["access", "revoke", "ada", "eve"]), 0);
    assert_eq!(reads(own), 403);
    said(&server.cli(&["access", "revoke", "ada", "everybody"]), 0);
    assert_eq!(reads(own), 404);
    said(&server.cli(&["access", "grant", "ada", "everybody", "free-busy"]), 0);
    assert_eq!(reads(own), 403);
    for (words, code, told) in [
        (&["access", "grant", "ada", "eve", "all"][..], 2, "`all` is none of free-busy, read and write"),
        (&["access", "grant", "ada", "everybody", "read"], 4, "everybody may learn busy time, and no more"),
        (&["access", "grant", "ada", "ada", "read"], 4, "it is its owner's already"),
        (&["access", "grant", "ada/nothing", "eve", "read"], 4, "there is no calendar ada/nothing"),
        (&["access", "grant", "ada", "eva", "read"], 4, "did you mean eve?"),
        (&["access", "list", "adda"], 4, "did you mean ada?"),
        (&["access", "grant", "ada", "eve"], 2, ""),
    ] {
        let said = said(&server.cli(words), code);
        assert!(said.contains(told), "{words:?}: {said}");
    }
}
