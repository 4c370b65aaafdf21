//! `[[owner.source]]`: the calendars that are made one.

use std::collections::BTreeSet;

use aggregator::operation::collection::RESERVED;
use aggregator::owner::{IcsLocation, IcsSettings, Push, SourceKind, SourceSettings, Unreachable};
use calendar::address::Address;

use super::owner::{mail, zone};
use crate::config::problem::listed;
use crate::config::reader::Section;
use crate::config::value::{address, duration, secret};

/// The sources of an owner.
pub fn sources(owner: &Section<'_>) -> Vec<SourceSettings> {
    let mut ids = BTreeSet::new();
    let sections = owner.sections("source");
    let mut sources = Vec::new();
    for section in &sections {
        let Some(source) = source(section) else { continue };
        if !ids.insert(source.id.clone()) {
            section.error("id", format!("`{}` is another source's id", source.id), "choose another one");
        }
        sources.push(source);
    }
    sources
}

fn source(section: &Section<'_>) -> Option<SourceSettings> {
    let id = section.needed("id", "\"work\"");
    if let Some(id) = &id {
        if let Some(fault) = address::fault_of_id(id) {
            section.error("id", format!("`{id}` {fault}"), "choose a short one such as \"work\"");
        } else if RESERVED.contains(&id.as_str()) {
            let remedy = format!("choose another id than {}", listed(RESERVED));
            section.error("id", format!("`{id}` is a calendar of the server itself"), remedy);
        }
    }
    if !section.has("kind") {
        section.error("kind", "is missing", "add kind = \"ics\"");
    }
    // A dialect that is not there yet has keys of its own: only its absence is told.
    let is_ics = section.choice("kind").is_some();
    let settings = ics(section, is_ics || !section.has("kind"));
    let account = account(section);
    let push = push(section, account.as_ref());
    let unreachable = unreachable(section);
    let name = section.text("name").or_else(|| id.clone());
    let poll_seconds = section.seconds_between("poll", "30s", "24h");
    let counts_as_busy = section.flag("counts_as_busy");
    let in_unified = section.flag("unified");
    let zone = zone(section, "time_zone", false);
    let source = SourceSettings {
        id: id?,
        name: name.unwrap_or_default(),
        kind: SourceKind::Ics(settings?),
        account,
        poll_seconds,
        counts_as_busy,
        in_unified,
        push,
        zone,
        unreachable,
    };
    if let Unreachable::Closed { after_seconds } = source.unreachable
        && source.counts_as_busy
        && after_seconds < source.poll_seconds
    {
        let what = format!("is shorter than poll, {}", duration::to_text(source.poll_seconds));
        section.warning("stale_after", what, "between two polls nothing could be booked; poll more often");
    }
    Some(source)
}

fn account(section: &Section<'_>) -> Option<Address> {
    let text = section.text("account")?;
    mail(section, "account", &text, section.place_of("account"))
}

fn push(section: &Section<'_>, account: Option<&Address>) -> Push {
    match section.choice("push") {
        Some("invite") => {
            if !section.has("account") {
                let remedy = "add account = \"you@example.org\", the address of that calendar, or write push = \"off\"";
                section.error("push", "is `invite`, but the source has no account", remedy);
            }
            Push::Invite
        }
        None if account.is_some() => Push::Invite,
        _ => Push::Off,
    }
}

fn unreachable(section: &Section<'_>) -> Unreachable {
    let after_seconds = section.seconds_between("stale_after", "1m", "30d");
    match section.choice("unreachable") {
        Some("stale-ok") => Unreachable::StaleOk,
        _ => Unreachable::Closed { after_seconds },
    }
}

fn ics(section: &Section<'_>, expected: bool) -> Option<IcsSettings> {
    let user = section.text("user");
    let password = secret::read(section, "password");
    let allow_http = section.flag("allow_http");
    let allow_private = section.flag("allow_private");
    let credentials = match (user, password) {
        (Some(user), Some(password)) => Some((user, password.reveal().to_owned())),
        (Some(_), None) if !section.has("password") => {
            section.error(
                "password",
                "is missing for the user",
                "add password = { file = \"…\" }, or leave user out",
            );
            None
        }
        (None, Some(_)) if !section.has("user") => {
            section.error("user", "is missing for the password", "add user = \"…\", or leave password out");
            None
        }
        _ => None,
    };
    let location = match (section.text("url"), section.text("path")) {
        (Some(_), Some(_)) => {
            section.error("path", "stands beside url", "keep one of the two");
            None
        }
        (Some(url), None) => location_of_url(section, &url, allow_http),
        (None, Some(path)) => location_of_path(section, &path),
        (None, None) => {
            if expected && !section.has("url") && !section.has("path") {
                let remedy =
                    "add url = \"https://…/calendar.ics\", or path = \"calendar.ics\" for a file or folder";
                section.error("url", "is missing", remedy);
            }
            None
        }
    };
    Some(IcsSettings { location: location?, credentials, allow_http, allow_private })
}

fn location_of_url(section: &Section<'_>, url: &str, allow_http: bool) -> Option<IcsLocation> {
    let url = url.trim();
    let Some((scheme, authority, path)) = address::url_parts(url) else {
        let remedy = "write \"https://…/calendar.ics\"; for a file on this machine use path instead";
        section.error("url", format!("`{url}` is not an address of the web"), remedy);
        return None;
    };
    if authority.contains('@') {
        section.error(
            "url",
            "holds a user name",
            "write user = \"…\" and password = { file = \"…\" } instead",
        );
        return None;
    }
    if path.to_ascii_lowercase().trim_end_matches('/').ends_with("/ews/exchange.asmx") {
        let remedy = "mailcow and SOGo publish calendars by CalDAV and as ICS: copy the ICS address from the calendar's menu \"Links to this Calendar\"";
        section.error("url", "is the address of Exchange Web Services, not of a calendar", remedy);
        return None;
    }
    match scheme.as_str() {
        "https" => Some(IcsLocation::Url(url.to_owned())),
        "webcal" | "webcals" => Some(IcsLocation::Url(format!("https://{authority}{path}"))),
        "http" if allow_http => Some(IcsLocation::Url(url.to_owned())),
        "http" => {
            let remedy = "use https, or say allow_http = true and accept that others on the way can read and change it";
            section.error("url", "is plain http", remedy);
            None
        }
        "file" => {
            section.error("url", "is a file", "write path = \"…\" instead");
            None
        }
        other => {
            section.error(
                "url",
                format!("begins with `{other}:`"),
                "allowed: https, webcal, and http with allow_http = true",
            );
            None
        }
    }
}

fn location_of_path(section: &Section<'_>, path: &str) -> Option<IcsLocation> {
    let whole = section.reader.path(path);
    match std::fs::metadata(&whole) {
        Ok(found) if found.is_dir() => Some(IcsLocation::Folder(whole)),
        Ok(_) => Some(IcsLocation::File(whole)),
        Err(error) => {
            let what = format!("cannot read {}: {error}", whole.display());
            section.error(
                "path",
                what,
                "name a file or folder that is there; relative paths begin at the configuration's folder",
            );
            None
        }
    }
}
