//! `[[owner]]`: whose calendars are made one.

use std::collections::BTreeSet;
use std::sync::Arc;

use aggregator::owner::{AutoAccept, Bookings, FreeBusyUrl, Manner, Owner, PasswordCheck};
use booking::desk::Host;
use calendar::address::{Address, UserType};
use calendar::zone::Zone;

use super::times;
use super::{event_type, source};
use crate::config::problem::{Place, nearest};
use crate::config::reader::Section;
use crate::config::value::{address, secret};

/// All owners with what may be booked of their time.
pub fn hosts(top: &Section<'_>) -> Vec<Host> {
    let mut ids = BTreeSet::new();
    let mut addresses = BTreeSet::new();
    let sections = top.sections("owner");
    let mut hosts = Vec::new();
    for section in &sections {
        let host = host(section);
        if !host.owner.id.is_empty() && !ids.insert(host.owner.id.clone()) {
            section.error("id", format!("`{}` is another owner's id", host.owner.id), "choose another one");
        }
        for address in &host.owner.addresses {
            if !addresses.insert(address.clone()) {
                let what = format!("`{}` is given twice", address.mail().unwrap_or(address.as_str()));
                section.error("emails", what, "an address belongs to one owner, once");
            }
        }
        hosts.push(host);
    }
    hosts
}

fn host(section: &Section<'_>) -> Host {
    let id = id(section);
    let name = section.text("name").filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.clone());
    let zone = zone(section, "time_zone", true).unwrap_or_else(|| Zone::utc().clone());
    let weekly = times::weekly(section, "working_hours").unwrap_or_else(times::usual);
    let owner = Owner {
        name,
        addresses: emails(section),
        sources: source::sources(section),
        manner: manner(section),
        passwords: passwords(section),
        zone: zone.clone(),
        id,
    };
    let event_types = event_type::event_types(section, &zone, &weekly);
    Host { owner: Arc::new(owner), event_types }
}

/// How the owner is asked for. Rooms and resources answer by themselves unless that is said otherwise.
fn manner(section: &Section<'_>) -> Manner {
    let user_type = match section.choice("kind") {
        Some("room") => UserType::Room,
        Some("resource") => UserType::Resource,
        _ => UserType::Individual,
    };
    let auto_accept = match section.choice("auto_accept") {
        Some("free") => AutoAccept::IfFree,
        Some("always") => AutoAccept::Always,
        None if user_type != UserType::Individual => AutoAccept::IfFree,
        _ => AutoAccept::Never,
    };
    let bookings =
        if section.flag("book_within_availability") { Bookings::ByAvailability } else { Bookings::ByHours };
    Manner { user_type, auto_accept, bookings, free_busy_url: free_busy_url(section) }
}

/// Characters of a key that cannot be guessed.
const KEY_CHARACTERS_MIN: usize = 16;

fn free_busy_url(section: &Section<'_>) -> FreeBusyUrl {
    let key = secret::read(section, "free_busy_key").map(|key| key.reveal().to_owned());
    match (section.choice("free_busy_url"), key) {
        (Some("open"), _) => FreeBusyUrl::Open,
        (Some("keyed"), Some(key)) if key.len() >= KEY_CHARACTERS_MIN => FreeBusyUrl::Keyed(key),
        (Some("keyed"), key) => {
            let what = if key.is_some() { "is too short" } else { "is missing" };
            let remedy = format!("give it at least {KEY_CHARACTERS_MIN} characters that nobody guesses");
            section.error("free_busy_key", what, remedy);
            FreeBusyUrl::Off
        }
        _ => FreeBusyUrl::Off,
    }
}

fn id(section: &Section<'_>) -> String {
    let Some(id) = section.needed("id", "\"alice\"") else { return String::new() };
    if let Some(fault) = address::fault_of_id(&id) {
        section.error(
            "id",
            format!("`{id}` {fault}"),
            "it is a part of addresses: choose a short one such as \"alice\"",
        );
    } else if booking_ui::routes_reserved().contains(&id.as_str()) {
        section.error("id", format!("`{id}` is a path of the server itself"), "choose another id");
    }
    id
}

/// The zone `name`; where it is not given, that is said if it is needed.
pub fn zone(section: &Section<'_>, name: &str, needed: bool) -> Option<Zone> {
    let text = if needed { section.needed(name, "\"Europe/Berlin\"")? } else { section.text(name)? };
    let zone = Zone::iana(&text);
    if zone.is_none() {
        let remedy = match (Zone::named(&text), similar_zone(&text)) {
            (Some(known), _) => format!("did you mean `{}`? IANA names are used here", known.name()),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => "write an IANA name such as \"Europe/Berlin\" or \"America/New_York\"".to_owned(),
        };
        section.error(name, format!("`{text}` is not a known time zone"), remedy);
    }
    zone
}

/// The zone whose name, or whose city, is nearly `text`.
fn similar_zone(text: &str) -> Option<String> {
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    let of_city = || {
        let cities = names.iter().filter_map(|name| Some((name.rsplit_once('/')?.1, name)));
        let cities: Vec<(&str, &String)> = cities.collect();
        let near = nearest(&text.replace(' ', "_"), cities.iter().map(|(city, _)| *city))?;
        cities.iter().find(|(city, _)| *city == near).map(|(_, name)| (*name).clone())
    };
    nearest(text, names.iter().map(String::as_str)).map(str::to_owned).or_else(of_city)
}

fn emails(section: &Section<'_>) -> Vec<Address> {
    let texts = section.texts("emails");
    if !section.has("emails") || section.is_empty_list("emails") {
        let what = if section.has("emails") { "is empty" } else { "is missing" };
        section.error("emails", what, "add emails = [\"alice@example.org\"], the preferred one first");
    }
    texts.iter().filter_map(|(text, place)| mail(section, "emails", text, place)).collect()
}

/// `text` as a mail address.
pub fn mail(section: &Section<'_>, name: &str, text: &str, place: &Place) -> Option<Address> {
    let bare = text.trim();
    let bare = bare.strip_prefix("mailto:").unwrap_or(bare);
    if let Some(fault) = address::fault_of_mail(bare) {
        let remedy = "write an address such as \"alice@example.org\"";
        section.reader.problems.error(place, &section.key(name), format!("`{text}` {fault}"), remedy);
        return None;
    }
    Some(Address::parse(bare))
}

fn passwords(section: &Section<'_>) -> Vec<PasswordCheck> {
    let mut checks = Vec::new();
    if let Some(password) = secret::read(section, "password") {
        checks.push(PasswordCheck::Plain(password.reveal().to_owned()));
    }
    if let Some(hash) = section.text("password_hash") {
        if hash.starts_with("$argon2id$") && hash.split('$').count() == 6 {
            checks.push(PasswordCheck::Hash(hash));
        } else {
            let remedy =
                "make one with argon2(1), it begins with `$argon2id$`, or write password = { file = \"…\" }";
            section.error("password_hash", "is not an Argon2id hash", remedy);
        }
    }
    checks
}
