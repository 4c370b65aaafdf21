//! The picker: a month, the times of a day, the zone. Used for a new booking and for moving one.

use booking::desk::{Desk, NotBooked};
use booking::event_type::EventType;
use booking::slot::Slot;
use calendar::civil::Date;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

use crate::choice::{self, Choice};
use crate::english;
use crate::month::{Agenda, Month, plenty};
use crate::page::Visit;
use crate::page::day::{self, Group, Style};
use crate::view::Link;
use crate::zones::{self, Region};

/// Seconds of the first stretch that is searched for the next free time; each further one is twice as long.
const SEARCH_SECONDS: i64 = 31 * 86_400;

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

/// What the whole picker is drawn from.
struct Scene<'a> {
    visit: &'a Visit<'a>,
    offer: &'a Offer<'a>,
    zone: Zone,
    today: Date,
    /// From now to the end of the last day that may be booked.
    window: Span,
    month: Month,
    agenda: Agenda,
    selected: Option<Date>,
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

impl Scene<'_> {
    /// The first free time: of this month, else after it, else before it.
    async fn soonest(&self) -> Result<Option<Slot>, NotBooked> {
        if let Some((_, slot)) = self.agenda.first() {
            return Ok(Some(slot));
        }
        let month = self.month.span(&self.zone);
        let after = Span::new(month.end.max(self.window.start), self.window.end);
        if let Some(slot) = self.first_within(after).await? {
            return Ok(Some(slot));
        }
        let before = Span::new(self.window.start, month.start.min(self.window.end));
        self.first_within(before).await
    }

    /// The first free time within `range`, searched in stretches so that a near one costs little.
    async fn first_within(&self, range: Span) -> Result<Option<Slot>, NotBooked> {
        let (mut start, mut length) = (range.start, SEARCH_SECONDS);
        while start < range.end {
            let end = start.plus(length).min(range.end);
            let slots = self.offer.taking.slots(self.visit.desk, Span::new(start, end)).await?;
            if let Some(slot) = slots.first() {
                return Ok(Some(*slot));
            }
            start = end;
            length = length.saturating_mul(2);
        }
        Ok(None)
    }

    fn draw(&self, soonest: Option<Slot>) -> Picker {
        let slots = self.selected.map_or(&[][..], |day| self.agenda.on(day));
        let at = self.at_shown_day(slots);
        let heading = match self.selected {
            Some(day) if !slots.is_empty() => english::day_heading(day),
            Some(day) => format!("No times on {}", english::day_heading(day)),
            None => format!("No free times in {}", self.month.short_name()),
        };
        let style = Style {
            zone: &self.zone,
            clock: self.visit.clock(),
            choice: &self.visit.choice,
            next: &self.offer.next,
        };
        Picker {
            page: self.offer.page.clone(),
            month: self.month_view(),
            heading,
            offset: self.offset(slots, at),
            groups: day::groups(slots, &style),
            clocks: self.clocks(),
            zone: self.zone_view(at),
            soonest: soonest.map(|slot| self.soonest_link(slot)),
            said: self.said(slots.len()),
        }
    }

    /// The moment whose offset is told: the first time shown, else the day's noon, else the month's beginning.
    fn at_shown_day(&self, slots: &[Slot]) -> Instant {
        let noon = |day: Date| self.zone.instant_of(day.at(12, 0, 0, 0));
        slots
            .first()
            .map(|slot| slot.span.start)
            .or_else(|| self.selected.map(noon))
            .unwrap_or_else(|| self.month.span(&self.zone).start.max(self.visit.now))
    }

    fn offset(&self, slots: &[Slot], at: Instant) -> String {
        let last = slots.last().map_or(at, |slot| slot.span.end);
        let (before, after) = (self.zone.offset_at(at), self.zone.offset_at(last));
        if before == after {
            return english::offset(before);
        }
        format!("{}, later {}", english::offset(before), english::offset(after))
    }

    fn month_view(&self) -> MonthView {
        let link =
            |month: Month| Link::new(month.name(), self.visit.choice.in_month(month).href(&self.offer.page));
        let last = self.zone.local_of(self.window.end.plus(-1)).date();
        let weeks = self.month.weeks().iter().map(|week| self.week(week)).collect();
        let strip = self.agenda.days().map(|(day, slots)| (self.day_link(day), slots.len())).collect();
        MonthView {
            name: self.month.name(),
            key: self.month.key(),
            weeks,
            strip,
            previous: self.month.previous().filter(|_| self.month > Month::of(self.today)).map(link),
            next: self.month.next().filter(|_| self.month < Month::of(last)).map(link),
        }
    }

    fn week(&self, days: &[Option<Date>; 7]) -> Week {
        Week {
            past: days.iter().flatten().all(|day| *day < self.today),
            cells: days.iter().map(|day| day.map(|day| self.cell(day))).collect(),
        }
    }

    fn cell(&self, day: Date) -> Cell {
        let count = self.agenda.on(day).len();
        let free = if count > 0 { " free" } else { "" };
        let today = day == self.today;
        let prefix = if today { "Today, " } else { "" };
        Cell {
            number: day.day(),
            label: format!("{prefix}{}, {}{free}", english::long_date(day), english::times(count)),
            href: (count > 0).then(|| self.visit.choice.on_day(day).href(&self.offer.page)),
            plenty: plenty(count),
            today,
            selected: self.selected == Some(day),
        }
    }

    fn day_link(&self, day: Date) -> Link {
        Link {
            text: format!("{} {}", english::weekday_short(day), day.day()),
            href: self.visit.choice.on_day(day).href(&self.offer.page),
            current: self.selected == Some(day),
        }
    }

    fn clocks(&self) -> [Link; 2] {
        [(english::Clock::Hours12, "12h"), (english::Clock::Hours24, "24h")].map(|(clock, text)| Link {
            text: text.to_owned(),
            href: Choice { clock: Some(clock), ..self.visit.choice.clone() }.href(&self.offer.page),
            current: clock == self.visit.clock(),
        })
    }

    fn zone_view(&self, at: Instant) -> ZoneView {
        let changes = self.zone.offset_at(at) != self.zone.offset_at(self.visit.now);
        let change = changes
            .then(|| self.zone.next_transition(self.visit.now))
            .flatten()
            .filter(|_| at > self.visit.now);
        let mut kept = self.visit.choice.pairs();
        kept.retain(|(name, _)| *name != "tz");
        ZoneView {
            name: zones::display(&self.zone),
            now: english::clock_time(self.zone.local_of(self.visit.now), self.visit.clock()),
            change: change.map(|moment| {
                format!("Clocks change on {}.", english::day_heading(self.zone.local_of(moment).date()))
            }),
            regions: zones::regions(&self.zone, at),
            kept,
        }
    }

    fn soonest_link(&self, slot: Slot) -> Link {
        let start = self.zone.local_of(slot.span.start);
        let this = Month::of(self.today);
        let name = if self.month > this && self.month.holds(start.date()) {
            format!("First free in {}", self.month.short_name())
        } else {
            "Next free".to_owned()
        };
        let time = english::clock_time(start, self.visit.clock());
        let text = format!("{name}: {}, {time}", english::short_date(start.date()));
        Link::new(text, self.visit.choice.on_day(start.date()).href(&self.offer.page))
    }

    fn said(&self, count: usize) -> String {
        match self.selected.filter(|_| self.visit.choice.day == self.selected) {
            Some(day) => {
                let date = english::long_date(day);
                let day = date.rsplit_once(' ').map_or(date.as_str(), |(day, _)| day);
                format!("{} on {day}", english::times(count))
            }
            None => format!("{}, {}", self.month.name(), english::days_with_times(self.agenda.len())),
        }
    }
}

/// The seconds that a visitor has chosen, or the first that is offered.
pub(crate) fn duration(choice: &Choice, event_type: &EventType) -> i64 {
    choice.duration.or_else(|| event_type.durations.first().copied()).unwrap_or_default()
}

/// The path of an event type's picker.
pub(crate) fn picker_path(owner: &str, slug: &str) -> String {
    choice::path(&[owner, slug])
}
