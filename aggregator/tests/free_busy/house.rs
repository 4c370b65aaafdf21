//! Two owners and a client for each.

use std::sync::Arc;

use aggregator::access::{FreeBusy, Rules};
use aggregator::dav_backend::DavBackend;
use aggregator::operation::collection;
use aggregator::owner::{Manner, Owner, PasswordCheck};
use aggregator::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use calendar::address::Address;
use calendar::zone::Zone;
use dav::service::Service;
use dav::xml::name::{caldav as c, dav as d};
use dav::xml::{Element, Name};
use http::Request;
use http_body_util::BodyExt;

use crate::world;

/// Ada (Berlin) and Bob (New York, two addresses) with their homes, in a world of their own.
pub(crate) struct House {
    pub(crate) service: Service,
    world: World,
}

/// An answer, its body read to the end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The `DAV` header.
    pub(crate) dav: String,
    pub(crate) text: String,
    /// How many pieces the body came in.
    pub(crate) frames: usize,
}

pub(crate) fn bob() -> Owner {
    Owner {
        id: "bob".to_owned(),
        name: "Bob Example".to_owned(),
        addresses: vec![Address::parse("bob@example.org"), Address::parse("robert@example.net")],
        zone: Zone::named("America/New_York").expect("a known zone"),
        sources: Vec::new(),
        manner: Manner::default(),
        passwords: vec![PasswordCheck::Plain("secret".to_owned())],
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::of(world::ada(Vec::new()), bob()).await
    }

    pub(crate) async fn of(ada: Owner, bob: Owner) -> Self {
        let (world, _) = world::world(ada).await;
        let bob = Arc::new(bob);
        let ada = world.owner("ada").expect("Ada");
        world.replace_owners(vec![ada, Arc::clone(&bob)]);
        collection::ensure_home(&world, &bob).await.expect("a home");
        Self { service: Service::new(Arc::new(DavBackend::new(world.clone()))), world }
    }

    /// Says who may learn busy time that is not granted otherwise.
    pub(crate) fn rule(&self, free_busy: FreeBusy) {
        self.world.replace_access_rules(Rules { free_busy });
    }

    /// Sends `METHOD path` as `who`; `headers` are lines `Name: value`.
    pub(crate) async fn send(&self, who: &str, line: &str, headers: &[&str], body: &str) -> Answer {
        let (method, path) = line.split_once(' ').expect("a method and a path");
        let mut request = Request::builder().method(method).uri(path);
        if !who.is_empty() {
            let credentials = STANDARD.encode(format!("{who}:secret"));
            request = request.header("authorization", format!("Basic {credentials}"));
        }
        for header in headers {
            let (name, value) = header.split_once(':').expect("a name and a value");
            request = request.header(name, value.trim());
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let (head, mut body) = self.service.handle(request).await.into_parts();
        let (mut octets, mut frames) = (Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            frames += 1;
            octets.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        let text = String::from_utf8(octets).unwrap();
        let dav = head.headers.get("dav").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        Answer { status: head.status.as_u16(), dav, text, frames }
    }

    /// Sends `METHOD path` without signing in.
    pub(crate) async fn anonymous(&self, line: &str) -> Answer {
        self.send("", line, &[], "").await
    }

    /// Puts an object whose component has these `lines`, separated by `|`.
    pub(crate) async fn put(&self, who: &str, collection: &str, uid: &str, lines: &str) {
        self.put_kind(who, collection, ("VEVENT", uid), lines).await;
    }

    pub(crate) async fn put_kind(&self, who: &str, collection: &str, (kind, uid): (&str, &str), lines: &str) {
        let component = component(kind, uid, lines);
        self.put_text(who, collection, uid, &component).await;
    }

    /// Puts an object made of these components.
    pub(crate) async fn put_text(&self, who: &str, collection: &str, uid: &str, components: &str) {
        let line = format!("PUT /dav/calendars/{who}/{collection}/{uid}.ics");
        let answer = self.send(who, &line, &["Content-Type: text/calendar"], &calendar(components)).await;
        assert!(matches!(answer.status, 201 | 204), "{} {}", answer.status, answer.text);
    }

    /// The FREEBUSY lines that a report on `path` answers for a window, without `FREEBUSY;FBTYPE=`.
    pub(crate) async fn report(&self, who: &str, path: &str, window: &str) -> Vec<String> {
        let (start, end) = window.split_once('/').expect("two ends");
        let body = format!(
            "<C:free-busy-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\
             <C:time-range start=\"{start}\" end=\"{end}\"/></C:free-busy-query>"
        );
        let line = format!("REPORT /dav/calendars/{path}");
        let answer = self.send(who, &line, &["Depth: 1", "Content-Type: application/xml"], &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        busy_lines(&answer.text)
    }

    /// What `who` is told through the outbox of the busy time of `attendee`: status, and lines as of a report.
    pub(crate) async fn ask(&self, who: &str, attendee: &str, window: &str) -> (String, Vec<String>) {
        let answer = self.send(who, &outbox(who), &[CALENDAR], &request(who, &[attendee], window, "")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let (_, status, data) = answer.responses().remove(0);
        (status, data.map(|data| busy_lines(&data)).unwrap_or_default())
    }
}

pub(crate) const CALENDAR: &str = "Content-Type: text/calendar";

/// The line of a POST to the outbox of `who`.
pub(crate) fn outbox(who: &str) -> String {
    format!("POST /dav/calendars/{who}/outbox/")
}

/// A VFREEBUSY request; `more` are lines with their ends.
pub(crate) fn request(who: &str, attendees: &[&str], window: &str, more: &str) -> String {
    let (start, end) = window.split_once('/').expect("two ends");
    let attendees: String = attendees.iter().flat_map(|attendee| ["ATTENDEE:", attendee, "\r\n"]).collect();
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nMETHOD:REQUEST\r\nBEGIN:VFREEBUSY\r\n\
         UID:question\r\nDTSTAMP:20260504T080000Z\r\nDTSTART:{start}\r\nDTEND:{end}\r\n\
         ORGANIZER:mailto:{who}@example.org\r\n{attendees}{more}END:VFREEBUSY\r\nEND:VCALENDAR\r\n"
    )
}

/// A component with `lines` separated by `|`.
pub(crate) fn component(kind: &str, uid: &str, lines: &str) -> String {
    let lines: String = lines.split('|').flat_map(|line| [line, "\r\n"]).collect();
    format!("BEGIN:{kind}\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n{lines}END:{kind}\r\n")
}

/// A calendar of these components.
pub(crate) fn calendar(components: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{components}END:VCALENDAR\r\n")
}

/// The periods of a VFREEBUSY, by type.
pub(crate) fn busy_lines(text: &str) -> Vec<String> {
    let unfolded = text.replace("\r\n ", "");
    let lines = unfolded.lines().filter_map(|line| line.strip_prefix("FREEBUSY;FBTYPE="));
    lines.map(str::to_owned).collect()
}

impl Answer {
    pub(crate) fn xml(&self) -> Element {
        Element::read(self.text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Recipient, status and calendar data of each response of a schedule-response.
    pub(crate) fn responses(&self) -> Vec<(String, String, Option<String>)> {
        let text = |of: &Element, name: Name<'_>| of.first(name).map(Element::text);
        let of = |response: &Element| {
            let recipient = response.first(c("recipient")).unwrap().first(d("href")).unwrap().text();
            (recipient, text(response, c("request-status")).unwrap(), text(response, c("calendar-data")))
        };
        self.xml().all(c("response")).map(of).collect()
    }

    /// Whether the error body names the condition.
    pub(crate) fn names(&self, condition: Name<'_>) -> bool {
        self.xml().first(condition).is_some()
    }
}
