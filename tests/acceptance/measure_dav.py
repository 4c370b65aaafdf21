#!/usr/bin/env python3
"""Puts the same CalDAV requests to Kalends, Radicale and Xandikos, one after the other: CPU per request, time, memory.

    cargo build --release && target/venv/bin/python tests/acceptance/measure_dav.py [kalends] [radicale] [xandikos]

A calendar of 10,000 events, one client over one connection. The others are asked for in `requirements-peers.txt`
(`cargo xtask bench` installs them in `target/venv-peers`). Prints a Markdown table; `docs/benchmarks.md` keeps one.
"""

import datetime as dt
import http.client
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from kalends import ROOT, Server, basic, free_port
from measure import cpu, resident

PEERS = ROOT / "target/venv-peers/bin"
EVENTS = 10_000
# A measurement ends with the first of these that is reached, but not before the least count.
SECONDS, COUNT_LEAST, COUNT_MOST = 4.0, 10, 4000
DAV, CALDAV = 'xmlns:D="DAV:"', 'xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"'


def event(number, summary="Weekly review"):
    start = dt.datetime(2026, 1, 1, 8) + dt.timedelta(hours=number % 5000)
    rule = "RRULE:FREQ=WEEKLY;COUNT=20\r\n" if number % 5 == 0 else ""
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//measure//EN\r\nBEGIN:VEVENT\r\n"
            f"UID:event-{number}@measure.example\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\n"
            f"DURATION:PT45M\r\n{rule}SUMMARY:{summary} {number}\r\nLOCATION:Room {number % 40}\r\n"
            "DESCRIPTION:What was done\\, what comes next\\, who needs help.\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


class Kalends:
    name, path = "Kalends", "/dav/calendars/ada/personal/"

    def __init__(self):
        self.server = Server(event_types=[]).start()
        self.port, self.pid, self.user = self.server.port, self.server.process.pid, basic(*self.server.auth)

    def fill(self, client):
        for number in range(EVENTS):
            assert client.ask("PUT", f"{self.path}{number}.ics", event(number), kind="text/calendar")[0] == 201

    def end(self):
        self.server.stop()
        shutil.rmtree(self.server.folder)


class Peer:
    """A server whose folder is filled before it starts, as its own files."""

    user = basic("ada", "secret")

    def __init__(self):
        self.folder, self.port = pathlib.Path(tempfile.mkdtemp(prefix="measure-")), free_port()
        self.lay_out()
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command(), cwd=self.folder, stdout=subprocess.DEVNULL,
                                        stderr=open(self.folder / "log", "ab"))
        self.pid = self.process.pid
        for _ in range(600):
            try:
                return http.client.HTTPConnection("127.0.0.1", self.port, timeout=1).connect()
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def fill(self, _):
        """It was laid out full."""

    def end(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


class Radicale(Peer):
    name, path = "Radicale", "/ada/personal/"

    def lay_out(self):
        calendar = self.folder / "collections/collection-root/ada/personal"
        calendar.mkdir(parents=True)
        (calendar / ".Radicale.props").write_text('{"tag": "VCALENDAR"}')
        for number in range(EVENTS):
            (calendar / f"{number}.ics").write_text(event(number), newline="")

    def command(self):
        return [PEERS / "python", "-m", "radicale", f"--storage-filesystem-folder={self.folder}/collections",
                f"--server-hosts=127.0.0.1:{self.port}", "--auth-type=none", "--logging-level=error",
                "--config="]


class Xandikos(Peer):
    name, path = "Xandikos", "/user/calendars/calendar/"

    def lay_out(self):
        self.start()
        time.sleep(2)
        self.process.terminate()
        self.process.wait()
        calendar = self.folder / "data/user/calendars/calendar"
        for number in range(EVENTS):
            (calendar / f"{number}.ics").write_text(event(number), newline="")
        git = ["git", "-c", "user.name=measure", "-c", "user.email=measure@measure.example"]
        subprocess.run([*git, "add", "-A"], cwd=calendar, check=True)
        subprocess.run([*git, "commit", "-q", "-m", "fill"], cwd=calendar, check=True, capture_output=True)

    def command(self):
        return [PEERS / "xandikos", "serve", "-d", self.folder / "data", "--defaults",
                "--current-user-principal", "/user/", "--listen-address", "127.0.0.1", "--port", str(self.port)]


class Client:
    def __init__(self, server):
        self.server, self.connection = server, None

    def ask(self, method, path, body="", kind="application/xml", **headers):
        headers = {"Authorization": self.server.user, "Content-Type": f"{kind}; charset=utf-8", **headers}
        for attempt in range(2):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=900)
            try:
                self.connection.request(method, path, body.encode(), headers)
                answer = self.connection.getresponse()
                text = answer.read()
                if answer.will_close:
                    self.connection = None
                return answer.status, text.decode()
            except (ConnectionError, http.client.RemoteDisconnected):
                # The server has ended the connection in the meantime.
                self.connection = None
                if attempt:
                    raise
        raise AssertionError


def measured(server, ask):
    """CPU milliseconds a request, median wall milliseconds, count."""
    ask(0)
    times, before = [], cpu(server.pid)
    began = time.perf_counter()
    while len(times) < COUNT_MOST and (len(times) < COUNT_LEAST or time.perf_counter() - began < SECONDS):
        started = time.perf_counter()
        ask(1 + len(times))
        times.append(1000 * (time.perf_counter() - started))
    return 1000 * (cpu(server.pid) - before) / len(times), statistics.median(times), len(times)


def run(kind):
    server = kind()
    client = Client(server)
    server.fill(client)
    path = server.path
    results = {}

    def expect(status, method, at, body="", **headers):
        code, text = client.ask(method, at, body, **headers)
        assert code == status, (server.name, method, code, text[:500])
        return text

    ctag = f'<D:propfind {DAV} {CALDAV}><D:prop><CS:getctag/></D:prop></D:propfind>'
    token = f'<D:propfind {DAV}><D:prop><D:sync-token/></D:prop></D:propfind>'
    listing = f'<D:propfind {DAV}><D:prop><D:getetag/><D:getcontenttype/><D:resourcetype/></D:prop></D:propfind>'
    multiget = (f'<C:calendar-multiget {DAV} {CALDAV}><D:prop><D:getetag/><C:calendar-data/></D:prop>%s'
                '</C:calendar-multiget>')
    # Caches are warm before anything is measured.
    expect(207, "PROPFIND", path, listing, Depth="1")
    expect(207, "PROPFIND", path, ctag, Depth="0")

    def put(number):
        code, text = client.ask("PUT", f"{path}new-{number}.ics", event(20_000 + number), kind="text/calendar")
        assert code in (201, 204), (code, text[:300])

    def get_hundred(number):
        hrefs = "".join(f"<D:href>{path}{(number * 100 + each) % EVENTS}.ics</D:href>" for each in range(100))
        text = expect(207, "REPORT", path, multiget % hrefs, Depth="1")
        assert text.count("BEGIN:VEVENT") == 100

    results["PUT of a new event"] = measured(server, put)
    results["multiget of 100"] = measured(server, get_hundred)
    found = re.search(r"sync-token[^>]*>([^<]+)<", expect(207, "PROPFIND", path, token, Depth="0"))
    for number in range(10):
        client.ask("PUT", f"{path}{number}.ics", event(number, "Changed"), kind="text/calendar")
    sync = (f'<D:sync-collection {DAV}><D:sync-token>{found[1]}</D:sync-token><D:sync-level>1</D:sync-level>'
            '<D:prop><D:getetag/></D:prop></D:sync-collection>')

    def changes(_):
        assert len(re.findall(r"<[^/>]*getetag[ >]", expect(207, "REPORT", path, sync, Depth="0"))) == 10

    results["sync with 10 changes on 10,000"] = measured(server, changes)
    results["PROPFIND of the CTag"] = measured(server, lambda _: expect(207, "PROPFIND", path, ctag, Depth="0"))

    def nothing(_):
        code, text = client.ask("OPTIONS", path)
        assert code in (200, 204), (code, text[:300])

    # What HTTP itself costs each of them.
    results["OPTIONS, which reads nothing"] = measured(server, nothing)
    memory = resident(server.pid)
    # The peak from here on.
    pathlib.Path(f"/proc/{server.pid}/clear_refs").write_text("5")
    results["PROPFIND of 10,000 members"] = measured(
        server, lambda _: expect(207, "PROPFIND", path, listing, Depth="1"))
    peak = resident(server.pid, "VmHWM")
    client.connection = None
    server.end()
    return results, memory, peak


def main():
    chosen = [kind for kind in (Kalends, Radicale, Xandikos) if not sys.argv[1:] or kind.name.lower() in sys.argv[1:]]
    found = {kind.name: run(kind) for kind in chosen}
    print("| CPU a request / median time | " + " | ".join(found) + " |\n| --- |" + " --- |" * len(found))
    for what in next(iter(found.values()))[0]:
        cells = (f"{each[0][what][0]:.2f} / {each[0][what][1]:.2f} ms ({each[0][what][2]:,})" for each in found.values())
        print(f"| {what} | " + " | ".join(cells) + " |")
    print("| resident memory then | " + " | ".join(f"{each[1]:.0f} MiB" for each in found.values()) + " |")
    print("| peak during the PROPFINDs | " + " | ".join(f"{each[2]:.0f} MiB" for each in found.values()) + " |")


if __name__ == "__main__":
    main()
