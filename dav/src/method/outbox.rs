//! POST to a schedule outbox: when the attendees of a VFREEBUSY request are busy (RFC 6638 §5).
//!
//! The answer is made page by page, so that many attendees cost no more memory than a few.

mod question;

use std::sync::Arc;

use calendar::busy::reply;
use calendar::collection::Privilege;
use calendar::refusal::Refusal;
use http::{Response, StatusCode};

use crate::backend::{FreeBusyAnswer, FreeBusyRequest};
use crate::body::{self, Body, PAGE_OCTETS, Page, XML_TYPE};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::path::Resource;
use crate::xml::Writer;
use crate::xml::name::{caldav, dav};
use question::{Attendee, Question};

/// Attendees that are answered for in one page, at most.
const PAGE_ATTENDEES: usize = 100;

/// Answers the method: 200 with one `CALDAV:response` for each attendee, in their order.
///
/// # Errors
/// The preconditions of RFC 6638 §5 and of the drafts before it, in which the headers `Originator` and `Recipient` were
/// needed; here they need not be there, but must not contradict the message.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let Resource::Collection(outbox) = &exchange.resource else { return Err(Failure::not_found()) };
    exchange.collection_for(outbox, Privilege::ScheduleSendFreeBusy).await?;
    let owner = exchange.backend.principal(exchange.caller(), &outbox.owner).await?;
    let question = Arc::new(Question::read(&exchange, &owner.ok_or_else(Failure::not_found)?)?);
    let body = body::paged(0, move |from| page(Arc::clone(&exchange), Arc::clone(&question), from)).await?;
    Ok(body::typed(StatusCode::OK, XML_TYPE, body))
}

async fn page(exchange: Arc<Exchange>, question: Arc<Question>, from: usize) -> Result<Page<usize>, Failure> {
    let root = caldav("schedule-response");
    let mut out = if from == 0 { Writer::document(root) } else { Writer::fragment() };
    let mut next = from;
    for attendee in question.attendees.iter().skip(from).take(PAGE_ATTENDEES) {
        next += 1;
        let answer = ask(&exchange, &question, attendee).await;
        write_response(&mut out, &question, attendee, &answer);
        if out.len() > PAGE_OCTETS {
            break;
        }
    }
    let next = (next < question.attendees.len()).then_some(next);
    if next.is_none() {
        out.close(root);
    }
    Ok(Page { text: out.finish(), next })
}

/// What becomes of the question about one attendee: what hinders it for one does not hinder it for the others.
async fn ask(exchange: &Exchange, question: &Question, attendee: &Attendee) -> FreeBusyAnswer {
    let request = FreeBusyRequest {
        asker: question.asker.clone(),
        attendee: attendee.address.clone(),
        window: question.window,
        except_uids: question.except_uids.clone(),
    };
    match exchange.backend.ask(exchange.caller(), &request).await {
        Ok(answer) => answer,
        Err(Refusal::NotFound | Refusal::NotPermitted(_)) => FreeBusyAnswer::Withheld,
        Err(_) => FreeBusyAnswer::Unreachable,
    }
}

/// One `CALDAV:response` (RFC 6638 §10.2) with its iTIP status (RFC 5546 §3.6).
fn write_response(out: &mut Writer, question: &Question, attendee: &Attendee, answer: &FreeBusyAnswer) {
    out.open(caldav("response"));
    out.open(caldav("recipient"));
    out.text_element(dav("href"), &attendee.written);
    out.close(caldav("recipient"));
    let (status, error) = match answer {
        FreeBusyAnswer::Busy(_) => ("2.0;Success", None),
        FreeBusyAnswer::Withheld => ("3.8;No authority", Some("recipient-permissions")),
        FreeBusyAnswer::Unreachable => ("5.1;Service unavailable", None),
        FreeBusyAnswer::Unknown => ("3.7;Invalid calendar user", Some("recipient-exists")),
    };
    out.text_element(caldav("request-status"), status);
    if let FreeBusyAnswer::Busy(busy) = answer {
        let parties = reply::Parties { organizer: &question.organizer, attendee: &attendee.written };
        let text = reply::reply(busy, question.window, question.now, &question.uid, parties);
        out.text_element(caldav("calendar-data"), &text);
    }
    if let Some(name) = error {
        out.open(dav("error"));
        out.empty(caldav(name));
        out.close(dav("error"));
    }
    out.close(caldav("response"));
}
