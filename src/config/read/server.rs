//! `[server]`, `[store]`, `[access]`, `[log]` and `[limits]`.

use std::time::Duration;

use aggregator::access::{FreeBusy, Rules};

use crate::config::reader::Section;
use crate::config::settings::{Limits, Listen, Log, Network, Server};
use crate::config::value::address::url_parts;
use store::engine::choice::EngineChoice;

/// `[server]`; the public address is that of the first listener where none is given.
pub fn server(top: &Section<'_>, listen: &[Listen]) -> Server {
    let section = top.section("server");
    let public_url = public_url(&section, listen);
    let data_dir = section.text("data_dir").unwrap_or_default();
    if data_dir.trim().is_empty() {
        section.error("data_dir", "is empty", "name a folder, or leave the key out");
    }
    let trusted_proxies = section
        .texts("trusted_proxies")
        .iter()
        .filter_map(|(text, place)| {
            let network = Network::parse(text);
            if network.is_none() {
                let what = format!("`{text}` is neither an address nor a network");
                let key = section.key("trusted_proxies");
                section.reader.problems.error(place, &key, what, "write \"10.0.0.7\" or \"10.0.0.0/8\"");
            }
            network
        })
        .collect();
    Server { public_url, data_dir: section.reader.path(&data_dir), trusted_proxies }
}

fn public_url(section: &Section<'_>, listen: &[Listen]) -> String {
    let Some(text) = section.text("public_url") else {
        return listen.first().map_or_else(String::new, |Listen { address, front, .. }| {
            let scheme = if front.is_tls() { "https" } else { "http" };
            let host =
                if address.ip().is_unspecified() { "localhost".into() } else { address.ip().to_string() };
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            format!("{scheme}://{host}:{}", address.port())
        });
    };
    let text = text.trim().trim_end_matches('/');
    let remedy = "write it as invitees type it, such as \"https://cal.example.org\"";
    match url_parts(text) {
        Some((scheme, authority, path)) => {
            if scheme != "https" && scheme != "http" {
                section.error("public_url", format!("begins with `{scheme}:`"), remedy);
            } else if authority.contains('@') {
                section.error("public_url", "holds a user name", remedy);
            } else if !path.is_empty() {
                section.error(
                    "public_url",
                    format!("has a path, `{path}`"),
                    "pages live at the root of a host; leave it out",
                );
            }
        }
        None => section.error("public_url", format!("`{text}` is not an address of the web"), remedy),
    }
    text.to_owned()
}

/// `[store]`.
pub fn engine(top: &Section<'_>) -> EngineChoice {
    top.section("store").choice("engine").and_then(|name| name.parse().ok()).unwrap_or_default()
}

/// `[log]`.
pub fn log(top: &Section<'_>) -> Log {
    let section = top.section("log");
    Log { json: section.choice("format") == Some("json"), level: section.choice("level").unwrap_or("info") }
}

/// `[access]`.
pub fn access(top: &Section<'_>) -> Rules {
    let nobody = top.section("access").choice("free_busy") == Some("nobody");
    Rules { free_busy: if nobody { FreeBusy::Nobody } else { FreeBusy::Owners } }
}

/// `[limits]`.
pub fn limits(top: &Section<'_>) -> Limits {
    let section = top.section("limits");
    let seconds = |name| {
        let seconds = section.seconds_between(name, "1s", "1h");
        Duration::from_secs(seconds.unsigned_abs())
    };
    let header_octets = section.count_or_default("header_octets");
    if section.has("header_octets") && !(8192..=1_048_576).contains(&header_octets) {
        section.error("header_octets", format!("is {header_octets}"), "choose between 8192 and 1048576");
    }
    Limits {
        connections: section.count_or_default("connections"),
        connections_per_address: section.count_or_default("connections_per_address"),
        header_octets,
        handshake_timeout: seconds("handshake_timeout"),
        header_timeout: seconds("header_timeout"),
        body_octets: section.count_or_default("body_octets"),
        body_timeout: seconds("body_timeout"),
        idle_timeout: seconds("idle_timeout"),
        request_timeout: seconds("request_timeout"),
        home_mebibytes: section.count_or_default("home_mebibytes"),
        bookings_per_minute: section.count("bookings_per_minute").unwrap_or(1),
    }
}
