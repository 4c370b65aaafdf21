//! What several commands need: owners, event types, zones and times by what was typed.

use std::sync::Arc;

use aggregator::owner::Owner;
use booking::desk::Host;
use booking::event_type::EventType;
use calendar::time::Instant;
use calendar::zone::Zone;

use super::exit::Failure;
use super::moment;
use crate::config::problem::nearest;
use crate::config::value::duration;
use crate::house::House;

/// The host called `who`, by id or mail address.
pub fn host<'a>(house: &'a House, who: &str) -> Result<&'a Host, Failure> {
    let who = who.trim().to_lowercase();
    let found = house.settings.hosts.iter().find(|host| {
        host.owner.id == who || host.owner.addresses.iter().any(|address| address.mail() == Some(&who))
    });
    found.ok_or_else(|| {
        let ids: Vec<&str> = house.settings.hosts.iter().map(|host| host.owner.id.as_str()).collect();
        let hint = match nearest(&who, ids.iter().copied()) {
            Some(near) => format!("; did you mean {near}?"),
            None if ids.is_empty() => "; the configuration names no owner".to_owned(),
            None => format!("; there are: {}", ids.join(", ")),
        };
        Failure::refused(format!("there is no owner `{who}`{hint}"))
    })
}

/// The owner called `id`, or the only one where none is named.
pub fn owner_or_only(house: &House, id: Option<&str>) -> Result<Arc<Owner>, Failure> {
    match (id, house.settings.hosts.as_slice()) {
        (Some(id), _) => Ok(Arc::clone(&host(house, id)?.owner)),
        (None, [only]) => Ok(Arc::clone(&only.owner)),
        (None, []) => Err(Failure::refused("the configuration names no owner")),
        (None, several) => {
            let ids: Vec<&str> = several.iter().map(|host| host.owner.id.as_str()).collect();
            Err(Failure::usage(format!("say whose: --owner {}", ids.join("|"))))
        }
    }
}

/// The event type that `OWNER/EVENT_TYPE` names.
pub fn event_type<'a>(
    house: &'a House,
    owner: &str,
    slug: &str,
) -> Result<(&'a Host, &'a EventType), Failure> {
    let host = host(house, owner)?;
    let found = host.event_types.iter().find(|event_type| event_type.slug == slug);
    let found = found.ok_or_else(|| {
        let slugs: Vec<&str> = host.event_types.iter().map(|event_type| event_type.slug.as_str()).collect();
        let hint = match nearest(slug, slugs.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are: {}", slugs.join(", ")),
        };
        Failure::refused(format!("{owner} has no event type `{slug}`; {hint}"))
    })?;
    Ok((host, found))
}

/// `OWNER/NAME` as its two parts.
///
/// # Errors
/// How it is written.
pub fn pair(text: &str, shape: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((owner, name)) if !owner.is_empty() && !name.is_empty() => {
            Ok((owner.to_owned(), name.to_owned()))
        }
        _ => Err(format!("`{text}` is not {shape}")),
    }
}

/// The zone called `name`, or `usual` where none is.
pub fn zone(name: Option<&str>, usual: &Zone) -> Result<Zone, Failure> {
    let Some(name) = name else { return Ok(usual.clone()) };
    Zone::named(name).ok_or_else(|| {
        Failure::usage(format!("`{name}` is not a time zone; write one such as Europe/Berlin"))
    })
}

/// The instant that `text` means in `zone`.
pub fn time(text: &str, zone: &Zone, now: Instant) -> Result<Instant, Failure> {
    moment::parse(text, zone, now).map_err(Failure::usage)
}

/// The seconds of `text`, one of the durations that the event type offers; its first where none is asked for.
pub fn length(text: Option<&str>, event_type: &EventType) -> Result<i64, Failure> {
    let Some(text) = text else { return Ok(event_type.durations.first().copied().unwrap_or(1800)) };
    duration::parse(text).map_err(Failure::usage)
}
