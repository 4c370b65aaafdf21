#!/usr/bin/env python3
"""Measures the booking page over five feeds of 2,000 events: time to first byte, CPU per answer, memory.

    cargo build --release && target/venv/bin/python tests/acceptance/measure.py

Prints a Markdown table; `docs/benchmarks.md` says on which machine the kept figures were taken.
"""

import datetime as dt
import http.client
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time

from kalends import Server

UTC = dt.timezone.utc
FEEDS, EVENTS, SERIES = 5, 2000, 100
TICK = os.sysconf("SC_CLK_TCK")


def feed(number):
    dice = random.Random(number)
    now = dt.datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//feed {number}//EN"]
    for event in range(EVENTS):
        start = now + dt.timedelta(days=dice.randrange(-90, 400), hours=dice.randrange(24), minutes=dice.choice((0, 15, 30, 45)))
        end = start + dt.timedelta(minutes=dice.choice((15, 30, 60, 90)))
        lines += ["BEGIN:VEVENT", f"UID:{number}-{event}@feeds.example", "DTSTAMP:20260101T000000Z"]
        if event < SERIES:
            start = start.replace(year=2024, day=min(start.day, 28))
            lines += [f"DTSTART;TZID=Europe/Berlin:{start:%Y%m%dT%H%M%S}", "DURATION:PT30M",
                      f"RRULE:FREQ=WEEKLY;BYDAY={dice.choice(('MO', 'TU', 'WE', 'TH', 'FR'))}"]
        else:
            lines += [f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{end:%Y%m%dT%H%M%SZ}"]
        lines += [f"SUMMARY:Event {event} of feed {number}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident(pid, key="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    return 0.0


def ask(port, path, rounds, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times, size = [], 0
    for _ in range(rounds):
        began = time.perf_counter()
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        times.append((time.perf_counter() - began) * 1000)
        size = len(answer.read())
        assert answer.status == 200, answer.status
    return times, size


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kalends-measure-"))
    sources = ""
    for number in range(FEEDS):
        (folder / f"{number}.ics").write_text(feed(number))
        sources += f'\n  [[owner.source]]\n  id = "feed{number}"\n  kind = "ics"\n  path = "{folder}/{number}.ics"\n'
    hours = 'working_hours = { mon-fri = ["09:00-12:00", "13:00-17:30"] }'
    began = time.perf_counter()
    with Server(folder=folder, owner_more=sources, hours=hours) as server:
        server.cli("source", "sync")
        synced = time.perf_counter() - began
        pid = server.process.pid
        rows = [("first sync of all feeds, from the start of the program", f"{synced:.2f} s"),
                ("resident memory after it (peak)", f"{resident(pid):.1f} MiB ({resident(pid, 'VmHWM'):.1f})")]
        path = "/ada/intro?tz=Europe/Berlin"
        cold, size = ask(server.port, path, 1)
        rows.append(("booking page, first request: time to first byte", f"{cold[0]:.2f} ms"))
        ask(server.port, path, 50)
        rounds = 3000
        before = cpu(pid)
        times, size = ask(server.port, path, rounds)
        spent = (cpu(pid) - before) / rounds * 1000
        times.sort()
        rows.append((f"booking page ({size} octets): time to first byte, median / p99",
                     f"{statistics.median(times):.2f} / {times[int(len(times) * 0.99)]:.2f} ms"))
        rows.append(("booking page: CPU time per answer, everything included", f"{spent:.3f} ms"))
        rows.append(("resident memory at the end (peak)", f"{resident(pid):.1f} MiB ({resident(pid, 'VmHWM'):.1f})"))
        server.stop()
        server.start()
        ask(server.port, path, 50)
        rows.append(("resident memory after a restart, with the page asked 50 times",
                     f"{resident(server.process.pid):.1f} MiB"))
        print("| what | measured |\n| --- | --- |")
        for what, measured in rows:
            print(f"| {what} | {measured} |")


if __name__ == "__main__":
    sys.exit(main())
