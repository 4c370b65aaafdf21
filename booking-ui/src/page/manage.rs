//! `/b/{token}`: the booking as its invitee sees it, now and later; and its file.

use askama::Template;
use booking::booking::{Booking, State};
use booking::desk::Host;
use booking::event_type::EventType;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use http::{StatusCode, header};

use crate::choice;
use crate::english;
use crate::page::calendar_links;
use crate::page::problem::Problem;
use crate::page::{Answer, Visit};
use crate::reply::Reply;
use crate::view::{self, Frame, Link, When};

/// Where a booking stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// To come.
    Upcoming,
    /// Taking place.
    UnderWay,
    /// Over.
    Past,
    /// Not taking place.
    Cancelled,
}

impl Stage {
    /// Where `booking` stands at `now`.
    pub(crate) fn of(booking: &Booking, now: Instant) -> Self {
        match booking.state {
            State::Cancelled => Self::Cancelled,
            State::Confirmed if now.as_unix() >= booking.end => Self::Past,
            State::Confirmed if now.as_unix() >= booking.start => Self::UnderWay,
            State::Confirmed => Self::Upcoming,
        }
    }
}

/// A booking with what belongs to showing it.
pub(crate) struct Held {
    /// The booking.
    pub(crate) booking: Booking,
    /// Its path: `/b/{token}`.
    pub(crate) path: String,
    /// The zone in which the invitee reads it.
    pub(crate) zone: Zone,
    /// The host, if there still is one.
    pub(crate) host: Option<Host>,
    /// The event type, if there still is one.
    pub(crate) event_type: Option<EventType>,
    /// Where it stands.
    pub(crate) stage: Stage,
}

impl Held {
    /// The booking that `token` manages.
    pub(crate) async fn find(visit: &Visit<'_>, token: &str) -> Result<Self, Problem> {
        let booking = visit.desk.find(token).await.map_err(|not_booked| Problem::not_booked(&not_booked))?;
        let host = visit.desk.hosts_now().iter().find(|host| host.owner.id == booking.owner).cloned();
        let event_type = visit.desk.event_type(&booking.owner, &booking.event_type).map(|(_, one)| one);
        let zone = visit
            .choice
            .zone
            .clone()
            .or_else(|| Zone::iana(&booking.time_zone))
            .or_else(|| host.as_ref().map(|host| host.owner.zone.clone()))
            .unwrap_or_else(|| Zone::utc().clone());
        let stage = Stage::of(&booking, visit.now);
        Ok(Self { path: choice::path(&["b", token]), zone, host, event_type, stage, booking })
    }

    /// Its span.
    pub(crate) fn span(&self) -> Span {
        Span::new(Instant::from_unix(self.booking.start), Instant::from_unix(self.booking.end))
    }

    /// When it is, for the invitee.
    pub(crate) fn when(&self, visit: &Visit<'_>) -> When {
        When::new(self.span(), &self.zone, visit.clock())
    }

    /// When it is for the host, where that reads otherwise.
    fn when_there(&self, visit: &Visit<'_>) -> Option<When> {
        let zone = &self.host.as_ref()?.owner.zone;
        (zone.name() != self.zone.name()).then(|| When::new(self.span(), zone, visit.clock()))
    }

    /// The host's name.
    pub(crate) fn owner(&self) -> String {
        self.host.as_ref().map_or_else(|| self.booking.owner.clone(), |host| host.owner.name.clone())
    }

    /// Its path with what lasts.
    pub(crate) fn href(&self, visit: &Visit<'_>) -> String {
        visit.choice.lasting().href(&self.path)
    }

    /// The path of what can be done with it.
    pub(crate) fn deed(&self, visit: &Visit<'_>, deed: &str) -> String {
        visit.choice.lasting().href(&format!("{}/{deed}", self.path))
    }
}

#[derive(Template)]
#[template(path = "booking.html")]
struct BookingPage {
    frame: Frame,
    /// `good`, `over`, `off`.
    mark: &'static str,
    heading: &'static str,
    /// What is to be known first.
    lead: String,
    title: String,
    owner: String,
    when: When,
    when_there: Option<When>,
    length: String,
    place: Option<String>,
    place_is_link: bool,
    name: String,
    email: String,
    notes: String,
    /// Why it was cancelled.
    reason: Option<String>,
    calendars: Vec<Link>,
    reschedule: Option<String>,
    cancel: Option<String>,
    again: Option<String>,
}

/// Shows the booking.
pub(crate) async fn show(visit: &Visit<'_>, token: &str) -> Answer {
    let held = Held::find(visit, token).await?;
    Ok(Reply::page(StatusCode::OK, &page(visit, &held, token)))
}

fn page(visit: &Visit<'_>, held: &Held, token: &str) -> BookingPage {
    let booking = &held.booking;
    let (mark, heading) = match held.stage {
        Stage::Upcoming => ("good", "You’re booked"),
        Stage::UnderWay => ("good", "Taking place now"),
        Stage::Past => ("over", "This meeting is over"),
        Stage::Cancelled => ("off", "This meeting is cancelled"),
    };
    let location = held.event_type.as_ref().and_then(|event_type| event_type.location.clone());
    let upcoming = held.stage == Stage::Upcoming;
    let again = held.event_type.as_ref().filter(|event_type| event_type.active && !upcoming);
    let calendars = if matches!(held.stage, Stage::Upcoming | Stage::UnderWay) {
        calendar_links::links(booking, token, location.as_deref())
    } else {
        Vec::new()
    };
    let last = booking.history.last();
    let owner = held.owner();
    let when = held.when(visit);
    BookingPage {
        frame: Frame::titled(format!("{heading} – {}, {} {}", booking.title, when.start, when.short_date)),
        mark,
        heading,
        lead: lead(visit, held),
        title: booking.title.clone(),
        owner,
        when,
        when_there: held.when_there(visit),
        length: english::length(booking.end - booking.start),
        place_is_link: location.as_deref().is_some_and(view::is_link),
        place: location.filter(|_| held.stage != Stage::Cancelled),
        name: booking.name.clone(),
        email: booking.email.clone(),
        notes: booking.notes.clone(),
        reason: last.filter(|_| held.stage == Stage::Cancelled).and_then(|last| last.reason.clone()),
        calendars,
        reschedule: upcoming.then(|| held.deed(visit, "reschedule")),
        cancel: upcoming.then(|| held.deed(visit, "cancel")),
        again: again.map(|one| visit.choice.lasting().href(&choice::path(&[&booking.owner, &one.slug]))),
    }
}

/// What is to be known first.
fn lead(visit: &Visit<'_>, held: &Held) -> String {
    let booking = &held.booking;
    let last = booking.history.last();
    let on = |at: i64| {
        let date = held.zone.local_of(Instant::from_unix(at)).date();
        english::day_heading(date)
    };
    match held.stage {
        Stage::Cancelled => match last {
            Some(last) => {
                let by = match last.actor.as_str() {
                    "invitee" => "by you".to_owned(),
                    "owner" => format!("by {}", held.owner()),
                    _ => "for you".to_owned(),
                };
                format!("It was cancelled {by} on {}.", on(last.at))
            }
            None => "It does not take place.".to_owned(),
        },
        Stage::Past => format!("It took place on {}.", held.when(visit).date),
        Stage::Upcoming | Stage::UnderWay => match last.filter(|last| last.what == "rescheduled") {
            Some(last) => format!(
                "It was moved to this time on {}. The new invitation replaces the old one; it goes to {}.",
                on(last.at),
                booking.email
            ),
            None => format!("An invitation is on its way to {}.", booking.email),
        },
    }
}

/// The booking as a file for calendars.
pub(crate) async fn text(visit: &Visit<'_>, token: &str) -> Answer {
    let text = visit.desk.event_text(token).await.map_err(|not_booked| Problem::not_booked(&not_booked))?;
    Ok(Reply::new(StatusCode::OK, "text/calendar; charset=utf-8; method=PUBLISH", text)
        .with(header::CONTENT_DISPOSITION, "attachment; filename=\"meeting.ics\""))
}
