//! `kalends freebusy`: when an owner is busy, as a table and a chart.

use aggregator::operation::availability::{Where, with_availability};
use aggregator::operation::free_busy;
use calendar::busy::reply::vfreebusy;
use calendar::busy::{BusySet, BusyType};
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::common;
use super::console::{Console, Stream};
use super::exit::{Failure, Outcome};
use super::moment;
use super::parse::Given;
use crate::house::House;

/// Days that a chart shows at most.
const CHART_DAYS_MAX: usize = 62;
/// Cells of a day in the chart: one a half hour.
const CELLS: i64 = 48;
/// The longest window, in days.
const WINDOW_DAYS_MAX: i64 = 3660;

/// The question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freebusy {
    who: String,
    from: String,
    to: String,
    ics: bool,
    tz: Option<String>,
}

impl Freebusy {
    /// As it was typed.
    pub fn of(given: &Given) -> Self {
        Self {
            who: given.place(0).to_owned(),
            from: given.place(1).to_owned(),
            to: given.place(2).to_owned(),
            ics: given.has("ics"),
            tz: given.option("tz").map(str::to_owned),
        }
    }

    /// Asks and prints.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let owner = &common::host(house, &self.who)?.owner;
        let zone = common::zone(self.tz.as_deref(), &owner.zone)?;
        let now = house.world.now();
        let from = common::time(&self.from, &zone, now)?;
        let to = common::time(&self.to, &zone, now)?;
        if to <= from {
            return Err(Failure::usage("TO must be later than FROM"));
        }
        let window = Span::new(from, to);
        if window.seconds() > WINDOW_DAYS_MAX * 86_400 {
            return Err(Failure::usage(format!("at most {WINDOW_DAYS_MAX} days can be asked for at once")));
        }
        let seen = free_busy::owner_busy(&house.world, owner, window, None).await?;
        let busy =
            with_availability(&house.world, owner, (window, Where::Everywhere), &seen).await?.clipped(window);
        if self.ics {
            let uid = format!("freebusy-{}-{}-{}", owner.id, from.as_unix(), to.as_unix());
            console.say(Stream::Out, &vfreebusy(&busy, window, now, &uid));
        } else if console.manner.json {
            let periods: Vec<_> = busy
                .periods()
                .iter()
                .map(|period| {
                    json!({
                        "start": period.span.start.to_string(),
                        "end": period.span.end.to_string(),
                        "type": period.kind.name(),
                    })
                })
                .collect();
            console.json(&json!({
                "owner": owner.id,
                "from": from.to_string(),
                "to": to.to_string(),
                "time_zone": zone.name(),
                "busy": periods,
            }));
        } else {
            table(console, &busy, &zone);
            console.line("");
            chart(console, &busy, window, &zone);
        }
        Ok(())
    }
}

fn word(kind: BusyType) -> &'static str {
    match kind {
        BusyType::Busy => "busy",
        BusyType::Unavailable => "unavailable",
        BusyType::Tentative => "tentative",
    }
}

fn table(console: &Console, busy: &BusySet, zone: &Zone) {
    if busy.periods().is_empty() {
        console.line(format_args!("free all the time (in {})", zone.name()));
        return;
    }
    let rows: Vec<Vec<String>> = busy
        .periods()
        .iter()
        .map(|period| {
            let (start, end) = (zone.local_of(period.span.start), zone.local_of(period.span.end));
            let until = if start.date() == end.date() {
                moment::clock(end)
            } else {
                moment::at(period.span.end, zone)
            };
            vec![moment::day(start.date()), moment::clock(start), until, word(period.kind).to_owned()]
        })
        .collect();
    console.table(&["DAY", "FROM", "TO", zone.name()], &rows);
}

/// One line a day of the owner's clock; on days when clocks change the cells follow the clock's readings.
fn chart(console: &Console, busy: &BusySet, window: Span, zone: &Zone) {
    let first = zone.local_of(window.start).date();
    let last = zone.local_of(window.end.plus(-1)).date();
    console.line(console.faint(format!("{:12} 0     3     6     9     12    15    18    21", "")));
    let mut date = first;
    for _ in 0..CHART_DAYS_MAX {
        let cells: String = (0..CELLS).map(|cell| cell_of(busy, window, zone, (date, cell))).collect();
        console.line(format_args!(
            "{:12} {cells}",
            moment::day(date).rsplit_once(' ').map_or("", |(day, _)| day)
        ));
        if date >= last {
            console.line(console.faint("█ busy  ▒ tentative  ░ unavailable  · free"));
            return;
        }
        let Ok(next) = date.tomorrow() else { return };
        date = next;
    }
    console.line(console.faint(format!("… and more days until {}", moment::day(last))));
}

fn cell_of(busy: &BusySet, window: Span, zone: &Zone, (date, cell): (calendar::civil::Date, i64)) -> char {
    let midnight = date.to_datetime(calendar::civil::Time::midnight());
    let reading = |cell: i64| -> Instant {
        let minutes = i32::try_from(cell * 30).unwrap_or(0);
        let reading = midnight.checked_add(jiff::Span::new().minutes(minutes)).unwrap_or(midnight);
        zone.instant_of(reading)
    };
    let span = Span::new(reading(cell), reading(cell + 1));
    let Some(span) = span.intersection(window) else { return ' ' };
    match busy.overlapping(span).iter().map(|period| period.kind).max() {
        Some(BusyType::Busy) => '█',
        Some(BusyType::Unavailable) => '░',
        Some(BusyType::Tentative) => '▒',
        None => '·',
    }
}
