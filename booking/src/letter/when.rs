//! Instants in words, on the clock of a zone and always with its name.

use calendar::civil::{Date, DateTime};
use calendar::time::Instant;
use calendar::zone::Zone;

use crate::words::{month_name, weekday_name};

fn clock(local: DateTime) -> String {
    format!("{:02}:{:02}", local.hour(), local.minute())
}

fn day(date: Date) -> String {
    format!("{} {} {} {}", weekday_name(date.weekday()), date.day(), month_name(date.month()), date.year())
}

/// `Tue 24 Nov 2026 10:00 (Europe/Paris)`.
pub(super) fn short(zone: &Zone, start: Instant) -> String {
    let local = zone.local_of(start);
    let date = local.date();
    format!(
        "{} {} {} {} {} ({})",
        &weekday_name(date.weekday())[..3],
        date.day(),
        &month_name(date.month())[..3],
        date.year(),
        clock(local),
        zone.name()
    )
}

/// `Tuesday 24 November 2026, 10:00–10:30 (Europe/Paris, UTC+01:00)`; the offset tells the two readings of a repeated
/// hour apart.
pub(super) fn long(zone: &Zone, start: Instant, end: Instant) -> String {
    let (from, to) = (zone.local_of(start), zone.local_of(end));
    let (before, after) = (offset(zone, start), offset(zone, end));
    let place = if before == after {
        format!("({}, {before})", zone.name())
    } else {
        format!("({}, {before} to {after})", zone.name())
    };
    if from.date() == to.date() {
        format!("{}, {}–{} {place}", day(from.date()), clock(from), clock(to))
    } else {
        format!("{}, {} – {}, {} {place}", day(from.date()), clock(from), day(to.date()), clock(to))
    }
}

/// `UTC+05:45`.
fn offset(zone: &Zone, at: Instant) -> String {
    let seconds = zone.offset_at(at);
    let sign = if seconds < 0 { '−' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> Zone {
        Zone::iana("Europe/Paris").unwrap()
    }

    #[test]
    fn instants_are_read_on_the_zone_s_clock() {
        // 2026-11-24T09:00:00Z
        let start = Instant::from_unix(1_795_510_800);
        assert_eq!(short(&paris(), start), "Tue 24 Nov 2026 10:00 (Europe/Paris)");
        assert_eq!(
            long(&paris(), start, start.plus(1800)),
            "Tuesday 24 November 2026, 10:00–10:30 (Europe/Paris, UTC+01:00)"
        );
        let kathmandu = Zone::iana("Asia/Kathmandu").unwrap();
        assert_eq!(
            long(&kathmandu, start.plus(9 * 3600), start.plus(10 * 3600)),
            "Tuesday 24 November 2026, 23:45 – Wednesday 25 November 2026, 00:45 (Asia/Kathmandu, UTC+05:45)"
        );
    }

    #[test]
    fn the_two_readings_of_a_repeated_hour_are_told_apart() {
        // 2027-10-31T00:00:00Z, 02:00 for the first time.
        let first = Instant::from_unix(1_824_940_800);
        assert_eq!(
            long(&paris(), first, first.plus(1800)),
            "Sunday 31 October 2027, 02:00–02:30 (Europe/Paris, UTC+02:00)"
        );
        assert_eq!(
            long(&paris(), first.plus(3600), first.plus(5400)),
            "Sunday 31 October 2027, 02:00–02:30 (Europe/Paris, UTC+01:00)"
        );
    }
}
