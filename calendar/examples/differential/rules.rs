//! Rules of every frequency, with parts that may stand together and that come to something.

use calendar::civil;
use calendar::recur::expand::{Bounds, End, First, expand};
use calendar::recur::rule::{Frequency, Rule};

use crate::draw::Draw;

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
/// Most at the turn of the year, where years with 52 and with 53 weeks differ.
const WEEKS: [i64; 14] = [1, 1, 2, 20, 30, 51, 52, 53, -1, -2, -10, -40, -52, -53];
/// Periods that an oracle may have to walk over.
const STEPS_MAX: usize = 12_000;

/// A rule without COUNT and UNTIL.
pub(crate) fn draw_rule(draw: &mut Draw, is_date: bool) -> String {
    use Frequency::{Daily, Hourly, Minutely, Monthly, Secondly, Weekly, Yearly};
    let coarse = [Yearly, Yearly, Monthly, Monthly, Weekly, Weekly, Weekly, Daily, Daily];
    let fine = [Hourly, Hourly, Minutely, Secondly];
    let frequency = if is_date || draw.chance(80) { draw.pick(&coarse) } else { draw.pick(&fine) };
    let mut text = format!("FREQ={}", frequency.name());
    if draw.chance(45) {
        let intervals: &[i64] = match frequency {
            Yearly => &[1, 2, 3, 4, 5],
            Monthly => &[1, 2, 3, 5, 6, 12, 13],
            Weekly | Daily => &[1, 2, 3, 4, 5, 6, 7, 10, 14, 30, 53],
            _ => &[1, 2, 3, 5, 6, 7, 11, 12, 24, 25, 45, 61, 90, 100, 1441],
        };
        text += &format!(";INTERVAL={}", draw.pick(intervals));
    }
    if draw.chance(55) {
        days(draw, frequency, &mut text);
    }
    if !is_date {
        clock(draw, frequency, &mut text);
    }
    let several = text.contains("BY") && (text.contains(',') || text.contains("BYDAY"));
    if several && draw.chance(if frequency < Daily { 22 } else { 8 }) {
        let positions = (0..draw.within(1, 2)).map(|_| draw.pick(&[1, 2, 3, -1, -2, -1, 1]).to_string());
        text += &format!(";BYSETPOS={}", unique(positions.collect()));
    }
    if draw.chance(25) {
        text += &format!(";WKST={}", draw.pick(&["MO", "SU", "SU", "TH", "SA", "TU"]));
    }
    text
}

fn days(draw: &mut Draw, frequency: Frequency, text: &mut String) {
    let yearly = frequency == Frequency::Yearly;
    if yearly && draw.chance(9) {
        implied_month(draw, text);
        return;
    }
    let has_week_number = yearly && draw.chance(26);
    let has_year_day =
        !has_week_number && (yearly && draw.chance(12) || frequency >= Frequency::Hourly && draw.chance(3));
    let has_month = !has_year_day && draw.chance(if yearly { 45 } else { 20 });
    let has_month_day =
        !has_week_number && !has_year_day && frequency != Frequency::Weekly && draw.chance(30);
    if has_month {
        *text += &format!(";BYMONTH={}", list(draw, 4, |draw| draw.within(1, 12)));
    }
    if has_week_number {
        *text += &format!(";BYWEEKNO={}", list(draw, 3, |draw| draw.pick(&WEEKS)));
    }
    if has_year_day {
        *text += &format!(
            ";BYYEARDAY={}",
            list(draw, 4, |draw| draw.pick(&[1, 59, 60, 61, 100, 200, 365, 366, -1, -31, -306, -366]))
        );
    }
    if has_month_day {
        *text += &format!(
            ";BYMONTHDAY={}",
            list(draw, 5, |draw| draw.pick(&[1, 2, 7, 13, 15, 28, 29, 30, 31, -1, -1, -2, -15, -28, -31]))
        );
    }
    if draw.chance(if frequency == Frequency::Weekly { 75 } else { 45 }) {
        let ordinals = match frequency {
            Frequency::Monthly => 5,
            Frequency::Yearly if has_week_number || has_year_day => 0,
            Frequency::Yearly if has_month => 5,
            Frequency::Yearly => 53,
            _ => 0,
        };
        let share = draw.pick(&[0, 0, 0, 0, 100, 100, 100, 60]);
        let by_day = list(draw, 4, |draw| {
            let ordinal = (ordinals > 0 && draw.chance(share)).then(|| {
                let number =
                    if ordinals > 5 { draw.pick(&[1, 2, 10, 20, 52, 53]) } else { draw.within(1, ordinals) };
                if draw.chance(35) { -number } else { number }
            });
            format!("{}{}", ordinal.map_or(String::new(), |number| number.to_string()), draw.pick(&WEEKDAYS))
        });
        *text += &format!(";BYDAY={by_day}");
    }
}

/// Ordinals of the year beside BYMONTHDAY, which implies the month of DTSTART: enough of both that they meet.
fn implied_month(draw: &mut Draw, text: &mut String) {
    let days: Vec<String> = (1..=31).filter(|_| draw.chance(60)).map(|day: i64| day.to_string()).collect();
    let first = draw.within(1, 49);
    let sign = draw.pick(&["", "", "-"]);
    let weekday = draw.pick(&WEEKDAYS);
    let ordinals: Vec<String> =
        (first..first + 5).map(|ordinal| format!("{sign}{ordinal}{weekday}")).collect();
    *text += &format!(";BYMONTHDAY={};BYDAY={}", days.join(","), ordinals.join(","));
}

fn clock(draw: &mut Draw, frequency: Frequency, text: &mut String) {
    let share = if frequency >= Frequency::Hourly { 30 } else { 12 };
    if draw.chance(share) {
        *text +=
            &format!(";BYHOUR={}", list(draw, 4, |draw| draw.pick(&[0, 1, 2, 3, 8, 9, 10, 14, 18, 22, 23])));
    }
    if draw.chance(share) {
        *text += &format!(";BYMINUTE={}", list(draw, 3, |draw| draw.pick(&[0, 5, 15, 20, 30, 40, 45, 59])));
    }
    if draw.chance(share / 2) {
        *text += &format!(";BYSECOND={}", list(draw, 2, |draw| draw.pick(&[0, 10, 15, 30, 59])));
    }
}

fn list<T: ToString>(draw: &mut Draw, most: i64, mut one: impl FnMut(&mut Draw) -> T) -> String {
    let count = draw.within(1, most);
    unique((0..count).map(|_| one(draw).to_string()).collect())
}

fn unique(mut values: Vec<String>) -> String {
    let mut seen = Vec::new();
    values.retain(|value| {
        let is_new = !seen.contains(value);
        seen.push(value.clone());
        is_new
    });
    values.join(",")
}

pub(crate) fn read(text: &str) -> Rule {
    Rule::read(text).unwrap_or_else(|error| panic!("{text}: {error}")).rule
}

/// The first `count` readings of a rule, DTSTART the first; `None` if they lie too far apart to be walked over, or
/// behind the zones' end.
pub(crate) fn first_readings(
    rule: &Rule,
    start: civil::DateTime,
    count: usize,
) -> Option<Vec<civil::DateTime>> {
    let to = civil::date(2044, 12, 1).at(0, 0, 0, 0);
    let bounds = Bounds { from: start, to, steps_max: STEPS_MAX + count, first: First::Counts };
    let mut expansion = expand(rule, start, &bounds);
    let found: Vec<_> = expansion.by_ref().take(count).collect();
    (expansion.end() != Some(End::Steps) && found.len() == count && expansion.steps() < STEPS_MAX + count)
        .then_some(found)
}

/// Whether the rule makes `start` itself.
pub(crate) fn makes(rule: &Rule, start: civil::DateTime) -> bool {
    let bounds = Bounds { from: start, to: start, steps_max: STEPS_MAX, first: First::AsRuled };
    expand(rule, start, &bounds).next().is_some()
}

/// The first reading from `start` on that the rule makes.
pub(crate) fn first_made(rule: &Rule, start: civil::DateTime) -> Option<civil::DateTime> {
    let to = civil::date(2040, 1, 1).at(0, 0, 0, 0);
    let bounds = Bounds { from: start, to, steps_max: STEPS_MAX, first: First::AsRuled };
    expand(rule, start, &bounds).next()
}
