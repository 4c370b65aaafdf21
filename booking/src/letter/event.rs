//! A booking as an event (RFC 5545 §3.6.1): the host's own, the invitee's view, a linked account's view.
//!
//! All have one UID and one ORGANIZER for life; who attends differs with who looks.

use calendar::address::Address;
use calendar::time::Instant;
use calendar::write::{EventDraft, Participant};
use calendar::zone::Zone;

use super::{News, Occasion, Reader, single_line};

/// The zone to write times in: the owner's, unless its clock shows one of them twice and would be read as the other.
fn zone_for(zone: &Zone, times: [Instant; 2]) -> Zone {
    let is_plain = times.iter().all(|time| zone.instant_of(zone.local_of(*time)) == *time);
    if is_plain { zone.clone() } else { Zone::utc().clone() }
}

fn draft(occasion: &Occasion<'_>) -> EventDraft {
    let booking = occasion.booking;
    let (status, comment) = match occasion.news {
        News::Booked | News::Moved { .. } => ("CONFIRMED", None),
        News::Cancelled(reason) => ("CANCELLED", reason.clone()),
    };
    EventDraft {
        uid: booking.uid.clone(),
        sequence: booking.sequence,
        stamp: occasion.now,
        start: occasion.start(),
        end: occasion.end(),
        zone: zone_for(&occasion.owner.zone, [occasion.start(), occasion.end()]),
        summary: single_line(&booking.title),
        description: None,
        location: occasion.location.map(single_line),
        url: None,
        status,
        organizer: Some(Participant {
            address: Address::parse(&occasion.correspondence.from),
            name: Some(single_line(&occasion.owner.name)),
            partstat: "ACCEPTED",
            rsvp: false,
        }),
        attendees: Vec::new(),
        comment,
        extra: vec![
            ("TRANSP".to_owned(), "OPAQUE".to_owned()),
            ("X-MICROSOFT-CDO-BUSYSTATUS".to_owned(), "BUSY".to_owned()),
        ],
    }
}

fn attendee(address: &str, name: &str, partstat: &'static str) -> Participant {
    Participant {
        address: Address::parse(address),
        name: Some(single_line(name)),
        partstat,
        rsvp: partstat == "NEEDS-ACTION",
    }
}

/// For the host's side: who booked, and what they wrote.
fn about_invitee(occasion: &Occasion<'_>) -> String {
    let booking = occasion.booking;
    let who = format!("Booked by {} <{}>", single_line(&booking.name), booking.email);
    if booking.notes.is_empty() { who } else { format!("{who}\n\n{}", booking.notes) }
}

/// The event as the host's collection keeps it: everybody attends, the host's own accounts have accepted.
pub(crate) fn kept(occasion: &Occasion<'_>) -> EventDraft {
    let booking = occasion.booking;
    let is_hosts = |address: &Address| {
        occasion.owner.addresses.contains(address)
            || occasion.accounts.iter().any(|account| Address::parse(account) == *address)
    };
    let invitee = Address::parse(&booking.email);
    let partstat = if is_hosts(&invitee) { "ACCEPTED" } else { "NEEDS-ACTION" };
    let mut attendees = vec![attendee(&booking.email, &booking.name, partstat)];
    for account in occasion.accounts {
        let account = attendee(account, &occasion.owner.name, "ACCEPTED");
        if attendees.iter().all(|known| known.address != account.address) {
            attendees.push(account);
        }
    }
    EventDraft {
        summary: hosts_summary(occasion),
        description: Some(about_invitee(occasion)),
        attendees,
        ..draft(occasion)
    }
}

fn hosts_summary(occasion: &Occasion<'_>) -> String {
    format!("{}: {}", single_line(&occasion.booking.title), single_line(&occasion.booking.name))
}

/// The event as its reader sees it.
pub(crate) fn draft_for(occasion: &Occasion<'_>, reader: Reader<'_>) -> EventDraft {
    let booking = occasion.booking;
    match reader {
        Reader::Invitee => {
            let link = occasion.manage_link();
            let is_live = !matches!(occasion.news, News::Cancelled(_));
            let mut paragraphs = Vec::new();
            if !booking.notes.is_empty() {
                paragraphs.push(booking.notes.clone());
            }
            if is_live {
                paragraphs.push(format!("To move or cancel it: {link}"));
            }
            EventDraft {
                description: Some(paragraphs.join("\n\n")).filter(|text| !text.is_empty()),
                url: is_live.then_some(link),
                attendees: vec![attendee(&booking.email, &booking.name, "NEEDS-ACTION")],
                ..draft(occasion)
            }
        }
        Reader::Account(account) => EventDraft {
            summary: hosts_summary(occasion),
            description: Some(about_invitee(occasion)),
            attendees: vec![
                attendee(account, &occasion.owner.name, "NEEDS-ACTION"),
                attendee(&booking.email, &booking.name, "NEEDS-ACTION"),
            ],
            ..draft(occasion)
        },
    }
}
