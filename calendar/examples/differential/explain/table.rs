//! The explanations, first the oracle that differs, then by how narrow they are: the first that applies counts.

use super::{
    Difference, Explanation, Oracle, Witness, by_clock_change, end_over_change, failed_with,
    is_instance_too_many_or_few, is_turn_of_year, odd_reading, period_of_other_length,
};
use crate::case::{CHANGE, EXDATE_IN_UTC, ORPHAN, OVERRIDE};

pub(crate) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        id: "recurring-unordered-days",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "not asked: dateutil below it makes of BYDAY with and without ordinals what is in both, and searches for it to the year 9999; §3.3.10 lists days of either kind",
        applies: |seen, difference| {
            seen.has("ordinals-and-plain-days") && failed_with(difference, "BYDAY with and without ordinals")
        },
    },
    Explanation {
        id: "recurring-zone-by-name",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "takes the IANA zone for a TZID that the object defines otherwise; §3.2.19: the object's VTIMEZONE defines it",
        applies: |seen, difference| {
            seen.has("defined-otherwise") && !matches!(difference, Difference::Failed(_))
        },
    },
    Explanation {
        id: "recurring-end-by-clock",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "reckons DTEND, and hours of DURATION, on the clock over a change; §3.8.5.3 and §3.3.6: exact",
        applies: end_over_change,
    },
    Explanation {
        id: "recurring-end-at-window",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "as recurring-end-by-clock, of an instance that so reaches into the window, or does not; §3.8.5.3: DTEND is exact",
        applies: |seen, difference| {
            let ends_there = |end: i64| (end - seen.window_start).abs() <= 9000;
            (seen.has("dtend") || seen.has("override"))
                && !seen.has("utc")
                && match difference {
                    Difference::Missing(own) => ends_there(own[1]),
                    Difference::Extra(other) => ends_there(other[1]),
                    _ => false,
                }
        },
    },
    Explanation {
        id: "recurring-recurrence-id-date",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "RECURRENCE-ID as DATE in a timed series names no instance there, so both stand; §3.8.4.4 forbids it, read here as that day's",
        applies: |seen, difference| {
            seen.has("recurrence-id-date") && matches!(difference, Difference::Extra(_))
        },
    },
    Explanation {
        id: "recurring-until-kind",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "UNTIL as DATE ends at that day's midnight, as local time it is read on another clock; §3.3.10 forbids both for a timed DTSTART, read here as the whole day and on DTSTART's clock",
        applies: |seen, difference| {
            (seen.has("until-date") || seen.has("until-local") || seen.has("until-utc-for-date"))
                && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "recurring-until-before-start",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "UNTIL before DTSTART: no instance there; undefined in §3.8.5.3, DTSTART is an instance here",
        applies: |seen, difference| {
            seen.has("until-before-start") && matches!(difference, Difference::Missing(_))
        },
    },
    Explanation {
        id: "recurring-exdate-in-utc",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "an instance is lost whose reading on the clock is that of another's EXDATE in UTC, or the other way round; §3.8.5.1: the same instant; seen here",
        applies: |_, difference| matches!(difference, Difference::Missing(own) if own[2] & EXDATE_IN_UTC != 0),
    },
    Explanation {
        id: "recurring-exdate-date",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "EXDATE as DATE in a timed series; removes that day's instances here, and by the clock of another zone or not at all there",
        applies: |seen, difference| seen.has("exdate-date") && is_instance_too_many_or_few(difference),
    },
    Explanation {
        id: "recurring-period",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "gives the length of an RDATE period to other instances, the series' length to the period, or puts the period on another clock; §3.8.5.2",
        applies: period_of_other_length,
    },
    Explanation {
        id: "recurring-odd-reading",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "a reading that does not exist or exists twice; §3.3.5: offset before the gap, first of two",
        applies: odd_reading,
    },
    Explanation {
        id: "recurring-exrule",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "EXRULE is not read; deprecated, still in the field",
        applies: |seen, difference| seen.has("exrule") && matches!(difference, Difference::Extra(_)),
    },
    Explanation {
        id: "recurring-start-outside-rule",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "COUNT does not count a DTSTART that its rule does not make: undefined in §3.8.5.3; an instance here, and counted",
        applies: |seen, difference| {
            seen.has("start-outside-rule") && seen.has("count") && matches!(difference, Difference::Extra(_))
        },
    },
    Explanation {
        id: "recurring-override-alone",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "an override for no instance of its series is left out; an instance here (copies of attendees look so, RFC 6638 §3.2.6)",
        applies: |_, difference| matches!(difference, Difference::Missing(own) if own[2] & ORPHAN != 0),
    },
    Explanation {
        id: "recurring-every-month",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "dateutil below it takes YEARLY with BYMONTHDAY and without BYMONTH for every month; RFC 8984 §4.3.3.1: the month of DTSTART",
        applies: |seen, difference| {
            seen.has("YEARLY")
                && seen.has("bymonthday")
                && !seen.has("bymonth")
                && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "recurring-whole-weeks",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "dateutil below it takes BYWEEKNO without a day for all seven; RFC 8984 §4.3.3.1: the weekday of DTSTART",
        applies: |seen, difference| {
            seen.has("byweekno") && !seen.has("byday") && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "recurring-turn-of-year",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "dateutil below it errs on the weeks at the turn of the year by their numbers from the end, and on the days of a week that lie in the other year; §3.3.10: the week is of the year that has four of its days; seen here, decided day by day",
        applies: |seen, difference| {
            // BYSETPOS and COUNT carry the fault to other days.
            let is_carried = seen.has("bysetpos") || seen.has("count");
            let is_near = |start: i64| is_carried || is_turn_of_year(start);
            seen.has("byweekno")
                && match difference {
                    Difference::Missing(own) => is_near(own[0]),
                    Difference::Extra(other) => is_near(other[0]),
                    _ => false,
                }
        },
    },
    Explanation {
        id: "recurring-first-week",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "dateutil below it counts WEEKLY with BYSETPOS from DTSTART in the first week (dateutil/dateutil#1398); §3.3.10: from the start of the interval",
        applies: |seen, difference| {
            seen.has("WEEKLY") && seen.has("bysetpos") && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "recurring-start-lost",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "a DTSTART that its rule does not make is lost; undefined in §3.8.5.3, an instance here",
        applies: |seen, difference| {
            seen.has("start-outside-rule") && matches!(difference, Difference::Missing(_))
        },
    },
    Explanation {
        id: "recurring-this-and-future",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "THISANDFUTURE by elapsed time, or from another instance; §3.8.4.4, on the clock here",
        applies: |seen, difference| {
            seen.has("this-and-future") && matches!(difference, Difference::Moved(..))
        },
    },
    Explanation {
        id: "recurring-lost",
        oracle: Oracle::Recurring,
        witness: Witness::Both,
        reason: "an instance is lost that both others have",
        applies: |_, difference| matches!(difference, Difference::Missing(_)),
    },
    Explanation {
        id: "recurring-lost-beside-override",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "an instance of the rule is lost beside overrides, one that was moved on its start or THISANDFUTURE; §3.8.4.4: an override stands for its own instance alone",
        applies: |seen, difference| seen.has("override") && matches!(difference, Difference::Missing(_)),
    },
    Explanation {
        id: "recurring-lost-fine",
        oracle: Oracle::Recurring,
        witness: Witness::Civil,
        reason: "HOURLY and below: an instance at the window's beginning is lost",
        applies: |seen, difference| {
            ["HOURLY", "MINUTELY", "SECONDLY"].iter().any(|tag| seen.has(tag))
                && matches!(difference, Difference::Missing(_))
        },
    },
    Explanation {
        id: "ical-period",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "fails on RDATE with PERIOD, or gives it the length of the series (kewisch/ical.js#1026)",
        applies: |seen, difference| {
            seen.has("period") && matches!(difference, Difference::Failed(_) | Difference::End(..))
        },
    },
    Explanation {
        id: "ical-end-by-clock",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "the end by the clock over a change; §3.8.5.3 and §3.3.6: DTEND and hours are exact",
        applies: end_over_change,
    },
    Explanation {
        id: "ical-end-at-window",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "as ical-end-by-clock, of an instance that so reaches into the window, or does not; §3.8.5.3: DTEND is exact",
        applies: |seen, difference| {
            let ends_there = |end: i64| (end - seen.window_start).abs() <= 9000;
            (seen.has("dtend") || seen.has("override"))
                && !seen.has("utc")
                && match difference {
                    Difference::Missing(own) => ends_there(own[1]),
                    Difference::Extra(other) => ends_there(other[1]),
                    _ => false,
                }
        },
    },
    Explanation {
        id: "ical-odd-reading",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "another instant for a reading that does not exist or exists twice; §3.3.5: offset before the gap, first of two",
        applies: odd_reading,
    },
    Explanation {
        id: "ical-override-alone",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "an override for no instance of its series is left out; an instance here (copies of attendees look so, RFC 6638 §3.2.6)",
        applies: |_, difference| matches!(difference, Difference::Missing(own) if own[2] & ORPHAN != 0),
    },
    Explanation {
        id: "ical-recurrence-id-kind",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "finds an override only where RECURRENCE-ID is written as the instance is: not as DATE or in UTC in a zoned series; §3.8.4.4 asks for the same instant",
        applies: |seen, difference| {
            (seen.has("recurrence-id-date") || seen.has("value-in-utc"))
                && seen.has("override")
                && match difference {
                    Difference::Missing(own) => own[2] & OVERRIDE != 0,
                    Difference::End(..) | Difference::Moved(..) | Difference::Extra(_) => true,
                    Difference::Failed(_) => false,
                }
        },
    },
    Explanation {
        id: "ical-override-of-excluded",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "EXDATE removes an override too; here the override goes before EXDATE, which removes what rules made",
        applies: |seen, difference| {
            seen.has("override")
                && (seen.has("exdate") || seen.has("exdate-date"))
                && matches!(difference, Difference::Missing(own) if own[2] & OVERRIDE != 0)
        },
    },
    Explanation {
        id: "ical-until-kind",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "UNTIL of another kind than DTSTART; §3.3.10 forbids it, read here as the whole day, or on DTSTART's clock",
        applies: |seen, difference| {
            (seen.has("until-date") || seen.has("until-local") || seen.has("until-utc-for-date"))
                && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "ical-until-before-start",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "UNTIL before DTSTART: no instance there; undefined in §3.8.5.3, DTSTART is an instance here",
        applies: |seen, difference| {
            seen.has("until-before-start") && matches!(difference, Difference::Missing(_))
        },
    },
    Explanation {
        id: "ical-excluded",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "EXDATE before another that is written earlier, or in another form, is passed over; §3.8.5.1",
        applies: |seen, difference| {
            (seen.has("exdate") || seen.has("exdate-date")) && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "ical-added",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "RDATE before DTSTART, equal to an instance, or beside one within a change: DTSTART is lost or an instance stands twice; §3.8.5.2, §3.8.5.3",
        applies: |seen, difference| seen.has("rdate") && is_instance_too_many_or_few(difference),
    },
    Explanation {
        id: "ical-exrule",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "EXRULE is not read; deprecated, still in the field",
        applies: |seen, difference| seen.has("exrule") && matches!(difference, Difference::Extra(_)),
    },
    Explanation {
        id: "ical-this-and-future",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "THISANDFUTURE by elapsed time, and for overrides that have their own component; §3.8.4.4, on the clock here",
        applies: |seen, difference| {
            seen.has("this-and-future") && !matches!(difference, Difference::Failed(_))
        },
    },
    Explanation {
        id: "ical-start-outside-rule",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "DTSTART that its rule does not make: undefined in §3.8.5.3; an instance here, and counted",
        applies: |seen, difference| seen.has("start-outside-rule") && is_instance_too_many_or_few(difference),
    },
    Explanation {
        id: "ical-negative-days",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "not asked: negative BYMONTHDAY in DAILY and below is searched for without end",
        applies: |seen, difference| {
            seen.has("bymonthday-negative") && failed_with(difference, "negative BYMONTHDAY is not asked")
        },
    },
    Explanation {
        id: "ical-year-days",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "refuses BYYEARDAY in other rules than YEARLY; §3.3.10 forbids it in DAILY, WEEKLY and MONTHLY alone",
        applies: |seen, difference| {
            seen.has("byyearday") && failed_with(difference, "BYYEARDAY may only appear in YEARLY rules")
        },
    },
    Explanation {
        id: "ical-yearly-times",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "YEARLY with lists of BYHOUR, BYMINUTE or BYSECOND loses times of the day; §3.3.10 expands them",
        applies: |seen, difference| {
            seen.has("YEARLY") && seen.has("clock-parts") && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "ical-week-numbers",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "BYWEEKNO: negative numbers, weeks at the turn of the year, and without a day; §3.3.10",
        applies: |seen, difference| seen.has("byweekno") && is_instance_too_many_or_few(difference),
    },
    Explanation {
        id: "ical-weekly-positions",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "passes over BYSETPOS in WEEKLY and DAILY; §3.3.10",
        applies: |seen, difference| {
            (seen.has("WEEKLY") || seen.has("DAILY"))
                && seen.has("bysetpos")
                && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "ical-unordered-days",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "BYDAY with and without ordinals beside other parts loses days; §3.3.10 lists days of either kind",
        applies: |seen, difference| {
            seen.has("ordinals-and-plain-days") && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "ical-every-month",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "YEARLY with BYMONTHDAY and without BYMONTH in other months; RFC 8984 §4.3.3.1: the month of DTSTART",
        applies: |seen, difference| {
            seen.has("YEARLY")
                && seen.has("bymonthday")
                && !seen.has("bymonth")
                && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "ical-months",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "MONTHLY with BYMONTH loses the first day of a month, YEARLY with BYMONTH puts 29 February on 1 March; §3.3.10: no such day, no instance",
        applies: |seen, difference| {
            (seen.has("MONTHLY") || seen.has("YEARLY") && !seen.has("byday"))
                && seen.has("bymonth")
                && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "ical-unordered",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "lists of numbers that are not in order are taken in the order written, so that the first behind UNTIL or COUNT ends the rest; §3.3.10 gives lists no order; seen here",
        applies: |seen, difference| seen.has("unordered") && is_instance_too_many_or_few(difference),
    },
    Explanation {
        id: "ical-refused",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "refuses BYDAY beside BYMONTHDAY with some numbers; §3.3.10 allows both",
        applies: |seen, difference| {
            seen.has("byday")
                && seen.has("bymonthday")
                && failed_with(difference, "Malformed values in BYDAY")
        },
    },
    Explanation {
        id: "ical-positions",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "BYSETPOS of sets with several times of day, of WEEKLY and DAILY, is not what stands in §3.3.10",
        applies: |seen, difference| seen.has("bysetpos") && !matches!(difference, Difference::End(..)),
    },
    Explanation {
        id: "ical-parts",
        oracle: Oracle::Ical,
        witness: Witness::Both,
        reason: "lists that are not in order, negative BYMONTHDAY in DAILY and below, BYWEEKNO, BYHOUR and below as filters, the first week with WKST: instances too many or few; both others agree",
        applies: |seen, difference| {
            ["clock-parts", "bymonthday", "byweekno", "byyearday", "byday", "bymonth", "wkst"]
                .iter()
                .any(|tag| seen.has(tag))
                && is_instance_too_many_or_few(difference)
        },
    },
    Explanation {
        id: "ical-override-end",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "the end of an override over a change of the clocks",
        applies: |_, difference| {
            matches!(difference, Difference::End(own, other)
                if own[2] & OVERRIDE != 0 && own[2] & CHANGE != 0 && by_clock_change(own[1], other[1]))
        },
    },
    Explanation {
        id: "ical-zone-offset",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "reads a time with another offset than its VTIMEZONE gives it, far from the changes listed there, or around one",
        applies: |seen, difference| {
            let is_near = |one: i64, other: i64| (one - other).abs() <= 3 * 3600;
            !seen.has("utc")
                && match difference {
                    Difference::Moved(own, other) => is_near(own[0], other[0]),
                    Difference::End(own, other) => is_near(own[1], other[1]),
                    Difference::Missing(own) => own[2] & CHANGE != 0,
                    Difference::Extra(_) | Difference::Failed(_) => false,
                }
        },
    },
    Explanation {
        id: "ical-no-answer",
        oracle: Oracle::Ical,
        witness: Witness::Civil,
        reason: "no answer within its time: it steps through every second, and reads long VTIMEZONEs slowly",
        applies: |_, difference| failed_with(difference, "no answer in time"),
    },
];
