//! `/{owner}/{type}/book`: who is coming. GET shows the form, POST books.

use aggregator::reading::hex;
use askama::Template;
use booking::desk::{Host, Request};
use booking::event_type::EventType;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use http::StatusCode;

use crate::choice::{self, Choice};
use crate::form::Details;
use crate::page::picker::{self, Taking};
use crate::page::problem::Problem;
use crate::page::rejection::{self, Reader, Rejected};
use crate::page::{Answer, Visit};
use crate::reply::Reply;
use crate::route::Offered;
use crate::view::{Frame, Panel, When};

#[derive(Template)]
#[template(path = "book.html")]
struct BookPage {
    frame: Frame,
    panel: Panel,
    when: When,
    /// Back to the picker, on the same day.
    change: String,
    /// Where the form goes.
    action: String,
    /// What it carries besides what is written.
    kept: Vec<(&'static str, String)>,
    details: Details,
    rejected: Option<Rejected>,
    button: String,
}

impl BookPage {
    /// What is wrong with `field`.
    fn error(&self, field: &str) -> Option<&str> {
        self.rejected.as_ref()?.field(field)
    }

    /// Whether this very time cannot be had.
    fn is_refused(&self) -> bool {
        self.rejected.as_ref().is_some_and(Rejected::is_about_time)
    }

    /// Whether the form can lead to a booking: with its own time, or with one of those offered instead.
    fn is_useful(&self) -> bool {
        !self.is_refused() || self.rejected.as_ref().is_some_and(|rejected| !rejected.alternatives.is_empty())
    }
}

#[derive(Template)]
#[template(path = "received.html")]
struct ReceivedPage {
    frame: Frame,
}

/// One step of booking: everything about what is to be booked.
struct Step<'a> {
    visit: &'a Visit<'a>,
    offered: &'a Offered,
    host: Host,
    event_type: EventType,
    zone: Zone,
    start: Instant,
    duration: i64,
}

impl<'a> Step<'a> {
    /// The step that `visit` is at; none where no time was chosen.
    fn of(visit: &'a Visit<'a>, offered: &'a Offered) -> Result<Option<Self>, Problem> {
        let (host, event_type) = visit.event_type(offered)?;
        let Some(start) = visit.choice.start else { return Ok(None) };
        let zone = visit.choice.zone.clone().unwrap_or_else(|| event_type.zone.clone());
        let duration = picker::duration(&visit.choice, &event_type);
        Ok(Some(Self { visit, offered, host, event_type, zone, start, duration }))
    }

    fn span(&self) -> Span {
        Span::new(self.start, self.start.plus(self.duration))
    }

    fn page(&self, status: StatusCode, details: Details, rejected: Option<Rejected>) -> Reply {
        let clock = self.visit.clock();
        let when = When::new(self.span(), &self.zone, clock);
        let picker = picker::picker_path(&self.offered.owner, &self.offered.slug);
        let day = self.zone.local_of(self.start).date();
        let choice = Choice {
            duration: Some(self.duration),
            zone: Some(self.zone.clone()),
            ..self.visit.choice.clone()
        };
        let title = format!(
            "{} {} – {} with {}",
            when.start, when.short_date, self.event_type.title, self.host.owner.name
        );
        let panel = Panel::new(&self.host.owner, &self.event_type, self.duration, &self.visit.choice);
        let page = BookPage {
            frame: Frame::titled(if rejected.is_some() {
                format!("Not booked yet – {title}")
            } else {
                title
            }),
            panel,
            change: self.visit.choice.on_day(day).href(&picker),
            action: format!("{picker}/book"),
            kept: choice.at(self.start).pairs(),
            button: format!("Book {}, {}", when.short_date, when.start),
            when,
            details,
            rejected,
        };
        Reply::page(status, &page)
    }

    fn to_picker(&self) -> String {
        let path = picker::picker_path(&self.offered.owner, &self.offered.slug);
        self.visit.choice.on_day(self.zone.local_of(self.start).date()).href(&path)
    }
}

/// Shows the form.
pub(crate) async fn show(visit: &Visit<'_>, offered: &Offered) -> Answer {
    let Some(step) = Step::of(visit, offered)? else {
        let path = picker::picker_path(&offered.owner, &offered.slug);
        return Ok(Reply::redirect(StatusCode::FOUND, &visit.choice.href(&path)));
    };
    let taking = Taking::New { owner: &offered.owner, slug: &offered.slug, duration: step.duration };
    let there = Span::new(step.start, step.start.plus(1));
    let open = taking.slots(visit.desk, there).await;
    let open =
        open.map_err(|no| Problem::not_booked(&no).with_link("Choose another time", &step.to_picker()))?;
    let details = Details::numbered(visit.desk.world.entropy.draw());
    if open.is_empty() {
        let time = When::new(step.span(), &step.zone, visit.clock()).start;
        let rejected = Rejected {
            name: "not_open".to_owned(),
            reason: format!("{time} cannot be booked, or not any more."),
            ..Rejected::default()
        };
        return Ok(step.page(StatusCode::CONFLICT, details, Some(rejected)));
    }
    Ok(step.page(StatusCode::OK, details, None))
}

/// Books, and leads to the booking.
pub(crate) async fn act(visit: &Visit<'_>, offered: &Offered, body: &[u8]) -> Answer {
    let mut details = Details::parse(body);
    if details.is_trapped() {
        let frame = Frame::titled("Request received");
        return Ok(Reply::page(StatusCode::OK, &ReceivedPage { frame }));
    }
    let Some(step) = Step::of(visit, offered)? else {
        let path = picker::picker_path(&offered.owner, &offered.slug);
        return Err(Problem::unclear(&choice::Unclear::Value("time"), &visit.choice.lasting().href(&path)));
    };
    let mut request = Request {
        owner: offered.owner.clone(),
        event_type: offered.slug.clone(),
        start: step.start,
        duration: step.duration,
        name: details.name.clone(),
        email: details.email.clone(),
        notes: details.notes.clone(),
        time_zone: step.zone.name().to_owned(),
        idempotency_key: None,
        channel: "web".to_owned(),
    };
    request.idempotency_key = details.idempotency_key(&request);
    match visit.desk.book(&request).await {
        Ok(booked) => {
            let clock = Choice { clock: visit.choice.clock, ..Choice::default() };
            Ok(Reply::redirect(StatusCode::SEE_OTHER, &clock.href(&choice::path(&["b", &booked.token]))))
        }
        Err(not_booked) => {
            let reader = Reader { zone: &step.zone, clock: visit.clock(), asked: step.start };
            let Some((status, rejected)) = rejection::of(&not_booked, &reader) else {
                return Err(Problem::not_booked(&not_booked));
            };
            if details.nonce.is_empty() {
                details.nonce = hex(&visit.desk.world.entropy.draw());
            }
            Ok(step.page(status, details, Some(rejected)))
        }
    }
}
