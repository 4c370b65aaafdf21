//! Answers that an organizer's client did not know of when it wrote (RFC 6638 §3.2.10), and small marks of scheduling on
//! people's lines: statuses, addresses.

use std::collections::HashMap;
use std::sync::Arc;

use super::compare::difference;
use super::instance::has_date;
use super::parts::Parts;
use super::property::{address_of, partstat_of, server_schedules, set_parameter};
use crate::address::Address;
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::object::{CalendarObject, revision};
use crate::time::Instant;

/// `after`, which the organizer with the addresses of `owner` makes of `before`, with what attendees have answered: their
/// PARTSTAT is theirs to say. `None` where it says so already.
///
/// A component that was made for nothing but answers about an instance is put back where the instance is still there.
pub fn with_answers(before: &CalendarObject, after: &CalendarObject, owner: &[Address]) -> Option<Arc<[u8]>> {
    let limits = Limits::default();
    let old = Parts::of(Some(before));
    let mut new = Parts::of(Some(after));
    let described: Vec<Option<Instant>> = new.list.keys().copied().collect();
    for at in described {
        let Some(known) = old.described(at, &limits) else { continue };
        if let Some(part) = new.find_mut(at) {
            keep(&known, &mut part.component, owner);
        }
    }
    let absent: Vec<Instant> =
        old.instances().into_iter().filter(|at| new.find(Some(*at)).is_none()).collect();
    for at in absent {
        let (Some(part), Some(master)) = (old.find(Some(at)), new.master()) else { continue };
        let Some(plain) = old.derived(at, &limits) else { continue };
        let only_answers = !difference((&plain, before), (&part.component, before)).noticed;
        if !only_answers || has_date(&master.component, after, "EXDATE", at) {
            continue;
        }
        let Some(mut component) = new.derived(at, &limits) else { continue };
        if keep(&part.component, &mut component, owner) {
            new.put(Some(at), component, after);
        }
    }
    new.render(after).filter(|octets| **octets != *after.source())
}

/// Writes the answers of `known` into `component`; whether that changes it.
fn keep(known: &Component, component: &mut Component, owner: &[Address]) -> bool {
    let mut changed = false;
    // Of several lines of one person the first counts, as everywhere.
    let mut standing: HashMap<Address, &Property> = HashMap::new();
    for line in known.properties_named("ATTENDEE") {
        standing.entry(address_of(line)).or_insert(line);
    }
    let lines = component.properties.iter_mut().filter(|line| line.name == "ATTENDEE");
    for line in lines.filter(|line| server_schedules(line)) {
        let who = address_of(line);
        let Some(held) = standing.get(&who).filter(|held| server_schedules(held) && !owner.contains(&who))
        else {
            continue;
        };
        if partstat_of(held) != partstat_of(line) {
            set_parameter(line, "PARTSTAT", Some(&partstat_of(held)));
            changed = true;
        }
        set_parameter(line, "SCHEDULE-STATUS", held.parameter("SCHEDULE-STATUS"));
    }
    changed
}

/// `object` with SCHEDULE-STATUS (RFC 6638 §7.3) as `status_of` says by somebody's address and status so far, on lines of
/// ATTENDEE and ORGANIZER; `None` where they say so already.
pub fn with_schedule_status<'a>(
    object: &CalendarObject,
    status_of: impl Fn(&Address, Option<&str>) -> Option<&'a str>,
) -> Option<Arc<[u8]>> {
    changed_lines(object, |line| {
        if let Some(status) = status_of(&address_of(line), line.parameter("SCHEDULE-STATUS")) {
            set_parameter(line, "SCHEDULE-STATUS", Some(status));
        }
    })
}

/// `object` with the addresses of its people as `named` gives them; `None` where all of them stay.
pub fn with_addresses(
    object: &CalendarObject,
    named: impl Fn(&Address) -> Option<Address>,
) -> Option<Arc<[u8]>> {
    changed_lines(object, |line| {
        if let Some(other) = named(&address_of(line)) {
            other.as_str().clone_into(&mut line.value);
            line.octets = 0..0;
        }
    })
}

/// The answer of one of `people` to every component that invites them, and to each instance in `apart` its own, in a
/// component of its own where it had none. `None` where it says so already.
pub fn with_answers_apart(
    object: &CalendarObject,
    people: &[Address],
    partstat: &str,
    apart: &[(Instant, &str)],
) -> Option<Arc<[u8]>> {
    let limits = Limits::default();
    let mut parts = Parts::of(Some(object));
    for part in parts.list.values_mut() {
        answer(&mut part.component, people, partstat);
    }
    for (at, partstat) in apart {
        if parts.find(Some(*at)).is_none() {
            let Some(component) = parts.derived(*at, &limits) else { continue };
            parts.put(Some(*at), component, object);
        }
        if let Some(part) = parts.find_mut(Some(*at)) {
            answer(&mut part.component, people, partstat);
        }
    }
    parts.render(object).filter(|octets| **octets != *object.source())
}

fn answer(component: &mut Component, people: &[Address], partstat: &str) {
    let lines = component.properties.iter_mut().filter(|line| line.name == "ATTENDEE");
    for line in lines.filter(|line| people.contains(&address_of(line))) {
        set_parameter(line, "PARTSTAT", Some(partstat));
        set_parameter(line, "RSVP", None);
    }
}

fn changed_lines(object: &CalendarObject, change: impl Fn(&mut Property)) -> Option<Arc<[u8]>> {
    let mut parts = Parts::of(Some(object));
    for part in parts.list.values_mut() {
        let lines = part.component.properties.iter_mut();
        lines.filter(|line| matches!(line.name.as_str(), "ATTENDEE" | "ORGANIZER")).for_each(&change);
    }
    parts.render(object).filter(|octets| **octets != *object.source())
}

/// `after`, which an attendee makes of `before`, with SEQUENCE as the organizer has it: some clients count their own
/// changes. `None` where it says so already.
pub fn with_sequences_of(before: &CalendarObject, after: &CalendarObject) -> Option<Arc<[u8]>> {
    let known = Parts::of(Some(before));
    let mut parts = Parts::of(Some(after));
    let mut counted = false;
    for part in parts.list.values_mut() {
        let Some(held) = known.described(part.at, &Limits::default()) else { continue };
        if revision(&held).0 == revision(&part.component).0 {
            continue;
        }
        counted = true;
        let sequence = held.property("SEQUENCE").cloned();
        part.component.properties.retain(|property| property.name != "SEQUENCE");
        part.component.properties.extend(sequence.map(|line| Property { octets: 0..0, ..line }));
    }
    counted.then(|| parts.render(after)).flatten()
}

/// Whether two states of an object differ in answers alone: PARTSTAT, RSVP and statuses of people, and when the organizer
/// said so (RFC 6638 §3.2.10: the schedule tag stays).
pub fn differ_in_answers_alone(before: &CalendarObject, after: &CalendarObject) -> bool {
    let plain = |object: &CalendarObject| {
        let mut components: Vec<Component> = object.components().cloned().collect();
        components.iter_mut().for_each(without_answers);
        components
    };
    plain(before) == plain(after)
}

fn without_answers(component: &mut Component) {
    component.octets = 0..0;
    component.properties.retain(|each| !matches!(each.name.as_str(), "DTSTAMP" | "LAST-MODIFIED"));
    for line in &mut component.properties {
        line.octets = 0..0;
        line.line = 0;
        line.parameters.retain(|each| !matches!(each.name.as_str(), "PARTSTAT" | "RSVP" | "SCHEDULE-STATUS"));
    }
    component.properties.sort_by(|one, other| (&one.name, &one.value).cmp(&(&other.name, &other.value)));
    for inner in &mut component.components {
        without_answers(inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(lines: &str) -> CalendarObject {
        let text = format!(
            "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260601T000000Z\n\
             ORGANIZER:mailto:olga@x\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        CalendarObject::read(Arc::from(text.into_bytes()), &Limits::default()).unwrap()
    }

    fn text(octets: Option<Arc<[u8]>>) -> String {
        String::from_utf8(octets.unwrap().to_vec()).unwrap()
    }

    const SERIES: &str =
        "DTSTART:20260701T080000Z\nDTEND:20260701T090000Z\nRRULE:FREQ=DAILY;COUNT=4\nSUMMARY:Talk";

    #[test]
    fn the_organizer_keeps_answers_they_did_not_know_of() {
        let own = [Address::parse("olga@x")];
        let before = object(
            "DTSTART:20260701T080000Z\nATTENDEE;PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:ann@x\n\
             ATTENDEE;SCHEDULE-AGENT=CLIENT;PARTSTAT=DECLINED:mailto:cli@x",
        );
        let after = object(
            "DTSTART:20260701T080000Z\nSUMMARY:New\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ann@x\n\
             ATTENDEE;SCHEDULE-AGENT=CLIENT;PARTSTAT=ACCEPTED:mailto:cli@x\nATTENDEE:mailto:new@x",
        );
        let kept = text(with_answers(&before, &after, &own));
        assert!(kept.contains("PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:ann@x"), "{kept}");
        assert!(kept.contains("CLIENT;PARTSTAT=ACCEPTED:mailto:cli@x") && kept.contains("SUMMARY:New"));
        assert!(with_answers(&before, &before, &own).is_none());
    }

    #[test]
    fn an_answer_about_one_instance_comes_back_and_a_change_of_it_does_not() {
        let own = [Address::parse("olga@x")];
        let plain = format!("{SERIES}\nATTENDEE:mailto:ann@x");
        let one = |more: &str| {
            format!(
                "{plain}\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260601T000000Z\nORGANIZER:mailto:olga@x\n\
                 RECURRENCE-ID:20260702T080000Z\nDTSTART:20260702T080000Z\nDTEND:20260702T090000Z\n\
                 {more}\nATTENDEE;PARTSTAT=DECLINED:mailto:ann@x"
            )
        };
        let kept = text(with_answers(&object(&one("SUMMARY:Talk")), &object(&plain), &own));
        assert!(kept.contains("RECURRENCE-ID") && kept.contains("PARTSTAT=DECLINED:mailto:ann@x"), "{kept}");
        assert!(with_answers(&object(&one("SUMMARY:Other")), &object(&plain), &own).is_none());
        let out = object(&plain.replace("SUMMARY", "EXDATE:20260702T080000Z\nSUMMARY"));
        assert!(with_answers(&object(&one("SUMMARY:Talk")), &out, &own).is_none());
    }

    #[test]
    fn marks_on_lines() {
        let held = object("DTSTART:20260701T080000Z\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@x");
        let ann = Address::parse("ann@x");
        let marked = with_schedule_status(&held, |who, _| (*who == ann).then_some("1.2"));
        assert!(text(marked.clone()).contains("PARTSTAT=ACCEPTED;SCHEDULE-STATUS=1.2:mailto:ann@x"));
        let marked = CalendarObject::read(marked.unwrap(), &Limits::default()).unwrap();
        assert!(differ_in_answers_alone(&held, &marked));
        assert!(!differ_in_answers_alone(&held, &object("DTSTART:20260701T090000Z\nATTENDEE:mailto:ann@x")));
        let bob = Address::parse("bob@x");
        let renamed = with_addresses(&held, |who| (*who == ann).then(|| bob.clone()));
        assert!(text(renamed).contains("ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@x"));
        assert!(with_addresses(&held, |_| None).is_none());
        let declined = text(with_answers_apart(&held, &[ann], "DECLINED", &[]));
        assert!(declined.contains("ATTENDEE;PARTSTAT=DECLINED:mailto:ann@x"));
    }
}
