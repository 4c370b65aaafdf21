//! The busy index: rows stand where the facts say, and hold what belongs there.

use super::look::{Look, Looked, Parts, failing, member_part, part, value};
use super::objects::read_facts;
use crate::busy_index::{BUCKETS_MAX, BusyRow, Placement, buckets_of};
use crate::engine::Entry;
use crate::table::{read_row, tag};

/// `b`: in a bucket that the facts name, with periods that touch it.
pub(super) fn bucket(entry: &Entry) -> Looked {
    let (parts, row) = read(entry)?;
    let member = member_part(row.member.as_str());
    let place = part(|key| key.signed(row.bucket));
    let touches = row.periods.iter().all(|period| {
        buckets_of(period.span)
            .is_some_and(|(first, last)| (first..=last).contains(&row.bucket) && last - first < BUCKETS_MAX)
    });
    let look = Look::at(parts.name_of(row.member.as_str()))
        .holds(parts.rest == [place, member.clone()].concat(), "the row says another place than its key")
        .holds(touches && !row.periods.is_empty(), "it has periods that do not belong into its bucket");
    let bucket = row.bucket;
    placed(look, &parts, &member, move |placed| placed.buckets.contains(&bucket))
}

/// `L`: periods too long for buckets, as the facts say.
pub(super) fn long(entry: &Entry) -> Looked {
    let (parts, row) = read(entry)?;
    let member = member_part(row.member.as_str());
    let are_long = row
        .periods
        .iter()
        .all(|period| buckets_of(period.span).is_some_and(|(first, last)| last - first >= BUCKETS_MAX));
    let look = Look::at(parts.name_of(row.member.as_str()))
        .holds(parts.rest == member, "the row says another member than its key")
        .holds(are_long && !row.periods.is_empty(), "it has periods that belong into buckets");
    placed(look, &parts, &member, |placed| placed.long)
}

/// `B`: a span, as the facts say.
pub(super) fn beyond(entry: &Entry) -> Looked {
    let parts = Parts::of(entry)?;
    let read = read_row(
        &entry.value,
        || "the row".into(),
        |row| Some((row.text()?.to_owned(), row.signed()?, row.signed()?)),
    );
    let (name, start, end) = match read {
        Ok(read) => read,
        Err(error) => return Look::unreadable(parts.named_by_key(), &error),
    };
    let member = member_part(&name);
    let look = Look::at(parts.name_of(&name))
        .holds(parts.rest == member, "the row says another member than its key")
        .holds(start <= end, "its span ends before it begins");
    placed(look, &parts, &member, |placed| placed.beyond)
}

fn read(entry: &Entry) -> Result<(Parts, BusyRow), Box<Look>> {
    let parts = Parts::of(entry)?;
    match BusyRow::read(&entry.value, || "the row".into()) {
        Ok(row) => Ok((parts, row)),
        Err(error) => Look::unreadable(parts.name, &error),
    }
}

/// Asks the member's facts whether the row stands where they say.
fn placed(
    look: Look,
    parts: &Parts,
    member: &[u8],
    stands: impl FnOnce(&Placement) -> bool + Send + 'static,
) -> Looked {
    look.ask(vec![parts.key(tag::FACTS, member)], move |found| {
        let facts = value(found.first()).and_then(read_facts);
        failing([(facts.is_some_and(|row| stands(&row.placed)), "no facts name this row")])
    })
}
