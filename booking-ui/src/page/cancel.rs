//! `/b/{token}/cancel`: GET asks, POST does.

use askama::Template;
use booking::desk::NotBooked;
use http::StatusCode;

use crate::form;
use crate::page::manage::{Held, Stage};
use crate::page::problem::Problem;
use crate::page::{Answer, Visit};
use crate::reply::Reply;
use crate::view::{Frame, When};

#[derive(Template)]
#[template(path = "cancel.html")]
struct CancelPage {
    frame: Frame,
    title: String,
    owner: String,
    when: When,
    action: String,
    back: String,
    /// What was written already.
    reason: String,
    /// What is wrong with it.
    fault: Option<String>,
}

/// Asks whether it is to be cancelled; what cannot be cancelled any more shows how it stands.
pub(crate) async fn show(visit: &Visit<'_>, token: &str) -> Answer {
    let held = Held::find(visit, token).await?;
    if held.stage != Stage::Upcoming {
        return Ok(Reply::redirect(StatusCode::SEE_OTHER, &held.href(visit)));
    }
    Ok(Reply::page(StatusCode::OK, &page(visit, &held)))
}

fn page(visit: &Visit<'_>, held: &Held) -> CancelPage {
    let when = held.when(visit);
    CancelPage {
        frame: Frame::titled(format!("Cancel {}, {} {}", held.booking.title, when.start, when.short_date)),
        title: held.booking.title.clone(),
        owner: held.owner(),
        when,
        action: held.deed(visit, "cancel"),
        back: held.href(visit),
        reason: String::new(),
        fault: None,
    }
}

/// Cancels, and leads back to the booking.
pub(crate) async fn act(visit: &Visit<'_>, token: &str, body: &[u8]) -> Answer {
    let held = Held::find(visit, token).await?;
    let back = held.href(visit);
    let reason = form::reason(body);
    match visit.desk.cancel(token, Some(&reason), "web").await {
        Ok(_) => Ok(Reply::redirect(StatusCode::SEE_OTHER, &back)),
        Err(NotBooked::Invalid(fields)) => {
            let fault = fields.into_iter().map(|(_, fault)| fault).next();
            let page = CancelPage { reason, fault, ..page(visit, &held) };
            Ok(Reply::page(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(not_booked) => Err(Problem::not_booked(&not_booked).with_link("Back to the booking", &back)),
    }
}
