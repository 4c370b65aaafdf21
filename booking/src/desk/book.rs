//! Booking: read, think, write; think again if what was seen has moved (specification 6.3).

use std::time::Duration;

use aggregator::world::refusal_of;
use calendar::refusal::Refusal;
use calendar::time::Span;
use store::{Change, Committed};

use crate::booking::{Booking, State, Transition};
use crate::desk::alternatives::nearest;
use crate::desk::capability::{self, Secret};
use crate::desk::fields::{self, Invitee};
use crate::desk::rows::{self, KEYS, TOKENS, TimesRow, Whose};
use crate::desk::seen::Seen;
use crate::desk::step::{self, Step};
use crate::desk::{Booked, Desk, Host, NotBooked, Request};
use crate::event_type::{Combine, EventType};
use crate::grid::buffers;
use crate::letter::News;

/// How often a decision is thought again when what it saw has moved.
pub(crate) const ATTEMPTS_MAX: usize = 16;

/// Sources whose last answer is older, in seconds, are asked before a booking is confirmed …
const FRESH_SECONDS_MAX: i64 = 60;
/// … for so long at most.
const FRESH_DEADLINE: Duration = Duration::from_millis(1500);

/// Asks the owner's sources, within the deadline, for what is new.
pub(crate) async fn freshen(desk: &Desk, owner: &str) {
    desk.sources.freshen(owner, FRESH_SECONDS_MAX, FRESH_DEADLINE).await;
}

/// Books what `request` asks for.
pub(crate) async fn book(desk: &Desk, request: &Request) -> Result<Booked, NotBooked> {
    let (host, event_type) =
        desk.event_type(&request.owner, &request.event_type).ok_or(NotBooked::NotFound)?;
    let invitee = fields::read(request)?;
    let secret = capability::secret(&desk.world).await?;
    if let Some(booked) = repeated(desk, request, &invitee, &secret).await? {
        return Ok(booked);
    }
    freshen(desk, &request.owner).await;
    let _turn = desk.world.turns.of(&request.owner).await;
    let uid = aggregator::reading::uuid(desk.world.entropy.draw());
    for _ in 0..ATTEMPTS_MAX {
        if let Some(booked) = repeated(desk, request, &invitee, &secret).await? {
            return Ok(booked);
        }
        let span = Span::new(request.start, request.start.plus(request.duration));
        let seen = Seen::of(desk, &host, &event_type, span, None).await?;
        if let Err(why) = seen.check(&event_type, request.duration, request.start) {
            let wanted = (request.duration, request.start);
            let alternatives = nearest(desk, &host, &event_type, wanted, None).await?;
            return Err(NotBooked::Rejected { why, alternatives });
        }
        let booked = Booked {
            token: secret.token(&uid),
            booking: new_booking(request, &invitee, &event_type, (&uid, &secret), &seen),
        };
        let mut change = Change::new();
        stage(desk, &mut change, (&host, &event_type), &seen, &booked).await?;
        if let Committed::At(_) = desk.world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(booked);
        }
    }
    Err(NotBooked::Refused(Refusal::Contended))
}

/// What the same key made before.
async fn repeated(
    desk: &Desk,
    request: &Request,
    invitee: &Invitee,
    secret: &Secret,
) -> Result<Option<Booked>, NotBooked> {
    let Some(key) = &invitee.key else { return Ok(None) };
    let row = rows::record::<Whose>(&desk.world, KEYS, &[&request.owner, key]).await?;
    let Some((whose, _)) = row else { return Ok(None) };
    let Some((booking, _)) = rows::booking(&desk.world, &whose.owner, &whose.uid).await? else {
        return Ok(None);
    };
    // The token manages the booking: whoever guesses a key must not get another invitee's.
    if !booking.email.eq_ignore_ascii_case(&invitee.email) {
        let fault = "This key was used for a booking by another address; use a new one.";
        return Err(NotBooked::Invalid(vec![("idempotency_key", fault.to_owned())]));
    }
    Ok(Some(Booked { token: secret.token(&booking.uid), booking }))
}

fn new_booking(
    request: &Request,
    invitee: &Invitee,
    event_type: &EventType,
    (uid, secret): (&str, &Secret),
    seen: &Seen,
) -> Booking {
    let (before, after) = buffers(&event_type.buffer);
    Booking {
        uid: uid.to_owned(),
        owner: request.owner.clone(),
        event_type: event_type.slug.clone(),
        title: event_type.title.clone(),
        start: request.start.as_unix(),
        end: request.start.plus(request.duration).as_unix(),
        buffer_before: before,
        buffer_after: after,
        buffer_sum: event_type.buffer.combine == Combine::Sum,
        name: invitee.name.clone(),
        email: invitee.email.clone(),
        notes: invitee.notes.clone(),
        time_zone: invitee.time_zone.clone(),
        sequence: 0,
        state: State::Confirmed,
        token_hash: capability::hash_of(&secret.token(uid)),
        idempotency_key: invitee.key.clone(),
        history: vec![Transition {
            at: seen.now.as_unix(),
            actor: if request.channel == "cli" { "operator" } else { "invitee" }.to_owned(),
            channel: request.channel.clone(),
            what: "booked".to_owned(),
            reason: None,
        }],
    }
}

async fn stage(
    desk: &Desk,
    change: &mut Change,
    (host, event_type): (&Host, &EventType),
    seen: &Seen,
    booked: &Booked,
) -> Result<(), Refusal> {
    let booking = &booked.booking;
    seen.expect(change, &booking.owner, TimesRow::of(booking).seconds());
    let whose = Whose { owner: booking.owner.clone(), uid: booking.uid.clone() };
    change.put_record(TOKENS, &[&booking.token_hash], &whose, 0);
    if let Some(key) = &booking.idempotency_key {
        change.put_record(KEYS, &[&booking.owner, key], &whose, 0);
    }
    let step = Step {
        owner: &host.owner,
        before: None,
        after: booking,
        location: event_type.location.as_deref(),
        news: &News::Booked,
        token: &booked.token,
        now: seen.now,
    };
    step::stage(desk, change, &step).await
}
