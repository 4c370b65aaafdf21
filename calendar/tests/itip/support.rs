//! People with calendars who send each other messages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use calendar::address::Address;
use calendar::itip::{
    Delivery, Held, Ledger, Message, Method, NotApplied, Outgoing, Received, Then, changes, receive,
};
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::time::Instant;
use calendar::zone::Zone;

pub(crate) fn octets(text: &str) -> Arc<[u8]> {
    Arc::from(text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes())
}

pub(crate) fn object(text: &str) -> CalendarObject {
    CalendarObject::read(octets(text), &Limits::default()).unwrap()
}

pub(crate) fn message(text: &str) -> Message {
    Message::read(octets(text), &Limits::default()).unwrap()
}

pub(crate) fn calendar(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n{}\nEND:VCALENDAR\n", lines.trim())
}

/// A VEVENT of UID 1@x organised by olga.
pub(crate) fn event(lines: &str) -> String {
    format!(
        "BEGIN:VEVENT\nUID:1@x\nDTSTAMP:20260601T000000Z\nORGANIZER:mailto:olga@x\n{}\nEND:VEVENT\n",
        lines.trim()
    )
}

pub(crate) fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap().replace("\r\n ", "")
}

/// 2026-06-01 at `minute`.
pub(crate) fn at(minute: i64) -> Instant {
    Instant::from_unix(1_780_272_000 + minute * 60)
}

/// One person: their address, their copy, what they remember.
pub(crate) struct Person {
    pub(crate) address: Address,
    pub(crate) object: Option<CalendarObject>,
    pub(crate) ledger: Ledger,
}

impl Person {
    pub(crate) fn new(name: &str) -> Self {
        Self { address: Address::parse(&format!("{name}@x")), object: None, ledger: Ledger::default() }
    }

    pub(crate) fn of(name: &str, held: &str) -> Self {
        Self { object: Some(object(held)), ..Self::new(name) }
    }

    pub(crate) fn hear(&mut self, message: &Message, minute: i64) -> Result<Received, NotApplied> {
        self.hear_from(message, None, minute)
    }

    pub(crate) fn hear_from(
        &mut self,
        message: &Message,
        sender: Option<&Address>,
        minute: i64,
    ) -> Result<Received, NotApplied> {
        let own = [self.address.clone()];
        let limits = Limits::default();
        let delivery = Delivery { recipient: &own, sender, now: at(minute), limits: &limits };
        let held = Held { object: self.object.as_ref(), ledger: &self.ledger };
        let received = receive(held, message, &delivery)?;
        self.keep(&received);
        Ok(received)
    }

    pub(crate) fn keep(&mut self, received: &Received) {
        // What is remembered goes through its text, as it does in a store.
        self.ledger = Ledger::parse(&received.ledger.to_text());
        assert_eq!(self.ledger, received.ledger);
        match &received.then {
            Then::Unchanged => {}
            Then::Gone => self.object = None,
            Then::Object(octets) => {
                let object = CalendarObject::read(Arc::clone(octets), &Limits::default()).unwrap();
                assert!(object.calendar().property("METHOD").is_none(), "{}", text(octets));
                self.object = Some(object);
            }
        }
    }

    /// Edits their copy; what goes out.
    pub(crate) fn edit(&mut self, after: Option<&str>, minute: i64) -> Vec<Outgoing> {
        let after = after.map(object);
        let own = [self.address.clone()];
        let scheduled = changes(self.object.as_ref(), after.as_ref(), &own, at(minute));
        let stored = scheduled.object.map(|octets| CalendarObject::read(octets, &Limits::default()).unwrap());
        self.object = stored.or(after);
        scheduled.send.iter().for_each(strict);
        scheduled.send
    }

    /// Replaces text of their copy.
    pub(crate) fn change(&mut self, pairs: &[(&str, &str)], minute: i64) -> Vec<Outgoing> {
        let mut edited = self.text();
        for (old, new) in pairs {
            assert!(edited.contains(old), "{old} is not in\n{edited}");
            edited = edited.replacen(old, new, 1);
        }
        self.edit(Some(&edited), minute)
    }

    pub(crate) fn text(&self) -> String {
        self.object.as_ref().map(|object| text(object.octets())).unwrap_or_default().replace("\r\n", "\n")
    }

    /// PARTSTAT of `name` in the component with RECURRENCE-ID `at` (its UTC form), or the master.
    pub(crate) fn partstat(&self, name: &str, at: Option<&str>) -> String {
        let object = self.object.as_ref().unwrap();
        let component = match at {
            None => object.master().unwrap(),
            Some(at) => object
                .overrides()
                .find(|each| {
                    let id = object.date_or_time(each.property("RECURRENCE-ID").unwrap()).unwrap();
                    id.to_instant(Zone::utc()).to_ical() == at
                })
                .unwrap_or_else(|| panic!("no {at} in {}", self.text())),
        };
        let who = Address::parse(&format!("{name}@x"));
        let line = component.properties_named("ATTENDEE").find(|each| Address::parse(&each.value) == who);
        line.map_or("-", |line| line.parameter("PARTSTAT").unwrap_or("NEEDS-ACTION")).to_owned()
    }

    /// Original starts of what takes place (UTC), cancelled ones left out.
    pub(crate) fn instances(&self) -> Vec<String> {
        let Some(object) = &self.object else { return Vec::new() };
        let window = calendar::time::Span::new(at(-1_000_000), at(1_000_000));
        let found = calendar::recur::instances(object, Zone::utc(), window, &Limits::default()).unwrap();
        let components: Vec<_> = object.components().collect();
        let takes_place = |each: &calendar::recur::Instance| {
            components[each.component].property("STATUS").is_none_or(|status| status.value != "CANCELLED")
        };
        found.iter().filter(|each| takes_place(each)).map(|each| each.span.start.to_ical()).collect()
    }
}

/// What goes out is strict text with a VTIMEZONE for every TZID, and says nothing private.
pub(crate) fn strict(outgoing: &Outgoing) {
    let raw = String::from_utf8(outgoing.octets.to_vec()).unwrap();
    assert!(raw.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{raw}");
    let read = Message::read(Arc::clone(&outgoing.octets), &Limits::default()).unwrap();
    assert_eq!(read.method, outgoing.method);
    assert!(!outgoing.to.is_empty());
    for word in ["SCHEDULE-", "X-KALENDS", "VALARM"] {
        assert!(!raw.contains(word), "{word} in {raw}");
    }
    let unfolded = text(&outgoing.octets);
    for line in unfolded.lines() {
        if let Some((_, rest)) = line.split_once(";TZID=") {
            let name = rest.split([':', ';']).next().unwrap();
            assert!(unfolded.contains(&format!("TZID:{name}")), "{unfolded}");
        }
    }
}

/// The messages for `name`, in order.
pub(crate) fn to(send: &[Outgoing], name: &str) -> Vec<Message> {
    let who = Address::parse(&format!("{name}@x"));
    let own = send.iter().filter(|outgoing| outgoing.to.contains(&who));
    own.map(|outgoing| Message::read(Arc::clone(&outgoing.octets), &Limits::default()).unwrap()).collect()
}

/// `METHOD to,to` of each.
pub(crate) fn summary(send: &[Outgoing]) -> Vec<String> {
    send.iter()
        .map(|outgoing| {
            let to: Vec<&str> =
                outgoing.to.iter().map(|who| who.mail().unwrap().trim_end_matches("@x")).collect();
            format!("{} {}", outgoing.method.name(), to.join(","))
        })
        .collect()
}

pub(crate) fn only(send: &[Outgoing], name: &str) -> Message {
    let mut messages = to(send, name);
    assert_eq!(messages.len(), 1, "{:?}", summary(send));
    messages.remove(0)
}

pub(crate) fn methods(messages: &[Message]) -> Vec<Method> {
    messages.iter().map(|message| message.method).collect()
}

/// What an object says, without regard to the order of its components, lines and parameters.
pub(crate) fn meaning(object: Option<&CalendarObject>) -> BTreeMap<String, BTreeSet<String>> {
    let mut meaning = BTreeMap::new();
    for component in object.iter().flat_map(|object| object.components()) {
        let id = component.property("RECURRENCE-ID").map(|id| id.value.clone()).unwrap_or_default();
        let lines = component.properties.iter().map(|each| {
            let parameters: BTreeSet<String> =
                each.parameters.iter().map(|parameter| format!("{parameter:?}")).collect();
            format!("{}:{}:{parameters:?}", each.name, each.value)
        });
        meaning.insert(id, lines.collect());
    }
    meaning
}
