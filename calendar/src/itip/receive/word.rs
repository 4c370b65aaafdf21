//! The organizer's word as an attendee holds it: descriptions and cancellations, each counted by its revision.
//!
//! What is held is always what the latest words make of each other, in whatever order they came: descriptions first,
//! then the cancellations that are later than what they cancel ([`Word::settle`]). Those that have nothing to cancel
//! yet wait in the ledger.

use super::super::instance::{add_date, cut_before, except, has_date, normalise_id, reinstate};
use super::super::ledger::{About, Cancellation, For, Revision};
use super::super::parts::{Part, Parts};
use super::super::property::{is_cancelled, organizer_of, set};
use super::super::{Ledger, NotApplied, range};
use super::request::carried;
use super::{Case, Change, Received, Then};
use crate::component::Component;
use crate::object::CalendarObject;
use crate::time::Instant;

/// How one component of a message was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Applied,
    Duplicate,
    Outdated,
}

/// What is held while a message of the organizer changes it.
pub(super) struct Word<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) parts: Parts<'a>,
    pub(super) ledger: Ledger,
    pub(super) changed: Vec<Change>,
}

pub(super) fn about(at: Option<Instant>) -> About {
    at.map_or(About::Whole, About::Instance)
}

impl<'a> Word<'a> {
    pub(super) fn of(case: &'a Case<'a>) -> Self {
        let parts = Parts::of(case.held.object);
        Self { case, parts, ledger: case.held.ledger.clone(), changed: Vec::new() }
    }

    /// The revision of what describes `at`; `None` where nothing does, or only a cancellation made it up.
    ///
    /// A message's own DTSTAMP counts, not what a client wrote over it; the revision of a cancellation is not that of
    /// the description under it.
    pub(super) fn revision(&self, at: Option<Instant>) -> Option<Revision> {
        let component = &self.parts.find(at)?.component;
        let own = Revision::of(component);
        let about = about(at);
        match self.ledger.heard.get(&about) {
            // A cancelled one shows the revision of its cancellation.
            Some(heard) if own.sequence == heard.sequence || is_cancelled(component) => Some(*heard),
            None if at.is_some() && self.ledger.cancelled.contains_key(&(about, For::All)) => None,
            _ => Some(own),
        }
    }

    /// Remembers the revision of what describes `at`, before a cancellation writes over it.
    pub(super) fn remember(&mut self, at: Option<Instant>) {
        if let Some(known) = self.revision(at) {
            self.ledger.heard.insert(about(at), known);
        }
    }

    /// The revision of the last description of `at` that was heard, also of one that a cancellation took away.
    pub(super) fn known(&self, at: Option<Instant>) -> Option<Revision> {
        self.revision(at).or_else(|| self.ledger.heard.get(&about(at)).copied())
    }

    /// Whether what describes `at` was made by the attendee's own client, not by a message.
    fn is_local(&self, at: Instant) -> bool {
        !self.ledger.heard.contains_key(&About::Instance(at)) && self.revision(Some(at)).is_some()
    }

    /// Takes a description of the whole: complete, so overrides that are not later go.
    pub(super) fn offer_whole(&mut self, component: &Component) -> Taken {
        let revision = Revision::of(component);
        match self.known(None) {
            Some(known) if known > revision => return Taken::Outdated,
            Some(known) if known == revision => return Taken::Duplicate,
            _ => {}
        }
        let origin = &self.case.message.object;
        let is_new = self.parts.list.is_empty();
        let held = self.parts.master().map(|part| (&part.component, part.origin));
        let (component, rescheduled) = carried((component, origin), held, self.case);
        let stays = |at: Instant| {
            let local = self.is_local(at) && !rescheduled;
            let known = self.revision(Some(at));
            known.is_some_and(|known| known >= revision || (local && known.sequence >= revision.sequence))
        };
        let gone: Vec<Instant> = self.parts.instances().into_iter().filter(|at| !stays(*at)).collect();
        for at in gone {
            self.parts.remove(Some(at));
            self.ledger.heard.remove(&About::Instance(at));
        }
        self.parts.form = component.property("DTSTART").and_then(|start| origin.date_or_time(start));
        self.parts.put(None, component, origin);
        self.ledger.heard.insert(About::Whole, revision);
        self.ledger.cancelled.retain(|_, entry| entry.revision >= revision);
        self.changed.push(if is_new {
            Change::Filed
        } else {
            Change::Updated { about: About::Whole, rescheduled }
        });
        Taken::Applied
    }

    /// Takes a description of one instance. `with_whole`: the whole came with it, and was taken.
    pub(super) fn offer_instance(&mut self, at: Instant, component: &Component, with_whole: Taken) -> Taken {
        let revision = Revision::of(component);
        let whole = self.known(None);
        if with_whole != Taken::Applied && whole.is_some_and(|whole| whole > revision) {
            return Taken::Outdated;
        }
        let known = self.known(Some(at));
        let local = self.is_local(at);
        match known {
            Some(known) if local && known.sequence > revision.sequence => return Taken::Outdated,
            Some(known) if !local && known > revision => return Taken::Outdated,
            Some(known) if !local && known == revision => return Taken::Duplicate,
            _ => {}
        }
        if !range::ranges(component) {
            self.narrow(at);
        }
        let origin = &self.case.message.object;
        let is_new = self.parts.list.is_empty();
        let derived = if known.is_some() { None } else { self.derived(at) };
        let held = match (&derived, self.parts.find(Some(at))) {
            (Some((component, origin)), _) => Some((component, *origin)),
            (None, Some(part)) => Some((&part.component, part.origin)),
            (None, None) => None,
        };
        let (mut component, rescheduled) = carried((component, origin), held, self.case);
        if let Some(form) = self.parts.form.clone() {
            normalise_id(&mut component, origin, &form, at);
        }
        self.parts.put(Some(at), component, origin);
        self.ledger.heard.insert(About::Instance(at), revision);
        let about = About::Instance(at);
        self.changed.push(if is_new { Change::Filed } else { Change::Updated { about, rescheduled } });
        Taken::Applied
    }

    /// Leaves an instance out that the recipient has taken out.
    pub(super) fn hide(&mut self, at: Instant) {
        if let Some(master) = self.parts.find_mut(None) {
            let origin = master.origin;
            except(&mut master.component, origin, at);
        }
    }

    /// Parts what is said of the instance at `at` from what is said of later ones.
    fn narrow(&mut self, at: Instant) {
        let revision = self.revision(Some(at));
        if let Some(next) = range::narrow(&mut self.parts, at, self.case.delivery.limits)
            && let Some(revision) = revision
        {
            self.ledger.heard.insert(About::Instance(next), revision);
        }
    }

    /// The master's description of its instance at `at`, if it has one.
    fn derived(&self, at: Instant) -> Option<(Component, &'a CalendarObject)> {
        let component = self.parts.derived(at, self.case.delivery.limits)?;
        Some((component, self.parts.master()?.origin))
    }

    /// Lets the cancellations that were heard take effect on what they are later than.
    pub(super) fn settle(&mut self) {
        let organizer = self.parts.list.values().find_map(|part| organizer_of(&part.component));
        let believed =
            |entry: &&Cancellation| organizer.as_ref().is_none_or(|known| entry.organizer == *known);
        let entries: Vec<((About, For), Cancellation)> = self
            .ledger
            .cancelled
            .iter()
            .filter(|(_, entry)| believed(entry))
            .map(|(key, entry)| (*key, entry.clone()))
            .collect();
        for ((about, whom), entry) in entries {
            match about {
                About::Whole => self.settle_whole(whom, &entry),
                About::Instance(at) => self.settle_instance(at, whom, &entry),
                About::From(at) => self.settle_range(at, whom, &entry),
            }
        }
        self.settle_added();
    }

    fn settle_whole(&mut self, whom: For, entry: &Cancellation) {
        let earlier: Vec<Option<Instant>> =
            self.parts.list.values().map(|part| part.at).filter(|at| self.is_ended(*at, entry)).collect();
        for at in earlier {
            if whom == For::Recipient { self.parts.remove(at) } else { self.mark(at, entry) }
        }
    }

    /// Whether a cancellation of the whole, or of this and future ones, ends what describes `at`: also what has a
    /// higher SEQUENCE, if it was written before. Many organizers count SEQUENCE for each component.
    fn is_ended(&self, at: Option<Instant>, entry: &Cancellation) -> bool {
        self.is_earlier(at, entry)
            || (at.is_some() && self.revision(at).is_some_and(|known| known.stamp < entry.revision.stamp))
    }

    /// Whether a cancellation is later than what describes `at`.
    fn is_earlier(&self, at: Option<Instant>, entry: &Cancellation) -> bool {
        self.revision(at).is_none_or(|known| known <= entry.revision)
    }

    fn settle_instance(&mut self, at: Instant, whom: For, entry: &Cancellation) {
        let is_described = self.revision(Some(at)).is_some();
        if self.known(Some(at)).is_some_and(|known| known > entry.revision) {
            // Invited again.
            self.ledger.cancelled.remove(&(About::Instance(at), whom));
            if let (For::Recipient, Some(master)) = (whom, self.parts.find_mut(None)) {
                let origin = master.origin;
                reinstate(&mut master.component, origin, at);
            }
            return;
        }
        self.narrow(at);
        if whom == For::Recipient {
            self.parts.remove(Some(at));
            if let Some(master) = self.parts.find_mut(None) {
                let origin = master.origin;
                except(&mut master.component, origin, at);
            }
        } else if is_described {
            self.mark(Some(at), entry);
        } else if let Some((component, origin)) = self.derived(at) {
            self.put_if_other(at, component, origin, entry);
        }
    }

    fn put_if_other(
        &mut self,
        at: Instant,
        mut component: Component,
        origin: &'a CalendarObject,
        entry: &Cancellation,
    ) {
        cancelled(&mut component, entry);
        let same = |part: &Part<'_>| super::super::parts::detached(part.component.clone()) == component;
        if !self.parts.find(Some(at)).is_some_and(same) {
            self.parts.put(Some(at), component, origin);
        }
    }

    fn settle_range(&mut self, from: Instant, whom: For, entry: &Cancellation) {
        for at in self.parts.instances().into_iter().filter(|at| *at >= from) {
            if self.is_ended(Some(at), entry) {
                self.parts.remove(Some(at));
            }
        }
        if !self.is_earlier(None, entry) {
            return;
        }
        let Some(master) = self.parts.find_mut(None) else { return };
        let origin = master.origin;
        let start = master.component.property("DTSTART").and_then(|start| origin.date_or_time(start));
        let first = start.map(|start| super::super::instance::instance_name(&start, Some(&start)));
        if first.is_some_and(|first| first >= from) {
            return if whom == For::Recipient { self.parts.remove(None) } else { self.mark(None, entry) };
        }
        cut_before(&mut master.component, origin, from);
    }

    /// STATUS:CANCELLED on what describes `at`; the revision of the description under it is remembered.
    fn mark(&mut self, at: Option<Instant>, entry: &Cancellation) {
        self.remember(at);
        if let Some(part) = self.parts.find_mut(at) {
            cancelled(&mut part.component, entry);
        }
    }

    /// Instances that were added stand in RDATE too, for readers that know no override without an instance.
    fn settle_added(&mut self) {
        let added: Vec<Instant> = self.ledger.added.iter().copied().collect();
        for at in added {
            if self.parts.find(Some(at)).is_none() {
                self.ledger.added.remove(&at);
                continue;
            }
            let Some(master) = self.parts.find_mut(None) else { continue };
            let origin = master.origin;
            if !has_date(&master.component, origin, "RDATE", at) {
                add_date(&mut master.component, origin, "RDATE", at);
            }
        }
    }

    /// What the message did, once all its components were `taken`.
    pub(super) fn finish(mut self, taken: &[Taken]) -> Result<Received, NotApplied> {
        if !taken.contains(&Taken::Applied) {
            let is_old = taken.contains(&Taken::Outdated) && !taken.contains(&Taken::Duplicate);
            return if is_old { Err(NotApplied::Outdated) } else { Ok(self.case.unchanged()) };
        }
        self.settle();
        self.ledger.bound();
        let held = self.case.held.object;
        let frame = held.unwrap_or(&self.case.message.object);
        let then = match (held, self.parts.render(frame)) {
            (None, None) => Then::Unchanged,
            (Some(_), None) => Then::Gone,
            (Some(held), Some(octets)) if *octets == *held.source() => Then::Unchanged,
            (_, Some(octets)) => Then::Object(octets),
        };
        Ok(Received { then, ledger: self.ledger, changed: self.changed, ..self.case.unchanged() })
    }
}

fn cancelled(component: &mut Component, entry: &Cancellation) {
    set(component, "STATUS", "CANCELLED");
    set(component, "SEQUENCE", &entry.revision.sequence.to_string());
    if let Some(stamp) = entry.revision.stamp {
        set(component, "DTSTAMP", &stamp.to_ical());
    }
}
