//! One page, one file: what it asks of the desk, and the view that it makes of the answer.

pub(crate) mod book;
pub(crate) mod calendar_links;
pub(crate) mod cancel;
pub(crate) mod day;
pub(crate) mod event_type;
pub(crate) mod host;
pub(crate) mod manage;
pub(crate) mod picker;
pub(crate) mod problem;
pub(crate) mod rejection;
pub(crate) mod reschedule;
pub(crate) mod setup;

use booking::desk::{Desk, Host};
use booking::event_type::EventType;
use calendar::time::Instant;

use crate::choice::Choice;
use crate::english::Clock;
use crate::page::problem::Problem;
use crate::reply::Reply;
use crate::route::Offered;

/// What a page answers.
pub(crate) type Answer = Result<Reply, Problem>;

/// One visit: whom to ask, when it is, and what the visitor has chosen.
pub(crate) struct Visit<'a> {
    /// Whom to ask.
    pub(crate) desk: &'a Desk,
    /// When it is.
    pub(crate) now: Instant,
    /// What has been chosen.
    pub(crate) choice: Choice,
    /// How hours are written where the visitor comes from.
    pub(crate) habit: Clock,
}

impl Visit<'_> {
    /// How hours are written.
    pub(crate) fn clock(&self) -> Clock {
        self.choice.clock.unwrap_or(self.habit)
    }

    /// An event type that may be booked, with its host.
    pub(crate) fn event_type(&self, offered: &Offered) -> Result<(Host, EventType), Problem> {
        let hosts = self.desk.hosts_now();
        let host = hosts.iter().find(|host| host.owner.id == offered.owner).ok_or_else(Problem::not_found)?;
        let found = self.desk.event_type(&offered.owner, &offered.slug);
        let (host, event_type) = found.ok_or_else(|| Problem::unknown(host, &self.choice))?;
        if event_type.active { Ok((host, event_type)) } else { Err(Problem::inactive(&host, &self.choice)) }
    }
}
