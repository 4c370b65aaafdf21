//! Why a time is or is not bookable, rule by rule and event by event. For the owner's eyes only.

use aggregator::operation::collection::counts_as_busy;
use aggregator::reading::zone_of;
use aggregator::world::refusal_of;
use calendar::collection::{CollectionName, ObjectName, PrincipalId};
use calendar::object::CalendarObject;
use calendar::recur;
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use store::busy_index::IndexedPeriod;
use store::collections::CollectionRecord;

use crate::desk::seen::Seen;
use crate::desk::step::event_name;
use crate::desk::{Desk, Host, NotBooked, Verdict, rows};
use crate::event_type::EventType;
use crate::rule::conflict::{blocks, weakest, widened};
use crate::rule::explain;
use crate::slot::Question;

/// Events that are named at most.
const EVENTS_MAX: usize = 100;

/// The verdict of every rule; after that of the conflicts, one for each event, booking and source that blocks.
pub(crate) async fn why(
    desk: &Desk,
    (owner, slug): (&str, &str),
    duration: i64,
    start: Instant,
) -> Result<Vec<Verdict>, NotBooked> {
    let (host, event_type) = desk.event_type(owner, slug).ok_or(NotBooked::NotFound)?;
    let span = Span::new(start, start.plus(duration));
    let seen = Seen::of(desk, &host, &event_type, span, None).await?;
    let question = seen.question(&event_type, duration);
    let mut verdicts = Vec::new();
    for (rule, verdict) in explain(&question, start) {
        verdicts.push(Verdict {
            rule: rule.to_owned(),
            passes: verdict.is_ok(),
            detail: verdict.map_or_else(|rejection| rejection.reason, |()| "passes".to_owned()),
        });
        if rule == "conflict" {
            verdicts.extend(blocking(desk, (&host, &event_type), &seen, &question, start).await?);
        }
    }
    Ok(verdicts)
}

/// Whatever blocks, by name.
async fn blocking(
    desk: &Desk,
    (host, event_type): (&Host, &EventType),
    seen: &Seen,
    question: &Question<'_>,
    start: Instant,
) -> Result<Vec<Verdict>, Refusal> {
    let zone = &event_type.zone;
    let window = widened(question, start);
    let (mut details, mut named) = (Vec::new(), Vec::new());
    let owner = PrincipalId::new(host.owner.id.as_str());
    for (name, record) in desk.world.store.collections(&owner).await.map_err(refusal_of)? {
        if !counts_as_busy(&host.owner, &record) {
            continue;
        }
        let periods = desk.world.store.busy_in(&name, window).await.map_err(refusal_of)?;
        let blocking = periods.into_iter().filter(|found| found.period.kind >= weakest(question));
        for found in blocking.take(EVENTS_MAX) {
            named.push(found.member.clone());
            details.push(event_detail(desk, host, (&name, &record), &found, zone).await?);
        }
    }
    for (taken, uid) in seen.taken.iter().zip(&seen.uids) {
        if !blocks(question, taken, start) {
            continue;
        }
        let Some((booking, _)) = rows::booking(&desk.world, &host.owner.id, uid).await? else { continue };
        // What its event shows already needs no second line; its buffers do, and an event that a client deleted.
        if !named.contains(&event_name(&booking).member) {
            let when = reading(zone, taken.span);
            details.push(format!("the booking {:?}, {when}, with its buffers", booking.title));
        }
    }
    for source in &seen.busy.not_fresh {
        let name =
            host.owner.sources.iter().find(|known| known.id == *source).map_or(source, |known| &known.name);
        details.push(format!("{name}: has not answered for too long; unknown time counts as busy"));
    }
    if details.is_empty() && !seen.busy.busy.is_free(window, weakest(question)) {
        details.push("an event beyond the indexed time".to_owned());
    }
    details.truncate(EVENTS_MAX);
    let verdict = |detail| Verdict { rule: "conflict".to_owned(), passes: false, detail };
    Ok(details.into_iter().map(verdict).collect())
}

/// `Work: "Standup", 2026-11-24 10:00 to 10:30 (Europe/Paris), BUSY`.
async fn event_detail(
    desk: &Desk,
    host: &Host,
    (name, record): (&CollectionName, &CollectionRecord),
    found: &IndexedPeriod,
    zone: &Zone,
) -> Result<String, Refusal> {
    let object = ObjectName { collection: name.clone(), member: found.member.clone() };
    let stored = desk.world.store.object(&object).await.map_err(refusal_of)?;
    let limits = &desk.world.limits;
    let summary =
        stored.and_then(|stored| CalendarObject::read(stored.octets, limits).ok()).and_then(|object| {
            let here = zone_of(&host.owner, record, limits);
            let instances = recur::instances(&object, &here, found.period.span, limits).unwrap_or_default();
            let instance = instances.iter().find(|instance| instance.span == found.period.span);
            let component = instance.and_then(|instance| object.components().nth(instance.component));
            component.or_else(|| object.master()).or_else(|| object.components().next())?.text("SUMMARY")
        });
    let title = summary.map_or_else(|| "without a title".to_owned(), |summary| format!("{summary:?}"));
    Ok(format!(
        "{}: {title}, {}, {}",
        record.display_name,
        reading(zone, found.period.span),
        found.period.kind.name()
    ))
}

/// `2026-11-24 10:00 to 2026-11-24 10:30 (Europe/Paris)`.
fn reading(zone: &Zone, span: Span) -> String {
    let (start, end) = (zone.local_of(span.start), zone.local_of(span.end));
    let clock = |local: calendar::civil::DateTime| format!("{:02}:{:02}", local.hour(), local.minute());
    if start.date() == end.date() {
        format!("{} {} to {} ({})", start.date(), clock(start), clock(end), zone.name())
    } else {
        format!("{} {} to {} {} ({})", start.date(), clock(start), end.date(), clock(end), zone.name())
    }
}
