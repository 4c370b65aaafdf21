//! A definition of RRULE to compare with: every reading of a stretch is asked whether the rule makes it.
//!
//! It is written for clarity alone: periods are found by counting, days by asking each, BYSETPOS by laying out.

use std::collections::BTreeMap;

use calendar::civil::{self, Weekday};
use calendar::recur::expand::{Bounds, End, First, expand};
use calendar::recur::rule::{Frequency, Rule};
use jiff::{Span, ToSpan};
use proptest::prelude::*;

use super::rule;

/// What DTSTART implies where the rule is silent (RFC 8984 §4.3.3.1).
fn filled_in(rule: &Rule, start: civil::DateTime) -> Rule {
    let mut rule = rule.clone();
    let f = rule.frequency;
    let (no_day, no_month_day) = (rule.by_day.is_empty(), rule.by_month_day.is_empty());
    let (no_month, no_week) = (rule.by_month.is_empty(), rule.by_week_no.is_empty());
    let own_day = calendar::recur::rule::RuleDay { ordinal: None, weekday: start.weekday() };
    if f == Frequency::Weekly && no_day && no_month_day {
        rule.by_day = vec![own_day];
    }
    if f == Frequency::Monthly && no_day && no_month_day {
        rule.by_month_day = vec![start.day()];
    }
    if f == Frequency::Yearly && rule.by_year_day.is_empty() {
        if no_month && no_week && (!no_month_day || no_day) {
            rule.by_month = vec![start.month()];
        }
        if no_month_day && no_week && no_day {
            rule.by_month_day = vec![start.day()];
        }
        if !no_week && no_month_day && no_day {
            rule.by_day = vec![own_day];
        }
    }
    if rule.by_hour.is_empty() && f < Frequency::Hourly {
        rule.by_hour = vec![start.hour()];
    }
    if rule.by_minute.is_empty() && f < Frequency::Minutely {
        rule.by_minute = vec![start.minute()];
    }
    if rule.by_second.is_empty() && f < Frequency::Secondly {
        rule.by_second = vec![start.second()];
    }
    rule
}

/// Days since an epoch of no importance.
fn day_number(date: civil::Date) -> i64 {
    i64::from((date - civil::date(1900, 1, 1)).get_days())
}

/// Which period a reading lies in.
fn period(rule: &Rule, local: civil::DateTime) -> i64 {
    let day = day_number(local.date());
    let hour = day * 24 + i64::from(local.hour());
    let minute = hour * 60 + i64::from(local.minute());
    match rule.frequency {
        Frequency::Yearly => i64::from(local.year()),
        Frequency::Monthly => i64::from(local.year()) * 12 + i64::from(local.month()),
        Frequency::Weekly => (day - i64::from(rule.week_start.since(Weekday::Monday))).div_euclid(7),
        Frequency::Daily => day,
        Frequency::Hourly => hour,
        Frequency::Minutely => minute,
        Frequency::Secondly => minute * 60 + i64::from(local.second()),
    }
}

/// Week number, and number of weeks of that week's year, by counting weeks that have four days in it.
fn week(date: civil::Date, week_start: Weekday) -> (i64, i64) {
    let first_of_week = |date: civil::Date| date - i64::from(date.weekday().since(week_start)).days();
    let week = first_of_week(date);
    let year = (week + 3.days()).year();
    let first = first_of_week(civil::date(year, 1, 4));
    let next = first_of_week(civil::date(year + 1, 1, 4));
    ((day_number(week) - day_number(first)) / 7 + 1, (day_number(next) - day_number(first)) / 7)
}

fn allows_day(rule: &Rule, ordinals_of_month: bool, date: civil::Date) -> bool {
    let in_list = |list: &[i64], forward: i64, count: i64| {
        list.is_empty() || list.iter().any(|value| *value == forward || *value == forward - count - 1)
    };
    let wide = |list: &[i8]| list.iter().map(|value| i64::from(*value)).collect::<Vec<_>>();
    let (week, weeks) = week(date, rule.week_start);
    let ordinals =
        matches!(rule.frequency, Frequency::Monthly | Frequency::Yearly) && rule.by_week_no.is_empty();
    let weekday_fits = rule.by_day.is_empty()
        || rule.by_day.iter().any(|day| {
            let ordinal = day.ordinal.filter(|_| ordinals);
            day.weekday == date.weekday()
                && ordinal.is_none_or(|ordinal| {
                    let same_unit = |other: civil::Date| {
                        other.year() == date.year() && (!ordinals_of_month || other.month() == date.month())
                    };
                    let step = if ordinal > 0 { -7 } else { 7 };
                    let mut others = 0;
                    let mut other = date;
                    while same_unit(other) {
                        others += 1;
                        other += step.days();
                    }
                    others == i64::from(ordinal).abs()
                })
        });
    let year_days: Vec<i64> = rule.by_year_day.iter().map(|value| i64::from(*value)).collect();
    weekday_fits
        && (rule.by_month.is_empty() || rule.by_month.contains(&date.month()))
        && in_list(&wide(&rule.by_month_day), i64::from(date.day()), i64::from(date.days_in_month()))
        && in_list(&year_days, i64::from(date.day_of_year()), i64::from(date.days_in_year()))
        && in_list(&wide(&rule.by_week_no), week, weeks)
}

/// All instances up to `to`, DTSTART the first, by the definition.
fn defined(rule: &Rule, start: civil::DateTime, to: civil::DateTime) -> Vec<civil::DateTime> {
    let ordinals_of_month = rule.frequency == Frequency::Monthly || !rule.by_month.is_empty();
    let full = filled_in(rule, start);
    let step: Span = match rule.frequency {
        Frequency::Secondly => 1.second(),
        Frequency::Minutely => 1.minute(),
        Frequency::Hourly => 1.hour(),
        _ => 1.day(),
    };
    // The whole first period, so that BYSETPOS counts from its beginning.
    let mut unit = match rule.frequency {
        Frequency::Yearly => start.date().first_of_year().to_datetime(civil::Time::midnight()),
        Frequency::Monthly => start.date().first_of_month().to_datetime(civil::Time::midnight()),
        Frequency::Weekly => (start.date() - 6.days()).to_datetime(civil::Time::midnight()),
        Frequency::Daily => start.date().to_datetime(civil::Time::midnight()),
        _ => start,
    };
    let end = to + if rule.frequency == Frequency::Yearly { 366.days() } else { 31.days() };
    let end = if rule.frequency < Frequency::Hourly { end } else { to + 1.hour() };
    let first = period(&full, start);
    let mut sets: BTreeMap<i64, Vec<civil::DateTime>> = BTreeMap::new();
    while unit <= end {
        let behind = period(&full, unit) - first;
        if behind >= 0
            && behind % i64::from(rule.interval) == 0
            && allows_day(&full, ordinals_of_month, unit.date())
        {
            sets.entry(behind).or_default().extend(times(&full, unit));
        }
        unit += step;
    }
    let mut found = vec![start];
    for set in sets.values() {
        let count = i64::try_from(set.len()).expect("a small set");
        let chosen = set.iter().zip(1_i64..).filter(|(_, position)| {
            full.by_set_pos.is_empty()
                || full.by_set_pos.iter().any(|wanted| {
                    i64::from(*wanted) == *position || i64::from(*wanted) == *position - count - 1
                })
        });
        found.extend(chosen.map(|(local, _)| *local).filter(|local| *local > start));
    }
    let count = rule.count.map_or(usize::MAX, |count| count as usize);
    found.into_iter().take(count).filter(|local| *local <= to).collect()
}

/// The readings that a day, hour, minute or second makes, in order.
fn times(rule: &Rule, unit: civil::DateTime) -> Vec<civil::DateTime> {
    let values = |list: &[i8], at: i8, fixed: bool| -> Vec<i8> {
        let mut list: Vec<i8> = list.to_vec();
        list.sort_unstable();
        list.dedup();
        match fixed {
            true if list.is_empty() || list.contains(&at) => vec![at],
            true => Vec::new(),
            false => list,
        }
    };
    let f = rule.frequency;
    let mut found = Vec::new();
    for hour in values(&rule.by_hour, unit.hour(), f >= Frequency::Hourly) {
        for minute in values(&rule.by_minute, unit.minute(), f >= Frequency::Minutely) {
            for second in values(&rule.by_second, unit.second(), f >= Frequency::Secondly) {
                found.push(unit.date().at(hour, minute, second, 0));
            }
        }
    }
    found
}

fn list(values: impl Strategy<Value = i64>, most: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(values, 1..=most)
        .prop_map(|values| values.iter().map(i64::to_string).collect::<Vec<_>>().join(","))
}

fn signed(most: i64) -> impl Strategy<Value = i64> {
    (1..=most, prop::bool::weighted(0.3)).prop_map(|(value, negative)| if negative { -value } else { value })
}

fn days(ordinals_to: i64) -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec!["MO", "TU", "WE", "TH", "FR", "SA", "SU"]);
    let one = (prop::option::weighted(0.4, signed(ordinals_to)), names)
        .prop_map(|(ordinal, name)| ordinal.map_or(name.to_owned(), |ordinal| format!("{ordinal}{name}")));
    proptest::collection::vec(one, 1..4).prop_map(|days| days.join(","))
}

/// Rules of every frequency with any parts that may stand together.
pub(crate) fn rules() -> impl Strategy<Value = String> {
    let frequencies = Frequency::ALL.to_vec();
    let days_of = (days(53), days(5), prop::bool::weighted(0.4), any::<bool>());
    let months =
        (prop::option::weighted(0.25, list(1..=12_i64, 3)), prop::option::weighted(0.3, list(signed(31), 4)));
    let years = (
        prop::option::weighted(0.1, list(signed(366), 4)),
        prop::option::weighted(0.15, list(signed(53), 3)),
    );
    let clock = (
        prop::option::weighted(0.3, list(0..=23_i64, 3)),
        prop::option::weighted(0.3, list(0..=59_i64, 3)),
        prop::option::weighted(0.2, list(0..=59_i64, 3)),
    );
    let rest = (
        prop::option::weighted(
            0.5,
            prop::sample::select(vec![1, 2, 3, 4, 5, 7, 12, 13, 24, 30, 61, 90, 400]),
        ),
        prop::option::weighted(0.2, 1_i64..40),
        prop::option::weighted(0.3, list(signed(5), 2)),
        prop::option::weighted(0.3, prop::sample::select(vec!["MO", "TU", "SA", "SU"])),
    );
    (prop::sample::select(frequencies), days_of, months, years, clock, rest).prop_map(
        |(
            frequency,
            (of_year, of_month, has_days, plain),
            (month, month_day),
            (year_day, week),
            clock,
            rest,
        )| {
            let mut text = format!("FREQ={}", frequency.name());
            let mut part = |name: &str, value: Option<String>| {
                if let Some(value) = value {
                    text.extend([";", name, "=", &value]);
                }
            };
            let yearly = frequency == Frequency::Yearly;
            let year_long = !matches!(frequency, Frequency::Monthly | Frequency::Weekly | Frequency::Daily);
            let by_day = if yearly && month.is_none() { of_year } else { of_month };
            let without_ordinals =
                by_day.replace(|character: char| character.is_ascii_digit() || character == '-', "");
            part("BYDAY", has_days.then_some(if plain { without_ordinals } else { by_day }));
            part("BYMONTH", month);
            part("BYMONTHDAY", month_day.filter(|_| frequency != Frequency::Weekly));
            part("BYYEARDAY", year_day.filter(|_| year_long));
            part("BYWEEKNO", week.filter(|_| yearly));
            part("BYHOUR", clock.0);
            part("BYMINUTE", clock.1);
            part("BYSECOND", clock.2);
            part("INTERVAL", rest.0.map(|value: i32| value.to_string()));
            part("COUNT", rest.1.map(|value| value.to_string()));
            part("BYSETPOS", rest.2);
            part("WKST", rest.3.map(str::to_owned));
            text
        },
    )
}

pub(crate) fn starts() -> impl Strategy<Value = civil::DateTime> {
    (1960_i16..2060, 1_i8..=12, 1_i8..=31, 0_i8..24, 0_i8..60, 0_i8..60).prop_map(
        |(year, month, day, hour, minute, second)| {
            let last = civil::date(year, month, 1).days_in_month();
            civil::date(year, month, day.min(last)).at(hour, minute, second, 0)
        },
    )
}

/// How far a rule is compared, so that the definition stays quick.
fn compared_to(rule: &Rule, start: civil::DateTime) -> civil::DateTime {
    start
        + match rule.frequency {
            Frequency::Yearly => (366 * 4).days(),
            Frequency::Monthly | Frequency::Weekly | Frequency::Daily => 500.days(),
            Frequency::Hourly => 30.days(),
            Frequency::Minutely => (60 * 26).minutes(),
            Frequency::Secondly => 4_000.seconds(),
        }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn expansion_is_as_defined(text in rules(), start in starts()) {
        let rule = rule(&text);
        let to = compared_to(&rule, start);
        let bounds = Bounds { from: start, to, steps_max: 100_000, first: First::Counts };
        let mut expansion = expand(&rule, start, &bounds);
        let found: Vec<_> = expansion.by_ref().collect();
        prop_assert_ne!(expansion.end(), Some(End::Steps));
        prop_assert_eq!(found, defined(&rule, start, to), "{} from {}", text, start);
    }
}
