"""Answers the cases of one file: `oracle.py CASES ANSWERS`.

Two answers to each case, as lists of [start, end] in UTC seconds: `recurring` by recurring-ical-events, `civil` by
dateutil on the local clock (see civil.py). What cannot be answered is an object with `error`.
"""

import json
import signal
import sys
import warnings
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from civil import Case, Iana, shares

# Seconds of processor time that one answer may take, so that a search without end is told as such.
PATIENCE = 15


class TooLong(Exception):
    pass


def give_up(*_):
    raise TooLong("no answer in time")


def recurring(case):
    zone = Iana(case["zone"])

    def instant(value):
        if not isinstance(value, datetime):
            return zone.instant(datetime(value.year, value.month, value.day))
        if value.tzinfo is None:
            return zone.instant(value)
        return round(value.timestamp())

    if "ordinals-and-plain-days" in case["tags"]:
        # It takes what is in both, mostly nothing, and searches for it to the year 9999.
        raise NotImplementedError("BYDAY with and without ordinals")
    calendar = icalendar.Calendar.from_ical(case["ics"])
    # Floating times are compared with the readings of the window.
    ends = [datetime.fromtimestamp(case[name], ZoneInfo(case["zone"])) for name in ("from", "to")]
    around = timedelta(seconds=min(case["slack"], 3 * 86_400))
    found = recurring_ical_events.of(calendar).between(ends[0] - around, ends[1] + around)
    spans = [(instant(event.start), instant(event.end)) for event in found]
    window = case["from"], case["to"]
    return sorted(span for span in spans if shares(span, window))


def answer(ask):
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        return ask()
    except TooLong as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001, an oracle may fail in any way
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def main():
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGVTALRM, give_up)
    with open(sys.argv[1], encoding="utf-8") as cases, open(sys.argv[2], "w", encoding="utf-8") as answers:
        for line in cases:
            case = json.loads(line)
            found = {
                "id": case["id"],
                "recurring": answer(lambda: recurring(case)),
                "civil": answer(lambda: Case(case).instances()),
            }
            answers.write(json.dumps(found) + "\n")


main()
