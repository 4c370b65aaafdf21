#!/usr/bin/env python3
"""Measures the booking page over five feeds of 2,000 events: time to first byte, CPU per answer, memory; and what
opening a store of 50,000 events takes.

    cargo build --release && target/venv/bin/python tests/acceptance/measure.py [page | open]

Prints Markdown tables; `docs/benchmarks.md` says on which machine the kept figures were taken.
"""

import datetime as dt
import http.client
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

from kalends import BINARY, Server

UTC = dt.timezone.utc
FEEDS, EVENTS, SERIES = 5, 2000, 100
LARGE_EVENTS = 10_000
HOURS = 'working_hours = { mon-fri = ["09:00-12:00", "13:00-17:30"] }'
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


def large_feed(number):
    """A fifth recurs, a tenth of that without end since 2015; the others lie between 2022 and 2028."""
    dice = random.Random(100 + number)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//feed {number}//EN"]
    rules = ("FREQ=WEEKLY", 40), ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", 60), ("FREQ=MONTHLY", 12), ("FREQ=YEARLY", 5)
    for event in range(LARGE_EVENTS):
        first, days = (2015, 300) if event % 50 == 0 else (2022, 2550)
        start = dt.datetime(first, 1, 1, 7) + dt.timedelta(days=dice.randrange(days), minutes=15 * dice.randrange(48))
        lines += ["BEGIN:VEVENT", f"UID:{number}-{event}@large.example", "DTSTAMP:20260101T000000Z",
                  f"DTSTART;TZID=Europe/Berlin:{start:%Y%m%dT%H%M%S}", f"DURATION:PT{dice.choice((15, 30, 60, 90))}M"]
        if event % 5 == 0:
            rule, count = dice.choice(rules)
            lines.append(f"RRULE:{rule}" + (f";COUNT={count}" if event % 50 else ""))
        lines += [f"SUMMARY:Event {event} of feed {number}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def sources(folder, make):
    text = ""
    for number in range(FEEDS):
        (folder / f"{number}.ics").write_text(make(number))
        text += f'\n  [[owner.source]]\n  id = "feed{number}"\n  kind = "ics"\n  path = "{folder}/{number}.ics"\n'
    return text


def serving(server):
    """Starts the program; seconds until it answers."""
    with open(server.folder / "log", "ab") as log:
        began = time.perf_counter()
        server.process = subprocess.Popen(
            [BINARY, "serve", "--config", server.config], stdout=log, stderr=log, cwd=server.folder)
    while time.perf_counter() - began < 60:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return time.perf_counter() - began
        except OSError:
            time.sleep(0.002)
        finally:
            connection.close()
        assert server.process.poll() is None, (server.folder / "log").read_text()[-3000:]
    raise AssertionError("the server does not answer")


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


def sync(server):
    subprocess.run([BINARY, "source", "sync", "--config", server.config], check=True, capture_output=True, timeout=900)


def show(rows):
    print("| what | measured |\n| --- | --- |")
    for what, measured in rows:
        print(f"| {what} | {measured} |")
    print()


def opening():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kalends-measure-"))
    with Server(folder=folder, owner_more=sources(folder, large_feed), hours=HOURS) as server:
        began = time.perf_counter()
        sync(server)
        rows = [(f"first sync of {FEEDS * LARGE_EVENTS:,} events", f"{time.perf_counter() - began:.1f} s"),
                ("resident memory after it (peak)",
                 f"{resident(server.process.pid):.1f} MiB ({resident(server.process.pid, 'VmHWM'):.1f})")]
        server.stop()
        starts = []
        for _ in range(5):
            starts.append(serving(server) * 1000)
            server.stop()
        rows.append(("from the start of the program to its first answer, min / median of 5",
                     f"{min(starts):.0f} / {statistics.median(starts):.0f} ms"))
        serving(server)
        start = dt.datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        stamp = "%Y%m%dT%H%M%SZ"
        for what in ("first", "second"):
            began = time.perf_counter()
            busy = server.free_busy(start.strftime(stamp), (start + dt.timedelta(weeks=8)).strftime(stamp))
            rows.append((f"free-busy of eight weeks ({len(busy)} periods), {what} question, everything included",
                         f"{(time.perf_counter() - began) * 1000:.1f} ms"))
        shown, _ = ask(server.port, "/ada/intro?tz=Europe/Berlin", 1)
        rows.append(("booking page after it: time to first byte", f"{shown[0]:.1f} ms"))
        pid = server.process.pid
        rows.append(("resident memory after these questions (peak), of it not backed by files",
                     f"{resident(pid):.1f} MiB ({resident(pid, 'VmHWM'):.1f}), {resident(pid, 'RssAnon'):.1f} MiB"))
        show(rows)


def page():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kalends-measure-"))
    began = time.perf_counter()
    with Server(folder=folder, owner_more=sources(folder, feed), hours=HOURS) as server:
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
        show(rows)


if __name__ == "__main__":
    asked = sys.argv[1:] or ["page", "open"]
    if "page" in asked:
        page()
    if "open" in asked:
        opening()
