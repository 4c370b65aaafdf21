//! What people are told of a booking: one letter for the invitee, one for each linked account that is invited.
//!
//! A letter is an iTIP message by mail (RFC 5546, RFC 6047) with a readable text. Each shows its reader's own view: the
//! invitee never learns of linked accounts, and only the invitee gets the link that manages the booking. The same
//! letter has the same id however often it is written, so a repetition is recognised.

pub(crate) mod event;
mod html;
mod plain;
mod when;

use aggregator::delivery::mail::MailContent;
use aggregator::owner::Owner;
use aggregator::reading::hex;
use calendar::time::Instant;
use calendar::write;
use calendar::zone::Zone;
use sha2::{Digest, Sha256};
use store::outbox::{Letter, LetterId, LetterState};

use crate::booking::Booking;
use crate::desk::Correspondence;

/// What happened to a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It was made.
    Booked,
    /// It was moved.
    Moved {
        /// Where it was, UTC seconds.
        from: Instant,
    },
    /// It was cancelled, perhaps with a reason.
    Cancelled(Option<String>),
}

/// Everything that letters are written from.
#[derive(Clone, Debug)]
pub(crate) struct Occasion<'a> {
    pub(crate) news: &'a News,
    /// As it is now.
    pub(crate) booking: &'a Booking,
    pub(crate) owner: &'a Owner,
    pub(crate) location: Option<&'a str>,
    /// Mail addresses of the linked accounts that are invited.
    pub(crate) accounts: &'a [String],
    pub(crate) correspondence: &'a Correspondence,
    /// The token that manages the booking.
    pub(crate) token: &'a str,
    pub(crate) now: Instant,
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader<'a> {
    /// Whoever booked.
    Invitee,
    /// A linked account of the host.
    Account(&'a str),
}

impl Occasion<'_> {
    /// METHOD (RFC 5546 §1.4).
    pub(crate) fn method(&self) -> &'static str {
        match self.news {
            News::Booked | News::Moved { .. } => "REQUEST",
            News::Cancelled(_) => "CANCEL",
        }
    }

    /// The page on which the invitee manages the booking.
    pub(crate) fn manage_link(&self) -> String {
        format!("{}/b/{}", self.correspondence.public_url, self.token)
    }

    pub(crate) fn start(&self) -> Instant {
        Instant::from_unix(self.booking.start)
    }

    pub(crate) fn end(&self) -> Instant {
        Instant::from_unix(self.booking.end)
    }

    /// The zone in which a reader is told the time, and the other side's.
    fn zones(&self, reader: Reader<'_>) -> (Zone, Zone) {
        let owners = self.owner.zone.clone();
        let invitees = Zone::iana(&self.booking.time_zone).unwrap_or_else(|| owners.clone());
        match reader {
            Reader::Invitee => (invitees, owners),
            Reader::Account(_) => (owners, invitees),
        }
    }
}

/// The letters of an occasion: the invitee's first, each address once.
pub(crate) fn letters(occasion: &Occasion<'_>) -> Result<Vec<Letter>, serde_json::Error> {
    let mut known = vec![occasion.booking.email.to_ascii_lowercase()];
    let mut readers = vec![Reader::Invitee];
    for account in occasion.accounts {
        if !known.contains(&account.to_ascii_lowercase()) {
            known.push(account.to_ascii_lowercase());
            readers.push(Reader::Account(account));
        }
    }
    readers.iter().enumerate().map(|(index, reader)| letter(occasion, *reader, index)).collect()
}

fn letter(occasion: &Occasion<'_>, reader: Reader<'_>, index: usize) -> Result<Letter, serde_json::Error> {
    let booking = occasion.booking;
    let method = occasion.method();
    let to = match reader {
        Reader::Invitee => &booking.email,
        Reader::Account(account) => account,
    };
    let destination = to.to_ascii_lowercase();
    let id = format!(
        "{}.{}.{}.{}",
        booking.uid,
        booking.sequence,
        method.to_ascii_lowercase(),
        hex(&Sha256::digest(&destination)[..6])
    );
    let content = MailContent {
        message_id: format!("{id}@{}", host_of(&occasion.correspondence.from)),
        to: to.to_owned(),
        to_name: Some(single_line(match reader {
            Reader::Invitee => &booking.name,
            Reader::Account(_) => &occasion.owner.name,
        })),
        from: occasion.correspondence.from.clone(),
        from_name: Some(single_line(&occasion.owner.name)),
        reply_to: match reader {
            Reader::Invitee => hosts_address(occasion),
            Reader::Account(_) => Some(booking.email.clone()),
        },
        subject: subject(occasion, reader),
        text: plain::text(occasion, reader),
        html: html::text(occasion, reader),
        calendar: Some((method.to_owned(), write::event(&event::draft_for(occasion, reader), Some(method)))),
        written: occasion.now.as_unix(),
    };
    let written = occasion.now.as_unix();
    // The order of changes, then of readers; not the time, which a clock may set back between two changes.
    let order = (u64::from(booking.sequence) << 8) | (u64::try_from(index).unwrap_or(u64::MAX) & 0xff);
    Ok(Letter {
        id: LetterId(id),
        owner: booking.owner.clone(),
        channel: "mail".to_owned(),
        destination,
        topic: booking.uid.clone(),
        content: serde_json::to_string(&content)?,
        written,
        due: written,
        attempts: 0,
        last_error: None,
        leased_until: 0,
        state: LetterState::Open,
        sequence: order,
    })
}

/// The plain title and date: Exchange names the appointment after it, and answers echo it.
fn subject(occasion: &Occasion<'_>, reader: Reader<'_>) -> String {
    let (zone, _) = occasion.zones(reader);
    format!("{}, {}", single_line(&occasion.booking.title), when::short(&zone, occasion.start()))
}

/// The host's preferred address that is no linked account; without one, answers go to the sender.
fn hosts_address(occasion: &Occasion<'_>) -> Option<String> {
    let mut addresses = occasion.owner.addresses.iter().filter_map(|address| address.mail());
    let is_linked =
        |address: &str| occasion.accounts.iter().any(|account| account.eq_ignore_ascii_case(address));
    addresses.find(|address| !is_linked(address)).map(str::to_owned)
}

/// What may stand in a header: no line breaks or other control characters, and no signs that turn text round.
fn single_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .filter(|c| !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'))
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The host of a mail address.
fn host_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("localhost", |(_, host)| host)
}
