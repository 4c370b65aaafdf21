//! What is known to differ, why, and who is right: one table.

use crate::case::{Answer, FOLD, GAP, ORIGINAL_ODD};

/// Whose answer differs from ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Oracle {
    /// recurring-ical-events.
    Recurring,
    /// ical.js.
    Ical,
    /// dateutil on the local clock, zones by zoneinfo.
    Civil,
}

impl Oracle {
    pub(crate) const ALL: [Self; 3] = [Self::Recurring, Self::Ical, Self::Civil];

    /// The field of its answer.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Recurring => "recurring",
            Self::Ical => "ical",
            Self::Civil => "civil",
        }
    }

    /// What it is called in documents.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Recurring => "recurring-ical-events",
            Self::Ical => "ical.js",
            Self::Civil => "dateutil on the clock",
        }
    }
}

/// One difference between our answer and another.
#[derive(Clone, Debug)]
pub(crate) enum Difference {
    /// The same start, another end.
    End(Answer, [i64; 2]),
    /// An instance of ours that stands nearby in the other, at most three hours off.
    Moved(Answer, [i64; 2]),
    /// Ours alone.
    Missing(Answer),
    /// Theirs alone.
    Extra([i64; 2]),
    /// No answer.
    Failed(String),
}

/// A case as explanations see it.
pub(crate) struct Seen<'a> {
    pub(crate) tags: &'a [String],

    pub(crate) ours: &'a [Answer],
    /// UTC seconds.
    pub(crate) window_start: i64,
}

impl Seen<'_> {
    fn has(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }
}

/// Who has to agree with us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Witness {
    /// dateutil on the local clock.
    Civil,
    /// Both others.
    Both,
}

/// A known difference.
pub(crate) struct Explanation {
    pub(crate) id: &'static str,
    pub(crate) oracle: Oracle,
    pub(crate) witness: Witness,
    /// What differs and who is right by which text.
    pub(crate) reason: &'static str,
    pub(crate) applies: fn(&Seen<'_>, &Difference) -> bool,
}

/// Whether two times differ as clocks do that were set by half an hour, one hour or two, or two and a half; or forth
/// and back by two.
fn by_clock_change(one: i64, other: i64) -> bool {
    matches!((one - other).abs(), 1800 | 3600 | 7200 | 9000 | 14_400)
}

/// Whether a time, in UTC seconds, lies within eight days of the turn of a year: in its first or last week.
fn is_turn_of_year(unix: i64) -> bool {
    const EIGHT_DAYS: i64 = 8 * 86_400;
    let year = |unix| calendar::time::Instant::from_unix(unix).to_utc().year();
    year(unix - EIGHT_DAYS) != year(unix + EIGHT_DAYS)
}

/// An end that is reckoned on the clock, or otherwise over a change of the clocks.
fn end_over_change(seen: &Seen<'_>, difference: &Difference) -> bool {
    matches!(difference, Difference::End(own, other) if by_clock_change(own[1], other[1])) && !seen.has("utc")
}

/// An instance whose reading does not exist or exists twice, and what stands in its place.
fn odd_reading(seen: &Seen<'_>, difference: &Difference) -> bool {
    let is_odd = |own: &Answer| own[2] & (GAP | FOLD | ORIGINAL_ODD) != 0;
    match difference {
        Difference::Moved(own, _) | Difference::Missing(own) | Difference::End(own, _) => is_odd(own),
        // What is put elsewhere stands near one of ours that is odd.
        Difference::Extra(other) => {
            seen.ours.iter().any(|own| is_odd(own) && (own[0] - other[0]).abs() <= 7200)
        }
        Difference::Failed(_) => false,
    }
}

/// A PERIOD with another end, or one that so reaches into the window, or does not.
fn period_of_other_length(seen: &Seen<'_>, difference: &Difference) -> bool {
    seen.has("period")
        && match difference {
            Difference::End(..) | Difference::Extra(_) => true,
            Difference::Missing(own) => own[0] < seen.window_start,
            Difference::Moved(..) | Difference::Failed(_) => false,
        }
}

fn failed_with(difference: &Difference, text: &str) -> bool {
    matches!(difference, Difference::Failed(error) if error.contains(text))
}

fn is_instance_too_many_or_few(difference: &Difference) -> bool {
    matches!(difference, Difference::Missing(_) | Difference::Extra(_) | Difference::Moved(..))
}

mod table;

pub(crate) use table::EXPLANATIONS;
