//! The protocol over the real backend: several owners of one server, and what they send.

#![allow(dead_code, reason = "each test uses its part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use aggregator::dav_backend::DavBackend;
use aggregator::operation::collection;
use aggregator::owner::{Manner, Owner, PasswordCheck, SourceSettings};
use aggregator::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use calendar::address::Address;
use calendar::zone::Zone;
use dav::service::Service;
use dav::xml::Element;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use store::Store;
use store::engine::memory::MemoryEngine;

use crate::world::{Counting, NOW, StandingClock};

/// The names in every body.
pub(crate) const NAMES: &str = "xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" \
                                xmlns:CS=\"http://calendarserver.org/ns/\" xmlns:I=\"http://apple.com/ns/ical/\"";

/// A server with its owners.
pub(crate) struct Door {
    pub(crate) world: World,
    service: Service,
}

/// An answer, its body read to the end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// An owner who signs in with the password `secret`.
pub(crate) fn owner(id: &str, sources: Vec<SourceSettings>) -> Owner {
    let mut name = id.to_owned();
    name[..1].make_ascii_uppercase();
    Owner {
        id: id.to_owned(),
        name: format!("{name} Example"),
        addresses: vec![Address::parse(&format!("{id}@example.org"))],
        zone: Zone::named("Europe/Berlin").expect("a known zone"),
        sources,
        manner: Manner::default(),
        passwords: vec![PasswordCheck::Plain("secret".to_owned())],
    }
}

impl Door {
    /// A server with these owners, each with a home.
    pub(crate) async fn of(owners: Vec<Owner>) -> Self {
        let clock = Arc::new(StandingClock(AtomicI64::new(NOW)));
        let store = Store::new(Arc::new(MemoryEngine::default()));
        let owners: Vec<Arc<Owner>> = owners.into_iter().map(Arc::new).collect();
        let world = World::new(store, clock, Arc::new(Counting(AtomicU64::new(1))), owners.clone());
        for owner in &owners {
            collection::ensure_home(&world, owner).await.expect("a home");
        }
        Self { service: Service::new(Arc::new(DavBackend::new(world.clone()))), world }
    }

    /// Sends `METHOD path` as `who` (nobody where empty), with the headers `Name: value`.
    pub(crate) async fn send(&self, who: &str, line: &str, headers: &[&str], body: &str) -> Answer {
        let (method, path) = line.split_once(' ').expect("a method and a path");
        let mut request = Request::builder().method(method).uri(path);
        if !who.is_empty() {
            let basic = STANDARD.encode(format!("{who}:secret"));
            request = request.header("Authorization", format!("Basic {basic}"));
        }
        for header in headers {
            let (name, value) = header.split_once(':').expect("a header");
            request = request.header(name, value.trim());
        }
        let request = request.body(Bytes::from(body.to_owned())).expect("a request");
        let (head, body) = self.service.handle(request).await.into_parts();
        let octets = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(octets.to_vec()).expect("text");
        Answer { status: head.status, headers: head.headers, text }
    }

    /// The status alone.
    pub(crate) async fn status(&self, who: &str, line: &str, headers: &[&str], body: &str) -> u16 {
        self.send(who, line, headers, body).await.status.as_u16()
    }

    /// PUTs an event of Monday at nine.
    pub(crate) async fn put(&self, who: &str, path: &str, uid: &str) -> u16 {
        self.status(who, &format!("PUT {path}"), &["Content-Type: text/calendar"], &event(uid)).await
    }

    /// PROPFIND with depth 0 for these properties.
    pub(crate) async fn properties(&self, who: &str, path: &str, names: &str) -> Answer {
        let body = format!("<D:propfind {NAMES}><D:prop>{names}</D:prop></D:propfind>");
        self.send(who, &format!("PROPFIND {path}"), &["Depth: 0"], &body).await
    }

    /// ACL with these entries.
    pub(crate) async fn acl(&self, who: &str, path: &str, aces: &str) -> Answer {
        let body = format!("<D:acl {NAMES}>{aces}</D:acl>");
        self.send(who, &format!("ACL {path}"), &[], &body).await
    }
}

impl Answer {
    /// The body as XML.
    pub(crate) fn xml(&self) -> Element {
        Element::read(self.text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Whether the body holds all of these.
    pub(crate) fn says(&self, parts: &[&str]) -> bool {
        parts.iter().all(|part| self.text.contains(part))
    }
}

/// One event, Monday 2026-05-04 from nine to ten, UTC.
pub(crate) fn event(uid: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260504T090000Z\r\nDTEND:20260504T100000Z\r\n\
         SUMMARY:Secret of {uid}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// One entry of an access list.
pub(crate) fn ace(who: &str, verdict: &str, privileges: &[&str]) -> String {
    let who = if who.starts_with('<') {
        who.to_owned()
    } else {
        format!("<D:href>/dav/principals/{who}/</D:href>")
    };
    let privileges: Vec<String> =
        privileges.iter().map(|name| format!("<D:privilege><{name}/></D:privilege>")).collect();
    let privileges = privileges.concat();
    format!("<D:ace><D:principal>{who}</D:principal><D:{verdict}>{privileges}</D:{verdict}></D:ace>")
}
