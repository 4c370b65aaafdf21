//! RRULE as a value (RFC 5545 §3.3.10).
//!
//! Read leniently ([`Rule::read`]), written strictly (`Display`): what is written reads back as the same value.
//! RSCALE other than GREGORIAN (RFC 7529) is refused, never guessed.

mod read;

use std::fmt;

use crate::civil;
use crate::civil::Weekday;
use crate::time::Instant;

/// FREQ. Ordered from long to short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frequency {
    /// YEARLY.
    Yearly,
    /// MONTHLY.
    Monthly,
    /// WEEKLY.
    Weekly,
    /// DAILY.
    Daily,
    /// HOURLY.
    Hourly,
    /// MINUTELY.
    Minutely,
    /// SECONDLY.
    Secondly,
}

impl Frequency {
    /// All, from long to short.
    pub const ALL: [Self; 7] = [
        Self::Yearly,
        Self::Monthly,
        Self::Weekly,
        Self::Daily,
        Self::Hourly,
        Self::Minutely,
        Self::Secondly,
    ];

    /// The value of FREQ.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yearly => "YEARLY",
            Self::Monthly => "MONTHLY",
            Self::Weekly => "WEEKLY",
            Self::Daily => "DAILY",
            Self::Hourly => "HOURLY",
            Self::Minutely => "MINUTELY",
            Self::Secondly => "SECONDLY",
        }
    }
}

/// UNTIL, as it is written; what it means depends on DTSTART.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// A day, to its end.
    Date(civil::Date),
    /// A reading of DTSTART's clock.
    Local(civil::DateTime),
    /// An instant.
    Utc(Instant),
}

/// One value of BYDAY: `MO`, `2TU`, `-1FR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleDay {
    /// Which of them in the month or year, from the end if negative; `None`: each.
    pub ordinal: Option<i8>,
    /// The day of the week.
    pub weekday: Weekday,
}

/// What becomes of a day that a month does not have: SKIP (RFC 7529 §4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Skip {
    /// There is no instance.
    #[default]
    Omit,
    /// The last day that there is.
    Backward,
    /// The first day of the next month.
    Forward,
}

impl Skip {
    /// The value of SKIP.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Omit => "OMIT",
            Self::Backward => "BACKWARD",
            Self::Forward => "FORWARD",
        }
    }
}

/// A recurrence rule. The BY lists hold what was written, in its order; all values are within their ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// FREQ.
    pub frequency: Frequency,
    /// INTERVAL, at least 1.
    pub interval: u32,
    /// COUNT, at least 1.
    pub count: Option<u32>,
    /// UNTIL.
    pub until: Option<Until>,
    /// BYSECOND, 0 to 60.
    pub by_second: Vec<i8>,
    /// BYMINUTE, 0 to 59.
    pub by_minute: Vec<i8>,
    /// BYHOUR, 0 to 23.
    pub by_hour: Vec<i8>,
    /// BYDAY.
    pub by_day: Vec<RuleDay>,
    /// BYMONTHDAY, 1 to 31 or -31 to -1.
    pub by_month_day: Vec<i8>,
    /// BYYEARDAY, 1 to 366 or -366 to -1.
    pub by_year_day: Vec<i16>,
    /// BYWEEKNO, 1 to 53 or -53 to -1.
    pub by_week_no: Vec<i8>,
    /// BYMONTH, 1 to 12.
    pub by_month: Vec<i8>,
    /// BYSETPOS, 1 to 366 or -366 to -1.
    pub by_set_pos: Vec<i16>,
    /// WKST.
    pub week_start: Weekday,
    /// SKIP.
    pub skip: Skip,
}

/// A rule as it was read, with what was read around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRule {
    /// The rule.
    pub rule: Rule,
    /// One sentence for each part that was left out or repaired.
    pub notes: Vec<String>,
}

/// Why a rule cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The text holds something else than ASCII.
    #[error("a rule holds ASCII characters alone")]
    NotAscii,
    /// FREQ is missing.
    #[error("FREQ is missing")]
    NoFrequency,
    /// A value that cannot be read or lies outside its range.
    #[error("{part}={value} cannot be read")]
    Value {
        /// The part's name.
        part: String,
        /// The value as written, shortened.
        value: String,
    },
    /// RSCALE names a calendar other than GREGORIAN (RFC 7529).
    #[error("the calendar scale {0} is not supported")]
    Scale(String),
    /// A SKIP that is none, or one together with days that it is not reckoned for (RFC 7529).
    #[error("SKIP={0} is not supported")]
    Skip(String),
}

impl Rule {
    /// A rule of this frequency, without any other part.
    pub const fn new(frequency: Frequency) -> Self {
        Self {
            frequency,
            interval: 1,
            count: None,
            until: None,
            by_second: Vec::new(),
            by_minute: Vec::new(),
            by_hour: Vec::new(),
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_year_day: Vec::new(),
            by_week_no: Vec::new(),
            by_month: Vec::new(),
            by_set_pos: Vec::new(),
            week_start: Weekday::Monday,
            skip: Skip::Omit,
        }
    }

    /// Reads the value of RRULE or EXRULE: parts in any order and case, padded, unknown ones left out with a note.
    ///
    /// INTERVAL=0 is read as 1, COUNT=0 as 1 (DTSTART is an instance in any case). Cost: linear in the text.
    ///
    /// # Errors
    /// [`RuleError`]; never a guess at a part that changes the meaning.
    pub fn read(value: &str) -> Result<ReadRule, RuleError> {
        read::rule(value)
    }
}

/// `MO` to `SU`.
pub const fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    }
}

impl fmt::Display for RuleDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(ordinal) = self.ordinal {
            write!(out, "{ordinal}")?;
        }
        out.write_str(weekday_name(self.weekday))
    }
}

impl fmt::Display for Until {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(out, "{}", date.strftime("%Y%m%d")),
            Self::Local(local) => write!(out, "{}", local.strftime("%Y%m%dT%H%M%S")),
            Self::Utc(instant) => out.write_str(&instant.to_ical()),
        }
    }
}

impl fmt::Display for Rule {
    /// The value of RRULE, parts in the order of the RFC's grammar.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<T: fmt::Display>(out: &mut fmt::Formatter<'_>, name: &str, values: &[T]) -> fmt::Result {
            for (index, value) in values.iter().enumerate() {
                if index == 0 {
                    write!(out, ";{name}={value}")?;
                } else {
                    write!(out, ",{value}")?;
                }
            }
            Ok(())
        }
        if self.skip != Skip::Omit {
            // RFC 7529 §4.1: SKIP only beside RSCALE.
            out.write_str("RSCALE=GREGORIAN;")?;
        }
        write!(out, "FREQ={}", self.frequency.name())?;
        if let Some(until) = self.until {
            write!(out, ";UNTIL={until}")?;
        }
        if let Some(count) = self.count {
            write!(out, ";COUNT={count}")?;
        }
        if self.interval != 1 {
            write!(out, ";INTERVAL={}", self.interval)?;
        }
        list(out, "BYSECOND", &self.by_second)?;
        list(out, "BYMINUTE", &self.by_minute)?;
        list(out, "BYHOUR", &self.by_hour)?;
        list(out, "BYDAY", &self.by_day)?;
        list(out, "BYMONTHDAY", &self.by_month_day)?;
        list(out, "BYYEARDAY", &self.by_year_day)?;
        list(out, "BYWEEKNO", &self.by_week_no)?;
        list(out, "BYMONTH", &self.by_month)?;
        list(out, "BYSETPOS", &self.by_set_pos)?;
        if self.week_start != Weekday::Monday {
            write!(out, ";WKST={}", weekday_name(self.week_start))?;
        }
        if self.skip != Skip::Omit {
            write!(out, ";SKIP={}", self.skip.name())?;
        }
        Ok(())
    }
}
