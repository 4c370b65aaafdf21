"""Nanoseconds an instance of dateutil for the rules of calendar/benches/expansion.rs: near DTSTART and in 2040."""

import time
from datetime import datetime

from dateutil import rrule

RULES = [
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "FREQ=HOURLY;INTERVAL=7",
]


def measure(text, year):
    begin = time.perf_counter_ns()
    rule = rrule.rrulestr(text, dtstart=datetime(1970, 1, 1, 9))
    count = len(rule.between(datetime(year, 1, 1), datetime(year, 12, 31, 23, 59, 59), inc=True))
    return (time.perf_counter_ns() - begin) // max(count, 1)


for text in RULES:
    near, far = (min(measure(text, year) for _ in range(3)) for year in (1970, 2040))
    print(f"dateutil {text}: {near} ns an instance near, {far} far")
