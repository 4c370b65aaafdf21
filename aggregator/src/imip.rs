//! iTIP mail as it arrives (RFC 6047): octets in, the scheduling message that is to be believed out.
//!
//! Pure, and bounded: every octet is looked at a fixed number of times for each level of parts inside one another. The
//! crate `mail-parser` reads header fields and decodes; what contains what is walked here, since its own walk has no
//! bound on depth and does not keep the octets of a text whose charset nobody names.

mod entity;
mod walk;

use std::sync::Arc;

use calendar::address::Address;
use calendar::itip;
use calendar::limits::Limits;
use calendar::text::TextError;

use entity::{Entity, Headers};
use walk::Gathered;

/// Octets of a mail, attachments included.
pub const MAIL_OCTETS_MAX: usize = 32 * 1024 * 1024;
/// Octets of the header of a mail or of one of its parts.
pub const HEADER_OCTETS_MAX: usize = 128 * 1024;
/// Parts of a mail, those of mails inside it and those that only contain others included.
pub const PARTS_MAX: usize = 200;
/// Parts inside one another.
pub const DEPTH_MAX: usize = 12;
/// Calendars that are read in one mail; later ones are left out.
pub const CALENDARS_MAX: usize = 8;
/// Letters of [`Imip::text`] and [`Imip::comment`].
pub const TEXT_MAX: usize = 4_000;
/// Addresses that are read of one header field.
const ADDRESSES_MAX: usize = 1_000;

/// Somebody in a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The address, as a calendar user address.
    pub address: Address,
    /// The name beside it.
    pub name: Option<String>,
}

/// A mail that carries a scheduling message.
#[derive(Clone, Debug)]
pub struct Imip {
    /// From, if it is one person. With several, or several such fields, nobody can tell whom the servers on the way
    /// checked.
    pub from: Option<Person>,
    /// Sender.
    pub sender: Option<Person>,
    /// Reply-To.
    pub reply_to: Vec<Person>,
    /// To and Cc.
    pub to: Vec<Person>,
    /// Message-ID, without its angle brackets.
    pub message_id: Option<String>,
    /// In-Reply-To, likewise.
    pub in_reply_to: Vec<String>,
    /// Subject.
    pub subject: String,
    /// What the mail says to people: its first plain text, else its first HTML as text; at most [`TEXT_MAX`] letters.
    pub text: String,
    /// COMMENT of the message that is believed: what its writer had to say (RFC 5546 §3.2.3); likewise bounded.
    pub comment: Option<String>,
    /// Every calendar in the mail, in its order.
    pub calendars: Vec<CalendarPart>,
    /// Which of them is believed.
    pub believed: usize,
    /// What that one says.
    pub message: itip::Message,
}

/// A calendar in a mail.
#[derive(Clone, Debug)]
pub struct CalendarPart {
    /// How it is carried.
    pub carriage: Carriage,
    /// Where it stands.
    pub place: Place,
    /// The parameter `method` of its Content-Type, in upper case.
    pub method: Option<String>,
    /// Its octets, decoded; in UTF-8 if the mail names another charset that is known.
    pub octets: Arc<[u8]>,
}

/// How a calendar is carried. Ordered from most to least believable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carriage {
    /// As `text/calendar` with a method: what RFC 6047 §2.4 asks for.
    WithMethod,
    /// As `text/calendar` without one.
    WithoutMethod,
    /// As a file: `application/ics`, or whatever is called `….ics`.
    Attached,
}

/// Where a calendar stands. Ordered from most to least believable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In the mail itself.
    Itself,
    /// In a mail that it forwards: From has nothing to do with it.
    Forwarded,
    /// In a mail that it reports upon: most likely one of ours that came back (RFC 3464).
    Returned,
}

/// Why a mail is not one with a scheduling message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotImip {
    /// A bound is passed.
    #[error("the mail has more than {limit} {unit}")]
    TooMuch {
        /// The bound.
        limit: usize,
        /// Of what.
        unit: &'static str,
    },
    /// There is not one header field.
    #[error("it is not a mail")]
    NotAMail,
    /// No part of it is a calendar.
    #[error("there is no calendar in the mail")]
    NoCalendar,
    /// There are calendars, but none is a scheduling message; this is what is wrong with the most believable.
    #[error("the calendar in the mail is no scheduling message: {0}")]
    NoMessage(TextError),
}

impl CalendarPart {
    /// What decides between calendars: those in the mail itself, and among them those that name a method.
    fn rank(&self) -> (Place, Carriage) {
        (self.place, self.carriage)
    }
}

impl Imip {
    /// Reads a mail as it came (RFC 5322, RFC 2045), with CRLF or bare line feeds.
    ///
    /// Of several calendars that one is believed which stands in the mail itself rather than in one that is forwarded,
    /// and is `text/calendar` with a method rather than a file; the first of equals that is a scheduling message.
    /// METHOD inside decides what is asked, as it does for the programs that people use.
    ///
    /// # Errors
    /// [`NotImip`]; never a panic.
    pub fn read(mail: &[u8], limits: &Limits) -> Result<Self, NotImip> {
        if mail.len() > MAIL_OCTETS_MAX {
            return Err(NotImip::TooMuch { limit: MAIL_OCTETS_MAX, unit: "octets" });
        }
        let entity = Entity::read(mail)?;
        if entity.headers.is_empty() {
            return Err(NotImip::NotAMail);
        }
        let mut gathered = Gathered::default();
        gathered.entity(&entity, Place::Itself, 0)?;
        let (believed, message) = believed(&gathered.calendars, limits)?;
        let headers = &entity.headers;
        let mut to = headers.people("to");
        to.extend(headers.people("cc"));
        Ok(Self {
            from: only_one(headers),
            sender: headers.people("sender").into_iter().next(),
            reply_to: headers.people("reply-to"),
            to,
            message_id: headers.ids("message-id").into_iter().next(),
            in_reply_to: headers.ids("in-reply-to"),
            subject: shortened(&headers.text("subject").unwrap_or_default()),
            text: gathered.text(),
            comment: comment(&message),
            calendars: gathered.calendars,
            believed,
            message,
        })
    }

    /// The calendar that is believed.
    pub fn calendar(&self) -> Option<&CalendarPart> {
        self.calendars.get(self.believed)
    }

    /// Whether the method that the mail names is the one inside (RFC 6047 §2.4). Where the mail names none, they agree.
    pub fn methods_agree(&self) -> bool {
        let named = self.calendar().and_then(|part| part.method.as_deref());
        named.is_none_or(|named| named == self.message.method.name())
    }
}

/// From, if there is one such field with one person.
fn only_one(headers: &Headers<'_>) -> Option<Person> {
    let mut people = headers.people("from").into_iter();
    match (headers.count("from"), people.next(), people.next()) {
        (1, Some(person), None) => Some(person),
        _ => None,
    }
}

/// The most believable calendar that is a scheduling message.
fn believed(calendars: &[CalendarPart], limits: &Limits) -> Result<(usize, itip::Message), NotImip> {
    let mut order: Vec<usize> = (0..calendars.len()).collect();
    order.sort_by_key(|at| calendars[*at].rank());
    let mut first = None;
    for at in order {
        match itip::Message::read(Arc::clone(&calendars[at].octets), limits) {
            Ok(message) => return Ok((at, message)),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.map_or(NotImip::NoCalendar, NotImip::NoMessage))
}

fn comment(message: &itip::Message) -> Option<String> {
    let mut comments = message.object.components().filter_map(|component| component.text("COMMENT"));
    let comment = comments.find(|comment| !comment.trim().is_empty())?;
    Some(shortened(&comment))
}

/// At most [`TEXT_MAX`] letters, without what no text holds.
fn shortened(text: &str) -> String {
    let letters = text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'));
    letters.take(TEXT_MAX).collect::<String>().trim().to_owned()
}
