//! What the organizer hears of an attendee's edit (RFC 6638 §3.2.2), and the delegate of a delegation (RFC 5546 §3.2.2.3).

use std::collections::BTreeSet;

use super::super::Method;
use super::super::instance::dates_named;
use super::super::outbound::{answer, answering};
use super::super::parts::Parts;
use super::super::property::{
    address_of, addresses_in, attendee_among, is_cancelled, organizer_of, partstat_of, server_schedules,
    with_parameters,
};
use super::view::View;
use super::{Edited, Letters, Scheduled, force_send, obey_force_send};
use crate::address::Address;
use crate::component::{Component, Parameter, Property};
use crate::limits::Limits;
use crate::object::CalendarObject;
use crate::time::Instant;

/// Instances that an attendee may take out of their copy at once; each is declined by itself.
pub(in super::super) const TAKEN_OUT_MAX: usize = 500;

pub(super) fn changes(edit: &Edited<'_>) -> Scheduled {
    let before = Parts::of(edit.before);
    let mut after = Parts::of(edit.after);
    let Some(origin) = edit.after.or(edit.before) else { return Scheduled::default() };
    let lines = origin.components().filter_map(|component| component.property("ORGANIZER"));
    let lines: Vec<&Property> = lines.collect();
    let forced =
        lines.iter().any(|line| force_send(line).is_some_and(|what| what.eq_ignore_ascii_case("REPLY")));
    let told = lines.iter().all(|line| server_schedules(line));
    // Whom the server speaks for from now on has said nothing through it (RFC 6638 §7.1).
    let was_told = |object: &CalendarObject| {
        object.components().filter_map(|component| component.property("ORGANIZER")).all(server_schedules)
    };
    let forced = forced || (edit.after.is_some() && !edit.before.is_none_or(was_told));
    let Some(organizer) = origin.components().find_map(organizer_of) else { return Scheduled::default() };
    obey_force_send(&mut after);
    let object =
        edit.after.and_then(|object| after.render(object).filter(|octets| **octets != *object.source()));
    if !told {
        return Scheduled { object, send: Vec::new() };
    }
    let mut letters = Letters::default();
    let answers = if edit.after.is_some() {
        Answering { call: edit, before: &before, after: &after, forced }.answers()
    } else {
        declined(edit, &before)
    };
    let mut readers = vec![organizer];
    for delegator in delegators(&answers) {
        if !readers.contains(&delegator) && !edit.is_owner(&delegator) {
            readers.push(delegator);
        }
    }
    letters.add(Method::Reply, answers, &readers);
    pass_on(edit, &before, &after, &mut letters);
    Scheduled { object, send: letters.send(origin) }
}

/// Who delegated to those that answer.
fn delegators(answers: &[Component]) -> Vec<Address> {
    let lines = answers.iter().flat_map(|component| component.properties_named("ATTENDEE"));
    lines
        .filter(|line| partstat_of(line) != "NEEDS-ACTION")
        .flat_map(|line| addresses_in(line, "DELEGATED-FROM"))
        .collect()
}

/// A copy that is deleted is an invitation that is declined.
fn declined(edit: &Edited<'_>, before: &Parts<'_>) -> Vec<Component> {
    let declines = |component: &Component| {
        let own = attendee_among(component, edit.owner)?;
        let is_settled = is_cancelled(component) || partstat_of(own) == "DECLINED";
        if is_settled { None } else { answer(component, vec![answering(own, "DECLINED")], edit.now) }
    };
    before.list.values().filter_map(|part| declines(&part.component)).collect()
}

/// An edit whose answers are looked for.
struct Answering<'a> {
    call: &'a Edited<'a>,
    before: &'a Parts<'a>,
    after: &'a Parts<'a>,
    forced: bool,
}

impl Answering<'_> {
    /// One component for each that is answered otherwise than before.
    fn answers(&self) -> Vec<Component> {
        let mut answers = Vec::new();
        let whole_before = self.own(self.before, None);
        let whole = self.own(self.after, None);
        let whole_changed =
            whole.as_ref().is_some_and(|now| self.forced || whole_before.as_ref() != Some(now));
        for part in self.after.list.values() {
            let Some(own) = attendee_among(&part.component, self.call.owner) else { continue };
            let now = Own::of(&part.component, own);
            let then = match part.at {
                None => whole_before.clone(),
                Some(at) => self.own(self.before, Some(at)).or_else(|| whole_before.clone()),
            };
            let then = then.unwrap_or_else(|| Own { progress: now.progress.clone(), ..Own::default() });
            let stands_out = part.at.is_some() && whole_changed && whole.as_ref() != Some(&now);
            if now != then || self.forced || stands_out {
                answers.extend(answer(&part.component, lines(&part.component, own), self.call.now));
            }
        }
        answers.extend(self.reverted(whole.as_ref()));
        answers.extend(self.taken_out());
        answers
    }

    /// What the owner answers about `at` in a component of its own.
    fn own(&self, parts: &Parts<'_>, at: Option<Instant>) -> Option<Own> {
        let part = parts.find(at)?;
        attendee_among(&part.component, self.call.owner).map(|own| Own::of(&part.component, own))
    }

    /// Instances that had an answer of their own, and now have that of the series.
    fn reverted(&self, whole: Option<&Own>) -> Vec<Component> {
        let Some(whole) = whole else { return Vec::new() };
        let gone = self.before.list.values().filter_map(|part| {
            let at = part.at.filter(|at| self.after.find(Some(*at)).is_none())?;
            let own = attendee_among(&part.component, self.call.owner)?;
            if Own::of(&part.component, own) == *whole {
                return None;
            }
            let component = self.after.derived(at, &Limits::default())?;
            let own = attendee_among(&component, self.call.owner)?;
            answer(&component, lines(&component, own), self.call.now)
        });
        gone.collect()
    }

    /// Instances that the owner took out of their copy: declined.
    fn taken_out(&self) -> Vec<Component> {
        let (Some(before), Some(after)) = (self.before.master(), self.after.master()) else {
            return Vec::new();
        };
        let known: BTreeSet<Instant> =
            dates_named(&before.component, before.origin, "EXDATE").into_iter().collect();
        let new = dates_named(&after.component, after.origin, "EXDATE").into_iter();
        let new = new.filter(|at| !known.contains(at) && self.after.find(Some(*at)).is_none());
        new.collect::<BTreeSet<_>>()
            .into_iter()
            .take(TAKEN_OUT_MAX)
            .filter_map(|at| {
                let component = self.before.described(Some(at), &Limits::default())?;
                let own = attendee_among(&component, self.call.owner)?;
                if is_cancelled(&component) || partstat_of(own) == "DECLINED" {
                    return None;
                }
                answer(&component, vec![answering(own, "DECLINED")], self.call.now)
            })
            .collect()
    }
}

/// What one answers: PARTSTAT, to whom it is delegated, and of a task, how far it is (RFC 5546 §3.4.3).
#[derive(Clone, PartialEq, Eq)]
struct Own {
    partstat: String,
    delegates: Vec<Address>,
    progress: Vec<String>,
}

impl Own {
    fn of(component: &Component, line: &Property) -> Self {
        let (partstat, delegates) = (partstat_of(line), addresses_in(line, "DELEGATED-TO"));
        Self { partstat, delegates, progress: progress(component) }
    }
}

/// What a task says of how far it is; nothing where it has not begun.
fn progress(component: &Component) -> Vec<String> {
    let said = ["PERCENT-COMPLETE", "COMPLETED", "STATUS"].map(|name| {
        let value = component.property(name).filter(|_| component.name == "VTODO");
        value.map(|property| property.value.trim().to_ascii_uppercase()).unwrap_or_default()
    });
    said.into_iter().filter(|value| !matches!(value.as_str(), "" | "0" | "NEEDS-ACTION")).collect()
}

impl Default for Own {
    fn default() -> Self {
        Self { partstat: "NEEDS-ACTION".to_owned(), delegates: Vec::new(), progress: Vec::new() }
    }
}

/// The ATTENDEEs of a reply: the owner's, and those they delegate to.
fn lines(component: &Component, own: &Property) -> Vec<Property> {
    let mut line = answering(own, &partstat_of(own));
    let delegates = addresses_in(own, "DELEGATED-TO");
    if delegates.is_empty() {
        return vec![line];
    }
    let values = delegates.iter().map(|who| who.as_str().to_owned()).collect();
    line = with_parameters(line, [Parameter { name: "DELEGATED-TO".to_owned(), values }]);
    let theirs = component.properties_named("ATTENDEE").filter(|each| delegates.contains(&address_of(each)));
    // What delegates answer they say themselves.
    let theirs = theirs.map(|each| answering(each, "NEEDS-ACTION"));
    std::iter::once(line).chain(theirs).collect()
}

/// The invitation goes on to whom the owner delegates it anew, and is taken back from whom they do no more.
fn pass_on(edit: &Edited<'_>, before: &Parts<'_>, after: &Parts<'_>, letters: &mut Letters) {
    let delegates = |parts: &Parts<'_>| -> BTreeSet<Address> {
        let own = parts.list.values().filter_map(|part| attendee_among(&part.component, edit.owner));
        own.flat_map(|line| addresses_in(line, "DELEGATED-TO")).collect()
    };
    let (old, new) = (delegates(before), delegates(after));
    for to in new.difference(&old) {
        let components = invited(after, to, edit.now);
        letters.add(Method::Request, components, std::slice::from_ref(to));
    }
    for to in old.difference(&new) {
        let mut components = invited(before, to, edit.now);
        for component in &mut components {
            component
                .properties
                .retain(|each| each.name != "STATUS" && (each.name != "ATTENDEE" || address_of(each) == *to));
        }
        letters.add(Method::Cancel, components, std::slice::from_ref(to));
    }
}

fn invited(parts: &Parts<'_>, who: &Address, now: Instant) -> Vec<Component> {
    View::of(parts, who).map(|view| view.components(now)).unwrap_or_default()
}
