//! REPLY: what an attendee answers changes their line in the organizer's copy (RFC 5546 §2.1.5, §3.2.3).
//!
//! Only ATTENDEE lines change; an answer about an instance that only the rule makes writes that instance down. An
//! answer about the whole is one about every instance that the attendee has not answered apart. Delegation brings the
//! delegate's line (§3.2.2.3), whether the reply has one or two ATTENDEEs.

use super::super::ledger::{About, Answer, Ledger, Revision};
use super::super::parts::Parts;
use super::super::property::{
    address_of, addresses_in, answers_since, attendee_among, attendee_mut, new, organizer_of, parameter,
    partstat_of, set, set_parameter, with_parameters,
};
use super::super::{ANSWERS_SINCE, NotApplied, range};
use super::request::leads_back;
use super::{Case, Change, Question, Received, Then, acts_for};
use crate::address::Address;
use crate::component::{Component, Property};
use crate::object::{CalendarObject, revision};
use crate::time::{DateOrTime, Instant};

/// Takes the answers of a reply. What can be taken of one about several instances is.
pub(super) fn reply(case: &Case<'_>) -> Result<Received, NotApplied> {
    let held = case.held.object.ok_or(NotApplied::NotHeld)?;
    let mut answers = Answers::of(case, held);
    let mut refused = None;
    for component in case.message.object.components() {
        if let Err(reason) = answers.take(component) {
            refused = refused.or(Some(reason));
        }
    }
    if let Some(reason) = refused
        && answers.changed.is_empty()
        && answers.ask.is_empty()
    {
        return Err(reason);
    }
    answers.ledger.bound();
    let then = match answers.parts.render(held) {
        Some(octets) if *octets != *held.source() => Then::Object(octets),
        _ => Then::Unchanged,
    };
    let Answers { ledger, ask, changed, .. } = answers;
    Ok(Received { then, ledger, ask, changed, ..case.unchanged() })
}

/// Whether the message answers for somebody to whom the recipient delegated what they hold.
pub(super) fn is_of_delegate(case: &Case<'_>, held: &CalendarObject) -> bool {
    let own = held.components().filter_map(|component| attendee_among(component, case.delivery.recipient));
    own.flat_map(|line| addresses_in(line, "DELEGATED-TO")).any(|who| case.message.attendees.contains(&who))
}

/// The object of an organizer while answers change it.
struct Answers<'a> {
    case: &'a Case<'a>,
    held: &'a CalendarObject,
    parts: Parts<'a>,
    ledger: Ledger,
    ask: Vec<Question>,
    changed: Vec<Change>,
}

impl<'a> Answers<'a> {
    fn of(case: &'a Case<'a>, held: &'a CalendarObject) -> Self {
        let parts = Parts::of(Some(held));
        let ledger = case.held.ledger.clone();
        Self { case, held, parts, ledger, ask: Vec::new(), changed: Vec::new() }
    }

    fn take(&mut self, component: &Component) -> Result<(), NotApplied> {
        let object = &self.case.message.object;
        let at = self.parts.name_of(object, component)?;
        let lines = speaking(component, self.case);
        if lines.is_empty() {
            return Err(NotApplied::Lacks("ATTENDEE"));
        }
        let mut refused = None;
        for line in lines {
            if let Err(reason) = self.answer(at, component, line) {
                refused = refused.or(Some(reason));
            }
        }
        refused.map_or(Ok(()), Err)
    }

    fn answer(
        &mut self,
        at: Option<Instant>,
        component: &Component,
        line: &Property,
    ) -> Result<(), NotApplied> {
        let revision = Revision::of(component);
        let who = address_of(line);
        let about = at.map_or(About::Whole, About::Instance);
        // An object of instances alone is answered as a whole, too.
        let first = self.parts.instances().first().copied();
        let at = if at.is_none() && self.parts.master().is_none() { first } else { at };
        let target = self.target(at)?;
        if revision.sequence < answers_since(&target) {
            return Err(NotApplied::Outdated);
        }
        if attendee_among(&target, std::slice::from_ref(&who)).is_none() {
            return self.uninvited((who, about), revision, line);
        }
        let key = (who.clone(), about);
        match self.ledger.answers.get(&key) {
            Some(last) if last.revision > revision => return Err(NotApplied::Outdated),
            Some(last) if last.revision == revision => return Ok(()),
            _ => {}
        }
        check_delegates(&target, line, &who)?;
        if let Some(alone) = at.filter(|_| about != About::Whole && !range::ranges(component)) {
            range::narrow(&mut self.parts, alone, self.case.delivery.limits);
        }
        if self.parts.find(at).is_none() {
            self.parts.put(at, target, self.held);
        }
        self.write(at, line, component);
        let partstat = partstat_of(line);
        self.ledger.uninvited.remove(&key);
        self.ledger.answers.insert(key, Answer { revision, partstat: partstat.clone() });
        if about == About::Whole {
            self.write_instances(&who, revision, line, component);
        }
        for to in addresses_in(line, "DELEGATED-TO") {
            self.changed.push(Change::Delegated { from: who.clone(), to });
        }
        let comment = component.text("COMMENT");
        self.changed.push(Change::Answered { who, about, partstat, comment });
        Ok(())
    }

    /// What describes `at`: a component, or the master's rule.
    fn target(&self, at: Option<Instant>) -> Result<Component, NotApplied> {
        if let Some(part) = self.parts.find(at) {
            return Ok(part.component.clone());
        }
        let master = self.parts.master().ok_or(NotApplied::NoInstance)?;
        let derived = self.parts.described(at, self.case.delivery.limits);
        let mut component = derived.ok_or(NotApplied::NoInstance)?;
        // It was never revised by itself.
        let since = answers_since(&master.component);
        if let Some(sequence) = component.properties.iter_mut().find(|each| each.name == "SEQUENCE") {
            let lower = since < revision(&master.component).0;
            set_parameter(sequence, ANSWERS_SINCE, lower.then(|| since.to_string()).as_deref());
        }
        Ok(component)
    }

    /// Somebody answers who is not invited: a person decides, once.
    fn uninvited(
        &mut self,
        key: (Address, About),
        revision: Revision,
        line: &Property,
    ) -> Result<(), NotApplied> {
        match self.ledger.uninvited.get(&key) {
            Some(last) if last.revision > revision => return Err(NotApplied::Outdated),
            Some(last) if last.revision == revision => return Ok(()),
            _ => {}
        }
        let partstat = partstat_of(line);
        self.ledger.uninvited.insert(key.clone(), Answer { revision, partstat: partstat.clone() });
        let (who, about) = key;
        let name = line.parameter("CN").map(str::to_owned);
        self.ask.push(Question::Uninvited { who, name, about, partstat });
        Ok(())
    }

    /// An answer about the whole, in the components of instances that were not answered apart.
    fn write_instances(&mut self, who: &Address, revision: Revision, line: &Property, message: &Component) {
        for at in self.parts.instances() {
            let Some(part) = self.parts.find(Some(at)) else { continue };
            let since = answers_since(&part.component);
            let key = (who.clone(), About::Instance(at));
            let apart = self.ledger.answers.get(&key).is_some_and(|own| own.revision.sequence >= since);
            let is_current = revision.sequence >= since;
            if is_current && !apart && attendee_among(&part.component, std::slice::from_ref(who)).is_some() {
                self.write(Some(at), line, message);
            }
        }
    }

    /// The answer in the attendee's line, and the lines of delegates.
    fn write(&mut self, at: Option<Instant>, answer: &Property, message: &Component) {
        let Some(part) = self.parts.find_mut(at) else { return };
        let component = &mut part.component;
        let is_own = organizer_of(component).is_none_or(|organizer| self.case.is_recipient(&organizer));
        let who = address_of(answer);
        let Some(line) = attendee_mut(component, &who) else { return };
        let before = addresses_in(line, "DELEGATED-TO");
        let after = addresses_in(answer, "DELEGATED-TO");
        set_parameter(line, "PARTSTAT", Some(&partstat_of(answer)));
        if is_own {
            set_parameter(line, "SCHEDULE-STATUS", Some(&schedule_status(message)));
        }
        let is_delegating = !after.is_empty();
        if is_own && !is_delegating {
            write_progress(component, &who, message);
        }
        let Some(line) = attendee_mut(component, &who) else { return };
        if before != after {
            set_addresses(line, "DELEGATED-TO", &after);
        }
        let role = line.parameter("ROLE").map(str::to_owned);
        for gone in before.iter().filter(|gone| !after.contains(gone)) {
            withdraw(component, gone, &who);
        }
        for to in &after {
            let key = (to.clone(), at.map_or(About::Whole, About::Instance));
            let known = self.ledger.uninvited.remove(&key);
            delegate(component, &who, to, message);
            let Some(line) = attendee_mut(component, to) else { continue };
            if line.parameter("ROLE").is_none() {
                set_parameter(line, "ROLE", role.as_deref());
            }
            if let Some(known) = known {
                set_parameter(line, "PARTSTAT", Some(&known.partstat));
                self.ledger.answers.insert(key, known);
            }
        }
    }
}

/// How far a task is, as the only one says who is to do it (RFC 5546 §3.4.3). Of several each has their own progress, for
/// which a task has no place.
fn write_progress(component: &mut Component, who: &Address, reply: &Component) {
    let organizer = organizer_of(component);
    let is_other = |each: &Address| each != who && Some(each) != organizer.as_ref();
    let shared = component.properties_named("ATTENDEE").map(address_of).any(|each| is_other(&each));
    if component.name != "VTODO" || shared {
        return;
    }
    for name in ["PERCENT-COMPLETE", "COMPLETED", "STATUS"] {
        match reply.property(name).map(|said| said.value.trim().to_ascii_uppercase()) {
            Some(said) if is_progress(name, &said) => set(component, name, &said),
            // Not done after all.
            None if name == "COMPLETED" && reply.property("PERCENT-COMPLETE").is_some() => {
                component.properties.retain(|property| property.name != name);
            }
            _ => {}
        }
    }
}

/// Whether an attendee may say this of a task: that it is cancelled is not theirs to say.
fn is_progress(name: &str, value: &str) -> bool {
    match name {
        "PERCENT-COMPLETE" => value.parse().is_ok_and(|percent: u8| percent <= 100),
        "COMPLETED" => matches!(DateOrTime::parse(value), Some(DateOrTime::Utc(_))),
        _ => matches!(value, "NEEDS-ACTION" | "IN-PROCESS" | "COMPLETED"),
    }
}

/// SCHEDULE-STATUS by the codes of a reply's REQUEST-STATUS (RFC 6638 §4.2).
fn schedule_status(reply: &Component) -> String {
    let codes = reply.properties_named("REQUEST-STATUS").filter_map(|status| {
        let code = status.value.split(';').next().unwrap_or_default().trim();
        let is_code = |each: char| each.is_ascii_digit() || each == '.';
        (!code.is_empty() && code.chars().all(is_code)).then_some(code)
    });
    let codes = codes.collect::<Vec<_>>().join(",");
    if codes.is_empty() { "2.0".to_owned() } else { codes }
}

/// The ATTENDEE lines of a reply that speak for themselves.
///
/// Of delegator and delegate in one reply it is the delegate's if they have answered; nobody speaks for another.
fn speaking<'a>(component: &'a Component, case: &Case<'_>) -> Vec<&'a Property> {
    let mut lines: Vec<&Property> = component.properties_named("ATTENDEE").collect();
    if let Some(sender) = case.delivery.sender {
        lines.retain(|line| {
            let who = address_of(line);
            who == *sender || acts_for(case, "ATTENDEE", &who, sender)
        });
    }
    let all = lines.clone();
    lines.retain(|line| {
        let (who, unanswered) = (address_of(line), partstat_of(line) == "NEEDS-ACTION");
        let delegates = addresses_in(line, "DELEGATED-TO");
        let delegators = addresses_in(line, "DELEGATED-FROM");
        let others = all.iter().filter(|other| address_of(other) != who);
        !others.into_iter().any(|other| {
            let delegated_to = delegates.contains(&address_of(other));
            let delegated_by =
                delegators.contains(&address_of(other)) || addresses_in(other, "DELEGATED-TO").contains(&who);
            // The delegate's own reply, or that of who delegated to them.
            (delegated_to && partstat_of(other) != "NEEDS-ACTION") || (delegated_by && unanswered)
        })
    });
    // A delegator who gets the delegate's answer has only that to write.
    let recipient = case.delivery.recipient;
    if let Some(held) = case.held.object
        && !held.components().filter_map(organizer_of).any(|organizer| recipient.contains(&organizer))
    {
        let own = held.components().filter_map(|component| attendee_among(component, recipient));
        let delegates: Vec<Address> = own.flat_map(|line| addresses_in(line, "DELEGATED-TO")).collect();
        if !delegates.is_empty() {
            lines.retain(|line| delegates.contains(&address_of(line)));
        }
    }
    lines
}

/// A delegate may not be who delegates, the organizer, or somebody whose delegation leads back.
fn check_delegates(target: &Component, line: &Property, who: &Address) -> Result<(), NotApplied> {
    let organizer = organizer_of(target);
    for to in addresses_in(line, "DELEGATED-TO") {
        if to == *who || organizer.as_ref() == Some(&to) || leads_back(target, &to, who) {
            return Err(NotApplied::DelegationLoop(to));
        }
    }
    Ok(())
}

/// The delegate's line: DELEGATED-FROM in theirs, or a new one. Who was invited anyway is no delegate: taking the
/// delegation back must not take them off the list.
fn delegate(component: &mut Component, from: &Address, to: &Address, message: &Component) {
    if let Some(line) = attendee_mut(component, to) {
        let mut delegators = addresses_in(line, "DELEGATED-FROM");
        if !delegators.is_empty() && !delegators.contains(from) {
            delegators.push(from.clone());
            delegators.sort();
            set_addresses(line, "DELEGATED-FROM", &delegators);
        }
        return;
    }
    let named = attendee_among(message, std::slice::from_ref(to)).and_then(|line| line.parameter("CN"));
    let name = named.map(|name| parameter("CN", name));
    let rest = [
        parameter("PARTSTAT", "NEEDS-ACTION"),
        parameter("RSVP", "TRUE"),
        parameter("DELEGATED-FROM", from.as_str()),
    ];
    let line = with_parameters(new("ATTENDEE", to.as_str()), name.into_iter().chain(rest));
    let last = component.properties.iter().rposition(|each| each.name == "ATTENDEE");
    component.properties.insert(last.map_or(component.properties.len(), |last| last + 1), line);
}

/// Takes a delegation back: the delegate's line goes if nobody else delegated to them.
fn withdraw(component: &mut Component, from: &Address, by: &Address) {
    let Some(line) = attendee_mut(component, from) else { return };
    let mut delegators = addresses_in(line, "DELEGATED-FROM");
    if !delegators.contains(by) {
        return;
    }
    delegators.retain(|who| who != by);
    if delegators.is_empty() {
        component.properties.retain(|each| each.name != "ATTENDEE" || address_of(each) != *from);
    } else {
        set_addresses(line, "DELEGATED-FROM", &delegators);
    }
}

fn set_addresses(line: &mut Property, name: &str, people: &[Address]) {
    set_parameter(line, name, people.first().map(Address::as_str));
    if let Some(parameter) = line.parameters.iter_mut().find(|parameter| parameter.name == name) {
        parameter.values = people.iter().map(|who| who.as_str().to_owned()).collect();
        line.octets = 0..0;
    }
}
