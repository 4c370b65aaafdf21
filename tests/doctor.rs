//! `kalends doctor`: what is wrong on a machine, with what to do about it, and the DNS records to copy.

#![allow(clippy::expect_used, clippy::disallowed_methods, reason = "tests fail loudly")]

mod support;

use std::path::PathBuf;

use support::{ADA, Server, cli, free_address, prepared, said, said_json};

const BEHIND_A_PROXY: (&str, &str) =
    ("data_dir = \"data\"", "data_dir = \"data\"\ntrusted_proxies = [\"127.0.0.1\"]");

/// A configuration whose words were changed, and its folder.
fn changed(more: &str, changes: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let address = free_address();
    let folder = prepared(address, more);
    let config = folder.path().join("kalends.toml");
    let mut text = std::fs::read_to_string(&config).expect("readable");
    text = text
        .replace(&format!("public_url = \"http://{address}\""), "public_url = \"https://cal.example.org\"");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    std::fs::write(&config, text).expect("written");
    (folder, config)
}

fn state<'a>(told: &'a serde_json::Value, name: &str) -> (&'a str, String) {
    let found = told["checks"].as_array().expect("checks").iter().find(|check| check["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {told}"));
    let text = format!("{} → {}", found["detail"], found["remedy"]);
    (found["state"].as_str().expect("a state"), text)
}

#[test]
fn a_sound_configuration_is_told_with_its_dns_records() {
    let (_folder, config) = changed(ADA, &[BEHIND_A_PROXY]);
    let told = said(&cli(&config, &["doctor"]), 0);
    for line in [
        "ok    configuration",
        "1 owners, 0 sources, 1 listeners; read from ",
        "ok    public_url",
        "WARN  backup",
        "→ set [backup]",
        "DNS records of example.org",
        "\n  _caldavs._tcp.example.org.  3600 IN SRV 0 1 443 cal.example.org.\n",
        "\n  _caldavs._tcp.example.org.  3600 IN TXT \"path=/dav/\"\n",
        "\n  _caldav._tcp.example.org.  3600 IN SRV 0 0 0 .\n",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert!(!told.contains("FAIL"), "{told}");
    let json = said_json(&cli(&config, &["doctor", "--json"]), 0);
    assert_eq!((&json["healthy"], &json["dns"][0]["domain"]), (&true.into(), &"example.org".into()));
}

#[test]
fn a_wrong_configuration_is_told_by_file_line_and_key() {
    let (_folder, config) = changed(ADA, &[("data_dir = \"data\"", "data_dir = \"data\"\npublik = 1")]);
    let told = said(&cli(&config, &["doctor"]), 3);
    assert!(told.contains("kalends.toml:4:1: server.publik: is not a known key"), "{told}");
    let json = said_json(&cli(&config, &["doctor", "--json"]), 3);
    assert_eq!((&json["healthy"], &json["problems"][0]["line"]), (&false.into(), &4.into()));
    assert_eq!(said_json(&cli(&config.with_extension("none"), &["doctor", "--json"]), 3)["healthy"], false);
}

#[test]
fn what_does_not_work_is_named_with_its_remedy() {
    let taken = std::net::TcpListener::bind("0.0.0.0:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let listener = format!("{ADA}\n[[listen]]\naddress = \"{address}\"\nsurfaces = [\"caldav\"]\n");
    let (folder, config) = changed(&listener, &[("address = \"127.0.0.1:", "address = \"0.0.0.0:")]);
    let told = said_json(&cli(&config, &["doctor", "--json"]), 1);
    assert_eq!(told["healthy"], false);
    let (seen, text) = state(&told, "public_url");
    assert!(seen == "fault" && text.contains("nobody answers https"), "{text}");
    let (seen, text) = state(&told, &format!("listen {address}"));
    assert!(seen == "fault" && text.contains("another program has that port"), "{text}");
    assert_eq!(state(&told, "data_dir").0, "warning");
    let (_beside, config_beside) = changed(ADA, &[]);
    let told = said_json(&cli(&config_beside, &["doctor", "--json"]), 0);
    assert_eq!(state(&told, "public_url").0, "warning", "a proxy on this machine may answer https");
    std::fs::write(folder.path().join("data"), "no folder").expect("written");
    let (seen, text) = (said_json(&cli(&config, &["doctor", "--json"]), 1), "data_dir");
    assert_eq!(state(&seen, text).0, "fault");
}

#[test]
fn a_certificate_is_for_the_name_and_has_not_ended() {
    let listener = "\n[[listen]]\naddress = \"127.0.0.1:0\"\nsurfaces = [\"caldav\"]\n\
                    tls = { cert = \"cert.pem\", key = \"key.pem\" }\n";
    for (name, until, expected, words) in [
        ("cal.example.org", 2100, "ok", "until 2100-01-01"),
        ("*.example.org", 2100, "ok", "until 2100-01-01"),
        ("other.example.org", 2100, "fault", "it is not for cal.example.org"),
        ("cal.example.org", 2021, "fault", "it has expired; renew it"),
    ] {
        let (folder, config) = changed(&format!("{ADA}{listener}"), &[]);
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        std::fs::write(folder.path().join("cert.pem"), certificate).expect("written");
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).expect("written");
        let code = i32::from(expected != "ok");
        let told = said_json(&cli(&config, &["doctor", "--json"]), code);
        let (seen, text) = state(&told, "certificate at 127.0.0.1:0");
        assert!(seen == expected && text.contains(words), "{name} {until}: {text}");
    }
}

#[test]
fn a_running_server_says_how_it_is_and_no_secret_is_told() {
    let smtp = "[mail]\nsmtp = \"smtp://somebody@127.0.0.1:9?tls=none\"\npassword = \"Geheimnis\"\n";
    let address = free_address();
    let folder = prepared(address, &ADA.replace("[mail]\nfolder = \"mail\"\n", smtp));
    std::fs::write(folder.path().join("ada.password"), "Losung\n").expect("written");
    let server = Server::start_in(folder, address);
    let told = said(&server.cli(&["doctor"]), 0);
    for line in
        ["ok    server", "ok    store", "ok    outbox", "127.0.0.1 is no name that others can ask for"]
    {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert!(told.contains("smtp://") && !told.contains("Geheimnis") && !told.contains("Losung"), "{told}");
    assert!(said(&server.cli(&["doctor", "--online"]), 1).contains("FAIL  mail"));
}
