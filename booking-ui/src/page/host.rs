//! `/` and `/{owner}`: who may be booked, and what of their time.

use askama::Template;
use booking::desk::Host;
use http::StatusCode;

use crate::choice;
use crate::english;
use crate::page::problem::Problem;
use crate::page::{Answer, Visit};
use crate::reply::Reply;
use crate::view::{Frame, Robots};

/// Someone or something to choose.
struct Card {
    title: String,
    href: String,
    /// Initials; empty for an event type.
    initials: String,
    /// `15 min · 30 min`.
    lengths: String,
    summary: String,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    cards: Vec<Card>,
}

#[derive(Template)]
#[template(path = "host.html")]
struct HostPage {
    frame: Frame,
    name: String,
    initials: String,
    cards: Vec<Card>,
}

/// The only host's page, or a list of the hosts.
pub(crate) fn home(visit: &Visit<'_>) -> Answer {
    let hosts = visit.desk.hosts_now();
    match hosts.as_slice() {
        [] => Err(Problem::not_found()),
        [only] => {
            let page = visit.choice.lasting().href(&choice::path(&[&only.owner.id]));
            Ok(Reply::redirect(StatusCode::FOUND, &page))
        }
        many => {
            let cards = many.iter().map(|host| host_card(host, visit)).collect();
            let frame = Frame { robots: Robots::Index, ..Frame::titled("Book a time") };
            Ok(Reply::page(StatusCode::OK, &HomePage { frame, cards }))
        }
    }
}

fn host_card(host: &Host, visit: &Visit<'_>) -> Card {
    let titles: Vec<&str> = listed(host).map(|event_type| event_type.title.as_str()).collect();
    Card {
        title: host.owner.name.clone(),
        href: visit.choice.lasting().href(&choice::path(&[&host.owner.id])),
        initials: english::initials(&host.owner.name),
        lengths: String::new(),
        summary: titles.join(" · "),
    }
}

fn listed(host: &Host) -> impl Iterator<Item = &booking::event_type::EventType> {
    host.event_types.iter().filter(|event_type| event_type.active && event_type.listed)
}

/// What of a host's time may be booked.
pub(crate) fn show(visit: &Visit<'_>, owner: &str) -> Answer {
    let hosts = visit.desk.hosts_now();
    let host = hosts.iter().find(|host| host.owner.id == owner).ok_or_else(Problem::not_found)?;
    let cards = listed(host)
        .map(|event_type| Card {
            title: event_type.title.clone(),
            href: visit.choice.lasting().href(&choice::path(&[owner, &event_type.slug])),
            initials: String::new(),
            lengths: lengths(&event_type.durations),
            summary: summary(&event_type.description),
        })
        .collect();
    let name = host.owner.name.clone();
    let frame = Frame { robots: Robots::Index, ..Frame::titled(format!("Book time with {name}")) };
    let page = HostPage { frame, initials: english::initials(&name), name, cards };
    Ok(Reply::page(StatusCode::OK, &page))
}

fn lengths(durations: &[i64]) -> String {
    let lengths: Vec<String> = durations.iter().map(|&seconds| english::length(seconds)).collect();
    lengths.join(" · ")
}

/// The first paragraph of a description.
fn summary(description: &str) -> String {
    let text = description.replace("\r\n", "\n");
    text.split("\n\n").map(str::trim).find(|paragraph| !paragraph.is_empty()).unwrap_or_default().to_owned()
}
