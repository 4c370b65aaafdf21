//! A device from its first minute to its last: set up, seen, ended.

#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests fail loudly and wait on the real clock"
)]

mod support;

use std::os::unix::fs::PermissionsExt;

use support::{ADA, Answer, Server, basic, said, said_json};

fn opens(server: &Server, password: &str) -> u16 {
    server.status("PROPFIND", "/dav/", &[("authorization", &basic("ada", password))])
}

#[test]
fn a_device_is_set_up_seen_and_ended_on_the_command_line() {
    let server = Server::start(ADA);
    let file = server.folder.path().join("ada.mobileconfig");
    let words = ["device", "add", "ada", "phone", "--json", "--mobileconfig", file.to_str().expect("a path")];
    let made = said_json(&server.cli(&words), 0);
    let password = made["password"].as_str().expect("a password").to_owned();
    let link = made["link"].as_str().expect("a link");
    assert!(
        link.starts_with("caldav://ada:") && link.ends_with(&format!("@{}/dav/", server.address)),
        "{link}"
    );
    let profile = std::fs::read_to_string(&file).expect("a profile");
    assert!(profile.contains(&format!("<string>{password}</string>")), "{profile}");
    let mode = std::fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "a password lies open");

    assert!(said(&server.cli(&["device", "list", "ada"]), 0).contains("never"));
    assert_eq!(opens(&server, &password), 207);
    let list = said_json(&server.cli(&["device", "list", "ada", "--json"]), 0);
    assert_eq!(list[0]["last_address"], "127.0.0.1");
    assert!(list[0]["last_used"].is_string(), "{list}");
    assert!(!list.to_string().contains(&password), "the password is told again");

    // It was just found right and is remembered; it ends at once all the same.
    said(&server.cli(&["device", "revoke", "ada", "phone"]), 0);
    assert_eq!(opens(&server, &password), 401);

    let shown = said(&server.cli(&["device", "add", "ada", "laptop"]), 0);
    assert!(shown.contains("█") && shown.contains("caldav://ada:"), "{shown}");
    assert!(!server.log().contains(&password), "the password is in the log");
}

fn page(server: &Server, password: &str) -> Answer {
    server.ask("GET", "/setup", &[("authorization", &basic("ada", password))], b"").expect("an answer")
}

fn press(server: &Server, form: &str, more: &[(&str, &str)]) -> Answer {
    let password = basic("ada", "secret");
    let mut fields = vec![
        ("authorization", password.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
    ];
    fields.retain(|(name, _)| more.iter().all(|(other, _)| name != other));
    fields.extend_from_slice(more);
    server.ask("POST", "/setup", &fields, form.as_bytes()).expect("an answer")
}

/// What stands between two texts.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no {from} in {text}")).1;
    rest.split_once(to).expect("an end").0
}

#[test]
fn owners_set_up_devices_on_their_page() {
    let server = Server::start(ADA);
    assert_eq!(server.status("GET", "/setup", &[]), 401);
    assert_eq!(page(&server, "wrong").status, 401);
    let first = page(&server, "secret");
    assert_eq!((first.status, first.field("cache-control")), (200, Some("no-store")), "{}", first.text());
    let policy = first.field("content-security-policy").expect("a policy");
    assert!(!policy.contains("script-src") && policy.contains("default-src 'none'"), "{policy}");
    assert!(!first.text().contains("<script"), "{}", first.text());
    let token = between(&first.text(), "name=\"token\" value=\"", "\"").to_owned();

    // A form of another site, one without the number, a device without a name.
    let form = format!("token={token}&device=phone&kind=android");
    assert_eq!(press(&server, &form, &[("sec-fetch-site", "cross-site")]).status, 403);
    assert_eq!(press(&server, "device=phone&kind=android", &[]).status, 422);
    assert_eq!(press(&server, &format!("token={token}&device=+&kind=android"), &[]).status, 422);
    assert!(page(&server, "secret").text().contains("There are none yet"));

    let made = press(&server, &form, &[]).text();
    let link = between(&made, "class=\"button\" href=\"", "\"").to_owned();
    assert!(link.starts_with("caldav://ada:") && made.contains("<svg role=\"img\""), "{made}");
    let password = between(&link, "caldav://ada:", "@").to_owned();
    assert_eq!(opens(&server, &password), 207);
    assert_eq!(page(&server, &password).status, 401, "a device's password makes no more of its kind");

    let profile = press(&server, &format!("token={token}&device=ipad&kind=apple"), &[]);
    assert_eq!(profile.field("content-type"), Some("application/x-apple-aspen-config; charset=utf-8"));
    assert_eq!(profile.field("cache-control"), Some("no-store"));
    assert!(profile.text().contains("com.apple.caldav.account"), "{}", profile.text());

    let list = page(&server, "secret").text();
    assert!(list.contains("phone") && list.contains("ipad") && list.contains("from 127.0.0.1"), "{list}");
    // Both were made in one second, so either may stand first.
    let before = list.split_once("\" aria-label=\"End phone\"").expect("the phone is there").0;
    let id = before.rsplit_once("value=\"").expect("its id").1.to_owned();
    let ended = press(&server, &format!("token={token}&end={id}"), &[]);
    assert_eq!((ended.status, ended.field("location")), (303, Some("/setup")));
    assert_eq!(opens(&server, &password), 401);
    assert_eq!(press(&server, &format!("token={token}&end={id}"), &[]).status, 303, "pressed twice");
}
