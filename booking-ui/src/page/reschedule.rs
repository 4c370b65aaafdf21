//! `/b/{token}/reschedule`: GET shows the picker, then what is to be moved where; POST moves.

use askama::Template;
use booking::desk::NotBooked;
use calendar::time::{Instant, Span};
use http::StatusCode;

use crate::choice::{Choice, Unclear};
use crate::page::event_type::PickerPage;
use crate::page::manage::{Held, Stage};
use crate::page::picker::{self, Offer, Taking};
use crate::page::problem::Problem;
use crate::page::rejection::{self, Reader, Rejected};
use crate::page::{Answer, Visit};
use crate::reply::Reply;
use crate::view::{Frame, Panel, When};

#[derive(Template)]
#[template(path = "move.html")]
struct MovePage {
    frame: Frame,
    title: String,
    owner: String,
    before: When,
    after: When,
    /// Whether this is the time that it has already.
    same: bool,
    action: String,
    /// The new time.
    start: String,
    /// Back to the picker, on the same day.
    change: String,
    back: String,
    rejected: Option<Rejected>,
    button: String,
}

/// Shows the picker, or the time that was picked in it; what cannot be moved any more shows how it stands.
pub(crate) async fn show(visit: &Visit<'_>, token: &str) -> Answer {
    let held = Held::find(visit, token).await?;
    if held.stage != Stage::Upcoming {
        return Ok(Reply::redirect(StatusCode::SEE_OTHER, &held.href(visit)));
    }
    if let Some(start) = visit.choice.start {
        return confirm(visit, &held, token, start).await;
    }
    let (Some(host), Some(event_type)) = (&held.host, &held.event_type) else {
        return Err(not_offered(visit, &held));
    };
    let path = format!("{}/reschedule", held.path);
    let reading =
        Visit { choice: Choice { zone: Some(held.zone.clone()), ..visit.choice.clone() }, ..*visit };
    let offer = Offer { taking: Taking::Move { token }, event_type, next: path.clone(), page: path };
    let picker =
        picker::picker(&reading, &offer).await.map_err(|not_booked| no(&not_booked, &held.href(visit)))?;
    let panel = Panel::new(&host.owner, event_type, held.span().seconds(), &visit.choice);
    let page = PickerPage {
        frame: Frame {
            said: picker.said.clone(),
            ..Frame::titled(format!("Move {} with {}", held.booking.title, held.owner()))
        },
        panel,
        before: Some(held.when(visit)),
        back: Some(held.href(visit)),
        picker,
    };
    Ok(Reply::page(StatusCode::OK, &page))
}

fn no(not_booked: &NotBooked, back: &str) -> Problem {
    Problem::not_booked(not_booked).with_link("Back to the booking", back)
}

fn not_offered(visit: &Visit<'_>, held: &Held) -> Problem {
    no(&NotBooked::NotFound, &held.href(visit))
}

/// The time that was picked, with a button.
async fn confirm(visit: &Visit<'_>, held: &Held, token: &str, start: Instant) -> Answer {
    let there = Span::new(start, start.plus(1));
    let open = Taking::Move { token }.slots(visit.desk, there).await;
    let open = open.map_err(|not_booked| no(&not_booked, &held.href(visit)))?;
    if open.is_empty() && start != held.span().start {
        let time = When::new(there, &held.zone, visit.clock()).start;
        let rejected = Rejected {
            name: "not_open".to_owned(),
            reason: format!("{time} cannot be booked, or not any more."),
            ..Rejected::default()
        };
        return Ok(page(visit, held, start, Some(rejected)).reply(StatusCode::CONFLICT));
    }
    Ok(page(visit, held, start, None).reply(StatusCode::OK))
}

fn page(visit: &Visit<'_>, held: &Held, start: Instant, rejected: Option<Rejected>) -> MovePage {
    let span = Span::new(start, start.plus(held.span().seconds()));
    let after = When::new(span, &held.zone, visit.clock());
    let path = format!("{}/reschedule", held.path);
    MovePage {
        frame: Frame::titled(format!("Move {} to {} {}", held.booking.title, after.start, after.short_date)),
        title: held.booking.title.clone(),
        owner: held.owner(),
        before: held.when(visit),
        same: start == held.span().start,
        action: visit.choice.lasting().href(&path),
        start: start.to_ical(),
        change: visit.choice.on_day(held.zone.local_of(start).date()).href(&path),
        back: held.href(visit),
        button: format!("Move to {}, {}", after.short_date, after.start),
        after,
        rejected,
    }
}

impl MovePage {
    /// Whether this very time cannot be had.
    fn is_refused(&self) -> bool {
        self.rejected.as_ref().is_some_and(Rejected::is_about_time)
    }

    fn reply(&self, status: StatusCode) -> Reply {
        Reply::page(status, self)
    }
}

/// Moves, and leads back to the booking.
pub(crate) async fn act(visit: &Visit<'_>, token: &str) -> Answer {
    let held = Held::find(visit, token).await?;
    let back = held.href(visit);
    let Some(start) = visit.choice.start else {
        return Err(Problem::unclear(&Unclear::Value("time"), &held.deed(visit, "reschedule")));
    };
    match visit.desk.reschedule(token, start, "web").await {
        Ok(_) => Ok(Reply::redirect(StatusCode::SEE_OTHER, &back)),
        Err(not_booked) => {
            // What was cancelled meanwhile shows how it stands; a form could not help.
            if held.stage != Stage::Upcoming {
                return Ok(Reply::redirect(StatusCode::SEE_OTHER, &back));
            }
            let reader = Reader { zone: &held.zone, clock: visit.clock(), asked: start };
            match rejection::of(&not_booked, &reader) {
                Some((status, mut rejected)) => {
                    // Its own time is free for it, but no other time to move to.
                    let own = held.span().start.to_ical();
                    rejected.alternatives.retain(|other| other.value != own);
                    Ok(page(visit, &held, start, Some(rejected)).reply(status))
                }
                None => Err(no(&not_booked, &back)),
            }
        }
    }
}
