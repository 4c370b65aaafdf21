"""Expands a calendar object by dateutil on the local clock, and maps readings to instants by zoneinfo.

Shares nothing with Kalends but the readings that docs/differential.md states. Where dateutil is known to differ from
RFC 5545 the rule is put to it in another form (see `rule_of`).
"""

import bisect
import calendar
import itertools
import re
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from dateutil import rrule

EPOCH = datetime(1970, 1, 1)
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
FREQUENCIES = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"]


def seconds(reading):
    """Seconds of a naive reading since the epoch, as if it were UTC."""
    return (reading - EPOCH) // timedelta(seconds=1)


class Iana:
    def __init__(self, name):
        self.zone = ZoneInfo(name)

    def instant(self, reading):
        # fold=0: the first of two; in a gap the offset before it (PEP 495).
        return seconds(reading) - self.zone.utcoffset(reading.replace(tzinfo=self.zone)) // timedelta(seconds=1)

    def reading(self, instant):
        aware = (EPOCH + timedelta(seconds=instant)).replace(tzinfo=timezone.utc).astimezone(self.zone)
        return aware.replace(tzinfo=None, fold=0)


class Defined:
    """The rules of a VTIMEZONE, laid out to 2100."""

    def __init__(self, component):
        changes = set()
        for part in component.parts:
            before, after = (offset(part.value(name)) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
            start = datetime.strptime(part.value("DTSTART"), "%Y%m%dT%H%M%S")
            onsets = {start}
            if rule := part.value("RRULE"):
                onsets.update(rrule.rrulestr(rule, dtstart=start).between(start, datetime(2100, 1, 1), inc=True))
            for _, value in part.all("RDATE"):
                onsets.update(datetime.strptime(text, "%Y%m%dT%H%M%S") for text in value.split(","))
            changes.update((seconds(onset) - before, before, after) for onset in onsets)
        self.changes = sorted(changes)
        self.times = [change[0] for change in self.changes]

    def offset(self, instant):
        at = bisect.bisect_right(self.times, instant) - 1
        return self.changes[at][2] if at >= 0 else self.changes[0][1]

    def instant(self, reading):
        local = seconds(reading)
        offsets = {offset for change in self.changes for offset in change[1:]}
        shown = [local - each for each in offsets if self.offset(local - each) == each]
        if shown:
            return min(shown)
        return next(local - before for at, before, after in self.changes if at + before <= local < at + after)

    def reading(self, instant):
        return EPOCH + timedelta(seconds=instant + self.offset(instant))


def offset(text):
    total = int(text[1:3]) * 3600 + int(text[3:5]) * 60 + int(text[5:7] or 0)
    return -total if text[0] == "-" else total


class Component:
    def __init__(self, name):
        self.name, self.lines, self.parts = name, [], []

    def all(self, name):
        return [(parameters, value) for other, parameters, value in self.lines if other == name]

    def first(self, name):
        return next(iter(self.all(name)), None)

    def value(self, name):
        found = self.first(name)
        return found[1] if found else None


def read(text):
    """The VCALENDAR as a tree."""
    open_ones = [Component("")]
    for line in text.replace("\r\n ", "").split("\r\n"):
        if not line:
            continue
        head, value = line.split(":", 1)
        name, *parameters = head.split(";")
        if name == "BEGIN":
            open_ones.append(Component(value))
            open_ones[-2].parts.append(open_ones[-1])
        elif name == "END":
            open_ones.pop()
        else:
            open_ones[-1].lines.append((name, dict(each.split("=", 1) for each in parameters), value))
    return open_ones[0].parts[0]


class Value:
    """A DATE or DATE-TIME: a reading of a clock, and whose clock that is."""

    def __init__(self, reading, zone, is_date, is_floating=False):
        self.reading, self.zone, self.is_date, self.is_floating = reading, zone, is_date, is_floating
        self.at = zone.instant(reading)

    def moved(self, reading):
        return Value(reading, self.zone, self.is_date, self.is_floating)


UTC = Iana("UTC")


class Case:
    def __init__(self, case):
        self.calendar = read(case["ics"])
        self.zone = Iana(case["zone"])
        self.defined = {
            part.value("TZID"): Defined(part)
            for part in self.calendar.parts
            if part.name == "VTIMEZONE" and case["defined"]
        }
        self.window = case["from"], case["to"]
        # Original starts are looked at so far behind the window: overrides and THISANDFUTURE move instances.
        self.slack = timedelta(seconds=case["slack"])

    def parse(self, parameters, text):
        if len(text) == 8:
            return Value(datetime.strptime(text, "%Y%m%d"), self.zone, True)
        reading = datetime.strptime(text[:15], "%Y%m%dT%H%M%S")
        if text.endswith("Z"):
            return Value(reading, UTC, False)
        if tzid := parameters.get("TZID"):
            return Value(reading, self.defined.get(tzid) or Iana(tzid), False)
        return Value(reading, self.zone, False, True)

    def named(self, start, value):
        """A value that names an instance of the series, in the manner of its start."""
        if value.is_date and not start.is_date:
            return start.moved(datetime.combine(value.reading.date(), start.reading.time()))
        return value

    def instances(self):
        events = [part for part in self.calendar.parts if part.name == "VEVENT"]
        master = next(event for event in events if not event.first("RECURRENCE-ID"))
        start = self.parse(*master.first("DTSTART"))
        length = self.length(master, start)
        overrides, shifts = {}, []
        for event in events:
            if found := event.first("RECURRENCE-ID"):
                named = self.named(start, self.parse(*found))
                own = self.parse(*event.first("DTSTART"))
                overrides[named.at] = self.span(own, self.length(event, own))
                if found[0].get("RANGE") == "THISANDFUTURE":
                    moved = start.zone.reading(own.at) - start.zone.reading(named.at)
                    shifts.append((named.at, moved, self.length(event, own)))
        shifts.sort(key=lambda shift: shift[0])
        spans = [span for at, span in overrides.items()]
        for at, (value, own_length) in self.originals(master, start).items():
            if at in overrides:
                continue
            shift = next((shift for shift in reversed(shifts) if shift[0] <= at), None)
            if shift:
                own = start.moved(start.zone.reading(at) + shift[1] if value.zone is not start.zone else value.reading + shift[1])
                spans.append(self.span(own, shift[2]))
            else:
                spans.append(self.span(value, own_length or length))
        return sorted(span for span in spans if shares(span, self.window))

    def originals(self, master, start):
        found = {start.at: (start, None)}
        for _, rule in master.all("RRULE"):
            for reading in self.readings(rule, start, True):
                value = start.moved(reading)
                found.setdefault(value.at, (value, None))
        for parameters, text in master.all("RDATE"):
            for each in text.split(","):
                first, _, last = each.partition("/")
                value = self.named(start, self.parse(parameters, first))
                if not last:
                    found.setdefault(value.at, (value, None))
                elif value.at in found and found[value.at][1]:
                    # Of two periods with one start the first.
                    continue
                elif last.startswith("P"):
                    found[value.at] = (value, ("nominal", duration(last)))
                else:
                    found[value.at] = (value, ("exact", self.parse(parameters, last).at - value.at))
        gone, days = set(), set()
        for parameters, text in master.all("EXDATE"):
            for value in (self.parse(parameters, each) for each in text.split(",")):
                if value.is_date and not start.is_date:
                    days.add(value.reading.date())
                else:
                    gone.add(value.at)
        for _, rule in master.all("EXRULE"):
            gone.update(start.moved(reading).at for reading in self.readings(rule, start, False))
        return {
            at: value
            for at, value in found.items()
            if at not in gone and start.zone.reading(at).date() not in days
        }

    def readings(self, text, start, counts_start):
        """What a rule makes of DTSTART; DTSTART itself is the first, and counted, whether the rule makes it or not."""
        parts = dict(part.split("=", 1) for part in text.split(";"))
        left = int(parts.get("COUNT", 1 << 40))
        until = parts.get("UNTIL")
        last = start.zone.reading(self.window[1]) + self.slack
        if counts_start:
            left -= 1
            yield start.reading
        for reading in rule_of(parts, start.reading):
            if left <= 0 or reading > last:
                return
            if reading < start.reading or reading == start.reading and counts_start:
                continue
            if until and len(until) == 8 and reading.date() > datetime.strptime(until, "%Y%m%d").date():
                return
            if until and len(until) == 15 and reading > datetime.strptime(until, "%Y%m%dT%H%M%S"):
                return
            if until and until.endswith("Z"):
                end = datetime.strptime(until, "%Y%m%dT%H%M%SZ")
                if start.is_date:
                    if reading.date() > end.date():
                        return
                elif start.zone.instant(reading) > seconds(end):
                    return
            left -= 1
            yield reading

    def length(self, event, start):
        if end := event.first("DTEND"):
            end = self.parse(*end)
            if start.is_date:
                return "days", (end.reading - start.reading).days
            return "exact", end.at - start.at
        if text := event.value("DURATION"):
            return "nominal", duration(text)
        return ("days", 1) if start.is_date else ("exact", 0)

    def span(self, value, length):
        manner, size = length
        if manner == "exact":
            return value.at, value.at + size
        if manner == "days":
            return value.at, value.zone.instant(value.reading + timedelta(days=size))
        days, rest = size
        return value.at, (value.zone.instant(value.reading + timedelta(days=days)) if days else value.at) + rest


def duration(text):
    weeks, days, hours, minutes, rest = (
        int(each or 0)
        for each in re.fullmatch(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text).groups()
    )
    return weeks * 7 + days, hours * 3600 + minutes * 60 + rest


def rule_of(parts, start):
    """The readings of a rule by dateutil, without COUNT and UNTIL, from the beginning of DTSTART's week on.

    Put otherwise than written, so that dateutil gives what RFC 5545 says:
    * WEEKLY with BYSETPOS from the first day of the week (dateutil/dateutil#1398);
    * BYWEEKNO without a day: the weekday of DTSTART (dateutil: all seven);
    * YEARLY with BYMONTHDAY without BYMONTH: the month of DTSTART (dateutil: every month);
    * BYDAY with and without ordinals: each plain day as all its ordinals (dateutil: what is in both).

    BYWEEKNO is looked for day by day (dateutil errs on the weeks at the turn of the year), and so are ordinals beside
    BYMONTHDAY without BYMONTH (dateutil cannot be told the implied month and ordinals of the year at once).
    """
    numbers = {
        name: [int(each) for each in parts[name].split(",")]
        for name in (
            "BYSECOND BYMINUTE BYHOUR BYMONTHDAY BYYEARDAY BYWEEKNO BYMONTH BYSETPOS".split()
        )
        if name in parts
    }
    frequency, week_start = parts["FREQ"], DAYS.index(parts.get("WKST", "MO"))
    days = [re.fullmatch(r"([+-]?\d+)?(\w\w)", each).groups() for each in parts.get("BYDAY", "").split(",") if each]
    days = [(int(ordinal) if ordinal else None, DAYS.index(name)) for ordinal, name in days]
    months_named = "BYMONTH" in numbers
    if frequency == "YEARLY" and "BYYEARDAY" not in numbers:
        if "BYMONTH" not in numbers and "BYWEEKNO" not in numbers and ("BYMONTHDAY" in numbers or not days):
            numbers["BYMONTH"] = [start.month]
        if "BYMONTHDAY" not in numbers and "BYWEEKNO" not in numbers and not days:
            numbers["BYMONTHDAY"] = [start.day]
        if "BYWEEKNO" in numbers and "BYMONTHDAY" not in numbers and not days:
            days = [(None, start.weekday())]
    if frequency == "WEEKLY" and not days and "BYMONTHDAY" not in numbers and "BYYEARDAY" not in numbers:
        days = [(None, start.weekday())]
    has_ordinals = any(ordinal for ordinal, _ in days)
    has_implied_month = "BYMONTHDAY" in numbers and not months_named
    if frequency == "YEARLY" and ("BYWEEKNO" in numbers or has_ordinals and has_implied_month):
        return by_days(numbers, days, int(parts.get("INTERVAL", 1)), week_start, start)
    if frequency in ("YEARLY", "MONTHLY") and any(ordinal for ordinal, _ in days):
        most = 53 if frequency == "YEARLY" and "BYMONTH" not in numbers else 5
        days = [
            (each, day) for ordinal, day in days for each in ([ordinal] if ordinal else range(1, most + 1))
        ]
    begin = start
    if frequency == "WEEKLY":
        begin = start - timedelta(days=(start.weekday() - week_start) % 7)
    try:
        return iter(
            rrule.rrule(
                FREQUENCIES.index(frequency),
                dtstart=begin,
                interval=int(parts.get("INTERVAL", 1)),
                wkst=week_start,
                byweekday=[rrule.weekday(day, ordinal) for ordinal, day in days] or None,
                **{name.lower(): values for name, values in numbers.items()},
            )
        )
    except ValueError as error:
        # A set of hours, minutes or seconds that no step comes to.
        if "empty set" in str(error):
            return iter(())
        raise


def by_days(numbers, days, interval, week_start, start):
    """FREQ=YEARLY without BYYEARDAY, every day of every year looked at; ordinals of BYDAY are the year's."""
    time_parts = [numbers.get(f"BY{name.upper()}", [getattr(start, name)]) for name in ("hour", "minute", "second")]
    times = [timedelta(hours=h, minutes=m, seconds=s) for h, m, s in itertools.product(*map(sorted, time_parts))]
    for year in range(start.year, 2101, interval):
        first, last = date(year, 1, 1), date(year, 12, 31)
        every = [first + timedelta(days=each) for each in range((last - first).days + 1)]
        kept = [
            datetime.combine(day, datetime.min.time()) + time
            for day in every
            if day.month in numbers.get("BYMONTH", [day.month])
            and is_named(numbers, "BYMONTHDAY", day.day, calendar.monthrange(year, day.month)[1])
            and is_named(numbers, "BYWEEKNO", *week(day, week_start))
            and (not days or any(is_weekday(day, *each) for each in days))
            for time in times
        ]
        if "BYSETPOS" in numbers:
            places = {at - 1 if at > 0 else len(kept) + at for at in numbers["BYSETPOS"]}
            kept = [reading for place, reading in enumerate(kept) if place in places]
        yield from kept


def is_named(numbers, part, forward, length):
    return part not in numbers or forward in numbers[part] or forward - length - 1 in numbers[part]


def is_weekday(day, ordinal, weekday):
    if day.weekday() != weekday or not ordinal:
        return day.weekday() == weekday
    of_year = day.timetuple().tm_yday
    left = date(day.year, 12, 31).timetuple().tm_yday - of_year
    return ordinal == (of_year + 6) // 7 if ordinal > 0 else -ordinal == (left + 7) // 7


def week(day, week_start):
    """The number of the day's week, and how many its year has: a week is of the year that has four of its days."""
    middle = day - timedelta(days=(day.weekday() - week_start) % 7) + timedelta(days=3)
    count = lambda each: (each.timetuple().tm_yday - 1) // 7 + 1
    last = date(middle.year, 12, 31)
    while (last.weekday() - week_start) % 7 != 3:
        last -= timedelta(days=1)
    return count(middle), count(last)


def shares(span, window):
    start, end = span[0], max(span)
    if start == end:
        return window[0] <= start < window[1]
    return start < window[1] and window[0] < end
