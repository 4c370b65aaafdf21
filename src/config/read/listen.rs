//! `[[listen]]`: where, and for what.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::config::reader::Section;
use crate::config::settings::{Listen, Surface};
use crate::config::tree::Value;

/// All listeners; one on loopback for everything where none is given.
pub fn listeners(top: &Section<'_>) -> Vec<Listen> {
    let sections = top.sections("listen");
    if sections.is_empty() {
        let surfaces = BTreeSet::from([Surface::Booking, Surface::CalDav, Surface::Metrics]);
        return vec![Listen { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)), surfaces }];
    }
    let mut listeners: Vec<Listen> = Vec::new();
    for section in &sections {
        let address = address(section);
        let surfaces = surfaces(section);
        tls(section);
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
        listeners.push(Listen { address, surfaces });
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

fn tls(section: &Section<'_>) {
    let remedy = "put it behind a reverse proxy that has the certificate, and write tls = \"off\"";
    match section.node("tls").map(|node| &node.value) {
        None => {}
        Some(Value::Text(text)) if text == "off" => {}
        Some(Value::Text(text)) if text == "acme" => {
            section.error("tls", "`acme` is not available in this version", remedy);
        }
        Some(Value::Table(_)) => {
            section.error("tls", "a certificate from files is not available in this version", remedy);
        }
        Some(Value::Text(text)) => {
            section.error("tls", format!("`{text}` is not one of its words"), "allowed: `off`");
        }
        Some(other) => section.error("tls", format!("is {}", other.noun()), "allowed: `off`"),
    }
}
