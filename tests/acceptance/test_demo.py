"""The first minute of a new owner: the demo answers free-busy, and an independent program agrees."""

import datetime as dt
import re
import shlex
import signal
import subprocess
import time

import icalendar
import recurring_ical_events

from kalends import BINARY, ROOT, periods

UTC = dt.timezone.utc


def busy_by_hand(text, start, end, zone):
    """Busy spans of one feed by `recurring-ical-events`, by the table of RFC 4791 section 7.10."""
    import zoneinfo
    calendar = icalendar.Calendar.from_ical(text)
    named = calendar.get("X-WR-TIMEZONE")
    floating = zoneinfo.ZoneInfo(str(named) if named else zone)

    def instant(value):
        if not isinstance(value, dt.datetime):
            return dt.datetime(value.year, value.month, value.day, tzinfo=floating).astimezone(UTC)
        return (value if value.tzinfo else value.replace(tzinfo=floating)).astimezone(UTC)

    spans = []
    for one in recurring_ical_events.of(calendar).between(start - dt.timedelta(days=2), end + dt.timedelta(days=2)):
        status, transparent = str(one.get("STATUS", "")).upper(), str(one.get("TRANSP", "")).upper()
        if status == "CANCELLED" or transparent == "TRANSPARENT":
            continue
        first, last = instant(one.start), instant(one.end)
        first, last = max(first, start), min(last, end)
        if first < last:
            spans.append((first, last, "BUSY-TENTATIVE" if status == "TENTATIVE" else "BUSY"))
    return spans


def merged(spans):
    """Disjoint spans; BUSY wins over BUSY-TENTATIVE."""
    edges = sorted({edge for span in spans for edge in span[:2]})
    out = []
    for first, last in zip(edges, edges[1:]):
        kinds = {kind for a, b, kind in spans if a <= first and last <= b}
        kind = "BUSY" if "BUSY" in kinds else "BUSY-TENTATIVE" if kinds else None
        if kind and out and out[-1][1] == first and out[-1][2] == kind:
            out[-1] = (out[-1][0], last, kind)
        elif kind:
            out.append((first, last, kind))
    stamp = lambda moment: moment.strftime("%Y%m%dT%H%M%SZ")
    return sorted((stamp(a), stamp(b), kind) for a, b, kind in out)


def test_demo_answers_free_busy_within_a_second(tmp_path):
    began = time.monotonic()
    demo = subprocess.Popen([BINARY], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        command, printed = None, []
        for line in demo.stdout:
            printed.append(line)
            if re.search(r"\bcurl\b", line):
                command = line.strip().lstrip("$ ")
                while command.endswith("\\"):
                    command = command[:-1] + demo.stdout.readline().strip()
                break
        assert command, "no curl line in:\n" + "".join(printed)
        answer = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=10)
        took = time.monotonic() - began
        assert "BEGIN:VFREEBUSY" in answer.stdout, f"{command}\n{answer.stdout}\n{answer.stderr}"
        assert took < 1.0, f"{took:.2f} s from start to answer"

        window = re.findall(r"(?:start|end)=\"?(\d{8}T\d{6}Z)", command)
        start, end = (dt.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) for text in window[:2])
        feeds = sorted((ROOT / "config/demo").glob("*.ics"))
        assert len(feeds) == 3
        spans = [span for feed in feeds for span in busy_by_hand(feed.read_text(), start, end, "Europe/Berlin")]
        assert spans, "the demo must be alive at any date"
        assert periods(answer.stdout) == merged(spans)
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=15) == 0, "Ctrl-C ends it cleanly"
