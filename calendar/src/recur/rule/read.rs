//! Reading a rule leniently: any order, case and padding; unknown parts left out with a note.

use std::ops::RangeInclusive;

use super::{Frequency, ReadRule, Rule, RuleDay, RuleError, Skip, Until};
use crate::civil::Weekday;
use crate::time::DateOrTime;

/// Values of one BY part at most; more than any calendar can tell apart.
const VALUES_MAX: usize = 800;

/// Characters of a faulty value that are repeated in an error or note.
const EXCERPT_CHARACTERS_MAX: usize = 40;

pub(super) fn rule(value: &str) -> Result<ReadRule, RuleError> {
    if !value.is_ascii() {
        return Err(RuleError::NotAscii);
    }
    // YEARLY stands for the frequency until FREQ is met; without it there is no rule.
    let mut read =
        Reading { rule: Rule::new(Frequency::Yearly), seen: Vec::new(), frequency: false, notes: Vec::new() };
    for part in value.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        // Some exporters repeat the property's name, or put words of their own between the parts.
        let Some((name, value)) = part.split_once('=') else {
            read.notes.push(format!("{} is not a part of a rule", excerpt(part)));
            continue;
        };
        let name = name.trim().to_ascii_uppercase();
        let name = name.strip_prefix("RRULE:").unwrap_or(&name).to_owned();
        read.part(&name, value.trim())?;
    }
    if !read.frequency {
        return Err(RuleError::NoFrequency);
    }
    if read.rule.count.is_some() && read.rule.until.is_some() {
        read.notes.push("COUNT and UNTIL both stand there; whichever ends first".to_owned());
    }
    check_skip(&read.rule)?;
    Ok(ReadRule { rule: read.rule, notes: read.notes })
}

/// Days of the year that a year lacks are not skipped here, nor two days that would be one in the next month.
fn check_skip(rule: &Rule) -> Result<(), RuleError> {
    let leaves_years = rule.by_year_day.iter().any(|day| day.abs() > 365);
    let doubles = rule.skip == Skip::Forward
        && rule.by_month_day.contains(&1)
        && rule.by_month_day.iter().any(|day| *day > 28);
    if rule.skip != Skip::Omit && (leaves_years || doubles) {
        return Err(RuleError::Skip(rule.skip.name().to_owned()));
    }
    Ok(())
}

struct Reading {
    rule: Rule,
    seen: Vec<String>,
    frequency: bool,
    notes: Vec<String>,
}

impl Reading {
    fn part(&mut self, name: &str, value: &str) -> Result<(), RuleError> {
        if self.seen.iter().any(|seen| seen == name) {
            self.notes.push(format!("{name} stands there twice; the first is read"));
            return Ok(());
        }
        self.seen.push(name.to_owned());
        if value.is_empty() {
            self.notes.push(format!("{name} is empty"));
            return Ok(());
        }
        let rule = &mut self.rule;
        match name {
            "FREQ" => {
                rule.frequency = frequency(value).ok_or_else(|| fault(name, value))?;
                self.frequency = true;
            }
            "INTERVAL" => rule.interval = at_least_one(name, value, &mut self.notes)?,
            "COUNT" => rule.count = Some(at_least_one(name, value, &mut self.notes)?),
            "UNTIL" => rule.until = Some(until(value).ok_or_else(|| fault(name, value))?),
            "BYSECOND" => rule.by_second = numbers(name, value, &(0..=60))?,
            "BYMINUTE" => rule.by_minute = numbers(name, value, &(0..=59))?,
            "BYHOUR" => rule.by_hour = numbers(name, value, &(0..=23))?,
            "BYDAY" => rule.by_day = days(name, value)?,
            "BYMONTHDAY" => rule.by_month_day = signed_numbers(name, value, 31)?,
            "BYYEARDAY" => rule.by_year_day = signed_numbers(name, value, 366)?,
            "BYWEEKNO" => rule.by_week_no = signed_numbers(name, value, 53)?,
            "BYMONTH" => rule.by_month = numbers(name, value, &(1..=12))?,
            "BYSETPOS" => rule.by_set_pos = signed_numbers(name, value, 366)?,
            "WKST" => rule.week_start = weekday(value).ok_or_else(|| fault(name, value))?,
            "RSCALE" if value.eq_ignore_ascii_case("GREGORIAN") => {}
            "RSCALE" => return Err(RuleError::Scale(excerpt(value))),
            "SKIP" => {
                let known = [Skip::Omit, Skip::Backward, Skip::Forward];
                let named = known.into_iter().find(|skip| skip.name().eq_ignore_ascii_case(value));
                rule.skip = named.ok_or_else(|| RuleError::Skip(excerpt(value)))?;
            }
            _ => self.notes.push(format!("{} is not known", excerpt(name))),
        }
        Ok(())
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARACTERS_MAX).collect()
}

fn fault(part: &str, value: &str) -> RuleError {
    RuleError::Value { part: excerpt(part), value: excerpt(value) }
}

fn frequency(value: &str) -> Option<Frequency> {
    Frequency::ALL.into_iter().find(|frequency| frequency.name().eq_ignore_ascii_case(value))
}

/// Digits with an optional sign, and nothing else.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || digits.len() > 12 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn at_least_one(name: &str, value: &str, notes: &mut Vec<String>) -> Result<u32, RuleError> {
    let number =
        number(value).and_then(|number| u32::try_from(number).ok()).ok_or_else(|| fault(name, value))?;
    if number == 0 {
        notes.push(format!("{name}=0 is read as 1"));
    }
    Ok(number.max(1))
}

/// The members of a list; empty ones, as in `1,,2`, are left out.
fn members<'a>(name: &str, value: &'a str) -> Result<impl Iterator<Item = &'a str>, RuleError> {
    let members = || value.split(',').map(str::trim).filter(|member| !member.is_empty());
    let count = members().count();
    if count == 0 || count > VALUES_MAX { Err(fault(name, value)) } else { Ok(members()) }
}

fn numbers<T: TryFrom<i64>>(
    name: &str,
    value: &str,
    range: &RangeInclusive<i64>,
) -> Result<Vec<T>, RuleError> {
    members(name, value)?
        .map(|member| {
            number(member)
                .filter(|number| range.contains(number))
                .and_then(|number| T::try_from(number).ok())
                .ok_or_else(|| fault(name, member))
        })
        .collect()
}

/// Numbers from 1 to `max`, or from `-max` to -1.
fn signed_numbers<T: TryFrom<i64>>(name: &str, value: &str, max: i64) -> Result<Vec<T>, RuleError> {
    if let Some(zero) = members(name, value)?.find(|member| number(member) == Some(0)) {
        return Err(fault(name, zero));
    }
    numbers(name, value, &(-max..=max))
}

fn days(name: &str, value: &str) -> Result<Vec<RuleDay>, RuleError> {
    members(name, value)?.map(|member| day(member).ok_or_else(|| fault(name, member))).collect()
}

fn day(member: &str) -> Option<RuleDay> {
    let (ordinal, name) = member.split_at_checked(member.len().checked_sub(2)?)?;
    let weekday = weekday(name)?;
    let ordinal = match ordinal.trim() {
        "" => None,
        text => Some(number(text).filter(|number| *number != 0 && (-53..=53).contains(number))?),
    };
    Some(RuleDay { ordinal: ordinal.and_then(|number| i8::try_from(number).ok()), weekday })
}

fn weekday(value: &str) -> Option<Weekday> {
    const WEEKDAYS: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    WEEKDAYS.into_iter().find(|weekday| super::weekday_name(*weekday).eq_ignore_ascii_case(value))
}

/// A DATE or DATE-TIME, by its looks.
fn until(value: &str) -> Option<Until> {
    match DateOrTime::parse(value)? {
        DateOrTime::Date(date) => Some(Until::Date(date)),
        DateOrTime::Floating(local) | DateOrTime::Zoned { local, .. } => Some(Until::Local(local)),
        DateOrTime::Utc(instant) => Some(Until::Utc(instant)),
    }
}
