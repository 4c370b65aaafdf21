//! A client: requests out, answers in, and what they say.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use dav::service::Service;
use dav::xml::name::dav as d;
use dav::xml::{Element, Name};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;

use crate::backend::Memory;

pub struct Server {
    pub memory: Arc<Memory>,
    service: Service,
}

/// An answer, its body read to the end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    /// How many pieces the body came in.
    pub frames: usize,
}

impl Server {
    pub fn new() -> Self {
        Self::over(Memory::new())
    }

    pub fn over(memory: Memory) -> Self {
        let memory = Arc::new(memory);
        Self { service: Service::new(memory.clone()), memory }
    }

    /// Sends as Ada. `headers` are lines `Name: value`.
    pub async fn send(&self, line: &str, headers: &[&str], body: &str) -> Answer {
        let ada = format!("Authorization: Basic {}", STANDARD.encode("ada:pässword"));
        let mut all = vec![ada.as_str()];
        all.extend(headers);
        self.send_as_is(line, &all, body).await
    }

    /// Sends `METHOD path` with these headers and no others.
    pub async fn send_as_is(&self, line: &str, headers: &[&str], body: &str) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for header in headers {
            let (name, value) = header.split_once(':').unwrap();
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
        Answer { status: head.status, headers: head.headers, text, frames }
    }

    pub fn pages(&self) -> usize {
        self.memory.pages.load(Ordering::SeqCst)
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn xml(&self) -> Element {
        Element::read(self.text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Checks the status, showing the body if it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Checks the status and that the error body names the condition.
    #[track_caller]
    pub fn expect_condition(self, status: u16, name: Name<'_>) -> Self {
        let answer = self.expect(status);
        let xml = answer.xml();
        assert!(xml.is(d("error")) && xml.first(name).is_some(), "{}", answer.text);
        answer
    }

    /// The hrefs of the responses, in order.
    pub fn hrefs(&self) -> Vec<String> {
        let multistatus = self.xml();
        multistatus.all(d("response")).map(|response| response.first(d("href")).unwrap().text()).collect()
    }

    /// The last segments of the hrefs.
    pub fn names(&self) -> Vec<String> {
        let last = |href: &String| href.trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
        self.hrefs().iter().map(last).collect()
    }

    /// The response of a resource.
    #[track_caller]
    pub fn response(&self, href: &str) -> Element {
        let multistatus = self.xml();
        let found = multistatus
            .all(d("response"))
            .find(|response| response.first(d("href")).is_some_and(|own| own.text() == href))
            .cloned();
        found.unwrap_or_else(|| panic!("no {href} in {}", self.text))
    }

    /// The status of a property of a resource, and the property.
    #[track_caller]
    pub fn property(&self, href: &str, name: Name<'_>) -> (u16, Element) {
        let response = self.response(href);
        for propstat in response.all(d("propstat")) {
            if let Some(property) = propstat.first(d("prop")).unwrap().first(name) {
                return (status(propstat), property.clone());
            }
        }
        panic!("no {name:?} of {href} in {}", self.text)
    }

    /// The text of a property that is there.
    #[track_caller]
    pub fn text_of(&self, href: &str, name: Name<'_>) -> String {
        let (status, property) = self.property(href, name);
        assert_eq!(status, 200, "{name:?} {}", self.text);
        property.text()
    }
}

/// The number in the `DAV:status` directly inside.
pub fn status(element: &Element) -> u16 {
    let line = element.first(d("status")).unwrap().text();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

/// A PROPFIND body that asks for these names, written with prefixes D, C, CS, I.
pub fn propfind(names: &[&str]) -> String {
    let names: String = names.iter().flat_map(|name| ["<", name, "/>"]).collect();
    document("D:propfind", &format!("<D:prop>{names}</D:prop>"))
}

/// A document with the usual prefixes.
pub fn document(root: &str, inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?><{root} xmlns:D=\"DAV:\" \
         xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:CS=\"http://calendarserver.org/ns/\" \
         xmlns:I=\"http://apple.com/ns/ical/\">{inner}</{root}>"
    )
}

/// An object with one component; `lines` are separated by `|`.
pub fn object(kind: &str, uid: &str, lines: &str) -> String {
    let lines: String = lines.split('|').flat_map(|line| [line, "\r\n"]).collect();
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:{kind}\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\n{lines}END:{kind}\r\nEND:VCALENDAR\r\n"
    )
}

/// An event.
pub fn event(uid: &str, lines: &str) -> String {
    object("VEVENT", uid, lines)
}
