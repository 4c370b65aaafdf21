//! What the whole picker is drawn from, and the drawing of it: month, day, zone, shortcuts, announcement.

use booking::desk::NotBooked;
use booking::slot::Slot;
use calendar::civil::Date;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

use crate::choice::Choice;
use crate::english;
use crate::month::{Agenda, Month, plenty};
use crate::page::Visit;
use crate::page::day::{self, Style};
use crate::page::picker::{Cell, MonthView, Offer, Picker, Week, ZoneView};
use crate::view::Link;
use crate::zones;

/// Seconds of the first stretch that is searched for the next free time; each further one is twice as long.
const SEARCH_SECONDS: i64 = 31 * 86_400;

/// What the whole picker is drawn from.
pub(crate) struct Scene<'a> {
    /// Who asks, when.
    pub(crate) visit: &'a Visit<'a>,
    /// What is picked.
    pub(crate) offer: &'a Offer<'a>,
    /// Where times are read.
    pub(crate) zone: Zone,
    /// The date there.
    pub(crate) today: Date,
    /// From now to the end of the last day that may be booked.
    pub(crate) window: Span,
    /// The month shown.
    pub(crate) month: Month,
    /// Its free times.
    pub(crate) agenda: Agenda,
    /// The day whose times are shown.
    pub(crate) selected: Option<Date>,
}

impl Scene<'_> {
    /// The first free time: of this month, else after it, else before it.
    pub(crate) async fn soonest(&self) -> Result<Option<Slot>, NotBooked> {
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

    /// All that the picker shows.
    pub(crate) fn draw(&self, soonest: Option<Slot>) -> Picker {
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
        Cell {
            number: day.day(),
            label: format!("{}, {}{free}", english::long_date(day), english::times(count)),
            href: (count > 0).then(|| self.visit.choice.on_day(day).href(&self.offer.page)),
            plenty: plenty(count),
            today: day == self.today,
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
