//! Bounded lazy expansion of one rule on the local clock, without zones.
//!
//! A rule steps on readings of a clock (RFC 5545 §3.3.10); which instants they are, and UNTIL, is the caller's. The
//! readings in a stretch cost what they are, not what lies before: the period that holds the stretch's beginning is
//! reckoned, not walked to. With COUNT the instances before it are counted by whole periods or days, 366 of them for one
//! step, and reckoned where every period holds the same number. YEARLY to DAILY go through the crate `rrule` where it is right (see `by_crate`).

mod by_crate;
mod plan;
mod stepper;

use by_crate::ByCrate;
use plan::Plan;
use stepper::{Budget, Stepper};

use crate::civil;
use crate::recur::day;
use crate::recur::rule::Rule;

/// What DTSTART is to the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// The first instance, whether the rule makes it or not; COUNT counts it (RRULE).
    Counts,
    /// An instance if the rule makes it (EXRULE).
    AsRuled,
}

/// The stretch that is wanted, and what it may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The first reading wanted.
    pub from: civil::DateTime,
    /// The last reading wanted, itself included: the window's end or UNTIL, whichever comes first.
    pub to: civil::DateTime,
    /// Readings produced and periods looked at, at most.
    pub steps_max: usize,
    /// What DTSTART is to the rule.
    pub first: First,
}

/// Why an expansion has no more to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// COUNT is reached.
    Count,
    /// The next reading lies behind [`Bounds::to`].
    Bound,
    /// The next reading would lie behind the year 9999.
    Years,
    /// [`Bounds::steps_max`] is spent; there may be more.
    Steps,
}

/// The readings of a rule in a stretch, in order, each once. Once ended it stays ended.
pub struct Expansion {
    engine: Engine,
    stepper: Stepper,
    start: i64,
    from: i64,
    to: i64,
    first: First,
    /// DTSTART is still to be given, whatever the rule makes.
    start_is_due: bool,
    /// What COUNT still allows.
    remaining: Option<i64>,
    /// The last reading of the engine, to go on from if it fails.
    last: Option<i64>,
    budget: Budget,
    steps_max: usize,
    end: Option<End>,
}

enum Engine {
    Crate(Box<ByCrate>),
    Own,
    /// The rule can make nothing.
    Nothing,
}

/// Expands `rule` for a series that starts at `start`. UNTIL is not looked at: the caller makes it part of `bounds`.
pub fn expand(rule: &Rule, start: civil::DateTime, bounds: &Bounds) -> Expansion {
    let start = day::seconds_of(start);
    let from = day::seconds_of(bounds.from);
    let to = day::seconds_of(bounds.to).min(day::LAST);
    let plan = Plan::new(rule, start);
    let mut stepper = Stepper::new(plan, start, to);
    let is_impossible = stepper.is_impossible();
    let mut remaining = rule.count.map(i64::from);
    let mut start_is_due = bounds.first == First::Counts;
    let mut budget = bounds.steps_max;
    if let Some(count) = remaining.filter(|_| !is_impossible) {
        // DTSTART takes one of COUNT even if the rule does not make it.
        let unmade = i64::from(start_is_due && from > start && !makes(rule, start));
        let passed = match stepper.seek_counting(start, from) {
            Some(passed) => Some(passed),
            None => Some(stepper.pass_counting(start, from, count - unmade, &mut budget))
                .filter(|passed| *passed > 0),
        };
        if let Some(passed) = passed {
            remaining = Some((count - passed - unmade).max(0));
            start_is_due = false;
        }
    } else {
        stepper.seek(from.max(start));
    }
    let engine = if is_impossible {
        Engine::Nothing
    } else if by_crate::suits(stepper.plan()) {
        ByCrate::new(stepper.plan(), stepper.period_start())
            .map_or(Engine::Own, |engine| Engine::Crate(Box::new(engine)))
    } else {
        Engine::Own
    };
    Expansion {
        engine,
        stepper,
        start,
        from,
        to,
        first: bounds.first,
        start_is_due,
        remaining,
        last: None,
        budget,
        steps_max: bounds.steps_max,
        end: None,
    }
}

/// Whether the rule itself makes DTSTART an instance.
fn makes(rule: &Rule, start: i64) -> bool {
    let mut stepper = Stepper::new(Plan::new(rule, start), start, start);
    stepper.seek(start);
    // The period of DTSTART alone, of which BYSETPOS may take some hundred instances before DTSTART.
    let mut budget = 1_000;
    std::iter::from_fn(|| stepper.next(&mut budget)).find(|reading| *reading >= start) == Some(start)
}

impl Expansion {
    /// Why there is no more; `None` while there may be.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// Readings produced and periods looked at so far.
    pub fn steps(&self) -> usize {
        self.steps_max - self.budget
    }

    /// The next reading, from DTSTART on.
    fn candidate(&mut self) -> Option<i64> {
        if std::mem::take(&mut self.start_is_due) {
            return Some(self.start);
        }
        loop {
            let reading = match &mut self.engine {
                Engine::Crate(engine) => {
                    let Ok(reading) = engine.next() else {
                        self.engine = Engine::Own;
                        self.stepper.seek(self.last.unwrap_or(self.start));
                        continue;
                    };
                    self.budget = self.budget.checked_sub(1)?;
                    reading?
                }
                Engine::Own => self.stepper.next(&mut self.budget)?,
                Engine::Nothing => return None,
            };
            // What lies before DTSTART in its period is no instance; DTSTART itself was given already; after a
            // failure the period begins anew.
            let is_new = reading > self.start || reading == self.start && self.first == First::AsRuled;
            if is_new && self.last.is_none_or(|last| last < reading) {
                self.last = Some(reading);
                return Some(reading);
            }
        }
    }

    fn finish(&mut self, end: End) -> Option<civil::DateTime> {
        self.end = Some(end);
        None
    }
}

impl Iterator for Expansion {
    type Item = civil::DateTime;

    fn next(&mut self) -> Option<civil::DateTime> {
        while self.end.is_none() {
            if self.remaining == Some(0) {
                return self.finish(End::Count);
            }
            let behind = if self.to >= day::LAST { End::Years } else { End::Bound };
            let Some(reading) = self.candidate() else {
                return self.finish(if self.budget == 0 { End::Steps } else { behind });
            };
            if reading > self.to {
                return self.finish(behind);
            }
            self.remaining = self.remaining.map(|count| count - 1);
            if reading >= self.from {
                return day::reading_of(reading);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::date;
    use proptest::prelude::*;

    /// Rules of the kinds that the crate expands.
    fn rules() -> impl Strategy<Value = String> {
        let by = prop::sample::select(vec![
            "FREQ=DAILY",
            "FREQ=WEEKLY",
            "FREQ=WEEKLY;BYDAY=SU,TU",
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,2",
            "FREQ=MONTHLY",
            "FREQ=MONTHLY;BYMONTHDAY=-1,3,15",
            "FREQ=MONTHLY;BYDAY=2TU,-1FR",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "FREQ=YEARLY",
            "FREQ=YEARLY;BYMONTH=2,10;BYDAY=-1SU,2MO",
            "FREQ=YEARLY;BYDAY=20MO,-1SA",
            "FREQ=YEARLY;BYMONTH=1,6;BYMONTHDAY=-28,9",
            "FREQ=YEARLY;BYYEARDAY=1,100,-1,-365",
            "FREQ=YEARLY;BYMONTH=3;BYDAY=SA,SU;BYSETPOS=1,-1",
        ]);
        let interval =
            prop::sample::select(vec!["", ";INTERVAL=2", ";INTERVAL=5", ";INTERVAL=12", ";INTERVAL=370"]);
        let clock = prop::sample::select(vec![
            "",
            ";BYHOUR=8,20",
            ";BYMINUTE=0,30;BYSECOND=5",
            ";BYHOUR=0;BYMINUTE=59",
        ]);
        let week_start = prop::sample::select(vec!["", ";WKST=SU", ";WKST=TH"]);
        (by, interval, clock, week_start)
            .prop_map(|(by, interval, clock, start)| format!("{by}{interval}{clock}{start}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        /// The crate and the stepper, two implementations of different descent, make the same of every rule that
        /// the crate is given, at DTSTART and far from it.
        #[test]
        fn the_crate_and_the_stepper_agree(
            text in rules(),
            (year, month, day, hour) in (1900_i16..2100, 1_i8..=12, 1_i8..=28, 0_i8..24),
            years in 0_i64..100,
        ) {
            let rule = Rule::read(&text).expect("it can be read").rule;
            let start = day::seconds_of(date(year, month, day).at(hour, 15, 30, 0));
            let from = start + years * 366 * day::DAY;
            let mut stepper = Stepper::new(Plan::new(&rule, start), start, day::LAST);
            stepper.seek(from);
            prop_assume!(by_crate::suits(stepper.plan()));
            let mut by_crate = ByCrate::new(stepper.plan(), stepper.period_start()).expect("the crate takes it");
            let mut budget = 10_000;
            for _ in 0..60 {
                let ours = std::iter::from_fn(|| stepper.next(&mut budget)).find(|reading| *reading >= from);
                let theirs = std::iter::from_fn(|| by_crate.next().ok().flatten()).find(|reading| *reading >= from);
                prop_assert_eq!(ours, theirs);
            }
        }
    }

    #[test]
    fn the_common_rules_go_through_the_crate() {
        let start = day::seconds_of(date(2026, 1, 5).at(9, 0, 0, 0));
        let suits =
            |text: &str| by_crate::suits(&Plan::new(&Rule::read(text).expect("it can be read").rule, start));
        for text in ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY"] {
            assert!(suits(text), "{text}");
        }
        for text in
            ["FREQ=MONTHLY;BYDAY=MO,1TU", "FREQ=YEARLY;BYWEEKNO=1", "FREQ=HOURLY", "FREQ=MONTHLY;BYDAY=-5MO"]
        {
            assert!(!suits(text), "{text}");
        }
    }
}
