//! A house with three owners, and clients that speak CalDAV with it.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use aggregator::dav_backend::DavBackend;
use aggregator::delivery::{Channel, Courier, Delivered};
use aggregator::operation::collection;
use aggregator::owner::{Manner, Owner, PasswordCheck};
use aggregator::scheduling::{CHANNEL, ToOwners};
use aggregator::world::World;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use calendar::address::Address;
use dav::service::Service;
use dav::xml::name::{caldav, dav};
use dav::xml::{Element, Name};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use store::outbox::Letter;

use crate::world::{StandingClock, ada};

/// The server and what it has sent.
pub(crate) struct House {
    pub(crate) world: World,
    pub(crate) clock: Arc<StandingClock>,
    service: Service,
    pub(crate) post: Arc<Post>,
}

/// A relay that takes letters, or refuses them.
#[derive(Default)]
pub(crate) struct Post {
    pub(crate) sent: Mutex<Vec<Letter>>,
    pub(crate) refuses: Mutex<Option<Delivered>>,
}

/// The same under a name of this crate.
struct Relay(Arc<Post>);

#[async_trait]
impl Channel for Relay {
    async fn deliver(&self, letter: &Letter) -> Delivered {
        if let Some(refusal) = self.0.refuses.lock().unwrap().clone() {
            return refusal;
        }
        self.0.sent.lock().unwrap().push(letter.clone());
        Delivered::Yes
    }
}

/// An answer, read to the end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Checks that the condition of CalDAV with this name was not met.
    #[track_caller]
    pub(crate) fn refused(self, condition: &'static str) -> Self {
        let answer = self.expect(403);
        assert!(answer.text.contains(&format!("<C:{condition}")), "{}", answer.text);
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    /// A property of the only response.
    #[track_caller]
    pub(crate) fn property(&self, name: Name<'_>) -> Option<Element> {
        let xml = Element::read(self.text.as_bytes()).unwrap();
        let response = xml.first(dav("response"))?.clone();
        response.all(dav("propstat")).find_map(|propstat| {
            let is_there = propstat.first(dav("status"))?.text().contains("200");
            propstat.first(dav("prop"))?.first(name).filter(|_| is_there).cloned()
        })
    }
}

fn owner(id: &str, addresses: &[&str]) -> Owner {
    Owner {
        id: id.to_owned(),
        name: id.to_owned(),
        addresses: addresses.iter().map(|address| Address::parse(address)).collect(),
        manner: Manner::default(),
        passwords: vec![PasswordCheck::Plain("secret".to_owned())],
        ..ada(Vec::new())
    }
}

impl House {
    /// Olga (with a second address), Ann and Bob; mail goes out.
    pub(crate) async fn new() -> Self {
        let (world, clock) = crate::world::world(owner("olga", &["olga@x", "o@y"])).await;
        let owners = [owner("olga", &["olga@x", "o@y"]), owner("ann", &["ann@x"]), owner("bob", &["bob@x"])];
        let owners: Vec<Arc<Owner>> = owners.into_iter().map(Arc::new).collect();
        world.replace_owners(owners.clone());
        for owner in owners {
            collection::ensure_home(&world, &owner).await.unwrap();
        }
        world.replace_mail_sender(Some("calendar@x".to_owned()));
        let service = Service::new(Arc::new(DavBackend::new(world.clone())));
        Self { world, clock, service, post: Arc::default() }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The worker's round: what is due goes out.
    pub(crate) async fn deliver(&self) {
        let channels: HashMap<String, Arc<dyn Channel>> = HashMap::from([
            ("mail".to_owned(), Arc::new(Relay(Arc::clone(&self.post))) as Arc<dyn Channel>),
            (CHANNEL.to_owned(), Arc::new(ToOwners::new(self.world.clone()))),
        ]);
        Courier::new(self.world.clone(), channels).deliver_due().await.unwrap();
    }

    /// The mails that went out since the last look: METHOD and recipient.
    pub(crate) fn mails(&self) -> Vec<(String, String, String)> {
        let sent = std::mem::take(&mut *self.post.sent.lock().unwrap());
        let read = |letter: &Letter| {
            let content: aggregator::delivery::mail::MailContent =
                serde_json::from_str(&letter.content).unwrap();
            aggregator::delivery::mail::message(&content).unwrap();
            let (method, text) = content.calendar.unwrap();
            (method, content.to, text)
        };
        let mut mails: Vec<_> = sent.iter().map(read).collect();
        mails.sort();
        mails
    }

    /// Sends `METHOD path` as `who`; a path without a slash in front lies in their home.
    pub(crate) async fn send(&self, who: &str, line: &str, headers: &[&str], body: &str) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let path =
            if path.starts_with('/') { path.to_owned() } else { format!("/dav/calendars/{who}/{path}") };
        let authorization = format!("Basic {}", STANDARD.encode(format!("{who}:secret")));
        let mut request = Request::builder().method(method).uri(path).header("Authorization", authorization);
        for header in headers {
            let (name, value) = header.split_once(':').unwrap();
            let value = value.trim();
            let home = format!("/dav/calendars/{who}/");
            let value = if name == "Destination" { format!("{home}{value}") } else { value.to_owned() };
            request = request.header(name, value);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let (head, body) = self.service.handle(request).await.into_parts();
        let octets = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(octets.to_vec()).unwrap();
        Answer { status: head.status.as_u16(), headers: head.headers, text }
    }

    pub(crate) async fn put(&self, who: &str, path: &str, text: &str) -> Answer {
        self.send(who, &format!("PUT {path}"), &[], text).await
    }

    /// Changes an object as a client does that has the newest copy.
    pub(crate) async fn edit(&self, who: &str, path: &str, changes: &[(&str, &str)]) -> Answer {
        let found = self.send(who, &format!("GET {path}"), &[], "").await.expect(200);
        let mut text = found.text.clone();
        for (old, new) in changes {
            assert!(text.contains(old), "{old} is not in {text}");
            text = text.replacen(old, new, 1);
        }
        let tag = format!("If-Match: {}", found.header("etag").unwrap());
        self.send(who, &format!("PUT {path}"), &[&tag], &text).await
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        self.send(who, &format!("GET {path}"), &[], "").await
    }

    /// The text of an object with its folded lines made whole.
    pub(crate) async fn text(&self, who: &str, path: &str) -> String {
        self.get(who, path).await.expect(200).text.replace("\r\n ", "").replace("\r\n", "\n")
    }

    /// The members of a collection, by name.
    pub(crate) async fn members(&self, who: &str, collection: &str) -> Vec<String> {
        let body = "<D:propfind xmlns:D='DAV:'><D:prop><D:getetag/></D:prop></D:propfind>";
        let line = format!("PROPFIND {collection}/");
        let answer = self.send(who, &line, &["Depth: 1"], body).await.expect(207);
        let xml = Element::read(answer.text.as_bytes()).unwrap();
        let hrefs = xml.all(dav("response")).map(|response| response.first(dav("href")).unwrap().text());
        let names = hrefs.filter(|href| !href.ends_with('/'));
        let mut names: Vec<String> =
            names.map(|href| format!("{collection}/{}", href.rsplit_once('/').unwrap().1)).collect();
        names.sort();
        names
    }

    /// The only object of a person's calendar.
    pub(crate) async fn only(&self, who: &str) -> String {
        let members = self.members(who, "personal").await;
        assert_eq!(members.len(), 1, "{who} has {members:?}");
        members.into_iter().next().unwrap()
    }

    /// The METHODs in an inbox, which is emptied as Apple Calendar does.
    pub(crate) async fn heard(&self, who: &str) -> Vec<String> {
        let mut methods = Vec::new();
        for member in self.members(who, "inbox").await {
            let text = self.text(who, &member).await;
            let method = text.lines().find_map(|line| line.strip_prefix("METHOD:")).unwrap();
            methods.push(method.to_owned());
            self.send(who, &format!("DELETE {member}"), &[], "").await.expect(204);
        }
        methods.sort();
        methods
    }

    pub(crate) async fn schedule_tag(&self, who: &str, path: &str) -> Option<String> {
        let header = self.get(who, path).await.expect(200).header("schedule-tag");
        let body = "<D:propfind xmlns:D='DAV:'><D:prop><C:schedule-tag xmlns:C='urn:ietf:params:xml:ns:caldav'/>\
            </D:prop></D:propfind>";
        let line = format!("PROPFIND {path}");
        let answer = self.send(who, &line, &["Depth: 0"], body).await.expect(207);
        let property = answer.property(caldav("schedule-tag")).map(|element| element.text());
        assert_eq!(property, header);
        header
    }
}

/// The lines of ATTENDEE with this address, of all components.
pub(crate) fn lines_of(text: &str, who: &str) -> Vec<String> {
    let ends = format!(":mailto:{who}@x");
    text.lines()
        .filter(|line| line.starts_with("ATTENDEE") && line.ends_with(&ends))
        .map(str::to_owned)
        .collect()
}

/// PARTSTAT of the first line of somebody.
#[track_caller]
pub(crate) fn partstat(text: &str, who: &str) -> String {
    let lines = lines_of(text, who);
    let line = lines.first().unwrap_or_else(|| panic!("{who} is not in {text}"));
    parameter(line, "PARTSTAT").unwrap_or_else(|| "NEEDS-ACTION".to_owned())
}

/// The value of a parameter in a line.
pub(crate) fn parameter(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!(";{name}="))?;
    Some(rest.split([';', ':']).next().unwrap_or_default().to_owned())
}

/// An event that Olga calls people to.
pub(crate) fn meeting(uid: &str, more: &str, people: &[&str]) -> String {
    let line = |who: &&str| ["ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:", who, "\r\n"].concat();
    let people: String = people.iter().map(line).collect();
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260601T090000Z\r\nDTEND:20260601T100000Z\r\nSEQUENCE:0\r\nSUMMARY:Talk\r\n\
         {more}ORGANIZER:mailto:olga@x\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:olga@x\r\n{people}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}
