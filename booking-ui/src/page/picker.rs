//! The picker: a month, the times of a day, the zone. Used for a new booking and for moving one.

mod scene;

use booking::desk::{Desk, NotBooked};
use booking::event_type::EventType;
use booking::slot::Slot;
use calendar::time::{Instant, Span};

use crate::choice::{self, Choice};
use crate::month::{Agenda, Month};
use crate::page::Visit;
use crate::page::day::Group;
use crate::page::picker::scene::Scene;
use crate::view::Link;
use crate::zones::Region;

/// What a time is picked for.
pub(crate) enum Taking<'a> {
    /// A new booking.
    New {
        /// The owner's id.
        owner: &'a str,
        /// The slug.
        slug: &'a str,
        /// Seconds.
        duration: i64,
    },
    /// Another time for the booking that this token manages.
    Move {
        /// The token.
        token: &'a str,
    },
}

impl Taking<'_> {
    /// The open slots that start within `range`.
    pub(crate) async fn slots(&self, desk: &Desk, range: Span) -> Result<Vec<Slot>, NotBooked> {
        match self {
            Self::New { owner, slug, duration } => desk.open_slots(owner, slug, *duration, range).await,
            Self::Move { token } => desk.slots_for_reschedule(token, range).await,
        }
    }
}

/// What to pick from, and where it leads.
pub(crate) struct Offer<'a> {
    /// What a time is picked for.
    pub(crate) taking: Taking<'a>,
    /// Of which event type.
    pub(crate) event_type: &'a EventType,
    /// The path of the picker itself.
    pub(crate) page: String,
    /// The path of the next step.
    pub(crate) next: String,
}

/// A day of the grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Of the month.
    pub(crate) number: i8,
    /// `Tuesday 24 November 2026, 6 times free`.
    pub(crate) label: String,
    /// Where its times are, if there are any.
    pub(crate) href: Option<String>,
    /// `few`, `some`, `many`.
    pub(crate) plenty: &'static str,
    /// Whether it is today there.
    pub(crate) today: bool,
    /// Whether its times are shown.
    pub(crate) selected: bool,
}

/// A week of the grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Week {
    /// From Monday; none where the month has no day.
    pub(crate) cells: Vec<Option<Cell>>,
    /// Whether all its days are past (or none is of the month).
    pub(crate) past: bool,
}

/// The month.
#[derive(Clone, Debug)]
pub(crate) struct MonthView {
    /// `November 2026`.
    pub(crate) name: String,
    /// `2026-11`.
    pub(crate) key: String,
    /// Its weeks, always six.
    pub(crate) weeks: Vec<Week>,
    /// The days with free times, for narrow screens: `Tue 24`, how many.
    pub(crate) strip: Vec<(Link, usize)>,
    /// The month before, if it may hold free times.
    pub(crate) previous: Option<Link>,
    /// The month after, if it may hold free times.
    pub(crate) next: Option<Link>,
}

/// Where times are read, and what else may be chosen.
#[derive(Clone, Debug)]
pub(crate) struct ZoneView {
    /// `America/New York`.
    pub(crate) name: String,
    /// What the clocks there show.
    pub(crate) now: String,
    /// `Clocks change on Sun 28 March.`, if they do between now and the day shown.
    pub(crate) change: Option<String>,
    /// The zones to choose from.
    pub(crate) regions: Vec<Region>,
    /// What the form of the choice carries along.
    pub(crate) kept: Vec<(&'static str, String)>,
}

impl ZoneView {
    /// The name in the parts between which a line may break.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &str> {
        self.name.split('/')
    }
}

/// All that the picker shows.
pub(crate) struct Picker {
    /// Its own path.
    pub(crate) page: String,
    /// The month.
    pub(crate) month: MonthView,
    /// `Tue 24 November`, or why there are no times.
    pub(crate) heading: String,
    /// `UTC+1`, valid on that day; `UTC+2, later UTC+1` where the clocks change on it.
    pub(crate) offset: String,
    /// The times.
    pub(crate) groups: Vec<Group>,
    /// Twelve hours twice, or twenty-four.
    pub(crate) clocks: [Link; 2],
    /// Where.
    pub(crate) zone: ZoneView,
    /// The next free time.
    pub(crate) soonest: Option<Link>,
    /// What a screen reader is told.
    pub(crate) said: String,
}

/// The picker of `offer` for this visit.
///
/// # Errors
/// What the desk says.
pub(crate) async fn picker(visit: &Visit<'_>, offer: &Offer<'_>) -> Result<Picker, NotBooked> {
    let zone = visit.choice.zone.clone().unwrap_or_else(|| offer.event_type.zone.clone());
    let today = zone.local_of(visit.now).date();
    let window = window(visit.now, offer.event_type);
    let month = visit.choice.month.or(visit.choice.day.map(Month::of)).unwrap_or_else(|| Month::of(today));
    let slots = match month.span(&zone).intersection(window) {
        Some(range) => offer.taking.slots(visit.desk, range).await?,
        None => Vec::new(),
    };
    let agenda = Agenda::of(month, &zone, &slots);
    let chosen = visit.choice.day.filter(|day| month.holds(*day));
    let selected = chosen.or_else(|| agenda.first().map(|(day, _)| day));
    let scene = Scene { visit, offer, zone, today, window, month, agenda, selected };
    let soonest = scene.soonest().await?;
    Ok(scene.draw(soonest))
}

/// From now to the end of the last owner-local day that may be booked (6.2 S7).
fn window(now: Instant, event_type: &EventType) -> Span {
    let days = jiff::Span::new().try_days(i64::from(event_type.horizon_days).saturating_add(1));
    let today = event_type.zone.local_of(now).date();
    let end = days
        .and_then(|days| today.checked_add(days))
        .map_or(Instant::MAX, |date| event_type.zone.instant_of(date.at(0, 0, 0, 0)));
    Span::new(now, end)
}

/// The seconds that a visitor has chosen, or the first that is offered.
pub(crate) fn duration(choice: &Choice, event_type: &EventType) -> i64 {
    choice.duration.or_else(|| event_type.durations.first().copied()).unwrap_or_default()
}

/// The path of an event type's picker.
pub(crate) fn picker_path(owner: &str, slug: &str) -> String {
    choice::path(&[owner, slug])
}
