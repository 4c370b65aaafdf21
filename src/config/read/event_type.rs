//! `[[owner.event_type]]`: what may be booked.

use std::collections::BTreeSet;

use booking::event_type::{Buffer, Combine, EventType, Grid, Hours, Limit};
use calendar::busy::BusyType;
use calendar::zone::Zone;

use super::times::{self, Weekly};
use crate::config::reader::Section;
use crate::config::value::{address, duration};

const DAY: i64 = 86_400;

/// The event types of an owner.
pub fn event_types(owner: &Section<'_>, zone: &Zone, weekly: &Weekly) -> Vec<EventType> {
    let mut slugs = BTreeSet::new();
    let sections = owner.sections("event_type");
    let mut types = Vec::new();
    for section in &sections {
        let slug = slug(section);
        if !slug.is_empty() && !slugs.insert(slug.clone()) {
            section.error("slug", format!("`{slug}` is another event type's slug"), "choose another one");
        }
        types.push(event_type(section, slug, zone, weekly));
    }
    types
}

fn slug(section: &Section<'_>) -> String {
    let Some(slug) = section.needed("slug", "\"intro\"") else { return String::new() };
    if let Some(fault) = address::fault_of_id(&slug) {
        section.error(
            "slug",
            format!("`{slug}` {fault}"),
            "it is a part of addresses: choose one such as \"intro\"",
        );
    }
    slug
}

fn event_type(section: &Section<'_>, slug: String, zone: &Zone, weekly: &Weekly) -> EventType {
    let title = section.text("title").filter(|title| !title.trim().is_empty());
    let weekly_own = times::weekly(section, "hours");
    let hours = Hours {
        weekly: weekly_own.unwrap_or_else(|| weekly.clone()),
        overrides: times::overrides(section, "overrides"),
    };
    if hours.weekly.iter().all(Vec::is_empty) && hours.overrides.iter().all(|(_, times)| times.is_empty()) {
        section.warning(
            "hours",
            "hold no time at all",
            "nothing can be booked; add hours = { mon-fri = [\"09:00-17:00\"] }",
        );
    }
    EventType {
        title: title.unwrap_or_else(|| slug.clone()),
        slug,
        description: section.text("description").unwrap_or_default(),
        durations: durations(section),
        grid: grid(section),
        hours,
        zone: zone.clone(),
        buffer: buffer(section),
        notice: notice(section),
        horizon_days: horizon(section),
        limit: limit(section),
        blocks_from: if section.flag("tentative_blocks") {
            BusyType::Tentative
        } else {
            BusyType::Unavailable
        },
        location: section.text("location").filter(|text| !text.trim().is_empty()),
        active: section.flag("active"),
        listed: section.choice("visibility") != Some("unlisted"),
    }
}

fn durations(section: &Section<'_>) -> Vec<i64> {
    let given = section.durations("durations");
    if section.is_empty_list("durations") {
        section.error("durations", "is empty", "name at least one, such as [\"30m\"]");
    }
    let mut seen = BTreeSet::new();
    for (seconds, place) in &given {
        let key = section.key("durations");
        let tell = |what: String, remedy: &str| section.reader.problems.error(place, &key, what, remedy);
        if *seconds < 60 || *seconds > DAY {
            tell(format!("`{}` cannot be booked", duration::to_text(*seconds)), "choose between 1m and 24h");
        } else if !seen.insert(*seconds) {
            tell(format!("`{}` is named twice", duration::to_text(*seconds)), "name it once");
        }
    }
    given.into_iter().map(|(seconds, _)| seconds).collect()
}

fn grid(section: &Section<'_>) -> Grid {
    match section.text("interval").as_deref() {
        Some("duration") | None => Grid::Duration,
        Some("auto") => Grid::Auto,
        Some(_) => Grid::Every(section.seconds_between("interval", "1m", "24h")),
    }
}

fn buffer(section: &Section<'_>) -> Buffer {
    let within = section.section("buffer");
    let side = |inner: &str, outer: &str| {
        if within.has(inner) && section.has(outer) {
            section.error(outer, format!("stands beside buffer.{inner}"), "keep one of the two");
        }
        let of_outer = section.seconds_between(outer, "0s", "24h");
        let of_inner = within.seconds_between(inner, "0s", "24h");
        if section.has(outer) { of_outer } else { of_inner }
    };
    let before = side("before", "buffer_before");
    let after = side("after", "buffer_after");
    let combine = if within.choice("combine") == Some("sum") { Combine::Sum } else { Combine::Max };
    Buffer { before, after, combine }
}

fn notice(section: &Section<'_>) -> i64 {
    if section.has("notice") && section.has("minimum_notice") {
        section.error("notice", "stands beside minimum_notice", "keep one of the two");
    }
    let long = section.seconds_between("minimum_notice", "0s", "366d");
    let short = section.seconds_between("notice", "0s", "366d");
    if section.has("notice") { short } else { long }
}

fn horizon(section: &Section<'_>) -> i32 {
    let seconds = section.seconds_between("horizon", "1d", "1827d");
    if seconds % DAY != 0 {
        let written = duration::to_text(seconds);
        section.error(
            "horizon",
            format!("`{written}` is not a number of whole days"),
            "write days or weeks, such as \"60d\"",
        );
    }
    let days = seconds / DAY;
    let notice =
        section.text("notice").filter(|_| section.has("notice")).or_else(|| section.text("minimum_notice"));
    let notice = notice.and_then(|text| duration::parse(&text).ok()).unwrap_or(0);
    if days > 0 && notice >= seconds + DAY {
        let what = format!("ends before the notice of {} is over", duration::to_text(notice));
        section.error("horizon", what, "nothing could ever be booked: make it longer, or the notice shorter");
    }
    i32::try_from(days).unwrap_or(i32::MAX)
}

fn limit(section: &Section<'_>) -> Limit {
    let within = section.section("limit");
    Limit { day: within.count("day"), week: within.count("week"), month: within.count("month") }
}
