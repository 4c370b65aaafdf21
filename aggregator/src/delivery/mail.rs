//! iTIP by mail (RFC 6047): a letter's content, and the message made of it.
//!
//! The tree that the big mail programs act on: `multipart/mixed(multipart/alternative(text/plain, text/html,
//! text/calendar), application/ics)`, the calendar last in the alternative and in base64, the same octets attached.
//! The same content gives the same octets, boundaries included.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::reading::hex;

/// Letters of a subject.
const SUBJECT_MAX: usize = 300;
/// Letters of a person's name.
const NAME_MAX: usize = 120;
/// Octets of a Message-ID.
const MESSAGE_ID_MAX: usize = 250;
/// The end of the year 9999, after which no date header can be written.
const WRITTEN_MAX: i64 = 253_402_300_799;

/// What a letter of the channel `mail` carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailContent {
    /// Local part and host of the Message-ID, stable: the same letter is the same message.
    pub message_id: String,
    /// The recipient's address.
    pub to: String,
    /// The recipient's name.
    #[serde(default)]
    pub to_name: Option<String>,
    /// The sender's address.
    pub from: String,
    /// The sender's name (the host's).
    #[serde(default)]
    pub from_name: Option<String>,
    /// Where answers go.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Subject: the plain title and date.
    pub subject: String,
    /// The readable text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The METHOD and the iCalendar text, if it is a scheduling message.
    #[serde(default)]
    pub calendar: Option<(String, String)>,
    /// When it was written, UTC seconds: the Date header.
    pub written: i64,
}

/// Why no message can be made of a content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// An address is none.
    #[error("\"{0}\" is not a mail address")]
    Address(String),
    /// The Message-ID cannot be written.
    #[error("the Message-ID is not one")]
    MessageId,
    /// The METHOD is none.
    #[error("the METHOD is not one")]
    Method,
    /// The mail library refuses it.
    #[error("the message cannot be written: {0}")]
    Message(String),
}

/// The message of a content. Nothing in it can begin another header line: control characters become spaces.
///
/// # Errors
/// [`MailError`]; trying again does not help.
pub fn message(content: &MailContent) -> Result<Message, MailError> {
    let mut builder = Message::builder()
        .from(mailbox(&content.from, content.from_name.as_deref())?)
        .to(mailbox(&content.to, content.to_name.as_deref())?);
    if let Some(reply_to) = &content.reply_to {
        builder = builder.reply_to(mailbox(reply_to, None)?);
    }
    let written = u64::try_from(content.written.clamp(0, WRITTEN_MAX)).unwrap_or(0);
    builder = builder
        .subject(one_line(&content.subject, SUBJECT_MAX))
        .message_id(Some(format!("<{}>", message_id(&content.message_id)?)))
        .date(UNIX_EPOCH + Duration::from_secs(written));
    let seed = boundary_seed(content);
    let readable = MultiPart::alternative()
        .boundary(format!("alternative-{seed}"))
        .singlepart(part(&content.text, ContentType::TEXT_PLAIN, ContentTransferEncoding::QuotedPrintable)?)
        .singlepart(part(&content.html, ContentType::TEXT_HTML, ContentTransferEncoding::QuotedPrintable)?);
    let parts = match &content.calendar {
        // A notice, not an invitation: machines must not answer it (RFC 3834 §5).
        None => {
            builder = builder.header(AutoSubmitted);
            readable
        }
        Some((method, calendar)) => {
            let method = method_of(method)?;
            let component = component_of(calendar);
            let kind = format!("text/calendar; charset=utf-8; method={method}; component={component}");
            let kind = content_type(&kind)?;
            let invitation = part(calendar, kind, ContentTransferEncoding::Base64)?;
            let attached = Attachment::new("invite.ics".to_owned()).body(
                body(calendar, ContentTransferEncoding::Base64)?,
                content_type("application/ics; name=\"invite.ics\"")?,
            );
            MultiPart::mixed()
                .boundary(format!("mixed-{seed}"))
                .multipart(readable.singlepart(invitation))
                .singlepart(attached)
        }
    };
    builder.multipart(parts).map_err(|error| MailError::Message(error.to_string()))
}

fn part(text: &str, kind: ContentType, encoding: ContentTransferEncoding) -> Result<SinglePart, MailError> {
    Ok(SinglePart::builder().header(kind).body(body(text, encoding)?))
}

/// Octets as they are (the calendar has its line ends already), lines of a text with CRLF.
fn body(text: &str, encoding: ContentTransferEncoding) -> Result<Body, MailError> {
    let encoded = if encoding == ContentTransferEncoding::Base64 {
        Body::new_with_encoding(text.as_bytes().to_vec(), encoding)
    } else {
        Body::new_with_encoding(text.to_owned(), encoding)
    };
    encoded.map_err(|_| MailError::Message("a part cannot be encoded".into()))
}

fn content_type(text: &str) -> Result<ContentType, MailError> {
    ContentType::parse(text).map_err(|error| MailError::Message(error.to_string()))
}

fn mailbox(address: &str, name: Option<&str>) -> Result<Mailbox, MailError> {
    let address = address.trim();
    let parsed: Address = address.parse().map_err(|_| MailError::Address(one_line(address, NAME_MAX)))?;
    let name = name.map(|name| one_line(name, NAME_MAX)).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, parsed))
}

/// A text without control characters and line separators, its spaces single, at most `letters_max` letters.
fn one_line(text: &str, letters_max: usize) -> String {
    let plain =
        text.replace(|letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}'), " ");
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(letters_max).collect()
}

fn message_id(id: &str) -> Result<&str, MailError> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    let plain = id.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>\"(),:;[]\\".contains(&octet));
    match id.split_once('@') {
        Some((local, host))
            if plain
                && id.len() <= MESSAGE_ID_MAX
                && !local.is_empty()
                && !host.is_empty()
                && !host.contains('@') =>
        {
            Ok(id)
        }
        _ => Err(MailError::MessageId),
    }
}

fn method_of(method: &str) -> Result<&str, MailError> {
    let plain =
        !method.is_empty() && method.bytes().all(|octet| octet.is_ascii_alphabetic() || octet == b'-');
    if plain && method.len() <= 40 { Ok(method) } else { Err(MailError::Method) }
}

/// What a calendar tells of, for programs that look at nothing else (RFC 6047 §2.4).
fn component_of(calendar: &str) -> &'static str {
    const KINDS: [&str; 4] = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"];
    let mut begun = calendar.lines().filter_map(|line| line.strip_prefix("BEGIN:"));
    begun.find_map(|name| KINDS.into_iter().find(|kind| *kind == name.trim_end())).unwrap_or("VEVENT")
}

/// Something that stands in no part: a hash over all of them.
fn boundary_seed(content: &MailContent) -> String {
    let mut hash = Sha256::new();
    for piece in [&content.message_id, &content.text, &content.html] {
        hash.update(piece);
        hash.update([0]);
    }
    if let Some((_, calendar)) = &content.calendar {
        hash.update(calendar);
    }
    hex(&hash.finalize()[..12])
}

/// `Auto-Submitted: auto-generated` (RFC 3834 §5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
