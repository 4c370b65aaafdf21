//! A scheduling message as a mail to somebody who is not an owner here (RFC 6047).

use calendar::address::Address;
use calendar::civil::DateTime;
use calendar::itip::{Message, Method};
use calendar::object::CalendarObject;
use calendar::time::{DateOrTime, Instant};
use calendar::zone::Zone;

use crate::delivery::mail::MailContent;
use crate::owner::Owner;

/// Letters of a description that a mail repeats.
const DESCRIPTION_MAX: usize = 4000;

/// From whom, to whom.
pub(crate) struct Envelope<'a> {
    /// The address of the server's mails.
    pub(crate) from: &'a str,
    /// Who speaks: answers go there.
    pub(crate) reply_to: &'a Address,
    pub(crate) to: &'a Address,
    /// The letter's id.
    pub(crate) id: &'a str,
}

/// The mail of a message.
pub(crate) fn content(
    owner: &Owner,
    message: &Message,
    envelope: &Envelope<'_>,
    now: Instant,
) -> MailContent {
    let host = envelope.from.rsplit_once('@').map_or("localhost", |(_, host)| host);
    let lines = lines(owner, message);
    let paragraphs: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
    let html = format!("<p>{}</p>\n", paragraphs.join("</p>\n<p>"));
    MailContent {
        message_id: format!("{}@{host}", envelope.id),
        to: envelope.to.mail().unwrap_or_default().to_owned(),
        to_name: name_of(&message.object, envelope.to),
        from: envelope.from.to_owned(),
        from_name: Some(owner.name.clone()),
        reply_to: envelope.reply_to.mail().map(str::to_owned),
        subject: format!("{}: {}", word(message), summary(&message.object)),
        text: lines.join("\n\n") + "\n",
        html,
        calendar: Some((
            message.method.name().to_owned(),
            String::from_utf8_lossy(message.object.source()).into_owned(),
        )),
        written: now.as_unix(),
    }
}

/// What it is, for people.
fn word(message: &Message) -> &'static str {
    match message.method {
        Method::Publish => "Event",
        Method::Request | Method::Add if message.sequence > 0 => "Updated invitation",
        Method::Request | Method::Add => "Invitation",
        Method::Cancel => "Cancelled",
        Method::Refresh => "Request for the latest",
        Method::Counter => "Other proposal",
        Method::DeclineCounter => "Proposal declined",
        Method::Reply => {
            let lines =
                message.object.components().flat_map(|component| component.properties_named("ATTENDEE"));
            match lines.filter_map(|line| line.parameter("PARTSTAT")).last() {
                Some("ACCEPTED") => "Accepted",
                Some("DECLINED") => "Declined",
                Some("TENTATIVE") => "Tentative",
                Some("DELEGATED") => "Delegated",
                _ => "Answer",
            }
        }
    }
}

fn summary(object: &CalendarObject) -> String {
    object
        .components()
        .find_map(|component| component.text("SUMMARY"))
        .unwrap_or_else(|| "(no title)".to_owned())
}

fn lines(owner: &Owner, message: &Message) -> Vec<String> {
    let object = &message.object;
    let mut lines = vec![format!("{}: {}", word(message), summary(object))];
    let first = object.master().or_else(|| object.components().next());
    let Some(first) = first else { return lines };
    let time = |name: &str| object.date_or_time(first.property(name)?);
    let start = time("DTSTART");
    if let Some(start) = &start {
        let until = time("DTEND").or_else(|| time("DUE"));
        let until = until.map(|end| format!(" – {}", when(&end, &owner.zone))).unwrap_or_default();
        let again = if first.property("RRULE").is_some() { ", and again" } else { "" };
        lines.push(format!("When: {}{until}{again}", when(start, &owner.zone)));
    }
    for (name, title) in [("LOCATION", "Where"), ("DESCRIPTION", "About"), ("COMMENT", "Comment")] {
        if let Some(text) = first.text(name).filter(|text| !text.trim().is_empty()) {
            let text: String = text.chars().take(DESCRIPTION_MAX).collect();
            lines.push(format!("{title}: {text}"));
        }
    }
    lines.push(format!("From: {}", owner.name));
    lines
}

/// A date, or a time on the clock of its own zone, with the zone's name.
fn when(value: &DateOrTime, owner: &Zone) -> String {
    let day = |local: DateTime| format!("{:04}-{:02}-{:02}", local.year(), local.month(), local.day());
    if value.is_date() {
        return day(value.local());
    }
    // A time in UTC says nothing to people.
    let zone = Some(value.zone(owner)).filter(|zone| !zone.is_utc()).unwrap_or(owner);
    let local = zone.local_of(value.to_instant(owner));
    format!("{} {:02}:{:02} ({})", day(local), local.hour(), local.minute(), zone.name())
}

fn name_of(object: &CalendarObject, who: &Address) -> Option<String> {
    let lines = object.components().flat_map(|component| &component.properties);
    let mut lines = lines.filter(|line| matches!(line.name.as_str(), "ATTENDEE" | "ORGANIZER"));
    let line = lines.find(|line| Address::parse(&line.value) == *who && line.parameter("CN").is_some())?;
    line.parameter("CN").map(str::to_owned)
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text.replace("\r\n", "\n").replace('\n', "<br>\n")
}
