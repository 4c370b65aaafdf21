//! The onsets that an RRULE of an observance makes, whatever its form (RFC 5545 §3.6.5, §3.3.10).
//!
//! What nearly all VTIMEZONEs hold is reckoned year by year ([`YearRule`]); every other form is expanded as the rule of
//! an event would be, stretch by stretch, in the years 1600 to 2400; what its last onset there says holds ever after.
//! A rule that changes clocks all the time, or takes too long to look through, is none.

use super::rule::{End, YearRule, end_of};
use crate::civil::{self, DateTime};
use crate::recur::expand::{self, Bounds, First, expand};
use crate::recur::rule::Rule;

/// Steps that looking into the rules of one definition may take, and what one stretch may.
const STEPS_MAX: usize = 60_000;
/// Onsets in [`STRETCH_YEARS`] that the rules of one definition may make in all: some 30 a year.
const ONSETS_MAX: usize = 2000;
/// Years over which the onsets of a rule are counted.
const STRETCH_YEARS: i16 = 66;

/// Rules of other than the usual forms in one definition.
const OTHERS_MAX: usize = 32;
/// The years in which they are expanded.
pub(super) const OTHER_YEARS: (i16, i16) = (1600, 2400);

/// What the rules of one definition may still cost.
pub(super) struct Cost {
    steps: usize,
    onsets: usize,
    others: usize,
}

impl Default for Cost {
    fn default() -> Self {
        Self { steps: STEPS_MAX, onsets: ONSETS_MAX, others: OTHERS_MAX }
    }
}

/// A rule that makes onsets.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OnsetRule {
    /// One of the usual forms.
    Yearly(YearRule),
    /// Any other.
    Other(OtherRule),
}

/// A rule that is expanded; COUNT has become the reading of the last onset.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OtherRule {
    rule: Rule,
    first: DateTime,
    end: End,
    /// The very last onset.
    last: Option<DateTime>,
}

impl OnsetRule {
    /// Reads an RRULE value for an observance that begins at `first` and whose onsets are read with `offset_before`,
    /// in seconds; `None` where it cannot be read, or costs more than what is left.
    pub(super) fn read(value: &str, first: DateTime, offset_before: i32, cost: &mut Cost) -> Option<Self> {
        let (rule, onsets) = if let Some(rule) = YearRule::read(value, first, offset_before) {
            let onsets = rule.onsets_in(STRETCH_YEARS);
            (Self::Yearly(rule), onsets)
        } else {
            cost.others = cost.others.checked_sub(1)?;
            let (rule, onsets) = OtherRule::read(value, first, offset_before, cost)?;
            (Self::Other(rule), onsets)
        };
        cost.onsets = cost.onsets.checked_sub(onsets)?;
        Some(rule)
    }

    /// The onsets in the years `from` to `to`, and the last one before them.
    pub(super) fn onsets(&self, from: i16, to: i16) -> Vec<DateTime> {
        match self {
            Self::Yearly(rule) => rule.onsets(from, to),
            Self::Other(rule) => rule.onsets(from, to),
        }
    }

    /// The last year in which there may be an onset.
    pub(super) fn last_year(&self) -> i16 {
        match self {
            Self::Yearly(rule) => rule.last_year(),
            Self::Other(rule) => rule.end.last_year(),
        }
    }
}

impl OtherRule {
    /// The rule, and how many onsets it has in the first stretch.
    fn read(value: &str, first: DateTime, offset_before: i32, cost: &mut Cost) -> Option<(Self, usize)> {
        let mut rule = Rule::read(value).ok()?.rule;
        let end = rule.until.take().map_or(End::Never, |until| end_of(until, offset_before));
        let mut other = Self { rule, first, end, last: None };
        let until = match other.rule.count {
            // To its end, to know where that is.
            Some(_) => DateTime::MAX,
            None => last_moment(first.year().saturating_add(STRETCH_YEARS)),
        };
        let mut tried = expand(&other.rule, first, &other.bounds(first, until, First::Counts, cost.steps));
        let mut onsets = 0;
        let mut last = first;
        for onset in tried.by_ref().take(cost.onsets + 1) {
            onsets += 1;
            last = onset;
        }
        cost.steps = cost.steps.saturating_sub(tried.steps());
        if onsets > cost.onsets || tried.end() == Some(expand::End::Steps) {
            return None;
        }
        if other.rule.count.take().is_some() && other.end.allows(last) {
            other.end = End::Local(last);
        }
        let behind = first_moment(OTHER_YEARS.1 + 1);
        if other.end.allows(behind) {
            other.end = End::Local(last_moment(OTHER_YEARS.1));
        }
        other.last = other.sought_before(behind);
        Some((other, onsets))
    }

    fn bounds(&self, from: DateTime, to: DateTime, first: First, steps_max: usize) -> Bounds {
        Bounds { from, to: self.end.local().map_or(to, |end| end.min(to)), steps_max, first }
    }

    /// The onsets in the years `from` to `to`, and the last one before them.
    fn onsets(&self, from: i16, to: i16) -> Vec<DateTime> {
        let begin = first_moment(from);
        let mut onsets: Vec<DateTime> = self.last_before(begin).into_iter().collect();
        onsets.extend(self.between(begin, last_moment(to)));
        onsets
    }

    fn between(&self, from: DateTime, to: DateTime) -> Vec<DateTime> {
        let from = from.max(self.first).max(first_moment(OTHER_YEARS.0));
        if from > to {
            return Vec::new();
        }
        let bounds = self.bounds(from, to, First::AsRuled, STEPS_MAX);
        // A rule may be thin when it is tried and dense a century later; then it stays cut short.
        expand(&self.rule, self.first, &bounds)
            .take(ONSETS_MAX)
            .filter(|onset| self.end.allows(*onset))
            .collect()
    }

    fn last_before(&self, begin: DateTime) -> Option<DateTime> {
        if begin.year() > self.end.last_year() { self.last } else { self.sought_before(begin) }
    }

    /// The last onset before `begin`, looked for in stretches that grow the further they lie back.
    fn sought_before(&self, begin: DateTime) -> Option<DateTime> {
        let end = self.end.last_year().saturating_add(1);
        let (mut to, mut years) = (begin.year().min(end.max(1)), 1_i16);
        while to > self.first.year().max(OTHER_YEARS.0) {
            let from = to.saturating_sub(years).max(1);
            if let Some(last) = self.between(first_moment(from), last_moment(to - 1)).pop() {
                return Some(last);
            }
            (to, years) = (from, years.saturating_mul(4).min(256));
        }
        None
    }
}

fn first_moment(year: i16) -> DateTime {
    civil::date(year.clamp(1, 9999), 1, 1).at(0, 0, 0, 0)
}

fn last_moment(year: i16) -> DateTime {
    civil::date(year.clamp(1, 9999), 12, 31).at(23, 59, 59, 0)
}
