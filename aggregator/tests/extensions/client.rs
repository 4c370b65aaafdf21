//! A client of the whole protocol over the real backend.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aggregator::dav_backend::DavBackend;
use aggregator::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use dav::service::Service;
use dav::xml::name::dav as d;
use dav::xml::{Element, Name};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;

use crate::world::{StandingClock, ada, source};

/// Ada's home.
pub(crate) const HOME: &str = "/dav/calendars/ada/";
/// Ada's own calendar.
pub(crate) const PERSONAL: &str = "/dav/calendars/ada/personal/";

/// A server with Ada's home, a source and a clock.
pub(crate) struct Server {
    pub(crate) world: World,
    pub(crate) clock: Arc<StandingClock>,
    pub(crate) service: Service,
}

/// An answer, its body read to the end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) octets: Vec<u8>,
}

impl Server {
    pub(crate) async fn new() -> Self {
        let (world, clock) = crate::world::world(ada(vec![source("feed")])).await;
        let service = Service::new(Arc::new(DavBackend::new(world.clone())));
        Self { world, clock, service }
    }

    /// Moves the clock on.
    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Sends `METHOD path` as Ada; `headers` are lines `Name: value`.
    pub(crate) async fn send(&self, line: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Answer {
        let ada = format!("Authorization: Basic {}", STANDARD.encode("ada:secret"));
        let mut all = vec![ada.as_str()];
        all.extend(headers);
        self.send_as_is(line, &all, body).await
    }

    /// Sends with these headers and no others.
    pub(crate) async fn send_as_is(&self, line: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for header in headers {
            let (name, value) = header.split_once(':').unwrap();
            request = request.header(name, value.trim());
        }
        let request = request.body(Bytes::copy_from_slice(body.as_ref())).unwrap();
        let (head, body) = self.service.handle(request).await.into_parts();
        let octets = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: head.status.as_u16(), headers: head.headers, octets }
    }

    /// The tag of the object `name` in Ada's own calendar after it was put there.
    pub(crate) async fn put(&self, name: &str, text: impl AsRef<[u8]>) -> Option<String> {
        let answer =
            self.send(&format!("PUT {PERSONAL}{name}"), &["Content-Type: text/calendar"], text).await;
        assert!([201, 204].contains(&answer.status), "{} {}", answer.status, answer.text());
        answer.header("etag").map(str::to_owned)
    }

    /// The text of the object `name` in Ada's own calendar.
    pub(crate) async fn get(&self, name: &str) -> String {
        self.send(&format!("GET {PERSONAL}{name}"), &[], "").await.expect(200).text()
    }

    /// The property of a resource with its status.
    pub(crate) async fn property(&self, path: &str, name: Name<'_>) -> (u16, Element) {
        let asked = format!(
            "<propfind xmlns='DAV:'><prop><x:{} xmlns:x='{}'/></prop></propfind>",
            name.local, name.namespace
        );
        let answer = self.send(&format!("PROPFIND {path}"), &["Depth: 0"], asked).await.expect(207);
        answer.property(name)
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.octets.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn xml(&self) -> Element {
        Element::read(&self.octets).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Checks the status, showing the body if it is another.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.octets));
        self
    }

    /// Checks the status and that the error body names the condition.
    #[track_caller]
    pub(crate) fn expect_condition(self, status: u16, name: Name<'_>) -> Self {
        let answer = self.expect(status);
        let xml = answer.xml();
        assert!(xml.is(d("error")) && xml.first(name).is_some(), "{}", answer.text());
        answer
    }

    /// The first propstat's property of that name anywhere in the multistatus.
    #[track_caller]
    pub(crate) fn property(&self, name: Name<'_>) -> (u16, Element) {
        for response in self.xml().all(d("response")) {
            for propstat in response.all(d("propstat")) {
                if let Some(property) = propstat.first(d("prop")).and_then(|prop| prop.first(name)) {
                    let line = propstat.first(d("status")).unwrap().text();
                    return (line.split(' ').nth(1).unwrap().parse().unwrap(), property.clone());
                }
            }
        }
        panic!("no {name:?} in {}", self.text())
    }

    /// The hrefs of the responses, in order.
    pub(crate) fn hrefs(&self) -> Vec<String> {
        self.xml().all(d("response")).map(|response| response.first(d("href")).unwrap().text()).collect()
    }
}

/// An object with one component; `lines` are separated by `|`.
pub(crate) fn object(kind: &str, uid: &str, lines: &str) -> String {
    let lines: String = lines.split('|').flat_map(|line| [line, "\r\n"]).collect();
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:{kind}\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\n{lines}END:{kind}\r\nEND:VCALENDAR\r\n"
    )
}

/// An event of an hour.
pub(crate) fn event(uid: &str, lines: &str) -> String {
    object("VEVENT", uid, &format!("DTSTART:20260504T090000Z|DTEND:20260504T100000Z|{lines}"))
}
