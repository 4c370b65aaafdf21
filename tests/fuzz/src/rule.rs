//! A rule: read, written, and its readings walked and jumped to.

use calendar::civil::{DateTime, date};
use calendar::recur::expand::{Bounds, End, First, expand};
use calendar::recur::rule::Rule;
use calendar::time::{DateOrTime, Instant};

use crate::Chance;

/// Readings and periods of one expansion at most.
const STEPS_MAX: usize = 500;

/// A line of DTSTART (if it is one) and a line of RRULE.
pub fn rule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (start, value) = text.split_once('\n').unwrap_or(("", text));
    let start =
        DateOrTime::parse(start).map_or_else(|| date(1997, 9, 2).at(9, 0, 0, 0), |start| start.local());
    let Ok(read) = Rule::read(value.trim()) else { return };
    let written = read.rule.to_string();
    let again = Rule::read(&written);
    assert_eq!(again.as_ref().map(|again| &again.rule), Ok(&read.rule), "{written}");
    let mut chance = Chance::of(data);
    let first = if chance.below(3) == 0 { First::AsRuled } else { First::Counts };
    expanded(&read.rule, start, first, &mut chance);
}

fn expanded(rule: &Rule, start: DateTime, first: First, chance: &mut Chance) {
    let years = [2, 12, 400].get(chance.below(3)).copied().unwrap_or(2);
    let later = |seconds: i64| Instant::from_utc(start).plus(seconds).to_utc();
    let to = later(years * 31_557_600);
    let whole = Bounds { from: start, to, steps_max: STEPS_MAX, first };
    let (walked, end) = walk(rule, start, &whole);
    assert!(walked.is_sorted_by(|earlier, later| earlier < later), "{rule}: each once, in order");
    assert!(walked.iter().all(|reading| start <= *reading && *reading <= to), "{rule}: within its bounds");
    assert!(walked.len() <= STEPS_MAX + 1, "{rule}: {} readings", walked.len());
    if let Some(count) = rule.count {
        assert!(walked.len() <= usize::try_from(count).unwrap_or(usize::MAX), "{rule}: {}", walked.len());
    }
    if first == First::Counts {
        assert_eq!(walked.first(), Some(&start), "{rule}: DTSTART is the first");
    }
    let last = walked.last().copied().unwrap_or(start);
    let length = Instant::from_utc(last).since(Instant::from_utc(start));
    for seconds in [length, chance.between(0, length.saturating_add(2))] {
        let from = later(seconds);
        let (jumped, jump_end) = walk(rule, start, &Bounds { from, ..whole });
        let expected: Vec<DateTime> = walked.iter().copied().filter(|reading| *reading >= from).collect();
        let shared = expected.len().min(jumped.len());
        assert_eq!(jumped[..shared], expected[..shared], "{rule} of {start} from {from}");
        // What ended of itself is whole.
        assert!(
            end == End::Steps || jumped.len() <= expected.len(),
            "{rule} of {start} from {from}: too many"
        );
        assert!(
            jump_end == End::Steps || jumped.len() >= expected.len(),
            "{rule} of {start} from {from}: too few"
        );
    }
}

fn walk(rule: &Rule, start: DateTime, bounds: &Bounds) -> (Vec<DateTime>, End) {
    let mut expansion = expand(rule, start, bounds);
    let readings: Vec<DateTime> = expansion.by_ref().collect();
    assert!(expansion.steps() <= bounds.steps_max, "{rule}: {} steps", expansion.steps());
    assert_eq!(expansion.next(), None, "{rule}: ended, it stays ended");
    let Some(end) = expansion.end() else { panic!("{rule}: it ended without saying why") };
    (readings, end)
}
