//! Pages for when something is not as hoped: short and kind, each with a way on.

use askama::Template;
use booking::desk::{Host, NotBooked};
use calendar::refusal::Refusal;
use http::StatusCode;

use crate::choice::{self, Choice, Unclear};
use crate::form::NotRead;
use crate::reply::Reply;
use crate::view::{Frame, Link};

/// What is not as hoped.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    /// The reason's name, for machines.
    reason: &'static str,
    title: String,
    text: String,
    links: Vec<Link>,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    frame: Frame,
    problem: &'a Problem,
}

impl Problem {
    fn new(status: StatusCode, reason: &'static str, title: &str, text: impl Into<String>) -> Self {
        Self { status, reason, title: title.to_owned(), text: text.into(), links: Vec::new() }
    }

    /// 404.
    pub(crate) fn not_found() -> Self {
        let text = "The address may be mistyped, or the page has moved. Please ask whoever gave you the link for a new one.";
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here", text)
    }

    /// 410: the event type is not offered any more; others may be.
    pub(crate) fn inactive(host: &Host, choice: &Choice) -> Self {
        let text = format!("{} does not offer this at the moment.", host.owner.name);
        Self::new(StatusCode::GONE, "inactive", "This link is no longer active", text)
            .with_offers(host, choice)
    }

    /// 404: the host never offered it, or does so no longer; others may be.
    pub(crate) fn unknown(host: &Host, choice: &Choice) -> Self {
        let text = format!("{} offers nothing under this address.", host.owner.name);
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here", text).with_offers(host, choice)
    }

    /// The same with what else the host offers.
    fn with_offers(mut self, host: &Host, choice: &Choice) -> Self {
        let offered = host.event_types.iter().filter(|one| one.active && one.listed);
        self.links = offered
            .map(|one| {
                Link::new(&one.title, choice.lasting().href(&choice::path(&[&host.owner.id, &one.slug])))
            })
            .collect();
        if !self.links.is_empty() {
            self.text.push_str(" You can book:");
        }
        self
    }

    /// 422: something in the address means nothing.
    pub(crate) fn unclear(unclear: &Unclear, path: &str) -> Self {
        let text = match unclear {
            Unclear::Zone(name) => {
                format!("There is no time zone called “{name}”. Please choose one on the page.")
            }
            Unclear::Value(what) => {
                format!("The {what} in this address cannot be read. Please choose again on the page.")
            }
        };
        let reason = if matches!(unclear, Unclear::Zone(_)) { "unknown_zone" } else { "unclear" };
        let title = "That did not come through";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, reason, title, text).with_link("Start again", path)
    }

    /// A form that is not read.
    pub(crate) fn not_read(not_read: NotRead) -> Self {
        let (status, reason, text) = match not_read {
            NotRead::MediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_a_form",
                "Only forms are read here. Please send it from the page.",
            ),
            NotRead::TooLong => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too_long", "That is more text than fits. Please shorten it.")
            }
            NotRead::ForeignSite => (
                StatusCode::FORBIDDEN,
                "foreign_site",
                "Another site tried to send this form. Please open the booking page itself and send it from there.",
            ),
        };
        Self::new(status, reason, "This was not sent", text)
    }

    /// 401.
    pub(crate) fn sign_in() -> Self {
        let text = "Sign in with your user name and the password from the settings of this server. A device's own password \
                    does not open this page.";
        Self::new(StatusCode::UNAUTHORIZED, "sign_in", "Please sign in", text)
    }

    /// 429: too many wrong passwords.
    pub(crate) fn too_many() -> Self {
        let text = "There were too many wrong passwords. Please wait a minute.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", "Please wait", text)
    }

    /// 405.
    pub(crate) fn method() -> Self {
        let text = "This page can be looked at, but that cannot be done with it.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", "That is not possible here", text)
    }

    /// 503: nothing was changed; trying again may help.
    pub(crate) fn unavailable() -> Self {
        let text = "Something on our side cannot answer just now. Nothing was changed. Please try again in a minute.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Please try again in a moment", text)
    }

    /// What the desk said, on a page that has no form to show it in.
    pub(crate) fn not_booked(not_booked: &NotBooked) -> Self {
        match not_booked {
            NotBooked::NotFound | NotBooked::Refused(Refusal::NotFound) => Self::not_found(),
            NotBooked::Rejected { why, .. } => Self::rejected(why.name, &why.reason),
            NotBooked::Refused(Refusal::NotBookable { name, reason }) => Self::rejected(name, reason),
            NotBooked::Invalid(fields) => {
                let text: Vec<&str> = fields.iter().map(|(_, text)| text.as_str()).collect();
                let title = "That did not come through";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title, text.join(" "))
            }
            NotBooked::Refused(_) => Self::unavailable(),
        }
    }

    /// What a rule said.
    fn rejected(name: &'static str, reason: &str) -> Self {
        let title = match name {
            "not_fresh" => "Not available just now",
            "inactive" => "This link is no longer active",
            _ => "That is not possible",
        };
        Self::new(rejection_status(name), name, title, sentence(reason))
    }

    /// The same with a way on.
    #[must_use]
    pub(crate) fn with_link(mut self, text: &str, href: &str) -> Self {
        self.links.push(Link::new(text, href));
        self
    }

    /// As an answer.
    pub(crate) fn reply(&self) -> Reply {
        Reply::page(self.status, &Page { frame: Frame::titled(&self.title), problem: self })
    }
}

/// The status for a rule's no: 409, but for a calendar that cannot be read and a type that is not offered.
pub(crate) fn rejection_status(name: &str) -> StatusCode {
    match name {
        "not_fresh" => StatusCode::SERVICE_UNAVAILABLE,
        "inactive" => StatusCode::GONE,
        _ => StatusCode::CONFLICT,
    }
}

/// A reason as a sentence: a capital first, a full stop last.
pub(crate) fn sentence(reason: &str) -> String {
    let reason = reason.trim();
    let mut characters = reason.chars();
    let Some(first) = characters.next() else { return String::new() };
    let mut sentence: String = first.to_uppercase().chain(characters).collect();
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use booking::rule::Rejection;

    use super::*;

    #[test]
    fn each_no_has_its_own_status() {
        let rejected = |name| {
            let why = Rejection { name, reason: "because".to_owned() };
            Problem::not_booked(&NotBooked::Rejected { why, alternatives: vec![] }).reply().status
        };
        assert_eq!(rejected("slot_taken"), StatusCode::CONFLICT);
        assert_eq!(rejected("not_fresh"), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(rejected("inactive"), StatusCode::GONE);
        assert_eq!(Problem::not_booked(&NotBooked::NotFound).reply().status, StatusCode::NOT_FOUND);
        let full = NotBooked::Refused(Refusal::Full);
        assert_eq!(Problem::not_booked(&full).reply().status, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn reasons_become_sentences() {
        assert_eq!(sentence("ada needs 4 hours' notice"), "Ada needs 4 hours' notice.");
        assert_eq!(sentence("Really?"), "Really?");
        assert_eq!(sentence(" "), "");
    }
}
