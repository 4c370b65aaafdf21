//! POST: what it means where, as a table; a row a meaning (RFC 9110 §9.3.3).
//!
//! What a POST asks for is seen from its query, from the media type of its body, or from the root of its XML. The first
//! row that fits answers. To add a meaning: a row in [`POSTS`] and a file with its answer.

mod add_member;
mod attachment;
pub mod bulk;
pub mod push;

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Response, StatusCode};
use percent_encoding::percent_decode_str;

use crate::body::Body;
use crate::condition::{Failure, SUPPORTED_CALENDAR_DATA};
use crate::exchange::{Answering, Exchange};
use crate::headers;
use crate::method::{outbox, publish, share, table};
use crate::path::Resource;
use crate::property::Kinds;
use crate::xml::name::{self, calendar_server, me};
use crate::xml::{Element, Name};

/// How a row knows that it is meant.
#[derive(Clone, Copy, Debug)]
pub enum Recognition {
    /// By a parameter of the query, of this value or, with `None`, of any.
    Query(&'static str, Option<&'static str>),
    /// By the media type of the body, without parameters, in lower case.
    Media(&'static str),
    /// By the root of the XML in the body.
    Root(Name<'static>),
}

/// A meaning of POST.
pub struct Post {
    /// On which resources.
    pub on: Kinds,
    /// How it is recognised.
    pub by: Recognition,
    /// Where it is defined.
    pub rfc: &'static str,
    /// How it is answered.
    pub answer: fn(Arc<Exchange>) -> Answering,
}

/// The rows; the first that fits answers.
pub const POSTS: &[Post] = &[
    Post {
        on: Kinds::OBJECT,
        by: Recognition::Query("action", None),
        rfc: "RFC 8607 §3.3",
        answer: |exchange| Box::pin(attachment::answer(exchange)),
    },
    Post {
        on: Kinds::CALENDAR,
        by: Recognition::Query("add-member", None),
        rfc: "RFC 5995 §3.2",
        answer: |exchange| Box::pin(add_member::answer(exchange)),
    },
    Post {
        on: Kinds::CALENDAR,
        by: Recognition::Media("text/calendar"),
        rfc: "calendarserver.org bulk requests",
        answer: |exchange| Box::pin(bulk::answer_simple(exchange)),
    },
    Post {
        on: Kinds::CALENDAR,
        by: Recognition::Root(me("multiput")),
        rfc: "calendarserver.org bulk requests",
        answer: |exchange| Box::pin(bulk::answer_crud(exchange)),
    },
    Post {
        on: Kinds::OUTBOX,
        by: Recognition::Media("text/calendar"),
        rfc: "RFC 6638 §5",
        answer: |exchange| Box::pin(outbox::answer(exchange)),
    },
    Post {
        on: Kinds::CALENDAR,
        by: Recognition::Root(name::push("push-register")),
        rfc: "draft-bitfire-webdav-push",
        answer: |exchange| Box::pin(push::register(exchange)),
    },
    Post {
        on: Kinds::CALENDAR,
        by: Recognition::Root(calendar_server("share")),
        rfc: "calendarserver.org caldav-sharing §5.3",
        answer: |exchange| Box::pin(share::answer(exchange)),
    },
    Post {
        on: Kinds::CALENDAR,
        by: Recognition::Root(calendar_server("publish-calendar")),
        rfc: "calendarserver.org caldav-publish",
        answer: |exchange| Box::pin(publish::answer(exchange)),
    },
    Post {
        on: Kinds::CALENDAR,
        by: Recognition::Root(calendar_server("unpublish-calendar")),
        rfc: "calendarserver.org caldav-publish",
        answer: |exchange| Box::pin(publish::answer_end(exchange)),
    },
    Post {
        on: Kinds::HOME,
        by: Recognition::Root(calendar_server("invite-reply")),
        rfc: "calendarserver.org caldav-sharing §5.5",
        answer: |exchange| Box::pin(share::answer_reply(exchange)),
    },
];

/// The resources that have a row.
pub const ON: Kinds = {
    let mut on = Kinds::NONE;
    let mut at = 0;
    while at < POSTS.len() {
        on = on.or(POSTS[at].on);
        at += 1;
    }
    on
};

/// Answers the method.
///
/// # Errors
/// 405 where nothing is posted, 400 for a query that no row knows, CALDAV:supported-calendar-data or 415 for a body
/// that none knows, and those of the row.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    if headers::is_of_foreign_page(&exchange.headers) {
        return Err(Failure::new(StatusCode::FORBIDDEN, "a page of another site asks for this"));
    }
    let kind = match &exchange.resource {
        // What the caller needs to hold is for the row to say.
        Resource::Collection(name) => {
            let found = exchange.backend.collection(exchange.caller(), name).await?;
            found.ok_or_else(Failure::not_found)?.kind.into()
        }
        other => Kinds::of(other),
    };
    if !kind.meets(ON) {
        return Err(table::not_here(Some(&exchange.resource)));
    }
    let row = find(POSTS, kind, &Posted::of(&exchange))?;
    (row.answer)(exchange).await
}

/// What a POST shows of what it asks for.
#[derive(Debug, Default)]
struct Posted {
    query: Vec<(String, String)>,
    /// Without parameters, in lower case; empty where none is given.
    media_type: String,
    /// Namespace and name of the root, where the body is XML.
    root: Option<(String, String)>,
}

impl Posted {
    fn of(exchange: &Exchange) -> Self {
        let media_type = media_type(&exchange.headers);
        let is_xml = media_type.ends_with("/xml") || media_type.ends_with("+xml");
        let root = if is_xml { Element::read(&exchange.body).ok() } else { None };
        let root = root.map(|root| root.name().to_pair());
        Self { query: parameters(&exchange.query), media_type, root }
    }

    fn fits(&self, by: Recognition) -> bool {
        match by {
            Recognition::Query(name, value) => {
                self.query.iter().any(|(given, is)| given == name && value.is_none_or(|value| value == is))
            }
            Recognition::Media(known) => known == self.media_type,
            Recognition::Root(name) => self
                .root
                .as_ref()
                .is_some_and(|(namespace, local)| *namespace == name.namespace && *local == name.local),
        }
    }
}

/// The row that is meant.
fn find<'a>(rows: &'a [Post], kind: Kinds, posted: &Posted) -> Result<&'a Post, Failure> {
    let here = || rows.iter().filter(|row| row.on.meets(kind));
    if let Some(row) = here().find(|row| posted.fits(row.by)) {
        return Ok(row);
    }
    if here().next().is_none() {
        return Err(Failure::new(StatusCode::METHOD_NOT_ALLOWED, "nothing is posted here"));
    }
    // A parameter that is known with other values says what was meant better than the body does.
    let names = |name: &str| posted.query.iter().any(|(given, _)| given == name);
    if here().any(|row| matches!(row.by, Recognition::Query(name, _) if names(name))) {
        return Err(Failure::bad_request("the query asks for nothing that is known here"));
    }
    let given = if posted.media_type.is_empty() { "a body of no type" } else { posted.media_type.as_str() };
    let text = format!("{given} is not posted here");
    if here().any(|row| matches!(row.by, Recognition::Media("text/calendar"))) {
        return Err(Failure::of(SUPPORTED_CALENDAR_DATA, text));
    }
    Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text))
}

/// The media type of a body, without parameters and in lower case; empty where none is given.
pub fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let value = value.as_deref().unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The parameters of a query, decoded; what is no UTF-8 is read with U+FFFD.
pub fn parameters(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::name::calendar_server;

    fn row(on: Kinds, by: Recognition, rfc: &'static str) -> Post {
        Post { on, by, rfc, answer: |_| Box::pin(async { Err(Failure::not_found()) }) }
    }

    fn rows() -> [Post; 5] {
        [
            row(Kinds::OBJECT, Recognition::Query("action", Some("attachment-add")), "add"),
            row(Kinds::OUTBOX, Recognition::Media("text/calendar"), "outbox"),
            row(Kinds::CALENDAR, Recognition::Query("add-member", None), "member"),
            row(Kinds::CALENDAR, Recognition::Root(calendar_server("share")), "share"),
            row(Kinds::HOME, Recognition::Media("application/json"), "json"),
        ]
    }

    fn found(kind: Kinds, query: &str, media_type: &str, body: &str) -> Result<&'static str, (u16, bool)> {
        let root = Element::read(body.as_bytes()).ok().map(|root| root.name().to_pair());
        let posted = Posted { query: parameters(query), media_type: media_type.to_owned(), root };
        match find(&rows(), kind, &posted) {
            Ok(row) => Ok(row.rfc),
            Err(failure) => Err((failure.status.as_u16(), failure.condition.is_some())),
        }
    }

    #[test]
    fn each_is_known_by_what_it_shows() {
        let share = "<share xmlns='http://calendarserver.org/ns/'/>";
        assert_eq!(found(Kinds::OBJECT, "action=attachment%2Dadd&rid=M", "image/png", ""), Ok("add"));
        assert_eq!(found(Kinds::OUTBOX, "", "text/calendar", ""), Ok("outbox"));
        assert_eq!(found(Kinds::CALENDAR, "add-member", "text/calendar", ""), Ok("member"));
        assert_eq!(found(Kinds::CALENDAR, "", "application/xml", share), Ok("share"));
    }

    #[test]
    fn what_no_row_knows_is_refused_by_its_fault() {
        assert_eq!(found(Kinds::FILE, "", "text/calendar", ""), Err((405, false)));
        assert_eq!(found(Kinds::OBJECT, "action=other", "image/png", ""), Err((400, false)));
        assert_eq!(found(Kinds::OUTBOX, "", "text/plain", ""), Err((403, true)));
        assert_eq!(found(Kinds::HOME, "", "text/plain", ""), Err((415, false)));
        assert_eq!(found(Kinds::CALENDAR, "", "application/xml", "<share/>"), Err((415, false)));
    }
}
