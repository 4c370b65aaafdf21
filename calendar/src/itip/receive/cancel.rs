//! CANCEL: of all, of instances, of this and future ones, or of somebody's invitation (RFC 5546 §3.2.5).
//!
//! With STATUS:CANCELLED it is off for everybody: the copy stays and says so. Without, the listed attendees are off the
//! list: their copy, or the instance in it, goes.

use super::super::NotApplied;
use super::super::instance::about_of;
use super::super::ledger::{About, Cancellation, For, Revision};
use super::super::parts::Parts;
use super::super::property::{address_of, is_cancelled, organizer_of};
use super::word::{Taken, Word};
use super::{Case, Change, Received};
use crate::address::Address;
use crate::component::Component;

/// Takes a cancellation; one that came before its request is kept.
pub(super) fn cancel(case: &Case<'_>) -> Result<Received, NotApplied> {
    let message = &case.message.object;
    let mut word = Word::of(case);
    let mut taken = Vec::new();
    for component in message.components() {
        let form = word.parts.form.as_ref();
        let about = about_of(message, component, form).ok_or(NotApplied::Lacks("RECURRENCE-ID"))?;
        let listed: Vec<Address> = component.properties_named("ATTENDEE").map(address_of).collect();
        let concerns_us = listed.is_empty() || listed.iter().any(|who| case.is_recipient(who));
        taken.push(if is_cancelled(component) || concerns_us {
            take(&mut word, about, component)
        } else {
            others_removed(&mut word, about, component, &listed)
        });
    }
    word.finish(&taken)
}

fn take(word: &mut Word<'_>, about: About, component: &Component) -> Taken {
    let revision = Revision::of(component);
    let at = match about {
        About::Whole | About::From(_) => None,
        About::Instance(at) => Some(at),
    };
    // What is cancelled is described by its own component, or by the whole.
    let known = [word.known(at), word.known(None)].into_iter().flatten().max();
    if known.is_some_and(|known| known > revision) {
        return Taken::Outdated;
    }
    let whom = if is_cancelled(component) { For::All } else { For::Recipient };
    match word.ledger.cancelled.get(&(about, whom)) {
        Some(entry) if entry.revision > revision => return Taken::Outdated,
        Some(entry) if entry.revision == revision => return Taken::Duplicate,
        _ => {}
    }
    let Some(organizer) = organizer_of(component).or_else(|| word.case.message.organizer.clone()) else {
        return Taken::Duplicate;
    };
    word.remember(at);
    word.ledger.cancelled.insert((about, whom), Cancellation { revision, organizer });
    word.changed.push(if word.parts.list.is_empty() || names_nothing(&word.parts, about) {
        Change::Kept(about)
    } else if whom == For::Recipient {
        Change::Removed(about)
    } else {
        Change::Cancelled(about)
    });
    Taken::Applied
}

/// Whether the series is not held and what is held is not cancelled either.
fn names_nothing(parts: &Parts<'_>, about: About) -> bool {
    match about {
        About::Instance(at) => parts.master().is_none() && parts.find(Some(at)).is_none(),
        About::Whole | About::From(_) => false,
    }
}

/// Others were taken off the list: their lines go.
fn others_removed(word: &mut Word<'_>, about: About, component: &Component, listed: &[Address]) -> Taken {
    let at = match about {
        About::Whole => None,
        About::Instance(at) | About::From(at) => Some(at),
    };
    if word.revision(at).is_some_and(|known| known > Revision::of(component)) {
        return Taken::Outdated;
    }
    let Some(part) = word.parts.find_mut(at) else { return Taken::Duplicate };
    let before = part.component.properties.len();
    let goes = |who: &Address| listed.contains(who);
    part.component.properties.retain(|each| each.name != "ATTENDEE" || !goes(&address_of(each)));
    if part.component.properties.len() == before {
        return Taken::Duplicate;
    }
    word.changed.push(Change::Updated { about, rescheduled: false });
    Taken::Applied
}
