//! `[[listen]]`: where, and for what.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;

use crate::config::reader::Section;
use crate::config::settings::{Front, Listen, Surface};
use crate::config::tree::{Table, Value};
use crate::tls::certificate::{Certificate, Files, Side};

const ALLOWED: &str = "allowed: `off`, or { cert = \"…\", key = \"…\" }";

/// All listeners; one on loopback for everything where none is given.
pub fn listeners(top: &Section<'_>) -> Vec<Listen> {
    let sections = top.sections("listen");
    if sections.is_empty() {
        let surfaces = BTreeSet::from([Surface::Booking, Surface::CalDav, Surface::Metrics]);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        return vec![Listen { address, front: Front::Plain, surfaces }];
    }
    let mut listeners: Vec<Listen> = Vec::new();
    for section in &sections {
        let address = address(section);
        let surfaces = surfaces(section);
        let front = front(section);
        check_redirect(section, &surfaces, &front);
        let Some(address) = address else { continue };
        let clash = listeners.iter().any(|other| {
            other.address.port() == address.port()
                && address.port() != 0
                && (other.address.ip() == address.ip()
                    || same_family_and_any(other.address.ip(), address.ip()))
        });
        if clash {
            let remedy = "name all surfaces of one address in one [[listen]], or choose another port";
            section.error("address", format!("`{address}` is taken by another listener"), remedy);
        }
        listeners.push(Listen { address, front, surfaces });
    }
    listeners
}

fn same_family_and_any(one: IpAddr, other: IpAddr) -> bool {
    one.is_ipv4() == other.is_ipv4() && (one.is_unspecified() || other.is_unspecified())
}

fn address(section: &Section<'_>) -> Option<SocketAddr> {
    let text = section.needed("address", "\"127.0.0.1:8080\"")?;
    let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let parsed = named.as_deref().unwrap_or(&text).parse();
    if parsed.is_err() {
        let remedy = if let Some(port) = text.strip_prefix(':') {
            format!(
                "write \"0.0.0.0:{port}\" for all addresses, or \"127.0.0.1:{port}\" for this machine only"
            )
        } else if text.parse::<IpAddr>().is_ok() {
            "add a port, such as `:8080`, after it".to_owned()
        } else {
            "write an IP address and a port, such as \"127.0.0.1:8080\" or \"[::]:443\"".to_owned()
        };
        section.error("address", format!("`{text}` is not an address to listen on"), remedy);
    }
    parsed.ok()
}

fn surfaces(section: &Section<'_>) -> BTreeSet<Surface> {
    let words = section.choices("surfaces");
    let given = match section.node("surfaces").map(|node| &node.value) {
        Some(Value::List(items)) => !items.is_empty(),
        Some(_) => true,
        None => false,
    };
    if !given {
        let remedy = "name what is served there, such as surfaces = [\"booking\", \"caldav\"]";
        section.error("surfaces", if section.has("surfaces") { "is empty" } else { "is missing" }, remedy);
    }
    let mut surfaces = BTreeSet::new();
    for (word, place) in words {
        let Some((_, surface)) = Surface::ALL.iter().find(|(name, _)| *name == word) else { continue };
        let key = section.key("surfaces");
        if !surface.is_served() {
            let what = format!("`{word}` is not served in this version");
            section.reader.problems.warning(place, &key, what, "its addresses answer 404 for now");
        }
        if !surfaces.insert(*surface) {
            section.reader.problems.error(place, &key, format!("`{word}` is named twice"), "name it once");
        }
    }
    surfaces
}

fn front(section: &Section<'_>) -> Front {
    match section.node("tls").map(|node| &node.value) {
        None => {}
        Some(Value::Text(text)) if text == "off" => {}
        Some(Value::Table(table)) => return files(section, table).map_or(Front::Plain, Front::Files),
        Some(Value::Text(text)) if text == "acme" => {
            let remedy =
                "let another program fetch the certificate, and write tls = { cert = \"…\", key = \"…\" }";
            section.error("tls", "`acme` is not available in this version", remedy);
        }
        Some(Value::Text(text)) => {
            section.error("tls", format!("`{text}` is not one of its words"), ALLOWED);
        }
        Some(other) => section.error("tls", format!("is {}", other.noun()), ALLOWED),
    }
    Front::Plain
}

/// `{ cert = "…", key = "…" }`, both of which must be of use.
fn files(section: &Section<'_>, table: &Table) -> Option<Files> {
    let problems = section.reader.problems;
    let full = |name: &str| format!("{}.{name}", section.key("tls"));
    for entry in table.entries.iter().filter(|entry| !matches!(entry.key.as_str(), "cert" | "key")) {
        problems.error(&entry.place, &full(&entry.key), "is not a known key", "known here: `cert` and `key`");
    }
    let path = |name: &str| match table.value(name).map(|node| (&node.value, &node.place)) {
        Some((Value::Text(text), _)) if !text.trim().is_empty() => Some(section.reader.path(text)),
        Some((_, place)) => {
            problems.error(place, &full(name), "is no path", "name a PEM file, in quotes");
            None
        }
        None => {
            let remedy = "write tls = { cert = \"cert.pem\", key = \"key.pem\" }";
            problems.error(section.place_of("tls"), &full(name), "is missing", remedy);
            None
        }
    };
    let (certificate, key) = (path("cert"), path("key"));
    let files = Files { certificate: certificate?, key: key? };
    if let Err(fault) = Certificate::load(&files) {
        let name = if fault.side == Side::Key { "key" } else { "cert" };
        let place = table.value(name).map_or(section.place_of("tls"), |node| &node.place);
        problems.error(place, &full(name), fault.what, fault.remedy);
        return None;
    }
    let open = std::fs::metadata(&files.key).is_ok_and(|found| found.permissions().mode() & 0o004 != 0);
    if open && let Some(node) = table.value("key") {
        problems.warning(&node.place, &full("key"), "everybody may read the key", "chmod 0600 it");
    }
    Some(files)
}

/// The way to the pages stands alone: nothing else may be asked for there, and it must lead to TLS.
fn check_redirect(section: &Section<'_>, surfaces: &BTreeSet<Surface>, front: &Front) {
    if !surfaces.contains(&Surface::Redirect) {
        return;
    }
    if surfaces.len() > 1 {
        let remedy = "give what is served a [[listen]] of its own";
        section.error("surfaces", "`redirect` stands beside others", remedy);
    }
    if front.is_tls() {
        section.error("tls", "is set where there is only a redirect", "leave it out");
    }
}
